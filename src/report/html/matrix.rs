//! Origin x place x activity: in each cell what data, in the mildest state of the world in which it is so.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{Report, Text, country_words, list, nothing, origin_words, state_words};
use crate::finding::{State, Way};
use crate::lang::{Message, say, tell};

pub(in crate::report) fn activities() -> [(&'static str, Message); 5] {
    [
        ("store", say!("Stored")),
        ("keys", say!("Keys held")),
        ("access", say!("Looked at by staff")),
        ("process", say!("Processed")),
        ("transit", say!("Passed through")),
    ]
}

/// By activity and state: the classes of data.
pub(in crate::report) type Cells<'a> = BTreeMap<&'a str, BTreeMap<State, Vec<&'a str>>>;

/// By origin, whether the place is known, and the place: what cannot be told stands first in each origin.
pub(in crate::report) fn rows(ways: &[Way]) -> BTreeMap<(&str, bool, &str), Cells<'_>> {
    let mut rows: BTreeMap<(&str, bool, &str), Cells<'_>> = BTreeMap::new();
    for way in ways {
        let row = rows.entry((&way.origin, way.country != "?", &way.country)).or_default();
        row.entry(way.activity).or_default().entry(way.state).or_default().push(&way.data);
    }
    rows
}

pub(in crate::report) fn none() -> Message {
    say!("No data gets anywhere: no population and no store with data is declared.")
}

pub(in crate::report) fn about() -> Message {
    say!(
        "Each cell says which data, and in the mildest state of the world in which it gets there. \"No way found\" means: none in \
         what was read."
    )
}

pub(super) fn section(r: &Report<'_>) -> Markup {
    let rows = rows(&r.assessment.ways);
    if rows.is_empty() {
        return nothing(r.lang, &none());
    }
    let heads: Vec<Message> = [say!("People of"), say!("In")].into_iter().chain(activities().map(|(_, title)| title)).collect();
    let rows = html! {
        @for ((origin, known, country), cells) in &rows {
            tr class=[(!known).then_some("untold")] {
                th scope="row" { (Text(&origin_words(origin, r.lang), r.lang)) }
                th scope="row" { (Text(&country_words(country, r.lang), r.lang)) }
                @for (activity, _) in activities() {
                    td {
                        @match cells.get(activity) {
                            None => { span class="no" { (tell!(r.lang, "no way found")) } }
                            Some(states) => {
                                @for (state, data) in states {
                                    p { span class={ "state st-" (state.as_str()) } { (state_words(*state).tell(r.lang)) } br; (list(r.lang, data)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    html! {
        p { (about().tell(r.lang)) }
        (super::table(r.lang, &say!("What is done with whose data where"), &heads, rows))
    }
}
