//! CloudFormation templates in YAML and JSON, as people write them, as SAM extends them and as CDK makes them.
//!
//! Stages: [`template`] what is written, [`told`] what is told beside it, [`world`] and [`stack`] which stacks there are and what
//! they have, [`eval`] and [`functions`] values, [`sam`] and [`shape`] what SAM and some kinds of resources mean beyond their
//! words, [`resources`] the [`Resource`](super::resource::Resource)s. What each kind is stands in
//! `data/resources/cloudformation.toml`. Templates that import from each other are read together; a nested template counts where
//! it is nested. Not here: running macros and custom resources, reading SSM, following templates that lie in S3.

mod eval;
mod functions;
mod resources;
mod sam;
mod shape;
mod stack;
mod sub;
mod template;
mod told;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::resource::translate;
use super::{Input, Reader, Reading, Recognized, Set, alone, glance};
use crate::doc::Document;
use crate::model::{EndpointFact, Facts, Gap, GapScope, Reference};
use crate::source::{InputError, Location, SourceId};
use eval::Env;
use stack::Stack;
use template::Template;
use told::Telling;
use world::{Export, Found, Touch, World};

pub struct CloudFormation;

impl Reader for CloudFormation {
    fn format(&self) -> &'static str {
        "cloudformation"
    }

    fn describe(&self) -> &'static str {
        "AWS CloudFormation template (YAML, JSON; SAM; CDK output)"
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        recognize(path, text)
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        Some(read(set))
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        alone(self, input)
    }
}

fn recognize(path: &str, text: &str) -> Recognized {
    let file = path.rsplit('/').next().unwrap_or(path);
    let extension = file.rsplit_once('.').map_or("", |(_, e)| e).to_ascii_lowercase();
    if file == "samconfig.toml" {
        return Recognized::Yes;
    }
    if !matches!(
        extension.as_str(),
        "" | "yaml" | "yml" | "json" | "template" | "cfn" | "cf" | "txt" | "j2" | "jinja" | "jinja2"
    ) {
        return Recognized::No;
    }
    let text = glance(text).trim_start_matches('\u{feff}');
    let found = match text.trim_start().starts_with(['{', '[']) {
        true => kind_of_json(file, text),
        false => kind_of_yaml(text),
    };
    match found {
        true => Recognized::Yes,
        false => Recognized::No,
    }
}

/// A template, a file with values of parameters, or a CDK manifest.
fn kind_of_json(file: &str, text: &str) -> bool {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let typed = ["\"Type\":\"AWS::", "\"Type\":\"Custom::", "\"Type\":\"Alexa::"].iter().any(|t| compact.contains(t));
    (compact.contains("\"Resources\":{") && (typed || compact.contains("\"AWSTemplateFormatVersion\"")))
        || (compact.starts_with("[{") && compact.contains("\"ParameterKey\":"))
        || (compact.starts_with("{\"Parameters\":{") && !compact.contains("\"$schema\""))
        || (file == "manifest.json" && compact.contains("\"aws:cloudformation:stack\""))
}

fn kind_of_yaml(text: &str) -> bool {
    let top = |name: &str| {
        text.lines().any(|l| {
            let key = l.split_once(':').map_or("", |(key, _)| key.trim_end().trim_matches(['"', '\'']));
            key == name
        })
    };
    let types = || {
        text.lines().filter_map(|l| l.split_once("Type:")).any(|(_, value)| {
            let value = value.trim_start().trim_start_matches(['"', '\'']);
            ["AWS::", "Custom::", "Alexa::"].iter().any(|p| value.starts_with(p))
        })
    };
    top("AWSTemplateFormatVersion") || (top("Resources") && types())
}

