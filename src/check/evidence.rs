//! What could not be told: gaps and the rules they may touch, and places that two sources tell differently.

use super::context::{Context, bits, intersects};
use super::describe::{fingerprint, hop};
use super::domains::relevant;
use super::scope::Scope;
use crate::finding::{Finding, GapResult, Severity, State, Verdict};
use crate::model::{EndpointId, GapScope};
use crate::policy::Demand;
use crate::source::Location;

/// Gaps, filled with the rules they touch as rules are checked.
pub struct Gaps {
    results: Vec<GapResult>,
}

impl Gaps {
    pub fn new(context: &Context<'_>) -> Self {
        let results = context
            .snapshot
            .gaps
            .iter()
            .map(|g| GapResult {
                code: g.code,
                message: g.message.clone(),
                help: g.help.clone(),
                location: g.location,
                touches: Vec::new(),
            })
            .collect();
        Self { results }
    }

    /// Marks the gaps that may change this rule's verdict; gives their lines. A gap at an endpoint may add ways from there, so
    /// it touches every rule whose data gets there in any state the rule is asked in. Rules on keys and on survival also ask
    /// what carries no data: whatever is depended on.
    pub fn touch(&mut self, context: &Context<'_>, scope: &Scope<'_>) -> Vec<Location> {
        let spread = context.spread(scope.worst_state());
        let reached = |id: EndpointId| intersects(spread.at(id), &scope.tokens);
        let asks_further = matches!(scope.rule.demand, Demand::Survive(_) | Demand::KeysIn(_));
        let needed = (asks_further && !context.snapshot.gaps.is_empty()).then(|| relevant(context, reached));
        let mut touching = Vec::new();
        for (gap, result) in context.snapshot.gaps.iter().zip(&mut self.results) {
            let touches = match &gap.scope {
                GapScope::Everything => true,
                GapScope::Nothing => false,
                GapScope::Endpoints(ids) => {
                    ids.iter().any(|id| needed.as_ref().map_or_else(|| reached(*id), |needed| needed[id.index()]))
                }
            };
            if touches {
                result.touches.push(scope.name.clone());
                touching.push(gap.location);
            }
        }
        touching
    }

    pub fn results(mut self) -> Vec<GapResult> {
        for result in &mut self.results {
            result.touches.sort_unstable();
        }
        self.results
    }
}

/// Endpoints that data reaches and whose place two trusted sources tell differently.
pub fn conflicts(context: &Context<'_>) -> Vec<Finding> {
    let spread = context.spread(State::Loss);
    let mut findings = Vec::new();
    for id in context.snapshot.endpoint_ids() {
        if !context.has_place(id) || !context.standpoints[context.standpoint(id)].conflict {
            continue;
        }
        let Some(token) = bits(spread.at(id)).next() else { continue };
        let Some(conflict) = context.geolocation(id).conflict else { continue };
        let endpoint = context.snapshot.endpoint(id);
        let steps = context.way(State::Loss, token, id);
        let path: Vec<_> = steps.iter().flatten().map(|s| hop(context.snapshot, context.atlas, s)).collect();
        let mut finding = Finding {
            code: "location-conflict",
            rule: None,
            severity: Severity::Medium,
            verdict: Verdict::Conflict,
            message: format!("two sources disagree on where `{}` stands: {conflict}", endpoint.name),
            help: Some("correct the declaration that is wrong, or settle it with a [[geo.override]] that says why".into()),
            why: None,
            origin: Vec::new(),
            data: Vec::new(),
            populations: Vec::new(),
            endpoint: endpoint.name.clone(),
            places: context.known_places(id),
            activity: None,
            role: None,
            state: None,
            condition: None,
            lost: None,
            with_rules: Vec::new(),
            path,
            location: endpoint.locations.first().copied(),
            policy_location: None,
            labels: Vec::new(),
            fingerprint: String::new(),
        };
        finding.fingerprint = fingerprint(&finding);
        findings.push(finding);
    }
    findings
}
