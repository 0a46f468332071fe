//! The stages between a command and its report: find the project, load and read it, link it, locate it, load its policies.
//! Commands share these; none of them decides anything.

mod hashes;
mod policies;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::{Context, Failure, ProjectArgs};
use crate::check::{Question, assess};
use crate::finding::{Assessment, Baseline, Coverage};
use crate::geo::atlas::DataFile;
use crate::geo::{Atlas, GeoError};
use crate::lang::{Message, count, say};
use crate::link::{Matcher, link};
use crate::model::{Endpoint, Facts, Gap, GapScope, Snapshot, Unread};
use crate::policy::Pack;
use crate::project::{self, Project, Selector, waiver};
use crate::reach::World;
use crate::read::{FileSettings, READERS, Settings, Told, read_all};
use crate::source::load::{self, LoadError, Loaded};
use crate::source::{InputError, Location, SourceId, Sources, Span, Spanned};

pub use policies::{policy_alone, policy_text};

pub const PROJECT_FILE: &str = "onshore.toml";

/// A project that was read and linked, before any policy.
pub struct Opened {
    pub root: PathBuf,
    pub project: Project,
    /// Databases of the command line, as given and in full.
    pub databases: Vec<(String, PathBuf)>,
    held: Option<Held>,
    pub sources: Sources,
    pub snapshot: Snapshot,
    pub coverage: Coverage,
    /// Some file has mistakes of syntax: whatever the verdict on the rest, the run did not do its job.
    pub broken: bool,
    pub as_of: Date,
    /// Findings known from before; commands that take one set it.
    pub baseline: Option<Baseline>,
}

/// Where a project is: its folder, and its file if there is one.
pub struct Place {
    pub root: PathBuf,
    pub file: Option<PathBuf>,
}

/// The project that `path` names. Without one: the nearest folder upwards that has an onshore.toml, else the current folder.
pub fn find(path: Option<&Path>, folder: &Path) -> Result<Place, Failure> {
    let Some(path) = path else {
        let found = folder.ancestors().map(|f| f.join(PROJECT_FILE)).find(|f| is_there(f));
        return Ok(match found {
            Some(file) => Place { root: file.parent().unwrap_or(folder).to_owned(), file: Some(file) },
            None => Place { root: folder.to_owned(), file: None },
        });
    };
    let (given, path) = (path, folder.join(path));
    if path.is_dir() {
        let file = Some(path.join(PROJECT_FILE)).filter(|f| is_there(f));
        return Ok(Place { root: path, file });
    }
    if path.extension().is_some_and(|e| e == "toml") && path.is_file() {
        return Ok(Place { root: path.parent().unwrap_or(folder).to_owned(), file: Some(path) });
    }
    Err(Failure::with_help(
        format!("`{}` is neither a folder nor an {PROJECT_FILE}", given.display()),
        "name the folder that holds the inventory and routing files",
    ))
}

/// Also what cannot be read as a project file: to go on as if it were not there would drop what it says.
fn is_there(file: &Path) -> bool {
    file.symlink_metadata().is_ok()
}

/// A project whose files are loaded, before any was read.
pub struct Begun {
    place: Place,
    pub project: Project,
    pub loaded: Loaded,
    /// The project file where nothing takes it in as an input.
    pub settings_only: Option<SourceId>,
    /// Of a project that lies in no folder.
    held: Option<Held>,
}

/// What a project in memory has beside its inputs.
pub struct Held {
    /// Data files by the names that the project has for them.
    pub data: BTreeMap<String, Vec<u8>>,
    /// As [`Opened::databases`], in their order.
    pub further: Vec<(String, Vec<u8>)>,
}

/// Loads the files of the project that `path` names; see [`find`].
pub fn begin(path: Option<&Path>, context: &Context<'_>) -> Result<Begun, Failure> {
    let place = find(path, &context.around.folder)?;
    context.progress.doing(|| say!("looking for files"));
    begin_at(place)
}

