//! Expressions to values. Unknown values go through everything that does not need to know them; what Terraform itself would
//! refuse is a [`Refusal`], which `try` and `can` look for.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::{Call, Expr, For, Kind, Operator, Part, Step};
use super::functions;
use super::value::{Builder, equal, list, map, text_of, unknown_of};
use super::world::{World, within};
use crate::model::{Trail, TrailStep};
use crate::read::resource::{Is, Value};
use crate::source::{Location, SourceId, Span};

/// Why Terraform would not evaluate an expression.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub at: Location,
    pub message: String,
}

pub type Eval = Result<Value, Box<Refusal>>;

pub fn refuse<T>(at: Location, message: impl Into<String>) -> Result<T, Box<Refusal>> {
    Err(Box::new(Refusal { at, message: message.into() }))
}

/// What an expression sees beside the declarations of its module.
#[derive(Clone, Copy)]
pub struct Scope<'s> {
    /// Index of a module instance.
    pub instance: usize,
    pub source: SourceId,
    pub each: Option<&'s Each>,
    pub bound: Option<&'s Bound<'s>>,
    /// A template file sees its variables, and nothing of the module.
    pub only: Option<&'s BTreeMap<Arc<str>, Value>>,
}

/// Which of several instances of a block is meant.
#[derive(Clone, Debug)]
pub enum Each {
    Count(Value),
    Key(Value, Value),
}

/// A variable of a `for` or of a template; the newest first.
pub struct Bound<'s> {
    pub name: &'s str,
    pub value: Value,
    pub next: Option<&'s Bound<'s>>,
}

impl<'s> Scope<'s> {
    pub fn of(instance: usize, source: SourceId, each: Option<&'s Each>) -> Self {
        Self { instance, source, each, bound: None, only: None }
    }

    pub fn at(&self, span: Span) -> Location {
        Location::new(self.source, span)
    }

    fn find(&self, name: &str) -> Option<&'s Value> {
        let bound = std::iter::successors(self.bound, |b| b.next).find(|b| b.name == name).map(|b| &b.value);
        bound.or_else(|| self.only?.get(name))
    }
}

/// What a traversal begins with, how many of its steps that took, and what to say of the line where the value comes from.
pub struct Root {
    pub value: Value,
    pub taken: usize,
    pub step: Option<String>,
}

