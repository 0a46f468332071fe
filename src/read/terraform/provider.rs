//! Which provider configuration a resource is made with, through aliases, hand-overs (`providers = {}`) and inheritance, and
//! where that configuration says it stands.

use std::sync::Arc;

use super::ast::{Block, Kind};
use super::eval::{Each, Scope, is_known};
use super::module::alias;
use super::value::text_of;
use super::world::World;
use crate::read::resource::{Is, Value};
use crate::source::Location;

/// A provider configuration, as one resource or module call gets it.
pub struct Provider<'a> {
    /// Of the module whose block it is.
    instance: usize,
    /// `None`: nobody configures it, so it takes everything from its environment.
    block: Option<&'a Block>,
    /// For a provider with `for_each` (OpenTofu).
    key: Option<Arc<str>>,
    /// How the block calls it: `aws.us`.
    name: String,
    /// Hand-overs, from the outermost call to the innermost.
    steps: Vec<(Location, String)>,
}

/// Providers whose resources stand in a region that the environment may give, and the variables that give it.
const REGIONAL: &[(&str, &str)] = &[
    ("aws", "AWS_REGION"),
    ("awscc", "AWS_REGION"),
    ("google", "GOOGLE_REGION"),
    ("google-beta", "GOOGLE_REGION"),
    ("alicloud", "ALICLOUD_REGION"),
    ("tencentcloud", "TENCENTCLOUD_REGION"),
    ("huaweicloud", "HW_REGION_NAME"),
    ("ibm", "IC_REGION"),
    ("scaleway", "SCW_DEFAULT_REGION"),
    ("openstack", "OS_REGION_NAME"),
    ("oci", "TF_VAR_region"),
];

/// Where it says which account, subscription or project it works in.
const ACCOUNTS: &[(&str, &str)] = &[
    ("google", "project"),
    ("google-beta", "project"),
    ("azurerm", "subscription_id"),
    ("huaweicloud", "account_name"),
    ("oci", "tenancy_ocid"),
];

