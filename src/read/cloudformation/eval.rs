//! Values of a stack: literals, references, and the intrinsic functions, each as far as it can be told before the stack is made.
//! Functions by the template reference of the AWS CloudFormation user guide (2026), section "Intrinsic function reference".

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::functions;
use super::stack::{self, Stack, Truth, reason};
use super::sub::{self, Part};
use super::template::{self, Argument, call};
use super::world::World;
use crate::doc::{Entry, Node, Style};
use crate::read::resource::{Is, Target, Unknown, Value};
use crate::read::template::Vars;
use crate::source::{Location, SourceId};

/// The loops around a thing, with the values of their variables.
pub(super) type Turns = Vars<Arc<str>>;

/// Where a value is evaluated.
#[derive(Clone)]
pub(super) struct Env<'w, 'd> {
    pub world: &'w World<'d>,
    pub stack: Rc<Stack<'d>>,
    /// Variables of `Fn::ForEach`.
    pub vars: Turns,
}

/// Loop bodies of one loop at most.
const MAX_TURNS: usize = 10_000;

impl<'w, 'd> Env<'w, 'd> {
    pub fn of(world: &'w World<'d>, stack: &Rc<Stack<'d>>) -> Self {
        Self { world, stack: Rc::clone(stack), vars: Turns::default() }
    }

    pub fn at(&self, node: Node<'_>) -> Location {
        self.stack.template.at(node)
    }

