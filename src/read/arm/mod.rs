//! Azure Resource Manager templates: JSON with comments, as people write it and as Bicep compiles to it.
//!
//! Stages: [`expression`] the text of an expression, [`told`] what is told beside a template, [`world`] and [`deployment`] which
//! deployments there are and what they have, [`eval`] and [`functions`] values. What each type is stands in
//! `data/resources/arm.toml`. A linked template counts where it is linked. Not here: compiling Bicep (its sources are a gap unless
//! the compiled template lies beside them), template specs, what Azure only tells when it deploys.

mod deployment;
mod eval;
mod expression;
mod functions;
mod told;
mod world;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::resource::{Is, Resource, Target, Value, Vocabulary, translate};
use super::{Input, Reader, Reading, Recognized, Set, alone, glance, paths};
use crate::doc::{self, Document};
use crate::model::{Gap, GapScope, Reference};
use crate::source::{InputError, Location, SourceId, Span};
use deployment::{child, is_deployment, items};
use eval::Env;
use told::Telling;
use world::{Deployment, Template, World};

pub struct Arm;

impl Reader for Arm {
    fn format(&self) -> &'static str {
        "arm"
    }

    fn describe(&self) -> &'static str {
        "Azure Resource Manager template (JSON; Bicep when compiled)"
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
    let extension = path.rsplit_once('.').map_or("", |(_, e)| e).to_ascii_lowercase();
    if matches!(extension.as_str(), "bicep" | "bicepparam") {
        return Recognized::Yes;
    }
    if !matches!(extension.as_str(), "json" | "jsonc") {
        return Recognized::No;
    }
    let text = glance(text).to_ascii_lowercase();
    let schema = text.contains("\"$schema\"");
    let is_template = text.contains("deploymenttemplate.json") || text.contains("deploymentparameters.json");
    if schema && is_template { Recognized::Yes } else { Recognized::No }
}

fn is_bicep(path: &str) -> bool {
    path.ends_with(".bicep") || path.ends_with(".bicepparam")
}

