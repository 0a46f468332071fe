//! Counting: every log through its reader into one tally, on several threads; threads that find no log to begin help with those that
//! are read in pieces. The tally is the same on any number of them.

use std::io::{self, Read};
use std::num::NonZero;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::counter::{Counter, Traits, traits};
use super::flow::{Odd, Sink};
use super::label::Labels;
use super::open::{self, Input, Meter, Metered, OnDisk, Place, Unpacked};
use super::parquet::{self, Parquet};
use super::pieces::{Buffer, Pieces};
use super::read::{Format, Hints, Layout, Rejoined, recognize};
use super::tally::Tally;
pub use crate::finding::observed::Log;

/// How to read.
#[derive(Default)]
pub struct Reading {
    pub hints: Hints,
    /// The format of every log; else each is told by its first bytes.
    pub format: Option<&'static dyn Format>,
    /// 0: as many as there are processors.
    pub threads: usize,
    pub meter: Arc<Meter>,
}

/// Counts all logs. Logs are numbered in the order of `inputs`; standard input is read by the calling thread.
pub fn count(inputs: &[Input], labels: &Labels, reading: &Reading, stdin: &mut dyn Read) -> (Vec<Log>, Tally) {
    let counting =
        Counting { inputs, labels, traits: traits(labels), reading, state: Mutex::default(), opened: Condvar::new() };
    let mut tally = Tally::new();
    for (number, _) in inputs.iter().enumerate().filter(|(_, i)| i.path.is_none()) {
        let found = open::unpack(&mut *stdin).and_then(|log| recognize(log, &reading.hints, reading.format));
        tally = match found {
            Ok((Some(format), mut log)) => counting.alone(number, format, &mut log, tally),
            other => counting.unread(number, other.err(), tally),
        };
    }
    counting.state().files = (0..inputs.len()).rev().filter(|i| inputs[*i].path.is_some()).collect();
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let workers = if reading.threads == 0 { processors } else { reading.threads };
    if workers <= 1 {
        tally = tally.merged(counting.work());
    } else {
        tally = thread::scope(|scope| {
            let running: Vec<_> = (0..workers).map(|_| scope.spawn(|| counting.work())).collect();
            running.into_iter().map(|w| w.join().expect("a reader does not panic")).fold(tally, Tally::merged)
        });
    }
    tally.settle();
    let taken = std::mem::take(&mut counting.state().taken);
    for shared in taken {
        counting.list(shared.number, Some(shared.format), shared.rows.load(Relaxed), lock(&shared.broken).take());
    }
    let mut logs = std::mem::take(&mut counting.state().logs);
    logs.sort_by_key(|(number, _)| *number);
    (logs.into_iter().map(|(_, log)| log).collect(), tally)
}

/// Some of a log: what an engine hands to one of its threads.
pub struct Share {
    /// Of the log.
    pub number: usize,
    pub name: String,
    pub place: Place,
    /// Which share, of how many that are the whole together. Only tables in Parquet can be divided; the first share of any other log
    /// is all of it.
    pub which: (usize, usize),
}

/// Counts a share of a log on top of what was counted before. No log: nothing of it is in this share.
pub fn count_share(share: &Share, labels: &Labels, reading: &Reading, tally: Tally) -> (Option<Log>, Tally) {
    let before = tally.rows.read;
    let number = u32::try_from(share.number).unwrap_or(u32::MAX);
    let traits = traits(labels);
    let mut counter = Counter::new(labels, &traits, number, tally);
    let found = share.place.stream().and_then(open::unpack).and_then(|log| recognize(log, &reading.hints, reading.format));
    let divided = matches!(&found, Ok((Some(format), log)) if format.name() == Parquet::NAME && !log.is_packed());
    if share.which.0 > 0 && !divided {
        return (None, counter.finish());
    }
    let (format, result) = match found {
        Ok((Some(format), _)) if divided => (Some(format), count_groups(share, &reading.hints, &mut counter)),
        Ok((Some(format), mut log)) => {
            (Some(format), format.read(&mut log, &reading.hints, &mut counter).map_err(|e| plain(&e)))
        }
        Ok((None, _)) => (None, Err(UNKNOWN.to_owned())),
        Err(e) => (None, Err(plain(&e))),
    };
    let mut tally = counter.finish();
    tally.settle();
    let rows = tally.rows.read - before;
    reading.meter.rows.fetch_add(rows, Relaxed);
    let format = format.map(|f| f.name().to_owned());
    (Some(Log { name: share.name.clone(), format, rows, broken: result.err() }), tally)
}

