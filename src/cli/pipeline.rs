//! The stages between a command and its report: find the project, load and read it, link it, locate it, load its policies.
//! Commands share these; none of them decides anything.

use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::{Context, Failure, ProjectArgs};
use crate::check::{Question, assess};
use crate::finding::{Assessment, Coverage};
use crate::geo::Atlas;
use crate::model::Snapshot;
use crate::policy::{self, Pack};
use crate::project::{self, InputOverride, Project};
use crate::read;
use crate::source::load::{self, Loaded};
use crate::source::{InputError, SourceId, Sources, Span, Spanned};

pub const PROJECT_FILE: &str = "onshore.toml";

/// A project that was read and linked, before any policy.
pub struct Opened {
    pub root: PathBuf,
    pub project: Project,
    pub sources: Sources,
    pub snapshot: Snapshot,
    pub coverage: Coverage,
    pub as_of: Date,
}

/// Where a project is: its folder, and its file if there is one.
pub struct Place {
    pub root: PathBuf,
    pub file: Option<PathBuf>,
}

/// The project that `path` names. Without one: the nearest folder upwards that has an onshore.toml, else the current folder.
pub fn find(path: Option<&Path>, folder: &Path) -> Result<Place, Failure> {
    let Some(path) = path else {
        let found = folder.ancestors().map(|f| f.join(PROJECT_FILE)).find(|f| f.is_file());
        return Ok(match found {
            Some(file) => Place { root: file.parent().unwrap_or(folder).to_owned(), file: Some(file) },
            None => Place { root: folder.to_owned(), file: None },
        });
    };
    let path = folder.join(path);
    if path.is_dir() {
        let file = Some(path.join(PROJECT_FILE)).filter(|f| f.is_file());
        return Ok(Place { root: path, file });
    }
    if path.extension().is_some_and(|e| e == "toml") && path.is_file() {
        return Ok(Place { root: path.parent().unwrap_or(folder).to_owned(), file: Some(path) });
    }
    Err(Failure::with_help(
        format!("`{}` is neither a folder nor an {PROJECT_FILE}", path.display()),
        "name the folder that holds the inventory and routing files",
    ))
}

/// Loads, reads and links the project.
pub fn open(path: Option<&Path>, args: &ProjectArgs, context: &Context<'_>) -> Result<Opened, Failure> {
    let place = find(path, &context.around.folder)?;
    let as_of = args.as_of(context.around);
    let (mut project, mut loaded) = load_project(&place)?;
    apply(args, &mut project, &context.around.folder)?;

    let read = read::read_all(&loaded, &project);
    let coverage = Coverage { files_read: read.files_read, files_skipped: read.files_skipped, ..Coverage::default() };
    let snapshot = crate::link::link(read.facts, &project, &loaded.sources);
    let sources = std::mem::take(&mut loaded.sources);
    Ok(Opened { root: place.root, project, sources, snapshot, coverage, as_of })
}

/// The project file is read twice: first for what to load, then at its place among everything that was loaded.
fn load_project(place: &Place) -> Result<(Project, Loaded), Failure> {
    let Some(file) = &place.file else {
        let loaded = load::load(&place.root, &[], &[])?;
        return Ok((Project::default(), loaded));
    };
    let name = file.file_name().map_or_else(|| PROJECT_FILE.to_owned(), |n| n.to_string_lossy().into_owned());
    let text = load::read_one(file)?;
    let mut alone = Sources::default();
    let id = alone.add(name.clone(), text.clone());
    let project = checked(project::parse(id, &text), alone)?;

    let words = |list: &[Spanned<String>]| list.iter().map(|s| s.value.clone()).collect::<Vec<_>>();
    let mut loaded = load::load(&place.root, &words(&project.inputs.include), &words(&project.inputs.exclude))?;
    let id = loaded.sources.find(&name).unwrap_or_else(|| loaded.add(name, text.clone()));
    let project = checked(project::parse(id, &text), Sources::default())?;
    Ok((project, loaded))
}

