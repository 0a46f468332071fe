//! Logstash pipelines: `input { }`, `filter { }`, `output { }` with plugins, conditions and values (elastic.co, "Logstash Reference >
//! Structure of a pipeline"). A condition depends on the record, so that every output counts.

use std::sync::LazyLock;

use super::sinks::Product;
use super::{Part, Shipper, emit};
use crate::read::words::Words;
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::{InputError, Location, Span};

pub struct Logstash;

pub(super) const PRODUCT: Product = Product {
    name: "Logstash",
    inputs: "azure_event_hubs beats cloudwatch elastic_agent elasticsearch exec file gelf generator google_pubsub \
        graphite heartbeat http http_poller jdbc kafka kinesis logstash lumberjack pipe rabbitmq redis relp s3 \
        snmptrap sqs stdin syslog tcp udp unix websocket elasticsearch_bulk collectd",
    outputs: "csv cloudwatch datadog datadog_metrics elasticsearch email file gelf google_cloud_storage google_pubsub \
        graphite http influxdb jira kafka logstash loki lumberjack mongodb newrelic null opensearch opsgenie \
        pagerduty pipe rabbitmq redis s3 sns sqs statsd stdout stomp syslog tcp udp webhdfs websocket",
};

static WORDS: LazyLock<Vec<Words>> = LazyLock::new(|| PRODUCT.words());

impl Reader for Logstash {
    fn format(&self) -> &'static str {
        "logstash"
    }

    fn describe(&self) -> &'static str {
        "Logstash pipeline (inputs and outputs)"
    }

    fn words(&self) -> &'static [Words] {
        &WORDS
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let text = glance(text);
        let section = |name: &str| {
            text.lines().any(|l| {
                l.trim().strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('{') || rest.trim().is_empty())
            })
        };
        let fits = [".conf", ".logstash", ".config"].iter().any(|e| path.ends_with(e))
            && text.contains("=>")
            && (section("output") || section("input"));
        if fits { Recognized::Yes } else { Recognized::No }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let mut pipeline = Pipeline { input, text: input.text(), at: 0, shipper: Shipper::default() };
        if let Err((at, message)) = pipeline.sections() {
            let location = Location::new(input.file, Span::new(at, at + 1));
            let help = Some("correct the file, or leave it out with `[inputs] exclude`".to_owned());
            pipeline.shipper.syntax.push(InputError { location, message, help });
        }
        emit(input, &PRODUCT, pipeline.shipper)
    }
}

/// Filters that only change records or look things up on this machine ("Filter plugins").
const FILTERS: &str = "age aggregate alter anonymize bytes cidr cipher clone collate csv date de_dot dissect dns drop elapsed \
    environment extractnumbers fingerprint geoip grok i18n java_uuid json json_encode kv metricize metrics mutate prune punct range \
    sleep split syslog_pri throttle tld translate truncate urldecode useragent uuid wurfl_device_detection xml";

type Broken = (usize, String);

struct Pipeline<'i> {
    input: &'i Input<'i>,
    text: &'i str,
    at: usize,
    shipper: Shipper,
}

/// Blocks, arrays and hashes inside of each other.
const MAX_DEPTH: usize = 64;

impl<'i> Pipeline<'i> {
    fn sections(&mut self) -> Result<(), Broken> {
        while let Some(word) = self.word() {
            let start = self.at - word.len();
            if !matches!(word, "input" | "filter" | "output") || !self.eat('{') {
                return Err((start, format!("`{}` is no section of a pipeline", super::shorten(word))));
            }
            self.plugins(word, 0)?;
        }
        self.skip();
        if self.at < self.text.len() { Err((self.at, "expected `input`, `filter` or `output`".to_owned())) } else { Ok(()) }
    }

