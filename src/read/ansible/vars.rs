//! Variables: where they are written, which of several wins, and what a reference to another one gives.

use std::collections::BTreeMap;
use std::fmt;

use super::facts::deciding;
use crate::doc::{self, Node, Style};
use crate::read::{Set, paths, side_by_side};
use crate::source::{Location, SourceId, Span};

/// How an encrypted text begins (Ansible Vault, format 1.1 and 1.2).
pub const VAULT: &str = "$ANSIBLE_VAULT;";

/// A reference leads to a reference at most this often.
const MAX_DEPTH: u8 = 12;
/// So many references in one value are followed.
const MAX_STEPS: u16 = 200;
/// Names and addresses are shorter; what is longer is none.
const MAX_BYTES: usize = 4096;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    /// Encrypted with Ansible Vault.
    Vaulted,
    /// A list, a map or nothing: no variable that is looked at here is one.
    Other,
}

/// Values with the place where they are written, by name.
pub type Vars = BTreeMap<String, (Value, Location)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Group,
    Host,
}

/// Whose variables a file holds, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner<'p> {
    pub kind: Kind,
    /// The folder in which `group_vars` or `host_vars` stands; empty for the root.
    pub base: &'p str,
    pub name: &'p str,
    /// Of several files for one name only those of the lowest rank count: no extension or a folder, `.yml`, `.yaml`, `.json`.
    rank: u8,
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.kind == Kind::Group { "group" } else { "host" };
        write!(f, "{kind} `{}`", self.name)
    }
}

const EXTENSIONS: [&str; 3] = [".yml", ".yaml", ".json"];

/// `inventory/group_vars/web/main.yml` belongs to group `web` of what stands in `inventory`. Hidden files, backups and files of
/// other extensions belong to nobody, as Ansible's `host_group_vars` plug-in has it.
pub fn owner(path: &str) -> Option<Owner<'_>> {
    let parts: Vec<&str> = path.split('/').collect();
    let at = parts.iter().rposition(|p| matches!(*p, "group_vars" | "host_vars"))?;
    let kind = if parts[at] == "group_vars" { Kind::Group } else { Kind::Host };
    let below = parts.get(at + 1..)?;
    let (file, folders) = below.split_last()?;
    let base_len: usize = parts[..at].iter().map(|p| p.len() + 1).sum();
    let base = path.get(..base_len.saturating_sub(1)).unwrap_or("");
    if below.iter().any(|p| p.starts_with('.') || p.ends_with('~')) {
        return None;
    }
    if let Some((first, deeper)) = folders.split_first() {
        let known = !file.contains('.') || EXTENSIONS.iter().any(|e| file.ends_with(e));
        return (known && deeper.iter().all(|f| !f.contains('.'))).then_some(Owner { kind, base, name: first, rank: 0 });
    }
    let extension = (1_u8..).zip(EXTENSIONS).find(|(_, e)| file.ends_with(e));
    let (rank, name) = extension.map_or((0, *file), |(rank, e)| (rank, file.strip_suffix(e).unwrap_or(file)));
    Some(Owner { kind, base, name, rank })
}

/// One file of variables.
#[derive(Debug, Default)]
pub struct VarFile {
    pub vars: Vars,
    /// The whole file is encrypted.
    pub vaulted: bool,
    /// Why it could not be read, and where.
    pub broken: Option<(String, Span)>,
}

impl VarFile {
    fn read(text: &str, file: SourceId) -> Self {
        if text.trim_start().starts_with(VAULT) {
            return Self { vaulted: true, ..Self::default() };
        }
        let document = if text.trim_start().starts_with('{') { doc::json::parse(text) } else { doc::yaml::parse(text) };
        let mut this = Self::default();
        if let Some(problem) = document.problems().first() {
            this.broken = Some((problem.message.clone(), problem.span));
        }
        match document.root() {
            Some(root) if root.is_map() => this.vars = of_map(root, file),
            Some(root) if !root.is_null() && this.broken.is_none() => {
                this.broken = Some(("this is not a map of variables".to_owned(), root.span()));
            }
            _ => {}
        }
        this
    }

