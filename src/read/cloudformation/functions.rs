//! The intrinsic functions, one by one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use ipnetwork::IpNetwork;

use super::eval::Env;
use super::stack::{self, PROCESSED, Truth, reason};
use super::template::Argument;
use crate::read::resource::{Is, Piece, Unknown, Value};
use crate::read::template::{MAX_TEXT, text_of};
use crate::source::Location;

/// Calls a function by its long name without `Fn::`.
pub(super) fn call<'d>(env: &Env<'_, 'd>, name: &str, argument: Argument<'d>, at: Location) -> Value {
    match name {
        "Ref" => match env.argument_name(argument) {
            Some(name) => env.reference(&name, at),
            None => env.unknown("`Ref` names nothing", at),
        },
        "GetAtt" => get_att(env, argument, at),
        "Sub" => sub(env, argument, at),
        "Join" => join(env, argument, at),
        "Select" => select(env, argument, at),
        "Split" => split(env, argument, at),
        "If" => either(env, argument, at),
        "FindInMap" => find_in_map(env, argument, at),
        "GetAZs" => zones(env, argument, at),
        "ImportValue" => import(env, argument, at),
        "Base64" => base64(env, argument, at),
        "Cidr" => cidr(env, argument, at),
        "Length" => match &env.argument(argument).is {
            Is::List(list) => Value::text(list.len().to_string(), at),
            _ => env.unknown("the length of a list that is not known", at),
        },
        "ToJsonString" => {
            let value = env.argument(argument);
            match json(&value) {
                Some(text) if env.world.budget.spend(text.len() / 64) => Value::text(text, at),
                _ => Value { at, is: Is::Unknown(reason(&value)), trail: value.trail },
            }
        }
        "Transform" => Value::unknown("a macro makes this value", Some(PROCESSED.into()), at),
        other => env.unknown(format!("`{other}` is no function that onshore knows"), at),
    }
}

fn get_att<'d>(env: &Env<'_, 'd>, argument: Argument<'d>, at: Location) -> Value {
    let (logical, attribute) = if argument.node.is_list() {
        let parts: Vec<Option<String>> = argument.node.items().map(|n| env.eval(n).as_text().map(|t| t.into_owned())).collect();
        match parts.as_slice() {
            // `[Nested, Outputs, Name]` is seen too.
            [Some(logical), rest @ ..] if !rest.is_empty() && rest.iter().all(Option::is_some) => {
                (logical.clone(), rest.iter().flatten().cloned().collect::<Vec<_>>().join("."))
            }
            _ => return env.unknown("`Fn::GetAtt` names no attribute", at),
        }
    } else {
        let named = env.argument_name(argument);
        match named.as_deref().and_then(|t| t.split_once('.')) {
            Some((logical, attribute)) => (logical.to_owned(), attribute.to_owned()),
            None => return env.unknown("`Fn::GetAtt` names no attribute", at),
        }
    };
    env.resource(&logical, &attribute, at)
}

fn sub<'d>(env: &Env<'_, 'd>, argument: Argument<'d>, at: Location) -> Value {
    if let Some(text) = argument.node.text() {
        return env.sub(text, &BTreeMap::new(), at);
    }
    let parts: Vec<_> = argument.node.items().collect();
    match parts.as_slice() {
        [text] => text.text().map(|t| env.sub(t, &BTreeMap::new(), at)),
        [text, variables] => {
            let variables = env.eval(*variables);
            let known = variables.as_map().cloned().unwrap_or_default();
            text.text().map(|t| env.sub(t, &known, at))
        }
        _ => None,
    }
    .unwrap_or_else(|| env.unknown("`Fn::Sub` has no text", at))
}

/// The arguments of a function that takes a list of them.
fn arguments<'d, const N: usize>(env: &Env<'_, 'd>, argument: Argument<'d>) -> Option<[Value; N]> {
    let items = argument.node.items();
    if items.len() < N {
        return None;
    }
    let values: Vec<Value> = items.take(N).map(|n| env.eval(n)).collect();
    values.try_into().ok()
}

