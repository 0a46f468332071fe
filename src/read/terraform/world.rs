//! One root module and all that it calls, evaluated by demand: a variable, local, output or resource is looked at when somebody
//! asks for it, and once. What depends on itself, or grows beyond all measure, becomes unknown and is told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::ast::{Attribute, Block, Part, Step};
use super::eval::{Each, Eval, Refusal, Root, Scope, refuse, size};
use super::module::Module;
use super::tree::{Given, Tree};
use super::types;
use super::value::{list, map, unknown_of};
use crate::read::FileSettings;
use crate::read::resource::{Is, Unknown, Value};
use crate::source::{Location, SourceId};

/// Expressions evaluated within each other.
const MAX_DEPTH: u32 = 700;
/// Expressions and elements of one root module. The largest public configurations take a hundredth of it.
const MAX_WORK: usize = 5_000_000;
const TOO_MANY_STEPS: &str = "evaluating this configuration takes more steps than any real one";
/// Bytes of one text.
const MAX_TEXT: usize = 4 << 20;
/// Elements of one list or map.
const MAX_ELEMENTS: usize = 200_000;
/// Module calls within each other.
const MAX_MODULES_DEEP: usize = 32;
/// Module instances of one root.
const MAX_INSTANCES: usize = 5_000;

/// Something to tell beside the resources. `touches`: addresses of resources; empty: everything.
pub struct Trouble {
    pub code: &'static str,
    pub message: String,
    pub help: Option<String>,
    pub at: Location,
    pub touches: Touches,
}

pub enum Touches {
    Everything,
    Resources(Vec<Arc<str>>),
    Nothing,
}

pub struct World<'a> {
    pub tree: &'a Tree<'a>,
    pub instances: Vec<Instance<'a>>,
    given: BTreeMap<&'a str, Given<'a>>,
    /// What the project file says of the root module.
    pub told: &'a FileSettings,
    depth: u32,
    work: usize,
    pub troubles: Vec<Trouble>,
    /// Codes of bounds that were met: each is told once.
    bounds_met: BTreeSet<&'static str>,
    symbols: HashMap<(usize, usize), Slot<Value>>,
    expansions: HashMap<(usize, usize), Slot<Rc<super::expand::Expansion>>>,
    children: HashMap<(usize, usize), Slot<Rc<Vec<Child>>>>,
    pub(super) attributes: HashMap<(Arc<str>, Box<str>), Slot<Value>>,
    pub(super) addresses: HashMap<Arc<str>, Addressed<'a>>,
    pub(super) templates: HashMap<SourceId, Option<Rc<Vec<Part>>>>,
    /// Files that were read by functions.
    pub files: BTreeSet<SourceId>,
    /// Files with values of variables that were used.
    pub value_files: BTreeSet<SourceId>,
}

/// One instance of a module.
pub struct Instance<'a> {
    pub module: &'a Module,
    /// `module.eu["x"].`; empty for the root.
    pub path: Arc<str>,
    pub parent: Option<usize>,
    pub call: Option<&'a Block>,
    /// Of the call.
    pub each: Option<Rc<Each>>,
    /// What decides whether it exists, where the `count` of its call or of a call above is not known.
    pub unsure: Option<Value>,
    /// Names of the calls down to here, as `modules.json` writes them: `eu.vpc`.
    key: String,
    deep: usize,
}

/// One instance of a module call.
#[derive(Clone)]
pub struct Child {
    pub each: Option<Rc<Each>>,
    pub address: Arc<str>,
    /// `None`: the module's files are not here.
    pub instance: Option<usize>,
    /// The key in a map of instances; `None` for a single one or one of a list.
    pub form: super::expand::Form,
    /// See [`Instance::unsure`].
    pub unsure: Option<Value>,
}

/// What an address stands for.
#[derive(Clone)]
pub enum Addressed<'a> {
    Resource { instance: usize, block: &'a Block, each: Option<Rc<Each>>, data: bool, single: bool },
    Module(usize),
}

pub(super) enum Slot<T> {
    /// Being evaluated: who asks for it now goes in a circle.
    Busy,
    Done(T),
}

