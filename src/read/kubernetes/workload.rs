//! What runs pods: where they may stand, which stores they write to, and which hosts their settings name.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::cluster::{Cluster, Workload};
use super::manifest::Object;
use crate::doc::Node;
use crate::model::{Activity, EndpointFact, Reference, Role, Roles, RouteFact, Standing};
use crate::read::mentions::{Mention, in_file, may_hold_host, mentions, shorten};
use crate::source::Location;

/// Volumes that hold settings, or live and die with the pod.
const PASSING: &[&str] = &["configMap", "secret", "projected", "downwardAPI", "emptyDir", "image", "gitRepo"];
/// Volumes that are a disk of the node's own cloud, region and mostly zone.
const DISKS: &[&str] = &[
    "awsElasticBlockStore",
    "gcePersistentDisk",
    "azureDisk",
    "cinder",
    "vsphereVolume",
    "photonPersistentDisk",
    "hostPath",
    "local",
    "fc",
];
/// Hosts of volumes that are elsewhere, by the kind of the volume.
const REMOTE: &[(&str, &str)] = &[
    ("nfs", "server"),
    ("cephfs", "monitors"),
    ("rbd", "monitors"),
    ("iscsi", "targetPortal"),
    ("glusterfs", "endpoints"),
    ("quobyte", "registry"),
    ("scaleIO", "gateway"),
];

/// Configurations of routing programs, by the name of the file: hosts stand in them that are no URLs.
const ROUTING_FILES: &[&str] = &[".conf", ".cfg", ".vcl", "corefile", "caddyfile", "envoy.yaml", "envoy.json", ".hcl"];

type Aliases = BTreeMap<String, IpAddr>;

/// A setting of a container: its name, its value, and the line.
struct Setting<'d> {
    name: String,
    value: Value<'d>,
    location: Location,
}

enum Value<'d> {
    Text(&'d str),
    Owned(String),
}

impl Value<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Owned(text) => text,
        }
    }
}

impl<'d> Cluster<'d> {
    /// Declares a workload and its place. What it leads to comes when everything has a name.
    pub fn workload(&mut self, object: Object<'d>, path: &[&str]) {
        let template = object.path(path);
        let pod = template.and_then(|t| t.get("spec"));
        let kind = object.kind.to_ascii_lowercase();
        let id = self.id(&object);
        let mut fact = EndpointFact::new(format!("kubernetes-{kind}"), id.clone(), object.location);
        fact.id = Some(id);
        fact.roles = Roles::of(&[Role::Process]);
        let labels: BTreeMap<&str, &str> = template
            .and_then(|t| t.path(&["metadata", "labels"]))
            .into_iter()
            .flat_map(|l| l.entries().filter_map(|e| Some((e.name(), e.value.text()?))))
            .collect();
        fact.tags = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        self.stand_pods(&object, pod, &mut fact);
        let fact = self.push(fact);
        if pod.is_none() && path.first().is_some_and(|p| *p == "spec") && object.path(&["spec", "workloadRef"]).is_none() {
            let message = format!("`{}` has no pod template, so what it runs is not known", object.name);
            self.gap(
                "not-an-object",
                message,
                "give the whole object: a patch alone says too little",
                object.location,
                &[fact],
            );
        }
        self.claim_templates(&object, pod, fact);
        self.add_workload(Workload { object, pod, labels, fact });
    }

    /// What each workload leads to.
    pub fn programs(&mut self) {
        for index in 0..self.workloads.len() {
            let workload = &self.workloads[index];
            let (object, fact) = (workload.object, workload.fact);
            let Some(pod) = workload.pod else { continue };
            let aliases = self.aliases(&object, fact, pod);
            for volume in pod.get("volumes").into_iter().flat_map(|v| v.items()) {
                self.volume(&object, fact, volume, &aliases);
            }
            let containers = ["initContainers", "containers", "ephemeralContainers"];
            for container in containers.iter().filter_map(|c| pod.get(c)).flat_map(|c| c.items()) {
                self.container(&object, fact, container, &aliases);
            }
        }
    }

