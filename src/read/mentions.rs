//! Hosts and buckets that a setting of a program names: the value of an environment variable, an argument, a line of a file.
//!
//! Programs have no common notation, so this looks for what can hardly be anything else: URLs, `host:port`, cloud ids, and bare
//! names where the setting's own name asks for a host. It does not know what the program does with them.

use std::net::IpAddr;

use crate::model::Activity;

/// One thing that a value names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mention {
    Host {
        /// Lower case, without the final dot.
        name: String,
        port: Option<u16>,
        /// It is a host by its notation or its setting; else only if somebody declares that name.
        sure: bool,
    },
    Address {
        ip: IpAddr,
        port: Option<u16>,
    },
    /// `s3://name`, by the id that others know the bucket by.
    Bucket(String),
    /// An ARN.
    CloudId(String),
    /// The host holds a variable that nobody sets here.
    Unresolved(String),
}

/// Beyond this a value is data, not a setting.
const MAX_VALUE: usize = 1 << 20;
/// Hosts of one value that are followed; a list of more is generated and says the same many times.
const MAX_MENTIONS: usize = 2000;

/// Schemes whose "host" is a bucket.
const BUCKETS: &[(&str, &str)] = &[
    ("s3", "arn:aws:s3:::"),
    ("s3a", "arn:aws:s3:::"),
    ("s3n", "arn:aws:s3:::"),
    ("gs", "gs://"),
    ("gcs", "gs://"),
    ("oss", "oss://"),
    ("cos", "cos://"),
    ("cosn", "cos://"),
    ("obs", "obs://"),
    ("b2", "b2://"),
];

/// Schemes that lead nowhere else.
const LOCAL: &[&str] =
    &["file", "unix", "unixs", "data", "urn", "about", "classpath", "memory", "sqlite", "sqlite3", "docker", "npipe", "fd"];

/// Hosts that stand in identifiers (namespaces, schemas) and are never asked.
const IDENTIFIERS: &[&str] = &[
    "www.w3.org",
    "json-schema.org",
    "schemas.xmlsoap.org",
    "schemas.microsoft.com",
    "xmlns.jcp.org",
    "maven.apache.org",
    "java.sun.com",
];

/// Endings of file names, which look like domains.
const FILES: &[&str] = &[
    "cfg",
    "cnf",
    "conf",
    "config",
    "cert",
    "cer",
    "crt",
    "css",
    "csv",
    "db",
    "env",
    "go",
    "html",
    "ini",
    "jar",
    "java",
    "js",
    "json",
    "key",
    "log",
    "md",
    "p12",
    "pem",
    "pfx",
    "php",
    "pid",
    "properties",
    "py",
    "rb",
    "sh",
    "so",
    "sock",
    "sql",
    "tar",
    "toml",
    "tpl",
    "txt",
    "war",
    "xml",
    "yaml",
    "yml",
    "zip",
    "enabled",
    "local-path",
];

/// What a value names. `key` is the setting's name: `DATABASE_HOST`, empty for an argument.
pub(super) fn mentions(key: &str, value: &str) -> Vec<Mention> {
    let mut found = Vec::new();
    if value.len() > MAX_VALUE {
        return found;
    }
    if value.contains("://") {
        urls(value, &mut found);
    } else {
        let wanted = asks_for_host(key);
        for token in value.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'' | '|')) {
            word(token, wanted, &mut found);
        }
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(MAX_MENTIONS);
    found
}

