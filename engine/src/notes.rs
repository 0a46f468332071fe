//! What the engine says of its own work, on standard error: warnings, and with `--verbose` what it does.

use std::io::{self, Write};

use log::{Level, LevelFilter, Log, Metadata, Record};

struct Notes;

impl Log for Notes {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        // The network libraries note every frame.
        about.level() <= Level::Warn || about.target().starts_with("ballista") || about.target().starts_with("onshore")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let _ = writeln!(io::stderr(), "{}: {}", record.level().as_str().to_ascii_lowercase(), record.args());
        }
    }

    fn flush(&self) {}
}

/// Who only asks is told by the answer.
pub fn start(verbose: bool, serves: bool) {
    static NOTES: Notes = Notes;
    let level = match (verbose, serves) {
        (true, _) => LevelFilter::Info,
        (false, true) => LevelFilter::Warn,
        (false, false) => LevelFilter::Off,
    };
    if log::set_logger(&NOTES).is_ok() {
        log::set_max_level(level);
    }
}
