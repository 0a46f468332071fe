//! Fides manifests: what is held and processed where, in the words of a privacy team.
//!
//! The keys are those of `fideslang` (models.py, 2026). A dataset is a store, a system processes; each meets the endpoint of another
//! file by its `fides_key` (the id there) or by `resource_id` of its meta (a cloud id), and otherwise stands by itself, nobody knows where.
//! Data categories become what an endpoint holds. Whose data it is, a manifest does not say: `data_subjects` are kinds of people, not
//! countries. Flows (`egress`, `ingress`, `dataset_references`) become routes limited to the categories that they name. What a
//! `data_use` is, onshore does not judge; it is a tag, for selectors.

mod known;

use std::collections::{BTreeMap, BTreeSet};

use super::words::{Effect, Words};
use super::{Input, Reader, Reading, Recognized, glance};
use crate::doc::{self, Node};
use crate::model::{Activity, DataLimit, EndpointFact, Facts, GapScope, HeldFact, Reference, Role, Roles, RouteFact, Unread};
use crate::source::{Location, SourceId, Spanned};
use crate::vocab::classes;
use known::VOCABULARY;

pub struct Fides;

/// Nodes looked at for each byte of the text: aliases may name one part many times.
const NODES_PER_BYTE: usize = 2;

impl Reader for Fides {
    fn format(&self) -> &'static str {
        "fides"
    }

    fn describe(&self) -> &'static str {
        "Fides manifests (datasets, systems, data categories)"
    }

    fn words(&self) -> &'static [Words] {
        known::TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let text = glance(text);
        let is_yaml = [".yml", ".yaml"].iter().any(|end| path.to_ascii_lowercase().ends_with(end));
        let top = |l: &str| ["dataset:", "system:"].iter().any(|key| l.strip_prefix(key).is_some_and(|r| r.trim().is_empty()));
        if is_yaml && text.contains("fides_key") && text.lines().any(top) { Recognized::Yes } else { Recognized::No }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let mut document = doc::yaml::parse(input.text());
        let problems = document.take_problems();
        let budget = input.text().len().saturating_mul(NODES_PER_BYTE);
        let mut manifest = Manifest { file: input.file, facts: Facts::default(), budget };
        document.roots().for_each(|root| manifest.read(root));
        Reading {
            facts: manifest.facts,
            syntax: problems.into_iter().map(|p| p.in_source(input.file)).collect(),
            ..Reading::default()
        }
    }
}

struct Manifest {
    file: SourceId,
    facts: Facts,
    budget: usize,
}

impl Manifest {
    fn read(&mut self, root: Node<'_>) {
        self.keys(root, known::TOP, &GapScope::Everything);
        for dataset in root.get("dataset").into_iter().flat_map(|list| list.listed()) {
            self.dataset(dataset);
        }
        for system in root.get("system").into_iter().flat_map(|list| list.listed()) {
            self.system(system);
        }
    }

    fn dataset(&mut self, node: Node<'_>) {
        let Some(at) = self.endpoint(node, "fides-dataset", Role::Store) else { return };
        let scope = GapScope::Endpoints(vec![at.clone()]);
        self.keys(node, known::DATASET, &scope);
        let mut held = BTreeMap::new();
        self.categories(node.get("data_categories"), &scope, &mut held);
        let mut parts: Vec<Node<'_>> = node.get("collections").into_iter().flat_map(|c| c.listed()).collect();
        while let Some(part) = parts.pop() {
            if !self.spend() {
                break;
            }
            self.keys(part, known::COLLECTION, &scope);
            self.categories(part.get("data_categories"), &scope, &mut held);
            parts.extend(part.get("fields").into_iter().flat_map(|f| f.listed()));
        }
        self.hold(&at, held);
    }

