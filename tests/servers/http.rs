//! Asking proxies on loopback over HTTP/1.1, and servers behind them that answer by their name.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Answers its name to an HTTP request; one for `/hold` it keeps waiting for two seconds.
pub fn answer(stream: &mut TcpStream, name: &str) {
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let mut head = Vec::new();
    let mut bytes = [0; 512];
    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut bytes) {
            Ok(n) if n > 0 => head.extend_from_slice(&bytes[..n]),
            _ => break,
        }
    }
    if head.starts_with(b"GET /hold ") {
        sleep(Duration::from_secs(2));
    }
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{name}", name.len());
    let _ = stream.write_all(answer.as_bytes());
}

/// What is answered at a port to who asks for a host, with further header lines; of errors only that it is one.
pub fn ask(port: u16, host: &str, headers: &[&str]) -> String {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return String::new() };
    stream.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
    let more: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n");
    let mut answer = String::new();
    if stream.write_all(request.as_bytes()).is_ok() {
        let _ = stream.read_to_string(&mut answer);
    }
    if !answer.starts_with("HTTP/1.1 200") {
        return "error".to_owned();
    }
    answer.split("\r\n\r\n").nth(1).unwrap_or("").trim().to_owned()
}

pub fn comes_to(port: u16, host: &str, expected: &str) -> bool {
    let until = Instant::now() + Duration::from_secs(15);
    while Instant::now() < until {
        if ask(port, host, &[]) == expected {
            return true;
        }
        sleep(Duration::from_millis(100));
    }
    false
}
