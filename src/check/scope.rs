//! Whom and what a rule is about: its tokens, and whether it applies at all.

use std::fmt::Write;

use crate::finding::{Allowed, Finding, Read, State, Verdict};
use crate::model::population::OriginAxis;
use crate::model::{Activity, Country, Place};
use crate::policy::{Combine, Demand, Instrument, Pack, Rule, Status, Tier};
use crate::reach::{Token, TokenSource};
use crate::vocab::classes::{is_key_material, overlap};
use crate::vocab::places::{self, Membership};

use super::context::{Context, bits, intersects, set};
use super::describe::fingerprint;
use super::transfer::Answer;

/// Whether a rule is asked at all.
#[derive(Clone, Debug)]
pub enum Applies {
    Yes,
    No(String),
    /// No declared population or store has its data; a log may still hold it.
    Nobody(String),
    /// Only if these undeclared facts hold: what would break it is indeterminate until they are declared.
    IfEvidence(Vec<String>),
    /// It cannot be asked, and why: it stays undecided.
    Untold(String),
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
    pub unsure_of: Vec<String>,
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
        let mut unsure_of: Vec<String> = Vec::new();
        for (i, token) in context.tokens.iter().enumerate() {
            if !about(rule, token) {
                continue;
            }
            match origins(context, rule, token) {
                Some(origins) if rule.origin.is_none() || origins.iter().any(|o| from(rule, *o)) => {
                    set(&mut tokens, i);
                    if rule.combine == Combine::Controller && token.joint {
                        set(&mut unsure, i);
                        unsure_of.push(format!("who controls the data that {} shares", source_name(context, token)));
                    }
                }
                Some(_) => {}
                None => {
                    set(&mut tokens, i);
                    set(&mut unsure, i);
                    unsure_of.push(match token.source {
                        TokenSource::Holding(h) if token.origins.is_empty() => {
                            let holder = &context.snapshot.endpoint(context.snapshot.holdings[h].endpoint).name;
                            format!("whose data `{holder}` holds (a [[classify]] entry with `origin` says it)")
                        }
                        _ => format!("the {} of {}", rule.origin_by.as_str(), source_name(context, token)),
                    });
                }
            }
        }
        unsure_of.sort_unstable();
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
        let mut missing: Vec<String> = match &self.applies {
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
                    help.push_str("; a current entry of the transfer register settles it");
                }
                continue;
            }
            if !missing.is_empty() {
                let list = missing.join(", ");
                finding.message = format!("{}, which breaks the rule if it applies: {list} is not declared", finding.message);
                finding.help = Some(format!("declare {list}"));
            } else if let Some(Answer::NoRegister) = answer {
                let list = self.mechanisms.join(", ");
                finding.message = format!("{}, which needs a transfer mechanism on file ({list})", finding.message);
                finding.help = Some(
                    "record the transfer under [[transfer]] with the mechanism and the recipient, or keep the data inside; `transfer = []` says that there is none".into(),
                );
            } else if let Some(Answer::Unsure(what)) = answer {
                finding.message = format!("{}, and whether the transfer register covers it cannot be told", finding.message);
                finding.help = Some(format!("not known: {what}"));
            } else if let Some(Answer::Open(why)) = answer {
                let list = self.mechanisms.join(", ");
                finding.message = format!("{}, and the transfer register does not cover it: {why}", finding.message);
                finding.help = Some(format!("record or renew the transfer ({list}), or keep the data inside"));
                self.name_exemptions(context, finding);
                continue;
            } else if self.is_about_keys() && !carries_keys(finding) {
                finding.message = format!("{}, and whether keys are among it is not declared", finding.message);
                finding.help =
                    Some("name `communications.keys` among the data if keys go that way, and the content apart from it".into());
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
            let _ = write!(help, "; the operator fact {} would take you out, if it is true: declare it", open.join(" or "));
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
fn source_name(context: &Context<'_>, token: &Token) -> String {
    match token.source {
        TokenSource::Population(p) => format!("population `{}`", context.snapshot.populations[p].id),
        TokenSource::Holding(h) => {
            format!("the data held at `{}`", context.snapshot.endpoint(context.snapshot.holdings[h].endpoint).name)
        }
    }
}

/// Whether the rule is asked, and the mechanisms that lift it.
fn applies(context: &Context<'_>, pack: &Pack, rule: &Rule, tokens: &[u64]) -> (Applies, Vec<String>) {
    let no = |why: String| (Applies::No(why), Vec::new());
    let mut mechanisms: Vec<String> = rule.unless_mechanism.iter().map(|m| m.value.clone()).collect();
    match pack.status {
        Status::InForce | Status::Contested => {}
        Status::Pending => return no("the pack is pending, not in force".into()),
        Status::Suspended => return no("the pack is suspended".into()),
        Status::Inapplicable => return no("the pack was held inapplicable".into()),
        Status::Repealed => return no("the pack is repealed".into()),
    }
    if let (Some(read), Some((_, asked))) = (reading(context, pack, rule), &rule.reading)
        && read.reading != *asked
    {
        let (asked, other) = (asked.as_str(), read.reading.as_str());
        let why = if read.chosen {
            format!("the project chose the {other} one")
        } else {
            format!("the project chose none, so the {other} one is asked")
        };
        return no(format!("it is for the {asked} reading of the contested `{}`; {why}", read.point));
    }
    if let Some(why) = out_of_force(context, pack, rule) {
        return no(why);
    }
    if let Some(places) = empty_set(rule) {
        let why = format!("{} names no place at all on {}", places.join(", "), context.as_of);
        return (Applies::Untold(why), mechanisms);
    }
    let operator = &context.project.operator;
    let fact = |id: &str| operator.fact(id, context.as_of);
    if let Some(out) = rule.exempt.iter().find(|f| fact(&f.value) == Some(true)) {
        return no(format!("the operator fact `{}` is declared true, which takes the operator out", out.value));
    }
    let mut missing: Vec<String> = Vec::new();
    for needed in &rule.applies_if {
        match fact(&needed.value) {
            Some(true) => {}
            Some(false) => return no(format!("the operator fact `{}` is declared false", needed.value)),
            None => missing.push(match operator.lapsed(&needed.value, context.as_of) {
                Some(day) => format!("operator fact `{}` (what was said of it held until {day})", needed.value),
                None => format!("operator fact `{}`", needed.value),
            }),
        }
    }
    if tokens.iter().all(|w| *w == 0) {
        // What a selector speaks of and does not find stands somewhere unseen; the gap says so.
        return if unseen(context, rule) {
            (Applies::Yes, mechanisms)
        } else {
            (Applies::Nobody(format!("no declared population or store has {}", what(rule))), mechanisms)
        };
    }
    let least = rule.min_subjects.into_iter().chain(rule.tiers.first().map(|t| t.at_least)).max();
    let (known, all) = subjects(context, tokens);
    match least {
        Some(least) if known < least && all => {
            return no(format!("{known} people are declared, the rule starts at {least}"));
        }
        Some(least) if known < least => missing.push(format!("`subjects` of every population (the rule starts at {least})")),
        _ => {}
    }
    if let Some(lowest) = rule.tiers.first() {
        let of = |t: &Tier| t.mechanisms.iter().map(|m| m.value.clone()).collect::<Vec<_>>();
        let reached = rule.tiers.iter().rev().find(|t| t.at_least <= known);
        mechanisms = of(reached.unwrap_or(lowest));
        let higher = rule.tiers.iter().any(|t| t.at_least > known);
        if !all && known >= lowest.at_least && higher {
            missing.push("`subjects` of every population (which mechanism counts depends on it)".into());
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
pub fn under(read: &Read) -> String {
    let why = if read.chosen { "which the project chose" } else { "as the project chose none" };
    format!("under the {} reading of the contested `{}`, {why}", read.reading.as_str(), read.point)
}

/// Why none of the instruments that the rule rests on is in force at the assessment's date.
fn out_of_force(context: &Context<'_>, pack: &Pack, rule: &Rule) -> Option<String> {
    let rests_on: Vec<_> = pack.instruments.iter().filter(|i| rule.instruments.contains(&i.id.value)).collect();
    let later = |i: &Instrument| i.effective_from.is_some_and(|d| d > context.as_of);
    let over = |i: &Instrument| i.effective_to.is_some_and(|d| d < context.as_of);
    let first = rests_on.first().filter(|_| rests_on.iter().all(|i| later(i) || over(i)))?;
    let how = if later(first) { "not in force on" } else { "no longer in force on" };
    Some(format!("{} is {how} {}", first.citation, context.as_of))
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
fn what(rule: &Rule) -> String {
    let data: Vec<&str> = rule.data.iter().map(|d| d.value.as_str()).collect();
    let data = if data.is_empty() { "any data".to_owned() } else { data.join(", ") };
    match &rule.origin {
        Some(origin) => format!("{data} of people in {}", origin.names.join(", ")),
        None => data,
    }
}

/// "people in China", "people in the United States and Japan".
pub fn people_in(origins: &[Country]) -> String {
    if origins.is_empty() { "people".into() } else { format!("people in {}", countries(origins)) }
}

/// "the United States and Japan".
pub fn countries(origins: &[Country]) -> String {
    let names: Vec<String> = origins.iter().map(|c| with_article(places::name_en(*c))).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// Plural and descriptive names take an article in English.
fn with_article(name: String) -> String {
    let takes =
        ["United ", "Netherlands", "Philippines", "Bahamas", "Gambia", "Maldives", "Marshall ", "Solomon ", "Seychelles"];
    let takes = takes.iter().any(|t| name.starts_with(t)) || name.ends_with(" Islands") || name.ends_with("Republic");
    if takes { format!("the {name}") } else { name }
}
