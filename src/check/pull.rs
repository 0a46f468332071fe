//! The opposite pull: common scanners ask for a copy in another region, wherever that is. Where such a copy is what breaks a rule on
//! places, the finding says which choice satisfies both.

use std::collections::BTreeMap;

use super::context::Context;
use super::scope::Scope;
use crate::finding::{Finding, Verdict};
use crate::geo::{Kind, region};
use crate::lang::{self, Joint, Message, say};
use crate::model::{Activity, Endpoint, Place};
use crate::policy::Demand;
use crate::vocab::controls::{self, Pull};
use crate::vocab::pairs;
use crate::vocab::places::Membership;

/// As many regions are named.
const MOST_NAMED: usize = 4;

/// What was worked out so far: by rule, provider, kind and region of an original. Empty: no scanner asks.
#[derive(Default)]
pub struct Pulls(BTreeMap<[String; 4], Option<Message>>);

impl Pulls {
    /// Adds to the help of a finding about a copy that a scanner may have asked for.
    pub fn tell(&mut self, context: &Context<'_>, scope: &Scope<'_>, finding: &mut Finding) {
        let copies = [Activity::Replicate.as_str(), Activity::Backup.as_str()];
        let [.., from, last] = finding.path.as_slice() else { return };
        let is_copy = last.route.as_ref().is_some_and(|r| copies.contains(&r.activity));
        if finding.verdict != Verdict::Violated || !is_copy {
            return;
        }
        let Some(original) = context.snapshot.find(&from.endpoint).map(|id| context.snapshot.endpoint(id)) else { return };
        let (provider, region) = (original.provider.clone().unwrap_or_default(), original.region.clone().unwrap_or_default());
        let key = [scope.name.clone(), provider, original.kind.clone(), region];
        let advice = self.0.entry(key).or_insert_with(|| advice(scope, original));
        if let Some(advice) = advice {
            let help = finding.help.take().unwrap_or_default();
            finding.help = Some(say!("{help}; {advice}", help, advice));
        }
    }
}

/// `None`: no scanner asks for a copy of such a thing.
fn advice(scope: &Scope<'_>, original: &Endpoint) -> Option<Message> {
    let provider = region::provider(original.provider.as_deref()?)?;
    let pulls: Vec<&Pull> =
        controls::pulls().iter().filter(|p| p.provider == provider && p.kinds.contains(&original.kind)).collect();
    let first = pulls.first()?;
    let named: Vec<String> = pulls.iter().map(|p| format!("{} ({})", p.id, p.tool)).collect();
    let (ask, them) = if named.len() == 1 { (say!("asks"), say!("it")) } else { (say!("ask"), say!("them")) };
    let choice = if first.paired { paired(scope, original, first) } else { elsewhere(scope, original, first) };
    let both = match choice {
        Some(choice) => say!("{choice} satisfies both", choice),
        None if first.paired => say!(
            "no region that the rule allows is paired with another such: keep zone-redundant storage, copy objects to an account \
             inside the rule, and suppress {them} with this rule as the reason",
            them
        ),
        None => say!(
            "no other region of {provider} is inside the rule, so suppress {them} with this rule as the reason",
            provider,
            them
        ),
    };
    Some(say!("{named} {ask} for a copy in another region: {both}", named = lang::series(&named, Joint::EachAnd), ask, both))
}

/// "a copy in eu-central-1 or eu-west-3".
fn elsewhere(scope: &Scope<'_>, original: &Endpoint, pull: &Pull) -> Option<Message> {
    let own = original.region.as_deref().unwrap_or_default();
    let partition = region::find(&pull.provider, own).first().map(|r| &r.partition);
    let regions = region::all().filter(|r| {
        r.provider == pull.provider
            && r.kind == Kind::Unicast
            && r.parent.is_empty()
            && &*r.id != own
            && partition.is_none_or(|p| *p == r.partition)
            && !r.places.is_empty()
            && r.places.iter().all(|p| allows(scope, p))
    });
    let named: Vec<&str> = regions.map(|r| &*r.id).take(MOST_NAMED).collect();
    (!named.is_empty()).then(|| say!("a copy in {named}", named = lang::series(&named, Joint::EachOr)))
}

/// "an account in northeurope, which is paired with westeurope,".
fn paired(scope: &Scope<'_>, original: &Endpoint, pull: &Pull) -> Option<Message> {
    let inside = |id: &str| {
        let rows = region::find(&pull.provider, id);
        !rows.is_empty() && rows.iter().all(|r| !r.places.is_empty() && r.places.iter().all(|p| allows(scope, p)))
    };
    let own = original.region.as_deref().unwrap_or_default();
    let mut both: Vec<(&str, &str)> = Vec::new();
    for (region, pair) in pairs::all(&pull.provider).filter(|(region, pair)| *region != own && inside(region) && inside(pair)) {
        if !both.contains(&(pair, region)) {
            both.push((region, pair));
        }
    }
    let named: Vec<Message> =
        both.iter().take(MOST_NAMED).map(|(region, pair)| say!("{region} (paired with {pair})", region, pair)).collect();
    (!named.is_empty()).then(|| say!("an account in {named}", named = lang::series(&named, Joint::EachOr)))
}

fn allows(scope: &Scope<'_>, place: &Place) -> bool {
    match &scope.rule.demand {
        Demand::OnlyIn(set) | Demand::FirstIn(set) => set.contains(place) == Membership::In,
        Demand::NeverIn(set) => set.contains(place) == Membership::Out,
        _ => false,
    }
}
