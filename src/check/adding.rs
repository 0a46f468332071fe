//! What to add, for a violated rule on what must be there (copies, keys, stand-ins, separation, a way back): where it could go, of
//! what is declared and where every other rule on places lets the data be. Where nothing will do, why, and who has regions there.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Context, intersects};
use super::distance::{between, of_domains};
use super::exclude::offers;
use super::placement::{Placement, Wanted, judge_all};
use super::scope::{Applies, Scope};
use super::separate;
use crate::finding::{Addition, Finding, Remedy, State, Verdict};
use crate::lang::{self, Joint, Lang, Message, say};
use crate::model::{DomainKind, EndpointId, LossDomain, Place, Role};
use crate::policy::{Apart, Demand, Doing, Keep, Separate, Survive};
use crate::vocab::places::{Membership, PlaceSet};

/// As many of a kind are named.
const MOST_NAMED: usize = 3;
/// Additions for one rule.
const MOST: usize = 10;

/// `None`: the rule is on where data may get to, or nothing of it is surely violated.
pub fn remedy(context: &Context<'_>, scopes: &[Scope<'_>], scope: &Scope<'_>, findings: &[Finding]) -> Option<Remedy> {
    let own = |f: &&Finding| f.rule.as_deref() == Some(&scope.name) && f.verdict == Verdict::Violated;
    let adding = Adding { context, scopes, scope, findings: findings.iter().filter(own).collect() };
    let mut add = match &scope.rule.demand {
        Demand::OnlyIn(_) | Demand::NeverIn(_) | Demand::FirstIn(_) | Demand::Nexus | Demand::Recipient => return None,
        Demand::CopyIn { places, .. } | Demand::RetainIn { places, .. } => adding.inside("copy", Role::Store, places),
        Demand::KeysIn(places) => adding.inside("key", Role::Keys, places),
        Demand::ReturnWithin { home, .. } => adding.inside("way back", Role::Store, home),
        Demand::Survive(survive) => adding.survive(survive),
        Demand::Separate(separate) => adding.separate(separate),
    };
    add.truncate(MOST);
    (!add.is_empty()).then(|| Remedy { rule: scope.name.clone(), add, ..Remedy::default() })
}

/// What is to be said of a place for something.
#[derive(Clone, Copy)]
enum Stands {
    NotEnough,
    WouldDo,
    There,
}

/// Says in the help of findings what is declared and would do.
pub fn tell(remedies: &[Remedy], findings: &mut [Finding]) {
    let broken = |r: &Remedy| matches!(r.then, Some((Verdict::Violated | Verdict::Unsatisfiable, _))) || !r.breaks.is_empty();
    for (remedy, addition) in remedies.iter().flat_map(|r| r.add.iter().map(move |a| (r, a))) {
        let (named, what) = match (addition.existing.as_slice(), addition.at.as_slice()) {
            ([], []) => continue,
            ([], at) if broken(remedy) => (at, Stands::NotEnough),
            ([], at) => (at, Stands::WouldDo),
            (existing, _) => (existing, Stands::There),
        };
        let named: Vec<String> = named.iter().take(MOST_NAMED).map(|n| format!("`{n}`")).collect();
        let one = named.len() == 1;
        let named = lang::series(named, Joint::EachAnd);
        let told = match (what, one) {
            (Stands::NotEnough, true) => say!("{named} is declared, but not enough alone", named),
            (Stands::NotEnough, false) => say!("{named} are declared, but not enough alone", named),
            (Stands::WouldDo, true) => say!("{named} is declared and would do", named),
            (Stands::WouldDo, false) => say!("{named} are declared and would do", named),
            (Stands::There, true) => say!("{named} is there already", named),
            (Stands::There, false) => say!("{named} are there already", named),
        };
        for finding in findings.iter_mut().filter(|f| addition.findings.contains(&f.fingerprint)) {
            let help = finding.help.take().unwrap_or_default();
            finding.help = Some(say!("{help}; {told}", help, told));
        }
    }
}

