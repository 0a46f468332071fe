//! From evidence to an answer: which basis decides, what several members come to, and who contradicts whom.

use std::collections::BTreeSet;

use super::{Basis, Evidence, Geolocation, Kind};
use crate::lang::{self, Joint, Message, say};
use crate::model::Place;

/// One address, or the endpoint itself if it has none.
#[derive(Default)]
pub struct Member {
    pub evidence: Vec<Evidence>,
    /// Declared networks of several sites hold it: why that cannot be told.
    pub ambiguous: Option<Message>,
    /// A `[[geo.override]]` speaks of it: a person has settled where it is, so that nothing contradicts any more.
    pub settled: bool,
    /// What it is if no evidence places it.
    pub fallback: Option<(Kind, Message)>,
}

pub struct Answer {
    pub kind: Kind,
    pub places: Vec<Place>,
    pub basis: Option<Basis>,
    pub unknown: Option<Message>,
    /// Indices of the evidence that decided.
    pub won: Vec<usize>,
}

/// The most trusted basis that answers. `said` indexes `evidence`, in order of trust.
pub fn decide(evidence: &[Evidence], said: &[usize], ambiguous: Option<Message>, fallback: Option<(Kind, Message)>) -> Answer {
    let mut ambiguous = ambiguous;
    let mut at = 0;
    while at < said.len() {
        let basis = evidence[said[at]].basis;
        // Ambiguous networks stand where a site would have.
        if basis > Basis::Site
            && let Some(why) = ambiguous.take()
        {
            return unplaced(Kind::Unknown, why);
        }
        let end = at + said[at..].iter().take_while(|i| evidence[**i].basis == basis).count();
        let mut of_basis: Vec<usize> = said[at..end].iter().copied().filter(|i| answers(&evidence[*i])).collect();
        match basis {
            // Lists and databases have an order, and the first that answers counts; several sites or names all count.
            Basis::Range | Basis::Mmdb => of_basis.truncate(1),
            // A name that does not say its region takes nothing from one that does.
            Basis::Hostname if of_basis.iter().any(|i| !evidence[*i].places.is_empty()) => {
                of_basis.retain(|i| evidence[*i].kind != Kind::Global);
            }
            // A CDN's configuration may be booked under a region; its data still goes through the edge.
            Basis::Region => of_basis.extend(said[end..].iter().copied().filter(|i| {
                let e = &evidence[*i];
                e.basis == Basis::Hostname && matches!(e.kind, Kind::Edge | Kind::Anycast)
            })),
            Basis::Override | Basis::Site | Basis::Hostname => {}
        }
        if !of_basis.is_empty() {
            let parts = of_basis.iter().map(|i| {
                let e = &evidence[*i];
                let unknown = e.places.is_empty().then(|| placeless(e));
                (e.kind, e.places.clone(), Some(basis), unknown)
            });
            let whole = combine(parts);
            return Answer {
                kind: whole.kind,
                places: whole.places,
                basis: Some(basis),
                unknown: whole.unknown,
                won: of_basis,
            };
        }
        at = end;
    }
    if let Some(why) = ambiguous {
        return unplaced(Kind::Unknown, why);
    }
    let region =
        || said.iter().map(|i| &evidence[*i]).find(|e| e.basis == Basis::Region).map(|e| (Kind::Unknown, placeless(e)));
    let (kind, why) = match fallback {
        Some((Kind::Unknown, why)) => region().unwrap_or((Kind::Unknown, why)),
        Some(known) => known,
        None => region().unwrap_or((Kind::Unknown, say!("nothing is known of it"))),
    };
    unplaced(kind, why)
}

/// Evidence that settles the matter: a place, or that there is none to be had. A list that only says whose an address is, or a
/// database without a country for it, leaves the question to the next; a broken record does not, for it may have said another.
fn answers(e: &Evidence) -> bool {
    if !e.places.is_empty() {
        return true;
    }
    match e.kind {
        Kind::Anycast | Kind::Global | Kind::Edge | Kind::Special | Kind::Unknown => true,
        Kind::Unicast | Kind::MultiRegion | Kind::Private => false,
    }
}

fn unplaced(kind: Kind, why: Message) -> Answer {
    Answer { kind, places: Vec::new(), basis: None, unknown: Some(why), won: Vec::new() }
}

/// Why evidence has no place, in a clause.
fn placeless(e: &Evidence) -> Message {
    let what = match e.network {
        Some(network) => format!("{network} ({})", e.matched),
        None => e.matched.clone(),
    };
    let told = match e.kind {
        Kind::Unknown | Kind::Unicast if e.note.is_some() => {
            return say!("{what}: {note}", what, note = e.note.clone().unwrap_or_default());
        }
        Kind::Anycast => say!("{what} is anycast: where data ends depends on the sender", what),
        Kind::Edge => say!("{what} is an edge network: where data ends depends on the client", what),
        Kind::Global => say!("{what} is a global service without a place", what),
        _ => say!("{what} has no known place", what),
    };
    match &e.note {
        Some(note) => say!("{told} ({note})", told, note),
        None => told,
    }
}

