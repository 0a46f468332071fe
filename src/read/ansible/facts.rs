//! From an inventory and its variable files to endpoints.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::gap;
use super::inventory::Inventory;
use super::vars::{Found, Kind, Layers, VarFile, VarFiles, Vars, short};
use crate::model::{Address, EndpointFact, Facts, GapScope, Reference, Trail};
use crate::read::{FileSettings, Input, paths};
use crate::source::{Location, SourceId, Spanned};

/// Variables with the address by which others reach the host.
const ADDRESSES: &[&str] = &[
    "ip",
    "ip_address",
    "ipv4",
    "ipv4_address",
    "ipv6",
    "ipv6_address",
    "public_ip",
    "public_ipv4",
    "private_ip",
    "private_ipv4",
    "primary_ip",
];
const SITES: &[&str] = &["site", "datacenter", "data_center", "dc", "location"];
const PROVIDERS: &[&str] = &["provider", "cloud_provider", "cloud"];
const ZONES: &[&str] = &["zone", "az", "availability_zone"];
/// The name that Ansible knows and its older form.
const HOSTS: &[&str] = &["ansible_host", "ansible_ssh_host"];
const NAMES: &[&str] = &["fqdn", "dns_name", "dns_entry"];
/// Variables that `[[classify]]` selects by. The others are not kept: some of them are secrets.
const TAGS: &[&str] = &[
    "app",
    "application",
    "classification",
    "data_class",
    "data_classification",
    "dataset",
    "env",
    "environment",
    "owner",
    "product",
    "project",
    "role",
    "service",
    "stage",
    "team",
    "tenant",
    "tier",
];

/// Connections by which `ansible_host` is a name or address of the host; others take it for the name of a container.
const BY_NETWORK: &[&str] =
    &["ssh", "paramiko", "paramiko_ssh", "smart", "winrm", "psrp", "local", "network_cli", "netconf", "httpapi"];

/// Variables whose value decides where a host stands, or by what address it is found.
pub fn deciding() -> impl Iterator<Item = &'static str> {
    [HOSTS, SITES, PROVIDERS, &["region"], ZONES, ADDRESSES].into_iter().flatten().copied()
}

/// Gaps of several hosts about one line become one.
#[derive(Default)]
struct Unclear(BTreeMap<(Location, &'static str), (String, &'static str, Vec<Reference>)>);

impl Unclear {
    fn say(&mut self, code: &'static str, at: Location, message: String, help: &'static str, host: Option<Reference>) {
        let known = self.0.entry((at, code)).or_insert((message, help, Vec::new()));
        known.2.extend(host);
    }
}

/// The facts of an inventory, and the variable files that it took.
pub fn facts(inventory: &Inventory, files: &VarFiles, input: &Input<'_>) -> (Facts, Vec<SourceId>) {
    let path = input.path();
    let folder = paths::folder(path);
    let stack = Stack { inventory, files, bases: files.bases(folder) };
    let told = input.settings.of(path);
    let mut facts = Facts { gaps: inventory.gaps.clone(), ..Facts::default() };
    let mut unclear = Unclear::default();
    let mut used = BTreeSet::new();
    for name in inventory.hosts.keys() {
        if is_controller(name) {
            continue;
        }
        let (layers, hidden) = stack.layers(name, &mut used);
        let reference = Reference::Fact(facts.endpoints.len());
        let fact = Host { name, layers: &layers, told: &told, inventory, reference: &reference, unclear: &mut unclear }.fact();
        for (id, file) in hidden {
            hidden_file(id, file, &fact, &reference, &mut unclear);
        }
        facts.endpoints.push(fact);
    }
    if let Some(at) = inventory.foreign {
        let message =
            "this is not the layout of an Ansible inventory: a plug-in of its owner reads it. What has an address was \
                       taken as a host; what else the plug-in makes of it is not known"
                .to_owned();
        let help = "give what `ansible-inventory --list` prints";
        let all = (0..facts.endpoints.len()).map(Reference::Fact).collect();
        facts.gaps.push(gap("foreign-inventory", at, message, help, GapScope::Endpoints(all)));
    }
    for ((at, code), (message, help, hosts)) in unclear.0 {
        let scope = if hosts.is_empty() { GapScope::Nothing } else { GapScope::Endpoints(hosts) };
        facts.gaps.push(gap(code, at, message, help, scope));
    }
    (facts, used.into_iter().collect())
}

