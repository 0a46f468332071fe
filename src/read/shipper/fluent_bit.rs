//! Fluent Bit: the classic form (`[INPUT]`, `[OUTPUT]`, `[UPSTREAM]`, `@INCLUDE`, `@SET`) and YAML (`pipeline`, `includes`);
//! docs.fluentbit.io, "Administration > Configuring Fluent Bit". Keys are not told apart by case.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::sinks::Product;
use super::{Part, Shipper, emit, has_line, included, mistakes, not_included};
use crate::doc::yaml;
use crate::read::words::Words;
use crate::read::{Input, Reader, Reading, Recognized, filled_in, glance};
use crate::source::{Location, SourceId, Span};

pub struct FluentBit;

pub(super) const PRODUCT: Product = Product {
    name: "Fluent Bit",
    inputs: "tail systemd head cpu mem disk netif proc health exec exec_wasi random dummy docker docker_events \
        kubernetes_events kmsg winlog winevtlog winstat windows_exporter_metrics node_exporter_metrics \
        process_exporter_metrics podman_metrics ebpf gpu_metrics event_type blob fluentbit_metrics fluentbit_logs \
        serial thermal stdin statsd collectd forward http tcp udp syslog mqtt opentelemetry splunk elasticsearch \
        prometheus_scrape prometheus_remote_write nginx_metrics kafka etw unix_socket",
    outputs: "null stdout exit counter flowcounter plot lib file forward tcp udp http syslog gelf es opensearch kafka \
        kafka-rest kafka_rest loki prometheus_exporter prometheus_remote_write vivo_exporter websocket splunk nats \
        opentelemetry influxdb pgsql s3 cloudwatch_logs kinesis_streams kinesis_firehose stackdriver bigquery \
        chronicle azure_blob azure azure_kusto azure_logs_ingestion datadog nrlogs logdna td skywalking slack",
};

static WORDS: LazyLock<Vec<Words>> = LazyLock::new(|| PRODUCT.words());

impl Reader for FluentBit {
    fn format(&self) -> &'static str {
        "fluent-bit"
    }

    fn describe(&self) -> &'static str {
        "Fluent Bit configuration (inputs and outputs; classic and YAML)"
    }

    fn words(&self) -> &'static [Words] {
        &WORDS
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let text = glance(text);
        let yaml = (path.ends_with(".yaml") || path.ends_with(".yml"))
            && has_line(text, &["pipeline:"])
            && has_line(text, &["  inputs:", "  outputs:", "    inputs:", "    outputs:"]);
        let section = |l: &str| ["[output]", "[input]"].contains(&l.trim().to_ascii_lowercase().as_str());
        let name = |l: &str| l.trim_start().to_ascii_lowercase().starts_with("name ");
        let classic = path.ends_with(".conf") && text.lines().any(section) && text.lines().any(name);
        if yaml || classic { Recognized::Yes } else { Recognized::No }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let mut reader = Files { input, shipper: Shipper::default(), sets: BTreeMap::new(), nodes: Vec::new() };
        reader.file(input.file, 0);
        let Files { mut shipper, nodes, .. } = reader;
        // `upstream` of an output names a file with nodes that share the load; here the nodes that were read.
        for part in &mut shipper.outputs {
            if part.get("upstream").is_some() {
                part.values.retain(|v| v.key != "host" && v.key != "port");
                nodes.iter().for_each(|(text, at)| part.push("host", text, *at));
            }
        }
        emit(input, &PRODUCT, shipper)
    }
}

struct Files<'i> {
    input: &'i Input<'i>,
    shipper: Shipper,
    /// `@SET name=value`.
    sets: BTreeMap<String, String>,
    /// `host:port` of `[NODE]` sections.
    nodes: Vec<(String, Location)>,
}

/// Sections of the YAML form.
const SECTIONS: &[&str] = &[
    "service",
    "env",
    "includes",
    "pipeline",
    "parsers",
    "multiline_parsers",
    "plugins",
    "customs",
    "upstream_servers",
    "stream_processor",
];

