//! One file per check; the only place where geo, reach and policy meet.
//!
//! [`assess`] spreads the data, asks each rule's demand, holds gaps against what was reached, and gives one [`Assessment`].
//! A check never asks which format a fact came from.

mod adding;
mod after;
mod as_if;
mod boundary;
mod context;
mod copies;
mod describe;
mod distance;
mod domains;
mod evidence;
mod exclude;
mod held;
mod keys;
mod observed;
mod placement;
mod pull;
mod recipient;
mod remedy;
mod scope;
mod separate;
mod serving;
mod survey;
mod survive;
mod together;
mod transfer;
mod unclassified;
mod waive;
mod ways;

use foldhash::HashMap;
use jiff::civil::Date;

pub use after::after;
pub use context::Context;
pub use describe::{condition, hop};
pub use domains::combinations;
pub use observed::{Counted, observe};
pub use survey::{Depth, survey};
pub use waive::FOR_NOTHING;
pub use ways::{follow, path_of, stands};

use crate::finding::{Allowed, Assessment, Baseline, Coverage, Finding, RuleResult, Severity, State, Verdict};
use crate::geo::Atlas;
use crate::lang::{self, Message, say};
use crate::model::Snapshot;
use crate::policy::{Demand, Pack};
use crate::project::Project;
use crate::reach::{Graph, World, tokens};
use crate::source::{Location, Sources};
use scope::{Applies, Scope};

/// What an assessment is made from.
pub struct Question<'a> {
    pub snapshot: &'a Snapshot,
    pub sources: &'a Sources,
    pub atlas: &'a Atlas,
    pub project: &'a Project,
    pub packs: &'a [Pack],
    pub as_of: Date,
    /// Files read and skipped; the rest of the coverage is filled in here.
    pub coverage: Coverage,
    /// Findings known from before, which do not count.
    pub baseline: Option<&'a Baseline>,
    /// Only this state of the world is asked about; `None`: normal running, overload, and every loss.
    pub world: Option<World>,
}

/// The main job.
pub fn assess(question: Question<'_>) -> Assessment {
    with_context(&question, |context| judge(context, &question))
}

/// Asks something of where data gets to, without judging it.
pub fn with_context<R>(question: &Question<'_>, ask: impl FnOnce(&Context<'_>) -> R) -> R {
    let tokens = tokens(question.snapshot);
    let graph = Graph::new(question.snapshot, &tokens);
    ask(&Context::new(question, &tokens, &graph))
}

fn judge(context: &Context<'_>, question: &Question<'_>) -> Assessment {
    let Question { project, as_of, atlas, .. } = *question;
    let Judged { scopes, together, rules, mut findings, allowed, gaps } = judge_all(context, question);
    // What one state alone breaks says too little of what to change.
    let remedies = match question.world {
        None => remedy::remedies(context, question, &scopes, &together, &rules, &findings, &allowed),
        Some(_) => Vec::new(),
    };
    adding::tell(&remedies, &mut findings);
    Assessment {
        project: project.name.clone(),
        project_zh: project.name_zh.clone(),
        owner: project.owner.clone(),
        notify: project.notify.as_ref().map(|n| (n.contact.clone(), n.within_hours)),
        as_of: as_of.to_string(),
        verdict: overall(&rules, &findings),
        rules,
        findings,
        allowed,
        remedies,
        gaps: gaps.results(),
        ways: ways::ways(context),
        topology: None,
        coverage: context.coverage(question.coverage.clone()),
        data_sets: atlas.data_sets(),
    }
}

/// The verdicts on all rules, and how they were come by.
struct Judged<'p, 's> {
    scopes: Vec<Scope<'p>>,
    together: together::Together,
    rules: Vec<RuleResult>,
    findings: Vec<Finding>,
    allowed: Vec<Allowed>,
    gaps: evidence::Gaps<'s>,
}