/// The machine that runs Ansible is none of the inventory's.
fn is_controller(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

/// A variable file that could not be read may say where the host stands, unless that is known without it.
fn hidden_file(id: SourceId, file: &VarFile, fact: &EndpointFact, host: &Reference, unclear: &mut Unclear) {
    let known = !fact.addresses.is_empty() || fact.region.is_some();
    let touched = (!known || file.broken.is_some()).then(|| host.clone());
    if let Some((why, span)) = &file.broken {
        let message = format!("this file of variables is broken, so what it says of hosts is not known: {why}");
        unclear.say("syntax", Location::new(id, *span), message, "correct the file", touched);
    } else {
        let message = "this file of variables is encrypted with Ansible Vault; it may say where hosts stand".to_owned();
        let help = "keep addresses and sites in a file that is not encrypted";
        unclear.say("vaulted-value", Location::new(id, crate::source::Span::default()), message, help, touched);
    }
}

struct Stack<'i> {
    inventory: &'i Inventory,
    files: &'i VarFiles,
    bases: Vec<String>,
}

impl<'i> Stack<'i> {
    /// The variables of a host, the strongest first, and its files that could not be read. The order, from the weakest: the
    /// inventory's variables of `all` and of other groups; `group_vars/all`; other `group_vars`; the inventory's variables of
    /// the host; `host_vars`. Within each, the folder beside the inventory comes before those above it.
    fn layers<'h>(&self, host: &'h str, used: &mut BTreeSet<SourceId>) -> (Layers<'h>, Vec<(SourceId, &'i VarFile)>)
    where
        'i: 'h,
    {
        let groups = self.inventory.groups_of(host);
        let mut weakest: Vec<&'i Vars> = Vec::new();
        let mut hidden = Vec::new();
        let own = |name: &str| self.inventory.groups.get(name).map(|g| &g.vars);
        let mut take = |base: &str, kind: Kind, name: &str, layers: &mut Vec<&'i Vars>| {
            for (id, file) in self.files.of(base, kind, name) {
                used.insert(id);
                layers.push(&file.vars);
                if file.vaulted || file.broken.is_some() {
                    hidden.push((id, file));
                }
            }
        };
        weakest.extend(own("all"));
        weakest.extend(groups.iter().filter_map(|g| own(g)));
        for base in &self.bases {
            take(base, Kind::Group, "all", &mut weakest);
        }
        for base in &self.bases {
            groups.iter().for_each(|group| take(base, Kind::Group, group, &mut weakest));
        }
        weakest.extend(self.inventory.hosts.get(host).map(|h| &h.vars));
        for base in &self.bases {
            take(base, Kind::Host, host, &mut weakest);
        }
        weakest.reverse();
        (Layers { host, layers: weakest }, hidden)
    }
}

struct Host<'h, 'u> {
    name: &'h str,
    layers: &'h Layers<'h>,
    told: &'h FileSettings,
    inventory: &'h Inventory,
    reference: &'h Reference,
    unclear: &'u mut Unclear,
}

impl Host<'_, '_> {
    fn fact(mut self) -> EndpointFact {
        let location = self.inventory.hosts[self.name].location;
        let mut fact = EndpointFact::new("host", self.name, location);
        self.address_of_name(self.name, location, &mut fact);
        let by_network = match self.text("ansible_connection") {
            Some((connection, _)) => BY_NETWORK.contains(&connection.rsplit('.').next().unwrap_or(&connection)),
            None => true,
        };
        for name in HOSTS {
            if let Some((text, lines)) = self.text(name).filter(|_| by_network) {
                self.address_of_name(&text, lines[0], &mut fact);
            }
        }
        for name in ADDRESSES {
            let Some((text, lines)) = self.text(name) else { continue };
            let bare = text.split('/').next().unwrap_or(&text);
            if let Ok(ip) = bare.parse::<IpAddr>() {
                add_address(ip, lines[0], &mut fact);
            }
        }
        for name in NAMES {
            if let Some((text, lines)) = self.text(name).filter(|(t, _)| t.contains('.')) {
                self.address_of_name(&text, lines[0], &mut fact);
            }
        }
        self.place(&mut fact);
        fact.account = self.told.account.as_ref().map(|t| t.text.clone());
        for name in TAGS {
            if let Some((text, _)) = self.text(name) {
                fact.tags.insert((*name).to_owned(), text);
            }
        }
        for name in self.layers.beginning("tags.").into_iter().take(100) {
            if let Some(Found::Text(text, _)) = self.layers.get(name) {
                fact.tags.insert(name.trim_start_matches("tags.").to_owned(), text);
            }
        }
        for group in self.inventory.groups_of(self.name).iter().take(200) {
            fact.tags.insert(format!("group.{group}"), "yes".to_owned());
        }
        fact
    }

