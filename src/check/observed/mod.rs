//! Observed flows against the same policies: what was sent from where data is to where a rule does not want it.
//!
//! A log shows who sent how much to whom, never what. So what an endpoint that surely holds a class sends to a place outside is
//! a violation, unless the project declares that this way carries other data; what it answers to unknown clients there, what may
//! hold the class, and what goes nobody knows where, leaves the rule undecided. Nothing that was not read, or not told apart, lets a
//! rule pass.

mod tell;
mod ways;

use std::collections::{BTreeMap, BTreeSet};

use super::boundary::people_sets;
use super::context::{Context, Standpoint, and, bits};
use super::describe::tell_apart;
use super::placement::{Placement, Wanted, judge};
use super::recipient::{self, Fitness};
use super::scope::{Applies, Scope};
use super::waive;
use super::{Question, overall, with_context};
use crate::finding::observed::{End, Log, Observation, Seen};
use crate::finding::{Assessment, Finding, RuleResult, State, Verdict};
use crate::lang::{self, Joint, Message, say};
use crate::model::{EndpointId, Role};
use crate::policy::{Combine, Demand, Doing};
use crate::traffic::{Labels, Party, PartyId, Sum, Tally, Way};
use crate::vocab::places::PlaceSet;
use ways::Hops;

/// What was counted, under which labels.
pub struct Counted<'c> {
    pub labels: &'c Labels,
    pub tally: &'c Tally,
    pub logs: &'c [Log],
}

/// Holds what was counted against the question's policies and declarations. `assessed`: the assessment of the same project, whose
/// findings may show in the logs.
pub fn observe(question: &Question<'_>, counted: &Counted<'_>, assessed: Option<&Assessment>) -> Observation {
    with_context(question, |context| Judge::new(context, counted).observation(question, assessed))
}

/// All hours of one way added up.
struct Pair<'c> {
    from: &'c Party,
    to: &'c Party,
    ids: (PartyId, PartyId),
    way: Way,
    ours: Option<bool>,
    sum: Sum,
}

impl Pair<'_> {
    /// It comes from somebody else: an address that is nobody's here, to one that is.
    fn is_inbound(&self) -> bool {
        let to_us = self.to.is_own() || self.ours == Some(false);
        !self.from.is_own() && self.ours != Some(true) && to_us
    }

    fn is_local(&self) -> bool {
        self.from.local || self.to.local
    }
}

struct Judge<'j, 'a> {
    context: &'j Context<'a>,
    counted: &'j Counted<'j>,
    pairs: Vec<Pair<'j>>,
    hops: Hops,
    /// By party: what it depends on where it is.
    standpoints: BTreeMap<PartyId, Standpoint>,
}

/// Why no rule can pass, whatever was seen.
fn unread(counted: &Counted<'_>) -> Vec<Message> {
    let mut why = Vec::new();
    let broken = counted.logs.iter().filter(|l| l.broken.is_some()).count();
    if broken > 0 {
        why.push(say!("{logs} not read to the end", logs = lang::count(broken, "log was", "logs were")));
    }
    let rows = &counted.tally.rows;
    if rows.unparsable > 0 {
        why.push(say!("{rows} could not be read", rows = of(rows.unparsable, "row", "rows")));
    }
    if rows.skipped > 0 {
        why.push(say!("the log left out what belongs at {rows}", rows = of(rows.skipped, "row", "rows")));
    }
    if counted.tally.other.flows > 0 {
        why.push(say!("{flows} could not be told apart", flows = of(counted.tally.other.flows, "flow", "flows")));
    }
    why
}

fn of(n: u64, one: &'static str, many: &'static str) -> Message {
    Message::Count(n, one, many)
}

/// A demand on where data goes, and of which tokens.
struct Asked {
    places: Places,
    tokens: Vec<u64>,
}

enum Places {
    In(PlaceSet),
    NotIn(PlaceSet),
    Anywhere,
}