pub fn begin_at(place: Place) -> Result<Begun, Failure> {
    let (project, loaded, settings_only) = load_project(&place)?;
    Ok(Begun { place, project, loaded, settings_only, held: None })
}

/// A project that lies in no folder. `file`: its onshore.toml, by name, and the text.
pub fn begin_held(mut loaded: Loaded, file: Option<(&str, &str)>, held: Held) -> Result<Begun, Failure> {
    let place = Place { root: PathBuf::new(), file: None };
    let found = file.map(|(name, text)| project_among(name, text, &mut loaded)).transpose()?;
    let (project, settings_only) = found.unwrap_or_default();
    Ok(Begun { place, project, loaded, settings_only, held: Some(held) })
}

/// Loads, reads and links the project.
pub fn open(path: Option<&Path>, args: &ProjectArgs, context: &Context<'_>) -> Result<Opened, Failure> {
    begin(path, context)?.open(args, context)
}

/// The same with a further text, by its name, as if it stood among the project's files.
pub fn open_with(
    path: Option<&Path>,
    args: &ProjectArgs,
    context: &Context<'_>,
    further: Option<(&str, &str)>,
) -> Result<Opened, Failure> {
    let mut begun = begin(path, context)?;
    if let Some((name, text)) = further {
        begun.loaded.add(name, text);
    }
    begun.open(args, context)
}

impl Begun {
    /// The folder of the project.
    pub fn root(&self) -> &Path {
        &self.place.root
    }

    /// The project's file, by its name in that folder.
    pub fn file(&self) -> Option<String> {
        self.place.file.as_deref().map(file_name)
    }

    /// Takes its data files from these from now on.
    pub fn hold(&mut self, held: Held) {
        self.held = Some(held);
    }

    /// Reads and links it.
    pub fn open(self, args: &ProjectArgs, context: &Context<'_>) -> Result<Opened, Failure> {
        let Self { place, mut project, mut loaded, held, .. } = self;
        let as_of = args.as_of(context.around);
        for (point, reading) in &args.reading {
            project.readings.insert(point.clone(), Spanned::new(*reading, Span::default()));
        }
        context.progress.doing(|| say!("reading {files}", files = count(loaded.sources.iter().count(), "file", "files")));
        let settings = settings(&project, context.around.terraform_variables.clone());
        let (inputs, coverage) = read_inputs(&project, &mut loaded, &settings, args.input_format.as_deref())?;
        waivers(&mut project, &mut loaded.sources, &coverage, as_of)?;
        let broken = inputs.iter().any(|(_, facts)| facts.gaps.iter().any(|g| g.code == BROKEN));
        context.progress.doing(|| {
            let facts = inputs.iter().map(|(_, facts)| facts.endpoints.len());
            say!("linking {endpoints}", endpoints = count(facts.sum(), "endpoint", "endpoints"))
        });
        let snapshot = link(inputs, &project, &loaded.sources);
        // Whoever goes on says so: what is written meets no line of ours.
        context.progress.clear();
        if held.is_none() {
            loaded.sources.base = within_repository(&place.root);
            loaded.sources.folder = as_url(&place.root);
        }
        Ok(Opened {
            root: place.root,
            project,
            databases: databases(args, context),
            held,
            sources: loaded.sources,
            snapshot,
            coverage,
            broken,
            as_of,
            baseline: None,
        })
    }
}

/// A project of which nothing is declared.
pub fn nothing(args: &ProjectArgs, context: &Context<'_>) -> Opened {
    Opened {
        root: context.around.folder.clone(),
        project: Project::default(),
        databases: databases(args, context),
        held: None,
        sources: Sources::default(),
        snapshot: link(Vec::new(), &Project::default(), &Sources::default()),
        coverage: Coverage::default(),
        broken: false,
        as_of: args.as_of(context.around),
        baseline: None,
    }
}