impl World<'_> {
    pub fn eval(&mut self, expr: &Expr, scope: Scope<'_>) -> Eval {
        let at = scope.at(expr.span);
        if let Some(too_much) = self.enter(at) {
            return Ok(too_much);
        }
        let value = self.eval_kind(&expr.kind, at, scope);
        self.leave();
        value
    }

    fn eval_kind(&mut self, kind: &Kind, at: Location, scope: Scope<'_>) -> Eval {
        Ok(match kind {
            Kind::Null => Value::new(Is::Null, at),
            Kind::Bool(b) => Value::new(Is::Bool(*b), at),
            Kind::Number(n) => Value::new(Is::Number(*n), at),
            Kind::Text(text) => Value::text(text.clone(), at),
            Kind::List(items) => {
                let items = items.iter().map(|e| self.eval(e, scope)).collect::<Result<_, _>>()?;
                Value::new(list(items), at)
            }
            Kind::Object(entries) => self.object(entries, at, scope)?,
            Kind::Template(parts) => self.template(parts, at, scope)?,
            Kind::Name(_) => self.get(kind, &[], at, scope)?,
            Kind::Get(first, steps) => self.get_from(first, steps, at, scope)?,
            Kind::Call(call) => self.call(call, at, scope)?,
            Kind::If(parts) => self.conditional(parts, at, scope)?,
            Kind::Not(inner) => {
                let value = self.eval(inner, scope)?;
                match self.truth(&value, at)? {
                    Some(b) => Value { is: Is::Bool(!b), at, trail: value.trail },
                    None => unknown_of([&value], at),
                }
            }
            Kind::Negative(inner) => {
                let value = self.eval(inner, scope)?;
                match number(&value, at)? {
                    Some(n) => Value { is: Is::Number(-n), at, trail: value.trail },
                    None => unknown_of([&value], at),
                }
            }
            Kind::Binary(operator, sides) => self.binary(*operator, sides, at, scope)?,
            Kind::For(f) => self.for_expr(f, at, scope)?,
        })
    }

    #[inline(never)]
    fn object(&mut self, entries: &[(Expr, Expr)], at: Location, scope: Scope<'_>) -> Eval {
        let mut made = BTreeMap::new();
        for (key, value) in entries {
            let key_value = self.eval(key, scope)?;
            let value = self.eval(value, scope)?;
            match text_of(&key_value) {
                Some(key) => {
                    made.insert(key, value);
                }
                None if key_value.is_null() => return refuse(scope.at(key.span), "a key of this object is null"),
                // Which keys there are is not known; so nothing is said of any.
                None => return Ok(unknown_of([&key_value, &value], at)),
            }
        }
        Ok(Value::new(map(made), at))
    }

    #[inline(never)]
    fn template(&mut self, parts: &[Part], at: Location, scope: Scope<'_>) -> Eval {
        // `"${x}"` is x itself, whatever its type.
        if let [Part::Value(expr)] = parts {
            return self.eval(expr, scope);
        }
        let mut out = Builder::default();
        self.parts(parts, &mut out, at, scope)?;
        Ok(out.finish(at))
    }

    /// Adds a template's parts to a text.
    pub fn parts(&mut self, parts: &[Part], out: &mut Builder, at: Location, scope: Scope<'_>) -> Result<(), Box<Refusal>> {
        for part in parts {
            if let Some(too_much) = self.too_long(out.bytes, at) {
                out.value(&too_much);
                return Ok(());
            }
            match part {
                Part::Text(text) => out.text(text),
                Part::Value(expr) => {
                    let value = self.eval(expr, scope)?;
                    if !out.value(&value) {
                        return refuse(scope.at(expr.span), "a list, a map or null does not go into a text");
                    }
                }
                Part::If { condition, then, otherwise } => {
                    let value = self.eval(condition, scope)?;
                    match self.truth(&value, at)? {
                        Some(true) => self.parts(then, out, at, scope)?,
                        Some(false) => self.parts(otherwise, out, at, scope)?,
                        None => {
                            out.value(&unknown_of([&value], at));
                        }
                    }
                }
                Part::For { key_name, value_name, over, body } => {
                    let over = self.eval(over, scope)?;
                    let Some(pairs) = pairs(&over) else {
                        out.value(&unknown_of([&over], at));
                        continue;
                    };
                    for (key, value) in pairs {
                        if let Some(too_much) = self.exhausted(at).or_else(|| self.too_long(out.bytes, at)) {
                            out.value(&too_much);
                            return Ok(());
                        }
                        let outer = Bound { name: key_name.as_deref().unwrap_or(""), value: key, next: scope.bound };
                        let inner = Bound { name: value_name, value, next: Some(&outer) };
                        self.parts(body, out, at, Scope { bound: Some(&inner), ..scope })?;
                    }
                }
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn conditional(&mut self, parts: &[Expr; 3], at: Location, scope: Scope<'_>) -> Eval {
        let [condition, then, otherwise] = parts;
        let value = self.eval(condition, scope)?;
        match self.truth(&value, scope.at(condition.span))? {
            Some(true) => self.eval(then, scope),
            Some(false) => self.eval(otherwise, scope),
            None => match (self.eval(then, scope), self.eval(otherwise, scope)) {
                // Either way it is the same.
                (Ok(a), Ok(b)) if equal(&a, &b) == Some(true) => Ok(a),
                (Ok(a), Ok(b)) => Ok(unknown_of([&value, &a, &b], at)),
                (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(unknown_of([&value, &one], at)),
                (Err(refusal), Err(_)) => Err(refusal),
            },
        }
    }

    /// A condition; `None` if it is not known.
    pub fn truth(&mut self, value: &Value, at: Location) -> Result<Option<bool>, Box<Refusal>> {
        if !is_known(value) {
            return Ok(None);
        }
        match value.as_bool() {
            Some(b) => Ok(Some(b)),
            None => refuse(at, "a condition is neither true nor false"),
        }
    }

    #[inline(never)]
    fn binary(&mut self, operator: Operator, sides: &[Expr; 2], at: Location, scope: Scope<'_>) -> Eval {
        let left = self.eval(&sides[0], scope)?;
        if matches!(operator, Operator::And | Operator::Or) {
            let decides = operator == Operator::Or;
            let first = self.truth(&left, at)?;
            if first == Some(decides) {
                return Ok(Value { is: Is::Bool(decides), at, trail: left.trail });
            }
            let right = self.eval(&sides[1], scope)?;
            let second = self.truth(&right, at)?;
            return Ok(match (first, second) {
                (_, Some(b)) if b == decides => Value { is: Is::Bool(b), at, trail: right.trail },
                (Some(_), Some(b)) => Value { is: Is::Bool(b), at, trail: right.trail },
                _ => unknown_of([&left, &right], at),
            });
        }
        let right = self.eval(&sides[1], scope)?;
        if matches!(operator, Operator::Equal | Operator::NotEqual) {
            return Ok(match equal(&left, &right) {
                Some(b) => Value::new(Is::Bool(b == (operator == Operator::Equal)), at),
                None => unknown_of([&left, &right], at),
            });
        }
        let (Some(a), Some(b)) = (number(&left, at)?, number(&right, at)?) else {
            return Ok(unknown_of([&left, &right], at));
        };
        let is = match operator {
            Operator::Less => Is::Bool(a < b),
            Operator::LessOrEqual => Is::Bool(a <= b),
            Operator::Greater => Is::Bool(a > b),
            Operator::GreaterOrEqual => Is::Bool(a >= b),
            Operator::Add => Is::Number(a + b),
            Operator::Subtract => Is::Number(a - b),
            Operator::Multiply => Is::Number(a * b),
            Operator::Divide | Operator::Modulo if b == 0.0 => return refuse(at, "this divides by zero"),
            Operator::Divide => Is::Number(a / b),
            Operator::Modulo => Is::Number(a % b),
            Operator::Equal | Operator::NotEqual | Operator::And | Operator::Or => return refuse(at, "no arithmetic"),
        };
        Ok(Value { is, at, trail: if left.trail.is_empty() { right.trail } else { left.trail } })
    }

    #[inline(never)]
    fn for_expr(&mut self, f: &For, at: Location, scope: Scope<'_>) -> Eval {
        let over = self.eval(&f.over, scope)?;
        if over.is_null() {
            return refuse(at, "this goes through null");
        }
        let Some(pairs) = pairs(&over) else { return Ok(unknown_of([&over], at)) };
        let (mut items, mut entries) = (Vec::new(), BTreeMap::<Arc<str>, Value>::new());
        for (key, value) in pairs {
            if let Some(too_much) = self.exhausted(at) {
                return Ok(too_much);
            }
            let outer = Bound { name: f.key_name.as_deref().unwrap_or(""), value: key, next: scope.bound };
            let inner = Bound { name: &f.value_name, value, next: Some(&outer) };
            let scope = Scope { bound: Some(&inner), ..scope };
            if let Some(condition) = &f.condition {
                let condition_value = self.eval(condition, scope)?;
                match self.truth(&condition_value, scope.at(condition.span))? {
                    Some(true) => {}
                    Some(false) => continue,
                    // Whether this element is there is not known, and so not how many there are.
                    None => return Ok(unknown_of([&condition_value, &over], at)),
                }
            }
            let made = self.eval(&f.value, scope)?;
            let Some(key) = &f.key else {
                items.push(made);
                continue;
            };
            let key_value = self.eval(key, scope)?;
            let Some(text) = text_of(&key_value) else {
                if key_value.is_null() {
                    return refuse(scope.at(key.span), "a key is null");
                }
                return Ok(unknown_of([&key_value, &over], at));
            };
            if f.group {
                let group = entries.entry(text).or_insert_with(|| Value::new(list(Vec::new()), at));
                if let Is::List(group) = &mut group.is {
                    Arc::make_mut(group).push(made);
                }
            } else {
                entries.insert(text, made);
            }
        }
        Ok(Value { is: if f.key.is_some() { map(entries) } else { list(items) }, at, trail: over.trail })
    }

    #[inline(never)]
    fn get_from(&mut self, first: &Expr, steps: &[Step], at: Location, scope: Scope<'_>) -> Eval {
        if matches!(first.kind, Kind::Name(_)) {
            return self.get(&first.kind, steps, at, scope);
        }
        let value = self.eval(first, scope)?;
        self.steps(value, steps, at, scope)
    }

    /// A name with what follows it.
    fn get(&mut self, first: &Kind, steps: &[Step], at: Location, scope: Scope<'_>) -> Eval {
        let Kind::Name(name) = first else { return refuse(at, "no name") };
        if let Some(value) = scope.find(name) {
            return self.steps(value.clone(), steps, at, scope);
        }
        if scope.only.is_some() {
            return refuse(at, format!("`{name}` is not given here"));
        }
        let root = self.root(name, steps, at, scope)?;
        let picked = self.steps(root.value.clone(), steps.get(root.taken..).unwrap_or_default(), at, scope)?;
        let Some(step) = root.step else { return Ok(picked) };
        if picked.at == root.value.at {
            return Ok(picked.used(at, step));
        }
        Ok(through(&root.value, picked, at, step))
    }

    /// Takes attributes and elements of a value.
    pub fn steps(&mut self, mut value: Value, steps: &[Step], at: Location, scope: Scope<'_>) -> Eval {
        let mut rest = steps.iter().enumerate();
        while let Some((i, step)) = rest.next() {
            value = match step {
                Step::Attribute(name) => self.attribute(&value, name, at)?,
                Step::Index(index) => {
                    let key = self.eval(index, scope)?;
                    self.index(&value, &key, at)?
                }
                Step::Splat { full } => {
                    let after = steps.get(i + 1..).unwrap_or_default();
                    let until = |s: &Step| matches!(s, Step::Index(_)) && !full || matches!(s, Step::Splat { .. }) && !full;
                    let end = after.iter().position(until).unwrap_or(after.len());
                    let (each, later) = after.split_at(end);
                    let items = match &value.is {
                        Is::Null => Vec::new(),
                        Is::List(items) | Is::Set(items) => items.to_vec(),
                        Is::Unknown(_) => return Ok(unknown_of([&value], at)),
                        Is::Reference(target) if !target.attribute.is_empty() => return Ok(unknown_of([&value], at)),
                        _ => vec![value.clone()],
                    };
                    let items = items.into_iter().map(|v| self.steps(v, each, at, scope)).collect::<Result<_, _>>()?;
                    return self.steps(Value { is: list(items), at, trail: value.trail }, later, at, scope);
                }
            };
        }
        Ok(value)
    }

    /// `value.name`.
    pub fn attribute(&mut self, value: &Value, name: &str, at: Location) -> Eval {
        match &value.is {
            Is::Map(entries) => match entries.get(name) {
                Some(value) => Ok(value.clone()),
                None => refuse(at, format!("there is no `{name}` in this object")),
            },
            Is::Reference(target) if target.attribute.is_empty() => self.resource_attribute(&target.address, name, at),
            Is::Reference(target) => {
                let attribute = format!("{}.{name}", target.attribute);
                Ok(Value::reference(target.address.clone(), attribute, at))
            }
            Is::Unknown(_) => Ok(unknown_of([value], at)),
            // `list.0`, as Terraform 0.11 wrote it.
            Is::List(_) if name.bytes().all(|b| b.is_ascii_digit()) => self.index(value, &Value::text(name, at), at),
            Is::Null => refuse(at, format!("`{name}` is asked of null")),
            _ => refuse(at, format!("`{name}` is asked of what has no attributes")),
        }
    }

    /// `value[key]`.
    pub fn index(&mut self, value: &Value, key: &Value, at: Location) -> Eval {
        match &value.is {
            Is::Unknown(_) => return Ok(unknown_of([value, key], at)),
            // The one instance of a resource of which it is not known how many there are.
            Is::Reference(target) if target.attribute.is_empty() => {
                return match key.as_number() {
                    Some(n) if n > 0.0 && self.is_single(&target.address) => refuse(at, "there is no such instance"),
                    _ => Ok(value.clone()),
                };
            }
            Is::Reference(target) => {
                let attribute = match text_of(key) {
                    Some(key) => format!("{}.{key}", target.attribute),
                    None => target.attribute.to_string(),
                };
                return Ok(Value::reference(target.address.clone(), attribute, at));
            }
            Is::Null => return refuse(at, "an element of null is asked for"),
            _ => {}
        }
        if !is_known(key) {
            return Ok(unknown_of([key, value], at));
        }
        match &value.is {
            Is::List(items) => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and small")]
                let index = key.as_number().filter(|n| n.fract() == 0.0 && (0.0..1e9).contains(n)).map(|n| n as usize);
                match index.and_then(|i| items.get(i)) {
                    Some(value) => Ok(value.clone()),
                    None => refuse(at, format!("this list has no element {}", key.as_text().unwrap_or_default())),
                }
            }
            Is::Map(entries) => match text_of(key).and_then(|k| entries.get(&*k)) {
                Some(value) => Ok(value.clone()),
                None => refuse(at, format!("this map has no element `{}`", key.as_text().unwrap_or_default())),
            },
            _ => refuse(at, "an element is asked of what has none"),
        }
    }

    #[inline(never)]
    fn call(&mut self, call: &Call, at: Location, scope: Scope<'_>) -> Eval {
        match &*call.name {
            "try" => {
                let mut last = None;
                for argument in &call.arguments {
                    match self.eval(argument, scope) {
                        Ok(value) => return Ok(value),
                        Err(refusal) => last = Some(refusal),
                    }
                }
                return Err(last.unwrap_or_else(|| Box::new(Refusal { at, message: "`try` tries nothing".to_owned() })));
            }
            "can" => {
                let value = call.arguments.first().map(|a| self.eval(a, scope));
                return Ok(match value {
                    Some(Ok(v)) if !is_known(&v) && !matches!(v.is, Is::Reference(_) | Is::Partial(_)) => unknown_of([&v], at),
                    Some(Ok(_)) => Value::new(Is::Bool(true), at),
                    _ => Value::new(Is::Bool(false), at),
                });
            }
            "coalesce" | "coalescelist" if !call.expand => {
                for argument in &call.arguments {
                    let value = self.eval(argument, scope)?;
                    let empty = match &value.is {
                        Is::Null => true,
                        Is::Unknown(_) => return Ok(unknown_of([&value], at)),
                        Is::List(items) | Is::Set(items) => items.is_empty(),
                        Is::Text(text) => text.is_empty(),
                        _ => false,
                    };
                    if !empty {
                        return Ok(value);
                    }
                }
                return refuse(at, "all that `coalesce` is given is empty");
            }
            "templatefile" | "file" | "fileexists" | "fileset" | "filebase64" => return self.file_function(call, at, scope),
            _ => {}
        }
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            arguments.push(self.eval(argument, scope)?);
        }
        if call.expand
            && let Some(last) = arguments.pop()
        {
            match last.as_list() {
                Some(items) => arguments.extend_from_slice(items),
                None => return Ok(unknown_of([&last], at)),
            }
        }
        self.spend(arguments.iter().map(size).sum());
        let value = functions::call(self, &call.name, &arguments, at)?;
        self.spend(size(&value));
        Ok(self.too_large(value, at))
    }
}

/// The top level of a value, in elements and (for texts) in pieces of 64 bytes.
pub fn size(value: &Value) -> usize {
    match &value.is {
        Is::List(items) | Is::Set(items) => items.len(),
        Is::Map(entries) => entries.len(),
        Is::Text(text) => text.len() / 64,
        Is::Partial(pieces) => pieces.len(),
        _ => 1,
    }
}

/// Whether there is anything to compute with; elements may still be unknown.
pub fn is_known(value: &Value) -> bool {
    match &value.is {
        Is::Unknown(_) | Is::Partial(_) => false,
        Is::Reference(target) => target.known.is_some(),
        _ => true,
    }
}

fn number(value: &Value, at: Location) -> Result<Option<f64>, Box<Refusal>> {
    if !is_known(value) {
        return Ok(None);
    }
    match value.as_number() {
        Some(n) => Ok(Some(n)),
        None => refuse(at, "this is no number"),
    }
}

/// Keys and values as a `for` goes through them; `None` if it is not known what there is.
pub fn pairs(value: &Value) -> Option<Vec<(Value, Value)>> {
    #[expect(clippy::cast_precision_loss, reason = "no list is that long")]
    let index = |i: usize| Value::new(Is::Number(i as f64), value.at);
    match &value.is {
        Is::List(items) => Some(items.iter().enumerate().map(|(i, v)| (index(i), v.clone())).collect()),
        Is::Set(items) => Some(items.iter().map(|v| (v.clone(), v.clone())).collect()),
        Is::Map(entries) => Some(entries.iter().map(|(k, v)| (Value::text(k.clone(), v.at), v.clone())).collect()),
        Is::Null => Some(Vec::new()),
        _ => None,
    }
}

/// A part of a value, used at `at`: the lines go from there by those of the whole value to where the part is written.
fn through(whole: &Value, picked: Value, at: Location, step: String) -> Value {
    let mut steps: Vec<TrailStep> = vec![TrailStep { location: whole.at, text: step.into() }];
    steps.extend(whole.trail.steps().cloned());
    if let Some(last) = steps.last_mut() {
        if within(picked.at, last.location) {
            // The line of the part itself says more than that of the whole map.
            last.location = picked.at;
        } else if !picked.trail.steps().any(|s| s.location == picked.at) {
            steps.push(TrailStep { location: picked.at, text: "the value is written here".into() });
        }
    }
    steps.extend(picked.trail.steps().cloned());
    let mut seen: Vec<Location> = Vec::new();
    steps.retain(|s| {
        let new = s.location != at && !seen.contains(&s.location);
        seen.push(s.location);
        new
    });
    Value { is: picked.is, at, trail: steps.into_iter().collect::<Trail>() }
}
