//! Whether a place meets a demand: judged once for each distinct standpoint.

use crate::geo::{Basis, Kind};
use crate::lang::{self, Joint, Message, say};
use crate::model::Place;
use crate::vocab::places::{Membership, PlaceSet};

use super::context::{Context, Standpoint};
use super::recipient;

/// The judgement on where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    Inside,
    /// At least one possible place is outside; these are.
    Outside(Vec<Place>),
    /// It cannot be told, and why (`None`: the geolocation itself says why).
    Unknown(Option<Message>),
    /// Inside as far as known, by a basis that the project does not accept or data too old to rest on.
    Weak(Message),
}

/// Where something may be.
pub enum Wanted<'s> {
    In(&'s PlaceSet),
    NotIn(&'s PlaceSet),
    /// Nothing is asked of the place.
    Anywhere,
}

/// One judgement per standpoint of the context.
pub fn judge_all(context: &Context<'_>, wanted: &Wanted<'_>) -> Vec<Placement> {
    context.standpoints.iter().map(|s| judge(context, s, wanted)).collect()
}

pub fn judge(context: &Context<'_>, standpoint: &Standpoint, wanted: &Wanted<'_>) -> Placement {
    let (set, good) = match wanted {
        Wanted::In(set) => (set, Membership::In),
        Wanted::NotIn(set) => (set, Membership::Out),
        Wanted::Anywhere => return Placement::Inside,
    };
    let mut outside = Vec::new();
    let mut unsure = None;
    for place in &standpoint.places {
        match set.contains_for(place, &|id| recipient::certified(context, standpoint, id)) {
            membership if membership == good => {}
            Membership::Unknown(why) => unsure = Some(why),
            Membership::In | Membership::Out => outside.push(place.clone()),
        }
    }
    // Several candidates for one place: only if none of them will do is it surely outside.
    let candidates = standpoint.kind == Kind::Unknown && outside.len() < standpoint.places.len();
    if !outside.is_empty() && !candidates {
        return Placement::Outside(outside);
    }
    if standpoint.unknown || standpoint.conflict {
        return Placement::Unknown(None);
    }
    if standpoint.kind == Kind::Unknown {
        return Placement::Unknown(Some(say!(
            "it may be in {places}, and which is meant is not stated",
            places = lang::series(&standpoint.places, Joint::EachOr)
        )));
    }
    if unsure.is_some() {
        return Placement::Unknown(unsure);
    }
    if matches!(standpoint.kind, Kind::Anycast | Kind::Global | Kind::Edge) {
        return Placement::Unknown(Some(say!(
            "its address is {kind}: data may end anywhere it is served from",
            kind = Message::Word(standpoint.kind.as_str())
        )));
    }
    let accept: Vec<Basis> = context.project.geo.accept.iter().filter_map(|b| Basis::parse(&b.value)).collect();
    match standpoint.basis {
        Some(basis) if !accept.is_empty() && !accept.contains(&basis) => Placement::Weak(say!(
            "its place is known only by `{basis}`, which [geo] accept does not name",
            basis = basis.as_str()
        )),
        _ if standpoint.stale => Placement::Weak(say!("its place rests on data older than [geo] max-age-days")),
        _ => Placement::Inside,
    }
}
