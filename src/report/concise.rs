//! One line per result, `file:line:column` first: for editors, `grep` and logs.

use std::io::{self, Write};

use super::{RenderOptions, Reporter, place_of, places_short, position, safe, severity_style, summary};
use crate::finding::Assessment;
use crate::source::Sources;

pub struct Concise;

impl Reporter for Concise {
    fn name(&self) -> &'static str {
        "concise"
    }

    fn describe(&self) -> &'static str {
        "one line per finding and gap, then a summary line"
    }

    fn write(&self, a: &Assessment, sources: &Sources, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        for f in &a.findings {
            let at = place_of(f).map_or_else(|| "-".to_owned(), |l| position(sources, l));
            let severity = options.paint(severity_style(f.severity), f.severity.as_str());
            write!(out, "{at}: {severity} {} {}: {}", f.verdict.as_str(), f.code, safe(&f.message))?;
            if let Some(rule) = &f.rule {
                write!(out, " [{}]", safe(rule))?;
            }
            let places = places_short(&f.places);
            if !places.is_empty() {
                write!(out, " [{places}]")?;
            }
            if let Some(waived) = &f.waiver {
                write!(out, " [waived {}]", super::waived(waived, sources))?;
            }
            writeln!(out, " [{}]", safe(&f.fingerprint))?;
        }
        for g in &a.gaps {
            writeln!(out, "{}: gap {}: {}", position(sources, g.location), g.code, safe(&g.message))?;
        }
        writeln!(out, "{}", summary(a))
    }
}
