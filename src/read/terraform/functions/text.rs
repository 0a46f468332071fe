//! Texts. Those that only look at characters one by one also work on texts that are known in part.

use std::sync::Arc;

use regex::{Captures, Regex, RegexBuilder};

use super::{Answer, Arguments, Given, No, made};
use crate::read::resource::{Is, Piece, Value};
use crate::read::terraform::eval::is_known;
use crate::read::terraform::value::{Builder, list, map, text_of};

/// Bytes that a text of `replace` or `format` may grow to; more is a mistake or malice.
const MAX_BYTES: usize = 4 << 20;

pub fn call(a: &Arguments<'_>) -> Option<Given> {
    let text = |f: &dyn Fn(&str) -> String| made(a.text(0).map(|t| Is::Text(f(&t).into())));
    let with = |f: &dyn Fn(&str, &str) -> String| made(a.text(0).and_then(|t| Ok(Is::Text(f(&t, &a.text(1)?).into()))));
    let asks = |f: &dyn Fn(&str, &str) -> bool| made(a.text(0).and_then(|t| Ok(Is::Bool(f(&t, &a.text(1)?)))));
    Some(match a.name {
        "lower" => made(piecewise(a, |t| t.to_lowercase())),
        "upper" => made(piecewise(a, |t| t.to_uppercase())),
        "title" => text(&title),
        "chomp" => text(&|t| t.trim_end_matches(['\n', '\r']).to_owned()),
        "trimspace" => text(&|t| t.trim().to_owned()),
        "strrev" => text(&|t| t.chars().rev().collect()),
        "trim" => with(&|t, cut| t.trim_matches(|c| cut.contains(c)).to_owned()),
        "trimprefix" => with(&|t, cut| t.strip_prefix(cut).unwrap_or(t).to_owned()),
        "trimsuffix" => with(&|t, cut| t.strip_suffix(cut).unwrap_or(t).to_owned()),
        "startswith" => match starts(a) {
            Some(known) => Ok(Is::Bool(known).into()),
            None => asks(&|t, with| t.starts_with(with)),
        },
        "endswith" => asks(&|t, with| t.ends_with(with)),
        "strcontains" => asks(&|t, part| t.contains(part)),
        "indent" => made(
            a.index(0).and_then(|n| Ok(Is::Text(a.text(1)?.replace('\n', &format!("\n{}", " ".repeat(n.min(1000)))).into()))),
        ),
        "substr" => made(substr(a)),
        "join" => made(join(a)),
        "split" => made(split(a)),
        "replace" => made(replace(a)),
        "regex" => made(regex_once(a)),
        "regexall" => made(regex_all(a)),
        "format" => made(a.text(0).and_then(|f| format(&f, a.all.get(1..).unwrap_or_default(), a))),
        "formatlist" => made(format_list(a)),
        "parseint" => made(a.text(0).and_then(|t| {
            let base = u32::try_from(a.index(1)?).unwrap_or(10).clamp(2, 36);
            #[expect(clippy::cast_precision_loss, reason = "as in Terraform, up to 2^53")]
            i64::from_str_radix(&t, base).map(|n| Is::Number(n as f64)).map_err(|_| No::Wrong(format!("`{t}` is no number")))
        })),
        "basename" => text(&|t| t.trim_end_matches('/').rsplit('/').next().unwrap_or("").to_owned()),
        "dirname" => text(&|t| t.rsplit_once('/').map_or(".", |(d, _)| if d.is_empty() { "/" } else { d }).to_owned()),
        _ => return None,
    })
}

/// What a text that is only known in part begins with may be enough.
fn starts(a: &Arguments<'_>) -> Option<bool> {
    let (value, with) = (a.all.first()?, a.text(1).ok()?);
    let Is::Partial(pieces) = &value.is else { return None };
    let Some(Piece::Text(first)) = pieces.first() else { return None };
    if first.starts_with(&*with) {
        return Some(true);
    }
    (!with.starts_with(&**first)).then_some(false)
}

fn piecewise(a: &Arguments<'_>, f: impl Fn(&str) -> String) -> Answer {
    let value = a.value(0)?;
    if let Is::Partial(pieces) = &value.is {
        let pieces = pieces.iter().map(|p| match p {
            Piece::Text(text) => Piece::Text(f(text).into()),
            Piece::Hole(hole) => Piece::Hole(hole.clone()),
        });
        return Ok(Is::Partial(Arc::new(pieces.collect())));
    }
    Ok(Is::Text(f(&a.text(0)?).into()))
}

