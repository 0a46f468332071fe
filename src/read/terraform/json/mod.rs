//! What Terraform and OpenTofu write as JSON: plans (`terraform show -json PLAN`, format 0.1 to 1.x), states shown the same way,
//! and state files (`terraform.tfstate`, version 4). Plans are Terraform's own evaluation, so nothing is evaluated here; what is
//! known only after apply is followed by the references that the plan's copy of the configuration lists.
//!
//! Where the configuration lies beside the file, resources are shown at their blocks in it. A resource has the id
//! `terraform:<folder>#<address>` there and here, so that plan, state and source of one folder are one endpoint, not three; where
//! they tell different places, that is a conflict that onshore reports (a plan grows stale). Several plans in one folder plan
//! several things and share no ids.
//!
//! Not seen, for the formats do not hold it: locals, and which operation an expression does with what it refers to. An expression
//! that names one variable or attribute is taken to be that. What the configuration does not mention and a provider fills in
//! after apply is left out.
//!
//! Format: <https://developer.hashicorp.com/terraform/internals/json-format>

mod address;
mod config;
mod folder;
mod layout;
mod plan;
pub(in crate::read) mod region;
mod state;
mod values;

use std::collections::BTreeSet;

use crate::model::Facts;
use crate::read::resource::{Resource, translate};
use crate::read::{FileSettings, Input, Reader, Reading, Recognized, Set, glance, paths, side_by_side};
use crate::source::{InputError, Location, SourceId, Span};
use folder::Folders;

/// `terraform show -json` of a saved plan.
pub struct Plan;

/// `terraform show -json` of a state, or a state file.
pub struct State;

impl Reader for Plan {
    fn format(&self) -> &'static str {
        "terraform-plan"
    }

    fn describe(&self) -> &'static str {
        "Terraform or OpenTofu plan as JSON (terraform show -json)"
    }

    fn recognize(&self, _: &str, text: &str) -> Recognized {
        match kind(text) {
            Some(Kind::Plan) => Recognized::Yes,
            _ => Recognized::No,
        }
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        Some(read_all(set, &Kind::Plan))
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        read_one(input, &Folders::new(input.sources), &Kind::Plan)
    }
}

impl Reader for State {
    fn format(&self) -> &'static str {
        "terraform-state"
    }

    fn describe(&self) -> &'static str {
        "Terraform or OpenTofu state (terraform.tfstate, terraform show -json)"
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        match kind(text) {
            Some(Kind::State) => Recognized::Yes,
            None if path.ends_with(".tfstate") && text.trim_start_matches('\u{feff}').trim_start().starts_with('{') => {
                Recognized::Yes
            }
            _ => Recognized::No,
        }
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        Some(read_all(set, &Kind::State))
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        read_one(input, &Folders::new(input.sources), &Kind::State)
    }
}

/// What a file holds.
enum Kind {
    Plan,
    State,
}

/// Which of the two a text is, by the names that only they have. Keys may have been sorted by another tool.
fn kind(text: &str) -> Option<Kind> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with('{') {
        return None;
    }
    let glance = glance(text);
    let has = |key: &str| {
        glance.match_indices(key).any(|(at, _)| {
            let after = glance.get(at + key.len()..).and_then(|rest| rest.strip_prefix('"'));
            glance[..at].ends_with('"') && after.is_some_and(|rest| rest.trim_start().starts_with(':'))
        })
    };
    if has("planned_values") || has("resource_changes") || (has("provider_config") && has("root_module")) {
        return Some(Kind::Plan);
    }
    // The log of `terraform plan -json`: told what it is by the reader.
    if has("@level") && has("@message") && glance.contains("\"terraform.ui\"") {
        return Some(Kind::Plan);
    }
    let shown = has("format_version") && (has("values") || has("terraform_version") || glance.len() < 64);
    let state = has("lineage") && has("serial") || has("terraform_version") && has("resources");
    (shown || state).then_some(Kind::State)
}

/// The addresses of what a plan will have made: what the configuration beside it leaves open of them, the plan tells. Of what it
/// deletes it tells nothing. `None` if the text is no plan, or a broken one.
pub fn planned(text: &str) -> Option<BTreeSet<String>> {
    let plan = matches!(kind(text), Some(Kind::Plan));
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file: layout::Addresses<'_> = plan.then(|| serde_json::from_str(text).ok())??;
    Some(file.resource_changes?.into_iter().filter(layout::Addressed::stands).map(|r| r.address.into_owned()).collect())
}

