//! `import`: snippets with their arguments, and files by a pattern, put in place.
//!
//! "import": an argument with the name of a snippet takes the snippet in, anything else names files relative to the importing one; the
//! other arguments stand for `{args[0]}`, `{args[:]}` and (in old files) `{args.0}`; a block behind it stands for `{block}`. A pattern
//! that matches nothing is only a warning to Caddy; here it is a gap.

use std::collections::{BTreeMap, BTreeSet};

use super::syntax;
use crate::doc::Problem;
use crate::read::Input;
use crate::read::proxy::block::{Block, Files, MAX_BLOCKS, MAX_PROBLEMS, Word};
use crate::read::proxy::shorten;
use crate::source::{Location, SourceId};

/// Imports in imports in...
const MAX_DEPTH: usize = 24;

pub type Told = (&'static str, String, Option<String>, Location);
pub type Parse<'p> = dyn Fn(SourceId) -> (Vec<Block>, Vec<Problem>) + 'p;

pub struct Importer<'a, 'p> {
    input: &'p Input<'a>,
    files: Files<'a>,
    parse: &'p Parse<'p>,
    snippets: BTreeMap<String, Vec<Block>>,
    pub gaps: Vec<Told>,
    taken: BTreeSet<SourceId>,
    /// Where the depth was reached.
    circles: BTreeSet<Location>,
    left: usize,
    full: bool,
}

/// What stands for the placeholders of a piece of text.
struct Given<'g> {
    args: &'g [Word],
    block: &'g [Block],
}

impl<'a, 'p> Importer<'a, 'p> {
    pub fn new(input: &'p Input<'a>, files: Files<'a>, parse: &'p Parse<'p>) -> Self {
        let (snippets, gaps, taken, circles) = (BTreeMap::new(), Vec::new(), BTreeSet::new(), BTreeSet::new());
        Self { input, files, parse, snippets, gaps, taken, circles, left: MAX_BLOCKS, full: false }
    }

    pub fn included(&self) -> Vec<SourceId> {
        self.taken.iter().copied().filter(|id| *id != self.input.file).collect()
    }

    pub fn problems(&mut self, source: SourceId, problems: &[Problem]) {
        if problems.is_empty() {
            return;
        }
        let (code, help) = syntax(&self.input.sources.get(source).text);
        for problem in problems.iter().take(MAX_PROBLEMS) {
            let at = Location::new(source, problem.span);
            self.gaps.push((code, problem.message.clone(), Some(help.to_owned()), at));
        }
    }

    /// Everything of a file, with imports in place and without its snippets.
    pub fn top(&mut self, blocks: Vec<Block>) -> Vec<Block> {
        self.expand(&blocks, &Given { args: &[], block: &[] }, None, 0)
    }

    fn expand(&mut self, blocks: &[Block], given: &Given<'_>, part_of: Option<&str>, depth: usize) -> Vec<Block> {
        let mut done = Vec::new();
        for block in blocks {
            if let Some(name) =
                block.name().strip_prefix('(').and_then(|n| n.strip_suffix(')')).filter(|_| block.body.is_some())
            {
                // Its imports are made where it is taken in.
                self.snippets.insert(name.to_owned(), block.body().to_vec());
                continue;
            }
            if block.words.len() == 1 && block.name() == "{block}" {
                done.extend(given.block.iter().cloned());
                continue;
            }
            if self.left == 0 {
                if !std::mem::replace(&mut self.full, true) {
                    let message = "this configuration is longer, with all it imports, than is read".to_owned();
                    self.gaps.push(("too-large", message, None, block.location()));
                }
                return done;
            }
            self.left -= 1;
            let words = substitute(&block.words, given.args);
            if words.first().is_some_and(|w| w.text == "import" && !w.quoted) {
                let body = self.expand(block.body(), given, part_of, depth);
                self.import(block, &words, &body, depth, &mut done);
                continue;
            }
            if words.is_empty() {
                continue;
            }
            let body = block.body.as_ref().map(|body| self.expand(body, given, part_of, depth));
            let part_of = part_of.map(str::to_owned).or_else(|| block.part_of.clone());
            done.push(Block { source: block.source, words, body, part_of });
        }
        done
    }

    fn import(&mut self, block: &Block, words: &[Word], body: &[Block], depth: usize, done: &mut Vec<Block>) {
        let what = words.get(1).map_or("", |w| w.text.as_str());
        let at = block.at(1);
        if depth >= MAX_DEPTH {
            if self.circles.insert(at) {
                self.gaps.push(("include-cycle", format!("`import {}` leads round in a circle", shorten(what)), None, at));
            }
            return;
        }
        let given = Given { args: words.get(2..).unwrap_or_default(), block: body };
        if let Some(snippet) = self.snippets.get(what).cloned() {
            done.extend(self.expand(&snippet, &given, Some(what), depth + 1));
            return;
        }
        let from = self.input.sources.get(block.source).path.as_str();
        let found = self.files.find(from, what);
        if found.is_empty() {
            let message = format!("`import {}`: no such snippet or file is in the project", shorten(what));
            let help = "add the file to the project, and to `include` of its onshore.toml".to_owned();
            self.gaps.push(("missing-include", message, Some(help), at));
        }
        for id in found {
            if id == self.input.file {
                continue;
            }
            let first = self.taken.insert(id);
            let (blocks, problems) = (self.parse)(id);
            if first {
                self.problems(id, &problems);
            }
            done.extend(self.expand(&blocks, &given, None, depth + 1));
        }
    }
}

/// `{args[0]}`, `{args[1:]}`, `{args.0}`, in words.
fn substitute(words: &[Word], args: &[Word]) -> Vec<Word> {
    let mut done = Vec::new();
    for word in words {
        if !word.text.contains("{args") {
            done.push(word.clone());
            continue;
        }
        if let Some(range) = word.text.strip_prefix("{args[").and_then(|r| r.strip_suffix("]}"))
            && let Some((low, high)) = range.split_once(':')
        {
            let low = low.parse().unwrap_or(0_usize);
            let high = high.parse().unwrap_or(args.len()).min(args.len());
            done.extend(args.get(low..high).unwrap_or_default().iter().map(|a| Word { span: word.span, ..a.clone() }));
            continue;
        }
        let mut text = word.text.clone();
        for (i, arg) in args.iter().enumerate().take(64) {
            text = text.replace(&format!("{{args[{i}]}}"), &arg.text).replace(&format!("{{args.{i}}}"), &arg.text);
            if text.len() > 1 << 16 {
                break;
            }
        }
        done.push(Word { text, ..word.clone() });
    }
    done
}
