//! Services to endpoints, and what their settings name to routes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::project::{Definition, File, Files, Variables, env_file, folder, join, with_bases};
use crate::doc::Node;
use crate::model::{
    Activity, Address, EndpointFact, Facts, GapScope, Reference, Role, Roles, RouteFact, Standing, Trail, Unread,
};
use crate::read::mentions::{Mention, activity, in_file, may_hold_host, mentions, shorten};
use crate::read::{FileSettings, Set};
use crate::source::{Location, SourceId, Spanned};

/// Keys of a service that carry no data (Compose specification, "services").
const PLAIN: &[&str] = &[
    "annotations",
    "attach",
    "blkio_config",
    "build",
    "cap_add",
    "cap_drop",
    "cgroup",
    "cgroup_parent",
    "command",
    "configs",
    "container_name",
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "cpu_shares",
    "cpus",
    "cpuset",
    "credential_spec",
    "depends_on",
    "deploy",
    "develop",
    "device_cgroup_rules",
    "devices",
    "dns",
    "dns_opt",
    "dns_search",
    "domainname",
    "entrypoint",
    "env_file",
    "environment",
    "expose",
    "extends",
    "external_links",
    "extra_hosts",
    "gpus",
    "group_add",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "ipc",
    "isolation",
    "label_file",
    "labels",
    "links",
    "log_driver",
    "log_opt",
    "logging",
    "mac_address",
    "mem_limit",
    "mem_reservation",
    "mem_swappiness",
    "memswap_limit",
    "network_mode",
    "networks",
    "oom_kill_disable",
    "oom_score_adj",
    "pid",
    "pids_limit",
    "platform",
    "ports",
    "post_start",
    "pre_stop",
    "privileged",
    "profiles",
    "pull_policy",
    "read_only",
    "restart",
    "runtime",
    "scale",
    "secrets",
    "security_opt",
    "shm_size",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "storage_opt",
    "sysctls",
    "tmpfs",
    "tty",
    "ulimits",
    "use_api_socket",
    "user",
    "userns_mode",
    "uts",
    "volumes",
    "volumes_from",
    "working_dir",
    "use",
];

/// Logging drivers that keep their lines on the machine (Docker, "Configure logging drivers").
const LOCAL_LOGS: &[&str] = &["", "json-file", "local", "journald", "none", "etwlogs"];
/// Drivers that send, and the option that says where to.
const REMOTE_LOGS: &[(&str, &str)] = &[
    ("syslog", "syslog-address"),
    ("gelf", "gelf-address"),
    ("fluentd", "fluentd-address"),
    ("splunk", "splunk-url"),
    ("loki", "loki-url"),
    ("grafana/loki-docker-driver", "loki-url"),
];

/// Settings by name and, for files that may or may not be used, by file.
type Settings = BTreeMap<(String, Option<SourceId>), (String, Location)>;

/// One project while it is read.
struct Project<'s, 'd> {
    set: &'s Set<'s>,
    variables: &'s Variables,
    told: FileSettings,
    prefix: String,
    facts: Facts,
    /// Services by every name they answer to.
    names: BTreeMap<String, usize>,
    volumes: BTreeMap<&'d str, usize>,
    /// Configurations that stand in the file itself.
    configs: BTreeMap<&'d str, String>,
    others: BTreeMap<String, usize>,
    placeless: Option<Location>,
}

/// A service with its definitions, the later going over the earlier.
struct Service<'d> {
    name: &'d str,
    definitions: Vec<Definition<'d>>,
    fact: usize,
}

