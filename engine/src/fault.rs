//! Errors on their way through an engine: from a thread of an executor to the person at the client, between marks, for an engine puts
//! its own words around them.

use datafusion::error::DataFusionError;
use onshore::cli::Failure;

const BEGIN: &str = "[[onshore: ";
const MIDDLE: &str = " [[help: ";
const END: &str = "]]";

/// What ends the query: no retry would help.
pub fn fatal(message: &str, help: &str) -> DataFusionError {
    // What an engine quotes it escapes.
    let plain = |text: &str| text.replace(['\n', '\r'], " ").replace('"', "`").replace('\\', "/").replace("]]", "] ]");
    DataFusionError::Execution(format!("{BEGIN}{}{MIDDLE}{}{END}", plain(message), plain(help)))
}

/// What a further try may mend: an executor that cannot reach a store, a disk that cannot be read.
pub fn passing(message: String) -> DataFusionError {
    DataFusionError::IoError(std::io::Error::other(message))
}

/// As the person is told it.
pub fn failure(error: &DataFusionError) -> Failure {
    let text = error.to_string();
    match text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(own, _)| own) {
        Some(own) => {
            let (message, help) = own.split_once(MIDDLE).unwrap_or((own, ""));
            Failure::with_help(message, help)
        }
        None => Failure::usage(first_words(&text)),
    }
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
