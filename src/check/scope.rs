//! Whom and what a rule is about: its tokens, and whether it applies at all.

use crate::finding::{Finding, State, Verdict};
use crate::model::population::OriginAxis;
use crate::model::{Country, Place};
use crate::policy::{Combine, Pack, Rule, Status};
use crate::reach::{Token, TokenSource};
use crate::vocab::classes::overlap;
use crate::vocab::places::{self, Membership};

use super::context::{Context, bits, intersects, set};

/// Whether a rule is asked at all.
#[derive(Clone, Debug)]
pub enum Applies {
    Yes,
    No(String),
    /// Only if these undeclared facts hold: what would break it is indeterminate until they are declared.
    IfEvidence(Vec<String>),
}

pub struct Scope<'a> {
    pub pack: &'a Pack,
    pub rule: &'a Rule,
    /// `pack/rule`.
    pub name: String,
    /// The tokens it is about, as a bit set.
    pub tokens: Vec<u64>,
    pub applies: Applies,
}

impl<'a> Scope<'a> {
    pub fn new(context: &Context<'_>, pack: &'a Pack, rule: &'a Rule) -> Self {
        let mut tokens = vec![0_u64; context.tokens.len().div_ceil(64)];
        let mut missing: Vec<String> = Vec::new();
        for (i, token) in context.tokens.iter().enumerate() {
            if !about(rule, token) {
                continue;
            }
            match origins(context, rule, token) {
                Some(origins) if origins.iter().any(|o| from(rule, *o)) => set(&mut tokens, i),
                Some(_) => {}
                None => {
                    set(&mut tokens, i);
                    missing.push(format!("the {} of {}", rule.origin_by.as_str(), source_name(context, token)));
                }
            }
        }
        missing.sort_unstable();
        missing.dedup();
        let name = pack.rule_name(rule);
        let applies = applies(context, pack, rule, &tokens, missing);
        Self { pack, rule, name, tokens, applies }
    }

    /// The harshest state the rule is asked in: what is reached there is the upper bound.
    pub fn worst_state(&self) -> State {
        self.rule.state.last().copied().unwrap_or(State::Loss)
    }

    /// Endpoints and routes that its tokens reach and take in the harshest state.
    pub fn examined(&self, context: &Context<'_>) -> (usize, usize) {
        if matches!(self.applies, Applies::No(_)) {
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

    /// Facts that are not declared turn "breaks it" into "breaks it, if".
    pub fn soften(&self, findings: &mut [Finding]) {
        let mechanisms: Vec<&str> = self.rule.unless_mechanism.iter().map(|m| m.value.as_str()).collect();
        for finding in findings.iter_mut().filter(|f| matches!(f.verdict, Verdict::Violated)) {
            if let Applies::IfEvidence(missing) = &self.applies {
                finding.verdict = Verdict::Indeterminate;
                finding.message =
                    format!("{}, which breaks the rule if it applies: not declared {}", finding.message, missing.join(", "));
                finding.help = Some(format!("declare {} and who decided it", missing.join(", ")));
                finding.code = "needs-evidence";
            } else if !mechanisms.is_empty() {
                finding.verdict = Verdict::Indeterminate;
                finding.message =
                    format!("{}, which needs a transfer mechanism on file ({})", finding.message, mechanisms.join(", "));
                finding.help = Some(
                    "onshore does not read a transfer register yet: have a person confirm that a current entry covers this recipient, or keep the data inside".into(),
                );
                finding.code = "needs-evidence";
            }
        }
    }
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
        return Some(token.origins.clone());
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

fn applies(context: &Context<'_>, pack: &Pack, rule: &Rule, tokens: &[u64], mut missing: Vec<String>) -> Applies {
    match pack.status {
        Status::InForce | Status::Contested => {}
        Status::Pending => return Applies::No("the pack is pending, not in force".into()),
        Status::Suspended => return Applies::No("the pack is suspended".into()),
        Status::Inapplicable => return Applies::No("the pack was held inapplicable".into()),
        Status::Repealed => return Applies::No("the pack is repealed".into()),
    }
    let dated: Vec<_> = pack.instruments.iter().filter(|i| rule.instruments.contains(&i.id.value)).collect();
    if let Some(first) = dated.first()
        && dated.iter().all(|i| i.effective_from.is_some_and(|d| d > context.as_of))
    {
        return Applies::No(format!("{} is not in force on {}", first.citation, context.as_of));
    }
    if let Some(last) = dated.first()
        && dated.iter().all(|i| i.effective_to.is_some_and(|d| d < context.as_of))
    {
        return Applies::No(format!("{} is no longer in force on {}", last.citation, context.as_of));
    }
    if tokens.iter().all(|w| *w == 0) {
        return Applies::No(format!("no declared population or store has {}", what(rule)));
    }
    for fact in &rule.applies_if {
        match context.project.operator.facts.get(&fact.value) {
            Some(declared) if declared.value => {}
            Some(_) => return Applies::No(format!("the operator fact `{}` is declared false", fact.value)),
            None => missing.push(format!("operator fact `{}`", fact.value)),
        }
    }
    if let Some(least) = rule.min_subjects {
        match subjects(context, tokens) {
            (known, true) if known < least => {
                return Applies::No(format!("{known} people are declared, the rule starts at {least}"));
            }
            (known, false) if known < least => {
                missing.push(format!("`subjects` of every population (the rule starts at {least})"))
            }
            _ => {}
        }
    }
    if rule.combine == Combine::Controller && bits(tokens).any(|t| context.tokens[t].joint) {
        missing.push("who controls data of several origins (`combine = \"controller\"`)".into());
    }
    if missing.is_empty() { Applies::Yes } else { Applies::IfEvidence(missing) }
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
    let names: Vec<String> = origins.iter().map(|c| with_article(places::name_en(*c))).collect();
    match names.as_slice() {
        [] => "people".into(),
        [one] => format!("people in {one}"),
        [rest @ .., last] => format!("people in {} and {last}", rest.join(", ")),
    }
}

/// Plural and descriptive names take an article in English.
fn with_article(name: String) -> String {
    let takes =
        ["United ", "Netherlands", "Philippines", "Bahamas", "Gambia", "Maldives", "Marshall ", "Solomon ", "Seychelles"];
    let takes = takes.iter().any(|t| name.starts_with(t)) || name.ends_with(" Islands") || name.ends_with("Republic");
    if takes { format!("the {name}") } else { name }
}
