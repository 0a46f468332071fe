//! A deployment: a template with values for its parameters. Which resources it has (loops and conditions told), what its parameters
//! and variables are, and the deployments nested in it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::eval::{Env, canonical, reason};
use super::world::{Deployment, Found, Told};
use crate::doc::Node;
use crate::read::resource::{Is, Piece, Value};
use crate::source::Location;

/// Nested deployments deeper than this are not followed.
const MAX_NESTING: usize = 12;

const DEPLOYMENTS: &str = "microsoft.resources/deployments";
const GROUPS: &str = "microsoft.resources/resourcegroups";

/// A resource as declared, once for each turn of its loop.
pub(super) struct Item<'w, 'd> {
    pub env: Env<'w, 'd>,
    pub node: Node<'d>,
    /// In lower case, with the types of what it is inside of: `microsoft.sql/servers/databases`.
    pub kind: String,
    pub name: Value,
    pub address: Arc<str>,
    /// What it is inside of.
    pub parent: Option<Arc<str>>,
    pub uncertain: Option<Value>,
    pub location: Location,
}

/// A gap that may hide any resource of the deployment.
pub(super) fn everything(env: &Env<'_, '_>, code: &'static str, message: String, help: &str, location: Location) {
    env.world.found.borrow_mut().push(Found { unit: env.at.unit, code, message, help: help.to_owned(), location });
}

pub(super) fn parameter(env: &Env<'_, '_>, name: &str, at: Location) -> Value {
    if let Some(value) = env.vars.get(&format!("parameter:{}", name.to_lowercase())) {
        return value.clone();
    }
    let speaker = env.speaker();
    let key = name.to_lowercase();
    let known = speaker.parameters.borrow().get(&key).cloned();
    let value = match known {
        Some(Some(value)) => value,
        Some(None) => return env.unknown(format!("parameter `{name}` depends on itself"), at),
        None => {
            speaker.parameters.borrow_mut().insert(key.clone(), None);
            let value = told_parameter(&Env::of(env.world, &speaker), name, at);
            speaker.parameters.borrow_mut().insert(key, Some(value.clone()));
            value
        }
    };
    match value.is {
        Is::Unknown(_) => Value { at, ..value },
        _ => value.used(at, format!("parameter `{name}`")),
    }
}

fn told_parameter(env: &Env<'_, '_>, name: &str, at: Location) -> Value {
    let declared =
        env.at.template.root.get("parameters").and_then(|p| p.entries().find(|e| e.name().eq_ignore_ascii_case(name)));
    let Some(declared) = declared else { return env.unknown(format!("parameter `{name}` is not declared"), at) };
    let here = env.location(declared.key);
    let kind = declared.value.get("type").and_then(|t| t.text()).unwrap_or("").to_lowercase();
    if kind.starts_with("secure") {
        return env.unknown(format!("parameter `{name}` is a secret"), here);
    }
    match (env.at.told.given.get(&name.to_lowercase()), declared.value.get("defaultValue")) {
        (Some(given), _) => given.used(here, format!("parameter `{name}` gets its value here")),
        (None, Some(default)) => env.eval(default),
        (None, None) => {
            let allowed = declared.value.get("allowedValues").map_or(0, |v| v.items().len());
            let choice = if allowed > 0 { format!(" (any of {allowed} values is allowed)") } else { String::new() };
            let help = format!(
                "give `{name}` under `variables` or in one of `variable-files` of the template's `[[inputs.override]]`"
            );
            Value::unknown(format!("parameter `{name}` has no value{choice}"), Some(help.into()), here)
        }
    }
}

pub(super) fn variable(env: &Env<'_, '_>, name: &str, at: Location) -> Value {
    let speaker = env.speaker();
    let key = name.to_lowercase();
    let known = speaker.variables.borrow().get(&key).cloned();
    let value = match known {
        Some(Some(value)) => value,
        Some(None) => return env.unknown(format!("variable `{name}` depends on itself"), at),
        None => {
            speaker.variables.borrow_mut().insert(key.clone(), None);
            let inside = Env::of(env.world, &speaker);
            let value =
                told_variable(&inside, name).unwrap_or_else(|| env.unknown(format!("variable `{name}` is not declared"), at));
            speaker.variables.borrow_mut().insert(key, Some(value.clone()));
            value
        }
    };
    match value.is {
        Is::Unknown(_) => Value { at, ..value },
        _ => value.used(at, format!("variable `{name}`")),
    }
}

