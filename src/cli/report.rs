//! `onshore report`: the assessment as a document to hand on. It is no gate: that is `onshore check`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;

use super::draw::{Picture, state_of};
#[cfg(feature = "pdf")]
use super::fonts;
use super::pipeline::{self, Opened};
use super::{Context, Failure, ProjectArgs, baseline, bundle, check, whatif};
use crate::check::follow;
use crate::finding::{Assessment, Finding, State};
use crate::geo::Atlas;
use crate::geo::data_set::sha256;
use crate::lang::{self, Joint, Lang, say, tell};
use crate::model::Country;
use crate::policy::Pack;
use crate::reach::{Graph, Token, TokenSource, World, tokens};
#[cfg(feature = "pdf")]
use crate::report::pdf::Pdf;
use crate::report::{self, Reporter, count, draw, html, oscal, safe, typst, xlsx};
use crate::source::load;
use crate::vocab::classes;

/// Pictures of choices drawn at most: a file that nobody can load helps nobody.
const MOST_PICTURES: usize = 240;
/// Losses drawn at most.
const MOST_LOSSES: usize = 40;
/// Beyond, each loss takes too long to be judged one by one. In endpoints.
const SMALL: usize = 2_000;

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

/// Every picture that the report lets people choose.
fn world(opened: &Opened, atlas: &Atlas, packs: &[Pack], assessment: &Assessment, lang: Lang) -> html::World {
    let tokens = tokens(&opened.snapshot);
    let graph = Graph::new(&opened.snapshot, &tokens);
    let mut out = html::World::default();
    if tokens.is_empty() {
        return out;
    }
    let drawing = Drawing { opened, atlas, graph: &graph, tokens: &tokens, assessment, lang };
    out.when = vec![
        html::world::When { name: tell!(lang, "any state"), rank: 2, change: false },
        html::world::When { name: tell!(lang, "normal running"), rank: 0, change: false },
        html::world::When { name: tell!(lang, "overload"), rank: 1, change: false },
    ];
    let (groups, classes) = axes(opened, &tokens, lang, &mut out);
    let mut choices: Vec<(Option<usize>, Option<usize>)> = vec![(None, None)];
    choices.extend((0..out.who.len()).map(|who| (Some(who), None)));
    choices.extend((0..out.what.len()).map(|what| (None, Some(what))));
    choices.extend((0..out.who.len()).flat_map(|who| (0..out.what.len()).map(move |what| (Some(who), Some(what)))));
    let mut left = 0;
    for (who, what) in choices {
        let is_of = |t: usize| who.is_none_or(|who| groups[t] == who) && what.is_none_or(|what| classes[t] == what);
        let wanted: Vec<usize> = (0..tokens.len()).filter(|t| is_of(*t)).collect();
        if wanted.is_empty() {
            continue;
        }
        let large = opened.snapshot.endpoints.len() > SMALL && (who.is_some() || what.is_some());
        if out.pictures.len() + 3 > MOST_PICTURES || large {
            left += 1;
            continue;
        }
        for (when, worst) in [(0, State::Loss), (1, State::Normal), (2, State::Overload)] {
            out.pictures.push(html::world::Picture { who, what, when, graph: drawing.of(&wanted, worst) });
        }
    }
    if left > 0 {
        let left = count(left, "choice of people and data is", "choices of people and data are");
        out.notes.push(tell!(lang, "{left} not drawn one by one: `onshore trace --format svg` draws each", left));
    }
    losses(opened, atlas, packs, lang, &mut out);
    same_sites(out.pictures.iter_mut().map(|picture| &mut picture.graph));
    out
}

/// For paper, on which nobody can choose: normal running, and all states.
fn sheets(opened: &Opened, atlas: &Atlas, assessment: &Assessment, lang: Lang) -> Vec<typst::Sheet> {
    let tokens = tokens(&opened.snapshot);
    if tokens.is_empty() {
        return Vec::new();
    }
    let graph = Graph::new(&opened.snapshot, &tokens);
    let drawing = Drawing { opened, atlas, graph: &graph, tokens: &tokens, assessment, lang };
    let all: Vec<usize> = (0..tokens.len()).collect();
    let states = [(State::Normal, tell!(lang, "normal running")), (State::Loss, tell!(lang, "any state"))];
    let mut sheets = states.map(|(worst, state)| typst::Sheet { state, graph: drawing.of(&all, worst) });
    same_sites(sheets.iter_mut().map(|sheet| &mut sheet.graph));
    sheets.into()
}

/// What pictures of one assessment have in common.
struct Drawing<'a> {
    opened: &'a Opened,
    atlas: &'a Atlas,
    graph: &'a Graph<'a>,
    tokens: &'a [Token],
    assessment: &'a Assessment,
    lang: Lang,
}