impl<'a> World<'a> {
    pub fn new(tree: &'a Tree<'a>, module: &'a Module, told: &'a FileSettings) -> Self {
        let root = Instance {
            module,
            path: "".into(),
            parent: None,
            call: None,
            each: None,
            unsure: None,
            key: String::new(),
            deep: 0,
        };
        let (given, value_files) = tree.given(module, told);
        Self {
            tree,
            instances: vec![root],
            given,
            told,
            depth: 0,
            work: 0,
            troubles: Vec::new(),
            bounds_met: BTreeSet::new(),
            symbols: HashMap::new(),
            expansions: HashMap::new(),
            children: HashMap::new(),
            attributes: HashMap::new(),
            addresses: HashMap::new(),
            templates: HashMap::new(),
            files: BTreeSet::new(),
            value_files,
        }
    }

    // --- bounds ---

    /// Goes one expression deeper, if there is room.
    pub fn enter(&mut self, at: Location) -> Option<Value> {
        self.work += 1;
        if self.depth >= MAX_DEPTH {
            return Some(self.bound("terraform-too-deep", "expressions depend on each other more than 700 deep", at));
        }
        if self.work > MAX_WORK {
            return Some(self.bound("terraform-too-large", TOO_MANY_STEPS, at));
        }
        self.depth += 1;
        None
    }

    /// Unknown, if all steps are used up: a loop then ends.
    pub fn exhausted(&mut self, at: Location) -> Option<Value> {
        (self.work > MAX_WORK).then(|| self.bound("terraform-too-large", TOO_MANY_STEPS, at))
    }

    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    pub fn spend(&mut self, work: usize) {
        self.work = self.work.saturating_add(work);
    }

    /// Unknown, and told once for the whole root module.
    pub fn bound(&mut self, code: &'static str, message: &'static str, at: Location) -> Value {
        if self.bounds_met.insert(code) {
            let help = Some("give the plan instead: `terraform show -json`".to_owned());
            self.troubles.push(Trouble { code, message: message.to_owned(), help, at, touches: Touches::Everything });
        }
        Value::unknown(message, None, at)
    }

    pub fn too_long(&mut self, bytes: usize, at: Location) -> Option<Value> {
        (bytes > MAX_TEXT).then(|| self.bound("terraform-too-large", "this text grows beyond 4 MiB", at))
    }

    pub fn too_large(&mut self, value: Value, at: Location) -> Value {
        let text = matches!(&value.is, Is::Text(t) if t.len() > MAX_TEXT);
        if text || size(&value) > MAX_ELEMENTS {
            return self.bound("terraform-too-large", "this value grows beyond all measure", at);
        }
        value
    }

    // --- names ---

    /// What a name at the beginning of a traversal stands for.
    pub fn root(&mut self, name: &str, steps: &[Step], at: Location, scope: Scope<'_>) -> Result<Root, Box<Refusal>> {
        let instance = scope.instance;
        let word = |i: usize| match steps.get(i) {
            Some(Step::Attribute(name)) => Some(name.clone()),
            Some(Step::Index(e)) => e.as_text().map(Arc::from),
            _ => None,
        };
        let first = word(0);
        let root = |value, taken, step| Ok(Root { value, taken, step });
        let Some(first) = first else {
            return match name {
                "var" | "local" | "each" | "count" | "path" | "module" | "data" | "terraform" | "self" => {
                    root(Value::unknown(format!("`{name}` as a whole is not followed"), None, at), steps.len(), None)
                }
                _ => refuse(at, format!("`{name}` is not declared here")),
            };
        };
        match name {
            "var" => {
                let (value, step) = self.variable(instance, &first, at)?;
                root(value, 1, step)
            }
            "local" => {
                let value = self.local(instance, &first, at)?;
                root(value, 1, Some(format!("local `{first}` is set here")))
            }
            "each" => match (scope.each, &*first) {
                (Some(Each::Key(key, _)), "key") => root(key.clone(), 1, Some("for_each gives its key here".to_owned())),
                (Some(Each::Key(_, value)), "value") => {
                    root(value.clone(), 1, Some("for_each gives its value here".to_owned()))
                }
                _ => refuse(at, format!("`each.{first}` is asked for where no for_each is")),
            },
            "count" => match scope.each {
                Some(Each::Count(index)) => root(index.clone(), 1, None),
                _ => refuse(at, "`count.index` is asked for where no count is"),
            },
            "path" => {
                let root_folder = &self.instances[0].module.folder;
                let text = match &*first {
                    "module" => relative(root_folder, &self.instances[instance].module.folder),
                    _ => ".".to_owned(),
                };
                root(Value::text(text, at), 1, None)
            }
            "terraform" => root(self.workspace(at), 1, None),
            "self" => root(Value::unknown("`self` is only known to provisioners", None, at), steps.len(), None),
            "module" => self.module_root(instance, &first, at),
            "data" | "ephemeral" => match word(1) {
                Some(second) => {
                    let value = self.resource(instance, true, &first, &second, at);
                    root(value, 2, None)
                }
                None => refuse(at, "a data source's name is missing"),
            },
            kind => {
                let value = self.resource(instance, false, kind, &first, at);
                root(value, 1, None)
            }
        }
    }

