//! An inventory as it is written, whatever its notation: groups of hosts and of groups, with variables of both.

use std::collections::{BTreeMap, BTreeSet};

use super::vars::Vars;
use crate::model::{GapScope, Unread};
use crate::source::{Location, SourceId, Span};

/// More hosts than this in one inventory come from ranges made to be large.
pub const MAX_HOSTS: usize = 200_000;
/// So many steps from group to group are taken.
const MAX_STEPS: usize = 20_000_000;

#[derive(Debug, Default)]
pub struct Group {
    pub hosts: BTreeSet<String>,
    pub children: BTreeSet<String>,
    pub vars: Vars,
}

#[derive(Debug)]
pub struct Host {
    pub vars: Vars,
    /// Where it is named first.
    pub location: Location,
}

#[derive(Debug)]
pub struct Inventory {
    pub file: SourceId,
    pub groups: BTreeMap<String, Group>,
    pub hosts: BTreeMap<String, Host>,
    pub gaps: Vec<Unread>,
    /// The layout is not Ansible's own: what it means beyond names and addresses is not known. Where it begins.
    pub foreign: Option<Location>,
    /// Host -> the groups it is in, those above them too, weakest first; without `all`. Made by [`Inventory::finish`].
    member_of: BTreeMap<String, Vec<String>>,
}

impl Inventory {
    pub fn new(file: SourceId) -> Self {
        Self {
            file,
            groups: BTreeMap::new(),
            hosts: BTreeMap::new(),
            gaps: Vec::new(),
            foreign: None,
            member_of: BTreeMap::new(),
        }
    }

    pub fn group(&mut self, name: &str) -> &mut Group {
        self.groups.entry(name.to_owned()).or_default()
    }

    /// Adds a host to a group. Variables said again win. `false` if there are too many hosts.
    pub fn host(&mut self, name: &str, group: &str, vars: Vars, location: Location) -> bool {
        if self.hosts.len() >= MAX_HOSTS && !self.hosts.contains_key(name) {
            return false;
        }
        let host = self.hosts.entry(name.to_owned()).or_insert_with(|| Host { vars: Vars::new(), location });
        host.vars.extend(vars);
        self.group(group).hosts.insert(name.to_owned());
        true
    }

    /// Sorts out who is in which group, once everything is read.
    pub fn finish(&mut self) {
        let parents = self.parents();
        let mut budget = MAX_STEPS;
        let depth = depths(&self.groups, &parents, &mut budget);
        // Groups above each group; itself too.
        let mut lines: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for name in self.groups.keys() {
            let (mut seen, mut stack) = (BTreeSet::from([name.as_str()]), vec![name.as_str()]);
            while let Some(next) = stack.pop() {
                for parent in parents.get(next).into_iter().flatten() {
                    budget = budget.saturating_sub(1);
                    if budget > 0 && seen.insert(parent) {
                        stack.push(parent);
                    }
                }
            }
            lines.insert(name, seen);
        }
        let mut member_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, group) in &self.groups {
            for host in &group.hosts {
                let above = lines.get(name.as_str()).into_iter().flatten();
                budget = budget.saturating_sub(above.clone().count());
                if budget > 0 {
                    member_of.entry(host).or_default().extend(above);
                }
            }
        }
        let order = |name: &&str| (depth.get(*name).copied().unwrap_or(1), self.priority(name), (*name).to_owned());
        let sorted = |groups: BTreeSet<&str>| -> Vec<String> {
            let mut groups: Vec<&str> = groups.into_iter().filter(|g| *g != "all").collect();
            groups.sort_by_cached_key(order);
            groups.into_iter().map(str::to_owned).collect()
        };
        let member_of = member_of.into_iter().map(|(host, groups)| (host.to_owned(), sorted(groups))).collect();
        self.member_of = member_of;
        if budget == 0 {
            self.gaps.push(super::gap(
                "too-large",
                Location::new(self.file, Span::default()),
                "the groups of this inventory are nested so widely that not all of them were followed".to_owned(),
                "split the inventory, or give what `ansible-inventory --list` prints instead",
                GapScope::Everything,
            ));
        }
    }

    /// The groups of a host but for `all`, the weakest first: by depth, then priority, then name.
    pub fn groups_of(&self, host: &str) -> &[String] {
        self.member_of.get(host).map_or(&[], Vec::as_slice)
    }

    /// Every host with its groups.
    pub fn members(&self) -> impl Iterator<Item = (String, Vec<String>)> {
        self.hosts.keys().map(|host| (host.clone(), self.groups_of(host).to_vec()))
    }

    fn parents(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut parents: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, group) in &self.groups {
            for child in group.children.iter().filter(|c| *c != name) {
                parents.entry(child).or_default().insert(name);
            }
        }
        parents
    }

    /// `ansible_group_priority`, which counts only where the inventory itself sets it.
    fn priority(&self, group: &str) -> i64 {
        let value = self.groups.get(group).and_then(|g| g.vars.get("ansible_group_priority"));
        match value {
            Some((super::vars::Value::Text(text), _)) => text.trim().parse().unwrap_or(1),
            _ => 1,
        }
    }
}

/// The longest way of each group up to `all`; groups in a circle have none and count as one step.
fn depths<'a>(
    groups: &'a BTreeMap<String, Group>,
    parents: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    budget: &mut usize,
) -> BTreeMap<String, usize> {
    let mut open: BTreeMap<&str, usize> =
        groups.keys().map(|g| (g.as_str(), parents.get(g.as_str()).map_or(0, BTreeSet::len))).collect();
    let mut ready: Vec<&str> = open.iter().filter(|(_, n)| **n == 0).map(|(g, _)| *g).collect();
    let mut depth: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(name) = ready.pop() {
        let below = depth.get(name).copied().unwrap_or(usize::from(name != "all")) + 1;
        for child in groups.get(name).into_iter().flat_map(|g| &g.children).filter(|c| *c != name) {
            *budget = budget.saturating_sub(1);
            let known = depth.entry(child.clone()).or_insert(1);
            *known = (*known).max(below);
            if let Some(left) = open.get_mut(child.as_str()) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    ready.push(child);
                }
            }
        }
    }
    depth
}
