//! `only-in`, `never-in`, `first-in`, `nexus`, `recipient`: data that arrives where it must not, or where it cannot be told.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::context::{Arrival, Context, and, bits, has, set};
use super::copies::no_store;
use super::describe::{Draft, cut_help, finding, places_phrase, state_phrase, subject_of, verb};
use super::placement::{Placement, Wanted, judge_all};
use super::recipient::{self, Fitness};
use super::scope::Scope;
use super::states;
use super::together::Suppressed;
use crate::finding::{Finding, Label, State, Verdict};
use crate::lang::{self, Joint, Message, say};
use crate::model::{Address, Country, EndpointId, Role, RouteId};
use crate::policy::{Combine, Demand, Doing};
use crate::reach::{Offence, Spread, World};
use crate::vocab::places::{self, PlaceSet};

pub fn check(context: &Context<'_>, scope: &Scope<'_>, suppressed: &Suppressed<'_>) -> Vec<Finding> {
    let groups = groups(context, scope);
    if groups.is_empty() {
        return Vec::new();
    }
    let question = Question::new(context, scope, &groups, suppressed);
    let mut findings = find(context, scope, &question);
    if matches!(scope.rule.demand, Demand::FirstIn(_)) && findings.is_empty() {
        findings.extend(never_stored(context, scope));
    }
    findings
}

/// Whether what arrives at one of these endpoints breaks the rule and is not waived. `unsure` as for [`Scope::soften`].
pub fn breaks(
    context: &Context<'_>,
    scope: &Scope<'_>,
    suppressed: &Suppressed<'_>,
    unsure: bool,
    waived: impl Fn(&Finding) -> bool,
    mut at: impl Iterator<Item = EndpointId>,
) -> bool {
    let groups = groups(context, scope);
    let question = Question::new(context, scope, &groups, suppressed);
    at.any(|id| {
        let mut found = at_endpoint(context, scope, &question, id, true);
        scope.soften(context, &mut found, unsure);
        found.iter().any(|f| f.verdict == Verdict::Violated && !waived(f))
    })
}

/// Whatever surely arrives where it must not, in the harshest state the rule is asked in.
pub fn offences(context: &Context<'_>, scope: &Scope<'_>, suppressed: &Suppressed<'_>) -> Vec<Offence> {
    let mut offences = Vec::new();
    for (part, _) in scope.parts().filter(|(_, unsure)| scope.leaves(context, *unsure) != Some(false)) {
        let groups = groups(context, &part);
        let question = Question::new(context, &part, &groups, suppressed);
        let Some((_, spread)) = question.spreads.last() else { continue };
        for id in context.snapshot.endpoint_ids().filter(|id| context.has_place(*id)) {
            let outside = |g: &&Group| g.is_wrong(context.standpoint(id));
            for group in groups.iter().filter(outside) {
                for Arrival { token, via, activity } in context.arrivals(id, spread, &group.tokens, question.doing) {
                    if suppressed.covers(token, activity) {
                        continue;
                    }
                    let asked = |r: &&RouteId| {
                        question.doing.contains(&Doing::Route(context.snapshot.route(**r).activity))
                            && context.graph.moves(spread, **r, token)
                    };
                    let by = via.map(|_| context.incoming(id).iter().filter(asked).copied().collect());
                    offences.push(Offence { token, at: id, by: by.unwrap_or_default() });
                }
            }
        }
    }
    offences
}

/// How far data goes that the rule asks after: for where it is first written, no further than there.
pub fn spread<'c>(context: &'c Context<'_>, scope: &Scope<'_>, state: State) -> &'c Spread {
    match scope.rule.demand {
        Demand::FirstIn(_) => context.first_stores(state),
        _ => context.spread(state),
    }
}