/// What forges need before a path of the project to find the file: its folder from the top of the git work tree, `infra/eu/`.
fn within_repository(root: &Path) -> String {
    let Ok(root) = root.canonicalize() else { return String::new() };
    let top = root.ancestors().find(|folder| is_there(&folder.join(".git")));
    let inside = top.and_then(|top| root.strip_prefix(top).ok()).unwrap_or(Path::new(""));
    inside.components().map(|c| format!("{}/", c.as_os_str().to_string_lossy())).collect()
}

/// The folder as a URL (RFC 8089), for terminals that open what is clicked on.
fn as_url(root: &Path) -> Option<String> {
    let root = root.canonicalize().ok()?;
    let parts: Vec<String> = root.to_str()?.split(std::path::MAIN_SEPARATOR).map(crate::report::sarif::uri).collect();
    Some(format!("file://{}/", parts.join("/").trim_end_matches('/')))
}

/// Adds the waivers that stand in comments of files that were read, and holds all of them to the time they may run.
fn waivers(project: &mut Project, sources: &mut Sources, coverage: &Coverage, as_of: Date) -> Result<(), Failure> {
    let mut errors = Vec::new();
    if !project.refuse_comments {
        let files = coverage.files_read.iter().filter_map(|(path, _)| sources.find(path));
        let (waivers, wrong) = waiver::in_comments(sources, files);
        project.waivers.extend(waivers);
        errors.extend(wrong);
    }
    errors.extend(waiver::too_long(&project.waivers, project.max_waiver_days.unwrap_or(waiver::MAX_DAYS), as_of));
    if errors.is_empty() {
        return Ok(());
    }
    errors.sort_unstable();
    Err(Failure::Input { errors, sources: std::mem::take(sources) })
}

/// What the project file tells readers of its inputs.
fn settings(project: &Project, environment: BTreeMap<String, String>) -> Settings {
    let mut settings = Settings::new(environment);
    let Some(file) = project.location else { return settings };
    let told = |text: &Spanned<String>| Told::new(text.clone(), file.source);
    let named = |texts: &BTreeMap<String, Spanned<String>>| texts.iter().map(|(k, v)| (k.clone(), told(v))).collect();
    for entry in &project.inputs.overrides {
        let of_file = FileSettings {
            provider: entry.provider.as_ref().map(told),
            region: entry.region.as_ref().map(told),
            account: entry.account.as_ref().map(told),
            site: entry.site.as_ref().map(told),
            variables: named(&entry.variables),
            variable_files: entry.variable_files.iter().map(told).collect(),
            columns: named(&entry.columns),
        };
        settings.add(&entry.path.value, of_file);
    }
    settings
}

