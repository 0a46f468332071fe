//! Loading: finds the project's files, bounds and decodes them. The only file-system access on the way in.
//!
//! It knows no format: which files hold infrastructure is judged by name only, and only to say whether leaving one out could
//! change the answer. Nothing outside the root is read, and nothing is left out without a word about it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use globset::GlobMatcher;
use ignore::{DirEntry, WalkBuilder};

use super::{Source, SourceId, Sources, glob};
use decode::{Undecodable, decode};
pub use names::matters_by_name;
use names::never_config;

mod decode;
mod names;
#[cfg(test)]
mod tests;
mod workbook;

/// Texts longer than this are refused with a clear error (offsets are `u32`).
pub const MAX_FILE_BYTES: u64 = 1 << 30;
/// More files than this are refused: the root is then hardly a project.
pub const MAX_FILES: usize = 200_000;
/// All texts together, in bytes.
pub const MAX_TOTAL_BYTES: u64 = 4 << 30;
/// Folders nested deeper than this are not entered.
const MAX_DEPTH: usize = 128;

/// The project's texts, and everything that was left out.
#[derive(Debug, Default)]
pub struct Loaded {
    pub sources: Sources,
    /// Per [`SourceId`]: an include pattern matched it.
    pub explicit: Vec<bool>,
    /// Symbolic links inside the project: the link and the file it stands for. Both are loaded; they count once.
    pub links: Vec<(SourceId, SourceId)>,
    /// Sorted by path.
    pub skipped: Vec<Skipped>,
    /// Files and folders that should have been read and could not be. Sorted by path.
    pub errors: Vec<LoadError>,
}

impl Loaded {
    /// Adds a text that did not come from a file (standard input, a test), as if a pattern had named it.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.explicit.push(true);
        self.sources.add(path, text)
    }

    /// Takes in the content of a file; its id, unless it is a workbook, whose sheets have several.
    fn take(&mut self, name: &str, bytes: Vec<u8>, explicit: bool) -> Result<Option<SourceId>, Untaken> {
        if !workbook::is_one(name) {
            let text = decode(bytes).map_err(Untaken::Text)?;
            self.explicit.push(explicit);
            return Ok(Some(self.sources.add(name, text)));
        }
        for sheet in workbook::sheets(bytes).map_err(|(message, help)| Untaken::Workbook(message, help))? {
            self.sources.add_sheet(name, sheet.name, sheet.text);
            self.explicit.push(explicit);
        }
        Ok(None)
    }

    /// Links and the paths of what they stand for.
    fn link(&mut self, links: &[(SourceId, String)]) {
        let ids: BTreeMap<&str, SourceId> = self.sources.iter().map(|(id, s)| (s.path.as_str(), id)).collect();
        self.links = links.iter().filter_map(|(link, target)| Some((*link, *ids.get(target.as_str())?))).collect();
    }

    pub fn is_explicit(&self, id: SourceId) -> bool {
        self.explicit.get(id.0 as usize).copied().unwrap_or(false)
    }
}

/// Why a file was not taken in.
enum Untaken {
    Text(Undecodable),
    /// Why, and what to do.
    Workbook(String, &'static str),
}

impl Untaken {
    fn error(self, path: &str) -> LoadError {
        match self {
            Self::Text(e) => e.error(path),
            Self::Workbook(message, help) => LoadError::new(path, message).help(help),
        }
    }
}

/// A file (or a pattern without files) that was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    pub path: String,
    /// "binary", "a symbolic link that leaves the project": completes "`path` was not read: ...".
    pub reason: String,
    /// What lets it be read, or says that nothing is missing.
    pub remedy: String,
    /// It could hold infrastructure: leaving it out is a gap. See [`matters_by_name`].
    pub matters: bool,
}

const LEAVE_OUT: &str = "if no data moves by it, leave it out with `[inputs] exclude`";
const PUT_INSIDE: &str = "put the file itself into the project, or leave the link out with `[inputs] exclude`";

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoadError {
    /// Relative to the root where it lies inside, else as given.
    pub path: String,
    /// From 1.
    pub line: Option<u32>,
    pub message: String,
    pub help: Option<String>,
}

