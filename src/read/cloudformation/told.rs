//! What is told of a stack beside its template: `[[inputs.override]]`, files of parameter values, SAM's `samconfig.toml`, and the
//! manifest of a CDK assembly. The user's own word goes first.

use std::collections::BTreeMap;

use super::stack::Told;
use crate::doc::{self, Document, Node};
use crate::read::resource::Value;
use crate::read::{FileSettings, Set, paths};
use crate::source::{Location, SourceId, Span};

/// What is told, the files that tell it, and what could not be read of them.
pub(super) struct Telling {
    pub told: Told,
    pub files: Vec<SourceId>,
    /// Message and location; touches the whole stack.
    pub problems: Vec<(String, String, Location)>,
}

/// What is told of the template at `path`.
pub(super) fn telling(set: &Set<'_>, template: SourceId) -> Telling {
    let path = &set.sources.get(template).path;
    let settings = set.settings.of(path);
    let start = Location::new(template, Span::new(0, 0));
    let mut telling = Telling { told: nothing(start), files: Vec::new(), problems: Vec::new() };
    manifest(set, path, &mut telling);
    samconfig(set, path, &mut telling);
    by_settings(set, &settings, &mut telling);
    telling
}

fn nothing(at: Location) -> Told {
    let region_help = "add `[[inputs.override]]` with the template's `path` and its `region`";
    Told {
        region: Value::unknown("the template does not say in which region its stack is made", Some(region_help.into()), at),
        account: Value::unknown("the template does not say in which account its stack is made", None, at),
        name: Value::unknown("the template does not say what its stack is called", None, at),
        given: BTreeMap::new(),
        unclear: None,
    }
}

fn by_settings(set: &Set<'_>, settings: &FileSettings, telling: &mut Telling) {
    for file in &settings.variable_files {
        match set.sources.find(&file.text) {
            Some(id) => {
                telling.files.push(id);
                match parameter_file(set, id) {
                    Ok(values) => telling.told.given.extend(values),
                    Err(message) => {
                        let help = "write the file as the command line of CloudFormation takes it: `[{\"ParameterKey\": ..., \"ParameterValue\": ...}]`";
                        telling.problems.push((message, help.to_owned(), file.location));
                    }
                }
            }
            None => {
                let message = format!("the file `{}` with values of parameters was not read", file.text);
                telling.problems.push((message, "add the file to the project, or correct its name".to_owned(), file.location));
            }
        }
    }
    for (name, told) in &settings.variables {
        let value = Value::text(told.text.as_str(), told.location);
        match name.as_str() {
            "AWS::StackName" => telling.told.name = value,
            "AWS::AccountId" => telling.told.account = value,
            "AWS::Region" => telling.told.region = value,
            _ => _ = telling.told.given.insert(name.clone(), value),
        }
    }
    if let Some(region) = &settings.region {
        telling.told.region = Value::text(region.text.as_str(), region.location);
    }
    if let Some(account) = &settings.account {
        telling.told.account = Value::text(account.text.as_str(), account.location);
    }
}

/// Values by name: the command line's list of keys and values (or of `Key=Value` texts), the map of a template configuration file
/// (its `Parameters`), or a plain map of names to values.
pub(super) fn parameter_file(set: &Set<'_>, id: SourceId) -> Result<BTreeMap<String, Value>, String> {
    let source = set.sources.get(id);
    let document = parse(&source.path, &source.text);
    if let Some(problem) = document.problems().first() {
        return Err(format!("the values of parameters cannot be read: {}", problem.message));
    }
    let value = |node: Node<'_>| {
        let at = Location::new(id, node.span());
        let listed = || node.items().filter_map(|n| n.text()).collect::<Vec<_>>().join(",");
        Value::text(node.text().map_or_else(listed, str::to_owned), at)
    };
    let root = document.root().ok_or_else(|| "the file with values of parameters is empty".to_owned())?;
    let mut values = BTreeMap::new();
    for item in root.items() {
        match (item.get("ParameterKey").and_then(|k| k.text()), item.get("ParameterValue"), item.text()) {
            (Some(key), Some(given), _) => _ = values.insert(key.to_owned(), value(given)),
            (None, _, Some(text)) if text.contains('=') => {
                let (key, given) = text.split_once('=').unwrap_or((text, ""));
                values.insert(key.to_owned(), Value::text(given, Location::new(id, item.span())));
            }
            // `UsePreviousValue`: no file says which.
            (Some(key), None, _) => return Err(format!("parameter `{key}` keeps a value that no file says")),
            _ => return Err("an entry gives no parameter a value".to_owned()),
        }
    }
    let map = root.get("Parameters").filter(|p| p.is_map()).unwrap_or(root);
    values.extend(map.entries().map(|e| (e.name().to_owned(), value(e.value))));
    Ok(values)
}

