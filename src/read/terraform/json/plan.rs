//! Plans: what will stand when the plan has been applied. What changes and what does not is in `resource_changes`; what a plan
//! was told to leave alone (`-target`) is only in `prior_state`. What is deleted does not stand.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::value::RawValue;

use super::address::{base, key};
use super::config::Configuration;
use super::layout::{Shown, Values};
use super::values::{Builder, Keys, Layers, parse};
use super::{File, Told, region};
use crate::model::{GapScope, Unread};
use crate::read::resource::{Is, Resource, Unknown, Value, Vocabulary};
use crate::source::Location;

/// A resource before its values are read.
struct Standing<'a> {
    address: Arc<str>,
    module: Cow<'a, str>,
    base: String,
    key: Option<String>,
    kind: Cow<'a, str>,
    provider: Cow<'a, str>,
    values: Option<&'a RawValue>,
    unknown: Option<&'a RawValue>,
    sensitive: Option<&'a RawValue>,
    at: Location,
}

pub fn read(file: &File<'_>) -> Told {
    let shown: Shown<'_> = match serde_json::from_str(file.text) {
        Ok(shown) => shown,
        Err(error) => return Told::mistake(&error, file, "a Terraform plan"),
    };
    if let Some(told) = wrong_version(shown.format_version.as_deref()) {
        return told;
    }
    let standing = standing(&shown, file);
    let document = parse(shown.configuration);
    let text = shown.configuration.map(RawValue::get);
    let mut config = Configuration::new(&document, text, &shown.variables, file);
    for r in &standing {
        config.stands(&r.module, &r.base, &r.address);
    }
    let mut told = Told::default();
    incomplete(&shown, file, &mut told);
    let mut keys = Keys::default();
    let attributes: Vec<Value> = standing.iter().map(|r| attributes(r, &config, file, &mut keys)).collect();
    let providers = Providers::new(&standing, &attributes, &config);
    for (r, attributes) in standing.iter().zip(attributes) {
        let header = config.folder(&r.module).and_then(|folder| file.folders.header(folder, &r.base));
        let location = header.unwrap_or(r.at);
        let own = region::stated(&attributes).map(|seen| seen.used(location, region::STATED));
        let (region, account) = providers.of(r, location, &config, file);
        told.resources.push(Resource {
            vocabulary: Vocabulary::Terraform,
            kind: r.kind.as_ref().into(),
            address: Arc::clone(&r.address),
            region: own.or(region),
            account,
            attributes,
            uncertain: None,
            ids: file.id(&r.address).into_iter().collect(),
            location,
        });
    }
    told
}

/// Formats 0.x and 1.x are read; what 2 will be nobody knows.
pub fn wrong_version(version: Option<&str>) -> Option<Told> {
    let version = version?;
    if matches!(version.split('.').next(), Some("0" | "1")) {
        return None;
    }
    let why = format!("its format version is `{version}`, and onshore reads 0.x and 1.x");
    Some(Told { broken: Some(why), ..Told::default() })
}

/// What stands afterwards, each once, in the order of the file.
fn standing<'a>(shown: &Shown<'a>, file: &File<'_>) -> Vec<Standing<'a>> {
    let mut found: Vec<Standing<'a>> = Vec::new();
    let mut seen: BTreeSet<Arc<str>> = BTreeSet::new();
    for r in shown.resource_changes.iter().flatten() {
        // A deposed object is what a replacement left behind; it goes.
        if r.deposed.is_some() {
            continue;
        }
        let address: Arc<str> = unquoted(r.address).into();
        if !seen.insert(Arc::clone(&address)) || r.change.actions == ["delete"] {
            continue;
        }
        // What Terraform forgets goes on standing where it stood.
        let forgotten = r.change.actions.iter().any(|a| a == "forget") && r.change.after.is_none();
        let (values, sensitive) = match forgotten {
            true => (r.change.before, r.change.before_sensitive),
            false => (r.change.after, r.change.after_sensitive),
        };
        found.push(Standing {
            address,
            module: r.module_address.clone(),
            base: base(&r.mode, &r.kind, &r.name),
            key: r.index.map(|i| key(i.get())),
            kind: r.kind.clone(),
            provider: r.provider_name.clone(),
            values,
            unknown: r.change.after_unknown,
            sensitive,
            at: file.at(r.address.get()),
        });
    }
    let prior = shown.prior_state.as_ref().and_then(|p| p.values.as_ref());
    for values in [shown.planned_values.as_ref(), prior].into_iter().flatten() {
        also(values, file, &mut seen, &mut found);
    }
    found
}