    fn workspace(&mut self, at: Location) -> Value {
        if let Some(told) = self.told.variables.get("terraform.workspace") {
            return Value::text(told.text.as_str(), told.location).used(at, "the workspace is given here");
        }
        let help = "name it as `\"terraform.workspace\"` under `variables` of an [[inputs.override]]";
        Value::unknown("the workspace is chosen when Terraform runs", Some(help.into()), at)
    }

    /// A variable's value, and what to say of the line where it gets it.
    fn variable(&mut self, instance: usize, name: &str, at: Location) -> Result<(Value, Option<String>), Box<Refusal>> {
        let here = &self.instances[instance];
        let (module, call, parent) = (here.module, here.call, here.parent);
        let Some((name, block)) = module.variables.get_key_value(name) else {
            return Ok((self.not_declared(module, &format!("variable `{name}`"), at), None));
        };
        let input = call.and_then(|c| c.body.get(name));
        let step = match (call, input, self.given.contains_key(&**name) && instance == 0) {
            (Some(call), Some(_), _) => format!("module `{}` is given `{name}` here", call.label(0)),
            (None, _, true) => format!("variable `{name}` gets its value here"),
            _ if block.body.get("default").is_none() => format!("variable `{name}` is declared here"),
            _ => format!("variable `{name}` has this default"),
        };
        let key = (instance, address_of(block));
        let value = match self.symbol(key, &format!("variable `{name}`"), block.location()) {
            Some(value) => value,
            None => {
                let raw = match (input, parent) {
                    (Some(input), Some(parent)) => {
                        let each = self.instances[instance].each.clone();
                        Some(self.eval(&input.value, Scope::of(parent, input.source, each.as_deref())))
                    }
                    _ if instance == 0 => self.given_value(name, block),
                    _ => None,
                };
                let value = self.typed(instance, block, raw);
                self.symbols.insert(key, Slot::Done(value.clone().unwrap_or_else(|r| refused(&r))));
                value?
            }
        };
        Ok((value, Some(step)))
    }

    /// The given value of a root module's variable.
    fn given_value(&mut self, name: &str, block: &'a Block) -> Option<Eval> {
        let kind = block.body.get("type").map(|t| types::parse(&t.value));
        match self.given.get(name)?.clone() {
            Given::Written(attribute) => Some(self.eval(&attribute.value, closed(attribute.source))),
            Given::Told { text, at, step } => {
                let plain = Value::text(text, at);
                // Values for anything but a text are expressions.
                let is_text = matches!(kind, None | Some(types::Type::Text | types::Type::Any));
                let scalar = matches!(kind, Some(types::Type::Number | types::Type::Bool));
                let value = match super::parse::expression(text, at.source, at.span) {
                    Some(expr) if !is_text && !scalar => self.eval(&expr, closed(at.source)),
                    _ => Ok(plain),
                };
                Some(value.map(|v| match step {
                    Some(step) => v.used(block.location(), step),
                    None => v,
                }))
            }
        }
    }

