//! rsyslog: RainerScript objects (`action(...)`, `input(...)`, `include(...)`) and the older lines (`*.* @@host:port`,
//! `$IncludeConfig`, `& @host`); rsyslog.com, "Configuration". What a filter lets through depends on the message, so that every
//! action counts. `action.execOnlyWhenPreviousIsSuspended` makes an action the fallback of the one before it.

use std::sync::LazyLock;

use super::sinks::Product;
use super::{Part, Shipper, emit, included, not_included};
use crate::read::words::Words;
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::{InputError, Location, SourceId, Span};

pub struct Rsyslog;

pub(super) const PRODUCT: Product = Product {
    name: "rsyslog",
    inputs: "imtcp imudp imrelp imptcp imhttp imfile imjournal imuxsock imklog imkmsg impstats immark imdocker imkafka",
    outputs: "omfile omjournal omuxsock ompipe omstdout omusrmsg omdiscard omruleset omrelp omhttp omfwd omudpspoof \
        omelasticsearch omkafka omhiredis omrabbitmq omamqp1 omclickhouse ompgsql omlibdbi ommysql ommongodb omhdfs \
        omhttpfs ommail omazureeventhubs",
};

static WORDS: LazyLock<Vec<Words>> = LazyLock::new(|| PRODUCT.words());

impl Reader for Rsyslog {
    fn format(&self) -> &'static str {
        "rsyslog"
    }

    fn describe(&self) -> &'static str {
        "rsyslog configuration (inputs and actions)"
    }

    fn words(&self) -> &'static [Words] {
        &WORDS
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let text = glance(text);
        let name = path.rsplit('/').next().unwrap_or(path);
        let sure = [
            "action(type=\"om",
            "action(type = \"om",
            "module(load=\"im",
            "module(load=\"om",
            "$ModLoad im",
            "$ModLoad om",
            "$IncludeConfig",
        ];
        let sure = sure.iter().any(|s| text.contains(s));
        let selector = text.lines().any(|l| is_selector(l) && l.contains('@'));
        match name == "rsyslog.conf" || path.contains("rsyslog.d/") {
            true if sure || text.lines().any(is_selector) => Recognized::Yes,
            true => Recognized::Maybe,
            false if name.ends_with(".conf") && (sure || selector) => Recognized::Yes,
            false => Recognized::No,
        }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let mut reader = Files { input, shipper: Shipper::default(), fallback: false };
        reader.file(input.file, 0);
        emit(input, &PRODUCT, reader.shipper)
    }
}

/// `mail.*  ...`, `*.info;mail.none  ...`: facilities and priorities, then an action.
fn is_selector(line: &str) -> bool {
    const FACILITIES: &str = "* kern user mail daemon auth syslog lpr news uucp cron security ftp authpriv local0 local1 local2 local3 local4 local5 local6 local7";
    let Some((selector, action)) = line.trim().split_once(char::is_whitespace) else { return false };
    let part = |p: &str| {
        p.split_once('.').is_some_and(|(facilities, priority)| {
            !priority.is_empty() && facilities.split(',').all(|f| FACILITIES.split(' ').any(|known| known == f))
        })
    };
    !action.trim().is_empty() && selector.split(';').filter(|p| !p.is_empty()).all(part)
}

struct Files<'i> {
    input: &'i Input<'i>,
    shipper: Shipper,
    /// `$ActionExecOnlyWhenPreviousIsSuspended on`.
    fallback: bool,
}