fn join<'d>(env: &Env<'_, 'd>, argument: Argument<'d>, at: Location) -> Value {
    let Some([separator, list]) = arguments(env, argument) else { return env.unknown("`Fn::Join` joins a list", at) };
    let Is::List(items) = &list.is else {
        // A list that is not known, or known as an attribute.
        return Value { at, ..list };
    };
    let mut pieces = Vec::new();
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            pieces.push(separator.clone());
        }
        match &item.is {
            Is::List(inner) => pieces.extend(inner.iter().cloned()),
            _ => pieces.push(item.clone()),
        }
    }
    env.world.budget.concat(pieces, at)
}

fn select<'d>(env: &Env<'_, 'd>, argument: Argument<'d>, at: Location) -> Value {
    let Some([index, list]) = arguments(env, argument) else { return env.unknown("`Fn::Select` picks from a list", at) };
    let Some(index) = index.as_text().and_then(|t| t.parse::<usize>().ok()) else {
        return Value { at, is: Is::Unknown(reason(&index)), trail: index.trail };
    };
    match &list.is {
        Is::List(items) => match items.get(index) {
            Some(item) => Value { at, ..item.clone() },
            None => env.unknown(format!("the list has no element {index}"), at),
        },
        // A part of what a resource gives still names the resource.
        _ => Value { at, ..list },
    }
}

fn split<'d>(env: &Env<'_, 'd>, argument: Argument<'d>, at: Location) -> Value {
    let Some([separator, text]) = arguments(env, argument) else { return env.unknown("`Fn::Split` splits a text", at) };
    let Some(separator) = separator.as_text().filter(|s| !s.is_empty()) else {
        return env.unknown("`Fn::Split` splits at something that is not known", at);
    };
    let pieces: Vec<Piece> = match &text.is {
        Is::Partial(pieces) => pieces.to_vec(),
        _ => match text.as_text() {
            Some(known) => vec![Piece::Text(Arc::from(known.as_ref()))],
            None => return Value { at, ..text },
        },
    };
    let mut parts: Vec<Vec<Piece>> = vec![Vec::new()];
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                for (i, part) in text.split(separator.as_ref()).enumerate() {
                    if i > 0 {
                        parts.push(Vec::new());
                    }
                    if let Some(last) = parts.last_mut().filter(|_| !part.is_empty()) {
                        last.push(Piece::Text(part.into()));
                    }
                }
            }
            hole @ Piece::Hole(_) => parts.last_mut().into_iter().for_each(|last| last.push(hole.clone())),
        }
    }
    if !env.world.budget.spend(parts.len()) {
        return env.unknown("the template grows larger than onshore is willing to read", at);
    }
    let items = parts.into_iter().map(|part| Value { is: text_of(part), at, trail: text.trail.clone() }).collect();
    Value { is: Is::List(Arc::new(items)), at, trail: text.trail }
}

/// `Fn::If`. Where the condition is not known the value is either, unless both are the same.
fn either<'d>(env: &Env<'_, 'd>, argument: Argument<'d>, at: Location) -> Value {
    let parts: Vec<_> = argument.node.items().collect();
    let [name, yes, no] = parts.as_slice() else { return env.unknown("`Fn::If` chooses between two values", at) };
    let truth = match name.text() {
        Some(name) => stack::condition(env, &env.filled(name)),
        None => env.truth(*name),
    };
    match truth {
        Truth::Known(true) => Value { at, ..env.eval(*yes) },
        Truth::Known(false) => Value { at, ..env.eval(*no) },
        Truth::Unknown(why) => {
            let (yes, no) = (env.eval(*yes), env.eval(*no));
            if yes.as_text().is_some() && yes.as_text() == no.as_text() {
                return Value { at, ..yes };
            }
            let of = why.of.iter().cloned().chain([&yes, &no].into_iter().flat_map(|v| v.targets()).map(Arc::from)).collect();
            let condition = name.text().map_or(String::new(), |n| format!(" `{n}`"));
            let why_text = format!("it depends on condition{condition}, and {}", why.why);
            let unknown = Unknown { why: why_text.into(), help: why.help.clone(), of };
            Value::new(Is::Unknown(Arc::new(unknown)), at)
        }
    }
}

