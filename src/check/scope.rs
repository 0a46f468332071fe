//! Whom and what a rule is about: its tokens, and whether it applies at all.

use crate::finding::{Allowed, Finding, Read, State, Verdict};
use crate::lang::{self, Joint, Message, say};
use crate::model::population::OriginAxis;
use crate::model::{Activity, Country, Place};
use crate::policy::{Combine, Demand, Instrument, Pack, Rule, Status, Tier};
use crate::reach::{Token, TokenSource};
use crate::vocab::classes::{is_key_material, overlap};
use crate::vocab::places::Membership;

use super::context::{Context, bits, intersects, set};
use super::describe::fingerprint;
use super::transfer::Answer;

/// Whether a rule is asked at all.
#[derive(Clone, Debug)]
pub enum Applies {
    Yes,
    No(Message),
    /// No declared population or store has its data; a log may still hold it.
    Nobody(Message),
    /// Only if these undeclared facts hold: what would break it is indeterminate until they are declared.
    IfEvidence(Vec<Message>),
    /// It cannot be asked, and why: it stays undecided.
    Untold(Message),
}

pub struct Scope<'a> {
    pub pack: &'a Pack,
    pub rule: &'a Rule,
    /// `pack/rule`.
    pub name: String,
    /// The tokens it is about, as a bit set.
    pub tokens: Vec<u64>,
    /// Those of `tokens` that it is about only if something undeclared holds.
    pub unsure: Vec<u64>,
    /// What that is.
    pub unsure_of: Vec<Message>,
    /// What allows a transfer that the rule forbids, for as many people as are declared.
    pub mechanisms: Vec<String>,
    pub applies: Applies,
    /// The reading of the contested point that the rule is about.
    pub read: Option<Read>,
}

impl<'a> Scope<'a> {
    pub fn new(context: &Context<'_>, pack: &'a Pack, rule: &'a Rule) -> Self {
        let mut tokens = vec![0_u64; context.tokens.len().div_ceil(64)];
        let mut unsure = tokens.clone();
        let mut unsure_of: Vec<Message> = Vec::new();
        for (i, token) in context.tokens.iter().enumerate() {
            if !about(rule, token) {
                continue;
            }
            match origins(context, rule, token) {
                Some(origins) if rule.origin.is_none() || origins.iter().any(|o| from(rule, *o)) => {
                    set(&mut tokens, i);
                    if rule.combine == Combine::Controller && token.joint {
                        set(&mut unsure, i);
                        unsure_of.push(say!("who controls the data that {whom} shares", whom = source_name(context, token)));
                    }
                }
                Some(_) => {}
                None => {
                    set(&mut tokens, i);
                    set(&mut unsure, i);
                    unsure_of.push(match token.source {
                        TokenSource::Holding(h) if token.origins.is_empty() => {
                            let holder = &context.snapshot.endpoint(context.snapshot.holdings[h].endpoint).name;
                            say!("whose data `{holder}` holds (a [[classify]] entry with `origin` says it)", holder)
                        }
                        _ => say!(
                            "the {axis} of {whom}",
                            axis = Message::Word(rule.origin_by.as_str()),
                            whom = source_name(context, token)
                        ),
                    });
                }
            }
        }
        unsure_of.sort_by_cached_key(Message::in_order);
        unsure_of.dedup();
        let name = pack.rule_name(rule);
        let (applies, mechanisms) = applies(context, pack, rule, &tokens);
        let read = reading(context, pack, rule);
        Self { pack, rule, name, tokens, unsure, unsure_of, mechanisms, applies, read }
    }

    /// The rule as it is asked of tokens that it is surely about, and of those that it may be about.
    pub fn parts(&self) -> impl Iterator<Item = (Scope<'a>, bool)> {
        let sure: Vec<u64> = self.tokens.iter().zip(&self.unsure).map(|(t, u)| t & !u).collect();
        [(sure, false), (self.unsure.clone(), true)].into_iter().filter(|(t, _)| t.iter().any(|w| *w != 0)).map(
            |(tokens, unsure)| {
                let part = Scope {
                    pack: self.pack,
                    rule: self.rule,
                    name: self.name.clone(),
                    tokens,
                    unsure: self.unsure.clone(),
                    unsure_of: self.unsure_of.clone(),
                    mechanisms: self.mechanisms.clone(),
                    applies: self.applies.clone(),
                    read: self.read.clone(),
                };
                (part, unsure)
            },
        )
    }

