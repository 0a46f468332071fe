//! The transfer register against what was found: whether a current entry allows data of these classes and people to be with this
//! recipient in these places, and, where the mechanism forbids it, that nothing goes on from there.
//!
//! onshore holds against the register that an entry is there, is current and fits. It does not judge whether the mechanism is
//! valid.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Context, bits};
use super::placement::{self, Placement, Wanted};
use super::scope::Scope;
use crate::finding::{Allowed, Finding};
use crate::lang::{self, Message, say};
use crate::model::{EndpointId, Place};
use crate::project::transfer::Transfer;
use crate::vocab::places::{Membership, PlaceSet};
use crate::vocab::{classes, mechanisms, places};

/// What the register says of one finding.
pub enum Answer {
    /// All of it is allowed, by these entries.
    Allowed(Vec<Allowed>),
    /// It would be, if something were known; what that is.
    Unsure(Message),
    /// Some of it is not, and why.
    Open(Message),
    /// The project keeps no register.
    NoRegister,
}

/// The register, ready to be asked.
pub struct Register<'a> {
    entries: Vec<Entry<'a>>,
    /// Endpoints by the name that findings call them.
    named: BTreeMap<&'a str, Vec<EndpointId>>,
}

struct Entry<'a> {
    transfer: &'a Transfer,
    recipients: &'a [EndpointId],
    from: PlaceSet,
    to: PlaceSet,
    /// Where both ends, and all that follows, must stand.
    within: Option<PlaceSet>,
    forbids_onward: bool,
}

impl<'a> Register<'a> {
    /// `None`: the project keeps none, which is not the same as an empty one.
    pub fn new(context: &Context<'a>) -> Option<Self> {
        let transfers = context.project.transfers.as_ref()?;
        // Words that are no places were refused when the project was read; a set may have no members at this date.
        let set = |words: &[String]| PlaceSet::resolve(words, context.as_of).unwrap_or_default();
        let entries = transfers.iter().enumerate().map(|(i, transfer)| {
            let mechanism = mechanisms::known(&transfer.mechanism.value);
            let within = mechanism.map(|m| m.within.as_slice()).filter(|w| !w.is_empty());
            Entry {
                transfer,
                recipients: context.snapshot.recipients.get(i).map_or(&[], Vec::as_slice),
                from: set(&transfer.from),
                to: set(&transfer.to),
                within: within.map(set),
                forbids_onward: mechanism.is_some_and(|m| m.forbids_onward),
            }
        });
        let mut named: BTreeMap<&str, Vec<EndpointId>> = BTreeMap::new();
        for id in context.snapshot.endpoint_ids() {
            named.entry(&context.snapshot.endpoint(id).name).or_default().push(id);
        }
        Some(Self { entries: entries.collect(), named })
    }

    /// Every class of every person the finding is about must be covered, by one entry or another.
    pub fn ask(&self, context: &Context<'_>, scope: &Scope<'_>, finding: &Finding) -> Answer {
        let mut used: BTreeSet<usize> = BTreeSet::new();
        let mut unsure: Option<Message> = None;
        if finding.origin.is_empty() {
            return Answer::Open(say!("whose data it is, is not declared"));
        }
        for origin in &finding.origin {
            for data in &finding.data {
                let mut best: Option<Fit> = None;
                for (i, entry) in self.entries.iter().enumerate() {
                    if !scope.mechanisms.contains(&entry.transfer.mechanism.value) {
                        continue;
                    }
                    let fit = entry.fits(context, scope, finding, &self.named, origin, data);
                    if matches!(fit, Fit::Yes) {
                        used.insert(i);
                    }
                    best = Some(match best {
                        Some(best) if best.rank() >= fit.rank() => best,
                        _ => fit,
                    });
                }
                // An entry that fits but for its mechanism was right for fewer people, or for another law.
                let by_another = || {
                    let fits = |e: &&Entry<'_>| matches!(e.fits(context, scope, finding, &self.named, origin, data), Fit::Yes);
                    let t = self.entries.iter().find(fits)?.transfer;
                    let count = lang::list(&scope.mechanisms);
                    Some(say!(
                        "the entry for {recipient} is by {mechanism}, and what counts here is {count}",
                        recipient = t.recipient,
                        mechanism = t.mechanism.value,
                        count
                    ))
                };
                match best {
                    Some(Fit::Yes) => {}
                    Some(Fit::If(what)) => unsure = Some(what),
                    Some(Fit::No(far, why)) if far > 0 => return Answer::Open(why),
                    Some(Fit::No(_, why)) => return Answer::Open(by_another().unwrap_or(why)),
                    None => {
                        let none =
                            || say!("the register has no entry by {mechanisms}", mechanisms = lang::list(&scope.mechanisms));
                        return Answer::Open(by_another().unwrap_or_else(none));
                    }
                }
            }
        }
        match unsure {
            Some(what) => Answer::Unsure(what),
            None => Answer::Allowed(used.into_iter().map(|i| self.entries[i].allowed(scope, finding)).collect()),
        }
    }
}

/// Whether an entry covers data of one class of one origin.
enum Fit {
    Yes,
    If(Message),
    /// How far it got, and what does not fit.
    No(u8, Message),
}

impl Fit {
    fn rank(&self) -> u8 {
        match self {
            Self::Yes => u8::MAX,
            Self::If(_) => u8::MAX - 1,
            Self::No(far, _) => *far,
        }
    }
}

