//! The configuration inside a plan: which provider each resource uses and where that is set, and what an attribute that is known
//! only after apply refers to, through variables and outputs of modules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::File;
use super::address::{join, parent, parts, split_key, without_keys};
use super::layout::Variable;
use super::values::{Keys, plain};
use crate::doc::{self, Document, Node};
use crate::read::resource::{Is, Target, Unknown, Value};
use crate::source::{Location, Span};

/// References that say which instance something is, not what it is.
const SOFT: [&str; 6] = ["each", "count", "self", "path", "terraform", "tofu"];
/// References lead through at most this many modules.
const MAX_STEPS: usize = 64;
/// So many references are followed for one attribute.
const MAX_FOLLOWED: usize = 1000;

/// The `configuration` of a plan.
pub struct Configuration<'d> {
    root: Option<Node<'d>>,
    at: Place,
    /// By module without keys: its node, and the folder it lies in where that is known.
    modules: BTreeMap<String, (Node<'d>, Option<String>)>,
    /// By module without keys and `aws_x.y` joined.
    resources: BTreeMap<String, Node<'d>>,
    providers: BTreeMap<&'d str, Node<'d>>,
    /// Values of the root's variables.
    variables: BTreeMap<String, Value>,
    /// Instances by their address without their own key.
    instances: BTreeMap<String, Vec<Arc<str>>>,
    /// Module instances by their address without their own key.
    module_instances: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Clone, Copy)]
struct Place {
    source: crate::source::SourceId,
    base: usize,
}

/// What references lead to.
struct Found {
    /// References that may still be followed, so that modules that name each other many times end.
    left: usize,
    targets: Vec<Target>,
    values: Vec<Value>,
    /// Names that the plan does not say more of.
    unclear: Vec<String>,
}

impl<'d> Configuration<'d> {
    /// `document`: the text of `configuration`, parsed; `text`: that text.
    pub fn new(
        document: &'d Document<'d>,
        text: Option<&str>,
        variables: &BTreeMap<String, Variable<'_>>,
        file: &File<'_>,
    ) -> Self {
        let base = text.map_or(0, |t| file.offset(t));
        let mut keys = Keys::default();
        let mut values = BTreeMap::new();
        for (name, variable) in variables {
            let Some(raw) = variable.value else { continue };
            let parsed = doc::json::parse(raw.get());
            let Some(node) = parsed.root() else { continue };
            values.insert(name.clone(), plain(node, file.source, file.offset(raw.get()), &mut keys));
        }
        let root = document.root();
        let mut this = Self {
            root,
            at: Place { source: file.source, base },
            modules: BTreeMap::new(),
            resources: BTreeMap::new(),
            providers: BTreeMap::new(),
            variables: values,
            instances: BTreeMap::new(),
            module_instances: BTreeMap::new(),
        };
        if let Some(providers) = root.and_then(|r| r.get("provider_config")) {
            this.providers.extend(providers.entries().map(|e| (e.name(), e.value)));
        }
        if let Some(module) = root.and_then(|r| r.get("root_module")) {
            this.module(String::new(), module, Some(file.folder.to_owned()));
        }
        this
    }

    /// Depth is bounded by that of the document.
    fn module(&mut self, path: String, node: Node<'d>, folder: Option<String>) {
        for resource in node.get("resources").into_iter().flat_map(|r| r.items()) {
            if let Some(address) = resource.get("address").and_then(|a| a.text()) {
                // Early formats wrote the whole address, later ones the one inside the module.
                let own = address.strip_prefix(&format!("{path}.")).filter(|_| !path.is_empty()).unwrap_or(address);
                self.resources.insert(join(&path, own), resource);
            }
        }
        for call in node.get("module_calls").into_iter().flat_map(|c| c.entries()) {
            let path = join(&path, &format!("module.{}", call.name()));
            let source = call.value.get("source").and_then(|s| s.as_str());
            let folder = folder.as_deref().zip(source).and_then(|(f, s)| super::folder::join(f, s));
            if let Some(module) = call.value.get("module") {
                self.module(path, module, folder);
            }
        }
        self.modules.insert(path, (node, folder));
    }