/// As [`Counting`] takes them, so that of damaged ones the same is read.
fn count_groups(share: &Share, hints: &Hints, counter: &mut Counter<'_>) -> Result<(), String> {
    let table = share.place.open().and_then(|file| parquet::Table::of(file, hints)).map_err(|e| plain(&e))?;
    let (groups, each) = (table.groups(), groups_at_once(table.groups()));
    let taken = groups.div_ceil(each);
    let (which, of) = share.which;
    let mut broken: Option<String> = None;
    for take in taken * which / of..taken * (which + 1) / of {
        if let Err(e) = table.read(take * each..groups.min((take + 1) * each), counter) {
            let why = plain(&e);
            broken = Some(broken.map_or(why.clone(), |known| known.min(why)));
        }
    }
    broken.map_or(Ok(()), Err)
}

/// How many row groups are taken at a time: whoever takes some opens the file anew.
fn groups_at_once(groups: usize) -> usize {
    const TAKES: usize = 32;
    groups.div_ceil(TAKES).max(1)
}

/// Why a log was not read of which nobody knows the format.
const UNKNOWN: &str = "it is in no format that is read here";

type Opened = Rejoined<Unpacked<Metered<OnDisk>>>;

/// A log that any thread may take pieces of.
struct Shared {
    number: usize,
    format: &'static str,
    pieces: Mutex<Option<Cut>>,
    rows: AtomicU64,
    broken: Mutex<Option<String>>,
}

/// A log that is taken apart.
enum Cut {
    Lines(Pieces<Opened>),
    /// Row groups of a table that are left, and how many a thread takes.
    Groups(Range<usize>, usize),
}

enum Piece {
    /// In the thread's buffer.
    Lines(Arc<dyn Layout>, u64),
    Groups(Range<usize>),
}

impl Cut {
    fn next(&mut self, buffer: &mut Buffer) -> io::Result<Option<Piece>> {
        match self {
            Self::Lines(pieces) => Ok(pieces.next(buffer)?.map(|(layout, first)| Piece::Lines(layout, first))),
            Self::Groups(left, share) => {
                let taken = left.start..left.end.min(left.start + *share);
                left.start = taken.end;
                Ok((!taken.is_empty()).then_some(Piece::Groups(taken)))
            }
        }
    }

    fn row(&self) -> u64 {
        match self {
            Self::Lines(pieces) => pieces.row(),
            Self::Groups(..) => 0,
        }
    }
}

#[derive(Default)]
struct State {
    /// Not yet begun, the first one last.
    files: Vec<usize>,
    /// Threads that are finding out what a file is.
    opening: usize,
    shared: Vec<Arc<Shared>>,
    /// Of which no piece is left to take.
    taken: Vec<Arc<Shared>>,
    logs: Vec<(usize, Log)>,
}

struct Counting<'c> {
    inputs: &'c [Input],
    labels: &'c Labels,
    traits: Vec<Traits>,
    reading: &'c Reading,
    state: Mutex<State>,
    /// A file that was being opened is, or cannot be.
    opened: Condvar,
}

/// No thread panics while it holds a lock; if one did, what it was about is whole all the same.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a thread does next.
enum Next {
    Begin(usize),
    Help(Arc<Shared>),
    Nothing,
}

