//! A stack: a template with values for its parameters, in a region. Which resources it has (loops and conditions told), what its
//! parameters are, and the stacks nested in it. Rules of the template reference of the AWS CloudFormation user guide (2026).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::eval::{Env, Turns};
use super::template::Template;
use super::world::{Found, Touch, World};
use crate::doc::{Entry, Node};
use crate::read::paths;
use crate::read::resource::{Is, Unknown, Value};
use crate::source::Location;

/// Nested stacks deeper than this are not followed.
const MAX_NESTING: usize = 16;

/// What a stack is told from outside.
#[derive(Clone)]
pub(super) struct Told {
    pub region: Value,
    pub account: Value,
    pub name: Value,
    /// Values of parameters.
    pub given: BTreeMap<String, Value>,
    /// A part of what is given that cannot be told: any parameter may get its value there.
    pub unclear: Option<Value>,
}

pub(super) struct Stack<'d> {
    /// The stack of the top in which it stands (itself, at the top): an index among those.
    pub unit: usize,
    pub template: Template<'d>,
    /// Index of the template, and of those that it is nested in.
    lineage: Vec<usize>,
    /// Before the addresses of its resources: `Network.`.
    pub prefix: String,
    pub told: Told,
    /// Why it is not known whether the stack is there.
    pub uncertain: Option<Value>,
    parameters: RefCell<BTreeMap<String, Value>>,
    conditions: RefCell<BTreeMap<String, Option<Truth>>>,
    declared: RefCell<Option<Rc<Resources<'d>>>>,
    children: RefCell<BTreeMap<Arc<str>, Vec<Rc<Stack<'d>>>>>,
}

/// A resource as declared.
#[derive(Clone)]
pub(super) struct Declared<'d> {
    pub entry: Entry<'d>,
    pub vars: Turns,
}

/// What is known of a condition.
#[derive(Clone, Debug)]
pub(super) enum Truth {
    Known(bool),
    Unknown(Arc<Unknown>),
}

impl Truth {
    pub fn not(self) -> Self {
        match self {
            Self::Known(known) => Self::Known(!known),
            unknown @ Self::Unknown(_) => unknown,
        }
    }

    /// Of several: what decides wins over what is unknown.
    pub fn all(truths: impl IntoIterator<Item = Self>, decides: bool) -> Self {
        let mut result = Self::Known(!decides);
        for truth in truths {
            match truth {
                Self::Known(known) if known == decides => return Self::Known(decides),
                unknown @ Self::Unknown(_) => result = unknown,
                Self::Known(_) => {}
            }
        }
        result
    }

    pub fn of(value: &Value) -> Self {
        match value.as_bool() {
            Some(known) => Self::Known(known),
            None => Self::Unknown(reason(value)),
        }
    }
}

/// Why a value is not known, with all it may depend on.
pub(super) fn reason(value: &Value) -> Arc<Unknown> {
    let of: Vec<Arc<str>> = value.targets().into_iter().map(Arc::from).collect();
    let first = value.unknowns().first().map(|u| (u.why.clone(), u.help.clone()));
    let (why, help) = first.unwrap_or_else(|| match value.targets().first() {
        Some(target) => (format!("it comes from `{target}`, which is only known once the stack is there").into(), None),
        None => ("it is not of the kind that should stand here".into(), None),
    });
    Arc::new(Unknown { why, help, of })
}

impl<'d> Stack<'d> {
    pub fn top(unit: usize, world: &World<'d>, template: usize, prefix: String, told: Told) -> Self {
        Self::new(unit, world.templates[template], vec![template], prefix, told, None)
    }

    fn new(
        unit: usize,
        template: Template<'d>,
        lineage: Vec<usize>,
        prefix: String,
        told: Told,
        uncertain: Option<Value>,
    ) -> Self {
        Self {
            unit,
            template,
            lineage,
            prefix,
            told,
            uncertain,
            parameters: RefCell::default(),
            conditions: RefCell::default(),
            declared: RefCell::default(),
            children: RefCell::default(),
        }
    }

    pub fn address(&self, logical: &str) -> Arc<str> {
        Arc::from(format!("{}{logical}", self.prefix))
    }
}

/// By logical id.
pub(super) type Resources<'d> = BTreeMap<Arc<str>, Declared<'d>>;

