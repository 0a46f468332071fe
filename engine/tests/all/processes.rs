//! The engine's processes, ended when a test is.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// One that serves.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Process {
    /// Starts it, and waits until it says where it is.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(line) = lines.next() else {
            let code = child.wait().unwrap();
            panic!("{command:?} ended with {code}");
        };
        let line = line.unwrap();
        // What it says later must not block it.
        std::thread::spawn(move || lines.count());
        let address = line.split(' ').nth(2).unwrap().trim_end_matches(',').to_owned();
        Self { child, address }
    }

    /// As the system does it when memory is short.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn engine(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onshore-engine"));
    command.current_dir(folder).args(words);
    command
}

/// Signs of life for tests: a loss is noticed after six seconds.
pub const TIMES: [&str; 4] = ["--heartbeat", "1", "--executor-timeout", "6"];
pub const TIMEOUT: Duration = Duration::from_secs(6);

pub fn scheduler_command(folder: &Path) -> Command {
    engine(folder, &[&["scheduler", "--port", "0"][..], &TIMES].concat())
}

pub fn scheduler(folder: &Path) -> Process {
    Process::start(scheduler_command(folder))
}

pub fn executor_command(folder: &Path, scheduler: &Process, under: &[String]) -> Command {
    let mut command =
        engine(folder, &[&["executor", "--port", "0", "--cores", "1", "--scheduler", &scheduler.address][..], &TIMES].concat());
    command.args(under);
    command
}

pub fn executor(folder: &Path, scheduler: &Process, under: &[String]) -> Process {
    Process::start(executor_command(folder, scheduler, under))
}

/// What one that ends said and ended with; it must end.
pub struct Ended {
    pub code: i32,
    pub text: String,
    pub took: Duration,
}

/// A process that is to end by itself within so long.
pub fn ended(mut child: Child, most: Duration) -> Ended {
    let began = Instant::now();
    let mut out = child.stdout.take().unwrap();
    let mut err = child.stderr.take().unwrap();
    let out = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = out.read_to_string(&mut text);
        text
    });
    let err = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = err.read_to_string(&mut text);
        text
    });
    let code = loop {
        if let Some(code) = child.try_wait().unwrap() {
            break code;
        }
        if began.elapsed() > most {
            let _ = child.kill();
            panic!("no end after {most:?}: {}{}", out.join().unwrap(), err.join().unwrap());
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let text = out.join().unwrap() + &err.join().unwrap();
    Ended { code: code.code().unwrap_or(-1), text, took: began.elapsed() }
}

pub fn spawn(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Long enough for a loaded machine; whatever takes longer hangs.
pub const LONG: Duration = Duration::from_secs(240);

pub fn run(command: Command) -> Ended {
    ended(spawn(command), LONG)
}
