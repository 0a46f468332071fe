//! Evidence bundles: what an assessment said and all that it rests on, in one file that can be put away, handed on and judged again
//! ([`super::verify`]). The manifest `onshore.evidence/1` lists every member with its SHA-256. Inputs are there by their hashes, and
//! themselves if that was asked for; databases of places only by their hashes, since few licences let them be handed on.
//!
//! Same inputs, same date of assessment: same bytes. No clock, no name of a user or machine gets in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::pipeline::{Begun, Opened};
use super::{Context, Failure, ProjectArgs};
use crate::finding::Assessment;
use crate::geo::data_set::sha256;
use crate::policy::Pack;
use crate::report::{RenderOptions, Reporter as _, json};
use crate::source::load::{self, LoadError, Skipped};
use crate::source::{Source, SourceId};
use archive::Members;

mod archive;

pub const SCHEMA: &str = "onshore.evidence/1";
const MANIFEST: &str = "manifest.json";
/// How the name of a bundle ends.
pub const ENDING: &str = ".tar.zst";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub schema: String,
    /// The version that made it.
    pub onshore: String,
    pub project: Option<String>,
    pub as_of: String,
    /// The name of the onshore.toml among the inputs.
    pub project_file: Option<String>,
    /// `--input-format`.
    pub input_format: Option<String>,
    /// `--reading`: contested points and how they were read, if any was given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub readings: BTreeMap<String, String>,
    /// Names of the `TF_VAR_` variables that were set. Their values may be secrets.
    pub terraform_variables: Vec<String>,
    pub assessment: Member,
    /// In the order in which they were asked.
    pub policies: Vec<PolicyOf>,
    pub baseline: Option<Member>,
    /// By path.
    pub inputs: Vec<InputOf>,
    pub left_out: Vec<LeftOut>,
    pub unreadable: Vec<Unreadable>,
    /// Databases and tables of places that the user gave.
    pub data: Vec<DataOf>,
    /// Every data set that a place could rest on, with those built into onshore.
    pub data_sets: Vec<DataSetOf>,
}

