//! MySQL and MariaDB: option files, replication channels in SQL, and Orchestrator.
//!
//! Rules are those of the MySQL reference manual (8.4), "CHANGE REPLICATION SOURCE TO Statement", "Group Replication" and "Using Option
//! Files", of MariaDB's "CHANGE MASTER TO" and "Galera Cluster", and of Orchestrator's `docs/configuration-*.md`. A replica pulls from
//! its source. All members of a group or of a Galera cluster hold everything. Whom a server follows stands in its own tables, not in
//! its option file: it is read from SQL. Replication filters only make copies smaller and are passed over.

mod known;
mod options;
mod orchestrator;
mod statements;

use super::replicas::Copies;
use super::replicas::lines::ini;
use super::replicas::sql::has_statement;
use super::words::Words;
use super::{Input, Reader, Reading, Recognized, Set, glance};
use crate::source::SourceId;

pub struct MySql;

impl Reader for MySql {
    fn format(&self) -> &'static str {
        "mysql"
    }

    fn describe(&self) -> &'static str {
        "MySQL and MariaDB option files, replication channels in SQL, and Orchestrator configuration"
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
    Options,
    Statements,
    Orchestrator,
}

/// Statements of replication that no other database has.
const STATEMENTS: &[&str] = &[
    "CHANGE MASTER",
    "CHANGE REPLICATION SOURCE TO",
    "CALL mysql.rds_set_external_master",
    "CALL mysql.rds_set_external_source",
    "CALL mysql.rds_set_external_master_with_auto_position",
    "CALL mysql.rds_set_external_source_with_gtid_auto_position",
    "CALL mysql.az_replication_change_master",
    "SELECT asynchronous_connection_failover_add_source",
    "SELECT asynchronous_connection_failover_add_managed",
    "CLONE INSTANCE FROM",
];

fn sort_of(path: &str, text: &str) -> Option<Sort> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ends = |list: &[&str]| list.iter().any(|end| name.ends_with(end));
    if ends(&[".sql", ".ddl"]) {
        let federated = ["ENGINE=FEDERATED", "ENGINE = FEDERATED", "FOREIGN DATA WRAPPER mysql", "ENGINE=CONNECT"];
        let found = has_statement(text, STATEMENTS) || federated.iter().any(|f| text.contains(f));
        return found.then_some(Sort::Statements);
    }
    if ends(&[".json", ".conf.json"]) {
        let text = glance(text);
        let has = |key: &str| text.contains(key);
        let found = has("\"RecoverMasterClusterFilters\"") || (has("\"MySQLTopologyUser\"") && has("\"InstancePollSeconds\""));
        return found.then_some(Sort::Orchestrator);
    }
    if ends(&[".cnf", ".ini", ".conf", ".cnf.sample"]) {
        let sections =
            glance(text).lines().filter_map(|l| l.trim().strip_prefix('[')?.split_once(']').map(|(name, _)| name.trim()));
        let found = sections.into_iter().any(options::is_server);
        return found.then_some(Sort::Options);
    }
    None
}

fn read(input: &Input<'_>, files: &[SourceId]) -> Reading {
    let mut copies = Copies::new(input, "mysql");
    for id in files {
        let source = input.sources.get(*id);
        match sort_of(&source.path, &source.text) {
            Some(Sort::Options) | None => options::read(&mut copies, *id, &ini(&source.text, *id)),
            Some(Sort::Statements) => statements::read(&mut copies, *id, &source.text),
            Some(Sort::Orchestrator) => orchestrator::read(&mut copies, *id, &source.text),
        }
    }
    Reading { facts: copies.finish(), included: files.iter().skip(1).copied().collect(), ..Reading::default() }
}