fn title(text: &str) -> String {
    let mut start = true;
    let letter = |c: char| {
        let c = if start { c.to_ascii_uppercase() } else { c };
        start = !c.is_alphanumeric();
        c
    };
    text.chars().map(letter).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the text")]
fn substr(a: &Arguments<'_>) -> Answer {
    let (offset, length) = (a.number(1)?, a.number(2)?);
    let value = a.value(0)?;
    // The beginning of a text may be known though the rest is not.
    let text: Arc<str> = match (&value.is, offset >= 0.0 && length >= 0.0) {
        (Is::Partial(pieces), true) => match pieces.first() {
            Some(Piece::Text(first)) if (offset + length) as usize <= first.chars().count() => first.clone(),
            _ => return Err(No::Unknown),
        },
        _ => a.text(0)?,
    };
    let total = text.chars().count();
    let from = if offset < 0.0 { total.saturating_sub(-offset as usize) } else { offset as usize };
    let take = if length < 0.0 { usize::MAX } else { length as usize };
    Ok(Is::Text(text.chars().skip(from).take(take).collect::<String>().into()))
}

fn join(a: &Arguments<'_>) -> Answer {
    let with = a.text(0)?;
    let mut out = Builder::default();
    let mut first = true;
    for i in 1..a.all.len() {
        for item in a.items(i)? {
            if !std::mem::take(&mut first) {
                out.text(&with);
            }
            if !out.value(item) {
                return Err(No::Wrong("`join` is given what is no text".to_owned()));
            }
        }
    }
    Ok(out.finish(a.at).is)
}

fn split(a: &Arguments<'_>) -> Answer {
    let (with, text) = (a.text(0)?, a.text(1)?);
    if with.is_empty() {
        return Ok(list(text.chars().map(|c| Value::text(c.to_string(), a.at)).collect()));
    }
    Ok(list(text.split(&*with).map(|t| Value::text(t, a.at)).collect()))
}

/// Between slashes the pattern is a regular expression.
fn replace(a: &Arguments<'_>) -> Answer {
    let (from, to) = (a.text(1)?, a.text(2)?);
    if let Some(pattern) = from.strip_prefix('/').and_then(|p| p.strip_suffix('/')).filter(|_| from.len() > 1) {
        let text = a.text(0)?;
        return Ok(Is::Text(compile(pattern)?.replace_all(&text, dollars(&to).as_str()).into_owned().into()));
    }
    if from.is_empty() {
        return Ok(Is::Text(a.text(0)?));
    }
    if to.len() > from.len() && a.value(0)?.as_text().is_some_and(|t| t.len().saturating_mul(to.len()) / from.len() > MAX_BYTES)
    {
        return Err(No::Unknown);
    }
    piecewise(a, |t| t.replace(&*from, &to))
}

/// Go takes `$1x` for the group `1x`, and so does this crate.
fn dollars(text: &str) -> String {
    text.to_owned()
}

fn compile(pattern: &str) -> Result<Regex, No> {
    let built = RegexBuilder::new(pattern).size_limit(1 << 20).dfa_size_limit(1 << 20).nest_limit(64).build();
    built.map_err(|_| No::Unknown)
}

fn captures(found: &Captures<'_>, regex: &Regex, a: &Arguments<'_>) -> Is {
    let group = |m: Option<regex::Match<'_>>| Value::new(m.map_or(Is::Null, |m| Is::Text(m.as_str().into())), a.at);
    if regex.capture_names().flatten().next().is_some() {
        let named = regex.capture_names().flatten().map(|n| (Arc::from(n), group(found.name(n))));
        return map(named.collect());
    }
    if found.len() == 1 {
        return group(found.get(0)).is;
    }
    list((1..found.len()).map(|i| group(found.get(i))).collect())
}

fn regex_once(a: &Arguments<'_>) -> Answer {
    let (regex, text) = (compile(&a.text(0)?)?, a.text(1)?);
    match regex.captures(&text) {
        Some(found) => Ok(captures(&found, &regex, a)),
        None => Err(No::Wrong("`regex` matches nothing".to_owned())),
    }
}

fn regex_all(a: &Arguments<'_>) -> Answer {
    let (regex, text) = (compile(&a.text(0)?)?, a.text(1)?);
    Ok(list(regex.captures_iter(&text).map(|found| Value::new(captures(&found, &regex, a), a.at)).collect()))
}

/// Go's verbs, as far as configurations use them: `%s %d %v %q %t %f %x %%`, with width, zeros and precision.
fn format(text: &str, values: &[Value], a: &Arguments<'_>) -> Answer {
    let mut out = Builder::default();
    let mut next = values.iter();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.text(rest.get(..at).unwrap_or(""));
        rest = rest.get(at + 1..).unwrap_or("");
        let flags: String =
            rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | ' ' | '#')).collect();
        rest = rest.get(flags.len()..).unwrap_or("");
        let Some(verb) = rest.chars().next() else { return Err(No::Wrong("this format ends in `%`".to_owned())) };
        rest = rest.get(verb.len_utf8()..).unwrap_or("");
        if verb == '%' {
            out.text("%");
            continue;
        }
        if verb == '[' {
            return Err(No::Unknown);
        }
        let Some(value) = next.next() else { return Err(No::Wrong("this format has more verbs than values".to_owned())) };
        if !is_known(value) {
            out.value(value);
            continue;
        }
        out.text(&verb_text(verb, &flags, value)?);
    }
    out.text(rest);
    Ok(out.finish(a.at).is)
}

