//! What logs show, held against policies and declarations: plain data, as [`super::Assessment`] is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Assessment, KnownPlace};
use crate::lang::{self, Message};

/// What became of rows. Every row is counted as read; the others say what was in it. A row of a log that tells both directions of a
/// connection counts for each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    pub read: u64,
    /// Something went from one address to another.
    pub flows: u64,
    /// The log says that there was nothing.
    pub no_data: u64,
    /// The log says that it left something out.
    pub skipped: u64,
    pub unparsable: u64,
    /// A firewall refused it.
    pub refused: u64,
    /// TCP headers without payload.
    pub attempts: u64,
    /// Nothing went in this direction.
    pub empty: u64,
    /// Flows to or from a private address that no declared network covers.
    pub private: u64,
    /// Flows to or from an address of which no place is known, private ones apart.
    pub unlocated: u64,
    /// Flows that stay on the machine or the wire.
    pub local: u64,
    /// Flows whose bytes the log did not measure.
    pub unmeasured: u64,
    /// Flows without a time.
    pub untimed: u64,
    /// Flows whose bytes are what a sample stands for.
    #[serde(default)]
    pub estimated: u64,
}

impl Rows {
    pub fn add(&mut self, other: &Self) {
        let all: [(&mut u64, u64); 14] = [
            (&mut self.read, other.read),
            (&mut self.flows, other.flows),
            (&mut self.no_data, other.no_data),
            (&mut self.skipped, other.skipped),
            (&mut self.unparsable, other.unparsable),
            (&mut self.refused, other.refused),
            (&mut self.attempts, other.attempts),
            (&mut self.empty, other.empty),
            (&mut self.private, other.private),
            (&mut self.unlocated, other.unlocated),
            (&mut self.local, other.local),
            (&mut self.unmeasured, other.unmeasured),
            (&mut self.untimed, other.untimed),
            (&mut self.estimated, other.estimated),
        ];
        all.into_iter().for_each(|(own, more)| *own = own.saturating_add(more));
    }
}

/// What became of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    pub name: String,
    /// `None`: no format fits, or it could not be opened.
    pub format: Option<String>,
    pub rows: u64,
    /// Why not all of it was read. What came before counts.
    pub broken: Option<String>,
}

/// Flows of a kind, added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub flows: u64,
    pub bytes: u64,
    /// Flows whose bytes were not measured.
    pub unmeasured: u64,
    /// `2026-11-01T00:00:00Z`.
    pub first: Option<String>,
    pub last: Option<String>,
    /// Log and row (a line from 1, or a record): the first ones.
    pub samples: Vec<(String, u64)>,
}

/// One end of a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// An endpoint's name, else what stands for many addresses: `addresses in CN`.
    pub name: String,
    /// It is of the inventory.
    pub declared: bool,
    pub places: Vec<KnownPlace>,
    /// Where the database before this one had it, if elsewhere.
    pub was: Option<String>,
}

impl End {
    /// Its name as people read it: an endpoint's own, or the phrase for what the inventory does not have.
    pub fn called(&self) -> Message {
        match (self.declared, &self.was) {
            (true, None) => Message::Plain(self.name.clone()),
            _ => lang::read(self.name.clone()),
        }
    }
}

/// Who sent to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedWay {
    pub from: End,
    pub to: End,
    /// Answers to connections that the receiver opened.
    pub answered: bool,
    /// Whether the project declares that the two talk; `None` where the inventory has neither.
    pub declared: Option<bool>,
    pub seen: Seen,
}

impl ObservedWay {
    pub fn how(&self) -> &'static str {
        if self.answered { "answered" } else { "sent" }
    }
}

/// A declared way on which nothing went, though the logs cover one of its ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unused {
    pub from: String,
    pub to: String,
    pub activity: &'static str,
    pub role: &'static str,
    /// `file:line`.
    pub source: String,
}

/// A finding of the assessment whose last step was seen to carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Fingerprint of the assessment's finding.
    pub finding: String,
    pub rule: String,
    pub endpoint: String,
    pub message: Message,
    pub seen: Seen,
}

/// The whole answer of `onshore traffic`.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Rules, findings and data sets, of what was observed.
    pub assessment: Assessment,
    /// What each finding rests on, by fingerprint.
    pub seen: BTreeMap<String, (End, End, Seen)>,
    pub logs: Vec<Log>,
    pub rows: Rows,
    /// `hour`, `day`, `whole`: how finely times were told apart.
    pub grain: &'static str,
    /// The most bytes first.
    pub ways: Vec<ObservedWay>,
    /// Flows beyond what can be told apart in bounded memory.
    pub other: Seen,
    pub unused: Vec<Unused>,
    pub proofs: Vec<Proof>,
    /// Rows that could not be read or that a log left out.
    pub odd: Vec<(String, u64)>,
}

/// In powers of a thousand, as networks are measured.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}
