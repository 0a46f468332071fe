//! What code may give: every branch, with the clients that take it.

use std::collections::BTreeMap;

use super::super::answer::{Answer, Condition, Pick, Target, country};
use super::super::name;
use super::super::record::shorten;
use super::Code;
use super::parse::{Expr, Statement, parse};
use super::values::*;
use crate::source::Location;

/// Steps that the code of one record may take, branches counted one by one.
const MAX_STEPS: usize = 20_000;
const MAX_INCLUDES: usize = 8;

const HELP: &str = "declare where the name leads in onshore's own inventory, or say it with functions that onshore follows";

pub fn unknown(location: Location, why: impl Into<String>) -> Answer {
    Answer::Unknown { why: why.into(), help: Some(HELP.to_owned()), location }
}

struct Run<'a> {
    kind: &'a str,
    code: &'a Code<'a>,
    includes: &'a BTreeMap<String, Vec<Code<'a>>>,
    origin: Option<&'a str>,
    steps: usize,
    included: usize,
}

type Variables = BTreeMap<String, Value>;

pub fn run(
    kind: &str,
    code: &Code<'_>,
    block: &[Statement],
    includes: &BTreeMap<String, Vec<Code<'_>>>,
    origin: Option<&str>,
) -> Answer {
    let mut run = Run { kind, code, includes, origin, steps: 0, included: 0 };
    let mut variables = Variables::new();
    run.block(&[block], &mut variables)
}