/// The URLs in the lines of a configuration file, leaving out comments.
pub(super) fn in_file(text: &str) -> Vec<Mention> {
    let mut found = Vec::new();
    for line in text.lines().filter(|l| l.contains("://") && l.len() < MAX_VALUE) {
        let line = line.trim_start();
        if line.starts_with(['#', ';']) || line.starts_with("//") || line.starts_with("<!--") {
            continue;
        }
        urls(line, &mut found);
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(MAX_MENTIONS);
    found
}

/// Whether a setting of this name wants a host or an address.
pub(super) fn asks_for_host(key: &str) -> bool {
    const WORDS: &[&str] = &[
        "addr",
        "addrs",
        "address",
        "addresses",
        "bootstrap",
        "broker",
        "brokers",
        "dsn",
        "endpoint",
        "endpoints",
        "host",
        "hosts",
        "hostname",
        "proxy",
        "seeds",
        "server",
        "servers",
        "source",
        "target",
        "upstream",
        "uri",
        "uris",
        "url",
        "urls",
        "contactpoints",
    ];
    // Whom the program itself answers to, not whom it asks.
    const OWN: &[&str] = &["allowed", "bind", "cors", "listen", "listener", "listeners", "origin", "origins", "trusted"];
    let lower = key.to_ascii_lowercase();
    let parts: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|p| !p.is_empty()).collect();
    if parts.iter().any(|p| OWN.contains(p)) {
        return false;
    }
    let last = parts.iter().rev().find(|p| !p.bytes().all(|b| b.is_ascii_digit())).copied().unwrap_or("");
    let last = last.trim_end_matches(|c: char| c.is_ascii_digit());
    WORDS.contains(&last)
        || ["host", "url", "uri", "endpoint", "address"].iter().any(|w| last.ends_with(w) && last.len() > w.len() + 1)
}

/// Whether a setting may hold a host, though it does not ask for one outright: a connection string.
pub(super) fn may_hold_host(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    asks_for_host(key) || lower.contains("connection") || lower.contains("conn_str") || lower.contains("connstr")
}

/// What goes to a host that a setting of this name holds.
pub(super) fn activity(key: &str) -> Activity {
    const LOGS: &[&str] = &[
        "datadog",
        "fluent",
        "fluentbit",
        "fluentd",
        "gelf",
        "graylog",
        "jaeger",
        "log",
        "logging",
        "logs",
        "logstash",
        "loki",
        "newrelic",
        "otel",
        "otlp",
        "sentry",
        "splunk",
        "statsd",
        "syslog",
        "tracing",
        "zipkin",
    ];
    let lower = key.to_ascii_lowercase();
    let is_log = lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|p| LOGS.contains(&p));
    if is_log { Activity::Log } else { Activity::Forward }
}

/// A name as messages show it.
pub(super) fn shorten(text: &str) -> String {
    const MOST: usize = 80;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain("...".chars()).collect() }
}

fn urls(text: &str, found: &mut Vec<Mention>) {
    let mut at = 0;
    while let Some(i) = text.get(at..).and_then(|t| t.find("://")) {
        let colon = at + i;
        let head = text.get(..colon).unwrap_or("");
        let start = head
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-')))
            .map_or(0, |p| p + head[p..].chars().next().map_or(1, char::len_utf8));
        let scheme = head.get(start..).unwrap_or("").to_ascii_lowercase();
        let rest = text.get(colon + 3..).unwrap_or("");
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>' | '`' | '|' | ';' | '\\'))
            .unwrap_or(rest.len());
        // The variable of `http://${HOST}/` may hold what ends an authority elsewhere.
        authority(&scheme, &rest[..end], found);
        at = colon + 3;
        if found.len() > 2 * MAX_MENTIONS {
            return;
        }
    }
}

fn authority(scheme: &str, text: &str, found: &mut Vec<Mention>) {
    // `jdbc:postgresql://` leaves `postgresql`; `oracle:thin:@//` leaves nothing.
    if LOCAL.contains(&scheme) || text.is_empty() {
        return;
    }
    if let Some((_, prefix)) = BUCKETS.iter().find(|(s, _)| *s == scheme) {
        found.push(if is_variable(text) {
            Mention::Unresolved(text.to_owned())
        } else {
            Mention::Bucket(format!("{prefix}{text}"))
        });
        return;
    }
    let hosts = text.rsplit_once('@').map_or(text, |(_, hosts)| hosts);
    // Some have their host in round brackets: `tcp(db:3306)`.
    let hosts = hosts.trim_start_matches("tcp(");
    let hosts = if is_variable(hosts) { hosts } else { hosts.trim_end_matches([')', ']', '}', '.']) };
    for host in hosts.split(',').filter(|h| !h.is_empty() && !h.ends_with(':')) {
        let closed = if host.starts_with('[') && !host.contains(']') { format!("{host}]") } else { host.to_owned() };
        match peer(&closed) {
            Some(Mention::Host { name, .. }) if IDENTIFIERS.contains(&name.as_str()) => {}
            Some(Mention::Host { name, port, .. }) => found.push(Mention::Host { name, port, sure: true }),
            Some(other) => found.push(other),
            None => {}
        }
    }
}

