//! What is said of observed flows: findings, both ends of a way, amounts and times. Whether a rule has something against them, its
//! parent decides.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::super::context::Arrival;
use super::super::describe::{self, made_at, subject_of, whose};
use super::super::placement::Placement;
use super::super::recipient::Fitness;
use super::super::scope::Scope;
use super::{Draft, Judge, Pair, of};
use crate::finding::observed::{End, ObservedWay, Seen, size};
use crate::finding::{Finding, Hop, Label, Path, Verdict};
use crate::geo::{Kind, known_places};
use crate::lang::{self, Message, say};
use crate::model::EndpointId;
use crate::traffic::{Party, PartyId, Sum, Way};

impl Judge<'_, '_> {
    pub(super) fn finding(&self, scope: &Scope<'_>, draft: Draft<'_>, from: &End, to: &End, seen: &Seen) -> Finding {
        let context = self.context;
        let mut tokens = draft.tokens;
        tokens.sort_unstable();
        tokens.dedup();
        let arrivals: Vec<Arrival> =
            tokens.into_iter().map(|token| Arrival { token, via: None, activity: "transit" }).collect();
        let (origin, data, populations) = whose(context, scope, &arrivals);
        let subject = subject_of(context, scope, &arrivals);
        let place = describe::places_phrase(&to.places);
        let holds = if from.declared { say!("holds {subject}", subject) } else { say!("may hold {subject}", subject) };
        let to_whom = match to.declared {
            true => say!("to `{to}` {place}", to = to.called(), place),
            false => say!("to {to}", to = to.called()),
        };
        let (from, amount) = (from.called(), amount(seen));
        let mut message = match draft.pair.way {
            Way::Sent => say!("`{from}` {holds} and sent {amount} {to_whom}", from, holds, amount, to_whom),
            Way::Answered => say!("`{from}` {holds} and answered with {amount} {to_whom}", from, holds, amount, to_whom),
        };
        if let (false, Fitness::Unfit(why)) = (matches!(draft.placement, Placement::Outside(_)), &draft.fitness) {
            message = say!("{message}, and {why}", message, why);
        }
        if draft.verdict == Verdict::Indeterminate {
            match &draft.placement {
                Placement::Unknown(why) if draft.code == "observed-place-unknown" => {
                    let geo = &draft.pair.to.geo;
                    let why = why.clone().or_else(|| geo.conflict.clone()).or_else(|| geo.unknown.clone());
                    let why = why.unwrap_or_else(|| say!("nothing says it"));
                    message = say!("{message}, and where that is cannot be told: {why}", message, why);
                }
                _ => {
                    message = say!("{message}, {why}", message, why = draft.why);
                }
            }
        }
        let message = say!("{message}; {when}", message, when = when(seen));
        let help = match draft.code {
            "observed-outside" if to.declared => say!(
                "keep the data out of `{to}`, or declare with `data = [...]` on the route which data goes there",
                to = to.name
            ),
            "observed-outside" => say!(
                "stop that traffic; if it carries other data, declare an endpoint with that address and a route with `data = [...]`"
            ),
            "observed-recipient-not-allowed" => say!(
                "keep the data out of `{to}`, declare with `data = [...]` on the route which data goes there, or correct [[recipient]]",
                to = to.name
            ),
            "observed-recipient-unknown" if to.declared => {
                say!("declare who operates it under [[recipient]], with what is attested of them")
            }
            "observed-recipient-unknown" => {
                say!("declare an endpoint with that address, and who operates it under [[recipient]]")
            }
            "observed-place-unknown" => {
                say!(
                    "declare what has that address and where it stands: an endpoint, a [[site]] with its network, or a [[geo.override]]"
                )
            }
            "observed-sender-unknown" => say!("declare what has the sender's address, so that it is known which data is there"),
            "observed-answer-abroad" => {
                say!(
                    "declare who these clients are (an endpoint with role `access` and its addresses), or waive it with a reason"
                )
            }
            _ => say!("declare the way and the data that it carries"),
        };
        let snapshot = context.snapshot;
        let hop = |id: &EndpointId| Hop {
            endpoint: snapshot.endpoint(*id).name.clone(),
            kind: snapshot.endpoint(*id).kind.clone(),
            route: None,
            places: context.known_places(*id),
            location: made_at(snapshot.endpoint(*id)),
        };
        let ends = [draft.pair.from, draft.pair.to].into_iter().filter_map(|party| party.endpoints.first());
        let path: Path = ends.map(hop).map(Arc::new).collect();
        // The excerpt is marked with the place, which is the receiver's.
        let made = |party: &Party| party.endpoints.first().map(|id| made_at(snapshot.endpoint(*id)));
        let sender = made(draft.pair.from).map(|location| Label { location, text: say!("this is the sender") });
        let location = made(draft.pair.to);
        Finding {
            rule: Some(scope.name.clone()),
            help: Some(help),
            why: Some(describe::why(scope)),
            origin: origin.iter().map(ToString::to_string).collect(),
            data,
            populations,
            endpoint: to.name.clone(),
            places: to.places.clone(),
            path,
            location,
            labels: sender.into_iter().collect(),
            policy_location: Some(scope.rule.demand_location),
            ..Finding::new(draft.code, scope.rule.severity, draft.verdict, message)
        }
    }