    /// The value as the variable's declaration wants it: its default if there is none, of its type.
    fn typed(&mut self, instance: usize, block: &'a Block, raw: Option<Eval>) -> Eval {
        let scope = Scope::of(instance, block.source, None);
        let nullable = block.body.get("nullable").and_then(|n| match n.value.kind {
            super::ast::Kind::Bool(b) => Some(b),
            _ => None,
        });
        let raw = raw.transpose()?.filter(|v| !(v.is_null() && nullable == Some(false)));
        let value = match (raw, block.body.get("default")) {
            (Some(value), _) => value,
            (None, Some(default)) => self.eval(&default.value, scope)?,
            (None, None) => return Ok(self.no_value(instance, block)),
        };
        let Some(kind) = block.body.get("type") else { return Ok(value) };
        self.spend(size(&value));
        let kind = types::parse(&kind.value);
        // What its type does not fit stays as it is: an attribute that a default should have given is then refused where it is used.
        let converted = types::convert(&value, &kind, &mut |expr| self.eval(expr, scope).ok());
        Ok(converted.unwrap_or(value))
    }

    fn no_value(&mut self, instance: usize, block: &Block) -> Value {
        let name = block.label(0);
        let (why, help) = if instance == 0 {
            let near = self.tree.value_files_near(self.instances[0].module, name);
            let help = match near.as_slice() {
                [] => format!(
                    "give `{name}` a value in a .tfvars file, as TF_VAR_{name}, or under `variables` of an [[inputs.override]]"
                ),
                files => format!(
                    "name the file that is used ({}) under `variable-files` of an [[inputs.override]]",
                    files.join(", ")
                ),
            };
            (format!("variable `{name}` has no value"), help)
        } else {
            let call = self.instances[instance].path.trim_end_matches('.').to_owned();
            (
                format!("variable `{name}` has no value, for `{call}` does not give it one"),
                "give the plan instead: `terraform show -json`".to_owned(),
            )
        };
        Value::unknown(why, Some(help.into()), block.location())
    }

    fn local(&mut self, instance: usize, name: &str, at: Location) -> Eval {
        let module = self.instances[instance].module;
        let Some(attribute) = module.locals.get(name) else {
            return Ok(self.not_declared(module, &format!("local `{name}`"), at));
        };
        self.declared(instance, attribute, || format!("local `{name}`"))
    }

    /// A local's or output's value.
    fn declared(&mut self, instance: usize, attribute: &'a Attribute, what: impl Fn() -> String) -> Eval {
        let key = (instance, address_of(attribute));
        if let Some(value) = self.symbol(key, &what(), attribute.location()) {
            return Ok(value);
        }
        let value = self.eval(&attribute.value, Scope::of(instance, attribute.source, None));
        // `try` asks again when it failed; the failure is the same each time.
        match &value {
            Ok(value) => self.symbols.insert(key, Slot::Done(value.clone())),
            Err(_) => self.symbols.remove(&key),
        };
        value
    }

    /// The value, if it was asked for before; marks it as being evaluated if not.
    fn symbol(&mut self, key: (usize, usize), what: &str, at: Location) -> Option<Value> {
        match self.symbols.get(&key) {
            Some(Slot::Done(value)) => Some(value.clone()),
            Some(Slot::Busy) => Some(self.circle(what, at)),
            None => {
                self.symbols.insert(key, Slot::Busy);
                None
            }
        }
    }

    fn circle(&mut self, what: &str, at: Location) -> Value {
        let message = format!("{what} depends on itself");
        if !self.troubles.iter().any(|t| t.at == at && t.code == "terraform-circle") {
            let help = Some("Terraform refuses this configuration".to_owned());
            self.troubles.push(Trouble {
                code: "terraform-circle",
                message: message.clone(),
                help,
                at,
                touches: Touches::Nothing,
            });
        }
        Value::unknown(message, None, at)
    }

    pub(super) fn not_declared(&mut self, module: &Module, what: &str, at: Location) -> Value {
        let broken = if module.mistakes.is_empty() { "" } else { "; a file of it has mistakes" };
        let folder = if module.folder.is_empty() { "this folder".to_owned() } else { format!("`{}`", module.folder) };
        Value::unknown(format!("{what} is not declared in {folder}{broken}"), None, at)
    }

    // --- module calls ---