/// Tokens that are asked alike; none if the demand is not on where data arrives.
fn groups(context: &Context<'_>, scope: &Scope<'_>) -> Vec<Group> {
    let all = |asked: &Asked<'_>| vec![Group::new(context, scope, asked, scope.tokens.clone())];
    match &scope.rule.demand {
        Demand::OnlyIn(set) if scope.rule.combine == Combine::Nexus => per_people(context, scope, &set.names),
        Demand::OnlyIn(set) => all(&Asked::only_in(set)),
        Demand::NeverIn(set) => all(&Asked::never_in(set)),
        Demand::FirstIn(set) => all(&Asked { code: "first-store-elsewhere", ..Asked::only_in(set) }),
        Demand::Nexus => per_people(context, scope, &[]),
        Demand::Recipient => {
            all(&Asked { wanted: Wanted::Anywhere, code: "recipient-not-allowed", allowed: Message::default() })
        }
        Demand::ReturnWithin { .. }
        | Demand::CopyIn { .. }
        | Demand::RetainIn { .. }
        | Demand::KeysIn(_)
        | Demand::Survive(_)
        | Demand::Separate(_) => Vec::new(),
    }
}

/// A demand on places, with the words for it.
struct Asked<'s> {
    wanted: Wanted<'s>,
    code: &'static str,
    /// "inside @us-all".
    allowed: Message,
}

impl<'s> Asked<'s> {
    fn only_in(set: &'s PlaceSet) -> Self {
        Self {
            wanted: Wanted::In(set),
            code: "data-leaves-boundary",
            allowed: say!("inside {names}", names = lang::list(&set.names)),
        }
    }

    fn never_in(set: &'s PlaceSet) -> Self {
        Self {
            wanted: Wanted::NotIn(set),
            code: "data-in-forbidden-place",
            allowed: say!("outside {names}", names = lang::list(&set.names)),
        }
    }
}

/// Tokens that are asked alike, and how each standpoint answers.
struct Group {
    tokens: Vec<u64>,
    placements: Vec<Placement>,
    fitness: Rc<Vec<Fitness>>,
    code: &'static str,
    allowed: Message,
}

impl Group {
    fn new(context: &Context<'_>, scope: &Scope<'_>, asked: &Asked<'_>, tokens: Vec<u64>) -> Self {
        let placements = judge_all(context, &asked.wanted);
        let fitness = Rc::new(recipient::judge_all(context, scope.rule));
        Self { tokens, placements, fitness, code: asked.code, allowed: asked.allowed.clone() }
    }

    /// Surely a wrong place, or operated by somebody who may not have it.
    fn is_wrong(&self, standpoint: usize) -> bool {
        matches!(self.placements[standpoint], Placement::Outside(_)) || matches!(self.fitness[standpoint], Fitness::Unfit(_))
    }

    fn is_right(&self, standpoint: usize) -> bool {
        self.placements[standpoint] == Placement::Inside && self.fitness[standpoint] == Fitness::Fit
    }

    /// What decides on an endpoint there.
    fn judgement(&self, standpoint: usize) -> (&Placement, &Fitness) {
        (&self.placements[standpoint], &self.fitness[standpoint])
    }
}

/// Arrivals at one endpoint that do the same there and are judged alike.
type Alike<'q> = (&'q Group, &'static str, Vec<(Arrival, State)>);

/// Where the rule is asked, and of what.
struct Question<'q> {
    groups: &'q [Group],
    spreads: Vec<(State, &'q Spread)>,
    doing: &'q [Doing],
    suppressed: &'q Suppressed<'q>,
}

impl<'q> Question<'q> {
    fn new(context: &'q Context<'_>, scope: &'q Scope<'_>, groups: &'q [Group], suppressed: &'q Suppressed<'q>) -> Self {
        let first = matches!(scope.rule.demand, Demand::FirstIn(_));
        let spreads = states(context, scope).map(|s| (s, spread(context, scope, s))).collect();
        let doing: &[Doing] = if first { &[Doing::Role(Role::Store)] } else { &scope.rule.activity };
        Self { groups, spreads, doing, suppressed }
    }
}

/// Sets that depend on who takes part: tokens of the same people are judged together.
fn per_people(context: &Context<'_>, scope: &Scope<'_>, base: &[String]) -> Vec<Group> {
    let sets = people_sets(context, scope, base).into_iter();
    sets.map(|(set, tokens)| Group::new(context, scope, &Asked { code: "no-nexus", ..Asked::only_in(&set) }, tokens)).collect()
}