/// What a file tells before it is translated.
#[derive(Default)]
struct Told {
    resources: Vec<Resource>,
    facts: Facts,
    broken: Option<String>,
    syntax: Vec<InputError>,
}

impl Told {
    fn mistake(error: &serde_json::Error, file: &File<'_>, what: &str) -> Self {
        Self { syntax: vec![mistake(error, &file.input, what)], ..Self::default() }
    }
}

/// One file and what is known around it.
struct File<'a> {
    input: Input<'a>,
    source: SourceId,
    /// Without a byte order mark.
    text: &'a str,
    /// Bytes of the byte order mark.
    skipped: usize,
    /// The folder it lies in, relative to the project.
    folder: &'a str,
    /// Whether resources are known by their folder and address: it is the only file of its kind there.
    alone: bool,
    folders: &'a Folders<'a>,
    settings: FileSettings,
}

impl<'a> File<'a> {
    /// Where a piece of the text stands in it.
    fn at(&self, piece: &str) -> Location {
        let start = (piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize).min(self.text.len());
        let end = (start + piece.len()).min(self.text.len());
        Location::new(self.source, Span::new(self.skipped + start, self.skipped + end))
    }

    /// Where a piece of the text begins in the file, in bytes.
    fn offset(&self, piece: &str) -> usize {
        self.at(piece).span.start as usize
    }

    /// What others that tell of the same resource call it too.
    fn id(&self, address: &str) -> Option<String> {
        self.alone.then(|| resource_id(self.folder, address))
    }
}

/// The id by which the plan, the state and the source of one folder know a resource.
pub fn resource_id(folder: &str, address: &str) -> String {
    let folder = if folder.is_empty() { "." } else { folder };
    format!("terraform:{folder}#{address}")
}

fn read_all(set: &Set<'_>, what: &Kind) -> Vec<(SourceId, Reading)> {
    let folders = Folders::new(set.sources);
    side_by_side(set.files, |f| set.sources.get(*f).text.len(), |f| (*f, read_one(&set.input(*f), &folders, what)))
}

fn read_one(input: &Input<'_>, folders: &Folders<'_>, what: &Kind) -> Reading {
    let mut told = tell(input, folders, what);
    translate(told.resources, &mut told.facts);
    Reading { facts: told.facts, broken: told.broken, syntax: told.syntax, ..Reading::default() }
}

fn tell(input: &Input<'_>, folders: &Folders<'_>, what: &Kind) -> Told {
    let whole = input.text();
    let text = whole.strip_prefix('\u{feff}').unwrap_or(whole);
    let folder = paths::folder(input.path());
    let file = File {
        input: *input,
        source: input.file,
        text,
        skipped: whole.len() - text.len(),
        folder,
        alone: folders.is_alone(folder, what),
        folders,
        settings: input.settings.of(input.path()),
    };
    if text.trim_start().starts_with("{\"@level\"") {
        return Told { broken: Some(LOG.to_owned()), ..Told::default() };
    }
    match what {
        Kind::Plan => plan::read(&file),
        Kind::State => state::read(&file),
    }
}

const LOG: &str = "it is the log that `terraform plan -json` writes and holds no plan; \
    save one with `terraform plan -out=FILE` and give what `terraform show -json FILE` writes";

/// Why a text is not JSON, or not of this shape, and where.
pub(in crate::read) fn mistake(error: &serde_json::Error, input: &Input<'_>, what: &str) -> InputError {
    let whole = input.text();
    let skipped = whole.len() - whole.strip_prefix('\u{feff}').unwrap_or(whole).len();
    let line = whole.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let skipped = if error.line() <= 1 { skipped } else { 0 };
    let start = whole.floor_char_boundary((line + skipped + error.column().saturating_sub(1)).min(whole.len()));
    let end = whole.ceil_char_boundary((start + 1).min(whole.len()));
    let text = error.to_string();
    let why = match error.classify() {
        serde_json::error::Category::Eof => "the JSON text ends too early",
        _ => text.split(" at line ").next().unwrap_or(&text),
    };
    let location = Location::new(input.file, Span::new(start, end));
    InputError { location, message: format!("as {what} this is broken: {why}"), help: None }
}

#[cfg(test)]
mod tests;
