//! Rules that cannot both hold for some data that is declared: one keeps it in one place, another needs a store of it elsewhere;
//! or one wants it to survive a loss, and what is declared where the other allows it is not enough to survive anything.
//!
//! A finding names the pair and what would make it satisfiable. Data that people of several places share is `together`'s.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Arrival, Context, bits, has};
use super::describe::{Draft, finding, fingerprint, subject_of};
use super::placement::{Placement, Wanted, judge_all};
use super::scope::{Applies, Scope};
use crate::finding::{Finding, Label, State, Verdict};
use crate::geo::{Kind, region};
use crate::lang::{self, Message, say};
use crate::model::{DomainKind, EndpointId, LossDomain, Place, Role, SiteId};
use crate::policy::lint::excluded_by;
use crate::policy::{Demand, Survive};
use crate::vocab::places::{Membership, PlaceSet};

/// More rules than this are not compared with each other.
const MOST_COMPARED: usize = 500;

/// Findings about pairs of which rule `i` is the one that cannot be met.
pub fn findings(context: &Context<'_>, scopes: &[Scope<'_>], i: usize) -> Vec<Finding> {
    // Of one state of the world nothing can be said that is so in all of them.
    if context.world.is_some() || scopes.len() > MOST_COMPARED || !binds(&scopes[i]) {
        return Vec::new();
    }
    let own = &scopes[i];
    let others = scopes.iter().enumerate().filter(|(n, other)| *n != i && binds(other)).map(|(_, other)| other);
    let mut found = Vec::new();
    for other in others {
        let Some(token) = shared(context, own, other) else { continue };
        // Of two rules on places both are told; else the one that needs a store where the other does not let it be.
        let told = by_place(other) || !by_place(own);
        let why = if told { excluded_by(own.rule, other.rule) } else { None };
        if let Some(why) = why {
            let message = say!(
                "{subject} cannot meet `{own}` and `{other}` together: {why}",
                subject = subject(context, own, token),
                own = own.name,
                other = other.name,
                why
            );
            found.push(pair(context, own, other, token, message, narrow(own, other)));
        } else if let Demand::Survive(survive) = &own.rule.demand {
            found.extend(nowhere_else(context, own, other, survive, token));
        }
    }
    found
}

fn binds(scope: &Scope<'_>) -> bool {
    matches!(scope.applies, Applies::Yes) && scope.rule.unless_mechanism.is_empty() && scope.rule.tiers.is_empty()
}

fn by_place(scope: &Scope<'_>) -> bool {
    matches!(scope.rule.demand, Demand::OnlyIn(_) | Demand::NeverIn(_))
}

/// The first token that both rules are surely about and that is stored somewhere; not data that several people share.
fn shared(context: &Context<'_>, a: &Scope<'_>, b: &Scope<'_>) -> Option<usize> {
    let sure = |s: &Scope<'_>, t: usize| has(&s.tokens, t) && !has(&s.unsure, t);
    bits(&a.tokens).find(|t| {
        let token = &context.tokens[*t];
        !token.joint && token.part_of.is_none() && sure(a, *t) && sure(b, *t)
    })
}

fn subject(context: &Context<'_>, scope: &Scope<'_>, token: usize) -> Message {
    subject_of(context, scope, &[Arrival { token, via: None, activity: "store" }])
}

fn pair(context: &Context<'_>, own: &Scope<'_>, other: &Scope<'_>, token: usize, message: Message, help: Message) -> Finding {
    let spread = context.spread(State::Normal);
    let is_store = |id: &EndpointId| {
        context.snapshot.endpoint(*id).roles.contains(Role::Store) && context.has_place(*id) && spread.has(*id, token)
    };
    let start = context.tokens[token].starts.first().copied().unwrap_or(EndpointId(0));
    let endpoint = context.snapshot.endpoint_ids().find(is_store).unwrap_or(start);
    let arrivals = [Arrival { token, via: None, activity: "store" }];
    let draft = Draft {
        code: "unsatisfiable-together",
        verdict: Verdict::Unsatisfiable,
        endpoint,
        arrivals: &arrivals,
        state: Some(State::Normal),
        message,
        help: Some(help),
        lost: None,
        labels: vec![Label { location: other.rule.demand_location, text: say!("`{other}` asks for this", other = other.name) }],
    };
    let mut found = finding(context, own, draft);
    found.with_rules = vec![other.name.clone()];
    found.fingerprint = fingerprint(&found);
    found
}

fn narrow(own: &Scope<'_>, other: &Scope<'_>) -> Message {
    let exempt = match other.rule.unless_mechanism.is_empty() && own.rule.unless_mechanism.is_empty() {
        true => say!(", or let one give way where a transfer mechanism is on file (`unless-mechanism`)"),
        false => Message::default(),
    };
    say!(
        "people must decide which goes first: narrow data, origin or activity of `{own}` or of `{other}`{exempt}",
        own = own.name,
        other = other.name,
        exempt
    )
}

