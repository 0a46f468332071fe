//! Types of variables, and what giving a variable a value of another type makes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::{Expr, Kind};
use super::value::{map, set, text_of};
use crate::read::resource::{Is, Value};

/// A type constraint. Its parts borrow from the declaration.
#[derive(Debug)]
pub enum Type<'a> {
    Any,
    Text,
    Number,
    Bool,
    List(Box<Type<'a>>),
    Set(Box<Type<'a>>),
    Map(Box<Type<'a>>),
    Tuple(Vec<Type<'a>>),
    Object(Vec<(&'a str, Field<'a>)>),
}

#[derive(Debug)]
pub struct Field<'a> {
    kind: Type<'a>,
    optional: bool,
    default: Option<&'a Expr>,
}

/// What `type = ...` says; what is not understood converts nothing.
pub fn parse(expr: &Expr) -> Type<'_> {
    match &expr.kind {
        Kind::Name(name) => word(name),
        // Terraform 0.11 wrote "string", "list" and "map".
        Kind::Text(name) => match name.as_ref() {
            "list" => Type::List(Box::new(Type::Any)),
            "map" => Type::Map(Box::new(Type::Any)),
            other => word(other),
        },
        Kind::Call(call) => match (&*call.name, call.arguments.as_slice()) {
            ("list", [of]) => Type::List(Box::new(parse(of))),
            ("set", [of]) => Type::Set(Box::new(parse(of))),
            ("map", [of]) => Type::Map(Box::new(parse(of))),
            ("optional", [of, ..]) => parse(of),
            ("tuple", [Expr { kind: Kind::List(items), .. }]) => Type::Tuple(items.iter().map(parse).collect()),
            ("object", [Expr { kind: Kind::Object(fields), .. }]) => {
                Type::Object(fields.iter().filter_map(|(name, kind)| Some((name.as_text()?, field(kind)))).collect())
            }
            _ => Type::Any,
        },
        _ => Type::Any,
    }
}

fn word(name: &str) -> Type<'_> {
    match name {
        "string" => Type::Text,
        "number" => Type::Number,
        "bool" => Type::Bool,
        "list" => Type::List(Box::new(Type::Any)),
        "set" => Type::Set(Box::new(Type::Any)),
        "map" => Type::Map(Box::new(Type::Any)),
        _ => Type::Any,
    }
}

fn field(expr: &Expr) -> Field<'_> {
    match &expr.kind {
        Kind::Call(call) if &*call.name == "optional" => {
            let kind = call.arguments.first().map_or(Type::Any, parse);
            Field { kind, optional: true, default: call.arguments.get(1) }
        }
        _ => Field { kind: parse(expr), optional: false, default: None },
    }
}

/// A value as the type wants it; `None` if it cannot be. Unknown parts stay unknown. `default` evaluates an optional field's default.
pub fn convert(value: &Value, to: &Type<'_>, default: &mut dyn FnMut(&Expr) -> Option<Value>) -> Option<Value> {
    let unchanged = match (&value.is, to) {
        (Is::Null | Is::Unknown(_), _) | (_, Type::Any) | (Is::Text(_) | Is::Partial(_), Type::Text) => true,
        (Is::Number(_), Type::Number) | (Is::Bool(_), Type::Bool) => true,
        // What a resource's attribute will be, its own type says.
        (Is::Reference(_), _) => true,
        _ => false,
    };
    if unchanged {
        return Some(value.clone());
    }
    let made = |is| Value { is, at: value.at, trail: value.trail.clone() };
    Some(made(match (&value.is, to) {
        (_, Type::Text) => Is::Text(text_of(value)?),
        (Is::Text(_), Type::Number) => Is::Number(value.as_number()?),
        (Is::Text(_), Type::Bool) => Is::Bool(value.as_bool()?),
        (Is::List(items) | Is::Set(items), Type::List(of)) => Is::List(Arc::new(each(items, of, default)?)),
        (Is::List(items) | Is::Set(items), Type::Set(of)) => set(each(items, of, default)?),
        (Is::List(items), Type::Tuple(kinds)) if items.len() == kinds.len() => {
            let items = items.iter().zip(kinds).map(|(v, kind)| convert(v, kind, default));
            Is::List(Arc::new(items.collect::<Option<_>>()?))
        }
        (Is::Map(entries), Type::Map(of)) => {
            let entries = entries.iter().map(|(k, v)| Some((k.clone(), convert(v, of, default)?)));
            Is::Map(Arc::new(entries.collect::<Option<BTreeMap<_, _>>>()?))
        }
        (Is::Map(entries), Type::Object(fields)) => {
            // Attributes that the type does not name are dropped.
            let mut made = BTreeMap::new();
            for (name, field) in fields {
                let given = entries.get(*name).filter(|v| !(field.optional && v.is_null() && field.default.is_some()));
                let made_of = match (given, field.default) {
                    (Some(given), _) => convert(given, &field.kind, default)?,
                    (None, Some(expr)) => convert(&default(expr)?, &field.kind, default)?,
                    (None, None) if field.optional => Value::new(Is::Null, value.at),
                    (None, None) => return None,
                };
                made.insert(Arc::from(*name), made_of);
            }
            map(made)
        }
        _ => return None,
    }))
}

fn each(items: &[Value], of: &Type<'_>, default: &mut dyn FnMut(&Expr) -> Option<Value>) -> Option<Vec<Value>> {
    items.iter().map(|v| convert(v, of, default)).collect()
}
