//! `onshore init`: a commented starter onshore.toml from what is found in the folder. Never overwrites.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::pipeline::{self, PROJECT_FILE};
use super::{Context, Failure};
use crate::lang::{Lang, count, say, tell};
use crate::report::safe;
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
        let lang = context.options.lang;
        let text =
            starter(&folder_name(&folder), &formats, &policies, lang) + &suggest::suggestions(&snapshot, &loaded.sources, lang);
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
        let (file, files) = (PROJECT_FILE, if files == 0 { None } else { Some(count(files, "file", "files")) });
        let written = match files {
            None => say!("{file} written, but no file here is one that onshore can read; add inventory or routing files", file),
            Some(files) => say!("{file} written for {files} that onshore can read", file, files),
        };
        let text = match policies.is_empty() {
            true => say!("{written}; fill in `[check] policies` and [[population]], then: onshore check", written),
            false => say!("{written}; fill in [[population]], then: onshore check", written),
        };
        writeln!(context.out, "{}", context.options.wrap("", "  ", &text.tell(context.options.lang)))?;
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
fn starter(name: &str, formats: &BTreeMap<&'static str, Vec<String>>, policies: &[String], lang: Lang) -> String {
    let mut out = format!("[project]\nname = {}\n", quoted(name));
    if lang != Lang::default() {
        let _ = writeln!(out, "lang = {}", quoted(lang.as_str()));
    }
    out.push_str("\n[inputs]\n");
    if formats.is_empty() {
        let _ = writeln!(out, "# {}", tell!(lang, "Nothing was found that onshore can read. Formats: see the README."));
    }
    for (format, files) in formats {
        let _ = writeln!(out, "# {format}: {}", files.iter().take(5).map(|f| safe(f)).collect::<Vec<_>>().join(", "));
    }
    let read = tell!(lang, "Without `include`, every file that onshore recognizes is read. Globs, relative to this file:");
    let _ = writeln!(out, "# {read}");
    out.push_str("# include = [\"inventory/*.toml\", \"routing/*.conf\"]\n# exclude = [\"tests/**\"]\n\n[check]\n");
    let _ = writeln!(out, "# {}", tell!(lang, "Files, or packs shipped with onshore (`onshore policy list`)."));
    let policies: Vec<String> = policies.iter().map(|p| quoted(p)).collect();
    let _ = writeln!(out, "policies = [{}]", policies.join(", "));
    let gate = tell!(lang, "fail: exit code 3 if something could not be decided | warn");
    let _ = writeln!(out, "fail-on = \"low\"          # critical | high | medium | low\nindeterminate = \"fail\"   # {gate}\n");
    let whose = tell!(
        lang,
        "Whose data comes in, where: country of residence, data classes (`onshore explain user`), and the names people connect to."
    );
    let _ = writeln!(out, "# {whose}");
    out.push_str(
        "# [[population]]
# id = \"eu-users\"
# origin = [\"DE\", \"FR\"]
# data = [\"user.contact\"]
# enters = [\"www.example.com\"]

",
    );
    let _ = writeln!(out, "# {}", tell!(lang, "What sits in a store that no route explains."));
    out.push_str(
        "# [[classify]]
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
