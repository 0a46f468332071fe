//! `onshore init`: a commented starter onshore.toml from what is found in the folder. Never overwrites.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::pipeline::{self, PROJECT_FILE};
use super::{Context, Failure};
use crate::report::{count, safe};
use crate::source::{Sources, load};

mod suggest;

#[derive(Debug, Args)]
pub struct Init {
    /// Folder to write it in
    path: Option<PathBuf>,
}

impl Init {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let folder = context.around.folder.join(self.path.unwrap_or_default());
        let mut loaded = load::load(&folder, &[], &[])?;
        let (formats, snapshot) = pipeline::survey(&mut loaded)?;
        let policies = policies(&loaded.sources);
        let text = starter(&folder_name(&folder), &formats, &policies) + &suggest::suggestions(&snapshot, &loaded.sources);
        let file = folder.join(PROJECT_FILE);
        let created = OpenOptions::new().write(true).create_new(true).open(&file);
        let mut created = created.map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => Failure::with_help(
                format!("`{}` is there already", file.display()),
                "onshore never overwrites it; edit it, or move it away",
            ),
            _ => Failure::usage(format!("`{}` cannot be written: {e}", file.display())),
        })?;
        created.write_all(text.as_bytes())?;
        let files: usize = formats.values().map(Vec::len).sum();
        let found = match files {
            0 => ", but no file here is one that onshore can read; add inventory or routing files".to_owned(),
            _ => format!(" for {} that onshore can read", count(files, "file", "files")),
        };
        let fill = if policies.is_empty() { "`[check] policies` and [[population]]" } else { "[[population]]" };
        let text = format!("{PROJECT_FILE} written{found}; fill in {fill}, then: onshore check");
        writeln!(context.out, "{}", context.options.wrap("", "  ", &text))?;
        Ok(0)
    }
}

fn folder_name(folder: &std::path::Path) -> String {
    let name = folder.canonicalize().ok().and_then(|f| f.file_name().map(|n| n.to_string_lossy().into_owned()));
    name.unwrap_or_else(|| "project".to_owned())
}

/// The policy packs among the files.
fn policies(sources: &Sources) -> Vec<String> {
    let packs = sources.iter().filter(|(_, s)| s.path.ends_with(".toml") && s.text.lines().any(|l| l.trim() == "[pack]"));
    packs.map(|(_, s)| s.path.clone()).collect()
}

/// The text. Inputs stay detected (no `include`), so that a file added tomorrow is read too.
fn starter(name: &str, formats: &BTreeMap<&'static str, Vec<String>>, policies: &[String]) -> String {
    let mut out = format!("[project]\nname = {}\n\n[inputs]\n", quoted(name));
    if formats.is_empty() {
        out.push_str("# Nothing was found that onshore can read. Formats: see the README.\n");
    }
    for (format, files) in formats {
        let _ = writeln!(out, "# {format}: {}", files.iter().take(5).map(|f| safe(f)).collect::<Vec<_>>().join(", "));
    }
    out.push_str(
        "# Without `include`, every file that onshore recognizes is read. Globs, relative to this file:
# include = [\"inventory/*.toml\", \"routing/*.conf\"]
# exclude = [\"tests/**\"]

[check]
# Files, or packs shipped with onshore (`onshore policy list`).
",
    );
    let policies: Vec<String> = policies.iter().map(|p| quoted(p)).collect();
    let _ = writeln!(out, "policies = [{}]", policies.join(", "));
    out.push_str(
        "fail-on = \"low\"          # critical | high | medium | low
indeterminate = \"fail\"   # fail: exit code 3 if something could not be decided | warn

# Whose data comes in, where: country of residence, data classes (`onshore explain user`), and the names people connect to.
# [[population]]
# id = \"eu-users\"
# origin = [\"DE\", \"FR\"]
# data = [\"user.contact\"]
# enters = [\"www.example.com\"]

# What sits in a store that no route explains.
# [[classify]]
# match = { kind = \"database\", name = \"accounts-*\" }
# holds = { data = [\"user.contact\"], origin = [\"DE\"] }
",
    );
    out
}

/// A JSON string is a TOML basic string too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
