//! A value of a spanned document together with the file it stands in. Names of fields are compared without regard to case, as the
//! programs whose files are read through this do.

use std::str::FromStr;

use super::RENDER;
use super::output::{Output, Touch};
use super::turn::is_template;
use crate::doc::{Document, Node, json, yaml};
use crate::read::{Input, Reading};
use crate::source::{InputError, Location, SourceId};

/// A configuration in YAML, or in JSON where it begins with a brace. `read` makes facts of each of its documents.
pub fn reading(input: &Input<'_>, read: impl Fn(&mut Output, Part<'_>, &str)) -> Reading {
    let is_json = input.text().trim_start().starts_with('{');
    let document = if is_json { json::parse(input.text()) } else { yaml::parse(input.text()) };
    let mut out = Output::new(input.text().len() / 16);
    let syntax = mistakes(&mut out, &document, input.file, input.text());
    for node in document.roots() {
        read(&mut out, Part { node, source: input.file }, input.path());
    }
    Reading { facts: out.facts, syntax, ..Reading::default() }
}

/// The mistakes of syntax in a document. In a template they are no mistakes: what it will say is not known.
pub fn mistakes(out: &mut Output, document: &Document<'_>, source: SourceId, text: &str) -> Vec<InputError> {
    let mut mistakes = Vec::new();
    let template = !document.problems().is_empty() && is_template(text);
    for problem in document.problems() {
        let location = Location::new(source, problem.span);
        if template {
            let help = problem.help.clone().or(Some(RENDER.to_owned()));
            out.gap("template-not-rendered", problem.message.clone(), help, location, Touch::Everything);
        } else {
            let help = problem.help.clone().or_else(|| Some("what stands behind may be missing".to_owned()));
            mistakes.push(InputError { location, message: problem.message.clone(), help });
        }
    }
    mistakes
}

#[derive(Clone, Copy)]
pub struct Part<'d> {
    pub node: Node<'d>,
    pub source: SourceId,
}

impl<'d> Part<'d> {
    pub fn at(&self) -> Location {
        let mut span = self.node.used_at();
        // A map in block style begins at its first key; the whole of it would be many lines.
        if self.node.is_map()
            && let Some(first) = self.node.entries().next()
        {
            span = first.key.span();
        }
        Location::new(self.source, span)
    }

    pub fn get(&self, name: &str) -> Option<Self> {
        let entry = self.node.entries().find(|e| e.name().eq_ignore_ascii_case(name))?;
        (!entry.value.is_null()).then_some(Self { node: entry.value, source: self.source })
    }

    /// There is such a key, whatever its value: `healthCheck: {}`.
    pub fn has(&self, name: &str) -> bool {
        self.node.entries().any(|e| e.name().eq_ignore_ascii_case(name))
    }

    pub fn path(&self, names: &[&str]) -> Option<Self> {
        names.iter().try_fold(*self, |part, name| part.get(name))
    }

    pub fn text(&self, name: &str) -> Option<&'d str> {
        self.get(name)?.node.text()
    }

    /// The number in a field; `None` with a gap where something else stands there.
    pub fn number<T: FromStr>(&self, name: &str, out: &mut Output, touch: Touch) -> Option<T> {
        let part = self.get(name)?;
        out.number(&format!("`{name}`"), part.node.text().unwrap_or(""), part.at(), touch)
    }

    /// `None` also where something else stands there: a caller may only let a flag that was read keep something from carrying.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.text(name)?.trim().parse().ok()
    }

    /// The elements of a list; anything else that is there stands for a list of it.
    pub fn list(&self, name: &str) -> Vec<Self> {
        match self.get(name) {
            Some(list) if list.node.is_list() => list.node.items().map(|node| Self { node, source: self.source }).collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        }
    }

    /// The texts of a list, or one. The programs take no list or map in their place.
    pub fn texts(&self, name: &str) -> Vec<(&'d str, Location)> {
        self.list(name).into_iter().filter_map(|p| Some((p.node.text()?, p.at()))).collect()
    }

    /// Keys with where they stand, and their values.
    pub fn entries(&self) -> Vec<(&'d str, Location, Self)> {
        let one = |e: crate::doc::Entry<'d>| {
            (e.name(), Location::new(self.source, e.key.span()), Self { node: e.value, source: self.source })
        };
        self.node.entries().map(one).collect()
    }
}