impl Files<'_> {
    fn file(&mut self, file: SourceId, depth: usize) {
        let source = self.input.sources.get(file);
        if source.path.ends_with(".yaml") || source.path.ends_with(".yml") {
            self.yaml(file, depth);
        } else {
            self.classic(file, depth);
        }
    }

    fn include(&mut self, from: SourceId, pattern: &str, at: Location, depth: usize) {
        let files = included(self.input, from, pattern);
        // Parsers and plugins of the distribution shape records; they send nothing.
        let shapes = ["parser", "plugins.conf"].iter().any(|w| pattern.rsplit('/').next().unwrap_or("").contains(w));
        if files.is_empty() && !shapes {
            self.shipper.strange.push(not_included(pattern, at));
        }
        for file in files {
            if self.shipper.enters(self.input.file, file, at, depth) {
                self.file(file, depth + 1);
            }
        }
    }

    fn classic(&mut self, file: SourceId, depth: usize) {
        let text = &self.input.sources.get(file).text;
        let mut section = String::new();
        let mut part: Option<Part> = None;
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let at = Location::new(file, Span::new(start, start + line.trim_end().len()));
            start += line.len();
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let upper = line.to_ascii_uppercase();
            if let Some(pattern) = upper.strip_prefix("@INCLUDE").map(|_| line[8..].trim()) {
                self.include(file, pattern, at, depth);
            } else if upper.starts_with("@SET") {
                let (name, value) = line[4..].split_once('=').unwrap_or((&line[4..], ""));
                self.sets.insert(name.trim().to_owned(), value.trim().to_owned());
            } else if line.starts_with('[') {
                self.close(&section, part.take());
                section = upper.trim_matches(['[', ']', ' ']).to_owned();
                part = Some(Part::new("", at));
                let known = [
                    "SERVICE",
                    "INPUT",
                    "FILTER",
                    "OUTPUT",
                    "PARSER",
                    "MULTILINE_PARSER",
                    "UPSTREAM",
                    "NODE",
                    "CUSTOM",
                    "STREAM_TASK",
                    "PLUGINS",
                ];
                if !known.contains(&section.as_str()) {
                    let message = format!("the section `{}` is not known, so it may send data", super::shorten(line));
                    self.shipper.strange.push(("unknown-directive", message, None, at));
                }
            } else if let Some(part) = &mut part {
                let (key, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
                let value = filled_in(value.trim(), "${", |name| self.sets.get(name).map(String::as_str));
                if key.eq_ignore_ascii_case("name") && part.plugin.is_empty() {
                    part.plugin = value.to_ascii_lowercase();
                } else {
                    part.push(key, &value, at);
                }
            }
        }
        self.close(&section, part);
    }

    fn close(&mut self, section: &str, part: Option<Part>) {
        let Some(part) = part else { return };
        match section {
            "INPUT" => self.shipper.inputs.push(part),
            // Plugins of one's own may send anywhere: none of them is in the table, so each is a gap.
            "OUTPUT" | "CUSTOM" => self.shipper.outputs.push(part),
            "NODE" => {
                // Without either of them it is no target, which is a gap where an output names these nodes.
                let text = |key: &str| part.get(key).map(|v| v.text.clone()).unwrap_or_default();
                self.nodes.push((format!("{}:{}", text("host"), text("port")), part.at));
            }
            // Settings of the program, and what shapes records on the way.
            _ => {}
        }
    }

    fn yaml(&mut self, file: SourceId, depth: usize) {
        let input = self.input;
        let document = yaml::parse(&input.sources.get(file).text);
        self.shipper.syntax.extend(mistakes(&document, file));
        let Some(root) = document.root() else { return };
        for name in root.get("includes").into_iter().flat_map(|i| i.listed()) {
            self.include(file, name.text().unwrap_or(""), Location::new(file, name.used_at()), depth);
        }
        for section in root.entries().filter(|s| !SECTIONS.contains(&s.name())) {
            let message = format!("the section `{}` is not known, so it may send data", super::shorten(section.name()));
            let at = Location::new(file, section.key.span());
            self.shipper.strange.push(("unknown-directive", message, None, at));
        }
        for (path, is_input) in [(&["pipeline", "inputs"][..], true), (&["pipeline", "outputs"], false), (&["customs"], false)]
        {
            for entry in root.path(path).into_iter().flat_map(|p| p.listed()) {
                let at = entry.entries().next().map_or(entry.used_at(), |e| e.key.span());
                let mut part = Part::new(entry.get("name").and_then(|n| n.text()).unwrap_or(""), Location::new(file, at));
                part.take("", entry, file, 0);
                if is_input { self.shipper.inputs.push(part) } else { self.shipper.outputs.push(part) }
            }
        }
        for node in root
            .get("upstream_servers")
            .into_iter()
            .flat_map(|u| u.listed())
            .flat_map(|u| u.get("nodes"))
            .flat_map(|n| n.listed())
        {
            let text = |key: &str| node.get(key).and_then(|n| n.text()).unwrap_or("");
            self.nodes.push((format!("{}:{}", text("host"), text("port")), Location::new(file, node.used_at())));
        }
    }
}
