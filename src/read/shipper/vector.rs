//! Vector: `sources` and `sinks` of a configuration in TOML, YAML or JSON (vector.dev, "Reference > Configuration"). Transforms
//! stay on the machine.

use super::sinks::WORDS;
use super::{Part, Shipper, emit, has_line, mistakes};
use crate::doc::{Document, json, toml, yaml};
use crate::read::words::Words;
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::Location;

pub struct Vector;

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
        emit(input, "Vector", shipper)
    }
}
