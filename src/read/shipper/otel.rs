//! OpenTelemetry Collector: receivers, exporters and connectors of the pipelines under `service` (opentelemetry.io, "Collector >
//! Configuration"). A component that no pipeline names is not started, so it carries nothing. The `failover` connector's lower
//! levels carry when the higher ones fail (contrib, `failoverconnector`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::sinks::Product;
use super::{Part, Shipper, emit, has_line, mistakes};
use crate::doc::{Node, yaml};
use crate::read::words::Words;
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::{Location, SourceId};

pub struct OtelCollector;

pub(super) const PRODUCT: Product = Product {
    name: "OpenTelemetry Collector",
    inputs: "otlp fluentforward syslog splunk_hec statsd carbon collectd influxdb signalfx loki zipkin jaeger opencensus \
        skywalking sapm prometheusremotewrite webhookevent awsfirehose filelog journald hostmetrics windowseventlog \
        kubeletstats k8s_cluster k8sobjects k8s_events nop netflow datadog kafka kafkametrics redis rabbitmq pulsar \
        elasticsearch mongodb mysql postgresql nginx prometheus prometheus_simple awss3 awscloudwatch \
        googlecloudpubsub azureeventhub azureblob auditd",
    outputs: "otlp otlp_grpc otlphttp otlp_http debug logging nop file prometheus prometheusremotewrite loadbalancing \
        kafka loki splunk_hec rabbitmq pulsar opencensus zipkin jaeger skywalking sapm clickhouse doris influxdb \
        cassandra elasticsearch opensearch carbon syslog awss3 awscloudwatchlogs awsemf awsxray awskinesis \
        googlecloud googlecloudpubsub googlecloudstorage google_cloud_storage azuremonitor azuredataexplorer \
        azureblob datadog honeycomb logzio signalfx coralogix sumologic dynatrace sentry mezmo logicmonitor \
        tencentcloud_logservice alibabacloud_logservice instana",
};

static WORDS: LazyLock<Vec<Words>> = LazyLock::new(|| PRODUCT.words());

impl Reader for OtelCollector {
    fn format(&self) -> &'static str {
        "otel-collector"
    }

    fn describe(&self) -> &'static str {
        "OpenTelemetry Collector configuration (receivers and exporters of its pipelines)"
    }

    fn words(&self) -> &'static [Words] {
        &WORDS
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let yaml = path.ends_with(".yaml") || path.ends_with(".yml");
        let text = glance(text);
        let parts = has_line(text, &["receivers:"]) && has_line(text, &["exporters:"]) && has_line(text, &["service:"]);
        if yaml && parts { Recognized::Yes } else { Recognized::No }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let document = yaml::parse(input.text());
        let mut shipper = Shipper { syntax: mistakes(&document, input.file), ..Shipper::default() };
        if let Some(root) = document.root() {
            pipelines(root, input.file, &mut shipper);
        }
        emit(input, &PRODUCT, shipper)
    }
}

fn pipelines(root: Node<'_>, source: SourceId, shipper: &mut Shipper) {
    let at = |node: Node<'_>| Location::new(source, node.used_at());
    let levels = failover_levels(root);
    let connectors = root.get("connectors");
    // By the lowest level of the pipelines that use it; `None`: of no `failover`.
    let mut used: BTreeMap<(&str, &str), (Option<u32>, Location)> = BTreeMap::new();
    for pipeline in root.path(&["service", "pipelines"]).into_iter().flat_map(|p| p.entries()) {
        let level = levels.get(pipeline.name()).copied();
        for role in ["receivers", "exporters"] {
            for named in pipeline.value.get(role).into_iter().flat_map(|r| r.items()) {
                let Some(name) = named.text() else { continue };
                let entry = used.entry((role, name)).or_insert((level, at(named)));
                entry.0 = entry.0.min(level);
            }
        }
    }
    for ((role, name), (level, named)) in used {
        if connectors.is_some_and(|c| c.entry(name).is_some()) {
            continue;
        }
        let Some(entry) = root.get(role).and_then(|r| r.entry(name)) else {
            let message = format!("a pipeline names `{name}`, which `{role}` does not define");
            shipper.strange.push(("undefined-name", message, None, named));
            continue;
        };
        let mut part = Part::new(name.split('/').next().unwrap_or(name), Location::new(source, entry.key.span()));
        part.level = level.unwrap_or(0);
        part.pool = level.map(|_| "failover".to_owned());
        part.take("", entry.value, source, 0);
        if role == "receivers" { shipper.inputs.push(part) } else { shipper.outputs.push(part) }
    }
}

/// Pipelines that only carry when others fail, by name: the place in the `priority_levels` of a `failover` connector.
fn failover_levels(root: Node<'_>) -> BTreeMap<&str, u32> {
    let mut levels = BTreeMap::new();
    let connectors = root.get("connectors").into_iter().flat_map(|c| c.entries());
    for connector in connectors.filter(|c| c.name().split('/').next() == Some("failover")) {
        let of = connector.value.get("priority_levels").into_iter().flat_map(|l| l.items());
        for (level, names) in of.enumerate() {
            levels.extend(names.items().filter_map(|n| n.text()).map(|n| (n, level as u32)));
        }
    }
    levels
}
