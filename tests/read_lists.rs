//! The readers of lists (Ansible inventories, NetBox exports, tables): facts of real files, each by its name, and the traps.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files, may panic and says what it skips

use std::path::{Path, PathBuf};

use onshore::model::{EndpointFact, Facts, GapScope, Reference, Unread};
use onshore::read::{READERS, Reader, Reading, Recognized, Set, Settings};
use onshore::source::{Location, SourceId, Sources};

/// Files by path; read by the reader of a format as `onshore` reads them.
struct Read {
    sources: Sources,
    readings: Vec<(SourceId, Reading)>,
}

fn reader(format: &str) -> &'static dyn Reader {
    *READERS.iter().find(|r| r.format() == format).unwrap()
}

fn read(format: &str, files: &[(&str, &str)]) -> Read {
    let mut sources = Sources::default();
    let mut sorted = files.to_vec();
    sorted.sort_unstable();
    for (path, text) in sorted {
        sources.add(path, text);
    }
    read_sources(format, sources, &Settings::default())
}

fn read_sources(format: &str, sources: Sources, settings: &Settings) -> Read {
    let ids: Vec<SourceId> = sources.iter().map(|(id, _)| id).collect();
    let set = Set { sources: &sources, files: &ids, settings };
    let together = reader(format).read_together(&set);
    let readings = together.unwrap_or_else(|| ids.iter().map(|id| (*id, reader(format).read(&set.input(*id)))).collect());
    Read { sources, readings }
}

impl Read {
    fn facts(&self) -> impl Iterator<Item = &Facts> {
        self.readings.iter().map(|(_, r)| &r.facts)
    }

    fn endpoint(&self, label: &str) -> &EndpointFact {
        let found = self.facts().flat_map(|f| &f.endpoints).find(|e| e.label == label);
        found.unwrap_or_else(|| panic!("no `{label}` among {:?}", self.labels()))
    }

    fn labels(&self) -> Vec<&str> {
        self.facts().flat_map(|f| &f.endpoints).map(|e| e.label.as_str()).collect()
    }

    fn addresses(&self, label: &str) -> String {
        self.endpoint(label).addresses.iter().map(|a| a.ip.to_string()).collect::<Vec<_>>().join(" ")
    }

    fn at(&self, at: Location) -> String {
        self.sources.position(at).to_string()
    }

    /// `code @ file:line touches WHAT: message`, sorted.
    fn gaps(&self) -> Vec<String> {
        let mut all: Vec<String> = self.facts().flat_map(|f| f.gaps.iter().map(|g| self.gap(f, g))).collect();
        all.extend(
            self.readings
                .iter()
                .filter_map(|(id, r)| Some(format!("broken {}: {}", self.sources.get(*id).path, r.broken.as_ref()?))),
        );
        let syntax = self.readings.iter().flat_map(|(_, r)| &r.syntax);
        all.extend(syntax.map(|e| format!("syntax {}: {}", self.at(e.location), e.message)));
        all.sort();
        all
    }

    fn gap(&self, facts: &Facts, gap: &Unread) -> String {
        let name = |r: &Reference| match r {
            Reference::Fact(i) => facts.endpoints[*i].label.clone(),
            other => format!("{other:?}"),
        };
        let scope = match &gap.scope {
            GapScope::Everything => "everything".to_owned(),
            GapScope::Nothing => "nothing".to_owned(),
            GapScope::Endpoints(of) => of.iter().map(name).collect::<Vec<_>>().join(","),
        };
        format!("{} @ {} touches {scope}: {}", gap.code, self.at(gap.location), gap.message)
    }

    fn says(&self, what: &str) {
        assert!(self.gaps().iter().any(|g| g.contains(what)), "nothing says {what:?}: {:#?}", self.gaps());
    }
}

/// The files of a case of the shared corpus, by path; `None` (and a word about it) where the corpus is not.
fn corpus(case: &str) -> Option<Sources> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus").join(case).join("raw");
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(case).join("raw");
    let folder = if other.is_dir() { other } else { folder };
    if !folder.is_dir() {
        println!("skipped: {} is not here", folder.display());
        return None;
    }
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, out) } else { out.push(path) }
        }
    }
    let mut files = Vec::new();
    walk(&folder, &mut files);
    files.sort();
    let mut sources = Sources::default();
    for file in files {
        let path = file.strip_prefix(&folder).unwrap().to_string_lossy().replace('\\', "/");
        sources.add(path, String::from_utf8_lossy(&std::fs::read(&file).unwrap()));
    }
    Some(sources)
}

fn surest(path: &str, text: &str) -> Vec<&'static str> {
    let sure: Vec<(Recognized, &str)> = READERS.iter().map(|r| (r.recognize(path, text), r.format())).collect();
    let best = sure.iter().map(|(r, _)| *r).max().unwrap();
    sure.into_iter().filter(|(r, _)| *r == best && *r != Recognized::No).map(|(_, f)| f).collect()
}