/// Where the data of the same people may be: the rule's places and their own.
pub fn people_sets(context: &Context<'_>, scope: &Scope<'_>, base: &[String]) -> Vec<(PlaceSet, Vec<u64>)> {
    let mut by_people: BTreeMap<&[Country], Vec<u64>> = BTreeMap::new();
    for token in bits(&scope.tokens) {
        let of = by_people.entry(&context.tokens[token].origins).or_insert_with(|| vec![0; scope.tokens.len()]);
        set(of, token);
    }
    let sets = by_people.into_iter().map(|(people, tokens)| {
        let words: Vec<String> = base.iter().cloned().chain(people.iter().map(ToString::to_string)).collect();
        // Codes of populations were checked when they were read; a set of nothing allows nothing.
        (PlaceSet::resolve(&words, context.as_of).unwrap_or_default(), tokens)
    });
    sets.collect()
}

/// What gets to no store at all has no first one.
fn never_stored(context: &Context<'_>, scope: &Scope<'_>) -> Vec<Finding> {
    let is_store = |id: EndpointId| context.snapshot.endpoint(id).roles.contains(Role::Store);
    let unstored: Vec<usize> = bits(&scope.tokens)
        .filter(|t| !context.snapshot.endpoint_ids().any(|id| is_store(id) && context.spread(scope.worst_state()).has(id, *t)))
        .collect();
    if unstored.is_empty() { Vec::new() } else { no_store(context, scope, &unstored, "first-store-elsewhere") }
}

/// One finding for all that does the same at an endpoint, in the mildest state in which anything does.
fn find(context: &Context<'_>, scope: &Scope<'_>, question: &Question<'_>) -> Vec<Finding> {
    let all = context.snapshot.endpoint_ids();
    let mut findings: Vec<Finding> = all.flat_map(|id| at_endpoint(context, scope, question, id, false)).collect();
    findings.extend(dead_ends(context, scope, question));
    findings
}

/// With `outside`, only what surely stands where it must not.
fn at_endpoint(
    context: &Context<'_>,
    scope: &Scope<'_>,
    question: &Question<'_>,
    id: EndpointId,
    outside: bool,
) -> Vec<Finding> {
    if !context.has_place(id) {
        return Vec::new();
    }
    let standpoint = context.standpoint(id);
    let asked = |g: &&Group| g.is_wrong(standpoint) || (!outside && !g.is_right(standpoint));
    let mut alike: Vec<Alike<'_>> = Vec::new();
    for group in question.groups.iter().filter(asked) {
        let mut seen = vec![0_u64; group.tokens.len()];
        for (state, spread) in &question.spreads {
            for arrival in context.arrivals(id, spread, &group.tokens, question.doing) {
                if has(&seen, arrival.token) || question.suppressed.covers(arrival.token, arrival.activity) {
                    continue;
                }
                set(&mut seen, arrival.token);
                let (judgement, activity) = (group.judgement(standpoint), arrival.activity);
                let same = alike.iter_mut().find(|(g, a, _)| g.judgement(standpoint) == judgement && *a == activity);
                match same {
                    Some((_, _, arrivals)) => arrivals.push((arrival, *state)),
                    None => alike.push((group, activity, vec![(arrival, *state)])),
                }
            }
        }
    }
    let found = alike.into_iter().map(|(group, _, mut arrivals)| {
        arrivals.sort_by_key(|(a, state)| (*state, a.token));
        misplaced(context, scope, group, id, &arrivals)
    });
    found.collect()
}

