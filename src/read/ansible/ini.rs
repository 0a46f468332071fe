//! The INI notation, with the rules of Ansible's `ini` plug-in: sections are groups, `:children` and `:vars` say more about
//! them, a host line is a pattern with ranges and `key=value` words that are split as a shell splits them.

use super::gap;
use super::inventory::{Inventory, MAX_HOSTS};
use super::vars::{Value, Vars, short};
use crate::model::GapScope;
use crate::read::Recognized;
use crate::source::{Location, Span};

/// No host name is longer.
const MAX_PATTERN: usize = 255;
/// All variables that the hosts of one range get, in bytes.
const MAX_COPIED: usize = 64 << 20;

/// A file is one if a section or a variable says so (`[web:children]`, `ansible_host=`), or if it is called so and has nothing but
/// sections with host lines.
pub fn recognize(name: &str, in_folder: bool, text: &str) -> Recognized {
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
    let called = ["hosts", "inventory"]
        .iter()
        .any(|w| name == *w || name.strip_prefix(w).is_some_and(|r| r.starts_with(['.', '-', '_'])));
    let called = called || in_folder;
    let other = ["conf", "csv", "hcl", "json", "tf", "tfvars", "toml", "tsv", "xml", "zone"].contains(&extension);
    if other || (!called && !matches!(extension, "" | "ini" | "inventory" | "hosts")) {
        return Recognized::No;
    }
    let (mut sections, mut lines, mut own, mut kind) = (0, 0, false, "");
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with(['#', ';'])) {
        if let Some(section) = section(line) {
            sections += 1;
            kind = section.1;
            own |= matches!(section.1, "children" | "vars") && section.0.chars().all(|c| !c.is_whitespace());
            continue;
        }
        lines += 1;
        let words = words(line, 0).unwrap_or_default();
        own |= kind != "children" && words.iter().any(|w| w.text.starts_with("ansible_") && w.text.contains('='));
        let fits = match kind {
            "vars" => line.contains('='),
            "children" => words.len() == 1,
            _ => words
                .split_first()
                .is_some_and(|(host, rest)| host_pattern(&host.text) && rest.iter().all(|w| w.text.contains('='))),
        };
        if !fits {
            return Recognized::No;
        }
    }
    match (own, called && sections > 0 && lines > 0) {
        (true, _) => Recognized::Yes,
        (false, true) => Recognized::Yes,
        _ => Recognized::No,
    }
}

/// A word that can be a host: letters of names, ranges, a port.
fn host_pattern(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphanumeric() || c == '[')
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '[' | ']'))
}

/// `[name]`, `[name:kind]`, with a comment behind it.
fn section(line: &str) -> Option<(&str, &str)> {
    let (inside, behind) = line.strip_prefix('[')?.split_once(']')?;
    let behind = behind.trim();
    if inside.is_empty()
        || inside.contains(['[', ' ', '\t', '=', '"'])
        || !(behind.is_empty() || behind.starts_with(['#', ';']))
    {
        return None;
    }
    let (name, kind) = inside.split_once(':').unwrap_or((inside, "hosts"));
    // `[0:9].example.com` begins a host line.
    let known = matches!(kind, "hosts" | "children" | "vars");
    (!name.is_empty() && (known || kind.chars().all(char::is_alphabetic))).then_some((name, kind))
}

enum State {
    Hosts(String),
    Children(String),
    Vars(String),
    /// A section of a kind that Ansible does not have.
    Unknown,
}

pub fn read(text: &str, to: &mut Inventory) {
    let mut state = State::Hosts("ungrouped".to_owned());
    let mut start = 0;
    for raw in text.split_inclusive('\n') {
        let line = raw.trim();
        let at = start + (raw.len() - raw.trim_start().len());
        start += raw.len();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let location = Location::new(to.file, Span::new(at, at + line.len()));
        if let Some((name, kind)) = section(line) {
            to.group(name);
            state = match kind {
                "hosts" => State::Hosts(name.to_owned()),
                "children" => State::Children(name.to_owned()),
                "vars" => State::Vars(name.to_owned()),
                _ => {
                    malformed(to, location, &format!("`[{name}:{kind}]` is no kind of section that Ansible has"));
                    State::Unknown
                }
            };
            continue;
        }
        match &state {
            State::Hosts(group) => host_line(line, at, location, &group.clone(), to),
            State::Children(group) => {
                let child = line.split([' ', '\t', '#']).next().unwrap_or(line);
                to.group(child);
                to.group(group).children.insert(child.to_owned());
            }
            State::Vars(group) => match line.split_once('=') {
                Some((key, value)) => {
                    let from = at + (line.len() - value.trim_start().len());
                    let place = Location::new(to.file, Span::new(from, at + line.len()));
                    to.group(group).vars.insert(key.trim().to_owned(), (literal(value.trim()), place));
                }
                None => malformed(to, location, &format!("`{}` sets no variable: there is no `=`", short(line))),
            },
            State::Unknown => {}
        }
    }
}

