//! The functions of ARM templates, as far as they can be run before a deployment. By the article "ARM template functions" of the Azure
//! Resource Manager documentation (2026). What only Azure knows (`reference`, keys, unique names) stays a reference or unknown.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::deployment;
use super::eval::{Env, canonical, reason, shortened};
use super::expression::Expression;
use super::world::Deployment;
use crate::read::resource::{Is, Target, Unknown, Value};
use crate::read::template::MAX_TEXT;
use crate::source::Location;

/// Lists that functions make have at most so many elements.
const MAX_ITEMS: usize = 10_000;

pub(super) fn call(env: &Env<'_, '_>, name: &str, arguments: &[Expression], at: Location) -> Value {
    match name {
        // Only one of the values may be meant to exist.
        "if" => return either(env, arguments, at),
        "lambda" => return env.unknown("a function as a value", at),
        "map" | "filter" => return each(env, name, arguments, at),
        _ => {}
    }
    let values: Vec<Value> = arguments.iter().map(|a| env.expression(a, at)).collect();
    let text = |i: usize| values.get(i).and_then(Value::as_text);
    let number = |i: usize| values.get(i).and_then(Value::as_number);
    let found = match name {
        "parameters" => text(0).map(|n| deployment::parameter(env, &n, at)),
        "variables" => text(0).map(|n| deployment::variable(env, &n, at)),
        "lambdavariables" => text(0).and_then(|n| env.vars.get(&n).cloned()),
        "copyindex" => copy_index(env, &values, at),
        "resourceid" | "subscriptionresourceid" | "tenantresourceid" | "managementgroupresourceid" | "extensionresourceid" => {
            Some(resource_id(env, name, &values, at))
        }
        "reference" | "resourceinfo" | "references" => values.first().map(|v| reference(env, v, at)),
        "resourcegroup" | "subscription" | "deployment" | "tenant" | "managementgroup" | "environment" | "deployer" => {
            Some(surroundings(env, name, at))
        }
        "concat" => Some(concat(env, values.clone(), at)),
        "format" => Some(format(env, &values, at)),
        "union" => Some(union(env, &values, at)),
        "createarray" | "array" => Some(match values.as_slice() {
            [Value { is: Is::List(_), .. }] if name == "array" => values[0].clone(),
            _ => list(values.clone(), at),
        }),
        "createobject" => Some(object(&values, at)),
        "true" => Some(Value::new(Is::Bool(true), at)),
        "false" => Some(Value::new(Is::Bool(false), at)),
        "null" => Some(Value::new(Is::Null, at)),
        "and" | "or" | "not" | "bool" => logic(name, &values, at),
        "equals" => equal(&values, at),
        "less" | "lessorequals" | "greater" | "greaterorequals" => compare(name, &values, at),
        "add" | "sub" | "mul" | "div" | "mod" | "int" | "float" => arithmetic(name, number(0), number(1), at),
        "min" | "max" => extreme(name, &values, at),
        "coalesce" => values.iter().find(|v| !v.is_null()).cloned(),
        "empty" => empty(values.first(), at),
        "contains" => contains(&values, at),
        "length" => length(values.first(), at),
        "first" | "last" | "skip" | "take" => part(name, &values, at),
        "range" => range(env, number(0), number(1), at),
        "items" => items(values.first(), at),
        "objectkeys" => {
            values.first().and_then(Value::as_map).map(|m| list(m.keys().map(|k| Value::text(Arc::clone(k), at)).collect(), at))
        }
        "flatten" => values
            .first()
            .and_then(Value::as_list)
            .map(|l| list(l.iter().flat_map(|v| v.as_list().map_or_else(|| vec![v.clone()], <[_]>::to_vec)).collect(), at)),
        "tryget" => try_get(env, &values, at),
        "shallowmerge" => values.first().and_then(Value::as_list).map(|l| union(env, l, at)),
        "split" => split(&values, at),
        "join" => join(env, &values, at),
        "string" => values
            .first()
            .filter(|v| v.as_text().is_some())
            .map(|v| Value { is: Is::Text(v.as_text().unwrap_or_default().into()), ..v.clone() }),
        "tolower" | "toupper" | "trim" | "substring" | "replace" | "padleft" | "startswith" | "endswith" | "indexof"
        | "lastindexof" | "uri" | "uricomponent" => texts(env, name, &values, at),
        _ if name.contains('.') => own(env, name, &values, at),
        _ => None,
    };
    if let Some(found) = found {
        return found;
    }
    let open = values.iter().find(|v| matches!(v.is, Is::Unknown(_) | Is::Partial(_) | Is::Reference(_)));
    let of: Vec<Arc<str>> = values.iter().flat_map(Value::targets).map(Arc::from).collect();
    let (why, help) = match name {
        // Equal arguments give equal answers: the reason says them.
        "uniquestring" | "guid" | "newguid" | "utcnow" => {
            let arguments = values.iter().map(canonical).collect::<Vec<_>>().join(",");
            (format!("`{name}({})` is only told when it is deployed", shortened(&arguments)), None)
        }
        _ => match open.map(reason) {
            Some(unknown) => (unknown.why.to_string(), unknown.help.clone()),
            None => (format!("the function `{name}` is only told when it is deployed"), None),
        },
    };
    Value::new(Is::Unknown(Arc::new(Unknown { why: why.into(), help, of })), at)
}