impl Counting<'_> {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn next(&self) -> Next {
        let mut state = self.state();
        loop {
            if let Some(number) = state.files.pop() {
                state.opening += 1;
                return Next::Begin(number);
            }
            if let Some(shared) = state.shared.last() {
                return Next::Help(Arc::clone(shared));
            }
            if state.opening == 0 {
                return Next::Nothing;
            }
            state = self.opened.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work(&self) -> Tally {
        let mut tally = Tally::new();
        loop {
            tally = match self.next() {
                Next::Begin(number) => self.begin(number, tally),
                Next::Help(shared) => self.help(&shared, tally),
                Next::Nothing => break,
            };
        }
        tally.settle();
        tally
    }

    fn begin(&self, number: usize, tally: Tally) -> Tally {
        let hints = &self.reading.hints;
        let path = self.path(number);
        let found = open::open(path, &self.reading.meter).and_then(|log| recognize(log, hints, self.reading.format));
        let (shared, rest) = match found {
            Ok((Some(format), log)) => match (format.layout(hints), log.is_packed()) {
                (Some(layout), _) => (Some((format.name(), Ok(Cut::Lines(Pieces::new(log, layout))))), None),
                (None, false) if format.name() == Parquet::NAME => (Some((format.name(), self.groups(path))), None),
                (None, _) => (None, Some(Ok((format, log)))),
            },
            Ok((None, _)) => (None, Some(Err(None))),
            Err(e) => (None, Some(Err(Some(e)))),
        };
        let shared = shared.map(|(format, cut)| {
            let (cut, broken) = cut.map_or_else(|e| (None, Some(plain(&e))), |cut| (Some(cut), None));
            let (pieces, broken) = (Mutex::new(cut), Mutex::new(broken));
            Arc::new(Shared { number, format, pieces, rows: AtomicU64::new(0), broken })
        });
        let mut state = self.state();
        state.opening -= 1;
        state.shared.extend(shared.clone());
        drop(state);
        self.opened.notify_all();
        match (shared, rest) {
            (Some(shared), _) => self.help(&shared, tally),
            (None, Some(Ok((format, mut log)))) => self.alone(number, format, &mut log, tally),
            (None, Some(Err(error))) => self.unread(number, error, tally),
            (None, None) => self.unread(number, None, tally),
        }
    }

    fn path(&self, number: usize) -> &Path {
        self.inputs[number].path.as_deref().unwrap_or_else(|| Path::new(""))
    }

    fn groups(&self, path: &Path) -> io::Result<Cut> {
        let groups = parquet::table(path, &self.reading.hints)?.groups();
        Ok(Cut::Groups(0..groups, groups_at_once(groups)))
    }

    /// Takes pieces of a log until there are none, and lists it then.
    fn help(&self, shared: &Arc<Shared>, mut tally: Tally) -> Tally {
        let mut buffer = Buffer::default();
        loop {
            let taken = {
                let mut pieces = lock(&shared.pieces);
                let taken = pieces.as_mut().map(|cut| (cut.next(&mut buffer), cut.row()));
                let taken = match taken {
                    Some((Ok(piece), _)) => piece,
                    Some((Err(e), row)) => {
                        tally = self.broken(shared, row, &e, tally);
                        None
                    }
                    None => None,
                };
                if taken.is_none() {
                    *pieces = None;
                }
                taken
            };
            let before = tally.rows.read;
            match taken {
                Some(Piece::Lines(layout, first)) => {
                    tally = self.counter(shared.number, tally, |counter| layout.rows(buffer.lines(), first, counter));
                }
                Some(Piece::Groups(groups)) => {
                    let mut result = Ok(());
                    tally = self.counter(shared.number, tally, |counter| {
                        result = parquet::table(self.path(shared.number), &self.reading.hints)
                            .and_then(|table| table.read(groups, counter));
                    });
                    if let Err(e) = result {
                        tally = self.broken(shared, 0, &e, tally);
                    }
                }
                None => break,
            }
            let rows = tally.rows.read - before;
            shared.rows.fetch_add(rows, Relaxed);
            self.reading.meter.rows.fetch_add(rows, Relaxed);
        }
        let mut state = self.state();
        if let Some(at) = state.shared.iter().position(|s| Arc::ptr_eq(s, shared)) {
            let shared = state.shared.swap_remove(at);
            state.taken.push(shared);
        }
        drop(state);
        tally
    }

    fn broken(&self, shared: &Shared, row: u64, error: &io::Error, tally: Tally) -> Tally {
        let why = plain(error);
        let mut told = lock(&shared.broken);
        // Of several the same on any number of threads.
        if told.as_ref().is_none_or(|known| *known > why) {
            *told = Some(why);
        }
        drop(told);
        if row == 0 {
            return tally;
        }
        shared.rows.fetch_add(1, Relaxed);
        self.counter(shared.number, tally, |counter| counter.odd(row, Odd::Unparsable))
    }

    fn counter(&self, number: usize, tally: Tally, read: impl FnOnce(&mut Counter<'_>)) -> Tally {
        let mut counter = Counter::new(self.labels, &self.traits, u32::try_from(number).unwrap_or(u32::MAX), tally);
        read(&mut counter);
        counter.finish()
    }

    /// A log that one thread reads, on top of what was counted before.
    fn alone(&self, number: usize, format: &dyn Format, log: &mut dyn Read, tally: Tally) -> Tally {
        let before = tally.rows.read;
        let mut result = Ok(());
        let tally = self.counter(number, tally, |counter| result = format.read(log, &self.reading.hints, counter));
        let rows = tally.rows.read - before;
        self.reading.meter.rows.fetch_add(rows, Relaxed);
        let broken = result.err().map(|e| plain(&e));
        self.list(number, Some(format.name()), rows, broken);
        tally
    }

    fn unread(&self, number: usize, error: Option<io::Error>, tally: Tally) -> Tally {
        let why = error.map_or_else(|| UNKNOWN.to_owned(), |e| plain(&e));
        self.list(number, None, 0, Some(why));
        tally
    }

    fn list(&self, number: usize, format: Option<&str>, rows: u64, broken: Option<String>) {
        let log = Log { name: self.inputs[number].name.clone(), format: format.map(str::to_owned), rows, broken };
        self.state().logs.push((number, log));
    }
}

/// Why a log was not read, as a clause.
pub(super) fn plain(error: &io::Error) -> String {
    use io::ErrorKind::{InvalidInput, NotFound, PermissionDenied, UnexpectedEof, Unsupported};
    match error.kind() {
        NotFound => "there is no such file".to_owned(),
        PermissionDenied => "it may not be read".to_owned(),
        UnexpectedEof => "it breaks off".to_owned(),
        InvalidInput => "it is damaged".to_owned(),
        Unsupported => error.to_string(),
        _ => format!("it is damaged ({error})"),
    }
}
