//! What takes something of everything that stands in a region, an account or an organization: the sinks and trails of a provider's
//! logs. They name where the logs go, not whose they are. And what does so of all that is in a network or a zone.

use super::ends::{End, Why};
use super::names;
use super::table::{RouteRow, Wide};
use super::translate::{Frame, Sort, World, is_data};
use crate::model::route::DataLimit;
use crate::model::{Activity, Collected, EndpointFact, Reference, RouteFact, Standing};

/// A network, a zone or the like of which a log is kept, and where what passes there comes together.
pub(super) struct Watched {
    container: Reference,
    node: Reference,
    /// Resources of this configuration that it was made for know whether they are in it; of others it is not told.
    made_here: bool,
    /// The resource that watches.
    by: usize,
    /// The way from all that is in it, among the routes.
    way: usize,
}

impl World<'_> {
    /// Where what passes within the things that a route names comes together, one for each of them.
    pub(super) fn inside(&mut self, i: usize, route: &RouteRow, frame: Frame<'_>) -> Vec<End> {
        let values: Vec<_> = route.from_in.iter().flat_map(|t| self.fill(t, frame)).collect();
        let ends: Vec<End> = values.iter().flat_map(|v| self.ends(v, 0)).collect();
        ends.into_iter().map(|end| self.watched(i, route, end)).collect()
    }

    fn watched(&mut self, i: usize, route: &RouteRow, end: End) -> End {
        let Some(container) = self.container(&end) else {
            return match end {
                End::Other(Reference::Id(id)) => End::Open(unread(&id)),
                end => end,
            };
        };
        if let Some(known) = self.watches.iter().find(|w| w.container == container) {
            let way = &mut self.facts.routes[known.way];
            match &mut way.data {
                DataLimit::Only(_) if route.data.is_empty() => way.data = DataLimit::All,
                DataLimit::Only(classes) => {
                    classes.extend(route.data.iter().cloned());
                    classes.sort_unstable();
                    classes.dedup();
                }
                DataLimit::All => {}
            }
            return End::Other(known.node.clone());
        }
        let name = match (&end, &container) {
            (End::Resource(of), _) => self.resources[*of].address.to_string(),
            (_, Reference::Fact(fact)) => self.facts.endpoints[*fact].label.clone(),
            _ => "a network".to_owned(),
        };
        // A network that nobody made is that of whatever names none.
        let made_here = matches!(&end, End::Resource(of)
            if !is_data(&self.resources[*of]) && !self.resources[*of].kind.contains("default"));
        let at = self.resources[i].location;
        let mut fact = EndpointFact::new("log-router", format!("what passes in {name}"), at);
        fact.labelled = true;
        fact.standing = Standing::Logical;
        fact.provider = self.provider(i).map(str::to_owned);
        let node = self.facts.endpoint(fact);
        let mut way = RouteFact::new(container.clone(), node.clone(), Activity::Log, at);
        way.within = true;
        if !route.data.is_empty() {
            // Whoever passes is logged, and nothing else of what they bring.
            way.data = DataLimit::Only(route.data.clone());
            way.data_assumed = true;
        }
        self.facts.routes.push(way);
        self.watches.push(Watched { container, node: node.clone(), made_here, by: i, way: self.facts.routes.len() - 1 });
        End::Other(node)
    }

    /// The fact of what others are inside of. One that nobody declares is known by the id that the provider gave it.
    pub(super) fn container(&mut self, end: &End) -> Option<Reference> {
        let id = match end {
            End::Resource(_) | End::Other(Reference::Fact(_)) => return self.reference(end),
            End::Other(Reference::Id(id)) if names::is_made(id) => id,
            End::Other(_) | End::Open(_) => return None,
        };
        if let Some(known) = self.externals.get(id) {
            return Some(Reference::Fact(*known));
        }
        let kind = if id.starts_with('Z') { "dns-zone" } else { "network" };
        let mut fact = EndpointFact::new(kind, id.as_str(), self.resources.first()?.location);
        fact.labelled = true;
        fact.standing = Standing::Logical;
        fact.cloud_ids = vec![id.clone()];
        let reference = self.facts.endpoint(fact);
        if let Reference::Fact(at) = reference {
            self.externals.insert(id.clone(), at);
        }
        Some(reference)
    }

    /// What may be in a network of which a log is kept, and does not say in which network it is.
    pub(super) fn outsiders(&mut self) {
        if self.watches.is_empty() {
            return;
        }
        for i in 0..self.resources.len() {
            let (Sort::Endpoint(row), Some(node)) = (self.sorts[i], self.nodes[i]) else { continue };
            let terms = if row.inside.is_empty() { &row.part_of } else { &row.inside };
            let fact = &self.facts.endpoints[node];
            let known = !fact.inside.is_empty() || (row.inside.is_empty() && !fact.part_of.is_empty());
            let zone = fact.kind == "dns-name";
            if terms.is_empty()
                || known
                || fact.scope.is_some()
                || (fact.standing == Standing::Logical && !zone)
                || self.told(i)
            {
                continue;
            }
            let values: Vec<_> = terms.iter().flat_map(|t| self.fill(t, Frame::of(i))).collect();
            let at = values.first().map_or(self.resources[i].location, |v| v.at);
            let open = values.iter().flat_map(|v| self.ends(v, 0)).find_map(|end| match end {
                End::Open(why) => Some(why),
                End::Other(Reference::Id(id)) => Some(unread(&id)),
                End::Other(_) | End::Resource(_) => None,
            });
            let provider = self.provider(i);
            let of_it = |w: &&Watched| {
                let of_names = matches!(w.container, Reference::Fact(at) if self.facts.endpoints[at].kind == "dns-zone");
                of_names == zone && self.provider(w.by) == provider && (open.is_some() || !(w.made_here || zone))
            };
            let Some(watched) = self.watches.iter().find(of_it) else { continue };
            let Reference::Fact(router) = watched.node else { continue };
            let verb = format!("may be in something of which a log is kept ({})", self.facts.endpoints[router].label);
            let nothing = || Why { why: "nothing says what it is in".into(), help: None, declared_elsewhere: false };
            let why = open.unwrap_or_else(nothing);
            let subject = &*self.resources[i].address;
            self.gaps.gap("unknown-network", subject, &verb, why, at, vec![Reference::Fact(node)]);
        }
    }

    /// Where what resource `i` collects comes together: one for all that collect the same, so that routes are as many as endpoints
    /// and collectors, not their product. Linking leads the endpoints of all inputs there.
    pub(super) fn router(&mut self, i: usize, wide: Wide, route: &RouteRow) -> Reference {
        let node = self.node(i);
        let own = Reference::Fact(node);
        let fact = &self.facts.endpoints[node];
        let provider = self.provider(i).map(str::to_owned);
        let account = fact.account.clone().filter(|_| wide != Wide::Organization);
        let region = fact.region.as_ref().map(|r| r.value.clone()).filter(|_| wide == Wide::Region);
        let same =
            |c: &&mut Collected| (&c.provider, &c.account, &c.region, &c.data) == (&provider, &account, &region, &route.data);
        if let Some(known) = self.facts.collected[self.first_collected..].iter_mut().find(same) {
            known.by.push(own);
            return known.to.clone();
        }
        let whose = account.as_deref().unwrap_or(if wide == Wide::Organization { "the organization" } else { "the account" });
        let label = region.as_ref().map_or_else(|| format!("logs of {whose}"), |region| format!("logs of {whose} in {region}"));
        let location = self.resources[i].location;
        let mut router = EndpointFact::new("log-router", label, location);
        router.labelled = true;
        router.standing = Standing::Logical;
        router.account.clone_from(&account);
        router.provider.clone_from(&provider);
        let to = self.facts.endpoint(router);
        let data = route.data.clone();
        self.facts.collected.push(Collected { to: to.clone(), by: vec![own], provider, account, region, data, location });
        to
    }
}

fn unread(id: &str) -> Why {
    Why {
        why: format!("`{id}` is not among the resources that were read"),
        help: Some("add the files that declare it to the project, or the state or an export in which it is".into()),
        declared_elsewhere: false,
    }
}