impl LoadError {
    fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, message: message.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{}: {}", self.path, line, self.message),
            None => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

impl std::error::Error for LoadError {}

/// Loads the project at `root`.
///
/// With `include` patterns: exactly the files they match (globs relative to the root, `**` crosses folders, a folder stands for
/// all below it; pictures, documents and source code only where a pattern spells their extension). Without: every text that `git`
/// would see, but for hidden files (save `.env` and the folder `.fides`) and the folders of [`PRUNED`]. In both cases also the modules that Terraform
/// fetched for files among them (`.terraform/modules`). `exclude` takes files away from both.
///
/// # Errors
/// The root is no folder, a pattern is malformed or leaves the root, or there is more than the bounds allow.
pub fn load(root: &Path, include: &[String], exclude: &[String]) -> Result<Loaded, LoadError> {
    load_within(root, include, exclude, Limits { file: MAX_FILE_BYTES, total: MAX_TOTAL_BYTES, files: MAX_FILES })
}

/// Reads one text that is named by its path (a policy file), which may lie anywhere.
///
/// # Errors
/// It is missing, unreadable, too large, or neither UTF-8 nor UTF-16.
pub fn read_one(path: &Path) -> Result<String, LoadError> {
    let name = slashed(path);
    let bytes = read_one_bytes(path)?;
    decode(bytes).map_err(|e| e.error(&name))
}

/// Reads one file as bytes (an MMDB).
///
/// # Errors
/// It is missing, unreadable or too large.
pub fn read_one_bytes(path: &Path) -> Result<Vec<u8>, LoadError> {
    let name = slashed(path);
    read_bounded(path, MAX_FILE_BYTES).map_err(|message| {
        let error = LoadError::new(name, message);
        match near_name(path) {
            Some(near) if !path.exists() => error.help(format!("did you mean `{near}`?")),
            _ => error,
        }
    })
}

/// A project's files in memory, as they were loaded once.
#[derive(Debug, Default)]
pub struct Held {
    /// By path.
    pub files: BTreeMap<String, HeldFile>,
    pub skipped: Vec<Skipped>,
    pub errors: Vec<LoadError>,
}

#[derive(Debug)]
pub struct HeldFile {
    pub bytes: Vec<u8>,
    /// An include pattern matched it.
    pub explicit: bool,
    /// For a symbolic link: the path of what it stands for.
    pub target: Option<String>,
}

/// Takes in files that are held in memory, as [`load`] took them in from their folder.
///
/// # Errors
/// One of them is no text or workbook that can be read: it cannot have been loaded.
pub fn held(held: Held) -> Result<Loaded, LoadError> {
    let mut loaded = Loaded { skipped: held.skipped, errors: held.errors, ..Loaded::default() };
    let mut links = Vec::new();
    for (name, file) in held.files {
        let id = loaded.take(&name, file.bytes, file.explicit).map_err(|e| e.error(&name))?;
        links.extend(id.zip(file.target));
    }
    loaded.link(&links);
    Ok(loaded)
}

/// The bytes of a file that was loaded as these sources.
///
/// # Errors
/// It cannot be read any more, or is no longer what was loaded.
pub fn bytes_again<'a>(root: &Path, path: &str, was: impl Iterator<Item = &'a Source>) -> Result<Vec<u8>, LoadError> {
    let bytes = read_one_bytes(&root.join(path))?;
    let mut again = Loaded::default();
    let taken = again.take(path, bytes.clone(), true);
    let told = |s: &'a Source| (&s.sheet, &s.text);
    if taken.is_err() || !again.sources.iter().map(|(_, s)| (&s.sheet, &s.text)).eq(was.map(told)) {
        return Err(LoadError::new(path, "the file changed while it was read").help("run onshore again"));
    }
    Ok(bytes)
}

/// Folders that hold fetched or built things, never the project's own words.
pub const PRUNED: [&str; 4] = [".git", ".terraform", "node_modules", "target"];

/// Folders of a fetched module that no call of it reaches.
const FETCHED_ASIDE: [&str; 4] = [".git", "examples", "test", "tests"];

#[derive(Clone, Copy)]
struct Limits {
    file: u64,
    total: u64,
    files: usize,
}