fn recognized_as(sources: &Sources, format: &str) {
    for (_, source) in sources.iter() {
        assert_eq!(surest(&source.path, &source.text), [format], "{}", source.path);
    }
}

#[test]
fn corpus_waku_sandbox() {
    let Some(sources) = corpus("ansible-inventory/status-waku-sandbox") else { return };
    recognized_as(&sources, "ansible-inventory");
    let read = read_sources("ansible-inventory", sources, &Settings::default());
    let (_, sandbox) = &read.readings[0];
    assert_eq!(sandbox.facts.endpoints.len(), 6, "fact 1: six hosts");
    for group in ["ac-cn-hongkong-c", "do-ams3", "gc-us-central1-a"] {
        let of: Vec<&str> = sandbox
            .facts
            .endpoints
            .iter()
            .filter(|e| e.tags.contains_key(&format!("group.{group}")))
            .map(|e| e.label.as_str())
            .collect();
        let expected = [format!("node-01.{group}.waku.sandbox"), format!("node-db-01.{group}.waku.sandbox")];
        assert_eq!(of, expected, "fact 1: group {group}");
    }
    assert_eq!(read.addresses("node-db-01.ac-cn-hongkong-c.waku.sandbox"), "47.76.38.250", "fact 2, trap 2: quotes go");
    assert_eq!(read.addresses("node-db-01.do-ams3.waku.sandbox"), "24.144.76.217", "fact 2");
    assert_eq!(read.addresses("node-db-01.gc-us-central1-a.waku.sandbox"), "34.69.131.8", "fact 2");
    let databases: Vec<&str> =
        sandbox.facts.endpoints.iter().filter(|e| e.tags.contains_key("group.node-db")).map(|e| e.label.as_str()).collect();
    assert_eq!(databases.len(), 3, "fact 3: {databases:?}");
    let db = read.endpoint("node-db-01.ac-cn-hongkong-c.waku.sandbox");
    assert_eq!((db.tags["env"].as_str(), db.tags["stage"].as_str()), ("waku", "sandbox"), "fact 4");
    assert_eq!(db.site_hints[0].value, "ac-cn-hongkong-c", "fact 4: data_center");
    assert_eq!(db.region, None, "trap 1: a region without its provider is no place");
    read.says("region-without-provider @ sandbox:4 touches nothing: `region` is `cn-hongkong-c`");
    assert_eq!(read.addresses("node-db-01.ac-cn-hongkong-c.waku.test"), "47.239.18.71", "fact 5");
    // With the provider told, region and zone count.
    let Some(sources) = corpus("ansible-inventory/status-waku-sandbox") else { return };
    let mut settings = Settings::default();
    let told = onshore::read::Told { text: "alibaba".to_owned(), location: Location::new(SourceId(0), Default::default()) };
    settings.add("sandbox", onshore::read::FileSettings { provider: Some(told), ..Default::default() });
    let read = read_sources("ansible-inventory", sources, &settings);
    let db = read.endpoint("node-db-01.ac-cn-hongkong-c.waku.sandbox");
    assert_eq!(
        (db.provider.as_deref(), db.region.as_ref().map(|r| r.value.as_str())),
        (Some("alibaba"), Some("cn-hongkong-c"))
    );
}

#[test]
fn corpus_archlinux_hosts() {
    let Some(sources) = corpus("ansible-inventory/archlinux-hosts") else { return };
    recognized_as(&sources, "ansible-inventory");
    let read = read_sources("ansible-inventory", sources, &Settings::default());
    assert_eq!(read.readings.len(), 1, "fact 1: the host_vars belong to the inventory");
    assert_eq!(read.readings[0].1.included.len(), 8, "fact 1");
    let of = |group: &str| -> Vec<String> {
        let tag = format!("group.{group}");
        read.facts().flat_map(|f| &f.endpoints).filter(|e| e.tags.contains_key(&tag)).map(|e| e.label.clone()).collect()
    };
    let mirrors = |names: &[&str]| names.iter().map(|n| format!("{n}.mirror.pkgbuild.com")).collect::<Vec<_>>();
    assert_eq!(of("misaka"), mirrors(&["berlin", "johannesburg", "losangeles", "singapore", "taipei"]), "fact 2");
    let geo = ["berlin", "frankfurt", "johannesburg", "london", "losangeles", "singapore", "taipei", "umea"];
    assert_eq!(of("geo_mirrors"), mirrors(&geo), "fact 2");
    for (host, address) in [
        ("berlin", "45.142.247.77"),
        ("frankfurt", "138.199.19.15"),
        ("johannesburg", "102.130.49.241"),
        ("london", "185.73.44.89"),
        ("losangeles", "209.209.59.11"),
        ("singapore", "194.156.163.63"),
        ("taipei", "45.150.242.222"),
        ("umea", "194.71.11.121"),
    ] {
        let label = format!("{host}.mirror.pkgbuild.com");
        let addresses = read.addresses(&label);
        assert_eq!(addresses.split(' ').next(), Some(address), "fact 3: {host}");
        let at = read.at(read.endpoint(&label).addresses[0].location);
        assert!(at.starts_with(&format!("host_vars/{label}/misc.yml:")), "fact 3: {at}");
    }
    assert_eq!(of("mysql_servers"), ["aur.archlinux.org", "bbs.archlinux.org", "wiki.archlinux.org"], "fact 4");
    let hetzner = ["archive", "build", "codesearch", "gitlab", "repos", "runner2", "secure-runner1"];
    assert_eq!(of("hetzner"), hetzner.map(|n| format!("{n}.archlinux.org")), "fact 4");
    let build = read.endpoint("build.archlinux.org");
    assert!(build.provider.is_none() && build.region.is_none() && build.place.is_none(), "trap 1: a group's name is no place");
}