fn judge_all<'p, 's>(context: &Context<'s>, question: &Question<'p>) -> Judged<'p, 's> {
    let scopes: Vec<Scope> =
        question.packs.iter().flat_map(|p| p.rules.iter().map(move |r| Scope::new(context, p, r))).collect();
    let together = together::find(context, &scopes);

    let mut findings: Vec<Finding> = Vec::new();
    let mut allowed: Vec<Allowed> = Vec::new();
    let mut touched: Vec<Vec<Location>> = Vec::new();
    let mut gaps = evidence::Gaps::new(context);
    for (i, scope) in scopes.iter().enumerate() {
        if matches!(scope.applies, Applies::Yes | Applies::IfEvidence(_)) {
            for (part, unsure) in scope.parts() {
                let mut of_part = demand(context, &part, &together.suppressed(context, i));
                allowed.extend(scope.soften(context, &mut of_part, unsure));
                findings.extend(of_part.into_iter().filter(|f| f.verdict != Verdict::Satisfied));
            }
        }
        findings.extend(together.findings(context, &scopes, i));
        findings.extend(exclude::findings(context, &scopes, i));
        touched.push(if matches!(scope.applies, Applies::No(_)) { Vec::new() } else { gaps.touch(context, scope) });
    }
    let by_name: HashMap<&str, &Scope<'_>> = scopes.iter().map(|s| (s.name.as_str(), s)).collect();
    let mut pulls = pull::Pulls::default();
    for finding in &mut findings {
        let Some(scope) = finding.rule.as_deref().and_then(|rule| by_name.get(rule)) else { continue };
        finding.controls = scope.controls();
        pulls.tell(context, scope, finding);
    }
    findings.extend(evidence::conflicts(context));
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    findings.dedup_by(|a, b| order(a) == order(b));
    // A fingerprint that a waiver names is the final one.
    describe::tell_apart(&mut findings);
    let names: Vec<&str> = scopes.iter().map(|s| s.name.as_str()).collect();
    let known = if context.world.is_some() { waive::waived(question) } else { Vec::new() };
    waive::waive(context, question.baseline, &names, &known, &mut findings);
    findings.sort_by_key(gravest);
    let mut of_rule: HashMap<&str, Vec<&Finding>> = HashMap::default();
    for finding in &findings {
        of_rule.entry(finding.rule.as_deref().unwrap_or_default()).or_default().push(finding);
    }
    let results = scopes.iter().zip(&touched).enumerate().map(|(i, (scope, touching))| {
        let found = of_rule.get(scope.name.as_str()).map_or(&[][..], Vec::as_slice);
        let by_register = allowed.iter().filter(|a| a.rule == scope.name).count();
        result(context, scope, found, touching, together.unsatisfiable(i), by_register)
    });
    let mut rules: Vec<RuleResult> = results.collect();
    rules.sort_by(|a, b| a.rule.cmp(&b.rule));
    allowed.sort_by(|a, b| (&a.rule, &a.endpoint, a.location).cmp(&(&b.rule, &b.endpoint, b.location)));
    Judged { scopes, together, rules, findings, allowed, gaps }
}

/// Worst first; the rest makes the order total.
fn order(f: &Finding) -> impl Ord + use<'_> {
    (gravest(f), &f.rule, &f.endpoint, f.code, &f.lost, &f.fingerprint, f.message.in_order(), f.location)
}

fn gravest(f: &Finding) -> std::cmp::Reverse<(Severity, Verdict)> {
    std::cmp::Reverse((f.severity, f.verdict))
}

/// One demand, one check.
fn demand(context: &Context<'_>, scope: &Scope<'_>, suppressed: &together::Suppressed<'_>) -> Vec<Finding> {
    match &scope.rule.demand {
        Demand::OnlyIn(_) | Demand::NeverIn(_) | Demand::FirstIn(_) | Demand::Nexus | Demand::Recipient => {
            boundary::check(context, scope, suppressed)
        }
        Demand::ReturnWithin { hours, home } => copies::return_within(context, scope, *hours, home),
        Demand::CopyIn { places, max_age_hours } => copies::copy_in(context, scope, places, *max_age_hours),
        Demand::RetainIn { places, days } => copies::retain_in(context, scope, places, *days),
        Demand::KeysIn(places) => keys::check(context, scope, places),
        Demand::Survive(survive) => survive::check(context, scope, survive),
        Demand::Separate(separate) => separate::check(context, scope, separate),
    }
}