/// Reads every input. What could not be read becomes a gap that touches everything: it could hold any route.
fn read_inputs(
    project: &Project,
    loaded: &mut Loaded,
    settings: &Settings,
    forced: Option<&str>,
) -> Result<(Vec<(SourceId, Facts)>, Coverage), Failure> {
    let formats: Vec<&str> = READERS.iter().map(|r| r.format()).collect();
    if let Some(format) = forced.filter(|f| !formats.contains(f)) {
        return Err(Failure::unknown(format, "input format", formats));
    }
    let overrides = project.inputs.overrides.iter();
    let overrides: Vec<(String, String)> =
        overrides.filter_map(|o| Some((o.path.value.clone(), o.format.as_ref()?.value.clone()))).collect();
    let all = read_all(loaded, settings, &overrides, forced).map_err(|e| Failure::with_help(e.message, e.help))?;

    let mut coverage = Coverage::default();
    let mut inputs: Vec<(SourceId, Facts)> = Vec::new();
    let mut errors = Vec::new();
    for (id, format, mut reading) in all.readings {
        errors.append(&mut reading.errors);
        for file in std::iter::once(id).chain(reading.included) {
            coverage.files_read.push((loaded.sources.get(file).path.clone(), format));
        }
        reading.facts.gaps.extend(reading.syntax.drain(..).map(broken));
        if let Some(why) = &reading.broken {
            reading.facts.gaps.push(not_read(
                &loaded.sources.get(id).path,
                why,
                NAME_FORMAT,
                Location::new(id, Span::default()),
            ));
        }
        for gap in &mut reading.facts.gaps {
            gap.message = crate::report::mask::quotes(&gap.message);
            gap.help = gap.help.as_deref().map(crate::report::mask::quotes);
        }
        coverage.resources.add(std::mem::take(&mut reading.facts.resources));
        inputs.push((id, reading.facts));
    }
    if !errors.is_empty() {
        errors.sort_unstable();
        return Err(Failure::Input { errors, sources: std::mem::take(&mut loaded.sources) });
    }
    for (id, why, matters) in all.unread {
        let path = loaded.sources.get(id).path.clone();
        if matters {
            inputs.push((
                id,
                Facts {
                    gaps: vec![not_read(&path, &why, NAME_FORMAT, Location::new(id, Span::default()))],
                    ..Facts::default()
                },
            ));
        }
        coverage.files_skipped.push((path, why));
    }
    let skipped = std::mem::take(&mut loaded.skipped).into_iter();
    let skipped = skipped.map(|s| (s.path, s.reason, s.remedy, s.matters));
    let errors = std::mem::take(&mut loaded.errors).into_iter();
    let errors = errors.map(|e| (e.path, e.message, e.help.unwrap_or_else(|| NOT_NEEDED.to_owned()), true));
    for (path, why, help, matters) in skipped.chain(errors) {
        if matters {
            // The line of the project file that asks for it; else its name, though there is no text behind it.
            let asked = project.inputs.include.iter().find(|i| i.value == path).zip(project.location);
            let location = match asked {
                Some((include, file)) => include.at(file.source),
                None => Location::new(loaded.add(path.clone(), ""), Span::default()),
            };
            inputs.push((location.source, Facts { gaps: vec![not_read(&path, &why, &help, location)], ..Facts::default() }));
        }
        coverage.files_skipped.push((path, why));
    }
    coverage.files_read.sort_unstable();
    coverage.files_read.dedup();
    coverage.files_skipped.sort_unstable();
    Ok((inputs, coverage))
}

/// The code of gaps for mistakes of syntax.
const BROKEN: &str = "broken-syntax";

fn broken(error: InputError) -> Unread {
    Gap {
        code: BROKEN,
        message: format!("what stands here cannot be read: {}", error.message),
        help: error.help.or_else(|| Some("correct the file, or leave it out with `[inputs] exclude`".to_owned())),
        location: error.location,
        scope: GapScope::Everything,
    }
}

const NAME_FORMAT: &str = "name its format in [[inputs.override]], or leave it out with `[inputs] exclude`";
const NOT_NEEDED: &str = "make it readable, or leave it out with `[inputs] exclude` if no data moves by it";

fn not_read(path: &str, why: &str, help: &str, location: Location) -> Unread {
    Gap {
        code: "file-not-read",
        message: format!("`{path}` was not read: {why}"),
        help: Some(help.to_owned()),
        location,
        scope: GapScope::Everything,
    }
}

/// The project file is read twice: first for what to load, then at its place among everything that was loaded.
fn load_project(place: &Place) -> Result<(Project, Loaded, Option<SourceId>), Failure> {
    let Some(file) = &place.file else {
        let loaded = load::load(&place.root, &[], &[])?;
        return Ok((Project::default(), loaded, None));
    };
    let name = file_name(file);
    let text = load::read_one(file)?;
    let mut alone = Sources::default();
    let id = alone.add(name.clone(), text.clone());
    let project = checked(project::parse(id, &text), alone)?;

    let words = |list: &[Spanned<String>]| list.iter().map(|s| s.value.clone()).collect::<Vec<_>>();
    let mut loaded = load::load(&place.root, &words(&project.inputs.include), &words(&project.inputs.exclude))?;
    let (project, settings_only) = project_among(&name, &text, &mut loaded)?;
    Ok((project, loaded, settings_only))
}

