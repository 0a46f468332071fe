//! argv -> run -> exit code. The clock, the environment and the terminal are looked at here, once, and passed on as values.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use onshore::cli::{Screen, Surroundings, help, run};

/// Configurations become many small values: a third less time than with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    let cli = match help::parse(&args) {
        Ok(cli) => cli,
        Err(ended) => return ExitCode::from(ended.write(screen(io::stderr().is_terminal()), &mut io::stderr())),
    };
    let folder = match std::env::current_dir() {
        Ok(folder) => folder,
        Err(e) => return fail(&format!("the current folder cannot be read: {e}")),
    };
    let around = Surroundings {
        today: jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date(),
        folder,
        terraform_variables: std::env::vars_os()
            // A value that is no UTF-8 still counts: it names no region, where the variable's default might.
            .filter_map(|(k, v)| Some((k.to_str()?.strip_prefix("TF_VAR_")?.to_owned(), v.to_string_lossy().into_owned())))
            .collect(),
        stdout: screen(io::stdout().is_terminal()),
        stderr: screen(io::stderr().is_terminal()),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    // Stderr is not locked: progress is shown by another thread.
    match run(cli, &around, &mut io::stdin().lock(), &mut out, &mut io::stderr()) {
        Ok(code) => ExitCode::from(code),
        Err(e) => fail(&e.to_string()),
    }
}

fn fail(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(2)
}

fn screen(is_terminal: bool) -> Screen {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    // POSIX: the first of these that is set decides.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
    let locale = locale.to_string_lossy().to_ascii_lowercase();
    let told = set("COLUMNS").and_then(|c| c.to_str()?.parse::<usize>().ok()).filter(|c| *c > 0);
    let columns = told.unwrap_or_else(|| terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0)));
    Screen {
        terminal: is_terminal.then_some(columns),
        unicode: cfg!(windows) || locale.contains("utf-8") || locale.contains("utf8"),
        may_color: set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb"),
        links: is_terminal && supports_hyperlinks::supports_hyperlinks(),
    }
}
