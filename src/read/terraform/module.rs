//! What the files of one folder declare together: a module, before anything is evaluated.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::ast::{Attribute, Block, Body};
use super::parse::Mistake;
use crate::source::{SourceId, Span};

/// A folder of configuration files.
#[derive(Debug, Default)]
pub struct Module {
    /// Relative to the project root; empty: the root itself.
    pub folder: String,
    /// In the order of paths.
    pub files: Vec<SourceId>,
    pub variables: BTreeMap<Box<str>, Block>,
    pub locals: BTreeMap<Box<str>, Attribute>,
    pub outputs: BTreeMap<Box<str>, Block>,
    pub resources: BTreeMap<Name, Block>,
    pub data: BTreeMap<Name, Block>,
    pub calls: BTreeMap<Box<str>, Block>,
    pub providers: Vec<Block>,
    /// `backend` and `cloud` blocks: where the state is kept.
    pub backends: Vec<Block>,
    /// What nobody knows here: blocks of a kind that a later Terraform may have.
    pub strange: Vec<Block>,
    /// By file.
    pub mistakes: Vec<(SourceId, Mistake)>,
}

/// A resource's or data source's kind and name.
pub type Name = (Box<str>, Box<str>);

impl Module {
    /// Adds the blocks of a file. Override files come after all others, in the order of their names.
    pub fn add(&mut self, file: SourceId, body: Body, overriding: bool) {
        for attribute in body.attributes {
            let message = format!("`{}` stands outside of any block", attribute.name);
            self.mistakes.push((file, Mistake { span: attribute.span, message }));
        }
        for block in body.blocks {
            self.block(block, overriding);
        }
    }

    fn block(&mut self, mut block: Block, overriding: bool) {
        let mut labels = std::mem::take(&mut block.labels).into_iter();
        let first = labels.next().unwrap_or_default();
        let second = labels.next().unwrap_or_default();
        block.labels = if second.is_empty() { vec![first.clone()] } else { vec![first.clone(), second.clone()] };
        let twice = match &*block.kind {
            "variable" => put(&mut self.variables, first, block, overriding),
            "output" => put(&mut self.outputs, first, block, overriding),
            "module" => put(&mut self.calls, first, block, overriding),
            "resource" => put(&mut self.resources, (first, second), block, overriding),
            "data" | "ephemeral" => put(&mut self.data, (first, second), block, overriding),
            "locals" => self.locals(block, overriding),
            "provider" => self.provider(block, overriding),
            "terraform" => {
                let stores = block.body.blocks.into_iter().filter(|b| matches!(&*b.kind, "backend" | "cloud"));
                let stores: Vec<Block> = stores.collect();
                if overriding && !stores.is_empty() {
                    self.backends.clear();
                }
                self.backends.extend(stores);
                None
            }
            // They change what happens to resources, not what there is in the end.
            "moved" | "removed" | "import" | "check" => None,
            _ => {
                self.strange.push(block);
                None
            }
        };
        if let Some((source, span, name)) = twice {
            self.mistakes.push((source, Mistake { span, message: format!("{name} is declared twice in this folder") }));
        }
    }

    fn locals(&mut self, block: Block, overriding: bool) -> Option<Twice> {
        let mut twice = None;
        for attribute in block.body.attributes {
            match self.locals.entry(attribute.name.clone()) {
                Entry::Occupied(mut known) if overriding => {
                    known.insert(attribute);
                }
                Entry::Occupied(_) => twice = Some((attribute.source, attribute.span, format!("local `{}`", attribute.name))),
                Entry::Vacant(free) => {
                    free.insert(attribute);
                }
            }
        }
        twice
    }

    fn provider(&mut self, block: Block, overriding: bool) -> Option<Twice> {
        let alias = alias(&block);
        match self.providers.iter_mut().find(|p| p.labels == block.labels && self::alias(p) == alias) {
            Some(known) if overriding => merge(known, block),
            Some(_) => return Some((block.source, block.span, format!("provider `{}`", block.label(0)))),
            None => self.providers.push(block),
        }
        None
    }
}

/// The name that `provider = aws.NAME` uses.
pub fn alias(provider: &Block) -> Option<&str> {
    provider.body.get("alias").and_then(|a| a.value.as_text())
}

type Twice = (SourceId, Span, String);

fn put<K: Ord>(map: &mut BTreeMap<K, Block>, key: K, block: Block, overriding: bool) -> Option<Twice> {
    match map.entry(key) {
        Entry::Occupied(mut known) if overriding => {
            merge(known.get_mut(), block);
            None
        }
        Entry::Occupied(_) => {
            let labels: Vec<String> = block.labels.iter().map(|l| format!("\"{l}\"")).collect();
            Some((block.source, block.span, format!("{} {}", block.kind, labels.join(" "))))
        }
        Entry::Vacant(free) => {
            free.insert(block);
            None
        }
    }
}

/// An override's attributes replace those of the same name; its blocks replace all blocks of their kind.
fn merge(known: &mut Block, with: Block) {
    for attribute in with.body.attributes {
        known.body.attributes.retain(|a| a.name != attribute.name);
        known.body.attributes.push(attribute);
    }
    // A dynamic block is of the kind that it makes.
    let kind = |b: &Block| if &*b.kind == "dynamic" { b.label(0).into() } else { b.kind.clone() };
    let replaced: Vec<Box<str>> = with.body.blocks.iter().map(kind).collect();
    known.body.blocks.retain(|b| !replaced.contains(&kind(b)));
    known.body.blocks.extend(with.body.blocks);
}

/// Whether a file's blocks are merged into those of the other files: `override.tf`, `x_override.tf.json`.
pub fn is_override(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.strip_suffix(".json").unwrap_or(name);
    let stem = stem.strip_suffix(".tf").or_else(|| stem.strip_suffix(".tofu"));
    stem.is_some_and(|s| s == "override" || s.ends_with("_override"))
}