fn malformed(to: &mut Inventory, location: Location, message: &str) {
    let help = "correct the line; `ansible-inventory --list` refuses it too";
    to.gaps.push(gap("malformed-line", location, message.to_owned(), help, GapScope::Everything));
}

fn host_line(line: &str, at: usize, location: Location, group: &str, to: &mut Inventory) {
    let words = match words(line, at) {
        Ok(words) => words,
        Err(why) => return malformed(to, location, &format!("`{}` cannot be split into words: {why}", short(line))),
    };
    let Some((host, rest)) = words.split_first() else { return };
    let mut vars = Vars::new();
    for word in rest {
        match word.text.split_once('=') {
            Some((key, value)) => {
                vars.insert(key.to_owned(), (literal(value), Location::new(to.file, word.span)));
            }
            None => malformed(
                to,
                Location::new(to.file, word.span),
                &format!("`{}` sets no variable: there is no `=`", short(&word.text)),
            ),
        }
    }
    let location = Location::new(to.file, host.span);
    add_hosts(&host.text, group, &vars, location, to);
}

/// Adds every host of a pattern.
pub fn add_hosts(pattern: &str, group: &str, vars: &Vars, location: Location, to: &mut Inventory) {
    let names = match expand(without_port(pattern), MAX_HOSTS.saturating_sub(to.hosts.len()).max(1)) {
        Ok(names) => names,
        Err(why) => return malformed(to, location, &format!("`{}` is no range of hosts: {why}", short(pattern))),
    };
    let size: usize = vars.iter().map(|(k, (v, _))| k.len() + if let Value::Text(t) = v { t.len() } else { 0 } + 64).sum();
    if names.len() > 1 && names.len().saturating_mul(size) > MAX_COPIED {
        let message = format!("`{}` stands for too many hosts with too many variables; none of them was read", short(pattern));
        to.gaps.push(gap("too-large", location, message, "put the variables into a group", GapScope::Everything));
        return;
    }
    for name in names {
        if !to.host(&name, group, vars.clone(), location) {
            let message =
                format!("the inventory has more than {MAX_HOSTS} hosts; those behind `{}` were not read", short(&name));
            to.gaps.push(gap("too-large", location, message, "split the inventory", GapScope::Everything));
            return;
        }
    }
}

/// `web:2222` is host `web` with a port; an IPv6 address is bare, or in brackets with one.
fn without_port(pattern: &str) -> &str {
    let is_address = |text: &str| text.parse::<std::net::Ipv6Addr>().is_ok();
    if is_address(pattern) {
        return pattern;
    }
    if let Some((inside, _)) = pattern.strip_prefix('[').and_then(|r| r.split_once(']'))
        && is_address(inside)
    {
        return inside;
    }
    match pattern.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) && !host.is_empty() => host,
        _ => pattern,
    }
}

/// `db[01:20:2]-[a:c]`: all names of all ranges. Digits keep the width of a begin with a leading zero; letters are ASCII.
pub fn expand(pattern: &str, most: usize) -> Result<Vec<String>, String> {
    if pattern.contains('[') && pattern.len() > MAX_PATTERN {
        return Err(format!("it is longer than {MAX_PATTERN} bytes"));
    }
    let mut names = vec![String::new()];
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('[') {
        let (inside, behind) = after.split_once(']').ok_or("a `[` has no `]`")?;
        let parts = range(inside, most)?;
        if names.len().saturating_mul(parts.len()) > most {
            return Err(format!("it stands for more than {most} hosts"));
        }
        names = names.iter().flat_map(|name| parts.iter().map(move |part| format!("{name}{before}{part}"))).collect();
        rest = behind;
    }
    Ok(names.into_iter().map(|name| name + rest).collect())
}

fn range(inside: &str, most: usize) -> Result<Vec<String>, String> {
    let bounds: Vec<&str> = inside.split(':').collect();
    let (begin, end, step) = match bounds.as_slice() {
        [begin, end] => (*begin, *end, "1"),
        [begin, end, step] => (*begin, *end, *step),
        _ => return Err(format!("`[{inside}]` is not `[begin:end]` or `[begin:end:step]`")),
    };
    let begin = if begin.is_empty() { "0" } else { begin };
    let step: usize = step.parse().ok().filter(|s| *s > 0).ok_or_else(|| format!("`{step}` is no step"))?;
    if let ([first], [last]) = (begin.as_bytes(), end.as_bytes())
        && first.is_ascii_alphabetic()
        && last.is_ascii_alphabetic()
    {
        // The order of Ansible: small letters, then capitals.
        let letters: Vec<u8> = (b'a'..=b'z').chain(b'A'..=b'Z').collect();
        let place = |b: &u8| letters.iter().position(|l| l == b).unwrap_or(0);
        let (from, to) = (place(first), place(last));
        if from > to {
            return Err(format!("`{begin}` comes after `{end}`"));
        }
        return Ok(letters[from..=to].iter().step_by(step).map(|l| char::from(*l).to_string()).collect());
    }
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is neither a number nor a letter"));
    let (from, to) = (number(begin)?, number(end)?);
    let width = if begin.starts_with('0') && begin.len() > 1 { begin.len() } else { 0 };
    if width > 0 && width != end.len() {
        return Err(format!("`{begin}` and `{end}` are not of one length"));
    }
    if (to.saturating_sub(from) / step as u64) >= most as u64 {
        return Err(format!("it stands for more than {most} hosts"));
    }
    Ok((from..=to).step_by(step).map(|n| format!("{n:0width$}")).collect())
}