impl Files<'_> {
    fn file(&mut self, file: SourceId, depth: usize) {
        let text = self.input.sources.get(file).text.as_str();
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            let line = trimmed.lines().next().unwrap_or("");
            if trimmed.starts_with("/*") {
                at += trimmed.find("*/").map_or(trimmed.len(), |end| end + 2);
            } else if line.starts_with(['#', '{', '}']) {
                at += if line.starts_with('#') { line.len() } else { 1 };
            } else if let Some((name, open)) = object(line) {
                let Some(end) = closing(&trimmed[open..]) else {
                    let location = Location::new(file, Span::new(at, at + line.len()));
                    let message = format!("`{name}(` is never closed by `)`");
                    self.shipper.syntax.push(InputError { location, message, help: None });
                    return;
                };
                let span = Span::new(at, at + open + end + 1);
                self.object(name, &trimmed[open + 1..open + end], Location::new(file, span), depth);
                at += open + end + 1;
            } else if let Some(action) = line.find("action(").filter(|i| *i > 0) {
                // After a selector, a condition or `&`.
                at += action;
            } else {
                let location = Location::new(file, Span::new(at, at + line.trim_end().len()));
                self.line(line.trim(), location, depth);
                at += line.len();
            }
        }
    }

    fn object(&mut self, name: &str, inside: &str, at: Location, depth: usize) {
        let mut part = Part::new("", at);
        for (key, value) in parameters(inside) {
            part.push(&key, &value, at);
        }
        let text = |key: &str| part.get(key).map(|v| v.text.to_ascii_lowercase()).unwrap_or_default();
        let kind = text("type").trim_start_matches("builtin:").to_owned();
        let fallback = text("action.execonlywhenpreviousissuspended") == "on";
        part.plugin = kind;
        match name {
            "action" => self.output(part, fallback),
            "input" => self.shipper.inputs.push(part),
            "include" => {
                let file = part.get("file").map(|v| v.text.clone()).unwrap_or_default();
                self.include(&file, at, depth);
            }
            // Modules, templates, queues, look-up tables, rulesets (whose actions follow in their braces).
            _ => {}
        }
    }

    fn output(&mut self, mut part: Part, fallback: bool) {
        part.pool = Some(format!("action {}", self.shipper.outputs.len() + 1));
        if let Some(before) = self.shipper.outputs.last().filter(|_| fallback) {
            (part.level, part.pool) = (before.level + 1, before.pool.clone());
        }
        self.shipper.outputs.push(part);
    }

    fn include(&mut self, pattern: &str, at: Location, depth: usize) {
        // The folder of the distribution is the one beside the main file.
        let near = pattern.strip_prefix("/etc/").unwrap_or(pattern);
        let mut files = included(self.input, at.source, near);
        if files.is_empty() && near.starts_with("rsyslog.d/") {
            let folder = super::paths::folder(self.input.path()).to_owned();
            let prefix = super::paths::prefix(&folder) + "rsyslog.d/";
            files = self.input.sources.iter().filter(|(_, s)| s.path.starts_with(&prefix)).map(|(id, _)| id).collect();
        }
        if files.is_empty() {
            self.shipper.strange.push(not_included(pattern, at));
        }
        for file in files {
            if self.shipper.enters(self.input.file, file, at, depth) {
                self.file(file, depth + 1);
            }
        }
    }

    /// Older lines, and what is left of a script: `if ... then ...`, `& action`, `stop`.
    fn line(&mut self, line: &str, at: Location, depth: usize) {
        if let Some(directive) = line.strip_prefix('$') {
            let (name, value) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
            match name.to_ascii_lowercase().as_str() {
                "includeconfig" => self.include(value.trim(), at, depth),
                "actionexeconlywhenpreviousissuspended" => self.fallback = value.trim().eq_ignore_ascii_case("on"),
                // The others set up modules, queues, templates and rights.
                _ => {}
            }
            return;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let action = words.iter().find(|w| w.starts_with('@') || w.starts_with(":om") || w.starts_with('^')).copied();
        let file = words.last().copied().filter(|w| w.starts_with(['/', '?', '|']) || w.starts_with("-/"));
        let mut part = Part::new("omfile", at);
        if let Some(remote) = action.and_then(|a| a.strip_prefix('@')) {
            // `@@` is TCP; options stand in parentheses; `;template` may follow.
            let remote = remote.trim_start_matches('@');
            let remote = remote.strip_prefix('(').and_then(|r| r.split_once(')')).map_or(remote, |(_, r)| r);
            part.plugin = "omfwd".to_owned();
            part.push("target", remote.split(';').next().unwrap_or(remote), at);
        } else if let Some(module) = action.and_then(|a| a.strip_prefix(':')) {
            let (plugin, target) = module.split_once(':').unwrap_or((module, ""));
            part.plugin = plugin.to_ascii_lowercase();
            part.push("target", target.split([';', ',']).next().unwrap_or(target), at);
        } else if let Some(program) = action {
            let message =
                format!("the program `{}` gets the messages, and what it does with them is not read", super::shorten(program));
            self.shipper.strange.push(("unknown-directive", message, None, at));
            return;
        } else if let Some(path) = file.filter(|_| is_selector(line) || line.starts_with(['&', ':']) || line.starts_with("if"))
        {
            // Whoever reads a named pipe is a program of this machine.
            part.push("file", path.trim_start_matches('-'), at);
        } else {
            // Blocks, variables, `stop`, messages to people who are logged in: nothing leaves the machine.
            return;
        }
        let fallback = self.fallback;
        self.output(part, fallback);
    }
}

/// A RainerScript object at the beginning of a line (or after `then`), and where its parenthesis opens.
fn object(line: &str) -> Option<(&'static str, usize)> {
    const OBJECTS: [&str; 13] = [
        "action",
        "input",
        "include",
        "module",
        "global",
        "template",
        "main_queue",
        "lookup_table",
        "dyn_stats",
        "parser",
        "timezone",
        "ruleset",
        "percentile_stats",
    ];
    OBJECTS.iter().find_map(|name| {
        let rest = line.strip_prefix(name)?;
        rest.trim_start().starts_with('(').then(|| (*name, line.len() - rest.trim_start().len()))
    })
}

/// Where the parenthesis that a text begins with is closed.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_u32, None, false);
    for (i, c) in text.char_indices() {
        match (quoted, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(q), c) if c == q => quoted = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quoted = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

/// `key="value"` and `key=["a", "b"]`, separated by white space or commas.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let key = key.rsplit(|c: char| c.is_whitespace() || c == ',' || c == '"').next().unwrap_or("").to_owned();
        let after = after.trim_start();
        let (value, more) = match after.chars().next() {
            Some('[') => {
                let (list, more) = after[1..].split_once(']').unwrap_or((&after[1..], ""));
                (list.split(',').map(|v| v.trim().trim_matches('"')).collect::<Vec<_>>().join(","), more)
            }
            Some('"') => {
                let end = after[1..].find('"').map_or(after.len(), |e| e + 1);
                (after[1..end].to_owned(), after.get(end + 1..).unwrap_or(""))
            }
            _ => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        found.push((key, value));
        rest = more;
    }
    found
}
