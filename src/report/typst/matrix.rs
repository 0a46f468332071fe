//! Origin x place x activity: the table of the page, for paper.

use std::io::{self, Write};

use super::{ACROSS, heading, paragraph, record};
use crate::finding::Assessment;
use crate::lang::{Joint, Lang, say, series, tell};
use crate::report::html::matrix::{about, activities, none, rows};
use crate::report::html::{country_words, origin_words};
use crate::report::{safe, state_words};

pub(super) fn matrix(a: &Assessment, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let rows = rows(&a.ways).into_iter().map(|((origin, _, country), cells)| {
        let cell = |activity| match cells.get(activity) {
            None => tell!(lang, "no way found"),
            Some(states) => {
                let told = states.iter().map(|(state, data)| {
                    let data = series(data.iter().map(|class| safe(class).into_owned()), Joint::Comma);
                    tell!(lang, "{state}: {data}", state = state_words(*state), data)
                });
                told.collect::<Vec<_>>().join("\n")
            }
        };
        [origin_words(origin, lang), country_words(country, lang)]
            .into_iter()
            .chain(activities().map(|(a, _)| cell(a)))
            .collect()
    });
    let rows: Vec<Vec<String>> = rows.collect();
    writeln!(out, "{ACROSS}")?;
    heading(1, &tell!(lang, "Origin, place and activity"), out)?;
    if !rows.is_empty() {
        paragraph(&about().tell(lang), out)?;
    }
    // Names of classes have no place to break: they must fit.
    writeln!(out, "#set text(size: 8pt)")?;
    let [stored, keys, seen, processed, passed] = activities().map(|(_, title)| title);
    let head = [say!("People of"), say!("In"), stored, keys, seen, processed, passed];
    record::bounded("(1fr, 1fr, 4.2cm, 4.2cm, 4.2cm, 4.2cm, 4.2cm)", head, rows, none(), lang, out)?;
    writeln!(out, "]")
}
