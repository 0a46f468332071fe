//! YugabyteDB's tablespaces: replicas by cloud, region and zone, written as JSON (YSQL, "CREATE TABLESPACE").

use super::Sql;
use crate::doc::json;
use crate::model::{Activity, EndpointFact, Role, Roles};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::sql::Statement;
use crate::source::{Location, Span, Spanned};

pub(super) fn tablespace(sql: &mut Sql<'_, '_>, statement: &Statement<'_>) {
    let Some((name, _)) = statement.path(statement.skip_if(2)) else { return };
    let space = sql.copies.group("yugabytedb-tablespace", &name, statement.at(2));
    for key in ["replica_placement", "read_replica_placement"] {
        let Some((word, at)) = statement.value(key) else { continue };
        let document = json::parse(&word.text);
        let Some(root) = document.root().filter(|_| document.problems().is_empty()) else {
            sql.copies.no_target(&word.text, "is no JSON", at, Touch::Endpoint(space));
            continue;
        };
        // Places in the JSON are places in the file, if nothing in it was escaped.
        let exact = word.span.range().len() == word.text.len();
        let shift = |span: Span| {
            if exact { Span { start: at.span.start + span.start, end: at.span.start + span.end } } else { at.span }
        };
        let blocks: Vec<_> = root.get("placement_blocks").into_iter().flat_map(|b| b.items()).collect();
        if blocks.is_empty() {
            sql.copies.no_target(&name, "names no placement blocks", at, Touch::Endpoint(space));
        }
        for block in blocks {
            let text = |key: &str| block.get(key).and_then(|n| n.text()).filter(|t| !t.is_empty());
            let parts = [text("cloud"), text("region"), text("zone")];
            let place = block.get("zone").or_else(|| block.get("region")).unwrap_or(block);
            let here = Location::new(at.source, shift(place.span()));
            let label = parts.iter().map(|p| p.unwrap_or("*")).collect::<Vec<_>>().join(".");
            let to = match sql.regions.get(&label) {
                Some(known) => *known,
                None => {
                    let mut fact = EndpointFact::new("yugabytedb-placement", label.as_str(), here);
                    fact.elsewhere = true;
                    fact.roles = Roles::of(&[Role::Process, Role::Store]);
                    let spanned = |t: Option<&str>| t.map(|t| Spanned::new(t.to_owned(), here.span));
                    fact.provider = parts[0].map(str::to_owned);
                    fact.site_hints.extend(spanned(parts[1]));
                    fact.site_hints.extend(spanned(parts[2]));
                    fact.region = spanned(parts[1]);
                    fact.zone = spanned(parts[2]);
                    let index = sql.copies.out.principal(fact);
                    sql.regions.insert(label, index);
                    index
                }
            };
            let count = text("min_num_replicas").unwrap_or("some");
            sql.copies
                .route(space, to, Activity::Replicate, here, |r| r.condition = Some(format!("replicas: {count} or more")));
        }
    }
}

/// A table, partition or index that is kept in a tablespace.
pub(super) fn table(sql: &mut Sql<'_, '_>, table: &str, statement: &Statement<'_>, at: usize) {
    let Some((space, _)) = statement.path(at) else { return };
    let place = statement.at(at);
    // PostgreSQL has tablespaces too: folders of one machine.
    let Some(to) = sql.copies.known_group("yugabytedb-tablespace", &space) else { return };
    let from = sql.copies.group("yugabytedb-table", table, place);
    if let Some(at) = statement.after("partition of")
        && let Some((parent, _)) = statement.path(at)
    {
        let parent = sql.copies.group("yugabytedb-table", &parent, statement.at(at));
        sql.copies.route(parent, from, Activity::Replicate, place, |r| {
            r.condition = Some(format!("rows of the partition {}", shorten(table)));
        });
    }
    sql.copies.way(from, to, Activity::Replicate, place);
}