    fn module_root(&mut self, instance: usize, name: &str, at: Location) -> Result<Root, Box<Refusal>> {
        let module = self.instances[instance].module;
        let root = |value| Ok(Root { value, taken: 1, step: None });
        let Some(call) = module.calls.get(name) else {
            return root(self.not_declared(module, &format!("module `{name}`"), at));
        };
        let Some(children) = self.children(instance, call) else {
            return root(self.circle(&format!("module `{name}`"), call.location()));
        };
        use super::expand::Form;
        let one = |c: &Child| Value::reference(c.address.clone(), "", at);
        root(match children.first().map(|c| &c.form) {
            None => Value::new(list(Vec::new()), at),
            Some(Form::Single | Form::Unclear) => one(&children[0]),
            Some(Form::Index) => Value::new(list(children.iter().map(one).collect()), at),
            Some(Form::Key(_)) => {
                let entries = children.iter().filter_map(|c| match &c.form {
                    Form::Key(key) => Some((key.clone(), one(c))),
                    _ => None,
                });
                Value::new(map(entries.collect()), at)
            }
        })
    }

    /// The instances of a module call; `None` if they depend on themselves.
    pub fn children(&mut self, instance: usize, call: &'a Block) -> Option<Rc<Vec<Child>>> {
        let key = (instance, address_of(call));
        match self.children.get(&key) {
            Some(Slot::Done(children)) => return Some(children.clone()),
            Some(Slot::Busy) => return None,
            None => self.children.insert(key, Slot::Busy),
        };
        let address = format!("{}module.{}", self.instances[instance].path, call.label(0));
        let expansion = self.expansion(instance, call, &address);
        let module = self.called(instance, call);
        let mut children = Vec::new();
        let unsure = expansion.as_ref().and_then(|e| e.unsure.clone()).or_else(|| self.instances[instance].unsure.clone());
        for item in expansion.iter().flat_map(|e| &e.items) {
            let address: Arc<str> = format!("{address}{}", item.suffix).into();
            let made = match module {
                Some(_) if self.instances.len() >= MAX_INSTANCES => {
                    self.bound("terraform-too-large", "modules call each other into more than 5000 instances", call.location());
                    None
                }
                Some(module) => {
                    let here = &self.instances[instance];
                    let key =
                        if here.key.is_empty() { call.label(0).to_owned() } else { format!("{}.{}", here.key, call.label(0)) };
                    self.instances.push(Instance {
                        module,
                        path: format!("{address}.").into(),
                        parent: Some(instance),
                        call: Some(call),
                        each: item.each.clone(),
                        unsure: unsure.clone(),
                        key,
                        deep: self.instances[instance].deep + 1,
                    });
                    self.addresses.insert(address.clone(), Addressed::Module(self.instances.len() - 1));
                    Some(self.instances.len() - 1)
                }
                None => None,
            };
            children.push(Child {
                each: item.each.clone(),
                address,
                instance: made,
                form: item.form.clone(),
                unsure: unsure.clone(),
            });
        }
        let children = Rc::new(children);
        self.children.insert(key, Slot::Done(children.clone()));
        Some(children)
    }

