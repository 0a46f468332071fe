//! What goes wrong: an executor is killed, a scheduler is, labels differ, a disk is full, nobody is there.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::processes::{LONG, Process, TIMEOUT, ended, engine, executor, executor_command, run, scheduler, spawn};
use crate::rows::{embedded, gz, some_log, under};

fn client(folder: &Path, scheduler: &Process, out: &str) -> Command {
    let mut command = engine(folder, &["client", "*.gz", "--scheduler", &scheduler.address, "--out", out]);
    command.args(under());
    command
}

/// Enough that a run is long against a kill, in tasks enough for two.
fn many_logs(folder: &Path) {
    // Random bytes of a kind that does not pack away: a task is a file of a mebibyte and more.
    for i in 0..24 {
        std::fs::write(folder.join(format!("{i:02}.gz")), gz(some_log(i, 60_000).as_bytes())).unwrap();
    }
}

/// An executor that keeps what it hands on in a folder of that name.
fn executor_with(work_dir: &str, folder: &Path, scheduler: &Process) -> Process {
    let mut command = executor_command(folder, scheduler, &under());
    command.args(["--work-dir", work_dir]);
    Process::start(command)
}

/// Files below a folder.
fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|e| if e.path().is_dir() { files(&e.path()) } else { 1 }).sum()
}

/// Waits until an executor has handed some tallies on; a client first has one do nothing, which hands on two.
fn at_work(work_dir: &Path) {
    let began = Instant::now();
    while files(work_dir) < 4 {
        assert!(began.elapsed() < LONG, "the executor does nothing");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_killed_executor_changes_nothing_but_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    many_logs(folder);
    let wanted = embedded(folder, &["*.gz"]);
    let scheduler = scheduler(folder);
    let mut first = executor_with("first", folder, &scheduler);
    let _second = executor_with("second", folder, &scheduler);
    let undisturbed = run(client(folder, &scheduler, "undisturbed.json"));
    assert_eq!(undisturbed.code, 0, "{}", undisturbed.text);
    std::fs::remove_dir_all(folder.join("first")).unwrap();
    std::fs::create_dir(folder.join("first")).unwrap();

    let disturbed = spawn(client(folder, &scheduler, "disturbed.json"));
    at_work(&folder.join("first"));
    first.kill();
    let disturbed = ended(disturbed, LONG);
    assert_eq!(disturbed.code, 0, "{}", disturbed.text);
    for out in ["undisturbed.json", "disturbed.json"] {
        assert!(std::fs::read_to_string(folder.join(out)).unwrap() == wanted, "{out}");
    }
    // The survivor does alone what both did, and perhaps all of it again.
    let most = undisturbed.took + TIMEOUT + undisturbed.took * 3 + Duration::from_secs(20);
    assert!(disturbed.took < most, "{:?} where {:?} was undisturbed", disturbed.took, undisturbed.took);
}

#[test]
fn a_killed_scheduler_is_an_error_and_no_silence() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    many_logs(folder);
    let mut scheduler = scheduler(folder);
    let _executor = executor_with("work", folder, &scheduler);
    let asked = spawn(client(folder, &scheduler, "out.json"));
    at_work(&folder.join("work"));
    scheduler.kill();
    let ended = ended(asked, LONG);
    assert!(ended.code == 2 && ended.text.starts_with("error: "), "{}", ended.text);
    assert!(!folder.join("out.json").exists());
}

#[test]
fn no_executor_left_is_an_error_and_no_silence() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    many_logs(folder);
    let scheduler = scheduler(folder);
    let mut only = executor_with("work", folder, &scheduler);
    let asked = spawn(client(folder, &scheduler, "out.json"));
    at_work(&folder.join("work"));
    only.kill();
    let ended = ended(asked, LONG);
    assert!(ended.code == 2 && ended.text.contains("all executors were lost"), "{}", ended.text);
    assert!(!folder.join("out.json").exists());
}