pub(super) fn read<'d>(
    set: &Set<'_>,
    files: &'d BTreeMap<String, File<'_>>,
    unit: &mut Files<'d>,
    variables: &Variables,
    prefix: String,
    facts: Facts,
) -> Facts {
    let told = unit.roots.first().map(|r| set.settings.of(&set.sources.get(r.file).path)).unwrap_or_default();
    let mut project = Project {
        set,
        variables,
        told,
        prefix,
        facts,
        names: BTreeMap::new(),
        volumes: BTreeMap::new(),
        configs: BTreeMap::new(),
        others: BTreeMap::new(),
        placeless: None,
    };
    let roots = unit.roots.clone();
    for root in &roots {
        for entry in root.node.get("volumes").into_iter().flat_map(|v| v.entries()) {
            project.declare_volume(root, entry.name(), entry.key, entry.value);
        }
        for entry in root.node.get("configs").into_iter().flat_map(|c| c.entries()) {
            if let Some(content) = entry.value.get("content") {
                project.configs.insert(entry.name(), variables.fill(content.text().unwrap_or("")));
            }
        }
    }
    let mut services: BTreeMap<&'d str, Service<'d>> = BTreeMap::new();
    for root in &roots {
        for entry in root.node.get("services").into_iter().flat_map(|s| s.entries()) {
            let own = Definition { node: entry.value, ..*root };
            let all = with_bases(files, set.sources, variables, own, &mut project.facts.gaps);
            let name = entry.name();
            let location = Location::new(root.file, entry.key.used_at());
            let service = services.entry(name).or_insert_with(|| {
                let id = format!("{}compose/{name}", project.prefix);
                let mut fact = EndpointFact::new("compose-service", id.clone(), location);
                fact.id = Some(id);
                fact.roles = Roles::of(&[Role::Process]);
                project.facts.endpoints.push(fact);
                Service { name, definitions: Vec::new(), fact: project.facts.endpoints.len() - 1 }
            });
            service.definitions.extend(all);
        }
    }
    for service in services.values() {
        project.declare(service);
    }
    for service in services.values() {
        project.service(service, &services, &mut unit.read);
    }
    if let Some(location) = project.placeless {
        project.facts.gaps.push(Unread {
            code: "cluster-place-unknown",
            message: "Compose files do not say where they run".to_owned(),
            help: Some("tell it with `site`, or `region` and `provider`, in [[inputs.override]]".to_owned()),
            location,
            scope: GapScope::Nothing,
        });
    }
    project.facts
}

impl<'d> Service<'d> {
    /// The values of a key, one for each definition that has it.
    fn all(&self, key: &'static str) -> impl Iterator<Item = (Definition<'d>, Node<'d>)> + '_ {
        self.definitions.iter().filter_map(move |d| Some((*d, d.node.get(key)?)))
    }

    /// The values that count: of the main file and its override the later one; of any other file its own.
    fn each(&self, key: &'static str) -> Vec<(Definition<'d>, Node<'d>)> {
        let mut values: BTreeMap<Option<SourceId>, (Definition<'d>, Node<'d>)> = BTreeMap::new();
        for (definition, node) in self.all(key) {
            values.insert(definition.beside, (definition, node));
        }
        values.into_values().collect()
    }
}

impl<'d> Project<'_, 'd> {
    fn fill(&self, node: Node<'_>) -> String {
        self.variables.fill(node.text().unwrap_or(""))
    }

    fn gap(&mut self, code: &'static str, message: String, help: &str, location: Location, of: usize) {
        let scope = GapScope::Endpoints(vec![Reference::Fact(of)]);
        self.facts.gaps.push(Unread { code, message, help: Some(help.to_owned()), location, scope });
    }

    fn route(&mut self, from: usize, to: Reference, activity: Activity, location: Location) {
        if to != Reference::Fact(from) {
            self.facts.routes.push(RouteFact::new(Reference::Fact(from), to, activity, location));
        }
    }

    fn store(&mut self, label: String, location: Location) -> usize {
        let mut fact = EndpointFact::new("compose-volume", label.clone(), location);
        fact.id = Some(label);
        fact.roles = Roles::of(&[Role::Store]);
        self.facts.endpoints.push(fact);
        self.facts.endpoints.len() - 1
    }

