//! All errors of a table at once. serde stops at the first error; here the value that is wrong is noted and left out, a missing
//! key gets a placeholder, and reading starts again, until the table reads without an error.

use serde::Deserialize;

use super::de::{Error, Plan, Planned};
use super::{Node, Problem};

/// So many problems of one table are reported; each costs another round.
const MAX_PROBLEMS: usize = 50;

/// Reads a value of a type whose tables refuse unknown keys (`deny_unknown_fields`). With problems there may still be a value:
/// what it would be without the wrong parts, for checks that can go on. It is `None` if something needed is missing.
pub fn read<'d, T: Deserialize<'d>>(node: Node<'d>) -> (Option<T>, Vec<Problem>) {
    let mut plan = Plan::default();
    let mut problems: Vec<Problem> = Vec::new();
    // Known keys that a misspelt one was near to.
    let mut meant: Vec<String> = Vec::new();
    let value = loop {
        let error = match T::deserialize(Planned { node, plan: &plan }) {
            Ok(value) => break plan.placeholders.is_empty().then_some(value),
            Err(error) => error,
        };
        if error.in_placeholder() || problems.len() == MAX_PROBLEMS {
            break None;
        }
        let Some(at) = error.place() else {
            problems.push(problem(node, error));
            break None;
        };
        if let Some(field) = error.missing() {
            if plan.placeholders.contains(&(at.node, field)) {
                break None;
            }
            plan.placeholders.push((at.node, field));
            if !is_explained(node, &plan, at.node, field) && !meant.iter().any(|m| m == field) {
                problems.push(problem(node, error));
            }
            continue;
        }
        meant.extend(error.meant().map(str::to_owned));
        problems.push(problem(node, error));
        if at.node == node.used || plan.excluded.contains(&at.node) {
            break None;
        }
        plan.excluded.push(at.node);
    };
    problems.sort_by_key(|p| p.span);
    (value, problems)
}

/// The key is there, but its value was wrong.
fn is_explained(root: Node<'_>, plan: &Plan, table: u32, field: &str) -> bool {
    let entry = root.doc.node(table).entry(field);
    entry.is_some_and(|e| plan.excluded.contains(&e.value.used))
}

fn problem(node: Node<'_>, error: Error) -> Problem {
    let span = error.span().unwrap_or(node.span());
    let (message, help) = error.into_words();
    Problem { span, message, help }
}