/// One word without a scheme: `db:5432`, `--target=db:5432`, `host=db`, `5@controller:9093`, `user:pw@tcp(db:3306)/x`.
fn word(token: &str, wanted: bool, found: &mut Vec<Mention>) {
    let token = token.trim_matches(['(', ')', '[', ']', '{', '}']);
    if token.starts_with("arn:aws") {
        found.push(Mention::CloudId(token.to_owned()));
        return;
    }
    let (token, wanted) = match token.split_once('=') {
        Some((key, value)) => (value, asks_for_host(key)),
        None => (token, wanted),
    };
    if token.starts_with("arn:aws") {
        found.push(Mention::CloudId(token.to_owned()));
        return;
    }
    if token.is_empty() || token.starts_with(['/', '.', '-', '@', '*', '~']) {
        return;
    }
    let token = token.rsplit_once('@').map_or(token, |(_, host)| host);
    let token = token.trim_start_matches("tcp(").trim_start_matches("tcp:");
    let token = token.split(['/', ')', '?']).next().unwrap_or(token);
    match peer(token) {
        Some(Mention::Host { name, port, .. }) => {
            let labels = name.split('.').count();
            let bare =
                !matches!(name.as_str(), "true" | "false" | "yes" | "no" | "on" | "off" | "none" | "null" | "auto" | "default");
            let ending = name.rsplit('.').next().unwrap_or("");
            let word_like = ending.len() >= 2 && ending.bytes().all(|b| b.is_ascii_lowercase()) && !FILES.contains(&ending);
            let lower = !token.contains(|c: char| c.is_ascii_uppercase());
            let reversed = name
                .split('.')
                .next()
                .is_some_and(|f| matches!(f, "com" | "org" | "io" | "net" | "de" | "cn" | "java" | "javax" | "www"));
            let domain = labels >= 3 && word_like && lower && (!reversed || name.starts_with("www."));
            let sure = domain || (labels >= 2 && word_like && (wanted || port.is_some())) || (labels == 1 && wanted && bare);
            if bare && (sure || port.is_some()) {
                found.push(Mention::Host { name, port, sure });
            }
        }
        // Versions have four numbers too.
        Some(Mention::Address { ip, port }) if wanted || port.is_some() => found.push(Mention::Address { ip, port }),
        Some(Mention::Unresolved(text)) if wanted => found.push(Mention::Unresolved(text)),
        _ => {}
    }
}

fn is_variable(text: &str) -> bool {
    text.contains("$(") || text.contains("${") || text.contains("{{") || text.contains('%') || text.starts_with('$')
}

/// A host with or without a port; nothing for this machine itself, and for what is no host.
fn peer(text: &str) -> Option<Mention> {
    if is_variable(text) {
        return Some(Mention::Unresolved(text.to_owned()));
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return address(ip, None);
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (inner, after) = rest.split_once(']')?;
            (inner, after.strip_prefix(':'))
        }
        None => match text.split_once(':') {
            // Oracle writes `host:1521:sid`.
            Some((host, port)) => (host, Some(port.split(':').next().unwrap_or(port))),
            None => (text, None),
        },
    };
    let port = match port {
        Some("") | None => None,
        Some(port) => match port.parse::<u16>() {
            Ok(0) | Err(_) if !is_variable(port) => return None,
            Ok(port) => Some(port),
            Err(_) => None,
        },
    };
    if let Ok(ip) = host.parse::<IpAddr>() {
        return address(ip, port);
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !l.starts_with('-')
    };
    let fits = name.len() <= 253 && name.split('.').all(label) && name.bytes().any(|b| b.is_ascii_lowercase());
    let own = name == "localhost" || name.ends_with(".localhost");
    (fits && !own).then_some(Mention::Host { name, port, sure: false })
}

