//! The public surface of the library, as `src/lib.rs` gives it out: names, fields, variants, signatures and traits, as the sources
//! write them. A change to it shows as a change of `tests/public_surface.txt`, and asks for a version and a line in the changelog. It knows
//! nothing of what follows from types alone (auto traits, bounds that are met elsewhere); `cargo semver-checks` does.
//!
//! `ONSHORE_BLESS=1 cargo test --test public_surface` writes the file anew.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "it reads sources and what it compares")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use quote::ToTokens;
use syn::{Fields, ImplItem, Item, UseTree, Visibility};

/// Tokens with the blanks that people write.
fn text(tokens: &impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (from, to) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        ("& ", "&"),
        (" ,", ","),
        (" ;", ";"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        ("[ ", "["),
        (" ]", "]"),
        (" :", ":"),
        ("' ", "'"),
    ] {
        text = text.replace(from, to);
    }
    text
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// What `pub use` gives out, by the module it comes from.
fn given_out(lib: &syn::File) -> BTreeMap<String, BTreeSet<String>> {
    fn walk(tree: &UseTree, path: &str, out: &mut BTreeMap<String, BTreeSet<String>>) {
        match tree {
            UseTree::Path(p) => walk(&p.tree, &format!("{path}/{}", p.ident), out),
            UseTree::Group(group) => group.items.iter().for_each(|t| walk(t, path, out)),
            UseTree::Name(name) => {
                out.entry(path.trim_start_matches('/').to_owned()).or_default().insert(name.ident.to_string());
            }
            other => panic!("`{}` gives out what this test cannot list", other.to_token_stream()),
        }
    }
    let mut out = BTreeMap::new();
    for item in &lib.items {
        match item {
            Item::Use(u) if is_public(&u.vis) => walk(&u.tree, "", &mut out),
            Item::Mod(m) if is_public(&m.vis) => {
                let hidden = m.attrs.iter().any(|a| text(a).contains("hidden"));
                assert!(hidden, "`{}` is public and not hidden", m.ident);
            }
            _ => {}
        }
    }
    out
}

/// All items of a module and of those below it.
fn items(path: &Path, out: &mut Vec<Item>) {
    let mut files = vec![path.with_extension("rs")];
    if path.is_dir() {
        let mut below: Vec<_> = std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
        below.sort();
        for file in below {
            match file.extension() {
                Some(end) if end == "rs" => files.push(file),
                None => items(&file, out),
                _ => {}
            }
        }
    }
    for file in files.into_iter().filter(|f| f.is_file()) {
        out.extend(syn::parse_file(&std::fs::read_to_string(&file).unwrap()).unwrap().items);
    }
}

fn fields(fields: &Fields, all: bool, out: &mut String) {
    for (i, field) in fields.iter().enumerate().filter(|(_, f)| all || is_public(&f.vis)) {
        let name = field.ident.as_ref().map_or_else(|| i.to_string(), ToString::to_string);
        writeln!(out, "    {name}: {}", text(&field.ty)).unwrap();
    }
    if !all && fields.iter().any(|f| !is_public(&f.vis)) {
        out.push_str("    (and what is private)\n");
    }
}

fn derives(attributes: &[syn::Attribute]) -> Vec<String> {
    let of = attributes.iter().filter(|a| a.path().is_ident("derive") || a.path().is_ident("non_exhaustive"));
    of.map(|a| text(&a.meta)).collect()
}

/// What is written of a type or a function, or nothing if it is not `name`.
fn declared(item: &Item, name: &str) -> Option<String> {
    let mut out = String::new();
    match item {
        Item::Struct(s) if s.ident == name => {
            writeln!(out, "struct {name}{} {}", text(&s.generics), derives(&s.attrs).join(" ")).unwrap();
            fields(&s.fields, false, &mut out);
        }
        Item::Enum(e) if e.ident == name => {
            writeln!(out, "enum {name}{} {}", text(&e.generics), derives(&e.attrs).join(" ")).unwrap();
            for variant in &e.variants {
                writeln!(out, "  {}", variant.ident).unwrap();
                fields(&variant.fields, true, &mut out);
            }
        }
        Item::Fn(f) if f.sig.ident == name => writeln!(out, "{}", text(&f.sig)).unwrap(),
        Item::Type(t) if t.ident == name => writeln!(out, "type {name} = {}", text(&t.ty)).unwrap(),
        _ => return None,
    }
    Some(out)
}

/// Public functions and traits of a type.
fn implemented(item: &Item, name: &str, out: &mut BTreeSet<String>) {
    let Item::Impl(i) = item else { return };
    if text(&i.self_ty).split('<').next() != Some(name) {
        return;
    }
    if let Some((_, of, _)) = &i.trait_ {
        out.insert(format!("  impl {} for {}", text(of), text(&i.self_ty)));
        return;
    }
    for member in &i.items {
        match member {
            ImplItem::Fn(f) if is_public(&f.vis) => {
                out.insert(format!("  {}", text(&f.sig)));
            }
            ImplItem::Const(c) if is_public(&c.vis) => {
                out.insert(format!("  const {}: {}", c.ident, text(&c.ty)));
            }
            _ => {}
        }
    }
}

#[test]
fn the_public_surface_is_the_one_that_was_agreed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lib = syn::parse_file(&std::fs::read_to_string(root.join("src/lib.rs")).unwrap()).unwrap();
    let mut listed = String::new();
    for (module, names) in given_out(&lib) {
        let mut all = Vec::new();
        items(&root.join("src").join(&module), &mut all);
        for name in names {
            let found: Vec<String> = all.iter().filter_map(|item| declared(item, &name)).collect();
            assert_eq!(found.len(), 1, "`{name}` is declared {} times below src/{module}", found.len());
            let mut members = BTreeSet::new();
            all.iter().for_each(|item| implemented(item, &name, &mut members));
            let head = found[0].lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
            write!(listed, "{head}\n{}\n", members.iter().map(|m| format!("{m}\n")).collect::<String>()).unwrap();
        }
    }
    let file = root.join("tests/public_surface.txt");
    if std::env::var_os("ONSHORE_BLESS").is_some() {
        std::fs::write(&file, &listed).unwrap();
    }
    let agreed = std::fs::read_to_string(&file).unwrap_or_default();
    let line = listed
        .lines()
        .zip(agreed.lines())
        .position(|(a, b)| a != b)
        .unwrap_or(agreed.lines().count().min(listed.lines().count()));
    assert!(
        listed == agreed,
        "the public surface is another than in tests/public_surface.txt, from line {} on: now `{}`, there `{}`",
        line + 1,
        listed.lines().nth(line).unwrap_or("nothing"),
        agreed.lines().nth(line).unwrap_or("nothing")
    );
}
