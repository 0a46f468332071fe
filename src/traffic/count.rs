//! Counting: every log through its reader into one tally, on several threads. The tally is the same on any number of them.

use std::io::Read;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use super::label::Labels;
use super::open::{self, Input};
use super::read::{Columns, Format, recognize};
use super::tally::{Counter, Tally, Traits, traits};
pub use crate::finding::observed::Log;

/// How to read.
#[derive(Default)]
pub struct Reading {
    pub columns: Columns,
    /// The format of every log; else each is told by its first bytes.
    pub format: Option<&'static dyn Format>,
    /// 0: as many as there are processors.
    pub threads: usize,
}

/// Counts all logs. Logs are numbered in the order of `inputs`; standard input is read by the calling thread.
pub fn count(inputs: &[Input], labels: &Labels, reading: &Reading, stdin: &mut dyn Read) -> (Vec<Log>, Tally) {
    let traits = traits(labels);
    let mut logs: Vec<(usize, Log)> = Vec::new();
    let mut tally = Tally::new();
    for (number, input) in inputs.iter().enumerate().filter(|(_, i)| i.path.is_none()) {
        let (log, counted) = of_reader(input, number, labels, &traits, reading, tally, || open::unpack(&mut *stdin));
        logs.push((number, log));
        tally = counted;
    }
    let files: Vec<usize> = (0..inputs.len()).filter(|i| inputs[*i].path.is_some()).collect();
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let workers = if reading.threads == 0 { processors } else { reading.threads }.min(files.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done: Vec<(usize, Log)> = Vec::new();
        let mut tally = Tally::new();
        while let Some(number) = files.get(next.fetch_add(1, Relaxed)) {
            let input = &inputs[*number];
            let path = input.path.as_deref().unwrap_or_else(|| std::path::Path::new(""));
            let (log, counted) = of_reader(input, *number, labels, &traits, reading, tally, || open::open(path));
            done.push((*number, log));
            tally = counted;
        }
        tally.settle();
        (done, tally)
    };
    if workers <= 1 {
        let (done, counted) = work();
        logs.extend(done);
        tally.merge(&counted);
    } else {
        let all: Vec<(Vec<(usize, Log)>, Tally)> = thread::scope(|scope| {
            let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            running.into_iter().map(|w| w.join().expect("a reader does not panic")).collect()
        });
        for (done, counted) in all {
            logs.extend(done);
            tally.merge(&counted);
        }
    }
    tally.settle();
    logs.sort_by_key(|(number, _)| *number);
    (logs.into_iter().map(|(_, log)| log).collect(), tally)
}

/// One log, on top of what was counted before.
fn of_reader<'r>(
    input: &Input,
    number: usize,
    labels: &Labels,
    traits: &[Traits],
    reading: &Reading,
    tally: Tally,
    open: impl FnOnce() -> std::io::Result<Box<dyn Read + 'r>>,
) -> (Log, Tally) {
    let mut log = Log { name: input.name.clone(), format: None, rows: 0, broken: None };
    let found = open().and_then(|bytes| recognize(bytes, &reading.columns, reading.format));
    let (format, mut bytes) = match found {
        Ok(found) => found,
        Err(e) => {
            log.broken = Some(plain(&e));
            return (log, tally);
        }
    };
    let Some(format) = format else {
        log.broken = Some("it is in no format that is read here".to_owned());
        return (log, tally);
    };
    log.format = Some(format.name().to_owned());
    let before = tally.rows.read;
    let mut counter = Counter::new(labels, traits, u32::try_from(number).unwrap_or(u32::MAX), tally);
    let result = format.read(&mut *bytes, &reading.columns, &mut counter);
    let tally = counter.finish();
    log.rows = tally.rows.read - before;
    log.broken = result.err().map(|e| plain(&e));
    (log, tally)
}

fn plain(error: &std::io::Error) -> String {
    use std::io::ErrorKind::{InvalidInput, NotFound, PermissionDenied, UnexpectedEof};
    match error.kind() {
        NotFound => "there is no such file".to_owned(),
        PermissionDenied => "it may not be read".to_owned(),
        UnexpectedEof => "it breaks off".to_owned(),
        InvalidInput => "it is damaged".to_owned(),
        _ => format!("it is damaged ({error})"),
    }
}
