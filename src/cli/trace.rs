//! `onshore trace`: every way that data of an origin and class can take, as a tree with places, or drawn.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::draw::Picture;
use super::pipeline::{self, Opened};
use super::{Context, Failure, ProjectArgs};
use crate::check::hop;
use crate::finding::{self, Finding, State};
use crate::geo::Atlas;
use crate::lang::{Lang, Message, say, tell};
use crate::model::Country;
use crate::reach::{Graph, Token, World, tokens};
use crate::report::{self, count, draw, json, safe, tree::Tree};
use crate::vocab::{classes, places};

/// Hops shown at most: beyond, nobody reads on, and ways of a huge graph repeat their beginnings.
const MAX_HOPS: usize = 100_000;

#[derive(Debug, Args)]
pub struct Trace {
    /// Folder of the project, or its onshore.toml
    path: Option<PathBuf>,
    /// Whose data: a country code, US
    #[arg(long, value_name = "COUNTRY")]
    origin: Option<String>,
    /// Which data: a class, communications.content
    #[arg(long, value_name = "CLASS")]
    data: Option<String>,
    /// In which state of the world; `loss` and `any` show every route that may ever carry
    #[arg(long, value_name = "STATE", default_value = "any", value_parser = ["normal", "overload", "loss", "any"])]
    state: String,
    /// How to show it: as a tree or data, or drawn as a graph (Graphviz, Mermaid) or a map. Drawings mark what breaks a rule of the
    /// project or of --policy
    #[arg(long, value_name = "FORMAT", default_value = "tree",
        value_parser = PossibleValuesParser::new(["tree", "json"].into_iter().chain(draw::FORMATS)))]
    format: String,
    /// Write to a file instead of the terminal
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// For drawings: policy file, or pack:NAME; in addition to those of the project; may be given several times
    #[arg(long, value_name = "POLICY")]
    policy: Vec<String>,
    #[command(flatten)]
    project: ProjectArgs,
}

