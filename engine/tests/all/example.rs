//! The example of the README, with this machine in the place of two.

use std::net::TcpListener;

use crate::processes::{Process, TIMES, engine, run};
use crate::rows::{onshore, project, root, some_log};

/// The commands of the README's first console block.
fn commands() -> Vec<String> {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) = readme.split_once("```console\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let lines = block.replace("\\\n", "");
    lines.lines().filter_map(|line| line.split_once("$ ").map(|(_, command)| command.to_owned())).collect()
}

#[test]
fn the_two_machines_of_the_readme_count_what_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("logs")).unwrap();
    for i in 0..6 {
        std::fs::write(folder.join(format!("logs/{i}.log")), some_log(i, 500)).unwrap();
    }
    std::os::unix::fs::symlink(project(), folder.join("project")).unwrap();
    // Ports that are free here, in the place of the usual ones: two neighbours for each executor.
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let pair = || loop {
        let port = free();
        if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
            break port.to_string();
        }
    };
    let (scheduler, first, second) = (free().to_string(), pair(), pair());
    let here = |word: &str, second_machine: bool| {
        let port = if second_machine { &second } else { &first };
        word.replace("10.0.0.5", "127.0.0.1")
            .replace("10.0.0.6", "127.0.0.1")
            .replace("50050", &scheduler)
            .replace("50051", port)
    };
    let mut serving = Vec::new();
    let mut judged = None;
    for command in commands() {
        let second_machine = command.contains("10.0.0.6");
        let words: Vec<String> = command.split_whitespace().map(|word| here(word, second_machine)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["onshore-engine", "scheduler", ..] => {
                serving.push(Process::start(engine(folder, &[&words[1..], &TIMES].concat())))
            }
            ["onshore-engine", "executor", ..] => serving.push(Process::start(engine(folder, &words[1..]))),
            ["onshore-engine", "client", ..] => {
                let ended = run(engine(folder, &words[1..]));
                assert_eq!(ended.code, 0, "{command}: {}", ended.text);
            }
            ["onshore", ..] => judged = Some(onshore(folder, &words[1..])),
            _ => panic!("what is {command}?"),
        }
    }
    assert_eq!(serving.len(), 3, "a scheduler and two executors");
    let judged = judged.expect("the example ends with a judgement");
    assert_eq!(judged, onshore(folder, &["traffic", "logs/", "--declared", "project"]));
}