#[test]
fn corpus_adoptium_yaml() {
    let Some(sources) = corpus("ansible-inventory/adoptium-yaml") else { return };
    recognized_as(&sources, "ansible-inventory");
    let read = read_sources("ansible-inventory", sources, &Settings::default());
    read.says("foreign-inventory @ inventory.yml:9 touches build-azure-win2022-x64-1,");
    for (host, address) in [
        ("infrastructure-azure-ubuntu2004-x64-1", "40.121.206.1"),
        ("infrastructure-hetzner-ubuntu1604-x64-1", "78.47.239.96"),
        ("infrastructure-hetzner-ubuntu2004-x64-1", "78.47.239.97"),
        ("infrastructure-azure-ubuntu2204-x64-2", "20.90.182.165"),
        ("infrastructure-digitalocean-ubuntu2004-x64-1", "178.62.115.224"),
        ("build-osuosl-aix72-ppc64-1", "140.211.9.166"),
    ] {
        assert_eq!(read.addresses(host), address, "facts 1 to 4: {host}");
    }
    let all: Vec<&EndpointFact> = read.facts().flat_map(|f| &f.endpoints).collect();
    assert!(all.iter().all(|e| !e.label.contains("7200-02-04")), "trap 1: a stray key is no host");
    assert!(all.iter().all(|e| e.provider.is_none() && e.region.is_none() && e.place.is_none()), "trap 2, fact 3");
}

#[test]
fn variables_win_as_ansible_documents() {
    let read = read(
        "ansible-inventory",
        &[
            (
                "inv/hosts",
                "[prod:children]\nweb\n[web]\nw1 stage=host\nw2\nw3\n[prod:vars]\nenv=file-prod\nrole=file-prod\n[web:vars]\nenv=file-web\n[all:vars]\ntier=file-all\nteam=file-all\n",
            ),
            ("inv/group_vars/all.yml", "tier: inv-all\nenv: inv-all\n"),
            ("inv/group_vars/web/a.yml", "owner: inv-web\nservice: inv-web\n"),
            ("inv/group_vars/web/b.yml", "service: later\n"),
            ("inv/group_vars/web.yml", "service: not-read\n"),
            ("group_vars/all", "tier: play-all\n"),
            ("group_vars/prod.yml", "owner: play-prod\n"),
            ("inv/host_vars/w1.yml", "stage: host-vars\n"),
            ("host_vars/w2", "stage: play-host\n"),
        ],
    );
    let tags = |host: &str| {
        let wanted = |k: &String| !k.starts_with("group.");
        let tags = &read.endpoint(host).tags;
        tags.iter().filter(|(k, _)| wanted(k)).map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ")
    };
    let shared = "env=inv-all owner=play-prod role=file-prod service=later";
    assert_eq!(tags("w1"), format!("{shared} stage=host-vars team=file-all tier=play-all"));
    assert_eq!(tags("w2"), format!("{shared} stage=play-host team=file-all tier=play-all"));
    assert_eq!(tags("w3"), format!("{shared} team=file-all tier=play-all"));
    assert_eq!(read.gaps(), [""; 0]);
}