impl Run<'_> {
    /// Blocks one after the other, as if they were one, up to a `return`.
    fn block(&mut self, blocks: &[&[Statement]], variables: &mut Variables) -> Answer {
        let Some((block, after)) = blocks.split_first() else { return Answer::Nothing };
        for (i, statement) in block.iter().enumerate() {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return unknown(self.code.start(), "it has more branches than can be followed");
            }
            match statement {
                Statement::Assign(name, value) => {
                    let value = self.value(value, variables);
                    variables.insert(name.clone(), value);
                }
                Statement::Return(None) => return Answer::Nothing,
                Statement::Return(Some(value)) => {
                    let value = self.value(value, variables);
                    return self.answer(value);
                }
                Statement::Call(call) => {
                    if let Err(answer) = self.called(call, variables) {
                        return answer;
                    }
                }
                Statement::If(arms, otherwise) => {
                    // What follows is gone through for each branch, for it may use what the branch has set.
                    let rest = block.get(i + 1..).unwrap_or(&[]);
                    let mut branches = Vec::new();
                    for (test, text, body) in arms {
                        let value = self.value(test, variables);
                        let condition = truth(&value, text);
                        let all: Vec<&[Statement]> = [body.as_slice(), rest].into_iter().chain(after.iter().copied()).collect();
                        match condition {
                            Ok(false) => {}
                            Ok(true) => {
                                branches.push((Condition::always(), self.block(&all, &mut variables.clone())));
                                return Answer::Branches(branches);
                            }
                            Err(condition) => branches.push((*condition, self.block(&all, &mut variables.clone()))),
                        }
                    }
                    let all: Vec<&[Statement]> =
                        [otherwise.as_slice(), rest].into_iter().chain(after.iter().copied()).collect();
                    branches.push((Condition::always(), self.block(&all, &mut variables.clone())));
                    return Answer::Branches(branches);
                }
            }
        }
        self.block(after, variables)
    }

    /// A call for what it does: `include('name')`.
    fn called(&mut self, call: &Expr, variables: &mut Variables) -> Result<(), Answer> {
        let Expr::Call(function, arguments, offset) = call else { return Ok(()) };
        let at = self.code.at(*offset, function);
        match (function.as_str(), arguments.as_slice()) {
            ("include", [name]) => {
                let Value::Text(name, at) = self.value(name, variables) else {
                    return Err(unknown(at, "what it includes is worked out while it runs"));
                };
                // The zone has nothing by what is no name.
                let full = name::absolute(&name, self.origin).unwrap_or_default();
                let Some(codes) = self.includes.get(&full) else {
                    return Err(unknown(at, format!("it includes `{}`, and the zone has no such LUA record", shorten(&name))));
                };
                self.included += 1;
                if self.included > MAX_INCLUDES {
                    return Err(unknown(at, "it includes too much"));
                }
                for code in codes {
                    let block = parse(&code.text, 0, false).map_err(|w| unknown(code.at(w.offset, ""), w.message))?;
                    for statement in &block {
                        match statement {
                            Statement::Assign(name, value) => {
                                let mut inner = Run {
                                    kind: self.kind,
                                    code,
                                    includes: self.includes,
                                    origin: self.origin,
                                    steps: self.steps,
                                    included: self.included,
                                };
                                let value = inner.value(value, variables);
                                self.steps = inner.steps;
                                variables.insert(name.clone(), value);
                            }
                            _ => return Err(unknown(code.start(), "of what it includes only `NAME = VALUE` is followed")),
                        }
                    }
                }
                Ok(())
            }
            ("report", _) => Ok(()),
            _ => Err(unknown(at, format!("`{}` may do anything", shorten(function)))),
        }
    }

    fn value(&mut self, expr: &Expr, variables: &Variables) -> Value {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Value::Unknown("it is more than can be followed".to_owned(), self.code.start());
        }
        match expr {
            Expr::Nil => Value::Nil,
            Expr::Bool(b) => Value::Bool(*b),
            Expr::Number(n) => Value::Number(n.clone()),
            Expr::Text(text, offset) => Value::Text(text.clone(), self.code.at(*offset, text)),
            Expr::Name(name) => variables.get(name).cloned().unwrap_or_else(|| {
                Value::Unknown(format!("`{}` is worked out while it runs", shorten(name)), self.code.start())
            }),
            Expr::Opaque => Value::Unknown("it is worked out while it runs".to_owned(), self.code.start()),
            Expr::Table(entries) => {
                let mut table = Vec::new();
                for (key, value) in entries {
                    let key = match key.as_ref().map(|k| self.value(k, variables)) {
                        None => None,
                        Some(Value::Text(k, _) | Value::Number(k)) => Some(k),
                        Some(_) => Some(String::new()),
                    };
                    table.push((key, self.value(value, variables)));
                }
                Value::Table(table)
            }
            Expr::Index(of, index) => {
                let (of, index) = (self.value(of, variables), self.value(index, variables));
                indexed(of, &index, self.code.start())
            }
            Expr::Not(inner) => match truth(&self.value(inner, variables), "it") {
                Ok(known) => Value::Bool(!known),
                Err(condition) => Value::Condition(condition.negated()),
            },
            Expr::And(a, b) => {
                let (a, b) = (self.value(a, variables), self.value(b, variables));
                and(a, b)
            }
            Expr::Or(a, b) => {
                let (a, b) = (self.value(a, variables), self.value(b, variables));
                or(a, b)
            }
            Expr::Equal(a, b, negated) => {
                let (a, b) = (self.value(a, variables), self.value(b, variables));
                match (equal(&a, &b), negated) {
                    (Value::Condition(c), true) => Value::Condition(c.negated()),
                    (Value::Bool(known), true) => Value::Bool(!known),
                    (value, _) => value,
                }
            }
            Expr::Join(a, b) => {
                let mut parts = Vec::new();
                for side in [self.value(a, variables), self.value(b, variables)] {
                    match side {
                        Value::Join(inner) => parts.extend(inner),
                        other => parts.push(other),
                    }
                }
                match parts.as_slice() {
                    [Value::Text(a, at), Value::Text(b, _)] => Value::Text(format!("{a}{b}"), *at),
                    _ => Value::Join(parts),
                }
            }
            Expr::Call(function, arguments, offset) => {
                let arguments: Vec<Value> = arguments.iter().map(|a| self.value(a, variables)).collect();
                let at = self.code.at(*offset, function);
                self.function(function, &arguments, at)
            }
        }
    }

    /// A function of which the arguments are known; one of two arguments makes one of two values.
    fn function(&mut self, function: &str, arguments: &[Value], at: Location) -> Value {
        if let Some(i) = arguments.iter().position(|a| matches!(a, Value::Either(..)))
            && let Value::Either(condition, yes, no) = arguments[i].clone()
        {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return Value::Unknown("it is more than can be followed".to_owned(), at);
            }
            let mut with = |value: Value| {
                let mut arguments = arguments.to_vec();
                arguments[i] = value;
                Box::new(self.function(function, &arguments, at))
            };
            let (yes, no) = (with(*yes), with(*no));
            return Value::Either(condition, yes, no);
        }
        let codes = || arguments.first().and_then(texts);
        match (function, arguments) {
            ("ifportup", [port, addresses, options @ ..]) => {
                let port = if let Value::Number(port) = port { format!("port {port}") } else { "its port".to_owned() };
                checked(addresses, options.first(), &format!("nothing before it answers on {port}"), at)
            }
            ("ifurlup", [_, addresses, options @ ..]) => {
                checked(addresses, options.first(), "nothing before it answers its health check", at)
            }
            ("ifurlextup", [groups, options @ ..]) => {
                checked(&keys_of(groups, at), options.first(), "no health check before it succeeds", at)
            }
            ("pickselfweighted", [_, addresses, ..]) => set(addresses, Pick::Share, at),
            ("pickrandom" | "pickhashed", [values]) => set(values, Pick::Share, at),
            ("pickrandomsample", [_, values]) => set(values, Pick::Share, at),
            ("pickwrandom" | "pickwhashed" | "pickchashed" | "picknamehashed", [values]) => {
                set(&weighted(values), Pick::Share, at)
            }
            ("pickclosest", [values]) => set(values, Pick::Closest, at),
            ("all", [values]) => set(values, Pick::All, at),
            ("view", [Value::Table(pairs)]) => view(pairs, at),
            ("country", [_]) => {
                let countries: Option<Vec<_>> = codes().and_then(|all| all.iter().map(|c| country(c)).collect());
                let some = || Condition::some(format!("clients in {}", listed(codes(), "`")));
                Value::Condition(countries.filter(|c| !c.is_empty()).map_or_else(some, Condition::countries))
            }
            ("continent", [_]) => {
                let known = codes().filter(|c| !c.is_empty()).and_then(|codes| {
                    let words: Vec<&str> = codes.iter().map(String::as_str).collect();
                    Condition::continents(&words)
                });
                Value::Condition(known.unwrap_or_else(|| Condition::some(format!("clients in {}", listed(codes(), "`")))))
            }
            ("region", [_]) => Value::Condition(Condition::some(format!("clients in region {}", listed(codes(), "")))),
            ("asnum", [_]) => Value::Condition(Condition::some(format!("clients of AS {}", listed(codes(), "")))),
            ("netmask", [_]) => {
                let networks: Option<Vec<_>> = codes().and_then(|all| all.iter().map(|n| n.parse().ok()).collect());
                let some = || Condition::some("clients in some networks");
                Value::Condition(networks.filter(|n| !n.is_empty()).map_or_else(some, Condition::networks))
            }
            ("countryCode", []) => Value::CodeOf(Axis::Country),
            ("continentCode", []) => Value::CodeOf(Axis::Continent),
            ("regionCode", []) => Value::CodeOf(Axis::Region),
            // The records of that name, which this zone or another one has.
            ("dblookup", [Value::Text(name, at), _]) => match Target::parse(name, *at) {
                Some(target) => Value::Answer(Answer::Set(vec![target], Pick::All)),
                None => Value::Unknown(format!("`{}` is no host name", shorten(name)), *at),
            },
            (name, _) => Value::Unknown(format!("`{}` is not followed", shorten(name)), at),
        }
    }

    /// What a value is as an answer of this type.
    fn answer(&mut self, value: Value) -> Answer {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return unknown(self.code.start(), "it is more than can be followed");
        }
        match value {
            Value::Nil | Value::Bool(false) => Answer::Nothing,
            Value::Answer(answer) => answer,
            Value::Text(text, _) if text.is_empty() => Answer::Nothing,
            Value::Text(text, at) => match record_targets(self.kind, &text, at) {
                Ok(targets) => Answer::Set(targets, Pick::All),
                Err(why) => unknown(at, why),
            },
            Value::Table(entries) => {
                // Plain texts are one set: all of them are answered.
                let mut targets = Vec::new();
                let mut others = Vec::new();
                for (_, value) in entries {
                    match self.answer(value) {
                        Answer::Set(more, Pick::All) => targets.extend(more),
                        Answer::Nothing => {}
                        other => others.push(other),
                    }
                }
                if !targets.is_empty() {
                    others.push(Answer::Set(targets, Pick::All));
                }
                if others.len() == 1 { others.remove(0) } else { Answer::Each(others) }
            }
            Value::Either(condition, yes, no) => {
                let yes = self.answer(*yes);
                let no = self.answer(*no);
                Answer::Branches(vec![(*condition, yes), (Condition::always(), no)])
            }
            Value::Join(parts) => self.joined(parts),
            Value::Unknown(why, at) => unknown(at, why),
            Value::Number(_) | Value::Bool(true) | Value::Condition(_) | Value::CodeOf(_) => {
                unknown(self.code.start(), format!("it gives no {} data", self.kind))
            }
        }
    }

    /// `'1 . ipv4hint=' .. ifurlup(...)[1]`: texts and answers in a row, for types that are more than an address.
    fn joined(&mut self, parts: Vec<Value>) -> Answer {
        let at = self.code.start();
        if !matches!(self.kind, "HTTPS" | "SVCB" | "MX" | "SRV") {
            return unknown(at, "it joins texts while it runs");
        }
        let mut answers = Vec::new();
        for (i, part) in parts.into_iter().enumerate() {
            match part {
                // The target of a service; `.` is the name itself. The last words await what follows.
                Value::Text(text, at) if i == 0 && !text.split_whitespace().any(gives_hint) => {
                    let target = text.split_whitespace().nth(1).filter(|t| *t != "." && matches!(self.kind, "HTTPS" | "SVCB"));
                    match target.map(|t| Target::parse(t, at)) {
                        None => {}
                        Some(Some(target)) => answers.push(Answer::Set(vec![target], Pick::All)),
                        Some(None) => return unknown(at, "it joins texts while it runs"),
                    }
                }
                // Parameters; of their addresses only those that follow are gone to.
                Value::Text(text, at) if text.split_whitespace().any(gives_hint) => {
                    return unknown(at, "it joins texts while it runs");
                }
                Value::Text(text, _) if matches!(self.kind, "HTTPS" | "SVCB") || text.trim().is_empty() => {}
                value @ (Value::Answer(_) | Value::Either(..)) => answers.push(self.answer(value)),
                _ => return unknown(at, "it joins texts while it runs"),
            }
        }
        Answer::Each(answers)
    }
}
