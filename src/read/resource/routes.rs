//! The routes of a row: where they come from, where they lead, copies in other regions, and gaps for what cannot be told.

use foldhash::{HashMap, HashMapExt};

use super::endpoint::{Stand, place};
use super::ends::{End, Why, open, why};
use super::path::Answer;
use super::table::{Condition, RouteRow, Row, Tag, Verification};
use super::translate::{Frame, Sort, World, is_data};
use super::{Is, Value, clients, names, path, table};
use crate::model::route::DataLimit;
use crate::model::{Activity, Dependence, EndpointFact, Reference, Role, Roles, RouteFact, RouteRole, Spill, TrailStep};
use crate::source::Location;

impl World<'_> {
    pub(super) fn routes(&mut self, i: usize) {
        let Some(row) = self.row(i) else { return };
        // A data source says what it finds, not what it sets up.
        if is_data(&self.resources[i]) {
            return;
        }
        let own = match self.sorts[i] {
            Sort::Endpoint(_) => vec![End::Resource(i)],
            Sort::Piece(row) => {
                let ends = self.extended(i, row);
                self.unfollowed_piece(i, &ends);
                ends
            }
            Sort::Ignored(_) | Sort::Stranger => Vec::new(),
        };
        self.keys(i, row, &own);
        for route in &row.routes {
            let Some(each) = &route.each else {
                self.one_route(i, route, Frame::of(i), &own, (0, 0));
                continue;
            };
            for element in path::each(&self.resources[i].attributes, each) {
                let frame = Frame { resource: i, element: Some(&element.value), key: element.key.as_deref() };
                if path::is_open(&element.value) && route.to != ["@"] {
                    self.unclear(i, &own, route, why(&element.value), element.value.at);
                    continue;
                }
                self.one_route(i, route, frame, &own, (element.at, element.list));
            }
        }
    }

    /// A piece of something that nobody declares changes something unknown.
    pub(super) fn unfollowed_piece(&mut self, i: usize, ends: &[End]) {
        if self.told(i) {
            return;
        }
        let Some(End::Open(why)) = ends.iter().find(|e| matches!(e, End::Open(_))) else { return };
        let (subject, location) = (&*self.resources[i].address, self.resources[i].location);
        let scope = self.mentioned(i);
        let wide = match self.sorts[i] {
            Sort::Piece(row) if !why.declared_elsewhere => services(&row.extends),
            _ => Vec::new(),
        };
        self.gaps.gap("unknown-target", subject, "is a piece of a resource that cannot be told", why.clone(), location, scope);
        self.gaps.widen(wide);
    }

    /// The endpoints that a resource names anywhere.
    pub(super) fn mentioned(&mut self, i: usize) -> Vec<Reference> {
        let resources = self.resources;
        let mut scope: Vec<usize> = resources[i]
            .attributes
            .targets()
            .into_iter()
            .flat_map(|address| self.named(address))
            .filter_map(|of| self.nodes[of])
            .collect();
        scope.extend(self.nodes[i]);
        scope.sort_unstable();
        scope.dedup();
        scope.into_iter().map(Reference::Fact).collect()
    }

    pub(super) fn keys(&mut self, i: usize, row: &Row, own: &[End]) {
        let values: Vec<Value> = row.key.iter().flat_map(|t| self.fill(t, Frame::of(i))).collect();
        for value in values {
            for end in self.ends(&value, 0) {
                if let Some(key) = self.reference(&end) {
                    self.key_route(own, key, &value);
                }
            }
        }
    }

    pub(super) fn key_route(&mut self, of: &[End], key: Reference, value: &Value) {
        for end in of {
            let Some(from) = self.reference(end).filter(|f| *f != key) else { continue };
            let mut route = RouteFact::new(from, key.clone(), Activity::Keys, value.at);
            route.purpose = Dependence::Keys;
            route.trail = value.trail.clone();
            self.facts.routes.push(route);
        }
    }

    pub(super) fn one_route(&mut self, i: usize, route: &'static RouteRow, frame: Frame<'_>, own: &[End], n: (usize, usize)) {
        let location = self.resources[i].location;
        for condition in &route.when {
            match self.holds(condition, frame) {
                Answer::Yes => {}
                Answer::No => return,
                Answer::Unclear(values) => {
                    let (reason, at) = values.first().map_or_else(
                        || {
                            (
                                Why {
                                    why: format!("`{}` is not known", condition.path),
                                    help: None,
                                    declared_elsewhere: false,
                                },
                                location,
                            )
                        },
                        |v| (why(v), v.at),
                    );
                    return self.unclear(i, own, route, reason, at);
                }
            }
        }
        let from: Vec<End> = if let Some(tag) = &route.from_tag {
            self.tagged(i, tag, frame)
        } else if let Some(wide) = route.from_all {
            vec![End::Other(self.router(i, wide, route))]
        } else if !route.from_in.is_empty() {
            self.inside(i, route, frame)
        } else if route.from.is_empty() {
            own.to_vec()
        } else {
            let values: Vec<Value> = route.from.iter().flat_map(|t| self.fill(t, frame)).collect();
            values.iter().flat_map(|v| self.sources(v)).collect()
        };
        if let Some(End::Open(why)) = from.iter().find(|e| matches!(e, End::Open(_))).cloned()
            && !(route.from.is_empty() && route.from_in.is_empty())
        {
            // Of a network nothing tells which service's things are in it.
            let wide = if route.from.is_empty() { vec![String::new()] } else { services(&route.from) };
            self.unclear_of(i, own, verb(route), why, location, wide);
        }
        let readers = self.readers(i, route, frame);
        if let Some(uncertain) = self.resources[i].uncertain.clone() {
            let mut touched = from;
            let values: Vec<Value> = route.to.iter().flat_map(|t| self.fill(t, frame)).collect();
            let regions = route.to_region.iter().flat_map(|t| self.fill(t, frame)).count();
            if values.is_empty() && regions == 0 && readers.is_empty() && !route.to_pair && route.to_unknown.is_none() {
                return;
            }
            let to: Vec<End> = values.iter().flat_map(|v| self.ends(v, 0)).collect();
            let named = to.iter().find_map(|e| if let End::Resource(of) = e { Some(*of) } else { None });
            let verb = match named.filter(|of| *of != i) {
                Some(of) => verb(route).replace("somewhere that cannot be told", &format!("`{}`", self.resources[of].address)),
                None => verb(route).to_owned(),
            };
            touched.extend(to);
            return self.unclear_of(i, &touched, &verb, why(&uncertain), uncertain.at, Vec::new());
        }
        if let Some(words) = &route.to_unknown {
            let words = implied(route).map_or_else(|| words.clone(), |implied| format!("{words}; {implied}"));
            let why = Why { why: words, help: None, declared_elsewhere: false };
            let scope: Vec<Reference> = from.iter().filter_map(|e| self.reference(e)).collect();
            let subject = self.subject(i, &from);
            self.gaps.gap("destination-not-stated", &subject, verb(route), why, location, scope);
        }
        let mut targets: Vec<(Reference, Value)> = Vec::new();
        for value in route.to.iter().flat_map(|t| self.fill(t, frame)).collect::<Vec<_>>() {
            for end in self.ends(&value, 0) {
                match self.reference(&end) {
                    Some(to) => targets.push((to, value.clone())),
                    None => {
                        if let End::Open(why) = end {
                            self.unclear(i, &from, route, why, value.at);
                        }
                    }
                }
            }
        }
        for (end, value) in readers {
            match (self.reference(&end), end) {
                (Some(to), _) => targets.push((to, value)),
                (None, End::Open(why)) => self.unclear(i, &from, route, why, value.at),
                (None, _) => {}
            }
        }
        let account = route.to_account.iter().flat_map(|p| self.values(p, frame)).map(|v| self.settle(&v, 0)).next();
        if let Some(account) = account.as_ref().and_then(Value::as_text) {
            for (to, _) in &targets {
                if let Reference::Fact(n) = to {
                    self.facts.endpoints[*n].account.get_or_insert_with(|| account.clone().into_owned());
                }
            }
        }
        let keys: Vec<Value> = route.to_key.iter().flat_map(|t| self.fill(t, frame)).collect();
        for end in &from {
            let Some(source) = self.reference(end) else { continue };
            let regions: Vec<Value> = self.copy_regions(i, route, frame, end);
            let mut ends = targets.clone();
            for region in regions {
                let region = self.settle(&region, 0);
                match region.as_text() {
                    None => self.unclear(i, std::slice::from_ref(end), route, why(&region), region.at),
                    Some(text) => {
                        let Some(copy) = self.copy(&source, &text, &region, &route.activity) else { continue };
                        for key in &keys {
                            for end in self.ends(key, 0) {
                                if let (Some(holder), Reference::Fact(_)) = (self.reference(&end), &copy) {
                                    let mut keyed = RouteFact::new(copy.clone(), holder, Activity::Keys, key.at);
                                    keyed.purpose = Dependence::Keys;
                                    self.facts.routes.push(keyed);
                                }
                            }
                        }
                        ends.push((copy, region.clone()));
                    }
                }
            }
            for (at, (to, value)) in ends.into_iter().enumerate() {
                let n = if route.to_in_order { (at, 1) } else { n };
                if to != source {
                    self.push_route(i, route, frame, source.clone(), to, &value, n);
                }
            }
        }
    }

    /// Where data comes from: an ARN with wildcards is every resource that fits.
    pub(super) fn sources(&mut self, value: &Value) -> Vec<End> {
        let settled = self.settle(value, 0);
        let Some(pattern) = settled.as_text().filter(|t| t.contains(['*', '?']) && (t.starts_with("arn:") || *t == "*")) else {
            return self.ends(value, 0);
        };
        let pattern = names::pattern(&pattern);
        if let Some(known) = self.wild.get(&pattern) {
            return known.iter().copied().map(End::Resource).collect();
        }
        let service = |arn: &str| arn.split(':').nth(2).map(str::to_owned);
        let stores = |i: usize| match self.sorts[i] {
            Sort::Endpoint(row) => row.copied || row.roles.iter().any(|r| r == "store"),
            _ => false,
        };
        let fits = |i: usize| -> bool {
            let Sort::Endpoint(row) = self.sorts[i] else { return false };
            if pattern == "*" {
                return true;
            }
            let named: Vec<String> =
                row.ids.iter().flat_map(|t| self.fill(t, Frame::of(i))).filter_map(|v| names::key(&v.pattern()?)).collect();
            if named.is_empty() {
                // What it will be called is not known: any name of its service may be its own.
                return row.ids.iter().any(|id| service(id) == service(&pattern));
            }
            named.iter().any(|name| names::fits(&pattern, name))
        };
        let found: Vec<usize> =
            (0..self.resources.len()).filter(|i| stores(*i) && self.nodes[*i].is_some() && fits(*i)).collect();
        self.wild.insert(pattern, found.clone());
        found.into_iter().map(End::Resource).collect()
    }

    /// The stores that carry a tag, in the region of the resource that asks.
    pub(super) fn tagged(&mut self, i: usize, tag: &Tag, frame: Frame<'_>) -> Vec<End> {
        let mut wanted: Vec<(String, String)> = Vec::new();
        if let Some(map) = &tag.map {
            for value in self.values(map, frame) {
                let Is::Map(map) = &value.is else { return vec![open(&value)] };
                for (key, value) in map.iter() {
                    let Some(text) = self.settle(value, 0).as_text().map(|t| t.into_owned()) else { return vec![open(value)] };
                    wanted.push((key.to_string(), text));
                }
            }
        } else {
            let first = |path: &str| self.values(path, frame).first().map(|v| self.settle(v, 0));
            let (Some(key), Some(value)) = (first(&tag.key), first(&tag.value)) else { return Vec::new() };
            let (Some(key_text), Some(value_text)) = (key.as_text(), value.as_text()) else {
                let unknown = if key.as_text().is_none() { &key } else { &value };
                return vec![open(unknown)];
            };
            wanted.push((key_text.into_owned(), value_text.into_owned()));
        }
        if self.by_tag.is_none() {
            let mut by_tag: HashMap<(String, String), Vec<usize>> = HashMap::new();
            for (of, node) in self.nodes.iter().enumerate() {
                let Some(fact) = node.map(|n| &self.facts.endpoints[n]) else { continue };
                let copied = fact.roles.contains(Role::Store) || self.row(of).is_some_and(|r| r.copied);
                for (key, value) in fact.tags.iter().filter(|_| copied) {
                    by_tag.entry((key.clone(), value.clone())).or_default().push(of);
                }
            }
            self.by_tag = Some(by_tag);
        }
        let region = |of: usize| self.nodes[of].and_then(|n| self.facts.endpoints[n].region.as_ref().map(|r| r.value.clone()));
        let here = region(i).or_else(|| self.stand(i).region.and_then(|r| Some(r.as_text()?.into_owned())));
        let all = wanted.iter().filter_map(|w| self.by_tag.as_ref()?.get(w)).flatten();
        let near = |of: &usize| here.is_none() || region(*of).is_none() || region(*of) == here;
        all.copied().filter(near).map(End::Resource).collect()
    }

    /// There are conditions, and all hold for sure.
    pub(super) fn hold(&self, conditions: &[Condition], frame: Frame<'_>) -> bool {
        !conditions.is_empty() && conditions.iter().all(|c| self.holds(c, frame) == Answer::Yes)
    }

    pub(super) fn holds(&self, condition: &Condition, frame: Frame<'_>) -> Answer {
        let values: Vec<Value> = self.values(&condition.path, frame).iter().map(|v| self.settle(v, 0)).collect();
        let others = condition.not_in.iter().flat_map(|p| self.values(p, frame));
        let others: Vec<Value> = others.map(|v| self.settle(&v, 0)).collect();
        path::holds(condition, &values, &others)
    }

    /// The regions in which copies stand.
    pub(super) fn copy_regions(&mut self, i: usize, route: &RouteRow, frame: Frame<'_>, from: &End) -> Vec<Value> {
        let mut regions: Vec<Value> = route.to_region.iter().flat_map(|p| self.fill(p, frame)).collect();
        if route.to_pair {
            let of = if let End::Resource(of) = from { *of } else { i };
            let own = self.stand(of).region.map(|r| self.settle(&r, 0));
            let pair = own.as_ref().and_then(|r| table::pair(self.provider(of)?, &r.as_text()?));
            match (pair, own) {
                (Some(pair), Some(own)) => {
                    let provider = self.provider(of).unwrap_or("its provider").to_owned();
                    let text = own.as_text().unwrap_or_default().into_owned();
                    regions.push(Value {
                        is: Is::Text(pair.into()),
                        at: own.at,
                        trail: own.trail.through(own.at, format!("{provider} pairs {text} with {pair}")),
                    });
                }
                (None, Some(own)) if own.as_text().is_some() => {
                    let text = own.as_text().unwrap_or_default().into_owned();
                    regions.push(Value::unknown(format!("no table says which region `{text}` is paired with"), None, own.at));
                }
                (_, None) => regions.push(Value::unknown("nothing says its own region", None, self.resources[i].location)),
                (None, Some(own)) => regions.push(own),
            }
        }
        regions
    }

    /// The same thing in another region; `None` if that is where it stands already.
    pub(super) fn copy(&mut self, of: &Reference, region: &str, value: &Value, activity: &str) -> Option<Reference> {
        let Reference::Fact(original) = *of else { return None };
        let fact = &self.facts.endpoints[original];
        if fact.region.as_ref().is_some_and(|r| table::plain_region(&r.value) == table::plain_region(region)) {
            return None;
        }
        let memo = (original, table::plain_region(region));
        if let Some(known) = self.copies.get(&memo) {
            return Some(known.clone());
        }
        let ids: Vec<String> = fact.cloud_ids.iter().filter_map(|id| names::in_region(id, region)).collect();
        // A table that is declared in each of its regions.
        let declared = ids.iter().filter_map(|id| self.by_key.get(&names::key(id)?)).flatten().copied().next();
        if let Some(declared) = declared {
            return Some(Reference::Fact(self.node(declared)));
        }
        let mut copy = EndpointFact::new(fact.kind.as_str(), format!("{} in {region}", fact.label), value.at);
        copy.labelled = true;
        copy.standing = fact.standing;
        // What only passes another place does not stay there.
        copy.roles = if activity == "forward" { Roles::of(&[Role::Transit]) } else { fact.roles };
        copy.provider.clone_from(&fact.provider);
        copy.account.clone_from(&fact.account);
        copy.tags.clone_from(&fact.tags);
        copy.attributes = fact.attributes.clone();
        // A plan and the source beside it tell of one copy.
        let shared = fact.cloud_ids.iter().filter(|id| names::is_shared(id)).map(|id| format!("{id} in {}", memo.1));
        copy.cloud_ids = ids.into_iter().chain(shared).collect();
        place(&mut copy, &Stand { region: Some(value.clone()), ..Stand::default() });
        let reference = self.facts.endpoint(copy);
        self.copies.insert(memo, reference.clone());
        Some(reference)
    }

    #[allow(clippy::too_many_arguments, reason = "the two ends, and what explains them")]
    pub(super) fn push_route(
        &mut self,
        i: usize,
        row: &RouteRow,
        frame: Frame<'_>,
        from: Reference,
        to: Reference,
        value: &Value,
        n: (usize, usize),
    ) {
        let Some(activity) = Activity::parse(&row.activity) else { return };
        let mut route = RouteFact::new(from, to, activity, value.at);
        route.trail = value.trail.clone();
        if let Some(text) = implied(row) {
            let step = TrailStep { location: self.resources[i].location, text: text.into() };
            route.trail = route.trail.steps().cloned().chain([step]).collect();
        }
        route.role = row.role.as_deref().and_then(RouteRole::parse).unwrap_or_default();
        route.priority = row.priority;
        let number = row.priority_of.iter().flat_map(|p| self.values(p, frame)).find_map(|v| self.settle(&v, 0).as_number());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float to an integer saturates")]
        if let Some(number) = number {
            route.priority = Some(number.max(0.0) as u32);
        }
        let role_if = row.role_if.iter().find(|r| self.holds(&r.when, frame) == Answer::Yes);
        if let Some(role) = role_if.and_then(|r| RouteRole::parse(&r.role)) {
            route.role = role;
        }
        route.pool.clone_from(&row.pool);
        if row.ordered || row.to_in_order {
            let (at, list) = n;
            route.priority = u32::try_from(at).ok();
            // What the row says is of the first.
            route.role = if at == 0 { route.role } else { RouteRole::Failover };
            let pool = row.pool.as_deref().unwrap_or("members");
            // Further lists of one path are pools of their own.
            route.pool = Some(if list > 1 && !pool.contains('{') { format!("{pool} {list}") } else { pool.to_owned() });
        }
        if route.role == RouteRole::Manual {
            route.spill =
                Spill::Manual(row.condition.clone().unwrap_or_else(|| "somebody changes its configuration".to_owned()));
        }
        route.alias = row.alias;
        route.condition.clone_from(&row.condition);
        route.purpose = row.purpose.as_deref().and_then(Dependence::parse).unwrap_or_default();
        if !row.data.is_empty() {
            route.data = DataLimit::Only(row.data.clone());
            route.data_assumed = true;
        }
        if let Some(term) = row.pool.as_deref().filter(|p| p.contains('{')) {
            let filled = self.fill(term, frame).into_iter().map(|v| self.settle(&v, 0));
            let text = filled.filter_map(|v| Some(v.as_text()?.into_owned())).next();
            route.pool = Some(text.unwrap_or_else(|| "members".to_owned()));
        }
        let steady = self.hold(&row.unchecked_when, frame);
        for area in self.areas(row, frame) {
            let mut route = route.clone();
            if let Some(width) = area.width.filter(|_| row.narrowest_first) {
                route.priority = Some(clients::by_width(route.priority, width));
            }
            route.clients = area.clients;
            if row.both {
                let mut back = route.clone();
                std::mem::swap(&mut back.from, &mut back.to);
                self.facts.routes.push(back);
            }
            if number.is_some() {
                self.listed.insert(self.facts.routes.len());
            }
            if steady {
                self.steady.insert(self.facts.routes.len());
            }
            self.facts.routes.push(route);
        }
    }

    /// Something that a row asks for cannot be told: a gap of the endpoints that it could change.
    pub(super) fn unclear(&mut self, i: usize, of: &[End], route: &RouteRow, why: Why, at: Location) {
        self.unclear_of(i, of, verb(route), why, at, Vec::new());
    }

    /// The same; data may come from anything of these services.
    fn unclear_of(&mut self, i: usize, of: &[End], verb: &str, why: Why, at: Location, wide: Vec<String>) {
        if self.told(i) {
            return;
        }
        let wide = if why.declared_elsewhere { Vec::new() } else { wide };
        let mut scope: Vec<Reference> = of.to_vec().iter().filter_map(|e| self.reference(e)).collect();
        if scope.is_empty() {
            scope = self.mentioned(i);
        }
        let subject = self.subject(i, of);
        self.gaps.gap("unknown-target", &subject, verb, why, at, scope);
        self.gaps.widen(wide);
    }

    /// Whom a gap speaks of: where data comes from, else the resource that says so.
    pub(super) fn subject(&self, i: usize, of: &[End]) -> String {
        let from = of.iter().find_map(|e| if let End::Resource(of) = e { Some(*of) } else { None });
        self.resources[from.unwrap_or(i)].address.to_string()
    }
}

