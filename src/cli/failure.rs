//! What kept onshore from doing its job: wrong usage, unreadable or wrong files. Never a verdict about the user's world.

use std::fmt;
use std::io::{self, Write};

use crate::finding::Severity;
use crate::report::{self, RenderOptions, pretty, safe};
use crate::source::load::LoadError;
use crate::source::{InputError, Sources};

/// Errors shown with an excerpt; the others get a line each.
const IN_FULL: usize = 20;
/// Errors that get a line; beyond them nobody reads on.
const IN_SHORT: usize = 80;

#[derive(Debug)]
pub enum Failure {
    /// Something asked for that is not there or makes no sense.
    Usage {
        message: String,
        help: Option<String>,
    },
    /// Files that could not be opened.
    Load(Vec<LoadError>),
    /// Every error in what the user wrote.
    Input {
        errors: Vec<InputError>,
        sources: Sources,
    },
    Io(io::Error),
}

impl Failure {
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: None }
    }

    pub(super) fn with_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    /// "`x` is no y", with the nearest known word.
    pub(super) fn unknown<'a>(word: &str, what: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        let help = crate::vocab::suggest(word, known.clone()).map_or_else(
            || format!("known are {}", known.into_iter().collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        Self::Usage { message: format!("`{word}` is no {what}"), help: Some(help) }
    }

    pub(super) fn write(&self, options: &RenderOptions, err: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Usage { message, help } => plain(message, help.as_deref(), options, err),
            Self::Io(e) => plain(&e.to_string(), None, options, err),
            Self::Load(errors) => {
                for e in errors {
                    plain(&e.to_string(), e.help.as_deref(), options, err)?;
                }
                Ok(())
            }
            Self::Input { errors, sources } => {
                let (in_full, in_short) = errors.split_at(errors.len().min(IN_FULL));
                for e in in_full {
                    pretty::problem(Severity::High, &e.message, e.help.as_deref(), Some(e.location), sources, options, err)?;
                }
                for e in in_short.iter().take(IN_SHORT) {
                    writeln!(err, "{}: {}", report::position(sources, e.location), safe(&e.message))?;
                }
                if in_short.len() > IN_SHORT {
                    writeln!(err, "... and {} more", in_short.len() - IN_SHORT)?;
                }
                let many = if errors.len() == 1 { "1 error".to_owned() } else { format!("{} errors", errors.len()) };
                writeln!(err, "{many}; nothing was checked")
            }
        }
    }
}

/// `error: message`, then the remedy.
fn plain(message: &str, help: Option<&str>, options: &RenderOptions, err: &mut dyn Write) -> io::Result<()> {
    let red = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
    writeln!(err, "{} {}", options.paint(red, "error:"), safe(message))?;
    for line in help.unwrap_or("").lines() {
        writeln!(err, "  help: {}", safe(line))?;
    }
    Ok(())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        self.write(&RenderOptions::PLAIN, &mut out).map_err(|_| fmt::Error)?;
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

impl From<LoadError> for Failure {
    fn from(e: LoadError) -> Self {
        Self::Load(vec![e])
    }
}