#[test]
fn other_labels_are_refused_by_their_hash() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("a.gz"), gz(some_log(1, 100).as_bytes())).unwrap();
    let wanted: serde_json::Value = serde_json::from_str(&embedded(folder, &["a.gz"])).unwrap();
    let ours = &wanted["labels"].as_str().unwrap()[..16];
    let database = crate::rows::root().join("../data/geo/dbip-country-lite.mmdb").to_str().unwrap().to_owned();
    let by_name = format!("`{database}` is missing here and ");
    let cases: [(Vec<String>, &str, &str); 2] = [
        (
            vec!["--as-of".into(), "2026-11-22".into()],
            "error: the same databases, but other labels: ",
            "the same project (--declared)",
        ),
        ([&under()[..], &["--geoip".into(), database]].concat(), "error: other databases, so other labels (", &by_name),
    ];
    for (under_there, message, named) in cases {
        let scheduler = scheduler(folder);
        let _executor = executor(folder, &scheduler, &under_there);
        for query in [&["a.gz", "--out", "out.json"][..], &["--sql", "select country('8.8.8.8')"]] {
            let mut command = engine(folder, &[&["client", "--scheduler", &scheduler.address], query].concat());
            command.args(under());
            let ended = run(command);
            assert_eq!(ended.code, 2, "{}", ended.text);
            assert!(ended.text.starts_with(message), "{}", ended.text);
            assert!(ended.text.contains(&format!("{ours} where the query was made, ")), "{}", ended.text);
            assert!(ended.text.contains("\n  help: give every executor the same "), "{}", ended.text);
            assert!(ended.text.contains(named), "{}", ended.text);
            assert!(!folder.join("out.json").exists());
        }
    }
}

/// An executor reads the project again when it is asked for labels that it does not have.
#[test]
fn a_project_may_change_while_executors_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("a.gz"), gz(some_log(1, 100).as_bytes())).unwrap();
    let project = folder.join("project");
    std::fs::create_dir(&project).unwrap();
    let inventory = |address: &str| format!("[[endpoint]]\nid = \"db\"\nroles = [\"store\"]\naddresses = [\"{address}\"]\n");
    std::fs::write(project.join("inventory.toml"), inventory("10.86.4.11")).unwrap();
    let under: Vec<String> = ["--declared", "project", "--as-of", "2026-11-22"].map(str::to_owned).to_vec();
    let scheduler = scheduler(folder);
    let _executor = executor(folder, &scheduler, &under);
    let mut labels = Vec::new();
    for address in ["10.86.4.11", "10.87.4.11"] {
        std::fs::write(project.join("inventory.toml"), inventory(address)).unwrap();
        let mut command = engine(folder, &["client", "a.gz", "--scheduler", &scheduler.address, "--out", "out.json"]);
        command.args(&under);
        let ended = run(command);
        assert_eq!(ended.code, 0, "{}", ended.text);
        let part: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(folder.join("out.json")).unwrap()).unwrap();
        labels.push(part["labels"].clone());
    }
    assert_ne!(labels[0], labels[1]);
}

#[test]
fn nobody_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("a.gz"), gz(some_log(1, 100).as_bytes())).unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let ended = run(engine(folder, &["client", "a.gz", "--out", "o.json", "--scheduler", &free]));
    let message = format!("error: no scheduler answers at {free}\n  help: start one with `onshore-engine scheduler`");
    assert!(ended.code == 2 && ended.text.starts_with(&message), "{}", ended.text);
    let scheduler = scheduler(folder);
    let ended = run(engine(folder, &["client", "a.gz", "--out", "o.json", "--scheduler", &scheduler.address, "--wait", "2"]));
    let message =
        format!("error: no executor took work of the scheduler at {} within 2 s\n  help: start one", scheduler.address);
    assert!(ended.code == 2 && ended.text.starts_with(&message), "{}", ended.text);
    let message = "error: --heartbeat 60 is not below --executor-timeout 10: executors that live would count as lost\n  help: ";
    for role in ["scheduler", "executor"] {
        let mut command = engine(folder, &[role, "--heartbeat", "60", "--executor-timeout", "10"]);
        if role == "executor" {
            command.args(under());
        }
        let ended = run(command);
        assert!(ended.code == 2 && ended.text.starts_with(message), "{role}: {}", ended.text);
    }
    // A port that somebody has.
    let (_, port) = scheduler.address.rsplit_once(':').unwrap();
    let mut command = engine(folder, &["executor", "--port", port, "--scheduler", &scheduler.address]);
    command.args(under());
    for (who, command) in [("executor", command), ("scheduler", engine(folder, &["scheduler", "--port", port]))] {
        let ended = run(command);
        let message = format!("error: the {who} cannot listen at {}: Address already in use", scheduler.address);
        assert!(ended.code == 2 && ended.text.starts_with(&message) && ended.text.contains("\n  help: "), "{}", ended.text);
    }
}