impl<'a> World<'a> {
    /// The provider configuration of a resource or data source.
    pub fn provider_of(&mut self, instance: usize, block: &Block, each: Option<&Each>) -> Provider<'a> {
        let told = block.body.get("provider");
        let words = told.and_then(|p| p.value.as_words());
        let kind = block.label(0);
        let own = kind.split_once('_').map_or(kind, |(provider, _)| provider);
        let (name, alias) = match words.as_deref() {
            Some([name]) => (*name, None),
            Some([name, alias, ..]) => (*name, Some(*alias)),
            _ => (own, None),
        };
        let index = told.and_then(|p| p.value.last_index());
        // Without a key all that differs between the provider's instances is unclear: see `each_of`.
        let key = index.and_then(|i| self.eval(i, Scope::of(instance, block.source, each)).ok());
        self.provider(instance, name, alias, key.as_ref().and_then(text_of))
    }

    /// The configuration that a call of a module hands to it, of which nothing more is known.
    pub fn provider_in_call(&mut self, instance: usize, call: &'a Block, name: &str) -> Provider<'a> {
        let Some((_, words, _)) = handed(call, name, None) else { return self.provider(instance, name, None, None) };
        let (name, alias) = (words.first().copied().unwrap_or(name), words.get(1).copied());
        self.provider(instance, name, alias, None)
    }

    /// The configuration that a module calls `name` or `name.alias`.
    pub fn provider(&mut self, instance: usize, name: &str, alias: Option<&str>, key: Option<Arc<str>>) -> Provider<'a> {
        let (mut at, mut name, mut alias) = (instance, name.to_owned(), alias.map(str::to_owned));
        let (mut key, mut steps) = (key, Vec::new());
        loop {
            let here = &self.instances[at];
            let (module, parent, call) = (here.module, here.parent, here.call);
            let handed = call.and_then(|c| handed(c, &name, alias.as_deref()));
            if let (Some((location, words, index)), Some(parent)) = (handed, parent) {
                let shown = dotted(&name, alias.as_deref());
                let call = call.map_or("", |c| c.label(0));
                steps.push((location, format!("module `{call}` is given provider `{}` as `{shown}` here", words.join("."))));
                if let Some(index) = index {
                    let each = self.instances[at].each.clone();
                    let value = self.eval(index, Scope::of(parent, location.source, each.as_deref()));
                    key = value.ok().as_ref().and_then(text_of);
                }
                name = words.first().map_or(name, |w| (*w).to_owned());
                alias = words.get(1).map(|w| (*w).to_owned());
                at = parent;
                continue;
            }
            let own = module.providers.iter().find(|p| p.label(0) == name && self::alias(p) == alias.as_deref());
            if let (None, None, Some(parent)) = (own, &alias, parent) {
                // A default configuration is there for all modules below.
                at = parent;
                continue;
            }
            steps.reverse();
            return Provider { instance: at, block: own, key, name: dotted(&name, alias.as_deref()), steps };
        }
    }

    /// The region that a provider configuration is set to, as used at `at`; `None` for providers that know no regions.
    pub fn region_of(&mut self, provider: &Provider<'a>, at: Location) -> Option<Value> {
        let kind = provider.name.split('.').next().unwrap_or("");
        let regional = REGIONAL.iter().find(|(name, _)| *name == kind);
        let value = match self.setting(provider, "region") {
            Some(value) if !value.is_null() => value,
            _ => match self.zone_region(provider).or_else(|| self.told_region(kind)) {
                Some(value) => value,
                None => return Some(self.region_of_environment(provider, regional?.1, at)),
            },
        };
        let region = format!("provider `{}` is set to its region here", provider.name);
        Some(self.handed_over(provider, value, region, at))
    }

    fn region_of_environment(&self, provider: &Provider<'_>, variable: &str, at: Location) -> Value {
        let name = &provider.name;
        let (why, place) = match provider.block {
            Some(block) => {
                (format!("provider `{name}` has no region here; its environment decides ({variable})"), block.location())
            }
            None if name.contains('.') => (format!("provider `{name}` is not configured in this configuration"), at),
            None => (format!("no provider `{name}` is configured; its environment decides the region ({variable})"), at),
        };
        let help = "write the region into the provider block, or name it under `region` of an [[inputs.override]]";
        Value::unknown(why, Some(help.into()), place)
    }

    /// The account, subscription or project.
    pub fn account_of(&mut self, provider: &Provider<'a>, at: Location) -> Option<Value> {
        let kind = provider.name.split('.').next().unwrap_or("").to_owned();
        let value = match ACCOUNTS.iter().find(|(name, _)| *name == kind) {
            Some((_, attribute)) => self.setting(provider, attribute),
            None => self.account_of_role(provider),
        };
        let value = value.filter(|v| !v.is_null()).or_else(|| {
            let fits = self.told.provider.as_ref().is_none_or(|p| is_provider(&p.text, &kind));
            let account = self.told.account.as_ref().filter(|_| fits)?;
            Some(Value::text(account.text.as_str(), account.location))
        })?;
        let step = format!("provider `{}` is set to its account here", provider.name);
        Some(self.handed_over(provider, value, step, at))
    }

    /// AWS: the account of the role that is assumed, or the only one that is allowed.
    fn account_of_role(&mut self, provider: &Provider<'a>) -> Option<Value> {
        if let Some(Value { is: Is::List(ids), .. }) = self.setting(provider, "allowed_account_ids")
            && let [only] = ids.as_slice()
            && is_known(only)
        {
            return Some(only.clone());
        }
        let block = provider.block?;
        let role = block.body.blocks_of("assume_role").next()?.body.get("role_arn")?;
        let scope = Scope::of(provider.instance, role.source, None);
        let value = self.eval(&role.value, scope).unwrap_or_else(|r| super::world::refused(&r));
        let is_account = |a: &&str| a.len() == 12 && a.bytes().all(|b| b.is_ascii_digit());
        let known = value.pattern().and_then(|arn| Some(Arc::from(arn.split(':').nth(4).filter(is_account)?)));
        // A role of an account that cannot be told is not of the account that others are told to be in.
        Some(match known {
            Some(account) => Value { is: Is::Text(account), ..value },
            None => super::world::unclear(&value, role.location()),
        })
    }

    /// A provider's attribute.
    fn setting(&mut self, provider: &Provider<'a>, name: &str) -> Option<Value> {
        let block = provider.block?;
        let attribute = block.body.get(name)?;
        let each = self.each_of(provider, block);
        let scope = Scope::of(provider.instance, attribute.source, each.as_ref());
        Some(self.eval(&attribute.value, scope).unwrap_or_else(|r| super::world::refused(&r)))
    }

    fn each_of(&mut self, provider: &Provider<'a>, block: &'a Block) -> Option<Each> {
        let for_each = block.body.get("for_each")?;
        // If it cannot be told, no `each` is known, and what uses it is refused.
        let all = self.eval(&for_each.value, Scope::of(provider.instance, for_each.source, None)).ok()?;
        let at = for_each.location();
        let unclear = || super::world::unclear(&all, at);
        let Some(key) = provider.key.as_deref() else { return Some(Each::Key(unclear(), unclear())) };
        let value = match &all.is {
            Is::Map(entries) => entries.get(key).cloned(),
            _ => all.as_list().and_then(|items| items.iter().find(|v| text_of(v).as_deref() == Some(key)).cloned()),
        };
        let value = value.unwrap_or_else(unclear);
        Some(Each::Key(Value::text(key, value.at), value))
    }

    /// Google: `zone = "europe-west2-a"` says the region as well.
    fn zone_region(&mut self, provider: &Provider<'a>) -> Option<Value> {
        if !provider.name.starts_with("google") {
            return None;
        }
        let zone = self.setting(provider, "zone")?;
        let region: Arc<str> = zone.as_text()?.rsplit_once('-')?.0.into();
        Some(Value { is: Is::Text(region), ..zone })
    }

    fn told_region(&mut self, kind: &str) -> Option<Value> {
        let region = self.told.region.as_ref()?;
        let fits = self.told.provider.as_ref().is_none_or(|p| is_provider(&p.text, kind));
        fits.then(|| Value::text(region.text.as_str(), region.location))
    }

    /// The lines from the use to the provider's own.
    fn handed_over(&self, provider: &Provider<'_>, value: Value, first: String, at: Location) -> Value {
        let (mut value, mut step) = (value, first);
        for (location, text) in &provider.steps {
            value = value.used(*location, std::mem::replace(&mut step, text.clone()));
        }
        value.used(at, step)
    }
}

