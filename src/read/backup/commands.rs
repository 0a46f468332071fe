//! Where the commands of schedules, units and hooks copy data to, or take it from.
//!
//! Followed are the programs whose arguments say so, by their own manuals: rsync(1), scp(1), ssh(1), rclone, restic, Borg, `aws s3`,
//! `gsutil` and `gcloud storage`, `azcopy`, the dump programs of PostgreSQL, MySQL and MongoDB, curl and nc; what is piped from one to
//! the next goes along. Programs that only work on files of this machine send nothing. Any other program (a script) is a gap.

use std::collections::BTreeSet;

use super::known::WORDS;
use super::shell::{Pipeline, Stands, Word, pipelines};
use super::targets::{Named, Targets, Variables};
use crate::model::{Activity, DataLimit, Reference};
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::peer::{Peer, peer, split_url};
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::words::Effect;
use crate::source::{Location, Span};

mod databases;
mod objects;
mod programs;

/// Shells in shells, and commands for other machines in those.
const MAX_DEPTH: usize = 8;
/// Variables that are set before a command, and programs that only start it.
const MAX_WORDS_BEFORE: usize = 64;
/// Longer words are no places.
const MAX_WORD: usize = 1 << 16;

pub(super) struct Commands<'c, 'i> {
    pub copies: &'c mut Copies<'i>,
    pub targets: &'c Targets,
    /// What is set before the commands run.
    pub variables: Variables,
    told: BTreeSet<(usize, usize)>,
}

/// One simple command where it runs.
#[derive(Clone, Copy)]
struct Stage<'s> {
    /// Its program and arguments; there is at least the program.
    words: &'s [Word],
    own: usize,
    /// It is given something by what stands before it in its pipeline, or by a file.
    takes: bool,
    /// What it says goes on to another command or into a file.
    gives: bool,
    depth: usize,
}

impl<'s> Stage<'s> {
    fn program(&self) -> &'s str {
        let program = self.words[0].text.as_str();
        program.rsplit('/').next().unwrap_or(program)
    }

    fn arguments(&self) -> &'s [Word] {
        &self.words[1..]
    }

    fn at(&self) -> Location {
        let (first, last) = (self.words[0].at, self.words[self.words.len() - 1].at);
        if first.source == last.source && first.span.start <= last.span.end {
            Location::new(first.source, Span { start: first.span.start, end: last.span.end })
        } else {
            first
        }
    }
}

/// Where an argument of a copying program leads.
enum Place {
    Here(String),
    Far(Vec<usize>),
    /// It cannot be told, which is a gap already.
    Untold,
}

impl<'c, 'i> Commands<'c, 'i> {
    pub fn new(copies: &'c mut Copies<'i>, targets: &'c Targets, variables: Variables) -> Self {
        Self { copies, targets, variables, told: BTreeSet::new() }
    }

    /// A command line as it is written for a shell, or (`operators` off) for systemd.
    pub fn run(&mut self, own: usize, text: &str, stands: Stands, operators: bool) {
        self.text(own, text, stands, operators, 0);
    }

    fn text(&mut self, own: usize, text: &str, stands: Stands, operators: bool, depth: usize) {
        let at = match stands {
            Stands::From(begin) => {
                let start = begin.span.start;
                Location::new(begin.source, Span { start, end: start + u32::try_from(text.len()).unwrap_or(0) })
            }
            Stands::Within(whole) => whole,
        };
        if depth > MAX_DEPTH {
            return self.copies.unfollowed(
                "shells stand within shells too deeply to be followed".to_owned(),
                at,
                Touch::Endpoint(own),
            );
        }
        match pipelines(text, stands, operators) {
            Some(all) => all.iter().for_each(|pipeline| self.pipeline(own, pipeline, depth)),
            None => {
                let message = format!("`{}` has a quote that is not closed, so what it runs is not known", shorten(text));
                self.copies.unfollowed(message, at, Touch::Endpoint(own));
            }
        }
    }

    fn pipeline(&mut self, own: usize, pipeline: &Pipeline, depth: usize) {
        for (i, simple) in pipeline.iter().enumerate() {
            for file in simple.writes.iter().filter(|f| !f.text.starts_with("/dev/")) {
                let text = self.filled(&file.text);
                let store = self.copies.folder(&text, own, file.at);
                self.backs_up(own, store, file.at);
            }
            let gives = i + 1 < pipeline.len() || simple.writes.iter().any(|f| f.text != "/dev/null");
            let stage = Stage { words: &simple.words, own, takes: i > 0 || simple.reads, gives, depth };
            self.simple(stage);
        }
    }