fn misplaced(context: &Context<'_>, scope: &Scope<'_>, group: &Group, id: EndpointId, all: &[(Arrival, State)]) -> Finding {
    let name = &context.snapshot.endpoint(id).name;
    let (placement, fitness) = group.judgement(context.standpoint(id));
    let arrivals: Vec<Arrival> = all.iter().map(|(a, _)| a.clone()).collect();
    let state = all[0].1;
    // "... in normal running, and ... under overload".
    let (mut subjects, mut later) = (Message::default(), Message::default());
    for in_state in all.chunk_by(|a, b| a.1 == b.1) {
        let of_state: Vec<Arrival> = in_state.iter().map(|(a, _)| a.clone()).collect();
        let subject = subject_of(context, scope, &of_state);
        if subjects.is_empty() {
            subjects = subject;
        } else {
            later = say!("{later}, and {subject} {state}", later, subject, state = state_phrase(in_state[0].1));
        }
    }
    let does = match &scope.rule.demand {
        Demand::FirstIn(_) => say!("is first stored at"),
        _ => verb(arrivals[0].activity),
    };
    let when = say!("{state}{later}", state = state_phrase(state), later);
    let (code, verdict, message, help) = match (placement, fitness) {
        (Placement::Outside(places), _) => {
            let nobody = match group.code {
                "no-nexus" => say!(", where nobody who takes part belongs"),
                _ => Message::default(),
            };
            let message = say!(
                "{subjects} {does} `{name}` in {places} {when}{nobody}",
                subjects,
                does,
                name,
                places = lang::series(places, Joint::EachOr),
                when,
                nobody
            );
            (group.code, Verdict::Violated, message, None)
        }
        (_, Fitness::Unfit(why)) => {
            let places = places_phrase(&context.known_places(id));
            let message =
                say!("{subjects} {does} `{name}` {places} {when}, and {why}", subjects, does, name, places, when, why);
            let help = say!(
                "use an endpoint whose operator may have the data, keep the data out of `{name}`, or correct [[recipient]]",
                name
            );
            ("recipient-not-allowed", Verdict::Violated, message, Some(help))
        }
        (Placement::Inside, Fitness::Untold(why)) => {
            let places = places_phrase(&context.known_places(id));
            let message = say!(
                "{subjects} {does} `{name}` {places} {when}, and whether its operator may have it cannot be told: {why}",
                subjects,
                does,
                name,
                places,
                when,
                why
            );
            (
                "recipient-unknown",
                Verdict::Indeterminate,
                message,
                Some(say!("declare who operates it under [[recipient]], with what is attested of them")),
            )
        }
        (Placement::Weak(why), _) => {
            let places = places_phrase(&context.known_places(id));
            let message =
                say!("{subjects} {does} `{name}` {places} {when}, but {why}", subjects, does, name, places, when, why);
            let help = say!("declare where `{name}` stands (a site with its network, a region, or a [[geo.override]])", name);
            ("place-weakly-known", Verdict::Indeterminate, message, Some(help))
        }
        (Placement::Unknown(_) | Placement::Inside, _) => {
            let geo = context.geolocation(id);
            let told = match placement {
                Placement::Unknown(Some(why)) => Some(why.clone()),
                _ => geo.conflict.clone().or_else(|| geo.unknown.clone()),
            };
            let why = told.unwrap_or_else(|| say!("nothing that was read says where it stands"));
            let message = say!(
                "{subjects} {does} `{name}` {when}, and where that is cannot be told: {why}",
                subjects,
                does,
                name,
                when,
                why
            );
            // Where it stands is known then, and counts for some recipients only.
            let help = match places::counts_only_for_some(&why) {
                true => say!("say with `certifications` of a [[recipient]] whether whoever operates `{name}` is that", name),
                false => say!(
                    "declare where `{name}` stands: a [[site]] with its network, `site = ...`, a provider's region, or a [[geo.override]]",
                    name
                ),
            };
            ("place-unknown", Verdict::Indeterminate, message, Some(help))
        }
    };
    let mut finding = finding(
        context,
        scope,
        Draft {
            code,
            verdict,
            endpoint: id,
            arrivals: &arrivals,
            state: Some(state),
            message,
            help,
            lost: None,
            labels: Vec::new(),
        },
    );
    if finding.help.is_none() {
        finding.help = Some(cut_help(finding.role, finding.path.len() > 1, name, &group.allowed));
    }
    if let Some(address) = culprit(context, id, placement) {
        // Where data enters there is no route to show; else the route's line stays, and the address is pointed at beside it.
        if finding.path.len() == 1 {
            finding.location = Some(address.location);
        } else {
            let text = say!("this address of `{name}` is the one", name);
            finding.labels.push(Label { location: address.location, text });
        }
    }
    finding
}

