use super::*;
use crate::model::{DataLimit, Facts, Role, Roles};
use crate::source::{SourceId, Sources};

fn reading(path: &str, text: &str) -> (Sources, Reading) {
    let mut sources = Sources::default();
    let file = sources.add(path, text);
    let reading = Inventory.read(&Input::new(&sources, file));
    (sources, reading)
}

/// `line: [text] message (help)`.
fn errors(path: &str, text: &str) -> Vec<String> {
    let (sources, reading) = reading(path, text);
    let show = |e: &crate::source::InputError| {
        let help = e.help.as_ref().map(|h| format!(" ({h})")).unwrap_or_default();
        let line = sources.position(e.location).line;
        format!("{line}: [{}] {}{help}", sources.text(e.location).replace('\n', " "), e.message)
    };
    reading.errors.iter().map(show).collect()
}

/// Facts without their places, to compare notations.
fn told(facts: &Facts) -> String {
    let debug = format!("{facts:#?}");
    let mut lines = debug.lines();
    let mut out = String::new();
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("span: Span {") {
            lines.by_ref().take(3).for_each(drop);
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

const TOML: &str = r#"
[[site]]
id = "sjc1"
country = "US"
subdivision = "US-CA"
city = "San José"
coordinates = [37.34, -121.89]
provider = "aws"
region = "us-west-1"
zone = "usw1-az1"
campus = "north"
metro = "bay-area"
account = "prod"
operator = "zoom-us"
carrier = ["AS30103"]
networks = ["162.255.36.0/22", "10.10.0.0/16", "2001:db8::/32"]
network-scope = "zoom"

[[site]]
id = "no1"
country = "NO"
carrier = ["AS1", "AS2"]

[[endpoint]]
id = "rec"
kind = "bucket"
provider = "aws"
region = "us-east-1"
account = "prod"
cloud-ids = ["arn:aws:s3:::rec"]
tags = { dataset = "rec", version = "010" }
retention = "30d"
max-age = "15 min"
encryption-key = "kms"
locked = true
country = "NO"
city = "Oslo"

[[endpoint]]
id = "edge"
roles = ["entry", "transit"]
names = ["Edge.zoom.example.", "*.e.example"]
addresses = ["10.1.2.3", "10.1.2.4:8080", "[2001:db8::1]:443"]
site = "sjc1"
network-scope = "zoom"
carrier = ["AS9"]
part-of = ["rack-1", "rack-2"]

[[route]]
from = "edge"
to = "rec"
activity = "replicate"
role = "failover"
pool = "p"
priority = 1
data = ["user", "communications.content"]
drops = ["user.contact"]
origin = ["US", "CN"]
condition = "when it rains"

[[route]]
from = "edge"
to = "dns"
activity = "depend"
purpose = "dns"

[[route]]
from = "edge"
to = "10.0.0.1:53"
except-origin = ["CN"]
"#;

const YAML: &str = r#"
site:
  - &sjc
    id: sjc1
    country: US
    subdivision: US-CA
    city: San José
    coordinates: [37.34, -121.89]
    provider: aws
    region: us-west-1
    zone: usw1-az1
    campus: north
    metro: bay-area
    account: prod
    operator: zoom-us
    carrier: AS30103
    networks: [162.255.36.0/22, 10.10.0.0/16, "2001:db8::/32"]
    network-scope: zoom
  - id: no1
    country: NO
    carrier: [AS1, AS2]
endpoint:
  - id: rec
    kind: bucket
    provider: aws
    region: us-east-1
    account: prod
    cloud-ids: arn:aws:s3:::rec
    tags: { dataset: rec, version: 010 }
    retention: 30d
    max-age: 15 min
    encryption-key: kms
    locked: yes
    country: NO
    city: Oslo
  - id: edge
    roles: [entry, transit]
    names: [Edge.zoom.example., "*.e.example"]
    addresses: [10.1.2.3, "10.1.2.4:8080", "[2001:db8::1]:443"]
    site: sjc1
    network-scope: zoom
    carrier: AS9
    part-of: [rack-1, rack-2]
---
route:
  - from: edge
    to: rec
    activity: replicate
    role: failover
    pool: p
    priority: 1
    data: [user, communications.content]
    drops: [user.contact]
    origin: [US, CN]
    condition: when it rains
  - { from: edge, to: dns, activity: depend, purpose: dns }
  - { from: edge, to: "10.0.0.1:53", except-origin: CN }
"#;

const SITES: &str = "id,country,subdivision,city,coordinates,provider,region,zone,campus,metro,account,operator,carrier,networks,network-scope\r\n\
    sjc1,US,US-CA,San José,37.34;-121.89,aws,us-west-1,usw1-az1,north,bay-area,prod,zoom-us,AS30103,162.255.36.0/22; 10.10.0.0/16;2001:db8::/32,zoom\r\n\
    no1,NO,,,,,,,,,,,AS1;AS2,,\r\n,,,,,,,,,,,,,,\r\n";
const ENDPOINTS: &str = "id,kind,roles,names,addresses,cloud-ids,site,network-scope,provider,region,account,carrier,country,city,tag.dataset,tag.version,retention,max-age,encryption-key,locked,part-of\n\
    rec,bucket,,,,arn:aws:s3:::rec,,,aws,us-east-1,prod,,NO,Oslo,rec,010,30d,15 min,kms,yes,\n\
    edge,,entry;transit,Edge.zoom.example.;*.e.example,\"10.1.2.3;10.1.2.4:8080;[2001:db8::1]:443\",,sjc1,zoom,,,,AS9,,,,,,,,,rack-1;rack-2\n";
const ROUTES: &str = "from,to,activity,role,pool,priority,data,drops,origin,except-origin,purpose,condition\n\
    edge,rec,replicate,failover,p,1,user;communications.content,user.contact,US;CN,,,\"when\nit rains\"\n\
    edge,dns,depend,,,,,,,,dns,\n\n\
    edge,10.0.0.1:53,,,,,,,,CN,,\n";

fn json() -> String {
    let value: serde_json::Value = toml::from_str(TOML).expect("TOML");
    serde_json::to_string_pretty(&value).expect("JSON")
}

#[test]
fn the_same_inventory_in_every_notation() {
    let read = |path, text: &str| {
        assert_eq!(Inventory.recognize(path, text), Recognized::Yes, "{path}");
        let (_, reading) = reading(path, text);
        assert_eq!(reading.errors, [], "{path}");
        reading.facts
    };
    let toml = read("inventory.toml", TOML);
    let counts = (toml.sites.len(), toml.endpoints.len(), toml.routes.len());
    assert_eq!(counts, (2, 2, 3));
    assert_eq!(told(&read("inventory.yaml", YAML)), told(&toml));
    assert_eq!(told(&read("inventory.json", &json())), told(&toml));
    let csv = Facts {
        sites: read("sites.csv", SITES).sites,
        endpoints: read("endpoints.csv", ENDPOINTS).endpoints,
        routes: read("routes.csv", ROUTES).routes,
        gaps: Vec::new(),
        ..Facts::default()
    };
    assert_eq!(told(&csv), told(&toml).replace("when it rains", "when\\nit rains"));
}

#[test]
fn what_the_tables_say() {
    let (sources, reading) = reading("inventory.toml", TOML);
    let facts = &reading.facts;
    let domains: Vec<String> = facts.sites[0].domains.iter().map(ToString::to_string).collect();
    assert_eq!(
        domains,
        [
            "zone=aws/usw1-az1",
            "campus=north",
            "metro=bay-area",
            "region=aws/us-west-1",
            "account=prod",
            "provider=aws",
            "carrier=AS30103",
            "operator=zoom-us"
        ]
    );
    let carriers: Vec<String> = facts.sites[1].domains.iter().map(ToString::to_string).collect();
    assert_eq!(carriers, ["carrier=AS1", "carrier=AS2"]);
    let [rec, edge] = &facts.endpoints[..] else { panic!("two endpoints") };
    assert_eq!(rec.roles, Roles::of(&[Role::Store]));
    assert_eq!((rec.attributes.retention_hours, rec.attributes.max_age_hours), (Some(720), Some(1)));
    assert_eq!(edge.names[0].value, "edge.zoom.example");
    assert_eq!(sources.text(edge.addresses[2].location), "\"[2001:db8::1]:443\"");
    assert_eq!(facts.routes[0].data, DataLimit::Only(vec!["communications.content".into(), "user".into()]));
    assert_eq!(told(facts).matches("NO").count(), 2);

    // CSV locations are those of the rows and cells, also after quoted line ends.
    let (sources, reading) = super::tests::reading("routes.csv", ROUTES);
    let lines: Vec<u32> = reading.facts.routes.iter().map(|r| sources.position(r.location).line).collect();
    assert_eq!(lines, [2, 4, 6]);
    let (sources, reading) = super::tests::reading("endpoints.csv", ENDPOINTS);
    let edge = &reading.facts.endpoints[1];
    assert_eq!(sources.text(edge.site.as_ref().expect("a site").at(SourceId(0))), "sjc1");
}

#[test]
fn every_mistake_is_told_at_once() {
    let cases = include_str!("broken.txt");
    for case in cases.split("\n=====\n") {
        let (input, expected) = case.split_once("\n-----\n").expect("an input and its errors");
        let (path, text) = input.split_once('\n').expect("a path and a text");
        assert_eq!(errors(path, text).join("\n"), expected.trim_end(), "{path}:\n{text}");
    }
}

#[test]
fn the_zoom_inventory() {
    let sites = include_str!("../../../tests/cases/zoom-2020/inventory/sites.toml");
    let endpoints = include_str!("../../../tests/cases/zoom-2020/inventory/endpoints.toml");
    assert_eq!(Inventory.recognize("inventory/sites.toml", sites), Recognized::Yes);
    let (_, reading) = super::tests::reading("inventory/sites.toml", sites);
    assert_eq!(reading.errors, []);
    let told: Vec<String> =
        reading.facts.sites.iter().map(|s| format!("{} {} {}", s.id, s.place.place, s.networks.len())).collect();
    assert_eq!(told, ["sjc1 US-CA San Jose 2", "nyc1 US-NY New York 1", "tsn1 CN Tianjin 1", "hefei-office CN Hefei 0"]);
    assert_eq!(reading.facts.sites[2].domains.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), {
        "account=zoom-cn provider=colo-cn carrier=AS4837 operator=partner-cn"
    });

    let (sources, reading) = super::tests::reading("inventory/endpoints.toml", endpoints);
    assert_eq!(reading.errors, []);
    let ids: Vec<&str> = reading.facts.endpoints.iter().filter_map(|e| e.id.as_deref()).collect();
    assert_eq!(ids, ["rec-us", "accounts-cn", "kms-bj", "kms-us", "rd-hefei"]);
    let show = |r: &crate::model::RouteFact| {
        let line = sources.position(r.location).line;
        format!("{line} {} {} {:?} {:?}", r.activity.as_str(), r.role.as_str(), r.pool, r.priority)
    };
    assert_eq!(
        reading.facts.routes.iter().map(show).collect::<Vec<_>>(),
        [
            "37 keys primary Some(\"keys\") Some(0)",
            "45 keys overflow Some(\"keys\") Some(1)",
            "54 replicate primary None None",
            "60 access primary None None",
        ]
    );
}

#[test]
fn recognized_by_content() {
    for (path, text, expected) in [
        ("x/anything.toml", "# c\n\n[[ endpoint ]]\nid = 'a'\n", Recognized::Yes),
        ("Cargo.toml", "[[bin]]\nname = 'x'\n", Recognized::No),
        ("inventory", "[[route]]\n", Recognized::Maybe),
        // Prose and programs may quote an inventory.
        ("inventory.txt", "[[route]]\n", Recognized::No),
        ("a.yaml", "# c\nsite: # ours\n\n  # c\n  - id: a\n", Recognized::Yes),
        ("a.yml", "endpoint: [{id: a}]\n", Recognized::Yes),
        ("alertmanager.yml", "route:\n  receiver: x\n  routes:\n    - match: y\n", Recognized::No),
        ("deploy.yaml", "kind: Route\nspec:\n  route:\n    - x\n", Recognized::No),
        ("a.json", "{\"$schema\": \"x\", \"route\" : [ ]}", Recognized::Yes),
        ("a.json", "{\"a\": {\"site\": []}, \"b\": \"site\"}", Recognized::No),
        ("a.json", "{\"site\": {}}", Recognized::No),
        ("hosts.csv", "id,kind,addresses\n", Recognized::Yes),
        ("hosts.csv", "id,price,colour,kind\n", Recognized::No),
        ("flows.csv", "from,to,bytes,packets,start,end\n", Recognized::No),
        ("routes.csv", "\u{feff}from,to,activity\n", Recognized::Yes),
        ("a.csv", "", Recognized::No),
    ] {
        assert_eq!(Inventory.recognize(path, text), expected, "{path}: {text}");
    }
}

#[test]
fn the_schema_covers_every_table() {
    let schema = schema();
    assert_eq!(schema["additionalProperties"], false);
    let keys = |name: &str| {
        let properties = schema["$defs"][name]["properties"].as_object().expect("properties");
        properties.keys().cloned().collect::<Vec<_>>()
    };
    // The keys that the reader takes and those that the schema names are the same.
    use crate::doc::de::fields;
    assert_eq!(keys("site"), fields::<entry::SiteEntry>());
    assert_eq!(keys("endpoint"), fields::<entry::EndpointEntry>());
    assert_eq!(keys("route"), fields::<entry::RouteEntry>());
    assert_eq!(schema["$defs"]["route"]["properties"]["role"]["enum"][0], "primary");
}

proptest::proptest! {
    /// Whatever the text: no panic, and errors point into it.
    #[test]
    fn no_text_breaks_the_reader(text in proptest::prop_oneof![
        proptest::prelude::any::<String>(),
        "id,(country|kind|tag\\.a|networks|addresses|\\PC{0,5}),country\r?\n(\\PC|[\",;\r\n=é]){0,60}",
        "(site|endpoint|route):\n( - |  |id: |[a&*{}\\[\\]\",:\n]){0,40}",
        "\\[\\[(site|endpoint|route)\\]\\]\n(id|from|networks|=|'|\"|\n|[a\\[\\]{},]){0,40}",
    ]) {
        for path in ["a.toml", "a.yaml", "a.json", "sites.csv", "endpoints.csv", "routes.csv", "x"] {
            Inventory.recognize(path, &text);
            let (sources, reading) = super::tests::reading(path, &text);
            for error in &reading.errors {
                assert!(sources.get(SourceId(0)).text.get(error.location.span.range()).is_some(), "{error:?} in {text:?}");
            }
        }
    }
}
