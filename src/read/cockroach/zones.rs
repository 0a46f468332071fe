//! Zones of one's own (CockroachDB, "Replication Controls"): `constraints = '[+region=a]'` binds every replica, the form
//! `'{"+region=a": 1}'` so many of them; the rest may be anywhere.

use super::{Sql, keeps};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::sql::Statement;

/// Replicas that a zone has where it does not say.
const DEFAULT_REPLICAS: u64 = 3;

pub(super) fn configure(sql: &mut Sql<'_, '_>, statement: &Statement<'_>) {
    // ALTER <kind> name ... CONFIGURE ZONE USING key = value, ...
    if statement.after("configure zone discard").is_some() {
        return;
    }
    let Some((name, at)) = statement.path(2).map(|(name, _)| (name, statement.at(2))) else { return };
    let kind = statement.word(1).map_or_else(String::new, super::super::replicas::sql::Word::name);
    let fact = match kind.as_str() {
        "database" => {
            let fact = sql.database_named(&name, at);
            if let Some(database) = sql.databases.get_mut(&name) {
                database.zoned = true;
            }
            fact
        }
        // `RANGE default` is whatever has no zone of its own.
        "range" => sql.here(at),
        "table" => sql.copies.group("cockroachdb-table", &name, at),
        _ => sql.copies.group("cockroachdb-zone", &name, at),
    };
    if !matches!(kind.as_str(), "database" | "range") {
        // `PARTITION p OF TABLE t`, `INDEX t@i`.
        let parent = statement.after("of table").or_else(|| statement.after("of index")).and_then(|i| statement.path(i));
        let from = match parent {
            Some((table, _)) => sql.copies.group("cockroachdb-table", &table, at),
            None => sql.here(at),
        };
        sql.copies.way(from, fact, crate::model::Activity::Replicate, at);
    }
    // A number that is not told here is that of whatever the zone is part of, so the highest that was told; one that cannot be
    // read (`COPY FROM PARENT`) is more than any that is bound.
    let stated = statement.value("num_replicas").map(|(word, _)| word.text.parse().unwrap_or(u64::MAX));
    sql.most_replicas = sql.most_replicas.max(stated.unwrap_or(DEFAULT_REPLICAS));
    let replicas = stated.unwrap_or(sql.most_replicas);
    let Some((constraints, place)) = statement.value("constraints").map(|(w, at)| (w.text.clone().into_owned(), at)) else {
        return anywhere(sql, fact, &name, at);
    };
    let per_replica = constraints.trim_start().starts_with('{');
    let mut bound = 0;
    let mut found = false;
    for piece in constraints.split(['[', ']', '{', '}', ',', '"']).map(str::trim).collect::<Vec<_>>().windows(2) {
        let [piece, next] = piece else { continue };
        let Some(region) = piece.strip_prefix("+region=") else { continue };
        found = true;
        // A count that cannot be read binds none of the replicas.
        bound += next.trim_start_matches(':').trim().parse::<u64>().unwrap_or(0);
        let region = region.split(':').next().unwrap_or(region).trim();
        let to = sql.region(region, place);
        keeps(sql.copies, fact, to, "replicas that its zone binds there", true, place);
    }
    if !found || (per_replica && bound < replicas) {
        anywhere(sql, fact, &name, place);
    }
}

fn anywhere(sql: &mut Sql<'_, '_>, fact: usize, name: &str, at: crate::source::Location) {
    let message =
        format!("the zone of `{}` binds not all of its replicas to regions, so some may be on any node", shorten(name));
    let help = "bind all of them with `constraints = '[+region=...]'`, or let the regions of the database place them";
    sql.copies.gap("members-not-read", message, help, at, Touch::Endpoint(fact));
}
