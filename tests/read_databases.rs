//! The readers of databases, message logs and backup programs against folders of input and expected facts, against real files, and
//! against damaged text.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files, may panic and says what it skips

mod facts;

use facts::{Show, corpus, readings, seeds, sound};
use onshore::model::{GapScope, RouteRole, Spill};
use onshore::read::backup::Backup;
use onshore::read::cassandra::Cassandra;
use onshore::read::cockroach::Cockroach;
use onshore::read::elastic::Elastic;
use onshore::read::kafka::Kafka;
use onshore::read::kubernetes::Kubernetes;
use onshore::read::mongodb::MongoDb;
use onshore::read::mysql::MySql;
use onshore::read::postgres::Postgres;
use onshore::read::redis::Redis;
use onshore::read::{READERS, Reader, Recognized};
use proptest::prelude::*;

/// Each reader, the folder of its cases, how many there are at least.
const ALL: &[(&dyn Reader, &str, usize)] = &[
    (&Backup, "tests/read/backup", 7),
    (&Cassandra, "tests/read/cassandra", 3),
    (&Cockroach, "tests/read/cockroachdb", 6),
    (&Elastic, "tests/read/elasticsearch", 2),
    (&Kafka, "tests/read/kafka", 6),
    (&MongoDb, "tests/read/mongodb", 4),
    (&MySql, "tests/read/mysql", 5),
    (&Postgres, "tests/read/postgresql", 8),
    (&Redis, "tests/read/redis", 6),
];

#[test]
fn cases() {
    for (reader, folder, least) in ALL {
        facts::golden(*reader, folder, *least);
    }
}

