//! `onshore_tally(work)`: the tally of logs as an aggregate function. An engine runs it where it likes, in any order and again after a
//! loss; what it gives is the same, for tallies merge to the same whatever counted first. It reads with the readers of `onshore traffic`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};
use onshore::traffic::open::Place;
use onshore::traffic::part::Part;
use onshore::traffic::{Log, Reading, Share, Tally, count_share};
use serde::{Deserialize, Serialize};

use crate::fault::{fatal, of_store};
use crate::functions::Holder;
use crate::grounds::{Bench, short};
use crate::objects::{Handed, SCHEME};
use crate::work::{Unit, Work};

/// What is known after some of the work.
#[derive(Debug, Serialize, Deserialize)]
pub struct Counted {
    /// Without logs: these are not yet all.
    pub part: Part,
    pub logs: Vec<(u32, Log)>,
}

/// What every tally on its way begins with, so that nothing else is taken for one; another number for any change of [`Counted`].
const HEAD: &[u8] = b"onshore-engine tally 1\n";

impl Counted {
    /// In few bytes, for a query merges as many of them as there are tasks, one after the other.
    fn bytes(&self) -> Result<Vec<u8>, DataFusionError> {
        postcard::to_extend(self, HEAD.to_vec()).map_err(|e| DataFusionError::External(Box::new(e)))
    }

    /// # Errors
    /// It is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, DataFusionError> {
        let no_tally = |why: &str| fatal(&format!("an executor gave no tally ({why})"), "run the same version everywhere");
        let rest = bytes.strip_prefix(HEAD).ok_or_else(|| no_tally("it begins otherwise"))?;
        match postcard::take_from_bytes(rest) {
            Ok((counted, [])) => Ok(counted),
            Ok(_) => Err(no_tally("more follows")),
            Err(e) => Err(no_tally(&e.to_string())),
        }
    }

    /// What `onshore traffic --out` would write.
    pub fn whole(self, parties: usize) -> Result<Part, DataFusionError> {
        let tally = self.part.tally(parties, 0).map_err(|why| fatal(&why, "run the same version everywhere"))?;
        Ok(Part::new(self.part.labels, self.logs.into_iter().map(|(_, log)| log).collect(), &tally))
    }
}

