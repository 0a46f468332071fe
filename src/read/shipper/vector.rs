//! Vector: `sources` and `sinks` of a configuration in TOML, YAML or JSON (vector.dev, "Reference > Configuration"). Transforms
//! stay on the machine.

use std::sync::LazyLock;

use super::sinks::Product;
use super::{Part, Shipper, emit, has_line, mistakes};
use crate::doc::{Document, json, toml, yaml};
use crate::read::words::Words;
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::Location;

pub struct Vector;

pub(super) const PRODUCT: Product = Product {
    name: "Vector",
    inputs: "amqp apache_metrics aws_ecs_metrics aws_kinesis_firehose aws_s3 aws_sqs datadog_agent demo_logs dnstap \
        docker_logs eventstoredb_metrics exec file file_descriptor fluent gcp_pubsub heroku_logs host_metrics http \
        http_client http_server internal_logs internal_metrics journald kafka kubernetes_logs logstash \
        mongodb_metrics mqtt nats nginx_metrics opentelemetry postgresql_metrics prometheus_pushgateway \
        prometheus_remote_write prometheus_scrape pulsar redis socket splunk_hec static_metrics statsd stdin syslog \
        vector websocket windows_event_log generator",
    outputs: "amqp appsignal aws_cloudwatch_logs aws_cloudwatch_metrics aws_kinesis_firehose aws_kinesis_streams aws_s3 \
        aws_sns aws_sqs axiom azure_blob azure_logs_ingestion azure_monitor_logs blackhole clickhouse console \
        databend databricks_zerobus datadog_events datadog_logs datadog_metrics datadog_traces doris elasticsearch \
        file gcp_chronicle_unstructured gcp_cloud_storage gcp_pubsub gcp_stackdriver_logs gcp_stackdriver_metrics \
        greptimedb greptimedb_logs greptimedb_metrics honeycomb http humio_logs humio_metrics influxdb influxdb_logs \
        influxdb_metrics kafka keep logdna mezmo loki mqtt nats new_relic opentelemetry openobserve papertrail \
        parseable postgres prometheus_exporter prometheus_remote_write pulsar redis sematext_logs sematext_metrics \
        socket splunk_hec splunk_hec_logs splunk_hec_metrics statsd unit_test unit_test_stream metric_aggregator \
        vector webhdfs websocket websocket_server dash0 observe",
};

static WORDS: LazyLock<Vec<Words>> = LazyLock::new(|| PRODUCT.words());

impl Reader for Vector {
    fn format(&self) -> &'static str {
        "vector"
    }

    fn describe(&self) -> &'static str {
        "Vector configuration (sources and sinks; TOML, YAML, JSON)"
    }

    fn words(&self) -> &'static [Words] {
        &WORDS
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let text = glance(text);
        let fits = match path.rsplit('.').next() {
            Some("toml") => has_line(text, &["[sinks.", "[ sinks."]) && text.contains("type") && text.contains("inputs"),
            Some("yaml" | "yml") => has_line(text, &["sinks:"]) && text.contains("inputs:") && text.contains("type:"),
            Some("json") => ["\"sinks\"", "\"sources\"", "\"inputs\"", "\"type\""].iter().all(|k| text.contains(k)),
            _ => false,
        };
        if fits { Recognized::Yes } else { Recognized::No }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let document: Document<'_> = match input.path().rsplit('.').next() {
            Some("toml") => toml::parse(input.text()),
            Some("json") => json::parse(input.text()),
            _ => yaml::parse(input.text()),
        };
        let mut shipper = Shipper { syntax: mistakes(&document, input.file), ..Shipper::default() };
        for (role, parts) in [("sources", &mut shipper.inputs), ("sinks", &mut shipper.outputs)] {
            let components = document.root().and_then(|r| r.get(role)).into_iter().flat_map(|c| c.entries());
            for component in components {
                let plugin = component.value.get("type").and_then(|t| t.text()).unwrap_or("");
                let mut part = Part::new(plugin, Location::new(input.file, component.key.span()));
                // Regions and sites that are not given come from the environment (`AWS_REGION`, `DD_SITE`).
                part.has_defaults = false;
                part.take("", component.value, input.file, 0);
                // The OpenTelemetry sink wraps the settings of the protocol that it speaks.
                let wrapped: Vec<_> =
                    part.values.iter().filter(|v| v.key == "protocol.uri").map(|v| (v.text.clone(), v.at)).collect();
                wrapped.into_iter().for_each(|(text, at)| part.push("endpoint", &text, at));
                parts.push(part);
            }
        }
        emit(input, &PRODUCT, shipper)
    }
}