/// No file of a case is taken by another reader, and every one that is meant for the reader is.
#[test]
fn nobody_else_takes_them() {
    for (reader, folder, _) in ALL {
        let sources = facts::sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        for (_, source) in sources.iter().filter(|(_, s)| !s.path.ends_with("expected.txt")) {
            let takers: Vec<&str> = READERS
                .iter()
                .filter(|r| r.recognize(&source.path, &source.text) != Recognized::No)
                .map(|r| r.format())
                .collect();
            assert_eq!(takers, [reader.format()], "{folder}/{}", source.path);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Cut off and spliced anywhere, the cases still read to an end.
    #[test]
    fn damaged_text_is_read_to_its_end(which in 0..ALL.len(), pick in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>()) {
        let (reader, folder, _) = ALL[which];
        let all = seeds(folder);
        let text = &all[pick.index(all.len())];
        let at = text.floor_char_boundary(cut.index(text.len() + 1));
        for path in ["x.sql", "x.conf", "x.properties", "x.json", "x.yaml", "my.cnf", "rclone.conf", "profiles.toml", "cron.d/x", "rsyncd.conf", "lsyncd.conf.lua", "x.service"] {
            sound(reader, path, &text[..at]);
            sound(reader, path, &text[at..]);
        }
    }
}

/// Commands that start commands, and words that grow: read to their end in time, with a gap.
#[test]
fn commands_made_to_explode_stay_small() {
    let begun = std::time::Instant::now();
    for body in [
        "find -exec ".repeat(5_000),
        "sudo ".repeat(10_000) + "rsync -a /srv far.example:/srv",
        "flock x ".repeat(5_000),
        "X=$X$X ".repeat(7_000) + "rsync -a /srv $X:/srv",
        "(".repeat(50_000) + "rsync -a /srv far.example:/srv",
        "sh -c 'sh -c \"sh -c ".repeat(2_500),
        "true | ".repeat(7_000) + "ssh far.example cat",
    ] {
        let mut sources = onshore::source::Sources::default();
        let file = sources.add("cron.d/x", format!("X=far\n0 1 * * * root {body}\n"));
        let reading = Backup.read(&onshore::read::Input::new(&sources, file));
        let facts = &reading.facts;
        assert!(
            !facts.gaps.is_empty() || facts.routes.iter().any(|r| r.activity == onshore::model::Activity::Backup),
            "{}",
            &body[..20]
        );
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
}

/// Every route of a case, as text, with its line.
fn routes(reader: &dyn Reader, case: &str) -> Option<Vec<String>> {
    let sources = corpus(case)?;
    let mut all = Vec::new();
    for (_, reading) in readings(reader, &sources) {
        let show = Show { sources: &sources, facts: &reading.facts };
        all.extend(reading.facts.routes.iter().map(|r| show.route(r)));
    }
    Some(all)
}

fn has(all: &[String], line: &str) {
    assert!(all.iter().any(|r| r.starts_with(line)), "{line} is not in\n{}", all.join("\n"));
}

#[test]
fn corpus_mm2_properties() {
    let Some(all) = routes(&Kafka, "kafka/mm2-properties") else { return };
    // Fact 1: two clusters of three brokers each.
    for cluster in ["A", "B"] {
        let brokers: Vec<String> = (1..4).map(|n| format!("[{}_host{n}]", cluster.to_lowercase())).collect();
        for broker in brokers {
            has(&all, &format!("{broker} -> [{cluster}] replicate"));
            has(&all, &format!("[{cluster}] -> {broker} replicate"));
        }
    }
    // Fact 2: everything goes both ways.
    for (from, to) in [("A", "B"), ("B", "A")] {
        has(&all, &format!("[{from}] -> [{from}->{to}] forward primary \"topics that match `.*`\""));
        has(&all, &format!("[{from}->{to}] -> [{to}] replicate primary \"topics that match `.*`\""));
    }
    // Fact 3 (replication factors) copies within a cluster only. Trap 1: keys with `->` are read, comments are not.
    assert_eq!(all.len(), 16, "{}", all.join("\n"));
    let sources = corpus("kafka/mm2-properties").unwrap();
    assert!(readings(&Kafka, &sources).iter().all(|(_, r)| r.facts.gaps.is_empty()));
}

#[test]
fn corpus_psmdb_external_nodes() {
    let Some(sources) = corpus("mongodb/psmdb-external-nodes") else { return };
    let all = routes(&Kubernetes, "mongodb/psmdb-external-nodes").unwrap();
    // Fact 1: one local member and two external ones, each with a copy, each a possible primary.
    let set = "[perconaservermongodb/mydb/rs0]";
    has(&all, &format!("{set} -> [perconaservermongodb/mydb/rs0/pods] forward primary"));
    for node in ["mydb-rs0-0", "mydb-rs0-1"] {
        let node = format!("[{node}.mydb-rs0.external.svc.cluster.local]");
        has(&all, &format!("{set} -> {node} replicate"));
        has(&all, &format!("{set} -> {node} forward failover pool=\"primary\" priority=1 spill=Failure"));
    }
    // Trap 1: the node without a priority is of the config servers, which are switched off; see also databases-others.
    assert!(!all.iter().any(|r| r.contains("mydb-cfg-0")));
    // Fact 2: the unmanaged site holds the same sets.
    for set in ["rs0", "rs1"] {
        let (main, far) = ("perconaservermongodb/cross-site-sharded-main", "perconaservermongodb/cross-site-sharded-replica");
        has(&all, &format!("[{main}/{set}] -> [{far}/{set}] replicate"));
        has(&all, &format!("[{far}/{set}] -> [{main}/{set}] replicate"));
    }
    // Fact 3: nothing says where the external nodes stand.
    for (_, reading) in readings(&Kubernetes, &sources) {
        let external = reading.facts.endpoints.iter().filter(|e| e.label.contains(".external."));
        assert!(external.into_iter().all(|e| e.region.is_none() && e.place.is_none() && e.site.is_none()));
    }
}

#[test]
fn corpus_k8ssandra_multi_dc() {
    let Some(sources) = corpus("redis-cassandra/k8ssandra-multi-dc") else { return };
    let (_, reading) = readings(&Kubernetes, &sources).remove(0);
    let facts = &reading.facts;
    let show = Show { sources: &sources, facts };
    for (file, whole) in [("multi-dc.yaml", "test"), ("multi-dc-mixed/k8ssandra.yaml", "E2E Test Cluster")] {
        let of = |at: onshore::source::Location| sources.get(at.source).path == file;
        let all: Vec<String> = facts.routes.iter().filter(|r| of(r.location)).map(|r| show.route(r)).collect();
        // Fact 1 and trap 1: two data centres, the second one called real-dc2, each in its own Kubernetes cluster.
        let here = || facts.endpoints.iter().filter(|e| of(e.location));
        let centres: Vec<(&str, &str)> = here()
            .filter(|e| e.kind == "cassandra-datacenter")
            .map(|e| (e.label.as_str(), e.tags["k8s-context"].as_str()))
            .collect();
        assert_eq!(centres, [("dc1", "kind-k8ssandra-0"), ("real-dc2", "kind-k8ssandra-1")]);
        // Fact 2: what gets to one gets to the other.
        for centre in ["dc1", "real-dc2"] {
            has(&all, &format!("[{centre}] -> [{whole}] replicate"));
            has(&all, &format!("[{whole}] -> [{centre}] replicate"));
        }
        let zones: Vec<&str> = here().filter_map(|e| e.zone.as_ref()).map(|z| z.value.as_str()).collect();
        let told = ["region1-zone1", "region1-zone2", "region2-zone1", "region2-zone2"];
        assert_eq!(zones, if whole == "test" { &told[..] } else { &[] });
    }
    assert!(facts.gaps.iter().all(|g| matches!(g.scope, GapScope::Nothing)), "{:?}", facts.gaps);
}

#[test]
fn corpus_roach_bank_multiregion() {
    let Some(sources) = corpus("sql-multiregion/roach-bank-multiregion") else { return };
    let all = routes(&Cockroach, "sql-multiregion/roach-bank-multiregion").unwrap();
    // Fact 1: the primary region and five more.
    has(&all, "[roach_bank] -> [eu-central-1] replicate primary");
    let more = ["us-west-1", "eu-west-2", "eu-west-1", "us-east-1", "us-east-2"];
    // Fact 4: placement is not restricted, so that each of them gets copies, of regional rows too.
    for region in more {
        has(&all, &format!("[roach_bank] -> [{region}] replicate weighted \"copies in every region"));
        has(&all, &format!("[account] -> [{region}] replicate weighted \"copies without votes"));
        // Fact 2: the global table is everywhere.
        has(&all, &format!("[region] -> [{region}] replicate primary \"a global table"));
    }
    for table in ["account", "transaction", "transaction_item"] {
        for region in ["eu-north-1", "eu-west-3", "eu-central-1"] {
            has(&all, &format!("[{table}] -> [{region}] replicate primary \"rows whose region is {region}\""));
        }
    }
    // Fact 3: two of those are no regions of the database. Trap 1: nothing comes of the diagnostics at the end.
    let reading = readings(&Cockroach, &sources).remove(0).1;
    let wrong: Vec<&str> =
        reading.facts.gaps.iter().filter(|g| g.code == "undefined-name").map(|g| g.message.as_str()).collect();
    assert_eq!(wrong.iter().filter(|m| m.contains("`eu-west-3`, which is no region")).count(), 3, "{wrong:?}");
    assert_eq!(wrong.iter().filter(|m| m.contains("`eu-north-1`, which is no region")).count(), 6, "{wrong:?}");
    let lines: Vec<u32> = reading.facts.routes.iter().map(|r| sources.position(r.location).line).collect();
    assert!(lines.iter().all(|l| *l < 56), "{lines:?}");
}

#[test]
fn corpus_cnpg_distributed() {
    let Some(sources) = corpus("sql-replication/cnpg-distributed") else { return };
    let all = routes(&Kubernetes, "sql-replication/cnpg-distributed").unwrap();
    // Facts 1 and 3, trap 1: dc-a is the primary, dc-b takes what lies in the archive; the other way only by hand.
    has(&all, "[cluster/cluster-dc-a] -> [minio:9000/backups] backup primary @ dc/cluster-dc-a.yaml:15");
    has(&all, "[minio:9000/backups] -> [cluster/cluster-dc-b] replicate primary @ dc/cluster-dc-b.yaml");
    has(&all, "[minio:9000/backups] -> [cluster/cluster-dc-a] replicate manual spill=Manual");
    // Fact 2: one store for all of them.
    has(&all, "[cluster/cluster-dc-b] -> [minio:9000/backups] backup primary");
    has(&all, "[cluster/cluster-test] -> [minio:9000/backups] backup primary");
    has(&all, "[cluster-example-rw.default.svc.cluster.local] -> [cluster/cluster-replica-example] replicate primary");
    for (_, reading) in readings(&Kubernetes, &sources) {
        assert_eq!(reading.facts.endpoints.iter().filter(|e| e.kind == "bucket").count(), 1);
        // Fact 4: each is backed up daily.
        for name in ["cluster/cluster-dc-a", "cluster/cluster-dc-b"] {
            let cluster = reading.facts.endpoints.iter().find(|e| e.label == name).unwrap();
            assert_eq!(cluster.tags["backup-schedule"], "0 0 0 * * *");
        }
    }
}

#[test]
fn corpus_orchestrator_region_guard() {
    let Some(sources) = corpus("sql-replication/orchestrator-region-guard") else { return };
    let (_, reading) = readings(&MySql, &sources).remove(0);
    let told = |path: &str| &reading.facts.endpoints.iter().find(|e| e.label == path).unwrap().attributes.other;
    let ci = told("orchestrator-ci-env.conf.json");
    // Fact 1.
    assert_eq!(ci["data-centers"], "10111 dc-east-1, 10112 dc-east-1, 10113 dc-east-2, 10114 dc-west");
    // Fact 2.
    assert_eq!(
        (ci["prevent-cross-region-failover"].as_str(), ci["prevent-cross-data-center-failover"].as_str()),
        ("true", "false")
    );
    // Fact 3.
    let sample = told("orchestrator-sample.conf.json");
    assert_eq!(sample["data-center-pattern"], "[.]([^.]+)[.][^.]+[.]mydomain[.]com");
    assert_eq!(
        (sample["prevent-cross-region-failover"].as_str(), sample["prevent-cross-data-center-failover"].as_str()),
        ("false", "false")
    );
    // Trap 1: replicas that the guard keeps from being promoted are still a gap about the server they copy.
    let gaps: Vec<&str> = reading.facts.gaps.iter().map(|g| g.code).collect();
    assert_eq!(gaps, ["members-not-read"], "{:?}", reading.facts.gaps);
}

/// A standby takes over by itself only where something makes it do so.
#[test]
fn who_may_become_the_primary() {
    let sources = facts::sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read/mongodb/set"));
    let reading = readings(&MongoDb, &sources).remove(0).1;
    let show = Show { sources: &sources, facts: &reading.facts };
    let role = |name: &str| {
        let to = |r: &&onshore::model::RouteFact| r.pool.is_some() && show.reference(&r.to) == format!("[{name}]");
        reading.facts.routes.iter().find(to).map(|r| (r.role, matches!(r.spill, Spill::Failure(_))))
    };
    assert_eq!(role("mongo1.example"), Some((RouteRole::Primary, false)));
    assert_eq!(role("mongo2.example"), Some((RouteRole::Failover, true)));
    assert_eq!(role("10.3.0.1"), None, "hidden, delayed and without priority");
    let delayed = reading.facts.endpoints.iter().find(|e| e.label == "10.3.0.1").unwrap();
    assert_eq!(delayed.attributes.max_age_hours, Some(2), "3601 seconds are not one hour");
}

/// S3 is spoken by several providers, and some of their regions are called alike: the endpoint says whose they are.
#[test]
fn a_region_is_that_of_the_endpoints_provider() {
    let placed = |folder: &str, label: &str| {
        let sources = facts::sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        let reading = readings(&Backup, &sources).remove(0).1;
        let fact = reading.facts.endpoints.iter().find(|e| e.label == label).unwrap();
        format!("{:?} {:?}", fact.provider, fact.region.as_ref().map(|r| r.value.as_str()))
    };
    let bucket = "arn:aws:s3:::shop-backups";
    assert_eq!(placed("tests/read/backup/provider", bucket), "Some(\"alibaba\") Some(\"ap-southeast-3\")");
    assert_eq!(placed("tests/read/backup/restic", bucket), "Some(\"aws\") Some(\"eu-west-1\")");
    assert_eq!(placed("tests/read/backup/rclone", "rclone remote frankfurt"), "Some(\"aws\") Some(\"eu-central-1\")");
    assert_eq!(placed("tests/read/backup/rclone", "rclone remote minio"), "None None", "MinIO's us-east-1 is no place");
}