    fn system(&mut self, node: Node<'_>) {
        let Some(at) = self.endpoint(node, "fides-system", Role::Process) else { return };
        let scope = GapScope::Endpoints(vec![at.clone()]);
        self.keys(node, known::SYSTEM, &scope);
        let mut held = BTreeMap::new();
        let mut uses: BTreeSet<String> = BTreeSet::new();
        for declaration in node.get("privacy_declarations").into_iter().flat_map(|d| d.listed()) {
            if !self.spend() {
                break;
            }
            self.keys(declaration, known::DECLARATION, &scope);
            let mut declared = BTreeMap::new();
            self.categories(declaration.get("data_categories"), &scope, &mut declared);
            uses.extend(declaration.get("data_use").and_then(|u| u.as_str()).map(str::to_owned));
            let named: Vec<String> = declared.keys().cloned().collect();
            for dataset in self.texts(declaration.get("dataset_references"), &scope) {
                self.both_ways(&at, dataset, &named);
            }
            if let Some(shared) = SHARED.iter().find_map(|key| declaration.get(key).filter(says)) {
                let message = "this system shares data with third parties, and the manifest does not say where they are";
                self.gap("fides-recipient-unnamed", shared, message, &scope);
            }
            held.extend(declared);
        }
        for dataset in self.texts(node.get("dataset_references"), &scope) {
            self.both_ways(&at, dataset, &held.keys().cloned().collect::<Vec<_>>());
        }
        for other in self.texts(node.get("system_dependencies"), &scope) {
            let to = Reference::Id(other.value.clone());
            self.route(at.clone(), to, &held.keys().cloned().collect::<Vec<_>>(), self.at(other.span));
        }
        if let Some(abroad) = node.get("does_international_transfers").filter(says) {
            let message = "this system transfers data to other countries, and the manifest does not say to which";
            self.gap("fides-recipient-unnamed", abroad, message, &scope);
        }
        for (key, leaves) in [("egress", true), ("ingress", false)] {
            for flow in node.get(key).into_iter().flat_map(|f| f.listed()) {
                self.flow(&at, flow, leaves, &scope);
            }
        }
        if let Reference::Fact(i) = &at
            && !uses.is_empty()
        {
            let uses: Vec<String> = uses.into_iter().collect();
            self.facts.endpoints[*i].tags.insert("data_use".to_owned(), uses.join(","));
        }
        self.hold(&at, held);
    }

    /// `None`: it has no key, so nothing can name it; that is told.
    fn endpoint(&mut self, node: Node<'_>, kind: &'static str, role: Role) -> Option<Reference> {
        if !self.spend() {
            return None;
        }
        let key = node.get("fides_key").and_then(|key| Some((key.text().filter(|t| !t.is_empty())?, key)));
        let Some((id, key)) = key else {
            let message = "this has no `fides_key`, so that what it says is of no endpoint";
            self.gap("fides-key-missing", node, message, &GapScope::Everything);
            return None;
        };
        let mut fact = EndpointFact::new(kind, id.to_owned(), self.at(key.span()));
        // An id that others declare, too: a manifest speaks of what is there.
        fact.cloud_ids.push(id.to_owned());
        fact.roles = Roles::of(&[role]);
        // Where the manifest stands says nothing of where the data does.
        fact.elsewhere = true;
        for meta in ["fides_meta", "fidesctl_meta", "fidesops_meta"].iter().filter_map(|key| node.get(key)) {
            if let Some(resource) = meta.get("resource_id").and_then(|r| r.as_str()).filter(|r| !r.is_empty()) {
                fact.cloud_ids.push(resource.to_owned());
            }
            // A bare word may be anybody's container.
            if let Some(host) = meta.get("endpoint_address")
                && let Some(name) = host.as_str().filter(|name| name.contains('.'))
            {
                fact.names.push(Spanned::new(name.trim_end_matches('.').to_ascii_lowercase(), host.span()));
            }
            let scope = GapScope::Endpoints(vec![Reference::Fact(self.facts.endpoints.len())]);
            self.keys(meta, known::META, &scope);
        }
        Some(self.facts.endpoint(fact))
    }

    /// What is declared of a system's use of a dataset does not say whether it reads or writes.
    fn both_ways(&mut self, system: &Reference, dataset: Spanned<String>, data: &[String]) {
        let (at, dataset) = (self.at(dataset.span), Reference::Id(dataset.value));
        self.route(system.clone(), dataset.clone(), data, at);
        self.route(dataset, system.clone(), data, at);
    }

    fn flow(&mut self, system: &Reference, node: Node<'_>, leaves: bool, scope: &GapScope<Reference>) {
        if !self.spend() {
            return;
        }
        self.keys(node, known::FLOW, scope);
        let Some(key) = node.get("fides_key").and_then(|k| Some((k.as_str()?.to_owned(), k.span()))) else {
            let message = "this data flow names nobody at its other end";
            self.gap("fides-key-missing", node, message, scope);
            return;
        };
        // The people themselves, wherever they are.
        if node.get("type").and_then(|t| t.as_str()) == Some("user") {
            return;
        }
        let mut named = BTreeMap::new();
        self.categories(node.get("data_categories"), scope, &mut named);
        let data: Vec<String> = named.into_keys().collect();
        let other = Reference::Id(key.0);
        let (from, to) = if leaves { (system.clone(), other) } else { (other, system.clone()) };
        self.route(from, to, &data, self.at(key.1));
    }

    fn route(&mut self, from: Reference, to: Reference, data: &[String], at: Location) {
        let mut route = RouteFact::new(from, to, Activity::Forward, at);
        if !data.is_empty() {
            route.data = DataLimit::Only(data.to_vec());
        }
        self.facts.routes.push(route);
    }

