//! `onshore schema`: JSON Schemas of the files that people write, for editors.

use clap::{Args, ValueEnum};

use super::{Context, Failure};
use crate::report::json;

#[derive(Debug, Args)]
pub struct Schema {
    /// Of which file
    file: File,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum File {
    /// onshore.toml
    Project,
    /// Sites, endpoints and routes written by hand
    Inventory,
    /// A policy pack
    Policy,
}

impl Schema {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let schema = match self.file {
            File::Project => crate::project::schema(),
            File::Inventory => crate::read::inventory::schema(),
            File::Policy => crate::policy::schema(),
        };
        json::write_value(&schema, context.out)?;
        Ok(0)
    }
}
