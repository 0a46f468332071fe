//! All Terraform files of a project, parsed, by folder: which folder is a module, which of them calls which, and which files give
//! values to variables.

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{Attribute, Block, Body};
use super::json;
use super::module::{Module, is_override};
use super::parse::{self, Mistake};
use super::parse_json;
use crate::doc;
use crate::read::paths::{self, folder, joined};
use crate::read::{FileSettings, Set, Settings, side_by_side};
use crate::source::{Location, SourceId, Sources};

pub struct Tree<'s> {
    pub sources: &'s Sources,
    pub settings: &'s Settings,
    /// By folder.
    pub modules: BTreeMap<String, Module>,
    /// Files with values of variables, by path.
    pub values: BTreeMap<&'s str, (SourceId, Body)>,
    pub terragrunt: Vec<(SourceId, Body)>,
    /// `terraform.tfbackend` and the like: settings of a backend that are given at `init`.
    pub backends: Vec<(SourceId, Body)>,
    /// Mistakes in files that are no part of a module.
    pub mistakes: Vec<(SourceId, Mistake)>,
    /// Modules that were fetched: by the root's folder, by the key of the call.
    cached: BTreeMap<String, BTreeMap<String, String>>,
    /// What the plan of a folder speaks of, by address. A folder with several plans has none: they plan several things.
    planned: BTreeMap<&'s str, BTreeSet<String>>,
    /// Every path that was loaded.
    paths: BTreeMap<&'s str, SourceId>,
}

/// A value that a root module's variable is given.
#[derive(Clone)]
pub enum Given<'a> {
    /// In a .tfvars file.
    Written(&'a Attribute),
    /// In the environment or the project file.
    Told { text: &'a str, at: Location, step: Option<&'static str> },
}

/// What kind of file it is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    Native,
    Json,
    Values,
    ValuesJson,
    Terragrunt,
    Backend,
    /// `.terraform/modules/modules.json`.
    Cache,
}

impl File {
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let ends = |ends: &[&str]| ends.iter().any(|e| name.ends_with(e));
        Some(match name {
            "terragrunt.hcl" => Self::Terragrunt,
            "modules.json" if path.ends_with(".terraform/modules/modules.json") => Self::Cache,
            _ if ends(&[".tf.json", ".tofu.json"]) => Self::Json,
            _ if ends(&[".tfvars.json"]) => Self::ValuesJson,
            _ if ends(&[".tf", ".tofu"]) => Self::Native,
            _ if ends(&[".tfvars"]) => Self::Values,
            _ if ends(&[".tfbackend", ".backend"]) => Self::Backend,
            _ => return None,
        })
    }
}