/// The services of which a term names things; an empty text is any service.
fn services(terms: &[String]) -> Vec<String> {
    let service = |term: &String| term.split(':').nth(2).filter(|_| term.starts_with("arn:")).unwrap_or("").to_owned();
    terms.iter().map(service).collect()
}

/// What a movement that no line of the configuration asks for rests on. Whoever reads of it must be able to look it up, and must not
/// take for checked what was not.
fn implied(route: &RouteRow) -> Option<String> {
    let checked = match route.verification {
        Some(Verification::Primary) => "",
        Some(Verification::Secondary) => " (checked against secondary sources only)",
        Some(Verification::Memory) | None => " (not checked against that document)",
    };
    route.implied.as_ref().map(|text| format!("the provider determines this: {text}{checked}"))
}

/// What a route does, as a gap says it.
fn verb(route: &RouteRow) -> &'static str {
    match Activity::parse(&route.activity) {
        Some(Activity::Replicate) => "may be replicated to somewhere that cannot be told",
        Some(Activity::Backup) => "may be backed up to somewhere that cannot be told",
        Some(Activity::Log) => "may write its log to somewhere that cannot be told",
        Some(Activity::Access) => "may be read by somebody who cannot be told",
        Some(Activity::Keys) => "may have its keys somewhere that cannot be told",
        Some(Activity::Depend) => "may depend on something that cannot be told",
        _ => "may send data to somewhere that cannot be told",
    }
}
