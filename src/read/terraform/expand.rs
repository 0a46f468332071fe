//! `count` and `for_each`: how many there are of a block, and which. Where that is not known, one stands for all of them.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::ast::{Block, Expr, Kind};
use super::eval::{Each, Scope, is_known};
use super::value::{list, map, text_of, unknown_of};
use super::world::{Touches, Trouble, World, refused};
use crate::read::resource::{Is, Value};
use crate::source::Location;

/// Instances of one block.
const MAX_INSTANCES: usize = 2_000;

/// The instances of a block.
pub struct Expansion {
    pub items: Vec<Item>,
    /// Whether it has neither `count` nor `for_each`, or which of them.
    shape: Shape,
    /// What decides whether these exist at all, where that is not known.
    pub unsure: Option<Value>,
}

pub struct Item {
    /// `[0]`, `["eu"]`; empty for a single one.
    pub suffix: String,
    pub address: Arc<str>,
    pub each: Option<Rc<Each>>,
    pub form: Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    Single,
    Index,
    Key(Arc<str>),
    /// Stands for instances of which number or keys are not known.
    Unclear,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Single,
    Count,
    ForEach,
    Unclear,
}

impl Expansion {
    /// The resource as expressions see it.
    pub fn whole(&self, at: Location) -> Value {
        let one = |i: &Item| Value::reference(i.address.clone(), "", at);
        match (self.shape, self.items.as_slice()) {
            (Shape::Single | Shape::Unclear, [item, ..]) => one(item),
            (Shape::ForEach, items) => {
                let entries = items.iter().filter_map(|i| match &i.form {
                    Form::Key(key) => Some((key.clone(), one(i))),
                    _ => None,
                });
                Value::new(map(entries.collect()), at)
            }
            (_, items) => Value::new(list(items.iter().map(one).collect()), at),
        }
    }
}

impl<'a> World<'a> {
    pub(super) fn expand(&mut self, instance: usize, block: &'a Block, address: &str) -> Expansion {
        let item = |suffix: String, each: Option<Each>, form: Form| {
            let address = format!("{address}{suffix}").into();
            Item { suffix, address, each: each.map(Rc::new), form }
        };
        let (attribute, counts) = match (block.body.get("count"), block.body.get("for_each")) {
            (Some(count), _) => (count, true),
            (None, Some(for_each)) => (for_each, false),
            (None, None) => {
                return Expansion { items: vec![item(String::new(), None, Form::Single)], shape: Shape::Single, unsure: None };
            }
        };
        let at = attribute.location();
        let (mut value, mut unsure) = self.possible(&attribute.value, Scope::of(instance, attribute.source, None));
        let unclear = |value: &Value| {
            let unknown = unknown_of([value], at);
            let each = if counts { Each::Count(unknown.clone()) } else { Each::Key(unknown.clone(), unknown) };
            vec![item("[?]".to_owned(), Some(each), Form::Unclear)]
        };
        let mut shape = if counts { Shape::Count } else { Shape::ForEach };
        let mut items = Vec::new();
        let mut known = true;
        if counts {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a small whole number")]
            match value.as_number().filter(|n| is_known(&value) && *n >= 0.0 && n.fract() == 0.0) {
                Some(n) if n <= MAX_INSTANCES as f64 => {
                    for i in 0..n as usize {
                        let index = Value::new(Is::Number(i as f64), at);
                        items.push(item(format!("[{i}]"), Some(Each::Count(index)), Form::Index));
                    }
                }
                Some(_) => {
                    value = self.bound("terraform-too-large", "this makes more than 2000 instances", at);
                    known = false;
                }
                None => known = false,
            }
        } else {
            match &value.is {
                Is::Map(entries) if entries.len() <= MAX_INSTANCES => {
                    for (key, value) in entries.iter() {
                        let each = Each::Key(Value::text(key.clone(), value.at), value.clone());
                        items.push(item(format!("[\"{key}\"]"), Some(each), Form::Key(key.clone())));
                    }
                }
                Is::Set(elements) | Is::List(elements) if elements.len() <= MAX_INSTANCES => {
                    let mut keys = BTreeMap::new();
                    for element in elements.iter() {
                        match text_of(element) {
                            Some(key) => {
                                keys.insert(key, element.clone());
                            }
                            None => known = false,
                        }
                    }
                    if known {
                        for (key, element) in keys {
                            let each = Each::Key(element.clone(), element);
                            items.push(item(format!("[\"{key}\"]"), Some(each), Form::Key(key)));
                        }
                    }
                }
                Is::Map(_) | Is::Set(_) | Is::List(_) => {
                    value = self.bound("terraform-too-large", "this makes more than 2000 instances", at);
                    known = false;
                }
                _ => known = false,
            }
        }
        if !known {
            items = unclear(&value);
            shape = Shape::Unclear;
            // Elements may be known though their number is not: why that is so must be said all the same.
            let open = unknown_of([&value], at);
            unsure = unsure.or(Some(open));
        }
        Expansion { items, shape, unsure }
    }

    /// A number or collection as large as it may be: where a condition is not known, what either branch gives. With what
    /// decides, if it is not known.
    fn possible(&mut self, expr: &Expr, scope: Scope<'_>) -> (Value, Option<Value>) {
        let at = scope.at(expr.span);
        if let Kind::If(parts) = &expr.kind
            && let Ok(condition) = self.eval(&parts[0], scope)
            && !is_known(&condition)
        {
            let (then, _) = self.possible(&parts[1], scope);
            let (otherwise, _) = self.possible(&parts[2], scope);
            return (larger(then, otherwise, at), Some(condition));
        }
        match self.eval(expr, scope) {
            Ok(value) => (value, None),
            Err(refusal) => {
                let message = format!("how many there are cannot be told: {}", refusal.message);
                self.trouble_once("terraform-not-evaluated", message, refusal.at);
                (refused(&refusal), None)
            }
        }
    }

    pub(super) fn trouble_once(&mut self, code: &'static str, message: String, at: Location) {
        if !self.troubles.iter().any(|t| t.at == at && t.code == code) {
            self.troubles.push(Trouble { code, message, help: None, at, touches: Touches::Nothing });
        }
    }
}

fn larger(a: Value, b: Value, at: Location) -> Value {
    match (&a.is, &b.is) {
        (Is::Number(x), Is::Number(y)) => {
            if x >= y {
                a
            } else {
                b
            }
        }
        (Is::Unknown(_), _) => a,
        (_, Is::Unknown(_)) => b,
        (Is::Map(x), Is::Map(y)) => {
            let mut all: BTreeMap<Arc<str>, Value> = (**y).clone();
            all.extend(x.iter().map(|(k, v)| (k.clone(), v.clone())));
            Value::new(map(all), at)
        }
        _ => match (a.as_list(), b.as_list()) {
            (Some(x), Some(y)) => Value { is: list(x.iter().chain(y).cloned().collect()), at, trail: a.trail },
            // `cond ? {..} : []` and the like: the one with something in it.
            (Some([]), _) => b,
            _ => a,
        },
    }
}
