//! Access logs of web servers, proxies and content networks: nginx (and whatever else writes the combined format), HAProxy, Envoy,
//! CloudFront, as text and as JSON. A line tells two conversations: a client with the machine that keeps the log, and that machine
//! with whoever it asked. Where the log has a name for one of them and no address, the inventory may know the name.
//!
//! Times without a zone (HAProxy writes the machine's own) are read as UTC. A client that a header claims (`X-Forwarded-For`) is
//! not taken for one: anybody can write such a header.

use std::io::{self, Read};
use std::sync::{Arc, LazyLock};

use super::json::{self, bytes_of};
use super::{Format, Head, Hints, Layout, Turn};
use crate::traffic::flow::{Odd, Sink};

mod exchange;
mod template;

use exchange::{Exchange, What};
pub use template::Template;
use template::{Notation, operator, variable};

/// A server's own formats of lines.
pub struct Text {
    name: &'static str,
    formats: &'static LazyLock<Vec<Template>>,
}

/// What the user, or a configuration that was read, says how lines are written.
pub const GIVEN: Text = Text { name: "access-log", formats: &NONE };
pub const HAPROXY: Text = Text { name: "haproxy-log", formats: &HAPROXY_FORMATS };
pub const ENVOY: Text = Text { name: "envoy-access-log", formats: &ENVOY_FORMATS };
/// nginx's and Apache httpd's default, and the older one without the last two fields.
pub const COMBINED: Text = Text { name: "combined-access-log", formats: &COMBINED_FORMATS };

static NONE: LazyLock<Vec<Template>> = LazyLock::new(Vec::new);

/// nginx.org, ngx_http_log_module.
static COMBINED_FORMATS: LazyLock<Vec<Template>> = LazyLock::new(|| {
    templates(
        Notation::Nginx,
        &[
            r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#,
            r#"$remote_addr $ident $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#,
            r#"$remote_addr $ident $remote_user [$time_local] "$request" $status $body_bytes_sent"#,
        ],
    )
});

/// HAProxy Configuration Manual, 8.2 "Log formats": TCP, HTTP (captured headers stand before the request only where some are), the
/// default, and the lines of connections that failed before there was a request (8.2.5).
static HAPROXY_FORMATS: LazyLock<Vec<Template>> = LazyLock::new(|| {
    templates(
        Notation::Haproxy,
        &[
            "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %r",
            "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq",
        ],
    )
});

/// envoyproxy.io, "Default Format String", and what Istio sets for it (istio.io, "Default access log format").
static ENVOY_FORMATS: LazyLock<Vec<Template>> = LazyLock::new(|| {
    templates(
        Notation::Envoy,
        &[
            r#"[%START_TIME%] "%REQ(:METHOD)%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%"#,
            r#"[%START_TIME%] "%REQ(:METHOD)%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%""#,
        ],
    )
});

fn templates(notation: Notation, texts: &[&str]) -> Vec<Template> {
    texts.iter().map(|t| Template::of(notation, t).expect("it is one")).collect()
}

impl Format for Text {
    fn name(&self) -> &'static str {
        self.name
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        let lines = || head.lines().filter(|l| !l.trim_ascii().is_empty()).take(20);
        lines().any(|line| self.of(head.hints).any(|t| read(t, line).is_some()))
    }

    fn layout(&self, hints: &Hints) -> Option<Arc<dyn Layout>> {
        Some(Arc::new(Lines { formats: self.of(hints).cloned().collect() }))
    }
}

impl Text {
    fn of<'h>(&self, hints: &'h Hints) -> impl Iterator<Item = &'h Template> {
        let given = if self.name == GIVEN.name { hints.access.as_slice() } else { &[] };
        given.iter().chain(self.formats.iter())
    }
}

/// Lines in any of these formats, the first that fits.
struct Lines {
    formats: Vec<Template>,
}

impl Layout for Lines {
    fn row(&self, row: u64, line: &[u8], sink: &mut dyn Sink) {
        if line.trim_ascii().is_empty() {
            return;
        }
        match self.formats.iter().find_map(|t| read(t, line)) {
            Some(exchange) => exchange.give(row, sink),
            None if tells_no_traffic(line) => sink.odd(row, Odd::NoData),
            None => sink.odd(row, Odd::Unparsable),
        }
    }
}