pub(super) fn parse<'t>(path: &str, text: &'t str) -> Document<'t> {
    if path.ends_with(".toml") {
        return doc::toml::parse(text);
    }
    let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
    if is_json { doc::json::parse(text) } else { doc::yaml::parse(text) }
}

/// A file in the folder of another one.
fn beside(set: &Set<'_>, path: &str, name: &str) -> Option<SourceId> {
    set.sources.find(&format!("{}{name}", paths::prefix(paths::folder(path))))
}

/// `sam deploy` takes region, stack name and parameters from `samconfig.toml`, one table for each environment. What the
/// environments do not agree on is not known.
fn samconfig(set: &Set<'_>, path: &str, telling: &mut Telling) {
    let Some(id) = beside(set, path, "samconfig.toml") else { return };
    let file = path.rsplit('/').next().unwrap_or(path);
    if !matches!(file, "template.yaml" | "template.yml" | "template.json") {
        return;
    }
    telling.files.push(id);
    let document = doc::toml::parse(&set.sources.get(id).text);
    let Some(root) = document.root() else { return };
    let environments: Vec<Node<'_>> = root.entries().filter(|e| e.name() != "version").map(|e| e.value).collect();
    let all = |key: &str| given_by_all(&environments, key);
    let agreed = |key: &str, what: &str| {
        let values = all(key);
        let first = values.first()?;
        let at = Location::new(id, first.span());
        let text = first.text()?;
        Some(match values.iter().all(|v| v.text() == Some(text)) {
            true => Value::text(text, at),
            false => Value::unknown(format!("the environments of samconfig.toml do not agree on {what}"), None, at),
        })
    };
    if let Some(region) = agreed("region", "the region") {
        telling.told.region = region;
    }
    if let Some(name) = agreed("stack_name", "the name of the stack") {
        telling.told.name = name;
    }
    for node in all("parameter_overrides") {
        let at = Location::new(id, node.span());
        let words = match node.text() {
            Some(text) => words(text),
            None => node.items().filter_map(|n| n.text()).map(str::to_owned).collect(),
        };
        for (key, value) in words.iter().filter_map(|w| w.split_once('=')) {
            let value = match telling.told.given.get(key) {
                Some(known) if known.as_text().as_deref() != Some(value) => {
                    Value::unknown("the environments of samconfig.toml do not agree on it", None, at)
                }
                _ => Value::text(value, at),
            };
            telling.told.given.insert(key.to_owned(), value);
        }
    }
}

/// The values of a parameter of `sam deploy`, one for each environment that gives it.
fn given_by_all<'d>(environments: &[Node<'d>], key: &str) -> Vec<Node<'d>> {
    let table = |env: &Node<'d>, name: &str| env.path(&[name, "parameters", key]);
    environments.iter().filter_map(|env| table(env, "deploy").or_else(|| table(env, "global"))).collect()
}

/// Words parted by spaces, quotes taken off: `A="b c" D=e`.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, c) if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    words.push(word);
    words.retain(|w| !w.is_empty());
    words
}

/// A CDK assembly says in `manifest.json` where each stack goes: `"environment": "aws://123456789012/eu-west-1"`.
fn manifest(set: &Set<'_>, path: &str, telling: &mut Telling) {
    let file = path.rsplit('/').next().unwrap_or(path);
    let Some(id) = beside(set, path, "manifest.json").filter(|_| file.ends_with(".template.json")) else { return };
    let document = doc::json::parse(&set.sources.get(id).text);
    let Some(artifacts) = document.root().and_then(|r| r.get("artifacts")) else { return };
    telling.files.push(id);
    let assets = file.trim_end_matches(".template.json");
    let others = [format!("{assets}.assets.json"), format!("{assets}.metadata.json"), "tree.json".into(), "cdk.out".into()];
    telling.files.extend(others.iter().filter_map(|name| beside(set, path, name)));
    let is_this = |e: &doc::Entry<'_>| e.value.path(&["properties", "templateFile"]).and_then(|f| f.text()) == Some(file);
    let Some(artifact) = artifacts.entries().find(is_this) else { return };
    let named = artifact.value.path(&["properties", "stackName"]);
    let name = named.and_then(|n| n.text()).unwrap_or(artifact.name());
    telling.told.name = Value::text(name, Location::new(id, named.unwrap_or(artifact.key).span()));
    let Some(environment) = artifact.value.get("environment") else { return };
    let at = Location::new(id, environment.span());
    let Some((account, region)) = environment.text().and_then(|t| t.strip_prefix("aws://")).and_then(|t| t.split_once('/'))
    else {
        return;
    };
    if region != "unknown-region" {
        telling.told.region = Value::text(region, at);
    }
    if account != "unknown-account" {
        telling.told.account = Value::text(account, at);
    }
}