    /// The same in every language: a finding is known again by it.
    pub(super) fn name(&self, party: &Party) -> String {
        match party.was {
            Some(was) => format!("{} (in {was} by the database before)", self.name_now(party)),
            None => self.name_now(party),
        }
    }

    fn name_now(&self, party: &Party) -> String {
        let names: Vec<&str> = party.endpoints.iter().map(|id| self.context.snapshot.endpoint(*id).name.as_str()).collect();
        if !names.is_empty() {
            return names.join(" or ");
        }
        if let Some(phrase) = party.nobody {
            return phrase.to_owned();
        }
        if let Some(site) = party.site {
            return format!("undeclared addresses of site {}", self.context.snapshot.site(site).id);
        }
        let by = party.geo.evidence.first().filter(|e| e.basis == crate::geo::Basis::Range).map(|e| e.matched.as_str());
        let mut places: Vec<String> = party.geo.places.iter().map(ToString::to_string).collect();
        places.dedup();
        let places = places.join(" or ");
        match (by, party.geo.kind) {
            (Some(by), _) if places.is_empty() => format!("addresses of {by}"),
            (Some(by), _) => format!("addresses of {by} in {places}"),
            (None, Kind::Private) => "private addresses that no network covers".to_owned(),
            (None, _) if places.is_empty() => match &party.geo.unknown {
                Some(why) if party.local => format!("local addresses: {why}"),
                Some(why) => format!("addresses without a place: {why}"),
                None => "addresses without a place".to_owned(),
            },
            (None, _) => format!("addresses in {places}"),
        }
    }

    pub(super) fn end(&self, party: &Party) -> End {
        let places = known_places(&party.geo, self.context.atlas);
        End { name: self.name(party), declared: !party.endpoints.is_empty(), places, was: party.was.map(|c| c.to_string()) }
    }

    pub(super) fn log(&self, number: u32) -> String {
        self.counted.logs.get(number as usize).map_or_else(|| "?".to_owned(), |l| l.name.clone())
    }

    pub(super) fn seen(&self, sum: &Sum) -> Seen {
        Seen {
            flows: sum.flows,
            bytes: sum.bytes,
            unmeasured: sum.unmeasured,
            first: sum.first().and_then(time),
            last: sum.last().and_then(time),
            samples: sum.samples.iter().map(|s| (self.log(s.0), s.1)).collect(),
        }
    }

    /// Everybody who sent something to somebody, the most bytes first.
    pub(super) fn ways(&self) -> Vec<ObservedWay> {
        let way = |pair: &Pair<'_>| ObservedWay {
            from: self.end(pair.from),
            to: self.end(pair.to),
            answered: pair.way == Way::Answered,
            declared: self.hops.is_declared(pair),
            seen: self.seen(&pair.sum),
        };
        let mut by_ends: BTreeMap<(PartyId, PartyId, bool), ObservedWay> = BTreeMap::new();
        let mut sums: BTreeMap<(PartyId, PartyId, bool), Sum> = BTreeMap::new();
        for pair in self.pairs.iter().filter(|p| !p.is_local()) {
            let key = (pair.ids.0, pair.ids.1, pair.way == Way::Answered);
            by_ends.entry(key).or_insert_with(|| way(pair));
            sums.entry(key).or_default().add(&pair.sum);
        }
        let mut ways: Vec<ObservedWay> =
            by_ends.into_iter().map(|(key, way)| ObservedWay { seen: self.seen(&sums[&key]), ..way }).collect();
        ways.sort_by(|a, b| {
            (b.seen.bytes, b.seen.flows, &a.from.name, &a.to.name, a.answered).cmp(&(
                a.seen.bytes,
                a.seen.flows,
                &b.from.name,
                &b.to.name,
                b.answered,
            ))
        });
        ways
    }
}

/// Names of both ends, not numbers: survives other logs of the same way.
pub(super) fn fingerprint(finding: &Finding, from: &str, to: &str) -> String {
    let mut hash = Sha256::new();
    for word in [finding.code, finding.rule.as_deref().unwrap_or(""), from, to] {
        hash.update((word.len() as u64).to_le_bytes());
        hash.update(word.as_bytes());
    }
    hash.finalize().iter().take(12).map(|b| format!("{b:02x}")).collect()
}

/// "3.4 GB in 12 flows".
fn amount(seen: &Seen) -> Message {
    let flows = of(seen.flows, "flow", "flows");
    match seen.unmeasured {
        0 => say!("{size} in {flows}", size = size(seen.bytes), flows),
        n if n == seen.flows => say!("an unmeasured amount in {flows}", flows),
        n => say!("at least {size} in {flows}, {n} of them unmeasured,", size = size(seen.bytes), flows, n),
    }
}

/// "first 2026-11-01T00:00:00Z, last ...; see flows.log:12".
fn when(seen: &Seen) -> Message {
    let times = match (&seen.first, &seen.last) {
        (Some(first), Some(last)) if first == last => say!("at {first}", first = lang::moment(first)),
        (Some(first), Some(last)) => say!("first {first}, last {last}", first = lang::moment(first), last = lang::moment(last)),
        _ => say!("at a time that the log does not tell"),
    };
    let rows: Vec<String> = seen.samples.iter().map(|(log, row)| format!("{log}:{row}")).collect();
    say!("{times}; see {rows}", times, rows = lang::list(&rows))
}

fn time(seconds: i64) -> Option<String> {
    Some(jiff::Timestamp::from_second(seconds).ok()?.to_string())
}
