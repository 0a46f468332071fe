//! restic by its environment ("Environment Variables"), and resticprofile's files ("Configuration reference"): each `repository` of a
//! profile, and of its `copy` section. A profile that inherits another one goes where that goes.

use super::known::WORDS;
use super::targets::{Named, Targets, Variables};
use crate::doc::{Node, json, toml, yaml};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::replicas::lines::Setting;
use crate::source::{Location, SourceId};

pub(super) fn environment(copies: &mut Copies<'_>, targets: &mut Targets, file: SourceId, settings: &[Setting]) {
    let own = copies.own(file);
    let mut variables = Variables::new();
    for setting in settings {
        let name = setting.name().trim_start_matches("export ").trim();
        copies.word(&WORDS, "restic environment", name, setting.key_at(), Touch::Endpoint(own));
        variables.insert(name.to_owned(), (setting.text().trim_matches(['"', '\'']).to_owned(), setting.at()));
    }
    to_repositories(copies, targets, own, &variables);
}

/// Repositories that variables name.
pub(super) fn to_repositories(copies: &mut Copies<'_>, targets: &Targets, own: usize, variables: &Variables) {
    for key in ["RESTIC_REPOSITORY", "RESTIC_FROM_REPOSITORY"] {
        if let Some((text, at)) = variables.get(key) {
            targets.back_up(copies, own, Named { text, at: *at }, variables);
        }
    }
    for key in ["RESTIC_REPOSITORY_FILE", "RESTIC_FROM_REPOSITORY_FILE"] {
        if let Some((text, at)) = variables.get(key) {
            in_file(copies, own, text, *at);
        }
    }
}

/// A repository whose name is in a file of its own, which is no configuration.
pub(super) fn in_file(copies: &mut Copies<'_>, own: usize, text: &str, at: Location) {
    let message = format!("the repository is named in `{}`, which is not read", shorten(text));
    copies.gap("setting-not-read", message, "write the repository itself, or declare it", at, Touch::Endpoint(own));
}

pub(super) fn profiles(copies: &mut Copies<'_>, targets: &mut Targets, file: SourceId, text: &str) {
    let own = copies.own(file);
    let touch = Touch::Endpoint(own);
    let path = &copies.input.sources.get(file).path;
    let document = match path.rsplit('.').next() {
        Some("yaml" | "yml") => yaml::parse(text),
        Some("json") => json::parse(text),
        _ => toml::parse(text),
    };
    copies.problems(file, &document);
    let Some(root) = document.root() else { return };
    let at = |n: Node<'_>| Location::new(file, n.used_at());
    // Version 2 keeps profiles in a table of their own.
    let profiles = root.get("profiles").filter(|p| p.is_map());
    let top = profiles.into_iter().flat_map(|p| p.entries()).chain(root.entries().filter(|_| profiles.is_none()));
    for profile in top.filter(|p| p.value.is_map() && !matches!(p.name(), "global" | "groups" | "mixins" | "schedules")) {
        let variables = told(copies, targets, own, profile.value.get("env"), &at);
        for entry in profile.value.entries() {
            copies.word(&WORDS, "resticprofile", entry.name(), at(entry.key), touch);
            if entry.name() == "env-file" {
                let message = "variables are set by a file that may name a repository".to_owned();
                copies.gap("setting-not-read", message, "write them in `env`", at(entry.value), touch);
            }
            // The section of a command has flags of its own, and those of all commands.
            for setting in std::iter::once(entry).chain(entry.value.entries().filter(|_| entry.name() != "env")) {
                match setting.name() {
                    "repository" | "repo" | "from-repository" | "from-repo" => {
                        targets.back_up(copies, own, named(setting.value, &at), &variables);
                    }
                    "repository-file" | "from-repository-file" => {
                        in_file(copies, own, setting.value.text().unwrap_or(""), at(setting.value));
                    }
                    "option" => extended(copies, own, setting.value, &at),
                    // The table says that they lead nowhere, or that they are gaps.
                    _ => {}
                }
            }
            commands(copies, own, entry.value, (entry.name(), entry.key), &at);
        }
    }
    for part in ["includes", "mixins"] {
        if let Some(entry) = root.entry(part) {
            let message = format!("`{part}` brings settings that are not read here");
            copies.gap("missing-include", message, "give onshore what `resticprofile show` prints", at(entry.key), touch);
        }
    }
}

/// The variables that a wrapper sets for restic, and ways to the repositories that they name. Names of variables are told apart by
/// nothing but their letters.
pub(super) fn told<'d>(
    copies: &mut Copies<'_>,
    targets: &Targets,
    own: usize,
    set: Option<Node<'d>>,
    at: &dyn Fn(Node<'d>) -> Location,
) -> Variables {
    let touch = Touch::Endpoint(own);
    let mut variables = Variables::new();
    if let Some(odd) = set.filter(|s| !s.is_map() && !s.is_null()) {
        copies.unread(odd.text().unwrap_or("[ ... ]"), "is no list of variables with their values", at(odd), touch);
    }
    for entry in set.into_iter().flat_map(|e| e.entries()) {
        let name = entry.name().to_ascii_uppercase();
        copies.word(&WORDS, "restic environment", &name, at(entry.key), touch);
        if entry.value.text().is_none() && !entry.value.is_null() {
            copies.unread(&name, "is set to something that is no text", at(entry.value), touch);
        }
        variables.insert(name, (entry.value.text().unwrap_or("").to_owned(), at(entry.value)));
    }
    to_repositories(copies, targets, own, &variables);
    variables
}

/// Extended options ("Tuning Backup Parameters"): some name the program that reaches the repository, and what it is told.
pub(super) fn extended<'d>(copies: &mut Copies<'_>, own: usize, value: Node<'d>, at: &dyn Fn(Node<'d>) -> Location) {
    let mut open = vec![value];
    while let Some(node) = open.pop() {
        let text = node.text().unwrap_or("");
        if ["sftp.command", "sftp.args", "rclone.program", "rclone.args"].iter().any(|option| text.contains(option)) {
            let message = format!("`{}` may go to another machine than the repository names", shorten(text));
            copies.unfollowed(message, at(node), Touch::Endpoint(own));
        }
        open.extend(node.entries().map(|e| e.value).chain(node.items()));
    }
}

fn named<'d>(node: Node<'d>, at: &dyn Fn(Node<'d>) -> Location) -> Named<'d> {
    Named { text: node.text().unwrap_or(""), at: at(node) }
}

/// Commands and reports of a profile or of one of its sections.
fn commands<'d>(
    copies: &mut Copies<'_>,
    own: usize,
    value: Node<'d>,
    (name, key): (&str, Node<'d>),
    at: &dyn Fn(Node<'d>) -> Location,
) {
    let runs =
        |name: &str| name.starts_with("run-") || name.starts_with("send-") || matches!(name, "stdin-command" | "stream-error");
    let here = runs(name).then_some(key).into_iter();
    for found in here.chain(value.entries().filter(|e| runs(e.name())).map(|e| e.key)) {
        let what = found.text().unwrap_or("");
        copies.unfollowed(format!("what `{}` sends where is not followed", shorten(what)), at(found), Touch::Endpoint(own));
    }
}
