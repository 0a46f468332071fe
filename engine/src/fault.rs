//! Errors on their way through an engine: from a thread of an executor to the person at the client, between marks, for an engine puts
//! its own words around them.

use datafusion::error::DataFusionError;
use onshore::cli::Failure;

use crate::reasons::Reason;

const BEGIN: &str = "[[onshore: ";
const MIDDLE: &str = " [[help: ";
const END: &str = "]]";

fn between_marks(message: &str, help: &str) -> String {
    // What an engine quotes it escapes.
    let plain = |text: &str| text.replace(['\n', '\r'], " ").replace('"', "`").replace('\\', "/").replace("]]", "] ]");
    format!("{BEGIN}{}{MIDDLE}{}{END}", plain(message), plain(help))
}

/// What ends the query: no retry would help.
pub fn fatal(message: &str, help: &str) -> DataFusionError {
    DataFusionError::Execution(between_marks(message, help))
}

/// What a store did not give. Engines try again what may pass, on another executor perhaps.
pub fn of_store(url: &str, reason: &Reason) -> DataFusionError {
    let message = format!("`{url}`: {}", reason.why);
    if reason.passing {
        DataFusionError::IoError(std::io::Error::other(between_marks(&message, &reason.help)))
    } else {
        fatal(&message, &reason.help)
    }
}

/// As the person is told it.
pub fn failure(error: &DataFusionError) -> Failure {
    let text = error.to_string();
    match text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(own, _)| own) {
        Some(own) => {
            let (message, help) = own.split_once(MIDDLE).unwrap_or((own, ""));
            Failure::with_help(message, help)
        }
        None => match unmarked_store(&text) {
            Some((url, reason)) => Failure::with_help(format!("`{url}`: {}", reason.why), reason.help),
            None => Failure::usage(first_words(&text)),
        },
    }
}

/// What SQL reads, an engine asks for itself, and tells it in the words of the store: `Error performing GET URL in 3ms - ...`.
fn unmarked_store(text: &str) -> Option<(&str, Reason)> {
    let (_, asked) = text.split_once("Error performing ")?;
    let url = asked.split_whitespace().nth(1)?;
    Some((url, Reason::of_words(asked)?))
}

/// An engine's own errors can be very long, and repeat themselves.
fn first_words(text: &str) -> String {
    const MOST: usize = 600;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_comes_through_whatever_is_put_around_it() {
        let fault = fatal("`a.log` is not\nthere", "put it \"there\"");
        let wrapped = DataFusionError::Execution(format!("Job x failed: {:?} caused by {fault:?}", fault.to_string()));
        assert_eq!(failure(&wrapped).to_string(), "error: `a.log` is not there\n  help: put it `there`\n");
        assert_eq!(failure(&DataFusionError::Execution("x\n  y".into())).to_string(), "error: Execution error: x y\n");
    }
}
