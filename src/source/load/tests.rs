use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// A project folder that goes away with the test.
struct Project(PathBuf);

impl Project {
    fn new(files: &[(&str, &[u8])]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("onshore-load-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(&root).unwrap();
        let this = Self(root);
        for (path, bytes) in files {
            let path = this.0.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        this
    }

    fn load(&self, include: &[&str], exclude: &[&str]) -> Loaded {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        load(&self.0, &own(include), &own(exclude)).unwrap()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn paths(loaded: &Loaded) -> Vec<&str> {
    loaded.sources.iter().map(|(_, s)| s.path.as_str()).collect()
}

fn skipped(loaded: &Loaded) -> Vec<(&str, &str, bool)> {
    loaded.skipped.iter().map(|s| (s.path.as_str(), s.reason.as_str(), s.matters)).collect()
}

#[test]
fn without_patterns_it_sees_what_git_sees() {
    let p = Project::new(&[
        ("b/main.tf", b"x"),
        ("a.yaml", b"x"),
        (".gitignore", b"secret.tf\nout/\n"),
        ("secret.tf", b"x"),
        ("out/x.tf", b"x"),
        (".hidden/x.tf", b"x"),
        (".terraform/modules/x.tf", b"x"),
        ("web/node_modules/p/package.json", b"{}"),
        ("target/debug/x.json", b"{}"),
        ("README.md", b"x"),
        ("LICENSE", b"x"),
        ("inventory", b"x"),
    ]);
    let loaded = p.load(&[], &[]);
    assert_eq!(paths(&loaded), ["a.yaml", "b/main.tf", "inventory"]);
    assert_eq!(loaded.explicit, [false, false, false]);
    assert_eq!(
        skipped(&loaded),
        [
            ("LICENSE", "documentation or a build file by its name", false),
            ("README.md", "not a config by its extension", false),
            ("target/", "a folder of fetched or built files", false),
            ("web/node_modules/", "a folder of fetched or built files", false),
        ]
    );
    assert_eq!(paths(&p.load(&[], &["b/**", "inv*"])), ["a.yaml"]);
    assert_eq!(paths(&p.load(&[], &["b"])), ["a.yaml", "inventory"], "a folder stands for all below it");
}

#[test]
fn with_patterns_it_reads_exactly_what_they_match() {
    let p = Project::new(&[
        (".gitignore", b"*.tf"),
        ("a/x.tf", b"x"),
        ("a/b/y.tf", b"x"),
        ("a/b/z.md", b"x"),
        ("c.toml", b"x"),
        ("a/.h.tf", b"x"),
        ("a/.terraform/m.tf", b"x"),
    ]);
    assert_eq!(paths(&p.load(&["a/*.tf"], &[])), ["a/x.tf"]);
    assert_eq!(paths(&p.load(&["./a/**/*.tf", "c.toml"], &[])), ["a/b/y.tf", "a/x.tf", "c.toml"]);
    assert_eq!(paths(&p.load(&["a/"], &["**/x.tf"])), ["a/b/y.tf"]);
    assert_eq!(skipped(&p.load(&["a/**"], &[])), [("a/b/z.md", "not a config by its extension", false)]);
    assert_eq!(paths(&p.load(&["a/**/*.md", "a/b/z.md"], &[])), ["a/b/z.md"]);
    assert_eq!(paths(&p.load(&["a/.*.tf"], &[])), ["a/.h.tf"]);
    assert_eq!(paths(&p.load(&["{a,c}*"], &[])), ["c.toml"]);
    assert!(p.load(&["c.toml"], &[]).explicit[0]);
}

#[test]
fn what_matches_nothing_is_reported() {
    let p = Project::new(&[("inventory/sites.toml", b"x")]);
    let loaded = p.load(&["inventory/site.toml", "dns/*.zone"], &[]);
    assert_eq!(loaded.errors[0].path, "inventory/site.toml");
    assert_eq!(loaded.errors[0].help.as_deref(), Some("did you mean `inventory/sites.toml`?"));
    assert_eq!(skipped(&loaded), [("dns/*.zone", "the include pattern matches no file", true)]);
}

#[test]
fn patterns_never_leave_the_root() {
    let p = Project::new(&[("a.tf", b"x")]);
    for pattern in ["../x", "/etc/passwd", "a/../../x", "[", ""] {
        let error = load(&p.0, &[pattern.to_owned()], &[]).unwrap_err();
        assert!(error.help.is_some(), "{pattern}: {error}");
    }
    assert!(load(&p.0.join("nowhere"), &[], &[]).is_err());
    assert!(load(&p.0.join("a.tf"), &[], &[]).unwrap_err().message.contains("not a project folder"));
}

#[cfg(unix)]
#[test]
fn links_inside_count_and_links_outside_are_refused() {
    use std::os::unix::fs::symlink;
    let outside = Project::new(&[("secret.conf", b"x"), ("d/e.conf", b"x")]);
    let p = Project::new(&[("available/site.conf", b"x"), ("enabled/.keep", b"")]);
    symlink("../available/site.conf", p.0.join("enabled/site.conf")).unwrap();
    symlink(outside.0.join("secret.conf"), p.0.join("enabled/secret.conf")).unwrap();
    symlink(outside.0.join("d"), p.0.join("enabled/dir")).unwrap();
    symlink("nothing", p.0.join("enabled/dangling.conf")).unwrap();
    symlink("..", p.0.join("enabled/loop")).unwrap();
    for loaded in [p.load(&[], &[]), p.load(&["**"], &[])] {
        assert_eq!(paths(&loaded), ["available/site.conf", "enabled/site.conf"]);
        assert_eq!(loaded.links, [(SourceId(1), SourceId(0))]);
        let reasons: Vec<_> = loaded.skipped.iter().map(|s| (s.path.as_str(), &s.reason[..23])).collect();
        assert_eq!(
            reasons,
            [
                ("enabled/dangling.conf", "a symbolic link to noth"),
                ("enabled/dir", "a symbolic link that le"),
                ("enabled/loop", "a symbolic link to the "),
                ("enabled/secret.conf", "a symbolic link that le"),
            ]
        );
    }
    let named = p.load(&["enabled/dir/e.conf", "enabled/secret.conf", "enabled/dir/*"], &[]);
    assert_eq!(paths(&named), Vec::<&str>::new());
    assert_eq!(named.skipped.iter().filter(|s| s.matters).count(), 3);
}

#[test]
fn texts_are_decoded_or_refused_with_the_line() {
    let utf16 = |text: &str, le: bool| -> Vec<u8> {
        let unit = |u: u16| if le { u.to_le_bytes() } else { u.to_be_bytes() };
        std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(unit).collect()
    };
    let (le, be) = (utf16("上海😀\n", true), utf16("b", false));
    let p = Project::new(&[
        ("bom.yaml", b"\xEF\xBB\xBFa: 1"),
        ("le.ini", &le),
        ("be.ini", &be),
        ("odd.ini", &le[..le.len() - 1]),
        ("gbk.conf", b"ok\n# \xC9\xCF\xBA\xA3\n"),
        ("gbk", b"\xC9"),
        ("image.conf", b"a\0b"),
        ("pool.xlsx", b"PK\0"),
        ("core", b"\0"),
        ("empty.tf", b""),
    ]);
    let loaded = p.load(&[], &[]);
    let texts: Vec<_> = loaded.sources.iter().map(|(_, s)| (s.path.as_str(), s.text.as_str())).collect();
    assert_eq!(texts, [("be.ini", "b"), ("bom.yaml", "a: 1"), ("empty.tf", ""), ("le.ini", "上海😀\n")]);
    assert_eq!(loaded.errors.len(), 3);
    assert!(loaded.errors[2].to_string().starts_with("pool.xlsx: the workbook is broken or cut off: "), "{}", loaded.errors[2]);
    assert_eq!(loaded.errors[0].to_string(), "gbk.conf:2: the text is not UTF-8: byte 0xC9 on line 2 does not belong");
    assert_eq!(loaded.errors[1].to_string(), "odd.ini:1: the text begins as UTF-16 and is broken on line 1");
    let names: Vec<_> = loaded.skipped.iter().map(|s| (s.path.as_str(), s.matters)).collect();
    assert_eq!(names, [("core", false), ("gbk", false), ("image.conf", true)]);
}

#[test]
fn bounds_are_clear_errors() {
    let p = Project::new(&[("a.tf", b"12345"), ("b.tf", b"12345"), ("c.tf", b"123456")]);
    let within = |file, total, files| load_within(&p.0, &[], &[], Limits { file, total, files });
    let loaded = within(5, 100, 10).unwrap();
    assert_eq!(paths(&loaded), ["a.tf", "b.tf"]);
    assert_eq!(loaded.errors[0].to_string(), "c.tf: the file is larger than 5 bytes, the most that is read");
    assert_eq!(within(9, 9, 10).unwrap_err().message, "the project's files are larger than 9 bytes together, at `b.tf`");
    assert_eq!(within(9, 99, 2).unwrap_err().message, "the project holds more than 2 files");
}

#[test]
fn one_file_by_path() {
    let p = Project::new(&[("p/us.toml", b"\xEF\xBB\xBFx"), ("geo.mmdb", b"\0\xFF")]);
    assert_eq!(read_one(&p.0.join("p/us.toml")).unwrap(), "x");
    assert_eq!(read_one_bytes(&p.0.join("geo.mmdb")).unwrap(), b"\0\xFF");
    let error = read_one(&p.0.join("p/uss.toml")).unwrap_err();
    assert!(error.message.contains("there is no such file"), "{error}");
    assert!(error.help.unwrap().ends_with("us.toml`?"));
    assert!(read_one(&p.0).unwrap_err().message.contains("not a regular file"));
}

#[test]
fn names_that_matter() {
    for name in [
        "a/main.tf",
        "x.YAML",
        "db.example.com",
        "hosts",
        "Caddyfile",
        "z.tfstate",
        "cmdb.xlsx",
        "n.conf.j2",
        "inventory/eu/prod",
    ] {
        assert!(matters_by_name(name), "{name}");
    }
    for name in
        ["README.md", "a.png", "src/main.rs", "LICENSE", "package.json", "Cargo.toml", "notes.txt", "x/prod", "dns/LICENSE"]
    {
        assert!(!matters_by_name(name), "{name}");
    }
}
