//! `onshore verify`: judges again what an evidence bundle tells of, and names what is different. Inputs come from the bundle or from a
//! folder; policies are those of the bundle; the rules of judging are those of this onshore. Nothing is written to the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::Date;

use super::bundle::{Bundle, DataOf, GivenBy, Manifest, Record};
use super::pipeline::{Begun, Held, Place, begin_at, begin_held, policy_text};
use super::{Context, Failure, ProjectArgs, baseline};
use crate::check::follow;
use crate::finding::Reading;
use crate::geo::data_set::sha256;
use crate::lang::{self, Message, say, tell};
use crate::report::{RenderOptions, Reporter as _, json, safe, summary};
use crate::source::load::{self, HeldFile, LoadError, Skipped};

mod compare;

/// Lines of differences shown; a bundle of another project has no end of them.
const SHOWN: usize = 200;

#[derive(Debug, Args)]
pub struct Verify {
    /// The bundle, as `onshore report --bundle` wrote it
    bundle: PathBuf,
    /// Judge the files of this folder instead of those in the bundle
    #[arg(long, value_name = "DIR")]
    inputs: Option<PathBuf>,
    /// A database of places that the bundle rests on, by whatever name; may be given several times
    #[arg(long, value_name = "FILE")]
    geoip: Vec<PathBuf>,
}

impl Verify {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let shown = self.bundle.to_string_lossy().into_owned();
        let bytes = load::read_one_bytes(&context.around.folder.join(&self.bundle))?;
        let bundle = Bundle::open(&bytes).map_err(|why| no_bundle(&shown, &why))?;
        drop(bytes);
        let m = &bundle.manifest;
        let as_of: Date = m.as_of.parse().map_err(|_| no_bundle(&shown, &format!("`{}` is no day", m.as_of)))?;
        let opened = tell!(
            context.options.lang,
            "{bundle}: made by onshore {version}, as of {day}; {files}, each as its manifest says",
            bundle = safe(&shown),
            version = safe(&m.onshore),
            day = as_of,
            files = lang::count(bundle.members.len(), "file", "files")
        );
        writeln!(context.out, "{opened}")?;

        let mut different: Vec<Message> = Vec::new();
        let begun = match &self.inputs {
            Some(folder) => self.of_folder(&bundle, folder, context, &mut different)?,
            None => self.in_bundle(&bundle, &shown, context)?,
        };
        policies(m, &bundle, &mut different)?;
        variables(m, context, &mut different);
        let now = judge(begun, &bundle, as_of, context)?;
        let stored = bundle.text(&m.assessment.file).map_err(|why| no_bundle(&shown, &why))?;
        if now.text != stored {
            different.extend(compare::documents(stored, &now.text).map_err(|why| no_bundle(&shown, &why))?);
        }

