//! One zone with several faces: which records a client sees depends on the view that takes it, the first whose condition holds.

use std::collections::{BTreeMap, BTreeSet};

use super::build::Builder;
use crate::model::Reference;
use crate::read::zone::answer::{Answer, Condition, Pick, Target};
use crate::read::zone::collect::Collected;
use crate::read::zone::record::{Data, Record, shorten};
use crate::source::Location;

/// The zone as all views together have it. Where all say the same of a name it is said once; the rest is an answer by view.
pub fn together(views: Vec<(Condition, Collected)>) -> Collected {
    let mut out = Collected::default();
    let mut by_view: Vec<(Condition, BTreeMap<String, Vec<Record>>)> = Vec::new();
    for (condition, zone) in views {
        out.origin = out.origin.or(zone.origin);
        out.unclear.extend(zone.unclear);
        out.entries += zone.entries;
        for id in zone.included {
            if !out.included.contains(&id) {
                out.included.push(id);
            }
        }
        let mut owners: BTreeMap<String, Vec<Record>> = BTreeMap::new();
        for record in zone.records {
            owners.entry(record.owner.clone()).or_default().push(record);
        }
        by_view.push((condition, owners));
    }
    let owners: BTreeSet<String> = by_view.iter().flat_map(|(_, owners)| owners.keys().cloned()).collect();
    for owner in owners {
        let empty = Vec::new();
        let sides: Vec<(&Condition, &Vec<Record>)> =
            by_view.iter().map(|(condition, owners)| (condition, owners.get(&owner).unwrap_or(&empty))).collect();
        let told = |records: &[Record]| -> Vec<Data> { records.iter().map(|r| r.data.clone()).collect() };
        let same = sides.windows(2).all(|pair| told(pair[0].1) == told(pair[1].1));
        if same {
            out.records.extend(sides.first().map(|(_, records)| (*records).clone()).unwrap_or_default());
            continue;
        }
        let mut branches = Vec::new();
        let mut location = None;
        for (condition, records) in sides {
            let mut answers = Vec::new();
            for record in records {
                location = location.or(Some(record.location));
                match answer(record) {
                    Some(answer) => answers.push(answer),
                    // Servers, mail and what was not followed count whoever sees them.
                    None => out.records.push(record.clone()),
                }
            }
            let targets: Option<Vec<Target>> = answers
                .iter()
                .map(|a| if let Answer::Set(t, Pick::All) = a { Some(t.clone()) } else { None })
                .collect::<Option<Vec<_>>>()
                .map(|t| t.concat());
            let answer = match targets {
                Some(targets) => Answer::Set(targets, Pick::All),
                None => Answer::Each(answers),
            };
            branches.push((condition.clone(), answer));
        }
        if let Some(location) = location {
            let answer = Box::new(Answer::Branches(branches));
            out.records.push(Record { owner, data: Data::Chosen { kind: "view".to_owned(), answer }, location });
        }
    }
    // The same server of each view is one.
    let mut seen: Vec<(String, Data)> = Vec::new();
    out.records.retain(|r| {
        let plain = matches!(r.data, Data::Ns(_) | Data::Soa | Data::Mx { .. });
        let new = !plain || !seen.iter().any(|(owner, data)| *owner == r.owner && *data == r.data);
        if plain && new {
            seen.push((r.owner.clone(), r.data.clone()));
        }
        new
    });
    out
}

/// What one view answers is not known: the names that the others tell of lead elsewhere for its clients.
pub fn untold(builder: &mut Builder, zone: &str, at: Location) {
    let zone = if zone.is_empty() { "." } else { zone };
    let message = format!("what this view answers for names of `{}` is not known, and other views have it", shorten(zone));
    builder.unclear("missing-include", message, Some("add the zone's file"), at, None);
}

fn answer(record: &Record) -> Option<Answer> {
    let to = match &record.data {
        Data::Address(ip) => Reference::Address { ip: *ip, port: None },
        Data::Cname(name) | Data::Alias(name) => Reference::Host { name: name.clone(), port: None },
        Data::Chosen { kind, answer } if kind != "MX" => return Some((**answer).clone()),
        _ => return None,
    };
    Some(Answer::Set(vec![Target { to, location: record.location }], Pick::All))
}
