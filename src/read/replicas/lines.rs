//! Settings by lines, in the four notations that databases use. Nothing here knows what a setting means.

use crate::source::{Location, SourceId, Span, Spanned};

/// One setting, and where its two parts stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The `[section]` above it; empty without one.
    pub section: String,
    pub key: Spanned<String>,
    pub value: Spanned<String>,
    pub source: SourceId,
}

impl Setting {
    /// The value; the key where the value is empty.
    pub fn at(&self) -> Location {
        let empty = self.value.span.start == self.value.span.end;
        Location::new(self.source, if empty { self.key.span } else { self.value.span })
    }

    pub fn key_at(&self) -> Location {
        Location::new(self.source, self.key.span)
    }

    pub fn name(&self) -> &str {
        &self.key.value
    }

    pub fn text(&self) -> &str {
        &self.value.value
    }

    /// The words of a list parted by commas or white space, each with its place (as far as the value is written in one piece).
    pub fn list(&self) -> Vec<(String, Location)> {
        parts(&self.value).into_iter().map(|p| (p.value.clone(), p.at(self.source))).collect()
    }
}

/// The words of a value, parted by commas, semicolons or white space.
pub fn parts(value: &Spanned<String>) -> Vec<Spanned<String>> {
    let start = value.span.start as usize;
    // A value with escapes or over several lines is longer than what it says: its parts stand somewhere in the whole.
    let exact = value.span.range().len() == value.value.len();
    let mut found = Vec::new();
    let mut from = 0;
    for piece in value.value.split([',', ';', ' ', '\t', '\n', '\r']) {
        let span = Span::new(start + from, start + from + piece.len());
        from += piece.len() + 1;
        if !piece.is_empty() {
            found.push(Spanned::new(piece.to_owned(), if exact { span } else { value.span }));
        }
    }
    found
}

/// Lines with the offset of each.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

/// A piece of a line without the white space around it, with its place.
fn trimmed(line: &str, start: usize, from: usize, to: usize) -> Spanned<String> {
    let piece = line.get(from..to).unwrap_or("");
    let lead = piece.len() - piece.trim_start().len();
    let piece = piece.trim();
    Spanned::new(piece.to_owned(), Span::new(start + from + lead, start + from + lead + piece.len()))
}

/// Without the quotes around it.
fn unquoted(value: Spanned<String>) -> Spanned<String> {
    for quote in ['"', '\''] {
        let inner = value.value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote));
        if let Some(inner) = inner {
            let span = Span { start: value.span.start + 1, end: value.span.end.saturating_sub(1) };
            return Spanned::new(inner.to_owned(), span);
        }
    }
    value
}

/// Java properties (java.util.Properties, "load"): `key=value`, `key: value` or `key value`; `#` and `!` begin comments; a `\` at
/// the end of a line goes on with the next one, one before another character stands for that.
pub fn properties(text: &str, source: SourceId) -> Vec<Setting> {
    let mut found = Vec::new();
    let mut open: Option<Setting> = None;
    for (start, line) in lines(text) {
        let goes_on = line.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1;
        let end = line.len() - usize::from(goes_on);
        if let Some(setting) = &mut open {
            let more = trimmed(line, start, 0, end);
            setting.value.value.push_str(&unescaped(&more.value));
            setting.value.span.end = more.span.end;
        } else {
            let body = trimmed(line, start, 0, end);
            if body.value.is_empty() || body.value.starts_with(['#', '!']) {
                continue;
            }
            let from = body.span.start as usize - start;
            let mut escaped = false;
            let cut = line[from..end].char_indices().find(|(_, c)| {
                let ends = !escaped && (matches!(c, '=' | ':') || c.is_whitespace());
                escaped = *c == '\\' && !escaped;
                ends
            });
            let cut = cut.map_or(end, |(at, _)| from + at);
            let rest = line[cut..end].trim_start();
            let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
            let key = trimmed(line, start, from, cut).map(|k| unescaped(&k));
            let value = trimmed(line, start, end - rest.len(), end).map(|v| unescaped(&v));
            open = Some(Setting { section: String::new(), key, value, source });
        }
        if !goes_on {
            found.extend(open.take());
        }
    }
    found.extend(open);
    found
}

