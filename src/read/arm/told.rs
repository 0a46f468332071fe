//! What is told of a deployment beside its template: `[[inputs.override]]`, and files with values of parameters.

use std::collections::BTreeMap;

use super::world::Told;
use crate::doc::{self, Node};
use crate::read::Set;
use crate::read::resource::{Is, Value};
use crate::source::{Location, SourceId, Span};

pub(super) struct Telling {
    pub told: Told,
    pub files: Vec<SourceId>,
    /// Message and location.
    pub problems: Vec<(String, Location)>,
}

pub(super) fn telling(set: &Set<'_>, template: SourceId) -> Telling {
    let path = &set.sources.get(template).path;
    let settings = set.settings.of(path);
    let at = Location::new(template, Span::new(0, 0));
    let help = "add `[[inputs.override]]` with the template's `path` and its `region`";
    let mut telling = Telling {
        told: Told {
            region: Value::unknown("the template does not say where its resource group is", Some(help.into()), at),
            subscription: Value::unknown("the template does not say into which subscription it is deployed", None, at),
            given: BTreeMap::new(),
        },
        files: Vec::new(),
        problems: Vec::new(),
    };
    let mut files: Vec<(Option<SourceId>, String, Location)> =
        settings.variable_files.iter().map(|f| (set.sources.find(&f.text), f.text.clone(), f.location)).collect();
    if files.is_empty() {
        files.extend(beside(set, path).map(|id| (Some(id), String::new(), at)));
    }
    for (id, name, location) in files {
        match id {
            Some(id) => {
                telling.files.push(id);
                match values(set, id) {
                    Ok(values) => telling.told.given.extend(values),
                    Err(why) => telling.problems.push((why, Location::new(id, Span::new(0, 0)))),
                }
            }
            None => telling.problems.push((format!("the file `{name}` with values of parameters was not read"), location)),
        }
    }
    for (name, told) in &settings.variables {
        telling.told.given.insert(name.to_lowercase(), Value::text(told.text.as_str(), told.location));
    }
    if let Some(region) = &settings.region {
        telling.told.region = Value::text(region.text.as_str(), region.location);
    }
    if let Some(account) = &settings.account {
        telling.told.subscription = Value::text(account.text.as_str(), account.location);
    }
    telling
}

/// The one file that by its name is this template's: `main.parameters.json` of `main.json`.
fn beside(set: &Set<'_>, path: &str) -> Option<SourceId> {
    let stem = path.strip_suffix(".json").or_else(|| path.strip_suffix(".jsonc"))?;
    let begin = format!("{stem}.parameters.");
    let all = || set.sources.iter().filter(|(_, s)| s.path.starts_with(&begin) || s.path == format!("{stem}.bicepparam"));
    let own = format!("{begin}json");
    match all().count() {
        1 => all().find(|(_, s)| s.path == own || s.path.ends_with(".bicepparam")).map(|(id, _)| id),
        _ => None,
    }
}

/// Values by name in lower case.
pub(super) fn values(set: &Set<'_>, id: SourceId) -> Result<BTreeMap<String, Value>, String> {
    let source = set.sources.get(id);
    if source.path.ends_with(".bicepparam") {
        return Ok(bicep_values(id, &source.text));
    }
    let text = doc::json::without_comments(&source.text);
    let document = doc::json::parse(&text);
    if let Some(problem) = document.problems().first() {
        return Err(format!("the values of parameters cannot be read: {}", problem.message));
    }
    let root = document.root().ok_or_else(|| "the file with values of parameters is empty".to_owned())?;
    let of = |node: Node<'_>| {
        let at = Location::new(id, node.span());
        match node.get("value") {
            Some(value) => plain(value, id),
            None => Value::unknown("it is a secret of a key vault", None, at),
        }
    };
    let parameters = root.get("parameters").unwrap_or(root);
    Ok(parameters.entries().filter(|e| e.value.is_map()).map(|e| (e.name().to_lowercase(), of(e.value))).collect())
}

/// A value without expressions: parameter files have none.
fn plain(node: Node<'_>, source: SourceId) -> Value {
    use crate::doc::Style;
    let at = Location::new(source, node.span());
    let text = node.text().unwrap_or("");
    let is = if node.is_list() {
        Is::List(std::sync::Arc::new(node.items().map(|n| plain(n, source)).collect()))
    } else if node.is_map() {
        Is::Map(std::sync::Arc::new(node.entries().map(|e| (e.name().into(), plain(e.value, source))).collect()))
    } else {
        match node.style() {
            _ if node.is_null() => Is::Null,
            Some(Style::Bool) => Is::Bool(text == "true"),
            Some(Style::Number) => text.parse().map_or(Is::Null, Is::Number),
            _ => Is::Text(text.into()),
        }
    };
    Value::new(is, at)
}

/// `param name = 'text'`, and numbers and truths; anything else is not known.
fn bicep_values(id: SourceId, text: &str) -> BTreeMap<String, Value> {
    let mut values = BTreeMap::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let at = Location::new(id, Span::new(offset, offset + line.trim_end().len()));
        offset += line.len();
        let Some((name, value)) = line.trim().strip_prefix("param ").and_then(|l| l.split_once('=')) else { continue };
        let value = value.trim();
        let quoted = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')).filter(|v| !v.contains(['\'', '\\', '$']));
        let is = match (quoted, value.parse::<f64>(), value) {
            (Some(text), _, _) => Is::Text(text.into()),
            (None, Ok(number), _) => Is::Number(number),
            (None, _, "true") => Is::Bool(true),
            (None, _, "false") => Is::Bool(false),
            _ => {
                let unknown = Value::unknown("its value in the .bicepparam file is no plain text", None, at);
                values.insert(name.trim().to_lowercase(), unknown);
                continue;
            }
        };
        values.insert(name.trim().to_lowercase(), Value::new(is, at));
    }
    values
}
