//! Terraform and OpenTofu configurations: every root module with the modules it calls, evaluated as far as its files say.
//!
//! [`parse`] and [`parse_json`] make [`ast`] of the two syntaxes, [`module`] of the files of a folder what they declare, [`tree`] of
//! the folders a project; [`world`] evaluates one root by demand ([`eval`], [`functions`], [`provider`]) and [`emit`] gives its
//! resources, which the tables of [`super::resource`] translate. What only Terraform itself could know is a gap with its line.

mod ast;
mod attributes;
mod emit;
mod eval;
mod expand;
mod files;
mod functions;
pub mod json;
mod module;
mod parse;
mod parse_json;
mod provider;
mod tree;
mod types;
mod value;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;

use super::resource::translate_beside;
use super::{Input, READERS, Reader, Reading, Recognized, Set, alone, side_by_side};
use crate::model::{EndpointFact, GapScope, Reference, Unread};
use crate::source::{InputError, Location, SourceId, Span};
use ast::Body;
use module::Module;
use parse::Mistake;
use tree::{File, Tree};
use world::{Touches, World};

pub struct Terraform;

/// Expressions may depend on each other hundreds deep; threads of the standard size have no room for that.
const STACK: usize = 64 << 20;

impl Reader for Terraform {
    fn format(&self) -> &'static str {
        "terraform"
    }

    fn describe(&self) -> &'static str {
        "Terraform and OpenTofu configuration (.tf, .tf.json, .tfvars), Terragrunt"
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let blank = text.trim().is_empty();
        match File::of(path) {
            // A tool of another name may use these endings.
            Some(File::Backend) if !text.contains('=') => Recognized::No,
            Some(_) if !blank => Recognized::Yes,
            _ => Recognized::No,
        }
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        let tree = Tree::new(set);
        let roots = tree.roots();
        let bytes = |m: &&Module| m.files.iter().map(|f| tree.sources.get(*f).text.len()).sum::<usize>() * 4;
        let read = side_by_side(&roots, bytes, |module| on_deep_stack(|| read_root(&tree, module)));
        let mut readings: BTreeMap<SourceId, Reading> = BTreeMap::new();
        let mut used: BTreeSet<SourceId> = BTreeSet::new();
        for (module, reading) in roots.iter().zip(read) {
            let Some(first) = module.files.first() else { continue };
            used.extend(reading.included.iter().copied());
            used.extend(&module.files);
            readings.insert(*first, reading);
        }
        for (file, mistake) in &tree.mistakes {
            // A file that a configuration takes in has no reading of its own.
            let taker = readings.iter().find(|(_, r)| r.included.contains(file)).map_or(*file, |(first, _)| *first);
            readings.entry(taker).or_default().mistake(*file, mistake);
        }
        for (path, (id, _)) in &tree.values {
            if !used.contains(id) {
                readings.entry(*id).or_default().facts.gaps.push(unused(path, *id));
            }
        }
        for (id, body) in &tree.terragrunt {
            let mut gap = terragrunt(*id, body);
            let run = tree.run_by(&tree.sources.get(*id).path, body).and_then(|m| m.files.first());
            let root = run.and_then(|first| readings.get_mut(first));
            // What Terragrunt gives to a module changes what the module makes, and no more.
            if let Some(root) = root {
                gap.scope = GapScope::Endpoints((0..root.facts.endpoints.len()).map(Reference::Fact).collect());
                root.facts.gaps.push(gap);
                root.included.push(*id);
            } else {
                readings.entry(*id).or_default().facts.gaps.push(gap);
            }
        }
        for (id, _) in &tree.backends {
            readings.entry(*id).or_default();
        }
        Some(readings.into_iter().collect())
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        alone(self, input)
    }
}

/// Runs on a thread of its own with room for deep expressions; here, if the system gives no more threads.
fn on_deep_stack<R: Send>(work: impl Fn() -> R + Sync) -> R {
    thread::scope(|scope| match thread::Builder::new().stack_size(STACK).spawn_scoped(scope, &work) {
        Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        Err(_) => work(),
    })
}