fn unescaped(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

/// Option files of MySQL ("Using Option Files") and pgBackRest: `[section]`, `key = value`, `key`; `#` and `;` begin comments.
/// `!include` lines come out with that key.
pub fn ini(text: &str, source: SourceId) -> Vec<Setting> {
    let mut section = String::new();
    let mut found = Vec::new();
    for (start, line) in lines(text) {
        let body = line.trim();
        if body.is_empty() || body.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = body.strip_prefix('[').and_then(|b| b.split_once(']')).map(|(name, _)| name) {
            name.trim().clone_into(&mut section);
            continue;
        }
        let cut = if body.starts_with('!') { line.find(char::is_whitespace) } else { line.find('=') };
        let cut = cut.filter(|c| line[..*c].trim() != "").unwrap_or(line.len());
        let key = trimmed(line, start, 0, cut);
        let quoted = line[cut..].trim_start_matches(['=', ' ', '\t']).starts_with(['"', '\'']);
        // A comment may follow a value that is not quoted.
        let comment = line[cut..].find(" #").or_else(|| line[cut..].find("\t#")).filter(|_| !quoted);
        let end = comment.map_or(line.len(), |at| cut + at);
        let value = unquoted(trimmed(line, start, (cut + 1).min(end), end));
        found.push(Setting { section: section.clone(), key, value, source });
    }
    found
}

/// PostgreSQL ("Parameter Interaction via the Configuration File"): `name = value` or `name value`; `#` begins a comment; a value
/// in single quotes may hold `''` or `\'`.
pub fn postgres(text: &str, source: SourceId) -> Vec<Setting> {
    let mut found = Vec::new();
    for (start, line) in lines(text) {
        let body = line.trim_start();
        let from = line.len() - body.len();
        if body.is_empty() || body.starts_with('#') {
            continue;
        }
        let cut = body.find(|c: char| c == '=' || c.is_whitespace()).map_or(line.len(), |at| from + at);
        let key = trimmed(line, start, from, cut);
        let rest = line[cut..].trim_start();
        let rest = rest.strip_prefix('=').unwrap_or(rest).trim_start();
        let at = line.len() - rest.len();
        let value = match rest.strip_prefix('\'') {
            Some(inner) => {
                let (text, len) = quoted(inner);
                Spanned::new(text, Span::new(start + at + 1, start + at + 1 + len))
            }
            None => trimmed(line, start, at, rest.find('#').map_or(line.len(), |hash| at + hash)),
        };
        found.push(Setting { section: String::new(), key, value, source });
    }
    found
}

/// The text up to the closing quote, and its length as written.
fn quoted(inner: &str) -> (String, usize) {
    let mut out = String::new();
    let mut chars = inner.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => out.extend(chars.next().map(|(_, c)| c)),
            '\'' if chars.peek().is_some_and(|(_, c)| *c == '\'') => {
                chars.next();
                out.push('\'');
            }
            '\'' => return (out, at),
            c => out.push(c),
        }
    }
    (out, inner.len())
}

/// Lines of words (Redis, `redis.conf`): parted by white space, quoted with `"` or `'`; a line that begins with `#` is a comment.
pub fn words(text: &str) -> Vec<Vec<Spanned<String>>> {
    let mut found = Vec::new();
    for (start, line) in lines(text) {
        if line.trim_start().starts_with('#') {
            continue;
        }
        let mut words: Vec<Spanned<String>> = Vec::new();
        let mut at = 0;
        while let Some(lead) = line[at..].find(|c: char| !c.is_whitespace()) {
            at += lead;
            let quote = line[at..].chars().next().filter(|c| matches!(c, '"' | '\''));
            let (from, to, next) = match quote {
                Some(quote) => {
                    let end = line[at + 1..].find(quote).map_or(line.len(), |e| at + 1 + e);
                    (at + 1, end, (end + 1).min(line.len()))
                }
                None => {
                    let end = line[at..].find(char::is_whitespace).map_or(line.len(), |e| at + e);
                    (at, end, end)
                }
            };
            words.push(Spanned::new(line[from..to].to_owned(), Span::new(start + from, start + to)));
            at = next;
        }
        if !words.is_empty() {
            found.push(words);
        }
    }
    found
}