/// A file that is to be read.
struct Candidate {
    explicit: bool,
    /// For a symbolic link: what it stands for, relative to the root.
    target: Option<String>,
}

struct Finder {
    root: PathBuf,
    limits: Limits,
    exclude: Vec<Pattern>,
    found: BTreeMap<String, Candidate>,
    skipped: BTreeSet<Skipped>,
    errors: BTreeSet<LoadError>,
}

fn load_within(root: &Path, include: &[String], exclude: &[String], limits: Limits) -> Result<Loaded, LoadError> {
    let shown = slashed(root);
    let root = root.canonicalize().map_err(|e| {
        let error = LoadError::new(shown.as_str(), format!("the project folder cannot be opened: {}", plain(&e)));
        match near_name(root) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error,
        }
    })?;
    if !root.is_dir() {
        return Err(LoadError::new(shown, "this is a file, not a project folder")
            .help("give the folder that holds it, and name the file under `[inputs] include`"));
    }
    let compile = |list: &[String]| list.iter().map(|p| Pattern::new(p, &root)).collect::<Result<Vec<_>, _>>();
    let include = compile(include)?;
    let mut finder = Finder {
        limits,
        exclude: compile(exclude)?,
        found: BTreeMap::new(),
        skipped: BTreeSet::new(),
        errors: BTreeSet::new(),
        root,
    };
    if include.is_empty() {
        finder.walk_all()?;
    } else {
        for pattern in &include {
            finder.walk_pattern(pattern)?;
        }
    }
    finder.fetched_modules()?;
    finder.read()
}