    pub fn path_of(&self, source: SourceId) -> &'d str {
        &self.world.sources.get(source).path
    }

    pub fn unknown(&self, why: impl Into<String>, at: Location) -> Value {
        Value::unknown(why.into(), None, at)
    }

    pub fn eval(&self, node: Node<'d>) -> Value {
        let at = self.at(node);
        let Some(_deeper) = self.world.budget.deeper() else {
            return self.unknown("its functions are nested deeper than onshore follows", at);
        };
        if !self.world.budget.spend(1) {
            return self.unknown("the template grows larger than onshore is willing to read", at);
        }
        match call(node) {
            // A map with a key of this name, as policies have them.
            Some(("Condition", argument)) if !argument.tagged => self.plain(node),
            Some(("And" | "Or" | "Not" | "Equals" | "Condition", _)) => match self.truth(node) {
                Truth::Known(known) => Value::new(Is::Bool(known), at),
                Truth::Unknown(why) => Value::new(Is::Unknown(why), at),
            },
            Some((name, argument)) => functions::call(self, name, argument, at),
            None => self.plain(node),
        }
    }

    /// The name that a function is given as text (or, within loops, as a value).
    pub fn argument_name(&self, argument: Argument<'d>) -> Option<String> {
        match argument.node.text() {
            Some(text) if argument.tagged || call(argument.node).is_none() => Some(self.filled(text)),
            _ => self.argument(argument).as_text().map(|t| t.into_owned()),
        }
    }

    /// The argument of a function as a value.
    pub fn argument(&self, argument: Argument<'d>) -> Value {
        match template::long_call(argument.node) {
            _ if !argument.tagged => self.eval(argument.node),
            Some((name, inner)) if name != "Condition" => functions::call(self, name, inner, self.at(argument.node)),
            _ => self.plain(argument.node),
        }
    }

    /// A value that is no function call itself.
    fn plain(&self, node: Node<'d>) -> Value {
        let at = self.at(node);
        let is = if node.is_list() {
            Is::List(Arc::new(node.items().map(|item| self.eval(item)).filter(|v| !v.is_null()).collect()))
        } else if node.is_map() {
            return self.map(node);
        } else if node.is_null() {
            Is::Null
        } else {
            match (node.text().unwrap_or(""), node.style()) {
                ("true" | "True" | "TRUE", Some(Style::Plain | Style::Bool)) => Is::Bool(true),
                ("false" | "False" | "FALSE", Some(Style::Plain | Style::Bool)) => Is::Bool(false),
                (text, _) => return self.text(&self.filled(text), at),
            }
        };
        Value::new(is, at)
    }

    fn map(&self, node: Node<'d>) -> Value {
        let at = self.at(node);
        let entries: Vec<Entry<'d>> = node.entries().collect();
        let mut map = BTreeMap::new();
        for (name, entry, vars) in self.unrolled(&entries) {
            let value = if !vars.is_empty() || !self.vars.is_empty() {
                Env { vars, ..self.clone() }.eval(entry.value)
            } else {
                self.eval(entry.value)
            };
            if name == "Fn::Transform" {
                // A macro beside other keys may change any of them.
                return value;
            }
            if !value.is_null() {
                map.insert(Arc::from(name), value);
            }
        }
        Value::new(Is::Map(Arc::new(map)), at)
    }

    /// A text as written; what `{{resolve:...}}` stands for is only known when the stack is made.
    fn text(&self, text: &str, at: Location) -> Value {
        let Some(start) = text.find("{{resolve:") else { return Value::text(text, at) };
        let length = text[start..].find("}}").map_or(text.len() - start, |end| end + 2);
        let reference = &text[start..start + length];
        let service = reference.trim_start_matches("{{resolve:").split(':').next().unwrap_or("");
        let why = format!("a dynamic reference ({service}) is only resolved when the stack is made");
        let pieces = [Value::text(&text[..start], at), self.unknown(why, at), Value::text(&text[start + length..], at)];
        self.world.budget.concat(pieces, at)
    }

    /// A text in which the variables of loops are filled in.
    pub fn filled(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in self.vars.iter() {
            if filled.contains(['$', '&']) && self.world.budget.spend(1 + filled.len() / 64) {
                filled = filled.replace(&format!("${{{name}}}"), value);
                let letters: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
                filled = filled.replace(&format!("&{{{name}}}"), &letters);
            }
        }
        filled
    }

    /// The entries of a map with its loops (`Fn::ForEach::Name: [variable, collection, body]`) unrolled.
    pub fn unrolled(&self, entries: &[Entry<'d>]) -> Vec<(String, Entry<'d>, Turns)> {
        let mut all = Vec::new();
        for entry in entries {
            match entry.name().strip_prefix("Fn::ForEach::") {
                Some(name) => self.turns(name, *entry, &mut all),
                None => all.push((self.filled(entry.name()), *entry, self.vars.clone())),
            }
        }
        all
    }

    fn turns(&self, name: &str, entry: Entry<'d>, all: &mut Vec<(String, Entry<'d>, Turns)>) {
        let at = self.at(entry.key);
        let gap = |why: &str| {
            let message = format!("the loop `{name}` cannot be unrolled: {why}");
            stack::everything(self, "unresolved-loop", message, "give the values of the parameters that it goes over", at);
        };
        let Some(_deeper) = self.world.budget.deeper() else { return gap("loops are nested too deeply") };
        let parts: Vec<Node<'d>> = entry.value.items().collect();
        let [variable, collection, body] = parts.as_slice() else {
            return gap("a loop has a variable, a collection and a body");
        };
        let (Some(variable), true) = (variable.text(), body.is_map()) else {
            return gap("a loop has a variable, a collection and a body");
        };
        let collection = self.eval(*collection);
        let values: Option<Vec<_>> = collection.as_list().and_then(|list| list.iter().map(Value::as_text).collect());
        let Some(values) = values else { return gap(&reason(&collection).why) };
        if values.len() > MAX_TURNS {
            return gap("it has too many turns");
        }
        let entries: Vec<Entry<'d>> = body.entries().collect();
        for value in values {
            if !self.world.budget.spend(1 + entries.len()) {
                return gap("the template grows larger than onshore is willing to read");
            }
            let inside = Self { vars: self.vars.with(variable, Arc::from(value.as_ref())), ..self.clone() };
            all.extend(inside.unrolled(&entries));
        }
    }

    /// Whether a condition function holds.
    pub fn truth(&self, node: Node<'d>) -> Truth {
        let Some(_deeper) = self.world.budget.deeper() else {
            return Truth::Unknown(reason(&self.unknown("conditions are nested deeper than onshore follows", self.at(node))));
        };
        match call(node) {
            Some(("Condition", argument)) => match argument.node.text() {
                Some(name) => stack::condition(self, &self.filled(name)),
                None => Truth::of(&self.unknown("`Condition` names no condition", self.at(node))),
            },
            Some(("And", argument)) => Truth::all(argument.node.items().map(|n| self.truth(n)), false),
            Some(("Or", argument)) => Truth::all(argument.node.items().map(|n| self.truth(n)), true),
            Some(("Not", argument)) => match argument.node.items().next() {
                Some(inner) => self.truth(inner).not(),
                None => self.truth(argument.node).not(),
            },
            Some(("Equals", argument)) => {
                let sides: Vec<Value> = argument.node.items().map(|n| self.eval(n)).collect();
                match sides.as_slice() {
                    [left, right] => equal(left, right),
                    _ => Truth::of(&self.unknown("`Fn::Equals` compares two values", self.at(node))),
                }
            }
            _ => Truth::of(&self.eval(node)),
        }
    }

    /// What a name stands for in `Ref` and `Fn::Sub`.
    pub fn reference(&self, name: &str, at: Location) -> Value {
        if let Some(value) = self.vars.get(name) {
            return Value::text(Arc::clone(value), at);
        }
        if let Some(pseudo) = name.strip_prefix("AWS::") {
            return self.pseudo(pseudo, at);
        }
        if let Some(value) = stack::parameter(self, name) {
            return match value.is {
                Is::Unknown(_) => Value { at, ..value },
                _ => value.used(at, format!("parameter `{name}`")),
            };
        }
        self.resource(name, "", at)
    }

    fn pseudo(&self, name: &str, at: Location) -> Value {
        let told = &self.stack.told;
        let of_region = |china: &str, other: &str| match told.region.as_text() {
            Some(region) if region.starts_with("cn-") => Value::text(china, at),
            Some(region) if name == "Partition" && region.starts_with("us-gov-") => Value::text("aws-us-gov", at),
            Some(_) => Value::text(other, at),
            None => Value { at, ..told.region.clone() },
        };
        let used = |value: &Value, what: &'static str| match value.is {
            Is::Unknown(_) => Value { at, ..value.clone() },
            _ => value.used(at, what),
        };
        match name {
            "Region" => used(&told.region, "the stack's region"),
            "AccountId" => used(&told.account, "the stack's account"),
            "StackName" => used(&told.name, "the stack's name"),
            "Partition" => of_region("aws-cn", "aws"),
            "URLSuffix" => of_region("amazonaws.com.cn", "amazonaws.com"),
            "NoValue" => Value::new(Is::Null, at),
            "NotificationARNs" => Value::new(Is::List(Arc::default()), at),
            "StackId" => self.unknown("a stack has its id only once it is made", at),
            _ => self.unknown(format!("`AWS::{name}` is no pseudo parameter"), at),
        }
    }

    /// An attribute of a resource of this stack; empty: what `Ref` gives.
    pub fn resource(&self, logical: &str, attribute: &str, at: Location) -> Value {
        let declared = stack::declared(self);
        let Some(resource) = declared.get(logical) else {
            return self.undeclared(logical, at);
        };
        let kind = resource.entry.value.get("Type").and_then(|t| t.text()).unwrap_or("");
        if stack::is_stack(kind) {
            let Some(output) = attribute.strip_prefix("Outputs.") else {
                return self.unknown(format!("the id of the nested stack `{logical}` is made when the stack is made"), at);
            };
            let children = stack::children(self, logical);
            let Some(_deeper) = self.world.budget.deeper() else {
                return self.unknown("outputs of nested stacks lead on deeper than onshore follows", at);
            };
            let value = children.first().and_then(|child| stack::output(self.world, child, output, at));
            return value.unwrap_or_else(|| {
                self.unknown(format!("output `{output}` of the nested stack `{logical}` is not known"), at)
            });
        }
        let inside = Env { vars: resource.vars.clone(), ..self.clone() };
        if let Truth::Known(false) = stack::exists(&inside, resource.entry.value) {
            return self.unknown(format!("`{logical}` is not made: its condition is false"), at);
        }
        Value::new(
            Is::Reference(Arc::new(Target { address: self.stack.address(logical), attribute: attribute.into(), known: None })),
            at,
        )
    }

    /// A reference to an attribute that the template itself sets: `!GetAtt Vpc.CidrBlock`.
    pub fn set_here(&self, value: Value) -> Value {
        let Is::Reference(target) = &value.is else { return value };
        let Some(logical) = target.address.strip_prefix(self.stack.prefix.as_str()) else { return value };
        let declared = stack::declared(self);
        let Some(resource) = declared.get(logical) else { return value };
        let Some(node) = resource.entry.value.path(&["Properties", &target.attribute]) else { return value };
        let inside = Env { vars: resource.vars.clone(), ..self.clone() };
        inside.eval(node).used(value.at, format!("`{}.{}` is set here", target.address, target.attribute))
    }

    /// SAM makes resources that no template declares; they are named after those that it makes them for.
    fn undeclared(&self, logical: &str, at: Location) -> Value {
        if let "ServerlessRestApi" | "ServerlessHttpApi" = logical {
            let target = Target { address: self.stack.address(logical), attribute: "".into(), known: None };
            return Value::new(Is::Reference(Arc::new(target)), at);
        }
        let declared = stack::declared(self);
        let maker = declared.keys().filter(|name| logical.starts_with(name.as_ref())).max_by_key(|name| name.len());
        let of = maker.map(|name| self.stack.address(name)).into_iter().collect();
        let why = format!("`{logical}` is neither a parameter nor a resource of this template");
        Value::new(Is::Unknown(Arc::new(Unknown { why: why.into(), help: None, of })), at)
    }

    /// `Fn::Sub`, with the variables of its second form.
    pub fn sub(&self, text: &str, variables: &BTreeMap<Arc<str>, Value>, at: Location) -> Value {
        let text = self.filled(text);
        let pieces = sub::parts(&text).into_iter().map(|part| match part {
            Part::Text(text) => Value::text(text, at),
            Part::Hole(name) => match (variables.get(name), name.split_once('.')) {
                (Some(value), _) => value.clone(),
                (None, Some((logical, attribute))) => self.resource(logical, attribute, at),
                (None, None) => self.reference(name, at),
            },
        });
        let pieces: Vec<Value> = pieces.collect();
        self.world.budget.concat(pieces, at)
    }
}

/// Texts are equal as written; what is not known may be.
fn equal(left: &Value, right: &Value) -> Truth {
    match (left.as_text(), right.as_text()) {
        (Some(left), Some(right)) => Truth::Known(left == right),
        _ => match (&left.is, &right.is) {
            (Is::List(_), Is::List(_)) if left.unknowns().is_empty() && right.unknowns().is_empty() => {
                let texts =
                    |v: &Value| v.as_list().map(|l| l.iter().map(|v| v.as_text().map(String::from)).collect::<Vec<_>>());
                Truth::Known(texts(left) == texts(right))
            }
            _ => {
                let open = [left, right].into_iter().find(|v| v.as_text().is_none()).unwrap_or(left);
                Truth::Unknown(reason(open))
            }
        },
    }
}