fn read_root(tree: &Tree<'_>, module: &Module) -> Reading {
    let told = tree.told(module);
    let mut world = World::new(tree, module, &told);
    let resources = world.emit();
    let mut reading = Reading::default();

    // Who uses an output of a module that is not here is touched by that, too.
    let mut users: BTreeMap<&str, Vec<Arc<str>>> = BTreeMap::new();
    let missing: BTreeSet<&str> = resources.iter().filter(|r| r.kind.ends_with("_module")).map(|r| &*r.address).collect();
    if !missing.is_empty() {
        for resource in &resources {
            for target in resource.attributes.targets() {
                if let Some(address) = missing.get(target) {
                    users.entry(address).or_default().push(resource.address.clone());
                }
            }
        }
    }
    let mut troubles = std::mem::take(&mut world.troubles);
    for trouble in &mut troubles {
        if let Touches::Resources(touched) = &mut trouble.touches {
            let more: Vec<Arc<str>> = touched.iter().filter_map(|a| users.get(&**a)).flatten().cloned().collect();
            touched.extend(more);
        }
    }
    // What the source leaves open of a resource, the plan beside it tells; both are the same endpoints by their ids. A plan that is
    // older than a resource tells nothing of it.
    translate_beside(resources, tree.planned(module).unwrap_or(&BTreeSet::new()), &mut reading.facts);
    reading.facts.endpoints.iter_mut().for_each(|fact| show_region(tree, fact));

    let by_label: BTreeMap<&str, usize> =
        reading.facts.endpoints.iter().enumerate().map(|(i, e)| (e.label.as_str(), i)).collect();
    let mut gaps = Vec::new();
    for trouble in troubles {
        let scope = match trouble.touches {
            Touches::Everything => GapScope::Everything,
            Touches::Nothing => GapScope::Nothing,
            Touches::Resources(touched) => {
                let touched: BTreeSet<usize> = touched.iter().filter_map(|a| by_label.get(&**a).copied()).collect();
                GapScope::Endpoints(touched.into_iter().map(Reference::Fact).collect())
            }
        };
        gaps.push(Unread { code: trouble.code, message: trouble.message, help: trouble.help, location: trouble.at, scope });
    }
    reading.facts.gaps.extend(gaps);

    let mut included: BTreeSet<SourceId> = world.value_files.clone();
    for instance in &world.instances {
        included.extend(&instance.module.files);
    }
    for (file, mistake) in modules_of(&world).into_iter().flat_map(|m| &m.mistakes) {
        reading.mistake(*file, mistake);
    }
    // What another reader knows is still read by it.
    let foreign = |id: &SourceId| {
        let source = tree.sources.get(*id);
        READERS.iter().all(|r| r.recognize(&source.path, &source.text) == Recognized::No)
    };
    included.extend(world.files.iter().copied().filter(foreign));
    reading.included = included.into_iter().filter(|id| module.files.first() != Some(id)).collect();
    reading
}

/// A block is shown by its first line; a region that it says itself stands further down.
fn show_region(tree: &Tree<'_>, fact: &mut EndpointFact) {
    let Some(region) = fact.zone.as_ref().or(fact.region.as_ref()) else { return };
    let at = Location::new(fact.location.source, region.span);
    if tree.sources.position(at).line != tree.sources.position(fact.location).line {
        fact.trail = fact.trail.through(at, "its region is written here");
    }
}

/// Every module of a root, once.
fn modules_of<'a>(world: &World<'a>) -> Vec<&'a Module> {
    let by_folder: BTreeMap<&str, &'a Module> = world.instances.iter().map(|i| (i.module.folder.as_str(), i.module)).collect();
    by_folder.into_values().collect()
}

impl Reading {
    fn mistake(&mut self, file: SourceId, mistake: &Mistake) {
        self.syntax.push(InputError {
            location: Location::new(file, mistake.span),
            message: mistake.message.clone(),
            help: None,
        });
    }
}

/// Values that no configuration takes by itself.
fn unused(path: &str, id: SourceId) -> Unread {
    Unread {
        code: "terraform-values-unused",
        message: format!("no configuration takes the values of `{path}` by itself"),
        help: Some(
            "name it under `variable-files` of an [[inputs.override]] whose path is that of the configuration".to_owned(),
        ),
        location: Location::new(id, Span::default()),
        scope: GapScope::Nothing,
    }
}

/// Terragrunt gives a module inputs, providers and a backend of its own.
fn terragrunt(id: SourceId, body: &Body) -> Unread {
    let source = body.blocks_of("terraform").find_map(|b| b.body.get("source"));
    let named = source.and_then(|s| s.value.as_text());
    let message = match named {
        Some(source) => format!("Terragrunt runs `{source}` with the inputs of this file, which are not followed"),
        None => "Terragrunt's settings are not followed".to_owned(),
    };
    let span = source.map_or(Span::default(), |s| s.value.span);
    Unread {
        code: "terragrunt-not-followed",
        message,
        help: Some("give the plan of the unit: `terragrunt show -json` after `terragrunt plan -out`".to_owned()),
        location: Location::new(id, span),
        scope: GapScope::Everything,
    }
}

#[cfg(test)]
mod tests;