impl Finder {
    /// Without patterns: what git would see.
    fn walk_all(&mut self) -> Result<(), LoadError> {
        let root = self.root.clone();
        let pruned = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&pruned);
        let walk = WalkBuilder::new(&root)
            .follow_links(false)
            .max_depth(Some(MAX_DEPTH))
            .hidden(false)
            .require_git(false)
            // Only what lies inside the root may decide what is read: the same project gives the same report elsewhere.
            .parents(false)
            .git_global(false)
            .git_exclude(false)
            .filter_entry(move |entry| {
                // Compose takes its variables from the one, Fides its manifests from the other.
                let known = |n: &str| n == ".env" || (n == ".fides" && is_folder(entry));
                let hidden = entry.file_name().to_str().is_some_and(|n| n.starts_with('.') && !known(n));
                if hidden && entry.depth() > 0 {
                    return false;
                }
                let prune = is_folder(entry) && entry.depth() > 0 && named_pruned(entry);
                if prune && let Ok(mut list) = record.lock() {
                    list.push(entry.path().to_path_buf());
                }
                !prune
            })
            .build();
        for entry in walk {
            self.entry(entry, None)?;
        }
        for folder in pruned.lock().map(|list| list.clone()).unwrap_or_default() {
            if let Some(path) = relative(&self.root, &folder) {
                self.skip(&format!("{path}/"), "a folder of fetched or built files", LEAVE_OUT, false);
            }
        }
        Ok(())
    }

    /// Terraform modules that were fetched for configurations of the project: what these make cannot be told without them. They
    /// lie in a hidden folder that git does not see, beside the files that were found.
    fn fetched_modules(&mut self) -> Result<(), LoadError> {
        let is_module = |path: &str| [".tf", ".tf.json", ".tofu"].iter().any(|end| path.ends_with(end));
        let files = self.found.keys().filter(|path| is_module(path));
        let folders: BTreeSet<PathBuf> = files.filter_map(|p| Some(self.root.join(p).parent()?.to_owned())).collect();
        for folder in folders {
            let cache = folder.join(".terraform/modules");
            if !cache.is_dir() || !self.is_inside(&cache) {
                continue;
            }
            let walk = WalkBuilder::new(&cache)
                .follow_links(false)
                .max_depth(Some(MAX_DEPTH))
                .standard_filters(false)
                .filter_entry(|entry| !(is_folder(entry) && FETCHED_ASIDE.iter().any(|f| entry.file_name() == *f)))
                .build();
            for entry in walk {
                let name = entry.as_ref().map_or_else(|_| String::new(), |e| e.file_name().to_string_lossy().into_owned());
                if is_module(&name) || name == "modules.json" || name.ends_with(".tftpl") {
                    self.entry(entry, None)?;
                }
            }
        }
        Ok(())
    }

    /// Everything one include pattern matches.
    fn walk_pattern(&mut self, pattern: &Pattern) -> Result<(), LoadError> {
        let start = self.root.join(&pattern.literal);
        if pattern.is_literal() && !start.is_dir() {
            if fs::symlink_metadata(&start).is_err() {
                let error = LoadError::new(pattern.text.as_str(), "no such file, though an include pattern names it");
                self.errors.insert(match near_name(&start).and_then(|near| relative(&self.root, Path::new(&near))) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error.help("correct or remove the pattern under `[inputs] include`"),
                });
                return Ok(());
            }
            return self.file(&start, Some(pattern));
        }
        let mut matched = false;
        if start.is_dir() && self.is_inside(&start) {
            let own_words = pattern.clone();
            let walk = WalkBuilder::new(&start)
                .follow_links(false)
                .max_depth(Some(MAX_DEPTH))
                .standard_filters(false)
                .filter_entry(move |entry| entry.depth() == 0 || own_words.admits(entry))
                .build();
            for entry in walk {
                matched |= self.entry(entry, Some(pattern))?;
            }
        }
        if !matched {
            self.skip(
                &pattern.text,
                "the include pattern matches no file",
                "correct the pattern, or take it out of `[inputs] include`",
                true,
            );
        }
        Ok(())
    }

    /// Takes in one step of a walk; says whether the pattern matched.
    fn entry(&mut self, entry: Result<DirEntry, ignore::Error>, pattern: Option<&Pattern>) -> Result<bool, LoadError> {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) => {
                let path = error_path(&e).and_then(|p| relative(&self.root, p)).unwrap_or_else(|| ".".to_owned());
                let what = e.io_error().map_or_else(|| e.to_string(), |io| plain(io).to_owned());
                self.errors.insert(LoadError::new(path, format!("this could not be looked into: {what}")));
                return Ok(false);
            }
        };
        if is_folder(&entry) {
            if entry.depth() >= MAX_DEPTH
                && let Some(path) = relative(&self.root, entry.path())
            {
                let remedy = "name the folder itself under `[inputs] include`, or leave it out with `[inputs] exclude`";
                self.skip(&format!("{path}/"), "folders nested this deep are not looked into", remedy, true);
            }
            return Ok(false);
        }
        if let Some(pattern) = pattern {
            match relative(&self.root, entry.path()) {
                Some(path) if pattern.matches(&path) => {}
                _ => return Ok(false),
            }
        }
        self.file(entry.path(), pattern)?;
        Ok(true)
    }

    /// Decides about one file, without opening it.
    fn file(&mut self, path: &Path, pattern: Option<&Pattern>) -> Result<(), LoadError> {
        let explicit = pattern.is_some();
        let Some(name) = relative(&self.root, path) else {
            let shown = slashed(path.strip_prefix(&self.root).unwrap_or(path));
            let matters = explicit || matters_by_name(&shown);
            self.skip(&shown, "its name is not valid UTF-8", "rename it, or leave it out with `[inputs] exclude`", matters);
            return Ok(());
        };
        if self.exclude.iter().any(|e| e.matches(&name)) {
            return Ok(());
        }
        let matters = explicit || matters_by_name(&name);
        let Ok(meta) = fs::symlink_metadata(path) else {
            self.errors.insert(LoadError::new(name, "the file cannot be looked at"));
            return Ok(());
        };
        let mut target = None;
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(_) if meta.is_symlink() => {
                self.skip(&name, "a symbolic link to nothing", PUT_INSIDE, matters);
                return Ok(());
            }
            Err(e) => {
                self.errors.insert(LoadError::new(name, format!("the file cannot be opened: {}", plain(&e))));
                return Ok(());
            }
        };
        let Some(inside) = relative(&self.root, &real) else {
            let reason = "a symbolic link that leaves the project; nothing outside the project folder is read";
            self.skip(&name, reason, PUT_INSIDE, matters);
            return Ok(());
        };
        if meta.is_symlink() && real.is_dir() {
            let reason = format!("a symbolic link to the folder `{inside}`, which is read under its own name");
            self.skip(&name, &reason, "name that folder under `[inputs] include`", explicit);
            return Ok(());
        }
        if inside != name {
            target = Some(inside);
        }
        if !real.is_file() {
            self.skip(&name, "not a regular file", LEAVE_OUT, matters);
            return Ok(());
        }
        // `infra/**` does not mean the pictures in there.
        if !pattern.is_some_and(|p| p.spells(&name))
            && let Some(reason) = never_config(&name)
        {
            self.skip(&name, reason, LEAVE_OUT, false);
            return Ok(());
        }
        let known = self.found.entry(name).or_insert(Candidate { explicit, target });
        known.explicit |= explicit;
        if self.found.len() > self.limits.files {
            let message = format!("the project holds more than {} files", self.limits.files);
            return Err(LoadError::new(".", message).help("name the files to read under `[inputs] include`"));
        }
        Ok(())
    }

    /// Opens, bounds and decodes every candidate in the order of paths.
    fn read(mut self) -> Result<Loaded, LoadError> {
        let mut loaded = Loaded::default();
        let mut total = 0;
        let mut links = Vec::new();
        for (name, candidate) in std::mem::take(&mut self.found) {
            let matters = candidate.explicit || matters_by_name(&name);
            let bytes = match read_bounded(&self.root.join(&name), self.limits.file) {
                Ok(bytes) => bytes,
                Err(message) => {
                    self.errors.insert(LoadError::new(name, message));
                    continue;
                }
            };
            total += bytes.len() as u64;
            if total > self.limits.total {
                let message = format!("the project's files are larger than {} together, at `{name}`", size(self.limits.total));
                return Err(LoadError::new(".", message).help("name the files to read under `[inputs] include`"));
            }
            match loaded.take(&name, bytes, candidate.explicit) {
                Ok(id) => links.extend(id.zip(candidate.target)),
                Err(Untaken::Text(Undecodable::Binary)) => self.skip(&name, "binary (it holds NUL bytes)", LEAVE_OUT, matters),
                Err(e @ Untaken::Text(_)) if !matters => self.skip(&name, &e.error(&name).message, LEAVE_OUT, false),
                Err(e) => _ = self.errors.insert(e.error(&name)),
            }
        }
        loaded.link(&links);
        loaded.skipped = self.skipped.into_iter().collect();
        loaded.errors = self.errors.into_iter().collect();
        Ok(loaded)
    }

    fn skip(&mut self, path: &str, reason: &str, remedy: &str, matters: bool) {
        self.skipped.insert(Skipped { path: path.to_owned(), reason: reason.to_owned(), remedy: remedy.to_owned(), matters });
    }

    fn is_inside(&self, path: &Path) -> bool {
        path.canonicalize().is_ok_and(|real| real.starts_with(&self.root))
    }
}