/// A line may come with what syslog sets before it, which ends in `name[pid]: `.
fn read<'l>(template: &Template, line: &'l [u8]) -> Option<Exchange<'l>> {
    /// Of what syslog writes.
    const LONGEST: usize = 256;
    let plausible = |line| template.read(line).filter(Exchange::is_plausible);
    plausible(line).or_else(|| {
        let head = &line[..line.len().min(LONGEST)];
        memchr::memmem::find_iter(head, b": ").take(3).find_map(|at| plausible(&line[at + 2..]))
    })
}

/// What HAProxy says of itself in the same log: of its parts, and of connections that failed before anything was asked.
fn tells_no_traffic(line: &[u8]) -> bool {
    const OF_ITSELF: [&str; 6] = ["Proxy ", "Server ", "Backup Server ", "Health check ", "Stopping ", "backend "];
    let head = String::from_utf8_lossy(&line[..line.len().min(256)]);
    let Some((_, said)) = head.split_once("]: ") else { return false };
    let failed = said.contains(": Connection closed") || said.contains(": SSL handshake failure");
    // A request stands in quotes.
    !said.contains('"') && (failed || OF_ITSELF.iter().any(|s| said.starts_with(s)))
}

/// A time of an access log: `06/Feb/2009:12:14:14.655`, with `+0100` behind it or not, or as any log writes it.
fn time(text: &[u8]) -> Option<i64> {
    const MONTHS: [&[u8]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    if text.get(2) != Some(&b'/') {
        return crate::traffic::parse::time(text);
    }
    let number =
        |from: usize, to: usize| -> Option<i64> { i64::try_from(crate::traffic::parse::number(text.get(from..to)?)?).ok() };
    let small = |from: usize| number(from, from + 2).and_then(|n| i8::try_from(n).ok());
    let month = MONTHS.iter().position(|m| text.get(3..6) == Some(*m))?;
    let year = i16::try_from(number(7, 11)?).ok()?;
    let date = jiff::civil::Date::new(year, i8::try_from(month).ok()? + 1, small(0)?).ok()?;
    let clock = jiff::civil::Time::new(small(12)?, small(15)?, small(18)?.min(59), 0).ok()?;
    let seconds = date.to_datetime(clock).to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    let zone = text.get(20..)?.trim_ascii_start();
    let zone = zone.strip_prefix(b".").map_or(zone, |fraction| {
        let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        fraction[digits..].trim_ascii_start()
    });
    let Some((sign, zone)) = zone.split_first() else { return Some(seconds) };
    let part = |from: usize| zone.get(from..from + 2).and_then(crate::traffic::parse::number);
    let offset = i64::try_from(part(0)? * 3600 + part(2)? * 60).ok()?;
    match sign {
        b'+' => Some(seconds - offset),
        b'-' => Some(seconds + offset),
        _ => None,
    }
}

/// Lines of JSON whose keys are Envoy's operators in small letters (as Istio sets them) or nginx's variables.
pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "access-log-json"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        let tells = ["upstream_host", "downstream_remote_address", "remote_addr", "upstream_addr"];
        head.json().is_some_and(|t| tells.iter().any(|key| t.contains(&format!("\"{key}\""))))
    }

    fn read(&self, log: &mut dyn Read, _: &Hints, sink: &mut dyn Sink) -> io::Result<()> {
        json::documents(log, sink, |row, value, sink| {
            let Some(members) = value.as_object() else { return sink.odd(row, Odd::Unparsable) };
            let values: Vec<(What, Vec<u8>)> = members.iter().map(|(key, value)| (key_is(key), bytes_of(value))).collect();
            let mut found = Exchange::default();
            values.iter().for_each(|(what, value)| found.set(*what, value));
            let tells = |what: &[What]| values.iter().any(|(w, _)| what.contains(w));
            if tells(&[What::Client, What::Direct, What::Upstream]) {
                found.give(row, sink);
            } else {
                sink.odd(row, Odd::Unparsable);
            }
        })
    }
}

fn key_is(key: &str) -> What {
    match key {
        "time" | "timestamp" | "@timestamp" => What::Time,
        // Both servers have these; of Envoy they are bodies, which is the less that can be said.
        "bytes_sent" => What::SentBody,
        "bytes_received" => What::ReceivedBody,
        key => match variable(key) {
            What::Other => operator(key),
            what => what,
        },
    }
}