/// Adds what is known of shares of logs.
fn add_log(logs: &mut Vec<(u32, Log)>, number: u32, log: Log) {
    match logs.binary_search_by_key(&number, |(n, _)| *n) {
        Err(at) => logs.insert(at, (number, log)),
        Ok(at) => {
            let known = &mut logs[at].1;
            known.rows += log.rows;
            known.format = known.format.take().or(log.format);
            // Of several the same whoever came first.
            known.broken = match (known.broken.take(), log.broken) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub struct TallyFunction {
    holder: Holder,
    signature: Signature,
}

impl TallyFunction {
    pub fn new(holder: Holder) -> Self {
        Self { holder, signature: Signature::exact(vec![DataType::Utf8], Volatility::Volatile) }
    }
}

impl AggregateUDFImpl for TallyFunction {
    fn name(&self) -> &str {
        "onshore_tally"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(DataType::Binary)
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>, DataFusionError> {
        Ok(Box::new(Counting { holder: self.holder.clone(), tally: Tally::new(), logs: Vec::new(), labels: None }))
    }
}

#[derive(Debug)]
struct Counting {
    holder: Holder,
    tally: Tally,
    logs: Vec<(u32, Log)>,
    /// The hash of what all of it was labelled by.
    labels: Option<String>,
}

impl Counting {
    fn labelled(&mut self, labels: &str) -> Result<(), DataFusionError> {
        match &self.labels {
            Some(known) if known != labels => Err(fatal(
                &format!("parts of one query were labelled by {} and by {}", short(known), short(labels)),
                "give every executor the same project and databases as the client",
            )),
            _ => {
                self.labels = Some(labels.to_owned());
                Ok(())
            }
        }
    }

    fn unit(&mut self, unit: &Unit, bench: &Bench, reading: &Reading) -> Result<(), DataFusionError> {
        let object = match unit.at.starts_with(SCHEME) {
            true => Some(self.holder.stores()?.open(&unit.at, unit.bytes).map_err(|reason| of_store(&unit.at, &reason))?),
            false => None,
        };
        let place = match &object {
            Some(object) => Place::Remote(Arc::new(Handed(Arc::clone(object)))),
            None => on_disk(unit)?,
        };
        let number = usize::try_from(unit.number).unwrap_or(usize::MAX);
        let share = Share { number, name: unit.name.clone(), place, which: unit.which };
        let (log, tally) = count_share(&share, &bench.labels, reading, std::mem::take(&mut self.tally));
        self.tally = tally;
        if let Some(reason) = object.and_then(|o| o.failed()) {
            return Err(of_store(&unit.at, &reason));
        }
        if let Some(log) = log {
            add_log(&mut self.logs, unit.number, log);
        }
        Ok(())
    }

    fn value(&mut self) -> Result<ScalarValue, DataFusionError> {
        let Some(labels) = self.labels.clone() else { return Ok(ScalarValue::Binary(None)) };
        self.tally.settle();
        let counted = Counted { part: Part::new(labels, Vec::new(), &self.tally), logs: self.logs.clone() };
        Ok(ScalarValue::Binary(Some(counted.bytes()?)))
    }
}

/// Whoever made the query has seen the file: one that is not there, or another, is no log that broke off.
fn on_disk(unit: &Unit) -> Result<Place, DataFusionError> {
    let help = "put logs where every executor has them under the same path, or into an object store";
    let about = std::fs::metadata(&unit.at).map_err(|e| fatal(&format!("an executor has no `{}`: {e}", unit.at), help))?;
    if about.len() != unit.bytes {
        let message =
            format!("`{}` has {} bytes on an executor and had {} when the query was made", unit.at, about.len(), unit.bytes);
        return Err(fatal(&message, "count logs that are closed, and the same for every executor"));
    }
    Ok(Place::Disk(unit.at.clone().into()))
}

/// The texts of a column.
fn texts(column: &ArrayRef) -> Result<impl Iterator<Item = &str>, DataFusionError> {
    let texts = column.as_string_opt::<i32>().ok_or_else(|| DataFusionError::Internal("work is text".to_owned()))?;
    Ok((0..texts.len()).filter(|i| texts.is_valid(*i)).map(|i| texts.value(i)))
}

/// The tallies of a column.
pub fn tallies(column: &ArrayRef) -> Result<impl Iterator<Item = &[u8]>, DataFusionError> {
    let bytes = column.as_binary_opt::<i32>().ok_or_else(|| DataFusionError::Internal("a tally is bytes".to_owned()))?;
    Ok((0..bytes.len()).filter(|i| bytes.is_valid(*i)).map(|i| bytes.value(i)))
}

impl Accumulator for Counting {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<(), DataFusionError> {
        for text in values.iter().map(texts).collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
            if !self.holder.take(text) {
                continue;
            }
            let wrong =
                |e: serde_json::Error| fatal(&format!("a query asks for no work ({e})"), "run the same version everywhere");
            let work: Work = serde_json::from_str(text).map_err(wrong)?;
            let bench = self.holder.grounds()?.find(&work.mark)?;
            self.labelled(&work.mark.labels)?;
            let reading = work.read.reading(1).map_err(|e| fatal(&e.to_string(), ""))?;
            for unit in &work.units {
                self.unit(unit, &bench, &reading)?;
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<(), DataFusionError> {
        for bytes in states.iter().map(tallies).collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
            let counted = Counted::parse(bytes)?;
            self.labelled(&counted.part.labels)?;
            // Parties were checked by whoever counted; they are again where the labels are.
            let tally = counted.part.tally(usize::MAX, 0).map_err(|why| fatal(&why, ""))?;
            self.tally.merge(&tally);
            for (number, log) in counted.logs {
                add_log(&mut self.logs, number, log);
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>, DataFusionError> {
        Ok(vec![self.value()?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue, DataFusionError> {
        self.value()
    }

    fn size(&self) -> usize {
        // A cell with its key, as a map holds it.
        const CELL: usize = 128;
        size_of::<Self>() + self.tally.cells().len() * CELL + self.logs.len() * size_of::<Log>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_the_one_asked_for_is_no_log_that_breaks_off() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("a.log").to_str().unwrap().to_owned();
        let unit = Unit { number: 0, name: "a.log".into(), at: at.clone(), bytes: 3, which: (0, 1) };
        let told = |unit: &Unit| on_disk(unit).err().map(|e| crate::fault::failure(&e).to_string()).unwrap_or_default();
        assert!(told(&unit).starts_with(&format!("error: an executor has no `{at}`: No such file")), "{}", told(&unit));
        std::fs::write(&at, "four").unwrap();
        let message =
            format!("error: `{at}` has 4 bytes on an executor and had 3 when the query was made\n  help: count logs that");
        assert!(told(&unit).starts_with(&message), "{}", told(&unit));
        assert!(on_disk(&Unit { bytes: 4, ..unit }).is_ok());
    }

    #[test]
    fn only_a_tally_is_taken_for_one() {
        let log = Log { name: "a".into(), format: None, rows: 3, broken: Some("it breaks off".into()) };
        let counted = Counted { part: Part::new("labels".into(), Vec::new(), &Tally::new()), logs: vec![(7, log)] };
        let bytes = counted.bytes().unwrap();
        let again = Counted::parse(&bytes).unwrap();
        assert_eq!(again.logs, counted.logs);
        assert_eq!(again.bytes().unwrap(), bytes);
        let more = [&bytes[..], b"x"].concat();
        for wrong in [&bytes[..bytes.len() - 1], &more, b"", b"{}"] {
            let told = crate::fault::failure(&Counted::parse(wrong).unwrap_err()).to_string();
            assert!(told.starts_with("error: an executor gave no tally ("), "{told}");
        }
    }

    #[test]
    fn shares_of_a_log_are_one_log() {
        let log = |rows, broken: Option<&str>| Log {
            name: "a".into(),
            format: Some("parquet".into()),
            rows,
            broken: broken.map(str::to_owned),
        };
        let mut logs = Vec::new();
        for (number, one) in [(4, log(1, None)), (2, log(7, Some("b"))), (4, log(2, Some("y"))), (4, log(3, Some("x")))] {
            add_log(&mut logs, number, one);
        }
        assert_eq!(logs, [(2, log(7, Some("b"))), (4, log(6, Some("x")))]);
    }
}