    /// Ids of the controls for which the rule gives evidence.
    pub fn controls(&self) -> Vec<&'static str> {
        self.rule.controls().iter().map(|c| c.id.as_str()).collect()
    }

    /// The harshest state the rule is asked in: what is reached there is the upper bound.
    pub fn worst_state(&self) -> State {
        self.rule.state.last().copied().unwrap_or(State::Loss)
    }

    /// Endpoints and routes that its tokens reach and take in the harshest state.
    pub fn examined(&self, context: &Context<'_>) -> (usize, usize) {
        if matches!(self.applies, Applies::No(_) | Applies::Nobody(_) | Applies::Untold(_)) {
            return (0, 0);
        }
        let spread = context.spread(self.worst_state());
        let mut endpoints = 0;
        let mut routes = 0;
        for id in context.snapshot.endpoint_ids() {
            if !intersects(spread.at(id), &self.tokens) {
                continue;
            }
            endpoints += usize::from(context.has_place(id));
            routes += context.snapshot.routes_from(id).filter(|(r, _)| spread.carries(*r)).count();
        }
        (endpoints, routes)
    }

    /// Facts that are not declared turn "breaks it" into "breaks it, if". With `unsure`, the findings are about tokens that
    /// the rule is only perhaps about.
    ///
    /// What the transfer register allows becomes satisfied; the entries that do are given back.
    pub fn soften(&self, context: &Context<'_>, findings: &mut [Finding], unsure: bool) -> Vec<Allowed> {
        let mut allowed = Vec::new();
        let mut missing: Vec<Message> = match &self.applies {
            Applies::IfEvidence(missing) => missing.clone(),
            Applies::Yes | Applies::No(_) | Applies::Nobody(_) | Applies::Untold(_) => Vec::new(),
        };
        missing.extend(self.unsure_of.iter().filter(|_| unsure).cloned());
        for finding in findings.iter_mut() {
            let answer = self.register(context, finding);
            if let Some(Answer::Allowed(by)) = answer {
                finding.verdict = Verdict::Satisfied;
                allowed.extend(by);
                continue;
            }
            if finding.verdict != Verdict::Violated {
                // Adequate only for some recipients: an entry settles it.
                let known = finding.code != "place-weakly-known" && !finding.places.is_empty();
                let known = known && finding.places.iter().all(|p| p.place.is_some());
                if let (true, Some(_), Some(help)) = (known, answer, &mut finding.help) {
                    *help = say!("{help}; a current entry of the transfer register settles it", help);
                }
                continue;
            }
            if !missing.is_empty() {
                let list = lang::list(&missing);
                finding.message = say!(
                    "{message}, which breaks the rule if it applies: {list} is not declared",
                    message = finding.message,
                    list
                );
                finding.help = Some(say!("declare {list}", list));
            } else if let Some(Answer::NoRegister) = answer {
                let list = lang::list(&self.mechanisms);
                finding.message =
                    say!("{message}, which needs a transfer mechanism on file ({list})", message = finding.message, list);
                finding.help = Some(say!(
                    "record the transfer under [[transfer]] with the mechanism and the recipient, or keep the data inside; `transfer = []` says that there is none"
                ));
            } else if let Some(Answer::Unsure(what)) = answer {
                finding.message =
                    say!("{message}, and whether the transfer register covers it cannot be told", message = finding.message);
                finding.help = Some(say!("not known: {what}", what));
            } else if let Some(Answer::Open(why)) = answer {
                let list = lang::list(&self.mechanisms);
                finding.message =
                    say!("{message}, and the transfer register does not cover it: {why}", message = finding.message, why);
                finding.help = Some(say!("record or renew the transfer ({list}), or keep the data inside", list));
                self.name_exemptions(context, finding);
                continue;
            } else if self.is_about_keys() && !carries_keys(finding) {
                finding.message = say!("{message}, and whether keys are among it is not declared", message = finding.message);
                finding.help =
                    Some(say!("name `communications.keys` among the data if keys go that way, and the content apart from it"));
            } else {
                self.name_exemptions(context, finding);
                continue;
            }
            finding.verdict = Verdict::Indeterminate;
            finding.code = "needs-evidence";
            finding.fingerprint = fingerprint(finding);
            self.name_exemptions(context, finding);
        }
        allowed
    }

    /// What the transfer register says, where one of its mechanisms would do.
    fn register(&self, context: &Context<'_>, finding: &Finding) -> Option<Answer> {
        if self.mechanisms.is_empty() || !matches!(finding.verdict, Verdict::Violated | Verdict::Indeterminate) {
            return None;
        }
        // What must be there (a copy, a survivor) no transfer replaces.
        let demand = &self.rule.demand;
        if !demand.is_on_arrivals() && !matches!(demand, Demand::KeysIn(_) | Demand::ReturnWithin { .. }) {
            return Some(Answer::NoRegister);
        }
        Some(context.register().map_or(Answer::NoRegister, |register| register.ask(context, self, finding)))
    }

    /// Whether [`Self::soften`] leaves "breaks it" as it is: surely, surely not, or (`None`) by the way it came.
    pub fn leaves(&self, context: &Context<'_>, unsure: bool) -> Option<bool> {
        let untold = matches!(self.applies, Applies::IfEvidence(_)) || (unsure && !self.unsure_of.is_empty());
        let has_mechanisms = !self.mechanisms.is_empty();
        if untold || (has_mechanisms && context.project.transfers.is_none()) {
            return Some(false);
        }
        (!self.is_about_keys() && !has_mechanisms).then_some(true)
    }

    /// A fact that would take the operator out is worth knowing only where something is wrong.
    fn name_exemptions(&self, context: &Context<'_>, finding: &mut Finding) {
        let declared = |id: &str| context.project.operator.fact(id, context.as_of).is_some();
        let open: Vec<String> =
            self.rule.exempt.iter().filter(|f| !declared(&f.value)).map(|f| format!("`{}`", f.value)).collect();
        if let (false, Some(help)) = (open.is_empty(), &mut finding.help) {
            let facts = lang::series(open, Joint::EachOr);
            *help = say!("{help}; the operator fact {facts} would take you out, if it is true: declare it", help, facts);
        }
    }

    fn is_about_keys(&self) -> bool {
        !self.rule.data.is_empty() && self.rule.data.iter().all(|d| is_key_material(&d.value))
    }
}

