//! The parameters of a real PostgreSQL server against the reader's table. Needs Debian's `postgresql`; says so and is skipped without.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test starts programs, may panic and says what it skips

use onshore::read::postgres::Postgres;
use onshore::read::{Input, Reader};
use onshore::source::Sources;

/// Where Debian puts servers, newest last, and wherever the path leads.
fn server() -> Option<std::path::PathBuf> {
    let debian =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|e| e.path().join("bin/postgres"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|p| p.join("postgres")).collect::<Vec<_>>();
    let mut found: Vec<_> = debian.chain(on_path).filter(|p| p.is_file()).collect();
    found.sort();
    found.pop()
}

#[test]
fn every_parameter_is_in_the_table() {
    let listed = server().and_then(|s| std::process::Command::new(s).arg("--describe-config").output().ok());
    let Some(listed) = listed.filter(|o| o.status.success()) else {
        println!("skipped: no PostgreSQL server is installed (package postgresql)");
        return;
    };
    let text = String::from_utf8(listed.stdout).unwrap();
    let names: Vec<&str> = text.lines().filter_map(|l| l.split('\t').next()).collect();
    assert!(names.len() > 200, "{} parameters", names.len());
    let file: String = names.iter().map(|n| format!("{n} = ''\n")).collect();
    let mut sources = Sources::default();
    let id = sources.add("postgresql.conf", file);
    let reading = Postgres.read(&Input::new(&sources, id));
    let unknown: Vec<&str> =
        reading.facts.gaps.iter().filter(|g| g.message.contains("not a setting")).map(|g| g.message.as_str()).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}