fn list(items: Vec<Value>, at: Location) -> Value {
    Value::new(Is::List(Arc::new(items)), at)
}

fn either(env: &Env<'_, '_>, arguments: &[Expression], at: Location) -> Value {
    let [condition, yes, no] = arguments else { return env.unknown("`if` takes three arguments", at) };
    let condition = env.expression(condition, at);
    match condition.as_bool() {
        Some(true) => env.expression(yes, at),
        Some(false) => env.expression(no, at),
        None => {
            let (yes, no) = (env.expression(yes, at), env.expression(no, at));
            if yes.as_text().is_some() && yes.as_text() == no.as_text() {
                return yes;
            }
            let why = reason(&condition);
            let of = [&condition, &yes, &no].into_iter().flat_map(|v| v.targets()).map(Arc::from).collect();
            let why = Unknown { why: format!("it is one of two values, and {}", why.why).into(), help: why.help.clone(), of };
            Value::new(Is::Unknown(Arc::new(why)), at)
        }
    }
}

/// `map(list, lambda('x', ...))` and `filter`.
fn each(env: &Env<'_, '_>, name: &str, arguments: &[Expression], at: Location) -> Value {
    let [of, Expression::Call(lambda, parts)] = arguments else {
        return env.unknown(format!("`{name}` takes a list and a function"), at);
    };
    let (Some(Expression::Text(variable)), Some(body), true) = (parts.first(), parts.last(), lambda == "lambda") else {
        return env.unknown(format!("`{name}` takes a list and a function"), at);
    };
    let of = env.expression(of, at);
    let Some(items) = of.as_list() else { return Value { is: Is::Unknown(reason(&of)), at, trail: of.trail.clone() } };
    let mut out = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let mut inside = env.with(variable.as_str(), item.clone());
        if let (3, Some(Expression::Text(index))) = (parts.len(), parts.get(1)) {
            inside = inside.with(index.as_str(), Value::new(Is::Number(i as f64), at));
        }
        let value = inside.expression(body, at);
        match (name, value.as_bool()) {
            ("map", _) => out.push(value),
            (_, Some(true)) => out.push(item.clone()),
            (_, Some(false)) => {}
            (_, None) => return Value { is: Is::Unknown(reason(&value)), at, trail: value.trail },
        }
    }
    list(out, at)
}

