//! One line per result, `file:line:column` first: for editors, `grep` and logs.

use std::io::{self, Write};

use super::{RenderOptions, Reporter, place_of, places_short, position, safe, safe_message, severity_style, summary};
use crate::finding::Assessment;
use crate::lang::tell;
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
        let lang = options.lang;
        for f in &a.findings {
            let at = place_of(f).map_or_else(|| "-".to_owned(), |l| position(sources, l));
            let severity = options.paint(severity_style(f.severity), lang.word(f.severity.as_str()));
            let verdict = lang.word(f.verdict.as_str());
            write!(out, "{at}: {severity} {verdict} {}: {}", f.code, safe(&f.message.tell(lang)))?;
            if let Some(rule) = &f.rule {
                write!(out, " [{}]", safe(rule))?;
            }
            let places = places_short(&f.places, lang);
            if !places.is_empty() {
                write!(out, " [{places}]")?;
            }
            if let Some(waived) = &f.waiver {
                write!(out, " [{}]", tell!(lang, "waived {by}", by = super::waived(waived, sources, lang)))?;
            }
            writeln!(out, " [{}]", safe(&f.fingerprint))?;
        }
        for g in &a.gaps {
            let told = tell!(lang, "gap {code}: {message}", code = g.code, message = safe_message(&g.message));
            writeln!(out, "{}: {told}", position(sources, g.location))?;
        }
        writeln!(out, "{}", summary(a).tell(lang))
    }
}
