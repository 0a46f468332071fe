//! Directives with their words and blocks, and the files that they take in: what Caddyfiles and Apache's files have in common.

use std::collections::BTreeMap;

use crate::doc::Problem;
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

/// The blocks of a text that is being read, from the text itself to the innermost that is open.
pub struct Nest {
    source: SourceId,
    /// The words that opened each, and what stands in it so far.
    open: Vec<(Vec<Word>, Vec<Block>)>,
    /// Open blocks that are too deep to be kept.
    beyond: usize,
}

impl Nest {
    pub fn new(source: SourceId) -> Self {
        Self { source, open: vec![(Vec::new(), Vec::new())], beyond: 0 }
    }

    /// The first word of the innermost block.
    pub fn name(&self) -> Option<&str> {
        Some(self.open.last()?.0.first()?.text.as_str())
    }

    pub fn is_beyond(&self) -> bool {
        self.beyond > 0
    }

    /// A directive without a block, if there are words.
    pub fn add(&mut self, words: Vec<Word>) {
        if let (Some((_, body)), false) = (self.open.last_mut(), words.is_empty()) {
            body.push(Block { source: self.source, words, body: None, part_of: None });
        }
    }

    /// `noun` is what the format calls a block.
    pub fn enter(&mut self, mut head: Vec<Word>, at: Span, noun: &str, problems: &mut Vec<Problem>) {
        if self.open.len() > MAX_DEPTH || self.beyond > 0 {
            if self.beyond == 0 {
                problems.push(Problem::new(at, format!("{noun}s are nested too deeply to be read")));
            }
            self.beyond += 1;
            return;
        }
        if head.is_empty() {
            head.push(Word { text: String::new(), span: at, quoted: false });
        }
        self.open.push((head, Vec::new()));
    }

    /// `false` if no block is open.
    pub fn leave(&mut self) -> bool {
        if self.beyond > 0 {
            self.beyond -= 1;
            return true;
        }
        let Some((words, body)) = self.open.pop_if(|(head, _)| !head.is_empty()) else { return false };
        if let Some((_, outer)) = self.open.last_mut() {
            outer.push(Block { source: self.source, words, body: Some(body), part_of: None });
        }
        true
    }

    /// What was read, with the blocks that are still open.
    pub fn end(mut self, noun: &str, problems: &mut Vec<Problem>) -> Vec<Block> {
        if let Some(first) = self.open.last().and_then(|(head, _)| head.first()) {
            let message = format!("a {noun} that is never closed: the text seems to be cut off");
            problems.push(Problem::new(first.span, message));
        }
        self.beyond = 0;
        while self.leave() {}
        self.open.pop().map(|(_, body)| body).unwrap_or_default()
    }
}

/// Blocks and problems as one line, for tests of what makes them.
#[cfg(test)]
pub fn shown((blocks, problems): (Vec<Block>, Vec<Problem>), between: &str) -> String {
    fn all(blocks: &[Block], between: &str) -> String {
        let one = |b: &Block| {
            let words = b.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join("|");
            b.body.as_ref().map_or(words.clone(), |body| format!("{words}{{{}}}", all(body, between)))
        };
        blocks.iter().map(one).collect::<Vec<_>>().join(between)
    }
    let problems: String = problems.iter().map(|p| format!(" !{}", p.message)).collect();
    all(&blocks, between) + &problems
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