fn copy_index(env: &Env<'_, '_>, values: &[Value], at: Location) -> Option<Value> {
    let (name, offset) = match values {
        [] => (String::new(), 0.0),
        [one] => match &one.is {
            Is::Number(n) => (String::new(), *n),
            _ => (one.as_text()?.to_lowercase(), 0.0),
        },
        [name, offset, ..] => (name.as_text()?.to_lowercase(), offset.as_number()?),
    };
    let index = env.vars.get(&format!("copy:{name}"))?.as_number()?;
    Some(Value::new(Is::Number(index + offset), at))
}

/// `resourceId([subscription], [group], type, name...)`: the resource itself, if this deployment declares it; else its id.
fn resource_id(env: &Env<'_, '_>, function: &str, values: &[Value], at: Location) -> Value {
    let is_type = |v: &Value| v.as_text().is_some_and(|t| t.contains('/') && t.contains('.') && !t.starts_with('/'));
    let Some(start) = values.iter().position(is_type) else { return env.unknown("`resourceId` names no type", at) };
    let kind = values[start].as_text().unwrap_or_default().to_lowercase();
    let names = &values[start + 1..];
    let name = names.iter().map(canonical).collect::<Vec<_>>().join("/");
    if let Some(address) = deployment::address(env, &kind, &name) {
        return Value::new(Is::Reference(Arc::new(Target { address, attribute: "id".into(), known: None })), at);
    }
    let slash = |text: &str| Value::text(text, at);
    let told = &env.speaker().told;
    let mut pieces = vec![slash("/subscriptions/"), told.subscription.clone()];
    if function == "resourceid" {
        let group = start.checked_sub(1).map(|i| values[i].clone());
        pieces.extend([
            slash("/resourceGroups/"),
            group.unwrap_or_else(|| env.unknown("the template does not say in which resource group it is deployed", at)),
        ]);
    }
    pieces.push(slash("/providers/"));
    let mut segments = kind.split('/');
    pieces.push(slash(segments.next().unwrap_or_default()));
    for (segment, name) in segments.zip(names) {
        pieces.extend([slash("/"), slash(segment), slash("/"), name.clone()]);
    }
    env.world.budget.concat(pieces, at)
}

/// What a resource is once deployed: by its symbolic name, its id, or its name.
fn reference(env: &Env<'_, '_>, value: &Value, at: Location) -> Value {
    if let Is::Reference(target) = &value.is {
        let whole = Target { address: Arc::clone(&target.address), attribute: "".into(), known: None };
        return Value { is: Is::Reference(Arc::new(whole)), at, trail: value.trail.clone() };
    }
    match deployment::by_name(env, &canonical(value)) {
        Some(address) => Value::new(Is::Reference(Arc::new(Target { address, attribute: "".into(), known: None })), at),
        None => Value { at, ..value.clone() },
    }
}

/// The output of a nested deployment that a reference leads to: `reference('network').outputs.vnetId.value`.
pub(super) fn output_of(env: &Env<'_, '_>, target: &Target, name: &str, at: Location) -> Option<Value> {
    let output = target.attribute.strip_prefix("outputs.").or_else(|| target.attribute.strip_prefix("properties.outputs."))?;
    (name.eq_ignore_ascii_case("value")).then(|| deployment::output(env, &target.address, output, at))?
}