    /// Names that a pod's hosts file gives.
    fn aliases(&mut self, object: &Object<'d>, fact: usize, pod: Node<'d>) -> Aliases {
        let mut aliases = Aliases::new();
        for entry in pod.get("hostAliases").into_iter().flat_map(|a| a.items()) {
            let ip = entry.get("ip").and_then(|i| i.text()).unwrap_or("");
            let Ok(ip) = ip.parse() else {
                let message = format!("`{}` is no address, so where the names beside it lead is not known", shorten(ip));
                self.gap("unusable-target", message, "write the address that the pod is given", object.at(entry), &[fact]);
                continue;
            };
            for name in entry.get("hostnames").into_iter().flat_map(|h| h.items()).filter_map(|h| h.text()) {
                aliases.insert(name.to_ascii_lowercase(), ip);
            }
        }
        aliases
    }

    fn container(&mut self, object: &Object<'d>, fact: usize, container: Node<'d>, aliases: &Aliases) {
        let mut settings: Vec<Setting<'d>> = Vec::new();
        for from in container.get("envFrom").into_iter().flat_map(|e| e.items()) {
            self.all_of(object, fact, from, &mut settings);
        }
        for env in container.get("env").into_iter().flat_map(|e| e.items()) {
            let Some(name) = env.get("name").and_then(|n| n.text()) else { continue };
            let location = object.at(env.get("value").or_else(|| env.get("valueFrom")).unwrap_or(env));
            if let Some(told) = self.variable(object.file, name) {
                settings.push(Setting { name: name.to_owned(), value: Value::Owned(told), location });
            } else if let Some(value) = env.get("value").and_then(|v| v.text()) {
                settings.push(Setting { name: name.to_owned(), value: Value::Text(value), location });
            } else if let Some(from) = env.get("valueFrom") {
                self.one_of(object, fact, name, from, location, &mut settings);
            }
        }
        let known: BTreeMap<String, String> = settings.iter().map(|s| (s.name.clone(), s.value.text().to_owned())).collect();
        for setting in &settings {
            let value = expand(setting.value.text(), &known);
            let found = mentions(&setting.name, &value);
            self.follow(fact, object.namespace, &setting.name, found, aliases, setting.location);
        }
        for key in ["command", "args"] {
            for arg in container.get(key).into_iter().flat_map(|a| a.items()) {
                let text = expand(arg.text().unwrap_or(""), &known);
                // `--log-endpoint=host:port` says what it is.
                let name = text
                    .split_once('=')
                    .filter(|(n, _)| n.starts_with('-'))
                    .map_or("", |(n, _)| n.trim_start_matches('-'))
                    .to_owned();
                let found = mentions(&name, &text);
                let setting = if name.is_empty() { "an argument".to_owned() } else { name };
                self.follow(fact, object.namespace, &setting, found, aliases, object.at(arg));
            }
        }
    }

    /// `envFrom`: every key of a config map or secret.
    fn all_of(&mut self, object: &Object<'d>, fact: usize, from: Node<'d>, settings: &mut Vec<Setting<'d>>) {
        let prefix = from.get("prefix").and_then(|p| p.text()).unwrap_or("");
        for (kind, key) in [("config map", "configMapRef"), ("secret", "secretRef")] {
            let Some(reference) = from.get(key) else { continue };
            let Some(name) = reference.get("name") else { continue };
            let (text, location) = (name.text().unwrap_or(""), object.at(name));
            if let Some(told) = self.variable(object.file, text) {
                settings.push(Setting { name: text.to_owned(), value: Value::Owned(told), location });
                continue;
            }
            let found = self.holders(kind, object.namespace, text);
            if found.is_empty() && reference.get("optional").and_then(|o| o.as_bool()) != Some(true) {
                self.unread_settings(kind, text, "all settings", location, fact);
            }
            for holder in found {
                for (key, value, location) in values(&holder) {
                    settings.push(Setting { name: format!("{prefix}{key}"), value, location });
                }
            }
        }
    }

    /// `valueFrom`: one key of a config map or secret.
    fn one_of(
        &mut self,
        object: &Object<'d>,
        fact: usize,
        name: &str,
        from: Node<'d>,
        location: Location,
        settings: &mut Vec<Setting<'d>>,
    ) {
        for (kind, key) in [("config map", "configMapKeyRef"), ("secret", "secretKeyRef")] {
            let Some(reference) = from.get(key) else { continue };
            let text = |key: &str| reference.get(key).and_then(|n| n.text()).unwrap_or("");
            let found = self.holders(kind, object.namespace, text("name"));
            let mut known = false;
            for holder in found {
                for (_, value, at) in values(&holder).into_iter().filter(|(k, _, _)| *k == text("key")) {
                    known = true;
                    settings.push(Setting { name: name.to_owned(), value, location: at });
                }
            }
            if !known && (may_hold_host(name) || may_hold_host(text("key"))) {
                self.unread_settings(kind, text("name"), &format!("`{name}`"), location, fact);
            }
        }
    }

