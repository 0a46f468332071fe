//! Beats (Filebeat, Metricbeat, Heartbeat, Auditbeat, Winlogbeat, Packetbeat): `output.*`, `monitoring` and `setup.kibana`, with
//! dotted or nested keys (elastic.co, "Filebeat Reference > Configure the output"). With `cloud.id` the account decides.

use std::sync::LazyLock;

use super::sinks::Product;
use super::{Part, Shipper, emit, has_line, mistakes};
use crate::doc::yaml;
use crate::read::words::Words;
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::Location;

pub struct Beats;

const PRODUCTS: [&str; 6] = ["filebeat", "metricbeat", "heartbeat", "auditbeat", "winlogbeat", "packetbeat"];

pub(super) const PRODUCT: Product = Product {
    name: "Beats",
    inputs: "log filestream container journald stdin tcp udp unix syslog kafka redis mqtt netflow aws-s3 aws-cloudwatch \
        gcp-pubsub azure-eventhub azure-blob-storage cel o365 winlog docker etw lumberjack audit_file \
        journaldreceiver",
    outputs: "elasticsearch logstash kafka redis file console elastic_cloud",
};

static WORDS: LazyLock<Vec<Words>> = LazyLock::new(|| PRODUCT.words());

impl Reader for Beats {
    fn format(&self) -> &'static str {
        "beats"
    }

    fn describe(&self) -> &'static str {
        "Elastic Beats configuration (filebeat.yml and its like: inputs and outputs)"
    }

    fn words(&self) -> &'static [Words] {
        &WORDS
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let text = glance(text);
        let yaml = path.ends_with(".yml") || path.ends_with(".yaml");
        let product = PRODUCTS.iter().any(|p| has_line(text, &[&format!("{p}."), &format!("{p}:")]));
        if yaml && product && has_line(text, &["output.", "output:", "cloud."]) { Recognized::Yes } else { Recognized::No }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let document = yaml::parse(input.text());
        let mut shipper = Shipper { syntax: mistakes(&document, input.file), ..Shipper::default() };
        let Some(root) = document.root() else { return emit(input, &PRODUCT, shipper) };
        let mut all = Part::new("", Location::new(input.file, root.span()));
        all.take("", root, input.file, 0);
        let cloud = all.get("cloud.id").map(|v| v.at);
        for value in &all.values {
            let mut words = value.key.split('.');
            let (plugin, prefix) = match (words.next(), words.next(), words.next()) {
                (Some("output"), Some(plugin), Some(_)) => (plugin, format!("output.{plugin}.")),
                (Some("monitoring" | "xpack"), Some("elasticsearch"), Some(_)) => {
                    ("elasticsearch", "monitoring.elasticsearch.".to_owned())
                }
                _ => continue,
            };
            if value.key == format!("{prefix}enabled") && value.text == "false" {
                shipper.outputs.retain(|p| p.plugin != plugin);
                continue;
            }
            let off = all.get(&format!("{prefix}enabled")).is_some_and(|v| v.text == "false");
            // With an id of the cloud, hosts are what it stands for.
            if off || cloud.is_some() {
                continue;
            }
            let known = shipper.outputs.iter().position(|p| p.plugin == plugin);
            let part = known.unwrap_or_else(|| {
                shipper.outputs.push(Part::new(plugin, value.at));
                shipper.outputs.len() - 1
            });
            shipper.outputs[part].push(value.key.strip_prefix(&prefix).unwrap_or(&value.key), &value.text, value.at);
        }
        if let Some(at) = cloud {
            shipper.outputs.push(Part::new("elastic_cloud", at));
        }
        for kind in PRODUCTS.iter().filter_map(|p| root.path(&[p, "inputs"]).or(root.get(&format!("{p}.inputs")))) {
            for entry in kind.items() {
                let plugin = entry.get("type").and_then(|t| t.text()).unwrap_or("log");
                let mut part = Part::new(plugin, Location::new(input.file, entry.used_at()));
                part.has_defaults = false;
                part.take("", entry, input.file, 0);
                shipper.inputs.push(part);
            }
        }
        emit(input, &PRODUCT, shipper)
    }
}
