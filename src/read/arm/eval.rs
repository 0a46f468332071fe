//! Values of a deployment, each as far as it can be told before Azure runs it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::expression::{self, Expression};
use super::functions;
use super::world::{Deployment, World};
use crate::doc::{Node, Style};
use crate::read::resource::{Is, Piece, Target, Unknown, Value};
use crate::read::template::Vars;
use crate::source::Location;

/// What Azure makes of one loop at most.
const MAX_COPIES: usize = 800;

#[derive(Clone)]
pub(super) struct Env<'w, 'd> {
    pub world: &'w World<'d>,
    pub at: Rc<Deployment<'d>>,
    /// Loops by name (`copy:name`, and `copy:` for the innermost), lambda variables and the parameters of own functions by name.
    pub vars: Vars<Value>,
}

impl<'w, 'd> Env<'w, 'd> {
    pub fn of(world: &'w World<'d>, deployment: &Rc<Deployment<'d>>) -> Self {
        Self { world, at: Rc::clone(deployment), vars: Vars::default() }
    }

    pub fn with(&self, name: impl Into<String>, value: Value) -> Self {
        Self { vars: self.vars.with(name, value), ..self.clone() }
    }

    /// Inside a loop of that name, at that turn.
    pub fn turn(&self, name: &str, index: usize, at: Location) -> Self {
        let index = Value::new(Is::Number(index as f64), at);
        self.with(format!("copy:{}", name.to_lowercase()), index.clone()).with("copy:", index)
    }

    /// The deployment whose parameters and variables expressions mean.
    pub fn speaker(&self) -> Rc<Deployment<'d>> {
        let mut at = Rc::clone(&self.at);
        while let Some(outer) = at.outer.clone() {
            at = outer;
        }
        at
    }

    pub fn location(&self, node: Node<'_>) -> Location {
        Location::new(self.at.template.source, node.used_at())
    }

    pub fn unknown(&self, why: impl Into<String>, at: Location) -> Value {
        Value::unknown(why.into(), None, at)
    }

    pub fn eval(&self, node: Node<'d>) -> Value {
        let at = self.location(node);
        let Some(_deeper) = self.world.budget.deeper() else {
            return self.unknown("it is nested deeper than onshore follows", at);
        };
        if !self.world.budget.spend(1) {
            return self.unknown("the template grows larger than onshore is willing to read", at);
        }
        if node.is_map() {
            return self.map(node);
        }
        if node.is_list() {
            let items = node.items().map(|item| self.eval(item)).collect();
            return Value::new(Is::List(Arc::new(items)), at);
        }
        let text = node.text().unwrap_or("");
        let is = match node.style() {
            _ if node.is_null() => Is::Null,
            Some(Style::Bool) => Is::Bool(text == "true"),
            Some(Style::Number) => text.parse().map_or(Is::Null, Is::Number),
            _ => return self.written(text, at),
        };
        Value::new(is, at)
    }

    /// A text, or the expression that it is.
    fn written(&self, text: &str, at: Location) -> Value {
        match expression::inside(text) {
            Some(inner) => match expression::parse(inner) {
                Some(expression) => {
                    let value = self.expression(&expression, at);
                    // Parts of values are shared: what is made of them counts each time.
                    let mut weight = 0;
                    weigh(&value, &mut weight);
                    match self.world.budget.spend(weight) && weight < MAX_WEIGHT {
                        true => value,
                        false => self.unknown("the template grows larger than onshore is willing to read", at),
                    }
                }
                None => self.unknown(format!("`{}` is no expression that onshore can read", shortened(text)), at),
            },
            // `[[` stands for one bracket.
            None => Value::text(text.strip_prefix("[[").map_or_else(|| text.to_owned(), |rest| format!("[{rest}")), at),
        }
    }

    fn map(&self, node: Node<'d>) -> Value {
        let at = self.location(node);
        let mut map = BTreeMap::new();
        for entry in node.entries() {
            if entry.name() == "copy" && entry.value.is_list() {
                self.copied(entry.value, "input", &mut map);
                continue;
            }
            let key = match expression::inside(entry.name()) {
                Some(_) => {
                    self.written(entry.name(), at).as_text().map_or_else(|| entry.name().into(), |t| Arc::from(t.as_ref()))
                }
                None => Arc::from(entry.name()),
            };
            map.insert(key, self.eval(entry.value));
        }
        Value::new(Is::Map(Arc::new(map)), at)
    }

    /// `copy` inside an object: each of its loops is a property with a list.
    pub fn copied(&self, loops: Node<'d>, input: &str, map: &mut BTreeMap<Arc<str>, Value>) {
        for one in loops.items() {
            let (Some(name), Some(input)) = (one.get("name").and_then(|n| n.text()), one.get(input)) else { continue };
            let at = self.location(one);
            let value = match self.count(one) {
                Ok(count) => {
                    let items = (0..count).map(|i| self.turn(name, i, at).eval(input)).collect();
                    Value::new(Is::List(Arc::new(items)), at)
                }
                Err(unknown) => unknown,
            };
            map.insert(Arc::from(name), value);
        }
    }

    /// How many turns a loop has.
    pub fn count(&self, copy: Node<'d>) -> Result<usize, Value> {
        let at = self.location(copy);
        let count = copy.get("count").map_or_else(|| self.unknown("the loop has no count", at), |c| self.eval(c));
        match count.as_number() {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the guard")]
            Some(n) if (0.0..=MAX_COPIES as f64).contains(&n) => Ok(n as usize),
            Some(_) => Err(self.unknown(format!("a loop has at most {MAX_COPIES} turns"), at)),
            None => Err(count),
        }
    }

    pub fn expression(&self, expression: &Expression, at: Location) -> Value {
        let Some(_deeper) = self.world.budget.deeper() else {
            return self.unknown("it is nested deeper than onshore follows", at);
        };
        if !self.world.budget.spend(1) {
            return self.unknown("the template grows larger than onshore is willing to read", at);
        }
        match expression {
            Expression::Text(text) => Value::text(text.as_str(), at),
            Expression::Number(n) => Value::new(Is::Number(*n), at),
            Expression::Call(name, arguments) => functions::call(self, name, arguments, at),
            Expression::Member(of, name) => {
                let of = self.expression(of, at);
                self.member(&of, name, at)
            }
            Expression::Index(of, index) => {
                let (of, index) = (self.expression(of, at), self.expression(index, at));
                self.index(&of, &index, at)
            }
        }
    }

    pub fn member(&self, of: &Value, name: &str, at: Location) -> Value {
        match &of.is {
            Is::Map(map) => {
                // Property names do not mind case.
                let found = map.get(name).or_else(|| map.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v));
                match found {
                    Some(value) => joined(value, of, at),
                    None => self.unknown(format!("there is no `{name}` in it"), at),
                }
            }
            Is::Reference(target) => {
                if let Some(output) = functions::output_of(self, target, name, at) {
                    return output;
                }
                let attribute = match target.attribute.as_ref() {
                    "" => name.to_owned(),
                    before => format!("{before}.{name}"),
                };
                let target = Target { address: Arc::clone(&target.address), attribute: attribute.into(), known: None };
                Value { is: Is::Reference(Arc::new(target)), at, trail: of.trail.clone() }
            }
            _ => Value { is: Is::Unknown(reason(of)), at, trail: of.trail.clone() },
        }
    }

    pub fn index(&self, of: &Value, index: &Value, at: Location) -> Value {
        match (&of.is, &index.is) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
            (Is::List(list), Is::Number(n)) => match list.get(*n as usize).filter(|_| *n >= 0.0) {
                Some(value) => joined(value, of, at),
                None => self.unknown(format!("the list has no element {n}"), at),
            },
            (Is::Map(_) | Is::Reference(_), Is::Text(name)) => self.member(of, name, at),
            (Is::Reference(_), Is::Number(_)) => Value { at, ..of.clone() },
            (Is::List(_) | Is::Map(_), _) => Value { is: Is::Unknown(reason(index)), at, trail: index.trail.clone() },
            _ => Value { is: Is::Unknown(reason(of)), at, trail: of.trail.clone() },
        }
    }
}

