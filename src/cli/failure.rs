//! What kept onshore from doing its job: wrong usage, unreadable or wrong files. Never a verdict about the user's world.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};

use crate::finding::Severity;
use crate::lang::{count, tell};
use crate::report::{self, RenderOptions, note, safe};
use crate::source::load::LoadError;
use crate::source::{InputError, Sources};

/// Errors shown with an excerpt, each message once; the others get a line each.
const IN_FULL: usize = 20;
/// Errors that get a line; beyond them nobody reads on. At a terminal fewer.
const IN_SHORT: usize = 80;
const IN_SHORT_ON_SCREEN: usize = 10;

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
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: None }
    }

    pub fn with_help(message: impl Into<String>, help: impl Into<String>) -> Self {
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
                    let said = LoadError { message: options.lang.read(&e.message).into_owned(), ..e.clone() };
                    plain(&said.to_string(), e.help.as_deref(), options, err)?;
                }
                Ok(())
            }
            Self::Input { errors, sources } => {
                let lang = options.lang;
                let mut said: BTreeSet<&str> = BTreeSet::new();
                let (mut in_full, mut in_short) = (Vec::new(), Vec::new());
                for e in errors {
                    let is_new = said.len() < IN_FULL && said.insert(&e.message);
                    if is_new { in_full.push(e) } else { in_short.push(e) }
                }
                for e in in_full {
                    let (message, help) = (lang.read(&e.message), e.help.as_deref().map(|help| lang.read(help)));
                    note::problem(Severity::High, &message, help.as_deref(), Some(e.location), sources, options, err)?;
                }
                let most = options.most_findings.map_or(IN_SHORT, |_| IN_SHORT_ON_SCREEN);
                for e in in_short.iter().take(most) {
                    writeln!(err, "{}: {}", report::position(sources, e.location), safe(&lang.read(&e.message)))?;
                }
                if in_short.len() > most {
                    writeln!(err, "{}", tell!(lang, "... and {n} more", n = in_short.len() - most))?;
                }
                writeln!(
                    err,
                    "{}",
                    tell!(lang, "{errors}; nothing was checked", errors = count(errors.len(), "error", "errors"))
                )
            }
        }
    }
}

/// `error: message`, then the remedy, each in the language of the run.
fn plain(message: &str, help: Option<&str>, options: &RenderOptions, err: &mut dyn Write) -> io::Result<()> {
    let red = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
    let lang = options.lang;
    writeln!(err, "{}{}{}", options.paint(red, &tell!(lang, "error:")), lang.space(), safe(&lang.read(message)))?;
    for line in help.unwrap_or("").lines() {
        writeln!(err, "  {}", tell!(lang, "help: {help}", help = safe(&lang.read(line))))?;
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
