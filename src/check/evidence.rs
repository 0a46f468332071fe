//! What could not be told: gaps and the rules they may touch, and places that two sources tell differently.

use super::context::{Context, bits, intersects};
use super::describe::{fingerprint, hop};
use super::scope::Scope;
use crate::finding::{Finding, GapResult, Severity, State, Verdict};
use crate::model::GapScope;

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

    /// Marks the gaps that may change this rule's verdict; gives how many. A gap at an endpoint may add ways from there, so
    /// it touches every rule whose data gets there in any state the rule is asked in.
    pub fn touch(&mut self, context: &Context<'_>, scope: &Scope<'_>) -> usize {
        let spread = context.spread(scope.worst_state());
        let mut touching = 0;
        for (gap, result) in context.snapshot.gaps.iter().zip(&mut self.results) {
            let touches = match &gap.scope {
                GapScope::Everything => true,
                GapScope::Nothing => false,
                GapScope::Endpoints(ids) => {
                    ids.iter().any(|id| intersects(spread.at(*id), &scope.tokens))
                }
            };
            if touches {
                result.touches.push(scope.name.clone());
                touching += 1;
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
        let steps = context.graph.witness(spread, token, id);
        let path: Vec<_> = steps.iter().flatten().map(|s| hop(context, s)).collect();
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