fn read(set: &Set<'_>) -> Vec<(SourceId, Reading)> {
    let path = |id: SourceId| set.sources.get(id).path.as_str();
    let (bicep, json): (Vec<SourceId>, Vec<SourceId>) = set.files.iter().partition(|id| is_bicep(path(**id)));
    let texts: Vec<Cow<'_, str>> = json.iter().map(|id| doc::json::without_comments(&set.sources.get(*id).text)).collect();
    let documents: Vec<(SourceId, Document<'_>)> = json.iter().zip(&texts).map(|(id, t)| (*id, doc::json::parse(t))).collect();
    let template = |(id, d): &(SourceId, Document<'_>)| d.root().is_some_and(|r| r.get("resources").is_some()).then_some(*id);
    let templates: Vec<Template<'_>> = documents
        .iter()
        .filter(|d| template(d).is_some())
        .filter_map(|(id, d)| Some(Template { source: *id, root: d.root()? }))
        .collect();
    let by_path: BTreeMap<&str, usize> = templates.iter().enumerate().map(|(i, t)| (path(t.source), i)).collect();
    let bytes = texts.iter().map(|t| t.len()).sum();
    let world = World::new(set.sources, templates, by_path, bytes);
    let tellings: Vec<Telling> = world.templates.iter().map(|t| told::telling(set, t.source)).collect();

    let mut used: BTreeSet<SourceId> = world.templates.iter().map(|t| t.source).collect();
    let mut done: Vec<(usize, Vec<Resource>, BTreeSet<usize>)> = Vec::new();
    for (i, template) in world.templates.iter().enumerate() {
        let top = Rc::new(Deployment::new(i, *template, vec![i], String::new(), tellings[i].told.clone()));
        let (mut resources, mut linked) = (Vec::new(), BTreeSet::new());
        deployed(&Env::of(&world, &top), &mut resources, &mut linked);
        done.push((i, resources, linked));
    }
    // A template that another one links counts there; of a circle the first stays.
    let linked: BTreeSet<usize> = done.iter().flat_map(|(i, _, l)| l.iter().filter(move |l| *l != i)).copied().collect();
    let mut order: Vec<usize> = (0..done.len()).collect();
    order.sort_by_key(|i| (linked.contains(i), *i));
    let (mut kept, mut covered) = (BTreeSet::new(), BTreeSet::new());
    for i in order {
        if !covered.contains(&i) {
            kept.insert(i);
            covered.extend(done[i].2.iter().copied());
        }
    }
    let mut readings = Vec::new();
    for (i, resources, linked) in done.into_iter().filter(|(i, _, _)| kept.contains(i)) {
        let source = world.templates[i].source;
        let mut reading = Reading::default();
        translate(resources, &mut reading.facts);
        let whole: Vec<Reference> = (0..reading.facts.endpoints.len()).map(Reference::Fact).collect();
        for member in linked.iter().copied().chain([i]).collect::<BTreeSet<_>>() {
            let telling = &tellings[member];
            reading.included.extend(&telling.files);
            used.extend(&telling.files);
            for (message, location) in &telling.problems {
                reading.facts.gaps.push(Gap {
                    code: "parameters-not-read",
                    message: message.clone(),
                    help: Some(
                        "name files as they are called in the project, with `parameters` as Azure's tools take them".to_owned(),
                    ),
                    location: *location,
                    scope: GapScope::Endpoints(whole.clone()),
                });
            }
            let source = world.templates[member].source;
            syntax(&documents, source, &whole, &mut reading);
            if member != i {
                reading.included.push(source);
            }
            // The sources of a compiled template say nothing more.
            let stem = path(source).trim_end_matches(".json");
            let own = |id: &&SourceId| path(**id) == format!("{stem}.bicep") && compiled(&world.templates[member]);
            reading.included.extend(bicep.iter().filter(own));
        }
        // Its modules are inside the compiled template too.
        let mut open: Vec<SourceId> = reading.included.iter().copied().filter(|id| path(*id).ends_with(".bicep")).collect();
        while let Some(id) = open.pop() {
            for module in modules(set, id) {
                if !reading.included.contains(&module) {
                    reading.included.push(module);
                    open.push(module);
                }
            }
        }
        let mut found: Vec<_> = world.found.borrow().iter().filter(|f| f.unit == i).cloned().collect();
        found.sort_by(|a, b| (a.location, a.code, &a.message).cmp(&(b.location, b.code, &b.message)));
        found.dedup_by(|a, b| (a.location, a.code, &a.message) == (b.location, b.code, &b.message));
        let gap = |f: world::Found| Gap {
            code: f.code,
            message: f.message,
            help: Some(f.help),
            location: f.location,
            scope: GapScope::Everything,
        };
        reading.facts.gaps.extend(found.into_iter().map(gap));
        reading.included.sort_unstable();
        reading.included.dedup();
        used.extend(&reading.included);
        readings.push((source, reading));
    }
    if world.budget.is_spent()
        && let Some((id, reading)) = readings.first_mut()
    {
        reading.facts.gaps.push(Gap {
            code: "template-too-large",
            message: "the templates grow larger than onshore is willing to read".to_owned(),
            help: Some("look for loops and texts that multiply, or read fewer templates at once".to_owned()),
            location: Location::new(*id, Span::new(0, 0)),
            scope: GapScope::Everything,
        });
    }
    for (id, document) in documents.iter().filter(|(id, _)| !used.contains(id)) {
        readings.push((*id, unused(set, *id, Some(document), &world)));
    }
    for id in bicep.iter().filter(|id| !used.contains(id)) {
        readings.push((*id, uncompiled(set, *id)));
    }
    readings.sort_by_key(|(id, _)| *id);
    readings
}

/// Whether Bicep says that it made a template.
fn compiled(template: &Template<'_>) -> bool {
    template.root.path(&["metadata", "_generator", "name"]).and_then(|n| n.text()) == Some("bicep")
}

/// The Bicep files that `module name 'path' = ...` and `import` of a Bicep file name.
fn modules(set: &Set<'_>, id: SourceId) -> Vec<SourceId> {
    let source = set.sources.get(id);
    let folder = paths::folder(&source.path);
    let statements = source.text.lines().map(str::trim_start).filter(|l| l.starts_with("module ") || l.starts_with("import "));
    let named = statements.filter_map(|l| l.split('\'').nth(1)).filter_map(|p| paths::joined(folder, p));
    named.filter_map(|path| set.sources.find(&path)).collect()
}

/// The resources of a deployment and of those that it makes; what nests too deeply has become a gap and makes none.
fn deployed<'d>(env: &Env<'_, 'd>, all: &mut Vec<Resource>, linked: &mut BTreeSet<usize>) {
    linked.extend(&env.at.lineage);
    let items = items(env);
    let mut children = Vec::new();
    for item in items.iter().filter(|i| is_deployment(&i.kind)) {
        if let Some(child) = child(env, item, &items) {
            env.at.children.borrow_mut().insert(item.address.to_string(), Rc::clone(&child));
            children.push((child, item.env.vars.clone()));
        }
    }
    for item in items.iter().filter(|i| !is_deployment(&i.kind)) {
        let attributes = item.env.eval(item.node);
        let mut map = attributes.as_map().cloned().unwrap_or_default();
        let reference = |address: &Arc<str>| {
            Value::new(
                Is::Reference(Arc::new(Target { address: Arc::clone(address), attribute: "".into(), known: None })),
                item.location,
            )
        };
        if let Some(parent) = &item.parent {
            map.insert(Arc::from("Parent"), reference(parent));
        }
        map.insert(Arc::from("name"), item.name.clone());
        // `Microsoft.Storage/storageAccounts/data`, as extension resources name what they extend.
        if let Some(scope) = map.get("scope").and_then(|s| deployment::by_path(env, &eval::canonical(s))) {
            map.insert(Arc::from("scope"), reference(&scope));
        }
        // Nested resources are resources of their own.
        map.remove("resources");
        all.push(Resource {
            vocabulary: Vocabulary::Arm,
            kind: Arc::from(item.kind.as_str()),
            address: Arc::clone(&item.address),
            region: None,
            account: Some(env.at.told.subscription.clone()),
            attributes: Value { is: Is::Map(Arc::new(map)), ..attributes },
            uncertain: item.uncertain.clone(),
            ids: Vec::new(),
            location: item.location,
        });
    }
    for (child, vars) in children {
        let mut inside = Env::of(env.world, &child);
        if child.outer.is_some() {
            inside.vars = vars;
        }
        deployed(&inside, all, linked);
    }
}

fn syntax(documents: &[(SourceId, Document<'_>)], source: SourceId, whole: &[Reference], reading: &mut Reading) {
    let Some((_, document)) = documents.iter().find(|(id, _)| *id == source) else { return };
    for problem in document.problems() {
        if !problem.message.ends_with("is written twice") {
            let location = Location::new(source, problem.span);
            reading.syntax.push(InputError { location, message: problem.message.clone(), help: None });
            continue;
        }
        reading.facts.gaps.push(Gap {
            code: "key-written-twice",
            message: problem.message.clone(),
            help: problem.help.clone(),
            location: Location::new(source, problem.span),
            scope: GapScope::Endpoints(whole.to_vec()),
        });
    }
}

/// A file with values of parameters that no template takes.
fn unused(set: &Set<'_>, id: SourceId, document: Option<&Document<'_>>, world: &World<'_>) -> Reading {
    let mut reading = Reading::default();
    if let Some(problem) = document.and_then(|d| d.problems().first()) {
        reading.broken = Some(problem.message.clone());
        return reading;
    }
    match told::values(set, id) {
        Ok(values) => {
            let takes = |t: &&Template<'_>| {
                let names = t.root.get("parameters").into_iter().flat_map(|p| p.entries());
                names.into_iter().any(|e| values.contains_key(&e.name().to_lowercase()))
            };
            let whose: Vec<String> =
                world.templates.iter().filter(takes).take(3).map(|t| format!("`{}`", set.sources.get(t.source).path)).collect();
            let whose = if whose.is_empty() { "a template that was not read".to_owned() } else { whose.join(", ") };
            reading.facts.gaps.push(Gap {
                code: "unused-parameters",
                message: format!("these values of parameters may be those of {whose}, but nothing says so"),
                help: Some(
                    "name the file under `variable-files` of the template's `[[inputs.override]]`, or leave it out with `exclude`".to_owned(),
                ),
                location: Location::new(id, Span::new(0, 0)),
                scope: GapScope::Everything,
            });
        }
        Err(why) => reading.broken = Some(why),
    }
    reading
}

/// Bicep without the template that it compiles to.
fn uncompiled(set: &Set<'_>, id: SourceId) -> Reading {
    let path = &set.sources.get(id).path;
    let file = path.rsplit('/').next().unwrap_or(path);
    let mut reading = Reading::default();
    reading.facts.gaps.push(Gap {
        code: "bicep-not-compiled",
        message: format!("`{file}` is Bicep, which onshore reads when it is compiled"),
        help: Some("compile the main file with `az bicep build --file main.bicep` and keep its main.json beside it".to_owned()),
        location: Location::new(id, Span::new(0, 0)),
        scope: GapScope::Everything,
    });
    reading
}

/// The index of a template by a path as another template writes it.
fn local(env: &Env<'_, '_>, path: &str) -> Option<usize> {
    let folder = paths::folder(&env.world.sources.get(env.at.template.source).path);
    env.world.by_path.get(paths::joined(folder, path)?.as_str()).copied()
}