/// Whether a cloud's name in `data/regions` is that of a Terraform provider.
fn is_provider(cloud: &str, terraform: &str) -> bool {
    match terraform {
        "google" | "google-beta" => cloud == "gcp",
        "azurerm" | "azapi" | "azuread" => cloud == "azure",
        "alicloud" => cloud == "alibaba",
        "tencentcloud" => cloud == "tencent",
        "huaweicloud" => cloud == "huawei",
        "awscc" => cloud == "aws",
        other => cloud == other,
    }
}

fn dotted(name: &str, alias: Option<&str>) -> String {
    alias.map_or_else(|| name.to_owned(), |a| format!("{name}.{a}"))
}

type Handed<'e> = (Location, Vec<&'e str>, Option<&'e super::ast::Expr>);

/// What a call hands over under a name: `aws = aws.us` of `providers = {}`.
fn handed<'e>(call: &'e Block, name: &str, alias: Option<&str>) -> Option<Handed<'e>> {
    let attribute = call.body.get("providers")?;
    let Kind::Object(entries) = &attribute.value.kind else { return None };
    let wanted: Vec<&str> = std::iter::once(name).chain(alias).collect();
    let (_, value) = entries.iter().find(|(key, _)| key.as_words().as_deref() == Some(&wanted[..]))?;
    Some((Location::new(attribute.source, value.span), value.as_words()?, value.last_index()))
}
