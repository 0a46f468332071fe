//! MaxMind-format databases: MaxMind's nested records and the flat ones of others, told apart when a file is opened.
//!
//! A flat file decoded as a nested record gives an *empty* record without an error, so the shape is found by looking, and a
//! database without countries is refused. The country is where the network is used, never where it is registered.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::net::IpAddr;
use std::sync::{Arc, RwLock};

use ipnetwork::IpNetwork;
use jiff::civil::Date;
use maxminddb::{PathElement, Reader, WithinOptions};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::GeoError;
use crate::model::Place;
use crate::vocab::places;

/// An open database. Its bytes stay in memory as they are in the file.
pub struct Database {
    pub name: String,
    /// When it was built, by its metadata.
    pub date: Option<Date>,
    /// `GeoLite2-Country`, `country ipvAll`.
    pub kind: String,
    reader: Reader<Cow<'static, [u8]>>,
    shape: Shape,
    memo: RwLock<HashMap<usize, Arc<Record>, BuildHasherDefault<ByOffset>>>,
}

/// How records name the country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// MaxMind: `country.iso_code`.
    Nested,
    /// A string under this key: `country_code` (ip-location-db), `country` (IPinfo).
    Flat(&'static str),
}

/// What a database says of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    Country {
        place: Place,
        note: Option<String>,
    },
    /// Announced from several places.
    Anycast {
        note: Option<String>,
    },
    /// The network is known, its country is not; or the code is no country (`EU`).
    NoCountry {
        note: Option<String>,
    },
    /// The record is broken: what was found. Never the same as nothing found.
    Unreadable(String),
}

/// A record and the network it holds for.
pub type Found = (Arc<Record>, IpNetwork);

/// Distinct records kept decoded; a country database has a few hundred, a city database many.
const MEMO_LIMIT: usize = 1 << 16;
/// Networks looked at inside one network.
const VISIT_LIMIT: usize = 1 << 17;
/// Records looked at to learn the shape.
const PROBES: usize = 20_000;

impl Database {
    /// Opens a database from its bytes; `name` is for messages.
    pub fn open(name: &str, bytes: Cow<'static, [u8]>) -> Result<Self, GeoError> {
        let error =
            |message: String, help: &str| GeoError { file: name.to_owned(), line: None, message, help: Some(help.to_owned()) };
        let reader = Reader::from_source(bytes).map_err(|e| {
            error(
                format!("this is no MaxMind database, or it is damaged ({})", brief(&e)),
                "download it again, and unpack it if it ends in .gz or .tar.gz",
            )
        })?;
        let metadata = reader.metadata();
        let (kind, epoch) = (metadata.database_type.clone(), metadata.build_epoch);
        let Some(shape) =
            shape(&reader).map_err(|e| error(format!("this database is damaged ({})", brief(&e)), "download it again"))?
        else {
            return Err(error(
                format!("this database has no countries in it (type `{kind}`)"),
                "give a country or city database: GeoLite2-Country, GeoIP2-City, DB-IP Lite, ...",
            ));
        };
        Ok(Self { name: name.to_owned(), date: date(epoch), kind, reader, shape, memo: RwLock::default() })
    }

    /// The record of an address and the network it holds for; `None`: the database does not have the address.
    /// IPv4 inside IPv6 is for [`super::special::unwrap`].
    pub fn find(&self, address: IpAddr) -> Option<(Arc<Record>, Option<IpNetwork>)> {
        let result = match self.reader.lookup(address) {
            Ok(result) => result,
            // An IPv4 database knows nothing of IPv6.
            Err(maxminddb::MaxMindDbError::InvalidInput { .. }) => return None,
            Err(e) => return Some((Arc::new(Record::Unreadable(brief(&e))), None)),
        };
        let offset = result.offset()?;
        let network = result.network().ok();
        if let Some(known) = self.memo.read().ok().and_then(|memo| memo.get(&offset).cloned()) {
            return Some((known, network));
        }
        let record = Arc::new(self.decode(&result));
        if let Ok(mut memo) = self.memo.write()
            && memo.len() < MEMO_LIMIT
        {
            memo.insert(offset, Arc::clone(&record));
        }
        Some((record, network))
    }