    fn unread_settings(&mut self, kind: &str, name: &str, what: &str, location: Location, fact: usize) {
        self.gap(
            "setting-not-read",
            format!("{kind} `{}` gives {what}, and it was not read: it may name a host that data goes to", shorten(name)),
            "add it to the project, or tell what it names with `variables` in [[inputs.override]] (by the name of the variable, config map or secret; empty if it names no host)",
            location,
            &[fact],
        );
    }

    fn holders(&self, kind: &str, namespace: Option<&str>, name: &str) -> Vec<Object<'d>> {
        if kind == "secret" { self.secrets.find(namespace, name) } else { self.config_maps.find(namespace, name) }
    }

    fn volume(&mut self, object: &Object<'d>, fact: usize, volume: Node<'d>, aliases: &Aliases) {
        let named = volume.get("name").and_then(|n| n.text()).unwrap_or("");
        for source in volume.entries().filter(|e| e.name() != "name" && e.value.is_map()) {
            let (kind, value) = (source.name(), source.value);
            let location = object.at(source.key);
            match kind {
                "configMap" => self.config_file(object, fact, value, aliases),
                "projected" => {
                    for part in value.get("sources").into_iter().flat_map(|s| s.items()).filter_map(|s| s.get("configMap")) {
                        self.config_file(object, fact, part, aliases);
                    }
                }
                "persistentVolumeClaim" => {
                    let name = value.get("claimName").and_then(|n| n.text()).unwrap_or("");
                    let found = self.claims.find(object.namespace, name);
                    if found.is_empty() {
                        let id = self.id_of(object.namespace, "persistentvolumeclaim", name);
                        let message =
                            format!("claim `{}` is used here, but no manifest that was read declares it", shorten(name));
                        let store = self.store(&format!("{id} ({})", object.name), location);
                        self.remark("undefined-claim", message, "add its manifest, or correct the name", location);
                        self.route(fact, Reference::Fact(store), Activity::Forward, location);
                    }
                    for claim in found {
                        self.route(fact, Reference::Fact(claim), Activity::Forward, location);
                    }
                }
                // Declared with the workload, see `claim_templates`.
                "ephemeral" => {}
                "hostPath" => self.facts.endpoints[fact].roles.insert(Role::Store),
                _ if PASSING.contains(&kind) => {}
                _ if DISKS.contains(&kind) => {
                    let store = self.store(&format!("{} volume {named}", self.id(object)), location);
                    self.facts.endpoints[store].standing = Standing::WithSender;
                    self.route(fact, Reference::Fact(store), Activity::Forward, location);
                }
                "csi" if value.get("driver").and_then(|d| d.text()).is_some_and(|d| d.starts_with("secrets-store")) => {}
                _ => {
                    let store = self.store(&format!("{} volume {named}", self.id(object)), location);
                    self.remote(object, store, kind, value);
                    self.route(fact, Reference::Fact(store), Activity::Forward, location);
                }
            }
        }
    }

    /// A store that stands nowhere yet.
    pub fn store(&mut self, label: &str, location: Location) -> usize {
        let mut store = EndpointFact::new("kubernetes-volume", label, location);
        store.id = Some(label.to_owned());
        store.roles = Roles::of(&[Role::Store]);
        self.push(store)
    }

    /// The server of a volume that is elsewhere.
    pub fn remote(&mut self, object: &Object<'d>, store: usize, kind: &str, value: Node<'d>) {
        let server = REMOTE.iter().find(|(k, _)| *k == kind).and_then(|(_, key)| value.get(key));
        let servers: Vec<Node<'d>> =
            server.into_iter().flat_map(|s| if s.is_list() { s.items().collect() } else { vec![s] }).collect();
        let mut known = false;
        for server in servers {
            known |= self.server(object, store, server.text().unwrap_or(""), object.at(server));
        }
        if !known {
            let location = object.at(value);
            let message = format!("a volume of kind `{}` keeps its data where this manifest does not say", shorten(kind));
            self.remark("unknown-storage", message, "give the store its place with [[geo.override]]", location);
        }
    }

    /// A store stands where its server stands.
    pub fn server(&mut self, object: &Object<'d>, store: usize, host: &str, location: Location) -> bool {
        let mut known = false;
        for mention in mentions("server", host) {
            let targets: Vec<Reference> = match mention {
                Mention::Address { ip, port } => vec![Reference::Address { ip, port }],
                Mention::Host { name, port, .. } => match self.inside(object.namespace, &name) {
                    super::cluster::Inside::Services(found) => found.into_iter().map(Reference::Fact).collect(),
                    _ => vec![Reference::Host { name, port }],
                },
                Mention::Bucket(_) | Mention::CloudId(_) | Mention::Unresolved(_) => Vec::new(),
            };
            for to in targets {
                known = true;
                let mut way = RouteFact::new(Reference::Fact(store), to.clone(), Activity::Forward, location);
                way.alias = true;
                self.facts.routes.push(way);
                self.facts.endpoints[store].part_of.push(to);
            }
        }
        known
    }

    /// A config map as files: URLs in it are followed; the configuration of a router is not, and says so.
    fn config_file(&mut self, object: &Object<'d>, fact: usize, value: Node<'d>, aliases: &Aliases) {
        let Some(name) = value.get("name") else { return };
        let text = name.text().unwrap_or("");
        let location = object.at(name);
        if text == "kube-root-ca.crt" {
            return;
        }
        if let Some(told) = self.variable(object.file, text) {
            return self.follow(fact, object.namespace, text, mentions("host", &told), aliases, location);
        }
        let found = self.config_maps.find(object.namespace, text);
        if found.is_empty() && value.get("optional").and_then(|o| o.as_bool()) != Some(true) {
            self.unread_settings("config map", text, "files", location, fact);
        }
        for holder in found {
            for (key, value, at) in values(&holder) {
                self.follow(fact, object.namespace, key, in_file(value.text()), aliases, at);
                let lower = key.to_ascii_lowercase();
                if ROUTING_FILES.iter().any(|end| lower.ends_with(end)) && routes_data(value.text()) {
                    self.gap(
                        "embedded-configuration",
                        format!(
                            "config map `{}` holds the configuration `{}`, which is not followed here",
                            shorten(text),
                            shorten(key)
                        ),
                        "put that configuration into a file of its own beside the manifests, where its reader finds it",
                        at,
                        &[fact],
                    );
                }
            }
        }
    }
}