fn told_variable(env: &Env<'_, '_>, name: &str) -> Option<Value> {
    let variables = env.at.template.root.get("variables")?;
    if let Some(entry) = variables.entries().find(|e| e.name().eq_ignore_ascii_case(name) && e.name() != "copy") {
        return Some(env.eval(entry.value));
    }
    let mut copied = BTreeMap::new();
    env.copied(variables.get("copy")?, "input", &mut copied);
    copied.into_iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v)
}

/// The address of a resource of this deployment (or of those around an outer-scoped one) by type and name.
pub(super) fn address(env: &Env<'_, '_>, kind: &str, name: &str) -> Option<Arc<str>> {
    let key = (kind.to_owned(), name.to_lowercase());
    let mut at = Some(Rc::clone(&env.at));
    while let Some(deployment) = at {
        if let Some(address) = deployment.names.borrow().get(&key) {
            return Some(Arc::clone(address));
        }
        at = deployment.outer.clone();
    }
    None
}

/// By symbolic name or by name alone, where only one resource has it.
pub(super) fn by_name(env: &Env<'_, '_>, name: &str) -> Option<Arc<str>> {
    let names = env.at.names.borrow();
    if let Some(address) = names.get(&(String::new(), name.to_lowercase())) {
        return Some(Arc::clone(address));
    }
    let mut found = names.iter().filter(|((_, known), _)| *known == name.to_lowercase()).map(|(_, address)| address);
    match (found.next(), found.next()) {
        (Some(address), None) => Some(Arc::clone(address)),
        _ => None,
    }
}

/// By type and name as a path: `Microsoft.Sql/servers/a/databases/b`.
pub(super) fn by_path(env: &Env<'_, '_>, path: &str) -> Option<Arc<str>> {
    let path = path.to_lowercase();
    let (space, rest) = path.trim_start_matches('/').split_once('/')?;
    let parts: Vec<&str> = rest.split('/').collect();
    let every_other = |start: usize| parts.iter().skip(start).step_by(2).copied().collect::<Vec<_>>().join("/");
    address(env, &format!("{space}/{}", every_other(0)), &every_other(1))
}

/// The resources of a deployment, in the order of the template.
pub(super) fn items<'w, 'd>(env: &Env<'w, 'd>) -> Vec<Item<'w, 'd>> {
    let mut all = Vec::new();
    match env.at.template.root.get("resources") {
        Some(list) if list.is_list() => list.items().for_each(|node| declare(env, node, None, None, &mut all)),
        Some(map) => map.entries().for_each(|e| declare(env, e.value, Some(e.name()), None, &mut all)),
        None => {}
    }
    for item in &mut all {
        item.parent = parent(&env.at, &item.kind, &item.name).or_else(|| item.parent.take());
    }
    all
}

/// What a child is inside of: `a/b` of type `x/y/z` is inside `a` of type `x/y`.
fn parent(at: &Deployment<'_>, kind: &str, name: &Value) -> Option<Arc<str>> {
    let (kind, _) = kind.rsplit_once('/').filter(|(kind, _)| kind.contains('/'))?;
    let name = canonical(name).to_lowercase();
    let (name, _) = name.rsplit_once('/')?;
    at.names.borrow().get(&(kind.to_owned(), name.to_owned())).cloned()
}

struct Inside<'a> {
    kind: &'a str,
    name: &'a Value,
    address: &'a Arc<str>,
}