#[test]
fn references_are_followed_and_secrets_are_not() {
    let read = read(
        "ansible-inventory",
        &[(
            "hosts.yml",
            "all:\n  vars: {net: 10.1.0, provider: aws, region: '{{ home }}', home: '{{ where }}', where: us-east-1}\n  hosts:\n    a: {ansible_host: '{{ net }}.5'}\n    b: {ansible_host: '{{ lookup(\"env\", \"B\") }}'}\n    c:\n      ansible_host: !vault |\n        $ANSIBLE_VAULT;1.1;AES256\n        6162\n    d: {ansible_host: '{{ d }}', d: '{{ ansible_host }}'}\n    e: {ansible_host: '{{ nowhere }}'}\n    f: {ansible_host: '{{ inventory_hostname_short }}.x.example'}\n    g[1:2]: {password: !vault x, ansible_host: 127.0.0.1}\n",
        )],
    );
    assert_eq!(read.labels(), ["a", "b", "c", "d", "e", "f", "g1", "g2"]);
    assert_eq!(read.addresses("a"), "10.1.0.5");
    assert_eq!(read.endpoint("a").region.as_ref().map(|r| r.value.as_str()), Some("us-east-1"));
    assert_eq!(read.endpoint("a").trail.len(), 3);
    assert!(read.endpoint("f").names.iter().any(|n| n.value == "f.x.example"));
    assert_eq!(read.addresses("g1"), "", "a tunnel's end says nothing of the host");
    let gaps = read.gaps();
    assert_eq!(gaps.len(), 4, "{gaps:#?}");
    read.says("unresolved-variable @ hosts.yml:5 touches b:");
    read.says("vaulted-value @ hosts.yml:8 touches c: `ansible_host` is encrypted");
    read.says("touches d: `ansible_host` cannot be told: the references of `{{ d }}` lead too far, or in a circle");
    read.says("touches e: `ansible_host` cannot be told: no file that was read sets the variable `nowhere`");
}

#[test]
fn what_an_inventory_does_not_hold_is_a_gap() {
    let plugin = "plugin: amazon.aws.aws_ec2\nregions:\n  - us-east-1\n  - cn-north-1\n";
    assert_eq!(surest("inventory/prod.aws_ec2.yml", plugin), ["ansible-inventory"]);
    read("ansible-inventory", &[("inventory/prod.aws_ec2.yml", plugin)])
        .says("dynamic-inventory @ inventory/prod.aws_ec2.yml:1 touches everything: the inventory plug-in `amazon.aws.aws_ec2` lists hosts when it is run; none of them is in a file (it looks into us-east-1, cn-north-1)");
    let vault = "$ANSIBLE_VAULT;1.1;AES256\n6162\n";
    let read_ = read("ansible-inventory", &[("hosts", "[web]\nw1 ansible_host=10.0.0.1\nw2\n"), ("group_vars/web", vault)]);
    read_.says("vaulted-value @ group_vars/web:1 touches w2:");
    let read_ = read(
        "ansible-inventory",
        &[("hosts", "[web]\nw1\n"), ("group_vars/web.yml", "a: [1\nregion: x"), ("play/host_vars/w1.yml", "site: fra\n")],
    );
    read_.says("syntax @ group_vars/web.yml:");
    read_.says("variables-without-inventory @ play/host_vars/w1.yml:1 touches Host { name: \"w1\"");
    read("ansible-inventory", &[("hosts", "[web]\nw[1:3\nok\n")])
        .says("malformed-line @ hosts:2 touches everything: `w[1:3` is no range of hosts: a `[` has no `]`");
    read("ansible-inventory", &[("hosts", "[web]\nw[1:999999]\n")]).says("it stands for more than 200000 hosts");
    read("ansible-inventory", &[("i.yml", "all:\n  hosts:\n    a: {x: [\n")]).says("syntax i.yml:");
}

#[test]
fn lists_are_recognized_and_nothing_else_is() {
    for (path, text, formats) in [
        ("hosts", "[web]\nw1\nw2\n", &["ansible-inventory"][..]),
        ("etc/hosts", "127.0.0.1 localhost\n10.0.0.1 db\n", &["hosts"]),
        ("prod.ini", "[web:children]\na\n", &["ansible-inventory"]),
        ("my.cnf", "[mysqld]\nskip-networking\n", &["mysql"]),
        ("setup.ini", "[a]\nx = 1\n", &[]),
        ("inventory/prod", "w1 ansible_host=10.0.0.1\n", &["ansible-inventory"]),
        ("inventory/sites.toml", "[a]\nb\n", &[]),
        ("site.yml", "- hosts: all\n  roles: [x]\n", &[]),
        ("compose.yml", "services:\n  web:\n    image: x\n", &["docker-compose"]),
        ("x.yml", "all:\n  children:\n    web:\n      hosts:\n        w1:\n", &["ansible-inventory"]),
        ("inventory.yml", "web:\n  hosts:\n    w1:\n", &["ansible-inventory"]),
        ("values.yml", "web:\n  hosts:\n    w1:\n", &[]),
        ("roles/x/group_vars/all.yml", "a: b\n", &["ansible-inventory"]),
        (
            "list.json",
            "{\"_meta\": {\"hostvars\": {\"w\": {\"ansible_host\": \"10.0.0.1\"}}}, \"web\": {\"hosts\": [\"w\"]}}",
            &["ansible-inventory"],
        ),
    ] {
        assert_eq!(surest(path, text), formats, "{path}");
    }
    let read = read(
        "ansible-inventory",
        &[(
            "list.json",
            "{\"_meta\": {\"hostvars\": {\"w\": {\"ansible_host\": \"10.0.0.1\"}}}, \"web\": {\"hosts\": [\"w\"]}}",
        )],
    );
    assert_eq!((read.addresses("w").as_str(), read.endpoint("w").tags.contains_key("group.web")), ("10.0.0.1", true));
}

