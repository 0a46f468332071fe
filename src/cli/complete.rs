//! `onshore completions` and `onshore man`: both from the clap types.

use clap::{Args, CommandFactory};

use super::{Cli, Context, Failure};

#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    shell: clap_complete::Shell,
}

impl Completions {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        // clap_complete panics where it cannot write; a buffer always can be written.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "onshore", &mut script);
        context.out.write_all(&script)?;
        Ok(0)
    }
}

#[derive(Debug, Args)]
pub struct Man {}

impl Man {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        clap_mangen::Man::new(Cli::command()).render(&mut context.out)?;
        Ok(0)
    }
}