fn file_name(file: &Path) -> String {
    file.file_name().map_or_else(|| PROJECT_FILE.to_owned(), |n| n.to_string_lossy().into_owned())
}

/// The project file at its place among everything that was loaded, and its id if it had none.
fn project_among(name: &str, text: &str, loaded: &mut Loaded) -> Result<(Project, Option<SourceId>), Failure> {
    let known = loaded.sources.find(name);
    let id = known.unwrap_or_else(|| loaded.add(name, text));
    let (project, errors) = project::parse(id, text);
    let sources = if errors.is_empty() { Sources::default() } else { std::mem::take(&mut loaded.sources) };
    let project = checked((project, errors), sources)?;
    Ok((project, known.is_none().then_some(id)))
}

/// A parsed thing, if it had no errors.
fn checked<T>((value, errors): (Option<T>, Vec<InputError>), sources: Sources) -> Result<T, Failure> {
    match value {
        Some(value) if errors.is_empty() => Ok(value),
        _ => Err(Failure::Input { errors, sources }),
    }
}

impl Opened {
    /// Where everything stands. Reads the databases and range files that the project names.
    pub fn atlas(&self) -> Result<Atlas, Failure> {
        let atlas = match &self.held {
            None => atlas(&self.project, &self.root, &self.databases, self.as_of, &self.sources)?,
            Some(held) => {
                let read = |name: &str| match held.data.get(name) {
                    Some(bytes) => Ok(DataFile { name: name.to_owned(), bytes: bytes.clone() }),
                    None => Err(Failure::usage(format!("`{name}` is not among the data that the bundle rests on"))),
                };
                let further = held.further.iter().map(|(name, bytes)| DataFile { name: name.clone(), bytes: bytes.clone() });
                atlas_of(&self.project, further.collect(), self.as_of, &self.sources, &read)?
            }
        };
        let selected = |selector: &Selector| {
            let matcher = Matcher::new(selector);
            move |e: &Endpoint| matcher.matches(&self.snapshot, e, &self.sources)
        };
        Ok(atlas.with_snapshot(&self.snapshot, &self.project.geo, selected))
    }

    /// What is being done while it is assessed.
    pub fn assessing(&self, packs: &[Pack]) -> Message {
        say!(
            "placing {endpoints} and following {routes} for {rules}",
            endpoints = count(self.snapshot.endpoints.len(), "endpoint", "endpoints"),
            routes = count(self.snapshot.routes.len(), "route", "routes"),
            rules = count(packs.iter().map(|pack| pack.rules.len()).sum(), "rule", "rules")
        )
    }

    pub fn assess(&self, atlas: &Atlas, packs: &[Pack]) -> Assessment {
        self.assess_in(atlas, packs, None)
    }

    /// In one state of the world, or in all of them.
    pub fn assess_in(&self, atlas: &Atlas, packs: &[Pack], world: Option<World>) -> Assessment {
        assess(self.question(atlas, packs, world))
    }

    pub fn question<'a>(&'a self, atlas: &'a Atlas, packs: &'a [Pack], world: Option<World>) -> Question<'a> {
        Question {
            snapshot: &self.snapshot,
            sources: &self.sources,
            atlas,
            project: &self.project,
            packs,
            as_of: self.as_of,
            coverage: self.coverage.clone(),
            baseline: self.baseline.as_ref(),
            world,
        }
    }
}

/// An error about a file with the name that the user gave it.
fn as_written(mut error: LoadError, name: &str, base: &Path) -> LoadError {
    name.clone_into(&mut error.path);
    let base = format!("{}/", base.display()).replace('\\', "/");
    error.help = error.help.map(|help| help.replacen(&base, "", 1));
    error
}

