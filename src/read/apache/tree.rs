//! One tree out of a file and what it takes in: includes, variables, macros, and the sections that only tell whether something counts.
//!
//! core, "Include", "IncludeOptional", "Define" (`${NAME}` in later lines), "IfDefine", "IfModule", "IfFile", "IfVersion"; mod_macro,
//! "Macro" and "Use". A module is taken to be loaded and to be missing at once, so that what stands for either is read: which modules
//! run is not known from these files. `<IfDefine>` is decided by `Define` lines and by `variables` of the project file.

use std::collections::{BTreeMap, BTreeSet};

use super::{known, lex};
use crate::doc::Problem;
use crate::read::Input;
use crate::read::proxy::block::{Block, Files, MAX_BLOCKS, MAX_PROBLEMS, Word};
use crate::read::proxy::turn::is_template;
use crate::read::proxy::{RENDER, shorten};
use crate::source::{Location, SourceId};

/// Where distributions install the main file.
const PREFIXES: &[&str] = &[
    "/etc/apache2/",
    "/etc/httpd/",
    "/usr/local/apache2/",
    "/usr/local/etc/apache24/",
    "/usr/local/etc/httpd/",
    "/opt/bitnami/apache/",
    "/opt/bitnami/apache2/",
];

/// Files under these names load modules and set them up, in every distribution that ships them.
const INERT: &[&str] = &["mods-enabled/", "conf.modules.d/", "mods-available/", "magic", "mime.types", "charset.conv"];

const MAX_DEPTH: usize = 24;