fn surroundings(env: &Env<'_, '_>, name: &str, at: Location) -> Value {
    let speaker = env.speaker();
    let told = &speaker.told;
    let used = |value: &Value, what: &'static str| match value.is {
        Is::Unknown(_) => Value { at, ..value.clone() },
        _ => value.used(at, what),
    };
    let unknown = |why: &'static str| env.unknown(why, at);
    let entries: Vec<(&str, Value)> = match name {
        "resourcegroup" => vec![
            ("location", used(&told.region, "the resource group's location")),
            ("id", unknown("a resource group's id is only told when it is deployed")),
            ("name", unknown("the template does not say in which resource group it is deployed")),
        ],
        "deployment" => vec![
            ("location", used(&told.region, "the deployment's location")),
            ("name", unknown("a deployment's name is only told when it is deployed")),
        ],
        "subscription" => vec![
            ("subscriptionId", used(&told.subscription, "the subscription")),
            ("id", env.world.budget.concat([Value::text("/subscriptions/", at), told.subscription.clone()], at)),
            ("tenantId", unknown("the tenant is only told when it is deployed")),
        ],
        "environment" => {
            let suffixes = [
                ("storage", "core.windows.net"),
                ("sqlServerHostname", ".database.windows.net"),
                ("keyvaultDns", ".vault.azure.net"),
            ];
            let suffixes = suffixes.map(|(k, v)| (Arc::from(k), Value::text(v, at)));
            vec![("suffixes", Value::new(Is::Map(Arc::new(suffixes.into())), at)), ("name", Value::text("AzureCloud", at))]
        }
        _ => vec![("tenantId", unknown("the tenant is only told when it is deployed"))],
    };
    let map: BTreeMap<Arc<str>, Value> = entries.into_iter().map(|(k, v)| (Arc::from(k), v)).collect();
    Value::new(Is::Map(Arc::new(map)), at)
}

fn concat(env: &Env<'_, '_>, values: Vec<Value>, at: Location) -> Value {
    if values.iter().any(|v| matches!(v.is, Is::List(_))) {
        let items = values.iter().flat_map(|v| v.as_list().map_or_else(|| vec![v.clone()], <[_]>::to_vec)).collect::<Vec<_>>();
        return if env.world.budget.spend(items.len()) { list(items, at) } else { env.unknown("the list grows too large", at) };
    }
    env.world.budget.concat(values, at)
}

/// `format('{0}-{1:D2}', a, b)`.
fn format(env: &Env<'_, '_>, values: &[Value], at: Location) -> Value {
    let Some(pattern) = values.first().and_then(Value::as_text) else { return env.unknown("`format` has no text", at) };
    let (mut pieces, mut rest) = (Vec::new(), pattern.as_ref());
    while let Some(start) = rest.find(['{', '}']) {
        pieces.push(Value::text(&rest[..start], at));
        let brace = &rest[start..=start];
        let after = &rest[start + 1..];
        if after.starts_with(brace) {
            pieces.push(Value::text(brace, at));
            rest = &after[1..];
            continue;
        }
        let Some(end) = after.find('}') else { return env.unknown("`format` has a brace too many", at) };
        let (index, width) = after[..end].split_once(':').map_or((&after[..end], ""), |(i, w)| (i, w));
        let Some(value) = index.trim().parse::<usize>().ok().and_then(|i| values.get(i + 1)) else {
            return env.unknown("`format` names a value that is not there", at);
        };
        let digits = width.trim_start_matches(['D', 'd', '0']).parse().unwrap_or(width.len());
        pieces.push(match (&value.is, width) {
            (Is::Number(_), w) if !w.is_empty() && digits < 64 => {
                Value::text(format!("{:0>digits$}", value.as_text().unwrap_or_default()), at)
            }
            _ => value.clone(),
        });
        rest = &after[end + 1..];
    }
    pieces.push(Value::text(rest, at));
    env.world.budget.concat(pieces, at)
}

fn union(env: &Env<'_, '_>, values: &[Value], at: Location) -> Value {
    if let Some(open) = values.iter().find(|v| !matches!(v.is, Is::Map(_) | Is::List(_) | Is::Null)) {
        return Value { is: Is::Unknown(reason(open)), at, trail: open.trail.clone() };
    }
    if values.iter().any(|v| matches!(v.is, Is::List(_))) {
        let mut items: Vec<Value> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for item in values.iter().filter_map(Value::as_list).flatten() {
            let key = canonical(item);
            if key.is_empty() || seen.insert(key) {
                items.push(item.clone());
            }
        }
        return if env.world.budget.spend(items.len()) { list(items, at) } else { env.unknown("the list grows too large", at) };
    }
    let mut map = BTreeMap::new();
    values.iter().filter_map(Value::as_map).for_each(|m| map.extend(m.iter().map(|(k, v)| (Arc::clone(k), v.clone()))));
    if env.world.budget.spend(map.len()) {
        Value::new(Is::Map(Arc::new(map)), at)
    } else {
        env.unknown("the object grows too large", at)
    }
}