/// A glob relative to the root, as the user wrote it.
#[derive(Clone)]
struct Pattern {
    text: String,
    matcher: GlobMatcher,
    /// The leading components without wildcards: where a walk begins.
    literal: String,
    /// A folder without wildcards: everything below it.
    folder: Option<String>,
    hidden: bool,
}

impl Pattern {
    fn new(text: &str, root: &Path) -> Result<Self, LoadError> {
        let bad = |message: String| LoadError::new(text, message);
        let mut clean = text.trim().replace('\\', "/");
        while let Some(rest) = clean.strip_prefix("./") {
            clean = rest.to_owned();
        }
        let clean = clean.trim_end_matches('/');
        if clean.is_empty() {
            return Err(bad("this pattern is empty".to_owned()).help("write `**` for every file of the project"));
        }
        let leaves = |c| matches!(c, Component::ParentDir | Component::RootDir | Component::Prefix(_));
        if Path::new(clean).components().any(leaves) {
            return Err(bad("this pattern leaves the project folder; patterns are relative to it".to_owned())
                .help("run onshore on the folder that holds all inputs"));
        }
        let matcher = glob::compile(clean, true).map_err(|why| {
            bad(format!("this is not a pattern: {why}")).help("`*`, `**`, `?`, `[a-z]` and `{a,b}` are known")
        })?;
        let literal: Vec<&str> = clean.split('/').take_while(|part| !part.contains(['*', '?', '[', '{'])).collect();
        let literal = literal.join("/");
        let folder = (literal == clean && root.join(&literal).is_dir()).then(|| format!("{clean}/"));
        let hidden = clean.split('/').any(|part| part.starts_with('.'));
        Ok(Self { text: text.to_owned(), matcher, literal, folder, hidden })
    }

