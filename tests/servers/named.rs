//! Servers of a test's own that answer by their name and can be killed.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

/// Answers whoever connects by its name, until it is killed.
pub struct Named {
    pub port: u16,
    alive: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Named {
    /// `talk` is one connection; a client that says nothing keeps only its own busy.
    pub fn start(name: &'static str, talk: fn(&mut TcpStream, &str)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let alive = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&alive);
        let thread = thread::spawn(move || {
            while seen.load(Relaxed) {
                match listener.accept() {
                    Ok((mut stream, _)) => {
                        thread::spawn(move || {
                            stream.set_nonblocking(false).unwrap();
                            talk(&mut stream, name);
                        });
                    }
                    Err(_) => sleep(Duration::from_millis(5)),
                }
            }
        });
        Self { port, alive, thread: Some(thread) }
    }

    pub fn kill(&mut self) {
        self.alive.store(false, Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}