/// A sheet as the loader gives it.
fn sheet(path: &str, name: &str, text: &str, columns: &[(&str, &str)]) -> Read {
    let mut sources = Sources::default();
    sources.add_sheet(path, name, text);
    read_sources("table", sources, &columns_of(path, columns))
}

fn columns_of(path: &str, columns: &[(&str, &str)]) -> Settings {
    let mut settings = Settings::default();
    let at = Location::new(SourceId(0), Default::default());
    let told = |text: &str| onshore::read::Told { text: text.to_owned(), location: at };
    let columns = columns.iter().map(|(field, column)| ((*field).to_owned(), told(column))).collect();
    settings.add(path, onshore::read::FileSettings { columns, ..Default::default() });
    settings
}

#[test]
fn a_table_places_its_rows() {
    let text = "Servers of the group,,,,,,,\nHostname,IP Address,Country,Provider,Region,Type,Data Classification,Environment\n\
                db1.x.example,10.0.0.1; 10.0.0.2/24,Germany,,,database,pii,prod\n\
                web-1,203.0.113.9,,AWS,cn-north-1,,,-\n\
                ,10.0.0.9,美国,,,,,\n";
    let read = read("table", &[("cmdb.csv", text)]);
    assert_eq!(read.labels(), ["db1.x.example", "web-1", "10.0.0.9"]);
    let db = read.endpoint("db1.x.example");
    assert_eq!(read.addresses("db1.x.example"), "10.0.0.1 10.0.0.2");
    assert_eq!(db.place.as_ref().unwrap().0.place.to_string(), "DE");
    assert_eq!(
        (db.kind.as_str(), db.tags["Data Classification"].as_str(), db.tags["env"].as_str()),
        ("database", "pii", "prod")
    );
    assert!(db.roles.contains(onshore::model::Role::Store));
    let web = read.endpoint("web-1");
    assert_eq!((web.provider.as_deref(), web.region.as_ref().map(|r| r.value.as_str())), (Some("AWS"), Some("cn-north-1")));
    assert_eq!(read.endpoint("10.0.0.9").place.as_ref().unwrap().0.place.to_string(), "US");
    assert_eq!(read.gaps(), [""; 0]);
    assert_eq!(read.at(web.location), "cmdb.csv:4");
}

#[test]
fn chinese_headers_and_sheets() {
    let read = sheet(
        "资产.xlsx",
        "主机",
        "资产清单\n\n主机名\tIP地址\t机房\t云厂商\t地域\t账号\t备注\ndb-1\t10.2.0.1\t贵安\t腾讯\t\t100001\t=HYPERLINK(\"http://x\")\n",
        &[],
    );
    let db = read.endpoint("db-1");
    assert_eq!((db.site_hints[0].value.as_str(), db.account.as_deref()), ("贵安", Some("100001")));
    assert_eq!(db.tags["备注"], "=HYPERLINK(\"http://x\")", "a formula is a word");
    assert_eq!(read.at(db.location), "资产.xlsx:主机:4");
}