/// Adds what is not there yet.
fn also<'a>(values: &Values<'a>, file: &File<'_>, seen: &mut BTreeSet<Arc<str>>, found: &mut Vec<Standing<'a>>) {
    let Some(root) = &values.root_module else { return };
    root.each(&mut |module, r| {
        let address: Arc<str> = unquoted(r.address).into();
        if r.deposed_key.is_some() || !seen.insert(Arc::clone(&address)) {
            return;
        }
        found.push(Standing {
            address,
            module: module.to_owned().into(),
            base: base(&r.mode, &r.kind, &r.name),
            key: r.index.map(|i| key(i.get())),
            kind: r.kind.clone(),
            provider: r.provider_name.clone(),
            values: r.values,
            unknown: None,
            sensitive: r.sensitive_values,
            at: file.at(r.address.get()),
        });
    });
}

/// A JSON string's text.
pub fn unquoted(json: &RawValue) -> String {
    serde_json::from_str(json.get()).unwrap_or_else(|_| json.get().trim_matches('"').to_owned())
}

fn attributes(r: &Standing<'_>, config: &Configuration<'_>, file: &File<'_>, keys: &mut Keys) -> Value {
    let (known, unknown, sensitive) = (parse(r.values), parse(r.unknown), parse(r.sensitive));
    let later = |path: &[&str], at: Location| match config.is_there() {
        true => config.later(&r.module, &r.base, r.key.as_deref(), path),
        false => Some(Value::unknown("it is known only after apply", Some("give a plan with its `configuration`".into()), at)),
    };
    let base = r.values.map_or(0, |v| file.offset(v.get()));
    let mut builder = Builder { source: file.source, base, keys, later: &later, asked: HashMap::new() };
    builder.attributes(Layers { known: known.root(), unknown: unknown.root(), sensitive: sensitive.root() }, r.at)
}

/// What the plan leaves open as a whole.
fn incomplete(shown: &Shown<'_>, file: &File<'_>, told: &mut Told) {
    let mut gap = |message: &str, help: &str| {
        told.facts.gaps.push(Unread {
            code: "plan-incomplete",
            message: message.to_owned(),
            help: Some(help.to_owned()),
            location: file.at(file.text.get(..1).unwrap_or("")),
            scope: GapScope::Everything,
        });
    };
    if shown.errored == Some(true) {
        gap("the plan ended with an error, so that it may lack resources", "mend the configuration and plan again");
    } else if shown.complete == Some(false) || shown.deferred_changes.as_ref().is_some_and(|d| !d.is_empty()) {
        let help = "apply it and plan again, without `-target`, or check the state";
        gap("the plan is not complete: more changes will follow it", help);
    }
    let holds_something = shown.planned_values.is_some() || shown.resource_changes.is_some() || shown.prior_state.is_some();
    if !holds_something && !told.facts.gaps.iter().any(|g| g.code == "plan-incomplete") {
        let message = "the plan says nothing of what will stand: it has neither `planned_values` nor `resource_changes`";
        told.facts.gaps.push(Unread {
            code: "plan-incomplete",
            message: message.to_owned(),
            help: Some("give all that `terraform show -json` writes".to_owned()),
            location: file.at(file.text.get(..1).unwrap_or("")),
            scope: GapScope::Everything,
        });
    }
}