impl Entry<'_> {
    fn fits(
        &self,
        context: &Context<'_>,
        scope: &Scope<'_>,
        finding: &Finding,
        named: &BTreeMap<&str, Vec<EndpointId>>,
        origin: &str,
        data: &str,
    ) -> Fit {
        let at = named.get(finding.endpoint.as_str()).map_or(&[][..], Vec::as_slice);
        let t = self.transfer;
        if at.is_empty() || !at.iter().all(|id| self.recipients.contains(id)) {
            return Fit::No(0, say!("the register has no entry for `{endpoint}`", endpoint = finding.endpoint));
        }
        if !t.data.iter().any(|own| classes::covers(&own.value, data)) {
            return Fit::No(1, say!("the entry for {recipient} does not name {data}", recipient = t.recipient, data));
        }
        let covered =
            |code: &str| places::country(code).is_some_and(|c| self.from.contains(&Place::country(c)) == Membership::In);
        if !origin.split('+').all(covered) {
            return Fit::No(
                2,
                say!("the entry for {recipient} is not for data of people of {origin}", recipient = t.recipient, origin),
            );
        }
        if let Err(fit) = stands_in(context, &self.to, at, || say!("the entry for {recipient} allows", recipient = t.recipient))
        {
            return fit;
        }
        if t.valid_from > context.as_of {
            return Fit::No(
                4,
                say!(
                    "the entry for {recipient} is valid from {valid_from} on",
                    recipient = t.recipient,
                    valid_from = t.valid_from
                ),
            );
        }
        if let Some(until) = t.valid_until.as_ref().filter(|d| d.value < context.as_of) {
            return Fit::No(
                4,
                say!("the entry for {recipient} lapsed on {until}", recipient = t.recipient, until = until.value),
            );
        }
        let Some(within) = &self.within else { return Fit::Yes };
        let says = || say!("{mechanism} is for", mechanism = t.mechanism.value);
        let sender = finding.path.iter().rev().skip(1).find(|h| !h.places.is_empty()).map(|h| h.endpoint.as_str());
        let senders = sender.and_then(|name| named.get(name)).map_or(&[][..], Vec::as_slice);
        let sends = || say!("`{sender}` sends it, and {says}", sender = sender.unwrap_or_default(), says = says());
        let ends = stands_in(context, within, at, says).and_then(|()| stands_in(context, within, senders, sends));
        match ends {
            Err(fit) => fit,
            Ok(()) if self.forbids_onward => self.onward(context, scope, at, within),
            Ok(()) => Fit::Yes,
        }
    }

    /// Whether all that the recipient passes the data on to stands where the mechanism keeps it.
    fn onward(&self, context: &Context<'_>, scope: &Scope<'_>, at: &[EndpointId], within: &PlaceSet) -> Fit {
        let spread = context.spread(scope.worst_state());
        let mechanism = &self.transfer.mechanism.value;
        let mut unsure = None;
        let mut seen: BTreeSet<EndpointId> = at.iter().copied().collect();
        let mut next: Vec<EndpointId> = at.to_vec();
        while let Some(id) = next.pop() {
            if context.has_place(id) {
                let says = || {
                    say!(
                        "it goes on to `{endpoint}`, and {mechanism} is for",
                        endpoint = context.snapshot.endpoint(id).name,
                        mechanism
                    )
                };
                match stands_in(context, within, &[id], says) {
                    Ok(()) => {}
                    Err(Fit::No(_, why)) => return Fit::No(6, why),
                    Err(fit) => unsure = Some(fit),
                }
            }
            for (route, r) in context.snapshot.routes_from(id) {
                let goes = bits(&scope.tokens).any(|token| context.graph.moves(spread, route, token));
                if goes && seen.insert(r.to) {
                    next.push(r.to);
                }
            }
        }
        unsure.unwrap_or(Fit::Yes)
    }

    fn allowed(&self, scope: &Scope<'_>, finding: &Finding) -> Allowed {
        let t = self.transfer;
        Allowed {
            rule: scope.name.clone(),
            endpoint: finding.endpoint.clone(),
            origin: finding.origin.clone(),
            data: finding.data.clone(),
            places: finding.places.clone(),
            mechanism: t.mechanism.value.clone(),
            recipient: t.recipient.clone(),
            purpose: t.purpose.clone(),
            evidence: t.evidence.clone(),
            until: t.valid_until.as_ref().map(|d| d.value.to_string()),
            location: t.location,
            found_at: finding.location,
        }
    }
}

/// Every possible place of these endpoints is in the set, by evidence that the project accepts; if not, what does not fit.
/// `says`: "the entry for Acme allows".
fn stands_in(context: &Context<'_>, set: &PlaceSet, at: &[EndpointId], says: impl Fn() -> Message) -> Result<(), Fit> {
    for id in at {
        let standpoint = &context.standpoints[context.standpoint(*id)];
        let name = || &context.snapshot.endpoint(*id).name;
        match placement::judge(context, standpoint, &Wanted::In(set)) {
            Placement::Inside => {}
            Placement::Outside(places) => {
                return Err(Fit::No(
                    3,
                    say!(
                        "{says} {names}, not {places}",
                        says = says(),
                        names = lang::list(&set.names),
                        places = lang::list(places)
                    ),
                ));
            }
            Placement::Unknown(Some(why)) | Placement::Weak(why) => {
                return Err(Fit::If(say!("where `{endpoint}` stands: {why}", endpoint = name(), why)));
            }
            Placement::Unknown(None) => return Err(Fit::If(say!("where `{endpoint}` stands", endpoint = name()))),
        }
    }
    Ok(())
}