fn declare<'w, 'd>(
    env: &Env<'w, 'd>,
    node: Node<'d>,
    symbol: Option<&str>,
    inside: Option<&Inside<'_>>,
    all: &mut Vec<Item<'w, 'd>>,
) {
    let at = env.location(node);
    // What exists already stands where nobody here says.
    if node.get("existing").and_then(|e| e.as_bool()) == Some(true) {
        return;
    }
    let (count, doubt) = match node.get("copy").filter(|c| c.is_map()) {
        None => (None, None),
        Some(copy) => match env.count(copy) {
            Ok(count) => (Some((copy, count)), None),
            Err(unknown) => (Some((copy, 1)), Some(unknown)),
        },
    };
    for i in 0..count.map_or(1, |(_, count)| count) {
        if !env.world.budget.spend(1) {
            return;
        }
        let turn = match count {
            Some((copy, _)) => env.turn(copy.get("name").and_then(|n| n.text()).unwrap_or(""), i, at),
            None => env.clone(),
        };
        let mut uncertain = doubt.clone().or_else(|| env.at.uncertain.clone());
        if let Some(condition) = node.get("condition") {
            let value = turn.eval(condition);
            match value.as_bool() {
                Some(false) => continue,
                Some(true) => {}
                None => uncertain = Some(Value { is: Is::Unknown(reason(&value)), ..value }),
            }
        }
        let kind = node.get("type").and_then(|t| turn.eval(t).as_text().map(|t| t.into_owned())).unwrap_or_default();
        let name = node.get("name").map_or_else(|| turn.unknown("the resource has no name", at), |n| turn.eval(n));
        // The Bicep way of writing types keeps the version in them: `Microsoft.Storage/storageAccounts@2023-01-01`.
        let kind = kind.split('@').next().unwrap_or(&kind).to_owned();
        let (full, name) = match inside {
            Some(outer) if !kind.to_lowercase().starts_with("microsoft.") || kind.to_lowercase().starts_with(outer.kind) => {
                let kind = if kind.to_lowercase().starts_with(outer.kind) {
                    kind.to_lowercase()
                } else {
                    format!("{}/{}", outer.kind, kind.to_lowercase())
                };
                let whole = turn.world.budget.concat([outer.name.clone(), Value::text("/", at), name.clone()], at);
                (kind, if canonical(&name).contains('/') { name } else { whole })
            }
            _ => (kind.to_lowercase(), name),
        };
        let address = unique(
            env,
            symbol.map_or_else(
                || titled(&kind, &name),
                |s| match count {
                    Some(_) => format!("{s}[{i}]"),
                    None => s.to_owned(),
                },
            ),
        );
        {
            let mut names = env.at.names.borrow_mut();
            names.entry((full.clone(), canonical(&name).to_lowercase())).or_insert_with(|| Arc::clone(&address));
            if let Some(symbol) = symbol {
                names.entry((String::new(), symbol.to_lowercase())).or_insert_with(|| Arc::clone(&address));
            }
        }
        // A deployment's own template is another scope.
        if full != DEPLOYMENTS
            && let Some(children) = node.get("resources")
        {
            let inside = Inside { kind: &full, name: &name, address: &address };
            children.items().for_each(|child| declare(&turn, child, None, Some(&inside), all));
            children.entries().for_each(|e| declare(&turn, e.value, Some(e.name()), Some(&inside), all));
        }
        let parent = inside.map(|outer| Arc::clone(outer.address));
        all.push(Item { env: turn, node, kind: full, name, address, parent, uncertain, location: at });
    }
}

/// `storageAccounts/data001`; what is not known of the name is a star.
fn titled(kind: &str, name: &Value) -> String {
    let kind = kind.split_once('/').map_or(kind, |(_, kind)| kind);
    let name = match &name.is {
        Is::Partial(pieces) => pieces.iter().map(|p| if let Piece::Text(t) = p { t } else { "*" }).collect(),
        _ => name.as_text().map_or_else(|| "*".to_owned(), |t| t.into_owned()),
    };
    format!("{kind}/{name}")
}

fn unique(env: &Env<'_, '_>, address: String) -> Arc<str> {
    let names = env.at.names.borrow();
    let whole = |n: usize| match n {
        1 => format!("{}{address}", env.at.prefix),
        n => format!("{}{address}#{n}", env.at.prefix),
    };
    let taken = |wanted: &str| names.values().any(|known| known.as_ref() == wanted);
    let free = (1..).map(whole).find(|wanted| !taken(wanted));
    Arc::from(free.unwrap_or(address))
}

pub(super) fn is_deployment(kind: &str) -> bool {
    kind == DEPLOYMENTS
}