    /// Every different record inside a network, in address order: at most `limit`, and whether there were more (or too many
    /// networks to look at). A network may lie in two countries; `None` stands for addresses that the database does not have.
    pub fn inside(&self, network: IpNetwork, limit: usize) -> (Vec<Option<Found>>, bool) {
        let broken = |e: maxminddb::MaxMindDbError| Some((Arc::new(Record::Unreadable(brief(&e))), network));
        let options = WithinOptions::default().include_networks_without_data();
        let records = match self.reader.within(network, options) {
            Ok(records) => records,
            Err(maxminddb::MaxMindDbError::InvalidInput { .. }) => return (vec![None], false),
            Err(e) => return (vec![broken(e)], false),
        };
        let mut found: Vec<Option<Found>> = Vec::new();
        let mut known: BTreeSet<Option<usize>> = BTreeSet::new();
        for (visited, result) in records.enumerate() {
            if found.len() >= limit || visited >= VISIT_LIMIT {
                return (found, true);
            }
            match result {
                Err(e) => found.push(broken(e)),
                Ok(result) if known.insert(result.offset()) => {
                    found.push(result.has_data().then(|| (Arc::new(self.decode(&result)), result.network().unwrap_or(network))))
                }
                Ok(_) => {}
            }
        }
        (found, false)
    }

    /// From each start on, which record holds (from 1; 0: none), for IPv4 and IPv6, in address order. IPv4 inside IPv6 is for
    /// [`super::special::unwrap`].
    ///
    /// # Errors
    /// The file is damaged.
    pub fn steps(&self) -> Result<[Vec<(u128, u32)>; 2], GeoError> {
        let damaged = |e: maxminddb::MaxMindDbError| GeoError {
            file: self.name.clone(),
            line: None,
            message: format!("this database is damaged ({})", brief(&e)),
            help: Some("download it again".to_owned()),
        };
        let mut families: [Vec<(u128, u32)>; 2] = [Vec::new(), Vec::new()];
        // Address after the last network, by family; `None` after the last address of all.
        let mut ends = [Some(0_u128), Some(0_u128)];
        for result in self.reader.networks(WithinOptions::default()).map_err(damaged)? {
            let result = result.map_err(damaged)?;
            let network = result.network().map_err(damaged)?;
            let Some(offset) = result.offset() else { continue };
            let (family, bits) = if network.is_ipv4() { (0, 32) } else { (1, 128) };
            let start = super::flat::number(network.network());
            let steps = &mut families[family];
            let value = u32::try_from(offset).map_or(u32::MAX, |o| o.saturating_add(1));
            if ends[family] != Some(start)
                && let Some(end) = ends[family]
            {
                steps.push((end, 0));
            }
            if steps.last().is_none_or(|(_, last)| *last != value) {
                steps.push((start, value));
            }
            ends[family] =
                (start | super::flatten::mask(bits, network.prefix())).checked_add(1).filter(|e| bits == 128 || e >> 32 == 0);
        }
        for (steps, end) in families.iter_mut().zip(ends) {
            if let Some(end) = end {
                steps.push((end, 0));
            }
        }
        Ok(families)
    }

    fn decode<S: AsRef<[u8]>>(&self, result: &maxminddb::LookupResult<'_, S>) -> Record {
        let read = match self.shape {
            Shape::Nested => result.decode::<Nested>().map(|r| r.unwrap_or_default().record()),
            Shape::Flat(key) => {
                result.decode_path::<&str>(&[PathElement::Key(key)]).map(|code| flat(code.unwrap_or(""), result))
            }
        };
        read.unwrap_or_else(|e| Record::Unreadable(brief(&e)))
    }
}

/// A broken file can put anything into an error, at any length.
fn brief(error: &maxminddb::MaxMindDbError) -> String {
    const CHARS: usize = 120;
    let text = error.to_string();
    match text.char_indices().nth(CHARS) {
        Some((cut, _)) => format!("{}...", &text[..cut]),
        None => text,
    }
}

