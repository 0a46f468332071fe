//! PostgreSQL and the tools around it: server configuration, Patroni, pgBackRest, WAL-G, and SQL with subscriptions.
//!
//! Rules are those of the PostgreSQL documentation (18), "Log-Shipping Standby Servers", "Replication" (configuration), "Logical
//! Replication" and "Continuous Archiving", of Patroni's "YAML Configuration Settings" and "Standby Cluster", of pgBackRest's
//! "Configuration Reference" and of WAL-G's "Storages". A standby pulls from the servers that its `primary_conninfo` names: the way
//! is from those to it. Whether a server is a standby is told by a file without content beside its data, so a `primary_conninfo` is
//! taken to be in use. Not here: `pg_hba.conf`, which lets in and sends nothing, and what a script sends.

mod backrest;
mod commands;
mod conf;
mod known;
mod patroni;
mod statements;
mod walg;

use std::collections::{BTreeMap, BTreeSet};

use super::replicas::Copies;
use super::replicas::lines::{ini, postgres};
use super::replicas::sql::has_statement;
use super::words::Words;
use super::{Input, Reader, Reading, Recognized, Set, glance};
use crate::model::Activity;
use crate::read::paths;
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::source::{Location, SourceId};

pub struct Postgres;

impl Reader for Postgres {
    fn format(&self) -> &'static str {
        "postgresql"
    }

    fn describe(&self) -> &'static str {
        "PostgreSQL configuration, Patroni, pgBackRest, WAL-G, and SQL with publications and subscriptions"
    }

    fn words(&self) -> &'static [Words] {
        known::TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        sort_of(path, text).map_or(Recognized::No, |_| Recognized::Yes)
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
    Server,
    /// Who may connect, and under which name.
    Access,
    BackRest,
    Patroni,
    WalG,
    Statements,
}

/// Statements that copy data, as no other database writes them.
const STATEMENTS: &[&str] = &[
    "CREATE SUBSCRIPTION",
    "ALTER SUBSCRIPTION",
    "CREATE PUBLICATION",
    "SELECT pglogical.",
    "SELECT bdr.",
    "SELECT spock.",
    "CREATE EXTENSION postgres_fdw",
];

/// Functions that copy data, wherever they are called.
const FUNCTIONS: &[&str] =
    &["pglogical.create_", "spock.sub_create", "spock.node_create", "bdr.create_", "bdr.join_", "dblink_connect("];

fn sort_of(path: &str, text: &str) -> Option<Sort> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ends = |list: &[&str]| list.iter().any(|end| name.ends_with(end));
    if matches!(name.as_str(), "pg_hba.conf" | "pg_ident.conf") {
        return Some(Sort::Access);
    }
    if ends(&[".sql", ".psql", ".ddl"]) {
        let found = has_statement(text, STATEMENTS) || has_foreign_server(text) || FUNCTIONS.iter().any(|f| text.contains(f));
        return found.then_some(Sort::Statements);
    }
    let text = glance(text);
    let begins = |keys: &[&str]| {
        text.lines().any(|l| {
            let l = l.trim_start().trim_start_matches("export ").trim_start_matches('"');
            keys.iter().any(|k| l.starts_with(k))
        })
    };
    if ends(&[".yaml", ".yml"]) {
        let has = |key: &str| text.lines().any(|l| l.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
        let patroni = has("scope") && (has("postgresql") || has("bootstrap")) && !has("apiVersion");
        if patroni {
            return Some(Sort::Patroni);
        }
    }
    if ends(&[".yaml", ".yml", ".env", ".json"]) || !name.contains('.') || name.starts_with(".walg") {
        return begins(&["WALG_", "WALE_"]).then_some(Sort::WalG);
    }
    if !ends(&[".conf", ".conf.sample"]) {
        return None;
    }
    if begins(&["repo1-", "pg1-"]) {
        return Some(Sort::BackRest);
    }
    if matches!(name.as_str(), "postgresql.conf" | "postgresql.auto.conf" | "postgresql.base.conf" | "recovery.conf") {
        return Some(Sort::Server);
    }
    // Any other file must hold parameters of this server and nothing else.
    let settings = postgres(text, SourceId(0));
    let known = settings.iter().filter(|s| known::is_parameter(s.name())).count();
    let sure = settings.iter().any(|s| known::is_telling(s.name()));
    (sure && known * 4 >= settings.len() * 3).then_some(Sort::Server)
}