/// CloudFront's standard logs (docs.aws.amazon.com, "Standard logging reference"): W3C's extended format, whose header names the
/// fields. An edge location has no address there; the distribution's name stands for it. What it asks of the origin is not told.
pub struct CloudFront;

impl Format for CloudFront {
    fn name(&self) -> &'static str {
        "cloudfront-log"
    }

    fn recognizes(&self, head: &Head<'_>) -> bool {
        let mut comments = head.lines().take_while(|l| l.starts_with(b"#"));
        comments.any(|l| l.starts_with(b"#Fields:") && has(l, b"x-edge-location") && has(l, b"c-ip"))
    }

    fn layout(&self, _: &Hints) -> Option<Arc<dyn Layout>> {
        Some(Arc::new(W3c { fields: Vec::new() }))
    }
}

fn has(line: &[u8], name: &[u8]) -> bool {
    line.split(|b| b.is_ascii_whitespace()).any(|f| f == name)
}

struct W3c {
    fields: Vec<What>,
}

impl Layout for W3c {
    fn mark(&self) -> &'static [u8] {
        b"#"
    }

    fn turn(&self, line: &[u8]) -> Turn {
        if let Some(names) = line.strip_prefix(b"#Fields:") {
            let fields = names.split(|b| b.is_ascii_whitespace()).filter(|n| !n.is_empty()).map(w3c_field).collect();
            return Turn::To(Arc::new(Self { fields }));
        }
        if line.starts_with(b"#") { Turn::Comment } else { Turn::Row }
    }

    fn row(&self, row: u64, line: &[u8], sink: &mut dyn Sink) {
        if line.is_empty() {
            return;
        }
        let mut found = Exchange::default();
        let mut count = 0;
        for (i, value) in line.split(|b| *b == b'\t').enumerate() {
            found.set(self.fields.get(i).copied().unwrap_or(What::Other), value);
            count = i + 1;
        }
        if count == self.fields.len() { found.give(row, sink) } else { sink.odd(row, Odd::Unparsable) }
    }
}

fn w3c_field(name: &[u8]) -> What {
    match name {
        b"date" => What::Day,
        b"time" => What::Clock,
        b"timestamp" | b"timestamp(ms)" => What::Time,
        b"c-ip" => What::Client,
        b"c-port" => What::ClientPort,
        // With headers, both.
        b"sc-bytes" => What::Sent,
        b"cs-bytes" => What::Received,
        // The name of the distribution; `x-host-header` is what the viewer asked for.
        b"cs(Host)" => What::Front,
        _ => What::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_access_logs() {
        let cases = [
            ("28/Jan/2023:09:34:56 +0000", Some(1_674_898_496)),
            ("28/Jan/2023:10:34:56 +0100", Some(1_674_898_496)),
            ("28/Jan/2023:04:04:56 -0530", Some(1_674_898_496)),
            ("28/Jan/2023:09:34:56.655", Some(1_674_898_496)),
            ("28/Jan/2023:10:34:56.655 +0100", Some(1_674_898_496)),
            ("28/Jan/2023:09:34:56", Some(1_674_898_496)),
            ("2023-01-28T09:34:56.310Z", Some(1_674_898_496)),
            ("28/Foo/2023:09:34:56", None),
            ("31/Feb/2023:09:34:56", None),
            ("28/Jan/2023:09:34:56 Z0000", None),
            ("28/Jan/2023", None),
        ];
        for (text, expected) in cases {
            assert_eq!(time(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn formats_that_tell_nothing_are_refused() {
        for (text, why) in [
            ("$remote_addr $status", "no time"),
            ("[$time_local] $status", "neither a client"),
            ("$remote_addr$time_local", "cannot be told apart"),
        ] {
            assert!(Template::parse(text).is_err_and(|e| e.contains(why)), "{text}");
        }
        for text in [
            "$remote_addr [$time_local] $host$uri $status",
            "%ci:%cp [%tr] %[capture.req.hdr(0)] %{+Q}r %B",
            "[%START_TIME(%s)%] %DOWNSTREAM_REMOTE_ADDRESS% %UPSTREAM_HOST%",
        ] {
            assert!(Template::parse(text).is_ok(), "{text}: {:?}", Template::parse(text));
        }
    }
}
