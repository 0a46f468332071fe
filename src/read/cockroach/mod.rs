//! CockroachDB and YugabyteDB: where SQL says that rows are kept.
//!
//! Rules are those of CockroachDB's documentation (stable, v26), "Multi-Region Capabilities Overview", "Table Localities", "ALTER
//! DATABASE ... PLACEMENT", "Super regions", "CONFIGURE ZONE", "BACKUP" and "CREATE CHANGEFEED", and of YugabyteDB's "CREATE
//! TABLESPACE". A database is a logical endpoint with a way to each region that may hold its rows, and so is a table that says its own
//! locality. Unless placement is restricted, each region of the database gets copies that take no votes; a global table is in all of
//! them. What is not here: which node stands in which region (`--locality` of its start), which is told by the regions' own names.

mod localities;
mod tablespaces;
mod zones;

use std::collections::BTreeMap;

use super::replicas::Copies;
use super::replicas::lines::hosts_of;
use super::replicas::sql::{Statement, has_statement, statements};
use super::replicas::store::About;
use super::words::Words;
use super::{Input, Reader, Reading, Recognized};
use crate::model::{Activity, EndpointFact, Role, Roles, RouteRole};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::source::{Location, Spanned};

pub struct Cockroach;

impl Reader for Cockroach {
    fn format(&self) -> &'static str {
        "cockroachdb"
    }

    fn describe(&self) -> &'static str {
        "SQL that places rows: CockroachDB regions, localities, zones, backups, changefeeds; YugabyteDB tablespaces"
    }

    fn words(&self) -> &'static [Words] {
        TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let sql = [".sql", ".ddl", ".psql"].iter().any(|end| name.ends_with(end));
        if sql && is_placed(text) { Recognized::Yes } else { Recognized::No }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        read(input)
    }
}

/// The statements that this reader follows, by their beginnings.
const TABLE: &[Words] = &[Words {
    part: "statement",
    followed: "ALTER-DATABASE CREATE-DATABASE ALTER-TABLE CREATE-TABLE ALTER-INDEX ALTER-PARTITION ALTER-RANGE BACKUP \
        CREATE-SCHEDULE CREATE-CHANGEFEED EXPORT CREATE-EXTERNAL-CONNECTION CREATE-VIRTUAL-CLUSTER CREATE-TABLESPACE \
        ALTER-TABLESPACE CREATE-LOGICAL-REPLICATION-STREAM CREATE-LOGICALLY-REPLICATED RESTORE USE",
    harmless: "",
    refused: "",
}];

/// Whether some statement says where rows are kept, in words that only these databases have.
fn is_placed(text: &str) -> bool {
    let begins = ["ALTER DATABASE", "CREATE DATABASE", "ALTER TABLE", "CREATE TABLE", "CREATE TABLESPACE", "ALTER TABLESPACE"];
    let own = ["CREATE CHANGEFEED", "CREATE EXTERNAL CONNECTION", "CREATE SCHEDULE", "ALTER RANGE", "ALTER PARTITION"];
    if !has_statement(text, &begins) && !has_statement(text, &own) {
        return false;
    }
    const SIGNS: &[&str] = &[
        "PRIMARY REGION",
        "ADD REGION",
        "ADD SUPER REGION",
        "SURVIVE ZONE FAILURE",
        "SURVIVE REGION FAILURE",
        "PLACEMENT RESTRICTED",
        "LOCALITY GLOBAL",
        "LOCALITY REGIONAL",
        "CONFIGURE ZONE",
        "REPLICA_PLACEMENT",
        "CREATE CHANGEFEED",
        "CREATE EXTERNAL CONNECTION",
        "FOR BACKUP",
        "CRDB_INTERNAL_REGION",
    ];
    text.lines().any(|line| {
        let line = line.trim_start();
        // The rows of a dump are most of it, and say nothing of places.
        let skipped = line.starts_with("--") || line.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("insert"));
        !skipped && {
            let line = line.to_ascii_uppercase();
            SIGNS.iter().any(|sign| line.contains(sign))
        }
    })
}

/// Everything of one file.
struct Sql<'c, 'i> {
    copies: &'c mut Copies<'i>,
    databases: BTreeMap<String, localities::Database>,
    /// Tables without their database: `public.t`.
    tables: BTreeMap<String, localities::Table>,
    regions: BTreeMap<String, usize>,
    connections: BTreeMap<String, String>,
    /// The highest number of replicas that some zone was told to have.
    most_replicas: u64,
    /// The database that statements without one are about.
    current: String,
}

