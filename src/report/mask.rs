//! What an excerpt leaves out: excerpts show a line with its neighbours, and beside a region in a state file or an environment
//! file stands a password. Every excerpt goes through here. It knows values by their keys, not by how random they look alone: a
//! secret under a harmless name in a file that is not JSON is shown, as in the file.
//!
//! - JSON (states, plans, exports): only the value that is pointed at, keys, and the values of [`PLAIN`] keys are shown.
//! - Lines longer than [`LONG`] bytes: only what is pointed at and its key.
//! - Tables with a column for secrets: only what is pointed at.
//! - Everywhere: no values of keys that name a secret, no passwords in addresses; beside what is pointed at, no long tokens.

use std::cell::LazyCell;
use std::ops::Range;

use crate::source::Source;

/// Longer lines are machine-made: what stands beside a value in them explains nothing. In bytes.
const LONG: usize = 4 << 10;
/// So many bytes before a value its key is looked for.
const KEY: usize = 128;
/// Tokens of mixed letters and digits of this length are keys and hashes. In bytes.
const TOKEN: usize = 32;
/// A key's neighbours: `- name: DB_PASSWORD` above `value: ...`, `variable "password" {` above `default = ...`. In lines.
const NEAR: u32 = 3;

/// Ends of keys, without case and separators, whose values are never shown.
const SECRET: &[&str] = &[
    "accesskey",
    "accesskeyid",
    "accountkey",
    "apikey",
    "authkey",
    "authorization",
    "credential",
    "credentials",
    "passphrase",
    "passwd",
    "password",
    "presharedkey",
    "privatekey",
    "psk",
    "pwd",
    "secret",
    "secretaccesskey",
    "secretkey",
    "sharedkey",
    "signature",
    "signingkey",
    "token",
];
/// Directives of nginx that name where requests go; `PROXY_PASS=` is a password.
const PASSES_TO: &[&str] =
    &["proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "memcached_pass", "tunnel_pass"];
/// Ends of keys whose values hold secrets and name endpoints: shown only as far as they are pointed at.
const CONNECTION: &[&str] = &["connectionstring", "dsn", "databaseurl", "kubeconfig", "userdata"];
/// Keys that say nothing by themselves: what they hold is as secret as the names near them.
const NEUTRAL: &[&str] = &["content", "default", "plaintext", "value"];
/// Keys of JSON whose values help to find a place and hold no secret.
const PLAIN: &[&str] = &["address", "kind", "location", "mode", "name", "region", "type", "zone"];

/// The pieces of a line (bytes, in order, apart from each other) that its excerpt leaves out. `focus` is what is pointed at in
/// it; empty in the lines beside it. Looks at a bounded part of the source.
pub fn mask(source: &Source, number: u32, focus: Range<usize>) -> Vec<Range<usize>> {
    let line = source.line_text(number);
    let json = is_json(source);
    let mut out = Vec::new();
    if line.len() > LONG {
        // A long piece of what is pointed at is left out like the rest.
        let end = line.floor_char_boundary(focus.end.min(focus.start + LONG));
        let shown = key_start(line, focus.start)..end;
        let text = &line[shown.clone()];
        let inner = focus.start - shown.start..end - shown.start;
        let mut inside = Vec::new();
        if json || text.contains(['{', '"']) {
            json_values(text, &inner, &mut inside);
        }
        generic(source, number, text, &inner, &mut inside);
        out.extend(inside.into_iter().map(|r| r.start + shown.start..r.end + shown.start));
        out.push(0..shown.start);
        out.push(end..line.len());
    } else {
        if json {
            json_values(line, &focus, &mut out);
        } else if number > 1 && has_secret_column(source) {
            beside(&(0..line.len()), &focus, &mut out);
        } else if in_secret_manifest(source, number) {
            let value = line.find(':').map_or(0, |colon| colon + 1);
            beside(&(line.len() - line[value..].trim_start().len()..line.len()), &focus, &mut out);
        }
        generic(source, number, line, &focus, &mut out);
    }
    joined(out)
}

/// A sentence about an input without the secrets that it quotes: passwords in addresses, and what follows the name of a secret in
/// the same pair of backticks.
pub fn quotes(text: &str) -> String {
    let mut out = Vec::new();
    passwords(text, &mut out);
    let mut at = 0;
    for (n, piece) in text.split('`').enumerate() {
        if n % 2 == 1 {
            secrets(piece, at, &mut out);
        }
        at += piece.len() + 1;
    }
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for range in joined(out) {
        shown.push_str(&text[end..range.start]);
        shown.push_str("***");
        end = range.end;
    }
    shown.push_str(&text[end..]);
    shown
}

/// Values behind the names of secrets: `token=...`, `insecure-password ...`, `"secret": "..."`.
fn secrets(piece: &str, at: usize, out: &mut Vec<Range<usize>>) {
    let mut begin = 0;
    for (i, c) in piece.char_indices() {
        if is_word(c) {
            continue;
        }
        let key = &piece[begin..i];
        begin = i + c.len_utf8();
        let behind = piece[i..].trim_start_matches([' ', '=', ':', '"', '\'']);
        let is_target = c == ' ' && PASSES_TO.contains(&key);
        if is_secret(key) && !is_target && !behind.is_empty() {
            let value = piece.len() - behind.len();
            let long =
                behind.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '&' | ',' | ';')).unwrap_or(behind.len());
            out.push(at + value..at + value + long);
        }
    }
}

fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|r| !r.is_empty());
    ranges.sort_unstable_by_key(|r| (r.start, r.end));
    let mut out: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// A range without what is pointed at.
fn beside(range: &Range<usize>, focus: &Range<usize>, out: &mut Vec<Range<usize>>) {
    if focus.is_empty() || focus.end <= range.start || range.end <= focus.start {
        out.push(range.clone());
    } else {
        out.push(range.start..focus.start.max(range.start));
        out.push(focus.end.min(range.end)..range.end);
    }
}

/// By its beginning: an object, or a list that does not begin as a table of TOML does; or by its name.
fn is_json(source: &Source) -> bool {
    let path = source.path.to_ascii_lowercase();
    if [".json", ".jsonl", ".ndjson", ".tfstate", ".tfstate.backup", ".template"].iter().any(|end| path.ends_with(end)) {
        return true;
    }
    let glance = &source.text[..source.text.floor_char_boundary(256)];
    let text = glance.trim_start_matches('\u{feff}').trim_start();
    match text.strip_prefix(['{', '[']).map(str::trim_start) {
        Some(inner) if text.starts_with('[') => inner.starts_with(['{', '"', ']']),
        Some(inner) => inner.starts_with(['"', '}']) || inner.is_empty(),
        None => false,
    }
}

/// The first line of a table names a column for secrets.
fn has_secret_column(source: &Source) -> bool {
    let path = source.path.to_ascii_lowercase();
    let header = source.line_text(1);
    (source.sheet.is_some() || path.ends_with(".csv") || path.ends_with(".tsv"))
        && (header.len() > LONG || header.split([',', ';', '\t', '|']).any(|c| is_secret(c.trim().trim_matches('"'))))
}

/// The line belongs to a Kubernetes `Secret`, whatever its keys are called. Looks at a bounded part around it.
fn in_secret_manifest(source: &Source, number: u32) -> bool {
    const FAR: u32 = 64;
    let of_document = |n: &u32| !source.line_text(*n).starts_with("---");
    let says = |n: u32| {
        let kind = source.line_text(n).strip_prefix("kind:");
        kind.is_some_and(|kind| kind.trim().trim_matches(['"', '\'']) == "Secret")
    };
    let above = (number.saturating_sub(FAR).max(1)..=number).rev().take_while(of_document);
    let below = (number..=number + FAR).take_while(of_document);
    !says(number) && above.chain(below).any(says)
}

