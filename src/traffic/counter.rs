//! Rows into a tally: what is no flow is told apart, who is at the ends is looked up, and the rest is counted.

use std::net::IpAddr;

use super::flow::{End, Flow, Known, Odd, Sink};
use super::label::{Labels, Party, PartyId};
use super::tally::{BATCH, Key, Sample, Tally, Way};
use crate::geo::Kind;

/// Counts the rows of one file.
pub struct Counter<'l> {
    labels: &'l Labels,
    /// By party.
    traits: &'l [Traits],
    file: u32,
    tally: Tally,
    /// Row of the last flow: both directions of one row are one row.
    last_row: u64,
    /// Flows that are not yet counted: their look-ups wait for memory together.
    batch: Vec<Held>,
}

/// A flow that waits to be counted.
struct Held {
    row: u64,
    flow: Flow,
    /// Of its ends.
    known: [Known; 2],
}

/// What counting asks of a party.
#[derive(Clone, Copy, Debug)]
pub struct Traits {
    private: bool,
    unlocated: bool,
    local: bool,
}

/// By party.
pub fn traits(labels: &Labels) -> Vec<Traits> {
    let of = |p: &Party| {
        let placeless = p.geo.places.is_empty() && !p.local;
        let private = placeless && p.geo.kind == Kind::Private && p.endpoints.is_empty();
        Traits { private, unlocated: placeless && !private, local: p.local }
    };
    labels.parties.iter().map(of).collect()
}

impl<'l> Counter<'l> {
    pub fn new(labels: &'l Labels, traits: &'l [Traits], file: u32, tally: Tally) -> Self {
        Self { labels, traits, file, tally, last_row: 0, batch: Vec::with_capacity(BATCH) }
    }

    pub fn finish(mut self) -> Tally {
        self.count_batch();
        self.tally
    }

    /// Whether it is one that counts; what does not is counted apart.
    #[inline]
    fn is_flow(&mut self, flow: &Flow) -> bool {
        let rows = &mut self.tally.rows;
        if flow.refused {
            rows.refused += 1;
            false
        } else if flow.is_empty() {
            rows.empty += 1;
            false
        } else if flow.is_attempt() {
            rows.attempts += 1;
            false
        } else {
            rows.flows += 1;
            true
        }
    }

    /// In three rounds, of which each waits for memory once: who is at the ends, which cell, and its sum.
    fn count_batch(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        let mut ends = [(PartyId(0), PartyId(0)); BATCH];
        for (ends, Held { flow, known: [from, to], .. }) in ends.iter_mut().zip(&batch) {
            *ends = (self.party(*from, flow.from, flow.from_port), self.party(*to, flow.to, flow.to_port));
        }
        let mut cells = [None; BATCH];
        for ((cell, (from, to)), Held { flow, .. }) in cells.iter_mut().zip(ends).zip(&batch) {
            *cell = self.cell(flow, from, to);
        }
        for (cell, Held { row, flow, .. }) in cells.iter().zip(&batch) {
            self.tally.count(*cell, flow, Sample(self.file, *row));
        }
        self.tally.keep_bound();
        self.batch = batch;
        self.batch.clear();
    }

    #[inline]
    fn party(&self, known: Known, address: IpAddr, port: u16) -> PartyId {
        let known = if known == Known::NOT { self.labels.know(address) } else { known };
        self.labels.find_known(known, address, port)
    }

    /// Where a flow is counted; `None`: with all others beyond the bound.
    #[inline]
    fn cell(&mut self, flow: &Flow, from: PartyId, to: PartyId) -> Option<u32> {
        let (a, b) = (self.traits[from.0 as usize], self.traits[to.0 as usize]);
        let rows = &mut self.tally.rows;
        rows.private += u64::from(a.private || b.private);
        rows.unlocated += u64::from(a.unlocated || b.unlocated);
        rows.local += u64::from(a.local || b.local);
        rows.unmeasured += u64::from(flow.bytes.is_none());
        rows.estimated += u64::from(flow.estimated);
        let time = flow.first.or(flow.last);
        rows.untimed += u64::from(time.is_none());
        let hour = time.and_then(|t| u32::try_from(t / 3600).ok());
        let way = if flow.answers() { Way::Answered } else { Way::Sent };
        self.tally.cell(Key { from: from.0, to: to.0, way, ours: flow.ours, hour })
    }

    fn row(&mut self, row: u64) {
        if row != self.last_row {
            self.tally.rows.read += 1;
            self.last_row = row;
        }
    }
}

impl Sink for Counter<'_> {
    fn flow(&mut self, row: u64, flow: Flow) {
        self.known_flow(row, flow, [Known::NOT; 2]);
    }

    fn know(&self, address: IpAddr) -> Known {
        self.labels.know(address)
    }

    fn known_flow(&mut self, row: u64, flow: Flow, known: [Known; 2]) {
        self.row(row);
        if self.is_flow(&flow) {
            self.batch.push(Held { row, flow, known });
            if self.batch.len() == BATCH {
                self.count_batch();
            }
        }
    }

    fn between(&mut self, row: u64, flow: Flow, from: End<'_>, to: End<'_>) {
        self.row(row);
        if self.is_flow(&flow) {
            let from = self.labels.end(from, flow.from, flow.from_port);
            let to = self.labels.end(to, flow.to, flow.to_port);
            let cell = self.cell(&flow, from, to);
            self.tally.count(cell, &flow, Sample(self.file, row));
            self.tally.keep_bound();
        }
    }

    fn odd(&mut self, row: u64, odd: Odd) {
        self.row(row);
        let rows = &mut self.tally.rows;
        match odd {
            Odd::NoData => rows.no_data += 1,
            Odd::Skipped => rows.skipped += 1,
            Odd::Unparsable => rows.unparsable += 1,
        }
        if odd != Odd::NoData {
            self.tally.remember_odd(Sample(self.file, row));
        }
    }
}