/// The pairs of a connection string (libpq, "Connection Strings"): `host=a port=5432`, or `postgresql://user@a:5432,b/db?x=y`.
/// Several hosts stand in one value, parted by commas.
pub fn conninfo(text: &str) -> Vec<(String, String)> {
    let url = ["postgresql://", "postgres://"].iter().find_map(|scheme| text.trim().strip_prefix(scheme));
    if let Some(rest) = url {
        let (main, query) = rest.split_once('?').unwrap_or((rest, ""));
        let authority = main.split('/').next().unwrap_or("");
        let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
        let mut pairs = vec![("hosts".to_owned(), hosts.to_owned())];
        pairs.extend(query.split('&').filter_map(|p| p.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())));
        return pairs;
    }
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('\'') {
            Some(inner) => {
                let (value, len) = quoted(inner);
                (value, inner.get(len + 1..).unwrap_or(""))
            }
            None => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        pairs.push((key.trim().to_ascii_lowercase(), value));
        rest = next.trim_start();
    }
    pairs
}

/// `host:port` of each server that a connection string names, as [`crate::read::proxy::peer::peer`] takes them.
pub fn hosts_of(text: &str) -> Vec<String> {
    let pairs = conninfo(text);
    let value = |key: &str| pairs.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
    if let Some(hosts) = value("hosts").filter(|h| !h.is_empty()) {
        return hosts.split(',').filter(|h| !h.is_empty()).map(str::to_owned).collect();
    }
    let Some(hosts) = value("host").or_else(|| value("hostaddr")).filter(|h| !h.is_empty()) else { return Vec::new() };
    let ports: Vec<&str> = value("port").unwrap_or("5432").split(',').collect();
    let join = |(i, host): (usize, &str)| {
        // A path is the folder of a socket.
        if host.starts_with('/') {
            return format!("unix:{host}");
        }
        let port = ports.get(i).or(ports.first()).filter(|p| !p.is_empty()).copied().unwrap_or("5432");
        if host.contains(':') && !host.starts_with('[') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    };
    hosts.split(',').filter(|h| !h.is_empty()).enumerate().map(join).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(settings: &[Setting], text: &str) -> Vec<String> {
        let one = |s: &Setting| format!("{}/{}={} @{:?}", s.section, s.name(), s.text(), text.get(s.value.span.range()));
        settings.iter().map(one).collect()
    }

    #[test]
    fn notations() {
        let text = "# no\nA->B.enabled = true\na.b: x\\\n   y\n!c = d\nempty=\n";
        let expected = ["/A->B.enabled=true @Some(\"true\")", "/a.b=xy @Some(\"x\\\\\\n   y\")", "/empty= @Some(\"\")"];
        assert_eq!(show(&properties(text, SourceId(0)), text), expected);
        let text = "; no\n[mysqld]\nreport-host = 'db1' \nskip-name-resolve\nx=1 # y\n!include /etc/a.cnf\n";
        let expected = [
            "mysqld/report-host=db1 @Some(\"db1\")",
            "mysqld/skip-name-resolve= @Some(\"\")",
            "mysqld/x=1 @Some(\"1\")",
            "mysqld/!include=/etc/a.cnf @Some(\"/etc/a.cnf\")",
        ];
        assert_eq!(show(&ini(text, SourceId(0)), text), expected);
        let text = "a = 'it''s' # c\nport 5432 # d\n#x = y\n";
        assert_eq!(show(&postgres(text, SourceId(0)), text), ["/a=it's @Some(\"it''s\")", "/port=5432 @Some(\"5432\")"]);
        let lines = words("replicaof 10.0.0.1 6379\n# x\nname \"a b\"");
        let plain: Vec<Vec<&str>> = lines.iter().map(|l| l.iter().map(|w| w.value.as_str()).collect()).collect();
        assert_eq!(plain, [vec!["replicaof", "10.0.0.1", "6379"], vec!["name", "a b"]]);
    }

    #[test]
    fn connection_strings() {
        assert_eq!(hosts_of("host=a,b port=1,2 user='x y'"), ["a:1", "b:2"]);
        assert_eq!(hosts_of("user = r host = 10.0.0.1"), ["10.0.0.1:5432"]);
        assert_eq!(hosts_of("postgresql://u:p@a:5433,b/db?sslmode=require"), ["a:5433", "b"]);
        assert_eq!(hosts_of("host=/var/run"), ["unix:/var/run"]);
        assert_eq!(hosts_of("dbname=x"), [""; 0]);
    }
}
