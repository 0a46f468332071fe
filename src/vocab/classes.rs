//! Data classes: a dotted tree (Fides names where it has them, and our own), with aliases and flags.
//!
//! Every question here accepts aliases, at any depth: `user.health.record_id` is `user.health_and_medical.record_id`. A class
//! below a known one may be unknown to the table (`user.contact.pager`): projects have leaves of their own.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// One entry of `data/classes.toml`, with the flags it has from the branch above filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    pub name: String,
    /// What sentences call it, in the plural: "precise location data".
    pub label: Option<String>,
    /// One line without a full stop.
    pub description: String,
    pub aliases: Vec<String>,
    /// About a person.
    pub personal: bool,
    pub sensitive: bool,
    /// An item about several people can be split so that each part follows its person.
    pub divisible: bool,
    /// Opens what it belongs to, and travels apart from it.
    pub key_material: bool,
}

/// What the table knows of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    Known(&'static Class),
    /// Unlisted, below a listed class. `suggestion` is a listed sibling that is spelt nearly alike.
    Below {
        parent: &'static Class,
        suggestion: Option<&'static str>,
    },
    /// Not even its first segment is listed.
    Unknown {
        suggestion: Option<&'static str>,
    },
}

/// Whether a class named in one place (a rule, a route) and a class named in another (a population) share data: one is the
/// other or lies below it. A population that declares `user` may send `user.contact.email`.
pub fn overlap(a: &str, b: &str) -> bool {
    covers(a, b) || covers(b, a)
}

/// Whether `branch` is `class` or lies above it.
pub fn covers(branch: &str, class: &str) -> bool {
    below(&canonical(branch), &canonical(class))
}

/// Key material: moves along `keys` routes, names for the same endpoint, and routes that name it, not with the content.
pub fn is_key_material(class: &str) -> bool {
    nearest(&canonical(class)).is_some_and(|c| c.key_material)
}

/// Whether it is about people, or a class below it is: books and maps are a country's, not those of people in it.
pub fn may_be_personal(class: &str) -> bool {
    nearest(&canonical(class)).is_none_or(|c| c.personal) || all().iter().any(|c| c.personal && covers(class, &c.name))
}

/// The listed class of this name or alias.
pub fn known(name: &str) -> Option<&'static Class> {
    TABLE.by_name.get(&*canonical(name)).map(|i| &TABLE.classes[*i])
}

/// Every listed class, in the order of the table: a branch stands before its leaves.
pub fn all() -> &'static [Class] {
    &TABLE.classes
}

/// The name with aliases replaced, also where the alias is a branch above: `pii.name` is `user.name`.
pub fn canonical(name: &str) -> Cow<'_, str> {
    let aliased = prefixes(name).find_map(|head| TABLE.aliases.get(head).map(|real| (real, &name[head.len()..])));
    match aliased {
        Some((real, tail)) => Cow::Owned(format!("{real}{tail}")),
        None => Cow::Borrowed(name),
    }
}

/// The listed name or alias nearest to a misspelt one.
pub fn suggest(name: &str) -> Option<&'static str> {
    match lookup(name) {
        Lookup::Known(class) => Some(&class.name),
        Lookup::Below { suggestion, .. } | Lookup::Unknown { suggestion } => suggestion,
    }
}

/// What the table knows of a name, for whoever has to accept or refuse it.
pub fn lookup(name: &str) -> Lookup {
    let real = canonical(name);
    if let Some(class) = known(&real) {
        return Lookup::Known(class);
    }
    let Some(parent) = nearest(&real).filter(|_| prefixes(name).all(|p| p.split('.').all(|segment| !segment.is_empty())))
    else {
        return Lookup::Unknown { suggestion: super::suggest(name, words()) };
    };
    // Only the first unlisted segment is compared: in a long dotted name almost any two leaves would look alike.
    let depth = parent.name.split('.').count();
    let segment = real.split('.').nth(depth).unwrap_or_default();
    let siblings = all().iter().filter_map(|c| c.name.rsplit_once('.').filter(|(above, _)| *above == parent.name));
    let near = super::suggest(segment, siblings.map(|(_, leaf)| leaf));
    let suggestion = near.and_then(|leaf| known(&format!("{}.{leaf}", parent.name))).map(|c| c.name.as_str());
    Lookup::Below { parent, suggestion }
}

/// Itself, if listed, or the closest listed class above. Takes a canonical name.
fn nearest(name: &str) -> Option<&'static Class> {
    prefixes(name).find_map(|head| TABLE.by_name.get(head)).map(|i| &TABLE.classes[*i])
}

fn below(branch: &str, class: &str) -> bool {
    class.strip_prefix(branch).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// `a.b.c`, `a.b`, `a`.
fn prefixes(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |n| n.rsplit_once('.').map(|(head, _)| head))
}

