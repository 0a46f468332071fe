//! Pulumi stacks as `pulumi stack export` writes them (deployment version 3 and 4), or as a file backend keeps them. Most of
//! Pulumi's providers are made from Terraform's, and their resources are read as what they are made from: `kinds` turns the type
//! names back, `values` the property names. Programs are not read.
//!
//! What a stack holds stands; a resource that waits for its deletion stands as well. Secrets are unknown values, also where the
//! export shows them in plain text.
//!
//! Format: <https://www.pulumi.com/docs/iac/concepts/state-and-backends/>, `sdk/go/common/apitype/core.go` of pulumi/pulumi

mod kinds;
mod values;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::resource::{Is, Resource, Unknown, Value, translate};
use super::terraform::json::{mistake, region};
use super::{Input, Reader, Reading, Recognized, glance};
use crate::model::{GapScope, Unread};
use crate::source::{Location, Span};

pub struct Pulumi;

impl Reader for Pulumi {
    fn format(&self) -> &'static str {
        "pulumi"
    }

    fn describe(&self) -> &'static str {
        "Pulumi stack (pulumi stack export)"
    }

    fn recognize(&self, _: &str, text: &str) -> Recognized {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let glance = glance(text);
        let has = |key: &str| glance.contains(&format!("\"{key}\""));
        let is = text.starts_with('{')
            && has("version")
            && (has("deployment") || has("checkpoint"))
            && (glance.contains("urn:pulumi:") || has("manifest") || has("pending_operations"));
        if is { Recognized::Yes } else { Recognized::No }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let (mut resources, mut reading) = (Vec::new(), Reading::default());
        match stack(input, &mut resources, &mut reading) {
            Ok(()) => {
                translate(resources, &mut reading.facts);
            }
            Err(why) => reading.broken = Some(why),
        }
        reading
    }
}

#[derive(Deserialize)]
struct File<'a> {
    version: Option<u64>,
    #[serde(borrow)]
    deployment: Option<Deployment<'a>>,
    #[serde(borrow)]
    checkpoint: Option<Checkpoint<'a>>,
}

#[derive(Deserialize)]
struct Checkpoint<'a> {
    #[serde(borrow)]
    latest: Option<Deployment<'a>>,
}

#[derive(Deserialize)]
struct Deployment<'a> {
    #[serde(borrow)]
    resources: Option<Vec<State<'a>>>,
    #[serde(borrow)]
    pending_operations: Option<Vec<&'a RawValue>>,
}

/// `ResourceV3`.
#[derive(Deserialize)]
struct State<'a> {
    #[serde(borrow)]
    urn: &'a RawValue,
    #[serde(default)]
    custom: bool,
    #[serde(default)]
    delete: bool,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    inputs: Option<&'a RawValue>,
    #[serde(borrow)]
    outputs: Option<&'a RawValue>,
    #[serde(borrow)]
    provider: Option<Cow<'a, str>>,
}

/// One resource, before its region is known.
struct Draft {
    urn: String,
    address: Arc<str>,
    kind: kinds::Kind,
    provider: Option<String>,
    attributes: Value,
    at: Location,
}

