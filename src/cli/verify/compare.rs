//! What is different between two JSON reports of one project, a line each: findings by their fingerprints, rules by their names,
//! everything else by where it stands.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::lang::{Message, say};
use crate::report::safe;

/// Values longer than this are cut, in characters.
const LONG: usize = 120;

/// # Errors
/// The stored one is no JSON.
pub fn documents(then: &str, now: &str) -> Result<Vec<Message>, String> {
    let then: Value = serde_json::from_str(then).map_err(|e| format!("the assessment in it is no JSON: {e}"))?;
    let now: Value = serde_json::from_str(now).map_err(|e| format!("this assessment is no JSON: {e}"))?;
    let mut out = Vec::new();
    values("", &then, &now, &mut out);
    if out.is_empty() {
        out.push(say!("the order or the form of what the assessment says, not what it says"));
    }
    Ok(out)
}

fn values(at: &str, then: &Value, now: &Value, out: &mut Vec<Message>) {
    match (then, now) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                let at = format_at(at, key);
                match b.get(key) {
                    Some(other) => values(&at, value, other, out),
                    None => out.push(say!("{at}: it was {then} and is not said any more", at, then = shown(value))),
                }
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                out.push(say!("{at}: it is {now} and was not said", at = format_at(at, key), now = shown(value)));
            }
        }
        (Value::Array(a), Value::Array(b)) => lists(at, a, b, out),
        (then, now) if then != now => {
            out.push(say!("{at}: it was {then} and is {now}", at, then = shown(then), now = shown(now)))
        }
        _ => {}
    }
}

fn format_at(at: &str, key: &str) -> String {
    if at.is_empty() { safe(key).into_owned() } else { format!("{at}, {}", safe(key)) }
}

/// Members that are known again are compared; the others are only on one side. Equal members count as often as they are there.
fn lists(at: &str, then: &[Value], now: &[Value], out: &mut Vec<Message>) {
    let mut sides: BTreeMap<String, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
    for value in then {
        sides.entry(known_by(value)).or_default().0.push(value);
    }
    for value in now {
        sides.entry(known_by(value)).or_default().1.push(value);
    }
    for (name, (then, now)) in sides {
        let at = format!("{at} {name}");
        for i in 0..then.len().max(now.len()) {
            match (then.get(i), now.get(i)) {
                (Some(then), Some(now)) => values(&at, then, now, out),
                (Some(then), None) => out.push(say!("{at}: only in the bundle{what}", at, what = said(then))),
                (None, Some(now)) => out.push(say!("{at}: only now{what}", at, what = said(now))),
                (None, None) => {}
            }
        }
    }
}

/// How a member of a list is known again on the other side.
fn known_by(value: &Value) -> String {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let keys = |keys: &[&str]| {
        let words: Option<Vec<&str>> = keys.iter().map(|key| text(key)).collect();
        words.map(|words| format!("`{}`", safe(&words.join(" "))))
    };
    let at = value.get("source").filter(|_| text("code").is_some()).map(|s| {
        let line = s.get("line").map_or_else(String::new, Value::to_string);
        let file = s.get("file").and_then(Value::as_str).unwrap_or_default();
        format!("`{} {}:{line}`", safe(text("code").unwrap_or_default()), safe(file))
    });
    keys(&["fingerprint"])
        .or(at)
        .or_else(|| keys(&["origin", "data", "country", "activity"]))
        .or_else(|| keys(&["from", "to", "activity", "role"]))
        .or_else(|| keys(&["rule", "endpoint"]))
        .or_else(|| ["rule", "endpoint", "file", "name"].iter().find_map(|key| keys(&[key])))
        .unwrap_or_else(|| if value.is_object() { String::new() } else { shown(value) })
}

/// `: its message`, if it has one, in the words of the report.
fn said(value: &Value) -> Message {
    let message = ["message", "why"].iter().find_map(|key| value.get(key)?.as_str());
    message.map_or_else(Message::default, |text| say!(": {text}", text = cut(text)))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", cut(text)),
        other => cut(&other.to_string()),
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONG {
        return safe(text).into_owned();
    }
    let head: String = text.chars().take(LONG).collect();
    format!("{} ...", safe(&head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_is_a_line() {
        let then = r#"{"verdict": "violated", "as_of": "x", "findings": [{"fingerprint": "aa", "verdict": "violated", "message": "m"},
            {"fingerprint": "bb", "message": "gone\u001b"}], "coverage": {"routes": 3}, "tags": ["a", "a", "b"]}"#;
        let now = r#"{"verdict": "satisfied", "as_of": "x", "findings": [{"fingerprint": "cc", "message": "new"},
            {"fingerprint": "aa", "verdict": "waived", "message": "m"}], "coverage": {"routes": 4, "more": 1}, "tags": ["a", "b"]}"#;
        let lines: Vec<String> = documents(then, now).unwrap().iter().map(Message::to_string).collect();
        assert_eq!(
            lines,
            [
                "verdict: it was `violated` and is `satisfied`",
                "findings `aa`, verdict: it was `violated` and is `waived`",
                "findings `bb`: only in the bundle: gone\\u{1b}",
                "findings `cc`: only now: new",
                "coverage, routes: it was 3 and is 4",
                "coverage, more: it is 1 and was not said",
                "tags `a`: only in the bundle",
            ]
        );
        assert_eq!(documents("[1,2]", "[2,1]").unwrap().len(), 1, "another order is told");
        assert!(documents("{", "{}").is_err());
        assert!(documents(&"[".repeat(10_000), "[]").is_err(), "nested without end");
    }
}