/// Names that lead nowhere may lead anywhere, whatever the rule asks it to do there; and what only hands data on, to nobody,
/// does something with it that was not read.
fn dead_ends(context: &Context<'_>, scope: &Scope<'_>, question: &Question<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if matches!(context.world, Some(World::Loss(_))) {
        // What is down leads nowhere, and that is known.
        return findings;
    }
    let mut told = vec![0_u64; scope.tokens.len()];
    for (id, stuck) in context.dead_ends() {
        let stuck = and(stuck, &scope.tokens);
        let first = question.spreads.iter().find_map(|(state, spread)| {
            let here: Vec<usize> = bits(&and(spread.at(*id), &stuck)).collect();
            (!here.is_empty()).then_some((*state, here))
        });
        let Some((state, here)) = first else { continue };
        here.iter().for_each(|t| set(&mut told, *t));
        let arrivals: Vec<Arrival> = here.into_iter().map(|token| Arrival { token, via: None, activity: "transit" }).collect();
        let name = &context.snapshot.endpoint(*id).name;
        let subject = subject_of(context, scope, &arrivals);
        let message = say!(
            "{subject} reaches the name `{name}` {state}, which leads nowhere that was read",
            subject,
            name,
            state = state_phrase(state)
        );
        let help = say!("add the file that says what `{name}` is (a DNS zone, a hosts file, an inventory entry)", name);
        findings.push(undecided(context, scope, "place-unknown", *id, &arrivals, state, message, help));
    }
    let arriving = context.arriving();
    let mut by_start: BTreeMap<EndpointId, Vec<usize>> = BTreeMap::new();
    for token in bits(&scope.tokens).filter(|t| !has(arriving, *t) && !has(&told, *t)) {
        if let Some(start) = context.tokens[token].starts.first() {
            by_start.entry(*start).or_default().push(token);
        }
    }
    for (start, tokens) in by_start {
        let arrivals: Vec<Arrival> =
            tokens.into_iter().map(|token| Arrival { token, via: None, activity: "transit" }).collect();
        let name = &context.snapshot.endpoint(start).name;
        let subject = subject_of(context, scope, &arrivals);
        let message =
            say!("{subject} enters at `{name}`, and nothing that was read says where it is processed or stored", subject, name);
        let help = say!("add the files that say where it goes from there, or declare the route to what uses it");
        let state = question.spreads.first().map_or(State::Normal, |(s, _)| *s);
        findings.push(undecided(context, scope, "leads-nowhere", start, &arrivals, state, message, help));
    }
    findings
}

#[expect(clippy::too_many_arguments, reason = "a draft in one line")]
fn undecided(
    context: &Context<'_>,
    scope: &Scope<'_>,
    code: &'static str,
    endpoint: EndpointId,
    arrivals: &[Arrival],
    state: State,
    message: Message,
    help: Message,
) -> Finding {
    let (verdict, state, help) = (Verdict::Indeterminate, Some(state), Some(help));
    finding(context, scope, Draft { code, verdict, endpoint, arrivals, state, message, help, lost: None, labels: Vec::new() })
}

/// Of several addresses, the first one that is not where it should be.
fn culprit(context: &Context<'_>, id: EndpointId, placement: &Placement) -> Option<Address> {
    let endpoint = context.snapshot.endpoint(id);
    if endpoint.addresses.len() < 2 || !endpoint.stands_with.is_empty() {
        return None;
    }
    let mut located = endpoint.addresses.iter().map(|a| (a, context.atlas.locate_address(a.ip, endpoint.scope.as_deref())));
    let wrong = located.find(|(_, geo)| match placement {
        Placement::Outside(places) => geo.places.iter().any(|p| places.contains(p)),
        Placement::Unknown(_) => geo.places.is_empty(),
        Placement::Weak(_) | Placement::Inside => false,
    });
    wrong.map(|(a, _)| *a)
}