/// A survival rule and a rule on places, where what is declared in those places has too little to lose.
fn nowhere_else(context: &Context<'_>, own: &Scope<'_>, other: &Scope<'_>, survive: &Survive, token: usize) -> Option<Finding> {
    let of_place = matches!(
        survive.loss_of,
        DomainKind::Zone | DomainKind::Site | DomainKind::Campus | DomainKind::Metro | DomainKind::Region
    );
    let (allowed, wanted): (&PlaceSet, _) = match &other.rule.demand {
        Demand::OnlyIn(set) => (set, Wanted::In(set)),
        Demand::NeverIn(set) => (set, Wanted::NotIn(set)),
        _ => return None,
    };
    // It must forbid to keep or to process it elsewhere at all.
    let everything = other.rule.activity.is_empty() && other.rule.state.contains(&State::Loss);
    if !of_place || !everything {
        return None;
    }
    let only = matches!(other.rule.demand, Demand::OnlyIn(_));
    let inside = |place: &Place| {
        let by_other = allowed.contains(place);
        let by_other = if only { by_other == Membership::In } else { by_other == Membership::Out };
        by_other && survive.within.as_ref().is_none_or(|w| w.contains(place) == Membership::In)
    };
    let declared = declared(context, survive.loss_of, &inside, &wanted)?;
    if declared.is_empty() || declared.len() > survive.count as usize {
        return None;
    }
    let kind = Message::Word(survive.loss_of.as_str());
    let where_ = if only {
        say!("only {names}", names = lang::list(&allowed.names))
    } else {
        say!("nothing in {names}", names = lang::list(&allowed.names))
    };
    let names: Vec<String> = declared.iter().map(|d| format!("`{d}`")).collect();
    let message = say!(
        "{subject} cannot meet `{own}` and `{other}` together with what is declared: one must be able to lose {count} {kind}, the other allows {where_}, and the only {kind} declared there is {names}",
        subject = subject(context, own, token),
        own = own.name,
        other = other.name,
        count = survive.count,
        kind,
        where_,
        names = lang::list(&names)
    );
    let offers = offers(context, &inside);
    let offers = if offers.is_empty() { Message::default() } else { say!("; providers with regions there: {offers}", offers) };
    let help = say!(
        "declare or add another {kind} where both rules allow it, and a stand-in and a full copy in it{offers}",
        kind,
        offers
    );
    Some(pair(context, own, other, token, message, help))
}

/// What can be lost, of what stands inside. `None`: of something there it is not declared.
fn declared(
    context: &Context<'_>,
    kind: DomainKind,
    inside: &impl Fn(&Place) -> bool,
    wanted: &Wanted<'_>,
) -> Option<BTreeSet<LossDomain>> {
    let snapshot = context.snapshot;
    let mut domains = BTreeSet::new();
    for site in (0_u32..).map(SiteId).take(snapshot.sites.len()) {
        if !inside(&snapshot.site(site).place.place) {
            continue;
        }
        let own: Vec<LossDomain> = snapshot.site_domains(site).into_iter().filter(|d| d.kind == kind).collect();
        if own.is_empty() {
            return None;
        }
        domains.extend(own);
    }
    let placements = judge_all(context, wanted);
    for id in snapshot.endpoint_ids().filter(|id| context.has_place(*id)) {
        match &placements[context.standpoint(id)] {
            Placement::Outside(_) => continue,
            Placement::Unknown(_) | Placement::Weak(_) => return None,
            Placement::Inside => {}
        }
        let own: Vec<LossDomain> = snapshot.domains_of(id).into_iter().filter(|d| d.kind == kind).collect();
        if own.is_empty() && snapshot.sites_of(id).is_empty() {
            return None;
        }
        domains.extend(own);
    }
    Some(domains)
}

/// Regions where both rules allow the data; those of providers that are in use first.
pub fn offers(context: &Context<'_>, inside: &impl Fn(&Place) -> bool) -> String {
    let used: BTreeSet<&str> =
        context.snapshot.endpoints.iter().filter_map(|e| region::provider(e.provider.as_deref()?)).collect();
    let mut regions: BTreeMap<(bool, &str), Vec<&str>> = BTreeMap::new();
    for row in region::all()
        .filter(|r| r.kind == Kind::Unicast && r.parent.is_empty() && !r.places.is_empty() && r.places.iter().all(inside))
    {
        regions.entry((!used.contains(row.provider), row.provider)).or_default().push(&row.id);
    }
    let told = regions.iter().take(4).map(|((_, provider), ids)| {
        let more = if ids.len() > 3 { ", ..." } else { "" };
        format!("{provider} ({}{more})", ids.iter().take(3).copied().collect::<Vec<_>>().join(", "))
    });
    told.collect::<Vec<_>>().join(", ")
}