/// The resources of a stack, loops unrolled.
pub(super) fn declared<'d>(env: &Env<'_, 'd>) -> Rc<Resources<'d>> {
    if let Some(known) = env.stack.declared.borrow().as_ref() {
        return Rc::clone(known);
    }
    // A loop over what resources give cannot be told: for it there are none.
    *env.stack.declared.borrow_mut() = Some(Rc::default());
    let template = env.stack.template;
    let entries: Vec<Entry<'d>> = template.section("Resources").collect();
    let mut all = BTreeMap::new();
    for (name, entry, vars) in env.unrolled(&entries) {
        if name.starts_with("Fn::") {
            let message = format!("`{name}` adds resources that onshore cannot know");
            everything(env, "macro-not-run", message, PROCESSED, template.at(entry.key));
            continue;
        }
        all.insert(Arc::from(name), Declared { entry, vars });
    }
    let all = Rc::new(all);
    *env.stack.declared.borrow_mut() = Some(Rc::clone(&all));
    all
}

/// The remedy for what only CloudFormation can rewrite.
pub(super) const PROCESSED: &str =
    "give the processed template instead: `aws cloudformation get-template --template-stage Processed`";

/// A gap that may hide any resource of the stack.
pub(super) fn everything(env: &Env<'_, '_>, code: &'static str, message: String, help: &str, location: Location) {
    let help = Some(help.to_owned());
    env.world.gap(Found { unit: env.stack.unit, code, message, help, location, touch: Touch::Everything });
}

/// The value of a parameter; `None` if the template declares none of that name.
pub(super) fn parameter(env: &Env<'_, '_>, name: &str) -> Option<Value> {
    if let Some(known) = env.stack.parameters.borrow().get(name) {
        return Some(known.clone());
    }
    let declaration = env.stack.template.find("Parameters", name)?;
    let value = told_parameter(env, name, declaration);
    env.stack.parameters.borrow_mut().insert(name.to_owned(), value.clone());
    Some(value)
}

fn told_parameter(env: &Env<'_, '_>, name: &str, declaration: Entry<'_>) -> Value {
    let template = env.stack.template;
    let at = template.at(declaration.key);
    let kind = declaration.value.get("Type").and_then(|t| t.text()).unwrap_or("String");
    if declaration.value.get("NoEcho").and_then(|n| n.as_bool()) == Some(true) {
        return Value::unknown(format!("parameter `{name}` is a secret (NoEcho)"), None, at);
    }
    let value = match (env.stack.told.given.get(name), declaration.value.get("Default")) {
        (Some(given), _) => given.used(at, format!("parameter `{name}` gets its value here")),
        (None, _) if let Some(unclear) = &env.stack.told.unclear => {
            Value { is: Is::Unknown(reason(unclear)), ..unclear.clone() }
        }
        (None, Some(default)) => match default.text() {
            Some(text) => Value::text(text, template.at(default)),
            None => Value::unknown(format!("the default of parameter `{name}` is no text"), None, template.at(default)),
        },
        (None, None) => {
            let allowed = declaration.value.get("AllowedValues").map_or(0, |v| v.items().len());
            let choice = if allowed > 0 { format!(" (any of {allowed} values is allowed)") } else { String::new() };
            let why = format!("parameter `{name}` has no value{choice}");
            let help = format!(
                "give `{name}` under `variables` or in one of `variable-files` of the template's `[[inputs.override]]`"
            );
            return Value::unknown(why, Some(help.into()), at);
        }
    };
    if kind.starts_with("AWS::SSM::Parameter::Value") {
        let named = value.as_text().map_or(String::new(), |t| format!(" `{t}`"));
        let why = format!("parameter `{name}` takes its value from the SSM parameter{named} when the stack is made");
        return Value { trail: value.trail, ..Value::unknown(why, None, at) };
    }
    let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
    match (&value.is, is_list) {
        (Is::Text(text), true) => {
            let item = |t: &str| Value { is: Is::Text(t.trim().into()), at: value.at, trail: value.trail.clone() };
            let items: Vec<Value> = text.split(',').map(item).collect();
            env.world.budget.spend(items.len());
            Value { is: Is::List(Arc::new(items)), ..value }
        }
        _ => value,
    }
}

/// Whether a named condition holds.
pub(super) fn condition(env: &Env<'_, '_>, name: &str) -> Truth {
    let unknown = |why: String| Truth::Unknown(Arc::new(Unknown { why: why.into(), help: None, of: Vec::new() }));
    match env.stack.conditions.borrow().get(name) {
        Some(Some(known)) => return known.clone(),
        Some(None) => return unknown(format!("condition `{name}` depends on itself")),
        None => {}
    }
    env.stack.conditions.borrow_mut().insert(name.to_owned(), None);
    let declared = env.stack.template.find("Conditions", name).map(|e| (e.value, Turns::default())).or_else(|| {
        let entries: Vec<Entry<'_>> = env.stack.template.section("Conditions").collect();
        let has_loop = entries.iter().any(|e| e.name().starts_with("Fn::ForEach::"));
        let mut unrolled = if has_loop { env.unrolled(&entries) } else { Vec::new() };
        let at = unrolled.iter().position(|(n, _, _)| n == name)?;
        let (_, entry, vars) = unrolled.swap_remove(at);
        Some((entry.value, vars))
    });
    let truth = match declared {
        Some((node, vars)) => Env { vars, ..env.clone() }.truth(node),
        None => unknown(format!("condition `{name}` is not declared")),
    };
    env.stack.conditions.borrow_mut().insert(name.to_owned(), Some(truth.clone()));
    truth
}