impl Trace {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let file = self.output.clone();
        context.written_to(file.as_deref(), |context| self.answer(context))
    }

    fn answer(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let origin = self.origin.as_deref().map(country).transpose()?;
        if let Some(class) = &self.data
            && let classes::Lookup::Unknown { suggestion } = classes::lookup(class)
        {
            let help = suggestion.map_or_else(
                || "write a dotted class, such as `user.contact`; `onshore explain user` shows what lies below".to_owned(),
                |s| format!("did you mean `{s}`?"),
            );
            return Err(Failure::with_help(format!("`{class}` is no data class"), help));
        }
        let mut opened = pipeline::open(self.path.as_deref(), &self.project, context)?;
        context.speak_of(&opened.project);
        let is_drawn = draw::FORMATS.contains(&self.format.as_str());
        let packs = if is_drawn { opened.packs(&self.policy, &context.around.folder)? } else { Vec::new() };
        let atlas = opened.atlas()?;
        let tokens = tokens(&opened.snapshot);
        let graph = Graph::new(&opened.snapshot, &tokens);
        let wanted: Vec<usize> = (0..tokens.len()).filter(|t| asked(&tokens[*t], origin, self.data.as_deref())).collect();
        if wanted.is_empty() {
            return Err(nothing(&tokens));
        }
        if is_drawn {
            let assessment = opened.assess(&atlas, &packs);
            let states = self.states();
            let worst = states.last().map_or(State::Normal, |(s, _)| *s);
            let concerns = |f: &&Finding| f.state.is_none_or(|s| s <= worst) && self.concerns(f, origin);
            let findings: Vec<Finding> = assessment.findings.iter().filter(concerns).cloned().collect();
            let picture = Picture {
                opened: &opened,
                atlas: &atlas,
                graph: &graph,
                tokens: &tokens,
                wanted,
                states,
                against_normal: false,
                findings: &findings,
                subtitle: self.subtitle(context.options.lang),
                lang: context.options.lang,
            };
            draw::write(&self.format, &picture.draw(), context.out)?;
            return Ok(0);
        }
        let (ways, left_out) = self.ways(&opened, &atlas, &graph, &wanted);
        if self.format == "json" {
            let told = json::Trace { state: &self.state, ways: &ways, left_out, gaps: opened.snapshot.gaps.len() };
            json::write_trace(&told, &opened.sources, context.out)?;
            return Ok(0);
        }
        let tree = Tree::merge(ways.iter().map(Vec::as_slice));
        write!(context.out, "{}", tree.render("", &|at| report::line(&opened.sources, at), &context.options))?;
        if left_out > 0 {
            let ways = count(left_out, "way", "ways");
            let text = tell!(context.options.lang, "{ways} more not shown; ask for one --origin and --data", ways);
            writeln!(context.out, "{text}")?;
        }
        if !opened.snapshot.gaps.is_empty() {
            let gaps = count(opened.snapshot.gaps.len(), "gap", "gaps");
            let text = tell!(
                context.options.lang,
                "{gaps} in what was read: there may be other ways; `onshore check` lists them",
                gaps
            );
            writeln!(context.out, "{text}")?;
        }
        Ok(0)
    }

    /// The shortest way to each endpoint, and how many are left out.
    fn ways(&self, opened: &Opened, atlas: &Atlas, graph: &Graph<'_>, wanted: &[usize]) -> (Vec<finding::Path>, usize) {
        let spread = graph.spread(&match self.state.as_str() {
            "normal" => World::Normal,
            "overload" => World::Overload,
            _ => World::Any,
        });
        let mut ways: Vec<finding::Path> = Vec::new();
        let (mut hops, mut left_out) = (0, 0);
        for token in wanted.iter().copied() {
            let paths = graph.paths(&spread, token);
            for endpoint in opened.snapshot.endpoint_ids().filter(|e| spread.has(*e, token)) {
                if hops > MAX_HOPS {
                    left_out += 1;
                    continue;
                }
                let Some(steps) = paths.to(endpoint) else { continue };
                hops += steps.len();
                ways.push(steps.iter().map(|s| Arc::new(hop(&opened.snapshot, atlas, s))).collect());
            }
        }
        (ways, left_out)
    }

    /// Up to that which is asked about.
    fn states(&self) -> Vec<(State, World)> {
        let all = [(State::Normal, World::Normal), (State::Overload, World::Overload), (State::Loss, World::Any)];
        let n = match self.state.as_str() {
            "normal" => 1,
            "overload" => 2,
            _ => 3,
        };
        all.into_iter().take(n).collect()
    }

    /// Whether a finding is about the data asked about.
    fn concerns(&self, finding: &Finding, origin: Option<Country>) -> bool {
        let of_origin = |o: Country| finding.origin.is_empty() || finding.origin.iter().any(|f| f == o.as_str());
        let of_class = |c: &str| finding.data.is_empty() || finding.data.iter().any(|d| classes::overlap(c, d));
        origin.is_none_or(of_origin) && self.data.as_deref().is_none_or(of_class)
    }

    fn subtitle(&self, lang: Lang) -> String {
        let data = self.data.as_ref().map_or_else(|| say!("all data"), |d| Message::Plain(d.clone()));
        let data = match &self.origin {
            Some(origin) => say!("{data} of people of {origin}", data, origin = origin.to_ascii_uppercase()),
            None => data,
        };
        let state = match self.state.as_str() {
            "normal" => say!("in normal running"),
            "overload" => say!("in normal running and under overload"),
            _ => say!("in any state"),
        };
        tell!(lang, "{data}: where it can get to {state}", data, state)
    }
}

fn country(code: &str) -> Result<Country, Failure> {
    let upper = code.to_ascii_uppercase();
    places::country(&upper).ok_or_else(|| {
        let help = places::country_by_name(code)
            .map_or_else(|| "write two letters, such as `DE`".to_owned(), |c| format!("did you mean `{c}`?"));
        Failure::with_help(format!("`{code}` is no country code (ISO 3166-1)"), help)
    })
}

fn asked(token: &Token, origin: Option<Country>, class: Option<&str>) -> bool {
    origin.is_none_or(|o| token.origins.contains(&o)) && class.is_none_or(|c| classes::overlap(c, &token.class))
}

/// Says what there is instead.
fn nothing(tokens: &[Token]) -> Failure {
    let mut there: Vec<String> = tokens
        .iter()
        .flat_map(|t| {
            let data = format!("--data {}", safe(&t.class));
            let nobody = t.origins.is_empty().then(|| data.clone());
            t.origins.iter().map(move |o| format!("--origin {} {data}", o.as_str())).chain(nobody)
        })
        .collect();
    there.sort_unstable();
    there.dedup();
    let help = if there.is_empty() {
        "declare whose data comes in with [[population]] in onshore.toml, or what stores hold with [[classify]]".to_owned()
    } else {
        format!("there is:\n{}", there.join("\n"))
    };
    Failure::with_help("no declared data is of that origin and class", help)
}