    /// Makes an instance known, so that references find it.
    pub fn stands(&mut self, module: &str, base: &str, address: &Arc<str>) {
        self.instances.entry(join(module, base)).or_default().push(Arc::clone(address));
        let mut at = Some(module);
        while let Some(module) = at.filter(|m| !m.is_empty()) {
            let name = parts(module).last().map_or("", |p| split_key(p).0).to_owned();
            let up = parent(module);
            let without = join(up.unwrap_or(""), &format!("module.{name}"));
            if !self.module_instances.entry(without).or_default().insert(module.to_owned()) {
                break;
            }
            at = up;
        }
    }

    /// The folder of a module's files, where it is told.
    pub fn folder(&self, module: &str) -> Option<&str> {
        self.modules.get(&without_keys(module))?.1.as_deref()
    }

    /// Whether the plan has a configuration at all.
    pub fn is_there(&self) -> bool {
        self.root.is_some_and(|r| r.get("root_module").is_some())
    }

    fn resource(&self, module: &str, base: &str) -> Option<Node<'d>> {
        self.resources.get(&join(&without_keys(module), base)).copied()
    }

    /// The key of a resource's provider configuration: `aws`, `aws.us`, `module.eu:aws`.
    pub fn provider_key(&self, module: &str, base: &str) -> Option<&'d str> {
        self.resource(module, base)?.get("provider_config_key")?.text()
    }

    /// The provider configuration of a key, and the module that it is written in. Plans of Terraform before 1.1 name the module
    /// that uses a configuration, though a caller may have given it: then it is clear only if there is one that it can be.
    pub fn provider(&self, key: &str) -> Option<(Node<'d>, String)> {
        let found = self.providers.get(key).copied().or_else(|| {
            let (_, local) = key.rsplit_once(':')?;
            let name = local.split('.').next()?;
            let mut same = self.providers.iter().filter(|(_, p)| p.get("name").and_then(|n| n.text()) == Some(name));
            match (same.next(), same.next()) {
                (Some((_, only)), None) => Some(*only),
                _ => None,
            }
        })?;
        let module = found.get("module_address").and_then(|m| m.text()).unwrap_or("");
        Some((found, module.to_owned()))
    }

    /// What a setting of a provider configuration is: `region`; or down a path, lists entered: `assume_role.role_arn`.
    pub fn setting(&self, provider: Node<'d>, module: &str, path: &[&str]) -> Option<Value> {
        let leaves = leaves(provider.get("expressions")?, path);
        let leaf = *leaves.first()?;
        if let Some(constant) = leaf.get("constant_value") {
            let value = plain(constant, self.at.source, self.at.base, &mut Keys::default());
            return (!value.is_null() && value.as_text().is_none_or(|t| !t.is_empty())).then_some(value);
        }
        // A provider configuration stands in a module of which there is one instance.
        Some(self.references(&leaves, module, None, self.location(leaf)))
    }

    /// What an attribute that is known only after apply refers to. `None`: the configuration does not mention it.
    pub fn later(&self, module: &str, base: &str, key: Option<&str>, path: &[&str]) -> Option<Value> {
        let expressions = self.resource(module, base)?.get("expressions")?;
        let leaves: Vec<Node<'d>> = leaves(expressions, path).into_iter().filter(|l| l.get("references").is_some()).collect();
        let at = self.location(*leaves.first()?);
        Some(self.references(&leaves, module, key, at))
    }

    fn references(&self, leaves: &[Node<'d>], module: &str, key: Option<&str>, at: Location) -> Value {
        let mut found = Found { left: MAX_FOLLOWED, targets: Vec::new(), values: Vec::new(), unclear: Vec::new() };
        for leaf in leaves {
            self.follow(*leaf, module, key, MAX_STEPS, &mut found);
        }
        found.targets.dedup();
        match (found.targets.as_slice(), found.values.as_slice(), found.unclear.as_slice()) {
            ([target], [], []) => Value::new(Is::Reference(Arc::new(target.clone())), at),
            ([], [value], []) => value.used(at, "its value is here"),
            _ => {
                let of: BTreeSet<Arc<str>> = found.targets.iter().map(|t| Arc::clone(&t.address)).collect();
                let names: BTreeSet<&str> =
                    of.iter().map(AsRef::as_ref).chain(found.unclear.iter().map(String::as_str)).collect();
                let names: Vec<&str> = names.into_iter().take(5).collect();
                let why = match names.as_slice() {
                    [] => "it is known only after apply".to_owned(),
                    names => format!("it is known only after apply, from `{}`", names.join("`, `")),
                };
                let help = Some("give the state after the apply too, or the configuration's own files".into());
                Value::new(Is::Unknown(Arc::new(Unknown { why: why.into(), help, of: of.into_iter().collect() })), at)
            }
        }
    }

    /// Follows the references of one expression in a module instance.
    fn follow(&self, leaf: Node<'d>, module: &str, key: Option<&str>, steps: usize, found: &mut Found) {
        let names: Vec<&str> = leaf.get("references").into_iter().flat_map(|r| r.items()).filter_map(|r| r.text()).collect();
        // `a.b.c` is listed with its prefix `a.b`.
        let is_prefix = |name: &str| {
            names.iter().any(|n| n.strip_prefix(name).is_some_and(|rest| rest.starts_with('.') || rest.starts_with('[')))
        };
        let mut whole: Vec<&str> = names.iter().filter(|n| !is_prefix(n)).copied().collect();
        let soft = |name: &&str| SOFT.contains(&name.split('.').next().unwrap_or(""));
        if whole.iter().any(|n| !soft(n)) {
            whole.retain(|n| !soft(n));
        }
        for name in whole {
            found.left = found.left.saturating_sub(1);
            if steps == 0 || found.left == 0 {
                found.unclear.push(name.to_owned());
                continue;
            }
            match parts(name).as_slice() {
                ["var", variable, path @ ..] => self.variable(module, variable, path, name, steps, found),
                ["module", called, output, ..] => self.output(module, called, output, name, steps, found),
                ["data", kind, own, rest @ ..] => self.target(module, &format!("data.{kind}"), own, rest, key, name, found),
                [word, ..] if *word == "local" || SOFT.contains(word) => found.unclear.push(name.to_owned()),
                [kind, own, rest @ ..] => self.target(module, kind, own, rest, key, name, found),
                _ => found.unclear.push(name.to_owned()),
            }
        }
    }

    fn variable(&self, module: &str, variable: &str, path: &[&str], name: &str, steps: usize, found: &mut Found) {
        let (variable, key) = split_key(variable);
        let Some(caller) = parent(module) else {
            let value = self.variables.get(variable).and_then(|v| inside(v, key, path));
            return match value {
                Some(value) => found.values.push(value.clone()),
                None => found.unclear.push(name.to_owned()),
            };
        };
        let own = parts(module).last().map_or("", |p| split_key(p).0).to_owned();
        let calls = self.modules.get(&without_keys(caller)).and_then(|(node, _)| node.get("module_calls"));
        let call = calls.and_then(|c| c.get(&own));
        if let Some(given) = call.and_then(|c| c.get("expressions")).and_then(|e| e.get(variable)) {
            if let Some(constant) = given.get("constant_value") {
                let value = plain(constant, self.at.source, self.at.base, &mut Keys::default());
                return match inside(&value, key, path) {
                    Some(value) => found.values.push(value.clone()),
                    None => found.unclear.push(name.to_owned()),
                };
            }
            return self.follow(given, caller, None, steps - 1, found);
        }
        let default = self.modules.get(&without_keys(module)).and_then(|(node, _)| node.get("variables"));
        match default.and_then(|v| v.get(variable)).and_then(|v| v.get("default")) {
            Some(default) => {
                let value = plain(default, self.at.source, self.at.base, &mut Keys::default());
                match inside(&value, key, path) {
                    Some(value) => found.values.push(value.clone()),
                    None => found.unclear.push(name.to_owned()),
                }
            }
            None => found.unclear.push(name.to_owned()),
        }
    }

    fn output(&self, module: &str, called: &str, output: &str, name: &str, steps: usize, found: &mut Found) {
        let (called, key) = split_key(called);
        let without = join(module, &format!("module.{called}"));
        let node = self.modules.get(&without_keys(&without)).and_then(|(node, _)| node.get("outputs"));
        let expression = node.and_then(|o| o.get(split_key(output).0)).and_then(|o| o.get("expression"));
        let instances = self.module_instances.get(&without);
        let exact = key.map(|k| format!("{without}{k}"));
        let chosen: Vec<&String> = match (&exact, instances) {
            (Some(exact), Some(all)) if all.contains(exact) => vec![exact],
            (_, Some(all)) => all.iter().collect(),
            (_, None) => Vec::new(),
        };
        let Some(expression) = expression.filter(|_| !chosen.is_empty()) else { return found.unclear.push(name.to_owned()) };
        if let Some(constant) = expression.get("constant_value") {
            return found.values.push(plain(constant, self.at.source, self.at.base, &mut Keys::default()));
        }
        for instance in chosen {
            self.follow(expression, instance, None, steps - 1, found);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a reference taken apart")]
    fn target(&self, module: &str, kind: &str, own: &str, rest: &[&str], from: Option<&str>, name: &str, found: &mut Found) {
        let (own, key) = split_key(own);
        let without = join(module, &format!("{kind}.{own}"));
        let attribute = rest.join(".").into_boxed_str();
        let Some(all) = self.instances.get(&without) else { return found.unclear.push(name.to_owned()) };
        let with_key = |key: Option<&str>| {
            let address = format!("{without}{}", key?);
            all.iter().find(|a| a.as_ref() == address)
        };
        // Without a key of its own, an instance of the same key is meant: `other[each.key]`.
        let one = with_key(key).or_else(|| with_key(from)).or_else(|| all.first().filter(|_| all.len() == 1));
        let chosen = one.map_or(all.as_slice(), std::slice::from_ref);
        found.targets.extend(chosen.iter().map(|a| Target {
            address: Arc::clone(a),
            attribute: attribute.clone(),
            known: None,
        }));
    }

    pub fn location(&self, node: Node<'_>) -> Location {
        let span = node.span();
        let (start, end) = (self.at.base + span.start as usize, self.at.base + span.end as usize);
        Location::new(self.at.source, Span::new(start, end))
    }
}

/// Into a variable's value by `["key"]` or `[0]`, and by names.
fn inside<'v>(value: &'v Value, key: Option<&str>, path: &[&str]) -> Option<&'v Value> {
    let enter = |value: &'v Value, key: &str| {
        let key = key.trim_start_matches('[').trim_end_matches(']');
        match key.parse::<usize>() {
            Ok(index) => value.as_list()?.get(index),
            Err(_) => value.get(key.trim_matches('"')),
        }
    };
    let mut value = match key {
        Some(key) => enter(value, key)?,
        None => value,
    };
    for part in path {
        let (name, key) = split_key(part);
        value = value.get(name)?;
        if let Some(key) = key {
            value = enter(value, key)?;
        }
    }
    Some(value)
}

/// The expressions at the end of a path of names; every element of a list on the way is entered.
fn leaves<'d>(node: Node<'d>, path: &[&str]) -> Vec<Node<'d>> {
    let mut at = vec![node];
    for name in path {
        let mut next = Vec::new();
        for node in at {
            if is_leaf(node) {
                next.push(node);
            } else if node.is_list() {
                next.extend(node.items().filter_map(|item| if is_leaf(item) { Some(item) } else { item.get(name) }));
            } else {
                next.extend(node.get(name));
            }
        }
        at = next;
    }
    at.into_iter().filter(|n| is_leaf(*n)).collect()
}

fn is_leaf(node: Node<'_>) -> bool {
    node.get("references").is_some_and(|r| r.is_list()) || node.get("constant_value").is_some()
}