/// `None`: the demand is not on where data goes, so that flows cannot show it.
fn asked(context: &Context<'_>, scope: &Scope<'_>) -> Option<Vec<Asked>> {
    let one = |places| vec![Asked { places, tokens: scope.tokens.clone() }];
    let people = |base: &[String]| {
        people_sets(context, scope, base).into_iter().map(|(set, tokens)| Asked { places: Places::In(set), tokens }).collect()
    };
    match &scope.rule.demand {
        Demand::OnlyIn(set) if scope.rule.combine == Combine::Nexus => Some(people(&set.names)),
        Demand::Nexus => Some(people(&[])),
        Demand::OnlyIn(set) => Some(one(Places::In(set.clone()))),
        Demand::NeverIn(set) => Some(one(Places::NotIn(set.clone()))),
        Demand::Recipient => Some(one(Places::Anywhere)),
        _ => None,
    }
}

/// A finding with what it rests on.
type Found = (Finding, End, End, Seen);

impl<'j, 'a> Judge<'j, 'a> {
    fn new(context: &'j Context<'a>, counted: &'j Counted<'j>) -> Self {
        let mut sums: BTreeMap<(u32, u32, Way, Option<bool>), Sum> = BTreeMap::new();
        for (key, sum) in counted.tally.cells() {
            sums.entry((key.from, key.to, key.way, key.ours)).or_default().add(sum);
        }
        let pair = |((from, to, way, ours), sum)| Pair {
            from: counted.labels.party(PartyId(from)),
            to: counted.labels.party(PartyId(to)),
            ids: (PartyId(from), PartyId(to)),
            way,
            ours,
            sum,
        };
        let pairs: Vec<Pair<'_>> = sums.into_iter().map(pair).collect();
        let receivers: BTreeSet<PartyId> = pairs.iter().map(|p| p.ids.1).collect();
        let standpoint = |id: PartyId| (id, standpoint(context, counted.labels.party(id)));
        let standpoints = receivers.into_iter().map(standpoint).collect();
        Self { context, counted, pairs, hops: Hops::new(context), standpoints }
    }

    fn observation(&self, question: &Question<'_>, assessed: Option<&Assessment>) -> Observation {
        let context = self.context;
        let scopes: Vec<Scope<'_>> =
            question.packs.iter().flat_map(|p| p.rules.iter().map(move |r| Scope::new(context, p, r))).collect();
        let unread = unread(self.counted);
        let mut all: Vec<Found> = Vec::new();
        let mut rules: Vec<(usize, Option<Judged>)> = Vec::new();
        for (i, scope) in scopes.iter().enumerate() {
            let judged = asked(context, scope).map(|asked| self.rule(scope, &asked));
            if let Some(judged) = &judged {
                all.extend(judged.found.iter().cloned());
            }
            rules.push((i, judged));
        }
        let mut findings: Vec<Finding> = all.iter().map(|(f, ..)| f.clone()).collect();
        findings.sort_by(|a, b| order(a).cmp(&order(b)));
        let mut seen = BTreeMap::new();
        for (finding, from, to, sum) in all {
            seen.insert(finding.fingerprint.clone(), (from, to, sum));
        }
        tell_apart(&mut findings);
        waive::waive(context, question.baseline, &[], &[], &mut findings);
        // A waiver may be for what only the assessment shows.
        findings.retain(|f| f.code != waive::FOR_NOTHING);
        let mut results: Vec<RuleResult> = rules
            .iter()
            .map(|(i, judged)| {
                let scope = &scopes[*i];
                let own: Vec<&Finding> = findings.iter().filter(|f| f.rule.as_deref() == Some(&scope.name)).collect();
                result(scope, judged.as_ref(), &own, &unread)
            })
            .collect();
        results.sort_by(|a, b| a.rule.cmp(&b.rule));
        let assessment = Assessment {
            project: question.project.name.clone(),
            project_zh: question.project.name_zh.clone(),
            owner: question.project.owner.clone(),
            notify: None,
            as_of: question.as_of.to_string(),
            verdict: overall(&results, &findings),
            rules: results,
            findings,
            allowed: Vec::new(),
            remedies: Vec::new(),
            gaps: Vec::new(),
            ways: Vec::new(),
            topology: None,
            coverage: context.coverage(question.coverage.clone()),
            data_sets: context.atlas.data_sets(),
        };
        let tally = self.counted.tally;
        Observation {
            assessment,
            seen,
            logs: self.counted.logs.to_vec(),
            rows: tally.rows.clone(),
            grain: match tally.grain {
                crate::traffic::Grain::Hour => "hour",
                crate::traffic::Grain::Day => "day",
                crate::traffic::Grain::Whole => "whole",
            },
            ways: self.ways(),
            other: self.seen(&tally.other),
            unused: self.unused(),
            proofs: assessed.map(|a| self.proofs(a)).unwrap_or_default(),
            odd: tally.odd.iter().map(|s| (self.log(s.0), s.1)).collect(),
        }
    }