/// A parsed thing, if it had no errors.
fn checked<T>((value, errors): (Option<T>, Vec<InputError>), sources: Sources) -> Result<T, Failure> {
    match value {
        Some(value) if errors.is_empty() => Ok(value),
        _ => Err(Failure::Input { errors, sources }),
    }
}

/// What the command line says goes before what the file says.
fn apply(args: &ProjectArgs, project: &mut Project, folder: &Path) -> Result<(), Failure> {
    let spanned = |value: String| Spanned::new(value, Span::default());
    if let Some(format) = &args.input_format {
        let formats: Vec<&str> = read::READERS.iter().map(|r| r.format()).collect();
        if !formats.contains(&format.as_str()) {
            return Err(Failure::unknown(format, "input format", formats));
        }
        let everything = InputOverride {
            path: spanned("**".into()),
            format: Some(spanned(format.clone())),
            site: None,
            network_scope: None,
        };
        project.inputs.overrides.insert(0, everything);
    }
    let databases = args.geoip.iter().map(|f| spanned(folder.join(f).to_string_lossy().into_owned()));
    project.geo.databases = databases.chain(std::mem::take(&mut project.geo.databases)).collect();
    Ok(())
}

impl Opened {
    /// Where everything stands. Reads the databases and range files that the project names.
    pub fn atlas(&self) -> Result<Atlas, Failure> {
        atlas(&self.project, &self.root, self.as_of)
    }

    /// The project's policies and those of the command line, parsed into the project's sources.
    pub fn packs(&mut self, more: &[String], folder: &Path) -> Result<Vec<Pack>, Failure> {
        let mut packs: Vec<Pack> = Vec::new();
        let mut errors = Vec::new();
        let own = self.project.policies.iter().map(|p| (p.value.clone(), self.root.clone()));
        let names: Vec<(String, PathBuf)> = own.chain(more.iter().map(|p| (p.clone(), folder.to_owned()))).collect();
        for (name, base) in names {
            let (shown, text) = policy_text(&name, &base)?;
            if packs.iter().any(|p| self.sources.get(p.location.source).path == shown) {
                continue;
            }
            let id = self.sources.find(&shown).unwrap_or_else(|| self.sources.add(shown, text.clone()));
            let (pack, wrong) = policy::parse::parse(id, &text, self.as_of);
            errors.extend(wrong);
            packs.extend(pack);
        }
        if errors.is_empty() {
            Ok(packs)
        } else {
            Err(Failure::Input { errors, sources: std::mem::take(&mut self.sources) })
        }
    }

    pub fn assess(&self, atlas: &Atlas, packs: &[Pack]) -> Assessment {
        assess(Question {
            snapshot: &self.snapshot,
            sources: &self.sources,
            atlas,
            project: &self.project,
            packs,
            as_of: self.as_of,
            coverage: self.coverage.clone(),
        })
    }
}

/// The text of `pack:NAME` or of a file, and what to call it.
pub fn policy_text(name: &str, base: &Path) -> Result<(String, String), Failure> {
    if let Some(id) = name.strip_prefix("pack:") {
        let shipped = policy::shipped();
        return match shipped.iter().find(|(pack, _)| *pack == id) {
            Some((_, text)) => Ok((name.to_owned(), (*text).to_owned())),
            None => Err(Failure::unknown(id, "pack shipped with onshore", shipped.iter().map(|(pack, _)| *pack))),
        };
    }
    Ok((name.to_owned(), load::read_one(&base.join(name))?))
}

/// One policy text in sources of its own.
pub fn policy_alone(name: &str, base: &Path, as_of: Date) -> Result<(Pack, Sources), Failure> {
    let (shown, text) = policy_text(name, base)?;
    let mut sources = Sources::default();
    let id: SourceId = sources.add(shown, text.clone());
    match policy::parse::parse(id, &text, as_of) {
        (Some(pack), errors) if errors.is_empty() => Ok((pack, sources)),
        (_, errors) => Err(Failure::Input { errors, sources }),
    }
}
