//! The files of one Compose project: which belong together, what `extends` and `include` bring in, and what variables stand for.

use std::collections::{BTreeMap, BTreeSet};

use crate::doc::{self, Document, Node};
use crate::model::{GapScope, Unread};
use crate::read::Set;
use crate::read::paths::{self, folder, joined};
use crate::source::{Location, SourceId, Sources};

/// `extends` within `extends`; also ends circles.
const MAX_EXTENDS: usize = 32;
/// Default values within default values.
const MAX_NESTING: usize = 8;

/// A file as it was parsed.
pub(super) struct File<'t> {
    pub id: SourceId,
    pub document: Document<'t>,
}

/// One definition of a service; a service may have several, the later ones going over the earlier.
#[derive(Clone, Copy)]
pub(super) struct Definition<'d> {
    pub file: SourceId,
    pub node: Node<'d>,
    /// The file, if it is neither the main one nor its override: whether it is used is not known.
    pub beside: Option<SourceId>,
}

impl Definition<'_> {
    pub fn at(&self, node: Node<'_>) -> Location {
        Location::new(self.file, node.used_at())
    }
}

/// Texts in whose place variables may stand.
#[derive(Default)]
pub(super) struct Variables {
    values: BTreeMap<String, String>,
}

impl Variables {
    /// From the `.env` beside the project, and what the project file tells (which wins, as the shell would).
    pub fn new(set: &Set<'_>, folder: &str, of: SourceId) -> (Self, Option<SourceId>) {
        let file = set.sources.find(&format!("{}.env", paths::prefix(folder)));
        let mut values = BTreeMap::new();
        if let Some(id) = file {
            values.extend(env_file(&set.sources.get(id).text).into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())));
        }
        let told = set.settings.of(&set.sources.get(of).path).variables;
        values.extend(told.into_iter().map(|(name, told)| (name, told.text)));
        (Self { values }, file)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// `$VAR`, `${VAR}`, `${VAR:-default}`, `${VAR-default}`, `${VAR:?why}`, `${VAR:+instead}`; `$$` is a dollar (Compose
    /// specification, "Interpolation"). A variable that has no value stays as it is written.
    pub fn fill(&self, text: &str) -> String {
        self.fill_within(text, 0)
    }

    fn fill_within(&self, text: &str, depth: usize) -> String {
        if !text.contains('$') || depth > MAX_NESTING {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            if let Some(tail) = after.strip_prefix('$') {
                out.push('$');
                rest = tail;
            } else if let Some(inner) = after.strip_prefix('{') {
                let Some(end) = closing(inner) else {
                    out.push('$');
                    rest = after;
                    continue;
                };
                let (expression, tail) = (&inner[..end], &inner[end + 1..]);
                match self.expression(expression, depth) {
                    Some(value) if out.len() < 1 << 20 => out.push_str(&value),
                    Some(_) => {}
                    None => {
                        out.push_str("${");
                        out.push_str(expression);
                        out.push('}');
                    }
                }
                rest = tail;
            } else {
                let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
                let name = &after[..end];
                match self.get(name).filter(|_| !name.is_empty()) {
                    Some(value) => out.push_str(value),
                    None if name.is_empty() => out.push('$'),
                    None => {
                        out.push_str("${");
                        out.push_str(name);
                        out.push('}');
                    }
                }
                rest = &after[end..];
            }
        }
        out.push_str(rest);
        out
    }

    fn expression(&self, text: &str, depth: usize) -> Option<String> {
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
        let (name, operator) = text.split_at(end);
        let value = self.get(name);
        let filled = value.filter(|v| !v.is_empty());
        let other = |tail: &str| Some(self.fill_within(tail, depth + 1));
        if let Some(default) = operator.strip_prefix(":-") {
            filled.map(str::to_owned).or_else(|| other(default))
        } else if let Some(default) = operator.strip_prefix('-') {
            value.map(str::to_owned).or_else(|| other(default))
        } else if let Some(instead) = operator.strip_prefix(":+").or_else(|| operator.strip_prefix('+')) {
            if filled.is_some() { other(instead) } else { Some(String::new()) }
        } else {
            value.map(str::to_owned)
        }
    }
}