#[derive(Debug)]
struct Word {
    text: String,
    span: Span,
}

/// Splits a line as a shell does, without expanding anything: quotes group and go, a backslash takes the next character as it
/// is, `#` begins a comment anywhere outside quotes (Python's `shlex.split(comments=True)`).
fn words(line: &str, offset: usize) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut current: Option<(usize, String)> = None;
    let mut quote: Option<char> = None;
    let mut end = line.len();
    let mut chars = line.char_indices();
    while let Some((at, c)) = chars.next() {
        let mut add = |c: Option<char>| {
            let (_, text) = current.get_or_insert_with(|| (at, String::new()));
            text.extend(c);
        };
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some('"'), '\\') => match chars.next() {
                Some((_, next @ ('"' | '\\'))) => add(Some(next)),
                Some((_, next)) => {
                    add(Some('\\'));
                    add(Some(next));
                }
                None => return Err("a backslash ends it".to_owned()),
            },
            (Some(_), c) => add(Some(c)),
            (None, '"' | '\'') => {
                add(None);
                quote = Some(c);
            }
            (None, '\\') => match chars.next() {
                Some((_, next)) => add(Some(next)),
                None => return Err("a backslash ends it".to_owned()),
            },
            (None, '#') => {
                end = at;
                break;
            }
            (None, c) if c.is_whitespace() => {
                if let Some((from, text)) = current.take() {
                    words.push(Word { text, span: Span::new(offset + from, offset + at) });
                }
            }
            (None, c) => add(Some(c)),
        }
    }
    if quote.is_some() {
        return Err("a quote is never closed".to_owned());
    }
    if let Some((from, text)) = current {
        words.push(Word { text, span: Span::new(offset + from, offset + end) });
    }
    Ok(words)
}

/// A value as Python's `literal_eval` takes it, or else the text as it stands: quotes go, lists and maps are no text.
fn literal(text: &str) -> Value {
    let text = text.trim();
    if text.starts_with(super::vars::VAULT) {
        return Value::Vaulted;
    }
    for quote in ['\'', '"'] {
        if let Some(inside) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote))
            && !inside.contains(quote)
        {
            return Value::Text(inside.to_owned());
        }
    }
    let is_list = (text.starts_with('[') && text.ends_with(']'))
        || (text.starts_with('{') && text.ends_with('}') && !text.starts_with("{{"));
    if is_list || matches!(text, "None" | "") { Value::Other } else { Value::Text(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_ansible_expands_them() {
        let all = |pattern: &str| expand(pattern, 100).map(|n| n.join(" "));
        assert_eq!(all("db[01:05:2].x").unwrap(), "db01.x db03.x db05.x");
        assert_eq!(all("db[8:11]").unwrap(), "db8 db9 db10 db11");
        assert_eq!(all("[a:c][:1]").unwrap(), "a0 a1 b0 b1 c0 c1");
        assert_eq!(all("[y:B]").unwrap(), "y z A B");
        assert_eq!(all("plain").unwrap(), "plain");
        assert_eq!(all("[5:4]").unwrap(), "");
        for bad in ["db[01:5]", "db[1", "db[1:2:0]", "db[1]", "db[c:a]", "db[1:999999999999]", "[1:50][1:50]", "[1:x]"] {
            assert!(all(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn words_as_a_shell_splits_them() {
        let split = |line: &str| words(line, 0).map(|w| w.iter().map(|w| w.text.clone()).collect::<Vec<_>>().join("|"));
        assert_eq!(split("a b='c d' e=\"f\\\"g\" # h").unwrap(), "a|b=c d|e=f\"g");
        assert_eq!(split("a b=1#2").unwrap(), "a|b=1");
        assert_eq!(split(r"a b=c\ d").unwrap(), "a|b=c d");
        assert!(split("a b='c").is_err());
        assert_eq!(literal("'x'"), Value::Text("x".to_owned()));
        assert_eq!(literal("[1, 2]"), Value::Other);
        assert_eq!(literal("{{ x }}"), Value::Text("{{ x }}".to_owned()));
    }

    #[test]
    fn ports_are_no_part_of_a_name() {
        for (written, host) in [
            ("web:22", "web"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:22", "2001:db8::1"),
            ("w[1:2]", "w[1:2]"),
            ("w[1:2]:22", "w[1:2]"),
        ] {
            assert_eq!(without_port(written), host);
        }
    }
}
