//! `onshore report`: the assessment as a document to hand on. It is no gate: that is `onshore check`.

use std::path::{Path, PathBuf};

use clap::Args;

#[cfg(feature = "pdf")]
use super::fonts;
use super::{Context, Failure, ProjectArgs, baseline, bundle, check, pipeline};
use crate::check::follow;
use crate::geo::data_set::sha256;
use crate::lang::say;
#[cfg(feature = "pdf")]
use crate::report::pdf::Pdf;
use crate::report::{self, Reporter, html, oscal, safe, typst, xlsx};
use crate::source::load;

mod pictures;

use pictures::{sheets, world};

#[derive(Debug, Args)]
pub struct Report {
    /// Folder of the project, or its onshore.toml; without: the nearest onshore.toml upwards, else this folder
    path: Option<PathBuf>,
    /// The file to write; how it ends says in which form: residency.html
    #[arg(short, long, value_name = "FILE", required_unless_present = "bundle")]
    output: Option<PathBuf>,
    /// Write an evidence bundle for `onshore verify`: the assessment, the policies, and the hashes of all that it rests on
    #[arg(long, value_name = "FILE.tar.zst")]
    bundle: Option<PathBuf>,
    /// Put the inputs themselves into the bundle; they may hold secrets
    #[arg(long, requires = "bundle")]
    with_inputs: bool,
    /// Policy file, or pack:NAME for one shipped with onshore; in addition to those of the project; may be given several times
    #[arg(long, value_name = "POLICY")]
    policy: Vec<String>,
    /// Let pass what this file knows from before, and show since when
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// A font, or a folder of fonts, for a PDF with what the embedded ones and those of the system do not have
    #[cfg(feature = "pdf")]
    #[arg(long, value_name = "FILE", env = "ONSHORE_FONTS")]
    font_path: Option<PathBuf>,
    #[command(flatten)]
    project: ProjectArgs,
}

/// In which form a file is written.
enum Form {
    Html,
    Xlsx,
    Typst,
    #[cfg(feature = "pdf")]
    Pdf,
    By(&'static dyn Reporter),
}

impl Form {
    fn shows_hashes(&self) -> bool {
        match self {
            Self::By(reporter) => reporter.shows_hashes(),
            #[cfg(feature = "pdf")]
            Self::Pdf => true,
            Self::Typst => true,
            Self::Html | Self::Xlsx => false,
        }
    }
}

/// Endings of file names, and the reporters that write such files; `html` is the report itself.
const ENDINGS: &[(&str, &str)] = &[
    ("html", "html"),
    ("htm", "html"),
    ("json", "json"),
    ("jsonl", "jsonl"),
    ("ndjson", "jsonl"),
    ("md", "markdown"),
    ("markdown", "markdown"),
    ("sarif", "sarif"),
    ("xml", "junit"),
    ("csv", "csv"),
    ("txt", "pretty"),
    ("typ", "typst"),
];

impl Report {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        // Before the work: a mistake in a name shows at once.
        let form = self.output.as_deref().map(form).transpose()?;
        if let Some(file) = &self.bundle
            && !file.to_string_lossy().ends_with(bundle::ENDING)
        {
            let help = format!("a bundle is a tar archive compressed by Zstandard: name it `evidence{}`", bundle::ENDING);
            return Err(Failure::with_help(format!("`{}` does not end in `{}`", file.display(), bundle::ENDING), help));
        }
        let around = context.around;
        let folder = &around.folder;
        let begun = pipeline::begin(self.path.as_deref(), context)?;
        let record = self.bundle.as_ref().map(|_| bundle::Record::of(&begun, self.with_inputs)).transpose()?;
        let mut opened = begun.open(&self.project, context)?;
        context.speak_of(&opened.project);
        let baseline = self.baseline.as_deref().map(|file| load::read_one(&folder.join(file))).transpose()?;
        if let (Some(text), Some(file)) = (&baseline, &self.baseline) {
            opened.baseline = Some(baseline::parse(text, &file.to_string_lossy())?);
        }
        let packs = opened.packs(&self.policy, folder)?;
        context.progress.doing(|| opened.assessing(&packs));
        let atlas = opened.atlas()?;
        let mut assessment = opened.assess(&atlas, &packs);
        context.progress.doing(|| say!("drawing and writing"));
        if record.is_some() || matches!(form, Some(Form::By(reporter)) if reporter.shows_ways()) {
            follow(&opened.question(&atlas, &packs, None), &mut assessment);
        }
        if form.as_ref().is_some_and(Form::shows_hashes) {
            assessment.coverage.hashes = opened.hashes(&packs)?;
        }
        if let (Some(form), Some(file)) = (form, &self.output) {
            let mut text = Vec::new();
            match form {
                Form::Html => {
                    let world = world(&opened, &atlas, &packs, &assessment, context.options.lang);
                    let report = html::Report {
                        assessment: &assessment,
                        sources: &opened.sources,
                        world: &world,
                        version: env!("CARGO_PKG_VERSION"),
                        lang: context.options.lang,
                    };
                    html::write(&report, &mut text)?;
                }
                Form::Xlsx => text = xlsx::write(&assessment, &opened.sources, context.options.lang)?,
                Form::Typst => {
                    let sheets = sheets(&opened, &atlas, &assessment, context.options.lang);
                    typst::document(&assessment, &opened.sources, &context.plain(), &sheets, &mut text)?;
                }
                #[cfg(feature = "pdf")]
                Form::Pdf => {
                    let sheets = sheets(&opened, &atlas, &assessment, context.options.lang);
                    let mut pdf = Pdf::new(&assessment, &opened.sources, &context.plain(), &sheets)?;
                    fonts::complete(&mut pdf, self.font_path.as_deref().map(|path| folder.join(path)).as_deref())?;
                    text = pdf.write()?;
                }
                Form::By(reporter) => reporter.write(&assessment, &opened.sources, &context.plain(), &mut text)?,
            }
            write(&folder.join(file), &text)?;
        }
        context.progress.clear();
        check::closing(&assessment, &opened.sources, context)?;
        if let (Some(record), Some(file)) = (record, &self.bundle) {
            let judged = bundle::Judged {
                opened: &opened,
                packs: &packs,
                assessment: &assessment,
                args: &self.project,
                baseline: baseline.as_deref(),
            };
            let bytes = bundle::write(record, &judged, context)?;
            write(&folder.join(file), &bytes)?;
            writeln!(context.out, "{}: SHA-256 {}", safe(&file.to_string_lossy()), sha256(&bytes))?;
        }
        Ok(if opened.broken { 2 } else { 0 })
    }
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(file, bytes).map_err(|e| Failure::usage(format!("`{}` cannot be written: {e}", file.display())))
}

