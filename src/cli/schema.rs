//! `onshore schema`: JSON Schemas of the files that people write, for editors.

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::{Context, Failure};
use crate::report::json;

#[derive(Debug, Args)]
pub struct Schema {
    /// Of which file
    file: File,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum File {
    /// onshore.toml
    Project,
    /// Sites, endpoints and routes written by hand
    Inventory,
    /// A policy pack
    Policy,
}

impl Schema {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let schema = match self.file {
            File::Project => crate::project::schema(),
            File::Inventory => crate::read::inventory::schema(),
            File::Policy => of_policy(),
        };
        json::write_value(&schema, context.out)?;
        Ok(0)
    }
}

/// The schema of a policy, with the tables of inventories and project files that its tests are made of.
pub(super) fn of_policy() -> Value {
    let mut policy = crate::policy::schema();
    let (inventory, project) = (crate::read::inventory::schema(), crate::project::schema());
    for (from, tables) in
        [(inventory, &["site", "endpoint", "route"][..]), (project, &["operator", "population", "classify", "transfer"][..])]
    {
        for table in tables {
            let own = from["properties"][*table].clone();
            if let Some(place) = policy.pointer_mut(&format!("/$defs/Test/properties/{table}")) {
                *place = own;
            }
        }
        for (name, definition) in from["$defs"].as_object().into_iter().flatten() {
            if let Some(all) = policy["$defs"].as_object_mut() {
                all.entry(name.clone()).or_insert_with(|| definition.clone());
            }
        }
    }
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `$ref` below a value.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|v| references(v, found));
            }
            Value::Array(items) => items.iter().for_each(|v| references(v, found)),
            _ => {}
        }
    }

    #[test]
    fn the_schema_of_a_policy_knows_the_worlds_of_its_tests() {
        let schema = of_policy();
        let mut found = Vec::new();
        references(&schema, &mut found);
        for reference in found {
            assert!(schema.pointer(&reference[1..]).is_some(), "{reference}");
        }
        let tables = schema["$defs"]["Test"]["properties"].as_object().expect("a table");
        for (table, text) in [("site", "country"), ("route", "overflow"), ("population", "participants"), ("operator", "facts")]
        {
            let mut below = Vec::new();
            references(&tables[table], &mut below);
            let definition = schema.pointer(&below[0][1..]).expect("a definition");
            assert!(definition.to_string().contains(text), "{table}: {definition}");
        }
        let parts = [crate::policy::schema(), crate::read::inventory::schema(), crate::project::schema()];
        for (name, definition) in parts.iter().flat_map(|p| p["$defs"].as_object().expect("definitions")) {
            let is_test = name == "Test";
            assert!(is_test || schema["$defs"][name] == *definition, "two definitions are called {name}");
        }
    }
}