fn stack(input: &Input<'_>, resources: &mut Vec<Resource>, reading: &mut Reading) -> Result<(), String> {
    let whole = input.text();
    let text = whole.strip_prefix('\u{feff}').unwrap_or(whole);
    let offset = |piece: &str| (piece.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    let at = |piece: &str| Location::new(input.file, Span::new(offset(piece), offset(piece) + piece.len()));
    let file: File<'_> = match serde_json::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            reading.syntax.push(mistake(&error, input, "a Pulumi stack"));
            return Ok(());
        }
    };
    if let Some(version) = file.version.filter(|v| !matches!(v, 3 | 4)) {
        return Err(format!("its deployment version is {version}, and onshore reads 3 and 4; export the stack again"));
    }
    let deployment = file.deployment.or(file.checkpoint.and_then(|c| c.latest));
    let Some(deployment) = deployment else { return Err("it holds no deployment".to_owned()) };
    if deployment.pending_operations.as_ref().is_some_and(|p| !p.is_empty()) {
        reading.facts.gaps.push(Unread {
            code: "plan-incomplete",
            message: "the stack has pending operations: an update was cut off, and what it made is not in the stack".to_owned(),
            help: Some("run `pulumi refresh` and export the stack again".to_owned()),
            location: at(text.get(..1).unwrap_or("")),
            scope: GapScope::Everything,
        });
    }
    let mut drafts = Vec::new();
    // What providers are set to, by their URN.
    let mut providers: BTreeMap<String, Value> = BTreeMap::new();
    let mut seen: BTreeSet<Arc<str>> = BTreeSet::new();
    for state in deployment.resources.iter().flatten() {
        let urn = text_of(state.urn);
        let here = at(state.urn.get());
        let raw = state.outputs.or(state.inputs);
        if state.kind.starts_with("pulumi:providers:") {
            let inputs = values::attributes(state.inputs, input.file, state.inputs.map_or(0, |r| offset(r.get())), here);
            providers.insert(urn, inputs);
            continue;
        }
        // Components and stacks hold other resources and are none.
        if !state.custom || state.kind.starts_with("pulumi:pulumi:") {
            continue;
        }
        let mut attributes = values::attributes(raw, input.file, raw.map_or(0, |r| offset(r.get())), here);
        if let (Some(id), Is::Map(map)) = (&state.id, &attributes.is)
            && !map.contains_key("id")
        {
            let mut map = map.as_ref().clone();
            map.insert("id".into(), Value::text(id.as_ref(), here));
            attributes.is = Is::Map(Arc::new(map));
        }
        // `urn:pulumi:stack::project::types::name`.
        let own = urn.splitn(4, "::").skip(2).collect::<Vec<_>>().join("::");
        let mut address = if own.is_empty() { urn.clone() } else { own };
        if state.delete {
            address.push_str(" (waiting for deletion)");
        }
        let mut unique: Arc<str> = address.as_str().into();
        for n in 2_u32.. {
            if seen.insert(Arc::clone(&unique)) {
                break;
            }
            unique = format!("{address} #{n}").into();
        }
        drafts.push(Draft {
            kind: kinds::of(&state.kind, &attributes),
            // `urn::id` of the provider.
            provider: state.provider.as_ref().map(|p| p.rsplit_once("::").map_or(p.as_ref(), |(urn, _)| urn).to_owned()),
            urn,
            address: unique,
            attributes,
            at: here,
        });
    }
    resources.extend(place(drafts, &providers, input));
    Ok(())
}

/// Regions of providers come from their inputs, else from what all that they made tells.
fn place(drafts: Vec<Draft>, providers: &BTreeMap<String, Value>, input: &Input<'_>) -> Vec<Resource> {
    let mut seen: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for draft in &drafts {
        if let Some(provider) = &draft.provider {
            seen.entry(provider).or_default().extend(region::stated(&draft.attributes));
        }
    }
    let unanimous: BTreeMap<String, Value> =
        seen.iter().filter_map(|(provider, found)| Some(((*provider).to_owned(), region::unanimous(found)?))).collect();
    let settings = input.settings.of(input.path());
    let told =
        |told: &super::Told, at: Location| Value::text(told.text.as_str(), told.location).used(at, "the project file says so");
    let mut resources = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let at = draft.at;
        let set = draft.provider.as_ref().and_then(|p| providers.get(p));
        let setting = |names: &[&str]| names.iter().find_map(|n| set?.get(n)).cloned();
        let of_provider = setting(&["region"]).map(|v| v.used(at, "its provider has this region"));
        let witnessed = || draft.provider.as_ref().and_then(|p| unanimous.get(p));
        let region = region::stated(&draft.attributes)
            .map(|v| v.used(at, region::STATED))
            .or_else(|| of_provider.clone().filter(|v| v.as_text().is_some()))
            .or_else(|| witnessed().map(|v| v.used(at, "all that this provider made and that tells its region stands there")))
            .or_else(|| settings.region.as_ref().map(|r| told(r, at)))
            .or(of_provider)
            .or_else(|| draft.kind.has_region.then(|| no_region(at)));
        let account = setting(&["project", "subscription_id", "account_id"])
            .map(|v| v.used(at, "its provider has this account"))
            .or_else(|| settings.account.as_ref().map(|a| told(a, at)));
        resources.push(Resource {
            vocabulary: draft.kind.vocabulary,
            kind: draft.kind.name.into(),
            address: draft.address,
            region,
            account,
            attributes: draft.attributes,
            uncertain: None,
            ids: vec![draft.urn],
            location: at,
        });
    }
    resources
}

fn no_region(at: Location) -> Value {
    let why = "nothing in the stack says which region its provider is set to";
    let help = "set `region` in the stack's configuration, or give it with `[[inputs.override]] region = ...`";
    Value::new(Is::Unknown(Arc::new(Unknown { why: why.into(), help: Some(help.into()), of: Vec::new() })), at)
}

fn text_of(json: &RawValue) -> String {
    serde_json::from_str(json.get()).unwrap_or_else(|_| json.get().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests;