/// Providers that place what does not say its own region.
const WITH_REGION: &[&str] = &[
    "aws",
    "awscc",
    "google",
    "google-beta",
    "alicloud",
    "tencentcloud",
    "huaweicloud",
    "flexibleengine",
    "opentelekomcloud",
    "oci",
    "ibm",
    "scaleway",
    "volcengine",
    "ucloud",
    "exoscale",
    "openstack",
    "ovh",
    "yandex",
    "baiducloud",
    "ksyun",
];

/// The regions and accounts of provider configurations.
struct Providers {
    /// By the key of the provider's configuration.
    known: BTreeMap<String, (Option<Value>, Option<Value>)>,
}

impl Providers {
    fn new(standing: &[Standing<'_>], attributes: &[Value], config: &Configuration<'_>) -> Self {
        let mut witnesses: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        let mut keys: BTreeSet<&str> = BTreeSet::new();
        for (r, attributes) in standing.iter().zip(attributes) {
            let Some(key) = config.provider_key(&r.module, &r.base) else { continue };
            keys.insert(key);
            witnesses.entry(key).or_default().extend(region::stated(attributes));
        }
        let mut known = BTreeMap::new();
        for key in keys {
            let provider = config.provider(key);
            let set = |path: &[&str]| provider.as_ref().and_then(|(node, module)| config.setting(*node, module, path));
            let region = set(&["region"]).or_else(|| {
                let zone = set(&["zone"])?;
                let text = zone.as_text()?;
                let region = region::of_gcp_zone(&text).unwrap_or(&text).into();
                Some(Value { is: Is::Text(region), ..zone.clone() })
            });
            let region = match region {
                Some(value) if value.as_text().is_some() => Some(value),
                other => region::unanimous(witnesses.get(key).map_or(&[], Vec::as_slice)).or(other),
            };
            let account = ["project", "subscription_id", "account_id"].iter().find_map(|name| set(&[*name]));
            let account = account.or_else(|| set(&["allowed_account_ids"])?.as_list()?.first().cloned());
            let account = account.or_else(|| {
                let role = set(&["assume_role", "role_arn"])?;
                let text = role.as_text()?.into_owned();
                Some(Value { is: Is::Text(region::account_of_arn(&text)?.into()), ..role })
            });
            known.insert(key.to_owned(), (region, account));
        }
        Self { known }
    }

    /// The region and account of a resource's provider, as the resource uses them.
    fn of(
        &self,
        r: &Standing<'_>,
        at: Location,
        config: &Configuration<'_>,
        file: &File<'_>,
    ) -> (Option<Value>, Option<Value>) {
        let key = config.provider_key(&r.module, &r.base);
        let (region, account) = key.and_then(|k| self.known.get(k)).cloned().unwrap_or_default();
        let used = |value: Value, what: &str| {
            let step = format!("the provider configuration `{}` has this {what}", key.unwrap_or(""));
            value.used(at, step)
        };
        let told =
            |told: &crate::read::Told| Value::text(told.text.as_str(), told.location).used(at, "the project file says so");
        let region = region.map(|v| used(v, "region"));
        let known = region.as_ref().is_some_and(|v| v.as_text().is_some());
        let region = match (&file.settings.region, region) {
            (Some(region), _) if !known => Some(told(region)),
            (_, Some(region)) => Some(region),
            (_, None) => no_region(&r.provider, key, at),
        };
        (region, account.map(|v| used(v, "account")).or_else(|| file.settings.account.as_ref().map(told)))
    }
}

/// The region of a provider that has one and does not say which.
pub fn no_region(provider: &str, key: Option<&str>, at: Location) -> Option<Value> {
    let name = provider.rsplit('/').next().unwrap_or(provider);
    if !WITH_REGION.contains(&name) {
        return None;
    }
    let why = match key {
        Some(key) => format!("the provider configuration `{key}` has no region here (it may come from the environment)"),
        None => format!("nothing here says which region provider `{name}` is set to"),
    };
    let help = "write the region into the provider's block, or give it with `[[inputs.override]] region = ...`";
    Some(Value::new(Is::Unknown(Arc::new(Unknown { why: why.into(), help: Some(help.into()), of: Vec::new() })), at))
}