        let from = match &self.inputs {
            Some(folder) => say!("the files in `{folder}`", folder = safe(&folder.to_string_lossy())),
            None => say!("the {inputs} in the bundle", inputs = lang::count(m.inputs.len(), "input", "inputs")),
        };
        let lang = context.options.lang;
        writeln!(context.out, "{}", tell!(lang, "judged again, {from}: {summary}", from, summary = now.summary))?;
        if m.onshore != env!("CARGO_PKG_VERSION") {
            let ours = env!("CARGO_PKG_VERSION");
            writeln!(context.out, "{}", tell!(lang, "this is onshore {ours}: what is different may come from that", ours))?;
        }
        for line in different.iter().take(SHOWN) {
            writeln!(context.out, "{}", tell!(lang, "different: {line}", line))?;
        }
        if different.len() > SHOWN {
            writeln!(context.out, "{}", tell!(lang, "different: and {n} more", n = different.len() - SHOWN))?;
        }
        if now.text == stored {
            writeln!(context.out, "{}", tell!(lang, "the assessment is the same, byte for byte"))?;
        } else {
            writeln!(context.out, "{}", tell!(lang, "the assessment is not the same"))?;
        }
        Ok(u8::from(now.text != stored || !different.is_empty()))
    }

    /// The files of a folder, held against those that the bundle rests on.
    fn of_folder(
        &self,
        bundle: &Bundle,
        folder: &Path,
        context: &Context<'_>,
        different: &mut Vec<Message>,
    ) -> Result<Begun, Failure> {
        let m = &bundle.manifest;
        let root = context.around.folder.join(folder);
        let file = match &m.project_file {
            Some(name) if name.contains(['/', '\\']) => return Err(Failure::usage(format!("`{name}` is no name of a file"))),
            name => name.as_ref().map(|name| root.join(name)),
        };
        let mut begun = begin_at(Place { root: root.clone(), file })?;
        let record = Record::of(&begun, false)?;
        let hashes = |of: &'_ [super::bundle::InputOf]| -> BTreeMap<String, String> {
            of.iter().map(|i| (i.path.clone(), i.sha256.clone())).collect()
        };
        let (then, now) = (hashes(&m.inputs), hashes(&record.inputs));
        for path in then.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
            let what = match (then.get(path), now.get(path)) {
                (Some(then), Some(now)) if then != now => format!("its SHA-256 was {then} and is {now}"),
                (Some(_), None) => "it is no longer there".to_owned(),
                (None, Some(_)) => "it was not there".to_owned(),
                _ => continue,
            };
            different.push(lang::read(format!("input `{}`: {what}", safe(path))));
        }
        let held = self.data(bundle, Some(&root), context, different)?;
        begun.hold(held);
        Ok(begun)
    }

    /// The files in the bundle.
    fn in_bundle(&self, bundle: &Bundle, shown: &str, context: &Context<'_>) -> Result<Begun, Failure> {
        let m = &bundle.manifest;
        let no = |why: &str| no_bundle(shown, why);
        let mut held = load::Held::default();
        let mut settings: Option<(&str, &str)> = None;
        for input in &m.inputs {
            let Some(file) = &input.file else {
                let help = "name the folder that holds them with `--inputs DIR`";
                return Err(Failure::with_help("the bundle holds the hashes of its inputs only", help));
            };
            if m.project_file.as_ref() == Some(&input.path) {
                settings = Some((&input.path, bundle.text(file).map_err(|why| no(&why))?));
            }
            if input.settings_only {
                continue;
            }
            let bytes = bundle.members.get(file).cloned().unwrap_or_default();
            let taken = HeldFile { bytes, explicit: input.named, target: input.link_to.clone() };
            if held.files.insert(input.path.clone(), taken).is_some() {
                return Err(no(&format!("its manifest has `{}` twice", input.path)));
            }
        }
        if m.project_file.is_some() && settings.is_none() {
            return Err(no("the project's file is not in it"));
        }
        let skipped = |s: &super::bundle::LeftOut| Skipped {
            path: s.path.clone(),
            reason: s.why.clone(),
            remedy: s.remedy.clone(),
            matters: s.matters,
        };
        held.skipped = m.left_out.iter().map(skipped).collect();
        let error = |e: &super::bundle::Unreadable| LoadError {
            path: e.path.clone(),
            line: e.line,
            message: e.why.clone(),
            help: e.help.clone(),
        };
        held.errors = m.unreadable.iter().map(error).collect();
        let data = self.data(bundle, None, context, &mut Vec::new())?;
        begin_held(load::held(held)?, settings, data)
    }

    /// The data files that the bundle rests on: from the bundle, the folder, or those given, known by their hashes.
    fn data(
        &self,
        bundle: &Bundle,
        folder: Option<&Path>,
        context: &Context<'_>,
        different: &mut Vec<Message>,
    ) -> Result<Held, Failure> {
        let mut given: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for file in &self.geoip {
            let bytes = load::read_one_bytes(&context.around.folder.join(file))?;
            let hash = sha256(&bytes);
            if !bundle.manifest.data.iter().any(|d| d.sha256 == hash) {
                let other = format!("the bundle does not rest on `{}` (SHA-256 {hash})", file.display());
                return Err(Failure::with_help(other, rests_on(&bundle.manifest)));
            }
            given.insert(hash, bytes);
        }
        let mut held = Held { data: BTreeMap::new(), further: Vec::new() };
        for data in &bundle.manifest.data {
            let DataOf { name, from, sha256: hash, file, .. } = data;
            let in_bundle = || bundle.members.get(file.as_deref()?).cloned();
            let bytes = match (given.get(hash).cloned(), folder, from) {
                (Some(bytes), ..) => bytes,
                (None, Some(root), GivenBy::Project) => {
                    let bytes = load::read_one_bytes(&root.join(name))?;
                    let now = sha256(&bytes);
                    if now != *hash {
                        different.push(lang::read(format!("data `{}`: its SHA-256 was {hash} and is {now}", safe(name))));
                    }
                    bytes
                }
                (None, ..) => in_bundle().ok_or_else(|| {
                    let missing = format!("the assessment rests on `{name}` (SHA-256 {hash}), which is not in the bundle");
                    Failure::with_help(missing, "name the file with `--geoip FILE`")
                })?,
            };
            match from {
                GivenBy::CommandLine => held.further.push((name.clone(), bytes)),
                GivenBy::Project => _ = held.data.insert(name.clone(), bytes),
            }
        }
        Ok(held)
    }
}

