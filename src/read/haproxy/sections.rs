//! Files to sections: conditional blocks (section 2.4), which files one process reads, and what proxies inherit (chapter 4).
//!
//! A proxy takes its settings from the `defaults` it names with `from`, else from the last `defaults` before it. Conditions that
//! only the running process can answer (its version, its environment) leave both branches in place, marked.

use super::known::{self, OPTIONS, PROXIES};
use super::lex::{Environment, Line, words};
use crate::read::Input;
use crate::read::proxy::{RENDER, shorten};
use crate::read::words::Effect;
use crate::source::{Location, SourceId, Span};

pub(super) struct Section {
    pub kind: &'static str,
    pub name: String,
    /// The line that opens it.
    pub header: Line,
    pub lines: Vec<Line>,
    /// The `defaults` that it inherits from.
    pub defaults: Option<usize>,
}

pub(super) struct Problem {
    pub code: &'static str,
    pub message: String,
    pub help: Option<String>,
    pub location: Location,
    /// The section that it concerns; `None`: any.
    pub section: Option<usize>,
}

#[derive(Default)]
pub(super) struct Config {
    pub sections: Vec<Section>,
    pub problems: Vec<Problem>,
    pub lines: usize,
}

/// What a condition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    Yes,
    No,
    Unknown,
}

/// Blocks nested deeper than this are not told apart.
const MAX_NESTING: usize = 64;
/// Further mistakes are not listed one by one.
const MAX_PROBLEMS: usize = 1000;

/// One open `.if`: what the current branch is, and whether an earlier one was taken for sure.
struct Level {
    now: Truth,
    taken: bool,
    at: Location,
}

impl Config {
    /// Reads the files of one process in their order.
    pub fn read(input: &Input<'_>, files: &[SourceId]) -> Self {
        let mut config = Self::default();
        let mut environment: Environment = Environment::new();
        for file in files {
            let told = input.settings.of(&input.sources.get(*file).path);
            environment.extend(told.variables.into_iter().map(|(name, value)| (name, value.text)));
        }
        for file in files {
            config.file(*file, &input.sources.get(*file).text, &mut environment);
        }
        config.inherit();
        config
    }

    fn file(&mut self, source: SourceId, text: &str, environment: &mut Environment) {
        let mut levels: Vec<Level> = Vec::new();
        // How many blocks are open below the deepest level that is told apart.
        let mut deeper = 0_usize;
        // A new file begins outside of any section.
        let mut open: Option<usize> = None;
        let mut offset = 0;
        for raw in text.split_inclusive('\n') {
            let body = raw.trim_end_matches(['\n', '\r']);
            let words = words(body, offset, environment);
            offset += raw.len();
            let Some(first) = words.first() else { continue };
            let flush = first.span.start as usize == offset - raw.len();
            let maybe = levels.iter().any(|l| l.now == Truth::Unknown);
            let line = Line { source, flush, maybe, words };
            self.lines += 1;
            if line.first().starts_with('.') && is_conditional(line.first()) {
                self.conditional(&line, &mut levels, &mut deeper, environment);
                continue;
            }
            if levels.iter().any(|l| l.now == Truth::No) {
                continue;
            }
            self.check_words(&line, open);
            let kind = known::section(line.first());
            match (kind, open) {
                (Some(kind), _) => {
                    open = Some(self.sections.len());
                    let name = if kind == "global" { String::new() } else { line.word(1).to_owned() };
                    let name = if name == "from" { String::new() } else { name };
                    self.sections.push(Section { kind, name, header: line, lines: Vec::new(), defaults: None });
                }
                (None, Some(section)) => {
                    let section = &mut self.sections[section];
                    if section.kind == "global" {
                        set_environment(&line, environment);
                    }
                    section.lines.push(line);
                }
                (None, None) => {
                    let message = format!("`{}` stands outside of any section", shorten(line.first()));
                    self.problem("misplaced-block", message, None, line.location(), None);
                }
            }
        }
        if let Some(level) = levels.last() {
            let message = "`.if` is never closed with `.endif`: what belongs to it is not known".to_owned();
            self.problem("syntax", message, None, level.at, None);
        }
        if !text.is_empty() && !text.ends_with('\n') {
            // HAProxy refuses such a file since 2.3: it may have been cut off.
            let end = Span::new(text.len(), text.len());
            let message = "the file ends within a line, so it may have been cut off here".to_owned();
            let help = "HAProxy wants a line end after the last line".to_owned();
            let known_end =
                self.sections.last().and_then(|s| s.lines.last()).map_or(Location::new(source, end), Line::location);
            self.problem("file-cut-off", message, Some(help), known_end, None);
        }
    }

