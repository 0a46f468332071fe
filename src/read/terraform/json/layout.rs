//! The words of the JSON formats, as far as they are used. What is large is left as text and read when it is its turn.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// `terraform show -json`, of a plan or of a state.
#[derive(Deserialize)]
pub struct Shown<'a> {
    #[serde(borrow)]
    pub format_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub planned_values: Option<Values<'a>>,
    #[serde(borrow, default)]
    pub variables: BTreeMap<String, Variable<'a>>,
    #[serde(borrow)]
    pub resource_changes: Option<Vec<Changing<'a>>>,
    #[serde(borrow)]
    pub deferred_changes: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub prior_state: Option<Prior<'a>>,
    #[serde(borrow)]
    pub configuration: Option<&'a RawValue>,
    /// Of a state.
    #[serde(borrow)]
    pub values: Option<Values<'a>>,
    /// Whether nothing remains to be done after it is applied (since 1.8).
    pub complete: Option<bool>,
    pub errored: Option<bool>,
}

#[derive(Deserialize)]
pub struct Variable<'a> {
    #[serde(borrow)]
    pub value: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub struct Prior<'a> {
    #[serde(borrow)]
    pub values: Option<Values<'a>>,
}

#[derive(Deserialize)]
pub struct Values<'a> {
    #[serde(borrow)]
    pub root_module: Option<Module<'a>>,
}

#[derive(Deserialize)]
pub struct Module<'a> {
    /// Absent for the root.
    #[serde(borrow, default)]
    pub address: Cow<'a, str>,
    #[serde(borrow)]
    pub resources: Option<Vec<Standing<'a>>>,
    #[serde(borrow)]
    pub child_modules: Option<Vec<Module<'a>>>,
}

impl<'a> Module<'a> {
    /// Every resource of it and of the modules in it, with its module's address.
    pub fn each(&self, found: &mut dyn FnMut(&str, &Standing<'a>)) {
        self.resources.iter().flatten().for_each(|r| found(&self.address, r));
        self.child_modules.iter().flatten().for_each(|m| m.each(found));
    }
}

/// A resource of planned or prior values.
#[derive(Deserialize)]
pub struct Standing<'a> {
    #[serde(borrow)]
    pub address: &'a RawValue,
    #[serde(borrow, default)]
    pub mode: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
    #[serde(borrow)]
    pub index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub provider_name: Cow<'a, str>,
    #[serde(borrow)]
    pub values: Option<&'a RawValue>,
    #[serde(borrow)]
    pub sensitive_values: Option<&'a RawValue>,
    #[serde(borrow)]
    pub deposed_key: Option<Cow<'a, str>>,
}

/// One of `resource_changes`.
#[derive(Deserialize)]
pub struct Changing<'a> {
    #[serde(borrow)]
    pub address: &'a RawValue,
    #[serde(borrow, default)]
    pub module_address: Cow<'a, str>,
    #[serde(borrow, default)]
    pub mode: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
    #[serde(borrow)]
    pub index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub provider_name: Cow<'a, str>,
    #[serde(borrow)]
    pub deposed: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub change: Change<'a>,
}

#[derive(Deserialize)]
pub struct Change<'a> {
    #[serde(default)]
    pub actions: Vec<String>,
    #[serde(borrow)]
    pub before: Option<&'a RawValue>,
    #[serde(borrow)]
    pub after: Option<&'a RawValue>,
    #[serde(borrow)]
    pub after_unknown: Option<&'a RawValue>,
    #[serde(borrow)]
    pub before_sensitive: Option<&'a RawValue>,
    #[serde(borrow)]
    pub after_sensitive: Option<&'a RawValue>,
}

/// `terraform.tfstate`.
#[derive(Deserialize)]
pub struct StateFile<'a> {
    pub version: Option<u64>,
    #[serde(borrow)]
    pub resources: Option<Vec<Stated<'a>>>,
    /// OpenTofu can encrypt states.
    #[serde(borrow)]
    pub encrypted_data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub struct Stated<'a> {
    #[serde(borrow, default)]
    pub module: Cow<'a, str>,
    #[serde(borrow, default)]
    pub mode: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    pub kind: &'a RawValue,
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub provider: Cow<'a, str>,
    #[serde(borrow, default)]
    pub instances: Vec<Instance<'a>>,
}

#[derive(Deserialize)]
pub struct Instance<'a> {
    #[serde(borrow)]
    pub index_key: Option<&'a RawValue>,
    #[serde(borrow)]
    pub deposed: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub attributes: Option<&'a RawValue>,
    /// Written by Terraform 0.11 providers: paths as keys.
    #[serde(borrow)]
    pub attributes_flat: Option<&'a RawValue>,
}

/// Only what a plan will have made, by address.
#[derive(Deserialize)]
pub struct Addresses<'a> {
    #[serde(borrow)]
    pub resource_changes: Option<Vec<Addressed<'a>>>,
}

#[derive(Deserialize)]
pub struct Addressed<'a> {
    #[serde(borrow)]
    pub address: Cow<'a, str>,
    pub change: Option<Actions>,
}

#[derive(Deserialize)]
pub struct Actions {
    #[serde(default)]
    pub actions: Vec<String>,
}

impl Addressed<'_> {
    /// Whether it stands when the plan has been applied.
    pub fn stands(&self) -> bool {
        self.change.as_ref().is_none_or(|c| c.actions != ["delete"])
    }
}