/// A class above key material (`communications`) may include keys; they surely go only where a route is for them.
fn carries_keys(finding: &Finding) -> bool {
    finding.data.iter().any(|d| is_key_material(d))
        || finding.path.iter().any(|h| h.route.as_ref().is_some_and(|r| r.activity == Activity::Keys.as_str()))
}

/// Data and form: joint data is one item or one part for each person, as the rule combines.
fn about(rule: &Rule, token: &Token) -> bool {
    let form = match rule.combine {
        Combine::PerSubject => !token.joint,
        Combine::Intersection | Combine::Nexus | Combine::Controller => token.part_of.is_none(),
    };
    form && (rule.data.is_empty() || rule.data.iter().any(|d| overlap(&d.value, &token.class)))
}

/// Whose data, on the rule's axis; `None` if the population does not say.
fn origins(context: &Context<'_>, rule: &Rule, token: &Token) -> Option<Vec<Country>> {
    if rule.origin.is_none() || rule.origin_by == OriginAxis::Residence {
        // What a store holds may be declared without whose it is.
        let untold = token.origins.is_empty() && rule.origin.is_some();
        return (!untold).then(|| token.origins.clone());
    }
    match token.source {
        TokenSource::Population(p) => context.snapshot.populations[p]
            .other_axes
            .iter()
            .find(|(axis, _)| *axis == rule.origin_by)
            .map(|(_, countries)| countries.clone()),
        TokenSource::Holding(_) => None,
    }
}

/// A rule for people of a part of a country applies to people of the country until it is known better.
pub fn from(rule: &Rule, origin: Country) -> bool {
    rule.origin.as_ref().is_none_or(|set| set.contains(&Place::country(origin)) != Membership::Out)
}

/// `population us-users`, `the data held at accounts-cn`.
fn source_name(context: &Context<'_>, token: &Token) -> Message {
    match token.source {
        TokenSource::Population(p) => say!("population `{p}`", p = context.snapshot.populations[p].id),
        TokenSource::Holding(h) => {
            say!(
                "the data held at `{endpoint}`",
                endpoint = context.snapshot.endpoint(context.snapshot.holdings[h].endpoint).name
            )
        }
    }
}