fn object(values: &[Value], at: Location) -> Value {
    let pairs = values.chunks_exact(2).filter_map(|p| Some((Arc::from(p[0].as_text()?.as_ref()), p[1].clone())));
    Value::new(Is::Map(Arc::new(pairs.collect())), at)
}

fn logic(name: &str, values: &[Value], at: Location) -> Option<Value> {
    let known: Vec<Option<bool>> = values.iter().map(Value::as_bool).collect();
    let result = match name {
        "not" => !known.first().copied()??,
        "bool" => match values.first()?.as_text()?.to_lowercase().as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => return None,
        },
        // What decides wins over what is not known.
        "and" if known.contains(&Some(false)) => false,
        "or" if known.contains(&Some(true)) => true,
        _ if known.contains(&None) => return None,
        _ => name == "and",
    };
    Some(Value::new(Is::Bool(result), at))
}

fn equal(values: &[Value], at: Location) -> Option<Value> {
    let [left, right] = values else { return None };
    let same = match (left.as_text(), right.as_text()) {
        (Some(left_text), Some(right_text)) => left_text == right_text,
        _ if left.is_null() || right.is_null() => match (left.is_null(), right.is_null()) {
            (true, true) => true,
            _ if [left, right].iter().any(|v| matches!(v.is, Is::Unknown(_))) => return None,
            _ => false,
        },
        _ => return None,
    };
    Some(Value::new(Is::Bool(same), at))
}

fn compare(name: &str, values: &[Value], at: Location) -> Option<Value> {
    let [left, right] = values else { return None };
    let order = match (left.as_number(), right.as_number()) {
        (Some(left), Some(right)) => left.partial_cmp(&right)?,
        _ => left.as_text()?.cmp(&right.as_text()?),
    };
    let holds = match name {
        "less" => order.is_lt(),
        "lessorequals" => order.is_le(),
        "greater" => order.is_gt(),
        _ => order.is_ge(),
    };
    Some(Value::new(Is::Bool(holds), at))
}

fn arithmetic(name: &str, left: Option<f64>, right: Option<f64>, at: Location) -> Option<Value> {
    let left = left?;
    let result = match (name, right) {
        ("int", _) => left.trunc(),
        ("float", _) => left,
        ("add", Some(right)) => left + right,
        ("sub", Some(right)) => left - right,
        ("mul", Some(right)) => left * right,
        ("div", Some(right)) if right != 0.0 => (left / right).trunc(),
        ("mod", Some(right)) if right != 0.0 => left % right,
        _ => return None,
    };
    result.is_finite().then(|| Value::new(Is::Number(result), at))
}

fn extreme(name: &str, values: &[Value], at: Location) -> Option<Value> {
    let values = match values {
        [Value { is: Is::List(list), .. }] => list.as_slice(),
        _ => values,
    };
    let numbers = values.iter().map(Value::as_number).collect::<Option<Vec<_>>>()?;
    let result = numbers.into_iter().reduce(if name == "min" { f64::min } else { f64::max })?;
    Some(Value::new(Is::Number(result), at))
}

fn empty(value: Option<&Value>, at: Location) -> Option<Value> {
    let result = match &value?.is {
        Is::Null => true,
        Is::List(list) => list.is_empty(),
        Is::Map(map) => map.is_empty(),
        Is::Text(text) => text.is_empty(),
        Is::Partial(_) => false,
        _ => return None,
    };
    Some(Value::new(Is::Bool(result), at))
}

fn contains(values: &[Value], at: Location) -> Option<Value> {
    let [of, wanted] = values else { return None };
    let word = wanted.as_text()?;
    let result = match &of.is {
        Is::List(list) if list.iter().any(|v| v.as_text().as_deref() == Some(&word)) => true,
        Is::List(list) if list.iter().any(|v| v.as_text().is_none()) => return None,
        Is::List(_) => false,
        Is::Map(map) => map.keys().any(|k| k.eq_ignore_ascii_case(&word)),
        _ => of.as_text()?.contains(word.as_ref()),
    };
    Some(Value::new(Is::Bool(result), at))
}