/// Where the brace that is already open closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(i),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// `NAME=value` lines of a `.env` file, without quotes and comments.
pub(super) fn env_file(text: &str) -> Vec<(&str, &str)> {
    let pair = |line: &'_ str| -> Option<(usize, usize)> {
        let line = line.trim();
        (!line.is_empty() && !line.starts_with('#')).then(|| line.find('=').map(|i| (i, line.len())))?
    };
    text.lines()
        .filter_map(|line| {
            pair(line)?;
            let (name, value) = line.trim().split_once('=')?;
            let name = name.trim().trim_start_matches("export ").trim();
            let value = value.trim();
            let bare = |q: char| value.strip_prefix(q).and_then(|v| v.strip_suffix(q));
            let value = bare('"').or_else(|| bare('\'')).unwrap_or_else(|| value.split(" #").next().unwrap_or(value).trim());
            Some((name, value))
        })
        .collect()
}

/// All files of one project, in the order in which the later go over the earlier.
pub(super) struct Files<'d> {
    pub roots: Vec<Definition<'d>>,
    pub read: BTreeSet<SourceId>,
}

/// Definitions of a service, its bases by `extends` first.
pub(super) fn with_bases<'d>(
    files: &'d BTreeMap<String, File<'_>>,
    sources: &Sources,
    variables: &Variables,
    definition: Definition<'d>,
    gaps: &mut Vec<Unread>,
) -> Vec<Definition<'d>> {
    let mut chain = vec![definition];
    let mut current = definition;
    while let Some(extends) = current.node.get("extends") {
        let (service, file) = match extends.text() {
            Some(name) => (name.to_owned(), None),
            None => {
                let text = |key: &str| extends.get(key).and_then(|n| n.text()).map(|t| variables.fill(t));
                (text("service").unwrap_or_default(), text("file"))
            }
        };
        let here = &sources.get(current.file).path;
        let path = match &file {
            Some(file) => joined(folder(here), file),
            None => Some(here.clone()),
        };
        let base = path.and_then(|p| files.get(&p));
        let node = base.and_then(|f| {
            f.document.root()?.path(&["services", &service]).map(|node| Definition {
                file: f.id,
                node,
                beside: definition.beside,
            })
        });
        let Some(base) = node.filter(|_| chain.len() < MAX_EXTENDS) else {
            let what = file.map_or(String::new(), |f| format!(" of `{f}`"));
            gaps.push(Unread {
                code: "missing-include",
                message: format!("this service extends `{service}`{what}, which was not read or extends itself"),
                help: Some("add that file to the project".to_owned()),
                location: current.at(extends),
                scope: GapScope::Everything,
            });
            break;
        };
        chain.push(base);
        current = base;
    }
    chain.reverse();
    chain
}

pub(super) fn parse<'t>(sources: &'t Sources, id: SourceId) -> File<'t> {
    File { id, document: doc::yaml::parse(&sources.get(id).text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_by_the_specification() {
        let values = [("A", "a"), ("EMPTY", "")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let variables = Variables { values: BTreeMap::from(values) };
        for (text, expected) in [
            ("x$A/$$A", "xa/$A"),
            ("${A}${A:-b}${A-b}", "aaa"),
            ("${B:-b}${B-b}", "bb"),
            ("${EMPTY:-b}|${EMPTY-b}", "b|"),
            ("${B:-${A}}", "a"),
            ("${B:-${C:-c}}", "c"),
            ("${A:+y}${B:+y}", "y"),
            ("${B}$B", "${B}${B}"),
            ("${B:?must be set}", "${B:?must be set}"),
            ("${open", "${open"),
            ("100$", "100$"),
        ] {
            assert_eq!(variables.fill(text), expected, "{text}");
        }
    }

    #[test]
    fn env_files() {
        let text = "# c\nA=1\nexport B=\"x y\"\nC='z' \nD=v # comment\nnothing\n";
        assert_eq!(env_file(text), [("A", "1"), ("B", "x y"), ("C", "z"), ("D", "v")]);
    }
}
