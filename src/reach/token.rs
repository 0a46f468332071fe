//! Tokens: whose data of which class, and where it starts. One bit of a propagation stands for one or several of them.

use crate::model::{Country, EndpointId, Snapshot, Subject};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenSource {
    /// Index into `Snapshot::populations`.
    Population(usize),
    /// Index into `Snapshot::holdings`.
    Holding(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub source: TokenSource,
    /// One, or all participants of a joint one. Empty: nobody said, so every client match admits it.
    pub origins: Vec<Country>,
    pub joint: bool,
    /// Index of the joint token of which this is one participant's part.
    pub part_of: Option<u32>,
    pub class: String,
    /// They stand for each other: the data may come in at any of them.
    pub starts: Vec<EndpointId>,
}

/// All tokens of a snapshot: populations, then holdings, each in declared order; by class, then by origin. A joint subject
/// gives one joint token a class, and right after it one part for each participant.
pub fn tokens(snapshot: &Snapshot) -> Vec<Token> {
    let mut all = Vec::new();
    for (i, p) in snapshot.populations.iter().enumerate() {
        add(&mut all, TokenSource::Population(i), &p.subject, &p.data, &p.enters);
    }
    for (i, h) in snapshot.holdings.iter().enumerate() {
        add(&mut all, TokenSource::Holding(i), &h.subject, &h.data, &[h.endpoint]);
    }
    all
}

fn add(all: &mut Vec<Token>, source: TokenSource, subject: &Subject, classes: &[String], starts: &[EndpointId]) {
    let mut countries: Vec<Country> = subject.countries().to_vec();
    countries.sort_unstable();
    countries.dedup();
    let starts: Vec<EndpointId> = starts.to_vec();
    for class in classes {
        let token =
            |origins, joint, part_of| Token { source, origins, joint, part_of, class: class.clone(), starts: starts.clone() };
        let joint = matches!(subject, Subject::Joint(_));
        let part_of = joint.then(|| u32::try_from(all.len()).unwrap_or(u32::MAX));
        if joint || countries.is_empty() {
            all.push(token(countries.clone(), joint, None));
        }
        all.extend(countries.iter().map(|c| token(vec![*c], false, part_of)));
    }
}