    /// What of it could say where a host stands.
    pub fn could_place(&self) -> Option<String> {
        if self.vaulted {
            return Some("an encrypted file of variables".to_owned());
        }
        if self.broken.is_some() {
            return Some("a broken file of variables".to_owned());
        }
        let first = deciding().find(|name| self.vars.contains_key(*name))?;
        Some(format!("the variable `{first}`"))
    }
}

/// The variables of a map; of nothing for anything else.
pub fn of_map(node: Node<'_>, file: SourceId) -> Vars {
    let mut vars = Vars::new();
    for entry in node.entries() {
        let value = match (entry.value.tag(), entry.value.text()) {
            (Some("!vault" | "!vault-encrypted"), _) => Value::Vaulted,
            (_, Some(text)) if text.trim_start().starts_with(VAULT) => Value::Vaulted,
            (_, Some(text)) if entry.value.style() == Some(Style::Quoted) || !entry.value.is_null() => {
                Value::Text(text.to_owned())
            }
            _ => Value::Other,
        };
        let at = Location::new(file, entry.value.used_at());
        // `tags: {team: pay}` are tags each.
        if matches!(entry.name(), "tags" | "labels") {
            for (name, value) in entry.value.entries().filter_map(|e| Some((e.name(), e.value.as_str()?))) {
                vars.insert(format!("tags.{name}"), (Value::Text(value.to_owned()), at));
            }
        }
        vars.insert(entry.name().to_owned(), (value, at));
    }
    vars
}

/// Every file of `group_vars` and `host_vars` that was read.
#[derive(Debug, Default)]
pub struct VarFiles {
    /// `(base, kind, name)` -> its files, in the order in which they are read.
    by_owner: BTreeMap<(String, Kind, String), Vec<SourceId>>,
    files: BTreeMap<SourceId, VarFile>,
}

impl VarFiles {
    pub fn new(set: &Set<'_>, ids: &[SourceId]) -> Self {
        let text = |id: &SourceId| set.sources.get(*id).text.as_str();
        let read = side_by_side(ids, |id| text(id).len(), |id| VarFile::read(text(id), *id));
        let mut ranked: BTreeMap<(String, Kind, String), Vec<(u8, SourceId)>> = BTreeMap::new();
        for id in ids {
            if let Some(o) = owner(&set.sources.get(*id).path) {
                ranked.entry((o.base.to_owned(), o.kind, o.name.to_owned())).or_default().push((o.rank, *id));
            }
        }
        let best = |files: Vec<(u8, SourceId)>| {
            let lowest = files.iter().map(|(rank, _)| *rank).min();
            files.into_iter().filter(|(rank, _)| Some(*rank) == lowest).map(|(_, id)| id).collect()
        };
        Self {
            by_owner: ranked.into_iter().map(|(owner, files)| (owner, best(files))).collect(),
            files: ids.iter().copied().zip(read).collect(),
        }
    }

    pub fn get(&self, id: SourceId) -> Option<&VarFile> {
        self.files.get(&id)
    }

    /// The folders whose variables an inventory in `folder` takes, the weakest first: beside it, and then those above it, in one
    /// of which its playbooks stand.
    pub fn bases(&self, folder: &str) -> Vec<String> {
        let speaks = |base: &&str| {
            let first = self.by_owner.range(((*base).to_owned(), Kind::Group, String::new())..).next();
            first.is_some_and(|((b, _, _), _)| b == base)
        };
        paths::ancestors(folder).filter(speaks).map(str::to_owned).collect()
    }