    /// What a service is and answers to, before anybody names it.
    fn declare(&mut self, service: &Service<'d>) {
        let index = service.fact;
        self.names.insert(service.name.to_lowercase(), index);
        for key in ["container_name", "hostname"] {
            for (_, node) in service.each(key) {
                let name = self.fill(node).to_lowercase();
                let domain = service.each("domainname").first().map(|(_, d)| self.fill(*d).to_lowercase());
                let full = domain.filter(|_| key == "hostname").map(|d| format!("{name}.{d}"));
                for full in full.iter().chain(Some(&name)).filter(|n| n.contains('.') && key == "hostname") {
                    let fact = &mut self.facts.endpoints[index];
                    fact.names.push(Spanned::new(full.clone(), fact.location.span));
                }
                self.names.entry(name).or_insert(index);
            }
        }
        for (_, networks) in service.all("networks") {
            for network in networks.entries() {
                for alias in network.value.get("aliases").into_iter().flat_map(|a| a.items()).filter_map(|a| a.text()) {
                    self.names.entry(alias.to_lowercase()).or_insert(index);
                }
            }
        }
        self.stand(service);
    }

    /// A demand on the labels of a swarm's node, else what is told.
    fn stand(&mut self, service: &Service<'d>) {
        let index = service.fact;
        let location = self.facts.endpoints[index].location;
        let mut fact = std::mem::replace(&mut self.facts.endpoints[index], EndpointFact::new("", "", location));
        fact.provider = self.told.provider.as_ref().map(|p| p.text.clone());
        fact.account = self.told.account.as_ref().map(|a| a.text.clone());
        let deployed = service.each("deploy").into_iter();
        let constraints = deployed.filter_map(|(d, n)| Some((d, n.path(&["placement", "constraints"])?)));
        for (definition, node) in constraints.flat_map(|(d, list)| list.items().map(move |n| (d, n))) {
            let text = self.fill(node);
            let Some((label, value)) = text.split_once("==") else { continue };
            let (label, value) = (label.trim(), value.trim());
            let location = definition.at(node);
            let here = location.source == fact.location.source;
            let written = Spanned::new(value.to_owned(), if here { location.span } else { fact.location.span });
            let last = label.rsplit(['.', '/']).next().unwrap_or("");
            if label.starts_with("node.labels.") && matches!(last, "region" | "zone") {
                fact.trail = Trail::stated(location, "its place is stated here");
                if last == "region" { fact.region = Some(written) } else { fact.zone = Some(written) }
            }
        }
        if fact.region.is_none() && fact.zone.is_none() {
            match self.told.region.clone() {
                Some(region) => {
                    fact.region = Some(Spanned::new(region.text, fact.location.span));
                    fact.trail = Trail::stated(region.location, "the project's region is told here");
                }
                None => {
                    self.placeless.get_or_insert(fact.location);
                }
            }
        }
        self.facts.endpoints[index] = fact;
    }

    /// Where a service's data goes.
    fn service(&mut self, service: &Service<'d>, all: &BTreeMap<&'d str, Service<'d>>, read: &mut BTreeSet<SourceId>) {
        let index = service.fact;
        let aliases = self.aliases(service);
        self.ports(service);
        self.settings(service, &aliases, read);
        self.labels(service);
        for (definition, node) in service.all("depends_on") {
            let names = node.items().chain(node.entries().map(|e| e.key));
            for name in names {
                self.named(index, name, definition.at(name), Activity::Depend);
            }
        }
        for (definition, node) in service.all("links") {
            for link in node.items() {
                self.named(index, link, definition.at(link), Activity::Forward);
            }
        }
        for (definition, node) in service.all("external_links") {
            for link in node.items() {
                let message = format!("this links to the container `{}` of another project", self.fill(link));
                self.gap("undefined-service", message, "add the Compose file that runs it", definition.at(link), index);
            }
        }
        for (definition, node) in service.each("network_mode") {
            let text = self.fill(node);
            let location = definition.at(node);
            // All traffic of the service goes through the other one.
            if let Some(other) = text.strip_prefix("service:") {
                match self.names.get(other).copied() {
                    Some(other) => self.route(index, Reference::Fact(other), Activity::Forward, location),
                    None => self.undefined(index, other, Activity::Forward, location),
                }
            } else if let Some(other) = text.strip_prefix("container:") {
                let message = format!("this shares the network of the container `{other}`, of which nothing is known");
                self.gap("undefined-service", message, "add the Compose file that runs it", location, index);
            }
        }
        self.volumes(service);
        for (definition, node) in service.all("configs") {
            for item in node.items() {
                let name = item.get("source").unwrap_or(item);
                if let Some(text) = name.text().and_then(|n| self.configs.get(n)).cloned() {
                    self.follow(index, "a configuration", in_file(&text), &aliases, definition.at(name));
                }
            }
        }
        for (_, node) in service.all("volumes_from") {
            for from in node.items() {
                let text = self.fill(from);
                let name = text.split(':').next().unwrap_or("");
                if let Some(other) = all.get(name) {
                    for (definition, volumes) in other.all("volumes") {
                        self.mounts(index, definition, volumes);
                    }
                }
            }
        }
        self.logging(service);
        for definition in &service.definitions {
            for entry in definition.node.entries() {
                let key = entry.name();
                if !PLAIN.contains(&key) && !key.starts_with("x-") {
                    let message = format!("`{key}` is no key of a service that onshore knows");
                    self.gap(
                        "unknown-directive",
                        message,
                        "correct it, or declare what it does as [[route]]s",
                        definition.at(entry.key),
                        index,
                    );
                }
            }
        }
    }