    /// Plugins and conditions up to the closing brace.
    fn plugins(&mut self, section: &str, depth: usize) -> Result<(), Broken> {
        if depth > MAX_DEPTH {
            return Err((self.at, format!("blocks are nested more than {MAX_DEPTH} deep")));
        }
        loop {
            if self.eat('}') {
                return Ok(());
            }
            let Some(word) = self.word() else { return Err((self.at, "a block is never closed by `}`".to_owned())) };
            let start = self.at - word.len();
            match word {
                "if" | "else" => {
                    self.condition()?;
                    self.plugins(section, depth + 1)?;
                }
                plugin => {
                    if !self.eat('{') {
                        return Err((self.at, format!("expected `{{` after `{}`", super::shorten(plugin))));
                    }
                    let mut part = Part::new(plugin, Location::new(self.input.file, Span::new(start, start + plugin.len())));
                    self.settings("", &mut part, depth + 1)?;
                    match section {
                        "input" => self.shipper.inputs.push(part),
                        "output" => self.shipper.outputs.push(part),
                        _ if FILTERS.split(' ').any(|known| known == part.plugin) => {}
                        _ => {
                            let message = format!(
                                "the filter `{}` may ask other servers with what it is given, or run code",
                                super::shorten(plugin)
                            );
                            let help = "declare what it asks with an endpoint and a `log` route in an inventory".to_owned();
                            self.shipper.strange.push(("unfollowed-copy", message, Some(help), part.at));
                        }
                    }
                }
            }
        }
    }

    /// What stands between `if` and its `{`: strings, patterns and field references may hold braces.
    fn condition(&mut self) -> Result<(), Broken> {
        let start = self.at;
        while let Some(c) = self.text[self.at..].chars().next() {
            match c {
                '{' => {
                    self.at += 1;
                    return Ok(());
                }
                '"' | '\'' => _ = self.quoted(c)?,
                '/' => _ = self.quoted('/')?,
                _ => self.at += c.len_utf8(),
            }
        }
        Err((start, "a condition has no block".to_owned()))
    }

    /// `key => value` up to the closing brace.
    fn settings(&mut self, prefix: &str, part: &mut Part, depth: usize) -> Result<(), Broken> {
        if depth > MAX_DEPTH {
            return Err((self.at, format!("blocks are nested more than {MAX_DEPTH} deep")));
        }
        loop {
            self.skip();
            if self.eat('}') {
                return Ok(());
            }
            let key = match self.peek() {
                Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
                _ => self.word().ok_or_else(|| (self.at, "expected a setting or `}`".to_owned()))?,
            };
            self.skip();
            if !self.text[self.at..].starts_with("=>") {
                return Err((self.at, format!("expected `=>` after `{}`", super::shorten(key))));
            }
            self.at += 2;
            let key = if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
            self.value(&key, part, depth)?;
            self.eat(',');
        }
    }

    fn value(&mut self, key: &str, part: &mut Part, depth: usize) -> Result<(), Broken> {
        self.skip();
        let start = self.at;
        match self.peek() {
            Some('[') => {
                self.at += 1;
                while !self.eat(']') {
                    if self.peek().is_none() || depth > MAX_DEPTH {
                        return Err((start, "a list is never closed by `]`".to_owned()));
                    }
                    self.value(key, part, depth + 1)?;
                    self.eat(',');
                }
            }
            Some('{') => {
                self.at += 1;
                self.settings(key, part, depth + 1)?;
            }
            Some(quote @ ('"' | '\'')) => {
                let text = self.quoted(quote)?;
                part.push(key, text, Location::new(self.input.file, Span::new(start, self.at)));
            }
            _ => {
                let text = self.word().ok_or_else(|| (start, format!("`{}` has no value", super::shorten(key))))?;
                part.push(key, text, Location::new(self.input.file, Span::new(start, self.at)));
                // A codec has settings of its own.
                if self.eat('{') {
                    self.settings(key, part, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    fn peek(&mut self) -> Option<char> {
        self.skip();
        self.text[self.at..].chars().next()
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += if found { c.len_utf8() } else { 0 };
        found
    }

    /// White space and comments.
    fn skip(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn word(&mut self) -> Option<&'i str> {
        self.skip();
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| c.is_whitespace() || "{}[],=\"'#".contains(c)).unwrap_or(rest.len());
        self.at += end;
        (end > 0).then(|| &rest[..end])
    }

    /// Up to the same quote again, which `\` may hide.
    fn quoted(&mut self, quote: char) -> Result<&'i str, Broken> {
        let start = self.at + 1;
        let mut escaped = false;
        for (i, c) in self.text[start..].char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == quote => {
                    self.at = start + i + 1;
                    return Ok(&self.text[start..start + i]);
                }
                _ => {}
            }
        }
        Err((start, "a text is never closed by its quote".to_owned()))
    }
}
