//! What the tests against real proxies share: servers of their own that can be killed, and processes that end with a test.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

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

pub struct Server(pub Child);

impl Drop for Server {
    fn drop(&mut self) {
        // Asked to end, so that it ends its own children too.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until && self.0.try_wait().is_ok_and(|s| s.is_none()) {
            sleep(Duration::from_millis(50));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