    fn check_words(&mut self, line: &Line, section: Option<usize>) {
        if let Some(word) = line.words.iter().find(|w| w.open) {
            let message = format!("a quote in `{}` is never closed on its line", shorten(&word.text));
            self.problem("syntax", message, None, Location::new(line.source, word.span), section);
        }
        let template = line.words.iter().find(|w| w.text.contains("{{") || w.text.contains("{%") || w.text.contains("<%"));
        if let Some(word) = template {
            let message = format!("`{}` holds template code, so what this line says is not known", shorten(&word.text));
            self.problem(
                "template-not-rendered",
                message,
                Some(RENDER.to_owned()),
                Location::new(line.source, word.span),
                section,
            );
        }
    }

    fn problem(
        &mut self,
        code: &'static str,
        message: String,
        help: Option<String>,
        location: Location,
        section: Option<usize>,
    ) {
        match self.problems.len() {
            MAX_PROBLEMS => {
                let message = "there are more mistakes than can be listed; the rest is left out".to_owned();
                self.problems.push(Problem { code: "too-large", message, help: None, location, section: None });
            }
            n if n > MAX_PROBLEMS => {}
            _ => self.problems.push(Problem { code, message, help, location, section }),
        }
    }

    fn conditional(&mut self, line: &Line, levels: &mut Vec<Level>, deeper: &mut usize, environment: &Environment) {
        let condition = || truth(&line.rest(1), line.unresolved().is_some(), environment);
        let full = levels.len() >= MAX_NESTING;
        match (line.first(), levels.last_mut()) {
            (".if", _) if full => {
                if *deeper == 0 {
                    let message = "`.if` is nested too deeply to be followed".to_owned();
                    self.problem("too-deep", message, None, line.location(), None);
                }
                *deeper += 1;
            }
            (".endif", _) if *deeper > 0 => *deeper -= 1,
            (".elif" | ".else", _) if *deeper > 0 => {}
            (".if", _) => {
                let now = condition();
                levels.push(Level { now, taken: now == Truth::Yes, at: line.location() });
            }
            (".elif", Some(level)) => {
                level.now = if level.taken { Truth::No } else { condition() };
                level.taken |= level.now == Truth::Yes;
            }
            (".else", Some(level)) => {
                level.now = match (level.taken, level.now) {
                    (true, _) => Truth::No,
                    (false, Truth::No) => Truth::Yes,
                    (false, _) => Truth::Unknown,
                };
            }
            (".endif", Some(_)) => _ = levels.pop(),
            (".elif" | ".else" | ".endif", None) => {
                let message = format!("`{}` has no `.if` before it", line.first());
                self.problem("syntax", message, None, line.location(), None);
            }
            // Messages while the file is read: `.notice`, `.warning`, `.alert`, `.diag`.
            _ => {}
        }
    }

    fn inherit(&mut self) {
        let mut last = None;
        for i in 0..self.sections.len() {
            let section = &self.sections[i];
            if !matches!(section.kind, "defaults" | "frontend" | "listen" | "backend") {
                continue;
            }
            let from =
                section.header.words.iter().position(|w| w.text == "from").map(|at| section.header.word(at + 1).to_owned());
            let named = |name: &String| self.sections[..i].iter().rposition(|s| s.kind == "defaults" && s.name == *name);
            let found = match &from {
                Some(name) => named(name),
                None if section.kind == "defaults" => None,
                None => last,
            };
            if let (Some(name), None) = (&from, found) {
                let message = format!("`from {}`: there is no `defaults` of this name before", shorten(name));
                let location = section.header.location();
                self.problem("undefined-name", message, None, location, Some(i));
            }
            let is_defaults = self.sections[i].kind == "defaults";
            self.sections[i].defaults = found;
            if is_defaults {
                last = Some(i);
            }
        }
    }