/// The union: any of the places, unknown if one part is, known no better than the weakest part.
pub fn combine(parts: impl Iterator<Item = (Kind, Vec<Place>, Option<Basis>, Option<Message>)>) -> Geolocation {
    let mut places: BTreeSet<Place> = BTreeSet::new();
    let mut placed: BTreeSet<Kind> = BTreeSet::new();
    let mut lost: Option<Kind> = None;
    let mut reasons: Vec<Message> = Vec::new();
    let mut basis = None;
    for (kind, some, by, unknown) in parts {
        if some.is_empty() {
            lost = lost.or(Some(kind));
        } else {
            placed.insert(kind);
            basis = basis.max(by);
        }
        places.extend(some);
        reasons.extend(unknown);
    }
    let kind = match (placed.len(), lost) {
        (0, lost) => lost.unwrap_or(Kind::Unknown),
        (1, None) if places.len() == 1 || !placed.contains(&Kind::Unicast) => placed.first().copied().unwrap_or(Kind::Unknown),
        _ => Kind::MultiRegion,
    };
    reasons.sort_by_cached_key(Message::in_order);
    reasons.dedup();
    let unknown = match reasons.len() {
        0 => None,
        1..=3 => Some(lang::series(reasons, Joint::Semicolon)),
        n => Some(say!("{reasons}; and {n} more", reasons = lang::series(&reasons[..3], Joint::Semicolon), n = n - 3)),
    };
    Geolocation { kind, places: places.into_iter().collect(), basis, evidence: Vec::new(), unknown, conflict: None }
}

/// The union of whole answers, for parts that stand where several others do.
pub fn union(all: impl Iterator<Item = Geolocation>) -> Geolocation {
    let mut evidence = Vec::new();
    let mut conflict = None;
    let mut parts = Vec::new();
    for geo in all {
        evidence.extend(geo.evidence);
        conflict = conflict.or(geo.conflict);
        parts.push((geo.kind, geo.places, geo.basis, geo.unknown));
    }
    evidence.sort_by_key(|e: &Evidence| e.basis);
    evidence.dedup();
    Geolocation { evidence, conflict, ..combine(parts.into_iter()) }
}

pub fn nowhere(why: Message) -> Geolocation {
    Geolocation {
        kind: Kind::Unknown,
        places: Vec::new(),
        basis: None,
        evidence: Vec::new(),
        unknown: Some(why),
        conflict: None,
    }
}

/// Two bases of rank `range` or better that share no country.
pub fn conflict<'e>(evidence: impl Iterator<Item = &'e Evidence>) -> Option<Message> {
    let strong: Vec<&Evidence> = evidence.filter(|e| e.basis <= Basis::Range && !e.places.is_empty()).collect();
    let (first, rest) = strong.split_first()?;
    if rest.iter().all(|e| e.places == first.places) {
        return None;
    }
    let apart = |a: &Evidence, b: &Evidence| {
        a.basis != b.basis && !a.places.iter().any(|p| b.places.iter().any(|q| p.country == q.country))
    };
    let mut pairs = strong.iter().enumerate().flat_map(|(i, a)| strong[i + 1..].iter().map(move |b| (*a, *b)));
    let (a, b) = pairs.find(|(a, b)| apart(a, b))?;
    let (a, b) = if a.basis <= b.basis { (a, b) } else { (b, a) };
    let (first, there) = (source(a), countries(a));
    let (second, elsewhere) = (source(b), countries(b));
    Some(say!("{first} says {there}, but {second} says {elsewhere}", first, there, second, elsewhere))
}

fn source(e: &Evidence) -> Message {
    match (e.basis, e.network) {
        (Basis::Override, _) => say!("the {matched}", matched = e.matched),
        (Basis::Site, _) => say!("site `{matched}`", matched = e.matched),
        (Basis::Region, _) => say!("region {matched}", matched = e.matched),
        (Basis::Hostname, _) => say!("the name {matched}", matched = e.matched),
        (_, Some(network)) => say!("the range {network} ({matched})", network, matched = e.matched),
        (_, None) => Message::Plain(e.matched.clone()),
    }
}

fn countries(e: &Evidence) -> Message {
    let codes: BTreeSet<&str> = e.places.iter().map(|p| p.country.as_str()).collect();
    lang::series(codes, Joint::EachOr)
}
