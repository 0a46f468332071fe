//! A version of a project as a folder: a folder itself, or a git revision of it, written out to a temporary folder by git.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Failure;

/// A folder with a version of the project. What git wrote out is removed when this goes.
pub struct Version {
    pub folder: PathBuf,
    _written_out: Option<tempfile::TempDir>,
}

/// `word` is a folder (or an onshore.toml), else a git revision of the repository that `project` lies in.
pub fn version(word: &str, project: &Path, around: &Path) -> Result<Version, Failure> {
    let folder = around.join(word);
    if folder.exists() {
        return Ok(Version { folder, _written_out: None });
    }
    let top = git(project, ["rev-parse", "--show-toplevel"], None).map_err(|_| {
        Failure::with_help(
            format!("`{word}` is neither a folder nor a saved assessment, and no git repository is here to ask for a revision"),
            "name two folders, two files of `onshore check --format json`, or run inside the repository",
        )
    })?;
    let commit =
        git(project, ["rev-parse", "--verify", "--end-of-options", &format!("{word}^{{commit}}")], None).map_err(|_| {
            Failure::with_help(
                format!("`{word}` is neither a folder nor a revision that git knows"),
                "`git log` shows revisions",
            )
        })?;
    let inside = git(project, ["rev-parse", "--show-prefix"], None)?;

    let written_out = tempfile::tempdir()?;
    let tree = written_out.path().join("tree");
    let index = written_out.path().join("index");
    // An index of our own, so that neither the user's index nor the work tree is touched.
    git(Path::new(&top), ["read-tree", &commit], Some(&index))?;
    let mut prefix = tree.clone().into_os_string();
    prefix.push("/");
    let mut to = std::ffi::OsString::from("--prefix=");
    to.push(prefix);
    git(Path::new(&top), [OsStr::new("checkout-index"), OsStr::new("--all"), OsStr::new("--force"), &to], Some(&index))?;
    let folder = tree.join(inside);
    if !folder.exists() {
        let why = format!("revision `{word}` has no folder of this project");
        return Err(Failure::with_help(why, "compare revisions in which the project's folder has the same path"));
    }
    Ok(Version { folder, _written_out: Some(written_out) })
}

/// Runs git in a folder; its output without the final line end.
fn git<S: AsRef<OsStr>>(folder: &Path, words: impl IntoIterator<Item = S>, index: Option<&Path>) -> Result<String, Failure> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(words);
    if let Some(index) = index {
        command.env("GIT_INDEX_FILE", index);
    }
    let output = command
        .output()
        .map_err(|e| Failure::with_help(format!("git could not be run: {e}"), "install git, or name two folders"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches(['\n', '\r']).to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::usage(format!("git: {}", said.lines().next().unwrap_or("it failed and did not say why"))))
}