impl Drawing<'_> {
    /// Where some of the tokens get to in any state up to the worst, and what that breaks.
    fn of(&self, wanted: &[usize], worst: State) -> draw::Graph {
        let states = [(State::Normal, World::Normal), (State::Overload, World::Overload), (State::Loss, World::Any)];
        let about = |f: &&Finding| f.state.is_none_or(|s| s <= worst) && concerns(f, wanted, self.tokens);
        let findings: Vec<Finding> = self.assessment.findings.iter().filter(about).cloned().collect();
        let picture = Picture {
            opened: self.opened,
            atlas: self.atlas,
            graph: self.graph,
            tokens: self.tokens,
            wanted: wanted.to_vec(),
            states: states.into_iter().filter(|(state, _)| *state <= worst).collect(),
            against_normal: false,
            findings: &findings,
            subtitle: String::new(),
            lang: self.lang,
        };
        picture.draw()
    }
}

/// Whose data and which there is to choose from; for each token, whose it is and which.
fn axes(opened: &Opened, tokens: &[Token], lang: Lang, out: &mut html::World) -> (Vec<usize>, Vec<usize>) {
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups = Vec::with_capacity(tokens.len());
    for token in tokens {
        let origins: Vec<&str> = token.origins.iter().map(Country::as_str).collect();
        let origins = origins.join("+");
        let (name, joined) = match token.source {
            TokenSource::Population(i) => {
                let population = &opened.snapshot.populations[i];
                let of: Vec<&str> = population.subject.countries().iter().map(Country::as_str).collect();
                (format!("{} ({})", population.id, of.join(", ")), true)
            }
            TokenSource::Holding(_) if origins.is_empty() => (tell!(lang, "held in stores, nobody said whose"), false),
            TokenSource::Holding(_) => {
                (tell!(lang, "held in stores, of {origins}", origins = lang::series(origins.split('+'), Joint::EachAnd)), false)
            }
        };
        // A holding may have the same name as a population.
        let group = *known.entry(format!("{joined} {name}")).or_insert_with(|| {
            out.who.push(html::world::Who { name, origins: Vec::new() });
            out.who.len() - 1
        });
        if !out.who[group].origins.contains(&origins) {
            out.who[group].origins.push(origins);
        }
        groups.push(group);
    }
    let what: BTreeSet<&str> = tokens.iter().map(|t| t.class.as_str()).collect();
    out.what = what.iter().map(ToString::to_string).collect();
    let number: BTreeMap<&str, usize> = what.into_iter().enumerate().map(|(i, class)| (class, i)).collect();
    (groups, tokens.iter().map(|t| number[t.class.as_str()]).collect())
}

/// Whether a finding is about any of the data.
fn concerns(finding: &Finding, wanted: &[usize], tokens: &[Token]) -> bool {
    let of_origin = |t: &Token| {
        let is = |code: &str| t.origins.is_empty() || t.origins.iter().any(|o| o.as_str() == code);
        finding.origin.is_empty() || finding.origin.iter().flat_map(|o| o.split('+')).any(is)
    };
    let of_class = |t: &Token| finding.data.is_empty() || finding.data.iter().any(|d| classes::overlap(&t.class, d));
    wanted.iter().map(|t| &tokens[*t]).any(|t| of_origin(t) && of_class(t))
}

/// What each loss changes, those of sites first.
fn losses(opened: &Opened, atlas: &Atlas, packs: &[Pack], lang: Lang, out: &mut html::World) {
    let mut domains: Vec<_> = whatif::domains(opened).into_iter().collect();
    if domains.is_empty() {
        return;
    }
    if opened.snapshot.endpoints.len() > SMALL {
        out.notes.push(tell!(lang, "losses are not drawn, the project is too large: `onshore whatif --lose` draws one"));
        return;
    }
    domains.sort_by_key(|d| d.kind.as_str() != "site");
    let left = domains.len().saturating_sub(MOST_LOSSES);
    domains.truncate(MOST_LOSSES);
    for domain in domains {
        let when = out.when.len();
        out.when.push(html::world::When { name: tell!(lang, "losing {lost}", lost = domain), rank: 2, change: true });
        let graph = state_of(opened, atlas, packs, World::Loss(vec![domain]), lang);
        out.pictures.push(html::world::Picture { who: None, what: None, when, graph });
    }
    if left > 0 {
        let left = count(left, "loss is", "losses are");
        out.notes.push(tell!(lang, "{left} not drawn: `onshore whatif --lose` draws each", left));
    }
}

/// Gives all pictures the sites of all, so that what stands in one place does so in every picture.
fn same_sites<'a>(graphs: impl Iterator<Item = &'a mut draw::Graph>) {
    let mut graphs: Vec<&mut draw::Graph> = graphs.collect();
    let mut sites: Vec<draw::Site> = Vec::new();
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for graph in &mut graphs {
        let mut number = Vec::with_capacity(graph.sites.len());
        for site in &graph.sites {
            let like = by_name.entry(site.name.clone()).or_default();
            let known = like.iter().copied().find(|i| sites[*i] == *site);
            number.push(known.unwrap_or_else(|| {
                sites.push(site.clone());
                like.push(sites.len() - 1);
                sites.len() - 1
            }));
        }
        for node in &mut graph.nodes {
            node.site = node.site.map(|site| number[site]);
        }
    }
    for graph in graphs {
        graph.sites.clone_from(&sites);
    }
}