fn find_in_map<'d>(env: &Env<'_, 'd>, argument: Argument<'d>, at: Location) -> Value {
    let Some([map, first, second]) = arguments(env, argument) else {
        return env.unknown("`Fn::FindInMap` takes a map and two keys", at);
    };
    let default = argument.node.items().nth(3).and_then(|d| d.get("DefaultValue"));
    let (Some(map_name), Some(first_key), Some(second_key)) = (map.as_text(), first.as_text(), second.as_text()) else {
        let open = [&map, &first, &second].into_iter().find(|v| v.as_text().is_none()).unwrap_or(&map);
        return Value { at, is: Is::Unknown(reason(open)), trail: open.trail.clone() };
    };
    let found = env.stack.template.find("Mappings", &map_name);
    let value = found.and_then(|m| m.value.get(&first_key)).and_then(|row| row.get(&second_key));
    match (value, default) {
        (Some(node), _) => {
            let mut value = env.eval(node).used(at, format!("mapping `{map_name}`"));
            // What chose the row is a part of the way too.
            let steps = value.trail.steps().chain(first.trail.steps()).chain(second.trail.steps()).cloned();
            value.trail = steps.collect();
            value
        }
        (None, Some(default)) => Value { at, ..env.eval(default) },
        (None, None) => env.unknown(format!("mapping `{map_name}` has no `{first_key}` / `{second_key}`"), at),
    }
}

/// Zones of a region by position: the region is certain, the letter is the account's own.
fn zones<'d>(env: &Env<'_, 'd>, argument: Argument<'d>, at: Location) -> Value {
    let mut region = env.argument(argument);
    if region.is_null() || region.as_text().is_some_and(|t| t.is_empty()) {
        region = env.reference("AWS::Region", at);
    }
    if region.as_text().is_none() {
        return Value { at, is: Is::Unknown(reason(&region)), trail: region.trail };
    }
    let zone = || {
        let letter = env.unknown("which zones a region has for an account is known once the stack is made", at);
        env.world.budget.concat([region.clone(), letter], at)
    };
    Value { is: Is::List(Arc::new((0..8).map(|_| zone()).collect())), at, trail: region.trail.clone() }
}

/// The output of another stack. Exports are names within one account and region.
fn import<'d>(env: &Env<'_, 'd>, argument: Argument<'d>, at: Location) -> Value {
    let name = env.argument(argument);
    let Some(exports) = env.world.exports() else {
        return env.unknown("an import in the name of an export is not followed", at);
    };
    let Some(_deeper) = env.world.budget.deeper() else {
        return env.unknown("imports lead on deeper than onshore follows", at);
    };
    let region = &env.stack.told.region;
    let same_region = |other: &Value| match (region.as_text(), other.as_text()) {
        (Some(here), Some(there)) => here == there,
        _ => true,
    };
    let Some(wanted) = name.as_text() else {
        return Value { at, is: Is::Unknown(reason(&name)), trail: name.trail };
    };
    let mut fits = exports.iter().filter(|e| e.name.as_text() == Some(wanted.clone()) && same_region(&e.stack.told.region));
    match (fits.next(), fits.next()) {
        (Some(export), None) => {
            env.world.imports.borrow_mut().insert((env.stack.unit, export.stack.unit));
            let value = stack::output(env.world, &export.stack, export.output, at);
            value.unwrap_or_else(|| env.unknown(format!("the export `{wanted}` has no value"), at))
        }
        (Some(_), Some(_)) => env.unknown(format!("several templates export `{wanted}`"), at),
        (None, _) => {
            let why = format!("no template that was read exports `{wanted}`");
            let help = "add the template that exports it, or name the stack of each template: `variables = { \"AWS::StackName\" = \"...\" }`";
            Value::unknown(why, Some(help.into()), at)
        }
    }
}

