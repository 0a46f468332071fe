//! What the settings of a service name: environment, labels, files of variables, dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::project::env_file;
use super::service::{Project, Service, Settings};
use crate::doc::Node;
use crate::model::{Activity, EndpointFact, GapScope, Reference, Role, Roles, Unread};
use crate::read::mentions::{Mention, activity, may_hold_host, mentions, shorten};
use crate::read::paths::{folder, joined};
use crate::source::{Location, SourceId};

impl<'d> Project<'_, 'd> {
    /// Environment, files of it, arguments and inline configurations.
    pub(super) fn settings(
        &mut self,
        service: &Service<'d>,
        aliases: &BTreeMap<String, IpAddr>,
        read: &mut BTreeSet<SourceId>,
    ) {
        let index = service.fact;
        // By name: a later definition goes over an earlier one, and `environment` over files.
        let mut settings: Settings = BTreeMap::new();
        for (definition, node) in service.all("env_file") {
            let list: Vec<Node<'d>> = if node.is_list() { node.items().collect() } else { vec![node] };
            for item in list {
                let named = item.get("path").unwrap_or(item);
                let text = self.fill(named);
                let location = definition.at(named);
                let path = joined(folder(&self.set.sources.get(definition.file).path), &text);
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
    pub(super) fn setting(
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
    pub(super) fn tag(&mut self, index: usize, name: &str, value: &str) {
        let lower = name.to_ascii_lowercase();
        let words = ["rack", "region", "zone", "datacenter", "dc", "location"];
        if lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| words.contains(&w)) && value.len() < 200 {
            self.facts.endpoints[index].tags.insert(name.to_owned(), value.to_owned());
        }
    }

    pub(super) fn follow(
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
                        fact.elsewhere = true;
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

    pub(super) fn named(&mut self, from: usize, node: Node<'d>, location: Location, activity: Activity) {
        let text = self.fill(node);
        let name = text.split(':').next().unwrap_or("").to_lowercase();
        match self.names.get(&name).copied() {
            Some(to) => self.route(from, Reference::Fact(to), activity, location),
            None => self.undefined(from, &name, activity, location),
        }
    }

    /// A service that no file declares, found by its name if somebody else does.
    pub(super) fn undefined(&mut self, from: usize, name: &str, activity: Activity, location: Location) {
        let message = format!("service `{}` is named here, but no Compose file that was read declares it", shorten(name));
        let help = "add the file that declares it, or correct the name";
        self.remark("undefined-service", message, help, location);
        self.route(from, Reference::Host { name: name.to_owned(), port: None }, activity, location);
    }

    /// Host names that a proxy leads here by rules of its own.
    pub(super) fn hosts<'h>(&mut self, index: usize, setting: &str, hosts: impl Iterator<Item = &'h str>, location: Location) {
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
}
