//! What a reading says of the ports of this machine: where requests go in each state of the world.

use std::collections::BTreeSet;

use onshore::model::{Activity, Reference, RouteFact, Spill};
use onshore::read::{Input, Reader, Reading};
use onshore::source::Sources;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Normal,
    Overload,
    Loss,
}

/// A file without gaps.
pub fn read(reader: &dyn Reader, path: &str, text: &str) -> Reading {
    let mut sources = Sources::default();
    let file = sources.add(path, text);
    let reading = reader.read(&Input::new(&sources, file));
    assert!(reading.facts.gaps.is_empty(), "{:?}", reading.facts.gaps);
    reading
}

/// As the states of the world are defined: the first of a pool carry in normal running, under overload all that may spill, and after
/// a loss also those that only step in for what failed outright.
fn carries(route: &RouteFact, state: State) -> bool {
    let first = route.priority.unwrap_or(u32::from(route.role.is_standby())) == 0;
    match &route.spill {
        Spill::Never(_) | Spill::Manual(_) => false,
        Spill::Load => first || state != State::Normal,
        Spill::Failure(_) => first || state == State::Loss,
    }
}

pub fn label(reading: &Reading, reference: &Reference) -> String {
    match reference {
        Reference::Fact(i) => reading.facts.endpoints[*i].label.clone(),
        other => format!("{other:?}"),
    }
}

/// The ports of this machine that an endpoint leads to by routes of an activity, directly or through others.
pub fn said(reading: &Reading, from: &str, activity: Activity, state: State) -> BTreeSet<u16> {
    let mut open = vec![(from.to_owned(), false)];
    let mut seen = BTreeSet::new();
    let mut ports = BTreeSet::new();
    while let Some((from, met)) = open.pop() {
        let leads = |r: &&RouteFact| r.activity == activity || r.activity == Activity::Forward;
        let of = |r: &&RouteFact| label(reading, &r.from) == from && carries(r, state);
        for route in reading.facts.routes.iter().filter(of).filter(leads) {
            let met = met || route.activity == activity;
            let to = label(reading, &route.to);
            match to.strip_prefix("127.0.0.1:") {
                Some(port) if met => _ = ports.insert(port.parse().unwrap()),
                Some(_) => {}
                None if seen.insert((to.clone(), met)) => open.push((to, met)),
                None => {}
            }
        }
    }
    ports
}