/// `CREATE SERVER ... FOREIGN DATA WRAPPER`, in one line or the next ones.
fn has_foreign_server(text: &str) -> bool {
    has_statement(text, &["CREATE SERVER"]) && ["postgres_fdw", "dblink_fdw", "oracle_fdw"].iter().any(|w| text.contains(w))
}

/// What files say of each other.
#[derive(Default)]
struct Found {
    /// Stores of pgBackRest by stanza; the empty name is for all of them.
    repositories: BTreeMap<String, Vec<(usize, Location)>>,
    /// Stores of WAL-G.
    walg: Vec<usize>,
    /// What asks for one of them: the server, the stanza, whether it takes from there.
    archives: Vec<(usize, Option<String>, bool, Location)>,
    /// Standbys by the names they give when they connect.
    standbys: BTreeMap<String, usize>,
    /// Names of standbys that a server waits for.
    waited_for: Vec<(usize, String, Location)>,
    publications: Vec<(String, usize, Location)>,
    subscribed: BTreeSet<String>,
    /// Patroni's members by cluster.
    members: BTreeMap<String, Vec<patroni::Member>>,
}

fn read(input: &Input<'_>, files: &[SourceId]) -> Reading {
    let mut copies = Copies::new(input, "postgresql");
    let mut found = Found::default();
    let mut servers: BTreeMap<String, Vec<SourceId>> = BTreeMap::new();
    let sources = input.sources;
    for id in files {
        let source = sources.get(*id);
        match sort_of(&source.path, &source.text) {
            Some(Sort::Server) => {
                let folder = paths::folder(&source.path);
                let (parent, last) = folder.rsplit_once('/').unwrap_or(("", folder));
                let home = if last == "conf.d" { parent } else { folder };
                servers.entry(home.to_owned()).or_default().push(*id);
            }
            Some(Sort::BackRest) => backrest::read(&mut copies, &mut found, *id, &ini(&source.text, *id)),
            Some(Sort::Patroni) => patroni::read(&mut copies, &mut found, *id, &source.text),
            Some(Sort::WalG) => walg::read(&mut copies, &mut found, *id, &source.text),
            Some(Sort::Statements) => statements::read(&mut copies, &mut found, *id, &source.text),
            Some(Sort::Access) => {}
            // Told to be of this format: a server's file, whatever stands in it.
            None => servers.entry(source.path.clone()).or_default().push(*id),
        }
    }
    for files in servers.into_values() {
        conf::read(&mut copies, &mut found, files);
    }
    patroni::clusters(&mut copies, &found.members);
    found.finish(&mut copies);
    Reading { facts: copies.finish(), included: files.iter().skip(1).copied().collect(), ..Reading::default() }
}

impl Found {
    /// Joins what one file names and another one explains.
    fn finish(self, copies: &mut Copies<'_>) {
        for (server, stanza, takes, at) in self.archives {
            let of_stanza = stanza.as_ref().and_then(|s| self.repositories.get(s)).or_else(|| self.repositories.get(""));
            let stores: Vec<usize> = match &stanza {
                Some(_) => of_stanza.into_iter().flatten().map(|(store, _)| *store).collect(),
                None => self.walg.clone(),
            };
            if stores.is_empty() {
                let tool = if stanza.is_some() { "pgBackRest" } else { "WAL-G" };
                let message = format!("{tool} sends copies to a repository, and its configuration was not read");
                let help = format!("add the configuration of {tool} to the project");
                copies.gap("setting-not-read", message, &help, at, Touch::Endpoint(server));
            }
            for store in stores {
                let (from, to, activity) =
                    if takes { (store, server, Activity::Replicate) } else { (server, store, Activity::Backup) };
                copies.route(from, to, activity, at, |_| {});
            }
        }
        for (server, name, at) in self.waited_for {
            match self.standbys.get(&name) {
                Some(standby) if *standby != server => copies.way(server, *standby, Activity::Replicate, at),
                Some(_) => {}
                None => {
                    let message =
                        format!("the standby `{}` gets every change, and which machine it is was not read", shorten(&name));
                    let help = "add the configuration of that standby, whose `primary_conninfo` gives this name";
                    copies.members_unknown(message, help, at, Touch::Endpoint(server));
                }
            }
        }
        for (name, server, at) in self.publications {
            if !self.subscribed.contains(&name) {
                let message = format!(
                    "the publication `{}` gives changes to whoever subscribes, and no subscription was read",
                    shorten(&name)
                );
                let help = "add the SQL of the databases that subscribe";
                copies.members_unknown(message, help, at, Touch::Endpoint(server));
            }
        }
    }
}
