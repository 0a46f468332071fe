//! Reads everything that was loaded: picks a reader for each file, and lets a file count once even if others include it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use globset::GlobMatcher;

use super::{Input, READERS, Reader, Reading, Recognized, Set, Settings};
use crate::source::load::{Loaded, matters_by_name};
use crate::source::{Source, SourceId, Sources, glob};

/// What came of all files.
#[derive(Debug, Default)]
pub struct ReadAll {
    /// In the order of paths, with the format that read each. Files that another one includes are not among them.
    pub readings: Vec<(SourceId, &'static str, Reading)>,
    /// Files that nobody reads, why, and whether that is a gap.
    pub unread: Vec<(SourceId, String, bool)>,
}

/// A wrong request, not a wrong file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    pub message: String,
    pub help: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

/// Reads every loaded file with the reader that recognizes it best.
///
/// `overrides` are globs (relative to the root) with the format of the files they match, the last match wins; `forced` is the
/// format of all other files. The project file and policy packs are no inputs.
///
/// # Errors
/// An unknown format, or a malformed glob.
pub fn read_all(
    loaded: &Loaded,
    settings: &Settings,
    overrides: &[(String, String)],
    forced: Option<&str>,
) -> Result<ReadAll, ReadError> {
    read_with(READERS, loaded, settings, overrides, forced)
}

fn read_with(
    readers: &[&'static dyn Reader],
    loaded: &Loaded,
    settings: &Settings,
    overrides: &[(String, String)],
    forced: Option<&str>,
) -> Result<ReadAll, ReadError> {
    let forced = forced.map(|f| by_name(readers, f)).transpose()?;
    let overrides = overrides
        .iter()
        .map(|(glob, format)| Ok((matcher(glob)?, by_name(readers, format)?)))
        .collect::<Result<Vec<_>, ReadError>>()?;
    let mut all = ReadAll::default();
    let mut chosen: Vec<(SourceId, &'static dyn Reader)> = Vec::new();
    for (id, source) in loaded.sources.iter() {
        if is_project_file(source) {
            continue;
        }
        let told = overrides.iter().rev().find(|(glob, _)| glob.is_match(&source.path)).map(|(_, reader)| *reader);
        match told.or(forced).map_or_else(|| detect(readers, source), Ok) {
            Ok(reader) => chosen.push((id, reader)),
            Err(Undetected { reason, ambiguous }) => {
                let matters = ambiguous || loaded.is_explicit(id) || matters_by_name(&source.path);
                all.unread.push((id, reason, matters));
            }
        }
    }
    all.readings = read_files(&loaded.sources, settings, &chosen);
    count_once(&mut all, &loaded.links);
    Ok(all)
}

/// Readers that read sets of files get theirs; every other file is read by itself. Answers are in the order of files.
fn read_files(sources: &Sources, settings: &Settings, chosen: &[(SourceId, &'static dyn Reader)]) -> Vec<Read> {
    let mut by_format: BTreeMap<&'static str, (&'static dyn Reader, Vec<SourceId>)> = BTreeMap::new();
    for (id, reader) in chosen {
        by_format.entry(reader.format()).or_insert((*reader, Vec::new())).1.push(*id);
    }
    let mut done: Vec<Read> = Vec::new();
    let mut alone: Vec<(SourceId, &'static dyn Reader)> = Vec::new();
    for (format, (reader, files)) in by_format {
        match reader.read_together(&Set { sources, files: &files, settings }) {
            Some(readings) => done.extend(readings.into_iter().map(|(id, reading)| (id, format, reading))),
            None => alone.extend(files.into_iter().map(|id| (id, reader))),
        }
    }
    let bytes = |(id, _): &(SourceId, &'static dyn Reader)| sources.get(*id).text.len();
    done.extend(side_by_side(&alone, bytes, |(id, reader)| {
        (*id, reader.format(), reader.read(&Input { sources, file: *id, settings }))
    }));
    done.sort_by_key(|(id, _, _)| *id);
    done
}

/// A file, its format, and what came of it.
type Read = (SourceId, &'static str, Reading);

/// Below this many bytes a thread costs more than it saves.
const WORTH_THREADS: usize = 1 << 20;

/// Does one thing for each item, on all cores if the items' bytes are worth it; the answers are in the order of the items,
/// whichever was done first.
pub fn side_by_side<T: Sync, R: Send>(items: &[T], bytes: impl Fn(&T) -> usize, one: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let total: usize = items.iter().map(&bytes).sum();
    let threads = if total < WORTH_THREADS { 1 } else { thread::available_parallelism().map_or(1, NonZero::get) };
    if threads.min(items.len()) < 2 {
        return items.iter().map(one).collect();
    }
    // Large items first, so that the last one to be done is a small one.
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(bytes(&items[*i])));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(i) = order.get(next.fetch_add(1, Relaxed)) {
            done.push((*i, one(&items[*i])));
        }
        done
    };
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        // Where the system gives no more threads, this one does it all.
        let help = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..threads.min(items.len())).filter_map(help).collect();
        let mut done = work();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, answer)| answer).collect()
}

struct Undetected {
    reason: String,
    ambiguous: bool,
}

/// The surest reader; equally sure ones are not chosen between.
fn detect(readers: &[&'static dyn Reader], source: &Source) -> Result<&'static dyn Reader, Undetected> {
    let sure = |r: &&'static dyn Reader| (r.recognize(&source.path, &source.text), *r);
    let mut ranked: Vec<(Recognized, &'static dyn Reader)> =
        readers.iter().map(sure).filter(|(r, _)| *r != Recognized::No).collect();
    let best = ranked.iter().map(|(r, _)| *r).max();
    ranked.retain(|(r, _)| Some(*r) == best);
    match ranked.as_slice() {
        [(_, reader)] => Ok(*reader),
        [] => {
            let empty = source.text.trim().is_empty();
            let reason = if empty { "it is empty" } else { "no reader recognizes it" };
            Err(Undetected { reason: reason.to_owned(), ambiguous: false })
        }
        several => {
            let mut formats: Vec<&str> = several.iter().map(|(_, r)| r.format()).collect();
            formats.sort_unstable();
            let reason = format!("it could be any of {}; say which with `[[inputs.override]]`", formats.join(", "));
            Err(Undetected { reason, ambiguous: true })
        }
    }
}

fn by_name(readers: &[&'static dyn Reader], format: &str) -> Result<&'static dyn Reader, ReadError> {
    if let Some(reader) = readers.iter().find(|r| r.format() == format) {
        return Ok(*reader);
    }
    let mut known: Vec<&str> = readers.iter().map(|r| r.format()).collect();
    known.sort_unstable();
    let scored = known.iter().map(|k| (strsim::jaro_winkler(k, &format.to_lowercase()), *k));
    let near = scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).filter(|(score, _)| *score > 0.75);
    let list = format!("the formats are {}", known.join(", "));
    Err(ReadError {
        message: format!("`{format}` is not an input format"),
        help: near.map_or(list.clone(), |(_, near)| format!("did you mean `{near}`? {list}")),
    })
}

fn matcher(pattern: &str) -> Result<GlobMatcher, ReadError> {
    let clean = pattern.strip_prefix("./").unwrap_or(pattern);
    glob::compile(clean, true).map_err(|why| ReadError {
        message: format!("`{pattern}` is not a pattern: {why}"),
        help: "`*`, `**`, `?`, `[a-z]` and `{a,b}` are known".to_owned(),
    })
}

/// `onshore.toml` and policy packs say what is allowed, not what is.
fn is_project_file(source: &Source) -> bool {
    let name = source.path.rsplit('/').next().unwrap_or(&source.path);
    let has = |tables: &[&str]| source.text.lines().any(|l| l.split('#').next().is_some_and(|l| tables.contains(&l.trim())));
    // An inventory stays one, whatever else stands in it.
    let is_pack = || has(&["[pack]"]) && !has(&["[[site]]", "[[endpoint]]", "[[route]]"]);
    name == "onshore.toml" || (name.ends_with(".toml") && is_pack())
}

/// Drops what was read on its own and belongs to another file: includes, and the second name of a linked file.
fn count_once(all: &mut ReadAll, links: &[(SourceId, SourceId)]) {
    let included: BTreeSet<SourceId> =
        all.readings.iter().flat_map(|(id, _, r)| r.included.iter().filter(move |i| *i != id)).copied().collect();
    // Files that nobody includes come first; of a circle of includes its first file stays.
    let mut order: Vec<usize> = (0..all.readings.len()).collect();
    order.sort_by_key(|i| (included.contains(&all.readings[*i].0), *i));
    let (mut covered, mut kept) = (BTreeSet::new(), BTreeSet::new());
    for index in order {
        let (id, _, reading) = &all.readings[index];
        if !covered.contains(id) {
            kept.insert(*id);
            covered.extend(reading.included.iter().filter(|i| *i != id).copied());
        }
    }
    for (link, target) in links {
        // If one name of a file is included, the other must not bring it in again; if none is, the link goes.
        if covered.contains(link) {
            kept.remove(target);
            covered.insert(*target);
        } else {
            kept.remove(link);
            covered.insert(*link);
        }
    }
    all.readings.retain(|(id, _, _)| kept.contains(id));
    all.unread.retain(|(id, _, _)| !covered.contains(id));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `include PATH` lines; sure of `main`, less so of `part`.
    struct Fake(&'static str, &'static str);

    impl Reader for Fake {
        fn format(&self) -> &'static str {
            self.0
        }
        fn describe(&self) -> &'static str {
            "a test format"
        }
        fn recognize(&self, path: &str, _: &str) -> Recognized {
            match path {
                p if p.contains(&format!("{}-yes", self.1)) || p.contains("all-yes") => Recognized::Yes,
                p if p.contains("maybe") => Recognized::Maybe,
                _ => Recognized::No,
            }
        }
        fn read(&self, input: &Input<'_>) -> Reading {
            let named = input.text().lines().filter_map(|l| input.sources.find(l.strip_prefix("include ")?));
            Reading { included: named.collect(), ..Reading::default() }
        }
    }

    const FAKES: &[&dyn Reader] = &[&Fake("alpha", "a"), &Fake("beta", "b")];

    fn run(files: &[(&str, &str)], overrides: &[(&str, &str)], forced: Option<&str>) -> (Vec<String>, Vec<String>) {
        let mut loaded = Loaded::default();
        for (path, text) in files {
            loaded.sources.add(*path, *text);
            loaded.explicit.push(false);
        }
        let overrides: Vec<_> = overrides.iter().map(|(g, f)| ((*g).to_owned(), (*f).to_owned())).collect();
        let all = read_with(FAKES, &loaded, &Settings::default(), &overrides, forced).unwrap();
        let path = |id: &SourceId| loaded.sources.get(*id).path.clone();
        (
            all.readings.iter().map(|(id, f, _)| format!("{} {f}", path(id))).collect(),
            all.unread.iter().map(|(id, _, m)| format!("{} {m}", path(id))).collect(),
        )
    }

    #[test]
    fn the_surest_reader_wins_and_a_tie_is_told() {
        let files = [("a-yes", ""), ("b-yes,maybe", ""), ("all-yes", ""), ("maybe", ""), ("x.tf", ""), ("x.txt", "")];
        let (read, unread) = run(&files, &[], None);
        assert_eq!(read, ["a-yes alpha", "b-yes,maybe beta"]);
        assert_eq!(unread, ["all-yes true", "maybe true", "x.tf true", "x.txt false"]);
    }

    #[test]
    fn formats_can_be_told() {
        let files = [("a-yes", ""), ("d/x.txt", ""), ("d/y.txt", ""), ("onshore.toml", ""), ("p.toml", "# x\n[pack] # y\n")];
        let (read, unread) = run(&files, &[("d/*.txt", "alpha"), ("d/y*", "beta")], Some("beta"));
        assert_eq!(read, ["a-yes beta", "d/x.txt alpha", "d/y.txt beta"]);
        assert_eq!(unread, [""; 0]);
        let error = read_with(FAKES, &Loaded::default(), &Settings::default(), &[], Some("alhpa")).unwrap_err();
        assert_eq!(error.to_string(), "`alhpa` is not an input format");
        assert_eq!(error.help, "did you mean `alpha`? the formats are alpha, beta");
        let error = read_with(FAKES, &Loaded::default(), &Settings::default(), &[], Some("zz")).unwrap_err();
        assert_eq!(error.help, "the formats are alpha, beta");
        assert!(read_with(FAKES, &Loaded::default(), &Settings::default(), &[("[".into(), "alpha".into())], None).is_err());
    }

    #[test]
    fn included_files_count_once() {
        let files = [
            ("0-a-yes-part", ""),
            ("1-a-yes", "include 0-a-yes-part\ninclude 2.conf"),
            ("2.conf", ""),
            ("3-a-yes-self", "include 3-a-yes-self"),
            ("4-a-yes-circle", "include 5-a-yes-circle"),
            ("5-a-yes-circle", "include 4-a-yes-circle"),
        ];
        let (read, unread) = run(&files, &[], None);
        assert_eq!(read, ["1-a-yes alpha", "3-a-yes-self alpha", "4-a-yes-circle alpha"]);
        assert_eq!(unread, [""; 0]);
    }

    #[test]
    fn linked_files_count_once() {
        let mut loaded = Loaded::default();
        let target = loaded.add("available/a-yes", "");
        let link = loaded.add("enabled/a-yes", "");
        loaded.links.push((link, target));
        let kept = |loaded: &Loaded| {
            let all = read_with(FAKES, loaded, &Settings::default(), &[], None).unwrap();
            all.readings.iter().map(|(id, _, _)| loaded.sources.get(*id).path.clone()).collect::<Vec<_>>()
        };
        assert_eq!(kept(&loaded), ["available/a-yes"]);
        loaded.add("main-a-yes", "include enabled/a-yes");
        assert_eq!(kept(&loaded), ["main-a-yes"]);
    }
}
