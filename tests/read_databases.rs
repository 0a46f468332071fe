//! The readers of databases and message logs against folders of input and expected facts, against real files, and against damaged
//! text.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files, may panic and says what it skips

mod facts;

use facts::{Show, corpus, readings, seeds, sound};
use onshore::model::{GapScope, RouteRole, Spill};
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
    (&Cassandra, "tests/read/cassandra", 2),
    (&Cockroach, "tests/read/cockroachdb", 5),
    (&Elastic, "tests/read/elasticsearch", 2),
    (&Kafka, "tests/read/kafka", 6),
    (&MongoDb, "tests/read/mongodb", 3),
    (&MySql, "tests/read/mysql", 4),
    (&Postgres, "tests/read/postgresql", 7),
    (&Redis, "tests/read/redis", 5),
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
    fn damaged_text_is_read_to_its_end(which in 0_usize..8, pick in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>()) {
        let (reader, folder, _) = ALL[which];
        let all = seeds(folder);
        let text = &all[pick.index(all.len())];
        let at = text.floor_char_boundary(cut.index(text.len() + 1));
        for path in ["x.sql", "x.conf", "x.properties", "x.json", "x.yaml", "my.cnf"] {
            sound(reader, path, &text[..at]);
            sound(reader, path, &text[at..]);
        }
    }
}