fn no_bundle(name: &str, why: &str) -> Failure {
    Failure::with_help(
        format!("`{name}` is no bundle that can be read: {why}"),
        "fetch it again from where it was put away, or write one with `onshore report --bundle`",
    )
}

fn rests_on(m: &Manifest) -> String {
    if m.data.is_empty() {
        return "it rests on the data in onshore alone".to_owned();
    }
    let names: Vec<String> = m.data.iter().map(|d| format!("`{}` (SHA-256 {})", d.name, d.sha256)).collect();
    format!("it rests on {}", names.join(", "))
}

/// Packs that are shipped with this onshore in another text. Judged is by those of the bundle.
fn policies(m: &Manifest, bundle: &Bundle, different: &mut Vec<Message>) -> Result<(), Failure> {
    for policy in m.policies.iter().filter(|p| p.name.starts_with("pack:")) {
        let text = bundle.text(&policy.file).map_err(Failure::usage)?;
        match policy_text(&policy.name, Path::new("")) {
            Ok((_, shipped)) if shipped == text => {}
            Ok(_) => {
                different.push(lang::read(format!("policy `{}`: this onshore ships another version of it", safe(&policy.name))))
            }
            Err(_) => different.push(lang::read(format!("policy `{}`: this onshore does not ship it", safe(&policy.name)))),
        }
    }
    Ok(())
}

fn variables(m: &Manifest, context: &Context<'_>, different: &mut Vec<Message>) {
    let then: BTreeSet<&String> = m.terraform_variables.iter().collect();
    let now: BTreeSet<&String> = context.around.terraform_variables.keys().collect();
    different.extend(then.difference(&now).map(|v| lang::read(format!("`TF_VAR_{}` was set and is not", safe(v)))));
    different.extend(now.difference(&then).map(|v| lang::read(format!("`TF_VAR_{}` is set and was not", safe(v)))));
}

struct Now {
    text: String,
    summary: Message,
}

fn judge(begun: Begun, bundle: &Bundle, as_of: Date, context: &Context<'_>) -> Result<Now, Failure> {
    let m = &bundle.manifest;
    let read =
        |(point, word): (&String, &String)| Some((point.clone(), Reading::ALL.into_iter().find(|r| r.as_str() == word)?));
    let readings: Option<Vec<_>> = m.readings.iter().map(read).collect();
    let untold = || Failure::usage("the bundle cannot be judged again: it names a reading that is neither strict nor lenient");
    let args = ProjectArgs {
        geoip: Vec::new(),
        input_format: m.input_format.clone(),
        as_of: Some(as_of),
        reading: readings.ok_or_else(untold)?,
    };
    let mut opened = begun.open(&args, context)?;
    let of_bundle = |why: String| Failure::usage(format!("the bundle cannot be judged again: {why}"));
    if let Some(member) = &m.baseline {
        let text = bundle.text(&member.file).map_err(of_bundle)?;
        opened.baseline = Some(baseline::parse(text, &member.file)?);
    }
    let mut texts = Vec::new();
    for policy in &m.policies {
        texts.push((policy.name.clone(), bundle.text(&policy.file).map_err(of_bundle)?.to_owned()));
    }
    let packs = opened.packs_of(texts)?;
    context.progress.doing(|| opened.assessing(&packs));
    let atlas = opened.atlas()?;
    let mut assessment = opened.assess(&atlas, &packs);
    follow(&opened.question(&atlas, &packs, None), &mut assessment);
    let mut text = Vec::new();
    json::Json.write(&assessment, &opened.sources, &RenderOptions::PLAIN, &mut text)?;
    context.progress.clear();
    Ok(Now { text: String::from_utf8_lossy(&text).into_owned(), summary: summary(&assessment) })
}
