//! Shares that something shifts while it runs: SMI's TrafficSplit, Linkerd's failover, Argo Rollouts.
//!
//! SMI, "Traffic Split": who calls the service `service` is led to `backends` by weight. Linkerd, "Automatic Multicluster Failover":
//! of a split with the label `failover.linkerd.io/controlled-by`, the primary backend (an annotation, else the first) carries
//! alone until its pods are not ready, and then the others do. Argo Rollouts, "Traffic Management": while a rollout is under way,
//! the controller gives the canary's service a share that no manifest holds.

use super::cluster::Cluster;
use super::manifest::Object;
use crate::doc::Node;
use crate::model::{Activity, ClientMatch, Reference, RouteFact, RouteRole, Spill};
use crate::read::mentions::shorten;
use crate::source::Location;

impl<'d> Cluster<'d> {
    pub fn traffic_split(&mut self, object: &Object<'d>) {
        self.check_fields(object, "TrafficSplit");
        let Some(apex) = object.path(&["spec", "service"]) else { return };
        let (apex_name, at) = (apex.text().unwrap_or(""), object.at(apex));
        let apexes = self.backend_service(object.namespace, apex_name.split('.').next().unwrap_or(apex_name), at);
        let backends: Vec<(&'d str, Option<u64>, Location)> = object
            .path(&["spec", "backends"])
            .into_iter()
            .flat_map(|b| b.items())
            .filter_map(|b| {
                let name = b.get("service")?;
                Some((name.text()?, b.get("weight").and_then(|w| w.as_u64()), object.at(name)))
            })
            .collect();
        let watched = object.path(&["metadata", "labels", "failover.linkerd.io/controlled-by"]).is_some();
        let primary = object.annotation("failover.linkerd.io/primary-service").or(backends.first().map(|b| b.0));
        let total = backends.iter().filter_map(|b| b.1).fold(0, u64::saturating_add);
        let some = object.path(&["spec", "matches"]).is_some_and(|m| m.items().next().is_some());
        for from in apexes {
            // Pods of the service itself stand for the others where it is one of the backends.
            let own = backends.iter().any(|(name, weight, _)| *name == apex_name && (*weight != Some(0) || watched));
            for (name, weight, at) in &backends {
                for to in self.backend_service(object.namespace, name, *at) {
                    if to == from {
                        continue;
                    }
                    let mut route = RouteFact::new(from.clone(), to, Activity::Forward, *at);
                    route.pool = Some(if own { "pods".to_owned() } else { format!("split {}", object.name) });
                    if some {
                        route.clients = ClientMatch::Some(format!("requests that `matches` of `{}` names", object.name));
                    }
                    if watched && Some(*name) != primary {
                        route.role = RouteRole::Failover;
                        route.priority = Some(1);
                        route.condition = Some(format!("when no pod of `{}` is ready", shorten(primary.unwrap_or(""))));
                    } else if !watched {
                        route.role = RouteRole::Weighted;
                        route.condition = match weight {
                            Some(0) if self.mesh.rolled.contains(*name) => Some("while a rollout is under way".to_owned()),
                            Some(0) => {
                                route.spill = Spill::Never("its weight is 0".to_owned());
                                Some("never: its weight is 0".to_owned())
                            }
                            Some(weight) => Some(format!("takes {weight} of {total} requests")),
                            None => None,
                        };
                    }
                    self.facts.routes.push(route);
                }
            }
        }
    }

    /// Who gets requests while a rollout is under way.
    pub fn rollout(&mut self, object: &Object<'d>) {
        let Some(canary) = object.path(&["spec", "strategy", "canary"]) else { return };
        let text = |n: Node<'d>, key: &str| n.get(key).and_then(|k| k.text()).filter(|t| !t.is_empty());
        let service = canary.get("canaryService");
        if let Some(name) = service.and_then(|s| s.text()) {
            self.mesh.rolled.insert(name.to_owned());
        }
        let Some(routing) = canary.get("trafficRouting") else { return };
        for entry in routing.entries() {
            let (kind, value) = (entry.name(), entry.value);
            let names = |keys: &[&str]| -> Vec<&'d str> {
                let of = keys.iter().filter_map(|k| value.get(k));
                of.flat_map(|n| if n.is_list() { n.items().collect() } else { vec![n] }).filter_map(|n| n.text()).collect()
            };
            let from: Vec<usize> = match kind {
                "istio" => {
                    if let Some(subset) = value.get("destinationRule").and_then(|d| text(d, "canarySubsetName")) {
                        self.mesh.rolled.insert(subset.to_owned());
                    }
                    continue;
                }
                "managedRoutes" | "maxTrafficWeight" => continue,
                "nginx" | "alb" => {
                    let keys = ["stableIngress", "stableIngresses", "additionalStableIngresses", "ingress", "ingresses"];
                    names(&keys).into_iter().flat_map(|n| self.ingress_names.find(object.namespace, n)).collect()
                }
                "smi" => {
                    let root = text(value, "rootService").or_else(|| text(canary, "stableService")).unwrap_or("");
                    self.services.find(object.namespace, root)
                }
                _ => {
                    let stable = text(canary, "stableService").unwrap_or("");
                    let mut of = self.services.find(object.namespace, stable);
                    of.extend(self.workload_names.find(object.namespace, object.name));
                    let message = format!("a rollout shifts requests by `{}`, which is not followed", shorten(kind));
                    let help = "declare where requests go while a rollout is under way as [[route]]s";
                    self.gap("unfollowed-routing", message, help, object.at(entry.key), &of);
                    continue;
                }
            };
            let Some(service) = service else { continue };
            let at = object.at(service);
            for to in self.backend_service(object.namespace, service.text().unwrap_or(""), at) {
                for from in from.iter().filter(|f| Reference::Fact(**f) != to) {
                    let route = self.route(*from, to.clone(), Activity::Forward, at);
                    route.role = RouteRole::Weighted;
                    route.condition = Some("while a rollout is under way".to_owned());
                }
            }
        }
    }
}