type Told = (&'static str, String, Option<String>, Location, bool);

pub(super) struct Tree<'a, 'i> {
    input: &'i Input<'a>,
    files: Files<'a>,
    variables: BTreeMap<String, String>,
    macros: BTreeMap<String, (Vec<String>, Vec<Block>)>,
    /// Code, message, help, place, and whether it could hide anything.
    pub gaps: Vec<Told>,
    taken: BTreeSet<SourceId>,
    /// Where the depth was reached.
    circles: BTreeSet<Location>,
    left: usize,
}

impl<'a, 'i> Tree<'a, 'i> {
    pub fn new(input: &'i Input<'a>) -> Self {
        let told = input.settings.of(input.path()).variables;
        Self {
            input,
            files: Files::new(input, PREFIXES),
            variables: told.into_iter().map(|(name, value)| (name, value.text)).collect(),
            macros: BTreeMap::new(),
            gaps: Vec::new(),
            taken: BTreeSet::new(),
            circles: BTreeSet::new(),
            left: MAX_BLOCKS,
        }
    }

    pub fn included(&self) -> Vec<SourceId> {
        self.taken.iter().copied().filter(|id| *id != self.input.file).collect()
    }

    pub fn read(&mut self) -> Vec<Block> {
        let (blocks, problems) = lex::parse(self.input.text(), self.input.file);
        self.problems(self.input.file, &problems);
        let mut done = Vec::new();
        self.expand(&blocks, 0, &mut done);
        done
    }

    fn problems(&mut self, source: SourceId, problems: &[Problem]) {
        let template = !problems.is_empty() && is_template(&self.input.sources.get(source).text);
        let (code, help) =
            if template { ("template-not-rendered", RENDER) } else { ("syntax", "what stands behind may be misread") };
        for problem in problems.iter().take(MAX_PROBLEMS) {
            let at = Location::new(source, problem.span);
            self.gaps.push((code, problem.message.clone(), Some(help.to_owned()), at, true));
        }
    }

    fn expand(&mut self, blocks: &[Block], depth: usize, done: &mut Vec<Block>) {
        for block in blocks {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            if self.left == 0 {
                let message = "this configuration is longer, with all it includes, than is read".to_owned();
                self.gaps.push(("too-large", message, None, block.location(), true));
            }
            let mut head = Block { source: block.source, words: block.words.clone(), body: None, part_of: None };
            self.substitute(&mut head.words);
            self.one(head, block.body.as_deref(), depth, done);
        }
    }

    fn one(&mut self, mut block: Block, section: Option<&[Block]>, depth: usize, done: &mut Vec<Block>) {
        let inner = section.unwrap_or_default();
        let name = known::spelled(block.name()).to_owned();
        match name.as_str() {
            "Include" | "IncludeOptional" => self.include(&block, name == "IncludeOptional", depth, done),
            "Define" => {
                self.variables.insert(block.word(1).to_owned(), block.word(2).to_owned());
            }
            "UnDefine" => _ = self.variables.remove(block.word(1)),
            "Use" => self.apply(&block, depth, done),
            "Macro" if section.is_some() => {
                let parameters = block.words.iter().skip(2).map(|w| w.text.clone()).collect();
                self.macros.insert(block.word(1).to_ascii_lowercase(), (parameters, inner.to_vec()));
            }
            "IfModule" | "IfVersion" | "IfFile" | "IfDirective" | "IfSection" => self.expand(inner, depth, done),
            "IfDefine" => {
                let (wanted, not) = block.word(1).strip_prefix('!').map_or((block.word(1), false), |n| (n, true));
                match self.variables.contains_key(wanted) {
                    true if not => {}
                    true => self.expand(inner, depth, done),
                    // It may be given when httpd starts.
                    false => {
                        if !inner.is_empty() && !not {
                            let message = format!(
                                "whether `{}` is defined is not known; what depends on it is taken to count",
                                shorten(wanted)
                            );
                            let help = format!("give `{wanted}` in `variables` of an `[[inputs.override]]`");
                            self.gaps.push(("unresolved-condition", message, Some(help), block.at(1), false));
                        }
                        self.expand(inner, depth, done);
                    }
                }
            }
            _ => {
                if section.is_some() {
                    let mut body = Vec::new();
                    self.expand(inner, depth, &mut body);
                    block.body = Some(body);
                }
                done.push(block);
            }
        }
    }

    fn include(&mut self, block: &Block, optional: bool, depth: usize, done: &mut Vec<Block>) {
        let (pattern, at) = (block.word(1), block.at(1));
        if depth >= MAX_DEPTH {
            if self.circles.insert(at) {
                let message = format!("`{} {}` leads round in a circle", block.name(), shorten(pattern));
                self.gaps.push(("include-cycle", message, None, at, true));
            }
            return;
        }
        if pattern.contains("${") || is_template(pattern) {
            let message = format!("which file `{} {}` takes in is not known", block.name(), shorten(pattern));
            let help = "give the variable in `variables` of an `[[inputs.override]]`, or render the template first".to_owned();
            self.gaps.push(("unresolved-variable", message, Some(help), at, true));
            return;
        }
        let from = self.input.sources.get(block.source).path.as_str();
        let found = self.files.find(from, pattern);
        if found.is_empty() && !INERT.iter().any(|i| pattern.contains(i)) {
            let message = format!("`{} {}`: no such file is in the project", block.name(), shorten(pattern));
            let help = if optional {
                "httpd goes on without it; if the server has such files, add them to the project"
            } else {
                "add the file to the project, and to `include` of its onshore.toml"
            };
            self.gaps.push(("missing-include", message, Some(help.to_owned()), at, true));
        }
        for id in found.into_iter().filter(|id| *id != self.input.file) {
            let first = self.taken.insert(id);
            let (blocks, problems) = lex::parse(&self.input.sources.get(id).text, id);
            if first {
                self.problems(id, &problems);
            }
            self.expand(&blocks, depth + 1, done);
        }
    }

    fn apply(&mut self, block: &Block, depth: usize, done: &mut Vec<Block>) {
        let Some((parameters, body)) = self.macros.get(&block.word(1).to_ascii_lowercase()).cloned() else {
            let message = format!("there is no macro `{}` in the files that were read", shorten(block.word(1)));
            self.gaps.push(("undefined-name", message, None, block.at(1), true));
            return;
        };
        if depth >= MAX_DEPTH {
            self.gaps.push((
                "include-cycle",
                format!("the macro `{}` uses itself", shorten(block.word(1))),
                None,
                block.at(1),
                true,
            ));
            return;
        }
        let values: Vec<(String, String)> =
            parameters.into_iter().zip(block.words.iter().skip(2).map(|w| w.text.clone())).collect();
        let body = replaced(&body, &values);
        self.expand(&body, depth + 1, done);
    }

    /// `${NAME}` in words; what is not known stays as it is written.
    fn substitute(&self, words: &mut [Word]) {
        for word in words.iter_mut().filter(|w| w.text.contains("${")) {
            let mut done = String::new();
            let mut rest = word.text.as_str();
            while let Some((before, after)) = rest.split_once("${") {
                let Some((name, behind)) = after.split_once('}') else { break };
                done.push_str(before);
                match self.variables.get(name) {
                    Some(value) if done.len() < 1 << 16 => done.push_str(value),
                    _ => {
                        done.push_str("${");
                        done.push_str(name);
                        done.push('}');
                    }
                }
                rest = behind;
            }
            done.push_str(rest);
            word.text = done;
        }
    }
}

fn replaced(blocks: &[Block], values: &[(String, String)]) -> Vec<Block> {
    let word = |w: &Word| {
        let mut text = w.text.clone();
        for (name, value) in values.iter().filter(|(name, _)| !name.is_empty()) {
            if text.len() < 1 << 16 {
                text = text.replace(name.as_str(), value);
            }
        }
        Word { text, ..w.clone() }
    };
    let one = |b: &Block| Block {
        words: b.words.iter().map(word).collect(),
        body: b.body.as_ref().map(|body| replaced(body, values)),
        source: b.source,
        part_of: None,
    };
    blocks.iter().map(one).collect()
}
