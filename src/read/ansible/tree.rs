//! The YAML notation (`all: {hosts, children, vars}`), what `ansible-inventory --list` prints as JSON, the configurations of
//! inventory plug-ins, and lists of hosts in layouts that only a plug-in of their owner understands.

use super::inventory::Inventory;
use super::vars::{Vars, short};
use super::{gap, ini, variables};
use crate::doc::{Document, Node};
use crate::model::GapScope;
use crate::read::Recognized;
use crate::source::Location;

/// What a group is made of.
const PARTS: [&str; 3] = ["hosts", "children", "vars"];

/// Variables by which a map of a foreign layout is a host.
const ADDRESSES: [&str; 4] = ["ansible_host", "ip", "ip_address", "address"];

pub fn recognize(name: &str, in_folder: bool, text: &str) -> Recognized {
    let stem = name.split('.').next().unwrap_or(name);
    let called = in_folder || stem.split(['-', '_']).any(|w| matches!(w, "hosts" | "inventory"));
    let mut tops: Vec<(&str, Option<&str>)> = Vec::new();
    let (mut plugin, mut all_part, mut others) = (false, false, 0);
    // The indentation of the groups' parts: that of the first line below a group.
    let mut inner = None;
    for line in text.lines().filter(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#') && !l.starts_with("---")) {
        let indent = line.len() - line.trim_start().len();
        let word = line.trim_start();
        let key = word.split_once(':').map(|(k, _)| k.trim_matches(['"', '\'']));
        if indent == 0 {
            inner = None;
            let Some(key) = key.filter(|_| !word.starts_with('-')) else {
                // A list at the top is a playbook or something else; a list below `hosts:` may be written without indentation.
                if tops.is_empty() {
                    return Recognized::No;
                }
                continue;
            };
            plugin |= key == "plugin" && is_plugin(word.split_once(':').map_or("", |(_, v)| v.trim()), name);
            tops.push((key, None));
        } else if let Some(top) = tops.last_mut() {
            let depth = *inner.get_or_insert(indent);
            if top.1.is_none() {
                top.1 = Some(word);
            }
            if indent == depth {
                match key {
                    Some(key) if PARTS.contains(&key) => all_part |= top.0 == "all",
                    _ => others += 1,
                }
            }
        }
    }
    let groups = tops.iter().all(|(_, first)| first.is_none_or(|f| PARTS.iter().any(|p| f.starts_with(p)))) && others == 0;
    let some = tops.iter().any(|(_, first)| first.is_some());
    let foreign = matches!(tops.as_slice(), [("hosts", Some(first))] if called && first.starts_with("- "));
    match (plugin, all_part && tops.len() < 100, groups && some && called) {
        (true, _, _) | (_, true, _) | (_, _, true) => Recognized::Yes,
        _ if foreign => Recognized::Yes,
        _ => Recognized::No,
    }
}

/// The configuration of an inventory plug-in: by the name that each plug-in demands of its files, or by the plug-in's own name.
fn is_plugin(value: &str, file: &str) -> bool {
    let value = value.trim_matches(['"', '\'']);
    let short = value.rsplit('.').next().unwrap_or(value);
    let of_file = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let known = PLUGINS.contains(&short);
    known || (!short.is_empty() && of_file.ends_with(short) && value.contains('.'))
}

/// Plug-ins that list hosts of a provider, or build on what other sources list.
const PLUGINS: &[&str] = &[
    "ali_ecs",
    "aws_ec2",
    "aws_rds",
    "azure_rm",
    "cloudscale",
    "constructed",
    "digitalocean",
    "docker_containers",
    "docker_swarm",
    "gcp_compute",
    "generator",
    "hcloud",
    "inventory",
    "k8s",
    "kubevirt",
    "libvirt",
    "linode",
    "nb_inventory",
    "nmap",
    "oci",
    "openstack",
    "ovirt",
    "proxmox",
    "scaleway",
    "servicenow",
    "vmware_vm_inventory",
    "vultr",
];

/// `ansible-inventory --list`, and what an inventory script prints.
pub fn recognize_json(text: &str) -> Recognized {
    let is_list = text.trim_start().starts_with('{') && text.contains("\"_meta\"") && text.contains("\"hostvars\"");
    if is_list { Recognized::Yes } else { Recognized::No }
}

