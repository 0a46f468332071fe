//! A tally as a file: what one machine counted of its share of the logs, to be merged with what others did. Parties are numbers,
//! which mean the same only under the same labels; the hash says which those were.

use serde::{Deserialize, Serialize};

use super::count::Log;
use super::tally::{Grain, Key, Rows, Sample, Sum, Tally};

pub const SCHEMA: &str = "onshore.traffic-part/1";

/// What `--out` writes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Part {
    pub schema: String,
    /// [`super::Labels::hash`].
    pub labels: String,
    pub logs: Vec<Log>,
    pub rows: Rows,
    grain: Grain,
    cut: Option<Key>,
    cells: Vec<(Key, Sum)>,
    other: Sum,
    odd: Vec<Sample>,
}

impl Part {
    pub fn new(labels: String, logs: Vec<Log>, tally: &Tally) -> Self {
        let cells = tally.cells().into_iter().map(|(key, sum)| (key, *sum)).collect();
        let (grain, cut, other) = (tally.grain, tally.cut(), tally.other);
        let (rows, odd) = (tally.rows.clone(), tally.odd.clone());
        Self { schema: SCHEMA.to_owned(), labels, logs, rows, grain, cut, cells, other, odd }
    }

    /// # Errors
    /// Why it is no part, in a clause.
    pub fn parse(text: &str) -> Result<Self, String> {
        let part: Self = serde_json::from_str(text).map_err(|e| format!("it is no part that `--out` wrote ({e})"))?;
        if part.schema == SCHEMA { Ok(part) } else { Err(format!("it is a `{}`, not a `{SCHEMA}`", part.schema)) }
    }

    /// The tally again, for a run that counts `parties`, with logs numbered from `first` on.
    ///
    /// # Errors
    /// It names a party that is not there: it was not made under these labels.
    pub fn tally(&self, parties: usize, first: u32) -> Result<Tally, String> {
        let moved = |sum: &Sum| {
            let samples: Vec<Sample> = sum.samples.iter().map(|s| Sample(s.0.saturating_add(first), s.1)).collect();
            let mut moved = *sum;
            moved.samples = samples.into();
            moved
        };
        let odd = self.odd.iter().map(|s| Sample(s.0.saturating_add(first), s.1)).collect();
        let mut tally = Tally::restored(self.grain, self.cut, moved(&self.other), self.rows.clone(), odd);
        for (key, sum) in &self.cells {
            if key.from as usize >= parties || key.to as usize >= parties {
                return Err("it counts parties that are not known here".to_owned());
            }
            tally.put(*key, &moved(sum));
        }
        Ok(tally)
    }
}
