//! All errors of a table at once. serde stops at the first error; here the value that is wrong is noted and left out, a missing
//! key gets a placeholder, and reading starts again, until the table reads without an error.

use serde::Deserialize;

use super::de::{At, Error, Plan, Planned};
use super::{Node, Problem};
use crate::source::Span;

/// So many problems of one table are reported; each costs another round.
const MAX_PROBLEMS: usize = 50;

/// Reads a value of a type whose tables refuse unknown keys (`deny_unknown_fields`). With problems there may still be a value:
/// what it would be without the wrong parts, for checks that can go on. It is `None` if the table itself lacks what it needs.
pub fn read<'d, T: Deserialize<'d>>(node: Node<'d>) -> (Option<T>, Vec<Problem>) {
    collect(
        (node.used, node.span()),
        |plan| T::deserialize(Planned { node, plan }),
        |plan, table, field| {
            let entry = node.doc.node(table).entry(field);
            entry.is_some_and(|e| plan.excluded.contains(&e.value.used))
        },
    )
}

/// Attempts to read until nothing more is wrong. `is_there` tells whether a table has a key whose value was left out.
pub(super) fn collect<T>(
    (root, root_span): (u32, Span),
    attempt: impl Fn(&Plan) -> Result<T, Error>,
    is_there: impl Fn(&Plan, u32, &str) -> bool,
) -> (Option<T>, Vec<Problem>) {
    let mut plan = Plan::default();
    let mut problems: Vec<Problem> = Vec::new();
    // Known keys that a misspelt one was near to.
    let mut meant: Vec<String> = Vec::new();
    // All errors are found; tables that lack a key are being left out, so as to have the rest of the value.
    let mut all_found = false;
    let value = loop {
        let error = match attempt(&plan) {
            Ok(value) if plan.placeholders.is_empty() => break Some(value),
            Ok(_) => {
                all_found = true;
                plan.excluded.extend(plan.placeholders.drain(..).map(|(table, _)| table));
                if plan.excluded.contains(&root) {
                    break None;
                }
                continue;
            }
            Err(error) => error,
        };
        if problems.len() == MAX_PROBLEMS {
            break None;
        }
        if error.in_placeholder() {
            // This type takes no placeholder: the table goes without its other missing keys being told.
            let Some((table, _)) = plan.placeholders.pop() else { break None };
            plan.placeholders.retain(|(other, _)| *other != table);
            plan.excluded.push(table);
            if table == root {
                break None;
            }
            continue;
        }
        let at = error.place().unwrap_or(At { node: root, span: root_span });
        if plan.excluded.contains(&at.node) {
            break None;
        }
        if let Some(field) = error.missing() {
            if plan.placeholders.contains(&(at.node, field)) {
                break None;
            }
            if !all_found && !is_there(&plan, at.node, field) && !meant.iter().any(|m| m == field) {
                problems.push(problem(at, error));
            }
            plan.placeholders.push((at.node, field));
            continue;
        }
        meant.extend(error.meant().map(str::to_owned));
        // What only seems wrong because parts of it were left out is no news.
        if !problems.iter().any(|p| at.span.start <= p.span.start && p.span.end <= at.span.end) {
            problems.push(problem(at, error));
        }
        if at.node == root {
            break None;
        }
        plan.excluded.push(at.node);
    };
    problems.sort_by_key(|p| p.span);
    (value, problems)
}

fn problem(at: At, error: Error) -> Problem {
    let (message, help) = error.into_words();
    Problem { span: at.span, message, help }
}