/// The deployment that a resource makes; `None`, with a gap, if its template is elsewhere.
pub(super) fn child<'w, 'd>(env: &Env<'w, 'd>, item: &Item<'w, 'd>, siblings: &[Item<'w, 'd>]) -> Option<Rc<Deployment<'d>>> {
    let not_read = |why: &str| {
        let message = format!("the resources of the deployment `{}` are not known: {why}", item.address);
        let help =
            "add its template to the project and link it with `relativePath`, or compile the template with its modules inside";
        everything(env, "nested-stack-not-read", message, help, item.location);
        None
    };
    let properties = item.node.get("properties")?;
    let inline = properties.get("template").filter(|t| t.is_map());
    let is_inner = properties
        .path(&["expressionEvaluationOptions", "scope"])
        .and_then(|s| s.text())
        .is_some_and(|s| s.eq_ignore_ascii_case("inner"));
    let mut lineage = env.at.lineage.clone();
    let template = match (inline, properties.get("templateLink")) {
        (Some(root), _) => super::world::Template { source: env.at.template.source, root },
        (None, Some(link)) => {
            let path = ["relativePath", "uri"].iter().find_map(|k| link.get(k)).map(|p| item.env.eval(p));
            let Some(path) = path else { return not_read("its template is a template spec") };
            let Some(text) = path.as_text() else { return not_read(&reason(&path).why) };
            let Some(index) = super::local(env, &text) else { return not_read(&format!("no template `{text}` was read")) };
            if lineage.contains(&index) {
                return not_read("it deploys itself");
            }
            lineage.push(index);
            env.world.templates[index]
        }
        (None, None) => return not_read("it names no template"),
    };
    let nesting = env.at.prefix.matches(':').count();
    if nesting >= MAX_NESTING || !env.world.deploys() {
        return not_read("deployments nest deeper than onshore follows");
    }
    let mut told = Told { given: BTreeMap::new(), ..env.at.told.clone() };
    if let Some(location) = item.node.get("location") {
        // Of a deployment to a subscription.
        told.region = item.env.eval(location);
    }
    if let Some(group) = item.node.get("resourceGroup") {
        let name = item.env.eval(group);
        let same = |i: &&Item<'w, 'd>| i.kind == GROUPS && canonical(&i.name) == canonical(&name);
        let place = siblings.iter().find(same).and_then(|i| Some(i.env.eval(i.node.get("location")?)));
        told.region = place.unwrap_or_else(|| {
            let named = name.as_text().map_or_else(String::new, |t| format!(" `{t}`"));
            let why = format!("it is deployed into the resource group{named}, whose location the template does not say");
            env.unknown(why, env.location(group))
        });
    }
    if let Some(subscription) = item.node.get("subscriptionId") {
        told.subscription = item.env.eval(subscription);
    }
    let parameters = properties.get("parameters");
    if properties.get("parametersLink").is_some() || parameters.is_some_and(|p| !p.is_map()) {
        return not_read("the values of its parameters stand elsewhere");
    }
    for entry in parameters.into_iter().flat_map(|p| p.entries()) {
        let value = match entry.value.get("value") {
            Some(value) => item.env.eval(value),
            None => item.env.unknown("it is a secret of a key vault", env.location(entry.value)),
        };
        told.given.insert(entry.name().to_lowercase(), value);
    }
    let prefix = format!("{}:", item.address);
    let mut deployment = Deployment::new(env.at.unit, template, lineage, prefix, told);
    deployment.uncertain = item.uncertain.clone();
    if inline.is_some() && !is_inner {
        deployment.outer = Some(Rc::clone(&env.at));
    }
    Some(Rc::new(deployment))
}

/// An output of a nested deployment.
pub(super) fn output(env: &Env<'_, '_>, address: &str, name: &str, at: Location) -> Option<Value> {
    let children = env.at.children.borrow();
    let child = Rc::clone(children.get(address)?);
    drop(children);
    let outputs = child.template.root.get("outputs")?;
    let output = outputs.entries().find(|e| e.name().eq_ignore_ascii_case(name))?.value.get("value")?;
    let value = Env::of(env.world, &child).eval(output);
    Some(match value.is {
        Is::Unknown(_) => Value { at, ..value },
        _ => value.used(at, format!("output `{name}`")),
    })
}