fn read(input: &Input<'_>) -> Reading {
    let mut copies = Copies::new(input, "cockroachdb");
    let mut sql = Sql {
        copies: &mut copies,
        databases: BTreeMap::new(),
        tables: BTreeMap::new(),
        most_replicas: 0,
        regions: BTreeMap::new(),
        connections: BTreeMap::new(),
        current: String::new(),
    };
    statements(input.text(), input.file, |statement| sql.statement(&statement));
    sql.finish();
    Reading { facts: copies.finish(), ..Reading::default() }
}

impl Sql<'_, '_> {
    fn statement(&mut self, statement: &Statement<'_>) {
        self.copies.cut(statement);
        if statement.starts("use") || statement.starts("set database") {
            let at = if statement.starts("use") { 1 } else { 2 };
            let at = at + usize::from(statement.word(at).is_some_and(|w| w.is("=") || w.is("to")));
            self.current = statement.path(at).map_or_else(String::new, |(name, _)| name);
            return;
        }
        let zone = statement.after("configure zone");
        match () {
            () if zone.is_some() => zones::configure(self, statement),
            () if statement.starts("alter database") || statement.starts("create database") => self.database(statement),
            () if statement.starts("alter table") || statement.starts("create table") => self.table(statement),
            () if statement.starts("create tablespace") || statement.starts("alter tablespace") => {
                tablespaces::tablespace(self, statement);
            }
            () if statement.starts("create external connection") => {
                let name = statement.path(statement.skip_if(3)).map(|(name, _)| name);
                let url = statement.texts().next().map(|(url, _)| url.to_owned());
                self.connections.extend(name.zip(url));
            }
            () if statement.starts("backup") => self.sends(statement, statement.after("into"), Activity::Backup),
            () if statement.starts("create schedule") => {
                let at = statement.after("for backup").map(|at| statement.after("into").filter(|i| *i > at).unwrap_or(at));
                let feed = statement.after("for changefeed").or_else(|| statement.after("for create changefeed"));
                match (at, feed) {
                    (Some(at), _) => self.sends(statement, Some(at), Activity::Backup),
                    (None, Some(_)) => self.sends(statement, statement.after("into"), Activity::Replicate),
                    (None, None) => {}
                }
            }
            () if statement.starts("create changefeed") => self.sends(statement, statement.after("into"), Activity::Replicate),
            () if statement.starts("export into") => self.sends(statement, Some(2), Activity::Backup),
            () if statement.starts("create virtual cluster")
                || statement.starts("create logical replication stream")
                || statement.starts("create logically replicated") =>
            {
                self.receives(statement);
            }
            () => {}
        }
    }

    /// What statements without a database are about: the one that is in use, else the only one that is named.
    fn here(&mut self, at: Location) -> usize {
        let only = || self.databases.keys().next().filter(|_| self.databases.len() == 1).cloned();
        let name = Some(self.current.clone()).filter(|c| !c.is_empty()).or_else(only);
        match name {
            Some(name) => self.database_named(&name, at),
            None => self.copies.own(at.source),
        }
    }

    fn database_named(&mut self, name: &str, at: Location) -> usize {
        if let Some(known) = self.databases.get(name) {
            return known.fact;
        }
        let fact = self.copies.group("cockroachdb-database", name, at);
        self.databases.insert(name.to_owned(), localities::Database::new(fact, at));
        fact
    }

    /// One region, as an endpoint: nodes that keep rows.
    fn region(&mut self, name: &str, at: Location) -> usize {
        if let Some(known) = self.regions.get(name) {
            return *known;
        }
        let mut fact = EndpointFact::new("cockroachdb-region", name, at);
        fact.elsewhere = true;
        fact.roles = Roles::of(&[Role::Process, Role::Store]);
        // CockroachDB Cloud puts the provider before the region.
        let named = [("aws-", "aws"), ("gcp-", "gcp"), ("azure-", "azure")];
        let split = named.iter().find_map(|(prefix, provider)| Some((name.strip_prefix(prefix)?, *provider)));
        let told = self.copies.told(at.source).provider.as_ref().map(|p| p.text.clone());
        let (region, provider) = split.map_or((name, told), |(region, provider)| (region, Some(provider.to_owned())));
        fact.site_hints.push(Spanned::new(name.to_owned(), at.span));
        if provider.is_some() {
            fact.region = Some(Spanned::new(region.to_owned(), at.span));
        } else {
            let message = format!("`{}` is a region of no known provider, so where it stands is not known", shorten(name));
            let help = "tell `provider` in [[inputs.override]], or declare a site of this name";
            self.copies.gap("region-without-provider", message, help, at, Touch::Nothing);
        }
        fact.provider = provider;
        let index = self.copies.out.principal(fact);
        self.regions.insert(name.to_owned(), index);
        index
    }

