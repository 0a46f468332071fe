//! States: what stands now. A state file names the provider configuration of each resource and does not hold it; its region is
//! what everything that it made tells, or unknown.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::value::RawValue;

use super::address::{base, join, key};
use super::layout::{Shown, StateFile};
use super::plan::{no_region, unquoted, wrong_version};
use super::values::{Builder, Keys, Layers, parse};
use super::{File, Told, region};
use crate::read::resource::{Resource, Value, Vocabulary};
use crate::source::Location;

pub fn read(file: &File<'_>) -> Told {
    // Only a state file has a number as `version`; what is shown has `format_version`.
    match serde_json::from_str::<StateFile<'_>>(file.text) {
        Err(error) => Told::mistake(&error, file, "a Terraform state"),
        Ok(state) if state.encrypted_data.is_some() => {
            let why = "it is encrypted; give what `tofu show -json` writes";
            Told { broken: Some(why.to_owned()), ..Told::default() }
        }
        Ok(StateFile { version: Some(4), resources, .. }) => {
            let stated = StateFile { version: Some(4), resources, encrypted_data: None };
            resources_of(file, whole(&stated, file))
        }
        Ok(StateFile { version: Some(version), .. }) => {
            let why =
                format!("its state version is {version}, and onshore reads version 4; give what `terraform show -json` writes");
            Told { broken: Some(why), ..Told::default() }
        }
        Ok(_) => shown(file),
    }
}

/// One instance.
struct Instance<'a> {
    address: Arc<str>,
    base: String,
    is_root: bool,
    kind: String,
    /// The provider's name or address.
    provider: String,
    /// The configuration that it was made with, where the file tells.
    configuration: Option<String>,
    values: Option<&'a RawValue>,
    sensitive: Option<&'a RawValue>,
    at: Location,
}

/// `terraform show -json` of a state. It names providers and not their configurations.
fn shown(file: &File<'_>) -> Told {
    let shown: Shown<'_> = match serde_json::from_str(file.text) {
        Ok(shown) => shown,
        Err(error) => return Told::mistake(&error, file, "a Terraform state"),
    };
    if let Some(told) = wrong_version(shown.format_version.as_deref()) {
        return told;
    }
    if shown.format_version.is_none() && shown.values.is_none() {
        let why = "it is neither a Terraform state nor what `terraform show -json` writes";
        return Told { broken: Some(why.to_owned()), ..Told::default() };
    }
    let mut found = Vec::new();
    if let Some(root) = shown.values.as_ref().and_then(|v| v.root_module.as_ref()) {
        root.each(&mut |module, r| {
            found.push(Instance {
                address: with_deposed(unquoted(r.address), r.deposed_key.as_deref()),
                base: base(&r.mode, &r.kind, &r.name),
                is_root: module.is_empty(),
                kind: r.kind.clone().into_owned(),
                provider: r.provider_name.clone().into_owned(),
                configuration: None,
                values: r.values,
                sensitive: r.sensitive_values,
                at: file.at(r.address.get()),
            });
        });
    }
    resources_of(file, found)
}

fn whole<'a>(state: &StateFile<'a>, file: &File<'_>) -> Vec<Instance<'a>> {
    let mut found = Vec::new();
    for r in state.resources.iter().flatten() {
        let type_name = unquoted(r.kind);
        let base = base(&r.mode, &type_name, &r.name);
        for instance in &r.instances {
            let key = instance.index_key.map(|k| key(k.get())).unwrap_or_default();
            let address = format!("{}{key}", join(&r.module, &base));
            found.push(Instance {
                address: with_deposed(address, instance.deposed.as_deref()),
                base: base.clone(),
                is_root: r.module.is_empty(),
                kind: type_name.clone(),
                provider: provider_name(&r.provider).to_owned(),
                configuration: Some(r.provider.clone().into_owned()),
                values: instance.attributes.or(instance.attributes_flat),
                // It lists paths; what they hold (passwords, tokens) no table asks for.
                sensitive: None,
                at: file.at(r.kind.get()),
            });
        }
    }
    found
}

/// What a replacement left behind still stands, beside what replaced it.
fn with_deposed(address: String, deposed: Option<&str>) -> Arc<str> {
    match deposed {
        Some(key) => format!("{address} (deposed {key})").into(),
        None => address.into(),
    }
}

/// `module.x.provider["registry.terraform.io/hashicorp/aws"].us`, or as before 0.13 `provider.aws.us`.
fn provider_name(provider: &str) -> &str {
    match provider.split_once("provider[\"") {
        Some((_, rest)) => rest.split('"').next().unwrap_or(rest),
        None => provider.split_once("provider.").map_or(provider, |(_, rest)| rest.split('.').next().unwrap_or(rest)),
    }
}

fn resources_of(file: &File<'_>, instances: Vec<Instance<'_>>) -> Told {
    let mut keys = Keys::default();
    let attributes: Vec<Value> = instances.iter().map(|i| attributes(i, file, &mut keys)).collect();
    let mut witnesses: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (instance, attributes) in instances.iter().zip(&attributes) {
        if let Some(configuration) = &instance.configuration {
            witnesses.entry(configuration).or_default().extend(region::stated(attributes));
        }
    }
    let regions: BTreeMap<&str, Value> =
        witnesses.into_iter().filter_map(|(name, seen)| Some((name, region::unanimous(&seen)?))).collect();
    let mut told = Told::default();
    for (instance, attributes) in instances.iter().zip(attributes) {
        let header = instance.is_root.then(|| file.folders.header(file.folder, &instance.base)).flatten();
        let location = header.unwrap_or(instance.at);
        let of_provider = instance.configuration.as_deref().and_then(|c| regions.get(c)).map(|seen| {
            let step = "all that this provider configuration made and that tells its region stands there";
            seen.used(location, step)
        });
        let settings = &file.settings;
        let from_settings = settings
            .region
            .as_ref()
            .map(|t| Value::text(t.text.as_str(), t.location).used(location, "the project file says so"));
        let region = region::stated(&attributes)
            .map(|seen| seen.used(location, region::STATED))
            .or(of_provider)
            .or(from_settings)
            .or_else(|| no_region(&instance.provider, None, location));
        told.resources.push(Resource {
            vocabulary: Vocabulary::Terraform,
            kind: instance.kind.as_str().into(),
            address: Arc::clone(&instance.address),
            region,
            account: settings.account.as_ref().map(|t| Value::text(t.text.as_str(), t.location)),
            attributes,
            uncertain: None,
            ids: file.id(&instance.address).into_iter().collect(),
            location,
        });
    }
    told
}

fn attributes(instance: &Instance<'_>, file: &File<'_>, keys: &mut Keys) -> Value {
    let (known, sensitive) = (parse(instance.values), parse(instance.sensitive));
    let base = instance.values.map_or(0, |v| file.offset(v.get()));
    let nothing = |_: &[&str], _: Location| None;
    let mut builder = Builder { source: file.source, base, keys, later: &nothing, asked: HashMap::new() };
    builder.attributes(Layers { known: known.root(), unknown: None, sensitive: sensitive.root() }, instance.at)
}