/// Words by which routing programs hand data on; settings of databases and the like have none of them.
fn routes_data(text: &str) -> bool {
    const WORDS: &[&str] =
        &["proxy_pass", "upstream", "backend", "forward", "cluster", "reverse_proxy", "server ", "remote", "@type", "host"];
    text.lines().any(|l| !l.trim_start().starts_with('#') && WORDS.iter().any(|w| l.contains(w)))
}

/// Keys and values of a config map or secret; a secret's `data` is base64.
fn values<'d>(holder: &Object<'d>) -> Vec<(&'d str, Value<'d>, Location)> {
    let mut all = Vec::new();
    for (field, encoded) in [("data", holder.kind == "Secret"), ("stringData", false)] {
        for entry in holder.path(&[field]).into_iter().flat_map(|d| d.entries()) {
            let text = entry.value.text().unwrap_or("");
            let value = if encoded { Value::Owned(base64(text)) } else { Value::Text(text) };
            all.push((entry.name(), value, holder.at(entry.key)));
        }
    }
    all
}

/// RFC 4648, section 4. What is no text names no host.
fn base64(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// `$(NAME)` of other variables, once: Kubernetes expands what was defined before, and never twice. What stays unknown stays.
fn expand(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("$(") {
        out.push_str(before);
        match after.split_once(')') {
            Some((name, tail)) if known.contains_key(name) => {
                // What is longer than any setting is not worth expanding.
                if out.len() < 1 << 16 {
                    out.push_str(&known[name]);
                }
                rest = tail;
            }
            _ => {
                out.push_str("$(");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_texts() {
        assert_eq!(base64("cG9zdGdyZXM6Ly9kYi5leGFtcGxlLmNvbQ=="), "postgres://db.example.com");
        assert_eq!(base64("//79"), "");
        assert_eq!(base64(""), "");
    }

    #[test]
    fn variables_expand_once() {
        let known = BTreeMap::from([("HOST".to_owned(), "db.example.com".to_owned())]);
        assert_eq!(expand("pg://u:$(PW)@$(HOST)/x", &known), "pg://u:$(PW)@db.example.com/x");
        assert_eq!(expand("$(", &known), "$(");
    }
}