fn words() -> impl Iterator<Item = &'static str> {
    all().iter().flat_map(|c| std::iter::once(c.name.as_str()).chain(c.aliases.iter().map(String::as_str)))
}

struct Table {
    classes: Vec<Class>,
    by_name: BTreeMap<String, usize>,
    aliases: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    class: Vec<RawClass>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawClass {
    name: String,
    label: Option<String>,
    description: String,
    #[serde(default)]
    aliases: Vec<String>,
    personal: Option<bool>,
    sensitive: Option<bool>,
    divisible: Option<bool>,
    key_material: Option<bool>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let raw: RawTable = toml::from_str(include_str!("../../data/classes.toml")).expect("the class table is well-formed");
    let mut table = Table { classes: Vec::new(), by_name: BTreeMap::new(), aliases: BTreeMap::new() };
    for class in raw.class {
        let above = class.name.rsplit_once('.').and_then(|(head, _)| table.by_name.get(head)).map(|i| &table.classes[*i]);
        let flag = |own: Option<bool>, of: fn(&Class) -> bool| own.unwrap_or_else(|| above.is_some_and(of));
        let entry = Class {
            name: class.name.clone(),
            label: class.label,
            description: class.description,
            aliases: class.aliases.clone(),
            personal: flag(class.personal, |c| c.personal),
            sensitive: flag(class.sensitive, |c| c.sensitive),
            divisible: flag(class.divisible, |c| c.divisible),
            key_material: flag(class.key_material, |c| c.key_material),
        };
        table.aliases.extend(class.aliases.into_iter().map(|alias| (alias, class.name.clone())));
        table.by_name.insert(class.name, table.classes.len());
        table.classes.push(entry);
    }
    table
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn books_and_maps_are_nobodys_in_person() {
        for (class, expected) in [
            ("geospatial", false),
            ("records.tax", false),
            ("logs", true),
            ("user.contact", true),
            ("communications", true),
            ("system", false),
        ] {
            assert_eq!(may_be_personal(class), expected, "{class}");
        }
    }

    #[test]
    fn every_name_and_alias_is_there_once_and_after_its_branch() {
        let mut seen = std::collections::BTreeSet::new();
        for class in all() {
            assert!(
                class.name.rsplit_once('.').is_none_or(|(head, _)| seen.contains(head)),
                "{} before its branch",
                class.name
            );
            for word in std::iter::once(&class.name).chain(&class.aliases) {
                assert!(seen.insert(word.as_str()), "{word} twice");
            }
            assert!(!class.description.is_empty() && !class.description.ends_with('.'), "{}", class.name);
        }
    }

    #[test]
    fn flags_come_down_the_tree_unless_set() {
        let get = |name| known(name).expect(name);
        assert!(get("user.contact.email").personal && get("user.contact.email").divisible);
        assert!(!get("user.contact.book").divisible);
        assert!(get("communications.keys").key_material && !get("communications.content").key_material);
        assert!(get("communications.recordings").personal && !get("communications.recordings").divisible);
        assert!(!get("important").personal && get("logs.access").personal);
    }

    #[test]
    fn aliases_stand_for_branches_too() {
        assert_eq!(canonical("user.health.record_id"), "user.health_and_medical.record_id");
        assert_eq!(canonical("pii"), "user");
        assert_eq!(canonical("user.contact.pager"), "user.contact.pager");
        assert!(covers("user.health", "user.health_and_medical.genetic"));
        assert!(overlap("user.genetic", "health") && !overlap("user.biometrics", "user.health"));
    }

    #[test]
    fn a_branch_covers_whole_segments_only() {
        assert!(covers("user.contact", "user.contact.email") && covers("user", "user"));
        assert!(!covers("user.con", "user.contact") && !covers("user.contact", "user"));
        assert!(overlap("communications", "communications.keys") && !overlap("communications.content", "communications.keys"));
    }

    #[test]
    fn keys_are_keys_below_an_unlisted_leaf_as_well() {
        assert!(is_key_material("communications.keys") && is_key_material("communications.keys.session"));
        assert!(is_key_material("meeting-keys") && !is_key_material("communications") && !is_key_material(""));
    }

    #[test]
    fn unlisted_names_are_told_apart_from_misspelt_ones() {
        assert!(matches!(lookup("user.contact.pager"), Lookup::Below { suggestion: None, .. }));
        assert!(matches!(lookup("user.contact.emial"), Lookup::Below { suggestion: Some("user.contact.email"), .. }));
        assert!(matches!(lookup("usr"), Lookup::Unknown { suggestion: Some("user") }));
        assert!(matches!(lookup("frobnicate"), Lookup::Unknown { suggestion: None }));
        for odd in ["", ".", "user.", "user..name", ".user"] {
            assert!(matches!(lookup(odd), Lookup::Unknown { .. }), "{odd:?}");
        }
        assert_eq!(suggest("communications.contnet"), Some("communications.content"));
    }
}