    /// The module that a call names, if its files are here.
    fn called(&mut self, instance: usize, call: &'a Block) -> Option<&'a Module> {
        let at = call.body.get("source").map_or(call.location(), Attribute::location);
        let here = &self.instances[instance];
        let key = if here.key.is_empty() { call.label(0).to_owned() } else { format!("{}.{}", here.key, call.label(0)) };
        let module = self.tree.called(&self.instances[0].module.folder, here.module, &key, call)?;
        let itself = std::iter::successors(Some(instance), |i| self.instances[*i].parent)
            .any(|i| std::ptr::eq(self.instances[i].module, module));
        if itself || here.deep >= MAX_MODULES_DEEP {
            let message = format!("module `{}` calls itself", call.label(0));
            let help = Some("Terraform refuses this configuration".to_owned());
            if !self.troubles.iter().any(|t| t.at == at) {
                self.troubles.push(Trouble { code: "terraform-circle", message, help, at, touches: Touches::Everything });
            }
            return None;
        }
        Some(module)
    }

    /// An output of a module instance.
    pub(super) fn output(&mut self, instance: usize, name: &str, at: Location) -> Eval {
        let module = self.instances[instance].module;
        let value = module.outputs.get(name).and_then(|o| o.body.get("value"));
        let Some(attribute) = value else {
            return Ok(self.not_declared(module, &format!("output `{name}`"), at));
        };
        let value = self.declared(instance, attribute, || format!("output `{name}`"))?;
        Ok(value.used(at, format!("output `{name}` is set here")))
    }

    // --- resources ---

    /// A resource or data source as a whole: a reference, or a list or map of them.
    fn resource(&mut self, instance: usize, data: bool, kind: &str, name: &str, at: Location) -> Value {
        let module = self.instances[instance].module;
        let declared = if data { &module.data } else { &module.resources };
        let key = (kind.into(), name.into());
        let Some(block) = declared.get(&key) else {
            let what = if data { format!("data source `{kind}.{name}`") } else { format!("`{kind}.{name}`") };
            return self.not_declared(module, &what, at);
        };
        match self.instances_of(instance, block, data) {
            Some(expansion) => expansion.whole(at),
            None => self.circle(&format!("`{kind}.{name}`"), block.location()),
        }
    }

    /// The instances of a resource, each with its address; `None` if they depend on themselves.
    pub fn instances_of(&mut self, instance: usize, block: &'a Block, data: bool) -> Option<Rc<super::expand::Expansion>> {
        let known = matches!(self.expansions.get(&(instance, address_of(block))), Some(Slot::Done(_)));
        let prefix = if data { "data." } else { "" };
        let address = format!("{}{prefix}{}.{}", self.instances[instance].path, block.label(0), block.label(1));
        let expansion = self.expansion(instance, block, &address)?;
        if !known {
            for item in &expansion.items {
                let single = !matches!(item.form, super::expand::Form::Unclear);
                let each = item.each.clone();
                self.addresses.insert(item.address.clone(), Addressed::Resource { instance, block, each, data, single });
            }
        }
        Some(expansion)
    }

    /// How many there are of a block with `count` or `for_each`.
    fn expansion(&mut self, instance: usize, block: &'a Block, address: &str) -> Option<Rc<super::expand::Expansion>> {
        let key = (instance, address_of(block));
        match self.expansions.get(&key) {
            Some(Slot::Done(expansion)) => return Some(expansion.clone()),
            Some(Slot::Busy) => return None,
            None => self.expansions.insert(key, Slot::Busy),
        };
        let expansion = Rc::new(self.expand(instance, block, address));
        self.spend(expansion.items.len());
        self.expansions.insert(key, Slot::Done(expansion.clone()));
        Some(expansion)
    }

    /// Whether an address is that of a resource with no `count` or `for_each`, or with a known one.
    pub fn is_single(&self, address: &str) -> bool {
        matches!(self.addresses.get(address), Some(Addressed::Resource { single: true, .. }))
    }
}

/// Values of variables see nothing of the configuration.
fn closed(source: SourceId) -> Scope<'static> {
    static NOTHING: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    Scope { instance: 0, source, each: None, bound: None, only: Some(&NOTHING) }
}

/// A refusal as a value that is not known: for those who cannot go on without one.
pub fn refused(refusal: &Refusal) -> Value {
    let unknown = Unknown { why: refusal.message.clone().into(), help: None, of: Vec::new() };
    Value::new(Is::Unknown(Arc::new(unknown)), refusal.at)
}

/// A declaration's identity.
pub(super) fn address_of<T>(declaration: &T) -> usize {
    std::ptr::from_ref(declaration).addr()
}

/// Whether a place is inside of another.
pub fn within(inner: Location, outer: Location) -> bool {
    inner.source == outer.source && inner.span.start >= outer.span.start && inner.span.end <= outer.span.end
}

/// The path from one folder to another, both relative to the project root.
fn relative(from: &str, to: &str) -> String {
    let split = |p: &'_ str| p.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (from, to) = (split(from), split(to));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = vec!["..".to_owned(); from.len() - common];
    let parts: Vec<String> = up.into_iter().chain(to.into_iter().skip(common)).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// For values that depend on what is not known, in one word less.
pub(super) fn unclear(value: &Value, at: Location) -> Value {
    unknown_of([value], at)
}
