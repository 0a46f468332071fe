//! Everywhere the same answer.

use crate::processes::{Process, engine, executor, run, scheduler};
use crate::rows::{MIXED, embedded, mixed_logs, onshore, under};

#[test]
fn a_cluster_and_one_machine_count_what_onshore_counts() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    mixed_logs(folder, 2_000);
    let wanted = embedded(folder, &MIXED);
    assert!(wanted.contains("\"broken\":\"it breaks off\""), "one log breaks off");
    assert!(wanted.contains("\"name\":\"cut.parquet\""), "and another");
    let count = |role: &[&str], out: &str| {
        let mut command = engine(folder, &[role, &MIXED, &["--out", out]].concat());
        command.args(under());
        let ended = run(command);
        assert_eq!(ended.code, 0, "{}", ended.text);
        assert!(
            ended
                .text
                .contains("rows of 11 logs counted, 2 of them not to the end\n  cut.log.gz: it breaks off\n  cut.parquet: "),
            "{}",
            ended.text
        );
        assert!(std::fs::read_to_string(folder.join(out)).unwrap() == wanted, "{role:?}");
    };
    count(&["local"], "local.json");
    count(&["local", "--threads", "1"], "one.json");
    let scheduler = scheduler(folder);
    let _executors: Vec<Process> = (0..2).map(|_| executor(folder, &scheduler, &under())).collect();
    count(&["client", "--scheduler", &scheduler.address], "cluster.json");
    // What is judged is what `onshore` alone judges.
    let under = under();
    let under: Vec<&str> = under.iter().map(String::as_str).collect();
    let merged = onshore(folder, &[&["traffic", "merge", "cluster.json", "--format", "json"], &under[..]].concat());
    let whole = onshore(folder, &[&["traffic"], &MIXED[..], &["--format", "json"], &under].concat());
    assert_eq!(merged, whole);

    // The same labels in SQL, on one machine and on many.
    let sql = "select country(to_v4) as country, party(from_v4, from_port) as party, count(*) as flows, sum(bytes) as bytes from flows \
               where from_v4 is not null group by 1, 2 order by 3 desc, 1 limit 12";
    let ask = |role: &[&str], sql: &str| {
        let mut command =
            engine(folder, &[role, &["--sql", sql, "--table", "flows=source.txt.parquet", "--format", "csv"]].concat());
        command.args(&under);
        let ended = run(command);
        assert_eq!(ended.code, 0, "{}", ended.text);
        ended.text
    };
    let here = ask(&["local"], sql);
    assert!(here.starts_with("country,party,flows,bytes\n") && here.lines().count() == 13, "{here}");
    assert_eq!(ask(&["client", "--scheduler", &scheduler.address], sql), here);
    let columns = "select country('8.8.8.8'), country(to_v4) from flows where country(to_v4) = 'FR' limit 1";
    assert_eq!(ask(&["client", "--scheduler", &scheduler.address], columns), ask(&["local"], columns));
}

#[test]
fn addresses_in_every_form_have_one_country() {
    let folder = tempfile::tempdir().unwrap();
    let sql = "select country('193.99.144.80') a, country(3244527696) b, country(arrow_cast(3244527696, 'UInt32')) c, \
               country(arrow_cast('2620:149:af0::10', 'LargeUtf8')) d, \
               country(arrow_cast(x'262001490af000000000000000000010', 'FixedSizeBinary(16)')) e, \
               country('-') is null f, country(null) is null g, country('10.0.0.1') is null h";
    let ended = run(engine(folder.path(), &["local", "--sql", sql, "--format", "csv"]));
    assert_eq!((ended.code, ended.text.as_str()), (0, "a,b,c,d,e,f,g,h\nDE,DE,DE,US,US,true,true,true\n"));
    let ended = run(engine(folder.path(), &["local", "--sql", "select country(true)"]));
    assert!(
        ended.code == 2 && ended.text.contains("error: country() takes an address, not Boolean\n  help: an address is"),
        "{}",
        ended.text
    );
}