/// An error about a whole file that the project file names stands where it is named.
fn named_in_project(project: &Project, sources: &Sources, span: Option<Span>, failure: Failure) -> Failure {
    let (Some(project), Some(span)) = (project.location, span) else { return failure };
    let (message, help) = match failure {
        Failure::Load(errors) if errors.len() == 1 && errors[0].line.is_none() => {
            let error = errors.into_iter().next().expect("there is one");
            (format!("`{}`: {}", error.path, error.message), error.help)
        }
        Failure::Usage { message, help } => (message, help),
        other => return other,
    };
    let file = sources.get(project.source);
    let mut alone = Sources::default();
    let id = alone.add(file.path.clone(), file.text.clone());
    Failure::Input { errors: vec![InputError { location: Location::new(id, span), message, help }], sources: alone }
}

/// The files of a folder by the format that they are in, and what stands in them, as a project without a word of its own has it.
pub fn survey(loaded: &mut Loaded) -> Result<(BTreeMap<&'static str, Vec<String>>, Snapshot), Failure> {
    let project = Project::default();
    let (inputs, coverage) = read_inputs(&project, loaded, &Settings::default(), None)?;
    let snapshot = link(inputs, &project, &loaded.sources);
    let mut formats: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (file, format) in coverage.files_read {
        formats.entry(format).or_default().push(file);
    }
    Ok((formats, snapshot))
}

/// The atlas for questions about places: with the project's own knowledge when asked inside a project.
pub fn atlas_for(path: Option<&Path>, args: &ProjectArgs, context: &Context<'_>) -> Result<(Atlas, Option<Opened>), Failure> {
    let place = find(path, &context.around.folder)?;
    if place.file.is_some() {
        let opened = open(path, args, context)?;
        return Ok((opened.atlas()?, Some(opened)));
    }
    let (project, sources, folder) = (Project::default(), Sources::default(), &context.around.folder);
    Ok((atlas(&project, folder, &databases(args, context), args.as_of(context.around), &sources)?, None))
}

/// The databases of the command line: as given, and in full.
fn databases(args: &ProjectArgs, context: &Context<'_>) -> Vec<(String, PathBuf)> {
    args.geoip.iter().map(|f| (f.to_string_lossy().into_owned(), context.around.folder.join(f))).collect()
}

/// Reads what the project names under `[geo]`, and the databases of the command line before it, and builds the atlas.
fn atlas(
    project: &Project,
    root: &Path,
    databases: &[(String, PathBuf)],
    as_of: Date,
    sources: &Sources,
) -> Result<Atlas, Failure> {
    let read = |name: &str, path: &Path| {
        let bytes = load::read_one_bytes(path).map_err(|e| as_written(e, name, root))?;
        Ok::<_, Failure>(DataFile { name: name.to_owned(), bytes })
    };
    let further = databases.iter().map(|(name, path)| read(name, path)).collect::<Result<Vec<_>, _>>()?;
    atlas_of(project, further, as_of, sources, &|name| read(name, &root.join(name)))
}

/// The same from `further` databases that go before those of the project, which `read` reads by their names.
fn atlas_of(
    project: &Project,
    mut all: Vec<DataFile>,
    as_of: Date,
    sources: &Sources,
    read: &dyn Fn(&str) -> Result<DataFile, Failure>,
) -> Result<Atlas, Failure> {
    let own = |names: &[Spanned<String>]| {
        let read = |n: &Spanned<String>| read(&n.value).map_err(|e| named_in_project(project, sources, Some(n.span), e));
        names.iter().map(read).collect::<Result<Vec<_>, _>>()
    };
    all.extend(own(&project.geo.databases)?);
    let ranges = own(&project.geo.ranges)?;
    Atlas::new(&project.geo, all, ranges, as_of).map_err(|errors| {
        let named = project.geo.databases.iter().chain(&project.geo.ranges);
        let at = named.clone().find(|n| errors.len() == 1 && n.value == errors[0].file).map(|n| n.span);
        let plain = |e: GeoError| {
            let line = e.line.and_then(|l| u32::try_from(l).ok());
            LoadError { path: e.file, line, message: e.message, help: e.help }
        };
        named_in_project(project, sources, at, Failure::Load(errors.into_iter().map(plain).collect()))
    })
}