/// By how the name of the file ends.
fn form(file: &Path) -> Result<Form, Failure> {
    let ending = file.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        #[cfg(feature = "pdf")]
        "pdf" => return Ok(Form::Pdf),
        #[cfg(not(feature = "pdf"))]
        "pdf" => {
            let help = "build it with `--features pdf`, write `-o residency.typ` and run `typst compile residency.typ`, or print \
                        `-o residency.html` from a browser";
            return Err(Failure::with_help("PDF is not built into this onshore", help));
        }
        "xlsx" if xlsx::BUILT_IN => return Ok(Form::Xlsx),
        "xlsx" => {
            let help = "build it with `--features xlsx`, or write `-o residency.csv`, which spreadsheets open";
            return Err(Failure::with_help("XLSX is not built into this onshore", help));
        }
        "json" if file.to_string_lossy().ends_with(".oscal.json") => return Ok(Form::By(&oscal::Oscal)),
        _ => {}
    }
    let written = |name: &str| name == "html" || report::reporter(name).is_some();
    match ENDINGS.iter().find(|(known, name)| *known == ending && written(name)) {
        Some((_, "html")) => Ok(Form::Html),
        Some((_, "typst")) => Ok(Form::Typst),
        Some((_, name)) => Ok(Form::By(report::reporter(name).expect("`written` lets only names of reporters through"))),
        None => {
            let built_in = [(xlsx::BUILT_IN, "xlsx"), (cfg!(feature = "pdf"), "pdf")];
            let built_in = built_in.into_iter().filter_map(|(is, ending)| is.then_some(ending));
            let known = ENDINGS.iter().filter(|(_, name)| written(name)).map(|(e, _)| *e).chain(["oscal.json"]).chain(built_in);
            let known: Vec<String> = known.map(|e| format!(".{e}")).collect();
            let message = match ending.as_str() {
                "" => format!("`{}` does not end in a way that says what to write", file.display()),
                ending => format!("onshore writes no file that ends in `.{ending}`"),
            };
            Err(Failure::with_help(message, format!("it can end in {}", known.join(", "))))
        }
    }
}