struct Adding<'s, 'c, 'p> {
    context: &'s Context<'c>,
    scopes: &'s [Scope<'p>],
    scope: &'s Scope<'p>,
    findings: Vec<&'s Finding>,
}

impl Adding<'_, '_, '_> {
    /// Somewhere in a set of places, for everything that was found.
    fn inside(&self, what: &'static str, role: Role, places: &PlaceSet) -> Vec<Addition> {
        let of: BTreeSet<&str> = self.findings.iter().map(|f| f.endpoint.as_str()).collect();
        let placements = judge_all(self.context, &Wanted::In(places));
        let stands = |id: &EndpointId| {
            let endpoint = self.context.snapshot.endpoint(*id);
            self.context.has_place(*id)
                && endpoint.roles.contains(role)
                && placements[self.context.standpoint(*id)] == Placement::Inside
                && self.context.standpoints[self.context.standpoint(*id)].places.iter().all(|p| self.refusal(p, what).is_none())
        };
        let existing = self.context.snapshot.endpoint_ids().filter(stands).map(|id| self.name(id));
        let sites = self.candidates(DomainKind::Site, what, Some(places), |_| None);
        let of: Vec<String> = of.into_iter().map(str::to_owned).collect();
        let mut addition = self.addition((what, DomainKind::Site), of, sites, Some(places));
        addition.existing = existing.take(MOST_NAMED).collect();
        addition.findings = self.findings.iter().map(|f| f.fingerprint.clone()).collect();
        if addition.of.is_empty() { Vec::new() } else { vec![addition] }
    }

    /// For each thing that is lost and leaves too little: what stands in for it.
    fn survive(&self, survive: &Survive) -> Vec<Addition> {
        let what = if survive.keep == [Keep::FullCopy] { "copy" } else { "stand-in" };
        let mut by_loss: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in &self.findings {
            if let Some(lost) = &finding.lost {
                by_loss.entry(lost).or_default().push(finding);
            }
        }
        let additions = by_loss.into_iter().map(|(lost, findings)| {
            let lost: Vec<&str> = lost.split(',').collect();
            let is_lost = |d: &LossDomain| lost.contains(&d.to_string().as_str());
            let near = |other: &LossDomain| {
                let radius = survive.radius_km?;
                let snapshot = self.context.snapshot;
                let all = snapshot.sites.iter().map(|s| LossDomain::new(DomainKind::Site, s.id.as_str()));
                all.filter(|d| is_lost(d)).find_map(|d| match of_domains(snapshot, &d, other) {
                    Some(km) if km > f64::from(radius) => None,
                    Some(_) => Some(say!("it is within {radius} km of `{d}`", radius, d)),
                    None => Some(say!("how far it is from `{d}` is not declared", d)),
                })
            };
            let unfit = |d: &LossDomain| if is_lost(d) { Some(Message::default()) } else { near(d) };
            let candidates = self.candidates(survive.loss_of, what, survive.within.as_ref(), unfit);
            let mut of: BTreeSet<&str> = findings.iter().flat_map(|f| &f.without).map(String::as_str).collect();
            if of.is_empty() {
                of.extend(findings.iter().map(|f| f.endpoint.as_str()));
            }
            let of: Vec<String> = of.into_iter().map(str::to_owned).collect();
            let mut addition = self.addition((what, survive.loss_of), of, candidates, survive.within.as_ref());
            addition.findings = findings.iter().map(|f| f.fingerprint.clone()).collect();
            addition
        });
        additions.collect()
    }

    fn separate(&self, asked: &Separate) -> Vec<Addition> {
        let context = self.context;
        let mut additions: Vec<Addition> = Vec::new();
        let stores: BTreeSet<&str> = self.findings.iter().map(|f| f.endpoint.as_str()).collect();
        for store in stores {
            let Some(id) = context.snapshot.find(store) else { continue };
            let copies = separate::all_copies(context, self.scope, id);
            let says = |words: &str| -> Vec<String> {
                let own = self.findings.iter().filter(|f| f.endpoint == store && f.message.tell(Lang::En).contains(words));
                own.map(|f| f.fingerprint.clone()).collect()
            };
            let mut push = |what, kind, of: Vec<String>, candidates, findings: Vec<String>| {
                let mut addition = self.addition((what, kind), of, candidates, None);
                addition.findings = findings;
                additions.push(addition);
            };
            if copies.is_empty() {
                let own = separate::values(context, id, DomainKind::Site);
                let unfit = |d: &LossDomain| own.contains(&d.name).then(Message::default);
                let candidates = self.candidates(DomainKind::Site, "copy", None, unfit);
                push("copy", DomainKind::Site, vec![store.to_owned()], candidates, says(""));
            }
            for apart in &asked.apart {
                let Apart::Domain(kind) = apart else { continue };
                let ours = separate::values(context, id, *kind);
                let shared = copies.iter().filter(|c| separate::values(context, **c, *kind).iter().any(|v| ours.contains(v)));
                let of: Vec<String> = shared.map(|c| self.name(*c)).collect();
                if !of.is_empty() {
                    let unfit = |d: &LossDomain| ours.contains(&d.name).then(Message::default);
                    let candidates = self.candidates(*kind, "move", None, unfit);
                    push("move", *kind, of, candidates, says(&format!("share {}=", kind.as_str())));
                }
            }
            let far = |km: &u32| copies.iter().any(|c| between(context, id, *c).is_none_or(|d| d >= f64::from(*km)));
            if let Some(km) = asked.at_least_km.filter(|km| !copies.is_empty() && !far(km)) {
                let own: Vec<LossDomain> =
                    context.snapshot.domains_of(id).into_iter().filter(|d| d.kind == DomainKind::Site).collect();
                let unfit = |d: &LossDomain| {
                    own.iter().find_map(|own| match of_domains(context.snapshot, own, d) {
                        Some(distance) if distance >= f64::from(km) => None,
                        Some(distance) => {
                            Some(say!("it is {km} km from `{own}`", km = format!("{:.0}", distance.floor()), own))
                        }
                        None => Some(say!("how far it is from `{own}` is not declared", own)),
                    })
                };
                let candidates = self.candidates(DomainKind::Site, "copy", None, unfit);
                push(
                    "copy",
                    DomainKind::Site,
                    vec![store.to_owned()],
                    candidates,
                    says(&format!("stands at least {km} km away")),
                );
            }
        }
        // What holds for several originals is told once.
        let mut merged: Vec<Addition> = Vec::new();
        for addition in additions {
            let same = |a: &&mut Addition| {
                (a.kind, &a.of, &a.at, &a.refused) == (addition.kind, &addition.of, &addition.at, &addition.refused)
            };
            match merged.iter_mut().find(same) {
                Some(known) => known.findings.extend(addition.findings),
                None => merged.push(addition),
            }
        }
        merged
    }

    /// Everything declared of a kind: what would do, and why the rest would not. An empty reason is not worth telling.
    fn candidates(
        &self,
        kind: DomainKind,
        what: &'static str,
        within: Option<&PlaceSet>,
        unfit: impl Fn(&LossDomain) -> Option<Message>,
    ) -> Candidates {
        let snapshot = self.context.snapshot;
        // With where each is: several places, if it stands in several.
        let mut declared: BTreeMap<LossDomain, BTreeSet<Place>> = BTreeMap::new();
        for site in (0_u32..).map(crate::model::SiteId).take(snapshot.sites.len()) {
            for domain in snapshot.site_domains(site).into_iter().filter(|d| d.kind == kind) {
                declared.entry(domain).or_default().insert(snapshot.site(site).place.place.clone());
            }
        }
        for id in snapshot.endpoint_ids().filter(|id| self.context.has_place(*id)) {
            for domain in snapshot.domains_of(id).into_iter().filter(|d| d.kind == kind) {
                let places = &self.context.standpoints[self.context.standpoint(id)].places;
                declared.entry(domain).or_default().extend(places.iter().cloned());
            }
        }
        let mut found = Candidates::default();
        for (domain, places) in declared {
            if let Some(why) = unfit(&domain) {
                if !why.is_empty() {
                    found.refused.push((domain.to_string(), why));
                }
                continue;
            }
            // Whose something is says nothing of where it stands.
            if kind.is_ownership() || kind == DomainKind::Carrier {
                found.at.push(domain.to_string());
                continue;
            }
            let refusal = |place: &Place| match within {
                Some(set) if set.contains(place) != Membership::In => {
                    Some(say!("{place} is not in {names}", place, names = lang::list(&set.names)))
                }
                _ => self.refusal(place, what),
            };
            let refused: Vec<Option<Message>> = places.iter().map(refusal).collect();
            match refused.into_iter().min_by_key(Option::is_some) {
                Some(None) => found.at.push(domain.to_string()),
                Some(Some(why)) => found.refused.push((domain.to_string(), why)),
                None => found.refused.push((domain.to_string(), say!("where it is is not known"))),
            }
        }
        found
    }

    /// Other rules on where the data may be.
    fn binding(&self, what: &str) -> impl Iterator<Item = &Scope<'_>> {
        let (doing, state): (&[Doing], State) = match what {
            "stand-in" => (&[Doing::Role(Role::Process), Doing::Role(Role::Transit)], State::Loss),
            "key" => (&[Doing::Role(Role::Keys)], State::Normal),
            _ => (&[Doing::Role(Role::Store)], State::Normal),
        };
        self.scopes.iter().filter(move |other| {
            matches!(other.rule.demand, Demand::OnlyIn(_) | Demand::NeverIn(_))
                && other.name != self.scope.name
                && matches!(other.applies, Applies::Yes | Applies::IfEvidence(_))
                && intersects(&other.tokens, &self.scope.tokens)
                && other.rule.state.contains(&state)
                && (other.rule.activity.is_empty() || other.rule.activity.iter().any(|d| doing.contains(d)))
        })
    }

    /// Another rule that does not let the data be in a place.
    fn refusal(&self, place: &Place, what: &str) -> Option<Message> {
        self.binding(what).find_map(|other| {
            let lets = match &other.rule.demand {
                Demand::OnlyIn(set) => set.contains(place) == Membership::In,
                Demand::NeverIn(set) => set.contains(place) == Membership::Out,
                _ => true,
            };
            (!lets).then(|| say!("`{other}` does not let the data be in {place}", other = other.name, place))
        })
    }

    fn addition(
        &self,
        (what, kind): (&'static str, DomainKind),
        of: Vec<String>,
        found: Candidates,
        within: Option<&PlaceSet>,
    ) -> Addition {
        let allowed = |place: &Place| {
            within.is_none_or(|set| set.contains(place) == Membership::In) && self.refusal(place, what).is_none()
        };
        let of_place = !kind.is_ownership() && kind != DomainKind::Carrier;
        let bound = within.is_some() || self.binding(what).next().is_some();
        let offers = if found.at.is_empty() && of_place && bound { offers(self.context, &allowed) } else { String::new() };
        Addition {
            what,
            kind: kind.as_str(),
            of,
            at: found.at,
            existing: Vec::new(),
            refused: found.refused,
            offers,
            findings: Vec::new(),
        }
    }

    fn name(&self, id: EndpointId) -> String {
        self.context.snapshot.endpoint(id).name.clone()
    }
}

/// What is declared and would do, and what would not, and why.
#[derive(Default)]
struct Candidates {
    at: Vec<String>,
    refused: Vec<(String, Message)>,
}