/// Looks at records until one shows where the country stands.
fn shape<S: AsRef<[u8]>>(reader: &Reader<S>) -> Result<Option<Shape>, maxminddb::MaxMindDbError> {
    let mut nested = false;
    let mut failure = None;
    for result in reader.networks(WithinOptions::default())?.take(PROBES) {
        let record: Probe = match result.and_then(|r| r.decode::<Probe>()) {
            Ok(Some(record)) => record,
            Ok(None) => continue,
            // One broken record must not hide the shape of the others.
            Err(e) => {
                failure.get_or_insert(e);
                continue;
            }
        };
        match record {
            Probe { country_code: Some(Value::Text(_)), .. } => return Ok(Some(Shape::Flat("country_code"))),
            Probe { country: Some(Value::Text(_)), .. } => return Ok(Some(Shape::Flat("country"))),
            Probe { country: Some(Value::Map { iso_code: Some(_) }), .. } => return Ok(Some(Shape::Nested)),
            Probe { registered_country: Some(Value::Map { .. }), .. } | Probe { continent: Some(Value::Map { .. }), .. } => {
                nested = true
            }
            _ => {}
        }
    }
    match (nested, failure) {
        (true, _) => Ok(Some(Shape::Nested)),
        (false, Some(e)) => Err(e),
        (false, None) => Ok(None),
    }
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Probe {
    country: Option<Value>,
    country_code: Option<Value>,
    registered_country: Option<Value>,
    continent: Option<Value>,
}

/// A string, a map, or neither.
enum Value {
    Text(#[allow(dead_code, reason = "only its being text matters")] ()),
    Map { iso_code: Option<IgnoredAny> },
    Other,
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Value;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("any value")
            }
            fn visit_str<E>(self, _: &str) -> Result<Value, E> {
                Ok(Value::Text(()))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                let mut iso_code = None;
                while let Some(key) = map.next_key::<&str>()? {
                    let value = map.next_value::<IgnoredAny>()?;
                    if key == "iso_code" {
                        iso_code = Some(value);
                    }
                }
                Ok(Value::Map { iso_code })
            }
            fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
                Ok(Value::Other)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
                Ok(Value::Other)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
                Ok(Value::Other)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
                Ok(Value::Other)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Value::Other)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// MaxMind's Country, City and Enterprise records, as far as a place needs them.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Nested<'a> {
    #[serde(borrow)]
    country: Option<Named<'a>>,
    #[serde(borrow)]
    registered_country: Option<Named<'a>>,
    #[serde(borrow)]
    represented_country: Option<Named<'a>>,
    #[serde(borrow)]
    city: Option<Named<'a>>,
    #[serde(borrow)]
    subdivisions: Vec<Named<'a>>,
    location: Option<Location>,
    traits: Option<Traits>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    iso_code: Option<&'a str>,
    #[serde(borrow)]
    names: HashMap<&'a str, &'a str>,
    confidence: Option<Number>,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Location {
    latitude: Option<Number>,
    longitude: Option<Number>,
    /// Kilometres around the coordinates.
    accuracy_radius: Option<Number>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Traits {
    is_anycast: bool,
}

/// A number as text. The format has five widths of them, files differ in which they use, and none of ours are computed with.
struct Number(String);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Number;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number")
            }
            fn visit_u64<E>(self, n: u64) -> Result<Number, E> {
                Ok(Number(n.to_string()))
            }
            fn visit_i64<E>(self, n: i64) -> Result<Number, E> {
                Ok(Number(n.to_string()))
            }
            fn visit_f32<E>(self, n: f32) -> Result<Number, E> {
                Ok(Number(n.to_string()))
            }
            fn visit_f64<E>(self, n: f64) -> Result<Number, E> {
                Ok(Number(n.to_string()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Nested<'_> {
    fn record(&self) -> Record {
        let mut notes: Vec<String> = Vec::new();
        let country = self.country.as_ref().and_then(|c| c.iso_code);
        if let Some(confidence) = self.country.as_ref().and_then(|c| c.confidence.as_ref()) {
            notes.push(format!("confidence {confidence} %"));
        }
        if let Some(Location { latitude: Some(latitude), longitude: Some(longitude), accuracy_radius }) = &self.location {
            notes.push(match accuracy_radius {
                Some(radius) => format!("{latitude}, {longitude} within {radius} km"),
                None => format!("{latitude}, {longitude}"),
            });
        }
        if let Some(code) = self.registered_country.as_ref().and_then(|c| c.iso_code).filter(|c| Some(*c) != country) {
            notes.push(format!("registered in {code}"));
        }
        if let Some(represented) = &self.represented_country {
            notes.push(format!(
                "represents {} ({})",
                represented.iso_code.unwrap_or("?"),
                represented.kind.unwrap_or("unknown role")
            ));
        }
        if self.traits.as_ref().is_some_and(|t| t.is_anycast) {
            return Record::Anycast { note: join(notes) };
        }
        let Some(code) = country else { return Record::NoCountry { note: join(notes) } };
        let Some(country) = places::country(code) else {
            notes.insert(0, format!("says `{code}`, which is not a country"));
            return Record::NoCountry { note: join(notes) };
        };
        // Subdivisions go from wide to narrow; some are not ISO's (China's are FIPS numbers in old records).
        let codes = self.subdivisions.iter().filter_map(|s| s.iso_code).map(|s| format!("{code}-{s}"));
        let subdivision = codes.rev().find(|s| places::subdivision(s).is_some());
        let city = self.city.as_ref().and_then(|c| c.names.get("en").copied());
        let place = places::normalize(Place { country, subdivision: subdivision.map(Into::into), city: city.map(Into::into) });
        Record::Country { place, note: join(notes) }
    }
}

/// The other keys of ip-location-db's flat city records; all optional, empty for unknown.
#[derive(Default, Deserialize)]
#[serde(default)]
struct FlatRest<'a> {
    city: Option<&'a str>,
    state1: Option<&'a str>,
    latitude: Option<Number>,
    longitude: Option<Number>,
}

fn flat<S: AsRef<[u8]>>(code: &str, result: &maxminddb::LookupResult<'_, S>) -> Record {
    let Some(country) = places::country(code) else {
        let note = (!code.is_empty()).then(|| format!("says `{code}`, which is not a country"));
        return Record::NoCountry { note };
    };
    // Only the country decides; a flat file with other types under these keys still has it.
    let rest = result.decode::<FlatRest>().ok().flatten().unwrap_or_default();
    let known = |text: Option<&str>| text.filter(|t| !t.is_empty()).map(str::to_owned);
    let coordinates = rest.latitude.zip(rest.longitude).map(|(a, b)| format!("{a}, {b}"));
    let note = join([known(rest.state1), coordinates].into_iter().flatten().collect());
    Record::Country { place: Place { country, subdivision: None, city: known(rest.city).map(Into::into) }, note }
}

fn join(notes: Vec<String>) -> Option<String> {
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// A build epoch beyond what calendars reach counts as no date.
fn date(epoch: u64) -> Option<Date> {
    let days = i32::try_from(epoch / 86_400).ok()?;
    Date::new(1970, 1, 1).ok()?.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// Offsets are spread well already; a multiplication is enough.
#[derive(Default)]
struct ByOffset(u64);

impl Hasher for ByOffset {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = (self.0 << 8) ^ u64::from(*b);
        }
    }

    fn write_usize(&mut self, n: usize) {
        self.0 = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Database {
        let path = format!("{}/tests/data/mmdb/{name}.mmdb", env!("CARGO_MANIFEST_DIR"));
        Database::open(name, Cow::Owned(bytes(&path))).unwrap()
    }

    #[allow(clippy::disallowed_methods)]
    fn bytes(path: &str) -> Vec<u8> {
        std::fs::read(path).unwrap()
    }

    fn ask(database: &Database, address: &str) -> String {
        match database.find(address.parse().unwrap()) {
            None => "-".into(),
            Some((record, network)) => {
                let network = network.map(|n| format!("/{} ", n.prefix())).unwrap_or_default();
                network
                    + &match &*record {
                        Record::Country { place, note } => format!("{place} ({})", note.as_deref().unwrap_or("")),
                        Record::Anycast { .. } => "anycast".into(),
                        Record::NoCountry { note } => format!("no country ({})", note.as_deref().unwrap_or("")),
                        Record::Unreadable(why) => format!("unreadable: {why}"),
                    }
            }
        }
    }

    /// The records that the fixtures' sources list.
    #[test]
    fn nested() {
        let city = fixture("GeoIP2-City-Test");
        let cases = [
            ("81.2.69.142", "/31 GB-ENG London (51.5142, -0.0931 within 10 km; registered in US)"),
            ("2.125.160.216", "/29 GB-WBK Boxford (51.75, -1.25 within 100 km; registered in FR)"),
            ("67.43.156.1", "/24 BT (27.5, 90.5 within 534 km; registered in RO)"),
            ("202.196.224.1", "/20 PH (13, 122 within 121 km; represents US (military))"),
            ("214.1.1.1", "/24 anycast"),
            ("2a02:d500::1", "/29 no country (48.69096, 9.14062 within 100 km)"),
            ("10.0.0.1", "-"),
        ];
        for (address, expected) in cases {
            assert_eq!(ask(&city, address), expected, "{address}");
        }
        let country = fixture("GeoIP2-Country-Test");
        assert_eq!(ask(&country, "2001:2e0::1"), "/32 HK ()");
        assert_eq!(ask(&country, "2001:238::1"), "/32 TW ()");
        let enterprise = fixture("GeoIP2-Enterprise-Test");
        assert!(ask(&enterprise, "1.231.232.1").starts_with("/24 UA-43 Dzhankoy (confidence 80 %"), "Crimea as MaxMind has it");
        assert_eq!(ask(&enterprise, "212.47.235.81"), "/32 no country ()");
        assert!(city.date.is_some_and(|d| d.year() == 2026));
    }

    #[test]
    fn flat_records() {
        static DBIP: &[u8] = include_bytes!("../../data/geo/dbip-country-lite.mmdb");
        let dbip = Database::open("dbip", Cow::Borrowed(DBIP)).unwrap();
        assert_eq!(dbip.shape, Shape::Flat("country_code"));
        assert_eq!(dbip.date, Some(jiff::civil::date(2026, 6, 1)));
        for (address, country) in
            [("18.162.0.1", "HK ()"), ("34.80.0.1", "TW ()"), ("114.114.114.114", "CN ()"), ("91.198.174.192", "NL ()")]
        {
            assert!(ask(&dbip, address).ends_with(&format!(" {country}")), "{address}: {}", ask(&dbip, address));
        }
        assert_eq!(ask(&dbip, "192.168.0.1"), "-");
        let (records, more) = dbip.inside("1.0.0.0/8".parse().unwrap(), 3);
        assert_eq!((records.len(), more), (3, true));
    }

    #[test]
    fn files_that_cannot_be_used_say_why() {
        let open = |name: &str, bytes: Vec<u8>| Database::open(name, Cow::Owned(bytes)).map(|_| ()).unwrap_err().to_string();
        let path = |name: &str| format!("{}/tests/data/mmdb/{name}.mmdb", env!("CARGO_MANIFEST_DIR"));
        let whole = bytes(&path("GeoIP2-Country-Test"));
        assert!(open("f.mmdb", Vec::new()).starts_with("f.mmdb: this is no MaxMind database, or it is damaged ("));
        assert!(open("f.mmdb", b"network,country\n1.0.0.0/24,AU\n".to_vec()).contains("no MaxMind database"));
        assert!(open("f.mmdb", whole[..whole.len() / 2].to_vec()).contains("no MaxMind database"));
        assert!(open("f.mmdb", whole[whole.len() / 2..].to_vec()).contains("damaged"));
        let asn = open("asn.mmdb", bytes(&path("GeoLite2-ASN-Test")));
        assert!(
            asn.starts_with(
                "asn.mmdb: this database has no countries in it (type `GeoLite2-ASN`); give a country or city database"
            ),
            "{asn}"
        );
    }

    /// Whatever bytes are broken: an error or an answer, never a panic.
    #[test]
    fn corrupt_files_do_not_panic() {
        let path = format!("{}/tests/data/mmdb/GeoIP2-Country-Test.mmdb", env!("CARGO_MANIFEST_DIR"));
        let whole = bytes(&path);
        for at in (0..whole.len()).step_by(97) {
            let mut broken = whole.clone();
            broken[at] ^= 0xff;
            if let Ok(database) = Database::open("f", Cow::Owned(broken)) {
                for address in ["81.2.69.142", "2001:2e0::1", "214.1.1.1"] {
                    database.find(address.parse().unwrap());
                }
            }
        }
        // A broken record is not "nothing found".
        let broken = fixture("GeoIP2-City-Test-Broken-Double-Format");
        assert!(ask(&broken, "2001:220::1").contains("unreadable: "), "{}", ask(&broken, "2001:220::1"));
    }
}