/// Whether a resource or output is there: the condition that it names.
pub(super) fn exists<'d>(env: &Env<'_, 'd>, node: Node<'d>) -> Truth {
    match node.get("Condition") {
        Some(name) => match name.text() {
            Some(name) => condition(env, &env.filled(name)),
            None => env.truth(name),
        },
        None => Truth::Known(true),
    }
}

/// An output's value as seen from another stack.
pub(super) fn output<'d>(world: &World<'d>, stack: &Rc<Stack<'d>>, name: &str, at: Location) -> Option<Value> {
    let env = Env::of(world, stack);
    let (entry, vars) = match stack.template.find("Outputs", name) {
        Some(entry) => (entry, Turns::default()),
        None => {
            let entries: Vec<Entry<'_>> = stack.template.section("Outputs").collect();
            let (_, entry, vars) = env.unrolled(&entries).into_iter().find(|(n, _, _)| n == name)?;
            (entry, vars)
        }
    };
    let env = Env { vars, ..env };
    if let Truth::Known(false) = exists(&env, entry.value) {
        return Some(Value::unknown(format!("output `{name}` is not there: its condition is false"), None, at));
    }
    let value = env.eval(entry.value.get("Value")?);
    Some(value.used(at, format!("output `{name}`")))
}

/// Whether this kind of resource is a stack inside the stack.
pub(super) fn is_stack(kind: &str) -> bool {
    matches!(kind, "AWS::CloudFormation::Stack" | "AWS::CloudFormation::StackSet" | "AWS::Serverless::Application")
}

/// The stacks that a resource makes: one, or one for each region of a stack set. None, with a gap, if its template is elsewhere.
pub(super) fn children<'d>(env: &Env<'_, 'd>, logical: &str) -> Vec<Rc<Stack<'d>>> {
    if let Some(known) = env.stack.children.borrow().get(logical) {
        return known.clone();
    }
    // Where a stack's parameters need its own outputs it has none yet.
    env.stack.children.borrow_mut().insert(Arc::from(logical), Vec::new());
    let Some(Declared { entry, vars }) = declared(env).get(logical).cloned() else { return Vec::new() };
    let inside = Env { vars, ..env.clone() };
    let found = instantiate(&inside, logical, entry);
    env.stack.children.borrow_mut().insert(Arc::from(logical), found.clone());
    found
}

/// The template that a resource nests, if it was read.
pub(super) fn template_of<'d>(env: &Env<'_, 'd>, declared: &Declared<'d>) -> Option<usize> {
    let node = declared.entry.value;
    let kind = node.get("Type").and_then(|t| t.text()).filter(|kind| is_stack(kind))?;
    let url = node.path(&["Properties", if kind == "AWS::Serverless::Application" { "Location" } else { "TemplateURL" }])?;
    let inside = Env { vars: declared.vars.clone(), ..env.clone() };
    local(env, &inside.eval(url).as_text()?)
}

