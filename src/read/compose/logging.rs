//! Logging drivers: where the lines that a service writes go.

use std::collections::BTreeMap;

use super::project::Definition;
use super::service::{LOCAL_LOGS, Project, REMOTE_LOGS, Service};
use crate::doc::Node;
use crate::model::{Activity, EndpointFact, Reference, Role, Roles, Standing};
use crate::read::mentions::{mentions, shorten};
use crate::source::Spanned;

impl<'d> Project<'_, 'd> {
    pub(super) fn logging(&mut self, service: &Service<'d>) {
        for (definition, node) in service.each("logging") {
            self.logging_driver(service.fact, definition, node);
        }
    }

    pub(super) fn logging_driver(&mut self, index: usize, definition: Definition<'d>, node: Node<'d>) {
        // Without a driver it is the one of the Docker daemon, which its own settings choose; they are not in a project's files.
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
            if let Some(endpoint) = option("awslogs-endpoint") {
                let message = "`awslogs-endpoint` sends logs to a server of its own, which is not followed".to_owned();
                let help = "declare where logs go as a [[route]] with the activity `log`";
                self.gap("unusable-target", message, help, definition.at(endpoint), index);
            }
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