fn normal(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn is_secret(key: &str) -> bool {
    let name = normal(key);
    // `pass`, `db_pass`, `DB_PW`, but not `bypass`.
    let word = key.rsplit(['_', '-', '.']).next().unwrap_or(key).to_ascii_lowercase();
    word == "pass" || word == "pw" || SECRET.iter().any(|s| name.ends_with(s))
}

fn is_connection(key: &str) -> bool {
    let name = normal(key);
    CONNECTION.iter().any(|s| name.ends_with(s))
}

/// Where the key of a value begins that begins at `start`; `start` if there is none before it.
fn key_start(line: &str, start: usize) -> usize {
    let from = line.ceil_char_boundary(start.saturating_sub(KEY));
    let before = &line[from..start];
    // What is pointed at may be the text inside of the quotes.
    let trimmed = before.strip_suffix('"').unwrap_or(before).trim_end();
    let Some(named) = trimmed.strip_suffix([':', '=']) else { return start };
    let named = named.trim_end();
    let key = named.strip_suffix('"').map_or_else(|| named.rfind(|c: char| !is_word(c)).map(|i| i + 1), |k| k.rfind('"'));
    key.map_or(start, |at| from + at)
}

/// The texts of a piece of JSON that begins outside of one.
fn json_values(text: &str, focus: &Range<usize>, out: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    // Objects that began within what is pointed at: its own values are shown, those of objects in it are not.
    let mut objects = 0_usize;
    let mut key = "";
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let inside = focus.contains(&at);
        match byte {
            b'{' if inside => objects += 1,
            b'"' => {
                let (inner, after) = quoted(text, at);
                let rest = text[after..].trim_start();
                if rest.starts_with(':') {
                    key = &text[inner];
                } else if is_secret(key) {
                    out.push(inner);
                } else if !PLAIN.contains(&key) {
                    if inside && objects > 0 { out.push(inner) } else { beside(&inner, focus, out) }
                }
                at = after;
                continue;
            }
            b'0'..=b'9' | b'-' if is_secret(key) => {
                let end = text[at..].find([',', '}', ']', ' ']).map_or(text.len(), |i| at + i);
                out.push(at..end);
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

/// The text inside of quotes that begin at `at`, and what comes after them. Unclosed ones end with the text.
fn quoted(text: &str, at: usize) -> (Range<usize>, usize) {
    let quote = text.as_bytes().get(at).copied().unwrap_or(b'"');
    let mut escaped = false;
    for (i, byte) in text.bytes().enumerate().skip(at + 1) {
        if escaped {
            escaped = false;
        } else if byte == b'\\' {
            escaped = true;
        } else if byte == quote {
            return (at + 1..i, i + 1);
        }
    }
    (at + 1..text.len(), text.len())
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// What no format's excerpt shows: values by their keys, passwords in addresses, long tokens.
fn generic(source: &Source, number: u32, line: &str, focus: &Range<usize>, out: &mut Vec<Range<usize>>) {
    if hangs_on_secret(source, number) {
        out.push(0..line.len());
    }
    let near = LazyCell::new(|| near_secret(source, number));
    let mut at = 0;
    while let Some(begin) = line[at..].find(is_word).map(|i| at + i) {
        let end = line[begin..].find(|c| !is_word(c)).map_or(line.len(), |i| begin + i);
        let key = &line[begin..end];
        at = end;
        let neutral = || NEUTRAL.contains(&normal(key).as_str()) && *near;
        let connection = is_connection(key);
        if !(connection || is_secret(key) || neutral()) {
            continue;
        }
        let Some(value) = value(source, line, begin, end) else { continue };
        if matches!(&line[value.clone()], "true" | "false" | "null" | "") {
            continue;
        }
        if connection || !is_secret(key) {
            beside(&value, focus, out);
        } else {
            at = value.end.max(end);
            out.push(value);
        }
    }
    passwords(line, out);
    tokens(line, focus, out);
}

/// The value behind a key: `key = value`, `key: value`, `"key": "value"`, `key => value`, `key "value"`, `password value`.
fn value(source: &Source, line: &str, begin: usize, end: usize) -> Option<Range<usize>> {
    let in_quotes = line[..begin].ends_with(['"', '\'']) && line[end..].starts_with(['"', '\'']);
    let after = if in_quotes { end + 1 } else { end };
    let skip = |at: usize| line[at..].find(|c: char| c != ' ' && c != '\t').map_or(line.len(), |i| at + i);
    let sign = skip(after);
    let rest = &line[sign..];
    let width = ["=>", ":=", "=", ":"].iter().find(|s| rest.starts_with(**s)).map_or(0, |s| s.len());
    let start = skip(sign + width);
    let next = line[start..].chars().next()?;
    match width {
        // `auth-token:8080` is a name with a port.
        1 if rest.starts_with(':') && !in_quotes && start == sign + 1 && !matches!(next, '"' | '\'') => return None,
        // `secret "..."`, `insecure-password ...`, but not `resource "a_secret" "name"`.
        0 if in_quotes || start == after => return None,
        0 if !matches!(next, '"' | '\'') && !normal(&line[begin..end]).ends_with("password") => return None,
        _ => {}
    }
    if matches!(next, '"' | '\'') {
        return Some(quoted(line, start).0);
    }
    let lead = line[..begin].trim_start_matches([' ', '\t', '-', '"', '\'']);
    let first = lead.is_empty() || matches!(lead.trim_end(), "export" | "set" | "ENV" | "ARG");
    let rest = &line[start..];
    let length = if width > 0 && first {
        rest.trim_end().len()
    } else {
        // `Server=db;Password=two words;Port=1`
        let ends: &[char] =
            if lead.ends_with(';') { &[';', '"', '\''] } else { &[' ', '\t', ';', ',', '&', '}', ')', '"', '\''] };
        rest.find(ends).unwrap_or(rest.len())
    };
    // A reference of Terraform is where the secret comes from and not the secret.
    let text = &rest[..length];
    let refers = [".tf", ".tofu"].iter().any(|e| source.path.ends_with(e))
        && text.contains('.')
        && text.chars().all(|c| is_word(c) || matches!(c, '[' | ']' | '*'));
    (!refers && !matches!(next, '{' | '[' | '|' | '>')).then_some(start..start + length)
}

/// The line belongs to a block of text (`password: |`, `password = <<EOF`) that begins on the line above.
fn hangs_on_secret(source: &Source, number: u32) -> bool {
    let above = if number > 1 { source.line_text(number - 1) } else { "" };
    let above = if above.len() > LONG { "" } else { above.trim_end() };
    let opens = above.ends_with(['|', '>']) || above.ends_with("|-") || above.ends_with(">-") || above.contains("<<");
    opens && above.split(|c| !is_word(c)).any(is_secret)
}

/// A key or name of the lines around a line names a secret.
fn near_secret(source: &Source, number: u32) -> bool {
    (number.saturating_sub(NEAR).max(1)..=number + NEAR).any(|n| {
        let line = source.line_text(n);
        line.len() <= LONG && line.split(|c| !is_word(c)).any(|w| is_secret(w) || is_connection(w))
    })
}

/// `postgres://user:PASSWORD@host`, also where the address is pointed at.
fn passwords(line: &str, out: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while let Some(begin) = line[at..].find("://").map(|i| at + i + 3) {
        at = begin;
        let authority = &line[begin..];
        let authority = &authority[..authority.find([' ', '\t', '"', '\'', '<', '>']).unwrap_or(authority.len())];
        let Some(colon) = authority.find([':', '/']).filter(|i| authority[*i..].starts_with(':')) else { continue };
        // A password may have a slash or another `@` in it.
        let host =
            authority[colon..].split(['/', '?']).next().and_then(|a| a.rfind('@')).or_else(|| authority[colon..].find('@'));
        if let Some(host) = host {
            out.push(begin + colon + 1..begin + colon + host);
            at = begin + colon + host;
        }
    }
}

/// Tokens as long as keys are, of capital and small letters and digits or of hexadecimal digits.
fn tokens(line: &str, focus: &Range<usize>, out: &mut Vec<Range<usize>>) {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-');
    let mut at = 0;
    while let Some(begin) = line[at..].find(part).map(|i| at + i) {
        let end = line[begin..].find(|c| !part(c)).map_or(line.len(), |i| begin + i);
        at = end;
        let token = &line[begin..end];
        let has = |is: fn(&u8) -> bool| token.bytes().any(|b| is(&b));
        let mixed = has(u8::is_ascii_digit)
            && (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) || token.bytes().all(|b| b.is_ascii_hexdigit()));
        if token.len() >= TOKEN && mixed && (focus.is_empty() || end <= focus.start || focus.end <= begin) {
            out.push(begin..end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every line of a text as excerpts show it; `«...»` is what is pointed at.
    fn shown(path: &str, text: &str) -> String {
        let begin = text.find('«');
        let plain = text.replace(['«', '»'], "");
        let focus = begin.map(|b| b..text.find('»').unwrap_or(text.len()) - '«'.len_utf8());
        let source = Source::new(path, plain);
        let lines = source.text.lines().count();
        let line = |number: u32| {
            let (text, start) = (source.line_text(number), source.line_start(number) as usize);
            let inside = |at: usize| at.saturating_sub(start).min(text.len());
            let focus = focus.as_ref().map_or(0..0, |f| inside(f.start)..inside(f.end));
            let (mut out, mut at) = (String::new(), 0);
            for range in mask(&source, number, focus) {
                out.push_str(&text[at..range.start]);
                out.push_str("***");
                at = range.end;
            }
            out + &text[at..]
        };
        (1..=u32::try_from(lines).unwrap()).map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn values_of_keys_that_name_a_secret_are_left_out() {
        for (path, text, expected) in [
            (".env", "DB_PASSWORD=hunter2 and more # x\nREGION=eu", "DB_PASSWORD=***\nREGION=eu"),
            (".env", "export API_TOKEN='a b' # why", "export API_TOKEN='***' # why"),
            (".env", "DATABASE_URL=postgres://u:p@ss/w@db.example.com/x", "DATABASE_URL=***"),
            (".env", "DATABASE_URL=postgres://u:hunter2@«db.example.com»/x", "DATABASE_URL=***db.example.com***"),
            (".env", "CACHE=«redis://:hunter2@cache.example.com:6379»", "CACHE=redis://:***@cache.example.com:6379"),
            (
                "a.tfvars",
                "db = { user = \"u\", pass = \"hunter2\", region = \"x\" }",
                "db = { user = \"u\", pass = \"***\", region = \"x\" }",
            ),
            ("main.tf", "  password = var.db_password\n  secret = \"s\"", "  password = var.db_password\n  secret = \"***\""),
            ("main.tf", "resource \"aws_secretsmanager_secret\" \"db\" {", "resource \"aws_secretsmanager_secret\" \"db\" {"),
            (
                "main.tf",
                "variable \"db_password\" {\n  default = \"hunter2\"\n}",
                "variable \"db_password\" {\n  default = \"***\"\n}",
            ),
            ("a.yaml", "- name: DB_PASSWORD\n  value: hunter2", "- name: DB_PASSWORD\n  value: ***"),
            ("a.yaml", "- name: REGION\n  value: eu", "- name: REGION\n  value: eu"),
            (
                "a.yaml",
                "kind: Secret\nstringData:\n  host: «db.example.com»\n  x: hunter2\n---\nkind: Pod\nname: x",
                "kind: Secret\nstringData:\n  host: db.example.com\n  x: ***\n---\nkind: Pod\nname: x",
            ),
            ("a.yaml", "DB_PW: hunter2 x", "DB_PW: ***"),
            ("a.yaml", "passphrase: |\n  correct horse\nregion: eu", "passphrase: |\n***\nregion: eu"),
            ("a.yaml", "automountServiceAccountToken: false", "automountServiceAccountToken: false"),
            ("a.yaml", "url: «Server=db.example.com;Password=x y;Port=1»", "url: Server=db.example.com;Password=***;Port=1"),
            ("a.conf", "proxy_pass http://auth-token:8080;", "proxy_pass http://auth-token:8080;"),
            ("haproxy.cfg", "  user admin insecure-password hunter2", "  user admin insecure-password ***"),
            ("named.conf", "  secret \"abc==\";", "  secret \"***\";"),
            ("a.pem", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ", "***"),
            ("a.yaml", "id: «MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj»", "id: MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj"),
            ("a.csv", "host,password,region\nweb1,hunter2,eu\nweb2,hunter3,«us»", "host,password,region\n***\n***us"),
            ("a.csv", "host,region\nweb1,eu", "host,region\nweb1,eu"),
        ] {
            assert_eq!(shown(path, text), expected, "{path}: {text}");
        }
    }

    #[test]
    fn sentences_quote_no_secrets() {
        for (text, expected) in [
            ("`redis://:hunter2@cache:6379` has no address", "`redis://:***@cache:6379` has no address"),
            (
                "nothing is known of `user admin insecure-password hunter2`",
                "nothing is known of `user admin insecure-password ***`",
            ),
            ("`https://a.example/x?token=hunter2&b=c` leads nowhere", "`https://a.example/x?token=***&b=c` leads nowhere"),
            ("variable `db_password` has no value, nor has `aws_secretsmanager_secret.a`", ""),
            ("the secret is nothing to quote: a password", ""),
            ("`proxy_pass http://$backend` leads where `$backend` says", ""),
            ("`grpc_pass grpc://u:hunter2@db`", "`grpc_pass grpc://u:***@db`"),
            ("`PROXY_PASS=hunter2`", "`PROXY_PASS=***`"),
        ] {
            assert_eq!(quotes(text), if expected.is_empty() { text } else { expected });
        }
    }

    #[test]
    fn of_json_only_what_is_pointed_at_is_shown() {
        for (text, expected) in [
            (r#"{"a": "x", "region": «"eu-west-1"», "b": "y"}"#, r#"{"a": "***", "region": "eu-west-1", "b": "***"}"#),
            (
                r#"{"a": ["x"], "zones": «["u", "v"]», "n": 1, "pin_secret": 12}"#,
                r#"{"a": ["***"], "zones": ["u", "v"], "n": 1, "pin_secret": ***}"#,
            ),
            (
                r#"{"r": «{"name": "db", "v": "x", "password": "p\"q"}»}"#,
                r#"{"r": {"name": "db", "v": "***", "password": "***"}}"#,
            ),
            (r#"{"password": «"hunter2"»}"#, r#"{"password": "***"}"#),
            (r#"{"doc": "{\"password\":\"x\",\"host\":\"«db.example.com»\"}"}"#, r#"{"doc": "***db.example.com***"}"#),
            (
                "{\n  \"tags\": {\n   «\"id\": \"b\"»,\n   \"note\": \"s\"\n",
                "{\n  \"tags\": {\n   \"id\": \"b\",\n   \"note\": \"***\"",
            ),
        ] {
            assert_eq!(shown("terraform.tfstate", text), expected);
            assert_eq!(shown("told/without-a-name", text), expected);
        }
        for text in ["[[rule]]\nid = \"x\"", "[pack]\nid = \"x\"", "{{ x }}\na: \"b\"", "{% if %}\na: \"b\""] {
            assert_eq!(shown("a", text), text);
        }
    }

    #[test]
    fn of_a_long_line_only_what_is_pointed_at_and_its_key_are_shown() {
        let (a, b) = ("x=hunter2,".repeat(500), "y=hunter3,".repeat(500));
        assert_eq!(shown("a.js", &format!("{a}region=«eu»,{b}")), "***region=eu***");
        assert_eq!(
            shown("a.json", &format!("{{\"a\":\"{a}\",\"region\": «\"eu\"»,\"b\":\"{b}\"}}")),
            "***\"region\": \"eu\"***"
        );
        assert_eq!(shown("a.json", &format!("{{\"a\":\"{a}\",\"region\":\"«eu»\"}}")), "***\"region\":\"eu***");
        assert_eq!(shown("a.json", &format!("{{\"a\":«{{\"b\":\"{a}\"}}»}}")), "***\"a\":{\"b\":\"***");
        assert_eq!(shown("a.js", &format!("«x»\n{a}")), "x\n***");
    }

    proptest::proptest! {
        /// Ranges are in order, apart, inside the line and between characters, whatever the line and the focus.
        #[test]
        fn ranges_are_sound(text in "([\\PC\"':=\\\\{}\\[\\],@/ ]|password|://|secret|value){0,40}", a in 0usize..60, b in 0usize..60) {
            for path in ["a.json", "a.csv", "a.tf", ".env"] {
                let source = Source::new(path, text.clone());
                let line = source.line_text(1);
                let (a, b) = (line.floor_char_boundary(a.min(b)), line.floor_char_boundary(a.max(b)));
                let mut last = None;
                for range in mask(&source, 1, a..b) {
                    assert!(last.is_none_or(|end| end < range.start) && !line[range.clone()].is_empty());
                    last = Some(range.end);
                }
            }
        }
    }
}