/// All templates: a reading for each stack of the top, or for those that import from each other.
fn read(set: &Set<'_>) -> Vec<(SourceId, Reading)> {
    let documents: Vec<(SourceId, Document<'_>)> =
        set.files.iter().map(|id| (*id, told::parse(&set.sources.get(*id).path, &set.sources.get(*id).text))).collect();
    let is_template = |d: &Document<'_>| {
        d.root().is_some_and(|r| r.get("Resources").is_some() || r.get("AWSTemplateFormatVersion").is_some())
    };
    let templates: Vec<Template<'_>> =
        documents.iter().filter(|(_, d)| is_template(d)).filter_map(|(id, d)| Template::new(*id, d)).collect();
    let by_path = templates.iter().enumerate().map(|(i, t)| (set.sources.get(t.source).path.as_str(), i)).collect();
    let bytes = set.files.iter().map(|id| set.sources.get(*id).text.len()).sum();
    let world = World::new(set.sources, templates, by_path, bytes);
    let problems: BTreeMap<SourceId, &Document<'_>> = documents.iter().map(|(id, d)| (*id, d)).collect();

    let tellings: Vec<Telling> = world.templates.iter().map(|t| told::telling(set, t.source)).collect();
    let prefixes = prefixes(set, &world);
    let nests = nests(&world, &tellings);
    let kept = outermost(world.templates.len(), &nests);
    let tops: Vec<_> = kept
        .iter()
        .filter_map(|i| world.add(Stack::top(*i, &world, *i, prefixes[*i].clone(), tellings[*i].told.clone())))
        .collect();
    let mut stacks = tops.clone();
    for top in &tops {
        resources::nested(&world, top, &mut stacks);
    }
    let mut exports = Vec::new();
    for top in &stacks {
        let env = Env::of(&world, top);
        for entry in top.template.section("Outputs") {
            if let Some(name) = entry.value.path(&["Export", "Name"]) {
                exports.push(Export { name: env.eval(name), stack: Rc::clone(top), output: entry.name() });
            }
        }
    }
    world.set_exports(exports);
    let mut resources: BTreeMap<usize, Vec<_>> = tops.iter().map(|top| (top.unit, resources::of(&world, top))).collect();
    let groups = groups(&kept, &world.imports.borrow());
    let mut readings = Vec::new();
    let mut used: BTreeSet<SourceId> = world.templates.iter().map(|t| t.source).collect();
    for group in groups {
        let mut reading = Reading::default();
        let mut all = Vec::new();
        let mut addresses = Vec::new();
        for unit in &group {
            let mut own = resources.remove(unit).unwrap_or_default();
            addresses.extend(own.iter().map(|r| (r.location, Arc::clone(&r.address))));
            all.append(&mut own);
        }
        translate(all, &mut reading.facts);
        let source = |i: usize| world.templates[i].source;
        let members = with_nested(&group, &nests);
        for unit in &members {
            let telling = &tellings[*unit];
            used.extend(&telling.files);
            reading.included.extend(&telling.files);
            for (message, help, location) in &telling.problems {
                let touched = addresses.iter().map(|(_, a)| Arc::clone(a)).collect();
                push(
                    &mut reading.facts,
                    "parameters-not-read",
                    message.clone(),
                    Some(help.clone()),
                    *location,
                    Touch::Resources(touched),
                );
            }
            syntax(problems[&source(*unit)], source(*unit), &addresses, &mut reading);
        }
        let mut found: Vec<Found> = world.found.borrow().iter().filter(|f| group.contains(&f.unit)).cloned().collect();
        found.sort_by(|a, b| (a.location, a.code, &a.message).cmp(&(b.location, b.code, &b.message)));
        found.dedup_by(|a, b| (a.location, a.code, &a.message, &a.touch) == (b.location, b.code, &b.message, &b.touch));
        for f in found {
            push(&mut reading.facts, f.code, f.message, f.help, f.location, f.touch);
        }
        reading.included.extend(members.iter().map(|i| source(*i)).filter(|id| *id != source(group[0])));
        reading.included.sort_unstable();
        reading.included.dedup();
        readings.push((source(group[0]), reading));
    }
    if world.budget.is_spent()
        && let Some((id, reading)) = readings.first_mut()
    {
        let message = "the templates grow larger than onshore is willing to read".to_owned();
        let help = Some("look for loops and texts that multiply, or read fewer templates at once".to_owned());
        push(
            &mut reading.facts,
            "template-too-large",
            message,
            help,
            Location::new(*id, Default::default()),
            Touch::Everything,
        );
    }
    for (id, document) in &documents {
        if !used.contains(id) {
            readings.push((*id, unused(set, *id, document, &world)));
        }
    }
    readings.sort_by_key(|(id, _)| *id);
    readings
}

/// A file with values of parameters (or a configuration of SAM or CDK) that no template takes.
fn unused(set: &Set<'_>, id: SourceId, document: &Document<'_>, world: &World<'_>) -> Reading {
    let mut reading = Reading::default();
    let path = &set.sources.get(id).path;
    let file = path.rsplit('/').next().unwrap_or(path);
    if let Some(problem) = document.problems().first() {
        reading.broken = Some(problem.message.clone());
        return reading;
    }
    if matches!(file, "samconfig.toml" | "manifest.json") {
        // Without a template beside it there is nothing that it could tell of.
        return reading;
    }
    match told::parameter_file(set, id) {
        Ok(values) => {
            let takes = |t: &&Template<'_>| values.keys().any(|key| t.find("Parameters", key).is_some());
            let templates: Vec<&str> =
                world.templates.iter().filter(takes).map(|t| set.sources.get(t.source).path.as_str()).collect();
            let whose = match templates.as_slice() {
                [] => "a template that was not read".to_owned(),
                some => some.iter().take(3).map(|t| format!("`{t}`")).collect::<Vec<_>>().join(", "),
            };
            let message = format!("these values of parameters may be those of {whose}, but nothing says so");
            let help =
                "name the file under `variable-files` of the template's `[[inputs.override]]`, or leave it out with `exclude`";
            let at = document.root().map_or_else(Default::default, |r| r.span());
            let touch = Touch::Everything;
            push(&mut reading.facts, "unused-parameters", message, Some(help.to_owned()), Location::new(id, at), touch);
        }
        Err(why) => reading.broken = Some(why),
    }
    reading
}