    /// `extra_hosts`: what the hosts file of a container says.
    fn aliases(&self, service: &Service<'d>) -> BTreeMap<String, IpAddr> {
        let mut aliases = BTreeMap::new();
        for (_, node) in service.all("extra_hosts") {
            for item in node.items() {
                let text = self.fill(item);
                if let Some((name, ip)) = text.split_once('=').or_else(|| text.split_once(':'))
                    && let Ok(ip) = ip.trim_matches(['[', ']']).parse()
                {
                    aliases.insert(name.to_lowercase(), ip);
                }
            }
            for entry in node.entries() {
                if let Ok(ip) = self.fill(entry.value).trim_matches(['[', ']']).parse() {
                    aliases.insert(entry.name().to_lowercase(), ip);
                }
            }
        }
        aliases
    }

    /// `203.0.113.7:443:8443` is published on that address only.
    fn ports(&mut self, service: &Service<'d>) {
        for (definition, node) in service.all("ports") {
            for port in node.items() {
                let (ip, published) = match port.text() {
                    Some(_) => {
                        let text = self.fill(port);
                        let parts: Vec<&str> = text.rsplitn(3, ':').collect();
                        match parts.as_slice() {
                            [_, published, ip] => (ip.trim_matches(['[', ']']).to_owned(), (*published).to_owned()),
                            _ => continue,
                        }
                    }
                    None => {
                        let text = |key: &str| port.get(key).map(|n| self.fill(n)).unwrap_or_default();
                        (text("host_ip"), text("published"))
                    }
                };
                let Ok(ip) = ip.parse::<IpAddr>() else { continue };
                if !ip.is_loopback() && !ip.is_unspecified() {
                    let address = Address { ip, port: published.parse().ok(), location: definition.at(port) };
                    self.facts.endpoints[service.fact].addresses.push(address);
                }
            }
        }
    }