    /// Every flow from what holds, or may hold, what the rule is about.
    fn rule(&self, scope: &Scope<'_>, asked: &[Asked]) -> Judged {
        let mut judged = Judged::default();
        if !matches!(scope.applies, Applies::Yes | Applies::IfEvidence(_) | Applies::Nobody(_)) {
            return judged;
        }
        // Of data that nobody declared an undeclared sender may hold some all the same, but the rule is about nobody then.
        if matches!(scope.applies, Applies::Nobody(_)) {
            return judged;
        }
        let mut drafts: BTreeMap<(String, String, &'static str), Draft<'_>> = BTreeMap::new();
        for pair in self.pairs.iter().filter(|p| !p.is_local() && !p.is_inbound()) {
            for asked in asked {
                let Some(holds) = self.holds(pair, &asked.tokens) else { continue };
                if holds.known {
                    judged.flows += pair.sum.flows;
                }
                judged.senders.extend(pair.from.endpoints.iter().copied());
                let wanted = match &asked.places {
                    Places::In(set) => Wanted::In(set),
                    Places::NotIn(set) => Wanted::NotIn(set),
                    Places::Anywhere => Wanted::Anywhere,
                };
                let standpoint = &self.standpoints[&pair.ids.1];
                let placement = judge(self.context, standpoint, &wanted);
                let fitness = self.fitness(scope, pair);
                let Some((code, verdict, why)) = self.verdict(scope, pair, &placement, &fitness, &holds) else { continue };
                let key = (self.name(pair.from), self.name(pair.to), code);
                let draft = drafts.entry(key).or_insert_with(|| Draft {
                    pair,
                    tokens: Vec::new(),
                    code,
                    verdict,
                    why,
                    placement,
                    fitness,
                    unsure: false,
                    sum: Sum::default(),
                });
                draft.tokens.extend(bits(&holds.tokens));
                draft.unsure |= and(&holds.tokens, &scope.unsure).iter().any(|w| *w != 0);
                draft.sum.add(&pair.sum);
            }
        }
        for draft in drafts.into_values() {
            let unsure = draft.unsure;
            let (from, to) = (self.end(draft.pair.from), self.end(draft.pair.to));
            let seen = self.seen(&draft.sum);
            let mut finding = [self.finding(scope, draft, &from, &to, &seen)];
            scope.soften(self.context, &mut finding, unsure);
            let [mut finding] = finding;
            if finding.verdict == Verdict::Satisfied {
                judged.allowed += 1;
                continue;
            }
            finding.fingerprint = tell::fingerprint(&finding, &from.name, &to.name);
            judged.found.push((finding, from, to, seen));
        }
        judged
    }

    /// What the sender has of these tokens. `None`: nothing.
    fn holds(&self, pair: &Pair<'_>, wanted: &[u64]) -> Option<Holds> {
        let context = self.context;
        let sender = &pair.from.endpoints;
        if sender.is_empty() {
            // Nobody said what stands there.
            return wanted.iter().any(|w| *w != 0).then(|| Holds { tokens: wanted.to_vec(), sure: false, known: false });
        }
        let in_state = |state: State, id: &EndpointId| and(context.spread(state).at(*id), wanted);
        let any = |words: &[u64]| words.iter().any(|w| *w != 0);
        let mut tokens = vec![0_u64; wanted.len()];
        for id in sender {
            // Loss bounds all states from above.
            tokens.iter_mut().zip(in_state(State::Loss, id)).for_each(|(a, b)| *a |= b);
        }
        // A way that is declared for other data carries that.
        if let Some(routes) = self.hops.between(pair).filter(|routes| !routes.is_empty()) {
            let carried: Vec<usize> = bits(&tokens).filter(|t| routes.iter().any(|r| context.graph.passes(*r, *t))).collect();
            tokens = vec![0; wanted.len()];
            carried.into_iter().for_each(|t| super::context::set(&mut tokens, t));
        }
        if !any(&tokens) {
            return None;
        }
        let sure = sender.iter().all(|id| any(&and(&in_state(State::Normal, id), &tokens)));
        Some(Holds { tokens, sure, known: true })
    }

    /// Whether whoever operates the receiver may have the data.
    fn fitness(&self, scope: &Scope<'_>, pair: &Pair<'_>) -> Fitness {
        if scope.rule.recipient.is_none() {
            return Fitness::Fit;
        }
        let context = self.context;
        let of = |id: &EndpointId| recipient::judge(context, &context.standpoints[context.standpoint(*id)], scope.rule);
        let mut judged: Vec<Fitness> = pair.to.endpoints.iter().map(of).collect();
        judged.dedup();
        match judged.len() {
            0 => Fitness::Untold(say!("no inventory says what has that address")),
            1 => judged.swap_remove(0),
            _ if judged.iter().all(|f| matches!(f, Fitness::Unfit(_))) => judged.swap_remove(0),
            _ => Fitness::Untold(say!("which of several endpoints has that address is not known, nor who operates it")),
        }
    }

    /// `None`: the rule has nothing against it.
    fn verdict(
        &self,
        scope: &Scope<'_>,
        pair: &Pair<'_>,
        placement: &Placement,
        fitness: &Fitness,
        holds: &Holds,
    ) -> Option<(&'static str, Verdict, Message)> {
        let undecided = |code, why: Message| Some((code, Verdict::Indeterminate, why));
        let code = match (placement, fitness) {
            (Placement::Inside, Fitness::Fit) => return None,
            (Placement::Outside(_), _) => "observed-outside",
            (_, Fitness::Unfit(_)) => "observed-recipient-not-allowed",
            (Placement::Weak(_) | Placement::Unknown(_), _) => "observed-place-unknown",
            (Placement::Inside, Fitness::Untold(_)) => "observed-recipient-unknown",
        };
        let does = self.does(scope, pair)?;
        match (code, placement, fitness) {
            ("observed-place-unknown", Placement::Weak(why), _) => undecided(code, say!("but {why}", why)),
            ("observed-place-unknown", ..) => undecided(code, Message::default()),
            ("observed-recipient-unknown", _, Fitness::Untold(why)) => {
                undecided(code, say!("and whether its operator may have it cannot be told: {why}", why))
            }
            _ if !holds.known => {
                undecided("observed-sender-unknown", say!("and no inventory says what stands at the sender's address"))
            }
            _ if pair.way == Way::Answered && !pair.to.is_own() => {
                undecided("observed-answer-abroad", say!("in answer to clients there, of whom nothing is declared"))
            }
            _ if !holds.sure => undecided(
                "observed-perhaps-outside",
                say!("though that data gets to the sender in some states only, or to one of several that may have sent it"),
            ),
            _ if !does => undecided(
                "observed-perhaps-outside",
                say!("and whether what happens there is what the rule is about cannot be told"),
            ),
            _ if scope.rule.state.len() < State::ALL.len() => {
                undecided("observed-perhaps-outside", say!("and a log does not say in which state the rule asks for that was"))
            }
            _ => Some((code, Verdict::Violated, Message::default())),
        }
    }

    /// Whether the receiver does what the rule is about: surely, perhaps, or (`None`) not.
    fn does(&self, scope: &Scope<'_>, pair: &Pair<'_>) -> Option<bool> {
        let asked = &scope.rule.activity;
        if asked.is_empty() {
            return Some(true);
        }
        let transit = asked.iter().any(|d| matches!(d, Doing::Role(Role::Transit | Role::Entry)));
        let roles: Vec<Role> =
            pair.to.endpoints.iter().flat_map(|id| self.context.snapshot.endpoint(*id).roles.iter()).collect();
        let routes = self.hops.between(pair).unwrap_or_default();
        if transit || roles.iter().any(|r| asked.contains(&Doing::Role(*r))) {
            return Some(true);
        }
        if routes.iter().any(|r| asked.contains(&Doing::Route(self.context.snapshot.route(*r).activity))) {
            return Some(true);
        }
        // What is declared to do something else, on a declared way.
        let known = !roles.is_empty() && !routes.is_empty();
        (!known).then_some(false)
    }
}

/// What a party depends on where it is. Of several endpoints who operates it is known only if that is one and the same.
fn standpoint(context: &Context<'_>, party: &Party) -> Standpoint {
    let mut of = party.endpoints.iter().map(|id| &context.standpoints[context.standpoint(*id)]);
    let by = of.next().filter(|first| of.all(|s| (&s.recipients, &s.registered) == (&first.recipients, &first.registered)));
    Standpoint {
        recipients: by.map(|s| s.recipients.clone()).unwrap_or_default(),
        registered: by.map(|s| s.registered.clone()).unwrap_or_default(),
        ..Standpoint::new(context.atlas, party.geo.clone())
    }
}

/// What a sender has.
struct Holds {
    tokens: Vec<u64>,
    /// Every endpoint that may have sent it has some of them in normal running.
    sure: bool,
    /// The sender is of the inventory.
    known: bool,
}

struct Draft<'p> {
    pair: &'p Pair<'p>,
    tokens: Vec<usize>,
    code: &'static str,
    verdict: Verdict,
    why: Message,
    placement: Placement,
    fitness: Fitness,
    unsure: bool,
    sum: Sum,
}

