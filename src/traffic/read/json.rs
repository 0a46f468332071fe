//! Logs of JSON objects: one a line, one after the other, in an array, or in the array `records` of one object. Objects are cut
//! out of the stream by their braces and parsed one at a time, so that an array of any length takes the memory of one object.

use std::io::{self, Read};

use serde_json::Value;

use super::WINDOW;
use crate::traffic::flow::{Odd, Sink};

/// Larger objects are no rows.
const MAX_OBJECT: usize = 1 << 24;

/// Gives each object with the line it begins in. What is no JSON is an unparsable row.
pub fn documents(log: &mut dyn Read, sink: &mut dyn Sink, mut each: impl FnMut(u64, &Value, &mut dyn Sink)) -> io::Result<()> {
    let mut last = 1;
    let result = objects(log, |row, text| {
        last = row;
        match text.and_then(|text| serde_json::from_slice::<Value>(text).ok()) {
            Some(value) => each(row, &value, sink),
            None => sink.odd(row, Odd::Unparsable),
        }
    });
    if result.is_err() {
        super::cut(last + 1, sink);
    }
    result
}

/// Where the cutter is.
struct Cutter {
    /// Braces and brackets that are open.
    depth: usize,
    /// The depth at which objects are rows.
    base: usize,
    in_string: bool,
    escaped: bool,
    /// Nothing but space so far.
    fresh: bool,
    line: u64,
    /// The object being cut out, and where it began.
    text: Vec<u8>,
    began: u64,
    overlong: bool,
}

/// `None` for what is no object or too large to be one.
fn objects(log: &mut dyn Read, mut each: impl FnMut(u64, Option<&[u8]>)) -> io::Result<()> {
    let mut buffer = vec![0_u8; WINDOW];
    let mut cutter = Cutter {
        depth: 0,
        base: 0,
        in_string: false,
        escaped: false,
        fresh: true,
        line: 1,
        text: Vec::new(),
        began: 0,
        overlong: false,
    };
    loop {
        let read = match log.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        for b in &buffer[..read] {
            cutter.byte(*b, &mut each);
        }
    }
    if cutter.depth > cutter.base || !cutter.text.is_empty() {
        each(cutter.began, None);
    } else if cutter.depth > 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the array of rows has no end"));
    }
    Ok(())
}

impl Cutter {
    fn byte(&mut self, b: u8, each: &mut impl FnMut(u64, Option<&[u8]>)) {
        self.line += u64::from(b == b'\n');
        if self.in_string {
            self.push(b);
            match b {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match b {
            b'"' => self.in_string = true,
            // An array of rows, at the very beginning or as the value of the first key `records`.
            b'[' if self.fresh => {
                (self.base, self.depth, self.fresh) = (1, 1, false);
                return;
            }
            b'[' if self.depth == 1 && self.base == 0 && is_records(&self.text) => {
                self.text.clear();
                (self.base, self.depth) = (2, 2);
                return;
            }
            b'{' | b'[' => {
                if self.depth == self.base && self.text.is_empty() {
                    self.began = self.line;
                }
                self.depth += 1;
            }
            b'}' | b']' => {
                if self.depth <= self.base {
                    // The end of the array; more may follow in the same file.
                    self.depth = self.depth.saturating_sub(1);
                    self.base = self.base.min(self.depth);
                    self.fresh = self.depth == 0;
                    self.text.clear();
                    return;
                }
                self.depth -= 1;
                self.push(b);
                if self.depth == self.base {
                    let whole = (!self.overlong).then_some(self.text.as_slice());
                    each(self.began, whole);
                    self.text.clear();
                    self.overlong = false;
                    self.fresh = self.depth == 0;
                }
                return;
            }
            // Between rows.
            b',' if self.depth == self.base => return,
            b if b.is_ascii_whitespace() && self.depth == self.base => return,
            // A byte order mark.
            0xef | 0xbb | 0xbf if self.fresh => return,
            _ => {}
        }
        if self.depth == self.base && self.text.is_empty() {
            self.began = self.line;
        }
        self.fresh = false;
        self.push(b);
    }

    fn push(&mut self, b: u8) {
        if self.text.len() < MAX_OBJECT {
            self.text.push(b);
        } else {
            self.overlong = true;
        }
    }
}

/// `{"records":`.
fn is_records(text: &[u8]) -> bool {
    let squeezed: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii_whitespace()).take(16).collect();
    squeezed.eq_ignore_ascii_case(b"{\"records\":")
}

/// A member by its path: `a.b` is member `b` of `a`, unless there is a member `a.b`.
pub fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    value.get(path).or_else(|| path.split('.').try_fold(value, |v, key| v.get(key))).filter(|v| !v.is_null())
}

pub fn text_at<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    at(value, path)?.as_str()
}

/// A number, or a text that is one.
pub fn number_at(value: &Value, path: &str) -> Option<u64> {
    match at(value, path)? {
        Value::Number(n) => n.as_u64().or_else(|| n.as_f64().filter(|f| *f >= 0.0).map(|f| f as u64)),
        Value::String(text) => crate::traffic::parse::number(text.trim().as_bytes()),
        _ => None,
    }
}

/// A scalar as a text log would have written it; empty for what is none.
pub fn bytes_of(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        Value::Number(n) => n.to_string().into_bytes(),
        Value::Bool(b) => b.to_string().into_bytes(),
        Value::Null | Value::Array(_) | Value::Object(_) => Vec::new(),
    }
}

/// A time as any log writes it.
pub fn time_at(value: &Value, path: &str) -> Option<i64> {
    crate::traffic::parse::time(&bytes_of(at(value, path)?))
}

pub fn address_at(value: &Value, path: &str) -> Option<std::net::IpAddr> {
    crate::traffic::parse::address(text_at(value, path)?.trim().as_bytes())
}

pub fn port_at(value: &Value, path: &str) -> u16 {
    number_at(value, path).and_then(|n| u16::try_from(n).ok()).unwrap_or(0)
}

pub fn protocol_at(value: &Value, path: &str) -> u8 {
    at(value, path).map_or(0, |v| crate::traffic::parse::protocol(&bytes_of(v)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<(u64, Option<String>)> {
        let mut found = Vec::new();
        objects(&mut text.as_bytes(), |row, text| found.push((row, text.map(|t| String::from_utf8_lossy(t).into_owned()))))
            .unwrap();
        found
    }

    #[test]
    fn objects_are_cut_out_of_any_frame() {
        let two = vec![(1, Some("{\"a\":\"}\\\"{\"}".to_owned())), (2, Some("{\"b\":[{},1]}".to_owned()))];
        assert_eq!(cut("{\"a\":\"}\\\"{\"}\n{\"b\":[{},1]}\n"), two);
        assert_eq!(cut("[{\"a\":\"}\\\"{\"},\n{\"b\":[{},1]}]\n"), two);
        assert_eq!(cut("{\"records\": [{\"a\":\"}\\\"{\"},\n{\"b\":[{},1]}]}"), two);
        assert_eq!(cut("[]\n"), []);
        assert_eq!(cut("[]\n[{}]"), [(2, Some("{}".into()))]);
    }

    #[test]
    fn what_breaks_off_is_a_row_that_cannot_be_read() {
        assert_eq!(cut("{\"a\":1}\n{\"b\":"), [(1, Some("{\"a\":1}".into())), (2, None)]);
        assert!(objects(&mut "[{\"a\":1},".as_bytes(), |_, _| ()).is_err());
    }
}
