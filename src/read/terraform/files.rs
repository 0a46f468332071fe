//! Functions that read files: `file`, `templatefile`, `fileset`. Only what was loaded with the project is read.

use std::rc::Rc;

use super::ast::{Call, Part};
use super::eval::{Eval, Scope, is_known, refuse};
use super::parse;
use super::value::{Builder, set, unknown_of};
use super::world::World;
use crate::read::paths::{self, joined};
use crate::read::resource::{Is, Value};
use crate::source::{Location, SourceId, glob};

impl World<'_> {
    pub(super) fn file_function(&mut self, call: &Call, at: Location, scope: Scope<'_>) -> Eval {
        let Some(path) = call.arguments.first() else { return refuse(at, "no file is named") };
        let path = self.eval(path, scope)?;
        let Some(text) = path.as_text().filter(|_| is_known(&path)) else { return Ok(unknown_of([&path], at)) };
        let root = &self.instances[0].module.folder;
        let full = joined(root, &text);
        let found = full.as_deref().and_then(|p| self.tree.file(p));
        let lost = || {
            let help = "keep the file in the project, or give the plan instead: `terraform show -json`";
            Value::unknown(format!("`{text}` is not among the files that were read"), Some(help.into()), at)
        };
        Ok(match (&*call.name, found) {
            ("fileset", _) => {
                let Some(pattern) = call.arguments.get(1) else { return refuse(at, "`fileset` takes a folder and a pattern") };
                let pattern = self.eval(pattern, scope)?;
                let Some(pattern) = pattern.as_text().filter(|_| is_known(&pattern)) else {
                    return Ok(unknown_of([&pattern], at));
                };
                let names = full.and_then(|folder| self.file_names(&folder, &pattern));
                match names {
                    Some(names) if !names.is_empty() => {
                        Value::new(set(names.iter().map(|n| Value::text(n.as_str(), at)).collect()), at)
                    }
                    // What is no configuration by its name is not loaded, and may be there.
                    _ => Value::unknown(format!("which files match `{pattern}` is not known"), None, at),
                }
            }
            ("fileexists", Some(_)) => Value::new(Is::Bool(true), at),
            (_, None) => lost(),
            ("file", Some(id)) => {
                self.files.insert(id);
                let text = self.tree.sources.get(id).text.as_str();
                self.spend(text.len() / 64);
                Value::text(text, at)
            }
            ("templatefile", Some(id)) => {
                let variables = match call.arguments.get(1) {
                    Some(variables) => self.eval(variables, scope)?,
                    None => return refuse(at, "`templatefile` takes a file and its variables"),
                };
                self.template_file(id, &variables, at, scope)?
            }
            _ => Value::unknown(format!("`{}` is not followed", call.name), None, at),
        })
    }

    fn template_file(&mut self, id: SourceId, variables: &Value, at: Location, scope: Scope<'_>) -> Eval {
        let Some(variables) = variables.as_map().cloned() else { return Ok(unknown_of([variables], at)) };
        self.files.insert(id);
        let parts: Option<Rc<Vec<Part>>> = match self.templates.get(&id) {
            Some(parts) => parts.clone(),
            None => {
                let text = self.tree.sources.get(id).text.as_str();
                self.spend(text.len() / 16);
                let parts = parse::template(text, id, 0, None).ok().map(Rc::new);
                self.templates.insert(id, parts.clone());
                parts
            }
        };
        let Some(parts) = parts else {
            return Ok(Value::unknown("this template has a mistake", None, at));
        };
        let inner = Scope { instance: scope.instance, source: id, each: None, bound: None, only: Some(&variables) };
        let mut out = Builder::default();
        self.parts(&parts, &mut out, at, inner)?;
        Ok(out.finish(at))
    }

    fn file_names(&mut self, folder: &str, pattern: &str) -> Option<Vec<String>> {
        let matcher = glob::compile(pattern, true).ok()?;
        let prefix = paths::prefix(folder);
        let below = self.tree.files_below(&prefix);
        let mut names = Vec::new();
        let mut looked_at = 0;
        for path in below {
            looked_at += 1;
            names.extend(path.strip_prefix(&prefix).filter(|p| matcher.is_match(p)).map(str::to_owned));
        }
        self.spend(looked_at);
        Some(names)
    }
}
