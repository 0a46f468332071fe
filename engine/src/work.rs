//! Logs as work that can be done apart: listed once where the query is made, cut into shares, packed into tasks of like size.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use onshore::cli::Failure;
use onshore::cli::traffic::Read;
use onshore::source::load::LoadError;
use onshore::traffic::open;
use serde::{Deserialize, Serialize};

use crate::grounds::Mark;
use crate::objects::{SCHEME, Stores};

/// A share of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Of the log, in the order of names.
    pub number: u32,
    pub name: String,
    /// A path from the root, or a URL of a store: the same for every process.
    pub at: String,
    /// Of the whole log; whoever finds another number has another log.
    pub bytes: u64,
    pub which: (usize, usize),
}

/// What a thread of an executor does at a time.
#[derive(Debug, Serialize, Deserialize)]
pub struct Work {
    pub mark: Mark,
    pub read: Read,
    pub units: Vec<Unit>,
}

/// All that the words name, as `onshore traffic` numbers it, in shares.
///
/// # Errors
/// A word names nothing, or what cannot be read from elsewhere.
pub fn list(words: &[String], folder: &Path, stores: &Stores) -> Result<Vec<Unit>, Failure> {
    let help = "name log files, folders, globs, or s3://BUCKET/KEY, a prefix that ends with /, or a glob there";
    let (remote, local): (Vec<String>, Vec<String>) = words.iter().cloned().partition(|w| w.starts_with(SCHEME));
    if let Some(word) = local.iter().find(|w| *w == "-" || w.contains("://")) {
        return Err(Failure::with_help(format!("`{word}` cannot be read by several processes"), help));
    }
    let mut found: Vec<(String, String, u64)> = Vec::new();
    let unread = |mut errors: Vec<LoadError>| {
        errors.iter_mut().filter(|e| e.help.is_some()).for_each(|e| e.help = Some(help.to_owned()));
        Failure::Load(errors)
    };
    for input in open::inputs(&local, folder).map_err(unread)? {
        let path = input.path.unwrap_or_default();
        let about = path.metadata().map_err(|e| Failure::usage(format!("`{}`: {e}", input.name)))?;
        let path = std::path::absolute(&path)?;
        let Some(at) = path.to_str() else {
            return Err(Failure::with_help(format!("the name of `{}` is no UTF-8", input.name), "rename it"));
        };
        found.push((input.name, at.to_owned(), about.len()));
    }
    let mut seen = BTreeSet::new();
    for word in &remote {
        let objects = stores.find(word).map_err(|r| Failure::with_help(format!("`{word}`: {}", r.why), r.help))?;
        if objects.is_empty() {
            return Err(Failure::with_help(format!("`{word}`: no log is there"), help));
        }
        let fresh = objects.into_iter().filter(|o| seen.insert(o.url.clone()));
        found.extend(fresh.map(|o| (o.url.clone(), o.url, o.bytes)));
    }
    found.sort();
    let mut units = Vec::new();
    for (number, (name, at, bytes)) in (0..).zip(found) {
        let of = if bytes > SHARE && is_table(&at, bytes, stores) { shares(bytes) } else { 1 };
        units.extend((0..of).map(|i| Unit { number, name: name.clone(), at: at.clone(), bytes, which: (i, of) }));
    }
    Ok(units)
}

/// Bytes of a table's share, about.
const SHARE: u64 = 64 << 20;

fn shares(bytes: u64) -> usize {
    // The library takes a table in at most so many steps.
    usize::try_from(bytes.div_ceil(SHARE)).unwrap_or(usize::MAX).min(32)
}

/// Whether it begins as a table in Parquet. Where that cannot be told it is not divided, which is never wrong.
fn is_table(at: &str, bytes: u64, stores: &Stores) -> bool {
    let mut head = [0; 4];
    let read = if at.starts_with(SCHEME) {
        stores
            .open(at, bytes)
            .map_err(std::io::Error::from)
            .and_then(|object| onshore::traffic::open::Remote::stream(&crate::objects::Handed(object)).read_exact(&mut head))
    } else {
        File::open(at).and_then(|mut file| file.read_exact(&mut head))
    };
    read.is_ok() && head == *b"PAR1"
}

/// Neighbours together, until a task is worth its while.
pub fn pack(units: Vec<Unit>) -> Vec<Vec<Unit>> {
    /// The plan of a query carries all of them, to every executor.
    const MOST: u64 = 256;
    const LEAST: u64 = 1 << 20;
    let size = |unit: &Unit| unit.bytes / unit.which.1.max(1) as u64;
    let each = (units.iter().map(size).sum::<u64>() / MOST).max(LEAST);
    let mut tasks: Vec<Vec<Unit>> = Vec::new();
    let mut room = 0;
    for unit in units {
        let bytes = size(&unit);
        match tasks.last_mut().filter(|_| bytes <= room) {
            Some(task) => task.push(unit),
            None => {
                tasks.push(vec![unit]);
                room = each;
            }
        }
        room = room.saturating_sub(bytes);
    }
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(number: u32, bytes: u64) -> Unit {
        Unit { number, name: String::new(), at: String::new(), bytes, which: (0, 1) }
    }

    #[test]
    fn tasks_are_few_and_lose_nothing() {
        for sizes in [vec![], vec![0; 1000], vec![1 << 30; 3], (0..5_000).map(|i| (i % 97) << 16).collect()] {
            let units: Vec<Unit> = (0..).zip(&sizes).map(|(i, bytes)| unit(i, *bytes)).collect();
            let tasks = pack(units.clone());
            assert!(tasks.len() <= 600 && tasks.iter().all(|t| !t.is_empty()), "{}", tasks.len());
            assert_eq!(tasks.concat(), units);
        }
    }
}