fn length(value: Option<&Value>, at: Location) -> Option<Value> {
    let length = match &value?.is {
        Is::List(list) => list.len(),
        Is::Map(map) => map.len(),
        Is::Text(text) => text.chars().count(),
        _ => return None,
    };
    Some(Value::new(Is::Number(length as f64), at))
}

fn part(name: &str, values: &[Value], at: Location) -> Option<Value> {
    let of = values.first()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let n = values.get(1).and_then(Value::as_number).map(|n| n.max(0.0) as usize);
    if let Some(items) = of.as_list() {
        return match name {
            "first" => Some(items.first().cloned().unwrap_or_else(|| Value::new(Is::Null, at))),
            "last" => Some(items.last().cloned().unwrap_or_else(|| Value::new(Is::Null, at))),
            "skip" => Some(list(items.iter().skip(n?).cloned().collect(), at)),
            _ => Some(list(items.iter().take(n?).cloned().collect(), at)),
        };
    }
    let text = of.as_text()?;
    let chars = text.chars();
    let result: String = match name {
        "first" => chars.take(1).collect(),
        "last" => chars.last().into_iter().collect(),
        "skip" => chars.skip(n?).collect(),
        _ => chars.take(n?).collect(),
    };
    Some(Value { is: Is::Text(result.into()), at, trail: of.trail.clone() })
}

fn range(env: &Env<'_, '_>, start: Option<f64>, count: Option<f64>, at: Location) -> Option<Value> {
    let (start, count) = (start?, count?);
    if !(0.0..=MAX_ITEMS as f64).contains(&count) || !env.world.budget.spend(count as usize) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded above")]
    let items = (0..count as usize).map(|i| Value::new(Is::Number(start + i as f64), at)).collect();
    Some(list(items, at))
}

fn items(value: Option<&Value>, at: Location) -> Option<Value> {
    let pair = |(key, value): (&Arc<str>, &Value)| {
        let map = [(Arc::from("key"), Value::text(Arc::clone(key), at)), (Arc::from("value"), value.clone())];
        Value::new(Is::Map(Arc::new(map.into())), at)
    };
    Some(list(value?.as_map()?.iter().map(pair).collect(), at))
}

fn try_get(env: &Env<'_, '_>, values: &[Value], at: Location) -> Option<Value> {
    let (mut value, keys) = values.split_first().map(|(v, k)| (v.clone(), k))?;
    for key in keys {
        let there = match (&value.is, &key.is) {
            (Is::Map(map), _) => map.keys().any(|k| key.as_text().is_some_and(|t| t.eq_ignore_ascii_case(k))),
            (Is::List(list), Is::Number(n)) => *n >= 0.0 && *n < list.len() as f64,
            (Is::Null, _) => false,
            _ => return None,
        };
        if !there {
            return Some(Value::new(Is::Null, at));
        }
        value = env.index(&value, key, at);
    }
    Some(value)
}

fn split(values: &[Value], at: Location) -> Option<Value> {
    let [of, separators] = values else { return None };
    let separators: Vec<String> = match separators.as_list() {
        Some(list) => list.iter().filter_map(|v| v.as_text().map(|t| t.into_owned())).collect(),
        None => vec![separators.as_text()?.into_owned()],
    };
    let text = of.as_text()?;
    if separators.iter().any(String::is_empty) || text.len() > MAX_ITEMS {
        return None;
    }
    let mut parts = vec![text.as_ref()];
    for separator in &separators {
        parts = parts.into_iter().flat_map(|p| p.split(separator.as_str())).collect();
    }
    Some(list(parts.into_iter().map(|p| Value { is: Is::Text(p.into()), at, trail: of.trail.clone() }).collect(), at))
}

