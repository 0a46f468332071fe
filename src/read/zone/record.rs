//! One resource record: type and data, from words. Only the types that say where a name leads are looked into.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use super::answer::Answer;
use super::name;
use crate::read::words::{Effect, Vocabulary, Words};
use crate::source::Location;

/// What a record says, as far as it matters for where data goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    Address(IpAddr),
    Cname(String),
    /// ALIAS, ANAME: a CNAME that the server follows itself.
    Alias(String),
    Dname(String),
    Ns(String),
    /// The target is empty for the null MX (RFC 7505).
    Mx {
        preference: u16,
        target: String,
    },
    /// RFC 2782. The target is empty where the service is not offered.
    Srv {
        priority: u16,
        weight: u16,
        port: u16,
        target: String,
    },
    /// SVCB and HTTPS (RFC 9460). Priority 0 is the alias mode; an empty target is the owner itself.
    Service {
        priority: u16,
        target: String,
        port: Option<u16>,
        hints: Vec<IpAddr>,
    },
    Soa,
    /// A record that is worked out for each query: of which type, and what it may say.
    Chosen {
        kind: String,
        answer: Box<Answer>,
    },
    /// PowerDNS's LUA, before it is understood: the type of what it gives, and its code in pieces.
    Lua {
        kind: String,
        code: Vec<Part>,
    },
    /// gdnsd's DYNA and DYNC: the resource of a plugin that the server's configuration defines.
    Resource(String),
    /// A type that answers no address and names no server for data.
    Inert,
    /// A type that may lead somewhere and is not followed: its name.
    Unfollowed(String),
}

/// A record with its absolute owner.
#[derive(Clone, Debug)]
pub struct Record {
    pub owner: String,
    pub data: Data,
    /// What it leads to; for others the type.
    pub location: Location,
}

/// A word of a record, from the text or made by `$GENERATE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub text: String,
    pub location: Location,
}

/// What is wrong, and with which word.
pub type Wrong = (Location, String);

/// Types that place nothing; 65534 is BIND's own signing state. <https://www.iana.org/assignments/dns-parameters>
const INERT: &str = "APL ATMA AVC BRID CAA CDNSKEY CDS CERT CLA CSYNC DHCID DLV DNSKEY DOA DS DSYNC EID EUI48 EUI64 GID GPOS HHIT \
    HINFO IPN ISDN KEY LOC MG MINFO MR NID NIMLOC NINFO NSAP NSAP-PTR NSEC NSEC3 NSEC3PARAM NULL NXT OPENPGPKEY \
    PTR RESINFO RKEY RP RRSIG SIG SINK SMIMEA SPF SSHFP TA TALINK TLSA TXT TYPE65534 UID UINFO UNSPEC WALLET WKS \
    X25 ZONEMD";

/// Types that can lead data somewhere and are not followed.
const UNFOLLOWED: &str = "A6 AFSDB AMTRELAY HIP IPSECKEY KX L32 L64 LP MB MD MF NAPTR PX RT URI";

const FOLLOWED: &str = "A AAAA ALIAS ANAME CNAME DNAME DYNA DYNC HTTPS LUA MX NS SOA SRV SVCB";

const TYPES: &str = "record types";

/// `$` words are read by [`super::collect`].
pub const TABLE: &[Words] = &[
    Words { part: TYPES, followed: FOLLOWED, harmless: INERT, refused: UNFOLLOWED },
    Words { part: "directives", followed: "$GENERATE $INCLUDE $ORIGIN", harmless: "$TTL", refused: "" },
];

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

/// Types that may be written by number (RFC 3597), with their names.
const NUMBERS: &[(u16, &str)] = &[
    (1, "A"),
    (2, "NS"),
    (5, "CNAME"),
    (6, "SOA"),
    (12, "PTR"),
    (15, "MX"),
    (16, "TXT"),
    (28, "AAAA"),
    (33, "SRV"),
    (39, "DNAME"),
    (43, "DS"),
    (44, "SSHFP"),
    (46, "RRSIG"),
    (47, "NSEC"),
    (48, "DNSKEY"),
    (50, "NSEC3"),
    (51, "NSEC3PARAM"),
    (52, "TLSA"),
    (53, "SMIMEA"),
    (59, "CDS"),
    (60, "CDNSKEY"),
    (61, "OPENPGPKEY"),
    (62, "CSYNC"),
    (63, "ZONEMD"),
    (64, "SVCB"),
    (65, "HTTPS"),
    (257, "CAA"),
    (65534, "TYPE65534"),
];