/// RFC 4648 section 4.
fn base64<'d>(env: &Env<'_, 'd>, argument: Argument<'d>, at: Location) -> Value {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = env.argument(argument);
    let Some(text) = value.as_text() else { return Value { at, is: Is::Unknown(reason(&value)), trail: value.trail } };
    if !env.world.budget.spend(text.len() / 48) {
        return env.unknown("this text grows larger than onshore is willing to read", at);
    }
    let mut out = String::with_capacity(text.len().div_ceil(3) * 4);
    for chunk in text.as_bytes().chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * i) & 63) as usize] as char;
            out.push(if i <= chunk.len() { letter } else { '=' });
        }
    }
    Value { at, ..Value::text(out, at) }
}

/// `Fn::Cidr`: so many networks of so many host bits inside a network.
fn cidr<'d>(env: &Env<'_, 'd>, argument: Argument<'d>, at: Location) -> Value {
    let Some([block, count]) = arguments(env, argument) else {
        return env.unknown("`Fn::Cidr` takes a network and a count", at);
    };
    let block = env.set_here(block);
    let bits = argument.node.items().nth(2).map(|n| env.eval(n));
    let number = |v: &Value| v.as_text().and_then(|t| t.parse::<u32>().ok());
    let (Some(network), Some(count)) = (block.as_text().and_then(|t| t.parse::<IpNetwork>().ok()), number(&count)) else {
        return Value { at, is: Is::Unknown(reason(&block)), trail: block.trail };
    };
    let width: u32 = if network.is_ipv4() { 32 } else { 128 };
    let bits = match &bits {
        Some(bits) => number(bits),
        None => Some(if network.is_ipv4() { 8 } else { 64 }),
    };
    let Some(bits) = bits.filter(|b| (1..=width - u32::from(network.prefix())).contains(b) && (1..=256).contains(&count))
    else {
        return env.unknown("`Fn::Cidr` asks for networks that do not fit", at);
    };
    let start = match network.network() {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    let part = |i: u32| {
        let at = start.checked_add(u128::from(i).checked_shl(bits)?)?;
        let ip = match network.network() {
            IpAddr::V4(_) => IpAddr::V4(u32::try_from(at).ok()?.into()),
            IpAddr::V6(_) => IpAddr::V6(at.into()),
        };
        network.contains(ip).then(|| format!("{ip}/{}", width - bits))
    };
    let items = (0..count).map_while(part).map(|t| Value { is: Is::Text(t.into()), at, trail: block.trail.clone() }).collect();
    Value { is: Is::List(Arc::new(items)), at, trail: block.trail.clone() }
}

/// A value as JSON text, if all of it is known.
fn json(value: &Value) -> Option<String> {
    fn write(value: &Value, out: &mut String) -> Option<()> {
        let quoted = |text: &str| serde_json::to_string(text).ok();
        if out.len() > MAX_TEXT {
            return None;
        }
        match &value.is {
            Is::Null => out.push_str("null"),
            Is::List(list) => {
                out.push('[');
                for (i, item) in list.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write(item, out)?;
                }
                out.push(']');
            }
            Is::Map(map) => {
                out.push('{');
                for (i, (key, item)) in map.iter().enumerate() {
                    let comma = if i > 0 { "," } else { "" };
                    // Writing to a string cannot fail.
                    let _ = write!(out, "{comma}{}:", quoted(key)?);
                    write(item, out)?;
                }
                out.push('}');
            }
            Is::Bool(_) => out.push_str(&value.as_text()?),
            _ => out.push_str(&quoted(&value.as_text()?)?),
        }
        Some(())
    }
    let mut out = String::new();
    write(value, &mut out)?;
    Some(out)
}
