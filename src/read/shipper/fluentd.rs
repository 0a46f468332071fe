//! Fluentd: `<source>`, `<match>` with `<store>`, `<server>` and `<secondary>`, `<label>`, `@include` (docs.fluentd.org,
//! "Configuration > Config File Syntax"). A `standby` server of `forward` and a `<secondary>` carry when the others fail.

use std::sync::LazyLock;

use super::sinks::Product;
use super::{Part, Shipper, emit, included, not_included};
use crate::read::words::Words;
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::{InputError, Location, SourceId, Span};

pub struct Fluentd;

pub(super) const PRODUCT: Product = Product {
    name: "Fluentd",
    inputs: "forward http in_http syslog tcp udp unix tail exec monitor_agent debug_agent sample dummy kafka rdkafka s3 \
        sqs systemd prometheus prometheus_output_monitor relp beats splunk cloudwatch_logs netflow snmptrap statsd \
        gelf amqp rabbitmq mqtt opentelemetry elasticsearch winevtlog windows_event_log nop",
    outputs: "null stdout relabel rewrite_tag file file_single roundrobin_file webhdfs webhdfs_local forward http syslog \
        tcp relp elasticsearch elasticsearch_dynamic opensearch kafka kafka2 rdkafka2 loki splunk_hec splunk redis \
        redis_streams rabbitmq amqp nats mqtt stomp s3 cloudwatch_logs kinesis kinesis_streams kinesis_producer \
        kinesis_firehose firehose sqs sns gcs google_cloud bigquery mongo mysql cassandra influxdb datadog newrelic \
        logzio papertrail td treasure_data slack email prometheus graphite statsd gelf flowcounter counter debug \
        opentelemetry aliyun_sls sumologic dynatrace coralogix logdna sentry honeycomb azureblobstorage azure_blob \
        azuremonitor azureeventhubs httpfs",
};

static WORDS: LazyLock<Vec<Words>> = LazyLock::new(|| PRODUCT.words());

impl Reader for Fluentd {
    fn format(&self) -> &'static str {
        "fluentd"
    }

    fn describe(&self) -> &'static str {
        "Fluentd configuration (sources and matches)"
    }

    fn words(&self) -> &'static [Words] {
        &WORDS
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let text = glance(text);
        let line = |begins: &str| text.lines().any(|l| l.trim_start().starts_with(begins));
        let fits = path.ends_with(".conf") && (line("<source>") || line("<match ") || line("<match>")) && line("@type");
        if fits { Recognized::Yes } else { Recognized::No }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let mut reader = Files { input, shipper: Shipper::default(), matches: Vec::new() };
        reader.file(input.file, 0);
        emit(input, &PRODUCT, reader.shipper)
    }
}

/// A block that is open: its name, and the plugin it belongs to.
struct Block {
    name: String,
    part: Part,
    /// Of its `<server>` blocks: the address, and whether it stands by.
    servers: Vec<(String, bool, Location)>,
}

struct Files<'i> {
    input: &'i Input<'i>,
    shipper: Shipper,
    /// Matches and stores with outputs, so far.
    matches: Vec<Location>,
}

/// Blocks inside of each other; real files have four.
const MAX_DEPTH: usize = 32;