/// The type's name in capitals if it is a known one (`TYPE28` becomes `AAAA`).
pub fn known_type(raw: &str) -> Option<&'static str> {
    let upper = raw.to_ascii_uppercase();
    if let Some(number) = upper.strip_prefix("TYPE").and_then(|n| n.parse::<u16>().ok()) {
        return NUMBERS.iter().find(|(n, _)| *n == number).map(|(_, name)| *name);
    }
    VOCABULARY.words(TYPES).find(|t| *t == upper)
}

/// Whether a word is a class, and whether that is the Internet's.
pub fn class(raw: &str) -> Option<bool> {
    match raw.to_ascii_uppercase().as_str() {
        "IN" | "CLASS1" => Some(true),
        "CH" | "HS" | "CS" | "NONE" | "ANY" => Some(false),
        other => other.strip_prefix("CLASS").filter(|n| n.parse::<u16>().is_ok()).map(|_| false),
    }
}

/// Reads `[ttl] [class] type data...` (RFC 1035 lets TTL and class stand in either order).
pub fn parse(owner: &str, parts: &[Part], line: Location, origin: Option<&str>) -> Result<Record, Wrong> {
    let mut rest = parts;
    let (mut ttl, mut internet) = (false, None);
    let kind = loop {
        let Some((part, after)) = rest.split_first() else {
            return Err((line, "no record type".to_owned()));
        };
        rest = after;
        if !ttl && name::is_ttl(&part.text) {
            ttl = true;
        } else if internet.is_none() && class(&part.text).is_some() {
            internet = class(&part.text);
        } else {
            break part;
        }
    };
    let record = |data, location| Ok(Record { owner: owner.to_owned(), data, location });
    if internet == Some(false) {
        return record(Data::Inert, kind.location);
    }
    let Some(known) = known_type(&kind.text) else {
        let plausible = kind.text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !rest.is_empty();
        return if plausible {
            record(Data::Unfollowed(kind.text.to_ascii_uppercase()), kind.location)
        } else {
            Err((kind.location, format!("`{}` is no record type", shorten(&kind.text))))
        };
    };
    let effect = VOCABULARY.effect(TYPES, known);
    if effect == Some(Effect::Harmless) {
        return record(Data::Inert, kind.location);
    }
    if effect == Some(Effect::Refused) {
        return record(Data::Unfollowed(known.to_owned()), kind.location);
    }
    if known == "LUA" {
        let Some((of, code)) = rest.split_first() else { return Err((kind.location, "this LUA record breaks off".to_owned())) };
        let location = code.first().map_or(of.location, |p| p.location);
        return record(Data::Lua { kind: of.text.to_ascii_uppercase(), code: code.to_vec() }, location);
    }
    if rest.first().is_some_and(|p| p.text == "\\#") {
        let data = match generic(known, &rest[1..]) {
            Some(ip) => Data::Address(ip),
            None if matches!(known, "A" | "AAAA") => {
                return Err((rest[0].location, format!("this is no {known} record in the generic form of RFC 3597")));
            }
            None => Data::Unfollowed(format!("{known} in generic form")),
        };
        return record(data, rest[0].location);
    }
    let mut fields = Fields { rest, kind: known, at: kind.location, origin };
    let data = fields.data()?;
    if let Some(extra) = fields.rest.first() {
        return Err((extra.location, format!("`{}` is one word too many for {known}", shorten(&extra.text))));
    }
    record(data, fields.at)
}

/// The data of one record, taken field by field.
struct Fields<'a> {
    rest: &'a [Part],
    kind: &'static str,
    /// The word that was taken last.
    at: Location,
    origin: Option<&'a str>,
}