    fn is_literal(&self) -> bool {
        self.literal == self.text || !self.text.contains(['*', '?', '[', '{'])
    }

    fn matches(&self, path: &str) -> bool {
        self.matcher.is_match(path) || self.folder.as_deref().is_some_and(|f| path.starts_with(f))
    }

    /// Whether the pattern asks for this file or its extension in so many words.
    fn spells(&self, path: &str) -> bool {
        let extension = |p: &str| p.rsplit('/').next().and_then(|n| n.rsplit_once('.')).map(|(_, e)| e.to_owned());
        self.is_literal() && self.folder.is_none() || extension(path).is_some_and(|e| extension(&self.text) == Some(e))
    }

    /// Whether a walk for this pattern looks at an entry: like a shell, hidden ones only if the pattern spells a dot; folders of
    /// fetched files only if it names them.
    fn admits(&self, entry: &DirEntry) -> bool {
        let name = entry.file_name().to_string_lossy();
        if name.starts_with('.') && !self.hidden {
            return false;
        }
        let fetched = is_folder(entry) && named_pruned(entry) && name != "target";
        !fetched || self.text.split('/').any(|part| part == name)
    }
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|t| t.is_dir())
}

fn named_pruned(entry: &DirEntry) -> bool {
    PRUNED.iter().any(|p| entry.file_name() == *p)
}

fn error_path(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => error_path(err),
        ignore::Error::Loop { child, .. } => Some(child),
        _ => None,
    }
}

/// Relative to the root, with `/`; `None` if outside or not UTF-8.
fn relative(root: &Path, path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.strip_prefix(root).ok()?.components().map(|c| c.as_os_str().to_str()).collect();
    parts.map(|p| p.join("/"))
}

fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

/// Reads a regular file of at most `limit` bytes.
fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let cannot = |e: std::io::Error| format!("the file cannot be read: {}", plain(&e));
    // Looked at first: opening a pipe would wait for ever.
    let meta = fs::metadata(path).map_err(cannot)?;
    if !meta.is_file() {
        return Err("this is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    if meta.len() <= limit {
        // Room for all of it at once: growing by doubling would keep up to twice the file.
        bytes.reserve_exact(usize::try_from(meta.len()).unwrap_or(0) + 1);
        // The file may grow while it is read.
        File::open(path).and_then(|f| f.take(limit + 1).read_to_end(&mut bytes)).map_err(cannot)?;
    }
    if meta.len() > limit || bytes.len() as u64 > limit {
        return Err(format!("the file is larger than {}, the most that is read", size(limit)));
    }
    Ok(bytes)
}

fn size(bytes: u64) -> String {
    match bytes {
        b if b >= 1 << 30 => format!("{} GiB", b >> 30),
        b if b >= 1 << 20 => format!("{} MiB", b >> 20),
        b => format!("{b} bytes"),
    }
}

/// An IO error in words, without the number of the operating system.
fn plain(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as K;
    match error.kind() {
        K::NotFound => "there is no such file",
        K::PermissionDenied => "permission denied",
        K::NotADirectory => "a part of the path is not a folder",
        K::IsADirectory => "this is a folder",
        K::Interrupted | K::TimedOut => "the read was interrupted",
        K::InvalidFilename => "the name is not valid here",
        _ => "the file system reports an error",
    }
}

/// The sibling whose name is nearest to a path that does not exist, as an absolute or given path.
fn near_name(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> =
        fs::read_dir(parent).ok()?.take(10_000).filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    let scored = names.into_iter().map(|n| (strsim::jaro_winkler(&n.to_lowercase(), &wanted.to_lowercase()), n));
    let (score, near) = scored.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    (score > 0.8).then(|| slashed(&parent.join(near)))
}