impl Files<'_> {
    fn file(&mut self, file: SourceId, depth: usize) {
        let text = &self.input.sources.get(file).text;
        let mut open: Vec<Block> = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let indent = line.len() - line.trim_start().len();
            let at = Location::new(file, Span::new(start + indent, start + line.trim_end().len().max(indent)));
            start += line.len();
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix("</") {
                let name = name.trim_end_matches('>').trim();
                match open.pop() {
                    Some(block) if block.name == name => self.close(block, open.last_mut()),
                    _ => self.broken(format!("`</{name}>` closes nothing that is open"), at),
                }
            } else if let Some(rest) = line.strip_prefix('<') {
                let name = rest.trim_end_matches('>').split_whitespace().next().unwrap_or("").to_owned();
                if open.len() == MAX_DEPTH {
                    return self.broken(format!("blocks are nested more than {MAX_DEPTH} deep"), at);
                }
                open.push(Block { name, part: Part::new("", at), servers: Vec::new() });
            } else if let Some(pattern) = line.strip_prefix("@include") {
                self.include(file, pattern.trim(), at, depth);
            } else if let Some(block) = open.last_mut() {
                let (key, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
                if matches!(key, "@type" | "type") {
                    block.part.plugin = value.trim().to_ascii_lowercase();
                } else {
                    block.part.push(key, value, at);
                }
            }
        }
        if let Some(block) = open.first() {
            let at = block.part.at;
            self.broken(format!("`<{}>` is never closed", block.name), at);
        }
    }

    fn broken(&mut self, message: String, location: Location) {
        self.shipper.syntax.push(InputError {
            location,
            message,
            help: Some("correct the file, or leave it out with `[inputs] exclude`".to_owned()),
        });
    }

    fn include(&mut self, from: SourceId, pattern: &str, at: Location, depth: usize) {
        let files = included(self.input, from, pattern);
        if files.is_empty() {
            self.shipper.strange.push(not_included(pattern, at));
        }
        for file in files {
            if self.shipper.enters(self.input.file, file, at, depth) {
                self.file(file, depth + 1);
            }
        }
    }

    /// A name for the outputs of one match.
    fn pool(&mut self, of: Location) -> String {
        let known = self.matches.iter().position(|at| *at == of).unwrap_or_else(|| {
            self.matches.push(of);
            self.matches.len() - 1
        });
        format!("match {}", known + 1)
    }

    fn close(&mut self, block: Block, parent: Option<&mut Block>) {
        let Block { name, mut part, servers } = block;
        match name.as_str() {
            "source" => self.shipper.inputs.push(part),
            "match" | "store" | "secondary" => {
                // `<secondary>` without a type is of the type of what it belongs to.
                if part.plugin.is_empty()
                    && let Some(parent) = &parent
                {
                    part.plugin.clone_from(&parent.part.plugin);
                }
                // What stands by, and a `<secondary>`, carry when the servers of the match around them do not.
                let around = if name == "secondary" { parent.as_ref().map_or(part.at, |p| p.part.at) } else { part.at };
                part.pool = Some(self.pool(around));
                part.level = u32::from(name == "secondary");
                // These only hand records to their stores, back into the routing, or to a label of this file.
                let passes = [
                    "copy",
                    "roundrobin",
                    "relabel",
                    "null",
                    "rewrite_tag_filter",
                    "route",
                    "record_reformer",
                    "retag",
                    "detect_exceptions",
                ];
                if passes.contains(&part.plugin.as_str()) {
                    return;
                }
                let standby: Vec<_> = servers.iter().filter(|(_, standby, _)| *standby).cloned().collect();
                for (text, _, at) in servers.into_iter().filter(|(_, standby, _)| !*standby) {
                    part.push("host", &text, at);
                }
                for (text, _, at) in standby {
                    let mut fallback = Part::new(&part.plugin, at);
                    (fallback.level, fallback.pool) = (1, part.pool.clone());
                    fallback.push("host", &text, at);
                    self.shipper.outputs.push(fallback);
                }
                self.shipper.outputs.push(part);
            }
            "server" => {
                let text = |key: &str| part.get(key).map(|v| v.text.clone());
                let (Some(host), Some(parent)) = (text("host"), parent) else { return };
                let address = text("port").map_or(host.clone(), |port| format!("{host}:{port}"));
                parent.servers.push((address, text("standby").is_some_and(|s| s != "false" && s != "no"), part.at));
            }
            // How records are parsed, kept on the way and proved: settings of the plugin around them.
            _ => {
                if let Some(parent) = parent {
                    part.values.into_iter().for_each(|v| parent.part.push(&format!("{name}.{}", v.key), &v.text, v.at));
                }
            }
        }
    }
}
