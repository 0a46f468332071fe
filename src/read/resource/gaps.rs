//! Gaps with equal reasons are one gap, so that one missing variable does not print a line for each of a thousand resources.

use std::collections::BTreeSet;

use foldhash::HashMap;

use super::ends::Why;
use crate::model::{Facts, GapScope, Reference, Unread};
use crate::source::Location;

/// Gaps with equal reasons, in the order in which they were met.
#[derive(Default)]
pub(super) struct Gaps {
    by_reason: HashMap<(&'static str, String, Why), usize>,
    list: Vec<Grouped>,
    last: Option<usize>,
}

struct Grouped {
    code: &'static str,
    subject: String,
    verb: String,
    why: Why,
    location: Location,
    subjects: BTreeSet<String>,
    scope: Vec<Reference>,
    /// Services of which anything may be meant.
    wide: BTreeSet<String>,
}

impl Gaps {
    pub(super) fn gap(
        &mut self,
        code: &'static str,
        subject: &str,
        verb: &str,
        why: Why,
        location: Location,
        scope: Vec<Reference>,
    ) {
        let at = *self.by_reason.entry((code, verb.to_owned(), why.clone())).or_insert_with(|| {
            self.list.push(Grouped {
                code,
                subject: subject.to_owned(),
                verb: verb.to_owned(),
                why,
                location,
                subjects: BTreeSet::new(),
                scope: Vec::new(),
                wide: BTreeSet::new(),
            });
            self.list.len() - 1
        });
        self.last = Some(at);
        let group = &mut self.list[at];
        group.subjects.insert(subject.to_owned());
        group.scope.extend(scope);
    }

    /// The gap told last may be of anything of these services.
    pub(super) fn widen(&mut self, services: Vec<String>) {
        if let Some(group) = self.last.and_then(|at| self.list.get_mut(at)) {
            group.wide.extend(services);
        }
    }

    /// `of_service` gives the endpoints of a service; all for an empty text.
    pub(super) fn finish(self, facts: &mut Facts, of_service: impl Fn(&str) -> Vec<Reference>) {
        for mut group in self.list {
            let all = group.wide.contains("");
            for service in group.wide.iter().filter(|s| !all || s.is_empty()) {
                group.scope.extend(of_service(service));
            }
            group.scope.sort_unstable();
            group.scope.dedup();
            let more = match group.subjects.len() {
                0 | 1 => String::new(),
                n => format!(" (and so with {} more)", n - 1),
            };
            facts.gaps.push(Unread {
                code: group.code,
                message: format!("`{}` {}: {}{more}", group.subject, group.verb, group.why.why),
                help: group.why.help,
                location: group.location,
                scope: GapScope::Endpoints(group.scope),
            });
        }
    }
}