    /// Environment, files of it, arguments and inline configurations.
    fn settings(&mut self, service: &Service<'d>, aliases: &BTreeMap<String, IpAddr>, read: &mut BTreeSet<SourceId>) {
        let index = service.fact;
        // By name: a later definition goes over an earlier one, and `environment` over files.
        let mut settings: Settings = BTreeMap::new();
        for (definition, node) in service.all("env_file") {
            let list: Vec<Node<'d>> = if node.is_list() { node.items().collect() } else { vec![node] };
            for item in list {
                let named = item.get("path").unwrap_or(item);
                let text = self.fill(named);
                let location = definition.at(named);
                let path = join(folder(&self.set.sources.get(definition.file).path), &text);
                match path.and_then(|p| self.set.sources.find(&p)) {
                    Some(id) => {
                        read.insert(id);
                        let lines = env_file(&self.set.sources.get(id).text);
                        let pair =
                            |(k, v): (&str, &str)| ((k.to_owned(), definition.beside), (self.variables.fill(v), location));
                        settings.extend(lines.into_iter().map(pair));
                    }
                    None if item.get("required").and_then(|r| r.as_bool()) == Some(false) => {}
                    None => {
                        let told = self.variables.get(&text).map(str::to_owned);
                        match told {
                            Some(told) => {
                                settings.insert((text, definition.beside), (told, location));
                            }
                            None => self.gap(
                                "setting-not-read",
                                format!("`{text}` gives settings, and it was not read: it may name a host that data goes to"),
                                "add it to the project, or tell what it names with `variables` in [[inputs.override]] (by its path as written here; empty if it names no host)",
                                location,
                                index,
                            ),
                        }
                    }
                }
            }
        }
        for (definition, node) in service.all("environment") {
            for item in node.items() {
                let text = item.text().unwrap_or("");
                let (name, value) = text.split_once('=').map_or((text, None), |(n, v)| (n, Some(v)));
                self.setting(index, name, value, (definition.beside, definition.at(item)), &mut settings);
            }
            for entry in node.entries() {
                let value = entry.value.text().filter(|_| !entry.value.is_null());
                self.setting(index, entry.name(), value, (definition.beside, definition.at(entry.value)), &mut settings);
            }
        }
        for ((name, _), (value, location)) in &settings {
            self.tag(index, name, value);
            if name != "VIRTUAL_HOST" {
                self.follow(index, name, mentions(name, value), aliases, *location);
            }
            if name.to_ascii_uppercase().ends_with("PLACEMENT_CONSTRAINTS") && !value.is_empty() {
                let message = format!("`{name}` places copies by labels of the brokers, which is not followed");
                self.gap(
                    "unfollowed-copy",
                    message,
                    "declare the copies as [[route]]s with the activity `replicate`",
                    *location,
                    index,
                );
            }
            if matches!(name.as_str(), "VIRTUAL_HOST") {
                self.hosts(index, name, value.split(','), *location);
            }
        }
        for key in ["command", "entrypoint"] {
            for (definition, node) in service.each(key) {
                let words: Vec<Node<'d>> = if node.is_list() { node.items().collect() } else { vec![node] };
                for word in words {
                    let text = self.fill(word);
                    self.follow(index, "an argument", mentions("", &text), aliases, definition.at(word));
                }
            }
        }
    }

    /// A variable without a value is passed on from the shell.
    fn setting(
        &mut self,
        index: usize,
        name: &str,
        value: Option<&str>,
        (beside, location): (Option<SourceId>, Location),
        settings: &mut Settings,
    ) {
        let value = match value {
            Some(value) => Some(self.variables.fill(value)),
            None => self.variables.get(name).map(str::to_owned),
        };
        match value {
            Some(value) => {
                settings.insert((name.to_owned(), beside), (value, location));
            }
            None if may_hold_host(name) => self.gap(
                "unresolved-variable",
                format!("`{name}` is taken from the shell, and its value is not known"),
                "set it in `.env` beside this file, or with `variables` in [[inputs.override]]",
                location,
                index,
            ),
            None => {}
        }
    }