    fn simple(&mut self, mut stage: Stage<'_>) {
        for _ in 0..MAX_WORDS_BEFORE {
            let Some(first) = stage.words.first() else { return };
            if let Some((name, value)) = assignment(&first.text) {
                let value = self.filled(value);
                self.variables.insert(name.to_owned(), (value, first.at));
                stage.words = stage.arguments();
            } else if let Some(inner) = programs::inner(stage.program(), stage.arguments()) {
                stage.words = inner;
            } else if stage.depth > MAX_DEPTH {
                break;
            } else {
                return self.program(stage);
            }
        }
        if !stage.words.is_empty() {
            self.gap(&stage, "commands stand within commands too deeply to be followed".to_owned());
        }
    }

    /// The text with the variables whose values are known.
    fn filled(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            filled.push_str(before);
            let (name, end) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some((name, tail)) => (name, tail),
                None => {
                    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                    after.split_at(end)
                }
            };
            let fits = |value: &str| value.len() <= 256 && filled.len() < MAX_WORD;
            match self.variables.get(name).filter(|(value, _)| fits(value)) {
                Some((value, _)) => {
                    filled.push_str(value);
                    rest = end;
                }
                None => {
                    filled.push('$');
                    rest = after;
                }
            }
        }
        filled + rest
    }

    fn gap(&mut self, stage: &Stage<'_>, message: String) {
        self.copies.unfollowed(message, stage.at(), Touch::Endpoint(stage.own));
    }

    fn backs_up(&mut self, from: usize, to: usize, at: Location) {
        if self.told.insert((from, to)) {
            self.copies.route(from, to, Activity::Backup, at, |_| {});
        }
    }

    /// A repository by the notations of Borg and restic.
    fn backs_up_to(&mut self, own: usize, to: Named<'_>, variables: &Variables) {
        for store in self.targets.stores(self.copies, own, to, variables) {
            self.backs_up(own, store, to.at);
        }
    }

    /// A machine by `user@host:port`, as the machine `own` would reach it.
    fn machine(&mut self, own: usize, text: &str, at: Location) -> Option<usize> {
        let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
        match peer(host, None) {
            Ok(Peer::Loopback { .. } | Peer::Unix(_)) => Some(own),
            Ok(peer) => Some(self.copies.remote("backup-host", &peer, at)),
            Err(why) => {
                self.copies.no_target(text, &why, at, Touch::Endpoint(own));
                None
            }
        }
    }

    /// `host:path`, `host::module`, `rsync://host/module`, or a path of this machine.
    fn place(&mut self, own: usize, word: &Word) -> Place {
        let text = self.filled(&word.text);
        let far = match text.split_once("://") {
            Some((_, _)) => Some(split_url(&text).1.to_owned()),
            None => match text.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
                Some((host, _)) => Some(format!("[{}]", host.rsplit_once('@').map_or(host, |(_, h)| h))),
                None => text.split_once(':').filter(|(host, _)| !host.contains('/')).map(|(host, _)| host.to_owned()),
            },
        };
        match far {
            Some(host) if host.is_empty() => {
                self.copies.no_target(&text, "names no host", word.at, Touch::Endpoint(own));
                Place::Untold
            }
            Some(host) => self.machine(own, &host, word.at).map_or(Place::Untold, |far| Place::Far(vec![far])),
            None if text.starts_with(['$', '`', '%']) => {
                self.copies.no_target(&text, "may be any folder or machine", word.at, Touch::Endpoint(own));
                Place::Untold
            }
            None => Place::Here(text),
        }
    }

    /// A copy from these places to that one. What goes from one far place to another passes this machine.
    fn copy(&mut self, own: usize, from: Vec<(Place, Location)>, to: (Place, Location)) {
        for (place, at) in from {
            if let Place::Far(far) = place {
                far.into_iter().for_each(|far| self.backs_up(far, own, at));
            }
        }
        let (place, at) = to;
        match place {
            Place::Here(path) => {
                let store = self.copies.folder(&path, own, at);
                self.backs_up(own, store, at);
            }
            Place::Far(far) => far.into_iter().for_each(|far| self.backs_up(own, far, at)),
            Place::Untold => {}
        }
    }

    fn program(&mut self, stage: Stage<'_>) {
        let (own, program) = (stage.own, stage.program());
        match program {
            "rsync" => self.rsync(stage),
            "scp" => self.scp(stage),
            "ssh" => self.ssh(stage),
            "sftp" | "lftp" | "ftp" | "nc" | "ncat" | "netcat" | "telnet" => self.connection(stage),
            "curl" | "wget" => self.web(stage),
            "cp" | "mv" | "install" | "syncoid" | "rdiff-backup" => self.last_place(stage),
            "sh" | "bash" | "dash" | "zsh" | "ash" | "ksh" | "su" | "runuser" | "flock" => self.shell(stage),
            "find" | "tar" | "tee" | "dd" | "openssl" | "logger" | "mbuffer" => self.local(stage),
            "export" | "declare" | "readonly" => {
                for word in stage.arguments() {
                    if let Some((name, value)) = assignment(&word.text) {
                        let value = self.filled(value);
                        self.variables.insert(name.to_owned(), (value, word.at));
                    }
                }
            }
            "unset" => stage.arguments().iter().for_each(|w| _ = self.variables.remove(&w.text)),
            "rclone" => self.rclone(stage),
            "restic" => self.restic(stage),
            "borg" => self.borg(stage),
            "duplicity" => self.duplicity(stage),
            "aws" => self.aws(stage),
            "gsutil" | "gcloud" | "azcopy" | "ossutil" | "ossutil64" | "obsutil" | "coscli" => self.object_tool(stage),
            "pg_dump" | "pg_dumpall" | "pg_basebackup" | "pg_receivewal" | "psql" | "pg_restore" | "mysqldump"
            | "mariadb-dump" | "mysqlpump" | "mysql" | "mariadb" | "mydumper" | "mariabackup" | "xtrabackup" | "mongodump"
            | "mongorestore" | "mongoexport" | "redis-cli" => self.database(stage),
            "mail" | "mailx" | "sendmail" | "mutt" | "msmtp" => {
                if stage.takes {
                    self.gap(&stage, format!("`{program}` mails what it is given, and where that is kept is not followed"));
                }
            }
            "." | "source" => {
                if let Some(file) = stage.arguments().first() {
                    let path = self.copies.input.sources.get(file.at.source).path.clone();
                    super::schedule::environment(self, own, &path, &file.text, file.at);
                }
            }
            "borgmatic" | "autorestic" | "resticprofile" | "pgbackrest" | "wal-g" | "lsyncd" | "rsnapshot" | "logrotate" => {
                // Its own configuration says where it copies to; that is read where it is among the files.
                let known = self.copies.input.sources.iter().any(|(_, s)| configures(program, &s.path));
                if !known {
                    self.gap(&stage, format!("where `{program}` copies to stands in its configuration, which was not read"));
                }
            }
            _ => match WORDS.effect("commands", program) {
                Some(Effect::Harmless) => {}
                _ => {
                    let text: Vec<&str> = stage.words.iter().map(|w| w.text.as_str()).collect();
                    let message = format!("what `{}` sends where is not followed", shorten(&text.join(" ")));
                    self.copies.unfollowed(message, stage.at(), Touch::Endpoint(own));
                }
            },
        }
    }

    /// What a machine has is copied there as it changes.
    pub fn replicates(&mut self, own: usize, to: &Word) {
        match self.place(own, to) {
            Place::Far(far) => far.into_iter().for_each(|far| self.copies.way(own, far, Activity::Replicate, to.at)),
            here => self.copy(own, Vec::new(), (here, to.at)),
        }
    }

    /// What a program reports goes to a host: nothing of people but what a request tells.
    pub fn reports(&mut self, own: usize, host: &str, at: Location) {
        if let Ok(Peer::Host { name, port }) = peer(host, None) {
            let mut route = Output::plain(own, Reference::Host { name, port }, Activity::Log, at);
            route.data = DataLimit::Only(vec!["telemetry".to_owned()]);
            self.copies.out.route(route);
        }
    }

    fn repository(&mut self, stage: &Stage<'_>, word: Option<(String, Location)>, variable: &str) {
        let variables = self.variables.clone();
        let named = word.or_else(|| variables.get(variable).cloned());
        match named {
            Some((text, at)) => {
                let text = self.filled(&text);
                self.backs_up_to(stage.own, Named { text: &text, at }, &variables);
            }
            None => {
                let message = format!("`{}` names no repository here: where it copies to is not known", stage.program());
                self.gap(stage, message);
            }
        }
    }
}

/// `NAME=value` before a command.
fn assignment(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (is_name && !name.starts_with(|c: char| c.is_ascii_digit())).then_some((name, value))
}

/// Whether a file is the configuration of a program, by its name.
fn configures(program: &str, path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let words: &[&str] = match program {
        "resticprofile" => &["resticprofile", "profiles."],
        "wal-g" => &["wal-g", "walg"],
        "borgmatic" => &["borgmatic", "borg"],
        // No reader knows the others' files.
        "rsnapshot" | "logrotate" => &[],
        own => return path.contains(own),
    };
    words.iter().any(|w| path.contains(w))
}
