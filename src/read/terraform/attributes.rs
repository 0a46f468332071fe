//! Attributes of resources and data sources as other expressions see them: what the configuration sets is known before
//! anything runs, and what names the resource stays a reference to it.

use std::sync::Arc;

use super::ast::Block;
use super::eval::{Each, Eval, Scope, is_known};
use super::value::{Builder, is_whole, list, text_of};
use super::world::{Addressed, Slot, World, refused, unclear};
use crate::read::resource::{Is, Target, Value};
use crate::source::Location;

impl World<'_> {
    /// An attribute of the resource (or an output of the module instance) at an address.
    pub(super) fn resource_attribute(&mut self, address: &Arc<str>, name: &str, at: Location) -> Eval {
        let (instance, block, each, data) = match self.addresses.get(address).cloned() {
            Some(Addressed::Module(instance)) => return self.output(instance, name, at),
            Some(Addressed::Resource { instance, block, each, data, .. }) => (instance, block, each, data),
            // A module whose files are not here.
            None => return Ok(Value::reference(address.clone(), name, at)),
        };
        let key = (address.clone(), Box::from(name));
        match self.attributes.get(&key) {
            Some(Slot::Done(value)) => return Ok(value.clone().used(at, format!("`{name}` of `{address}` is set here"))),
            Some(Slot::Busy) => return Ok(Value::reference(address.clone(), name, at)),
            None => {}
        }
        let Some(attribute) = block.body.get(name).filter(|_| !matches!(name, "count" | "for_each" | "provider")) else {
            let value = if data {
                self.data_attribute(instance, block, each.as_deref(), address, name, at)
            } else if name == "region" {
                let provider = self.provider_of(instance, block, each.as_deref());
                self.region_of(&provider, at)
            } else {
                None
            };
            return Ok(value.unwrap_or_else(|| Value::reference(address.clone(), name, at)));
        };
        self.attributes.insert(key.clone(), Slot::Busy);
        let scope = Scope::of(instance, attribute.source, each.as_deref());
        let value = self.eval(&attribute.value, scope).unwrap_or_else(|r| refused(&r));
        let value = if names_it(name) && !value.is_null() {
            let known = text_of(&value).filter(|_| is_whole(&value));
            let target = Target { address: address.clone(), attribute: name.into(), known };
            Value { is: Is::Reference(Arc::new(target)), ..value }
        } else {
            value
        };
        self.attributes.insert(key, Slot::Done(value.clone()));
        Ok(value.used(at, format!("`{name}` of `{address}` is set here")))
    }

    /// What data sources say that follows from the configuration of their provider.
    fn data_attribute(
        &mut self,
        instance: usize,
        block: &Block,
        each: Option<&Each>,
        address: &Arc<str>,
        name: &str,
        at: Location,
    ) -> Option<Value> {
        let own = |world: &mut Self, attribute: &str| {
            let attribute = block.body.get(attribute)?;
            let scope = Scope::of(instance, attribute.source, each);
            Some(world.eval(&attribute.value, scope).unwrap_or_else(|r| refused(&r)))
        };
        let provider = self.provider_of(instance, block, each);
        let region = |world: &mut Self| match own(world, "region") {
            Some(region) => Some(region),
            None => world.region_of(&provider, at),
        };
        Some(match (block.label(0), name) {
            ("aws_region", "name" | "id" | "region") => match own(self, "name") {
                Some(name) => name,
                None => region(self)?,
            },
            ("aws_availability_zones", "names") => {
                let region = region(self)?;
                // How many zones there are changes no place: all of them stand in the region.
                let zone = |n: usize| {
                    let mut zone = Builder::default();
                    zone.value(&region);
                    zone.value(&Value::reference(address.clone(), format!("names.{n}"), at));
                    zone.finish(at)
                };
                Value { trail: region.trail.clone(), ..Value::new(list((0..3).map(zone).collect()), at) }
            }
            ("aws_caller_identity", "account_id" | "id") => self.account_of(&provider, at)?,
            ("aws_partition", "partition" | "id" | "dns_suffix") => {
                let region = region(self)?;
                if !is_known(&region) {
                    return Some(unclear(&region, at));
                }
                let region_text = region.as_text().unwrap_or_default().into_owned();
                let (partition, suffix) = match region_text.as_str() {
                    r if r.starts_with("cn-") => ("aws-cn", "amazonaws.com.cn"),
                    r if r.starts_with("us-gov-") => ("aws-us-gov", "amazonaws.com"),
                    r if r.starts_with("eusc-") => ("aws-eusc", "amazonaws.eu"),
                    r if r.starts_with("us-iso") => return None,
                    _ => ("aws", "amazonaws.com"),
                };
                let text = if name == "dns_suffix" { suffix } else { partition };
                Value { trail: region.trail, ..Value::text(text, at) }
            }
            ("google_client_config", "region") => region(self)?,
            ("google_client_config" | "google_project", "project" | "project_id") => self.account_of(&provider, at)?,
            ("terraform_remote_state", _) => {
                let help =
                    "give the values under `variables` of an [[inputs.override]], or give the plan: `terraform show -json`";
                let why = format!("`{address}` is read from another configuration's state");
                Value::unknown(why, Some(help.into()), at)
            }
            ("external" | "http" | "local_file" | "terracurl_request", _) => {
                let help = "give the plan instead: `terraform show -json`";
                Value::unknown(format!("`{address}` is only read when Terraform runs"), Some(help.into()), at)
            }
            _ => return None,
        })
    }
}

/// Whether an attribute is what others name a resource by.
fn names_it(attribute: &str) -> bool {
    const NAMES: &[&str] = &["id", "arn", "name", "bucket", "self_link", "identifier", "fqdn", "domain_name", "function_name"];
    let place = ["region", "location", "zone"].iter().any(|p| attribute.contains(p));
    !place && (NAMES.contains(&attribute) || ["_id", "_arn", "_name", "_identifier"].iter().any(|end| attribute.ends_with(end)))
}
