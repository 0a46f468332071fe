//! Suggested `[[classify]]` entries, from the tags and names of what was read. A name is a hint and no more: every entry is written
//! as a comment, with its reason and line, and with an origin that is none, so that it cannot count before somebody filled it in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::lang::{Lang, count, say, tell};
use crate::model::{Endpoint, Snapshot, Standing};
use crate::report::safe;
use crate::source::Sources;

/// More are no help to anybody who starts.
const MAX: usize = 20;

/// Tags by which people say what data something holds: small letters without blanks and punctuation.
const TAGS: &[&str] = &[
    "classification",
    "contains",
    "dataclass",
    "dataclassification",
    "datacategory",
    "datatype",
    "dataset",
    "sensitivity",
    "数据分类",
    "数据类型",
    "数据分级",
];

/// Words in tags and names, and the class that they may mean.
const WORDS: &[(&str, &[&str])] = &[
    ("communications.content.messages", &["chat", "chats", "im", "message", "messages", "messenger"]),
    ("communications.keys", &["meetingkeys", "sessionkeys"]),
    ("communications.recordings", &["recording", "recordings", "voicemail"]),
    ("logs", &["auditlog", "log", "logging", "logs", "syslog", "日志"]),
    ("system.authentication", &["auth", "iam", "identity", "ldap", "login", "sso"]),
    ("system.keys", &["hsm", "kms"]),
    ("telemetry", &["metrics", "prometheus", "telemetry"]),
    (
        "user",
        &[
            "account",
            "accounts",
            "customer",
            "customers",
            "member",
            "members",
            "personal",
            "pii",
            "profile",
            "profiles",
            "user",
            "users",
            "用户",
        ],
    ),
    ("user.biometric", &["biometric", "biometrics", "faces"]),
    ("user.contact.email", &["email", "mail", "mailbox", "mailboxes"]),
    ("user.health_and_medical", &["health", "medical", "patient", "patients", "phi"]),
    ("user.payment", &["billing", "invoice", "invoices", "payment", "payments", "pci", "支付"]),
    ("user.workplace", &["employee", "employees", "hr", "payroll"]),
];

/// Endpoints that exist in some form of their own; a name in DNS holds nothing.
fn could_hold(endpoint: &Endpoint) -> bool {
    let is_name = matches!(endpoint.kind.as_str(), "dns-name" | "host-name" | "name");
    endpoint.standing == Standing::Physical && !endpoint.implied && !is_name
}

/// The comment lines; empty if nothing suggests anything.
pub fn suggestions(snapshot: &Snapshot, sources: &Sources, lang: Lang) -> String {
    // The match -> reason and class. A tag that many endpoints share is suggested once.
    let mut found: BTreeMap<String, (String, &'static str)> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for endpoint in snapshot.endpoints.iter().filter(|e| could_hold(e)) {
        let Some(at) = endpoint.locations.first().map(|l| sources.position(*l).to_string()) else { continue };
        let mut suggest = |matches: String, reason: String, class| {
            if let std::collections::btree_map::Entry::Vacant(slot) = found.entry(matches) {
                order.push(slot.key().clone());
                slot.insert((reason, class));
            }
        };
        let mut by_tag = false;
        for (tag, value) in &endpoint.tags {
            let Some(class) = of_tag(tag, value).filter(|_| is_plain(tag) && is_plain(value)) else { continue };
            by_tag = true;
            let matches = format!("tag = {{ {} = {} }}", quoted(tag), quoted(&escaped(value)));
            suggest(matches, tell!(lang, "{at}: the tag `{tag}` is `{value}`", at, tag, value), class);
        }
        if let (Some((word, class)), false) = (of_name(&endpoint.name), by_tag || !is_plain(&endpoint.name)) {
            let matches = format!("kind = {}, name = {}", quoted(&escaped(&endpoint.kind)), quoted(&escaped(&endpoint.name)));
            suggest(matches, tell!(lang, "{at}: the name `{name}` has `{word}` in it", at, name = endpoint.name, word), class);
        }
    }
    if found.is_empty() {
        return String::new();
    }
    let head = [
        say!(
            "Suggestions from tags and names. They are guesses: nothing below counts. Check what really sits there, put the countries"
        ),
        say!("whose data it is for `XX`, and only then take the `#` away."),
    ];
    let mut out = String::from("\n");
    for line in head {
        let _ = writeln!(out, "# {}", line.tell(lang));
    }
    for matches in order.iter().take(MAX) {
        let Some((reason, class)) = found.get(matches) else { continue };
        let _ = write!(
            out,
            "#\n# {}\n# [[classify]]\n# match = {{ {matches} }}\n# holds = {{ data = [\"{class}\"], origin = [\"XX\"] }}\n",
            tell!(lang, "suggested: {reason}", reason = safe(reason))
        );
    }
    if order.len() > MAX {
        let more = count(order.len() - MAX, "further suggestion", "further suggestions");
        let _ = writeln!(out, "#\n# {}", tell!(lang, "Not shown: {more}.", more));
    }
    out
}

/// The class that a tag may mean: its value where the tag is about data (`data-classification = pii`), or the tag alone (`pii = yes`).
fn of_tag(tag: &str, value: &str) -> Option<&'static str> {
    let plain: String = tag.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let yes = matches!(value.to_lowercase().as_str(), "yes" | "true" | "1" | "y" | "是");
    if TAGS.contains(&plain.as_str()) {
        return word_of(value).map(|(_, class)| class);
    }
    let is_word = matches!(plain.as_str(), "pii" | "phi" | "pci");
    (yes && is_word).then(|| word_of(&plain)).flatten().map(|(_, class)| class)
}

/// The word of a name that may tell what it holds, with its class. The last label says most: `users-db` of `users-db.prod.example`.
fn of_name(name: &str) -> Option<(String, &'static str)> {
    let is_address = name.parse::<std::net::IpAddr>().is_ok();
    (!is_address).then(|| word_of(name.split('.').next().unwrap_or(name))).flatten()
}

fn word_of(text: &str) -> Option<(String, &'static str)> {
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).map(str::to_lowercase);
    words.into_iter().find_map(|word| {
        let class = WORDS.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(class, _)| *class)?;
        Some((word, class))
    })
}

/// Short, and without anything that a terminal or an editor would not show as it is.
fn is_plain(text: &str) -> bool {
    text.chars().count() <= 100 && safe(text) == text
}

/// A glob that matches just this. (That of globset leaves a backslash as it is, which then hides what follows it.)
fn escaped(text: &str) -> String {
    let special = |c: char| matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\');
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

/// A JSON string is a TOML basic string too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::classes::{Lookup, lookup};

    #[test]
    fn every_suggested_class_is_one() {
        for (class, _) in WORDS {
            assert!(matches!(lookup(class), Lookup::Known(_)), "{class}");
        }
    }

    #[test]
    fn words_of_names_and_tags() {
        let name = |n| of_name(n).map(|(_, class)| class);
        assert_eq!(name("users-db-01.prod.example"), Some("user"));
        assert_eq!(name("web01"), None);
        assert_eq!(name("catalogs"), None);
        assert_eq!(name("app.logs.example"), None);
        assert_eq!(of_tag("data-classification", "PII / restricted"), Some("user"));
        assert_eq!(of_tag("pii", "true"), Some("user"));
        assert_eq!(of_tag("pii", "no"), None);
        assert_eq!(of_tag("owner", "users"), None);
        assert_eq!(escaped("a*[b]"), "a\\*\\[b\\]");
    }
}