#[test]
fn a_full_disk_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("a.gz"), gz(some_log(1, 20_000).as_bytes())).unwrap();
    if Path::new("/dev/full").exists() {
        let ended = run(engine(folder, &["local", "a.gz", "--out", "/dev/full"]));
        assert!(
            ended.code == 2 && ended.text.starts_with("error: `/dev/full` cannot be written: No space left"),
            "{}",
            ended.text
        );
    }
    // Before hours of counting, not after.
    let ended = run(engine(folder, &["local", "nothing.gz", "--out", "nowhere/out.json"]));
    let message = format!(
        "error: `{}` cannot be written: No such file or directory (os error 2)\n  help: name",
        folder.join("nowhere/out.json").display()
    );
    assert!(ended.code == 2 && ended.text.starts_with(&message), "{}", ended.text);
    // A disk of a few pages of its own, which goes with the process.
    let scheduler = scheduler(folder);
    std::fs::create_dir(folder.join("small")).unwrap();
    let inner = executor_command(folder, &scheduler, &under());
    let mut command = Command::new("unshare");
    command.current_dir(folder).args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    command.arg("mount -t tmpfs -o size=16k small small && exec \"$@\"").arg("sh").arg(inner.get_program());
    command.args(inner.get_args()).args(["--work-dir", "small"]);
    let mount = ["--user", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs -o size=16k small small"];
    let possible = Command::new("unshare").current_dir(folder).args(mount).status().is_ok_and(|s| s.success());
    if !possible {
        println!("skipped: no disk of one's own may be mounted here");
        return;
    }
    let _executor = Process::start(command);
    let ended = run(client(folder, &scheduler, "out.json"));
    assert!(ended.code == 2 && ended.text.starts_with("error: "), "{}", ended.text);
    assert!(ended.text.contains("No space left"), "{}", ended.text);
}

/// Whoever gives up calls the job off: of many tasks, executors begin no more than the one that they are at.
#[cfg(unix)]
#[test]
fn a_client_that_gives_up_leaves_no_work_behind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    many_logs(folder);
    let scheduler = scheduler(folder);
    let _executor = executor_with("work", folder, &scheduler);
    let called_off = "; executors end what they are at and begin nothing more of it\n  help: ";
    let still = |name: &str| {
        // What it was at when it was told.
        std::thread::sleep(Duration::from_secs(8));
        let before = files(&folder.join("work"));
        std::thread::sleep(Duration::from_secs(4));
        assert!(files(&folder.join("work")) <= before, "{name}: the executor goes on");
        assert!(!folder.join("out.json").exists());
    };
    let mut command = client(folder, &scheduler, "out.json");
    command.args(["--deadline", "2"]);
    let late = run(command);
    assert!(late.code == 2 && late.text.starts_with(&format!("error: no answer within 2 s{called_off}")), "{}", late.text);
    still("the deadline");

    let began = files(&folder.join("work"));
    let asked = spawn(client(folder, &scheduler, "out.json"));
    while files(&folder.join("work")) < began + 4 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let sent = Command::new("kill").args(["-INT", &asked.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let told = ended(asked, LONG);
    assert!(told.code == 2 && told.text.starts_with(&format!("error: a signal came to end this{called_off}")), "{}", told.text);
    still("the signal");

    // The executor has nothing to do and does what comes next.
    std::fs::write(folder.join("one.log"), some_log(1, 100)).unwrap();
    let mut command = engine(folder, &["client", "one.log", "--scheduler", &scheduler.address, "--out", "out.json"]);
    command.args(under());
    let next = run(command);
    assert_eq!(next.code, 0, "{}", next.text);
    assert!(next.took < Duration::from_secs(30), "{:?}", next.took);
}
