//! Programs that copy files away: borgmatic, rclone, restic and its wrappers, rsync's daemon, Lsyncd, and whatever crontabs and units
//! of systemd run for it.
//!
//! Rules are those of borgmatic's "Configuration reference" and Borg's "Repository URLs", of rclone's "Usage: Configure" and the page
//! of each backend, of restic's "Preparing a new repository", and of resticprofile's and autorestic's configuration references. A file
//! of these is about the machine that it stands on: what that keeps may go to each repository or remote that the file names. Which
//! folders are copied is not looked at, nor when: a remote is taken to be used. Scripts are not followed, and are gaps where they run.

mod autorestic;
mod borgmatic;
mod commands;
mod known;
mod lsyncd;
mod rclone;
mod restic;
mod rsyncd;
mod schedule;
mod shell;
mod targets;

use super::replicas::Copies;
use super::replicas::lines::ini;
use super::words::Words;
use super::{Input, Reader, Reading, Recognized, Set, glance};
use crate::model::{Activity, EndpointFact, GapScope, Reference, Role, Roles, Unread};
use crate::source::SourceId;
use targets::Targets;

pub struct Backup;

impl Reader for Backup {
    fn format(&self) -> &'static str {
        "backup"
    }

    fn describe(&self) -> &'static str {
        "Backup programs: borgmatic, rclone, restic (resticprofile, autorestic), rsyncd.conf, Lsyncd, crontabs and units that copy"
    }

    fn words(&self) -> &'static [Words] {
        known::TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        sort_of(path, glance(text)).map_or(Recognized::No, |_| Recognized::Yes)
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        set.as_one(read)
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        read(input, &[input.file])
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Borgmatic,
    Rclone,
    /// Variables of restic in a file of them.
    Environment,
    Profiles,
    Autorestic,
    Rsyncd,
    Lsyncd,
    Crontab,
    Unit,
}

fn sort_of(path: &str, text: &str) -> Option<Sort> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ends = |list: &[&str]| list.iter().any(|end| name.ends_with(end));
    let top = |key: &str| text.lines().any(|l| l.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
    let begins = |keys: &[&str]| {
        text.lines().any(|l| {
            let l = l.trim_start();
            let l = l.strip_prefix("export ").unwrap_or(l);
            keys.iter().any(|k| l.starts_with(k))
        })
    };
    if ends(&[".yaml", ".yml"]) {
        let borg = top("repositories") && (top("source_directories") || top("patterns") || top("patterns_from"));
        // Until version 1.8 settings stood in sections.
        let old = top("location") && text.contains("repositories:") && text.contains("source_directories:");
        if (borg || old) && !top("apiVersion") {
            return Some(Sort::Borgmatic);
        }
        if top("backends") && top("locations") && (text.contains("type:") || text.contains("autorestic")) {
            return Some(Sort::Autorestic);
        }
    }
    let profiles = ["profiles.", "resticprofile"].iter().any(|p| name.starts_with(p));
    if profiles && ends(&[".yaml", ".yml", ".toml", ".json", ".conf"]) && text.contains("repository") {
        return Some(Sort::Profiles);
    }
    if schedule::is_crontab(path, text) {
        return Some(Sort::Crontab);
    }
    if schedule::is_unit(path, text) {
        return Some(Sort::Unit);
    }
    if rsyncd::is_one(path, text) {
        return Some(Sort::Rsyncd);
    }
    if lsyncd::is_one(path, text) {
        return Some(Sort::Lsyncd);
    }
    if ends(&[".env", ".conf"]) || !name.contains('.') || name.starts_with(".restic") {
        let variables = begins(&["RESTIC_REPOSITORY=", "RESTIC_REPOSITORY_FILE="]);
        // A script says more than variables.
        if variables && !text.starts_with("#!") && !begins(&["restic ", "FROM "]) {
            return Some(Sort::Environment);
        }
    }
    if ends(&[".conf", ".ini"]) {
        let remotes = text.lines().filter(|l| l.starts_with('[')).count();
        let types = text.lines().filter(|l| rclone::type_of(l).is_some_and(rclone::is_type)).count();
        return (remotes > 0 && (types == remotes || (name == "rclone.conf" && types > 0))).then_some(Sort::Rclone);
    }
    None
}

/// The sort of a file that has none of the usual names.
fn by_content(text: &str) -> Sort {
    if text.lines().any(schedule::is_job) {
        Sort::Crontab
    } else if text.lines().any(|l| l.trim() == "[Service]") {
        Sort::Unit
    } else if lsyncd::is_one("lsyncd", text) {
        Sort::Lsyncd
    } else if rsyncd::is_one("rsyncd.conf", text) {
        Sort::Rsyncd
    } else {
        Sort::Borgmatic
    }
}

fn read(input: &Input<'_>, files: &[SourceId]) -> Reading {
    let mut copies = Copies::new(input, "backup-client");
    let mut targets = Targets::default();
    let sort = |id: SourceId| {
        let source = input.sources.get(id);
        (source.text.as_str(), sort_of(&source.path, glance(&source.text)))
    };
    // The other programs name the remotes of rclone.
    for id in files.iter().filter(|id| sort(**id).1 == Some(Sort::Rclone)) {
        let before = copies.out.facts.gaps.len();
        rclone::read(&mut copies, &mut targets, *id, &ini(sort(*id).0, *id));
        somewhere(&mut copies, *id, before);
    }
    for id in files {
        let (text, sort) = sort(*id);
        // Somebody says that the file is of this format: its content tells of which sort.
        let sort = sort.unwrap_or_else(|| by_content(text));
        let before = copies.out.facts.gaps.len();
        match sort {
            Sort::Rclone => {}
            Sort::Borgmatic => borgmatic::read(&mut copies, &mut targets, *id, text),
            Sort::Environment => restic::environment(&mut copies, &mut targets, *id, &ini(text, *id)),
            Sort::Profiles => restic::profiles(&mut copies, &mut targets, *id, text),
            Sort::Autorestic => autorestic::read(&mut copies, &mut targets, *id, text),
            Sort::Rsyncd => rsyncd::read(&mut copies, &targets, *id, text),
            Sort::Lsyncd => lsyncd::read(&mut copies, &targets, *id, text),
            Sort::Crontab => schedule::crontab(&mut copies, &targets, *id, text),
            Sort::Unit => schedule::unit(&mut copies, &targets, *id, text),
        }
        somewhere(&mut copies, *id, before);
    }
    Reading { facts: copies.finish(), included: files.iter().skip(1).copied().collect(), ..Reading::default() }
}

/// A store of unknown place for what a file sends by words that were not understood: whose data its machine holds stands in no
/// file, so that a gap about the machine alone might touch nobody.
fn somewhere(copies: &mut Copies<'_>, file: SourceId, before: usize) {
    let own = copies.own(file);
    let about = |gap: &Unread| match &gap.scope {
        GapScope::Endpoints(all) => all.contains(&Reference::Fact(own)),
        GapScope::Everything | GapScope::Nothing => false,
    };
    let Some(at) = copies.out.facts.gaps[before..].iter().find(|g| about(g)).map(|g| g.location) else { return };
    let label = format!("where {} may copy to", copies.input.sources.get(file).path);
    let mut fact = EndpointFact::new("backup-repository", label, at);
    fact.roles = Roles::of(&[Role::Store]);
    fact.elsewhere = true;
    let store = copies.out.principal(fact);
    copies.route(own, store, Activity::Backup, at, |_| {});
}
