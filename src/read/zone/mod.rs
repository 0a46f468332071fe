//! DNS zones: master files of RFC 1035 section 5, as BIND, NSD, Knot and others read them, with BIND's `$GENERATE`.
//!
//! It says which names stand at which addresses, which lead on to other names, and on which servers all of them depend. It
//! resolves nothing: whether a target is known is found when all inputs are linked.
//!
//! | record | becomes |
//! |---|---|
//! | A, AAAA | an endpoint `dns-name` with these addresses |
//! | CNAME, ALIAS, ANAME | a logical endpoint and a route to the target, pool `dns` |
//! | SRV, SVCB, HTTPS | routes from the owner by priority, pool `service`; hints for the owner itself are addresses of it |
//! | MX | a logical endpoint `mx:OWNER` with routes by preference, pool `mx` |
//! | NS | a logical endpoint `ns:ZONE` that depends on any of the servers; every name of the zone depends on it |
//! | LUA (PowerDNS) | routes by what the code may answer: see [`lua`], [`answer`] |
//! | DYNA, DYNC (gdnsd) | a route to the resource that the server's configuration defines |
//! | DNAME, NAPTR, unknown types | a gap on the owner |
//!
//! Not done: splitting horizons (two files for one zone are taken together), DNSSEC, times.

pub mod answer;
pub mod collect;
pub mod facts;
mod generate;
pub mod lex;
pub mod lua;
pub mod name;
pub mod record;
#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::read::words::Words;
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::SourceId;
use lex::{Entries, Entry};

pub struct Zone;

impl Reader for Zone {
    fn format(&self) -> &'static str {
        "dns-zone"
    }

    fn describe(&self) -> &'static str {
        "DNS zone file (RFC 1035 master file, with BIND's $GENERATE)"
    }

    fn words(&self) -> &'static [Words] {
        record::TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        recognize(path, text)
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let zone = collect::collect(input.sources, input.file);
        let others = OnceCell::new();
        let is_loaded = |origin: &str| {
            let others: &BTreeMap<String, SourceId> = others.get_or_init(|| {
                let files = input.sources.iter().filter(|(id, _)| *id != input.file);
                files.filter_map(|(id, s)| Some((name::origin_from_path(&s.path)?, id))).collect()
            });
            let file = others.get(origin).map(|id| input.sources.get(*id));
            file.is_some_and(|s| recognize(&s.path, &s.text) == Recognized::Yes)
        };
        let facts = facts::facts(&zone, &is_loaded);
        let followed = zone.records.iter().any(|r| !matches!(r.data, record::Data::Unfollowed(_)));
        let hopeless = !followed && zone.included.is_empty() && !zone.unclear.is_empty();
        let broken = hopeless.then(|| "no line of it is a DNS record that onshore knows".to_owned());
        let mut reading = Reading { facts, broken, ..Reading::default() };
        reading.included = zone.included;
        reading
    }
}

fn recognize(path: &str, text: &str) -> Recognized {
    let file = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let extension = file.rsplit_once('.').map_or("", |(_, e)| e);
    if matches!(extension, "tf" | "json" | "yaml" | "yml" | "toml" | "csv" | "ini" | "xml" | "vcl") {
        return Recognized::No;
    }
    let named = extension == "zone" || file.starts_with("db.") || file.contains(".zone.");
    let glance = glance(text);
    let (mut sure, mut good, mut bad) = (false, 0_usize, 0_usize);
    for entry in Entries::new(glance) {
        match looks_like(&entry, glance) {
            Looks::Sure => (sure, good) = (true, good + 1),
            Looks::Good => good += 1,
            Looks::Bad => bad += 1,
        }
    }
    let mostly = bad * 4 <= good;
    match (sure, named) {
        (true, true) if bad <= good => Recognized::Yes,
        (true, false) if mostly => Recognized::Yes,
        (false, true) if good > 0 && mostly => Recognized::Yes,
        (false, false) if good >= 2 && bad == 0 => Recognized::Maybe,
        (_, true) if good > 0 => Recognized::Maybe,
        _ => Recognized::No,
    }
}

enum Looks {
    /// Nothing but a zone file has this.
    Sure,
    Good,
    Bad,
}

fn looks_like(entry: &Entry, text: &str) -> Looks {
    let mut words = entry.words.iter().map(|w| text.get(w.span.range()).unwrap_or(""));
    if !entry.blank {
        let Some(first) = words.next() else { return Looks::Bad };
        match (first.to_ascii_uppercase().as_str(), words.clone().next()) {
            ("$ORIGIN", Some(name)) if name == "." || name.contains('.') => return Looks::Sure,
            ("$TTL", Some(ttl)) if name::is_ttl(ttl) => return Looks::Sure,
            ("$GENERATE", Some(range)) if generate::Range::parse(range).is_some() => return Looks::Good,
            ("$INCLUDE", Some(_)) => return Looks::Good,
            // The owner of a record is a name: `10.1.2.3 ns host` is a line of a hosts file.
            _ if first.parse::<std::net::IpAddr>().is_ok() || first.ends_with([':', '=', '{']) => return Looks::Bad,
            _ => {}
        }
    }
    let mut words = words.skip_while(|w| name::is_ttl(w) || record::class(w).is_some());
    let kind = words.next().and_then(record::known_type);
    let (first, count) = (words.clone().next().unwrap_or(""), words.count());
    let good = match kind {
        None => false,
        Some("SOA") if count >= 7 => return Looks::Sure,
        Some("A") => first.parse::<std::net::Ipv4Addr>().is_ok(),
        Some("AAAA") => first.parse::<std::net::Ipv6Addr>().is_ok(),
        Some("NS" | "CNAME" | "PTR" | "ALIAS" | "ANAME" | "DNAME") => count == 1,
        Some("MX") => count == 2 && first.parse::<u16>().is_ok(),
        Some("SRV") => count == 4 && first.parse::<u16>().is_ok(),
        Some(_) => count >= 1,
    };
    if good { Looks::Good } else { Looks::Bad }
}