    /// The lines that are in force in a proxy: those of its `defaults`, then its own.
    pub fn lines_of(&self, section: usize) -> Vec<&Line> {
        let mut chain = vec![section];
        // `defaults` only ever name earlier ones.
        while let Some(next) = chain.last().and_then(|s| self.sections[*s].defaults) {
            chain.push(next);
        }
        chain.iter().rev().flat_map(|s| &self.sections[*s].lines).collect()
    }

    pub fn of_kind<'c>(&'c self, kind: &'static str) -> impl Iterator<Item = (usize, &'c Section)> {
        self.sections.iter().enumerate().filter(move |(_, s)| s.kind == kind)
    }
}

fn is_conditional(word: &str) -> bool {
    matches!(word, ".if" | ".elif" | ".else" | ".endif" | ".diag" | ".notice" | ".warning" | ".alert")
}

/// `setenv`, `presetenv` and `unsetenv` of the global section.
fn set_environment(line: &Line, environment: &mut Environment) {
    let (name, value) = (line.word(1).to_owned(), line.word(2).to_owned());
    match line.first() {
        "setenv" => _ = environment.insert(name, value),
        "presetenv" => _ = environment.entry(name).or_insert(value),
        "unsetenv" => line.words.iter().skip(1).for_each(|w| _ = environment.remove(&w.text)),
        _ => {}
    }
}

/// Numbers and comparisons of known texts can be told; all else depends on the process.
fn truth(text: &str, unresolved: bool, environment: &Environment) -> Truth {
    let text = text.trim();
    if unresolved {
        return Truth::Unknown;
    }
    if let Some(inner) = text.strip_prefix('!').filter(|i| !i.contains("&&") && !i.contains("||")) {
        return match truth(inner, false, environment) {
            Truth::Yes => Truth::No,
            Truth::No => Truth::Yes,
            Truth::Unknown => Truth::Unknown,
        };
    }
    let call = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')').filter(|a| !a.contains(['(', ')']));
    let of = |yes: bool| if yes { Truth::Yes } else { Truth::No };
    if text.is_empty() {
        return Truth::No;
    }
    if let Ok(number) = text.parse::<i64>() {
        return of(number != 0);
    }
    if let Some((a, b)) = call("streq").and_then(|args| args.split_once(',')) {
        return of(a == b);
    }
    if let Some((a, b)) = call("strneq").and_then(|args| args.split_once(',')) {
        return of(a != b);
    }
    match call("defined") {
        Some(name) if environment.contains_key(name) => Truth::Yes,
        _ => Truth::Unknown,
    }
}

/// Whether a line of a proxy can decide where data goes, so that it matters whether a condition holds.
pub(super) fn can_route(line: &Line) -> bool {
    let (name, argument) = match line.first() {
        "no" | "default" => (line.word(1), line.word(2)),
        name => (name, line.word(1)),
    };
    let effect = match name {
        "option" => known::effect(OPTIONS, argument),
        "bind" | "mode" => return false,
        _ => known::effect(PROXIES, name),
    };
    effect != Some(Effect::Harmless)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_that_can_be_told() {
        let environment = Environment::from([("A".to_owned(), "1".to_owned())]);
        for (text, expected) in [
            ("", Truth::No),
            ("0", Truth::No),
            ("1", Truth::Yes),
            ("!1", Truth::No),
            ("streq(a,a)", Truth::Yes),
            ("!streq(a,a)", Truth::No),
            ("strneq(a,a)", Truth::No),
            ("defined(A)", Truth::Yes),
            ("defined(B)", Truth::Unknown),
            ("version_atleast(2.4)", Truth::Unknown),
            ("streq(a,a) && streq(a,b)", Truth::Unknown),
        ] {
            assert_eq!(truth(text, false, &environment), expected, "{text}");
        }
    }
}
