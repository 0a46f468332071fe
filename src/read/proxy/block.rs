//! Directives with their words and blocks, and the files that they take in: what Caddyfiles and Apache's files have in common.

use std::collections::BTreeMap;

use crate::read::Input;
use crate::read::paths::{ancestors, folder, joined};
use crate::source::{Location, SourceId, Span, glob};

/// Blocks nested deeper than this are not read. Real configurations stay below ten.
pub const MAX_DEPTH: usize = 64;
/// Directives of one configuration with everything that it takes in, however often.
pub const MAX_BLOCKS: usize = 400_000;
/// Mistakes of one file that are told of; more say no more.
pub const MAX_PROBLEMS: usize = 100;

#[derive(Clone, Debug)]
pub struct Word {
    /// Without quotes.
    pub text: String,
    pub span: Span,
    pub quoted: bool,
}

#[derive(Clone, Debug)]
pub struct Block {
    pub source: SourceId,
    /// At least one.
    pub words: Vec<Word>,
    pub body: Option<Vec<Block>>,
    /// The named piece of text that it was taken from.
    pub part_of: Option<String>,
}

impl Block {
    pub fn name(&self) -> &str {
        self.word(0)
    }

    /// Empty where there is no such word.
    pub fn word(&self, i: usize) -> &str {
        self.words.get(i).map_or("", |w| w.text.as_str())
    }

    pub fn at(&self, i: usize) -> Location {
        let span = self.words.get(i).or_else(|| self.words.last()).map_or(Span::default(), |w| w.span);
        Location::new(self.source, span)
    }

    pub fn location(&self) -> Location {
        self.at(0)
    }

    /// The words from one on, as one text.
    pub fn rest(&self, from: usize) -> String {
        self.words.iter().skip(from).map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    pub fn body(&self) -> &[Self] {
        self.body.as_deref().unwrap_or_default()
    }
}

/// The loaded files that a path or pattern names, in the order of their paths.
pub struct Files<'a> {
    paths: BTreeMap<&'a str, SourceId>,
    /// Folders of an installed program that stand for the folder of its main file.
    prefixes: &'static [&'static str],
}

impl<'a> Files<'a> {
    pub fn new(input: &Input<'a>, prefixes: &'static [&'static str]) -> Self {
        Self { paths: input.sources.iter().map(|(id, s)| (s.path.as_str(), id)).collect(), prefixes }
    }

    /// `from` is the file that names them. Empty if none is there.
    pub fn find(&self, from: &str, pattern: &str) -> Vec<SourceId> {
        let pattern = self.prefixes.iter().find_map(|p| pattern.strip_prefix(p)).unwrap_or(pattern);
        let pattern = pattern.trim_start_matches('/');
        let candidates = ancestors(folder(from)).filter_map(|folder| joined(folder, pattern));
        candidates.map(|path| self.matching(&path, from)).find(|found| !found.is_empty()).unwrap_or_default()
    }

    fn matching(&self, path: &str, from: &str) -> Vec<SourceId> {
        if let Some(id) = self.paths.get(path) {
            return vec![*id];
        }
        if !path.contains(['*', '?', '[']) {
            // A folder stands for everything in it.
            let within = format!("{}/", path.trim_end_matches('/'));
            return self
                .paths
                .range(within.as_str()..)
                .take_while(|(p, _)| p.starts_with(&within))
                .map(|(_, id)| *id)
                .collect();
        }
        let Ok(matcher) = glob::compile(path, true) else { return Vec::new() };
        self.paths.iter().filter(|(p, _)| **p != from && matcher.is_match(p)).map(|(_, id)| *id).collect()
    }
}