fn verb_text(verb: char, flags: &str, value: &Value) -> Result<String, No> {
    let no = |what: &str| No::Wrong(format!("`%{verb}` is given what is no {what}"));
    let (width, precision) = match flags.split_once('.') {
        Some((width, precision)) => (width, precision.parse::<usize>().ok()),
        None => (flags, None),
    };
    let precision = precision.map(|p| p.min(1000));
    let plain = match verb {
        's' | 'v' => match text_of(value) {
            Some(text) => text.to_string(),
            None if verb == 'v' => super::encode::json(value).ok_or(No::Unknown)?,
            None => return Err(no("text")),
        },
        'q' => super::encode::json(&Value::text(text_of(value).ok_or_else(|| no("text"))?, value.at)).ok_or(No::Unknown)?,
        't' => value.as_bool().ok_or_else(|| no("truth"))?.to_string(),
        #[expect(clippy::cast_possible_truncation, reason = "as a format does")]
        'd' | 'x' | 'X' | 'o' | 'b' => {
            let n = value.as_number().ok_or_else(|| no("number"))? as i64;
            match verb {
                'x' => format!("{n:x}"),
                'X' => format!("{n:X}"),
                'o' => format!("{n:o}"),
                'b' => format!("{n:b}"),
                _ => n.to_string(),
            }
        }
        'f' | 'g' | 'e' => {
            let n = value.as_number().ok_or_else(|| no("number"))?;
            match (verb, precision) {
                ('f', p) => format!("{n:.*}", p.unwrap_or(6)),
                _ => crate::read::resource::value::number(n),
            }
        }
        _ => return Err(No::Unknown),
    };
    let wide: usize = width.trim_start_matches(['-', '+', ' ', '#', '0']).parse().unwrap_or(0).min(1000);
    Ok(if width.starts_with('-') {
        format!("{plain:<wide$}")
    } else if width.starts_with('0') {
        format!("{plain:0>wide$}")
    } else {
        format!("{plain:>wide$}")
    })
}

fn format_list(a: &Arguments<'_>) -> Answer {
    let text = a.text(0)?;
    let given = a.all.get(1..).unwrap_or_default();
    let mut length = None;
    for (i, value) in given.iter().enumerate() {
        match &value.is {
            Is::List(_) | Is::Set(_) => {
                let n = a.items(i + 1)?.len();
                length = Some(length.unwrap_or(n).min(n));
            }
            Is::Unknown(_) => return Err(No::Unknown),
            _ => {}
        }
    }
    let mut out = Vec::new();
    for n in 0..length.unwrap_or(1) {
        let values: Vec<Value> = given.iter().filter_map(|v| v.as_list().map_or(Some(v), |l| l.get(n)).cloned()).collect();
        out.push(Value::new(format(&text, &values, a)?, a.at));
    }
    Ok(list(out))
}