fn instantiate<'d>(env: &Env<'_, 'd>, logical: &str, entry: Entry<'d>) -> Vec<Rc<Stack<'d>>> {
    let at = env.stack.template.at(entry.key);
    let kind = entry.value.get("Type").and_then(|t| t.text()).unwrap_or("");
    let properties = entry.value.get("Properties").map(|p| env.eval(p));
    let get = |key: &str| properties.as_ref().and_then(|p| p.get(key)).cloned();
    let url = get(if kind == "AWS::Serverless::Application" { "Location" } else { "TemplateURL" });
    let not_read = |why: String| {
        let message = format!("the resources of the nested stack `{logical}` are not known: {why}");
        let help = "add its template to the project and name it by its path, as `aws cloudformation package` takes it";
        everything(env, "nested-stack-not-read", message, help, url.as_ref().map_or(at, |u| u.at));
        Vec::new()
    };
    let Some(url) = &url else {
        let why = if get("TemplateBody").is_some() { "its template is a text inside this one" } else { "no template is named" };
        return not_read(why.to_owned());
    };
    let Some(path) = url.as_text() else {
        return not_read(reason(url).why.to_string());
    };
    let Some(template) = local(env, &path) else {
        return not_read(format!("no template `{path}` was read"));
    };
    if env.stack.lineage.contains(&template) {
        return not_read(format!("`{path}` nests itself"));
    }
    if env.stack.lineage.len() > MAX_NESTING {
        return not_read(format!("stacks nest deeper than {MAX_NESTING} levels"));
    }
    let (given, unclear) = given(get("Parameters"));
    let name = Value::unknown("the name of a nested stack is made up when the stack is made", None, at);
    let told = Told { name, given, unclear, ..env.stack.told.clone() };
    let mut tolds: Vec<(String, Told)> = Vec::new();
    if kind == "AWS::CloudFormation::StackSet" {
        let (regions, accounts) = instances(get("StackInstancesGroup"));
        let account = match accounts.as_slice() {
            [one] => one.clone(),
            _ => Value::unknown("the stack set goes to several accounts", None, at),
        };
        if regions.is_empty() {
            return not_read("the stack set does not say in which regions it has instances".to_owned());
        }
        for region in regions {
            let label = region.as_text().map_or_else(|| "?".to_owned(), |t| t.into_owned());
            let prefix = format!("{}{logical}[{label}].", env.stack.prefix);
            tolds.push((prefix, Told { region, account: account.clone(), ..told.clone() }));
        }
    } else {
        tolds.push((format!("{}{logical}.", env.stack.prefix), told));
    }
    let uncertain = match exists(env, entry.value) {
        Truth::Unknown(why) => Some(Value::new(Is::Unknown(why), entry.value.get("Condition").map_or(at, |c| env.at(c)))),
        Truth::Known(_) => env.stack.uncertain.clone(),
    };
    let lineage: Vec<usize> = env.stack.lineage.iter().copied().chain([template]).collect();
    let mut stacks = Vec::new();
    for (prefix, told) in tolds {
        let stack = Stack::new(env.stack.unit, env.world.templates[template], lineage.clone(), prefix, told, uncertain.clone());
        match env.world.add(stack) {
            Some(stack) => stacks.push(stack),
            None => return not_read("there are more stacks than onshore is willing to read".to_owned()),
        }
    }
    stacks
}

/// A map, or a stack set's list of keys and values; and a part of them that cannot be told, which may be the value of any.
fn given(parameters: Option<Value>) -> (BTreeMap<String, Value>, Option<Value>) {
    let (mut given, mut unclear) = (BTreeMap::new(), None);
    let text_of_list = |v: &Value| match v.as_list() {
        // A list for a list parameter is joined with commas.
        Some(list) => match list.iter().map(|v| v.as_text()).collect::<Option<Vec<_>>>() {
            Some(texts) => Value { is: Is::Text(texts.join(",").into()), ..v.clone() },
            None => v.clone(),
        },
        None => v.clone(),
    };
    match parameters {
        None | Some(Value { is: Is::Null, .. }) => {}
        Some(Value { is: Is::Map(map), .. }) => given.extend(map.iter().map(|(k, v)| (k.to_string(), text_of_list(v)))),
        Some(Value { is: Is::List(list), .. }) => {
            for pair in list.iter() {
                match (pair.get("ParameterKey").and_then(|k| k.as_text()), pair.get("ParameterValue")) {
                    (Some(key), Some(value)) => _ = given.insert(key.into_owned(), text_of_list(value)),
                    _ => unclear = Some(pair.clone()),
                }
            }
        }
        unknown => unclear = unknown,
    }
    (given, unclear)
}

/// Regions and accounts of a stack set's instances.
fn instances(groups: Option<Value>) -> (Vec<Value>, Vec<Value>) {
    let (mut regions, mut accounts): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    let mut take = |value: Option<&Value>, to_regions: bool| {
        let to = if to_regions { &mut regions } else { &mut accounts };
        let Some(value) = value else { return };
        let values = value.as_list().unwrap_or_else(|| std::slice::from_ref(value));
        for value in values {
            if !to.iter().any(|known: &Value| known.is == value.is) {
                to.push(value.clone());
            }
        }
    };
    match groups.as_ref() {
        Some(Value { is: Is::List(list), .. }) => {
            for group in list.iter() {
                let unknown = (!matches!(group.is, Is::Map(_))).then_some(group);
                take(group.get("Regions").or(unknown), true);
                take(group.get("DeploymentTargets").and_then(|t| t.get("Accounts")), false);
            }
        }
        Some(unknown) => take(Some(unknown), true),
        None => {}
    }
    (regions, accounts)
}

/// The index of a template by a path as another template writes it.
fn local(env: &Env<'_, '_>, path: &str) -> Option<usize> {
    let folder = paths::folder(env.path_of(env.stack.template.source));
    env.world.by_path.get(paths::joined(folder, path)?.as_str()).copied()
}