    pub fn of(&self, base: &str, kind: Kind, name: &str) -> impl Iterator<Item = (SourceId, &VarFile)> {
        let key = (base.to_owned(), kind, name.to_owned());
        self.by_owner.get(&key).into_iter().flatten().filter_map(|id| Some((*id, self.files.get(id)?)))
    }
}

/// What is known of one variable of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Its text, and the lines behind it from the use to the statement.
    Text(String, Vec<Location>),
    Vaulted(Location),
    /// Where the reference stands that could not be followed, and why.
    Unresolved(Location, String),
}

/// The variables of one host, the strongest first.
#[derive(Debug, Default)]
pub struct Layers<'v> {
    pub host: &'v str,
    pub layers: Vec<&'v Vars>,
}

impl Layers<'_> {
    fn raw(&self, name: &str) -> Option<&(Value, Location)> {
        self.layers.iter().find_map(|vars| vars.get(name))
    }

    /// A variable with the references in it resolved; `None` if nobody sets it, or not to a text.
    pub fn get(&self, name: &str) -> Option<Found> {
        let (value, at) = self.raw(name)?;
        match value {
            Value::Other => None,
            Value::Vaulted => Some(Found::Vaulted(*at)),
            Value::Text(text) => {
                let mut lines = vec![*at];
                let mut steps = 0;
                Some(match self.render(text, *at, 0, &mut steps, &mut lines) {
                    Ok(text) => Found::Text(text.trim().to_owned(), lines),
                    Err(found) => found,
                })
            }
        }
    }

    /// The names of all variables that begin so.
    pub fn beginning(&self, prefix: &str) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for vars in &self.layers {
            let range = vars.range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded));
            names.extend(range.map(|(name, _)| name.as_str()).take_while(|name| name.starts_with(prefix)));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Puts the values of plain references (`{{ name }}`) in. Everything else that Jinja can do needs Ansible.
    fn render(&self, text: &str, at: Location, depth: u8, steps: &mut u16, lines: &mut Vec<Location>) -> Result<String, Found> {
        let unresolved = |why: String| Found::Unresolved(at, why);
        if text.contains("{%") || text.contains("{#") {
            return Err(unresolved(format!("`{}` is a template, which only Ansible can evaluate", short(text))));
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((inside, behind)) = after.split_once("}}") else {
                return Err(unresolved(format!("`{}` begins a reference and does not end it", short(text))));
            };
            out.push_str(before);
            let name = inside.trim_matches(|c: char| c == '-' || c.is_whitespace());
            if !is_name(name) {
                let why =
                    format!("`{{{{ {} }}}}` is more than the name of a variable, which only Ansible can evaluate", short(name));
                return Err(unresolved(why));
            }
            *steps += 1;
            if depth >= MAX_DEPTH || *steps > MAX_STEPS || out.len() > MAX_BYTES {
                return Err(unresolved(format!("the references of `{}` lead too far, or in a circle", short(text))));
            }
            match (name, self.raw(name)) {
                ("inventory_hostname", _) => out.push_str(self.host),
                ("inventory_hostname_short", _) => out.push_str(self.host.split('.').next().unwrap_or(self.host)),
                (_, Some((Value::Text(value), there))) => {
                    lines.push(*there);
                    out.push_str(&self.render(value, *there, depth + 1, steps, lines)?);
                }
                (_, Some((Value::Vaulted, there))) => return Err(Found::Vaulted(*there)),
                (_, Some((Value::Other, _))) => return Err(unresolved(format!("the variable `{name}` is no text"))),
                (_, None) => return Err(unresolved(format!("no file that was read sets the variable `{name}`"))),
            }
            rest = behind;
        }
        out.push_str(rest);
        if out.len() > MAX_BYTES {
            return Err(unresolved(format!("`{}` becomes longer than any name", short(text))));
        }
        Ok(out)
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Enough of a text to recognize it by.
pub fn short(text: &str) -> String {
    let first: String = text.trim().chars().take(60).collect();
    if first.len() < text.trim().len() { format!("{first}...") } else { first }
}
