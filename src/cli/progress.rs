//! What is being done, on one line of the terminal, while it takes long. It goes to stderr, at a terminal only, and it is gone before
//! anything else is written. Nothing depends on it, and nothing of it is in any report.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::Screen;
use crate::lang::{Lang, Message, tell};

/// What is done sooner needs no word.
const LONG: Duration = Duration::from_millis(700);
const EVERY: Duration = Duration::from_millis(200);

/// Erases the line, and goes to its start.
const ERASE: &str = "\r\u{1b}[2K";

/// Shared with the thread that shows it; it ends when this goes.
#[derive(Default)]
pub struct Progress(Option<Arc<Mutex<State>>>);

/// What is done, and how far it is after so much time.
type Doing = Box<dyn Fn(Duration) -> String + Send>;

struct State {
    doing: Option<Doing>,
    since: Instant,
    shown: bool,
    columns: usize,
    lang: Lang,
}

impl Progress {
    /// Shows nothing unless `screen` is a terminal that takes escape sequences.
    pub fn new(screen: Screen, lang: Lang) -> Self {
        let Some(columns) = screen.terminal.filter(|_| screen.may_color) else { return Self(None) };
        let state = Arc::new(Mutex::new(State { doing: None, since: Instant::now(), shown: false, columns, lang }));
        let seen = Arc::downgrade(&state);
        // Without a thread there is no progress to see; the work goes on.
        let started = thread::Builder::new().name("progress".to_owned()).spawn(move || show(&seen)).is_ok();
        Self(started.then_some(state))
    }

    /// What is being done from now on.
    pub fn doing(&self, what: impl FnOnce() -> Message) {
        self.watch(|lang| {
            let what = what();
            Box::new(move |passed| tell!(lang, "{what}, {seconds} s", what, seconds = passed.as_secs()))
        });
    }

    /// The same of what tells how far it is, which begins now.
    pub fn watching(&self, line: impl Fn(Duration) -> String + Send + 'static) {
        self.clear();
        self.watch(|_| Box::new(line));
    }

    fn watch(&self, what: impl FnOnce(Lang) -> Doing) {
        let Some(Ok(mut state)) = self.0.as_ref().map(|state| state.lock()) else { return };
        if state.doing.is_none() {
            state.since = Instant::now();
        }
        state.doing = Some(what(state.lang));
    }

    /// Something else is going to be written.
    pub fn clear(&self) {
        let Some(Ok(mut state)) = self.0.as_ref().map(|state| state.lock()) else { return };
        state.doing = None;
        if std::mem::take(&mut state.shown) {
            let _ = write!(io::stderr(), "{ERASE}");
        }
    }
}

fn show(state: &Weak<Mutex<State>>) {
    loop {
        thread::sleep(EVERY);
        let Some(state) = state.upgrade() else { return };
        let Ok(mut state) = state.lock() else { return };
        let passed = state.since.elapsed();
        let Some(doing) = state.doing.as_ref().filter(|_| passed >= LONG) else { continue };
        let line = line(&doing(passed), state.columns);
        // Locked meanwhile, so that nobody believes the line to be empty.
        let _ = write!(io::stderr(), "{ERASE}{line}").and_then(|()| io::stderr().flush());
        state.shown = true;
    }
}

/// In less than a line: what wraps cannot be erased.
fn line(text: &str, columns: usize) -> String {
    let mut width = 0;
    let fits = |c: &char| {
        width += textwrap::core::display_width(c.encode_utf8(&mut [0; 4]));
        width < columns
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_shown_without_a_terminal() {
        let screen = Screen { terminal: None, unicode: true, may_color: true, links: false };
        assert!(Progress::new(screen, Lang::En).0.is_none());
        assert!(Progress::new(Screen { terminal: Some(80), may_color: false, ..screen }, Lang::En).0.is_none());
        assert_eq!(line("reading 1200 files, 3 s", 80), "reading 1200 files, 3 s");
        assert_eq!(line("reading 1200 files, 3 s", 8), "reading");
        assert_eq!(line("正在读取 1200 个文件", 8), "正在读");
    }
}