/// Whether the rule is asked, and the mechanisms that lift it.
fn applies(context: &Context<'_>, pack: &Pack, rule: &Rule, tokens: &[u64]) -> (Applies, Vec<String>) {
    let no = |why: Message| (Applies::No(why), Vec::new());
    let mut mechanisms: Vec<String> = rule.unless_mechanism.iter().map(|m| m.value.clone()).collect();
    match pack.status {
        Status::InForce | Status::Contested => {}
        Status::Pending => return no(say!("the pack is pending, not in force")),
        Status::Suspended => return no(say!("the pack is suspended")),
        Status::Inapplicable => return no(say!("the pack was held inapplicable")),
        Status::Repealed => return no(say!("the pack is repealed")),
    }
    if let (Some(read), Some((_, asked))) = (reading(context, pack, rule), &rule.reading)
        && read.reading != *asked
    {
        let (asked, other) = (Message::Word(asked.as_str()), Message::Word(read.reading.as_str()));
        let why = if read.chosen {
            say!("the project chose the {other} one", other)
        } else {
            say!("the project chose none, so the {other} one is asked", other)
        };
        return no(say!("it is for the {asked} reading of the contested `{point}`; {why}", asked, point = read.point, why));
    }
    if let Some(why) = out_of_force(context, pack, rule) {
        return no(why);
    }
    if let Some(places) = empty_set(rule) {
        let why = say!("{places} names no place at all on {day}", places = lang::list(places), day = context.as_of);
        return (Applies::Untold(why), mechanisms);
    }
    let operator = &context.project.operator;
    let fact = |id: &str| operator.fact(id, context.as_of);
    if let Some(out) = rule.exempt.iter().find(|f| fact(&f.value) == Some(true)) {
        return no(say!("the operator fact `{out}` is declared true, which takes the operator out", out = out.value));
    }
    let mut missing: Vec<Message> = Vec::new();
    for needed in &rule.applies_if {
        match fact(&needed.value) {
            Some(true) => {}
            Some(false) => return no(say!("the operator fact `{needed}` is declared false", needed = needed.value)),
            None => missing.push(match operator.lapsed(&needed.value, context.as_of) {
                Some(day) => {
                    say!("operator fact `{needed}` (what was said of it held until {day})", needed = needed.value, day)
                }
                None => say!("operator fact `{needed}`", needed = needed.value),
            }),
        }
    }
    if tokens.iter().all(|w| *w == 0) {
        // What a selector speaks of and does not find stands somewhere unseen; the gap says so.
        return if unseen(context, rule) {
            (Applies::Yes, mechanisms)
        } else {
            (Applies::Nobody(say!("no declared population or store has {what}", what = what(rule))), mechanisms)
        };
    }
    let least = rule.min_subjects.into_iter().chain(rule.tiers.first().map(|t| t.at_least)).max();
    let (known, all) = subjects(context, tokens);
    match least {
        Some(least) if known < least && all => {
            return no(say!("{known} people are declared, the rule starts at {least}", known, least));
        }
        Some(least) if known < least => {
            missing.push(say!("`subjects` of every population (the rule starts at {least})", least))
        }
        _ => {}
    }
    if let Some(lowest) = rule.tiers.first() {
        let of = |t: &Tier| t.mechanisms.iter().map(|m| m.value.clone()).collect::<Vec<_>>();
        let reached = rule.tiers.iter().rev().find(|t| t.at_least <= known);
        mechanisms = of(reached.unwrap_or(lowest));
        let higher = rule.tiers.iter().any(|t| t.at_least > known);
        if !all && known >= lowest.at_least && higher {
            missing.push(say!("`subjects` of every population (which mechanism counts depends on it)"));
        }
    }
    if missing.is_empty() { (Applies::Yes, mechanisms) } else { (Applies::IfEvidence(missing), mechanisms) }
}

/// How the contested point that a rule is about is read.
fn reading(context: &Context<'_>, pack: &Pack, rule: &Rule) -> Option<Read> {
    let (point, _) = rule.reading.as_ref()?;
    let point = format!("{}/{}", pack.id, point.value);
    let chosen = context.project.readings.get(&point).map(|r| r.value);
    Some(Read { point, reading: chosen.unwrap_or_default(), chosen: chosen.is_some() })
}