    /// Labels of places that a program knows by itself are kept; they are no places.
    fn tag(&mut self, index: usize, name: &str, value: &str) {
        let lower = name.to_ascii_lowercase();
        let words = ["rack", "region", "zone", "datacenter", "dc", "location"];
        if lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| words.contains(&w)) && value.len() < 200 {
            self.facts.endpoints[index].tags.insert(name.to_owned(), value.to_owned());
        }
    }

    fn follow(
        &mut self,
        from: usize,
        setting: &str,
        found: Vec<Mention>,
        aliases: &BTreeMap<String, IpAddr>,
        location: Location,
    ) {
        for mention in found {
            let to = match mention {
                Mention::Address { ip, port } => Reference::Address { ip, port },
                Mention::Bucket(id) | Mention::CloudId(id) => {
                    let known = self.others.get(&id).copied();
                    Reference::Fact(known.unwrap_or_else(|| {
                        let mut fact = EndpointFact::new("bucket", id.clone(), location);
                        fact.cloud_ids.push(id.clone());
                        fact.roles = Roles::of(&[Role::Store]);
                        self.facts.endpoints.push(fact);
                        self.others.insert(id, self.facts.endpoints.len() - 1);
                        self.facts.endpoints.len() - 1
                    }))
                }
                Mention::Host { name, port, sure } => match (aliases.get(&name), self.names.get(&name)) {
                    (Some(ip), _) => Reference::Address { ip: *ip, port },
                    (None, Some(service)) => Reference::Fact(*service),
                    (None, None) if !sure || name == "host.docker.internal" => continue,
                    (None, None) if !name.contains('.') => {
                        self.undefined(from, &name, activity(setting), location);
                        continue;
                    }
                    (None, None) => Reference::Host { name, port },
                },
                Mention::Unresolved(text) => {
                    self.gap(
                        "unresolved-variable",
                        format!("{setting} leads to `{}`, whose value is not known", shorten(&text)),
                        "set it in `.env` beside this file, or with `variables` in [[inputs.override]]",
                        location,
                        from,
                    );
                    continue;
                }
            };
            self.route(from, to, activity(setting), location);
        }
    }

    fn named(&mut self, from: usize, node: Node<'d>, location: Location, activity: Activity) {
        let text = self.fill(node);
        let name = text.split(':').next().unwrap_or("").to_lowercase();
        match self.names.get(&name).copied() {
            Some(to) => self.route(from, Reference::Fact(to), activity, location),
            None => self.undefined(from, &name, activity, location),
        }
    }

    /// A service that no file declares, found by its name if somebody else does.
    fn undefined(&mut self, from: usize, name: &str, activity: Activity, location: Location) {
        let message = format!("service `{}` is named here, but no Compose file that was read declares it", shorten(name));
        let help = "add the file that declares it, or correct the name";
        self.remark("undefined-service", message, help, location);
        self.route(from, Reference::Host { name: name.to_owned(), port: None }, activity, location);
    }

    /// Something that explains an unknown place, which by itself lets nothing pass.
    fn remark(&mut self, code: &'static str, message: String, help: &str, location: Location) {
        let help = Some(help.to_owned());
        self.facts.gaps.push(Unread { code, message, help, location, scope: GapScope::Nothing });
    }

    /// Proxies that watch Docker take their routes from labels.
    fn labels(&mut self, service: &Service<'d>) {
        let index = service.fact;
        let deployed = service.all("deploy").filter_map(|(d, n)| Some((d, n.get("labels")?)));
        let labels: Vec<(Definition<'d>, Node<'d>)> = service.all("labels").chain(deployed).collect();
        for (definition, node) in labels {
            let mut pairs: Vec<(String, String, Location)> = Vec::new();
            for item in node.items() {
                let text = self.fill(item);
                if let Some((name, value)) = text.split_once('=') {
                    pairs.push((name.to_owned(), value.to_owned(), definition.at(item)));
                }
            }
            for entry in node.entries() {
                pairs.push((entry.name().to_owned(), self.fill(entry.value), definition.at(entry.value)));
            }
            for (name, value, location) in pairs {
                if name.starts_with("traefik.")
                    && (name.ends_with(".rule") || name.contains("mirror") || name.contains("failover"))
                {
                    let hosts: Vec<&str> = value.split("Host").skip(1).flat_map(|h| h.split('`').skip(1).step_by(2)).collect();
                    self.hosts(index, &name, hosts.into_iter(), location);
                } else if name == "caddy" {
                    self.hosts(index, &name, value.split([',', ' ']), location);
                } else {
                    self.facts.endpoints[index].tags.insert(name, value);
                }
            }
        }
    }

    /// Host names that a proxy leads here by rules of its own.
    fn hosts<'h>(&mut self, index: usize, setting: &str, hosts: impl Iterator<Item = &'h str>, location: Location) {
        if self.variables.get(setting).is_some() {
            return;
        }
        let mut scope = vec![Reference::Fact(index)];
        for host in hosts.map(|h| h.trim().to_lowercase()).filter(|h| h.contains('.') && !h.contains(['/', ' ', '$'])) {
            scope.push(Reference::Host { name: host, port: None });
        }
        self.facts.gaps.push(Unread {
            code: "unfollowed-routing",
            message: format!("`{setting}` leads requests here by rules of a proxy that are not followed"),
            help: Some(
                "declare where the host name leads as a [[route]], and set this name to nothing with `variables` in [[inputs.override]]"
                    .to_owned(),
            ),
            location,
            scope: GapScope::Endpoints(scope),
        });
    }

    fn volumes(&mut self, service: &Service<'d>) {
        for (definition, node) in service.all("volumes") {
            self.mounts(service.fact, definition, node);
        }
    }

    fn mounts(&mut self, index: usize, definition: Definition<'d>, node: Node<'d>) {
        for item in node.items() {
            let location = definition.at(item);
            let (kind, source) = match item.text() {
                Some(_) => {
                    let text = self.fill(item);
                    let parts: Vec<&str> = text.split(':').collect();
                    let source = if parts.len() > 1 { parts[0].to_owned() } else { String::new() };
                    let bind = source.starts_with(['.', '/', '~']) || source.contains('/');
                    (if bind { "bind" } else { "volume" }.to_owned(), source)
                }
                None => {
                    let text = |key: &str| item.get(key).map(|n| self.fill(n)).unwrap_or_default();
                    (text("type"), text("source"))
                }
            };
            match kind.as_str() {
                "tmpfs" | "npipe" | "image" => {}
                "volume" | "cluster" if !source.is_empty() => {
                    let store = match self.volumes.iter().find(|(name, _)| **name == source) {
                        Some((_, store)) => *store,
                        None => self.undeclared(&source, location),
                    };
                    self.route(index, Reference::Fact(store), Activity::Forward, location);
                }
                // On the machine itself.
                _ => self.facts.endpoints[index].roles.insert(Role::Store),
            }
        }
    }

    fn undeclared(&mut self, source: &str, location: Location) -> usize {
        let label = format!("{}compose/volume/{source}", self.prefix);
        if let Some(known) = self.others.get(&label) {
            return *known;
        }
        let store = self.store(label.clone(), location);
        self.others.insert(label, store);
        self.remark(
            "undefined-claim",
            format!("volume `{source}` is declared nowhere"),
            "declare it under `volumes`",
            location,
        );
        store
    }

    fn declare_volume(&mut self, root: &Definition<'d>, name: &'d str, key: Node<'d>, node: Node<'d>) {
        let location = root.at(key);
        let store = match self.volumes.get(name) {
            Some(known) => *known,
            None => {
                let store = self.store(format!("{}compose/volume/{name}", self.prefix), location);
                self.volumes.insert(name, store);
                store
            }
        };
        let driver = node.get("driver").map(|d| self.fill(d)).unwrap_or_default();
        let options = node.get("driver_opts");
        let option = |key: &str| options.and_then(|o| o.get(key));
        let external = node.get("external").is_some_and(|e| e.as_bool() != Some(false));
        let help = "give the store its place with [[geo.override]]";
        if external {
            let message = format!("volume `{name}` is made outside of this project, so where it keeps its data is not known");
            return self.remark("unknown-storage", message, help, location);
        }
        let kind = option("type").map(|t| self.fill(t)).unwrap_or_default();
        let server = match driver.as_str() {
            "" | "local" if matches!(kind.as_str(), "nfs" | "nfs4" | "cifs" | "smb3") => {
                let o = option("o").map(|o| self.fill(o)).unwrap_or_default();
                let address = o.split(',').find_map(|p| p.trim().strip_prefix("addr=")).map(str::to_owned);
                let device = option("device").map(|d| self.fill(d)).unwrap_or_default();
                let by_device = device.trim_start_matches("//").split(['/', ':']).next().unwrap_or("").to_owned();
                address.or(Some(by_device))
            }
            "" | "local" => {
                self.facts.endpoints[store].standing = Standing::WithSender;
                return;
            }
            // `user@host:/path`.
            _ => option("sshcmd").map(|s| self.fill(s)).map(|s| s.split(':').next().unwrap_or("").to_owned()),
        };
        let found = server.map(|s| mentions("host", &s)).unwrap_or_default();
        let mut known = false;
        for mention in found {
            let to = match mention {
                Mention::Address { ip, port } => Reference::Address { ip, port },
                Mention::Host { name, port, .. } => Reference::Host { name, port },
                Mention::Bucket(_) | Mention::CloudId(_) | Mention::Unresolved(_) => continue,
            };
            known = true;
            let mut way = RouteFact::new(Reference::Fact(store), to.clone(), Activity::Forward, location);
            way.alias = true;
            self.facts.routes.push(way);
            self.facts.endpoints[store].part_of.push(to);
        }
        if !known {
            let what = if driver.is_empty() { kind } else { driver };
            let message = format!("where the volume driver `{}` keeps its data is not known", shorten(&what));
            self.remark("unknown-storage", message, help, location);
        }
    }

    fn logging(&mut self, service: &Service<'d>) {
        for (definition, node) in service.each("logging") {
            self.logging_driver(service.fact, definition, node);
        }
    }

    fn logging_driver(&mut self, index: usize, definition: Definition<'d>, node: Node<'d>) {
        let driver = node.get("driver").map(|d| self.fill(d)).unwrap_or_default();
        let location = definition.at(node.get("driver").unwrap_or(node));
        let option = |key: &str| node.path(&["options", key]);
        if LOCAL_LOGS.contains(&driver.as_str()) {
            return;
        }
        let base = driver.split(':').next().unwrap_or("");
        if let Some((_, key)) = REMOTE_LOGS.iter().find(|(d, _)| *d == base) {
            let Some(address) = option(key) else {
                // Without an address these write to this machine.
                if !matches!(base, "syslog" | "fluentd") {
                    self.gap("unusable-target", format!("`{driver}` needs `{key}`"), "add the option", location, index);
                }
                return;
            };
            let text = self.fill(address);
            let before = (self.facts.routes.len(), self.facts.gaps.len());
            self.follow(index, "the logging address", mentions("address", &text), &BTreeMap::new(), definition.at(address));
            self.facts.routes[before.0..].iter_mut().for_each(|r| r.activity = Activity::Log);
            let local = text.contains("localhost") || text.contains("127.0.0.1") || text.starts_with("unix");
            if (self.facts.routes.len(), self.facts.gaps.len()) == before && !local {
                let message = format!("`{}` is no address of a log server", shorten(&text));
                self.gap("unusable-target", message, "write it as `tcp://host:port`", definition.at(address), index);
            }
            return;
        }
        if driver == "awslogs" {
            let text = |key: &str| option(key).map(|n| self.fill(n)).unwrap_or_default();
            let (region, group) = (text("awslogs-region"), text("awslogs-group"));
            let id = format!("awslogs {} {group}", if region.is_empty() { "of the machine's region" } else { &region });
            let known = self.others.get(&id).copied();
            let sink = known.unwrap_or_else(|| {
                let mut fact = EndpointFact::new("log-group", id.clone(), location);
                fact.roles = Roles::of(&[Role::Store]);
                fact.provider = Some("aws".to_owned());
                if region.is_empty() {
                    // The driver asks the machine that it runs on.
                    fact.standing = Standing::WithSender;
                } else {
                    let at = option("awslogs-region").map_or(location.span, |r| r.used_at());
                    fact.region = Some(Spanned::new(region.clone(), at));
                }
                self.facts.endpoints.push(fact);
                self.others.insert(id, self.facts.endpoints.len() - 1);
                self.facts.endpoints.len() - 1
            });
            return self.route(index, Reference::Fact(sink), Activity::Log, location);
        }
        let message = format!("the logging driver `{}` sends logs where this file does not say", shorten(&driver));
        self.gap("unusable-target", message, "declare where logs go as a [[route]] with the activity `log`", location, index);
    }
}