pub fn read(document: &Document<'_>, to: &mut Inventory) {
    for root in document.roots() {
        if root.get("plugin").is_some_and(|p| p.text().is_some()) && root.get("all").is_none() {
            dynamic(root, to);
        } else if root.get("hosts").is_some_and(|h| h.is_list()) && root.entries().count() == 1 {
            to.foreign = Some(Location::new(to.file, root.span()));
            if let Some(hosts) = root.get("hosts") {
                foreign(hosts, &mut Vec::new(), to);
            }
        } else if root.is_map() {
            for entry in root.entries().filter(|e| e.name() != "_meta") {
                group(entry.name(), entry.value, to);
            }
            let of_hosts = root.path(&["_meta", "hostvars"]);
            for host in of_hosts.into_iter().flat_map(|h| h.entries()) {
                let at = Location::new(to.file, host.key.span());
                to.host(host.name(), "all", variables(host.value, to.file), at);
            }
        } else if !root.is_null() {
            let at = Location::new(to.file, root.span());
            let message = "this is no map of groups, so that no host was read of it".to_owned();
            to.gaps.push(gap(
                "malformed-line",
                at,
                message,
                "write `all:` with `hosts:` and `children:`",
                GapScope::Everything,
            ));
        }
    }
}

fn group(name: &str, node: Node<'_>, to: &mut Inventory) {
    to.group(name);
    // Scripts may give a group as the list of its hosts.
    if node.is_list() {
        return hosts(name, node, to);
    }
    for part in node.entries() {
        match part.name() {
            "hosts" => hosts(name, part.value, to),
            "vars" => {
                let vars = variables(part.value, to.file);
                to.group(name).vars.extend(vars);
            }
            "children" => {
                for child in part.value.items().filter_map(|i| i.text()) {
                    to.group(child);
                    to.group(name).children.insert(child.to_owned());
                }
                for child in part.value.entries() {
                    to.group(name).children.insert(child.name().to_owned());
                    group(child.name(), child.value, to);
                }
            }
            other => {
                let at = Location::new(to.file, part.key.span());
                let message = format!(
                    "group `{}` has a part `{}`, which Ansible leaves out; what stands below it was not read",
                    short(name),
                    short(other)
                );
                let help = "a group has `hosts`, `children` and `vars`; put groups below `children`";
                to.gaps.push(gap("malformed-line", at, message, help, GapScope::Everything));
            }
        }
    }
    let odd = !node.is_map() && !node.is_null() && !node.is_list();
    if odd {
        let at = Location::new(to.file, node.span());
        let message = format!("group `{}` is no map of `hosts`, `children` and `vars`", short(name));
        to.gaps.push(gap("malformed-line", at, message, "correct the group", GapScope::Everything));
    }
}

fn hosts(group: &str, node: Node<'_>, to: &mut Inventory) {
    for name in node.items().chain((!node.is_list() && !node.is_map()).then_some(node)) {
        if let Some(text) = name.text().filter(|t| !t.is_empty()) {
            ini::add_hosts(text, group, &Vars::new(), Location::new(to.file, name.span()), to);
        }
    }
    for host in node.entries() {
        let vars = variables(host.value, to.file);
        ini::add_hosts(host.name(), group, &vars, Location::new(to.file, host.key.span()), to);
    }
}

/// Lists and maps of any depth, in which a map with an address is a host. Its name is the way to it, since the last part alone
/// need not be unique.
fn foreign<'d>(node: Node<'d>, way: &mut Vec<&'d str>, to: &mut Inventory) {
    for item in node.items() {
        foreign(item, way, to);
    }
    for entry in node.entries() {
        way.push(entry.name());
        if ADDRESSES.iter().any(|a| entry.value.get(a).is_some_and(|v| v.text().is_some())) {
            let at = Location::new(to.file, entry.key.span());
            to.host(&way.join("-"), way.first().copied().unwrap_or("all"), variables(entry.value, to.file), at);
        } else {
            foreign(entry.value, way, to);
        }
        way.pop();
    }
}

/// The configuration of a plug-in: the hosts are not in any file.
fn dynamic(root: Node<'_>, to: &mut Inventory) {
    let Some(plugin) = root.entry("plugin") else { return };
    let name = plugin.value.text().unwrap_or("");
    let at = Location::new(to.file, plugin.value.span());
    let builds_on_others = matches!(name.rsplit('.').next().unwrap_or(name), "constructed" | "generator");
    if builds_on_others && root.get("compose").is_none() && !name.ends_with("generator") {
        return;
    }
    let mut wheres: Vec<&str> = Vec::new();
    for key in ["regions", "zones", "locations"] {
        wheres.extend(root.get(key).into_iter().flat_map(|n| n.items()).filter_map(|n| n.text()));
    }
    let shown = if wheres.is_empty() {
        String::new()
    } else {
        format!(" (it looks into {})", wheres.iter().take(8).map(|w| short(w)).collect::<Vec<_>>().join(", "))
    };
    let message =
        format!("the inventory plug-in `{}` lists hosts when it is run; none of them is in a file{shown}", short(name));
    let help = "give what `ansible-inventory -i FILE --list > inventory.json` prints; if other inputs list the same machines, leave this file out with `[inputs] exclude`";
    to.gaps.push(gap("dynamic-inventory", at, message, help, GapScope::Everything));
}