    fn place(&mut self, fact: &mut EndpointFact) {
        let source = fact.location.source;
        let beside = fact.location;
        // Spans are of the inventory's own file; what is written elsewhere stands in the trail.
        let spanned = |text: String, at: Location| Spanned::new(text, if at.source == source { at.span } else { beside.span });
        for name in SITES {
            if let Some((text, lines)) = self.text(name) {
                fact.site_hints.push(spanned(text, lines[lines.len() - 1]));
            }
        }
        let provider = PROVIDERS.iter().find_map(|name| self.text(name).map(|(text, _)| text));
        fact.provider = provider.or_else(|| self.told.provider.as_ref().map(|t| t.text.clone()));
        let region = self.text("region").map(|(text, lines)| ("region", text, lines));
        let zone = ZONES.iter().find_map(|name| self.text(name).map(|(text, lines)| (*name, text, lines)));
        if fact.provider.is_some() {
            for (name, text, lines) in zone.clone().into_iter().chain(region.clone()) {
                let stated = lines[lines.len() - 1];
                if fact.trail.is_empty() && (stated.source != source || lines.len() > 1) {
                    let first = Trail::stated(stated, format!("`{name}` of this host is stated here"));
                    fact.trail = lines.iter().rev().skip(1).fold(first, |trail, at| trail.through(*at, "it is used here"));
                }
                let value = Some(spanned(text, stated));
                if name == "region" { fact.region = value } else { fact.zone = value }
            }
        } else if let Some((name, text, lines)) = zone.or(region) {
            let known = fact.addresses.iter().any(|a| !crate::model::site::is_private(a.ip));
            let host = (!known).then(|| self.reference.clone());
            let message = format!(
                "`{name}` is `{}`, but nothing says whose {name} that is; ids mean different places at different providers",
                short(&text)
            );
            let help = "add a `provider` variable, or `provider` to the [[inputs.override]] of the file";
            self.unclear.say("region-without-provider", lines[0], message, help, host);
        }
        if fact.region.is_none()
            && fact.zone.is_none()
            && fact.site_hints.is_empty()
            && let Some(region) = &self.told.region
        {
            fact.region = Some(Spanned::new(region.text.clone(), beside.span));
            fact.trail = Trail::stated(region.location, "the region of this file is stated here");
        }
    }

    /// An address, or a name by which the host is known.
    fn address_of_name(&mut self, text: &str, at: Location, fact: &mut EndpointFact) {
        if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            add_address(ip, at, fact);
            return;
        }
        let name = text.trim_end_matches('.').to_lowercase();
        let label = |l: &str| !l.is_empty() && l.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        let is_new = fact.names.iter().all(|n| n.value != name);
        if name.len() <= 253 && name.split('.').all(label) && is_new && name != "localhost" {
            let span = if at.source == fact.location.source { at.span } else { fact.location.span };
            fact.names.push(Spanned::new(name, span));
        }
    }

    /// A variable's text; what hides it is told if it could decide where the host stands.
    fn text(&mut self, name: &str) -> Option<(String, Vec<Location>)> {
        let decides = deciding().any(|known| known == name);
        match self.layers.get(name)? {
            Found::Text(text, lines) => (!text.is_empty()).then_some((text, lines)),
            Found::Vaulted(at) => {
                if decides {
                    let message = format!("`{name}` is encrypted with Ansible Vault, so where its hosts stand is not known");
                    let help = "keep addresses and sites unencrypted; they are no secrets to those who run the hosts";
                    self.unclear.say("vaulted-value", at, message, help, Some(self.reference.clone()));
                }
                None
            }
            Found::Unresolved(at, why) => {
                if decides {
                    let message = format!("`{name}` cannot be told: {why}");
                    let help = "write the value, or give what `ansible-inventory --list` prints";
                    self.unclear.say("unresolved-variable", at, message, help, Some(self.reference.clone()));
                }
                None
            }
        }
    }
}

/// Addresses that mean the machine itself say nothing of it.
fn add_address(ip: IpAddr, at: Location, fact: &mut EndpointFact) {
    let ip = ip.to_canonical();
    let own = ip.is_loopback() || ip.is_unspecified() || ip.is_multicast();
    if !own && fact.addresses.iter().all(|a| a.ip != ip) {
        fact.addresses.push(Address { ip, port: None, location: at });
    }
}
