//! The user's range files: AWS ip-ranges.json, Google cloud.json, Azure Service Tags, Oracle public_ip_ranges.json, geofeeds
//! (RFC 8805), `prefix,provider,region` tables, and plain lists of prefixes. Told apart by content, never by name.
//!
//! A file with one bad entry is refused as a whole: a wider prefix would answer for the lost one, and wrongly.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ipnetwork::IpNetwork;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de};

use super::range::{Ranges, Says};
use super::{GeoError, Kind, region};
use crate::model::Place;
use crate::vocab::places;

/// A file that was read.
#[derive(Debug)]
pub struct RangeFile {
    /// `geofeed`, `aws ip-ranges`...: what it turned out to be.
    pub format: &'static str,
    /// When it was made, if it says so.
    pub date: Option<Date>,
    pub ranges: Ranges,
}

/// Reads one file; `name` is for messages and, for a plain list, tells the provider (`cloudflare/ipv4.txt`).
pub fn read(name: &str, bytes: &[u8]) -> Result<RangeFile, Vec<GeoError>> {
    let error = |line: Option<usize>, message: String, help: Option<&str>| {
        vec![GeoError { file: name.to_owned(), line, message, help: help.map(str::to_owned) }]
    };
    let text = std::str::from_utf8(bytes).map_err(|_| {
        error(
            None,
            "this is neither text nor a known table of ranges".into(),
            Some("give an MMDB file as `[geo] databases` or --geoip"),
        )
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let read = if text.trim_start().starts_with(['{', '[']) { json(text) } else { lines(name, text) };
    let (format, date, builder) = read.map_err(|problems| {
        let made = |p: Problem| GeoError { file: name.to_owned(), line: p.line, message: p.message, help: p.help };
        problems.into_iter().map(made).collect::<Vec<_>>()
    })?;
    if builder.entries.is_empty() {
        return Err(error(None, "this file lists no address range".into(), None));
    }
    let ranges = builder.finish().map_err(|message| error(None, message, None))?;
    Ok(RangeFile { format, date, ranges })
}

struct Problem {
    line: Option<usize>,
    message: String,
    help: Option<String>,
}

type Read = (&'static str, Option<Date>, Builder);

/// Entries by prefix; a prefix that stands twice keeps everything that is said of it.
#[derive(Default)]
struct Builder {
    entries: BTreeMap<IpNetwork, BTreeSet<usize>>,
    says: Vec<Says>,
    known: BTreeMap<(String, String), usize>,
}

impl Builder {
    fn add(&mut self, network: IpNetwork, provider: &str, where_: &str) {
        let key = (provider.to_owned(), where_.to_owned());
        let index = match self.known.get(&key) {
            Some(index) => *index,
            None => {
                self.known.insert(key, self.says.len());
                self.says.push(Says::of(provider, where_));
                self.says.len() - 1
            }
        };
        self.insert(network, index);
    }

    /// `key` tells equal answers.
    fn add_says(&mut self, network: IpNetwork, key: &str, says: impl FnOnce() -> Says) {
        let index = *self.known.entry((String::new(), key.to_owned())).or_insert_with(|| {
            self.says.push(says());
            self.says.len() - 1
        });
        self.insert(network, index);
    }

    fn insert(&mut self, network: IpNetwork, index: usize) {
        let network = IpNetwork::new(network.network(), network.prefix()).unwrap_or(network);
        self.entries.entry(network).or_default().insert(index);
    }

    fn finish(mut self) -> Result<Ranges, String> {
        let mut joined: BTreeMap<BTreeSet<usize>, usize> = BTreeMap::new();
        let mut entries = Vec::with_capacity(self.entries.len());
        for (network, says) in self.entries {
            let index = match says.first() {
                Some(only) if says.len() == 1 => *only,
                _ => *joined.entry(says).or_insert_with_key(|set| {
                    self.says.push(join(set.iter().map(|i| &self.says[*i])));
                    self.says.len() - 1
                }),
            };
            let index = u16::try_from(index).ok().filter(|i| *i < u16::MAX);
            entries.push((network, index.ok_or("names more than 65,534 different places; split it into several files")?));
        }
        Ok(Ranges::new(entries, self.says))
    }
}

/// One prefix under several regions (AWS lists it once a service): any of the places; anycast if one says so.
fn join<'a>(all: impl Iterator<Item = &'a Says> + Clone) -> Says {
    let kinds: BTreeSet<Kind> = all.clone().map(|s| s.kind).collect();
    let matched = all.clone().map(|s| s.matched.as_str()).collect::<Vec<_>>().join(", ");
    let note = Some("listed under several regions".to_owned());
    for kind in [Kind::Anycast, Kind::Edge, Kind::Global, Kind::Unknown] {
        if kinds.contains(&kind) {
            return Says { kind, places: Vec::new(), matched, note };
        }
    }
    let places: BTreeSet<Place> = all.flat_map(|s| s.places.iter().cloned()).collect();
    Says { kind: Kind::MultiRegion, places: places.into_iter().collect(), matched, note }
}

// ---- JSON ----

/// A prefix; a bad one is an error with its line.
struct Net(IpNetwork);

impl<'de> Deserialize<'de> for Net {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Net;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address range such as \"192.0.2.0/24\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Net, E> {
                text.parse().map(Net).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[derive(Deserialize)]
struct Aws {
    #[serde(rename = "createDate")]
    created: Option<String>,
    #[serde(default)]
    prefixes: Vec<AwsPrefix>,
    #[serde(default)]
    ipv6_prefixes: Vec<AwsPrefix>,
}

#[derive(Deserialize)]
struct AwsPrefix {
    #[serde(alias = "ipv6_prefix")]
    ip_prefix: Net,
    region: String,
    #[serde(default)]
    service: String,
    network_border_group: Option<String>,
}

#[derive(Deserialize)]
struct Google {
    #[serde(rename = "creationTime")]
    created: Option<String>,
    prefixes: Vec<GooglePrefix>,
}

#[derive(Deserialize)]
struct GooglePrefix {
    #[serde(rename = "ipv4Prefix", alias = "ipv6Prefix")]
    prefix: Net,
    /// Absent in goog.json, which only says that addresses are Google's.
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Azure {
    values: Vec<AzureTag>,
}

#[derive(Deserialize)]
struct AzureTag {
    properties: AzureProperties,
}

#[derive(Deserialize)]
struct AzureProperties {
    #[serde(default)]
    region: String,
    #[serde(rename = "addressPrefixes")]
    prefixes: Vec<Net>,
}

#[derive(Deserialize)]
struct Oracle {
    #[serde(rename = "last_updated_timestamp")]
    created: Option<String>,
    regions: Vec<OracleRegion>,
}

#[derive(Deserialize)]
struct OracleRegion {
    region: String,
    cidrs: Vec<OracleCidr>,
}

#[derive(Deserialize)]
struct OracleCidr {
    cidr: Net,
}

fn json(text: &str) -> Result<Read, Vec<Problem>> {
    let mut builder = Builder::default();
    if text.contains("\"ip_prefix\"") || text.contains("\"ipv6_prefix\"") {
        let file: Aws = parse(text, "AWS ip-ranges.json")?;
        for p in file.prefixes.into_iter().chain(file.ipv6_prefixes) {
            // Accelerator addresses are announced everywhere, whatever region they are booked under.
            let anycast = p.service == "GLOBALACCELERATOR";
            let where_ = p.network_border_group.as_deref().unwrap_or(&p.region);
            builder.add(p.ip_prefix.0, "aws", if anycast { "ANYCAST" } else { where_ });
        }
        return Ok(("AWS ip-ranges", date(file.created), builder));
    }
    if text.contains("\"ipv4Prefix\"") || text.contains("\"ipv6Prefix\"") {
        let file: Google = parse(text, "Google cloud.json")?;
        for p in file.prefixes {
            builder.add(p.prefix.0, "gcp", p.scope.as_deref().unwrap_or(""));
        }
        return Ok(("Google ranges", date(file.created), builder));
    }
    if text.contains("\"addressPrefixes\"") {
        let file: Azure = parse(text, "Azure Service Tags")?;
        // A tag without a region (Storage, AzureCloud) repeats the prefixes of the tags with one; it counts where it is alone.
        let (regional, global): (Vec<_>, Vec<_>) = file.values.into_iter().partition(|t| !t.properties.region.is_empty());
        for tag in regional {
            for p in tag.properties.prefixes {
                builder.add(p.0, "azure", &tag.properties.region);
            }
        }
        for p in global.into_iter().flat_map(|t| t.properties.prefixes) {
            if !builder.entries.contains_key(&p.0) {
                builder.add(p.0, "azure", "");
            }
        }
        return Ok(("Azure Service Tags", None, builder));
    }
    if text.contains("\"cidrs\"") {
        let file: Oracle = parse(text, "Oracle public_ip_ranges.json")?;
        for region in file.regions {
            for c in region.cidrs {
                builder.add(c.cidr.0, "oci", &region.region);
            }
        }
        return Ok(("Oracle ranges", date(file.created), builder));
    }
    Err(vec![Problem {
        line: None,
        message: "this is JSON, but no list of address ranges that onshore knows".into(),
        help: Some(
            "known are AWS ip-ranges.json, Google cloud.json, Azure Service Tags and Oracle public_ip_ranges.json".into(),
        ),
    }])
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str, what: &str) -> Result<T, Vec<Problem>> {
    serde_json::from_str(text).map_err(|e| {
        let line = (e.line() > 0).then(|| e.line());
        let why = e.to_string();
        let why = why.split(" at line ").next().unwrap_or(&why);
        vec![Problem { line, message: format!("this cannot be read as {what}: {why}"), help: None }]
    })
}

/// `2026-08-22-15-17-05` (AWS), `2026-10-26T00:00:00.123` (others).
fn date(text: Option<String>) -> Option<Date> {
    text?.get(..10)?.parse().ok()
}

// ---- lines ----

const MAX_PROBLEMS: usize = 20;

fn lines(name: &str, text: &str) -> Result<Read, Vec<Problem>> {
    let mut builder = Builder::default();
    let mut problems = Vec::new();
    let mut format = "list of ranges";
    let mut table = false;
    let of_name = provider_in(name);
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        let fields: Vec<&str> = line.split(',').map(|f| f.trim().trim_matches('"')).collect();
        if builder.entries.is_empty() && fields[0].eq_ignore_ascii_case("prefix") {
            table = fields.get(1).is_some_and(|f| f.eq_ignore_ascii_case("provider"));
            continue;
        }
        let added = fields[0]
            .parse::<IpNetwork>()
            .map_err(|_| (format!("{} is not an address range", quoted(fields[0])), None))
            .and_then(|network| {
                match fields.as_slice() {
                    [_] => builder.add(network, of_name.unwrap_or(name), ""),
                    [_, provider, rest @ ..] if table => builder.add(network, provider, rest.first().copied().unwrap_or("")),
                    [_, country, rest @ ..] => {
                        format = "geofeed";
                        let says = geofeed(country, rest)?;
                        builder.add_says(network, &fields[1..].join(","), || says);
                    }
                    [] => {}
                }
                Ok(())
            });
        if let Err((message, help)) = added {
            problems.push(Problem { line: Some(number), message, help });
            if problems.len() == MAX_PROBLEMS {
                break;
            }
        }
    }
    if problems.is_empty() { Ok((if table { "table of ranges" } else { format }, None, builder)) } else { Err(problems) }
}

/// RFC 8805: `prefix,country,subdivision,city,postal`. An empty country asks not to be placed.
fn geofeed(country: &str, rest: &[&str]) -> Result<Says, (String, Option<String>)> {
    let matched = "geofeed".to_owned();
    if country.is_empty() {
        let note = Some("the geofeed withholds the place (RFC 8805, section 2.1.1.2)".to_owned());
        return Ok(Says { kind: Kind::Unknown, places: Vec::new(), matched, note });
    }
    let Some(code) = places::country(&country.to_ascii_uppercase()) else {
        let meant = places::country_by_name(country).map(|c| format!("did you mean `{c}`?"));
        return Err((format!("{} is not an ISO 3166 country code", quoted(country)), meant));
    };
    let named = |i: usize| rest.get(i).copied().filter(|f| !f.is_empty());
    let subdivision =
        named(0).map(str::to_ascii_uppercase).filter(|s| s.starts_with(code.as_str()) && places::subdivision(s).is_some());
    let note =
        named(0).filter(|_| subdivision.is_none()).map(|s| format!("{} is no subdivision of {code} in ISO 3166-2", quoted(s)));
    let place =
        places::normalize(Place { country: code, subdivision: subdivision.map(Into::into), city: named(1).map(Into::into) });
    Ok(Says { kind: Kind::Unicast, places: vec![place], matched, note })
}

/// The provider that a path names: `lists/cloudflare/ipv4.txt`, `aws.txt`.
fn provider_in(name: &str) -> Option<&'static str> {
    name.rsplit(['/', '\\']).flat_map(|part| part.split(['.', '_'])).find_map(region::provider)
}

/// A word of the file; of what is no word at all, such as a line of a binary file, the beginning.
fn quoted(word: &str) -> String {
    const LONG: usize = 80;
    match word.char_indices().nth(LONG) {
        Some((end, _)) => format!("`{} ...`", &word[..end]),
        None => format!("`{word}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(file: &str, text: &str, address: &str) -> String {
        let file = read(file, text.as_bytes()).unwrap();
        file.ranges.find(address.parse().unwrap()).map_or("-".into(), |(network, says)| {
            let places: Vec<String> = says.places.iter().map(ToString::to_string).collect();
            format!("{network} {} {} {}", says.matched, says.kind.as_str(), places.join("|"))
        })
    }

    fn errors(text: &str) -> String {
        read("f", text.as_bytes()).unwrap_err().iter().map(|e| format!("{e}\n")).collect()
    }

    #[test]
    fn provider_files() {
        let aws = r#"{"syncToken": "1", "createDate": "2026-08-22-15-17-05", "prefixes": [
            {"ip_prefix": "96.0.80.0/22", "region": "ap-southeast-2", "service": "EC2", "network_border_group": "ap-southeast-2-akl-1"},
            {"ip_prefix": "3.5.0.0/19", "region": "us-east-1", "service": "S3", "network_border_group": "us-east-1"},
            {"ip_prefix": "3.5.0.0/19", "region": "eu-west-1", "service": "AMAZON", "network_border_group": "eu-west-1"},
            {"ip_prefix": "3.33.0.0/16", "region": "us-east-1", "service": "GLOBALACCELERATOR", "network_border_group": "us-east-1"}],
            "ipv6_prefixes": [{"ipv6_prefix": "2600:f000::/40", "region": "us-north-9", "service": "EC2", "network_border_group": "us-north-9"}]}"#;
        assert_eq!(read("f", aws.as_bytes()).unwrap().date, Some(jiff::civil::date(2026, 8, 22)));
        assert_eq!(ask("f", aws, "96.0.80.1"), "96.0.80.0/22 aws/ap-southeast-2-akl-1 unicast NZ-AUK Auckland");
        assert_eq!(
            ask("f", aws, "3.5.0.1"),
            "3.5.0.0/19 aws/us-east-1, aws/eu-west-1 multi-region IE-D Dublin|US-VA Ashburn (N. Virginia)"
        );
        assert_eq!(ask("f", aws, "3.33.0.1"), "3.33.0.0/16 aws/ANYCAST anycast ");
        assert_eq!(ask("f", aws, "2600:f000::1"), "2600:f000::/40 aws/us-north-9 unknown ");
        let google = r#"{"creationTime": "2026-10-26T01:02:03", "prefixes": [{"ipv4Prefix": "34.1.208.0/20", "service": "Google Cloud", "scope": "asia-east2"},
            {"ipv6Prefix": "2600:1900::/35", "scope": "global"}]}"#;
        assert_eq!(ask("f", google, "34.1.208.1"), "34.1.208.0/20 gcp/asia-east2 unicast HK Hong Kong");
        assert_eq!(ask("f", google, "2600:1900::1"), "2600:1900::/35 gcp/global global ");
        let azure = r#"{"changeNumber": 1, "values": [
            {"name": "AzureCloud", "properties": {"region": "", "addressPrefixes": ["4.1.0.0/16", "4.2.0.0/16"]}},
            {"name": "AzureCloud.centralfrance", "properties": {"region": "centralfrance", "addressPrefixes": ["4.1.0.0/16"]}}]}"#;
        assert_eq!(ask("f", azure, "4.1.0.1"), "4.1.0.0/16 azure/centralfrance unicast FR-IDF Paris");
        assert_eq!(ask("f", azure, "4.2.0.1"), "4.2.0.0/16 azure unicast ");
        let oracle = r#"{"last_updated_timestamp": "2026-10-20T00:00:00Z", "regions": [{"region": "eu-jovanovac-1", "cidrs": [{"cidr": "5.1.0.0/24", "tags": ["OCI"]}]}]}"#;
        assert_eq!(ask("f", oracle, "5.1.0.1"), "5.1.0.0/24 oci/eu-jovanovac-1 unicast RS Jovanovac");
    }

    #[test]
    fn text_files() {
        let feed = "\u{feff}# our feed\n192.0.2.0/24,US,US-CA,San Jose,\n2001:db8::/32,cn,CN-HK,,\n198.51.100.0/24,,,,\n203.0.113.0/25,DE,DE-QQ,,\n";
        assert_eq!(ask("f", feed, "192.0.2.1"), "192.0.2.0/24 geofeed unicast US-CA San Jose");
        assert_eq!(ask("f", feed, "2001:db8::1"), "2001:db8::/32 geofeed unicast HK");
        assert_eq!(ask("f", feed, "198.51.100.1"), "198.51.100.0/24 geofeed unknown ");
        assert_eq!(ask("f", feed, "203.0.113.1"), "203.0.113.0/25 geofeed unicast DE");
        assert_eq!(ask("lists/cloudflare/ipv4.txt", "104.16.0.0/13\n", "104.16.0.1"), "104.16.0.0/13 cloudflare anycast ");
        assert_eq!(ask("digitalocean.txt", "5.101.96.0/20\n", "5.101.96.1"), "5.101.96.0/20 digitalocean unicast ");
        let table = "prefix,provider,region\n10.0.0.0/8,aws,eu-west-1\n10.1.0.0/16,huawei,ap-southeast-1\n";
        assert_eq!(ask("f", table, "10.1.0.1"), "10.1.0.0/16 huawei/ap-southeast-1 unicast HK Hong Kong");
        assert_eq!(ask("f", table, "10.2.0.1"), "10.0.0.0/8 aws/eu-west-1 unicast IE-D Dublin");
    }

    #[test]
    fn errors_name_file_line_and_remedy() {
        assert_eq!(errors("192.0.2.0/24,US,,,\n192.0.2.0/40,US,,,\n"), "f:2: `192.0.2.0/40` is not an address range\n");
        assert_eq!(
            errors("\n1.2.3.0/24,UK,,,\n1.2.4.0/24,EU,,,\n"),
            "f:2: `UK` is not an ISO 3166 country code; did you mean `GB`?\nf:3: `EU` is not an ISO 3166 country code\n"
        );
        assert_eq!(
            errors("{\"prefixes\": [\n{\"ip_prefix\": \"1.2.3\", \"region\": \"x\"}]}"),
            "f:2: this cannot be read as AWS ip-ranges.json: invalid value: string \"1.2.3\", expected an address range such as \"192.0.2.0/24\"\n"
        );
        assert_eq!(errors(&"PK".repeat(5000)), format!("f:1: `{} ...` is not an address range\n", "PK".repeat(40)));
        assert_eq!(errors(""), "f: this file lists no address range\n");
        assert!(errors("{}").starts_with("f: this is JSON, but no list of address ranges"));
        assert!(errors("{\"ip_prefix\": ").starts_with("f:1: this cannot be read as AWS ip-ranges.json: EOF"));
        assert!(read("f", b"\xff\xfe\x00").is_err());
    }
}
