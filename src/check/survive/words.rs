//! What a loss leaves too little of, in words: the finding, who is to blame, what would help, and why something cannot be told.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asked, Missing, keeps_copy, purpose_of, purposes};
use crate::check::context::{Arrival, Context, bits};
use crate::check::copies::hours;
use crate::check::describe::{Draft, finding, places_phrase, subject_of};
use crate::check::domains::{MOST_COMBINATIONS, relevant};
use crate::check::placement::Placement;
use crate::check::scope::Scope;
use crate::check::serving::View;
use crate::finding::{Finding, State, Verdict};
use crate::lang::{self, Joint, Message, say};
use crate::model::{Activity, Dependence, DomainKind, EndpointId, LossDomain, Role, Route};
use crate::policy::{Keep, Survive};
use crate::reach::World;

impl Asked<'_, '_, '_> {
    /// What a thing to keep is called, with what is asked of it.
    fn phrase(&self, keep: Keep, is_left: bool) -> Message {
        let age = self.survive.max_age_hours.filter(|_| keep == Keep::FullCopy).map(hours);
        match (is_left, age) {
            (true, None) => say!("a {kept}", kept = noun(keep)),
            (true, Some(hours)) => say!("a {kept} at most {hours} old", kept = noun(keep), hours),
            // Nothing is left of the keys, one key service is left.
            (false, _) if keep == Keep::Keys => say!("no keys"),
            (false, None) => say!("no {kept}", kept = noun(keep)),
            (false, Some(hours)) => say!("no {kept} at most {hours} old", kept = noun(keep), hours),
        }
    }

    pub(super) fn finding(&self, loss: &[LossDomain], verdict: Verdict, missing: &Missing) -> Finding {
        let context = self.context;
        let of_kept = missing.kept.values().flatten();
        let of_outside = missing.outside.iter().filter(|_| missing.kept.is_empty()).flat_map(|(_, tokens)| tokens);
        let tokens: BTreeSet<usize> = of_kept.chain(of_outside).copied().collect();
        let arrivals: Vec<Arrival> = tokens.iter().map(|t| Arrival { token: *t, via: None, activity: "transit" }).collect();
        let start = arrivals.first().and_then(|a| context.tokens[a.token].starts.first().copied()).unwrap_or(EndpointId(0));
        let subject = subject_of(context, self.scope, &arrivals);
        let kept: Vec<Message> = missing.kept.keys().map(|k| self.phrase(*k, false)).collect();
        let within =
            self.survive.within.as_ref().map(|w| say!(" inside {names}", names = lang::list(&w.names))).unwrap_or_default();
        let lost: Vec<String> = loss.iter().map(ToString::to_string).collect();
        let kind = Message::Word(self.survive.loss_of.as_str());
        let down = self.down_on_the_way(loss, &tokens);
        let near: Vec<String> = self.around(loss, View::Hopeful)[loss.len()..].iter().map(ToString::to_string).collect();
        let around = match self.survive.radius_km {
            Some(radius) if !near.is_empty() => {
                say!(" and what stands within {radius} km of it ({near})", radius, near = lang::list(&near))
            }
            _ => Message::default(),
        };
        let losing = match (loss.is_empty(), verdict) {
            (true, Verdict::Violated) => say!("even with nothing lost"),
            (true, _) => say!("losing one {kind}", kind),
            (false, _) if loss.iter().any(|d| d.kind != self.survive.loss_of) => {
                say!("losing one {kind} in {lost}", kind, lost = lang::series(&lost, Joint::EachAnd))
            }
            (false, _) if down.is_empty() || verdict != Verdict::Violated => {
                say!("losing {lost}{around}", lost = lang::series(&lost, Joint::EachAnd), around)
            }
            (false, _) => say!(
                "losing {lost}{around} takes down {list}, which",
                lost = lang::series(&lost, Joint::EachAnd),
                around,
                list = self.list(&down)
            ),
        };
        let elsewhere = missing.outside.as_ref().filter(|_| missing.kept.is_empty()).map(|(at, _)| *at);
        let place = |at: EndpointId| {
            say!(
                "`{endpoint}` {place}",
                endpoint = context.snapshot.endpoint(at).name,
                place = places_phrase(&context.known_places(at))
            )
        };
        let message = match (verdict, elsewhere) {
            (Verdict::Violated, Some(at)) if loss.is_empty() => {
                say!("{losing}, {subject} is served by {place}, not{within}", losing, subject, place = place(at), within)
            }
            (Verdict::Violated, Some(at)) => {
                say!("{losing} leaves {subject} to {place}, not{within}", losing, subject, place = place(at), within)
            }
            (Verdict::Violated, None) if loss.is_empty() => {
                say!("{losing}, {subject} has {kept}{within}", losing, subject, kept = lang::list(&kept), within)
            }
            (Verdict::Violated, None) => {
                say!("{losing} leaves {kept} for {subject}{within}", losing, kept = lang::list(&kept), subject, within)
            }
            _ => {
                let kept: Vec<Message> = self.survive.keep.iter().map(|k| self.phrase(*k, true)).collect();
                say!(
                    "whether {losing} leaves {kept} for {subject}{within} cannot be told: {unknowns}",
                    losing,
                    kept = lang::list(&kept),
                    subject,
                    within,
                    unknowns = self.unknowns(loss, &tokens)
                )
            }
        };
        let culprit = down.iter().copied().find(|id| missing.kept.keys().any(|keep| self.is_kept_by(*keep, *id)));
        let endpoint = elsewhere.or(culprit).or(down.first().copied()).unwrap_or(start);
        let name = &context.snapshot.endpoint(endpoint).name;
        let alone = match elsewhere {
            None if !loss.is_empty() && verdict == Verdict::Violated => self.without_stand_in(loss, missing),
            _ => Vec::new(),
        };
        let far = self.survive.radius_km.map_or_else(Message::default, |km| say!(" more than {km} km away", km));
        let help = match (verdict, elsewhere) {
            (Verdict::Violated, Some(_)) => say!("put the stand-ins{within} before `{name}`, or take it out", within, name),
            (Verdict::Violated, None) if loss.is_empty() => {
                say!("declare the routes and stores that serve this data{within}", within)
            }
            (Verdict::Violated, None) if missing.kept.keys().eq([&Keep::FullCopy]) => {
                say!(
                    "keep a copy of all of it{within}{far} that does not share {lost} with `{name}`",
                    within,
                    far,
                    lost = lang::list(&lost),
                    name
                )
            }
            (Verdict::Violated, None) => {
                let (of, stand_in) = match alone.as_slice() {
                    [] => (Message::Plain(format!("`{name}`")), say!("a stand-in")),
                    [_] => (self.list(&alone), say!("a stand-in")),
                    _ => (self.list(&alone), say!("stand-ins")),
                };
                let share = if alone.len() > 1 { say!("do not share") } else { say!("does not share") };
                let line = match self.survive.loss_of {
                    DomainKind::Carrier => say!("lead a line of another carrier to {of}, or ", of),
                    _ => Message::default(),
                };
                say!(
                    "{line}give {of} {stand_in}{within}{far} that {share} {lost}",
                    line,
                    of,
                    stand_in,
                    within,
                    far,
                    share,
                    lost = lang::list(&lost)
                )
            }
            _ if self.survive.radius_km.is_some() => {
                say!("declare the {kind} and the place of the endpoints named, and `coordinates` of every site", kind)
            }
            _ if self.survive.max_age_hours.is_some() => {
                say!("declare the {kind}, the place and the `max-age` of the endpoints named", kind)
            }
            _ => say!("declare the {kind} and the place of the endpoints named", kind),
        };
        let draft = Draft {
            code: "not-surviving",
            verdict,
            endpoint,
            arrivals: &arrivals,
            state: Some(if loss.is_empty() { State::Normal } else { State::Loss }),
            message,
            help: Some(help),
            lost: (!lost.is_empty()).then(|| lost.join(",")),
            labels: Vec::new(),
        };
        let without = alone.iter().map(|id| context.snapshot.endpoint(*id).name.clone()).collect();
        Finding { without, ..finding(context, self.scope, draft) }
    }

    /// Whether an endpoint is what a thing to keep rests on: the store, the login, the key service, the name server.
    fn is_kept_by(&self, keep: Keep, id: EndpointId) -> bool {
        let snapshot = self.context.snapshot;
        let Some(purpose) = purpose_of(keep) else {
            return keep == Keep::FullCopy && snapshot.endpoint(id).roles.contains(Role::Store);
        };
        self.context.incoming(id).iter().map(|r| snapshot.route(*r)).any(|r| match r.activity {
            Activity::Depend => r.purpose == purpose,
            Activity::Keys => purpose == Dependence::Keys,
            _ => false,
        })
    }

    /// What is lost and has no stand-in: all of a pool that something on the way hands on to or needs, all of the entries, or,
    /// where only copies are asked for, the stores.
    fn without_stand_in(&self, loss: &[LossDomain], missing: &Missing) -> Vec<EndpointId> {
        let (context, snapshot) = (self.context, self.context.snapshot);
        let lost = World::Loss(self.around(loss, View::Hopeful));
        let down: BTreeSet<EndpointId> = context.graph.down(&lost).into_iter().collect();
        let tokens: BTreeSet<usize> = missing.kept.values().flatten().copied().collect();
        let spread = context.spread(State::Normal);
        if missing.kept.keys().eq([&Keep::FullCopy]) {
            let holds = |id: &EndpointId| tokens.iter().any(|t| keeps_copy(context, *id, *t) && spread.has(*id, *t));
            return down.into_iter().filter(holds).collect();
        }
        let purposes: BTreeSet<&str> =
            missing.kept.keys().flat_map(|keep| purposes(*keep)).map(|purpose| purpose.as_str()).collect();
        let needs = |r: &Route| match r.activity {
            Activity::Depend => purposes.contains(r.purpose.as_str()),
            Activity::Keys => purposes.contains(Dependence::Keys.as_str()),
            Activity::Forward => true,
            _ => r.alias,
        };
        let needed = relevant(context, |id| tokens.iter().any(|t| spread.has(id, *t)));
        let mut pools: Vec<Vec<EndpointId>> = tokens.iter().map(|t| context.tokens[*t].starts.clone()).collect();
        for id in snapshot.endpoint_ids().filter(|id| needed[id.index()]) {
            let mut of_pool: BTreeMap<u32, Vec<EndpointId>> = BTreeMap::new();
            for (_, route) in snapshot.routes_from(id).filter(|(_, r)| needs(r)) {
                of_pool.entry(route.pool).or_default().push(route.to);
            }
            pools.extend(of_pool.into_values());
        }
        let gone = pools.into_iter().filter(|pool| pool.iter().all(|to| down.contains(to)));
        let alone: BTreeSet<EndpointId> = gone.flatten().collect();
        alone.into_iter().collect()
    }

    /// What the loss itself takes down of what serves or stores the tokens in normal running, nearest to the first token's
    /// entry first.
    fn down_on_the_way(&self, loss: &[LossDomain], tokens: &BTreeSet<usize>) -> Vec<EndpointId> {
        let context = self.context;
        let spread = context.spread(State::Normal);
        let Some(first) = tokens.first() else { return Vec::new() };
        let mut down = context.graph.down(&World::Loss(self.around(loss, View::Hopeful)));
        let needed = relevant(context, |id| tokens.iter().any(|t| spread.has(id, *t)));
        down.retain(|id| needed[id.index()]);
        down.sort_by_key(|id| (context.way(State::Normal, *first, *id).map_or(usize::MAX, |way| way.len()), *id));
        down
    }

    /// "`a`, `b` and `c`", "`a`, `b`, `c` and 3 others".
    fn list(&self, ids: &[EndpointId]) -> Message {
        let name = |id: &EndpointId| Message::Plain(format!("`{}`", self.context.snapshot.endpoint(*id).name));
        let mut shown: Vec<Message> = ids.iter().take(3).map(name).collect();
        if ids.len() > 3 {
            shown.push(lang::count(ids.len() - 3, "other", "others"));
        }
        lang::series(shown, Joint::And)
    }

    /// Endpoints on the way of which too little is declared.
    fn unknowns(&self, loss: &[LossDomain], tokens: &BTreeSet<usize>) -> Message {
        let context = self.context;
        let spread = context.spread(State::Loss);
        let needed = relevant(context, |id| tokens.iter().any(|t| spread.has(id, *t)));
        let on_the_way = || context.snapshot.endpoint_ids().filter(|id| context.has_place(*id) && needed[id.index()]);
        let kind = Message::Word(self.survive.loss_of.as_str());
        let silent: Vec<EndpointId> =
            on_the_way().filter(|id| self.domains.undeclared[id.index()] || self.domains.by_region[id.index()]).collect();
        let placeless: Vec<EndpointId> = on_the_way()
            .filter(|id| matches!(self.within[context.standpoint(*id)], Placement::Unknown(_) | Placement::Weak(_)))
            .collect();
        let is_ageless = |id: &EndpointId| {
            tokens.iter().any(|t| keeps_copy(context, *id, *t) && spread.has(*id, *t) && self.is_fresh(*id, *t).is_none())
        };
        let ageless: Vec<EndpointId> = on_the_way().filter(is_ageless).collect();
        let mut told = Vec::new();
        let (surely, perhaps) = (self.around(loss, View::Hopeful), self.around(loss, View::Cautious));
        let unmeasured: Vec<String> =
            perhaps.iter().filter(|d| !surely.contains(d)).take(3).map(|d| format!("`{d}`")).collect();
        if let (Some(lost), false) = (loss.first(), unmeasured.is_empty()) {
            told.push(say!("how far {sites} from `{lost}` is not declared (`coordinates`)", sites = are(&unmeasured), lost));
        }
        if !ageless.is_empty() {
            told.push(say!("how old the copy at {list} may be (`max-age`) is not declared", list = self.list(&ageless)));
        }
        if !silent.is_empty() {
            told.push(say!("the {kind} of {list} is not declared", kind, list = self.list(&silent)));
        }
        if !placeless.is_empty() {
            told.push(say!("the place of {list} is not known", list = self.list(&placeless)));
        }
        if told.is_empty() {
            told.push(say!("not all of it surely gets to what is left"));
        }
        lang::series(told, Joint::ClauseAnd)
    }

    pub(super) fn too_many(&self) -> Finding {
        let start =
            bits(&self.scope.tokens).find_map(|t| self.context.tokens[t].starts.first().copied()).unwrap_or(EndpointId(0));
        let message = say!(
            "the {n} {kind}s in use make more than {most} ways to lose {count} at once; not all were asked",
            n = self.domains.names.len(),
            kind = Message::Word(self.survive.loss_of.as_str()),
            most = MOST_COMBINATIONS,
            count = self.survive.count
        );
        let draft = Draft {
            code: "not-surviving",
            verdict: Verdict::Indeterminate,
            endpoint: start,
            arrivals: &[],
            state: Some(State::Loss),
            message,
            help: Some(say!("ask for a smaller `count`, or for a wider kind of domain")),
            lost: None,
            labels: Vec::new(),
        };
        finding(self.context, self.scope, draft)
    }
}

