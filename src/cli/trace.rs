//! `onshore trace`: every way that data of an origin and class can take, as a tree with places.

use std::path::PathBuf;

use clap::Args;

use super::pipeline;
use super::{Context, Failure, ProjectArgs};
use crate::check::hop;
use crate::finding::Hop;
use crate::model::Country;
use crate::reach::{Graph, Token, World, tokens};
use crate::report::{self, count, safe, tree::Tree};
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
    #[command(flatten)]
    project: ProjectArgs,
}

impl Trace {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
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
        let opened = pipeline::open(self.path.as_deref(), &self.project, context)?;
        let atlas = opened.atlas()?;
        let tokens = tokens(&opened.snapshot);
        let graph = Graph::new(&opened.snapshot, &tokens);
        let wanted: Vec<usize> = (0..tokens.len()).filter(|t| asked(&tokens[*t], origin, self.data.as_deref())).collect();
        if wanted.is_empty() {
            return Err(nothing(&tokens));
        }
        let spread = graph.spread(&match self.state.as_str() {
            "normal" => World::Normal,
            "overload" => World::Overload,
            _ => World::Any,
        });

        let mut ways: Vec<Vec<Hop>> = Vec::new();
        let (mut hops, mut left_out) = (0, 0);
        for token in wanted {
            let paths = graph.paths(&spread, token);
            for endpoint in opened.snapshot.endpoint_ids().filter(|e| spread.has(*e, token)) {
                if hops > MAX_HOPS {
                    left_out += 1;
                    continue;
                }
                let Some(steps) = paths.to(endpoint) else { continue };
                hops += steps.len();
                ways.push(steps.iter().map(|s| hop(&opened.snapshot, &atlas, s)).collect());
            }
        }
        let tree = Tree::merge(ways.iter().map(Vec::as_slice));
        write!(context.out, "{}", tree.render("", &|at| report::line(&opened.sources, at), &context.options))?;
        if left_out > 0 {
            writeln!(context.out, "{} more not shown; ask for one --origin and --data", count(left_out, "way", "ways"))?;
        }
        if !opened.snapshot.gaps.is_empty() {
            let gaps = count(opened.snapshot.gaps.len(), "gap", "gaps");
            writeln!(context.out, "{gaps} in what was read: there may be other ways; `onshore check` lists them")?;
        }
        Ok(0)
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
        .map(|t| {
            let origins: Vec<&str> = t.origins.iter().map(Country::as_str).collect();
            format!("--origin {} --data {}", origins.join("+"), safe(&t.class))
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