    fn hold(&mut self, at: &Reference, held: BTreeMap<String, Location>) {
        self.facts.held.extend(held.into_iter().map(|(data, location)| HeldFact { at: at.clone(), data, location }));
    }

    /// Adds the classes of a list, each with the line that first names it.
    fn categories(&mut self, list: Option<Node<'_>>, scope: &GapScope<Reference>, held: &mut BTreeMap<String, Location>) {
        for category in self.texts(list, &GapScope::Everything) {
            if !self.spend() {
                return;
            }
            let at = self.at(category.span);
            match classes::lookup(&category.value) {
                classes::Lookup::Known(_) | classes::Lookup::Below { .. } => {
                    held.entry(classes::canonical(&category.value).into_owned()).or_insert(at);
                }
                classes::Lookup::Unknown { suggestion } => {
                    let help = match suggestion {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "say with a [[classify]] entry what it is, by a class that `onshore explain` knows".to_owned(),
                    };
                    // It may be any class, at whatever this is.
                    let mut gap = self.unread("fides-category-unknown", at, scope.clone());
                    gap.message = format!("`{}` is no data category that onshore knows", category.value);
                    gap.help = Some(help);
                    gap.scope = GapScope::Everything;
                    self.facts.gaps.push(gap);
                }
            }
        }
    }

    /// Gaps for keys that are not known, or that cannot be followed.
    fn keys(&mut self, node: Node<'_>, part: &'static str, scope: &GapScope<Reference>) {
        for entry in node.entries() {
            let name = entry.name();
            let unread = match VOCABULARY.effect(part, name) {
                Some(Effect::Followed | Effect::Harmless) => continue,
                Some(Effect::Refused) if entry.value.is_null() || entry.value.items().len() == 0 && entry.value.is_list() => {
                    continue;
                }
                Some(Effect::Refused) => {
                    let mut gap = self.unread("fides-recipient-unnamed", self.at(entry.key.span()), scope.clone());
                    gap.message = format!("`{name}` says that data goes to other countries, and not from where to what");
                    gap.help = Some("declare the routes by which it goes, as `egress` or in an inventory".into());
                    gap
                }
                None => {
                    let mut gap = self.unread("fides-key-unknown", self.at(entry.key.span()), scope.clone());
                    let near = VOCABULARY.nearest(part, name);
                    gap.message = format!("`{name}` is no key of a Fides {part} that is known here");
                    gap.help = Some(near.map_or_else(
                        || "remove it, or declare what it says in onshore.toml".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    ));
                    gap
                }
            };
            self.facts.gaps.push(unread);
        }
    }

    /// A list of texts, or one text; what is no text could be any.
    fn texts(&mut self, node: Option<Node<'_>>, scope: &GapScope<Reference>) -> Vec<Spanned<String>> {
        let mut texts = Vec::new();
        for one in node.into_iter().flat_map(|n| n.listed()) {
            match one.as_str() {
                Some(text) => texts.push(Spanned::new(text.to_owned(), one.span())),
                None => self.gap("fides-not-a-text", one, "this is no key of a category, a dataset or a system", scope),
            }
        }
        texts
    }

    fn gap(&mut self, code: &'static str, node: Node<'_>, message: &str, scope: &GapScope<Reference>) {
        let mut gap = self.unread(code, self.at(node.span()), scope.clone());
        gap.message = message.to_owned();
        gap.help = Some("declare it in the manifest, or the routes in an inventory".into());
        self.facts.gaps.push(gap);
    }

    fn unread(&self, code: &'static str, location: Location, scope: GapScope<Reference>) -> Unread {
        Unread { code, message: String::new(), help: None, location, scope }
    }

    /// Whether there is something left to spend; says so once when there is not.
    fn spend(&mut self) -> bool {
        if self.budget == 1 {
            let at = Location::new(self.file, crate::source::Span::default());
            let mut gap = self.unread("fides-too-many", at, GapScope::Everything);
            gap.message = "aliases name the same parts so often that the rest of this manifest was not read".into();
            gap.help = Some("write the parts out, or leave the file out with `[inputs] exclude`".into());
            self.facts.gaps.push(gap);
        }
        self.budget = self.budget.saturating_sub(1);
        self.budget > 0
    }

    fn at(&self, span: crate::source::Span) -> Location {
        Location::new(self.file, span)
    }
}

/// Where a privacy declaration says that others get the data.
const SHARED: [&str; 3] = ["data_shared_with_third_parties", "third_parties", "shared_categories"];

/// Whether a value says that something is so: anything but no, nothing and an empty list.
fn says(node: &Node<'_>) -> bool {
    !node.is_null() && node.as_bool() != Some(false) && !(node.is_list() && node.items().len() == 0)
}