fn result(
    context: &Context<'_>,
    scope: &Scope<'_>,
    found: &[&Finding],
    touching: &[Location],
    unsatisfiable: bool,
    by_register: usize,
) -> RuleResult {
    // A waiver for nothing is about a rule and says nothing of it.
    let waived: Vec<&Finding> =
        found.iter().copied().filter(|f| f.verdict == Verdict::Waived && f.code != waive::FOR_NOTHING).collect();
    let worst = found.iter().map(|f| f.verdict).filter(|v| *v != Verdict::Waived || !waived.is_empty()).max();
    // The demand itself stays what it is; a person has accepted it where all that shows it is waived.
    let unsatisfiable = unsatisfiable && worst != Some(Verdict::Waived);
    let worst = if unsatisfiable { worst.max(Some(Verdict::Unsatisfiable)) } else { worst };
    let count = |v: Verdict| found.iter().filter(|f| f.verdict == v).count();
    let (endpoints, routes) = scope.examined(context);
    let untold = lang::count(count(Verdict::Indeterminate), "thing", "things");
    let looked_at = (lang::count(endpoints, "endpoint", "endpoints"), lang::count(routes, "route", "routes"));
    let (verdict, why) = match (&scope.applies, worst) {
        (Applies::No(why), _) => (Verdict::NotApplicable, why.clone()),
        (Applies::Nobody(why), _) if touching.is_empty() => (Verdict::NotApplicable, why.clone()),
        (Applies::Nobody(why), _) => {
            (Verdict::Indeterminate, say!("{why}, but {gaps} may hold some", why, gaps = gaps_at(context, touching)))
        }
        (_, Some(Verdict::Violated)) => (Verdict::Violated, say!("broken at {endpoints}", endpoints = broken_at(found))),
        (_, Some(Verdict::Unsatisfiable)) => {
            (Verdict::Unsatisfiable, say!("no place can meet it together with the other rules named in its finding"))
        }
        (_, Some(Verdict::Conflict)) => (Verdict::Conflict, say!("rules of equal rank contradict each other")),
        (Applies::Untold(why), _) => (Verdict::Indeterminate, why.clone()),
        (_, Some(Verdict::Waived)) if touching.is_empty() => (Verdict::Waived, waive::why(&waived)),
        (_, Some(Verdict::Waived)) => (
            Verdict::Indeterminate,
            say!("{why}, but {gaps} may break it", why = waive::why(&waived), gaps = gaps_at(context, touching)),
        ),
        (_, Some(_)) if touching.is_empty() => (Verdict::Indeterminate, say!("{untold} could not be told", untold)),
        (_, Some(_)) => (
            Verdict::Indeterminate,
            say!("{untold} could not be told, and {gaps} may change it", untold, gaps = gaps_at(context, touching)),
        ),
        (_, None) if !touching.is_empty() => (
            Verdict::Indeterminate,
            say!("nothing breaks it as far as was read, but {gaps} may change that", gaps = gaps_at(context, touching)),
        ),
        (_, None) => (
            Verdict::Satisfied,
            match by_register {
                0 => say!("{endpoints} and {routes} examined, none breaks it", endpoints = looked_at.0, routes = looked_at.1),
                n => say!(
                    "{endpoints} and {routes} examined, none breaks it; {places} by the transfer register only",
                    endpoints = looked_at.0,
                    routes = looked_at.1,
                    places = lang::count(n, "place", "places")
                ),
            },
        ),
    };
    RuleResult {
        rule: scope.name.clone(),
        title: scope.rule.title(),
        severity: scope.rule.severity,
        verdict,
        why: match (&scope.read, verdict) {
            (None, _) => why,
            // It says so itself.
            (Some(_), Verdict::NotApplicable) => why,
            (Some(read), _) => say!("{why}; {reading}", why, reading = scope::under(read)),
        },
        controls: scope.controls(),
        read: scope.read.clone(),
        endpoints_examined: endpoints,
        routes_examined: routes,
        location: scope.rule.location,
    }
}

/// "`kms-bj` and 2 other endpoints".
fn broken_at(found: &[&Finding]) -> Message {
    let broken = found.iter().filter(|f| f.verdict == Verdict::Violated);
    let names: std::collections::BTreeSet<&str> = broken.map(|f| f.endpoint.as_str()).collect();
    let first = names.first().copied().unwrap_or_default();
    match names.len() {
        0 | 1 => Message::Plain(format!("`{first}`")),
        n => say!("`{first}` and {count}", first, count = lang::count(n - 1, "other endpoint", "other endpoints")),
    }
}

/// "the gap at routing/app.conf:7 and 2 other gaps".
fn gaps_at(context: &Context<'_>, touching: &[Location]) -> Message {
    let first = touching.first().map(|at| context.sources.position(*at).to_string()).unwrap_or_default();
    match touching.len() {
        0 | 1 => say!("the gap at {first}", first),
        n => say!("the gap at {first} and {count}", first, count = lang::count(n - 1, "other gap", "other gaps")),
    }
}

/// The worst verdict counts; where nothing was decided, nothing is satisfied.
fn overall(rules: &[RuleResult], findings: &[Finding]) -> Verdict {
    let worst = rules.iter().map(|r| r.verdict).chain(findings.iter().map(|f| f.verdict)).max();
    match worst {
        Some(Verdict::Violated | Verdict::Unsatisfiable) => Verdict::Violated,
        Some(Verdict::Indeterminate | Verdict::Conflict) => Verdict::Indeterminate,
        Some(Verdict::Satisfied | Verdict::Waived) => Verdict::Satisfied,
        Some(Verdict::NotApplicable) | None => Verdict::Indeterminate,
    }
}

/// The states of the world a rule is asked in, mildest first.
fn states<'s>(context: &Context<'_>, scope: &'s Scope<'_>) -> impl Iterator<Item = State> + use<'s> {
    let asked = context.states();
    scope.rule.state.iter().copied().filter(move |s| asked.contains(s))
}
