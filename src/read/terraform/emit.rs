//! Everything that a root module makes, as resources: its own, those of the modules it calls, the stores of its state, and a
//! stand-in for each module whose files are not here.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::ast::{Attribute, Block, Body};
use super::eval::{Bound, Each, Scope, pairs};
use super::expand::Item;
use super::json::resource_id;
use super::value::{list, map, unknown_of};
use super::world::{Child, Touches, Trouble, World, refused, within};
use crate::read::resource::{Is, Resource, Value, Vocabulary};
use crate::source::Location;

/// Arguments that say how a resource is made, not what it is.
const META: &[&str] = &["count", "for_each", "provider", "providers", "depends_on"];
const META_BLOCKS: &[&str] = &["lifecycle", "provisioner", "connection", "timeouts"];

impl<'a> World<'a> {
    pub fn emit(&mut self) -> Vec<Resource> {
        let mut made = Vec::new();
        let mut next = 0;
        // Calls add instances at the end.
        while next < self.instances.len() {
            let module = self.instances[next].module;
            for call in module.calls.values() {
                // `None` is for who asks in a circle, and nobody asks yet.
                let children = self.children(next, call).unwrap_or_default();
                for child in children.iter().filter(|c| c.instance.is_none()) {
                    made.push(self.missing(next, call, child));
                }
            }
            for (block, data) in module.resources.values().map(|b| (b, false)).chain(module.data.values().map(|b| (b, true))) {
                let Some(expansion) = self.instances_of(next, block, data) else { continue };
                for item in &expansion.items {
                    let resource = self.resource_of(next, block, item, expansion.unsure.as_ref());
                    made.push(resource);
                }
            }
            for block in &module.strange {
                let message = format!("nothing is known of a `{}` block in Terraform", block.kind);
                self.trouble(block.location(), "terraform-unknown-block", message, None, Touches::Everything);
            }
            next += 1;
        }
        let module = self.instances[0].module;
        for block in &module.backends {
            made.extend(self.state(block));
        }
        made
    }

    fn trouble(&mut self, at: Location, code: &'static str, message: String, help: Option<&str>, touches: Touches) {
        // A module that calls itself is not missing.
        let said = |t: &&mut Trouble| t.at == at && (t.code == code || t.code == "terraform-circle");
        match (self.troubles.iter_mut().find(said), touches) {
            (None, touches) => self.troubles.push(Trouble { code, message, help: help.map(str::to_owned), at, touches }),
            // One line of a module is of all the module's instances.
            (Some(Trouble { touches: Touches::Resources(known), .. }), Touches::Resources(more)) => known.extend(more),
            (Some(known), Touches::Everything) => known.touches = Touches::Everything,
            (Some(_), _) => {}
        }
    }

    fn resource_of(&mut self, instance: usize, block: &'a Block, item: &Item, unsure: Option<&Value>) -> Resource {
        let each = item.each.clone();
        let location = block.location();
        let provider = self.provider_of(instance, block, each.as_deref());
        let region = self.region_of(&provider, location);
        let account = self.account_of(&provider, location);
        let attributes = self.attributes_of(instance, &block.body, location, each.as_ref());
        Resource {
            vocabulary: Vocabulary::Terraform,
            kind: block.label(0).into(),
            address: item.address.clone(),
            region,
            account,
            attributes,
            uncertain: unsure.or(self.instances[instance].unsure.as_ref()).cloned(),
            ids: vec![resource_id(&self.instances[0].module.folder, &item.address)],
            location,
        }
    }

    fn attributes_of(&mut self, instance: usize, body: &'a Body, at: Location, each: Option<&Rc<Each>>) -> Value {
        let scope = Scope::of(instance, at.source, each.map(Rc::as_ref));
        let entries = self.body(body, scope, true);
        Value::new(map(entries), at)
    }