impl<'s> Tree<'s> {
    pub fn new(set: &Set<'s>) -> Self {
        let sources = set.sources;
        // One of our formats by somebody's word, whatever its name.
        let kind = |id: &SourceId| File::of(&sources.get(*id).path).unwrap_or(File::Native);
        let parsed = side_by_side(
            set.files,
            |id| sources.get(*id).text.len(),
            |id| {
                let text = sources.get(*id).text.as_str();
                match kind(id) {
                    File::Json => parse_json::body(text, *id),
                    File::ValuesJson => parse_json::values(text, *id),
                    File::Cache => (Body::default(), Vec::new()),
                    _ => parse::body(text, *id),
                }
            },
        );
        let mut tree = Self {
            sources,
            settings: set.settings,
            modules: BTreeMap::new(),
            values: BTreeMap::new(),
            terragrunt: Vec::new(),
            backends: Vec::new(),
            mistakes: Vec::new(),
            cached: BTreeMap::new(),
            planned: BTreeMap::new(),
            paths: sources.iter().map(|(id, s)| (s.path.as_str(), id)).collect(),
        };
        let mut plans: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, source) in sources.iter().filter(|(_, s)| s.path.ends_with(".json")) {
            if let Some(addresses) = json::planned(&source.text) {
                *plans.entry(folder(&source.path)).or_default() += 1;
                tree.planned.insert(folder(&source.path), addresses);
            }
        }
        tree.planned.retain(|folder, _| plans.get(folder) == Some(&1));
        let mut overriding = Vec::new();
        for (id, (body, mistakes)) in set.files.iter().copied().zip(parsed) {
            let path = sources.get(id).path.as_str();
            match kind(&id) {
                File::Values | File::ValuesJson => {
                    tree.values.insert(path, (id, body));
                }
                File::Terragrunt => tree.terragrunt.push((id, body)),
                File::Backend => tree.backends.push((id, body)),
                File::Cache => tree.cache(path, id),
                File::Native | File::Json => {
                    let folder = folder(path);
                    let module = tree.modules.entry(folder.to_owned()).or_default();
                    folder.clone_into(&mut module.folder);
                    module.files.push(id);
                    module.mistakes.extend(mistakes.into_iter().map(|m| (id, m)));
                    if is_override(path) {
                        overriding.push((folder, id, body));
                    } else {
                        module.add(id, body, false);
                    }
                    continue;
                }
            }
            tree.mistakes.extend(mistakes.into_iter().map(|m| (id, m)));
        }
        for (folder, id, body) in overriding {
            if let Some(module) = tree.modules.get_mut(folder) {
                module.add(id, body, true);
            }
        }
        tree
    }

    /// The addresses that the plan beside a root module speaks of.
    pub fn planned(&self, module: &Module) -> Option<&BTreeSet<String>> {
        self.planned.get(module.folder.as_str())
    }

    /// What `terraform init` fetched for a root module.
    fn cache(&mut self, path: &str, id: SourceId) {
        let root = path.trim_end_matches(".terraform/modules/modules.json").trim_end_matches('/').to_owned();
        let document = doc::json::parse(&self.sources.get(id).text);
        let entries = document.root().and_then(|r| r.get("Modules"));
        let modules = entries.iter().flat_map(doc::Node::items).filter_map(|m| {
            let folder = joined(&root, m.get("Dir")?.text()?)?;
            Some((m.get("Key")?.text()?.to_owned(), folder))
        });
        self.cached.insert(root.clone(), modules.collect());
    }

    pub fn file(&self, path: &str) -> Option<SourceId> {
        self.paths.get(path).copied()
    }

    pub fn files_below(&self, prefix: &str) -> Vec<&'s str> {
        below(&self.paths, prefix).map(|(p, _)| *p).collect()
    }

    /// The module that a call names: a folder of the project, or one that was fetched.
    pub fn called(&self, root: &str, caller: &Module, key: &str, call: &Block) -> Option<&Module> {
        let source = call.body.get("source")?.value.as_text()?;
        let folder = if source.starts_with("./") || source.starts_with("../") || source == "." || source == ".." {
            joined(&caller.folder, source)?
        } else {
            self.cached.get(root)?.get(key)?.clone()
        };
        self.modules.get(&folder)
    }

    /// The module of the project that a Terragrunt unit runs.
    pub fn run_by(&self, path: &str, unit: &Body) -> Option<&Module> {
        let source = unit.blocks_of("terraform").find_map(|b| b.body.get("source")?.value.as_text())?;
        // Two slashes divide the copied folder from the module in it.
        let folder = joined(folder(path), &source.replace("//", "/")).filter(|_| source.starts_with('.'))?;
        self.modules.get(&folder)
    }

    /// Folders that nobody calls, and one of each circle that nobody else calls. Fetched modules are never roots.
    pub fn roots(&self) -> Vec<&Module> {
        let fetched = |folder: &str| folder.split('/').any(|part| part == ".terraform");
        let calls = |module: &Module| -> Vec<String> {
            let sources = module.calls.values().filter_map(|c| c.body.get("source")?.value.as_text());
            sources
                .filter(|s| s.starts_with('.'))
                .filter_map(|s| joined(&module.folder, s))
                .filter(|f| *f != module.folder)
                .collect()
        };
        let callees: BTreeMap<&str, Vec<String>> = self.modules.iter().map(|(f, m)| (f.as_str(), calls(m))).collect();
        let called: BTreeSet<&str> = callees.values().flatten().map(String::as_str).collect();
        let own = || self.modules.values().filter(|m| !fetched(&m.folder));
        let (mut roots, mut reached) = (Vec::new(), BTreeSet::new());
        for module in own().filter(|m| !called.contains(m.folder.as_str())).chain(own()) {
            if reached.contains(module.folder.as_str()) {
                continue;
            }
            roots.push(module);
            let mut open = vec![module.folder.as_str()];
            while let Some(folder) = open.pop() {
                if reached.insert(folder) {
                    open.extend(callees.get(folder).into_iter().flatten().map(String::as_str));
                }
            }
        }
        roots.sort_by(|a, b| a.folder.cmp(&b.folder));
        roots
    }

    /// What the project file says of a root module's files.
    pub fn told(&self, module: &Module) -> FileSettings {
        let mut all = FileSettings::default();
        for file in &module.files {
            let more = self.settings.of(&self.sources.get(*file).path);
            if more == FileSettings::default() {
                continue;
            }
            all.provider = more.provider.or(all.provider);
            all.region = more.region.or(all.region);
            all.account = more.account.or(all.account);
            all.variables.extend(more.variables);
            for file in more.variable_files {
                if !all.variable_files.contains(&file) {
                    all.variable_files.push(file);
                }
            }
        }
        all
    }

    /// Values of a root module's variables by Terraform's precedence, and the files they stand in: the environment,
    /// `terraform.tfvars`, `terraform.tfvars.json`, `*.auto.tfvars` in the order of their names, `-var-file`, `-var`.
    pub fn given<'t>(
        &'t self,
        module: &'t Module,
        told: &'t FileSettings,
    ) -> (BTreeMap<&'t str, Given<'t>>, BTreeSet<SourceId>) {
        let mut given = BTreeMap::new();
        for (name, block) in &module.variables {
            if let Some(text) = self.settings.environment.get(&**name) {
                let step = Some("its value comes from the environment (TF_VAR_)");
                given.insert(&**name, Given::Told { text, at: block.location(), step });
            }
        }
        let mut files = BTreeSet::new();
        let prefix = paths::prefix(&module.folder);
        let beside = below(&self.values, &prefix);
        let mut automatic: Vec<(u8, &str)> = Vec::new();
        for (path, _) in beside {
            match path.get(prefix.len()..).unwrap_or("") {
                "terraform.tfvars" => automatic.push((0, path)),
                "terraform.tfvars.json" => automatic.push((1, path)),
                name if !name.contains('/') && (name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json")) => {
                    automatic.push((2, path));
                }
                _ => {}
            }
        }
        automatic.sort_unstable();
        let named = told.variable_files.iter().map(|f| f.text.trim_start_matches("./"));
        for path in automatic.into_iter().map(|(_, path)| path).chain(named) {
            let Some((id, body)) = self.values.get(path) else { continue };
            files.insert(*id);
            given.extend(body.attributes.iter().map(|a| (&*a.name, Given::Written(a))));
        }
        for (name, told) in &told.variables {
            given.insert(name.as_str(), Given::Told { text: &told.text, at: told.location, step: None });
        }
        (given, files)
    }

    /// Files near a module that give a value to a variable and are not used by themselves.
    pub fn value_files_near(&self, module: &Module, name: &str) -> Vec<&'s str> {
        let prefix = paths::prefix(&module.folder);
        let near = below(&self.values, &prefix).take(200);
        near.filter(|(_, (_, body))| body.get(name).is_some()).map(|(p, _)| *p).take(5).collect()
    }
}

/// The entries whose paths begin with a prefix.
fn below<'m, 's, V>(map: &'m BTreeMap<&'s str, V>, prefix: &'m str) -> impl Iterator<Item = (&'m &'s str, &'m V)> {
    let from = (std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded);
    map.range::<str, _>(from).take_while(move |(path, _)| path.starts_with(prefix))
}
