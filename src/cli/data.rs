//! `onshore data`: the data sets that places rest on, with dates and licences.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Context, Failure, ProjectArgs, pipeline};
use crate::lang::{say, tell};
use crate::report::{safe, safe_message, table};

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
        let lang = context.options.lang;
        let rows: Vec<Vec<String>> = sets
            .iter()
            .map(|d| {
                let or_dash = |v: &Option<String>| v.clone().unwrap_or_else(|| "-".to_owned());
                let date = d.date.as_ref().map(|day| lang.day(day).into_owned());
                let (name, kind) = (lang.read(&d.name).into_owned(), lang.read(&d.kind).into_owned());
                vec![name, kind, or_dash(&date), or_dash(&d.licence), d.sha256.chars().take(12).collect()]
            })
            .collect();
        let header = [say!("data set"), say!("kind"), say!("date"), say!("licence")].map(|title| title.tell(lang));
        let [set, kind, date, licence] = header.each_ref().map(String::as_str);
        write!(context.out, "{}", table::render(&[set, kind, date, licence, "sha256"], &rows, &context.options))?;
        for set in &sets {
            if let Some(age) = &set.age {
                writeln!(
                    context.out,
                    "{}",
                    context.options.wrap("", "  ", &tell!(lang, "old: {age}", age = safe_message(age)))
                )?;
            }
            if let Some(attribution) = &set.attribution {
                let text = tell!(lang, "{name}: {text}", name = safe(&lang.read(&set.name)), text = safe(attribution));
                writeln!(context.out, "{}", context.options.wrap("", "  ", &text))?;
            }
        }
        Ok(0)
    }
}