/// What became of a rule.
#[derive(Default)]
struct Judged {
    found: Vec<Found>,
    /// Flows from what holds its data.
    flows: u64,
    senders: BTreeSet<EndpointId>,
    /// Ways that the transfer register allows.
    allowed: usize,
}

fn result(scope: &Scope<'_>, judged: Option<&Judged>, found: &[&Finding], unread: &[Message]) -> RuleResult {
    let not_asked = |why: Message| (Verdict::NotApplicable, why);
    let worst = found.iter().map(|f| f.verdict).max();
    let undecided = found.iter().filter(|f| f.verdict == Verdict::Indeterminate).count();
    let (verdict, why) = match (judged, &scope.applies) {
        (_, Applies::No(why)) => not_asked(why.clone()),
        (None, _) => not_asked(say!("flows cannot show what it asks for")),
        (_, Applies::Nobody(why)) => not_asked(why.clone()),
        (_, Applies::Untold(why)) => (Verdict::Indeterminate, why.clone()),
        (Some(judged), Applies::Yes | Applies::IfEvidence(_)) => match worst {
            Some(Verdict::Violated) => {
                let broken = found.iter().filter(|f| f.verdict == Verdict::Violated).count();
                (Verdict::Violated, say!("{ways} that break it were observed", ways = lang::count(broken, "way", "ways")))
            }
            _ if undecided > 0 => (
                Verdict::Indeterminate,
                say!("{ways} could not be told", ways = lang::count(undecided, "observed way", "observed ways")),
            ),
            _ if !unread.is_empty() => (
                Verdict::Indeterminate,
                say!("nothing that was seen breaks it, but {unread}", unread = lang::series(unread, Joint::ClauseAnd)),
            ),
            Some(Verdict::Waived) => (
                Verdict::Waived,
                say!("{ways} that break it are waived", ways = lang::count(found.len(), "observed way", "observed ways")),
            ),
            _ if judged.flows == 0 => not_asked(say!("no flow in these logs comes from what holds its data")),
            _ => {
                let senders = lang::count(judged.senders.len(), "endpoint", "endpoints");
                let flows = of(judged.flows, "flow", "flows");
                (
                    Verdict::Satisfied,
                    match judged.allowed {
                        0 => say!("{flows} from {senders} seen, none breaks it", flows, senders),
                        _ => say!(
                            "{flows} from {senders} seen, none breaks it; some by the transfer register only",
                            flows,
                            senders
                        ),
                    },
                )
            }
        },
    };
    RuleResult {
        rule: scope.name.clone(),
        title: scope.rule.title(),
        severity: scope.rule.severity,
        verdict,
        why,
        controls: scope.controls(),
        read: scope.read.clone(),
        endpoints_examined: judged.map_or(0, |j| j.senders.len()),
        routes_examined: 0,
        location: scope.rule.location,
    }
}

fn order(f: &Finding) -> impl Ord + use<'_> {
    (std::cmp::Reverse((f.severity, f.verdict)), &f.rule, &f.endpoint, f.code, f.message.in_order(), &f.fingerprint)
}
