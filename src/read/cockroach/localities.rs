//! Regions of databases and localities of tables (CockroachDB, "Table Localities", "Data Domiciling").

use std::collections::BTreeMap;

use super::{Sql, keeps};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::sql::{Sort, Statement};
use crate::source::Location;

pub(super) struct Database {
    pub fact: usize,
    at: Location,
    primary: Option<(String, Location)>,
    /// All regions with the lines that add them, the primary one too.
    regions: BTreeMap<String, Location>,
    restricted: bool,
    survives_region: bool,
    supers: Vec<Vec<String>>,
    /// A zone of its own overrides what regions say.
    pub zoned: bool,
}

impl Database {
    pub fn new(fact: usize, at: Location) -> Self {
        Self {
            fact,
            at,
            primary: None,
            regions: BTreeMap::new(),
            restricted: false,
            survives_region: false,
            supers: Vec::new(),
            zoned: false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Locality {
    Global,
    /// In a region, or in the primary one.
    Table(Option<String>),
    ByRow,
}

pub(super) struct Table {
    database: String,
    locality: Option<(Locality, Location)>,
    /// Regions that a computed column names.
    rows: Vec<(String, Location)>,
    at: Location,
}

impl Sql<'_, '_> {
    pub(super) fn database(&mut self, statement: &Statement<'_>) {
        let at = statement.skip_if(2);
        let Some((name, next)) = statement.path(at) else { return };
        let place = statement.at(at);
        self.database_named(&name, place);
        let Some(database) = self.databases.get_mut(&name) else { return };
        let region = |at: usize| {
            let at = statement.skip_if(at);
            let at = at + usize::from(statement.word(at).is_some_and(|w| w.is("=")));
            statement.path(at).map(|(name, _)| (name, statement.at(at)))
        };
        // What an ALTER says last counts; words of one statement are looked for wherever they stand.
        if let Some((primary, at)) = statement.after("primary region").and_then(region) {
            database.regions.insert(primary.clone(), at);
            database.primary = Some((primary, at));
        }
        if let Some(at) = statement.after("regions").filter(|a| *a > next) {
            let at = at + usize::from(statement.word(at).is_some_and(|w| w.is("=")));
            for (region, at) in statement.names(at) {
                database.regions.entry(region).or_insert(statement.at(at));
            }
        }
        if statement.after("add super region").is_some() {
            // One without regions holds nothing back.
            let values = statement.after("values").map(|at| statement.names(at)).unwrap_or_default();
            database.supers.push(values.into_iter().map(|(name, _)| name).collect());
        } else if statement.after("drop super region").is_some() || statement.after("alter super region").is_some() {
            // Whatever it held back may go anywhere again.
            database.supers.clear();
        } else if let Some((region, at)) = statement.after("add region").and_then(region) {
            database.regions.entry(region).or_insert(at);
        } else if let Some((region, _)) = statement.after("drop region").and_then(region) {
            database.regions.remove(&region);
        }
        if statement.after("survive region failure").is_some() {
            database.survives_region = true;
        } else if statement.after("survive zone failure").is_some() {
            database.survives_region = false;
        }
        if statement.after("placement restricted").is_some() {
            database.restricted = true;
        } else if statement.after("placement default").is_some() {
            database.restricted = false;
        }
    }

    pub(super) fn table(&mut self, statement: &Statement<'_>) {
        let at = statement.skip_if(2);
        let Some((full, _)) = statement.path(at) else { return };
        let locality = statement.after("locality");
        let computed = statement.words.iter().any(|w| w.is("crdb_internal_region"));
        if let Some(space) = statement.after("tablespace").filter(|_| locality.is_none()) {
            super::tablespaces::table(self, &full, statement, space);
        }
        if locality.is_none() && !computed {
            return;
        }
        let place = statement.at(at);
        // `db.schema.t`: the database is the first of three.
        let database = match full.split('.').collect::<Vec<_>>().as_slice() {
            [database, _, _] => (*database).to_owned(),
            _ => self.current.clone(),
        };
        let table = self.tables.entry(full).or_insert(Table { database, locality: None, rows: Vec::new(), at: place });
        if let Some(at) = locality {
            let is = |i: usize, w: &str| statement.word(at + i).is_some_and(|o| o.is(w));
            let found = match () {
                () if is(0, "global") => Some(Locality::Global),
                () if is(0, "regional") && is(1, "by") && is(2, "row") => Some(Locality::ByRow),
                () if is(0, "regional") => {
                    let region =
                        statement.after("in").filter(|i| *i > at && !statement.word(*i).is_some_and(|w| w.is("primary")));
                    Some(Locality::Table(region.and_then(|i| statement.path(i)).map(|(name, _)| name)))
                }
                () => None,
            };
            if let Some(found) = found {
                table.locality = Some((found, statement.at(at)));
            }
        }
        if computed {
            // `CASE WHEN city IN ('oslo') THEN 'eu-north-1' ELSE ... END`: what stands behind THEN and ELSE.
            for (i, word) in statement.words.iter().enumerate() {
                let value = statement.word(i + 1).filter(|w| w.sort == Sort::Text);
                if let Some(value) = value.filter(|_| word.is("then") || word.is("else") || word.is("default")) {
                    table.rows.push((value.text.clone().into_owned(), statement.at(i + 1)));
                }
            }
        }
    }

    /// Routes of databases and tables, once all that is said of them was read.
    pub(super) fn finish(&mut self) {
        let names: Vec<String> = self.databases.keys().cloned().collect();
        let only = names.first().filter(|_| names.len() == 1).cloned();
        let tables = std::mem::take(&mut self.tables);
        for name in &names {
            self.ways_of_database(name);
        }
        for (name, table) in tables {
            let database = Some(table.database.clone()).filter(|d| !d.is_empty()).or_else(|| only.clone());
            let fact = self.copies.group("cockroachdb-table", &name, table.at);
            match database {
                Some(database) => {
                    let from = self.database_named(&database, table.at);
                    self.copies.way(from, fact, crate::model::Activity::Replicate, table.at);
                    self.ways_of_table(&name, fact, &table, &database);
                }
                None => {
                    let message = format!("which database the table `{}` is of is not told, nor its regions", shorten(&name));
                    let help = "add the statements that add regions to its database";
                    self.copies.gap("members-not-read", message, help, table.at, Touch::Everything);
                }
            }
        }
    }

    fn ways_of_database(&mut self, name: &str) {
        let Some(database) = self.databases.get(name) else { return };
        let (fact, restricted, zoned) = (database.fact, database.restricted && !database.survives_region, database.zoned);
        let primary = database.primary.clone();
        let regions = database.regions.clone();
        let at = database.at;
        if primary.is_none() && !zoned {
            let message =
                format!("the database `{}` has no primary region here, so its rows may be on any node", shorten(name));
            let help = "add the statements that give it regions";
            self.copies.gap("members-not-read", message, help, at, Touch::Endpoint(fact));
        }
        // Tables without a locality of their own are regional, in the primary region.
        for (region, at) in &regions {
            let first = primary.as_ref().is_some_and(|(p, _)| p == region);
            let to = self.region(region, *at);
            if first {
                keeps(self.copies, fact, to, "tables without a locality of their own", true, *at);
            } else if !restricted {
                keeps(self.copies, fact, to, "copies in every region, as placement is not restricted", false, *at);
            }
        }
    }

    fn ways_of_table(&mut self, name: &str, fact: usize, table: &Table, database: &str) {
        let Some(db) = self.databases.get(database) else { return };
        let regions = db.regions.clone();
        let supers = db.supers.clone();
        let restricted = db.restricted && !db.survives_region;
        let primary = db.primary.clone();
        let home = |region: &str| -> Vec<String> {
            let within: Vec<String> = supers.iter().filter(|s| s.iter().any(|r| r == region)).flatten().cloned().collect();
            match () {
                () if restricted => vec![region.to_owned()],
                () if !within.is_empty() => within,
                () => regions.keys().cloned().collect(),
            }
        };
        let (locality, at) = match &table.locality {
            Some((locality, at)) => (locality.clone(), *at),
            None if table.rows.is_empty() => return,
            None => (Locality::ByRow, table.at),
        };
        match locality {
            Locality::Global => {
                for region in regions.keys() {
                    let to = self.region(region, at);
                    keeps(self.copies, fact, to, "a global table is in every region", true, at);
                }
            }
            Locality::Table(region) => {
                let Some(region) = region.or_else(|| primary.map(|(p, _)| p)) else { return };
                self.known(name, &region, &regions, at, fact);
                for other in home(&region).into_iter().chain([region.clone()]).collect::<std::collections::BTreeSet<_>>() {
                    let to = self.region(&other, at);
                    let first = other == region;
                    keeps(self.copies, fact, to, if first { "the table's home" } else { "copies without votes" }, first, at);
                }
            }
            Locality::ByRow => {
                for (region, at) in &table.rows {
                    self.known(name, region, &regions, *at, fact);
                }
                let computed: Vec<(String, Location)> = table.rows.clone();
                let homes: BTreeMap<String, Location> = if computed.is_empty() {
                    regions.keys().map(|r| (r.clone(), at)).collect()
                } else {
                    computed.into_iter().rev().collect()
                };
                let mut others: BTreeMap<String, Location> = BTreeMap::new();
                for (region, at) in &homes {
                    let to = self.region(region, *at);
                    keeps(self.copies, fact, to, &format!("rows whose region is {}", shorten(region)), true, *at);
                    for other in home(region).into_iter().filter(|o| !homes.contains_key(o)) {
                        others.entry(other).or_insert(*at);
                    }
                }
                for (region, at) in others {
                    let to = self.region(&region, at);
                    keeps(self.copies, fact, to, "copies without votes, as placement is not restricted", false, at);
                }
            }
        }
    }

    /// A home that is no region of the database cannot hold rows: what is written does not hold.
    fn known(&mut self, table: &str, region: &str, regions: &BTreeMap<String, Location>, at: Location, fact: usize) {
        if regions.contains_key(region) {
            return;
        }
        let message = format!("`{}` keeps rows in `{}`, which is no region of its database", shorten(table), shorten(region));
        let near = crate::vocab::suggest(region, regions.keys().map(String::as_str));
        let help =
            near.map_or_else(|| "add that region to the database".to_owned(), |n| format!("add that region, or write `{n}`"));
        self.copies.out.gap("undefined-name", message, Some(help), at, Touch::Endpoint(fact));
    }
}