#[test]
fn what_a_table_does_not_say_is_a_gap() {
    let gaps = |text: &str| read("table", &[("t.csv", text)]).gaps();
    assert_eq!(
        gaps("hostname,ip,site,location\na,10.0.0.1,s1,Rack 4\n"),
        [
            "ambiguous-column @ t.csv:1 touches a: several columns could hold the site of a row: `site`, `location`; none of them was taken"
        ]
    );
    assert_eq!(
        gaps("hostname,country\na,Atlantis\n"),
        ["unreadable-cell @ t.csv:2 touches a: `Atlantis`: this is no country that is known by such a name"]
    );
    assert_eq!(gaps("hostname,ip\na,10.0.0.0/24\nb,#REF!\n").len(), 2);
    assert_eq!(
        gaps("hostname,country\na,US,x\n"),
        ["malformed-line @ t.csv:2 touches a: this row has 3 cells, but the header has 2"]
    );
    assert_eq!(
        gaps("hostname,region,ip\na,ap-southeast-1,10.0.0.1\n"),
        [
            "region-without-provider @ t.csv:2 touches a: `ap-southeast-1` is said to be the region, but nothing says whose; ids mean different places at different providers"
        ]
    );
    assert_eq!(
        gaps("hostname,country\n\"a,US\n"),
        ["malformed-line @ t.csv:2 touches everything: this quote is never closed, so all behind it is one cell"]
    );
    let notes = sheet("s.xlsx", "Notes", "to do\n", &[]);
    notes.says("table-without-header @ s.xlsx:Notes:1 touches everything: sheet `Notes` has no header");
    let shown = sheet("s.xlsx", "S", "name\tcountry\na\t#NOT-COMPUTED!\n#NAME?\tDE\n", &[]);
    shown.says("unreadable-cell @ s.xlsx:S:2 touches a: `#NOT-COMPUTED!`: the spreadsheet shows an error where the country of this row should be");
    shown.says("unreadable-cell @ s.xlsx:S:3 touches #NAME?");
}

#[test]
fn columns_are_told() {
    let text = "Box\tWhere\tsite\tip\nweb1\tfra\t?\t10.0.0.1\n";
    let read = sheet("s.xlsx", "S", text, &[("name", "Box"), ("site", "Where")]);
    let web = read.endpoint("web1");
    assert_eq!((web.site.as_ref().unwrap().value.as_str(), read.addresses("web1").as_str()), ("fra", "10.0.0.1"));
    let wrong = sheet("s.xlsx", "S", text, &[("name", "Box"), ("site", "Place"), ("colour", "x")]);
    let errors: Vec<&str> = wrong.readings[0].1.errors.iter().map(|e| e.message.as_str()).collect();
    assert_eq!(errors, ["`colour` is no field that a column can hold", "`s.xlsx` has no column `Place`"]);
    assert!(sheet("s.xlsx", "Notes", "to do\n", &[("sheet", "S")]).gaps().is_empty());
    assert_eq!(surest("t.csv", "id,kind,country\na,database,US\n"), ["inventory"], "our own columns go first");
}

const NETBOX: &str = "https://netbox.example/api";

fn page(kind: &str, objects: &[&str]) -> String {
    let with_url = |(i, o): (usize, &&str)| format!("  {{\"id\": {i}, \"url\": \"{NETBOX}/{kind}/{i}/\", {o}}}");
    let list: Vec<String> = objects.iter().enumerate().map(with_url).collect();
    format!("{{\"count\": {}, \"next\": null, \"previous\": null, \"results\": [\n{}\n]}}", objects.len(), list.join(",\n"))
}