    /// Attributes, and each kind of block as a list of maps.
    fn body(&mut self, body: &Body, scope: Scope<'_>, top: bool) -> BTreeMap<Arc<str>, Value> {
        let mut made = BTreeMap::new();
        for attribute in body.attributes.iter().filter(|a| !top || !META.contains(&&*a.name)) {
            let value = self.used(attribute, scope);
            made.insert(Arc::from(&*attribute.name), value);
        }
        let mut blocks: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
        for block in body.blocks.iter().filter(|b| !top || !META_BLOCKS.contains(&&*b.kind)) {
            let scope = Scope { source: block.source, ..scope };
            if &*block.kind == "dynamic" {
                self.dynamic(block, scope, blocks.entry(block.label(0).into()).or_default());
            } else {
                let inner = self.body(&block.body, scope, false);
                blocks.entry(Arc::from(&*block.kind)).or_default().push(Value::new(map(inner), block.location()));
            }
        }
        for (kind, mut of_kind) in blocks {
            let at = of_kind.first().map_or(Location::new(scope.source, crate::source::Span::default()), |v| v.at);
            if let Some(given) = made.get(&kind).and_then(Value::as_list) {
                of_kind.extend_from_slice(given);
            }
            made.insert(kind, Value::new(list(of_kind), at));
        }
        made
    }

    /// An attribute's value, as used there.
    fn used(&mut self, attribute: &Attribute, scope: Scope<'_>) -> Value {
        let at = attribute.location();
        let value = self.eval(&attribute.value, Scope { source: attribute.source, ..scope }).unwrap_or_else(|r| refused(&r));
        let value = plain(value);
        if within(value.at, at) { value } else { value.used(at, "the value is written here") }
    }

    fn dynamic(&mut self, block: &Block, scope: Scope<'_>, out: &mut Vec<Value>) {
        let Some(content) = block.body.blocks_of("content").next() else { return };
        let name = block.body.get("iterator").and_then(|i| i.value.as_words()).and_then(|w| w.first().copied());
        let name = name.unwrap_or(block.label(0));
        let over = match block.body.get("for_each") {
            Some(for_each) => self.used(for_each, scope),
            None => return,
        };
        // Whether there are any is not known; there may be one.
        let unknown = || unknown_of([&over], over.at);
        let elements = pairs(&over).unwrap_or_else(|| vec![(unknown(), unknown())]);
        self.spend(elements.len());
        for (key, value) in elements {
            if self.exhausted(over.at).is_some() {
                return;
            }
            let element = BTreeMap::from([(Arc::from("key"), key), (Arc::from("value"), value)]);
            let bound = Bound { name, value: Value::new(map(element), over.at), next: scope.bound };
            let inner = self.body(&content.body, Scope { bound: Some(&bound), source: content.source, ..scope }, false);
            out.push(Value::new(map(inner), content.location()));
        }
    }

    /// A module whose files are not here: it stands where its provider does, holds what it is given, and may do anything.
    fn missing(&mut self, instance: usize, call: &'a Block, child: &Child) -> Resource {
        let location = call.location();
        let source = call.body.get("source");
        let text = source.and_then(|s| s.value.as_text()).unwrap_or("").to_owned();
        let provider_name = provider_of_source(&text).or_else(|| handed_provider(call)).or_else(|| self.only_provider());
        let provider = provider_name.map(|name| self.provider_in_call(instance, call, name));
        let region = provider.as_ref().and_then(|p| self.region_of(p, location));
        let account = provider.as_ref().and_then(|p| self.account_of(p, location));
        let attributes = self.attributes_of(instance, &call.body, location, child.each.as_ref());
        let touches = attributes.targets().into_iter().map(Arc::from).chain([child.address.clone()]).collect();
        let local = text.starts_with('.');
        let name = call.label(0);
        let (message, help) = if local {
            (format!("the files of module `{name}` (`{text}`) are not here"), "add the folder to the project")
        } else {
            let help = "run `terraform init` so that .terraform/modules holds them, or give the plan: `terraform show -json`";
            (format!("the files of module `{name}` (`{text}`) are not here"), help)
        };
        let at = source.map_or(location, Attribute::location);
        self.trouble(at, "terraform-module-missing", message, Some(help), Touches::Resources(touches));
        Resource {
            vocabulary: Vocabulary::Terraform,
            kind: format!("{}_module", provider_name.unwrap_or("terraform")).into(),
            address: child.address.clone(),
            region,
            account,
            attributes,
            uncertain: child.unsure.clone(),
            ids: Vec::new(),
            location,
        }
    }

