//! Stores of which nobody said what they hold: no data was seen to get there, and no `[[classify]]` entry names them. Inside what
//! a rule allows it does not matter; elsewhere the rule cannot be said to hold.

use super::context::{Context, intersects};
use super::describe::{made_at, places_phrase};
use super::placement::{Placement, Wanted, judge_all};
use super::recipient::{self, Fitness};
use super::scope::Scope;
use crate::finding::{GapResult, State};
use crate::lang::{Message, say};
use crate::model::{Activity, EndpointId, Role};
use crate::policy::{Demand, Doing};

pub fn find(context: &Context<'_>) -> Vec<EndpointId> {
    let snapshot = context.snapshot;
    let spread = context.spread(State::Loss);
    let mut classified = vec![false; snapshot.endpoints.len()];
    snapshot.holdings.iter().for_each(|h| classified[h.endpoint.index()] = true);
    let unclassified = |id: &EndpointId| {
        let stores = snapshot.endpoint(*id).roles.contains(Role::Store) && context.has_place(*id);
        stores && !classified[id.index()] && !intersects(spread.at(*id), spread.at(*id))
    };
    snapshot.endpoint_ids().filter(unclassified).collect()
}

pub fn gap(context: &Context<'_>, id: EndpointId) -> GapResult {
    let endpoint = context.snapshot.endpoint(id);
    let place = places_phrase(&context.known_places(id));
    let writer = context.incoming(id).first().map(|r| &context.snapshot.endpoint(context.snapshot.route(*r).from).name);
    let writer = writer.map_or_else(Message::default, |name| say!(", which `{name}` sends to,", name));
    GapResult {
        code: "unclassified-store",
        message: say!(
            "nothing says what `{endpoint}` ({kind}) {place}{writer} holds",
            endpoint = endpoint.name,
            kind = endpoint.kind,
            place,
            writer
        ),
        help: Some(say!(
            "add the route by which data gets there, or a [[classify]] entry with match = {{ id = \"{endpoint}\" }}; `data = []` says that \
             it holds nothing that a policy is about",
            endpoint = endpoint.name
        )),
        location: made_at(endpoint),
        touches: Vec::new(),
    }
}

/// Which of the stores could break a rule on places, by the place where they stand.
pub fn matter_to<'s>(
    context: &Context<'_>,
    scope: &Scope<'_>,
    stores: &'s [EndpointId],
) -> impl Iterator<Item = usize> + use<'s> {
    let rule = scope.rule;
    let wanted = match &rule.demand {
        Demand::OnlyIn(set) => Some(Wanted::In(set)),
        Demand::NeverIn(set) => Some(Wanted::NotIn(set)),
        Demand::Recipient => Some(Wanted::Anywhere),
        _ => None,
    };
    let kept = |d: &Doing| {
        matches!(d, Doing::Role(Role::Store) | Doing::Route(Activity::Replicate | Activity::Backup | Activity::Log))
    };
    let asked = (rule.activity.is_empty() || rule.activity.iter().any(kept)) && scope.tokens.iter().any(|w| *w != 0);
    let placements = wanted.filter(|_| asked && !stores.is_empty()).map(|wanted| judge_all(context, &wanted));
    let fitness = recipient::judge_all(context, rule);
    let out = |at: usize, p: &Vec<Placement>| p[at] != Placement::Inside || fitness[at] != Fitness::Fit;
    let outside: Vec<bool> =
        stores.iter().map(|id| placements.as_ref().is_some_and(|p| out(context.standpoint(*id), p))).collect();
    (0..stores.len()).filter(move |i| outside[*i])
}