fn join(env: &Env<'_, '_>, values: &[Value], at: Location) -> Option<Value> {
    let [of, separator] = values else { return None };
    let mut pieces = Vec::new();
    for (i, item) in of.as_list()?.iter().enumerate() {
        if i > 0 {
            pieces.push(separator.clone());
        }
        pieces.push(item.clone());
    }
    Some(env.world.budget.concat(pieces, at))
}

fn texts(env: &Env<'_, '_>, name: &str, values: &[Value], at: Location) -> Option<Value> {
    let first = values.first()?;
    // Names are often put together and made lower case: what is known of them stays known.
    if let ("tolower" | "toupper" | "trim", Is::Partial(_)) = (name, &first.is) {
        return Some(Value { at, ..first.clone() });
    }
    let text = first.as_text()?;
    let second = values.get(1).and_then(Value::as_text);
    let number = |i: usize| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        values.get(i).and_then(Value::as_number).map(|n| n.max(0.0) as usize)
    };
    let is = match name {
        "tolower" => Is::Text(text.to_lowercase().into()),
        "toupper" => Is::Text(text.to_uppercase().into()),
        "trim" => Is::Text(text.trim().into()),
        "substring" => {
            let rest = text.chars().skip(number(1)?);
            let part: String = if values.len() > 2 { rest.take(number(2)?).collect() } else { rest.collect() };
            Is::Text(part.into())
        }
        "replace" => {
            let (from, to) = (second?, values.get(2)?.as_text()?);
            let grown = if from.is_empty() { 0 } else { text.matches(from.as_ref()).count() * to.len() };
            if from.is_empty() || !env.world.budget.spend(grown / 64) || grown > MAX_TEXT {
                return None;
            }
            Is::Text(text.replace(from.as_ref(), &to).into())
        }
        "padleft" => {
            let width = number(1)?.min(256);
            let pad = values.get(2).and_then(Value::as_text).and_then(|t| t.chars().next()).unwrap_or(' ');
            let missing = width.saturating_sub(text.chars().count());
            Is::Text(format!("{}{text}", pad.to_string().repeat(missing)).into())
        }
        "startswith" => Is::Bool(text.to_lowercase().starts_with(&second?.to_lowercase())),
        "endswith" => Is::Bool(text.to_lowercase().ends_with(&second?.to_lowercase())),
        "indexof" | "lastindexof" => {
            let (text, wanted) = (text.to_lowercase(), second?.to_lowercase());
            let found = if name == "indexof" { text.find(&wanted) } else { text.rfind(&wanted) };
            Is::Number(found.map_or(-1.0, |at| text[..at].chars().count() as f64))
        }
        "uri" => Is::Text(format!("{}/{}", text.trim_end_matches('/'), second?.trim_start_matches('/')).into()),
        _ => return None,
    };
    Some(Value { is, at, trail: first.trail.clone() })
}

/// A function of the template itself: `namespace.name(...)`.
fn own(env: &Env<'_, '_>, name: &str, values: &[Value], at: Location) -> Option<Value> {
    let (space, name) = name.split_once('.')?;
    let speaker: Rc<Deployment<'_>> = env.speaker();
    let same = |text: Option<&str>, wanted: &str| text.is_some_and(|t| t.eq_ignore_ascii_case(wanted));
    let namespace =
        speaker.template.root.get("functions")?.items().find(|f| same(f.get("namespace").and_then(|n| n.text()), space))?;
    let function = namespace.get("members")?.entries().find(|e| same(Some(e.name()), name))?.value;
    let mut inside = Env::of(env.world, &speaker);
    for (parameter, value) in function.get("parameters").into_iter().flat_map(|p| p.items()).zip(values) {
        let name = parameter.get("name").and_then(|n| n.text())?;
        inside = inside.with(format!("parameter:{}", name.to_lowercase()), value.clone());
    }
    Some(inside.eval(function.path(&["output", "value"])?).used(at, "its function is written here"))
}