/// "`a` is", "`a` and `b` are".
fn are(names: &[String]) -> Message {
    match names {
        [one] => say!("{one} is", one),
        [] => Message::default(),
        several => say!("{names} are", names = lang::series(several, Joint::And)),
    }
}

/// What must remain and was never read cannot be said to remain.
pub(super) fn nothing_read(
    context: &Context<'_>,
    scope: &Scope<'_>,
    survive: &Survive,
    keep: Keep,
    purpose: Dependence,
    tokens: &[usize],
) -> Option<Finding> {
    let arrivals: Vec<Arrival> = tokens.iter().map(|t| Arrival { token: *t, via: None, activity: "transit" }).collect();
    let endpoint = context.tokens[*tokens.first()?].starts.first().copied()?;
    let (what, word) = match keep {
        Keep::Identity => (say!("login"), "identity"),
        Keep::Keys => (say!("keys"), "keys"),
        Keep::ControlPlane => (say!("control plane"), "control-plane"),
        _ => (say!("name service"), "dns"),
    };
    let message = say!(
        "whether a {kept} is left after losing one {kind} cannot be told for {subject}: nothing that was read depends on any",
        kept = noun(keep),
        kind = Message::Word(survive.loss_of.as_str()),
        subject = subject_of(context, scope, &arrivals)
    );
    let help = Some(say!(
        "declare the {what} (a route with `activity = \"depend\"` and `purpose = \"{purpose}\"`), or leave `{word}` out of `keep`",
        what,
        purpose = purpose.as_str(),
        word
    ));
    let (verdict, state) = (Verdict::Indeterminate, Some(State::Normal));
    let arrivals = &arrivals;
    let draft = Draft { code: "not-surviving", verdict, endpoint, arrivals, state, message, help, lost: None, labels: vec![] };
    Some(finding(context, scope, draft))
}

/// "a serving path", "no serving path".
fn noun(keep: Keep) -> Message {
    match keep {
        Keep::ServingPath => say!("serving path"),
        Keep::FullCopy => say!("full copy"),
        Keep::Identity => say!("login"),
        Keep::Keys => say!("key service"),
        Keep::Dns => say!("name service"),
        Keep::ControlPlane => say!("control plane"),
    }
}