    /// The provider of all of the root's configurations, if they are of one.
    fn only_provider(&self) -> Option<&'static str> {
        let mut names = self.instances[0].module.providers.iter().map(|p| p.label(0));
        let first = names.next()?;
        names.all(|n| n == first).then(|| CLOUDS.iter().find(|(name, _)| *name == first).map(|(name, _)| *name))?
    }

    /// A backend as the store that it is.
    fn state(&mut self, block: &'a Block) -> Option<Resource> {
        let location = block.location();
        let mut entries = self.body(&block.body, Scope::of(0, block.source, None), true);
        let (kind, name) = match block.label(0) {
            "s3" => ("aws_s3_bucket", "bucket"),
            "gcs" => ("google_storage_bucket", "bucket"),
            "azurerm" => ("azurerm_storage_account", "storage_account_name"),
            "oss" => ("alicloud_oss_bucket", "bucket"),
            "cos" => ("tencentcloud_cos_bucket", "bucket"),
            "local" => return None,
            other => {
                let message = match &*block.kind {
                    "cloud" => "the state is kept by HCP Terraform, wherever that stands".to_owned(),
                    _ => format!("the state is kept in a `{other}` backend, wherever that stands"),
                };
                self.trouble(location, "terraform-state-elsewhere", message, None, Touches::Nothing);
                return None;
            }
        };
        let region = entries.get("region").filter(|r| !r.is_null()).cloned();
        let help = "write it into the block; what `terraform init -backend-config` gives is not seen";
        let missing = || Value::unknown("the backend's region is not written here", Some(help.into()), location);
        let region = region
            .map_or_else(missing, |r| if r.at == location { r } else { r.used(location, "the backend's region is set here") });
        // A bucket is called by other names in a backend than as a resource.
        if let Some(value) = entries.remove(name) {
            let of_resource = if kind == "aws_s3_bucket" || kind == "alicloud_oss_bucket" { "bucket" } else { "name" };
            entries.insert(of_resource.into(), value);
        }
        Some(Resource {
            vocabulary: Vocabulary::Terraform,
            kind: kind.into(),
            address: format!("terraform.backend.{}", block.label(0)).into(),
            region: Some(region),
            account: None,
            attributes: Value { is: Is::Map(Arc::new(entries)), ..Value::new(Is::Null, location) },
            uncertain: None,
            ids: Vec::new(),
            location,
        })
    }
}

/// Sets as lists: only the language tells them apart.
fn plain(value: Value) -> Value {
    fn has_set(value: &Value) -> bool {
        match &value.is {
            Is::Set(_) => true,
            Is::List(items) => items.iter().any(has_set),
            Is::Map(entries) => entries.values().any(has_set),
            _ => false,
        }
    }
    if !has_set(&value) {
        return value;
    }
    let is = match value.is {
        Is::Set(items) | Is::List(items) => list(items.iter().cloned().map(plain).collect()),
        Is::Map(entries) => map(entries.iter().map(|(k, v)| (k.clone(), plain(v.clone()))).collect()),
        other => other,
    };
    Value { is, ..value }
}

/// Providers of clouds, and other words by which the names of modules mean them.
const CLOUDS: &[(&str, &str)] = &[
    ("aws", "amazon"),
    ("google", "gcp"),
    ("azurerm", "azure"),
    ("alicloud", "alibaba"),
    ("tencentcloud", "tencent"),
    ("digitalocean", "digital-ocean"),
    ("huaweicloud", "huawei"),
    ("oci", "oracle"),
    ("ibm", "ibm-cloud"),
];

/// The registry's `namespace/name/provider`, or the name of a repository, says whose resources a module makes.
fn provider_of_source(source: &str) -> Option<&'static str> {
    let path = source.split('?').next()?.trim_end_matches(".git");
    let module = path.split("//").find(|part| !part.is_empty() && !part.ends_with(':'))?;
    let last = module.rsplit('/').next()?;
    let words: Vec<&str> = last.split(['-', '_', '.']).collect();
    let named = |(name, other): &&(&str, &str)| words.contains(name) || last.contains(other);
    CLOUDS.iter().find(|(name, _)| *name == last).or_else(|| CLOUDS.iter().find(named)).map(|(name, _)| *name)
}

/// The provider that a call hands over, if it says.
fn handed_provider(call: &Block) -> Option<&'static str> {
    let super::ast::Kind::Object(entries) = &call.body.get("providers")?.value.kind else { return None };
    let cloud = |word: &str| CLOUDS.iter().find(|(name, _)| *name == word).map(|(name, _)| *name);
    entries.iter().find_map(|(_, value)| cloud(value.as_words()?.first()?))
}
