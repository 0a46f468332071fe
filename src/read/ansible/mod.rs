//! Ansible inventories: which hosts there are, by what addresses and names they are reached, and what their variables say of
//! them. An inventory is read with the `group_vars` and `host_vars` beside it and in the folders above it, with the precedence
//! that Ansible documents ("Understanding variable precedence"). It gives endpoints and no routes.
//!
//! What says where a host stands, and what does not:
//!
//! * Its addresses do: `ansible_host`, and variables that are addresses by their name (`ipv4_address`, `public_ip`...).
//! * A `site`, `datacenter`, `dc` or `location` variable does if it is the id of a declared `[[site]]`; else it is a word.
//! * `region` and `zone` do together with a `provider` or `cloud` (a variable, or `[[inputs.override]]`): nine ids mean different
//!   countries at different providers. Without one they are a gap.
//! * The name of a group never does. `hetzner` is a company with machines in several countries, and `eu` may be whom the hosts
//!   serve; groups become tags (`group.NAME`), which `[[classify]]` and `[[geo.override]]` can select by.
//!
//! Playbooks, roles and their variables are not read, and nothing is executed: what an inventory plug-in would list is a gap.

use std::collections::{BTreeMap, BTreeSet};

use super::{Input, Reader, Reading, Recognized, Set, alone, glance};
use crate::doc;
use crate::model::{Facts, Gap, GapScope, Reference, Unread};
use crate::source::{InputError, Location, SourceId, Span};
use inventory::Inventory;
use vars::{VarFiles, Vars};

mod facts;
mod ini;
mod inventory;
mod tree;
mod vars;

pub struct Ansible;

impl Reader for Ansible {
    fn format(&self) -> &'static str {
        "ansible-inventory"
    }

    fn describe(&self) -> &'static str {
        "Ansible inventory (INI, YAML, `ansible-inventory --list` JSON) with its group_vars and host_vars"
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        if vars::owner(path).is_some() {
            return Recognized::Yes;
        }
        let text = glance(text);
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "yml" | "yaml" => tree::recognize(&name, in_folder(path), text),
            "json" => tree::recognize_json(text),
            _ => ini::recognize(&name, in_folder(path), text),
        }
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        let (vars, inventories): (Vec<SourceId>, Vec<SourceId>) =
            set.files.iter().copied().partition(|id| vars::owner(&set.sources.get(*id).path).is_some());
        let files = VarFiles::new(set, &vars);
        let mut used = BTreeSet::new();
        // By the name of a host and by the names of groups: who could take a variable file that belongs to no inventory.
        let mut hosts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut readings = Vec::new();
        for id in inventories {
            let (mut reading, inventory) = one(&set.input(id), &files);
            for (host, groups) in inventory.members() {
                hosts.entry(host).or_default().extend(groups);
            }
            used.extend(reading.included.iter().copied());
            reading.included.sort_unstable();
            readings.push((id, reading));
        }
        for id in vars.into_iter().filter(|id| !used.contains(id)) {
            readings.push((id, stray(&set.input(id), &files, &hosts)));
        }
        Some(readings)
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        alone(self, input)
    }
}

/// `inventory/production`, `ansible/inventories/prod/main`.
fn in_folder(path: &str) -> bool {
    path.split('/').rev().skip(1).any(|folder| folder == "inventory" || folder == "inventories")
}

/// One inventory with its variable files.
fn one(input: &Input<'_>, files: &VarFiles) -> (Reading, Inventory) {
    let text = input.text();
    let mut inventory = Inventory::new(input.file);
    let extension =
        input.path().rsplit('/').next().and_then(|n| n.rsplit_once('.')).map_or("", |(_, e)| e).to_ascii_lowercase();
    let is_tree = matches!(extension.as_str(), "yml" | "yaml" | "json") || text.trim_start().starts_with(['{', '-']);
    let mut reading = Reading::default();
    if text.trim_start().starts_with(vars::VAULT) {
        reading.broken = Some("it is encrypted with Ansible Vault".to_owned());
        return (reading, inventory);
    }
    if is_tree {
        let document = if text.trim_start().starts_with('{') { doc::json::parse(text) } else { doc::yaml::parse(text) };
        tree::read(&document, &mut inventory);
        if let Some(problem) = document.problems().first() {
            reading.syntax.push(mistake(input.file, problem.span, &problem.message));
        }
    } else {
        ini::read(text, &mut inventory);
    }
    inventory.finish();
    let (facts, included) = facts::facts(&inventory, files, input);
    reading.facts = facts;
    let broken = |id: &SourceId| files.get(*id).and_then(|f| f.broken.as_ref()).map(|(why, span)| mistake(*id, *span, why));
    reading.syntax.extend(included.iter().filter_map(broken));
    reading.included = included;
    (reading, inventory)
}

fn mistake(file: SourceId, span: Span, message: &str) -> InputError {
    InputError { location: Location::new(file, span), message: message.to_owned(), help: None }
}

/// A variable file beside no inventory that was read. It adds no host, but it could say where some stand.
fn stray(input: &Input<'_>, files: &VarFiles, hosts: &BTreeMap<String, BTreeSet<String>>) -> Reading {
    let mut reading = Reading::default();
    let (Some(owner), Some(file)) = (vars::owner(input.path()), files.get(input.file)) else { return reading };
    reading.syntax.extend(file.broken.as_ref().map(|(why, span)| mistake(input.file, *span, why)));
    let Some(what) = file.could_place() else { return reading };
    let touched: Vec<Reference> = hosts
        .iter()
        .filter(|(host, groups)| match owner.kind {
            vars::Kind::Host => **host == owner.name,
            vars::Kind::Group => owner.name == "all" || groups.contains(owner.name),
        })
        .map(|(host, _)| Reference::Host { name: host.to_lowercase(), port: None })
        .collect();
    let scope = if touched.is_empty() { GapScope::Nothing } else { GapScope::Endpoints(touched) };
    let gap = Unread {
        code: "variables-without-inventory",
        message: format!("{what} of {owner} stands beside no inventory that was read, so which hosts take it is not known"),
        help: Some("move the folder beside the inventory or above it, or leave it out with `[inputs] exclude`".to_owned()),
        location: Location::new(input.file, Span::default()),
        scope,
    };
    reading.facts = Facts { gaps: vec![gap], ..Facts::default() };
    reading
}

/// A gap of one place in a file.
fn gap(code: &'static str, location: Location, message: String, help: &str, scope: GapScope<Reference>) -> Unread {
    Gap { code, message, help: Some(help.to_owned()), location, scope }
}

/// The variables of a map node.
fn variables(node: doc::Node<'_>, file: SourceId) -> Vars {
    vars::of_map(node, file)
}
