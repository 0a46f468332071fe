//! The objects of an export by their types, and how they refer to each other.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;

use crate::doc::Node;
use crate::source::{Location, SourceId};

/// Types of objects that say where something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    Region,
    Site,
    SiteLocation,
    Rack,
    Device,
    Cluster,
    VirtualMachine,
    Prefix,
    Address,
    Circuit,
    Termination,
}

/// As paths of the API and as keys or file names of dumps have them.
const TYPES: &[(Type, &str, &str)] = &[
    (Type::Region, "dcim/regions", "regions"),
    (Type::Site, "dcim/sites", "sites"),
    (Type::SiteLocation, "dcim/locations", "locations"),
    (Type::Rack, "dcim/racks", "racks"),
    (Type::Device, "dcim/devices", "devices"),
    (Type::Cluster, "virtualization/clusters", "clusters"),
    (Type::VirtualMachine, "virtualization/virtual-machines", "virtual-machines"),
    (Type::Prefix, "ipam/prefixes", "prefixes"),
    (Type::Address, "ipam/ip-addresses", "ip-addresses"),
    (Type::Circuit, "circuits/circuits", "circuits"),
    (Type::Termination, "circuits/circuit-terminations", "circuit-terminations"),
];

impl Type {
    /// `https://netbox.example/api/dcim/sites/3/`.
    pub fn of_url(url: &str) -> Option<Self> {
        let (_, path) = url.split_once("/api/")?;
        let mut parts = path.split('/');
        let (application, kind) = (parts.next()?, parts.next()?);
        TYPES.iter().find(|(_, path, _)| path.split_once('/') == Some((application, kind))).map(|(kind, ..)| *kind)
    }

    /// `virtual_machines`, `netbox-sites`.
    fn of_word(word: &str) -> Option<Self> {
        let plain = word.to_ascii_lowercase().replace('_', "-");
        let plain = plain.strip_prefix("netbox-").unwrap_or(&plain);
        TYPES.iter().find(|(_, _, name)| *name == plain).map(|(kind, ..)| *kind)
    }

    pub fn word(self) -> &'static str {
        TYPES.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, _, word)| *word)
    }
}

#[derive(Clone, Copy)]
pub struct Object<'d> {
    pub node: Node<'d>,
    pub file: SourceId,
}

impl<'d> Object<'d> {
    /// The text of a field, if it says anything.
    pub fn text(&self, field: &str) -> Option<&'d str> {
        self.node
            .get(field)
            .and_then(|n| n.text())
            .filter(|t| !t.is_empty())
            .filter(|_| !self.node.get(field).is_some_and(|n| n.is_null()))
    }

    pub fn get(&self, field: &str) -> Option<Self> {
        let node = self.node.get(field).filter(|n| !n.is_null())?;
        Some(Self { node, file: self.file })
    }

    /// The line with the name, where there is one.
    pub fn location(&self) -> Location {
        let line = ["name", "prefix", "address", "cid", "display"].iter().find_map(|f| self.node.entry(f));
        Location::new(self.file, line.map_or(self.node.span(), |e| e.value.span()))
    }

    pub fn at(&self, field: &str) -> Location {
        Location::new(self.file, self.node.entry(field).map_or(self.node.span(), |e| e.value.span()))
    }

    /// What to call it: its slug, else its name, else how NetBox shows it.
    pub fn slug(&self) -> String {
        let found = ["slug", "name", "display"].iter().find_map(|f| self.text(f));
        found.or_else(|| self.node.text()).unwrap_or("").to_owned()
    }

    pub fn name(&self) -> &'d str {
        ["name", "display", "slug"].iter().find_map(|f| self.text(f)).or_else(|| self.node.text()).unwrap_or("")
    }

    /// By what others may refer to it, the surest first. Ids are unique within one NetBox only, so that the URL goes before.
    fn keys(&self) -> impl Iterator<Item = String> {
        let one = |f: &'static str| self.text(f).map(|text| format!("{f} {text}"));
        let bare = self.node.text().filter(|t| !t.is_empty());
        let bare = bare.into_iter().flat_map(|t| [format!("slug {t}"), format!("name {t}"), format!("id {t}")]);
        ["url", "slug", "id", "name"].into_iter().filter_map(one).chain(bare).collect::<Vec<_>>().into_iter()
    }
}

/// A page of a longer list.
pub struct Page {
    pub kind: Type,
    /// How many objects there are by the page's word.
    pub count: u64,
    pub next: Location,
}

#[derive(Default)]
pub struct Objects<'d> {
    by_type: BTreeMap<Type, Vec<Object<'d>>>,
    index: HashMap<(Type, String), usize>,
    seen: BTreeSet<(Type, String)>,
    pub pages: Vec<Page>,
}

impl<'d> Objects<'d> {
    pub fn add(&mut self, root: Node<'d>, file: SourceId, path: &str) {
        let stem = path.rsplit('/').next().unwrap_or(path).split('.').next().unwrap_or("");
        self.list(root, file, Type::of_word(stem), 0);
    }

    /// A list, a page of one, a map of lists, or one object.
    fn list(&mut self, node: Node<'d>, file: SourceId, named: Option<Type>, depth: u8) {
        for item in node.items() {
            self.object(item, file, named);
        }
        if let Some(results) = node.get("results").filter(|r| r.is_list()) {
            for item in results.items() {
                self.object(item, file, named);
            }
            let kind = results.items().next().and_then(|o| type_of(o, named));
            let next = node.get("next").filter(|n| !n.is_null());
            if let (Some(kind), Some(next), Some(count)) = (kind, next, node.get("count").and_then(|c| c.as_u64())) {
                self.pages.push(Page { kind, count, next: Location::new(file, next.span()) });
            }
            return;
        }
        if node.get("url").is_some() {
            return self.object(node, file, named);
        }
        for entry in node.entries().filter(|_| depth < 2) {
            self.list(entry.value, file, Type::of_word(entry.name()).or(named), depth + 1);
        }
    }

    fn object(&mut self, node: Node<'d>, file: SourceId, named: Option<Type>) {
        let Some(kind) = type_of(node, named).filter(|_| node.is_map()) else { return };
        let object = Object { node, file };
        // The same object in two files (overlapping pages) counts once.
        let same = object.text("url").map(str::to_owned);
        if same.is_some_and(|url| !self.seen.insert((kind, url))) {
            return;
        }
        let list = self.by_type.entry(kind).or_default();
        let at = list.len();
        list.push(object);
        for key in object.keys() {
            self.index.entry((kind, key)).or_insert(at);
        }
    }

    pub fn of(&self, kind: Type) -> &[Object<'d>] {
        self.by_type.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// The object that a reference means; its place in the list of its type.
    pub fn find(&self, kind: Type, reference: Object<'d>) -> Option<usize> {
        reference.keys().find_map(|key| self.index.get(&(kind, key)).copied())
    }

    /// The object that a reference means, or the reference itself, which says a little of it.
    pub fn full(&self, kind: Type, reference: Object<'d>) -> Object<'d> {
        self.find(kind, reference).and_then(|i| self.of(kind).get(i).copied()).unwrap_or(reference)
    }
}

fn type_of(node: Node<'_>, named: Option<Type>) -> Option<Type> {
    match node.get("url").and_then(|u| u.text()) {
        Some(url) => Type::of_url(url),
        None => named,
    }
}
