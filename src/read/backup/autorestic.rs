//! autorestic (`.autorestic.yml`: "Backends", "Locations"): a location goes to each backend in its `to`, and those of `copy` get copies.

use std::collections::BTreeMap;

use super::known::WORDS;
use super::restic::{extended, told};
use super::targets::{Named, Targets};
use crate::doc::{Node, yaml};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::source::{Location, SourceId};

pub(super) fn read(copies: &mut Copies<'_>, targets: &mut Targets, file: SourceId, text: &str) {
    let own = copies.own(file);
    let touch = Touch::Endpoint(own);
    let document = yaml::parse(text);
    copies.problems(file, &document);
    let Some(root) = document.root() else { return };
    let at = |n: Node<'_>| Location::new(file, n.used_at());
    for entry in root.entries() {
        copies.word(&WORDS, "autorestic", entry.name(), at(entry.key), touch);
    }
    let mut backends: BTreeMap<&str, Node<'_>> = BTreeMap::new();
    for backend in root.get("backends").into_iter().flat_map(|b| b.entries()) {
        for entry in backend.value.entries() {
            copies.word(&WORDS, "autorestic backend", entry.name(), at(entry.key), touch);
            if entry.name() == "options" {
                extended(copies, own, entry.value, &at);
            }
        }
        backends.insert(backend.name(), backend.value);
        let variables = told(copies, targets, own, backend.value.get("env"), &at);
        // Without a place it names no repository, which is a gap. A backend that no location names is reached by commands of one's own.
        let text = |key: &str| backend.value.get(key).and_then(|n| n.text()).unwrap_or("");
        let place = backend.value.get("path").unwrap_or(backend.value);
        let url = match text("type") {
            "local" => text("path").to_owned(),
            kind => format!("{kind}:{}", text("path")),
        };
        let url = if text("path").is_empty() { String::new() } else { url };
        targets.back_up(copies, own, Named { text: &url, at: at(place) }, &variables);
    }
    for location in root.get("locations").into_iter().flat_map(|l| l.entries()) {
        for entry in location.value.entries() {
            copies.word(&WORDS, "autorestic location", entry.name(), at(entry.key), touch);
            if entry.name() == "options" {
                extended(copies, own, entry.value, &at);
            }
        }
        let copied = location.value.get("copy").into_iter().flat_map(|c| c.entries()).map(|e| e.value);
        for named in location.value.get("to").into_iter().chain(copied).flat_map(|names| names.listed()) {
            let name = named.text().unwrap_or("");
            if !backends.contains_key(name) {
                let message = format!("the backend `{}` is not declared here", shorten(name));
                copies.gap("undefined-name", message, "add it to `backends`", at(named), touch);
            }
        }
        if let Some(hooks) = location.value.get("hooks").filter(|h| h.entries().any(|e| !e.value.is_null())) {
            copies.unfollowed("what the hooks of this location send where is not followed".to_owned(), at(hooks), touch);
        }
    }
}