    /// Backups, exports and changefeeds to the URLs of a statement from a word on.
    fn sends(&mut self, statement: &Statement<'_>, from: Option<usize>, activity: Activity) {
        let at = statement.at(0);
        // `BACKUP DATABASE x`, `CHANGEFEED FOR TABLE x`: whose data it is.
        let named = statement.after("database").filter(|w| from.is_none_or(|f| *w < f)).and_then(|w| statement.path(w));
        let source = match named {
            Some((name, _)) => self.database_named(&name, at),
            None => self.here(at),
        };
        let start = from.and_then(|f| statement.word(f)).map_or(0, |w| w.span.start);
        let options = statement.after("with").and_then(|w| statement.word(w)).map_or(u32::MAX, |w| w.span.start);
        let urls: Vec<(String, Location)> = statement
            .texts()
            .filter(|(text, at)| at.span.start >= start && at.span.start < options && text.contains("://"))
            .map(|(text, at)| (text.to_owned(), at))
            .collect();
        if urls.is_empty() {
            // A changefeed without a sink goes to the client; one into a placeholder goes where a program says.
            let message = format!("where this `{}` goes is not told", shorten(&statement.words[0].text.to_ascii_uppercase()));
            self.copies.unfollowed(message, at, Touch::Endpoint(source));
        }
        for (url, at) in urls {
            self.send(source, &url, activity, at, 0);
        }
    }

    fn send(&mut self, source: usize, url: &str, activity: Activity, at: Location, depth: usize) {
        if let Some(name) = url.strip_prefix("external://") {
            let name = name.split(['/', '?']).next().unwrap_or("").to_ascii_lowercase();
            match self.connections.get(&name).cloned().filter(|_| depth < 4) {
                Some(url) => self.send(source, &url, activity, at, depth + 1),
                None => {
                    let message = format!("the external connection `{}` is not declared here", shorten(&name));
                    self.copies.unfollowed(message, at, Touch::Endpoint(source));
                }
            }
            return;
        }
        let option = |key: &str| {
            let query = url.split_once('?').map_or("", |(_, query)| query);
            query
                .split('&')
                .find_map(|p| p.split_once('=').filter(|(k, _)| k.eq_ignore_ascii_case(key)))
                .map(|(_, v)| v.to_owned())
        };
        let about = About {
            endpoint: option("AWS_ENDPOINT"),
            region: option("AWS_REGION").or_else(|| option("S3_REGION")).map(|r| (r, at)),
        };
        // `webhook-https://`, `confluent-cloud://`, `experimental-s3://`.
        let plain = url.strip_prefix("webhook-").or_else(|| url.strip_prefix("experimental-")).unwrap_or(url);
        if let Some(store) = self.copies.store(plain, &about, source, at, Touch::Endpoint(source)) {
            self.copies.route(source, store, activity, at, |_| {});
        }
    }

    /// What another cluster sends here.
    fn receives(&mut self, statement: &Statement<'_>) {
        let at = statement.at(0);
        let here = self.here(at);
        let Some((url, place)) = statement.texts().find(|(t, _)| t.contains("://")).map(|(t, p)| (t.to_owned(), p)) else {
            let message = "the cluster that this statement takes copies from is not told".to_owned();
            return self.copies.unfollowed(message, at, Touch::Endpoint(here));
        };
        for host in hosts_of(&url) {
            if let Some(far) = self.copies.server_at(&host, Some(26257), place, Touch::Endpoint(here)) {
                self.copies.way(far, here, Activity::Replicate, place);
            }
        }
    }
}

/// A route to a region, with what is kept there.
fn keeps(copies: &mut Copies<'_>, from: usize, to: usize, what: &str, first: bool, at: Location) {
    copies.route(from, to, Activity::Replicate, at, |route| {
        route.condition = Some(what.to_owned());
        route.role = if first { RouteRole::Primary } else { RouteRole::Weighted };
    });
}