#[test]
fn netbox_sites_stand_where_their_regions_prove() {
    let regions = page(
        "dcim/regions",
        &[
            r#""name": "EMEA", "slug": "emea", "parent": null"#,
            r#""name": "Germany", "slug": "germany", "parent": {"id": 0, "slug": "emea"}"#,
            r#""name": "Frankfurt", "slug": "fra", "parent": {"id": 1, "slug": "germany"}"#,
            r#""name": "US", "slug": "us", "parent": null"#,
            r#""name": "CA", "slug": "ca", "parent": {"id": 3, "slug": "us"}"#,
            r#""name": "China", "slug": "china", "parent": null"#,
            r#""name": "Hong Kong", "slug": "hk", "parent": {"id": 5, "slug": "china"}"#,
            r#""name": "California", "slug": "ca", "parent": null"#,
            r#""name": "United Kingdom", "slug": "uk", "parent": null"#,
            r#""name": "Jersey", "slug": "jersey", "parent": {"id": 8, "slug": "uk"}"#,
            r#""name": "Loop", "slug": "loop", "parent": {"id": 10, "slug": "loop"}"#,
            r#""name": "Georgia", "slug": "georgia", "parent": null"#,
        ],
    );
    let site = |slug: &str, region: usize| {
        format!(
            r#""name": "Site {slug}", "slug": "{slug}", "latitude": 50.1, "longitude": 8.6, "region": {{"id": {region}, "url": "{NETBOX}/dcim/regions/{region}/"}}"#
        )
    };
    let sites: Vec<String> = [("fra1", 2), ("sjc1", 4), ("hkg1", 6), ("x1", 7), ("x2", 9), ("x3", 10), ("x4", 11)]
        .iter()
        .map(|(s, r)| site(s, *r))
        .collect();
    let mut sites: Vec<&str> = sites.iter().map(String::as_str).collect();
    sites.push(r#""name": "Bare", "slug": "bare", "region": null"#);
    let read = read("netbox", &[("regions.json", &regions), ("sites.json", &page("dcim/sites", &sites))]);
    let places: Vec<String> = read.facts().flat_map(|f| &f.sites).map(|s| format!("{} {}", s.id, s.place.place)).collect();
    assert_eq!(places, ["fra1 DE", "sjc1 US-CA", "hkg1 HK"]);
    assert_eq!(read.facts().flat_map(|f| &f.sites).next().unwrap().place.coordinates, Some((50.1, 8.6)));
    let gaps = read.gaps();
    assert_eq!(gaps.len(), 5, "{gaps:#?}");
    read.says("site-without-country @ sites.json:5 touches nothing: the country of site `x1` is not known: none of its regions (`California`) bears");
    read.says("site `x2` is not known: its region `Jersey` is a country of its own, but lies in one of United Kingdom");
    read.says("site `x3` is not known: its regions lie within each other in a circle");
    read.says("site `x4` is not known: none of its regions (`Georgia`)");
    read.says("site `bare` is not known: it has no region");
}

#[test]
fn netbox_machines_networks_and_carriers() {
    let regions = page("dcim/regions", &[r#""name": "DE", "slug": "de""#]);
    let site = r#"{"id": 0, "slug": "fra1", "url": "https://netbox.example/api/dcim/sites/0/"}"#;
    let sites =
        page("dcim/sites", &[r#""name": "FRA1", "slug": "fra1", "facility": "FR5", "region": {"id": 0, "slug": "de"}"#]);
    let prefixes = page(
        "ipam/prefixes",
        &[
            &format!(r#""prefix": "10.1.0.0/16", "vrf": null, "site": {site}"#),
            &format!(
                r#""prefix": "10.1.0.0/16", "vrf": {{"id": 4, "name": "red"}}, "scope_type": "dcim.site", "scope": {site}"#
            ),
            r#""prefix": "10.0.0.0/8", "vrf": null, "scope_type": "dcim.region", "scope": {"id": 0, "slug": "de"}"#,
        ],
    );
    let devices = page(
        "dcim/devices",
        &[&format!(
            r#""name": "db1.fra.example", "site": {site}, "rack": {{"id": 1, "name": "R7"}}, "role": {{"id": 1, "slug": "database", "name": "Database"}}, "status": {{"value": "active"}}, "primary_ip4": {{"id": 1, "address": "10.1.0.10/24"}}, "tags": [{{"slug": "pii", "name": "PII"}}], "custom_fields": {{"owner": "pay"}}"#
        )],
    );
    let machines = page(
        "virtualization/virtual-machines",
        &[
            r#""name": "vm1", "site": null, "cluster": {"id": 0, "name": "c1", "url": "https://netbox.example/api/virtualization/clusters/0/"}"#,
        ],
    );
    let clusters = page("virtualization/clusters", &[&format!(r#""name": "c1", "scope_type": "dcim.site", "scope": {site}"#)]);
    let addresses = page(
        "ipam/ip-addresses",
        &[
            r#""address": "10.1.9.9/16", "dns_name": "VM1.example", "vrf": {"id": 4, "name": "red"}, "assigned_object_type": "virtualization.vminterface", "assigned_object": {"id": 3, "virtual_machine": {"id": 0, "name": "vm1", "url": "https://netbox.example/api/virtualization/virtual-machines/0/"}}"#,
        ],
    );
    let circuits = page(
        "circuits/circuits",
        &[&format!(
            r#""cid": "c-1", "provider": {{"id": 1, "slug": "lumen"}}, "termination_a": {{"id": 5, "site": {site}}}, "termination_z": null"#
        )],
    );
    let files = [
        ("nb/regions.json", &regions),
        ("nb/sites.json", &sites),
        ("nb/prefixes.json", &prefixes),
        ("nb/devices.json", &devices),
        ("nb/vms.json", &machines),
        ("nb/clusters.json", &clusters),
        ("nb/ips.json", &addresses),
        ("nb/circuits.json", &circuits),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
    for (path, text) in &files {
        assert_eq!(surest(path, text), ["netbox"], "{path}");
    }
    let read = read("netbox", &files);
    assert_eq!(read.gaps(), [""; 0]);
    let show = |s: &onshore::model::Site| {
        let domains: Vec<String> = s.domains.iter().map(ToString::to_string).collect();
        let networks: Vec<String> = s.networks.iter().map(|n| n.value.to_string()).collect();
        format!("{} [{}] {:?} {}", s.id, networks.join(" "), s.network_scope.as_deref().unwrap_or(""), domains.join(" "))
    };
    let sites: Vec<String> = read.facts().flat_map(|f| &f.sites).map(show).collect();
    assert_eq!(
        sites,
        [
            "fra1 [10.1.0.0/16] \"\" campus=FR5 carrier=lumen",
            "fra1 (VRF red) [10.1.0.0/16] \"red\" campus=FR5 carrier=lumen site=fra1",
        ]
    );
    let db = read.endpoint("db1.fra.example");
    assert_eq!((db.site.as_ref().unwrap().value.as_str(), read.addresses("db1.fra.example").as_str()), ("fra1", "10.1.0.10"));
    assert_eq!(
        (db.tags["role"].as_str(), db.tags["pii"].as_str(), db.tags["owner"].as_str(), db.tags["status"].as_str()),
        ("database", "yes", "pay", "active")
    );
    assert_eq!(db.domains[0].to_string(), "zone=fra1/R7");
    let vm = read.endpoint("vm1");
    assert_eq!(
        (vm.site.as_ref().unwrap().value.as_str(), vm.scope.as_deref(), read.addresses("vm1").as_str()),
        ("fra1", Some("red"), "10.1.9.9")
    );
    assert!(vm.names.iter().any(|n| n.value == "vm1.example"));
}

#[test]
fn netbox_pages_that_are_not_there_are_a_gap() {
    let first = page("dcim/sites", &[r#""name": "A", "slug": "a", "region": {"id": 1, "name": "Germany", "slug": "germany"}"#])
        .replace("\"count\": 1, \"next\": null", "\"count\": 2, \"next\": \"https://netbox.example/api/dcim/sites/?offset=1\"");
    read("netbox", &[("s1.json", &first)])
        .says("export-incomplete @ s1.json:1 touches everything: NetBox has 2 sites, but only 1 of them are in the files");
    let second =
        page("dcim/sites", &[r#""name": "B", "slug": "b", "region": {"id": 1, "name": "Germany", "slug": "germany"}"#])
            .replace("sites/0/", "sites/1/");
    assert!(read("netbox", &[("s1.json", &first), ("s2.json", &second)]).gaps().is_empty());
    read("netbox", &[("s1.json", &second), ("s2.json", &first[..first.len() - 4])]).says("broken s2.json:");
    assert!(surest("x.json", "{\"url\": \"https://x.example/api/other/sites/1/\"}").is_empty());
}

const SERVERS: &[&[&str]] = &[
    &["Server list, as of November"],
    &[],
    &["Hostname", "Site", "Type", "Data Classification", "Account", "Checked"],
    &["shop1.example.de", "fra1", "server", "", "4711", "=TODAY()"],
    &["shop2.example.de", "hkg1", "server", "", "4711", ""],
    &["accounts.example.de", "fra1", "database", "pii", "4711", "=cmd|' /C calc'!A1"],
    &["crm.example.de", "hkg1", "appliance", "", "4711", "\u{1b}[2J"],
];

/// The workbooks in the folders of the tests are the ones that this makes (`ONSHORE_BLESS=1` writes them).
#[test]
fn workbooks_of_the_tests_hold_what_they_should() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("tests/cases/three-kinds-of-lists/cmdb/servers.xlsx");
    if std::env::var_os("ONSHORE_BLESS").is_some() {
        let mut book = rust_xlsxwriter::Workbook::new();
        let made = rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 11, 22).unwrap();
        book.set_properties(&rust_xlsxwriter::DocProperties::new().set_creation_datetime(&made));
        let sheet = book.add_worksheet().set_name("Servers").unwrap();
        for (row, cells) in (0..).zip(SERVERS) {
            for (column, cell) in (0..).zip(*cells) {
                if let Some(formula) = cell.strip_prefix("=TODAY") {
                    let formula = rust_xlsxwriter::Formula::new(format!("=TODAY{formula}")).set_result("2026-11-22");
                    sheet.write_formula(row, column, formula).unwrap();
                } else {
                    sheet.write_string(row, column, *cell).unwrap();
                }
            }
        }
        let bytes = book.save_to_buffer().unwrap();
        std::fs::write(&file, &bytes).unwrap();
        std::fs::write(root.join("tests/data/workbook/cut-off.xlsx"), &bytes[..bytes.len() / 2]).unwrap();
    }
    let loaded =
        onshore::source::load::load(&root.join("tests/cases/three-kinds-of-lists"), &["cmdb/**".to_owned()], &[]).unwrap();
    let (_, source) = loaded.sources.iter().next().unwrap();
    assert_eq!((source.path.as_str(), source.sheet.as_deref()), ("cmdb/servers.xlsx", Some("Servers")));
    let lines: Vec<&str> = source.text.lines().collect();
    assert_eq!(lines.len(), SERVERS.len());
    assert_eq!(lines[3], "shop1.example.de\tfra1\tserver\t\t4711\t2026-11-22", "a formula gives what it gave last");
    assert_eq!(lines[5], "accounts.example.de\tfra1\tdatabase\tpii\t4711\t=cmd|' /C calc'!A1");
    assert!(!source.text.contains('\u{1b}'), "no cell drives a terminal");
}