/// "under the strict reading of `ru-152fz/first-write`, as nobody chose".
pub fn under(read: &Read) -> Message {
    let why = if read.chosen { say!("which the project chose") } else { say!("as the project chose none") };
    say!(
        "under the {reading} reading of the contested `{point}`, {why}",
        reading = Message::Word(read.reading.as_str()),
        point = read.point,
        why
    )
}

/// Why none of the instruments that the rule rests on is in force at the assessment's date.
fn out_of_force(context: &Context<'_>, pack: &Pack, rule: &Rule) -> Option<Message> {
    let rests_on: Vec<_> = pack.instruments.iter().filter(|i| rule.instruments.contains(&i.id.value)).collect();
    let later = |i: &Instrument| i.effective_from.is_some_and(|d| d > context.as_of);
    let over = |i: &Instrument| i.effective_to.is_some_and(|d| d < context.as_of);
    let first = rests_on.first().filter(|_| rests_on.iter().all(|i| later(i) || over(i)))?;
    let (citation, day) = (first.named(), context.as_of);
    Some(match later(first) {
        true => say!("{citation} is not in force on {day}", citation, day),
        false => say!("{citation} is no longer in force on {day}", citation, day),
    })
}

/// A set of places that the rule needs and that has no member at the assessment's date.
fn empty_set(rule: &Rule) -> Option<&[String]> {
    let demanded = match &rule.demand {
        Demand::OnlyIn(set) | Demand::NeverIn(set) | Demand::FirstIn(set) | Demand::KeysIn(set) => Some(set),
        Demand::CopyIn { places, .. } | Demand::RetainIn { places, .. } => Some(places),
        Demand::ReturnWithin { home, .. } => Some(home),
        Demand::Survive(survive) => survive.within.as_ref(),
        Demand::Separate(_) | Demand::Nexus | Demand::Recipient => None,
    };
    let recipient = rule.recipient.as_ref().and_then(|r| r.jurisdiction.as_ref());
    demanded.into_iter().chain(recipient).chain(&rule.origin).find(|set| set.is_empty()).map(|set| set.names.as_slice())
}

/// Whether a `[[classify]]` entry speaks of the rule's data and found no store.
fn unseen(context: &Context<'_>, rule: &Rule) -> bool {
    context.project.classify.iter().any(|entry| {
        let data = rule.data.is_empty() || entry.data.iter().any(|d| rule.data.iter().any(|r| overlap(&r.value, &d.value)));
        let countries = entry.subject.countries();
        let whose = countries.is_empty() || rule.origin_by != OriginAxis::Residence || countries.iter().any(|o| from(rule, *o));
        data && whose && !context.snapshot.holdings.iter().any(|h| h.location == entry.location)
    })
}

/// People behind the tokens, each population or store once, and whether all of them are declared.
fn subjects(context: &Context<'_>, tokens: &[u64]) -> (u64, bool) {
    let mut sources: Vec<TokenSource> = bits(tokens).map(|t| context.tokens[t].source).collect();
    sources.sort_unstable();
    sources.dedup();
    let mut sum = 0_u64;
    let mut all = true;
    for source in sources {
        let declared = match source {
            TokenSource::Population(p) => context.snapshot.populations[p].subjects,
            TokenSource::Holding(h) => context.snapshot.holdings[h].subjects,
        };
        sum = sum.saturating_add(declared.unwrap_or(0));
        all &= declared.is_some();
    }
    (sum, all)
}

/// `communications.content of people in US`.
fn what(rule: &Rule) -> Message {
    let data: Vec<&str> = rule.data.iter().map(|d| d.value.as_str()).collect();
    let data = if data.is_empty() { say!("any data") } else { lang::list(data) };
    match &rule.origin {
        Some(origin) => say!("{data} of people in {names}", data, names = lang::list(&origin.names)),
        None => data,
    }
}

/// "people in China", "people in the United States and Japan".
pub fn people_in(origins: &[Country]) -> Message {
    if origins.is_empty() { say!("people") } else { say!("people in {countries}", countries = countries(origins)) }
}

/// "the United States and Japan".
pub fn countries(origins: &[Country]) -> Message {
    lang::series(origins.iter().map(|c| Message::Country(*c)), Joint::And)
}
