//! The resources of a stack and of those nested in it.

use std::rc::Rc;
use std::sync::Arc;

use super::eval::Env;
use super::sam;
use super::shape;
use super::stack::{self, PROCESSED, Stack, Truth, everything};
use super::world::World;
use crate::read::resource::{Is, Resource, Value, Vocabulary};

/// Macros that add nothing that holds data, or that are told here.
const KNOWN_MACROS: [&str; 6] = [
    "AWS::Serverless-2016-10-31",
    "AWS::LanguageExtensions",
    "AWS::CodeDeployBlueGreen",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
    "AWS::ServiceCatalog",
];

/// The stacks nested in a stack, and those nested in them; what nests too deeply has become a gap and is none of them.
pub(super) fn nested<'d>(world: &World<'d>, stack: &Rc<Stack<'d>>, all: &mut Vec<Rc<Stack<'d>>>) {
    let env = Env::of(world, stack);
    for (logical, declared) in stack::declared(&env).iter() {
        let kind = declared.entry.value.get("Type").and_then(|t| t.text()).unwrap_or("");
        let inside = Env { vars: declared.vars.clone(), ..env.clone() };
        if !stack::is_stack(kind) || matches!(stack::exists(&inside, declared.entry.value), Truth::Known(false)) {
            continue;
        }
        for child in stack::children(&env, logical) {
            all.push(Rc::clone(&child));
            nested(world, &child, all);
        }
    }
}

/// The resources of a stack of the top.
pub(super) fn of<'d>(world: &World<'d>, top: &Rc<Stack<'d>>) -> Vec<Resource> {
    let mut stacks = vec![Rc::clone(top)];
    nested(world, top, &mut stacks);
    let mut all = Vec::new();
    for stack in &stacks {
        let env = Env::of(world, stack);
        macros(&env);
        let first = all.len();
        for (logical, declared) in stack::declared(&env).iter() {
            let inside = Env { vars: declared.vars.clone(), ..env.clone() };
            one(&inside, logical, declared, &mut all);
        }
        sam::implicit(&env, &mut all, first);
        shape::stack(&mut all, first);
    }
    all
}

/// A macro may rewrite everything.
fn macros(env: &Env<'_, '_>) {
    for (node, name) in env.stack.template.transforms() {
        if name.is_some_and(|name| KNOWN_MACROS.contains(&name)) {
            continue;
        }
        let name = name.unwrap_or("Transform");
        let message = format!("the macro `{name}` may rewrite the whole template, and onshore does not run it");
        everything(env, "macro-not-run", message, PROCESSED, env.at(node));
    }
}

fn one<'d>(env: &Env<'_, 'd>, logical: &Arc<str>, declared: &stack::Declared<'d>, all: &mut Vec<Resource>) {
    let (header, node) = (env.at(declared.entry.key), declared.entry.value);
    let address = env.stack.address(logical);
    let Some(kind) = node.get("Type").and_then(|t| t.text()).map(|t| env.filled(t)) else {
        let message = format!("the resource `{logical}` has no type");
        everything(env, "resource-without-type", message, "give it a `Type`", header);
        return;
    };
    let uncertain = match stack::exists(env, node) {
        Truth::Known(false) => return,
        Truth::Known(true) => env.stack.uncertain.clone(),
        Truth::Unknown(why) => Some(Value::new(Is::Unknown(why), node.get("Condition").map_or(header, |c| env.at(c)))),
    };
    if stack::is_stack(&kind) {
        return;
    }
    let attributes = match node.get("Properties") {
        Some(properties) => env.eval(properties),
        None => Value::new(Is::Map(Arc::default()), header),
    };
    let resource = Resource {
        vocabulary: Vocabulary::CloudFormation,
        kind: Arc::from(kind),
        address,
        region: Some(env.stack.told.region.clone()),
        account: Some(env.stack.told.account.clone()),
        attributes,
        uncertain,
        ids: Vec::new(),
        location: header,
    };
    sam::expand(env, logical, resource, all);
}