/// Mistakes of syntax end the run with their lines; a key written twice makes only the resource unsure in which it stands.
fn syntax(document: &Document<'_>, source: SourceId, addresses: &[(Location, Arc<str>)], reading: &mut Reading) {
    for problem in document.problems() {
        let at = Location::new(source, problem.span);
        if !problem.message.ends_with("is written twice") {
            reading.syntax.push(InputError { location: at, message: problem.message.clone(), help: None });
            continue;
        }
        let before = addresses.iter().filter(|(l, _)| l.source == source && l.span.start <= problem.span.start);
        let touch = match before.max_by_key(|(l, _)| l.span.start) {
            Some((header, _)) => {
                Touch::Resources(addresses.iter().filter(|(l, _)| l == header).map(|(_, a)| Arc::clone(a)).collect())
            }
            None => Touch::Everything,
        };
        push(&mut reading.facts, "key-written-twice", problem.message.clone(), problem.help.clone(), at, touch);
    }
}

fn push(facts: &mut Facts, code: &'static str, message: String, help: Option<String>, location: Location, touch: Touch) {
    let scope = match touch {
        Touch::Everything => GapScope::Everything,
        // Resources that hold nothing are no endpoints: what is not known of them changes nothing.
        Touch::Resources(addresses) => {
            let touched = |e: &EndpointFact| e.labelled && addresses.iter().any(|a| **a == *e.label);
            let facts = facts.endpoints.iter().enumerate().filter(|(_, e)| touched(e));
            GapScope::Endpoints(facts.map(|(i, _)| Reference::Fact(i)).collect())
        }
    };
    facts.gaps.push(Gap { code, message, help, location, scope });
}

/// What stands before the addresses of a template's resources: nothing, unless another template has a resource of the same name.
fn prefixes(set: &Set<'_>, world: &World<'_>) -> Vec<String> {
    let mut by_name: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (i, template) in world.templates.iter().enumerate() {
        for entry in template.section("Resources") {
            by_name.entry(entry.name()).or_default().insert(i);
        }
    }
    let shared: BTreeSet<usize> = by_name.values().filter(|i| i.len() > 1).flatten().copied().collect();
    let path = |i: usize| &set.sources.get(world.templates[i].source).path;
    (0..world.templates.len()).map(|i| if shared.contains(&i) { format!("{}:", path(i)) } else { String::new() }).collect()
}

/// Which template nests which, by index.
fn nests(world: &World<'_>, tellings: &[Telling]) -> BTreeSet<(usize, usize)> {
    let mut nests = BTreeSet::new();
    for (i, telling) in tellings.iter().enumerate() {
        let stack = Rc::new(Stack::top(i, world, i, String::new(), telling.told.clone()));
        let env = Env::of(world, &stack);
        for declared in stack::declared(&env).values() {
            nests.extend(stack::template_of(&env, declared).map(|child| (i, child)));
        }
    }
    // What was met on the way is met again when the stacks are made.
    world.found.borrow_mut().clear();
    nests
}

/// The templates that no other one nests; of a circle its first.
fn outermost(count: usize, nests: &BTreeSet<(usize, usize)>) -> Vec<usize> {
    let nested: BTreeSet<usize> = nests.iter().filter(|(parent, child)| parent != child).map(|(_, child)| *child).collect();
    let mut kept: Vec<usize> = (0..count).filter(|i| !nested.contains(i)).collect();
    let mut covered = with_nested(&kept, nests);
    for i in 0..count {
        if !covered.contains(&i) {
            kept.push(i);
            covered.extend(with_nested(&[i], nests));
        }
    }
    kept.sort_unstable();
    kept
}

/// Templates, and all that they nest.
fn with_nested(templates: &[usize], nests: &BTreeSet<(usize, usize)>) -> BTreeSet<usize> {
    let mut all: BTreeSet<usize> = templates.iter().copied().collect();
    let mut open: Vec<usize> = templates.to_vec();
    while let Some(parent) = open.pop() {
        let children = nests.range((parent, 0)..=(parent, usize::MAX)).map(|(_, child)| *child);
        open.extend(children.filter(|child| all.insert(*child)));
    }
    all
}

/// Stacks of the top that import from each other, first file first.
fn groups(tops: &[usize], imports: &BTreeSet<(usize, usize)>) -> Vec<Vec<usize>> {
    fn root(group: &mut BTreeMap<usize, usize>, mut i: usize) -> usize {
        while let Some(&next) = group.get(&i).filter(|next| **next != i) {
            let after = group.get(&next).copied().unwrap_or(next);
            group.insert(i, after);
            i = next;
        }
        i
    }
    let mut group: BTreeMap<usize, usize> = tops.iter().map(|i| (*i, *i)).collect();
    for (a, b) in imports {
        let (a, b) = (root(&mut group, *a), root(&mut group, *b));
        group.insert(a.max(b), a.min(b));
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for i in tops {
        members.entry(root(&mut group, *i)).or_default().push(*i);
    }
    members.into_values().collect()
}
