//! The first look at all exports: which dialect each speaks, where its records are, and which records are told again, later.

use foldhash::{HashMap, HashSet};

use super::records::{Record, Records};
use super::{Dialect, Head, Sample, dialect};
use crate::read::Input;
use crate::source::{SourceId, Span};

pub(super) struct Survey {
    pub file: SourceId,
    /// `None`: no dialect, though the user says that it is an export.
    pub dialect: Option<&'static dyn Dialect>,
    pub records: Records,
    /// Of the records that the dialect takes, in their order; empty where nothing can be told twice.
    heads: Vec<Option<Head>>,
}

impl Survey {
    pub fn of(input: &Input<'_>) -> Self {
        let records = Records::of(input.text());
        let dialect = dialect(&Sample { text: input.text(), records: &records });
        let mut survey = Self { file: input.file, dialect, records, heads: Vec::new() };
        if let Some(dialect) = dialect {
            // Nothing is concluded from a broken record: what it says may be in the part that is lost.
            let head = |(list, _, span)| {
                let record = Record::new(input.file, input.text(), span);
                if record.problem().is_some() { None } else { dialect.head(list, &record) }
            };
            let heads: Vec<Option<Head>> = survey.taken().map(head).collect();
            survey.heads = heads;
        }
        survey
    }

    /// The records that the dialect takes: path of the list, number among them, span.
    pub fn taken(&self) -> impl Iterator<Item = (&str, usize, Span)> {
        let takes_whole = self.dialect.is_some_and(|d| d.takes_whole(&self.records));
        let takes = move |list: &str| self.dialect.is_some_and(|d| d.takes(list, takes_whole));
        let whole = self.records.whole.filter(|_| takes_whole);
        let lists = self.records.lists.iter().filter(move |l| takes(&l.path));
        let listed = lists.flat_map(|l| l.records.iter().map(|span| (l.path.as_str(), *span)));
        listed.chain(whole.map(|span| ("", span))).enumerate().map(|(at, (list, span))| (list, at, span))
    }
}

/// What all files tell of the same resources.
#[derive(Default)]
pub(super) struct Known {
    /// File and record, by their numbers.
    superseded: HashSet<(usize, usize)>,
    /// Ids of Google's projects, by their numbers.
    projects: HashMap<String, String>,
}

impl Known {
    pub fn of(surveys: &[Survey]) -> Self {
        let mut known = Self::default();
        let mut latest: HashMap<&str, ((usize, usize), &Head)> = HashMap::default();
        for (file, survey) in surveys.iter().enumerate() {
            for (at, head) in survey.heads.iter().enumerate().filter_map(|(at, h)| Some((at, h.as_ref()?))) {
                let own = (file, at);
                match latest.get(head.key.as_str()).copied() {
                    None => {
                        latest.insert(&head.key, (own, head));
                    }
                    Some((earlier, other)) => match newer(head, other) {
                        Some(true) => {
                            known.superseded.insert(earlier);
                            latest.insert(&head.key, (own, head));
                        }
                        Some(false) => {
                            known.superseded.insert(own);
                        }
                        // Both count: what either says may be so.
                        None => {}
                    },
                }
            }
        }
        let projects = surveys.iter().flat_map(|s| &s.heads).filter_map(|h| h.as_ref()?.project.clone());
        known.projects = projects.collect();
        known.superseded.extend(latest.values().filter(|(_, head)| head.gone).map(|(own, _)| *own));
        // What only names a resource says nothing beside a record that describes it.
        let detailed: HashSet<&str> =
            latest.values().filter(|(_, head)| head.detailed && !head.gone).map(|(_, head)| head.key.as_str()).collect();
        let all =
            surveys.iter().enumerate().flat_map(|(file, s)| s.heads.iter().enumerate().map(move |(at, h)| ((file, at), h)));
        for (own, head) in all.filter_map(|(own, head)| Some((own, head.as_ref()?))) {
            if !head.detailed && detailed.contains(head.key.as_str()) {
                known.superseded.insert(own);
            }
        }
        known
    }

    /// What a project is called, by its number or id.
    pub fn project<'p>(&'p self, project: &'p str) -> &'p str {
        self.projects.get(project).map_or(project, String::as_str)
    }

    /// A later record tells of the same resource, or the resource is gone.
    pub fn is_superseded(&self, file: usize, record: usize) -> bool {
        self.superseded.contains(&(file, record))
    }
}

/// Whether a record is the later one of two; `None` if that cannot be told, or if the later one only names the resource.
fn newer(head: &Head, other: &Head) -> Option<bool> {
    let (time, before) = (head.time.as_ref()?, other.time.as_ref()?);
    // 2026-11-22T05:00:00.000Z: one length and the same ending means one format and zone.
    if !(time.len() == before.len() && time.ends_with('Z') && before.ends_with('Z')) {
        return None;
    }
    let later = time > before || (time == before && head.detailed && !other.detailed);
    let (new, old) = if later { (head, other) } else { (other, head) };
    (new.gone || new.detailed || !old.detailed).then_some(later)
}
