//! Services to endpoints, and what their settings name to routes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::labels::Watched;
use super::project::{Definition, File, Files, Variables, with_bases};
use crate::doc::Node;
use crate::model::{Activity, Address, EndpointFact, Facts, GapScope, Reference, Role, Roles, RouteFact, Trail, Unread};
use crate::read::mentions::in_file;
use crate::read::{FileSettings, Set};
use crate::source::{Location, SourceId, Spanned};

/// Keys of a service that carry no data (Compose specification, "services").
pub(super) const PLAIN: &[&str] = &[
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
pub(super) const LOCAL_LOGS: &[&str] = &["", "json-file", "local", "journald", "none", "etwlogs"];
/// Drivers that send, and the option that says where to.
pub(super) const REMOTE_LOGS: &[(&str, &str)] = &[
    ("syslog", "syslog-address"),
    ("gelf", "gelf-address"),
    ("fluentd", "fluentd-address"),
    ("splunk", "splunk-url"),
    ("loki", "loki-url"),
    ("grafana/loki-docker-driver", "loki-url"),
];

/// Settings by name and, for files that may or may not be used, by file.
pub(super) type Settings = BTreeMap<(String, Option<SourceId>), (String, Location)>;

/// One project while it is read.
pub(super) struct Project<'s, 'd> {
    pub(super) set: &'s Set<'s>,
    pub(super) variables: &'s Variables,
    pub(super) told: FileSettings,
    pub(super) prefix: String,
    pub(super) facts: Facts,
    /// Services by every name they answer to.
    pub(super) names: BTreeMap<String, usize>,
    pub(super) volumes: BTreeMap<&'d str, usize>,
    /// Configurations that stand in the file itself.
    pub(super) configs: BTreeMap<&'d str, String>,
    pub(super) others: BTreeMap<String, usize>,
    pub(super) placeless: Option<Location>,
    /// What containers tell Traefik by their labels.
    pub(super) watched: Vec<Watched>,
}

/// A service with its definitions, the later going over the earlier.
pub(super) struct Service<'d> {
    pub(super) name: &'d str,
    pub(super) definitions: Vec<Definition<'d>>,
    pub(super) fact: usize,
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
        watched: Vec::new(),
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
    project.traefik(&services);
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
    pub(super) fn all(&self, key: &'static str) -> impl Iterator<Item = (Definition<'d>, Node<'d>)> + '_ {
        self.definitions.iter().filter_map(move |d| Some((*d, d.node.get(key)?)))
    }

    /// The values that count: of the main file and its override the later one; of any other file its own.
    pub(super) fn each(&self, key: &'static str) -> Vec<(Definition<'d>, Node<'d>)> {
        let mut values: BTreeMap<Option<SourceId>, (Definition<'d>, Node<'d>)> = BTreeMap::new();
        for (definition, node) in self.all(key) {
            values.insert(definition.beside, (definition, node));
        }
        values.into_values().collect()
    }
}

impl<'d> Project<'_, 'd> {
    pub(super) fn fill(&self, node: Node<'_>) -> String {
        self.variables.fill(node.text().unwrap_or(""))
    }

    pub(super) fn gap(&mut self, code: &'static str, message: String, help: &str, location: Location, of: usize) {
        let scope = GapScope::Endpoints(vec![Reference::Fact(of)]);
        self.facts.gaps.push(Unread { code, message, help: Some(help.to_owned()), location, scope });
    }

    pub(super) fn route(&mut self, from: usize, to: Reference, activity: Activity, location: Location) {
        if to != Reference::Fact(from) {
            self.facts.routes.push(RouteFact::new(Reference::Fact(from), to, activity, location));
        }
    }

    pub(super) fn store(&mut self, label: String, location: Location) -> usize {
        let mut fact = EndpointFact::new("compose-volume", label.clone(), location);
        fact.id = Some(label);
        fact.roles = Roles::of(&[Role::Store]);
        self.facts.endpoints.push(fact);
        self.facts.endpoints.len() - 1
    }

    /// What a service is and answers to, before anybody names it.
    pub(super) fn declare(&mut self, service: &Service<'d>) {
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
    pub(super) fn stand(&mut self, service: &Service<'d>) {
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
    pub(super) fn service(
        &mut self,
        service: &Service<'d>,
        all: &BTreeMap<&'d str, Service<'d>>,
        read: &mut BTreeSet<SourceId>,
    ) {
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
    pub(super) fn aliases(&self, service: &Service<'d>) -> BTreeMap<String, IpAddr> {
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
    pub(super) fn ports(&mut self, service: &Service<'d>) {
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
                // Without an address that can be told, who leads to it finds an endpoint of unknown place instead of this one.
                let Ok(ip) = ip.parse::<IpAddr>() else { continue };
                if !ip.is_loopback() && !ip.is_unspecified() {
                    let address = Address { ip, port: published.parse().ok(), location: definition.at(port) };
                    self.facts.endpoints[service.fact].addresses.push(address);
                }
            }
        }
    }

    /// Something that explains an unknown place, which by itself lets nothing pass.
    pub(super) fn remark(&mut self, code: &'static str, message: String, help: &str, location: Location) {
        let help = Some(help.to_owned());
        self.facts.gaps.push(Unread { code, message, help, location, scope: GapScope::Nothing });
    }
}