fn address(ip: IpAddr, port: Option<u16>) -> Option<Mention> {
    let ip = ip.to_canonical();
    let own = ip.is_loopback() || ip.is_unspecified() || ip.is_multicast();
    (!own).then_some(Mention::Address { ip, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(key: &str, value: &str) -> String {
        let one = |m: Mention| match m {
            Mention::Host { name, port, sure } => {
                format!("{}{name}{}", if sure { "" } else { "?" }, port.map_or(String::new(), |p| format!(":{p}")))
            }
            Mention::Address { ip, port } => format!("{ip}{}", port.map_or(String::new(), |p| format!("#{p}"))),
            Mention::Bucket(id) | Mention::CloudId(id) => id,
            Mention::Unresolved(text) => format!("!{text}"),
        };
        mentions(key, value).into_iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_values_name() {
        for (key, value, expected) in [
            ("DATABASE_URL", "postgres://u:p@db.example.com:5432/shop?x=y", "db.example.com:5432"),
            ("X", "jdbc:postgresql://db:5432/shop", "db:5432"),
            ("X", "mongodb://u:p@a.example.com:27017,b.example.com:27017/db", "a.example.com:27017 b.example.com:27017"),
            ("X", "http://a.example.com/x,http://b.example.com/y", "a.example.com b.example.com"),
            ("X", "s3://backups-eu/daily", "arn:aws:s3:::backups-eu"),
            ("X", "gs://bucket", "gs://bucket"),
            ("X", "arn:aws:s3:::logs", "arn:aws:s3:::logs"),
            ("BOOTSTRAP_SERVERS", "k1.example.com:9092,k2.example.com:9092", "k1.example.com:9092 k2.example.com:9092"),
            ("DB_HOST", "postgres", "postgres"),
            ("DB_HOST", "10.0.0.7", "10.0.0.7"),
            ("VERSION", "10.0.0.7", ""),
            ("VERSION", "1.25.3", ""),
            ("IMAGE", "nginx:8080", "?nginx:8080"),
            ("FILE", "/etc/app.yaml", ""),
            ("FILE", "app.prod.yaml", ""),
            ("CLASS", "org.apache.kafka.Selector", ""),
            ("X", "db.prod.rds.amazonaws.com", "db.prod.rds.amazonaws.com"),
            ("LISTEN_ADDRESS", "app.example.com", "app.example.com"),
            ("HOST", "0.0.0.0", ""),
            ("URL", "http://localhost:8080", ""),
            ("DSN", "user:pw@tcp(mysql:3306)/shop", "mysql:3306"),
            ("DSN", "host=db.example.com port=5432", "db.example.com"),
            ("VOTERS", "5@controller-west:9095,6@controller-east:9096", "?controller-east:9096 ?controller-west:9095"),
            ("", "--upstream=http://api.shop.svc:80", "api.shop.svc:80"),
            ("URL", "https://${HOST}/x", "!${HOST}"),
            ("URL", "http://[2001:db8::1]:80/", "2001:db8::1#80"),
            ("ENABLED", "true", ""),
            ("DEBUG_HOST", "true", ""),
            ("TIME", "12:30", ""),
            ("XMLNS", "http://www.w3.org/2001/XMLSchema", ""),
            ("CMD", "unix:///var/run/docker.sock", ""),
        ] {
            assert_eq!(show(key, value), expected, "{key}={value}");
        }
    }

    #[test]
    fn logs_go_elsewhere() {
        assert_eq!(activity("OTEL_EXPORTER_OTLP_ENDPOINT"), Activity::Log);
        assert_eq!(activity("CATALOG_URL"), Activity::Forward);
    }
}