/// One expression gives at most this many values.
const MAX_WEIGHT: usize = 100_000;

fn weigh(value: &Value, weight: &mut usize) {
    *weight += 1;
    if *weight > MAX_WEIGHT {
        return;
    }
    match &value.is {
        Is::List(list) => list.iter().for_each(|v| weigh(v, weight)),
        Is::Map(map) => map.values().for_each(|v| weigh(v, weight)),
        _ => {}
    }
}

/// A part of a value, with the lines that explain the whole.
fn joined(part: &Value, of: &Value, at: Location) -> Value {
    let mut value = if part.at == at { part.clone() } else { part.used(at, "its value is written here") };
    if value.trail.is_empty() {
        value.trail = of.trail.clone();
    }
    value
}

pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Why a value is not known, with all it may depend on.
pub(super) fn reason(value: &Value) -> Arc<Unknown> {
    let of: Vec<Arc<str>> = value.targets().into_iter().map(Arc::from).collect();
    let first = value.unknowns().first().map(|u| (u.why.clone(), u.help.clone()));
    let (why, help) = first.unwrap_or_else(|| match value.targets().first() {
        Some(target) => (format!("it comes from `{target}`, which is only known once it is deployed").into(), None),
        None => ("it is not of the kind that should stand here".into(), None),
    });
    Arc::new(Unknown { why, help, of })
}

/// A text by which equal values are seen to be equal, also where they are not known.
pub(super) fn canonical(value: &Value) -> String {
    match &value.is {
        Is::Partial(pieces) => {
            let piece = |p: &Piece| match p {
                Piece::Text(text) => text.to_string(),
                Piece::Hole(value) => canonical(value),
            };
            pieces.iter().map(piece).collect()
        }
        Is::Unknown(unknown) => format!("{{{}}}", unknown.why),
        Is::Reference(target) => format!("{{{}.{}}}", target.address, target.attribute),
        Is::List(list) => list.iter().map(canonical).collect::<Vec<_>>().join(","),
        Is::Map(_) | Is::Null => String::new(),
        _ => value.as_text().map_or_else(String::new, |t| t.into_owned()),
    }
}