impl Fields<'_> {
    fn data(&mut self) -> Result<Data, Wrong> {
        Ok(match self.kind {
            "A" => Data::Address(IpAddr::V4(self.parsed::<Ipv4Addr>("an IPv4 address")?)),
            "AAAA" => Data::Address(IpAddr::V6(self.parsed::<Ipv6Addr>("an IPv6 address")?)),
            "CNAME" => Data::Cname(self.target()?),
            "ALIAS" | "ANAME" => Data::Alias(self.target()?),
            "DNAME" => Data::Dname(self.name()?),
            "NS" => Data::Ns(self.target()?),
            "MX" => Data::Mx { preference: self.number()?, target: self.name()? },
            "SRV" => Data::Srv { priority: self.number()?, weight: self.number()?, port: self.number()?, target: self.name()? },
            "SVCB" | "HTTPS" => self.service()?,
            // `plugin!resource`, or a plugin alone.
            "DYNA" | "DYNC" => Data::Resource(self.word()?.to_owned()),
            // Seven fields; a zone with a broken one still says where its names lead.
            _ => {
                self.rest = &[];
                Data::Soa
            }
        })
    }

    fn word(&mut self) -> Result<&str, Wrong> {
        let Some((part, rest)) = self.rest.split_first() else {
            return Err((self.at, format!("this {} record breaks off", self.kind)));
        };
        self.rest = rest;
        self.at = part.location;
        Ok(&part.text)
    }

    fn parsed<T: std::str::FromStr>(&mut self, what: &str) -> Result<T, Wrong> {
        let word = self.word()?;
        let parsed = word.parse().map_err(|_| format!("`{}` is not {what}", shorten(word)));
        parsed.map_err(|message| (self.at, message))
    }

    fn number(&mut self) -> Result<u16, Wrong> {
        self.parsed("a number up to 65535")
    }

    fn name(&mut self) -> Result<String, Wrong> {
        let origin = self.origin;
        let word = self.word()?;
        let name = name::absolute(word, origin).map_err(|why| format!("the name `{}` {why}", shorten(word)));
        name.map_err(|message| (self.at, message))
    }

    /// A name that cannot be the root.
    fn target(&mut self) -> Result<String, Wrong> {
        let name = self.name()?;
        if name.is_empty() { Err((self.at, format!("{} leads to the root of the DNS", self.kind))) } else { Ok(name) }
    }

    fn service(&mut self) -> Result<Data, Wrong> {
        let priority = self.number()?;
        let target = self.name()?;
        let at = self.at;
        let (mut port, mut hints) = (None, Vec::new());
        while !self.rest.is_empty() {
            let word = self.word()?.to_owned();
            let (key, value) = word.split_once('=').unwrap_or((&word, ""));
            let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
            let bad = |what: &str| (self.at, format!("`{}` of `{}` is not {what}", shorten(value), shorten(key)));
            match key.to_ascii_lowercase().as_str() {
                "port" | "key3" => port = Some(value.parse().map_err(|_| bad("a port"))?),
                "ipv4hint" | "key4" => {
                    for hint in value.split(',') {
                        hints.push(IpAddr::V4(hint.parse().map_err(|_| bad("a list of IPv4 addresses"))?));
                    }
                }
                "ipv6hint" | "key6" => {
                    for hint in value.split(',') {
                        hints.push(IpAddr::V6(hint.parse().map_err(|_| bad("a list of IPv6 addresses"))?));
                    }
                }
                _ => {}
            }
        }
        self.at = at;
        Ok(Data::Service { priority, target, port, hints })
    }
}

/// `\# 4 C0000201`: the address in the generic form of RFC 3597.
fn generic(kind: &str, parts: &[Part]) -> Option<IpAddr> {
    let (length, digits) = parts.split_first()?;
    let hex: String = digits.iter().map(|p| p.text.as_str()).collect();
    match (kind, length.text.as_str(), hex.len()) {
        ("A", "4", 8) => Some(IpAddr::V4(u32::from_str_radix(&hex, 16).ok()?.into())),
        ("AAAA", "16", 32) => Some(IpAddr::V6(u128::from_str_radix(&hex, 16).ok()?.into())),
        _ => None,
    }
}

/// A word for a message.
pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or("")),
        None => text.to_owned(),
    }
}
