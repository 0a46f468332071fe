//! `onshore data`: the data sets that places rest on, with dates and licences.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Context, Failure, ProjectArgs, pipeline};
use crate::report::{safe, table};

#[derive(Debug, Subcommand)]
pub enum Data {
    /// List the data sets with date, licence and attribution
    Info(Info),
}

#[derive(Debug, Args)]
pub struct Info {
    /// Folder of the project whose own data sets to list too, or its onshore.toml
    path: Option<PathBuf>,
    #[command(flatten)]
    project: ProjectArgs,
}

impl Data {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let Self::Info(info) = self;
        let (atlas, _) = pipeline::atlas_for(info.path.as_deref(), &info.project, context)?;
        let sets = atlas.data_sets();
        let rows: Vec<Vec<String>> = sets
            .iter()
            .map(|d| {
                let or_dash = |v: &Option<String>| v.clone().unwrap_or_else(|| "-".to_owned());
                vec![d.name.clone(), d.kind.clone(), or_dash(&d.date), or_dash(&d.licence), d.sha256.chars().take(12).collect()]
            })
            .collect();
        write!(context.out, "{}", table::render(&["data set", "kind", "date", "licence", "sha256"], &rows, &context.options))?;
        for set in &sets {
            if let Some(age) = &set.age {
                writeln!(context.out, "{}", context.options.wrap("", "  ", &format!("old: {}", safe(&age.to_string()))))?;
            }
            if let Some(attribution) = &set.attribution {
                writeln!(
                    context.out,
                    "{}",
                    context.options.wrap("", "  ", &format!("{}: {}", safe(&set.name), safe(attribution)))
                )?;
            }
        }
        Ok(0)
    }
}