/// A file of the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    pub file: String,
    pub sha256: String,
    pub bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyOf {
    /// `pack:ID`, or a path as it was given.
    pub name: String,
    pub file: String,
    pub sha256: String,
    pub bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputOf {
    /// From the project's folder, with `/`.
    pub path: String,
    pub sha256: String,
    pub bytes: u64,
    /// An include pattern named it.
    pub named: bool,
    /// For a symbolic link: what it stands for.
    pub link_to: Option<String>,
    /// The project's file where no include pattern takes it in: told to onshore, not read as an input.
    pub settings_only: bool,
    /// `None`: not in the bundle.
    pub file: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    pub path: String,
    pub why: String,
    pub remedy: String,
    pub matters: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unreadable {
    pub path: String,
    pub line: Option<u32>,
    pub why: String,
    pub help: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataOf {
    /// As the project or the command line names it.
    pub name: String,
    pub from: GivenBy,
    pub sha256: String,
    pub bytes: u64,
    /// `None`: not in the bundle.
    pub file: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GivenBy {
    CommandLine,
    Project,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSetOf {
    pub name: String,
    pub date: Option<String>,
    pub sha256: String,
    pub used: bool,
}

/// What a project was before it was read, as far as a bundle tells of it.
pub struct Record {
    project_file: Option<String>,
    root: PathBuf,
    pub inputs: Vec<InputOf>,
    left_out: Vec<LeftOut>,
    unreadable: Vec<Unreadable>,
    /// By path, if they are wanted.
    content: Option<BTreeMap<String, Vec<u8>>>,
}

impl Record {
    /// Hashes every input, and keeps their bytes if they are wanted.
    pub fn of(begun: &Begun, keep: bool) -> Result<Self, Failure> {
        let (loaded, root) = (&begun.loaded, begun.root());
        // Sheets of one workbook share its path.
        let mut files: BTreeMap<&str, Vec<(SourceId, &Source)>> = BTreeMap::new();
        for (id, source) in loaded.sources.iter() {
            files.entry(&source.path).or_default().push((id, source));
        }
        let links: BTreeMap<SourceId, SourceId> = loaded.links.iter().copied().collect();
        let mut inputs = Vec::new();
        let mut content = BTreeMap::new();
        for (path, sources) in files {
            let id = sources[0].0;
            let bytes = load::bytes_again(root, path, sources.into_iter().map(|(_, source)| source))?;
            inputs.push(InputOf {
                path: path.to_owned(),
                sha256: sha256(&bytes),
                bytes: bytes.len() as u64,
                named: loaded.is_explicit(id),
                link_to: links.get(&id).map(|to| loaded.sources.get(*to).path.clone()),
                settings_only: begun.settings_only == Some(id),
                file: keep.then(|| format!("inputs/{path}")),
            });
            if keep {
                content.insert(path.to_owned(), bytes);
            }
        }
        let left_out = |s: &Skipped| {
            let Skipped { path, reason, remedy, matters } = s.clone();
            LeftOut { path, why: reason, remedy, matters }
        };
        let unreadable = |e: &LoadError| {
            let LoadError { path, line, message, help } = e.clone();
            Unreadable { path, line, why: message, help }
        };
        Ok(Self {
            project_file: begun.file(),
            root: root.to_owned(),
            inputs,
            left_out: loaded.skipped.iter().map(left_out).collect(),
            unreadable: loaded.errors.iter().map(unreadable).collect(),
            content: keep.then_some(content),
        })
    }
}

/// What a bundle is made of, beside what stood in the folder.
pub struct Judged<'a> {
    pub opened: &'a Opened,
    pub packs: &'a [Pack],
    pub assessment: &'a Assessment,
    pub args: &'a ProjectArgs,
    /// The baseline that was asked for.
    pub baseline: Option<&'a str>,
}

/// The bytes of the bundle.
pub fn write(record: Record, judged: &Judged<'_>, context: &Context<'_>) -> Result<Vec<u8>, Failure> {
    let Judged { opened, packs, assessment, args, baseline } = *judged;
    let mut members = Members::new();
    let mut member = |file: String, bytes: Vec<u8>| {
        let told = Member { file: file.clone(), sha256: sha256(&bytes), bytes: bytes.len() as u64 };
        members.insert(file, bytes);
        told
    };
    let mut told = Vec::new();
    json::Json.write(assessment, &opened.sources, &RenderOptions::PLAIN, &mut told)?;
    let assessment_file = member("assessment.json".to_owned(), told);
    let policies = packs.iter().enumerate().map(|(i, pack)| {
        let source = opened.sources.get(pack.location.source);
        let Member { file, sha256, bytes } = member(format!("policies/{:04}.toml", i + 1), source.text.clone().into_bytes());
        PolicyOf { name: source.path.clone(), file, sha256, bytes }
    });
    let policies = policies.collect();
    let baseline = baseline.map(|text| member("baseline.json".to_owned(), text.as_bytes().to_vec()));

    let keep = record.content.is_some();
    let mut data = Vec::new();
    let mut further = |name: &str, path: PathBuf, from: GivenBy, small: bool| -> Result<(), Failure> {
        let bytes = load::read_one_bytes(&path)?;
        let hash = sha256(&bytes);
        if !assessment.data_sets.iter().any(|set| set.sha256 == hash) {
            let changed = format!("`{name}` changed while it was read");
            return Err(Failure::with_help(changed, "run onshore again"));
        }
        let length = bytes.len() as u64;
        let file = (keep && small).then(|| member(format!("data/{:04}", data.len() + 1), bytes).file);
        data.push(DataOf { name: name.to_owned(), from, sha256: hash, bytes: length, file });
        Ok(())
    };
    for (name, path) in &opened.databases {
        further(name, path.clone(), GivenBy::CommandLine, false)?;
    }
    for name in &opened.project.geo.databases {
        further(&name.value, record.root.join(&name.value), GivenBy::Project, false)?;
    }
    for name in &opened.project.geo.ranges {
        further(&name.value, record.root.join(&name.value), GivenBy::Project, true)?;
    }

    members.extend(record.content.into_iter().flatten().map(|(path, bytes)| (format!("inputs/{path}"), bytes)));
    let data_set = |d: &crate::finding::DataSetInfo| {
        let (name, date, sha256) = (d.name.clone(), d.date.clone(), d.sha256.clone());
        DataSetOf { name, date, sha256, used: d.used }
    };
    let manifest = Manifest {
        schema: SCHEMA.to_owned(),
        onshore: env!("CARGO_PKG_VERSION").to_owned(),
        project: assessment.project.clone(),
        as_of: assessment.as_of.clone(),
        project_file: record.project_file,
        input_format: args.input_format.clone(),
        readings: args.reading.iter().map(|(point, r)| (point.clone(), r.as_str().to_owned())).collect(),
        terraform_variables: context.around.terraform_variables.keys().cloned().collect(),
        assessment: assessment_file,
        policies,
        baseline,
        inputs: record.inputs,
        left_out: record.left_out,
        unreadable: record.unreadable,
        data,
        data_sets: assessment.data_sets.iter().map(data_set).collect(),
    };
    let mut text = Vec::new();
    json::write_value(&manifest, &mut text)?;
    // The day of the assessment, not of the making: the clock has no part in it.
    let day = opened.as_of.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |t| t.timestamp().as_second());
    let bytes = archive::pack((MANIFEST, &text), &members, u64::try_from(day).unwrap_or(0))?;
    // Evidence that cannot be opened again would be found out too late.
    Bundle::open(&bytes).map_err(|why| Failure::usage(format!("the bundle cannot be opened again: {why}")))?;
    Ok(bytes)
}

/// A bundle that was opened, and holds what its manifest says: every file, with its hash, and no other.
pub struct Bundle {
    pub manifest: Manifest,
    pub members: Members,
}

impl Bundle {
    /// # Errors
    /// Why it is no bundle that can be read.
    pub fn open(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            schema: String,
            onshore: Option<String>,
        }
        let mut members = archive::unpack(bytes, MANIFEST)?;
        let text = members.remove(MANIFEST).unwrap_or_default();
        let broken = |e: serde_json::Error| format!("its {MANIFEST} is broken: {e}");
        let version: Version = serde_json::from_slice(&text).map_err(broken)?;
        if version.schema != SCHEMA {
            let made = version.onshore.map_or_else(String::new, |v| format!(", made by onshore {v}"));
            return Err(format!("it is in the form `{}`{made}, and this onshore reads `{SCHEMA}`", version.schema));
        }
        let manifest: Manifest = serde_json::from_slice(&text).map_err(broken)?;
        let mut listed: BTreeMap<&str, (&str, u64)> = BTreeMap::new();
        for (file, hash, size) in manifest.files() {
            if listed.insert(file, (hash, size)).is_some() {
                return Err(format!("its {MANIFEST} lists `{file}` twice"));
            }
        }
        for (file, (hash, size)) in &listed {
            match members.get(*file) {
                None => return Err(format!("`{file}` is missing, and its {MANIFEST} lists it")),
                Some(bytes) if bytes.len() as u64 != *size || sha256(bytes) != *hash => {
                    return Err(format!("`{file}` is not what its {MANIFEST} says: it was changed"));
                }
                Some(_) => {}
            }
        }
        if let Some(other) = members.keys().find(|name| !listed.contains_key(name.as_str())) {
            return Err(format!("it holds `{other}`, which its {MANIFEST} does not list"));
        }
        Ok(Self { manifest, members })
    }

    /// The text of a member that is UTF-8.
    pub fn text(&self, file: &str) -> Result<&str, String> {
        let bytes = self.members.get(file).map_or(&[][..], Vec::as_slice);
        std::str::from_utf8(bytes).map_err(|_| format!("`{file}` in it is not UTF-8"))
    }
}

impl Manifest {
    /// Every file that is in the bundle, with hash and length.
    fn files(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        let members = std::iter::once(&self.assessment).chain(&self.baseline);
        let members = members.map(|m| (m.file.as_str(), m.sha256.as_str(), m.bytes));
        let policies = self.policies.iter().map(|p| (p.file.as_str(), p.sha256.as_str(), p.bytes));
        let inputs = self.inputs.iter().filter_map(|i| Some((i.file.as_deref()?, i.sha256.as_str(), i.bytes)));
        let data = self.data.iter().filter_map(|d| Some((d.file.as_deref()?, d.sha256.as_str(), d.bytes)));
        members.chain(policies).chain(inputs).chain(data)
    }
}
