//! Regions and zones of cloud providers: `data/regions/*.csv`, looked up by provider and id.
//!
//! Always with the provider: nine ids mean different countries at different providers. A region that the table does not have
//! is unknown, never guessed from its name (`eu-jovanovac-1` is in Serbia, a Local Zone stands in another country than its region).

use std::collections::HashMap;
use std::sync::OnceLock;

use super::Kind;
use crate::model::{Country, Place};

macro_rules! tables {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../../data/regions/", $name, ".csv")))),*] };
}

/// Provider and table; `tests/data.rs` checks that no file of the folder is left out.
pub static TABLES: &[(&str, &str)] = tables![
    "alibaba",
    "aws",
    "azure",
    "cloudflare",
    "digitalocean",
    "fly",
    "gcp",
    "hetzner",
    "huawei",
    "ibm",
    "kakao",
    "linode",
    "mongodb-atlas",
    "naver",
    "oci",
    "ovh",
    "scaleway",
    "snowflake",
    "tencent",
    "vercel",
    "vultr",
    "yandex",
];

/// What else providers are called: Terraform providers, company and product names.
const CALLED: &[(&str, &str)] = &[
    ("alibabacloud", "alibaba"),
    ("alicloud", "alibaba"),
    ("aliyun", "alibaba"),
    ("amazon", "aws"),
    ("amazonaws", "aws"),
    ("amazonwebservices", "aws"),
    ("atlas", "mongodb-atlas"),
    ("awscn", "aws"),
    ("awsusgov", "aws"),
    ("az", "azure"),
    ("azurerm", "azure"),
    ("azurestack", "azure"),
    ("do", "digitalocean"),
    ("ec2", "aws"),
    ("flyio", "fly"),
    ("gce", "gcp"),
    ("google", "gcp"),
    ("googlebeta", "gcp"),
    ("googlecloud", "gcp"),
    ("hcloud", "hetzner"),
    ("hetznercloud", "hetzner"),
    ("huaweicloud", "huawei"),
    ("ibmcloud", "ibm"),
    ("kakaocloud", "kakao"),
    ("microsoft", "azure"),
    ("microsoftazure", "azure"),
    ("mongodbatlas", "mongodb-atlas"),
    ("navercloud", "naver"),
    ("ncloud", "naver"),
    ("oracle", "oci"),
    ("oraclecloud", "oci"),
    ("ovhcloud", "ovh"),
    ("qcloud", "tencent"),
    ("scw", "scaleway"),
    ("tencentcloud", "tencent"),
    ("yandexcloud", "yandex"),
    ("yc", "yandex"),
];

/// One row of a table.
#[derive(Clone, Debug)]
pub struct Region {
    pub provider: &'static str,
    pub id: Box<str>,
    /// Empty: the provider has it, but it has no place (`global`) or none that is known.
    pub places: Vec<Place>,
    pub kind: Kind,
    /// The region of a local zone.
    pub parent: Box<str>,
    /// Clouds of one provider that share nothing: `aws`, `aws-cn`, `aws-eusc`.
    pub partition: Box<str>,
    /// Who runs it, if not the provider.
    pub operator: Box<str>,
    pub status: Box<str>,
    /// `high`, `medium`, `low`.
    pub confidence: Box<str>,
    pub note: Box<str>,
}

/// The name a provider has in the tables, from any name in use: `azurerm`, `Amazon Web Services`.
pub fn provider(text: &str) -> Option<&'static str> {
    let plain: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let same = |name: &str| name.chars().filter(|c| *c != '-').eq(plain.chars());
    TABLES
        .iter()
        .map(|(name, _)| *name)
        .find(|name| same(name))
        .or_else(|| CALLED.iter().find(|(called, _)| *called == plain).map(|(_, name)| *name))
}

/// The rows of a provider (by its name in the tables) that an id, alias, zone or display name means; usually one or none.
pub fn find(provider: &str, id: &str) -> Vec<&'static Region> {
    let Some(index) = TABLES.iter().position(|(name, _)| *name == provider).map(index) else { return Vec::new() };
    let id = tail(provider, id.trim());
    // GCP's `EUR5` (Cloud Storage) and `eur5` (Spanner) are different sets, so the exact spelling comes first.
    if let Some(rows) = index.exact.get(id) {
        return rows.iter().map(|i| &index.rows[*i]).collect();
    }
    let lower = id.to_lowercase();
    let folded = |key: &str| index.folded.get(key).map(Vec::as_slice);
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    let letter = lower.strip_suffix(|c: char| c.is_ascii_lowercase());
    let rows = folded(&lower)
        .or_else(|| folded(&lower.replace([' ', '_'], "")))
        .or_else(|| (digits.len() < lower.len()).then(|| folded(&format!("{digits}#"))).flatten())
        .or_else(|| letter.and_then(|stem| folded(&format!("{stem}?"))));
    rows.unwrap_or_default().iter().map(|i| &index.rows[*i]).collect()
}

/// The rows of every provider that knows an id.
pub fn find_anywhere(id: &str) -> Vec<&'static Region> {
    TABLES.iter().flat_map(|(name, _)| find(name, id)).collect()
}

/// All rows, by provider and id.
pub fn all() -> impl Iterator<Item = &'static Region> {
    (0..TABLES.len()).flat_map(|table| &index(table).rows)
}

/// Text around an id that some interfaces add: `Uocm:PHX-AD-1`, `regional-us-central1`, `projects/p/zones/us-east1-b`.
fn tail<'a>(provider: &str, id: &'a str) -> &'a str {
    match provider {
        "oci" => id.rsplit_once(':').map_or(id, |(_, t)| t),
        "gcp" => {
            let id = id.rsplit_once('/').map_or(id, |(_, t)| t);
            id.strip_prefix("regional-").unwrap_or(id)
        }
        _ => id,
    }
}

/// The rows of one provider, by what they are called.
struct Index {
    rows: Vec<Region>,
    exact: HashMap<&'static str, Vec<usize>>,
    /// Lower case; `stem?` stands for one more letter, `stem#` for digits.
    folded: HashMap<String, Vec<usize>>,
}

/// Of a table, by its place in [`TABLES`]; each is read when it is first asked for.
fn index(table: usize) -> &'static Index {
    static READ: [OnceLock<Index>; TABLES.len()] = [const { OnceLock::new() }; TABLES.len()];
    READ[table].get_or_init(|| {
        let (provider, text) = TABLES[table];
        let mut index = Index { rows: Vec::new(), exact: HashMap::new(), folded: HashMap::new() };
        for fields in text.lines().skip(1).map(fields) {
            let row = index.rows.len();
            let Some(id) = fields.first().copied() else { continue };
            let names =
                std::iter::once(id).chain(fields.get(1).into_iter().flat_map(|a| a.split('|')).filter(|a| !a.is_empty()));
            for name in names {
                let list = index.folded.entry(name.to_lowercase()).or_default();
                if !list.contains(&row) {
                    list.push(row);
                }
            }
            index.exact.entry(id).or_default().push(row);
            index.rows.push(region(provider, &fields));
        }
        index
    })
}

/// The fields of one line; `""` inside quotes stays as it is. Our fields hold no line breaks.
fn fields(line: &'static str) -> Vec<&'static str> {
    let mut fields = Vec::with_capacity(14);
    let (mut start, mut quoted) = (0, false);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                fields.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    fields.push(&line[start..]);
    let unquote = |f: &'static str| f.strip_prefix('"').and_then(|f| f.strip_suffix('"')).unwrap_or(f);
    fields.into_iter().map(unquote).collect()
}

fn region(provider: &'static str, fields: &[&str]) -> Region {
    let at = |i: usize| fields.get(i).copied().unwrap_or("");
    let some = |text: &str| (!text.is_empty()).then(|| text.into());
    let countries = at(2).split('|').filter_map(Country::from_letters);
    let places: Vec<Place> = countries.map(|country| Place { country, subdivision: some(at(3)), city: some(at(4)) }).collect();
    let kind = match at(5) {
        "multi-region" => Kind::MultiRegion,
        "global" => Kind::Global,
        "edge" => Kind::Edge,
        _ if places.is_empty() => Kind::Unknown,
        _ => Kind::Unicast,
    };
    Region {
        provider,
        id: at(0).into(),
        places,
        kind,
        parent: at(6).into(),
        partition: at(7).into(),
        operator: at(8).into(),
        status: at(9).into(),
        confidence: at(10).into(),
        note: at(13).replace("\"\"", "\"").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(provider_name: &str, id: &str) -> String {
        let rows = find(provider(provider_name).unwrap(), id);
        let mut codes: Vec<String> = rows.iter().flat_map(|r| &r.places).map(|p| p.country.to_string()).collect();
        codes.sort();
        codes.dedup();
        codes.join(" ")
    }

    #[test]
    fn ids_zones_aliases_and_traps() {
        let cases = [
            ("aws", "ap-southeast-1", "SG"),
            ("alicloud", "ap-southeast-1", "SG"),
            ("huaweicloud", "ap-southeast-1", "HK"),
            ("aws", "ap-southeast-2", "AU"),
            ("huawei", "ap-southeast-2", "TH"),
            ("aws", "ap-southeast-3", "ID"),
            ("alibaba", "ap-southeast-3", "MY"),
            ("huawei", "ap-southeast-3", "SG"),
            ("aws", "eu-west-1", "IE"),
            ("alibaba", "eu-west-1", "GB"),
            ("aws", "me-central-1", "AE"),
            ("alibaba", "me-central-1", "SA"),
            ("linode", "ap-south", "SG"),
            ("linode", "ap-west", "IN"),
            ("tencent", "ap-guangzhou", "CN"),
            ("tencent", "ap-guangzhou-3", "CN"),
            ("tencentcloud", "eu-moscow", "RU"),
            ("alibaba", "cn-hongkong", "HK"),
            ("alibaba", "cn-hongkong-b", "HK"),
            ("alibaba", "cn-shanghai-g", "CN"),
            ("ibm", "eu-gb", "GB"),
            ("ibm", "eu-gb-2", "GB"),
            ("oci", "eu-jovanovac-1", "RS"),
            ("oci", "eu-zurich-1", "CH"),
            ("oci", "Uocm:PHX-AD-1", "US"),
            ("oci", "fra", "DE"),
            ("naver", "SGN", "SG"),
            ("naver", "DEN", "DE"),
            ("ovh", "UK", "GB"),
            ("ovh", "GRA11", "FR"),
            ("aws", "us-east-1a", "US"),
            ("aws", "use1-az1", "US"),
            ("aws", "aps1-az1", "IN"),
            ("aws", "cur:APS1", "SG"),
            ("aws", "EU", "IE"),
            ("aws", "us-east-1-bue-1a", "AR"),
            ("aws", "us-east-1-scl-1", "CL"),
            ("aws", "use1-scl1-az1", "CL"),
            ("aws", "eu-central-1-ist-1a", "TR"),
            ("aws", "ap-southeast-2-akl-1a", "NZ"),
            ("aws", "eu-west-3-wl1-cmn-wlz-1", "MA"),
            ("aws", "us-west-2-las-1b", "US"),
            ("aws", "cn-north-1", "CN"),
            ("aws", "eusc-de-east-1", "DE"),
            ("aws", "eu-isoe-west-1", "GB"),
            ("aws", "GLOBAL", ""),
            ("azurerm", "East US", "US"),
            ("azure", "eastasia", "HK"),
            ("azure", "West Europe", "NL"),
            ("azure", "centralfrance", "FR"),
            ("azure", "brazilse", "BR"),
            ("azure", "northeurope2", ""),
            ("azure", "europe", ""),
            ("azure", "China East 2", "CN"),
            ("gcp", "us-central1-a", "US"),
            ("gcp", "projects/p/zones/asia-east2-b", "HK"),
            ("google", "europe-west2", "GB"),
            ("gcp", "EUR5", "BE GB"),
            ("gcp", "eur5", "BE GB NL"),
            ("gcp", "regional-europe-west6", "CH"),
            ("gcp", "nam-eur-asia1", "BE TW US"),
            ("gcp", "ASIA", "IN JP KR SG TH TW"),
            ("hcloud", "fsn1-dc14", "DE"),
            ("hetzner", "eu-central", "DE FI"),
            ("scaleway", "fr-par-2", "FR"),
            ("mongodbatlas", "EASTERN_ASIA_PACIFIC", "TW"),
            ("cloudflare", "weur", ""),
        ];
        for (name, id, expected) in cases {
            assert_eq!(places(name, id), expected, "{name}/{id}");
        }
        assert!(places("gcp", "EU").split(' ').count() == 27 && !places("gcp", "EU").contains("GB"));
    }

    #[test]
    fn what_is_not_there_is_not_guessed() {
        for (name, id) in [
            ("aws", "us-east-3"),
            ("aws", "us-east-1-xyz-1a"),
            ("aws", "us-east-"),
            ("aws", ""),
            ("azure", "westeurope2"),
            ("gcp", "europe-west99-a"),
            ("digitalocean", "nyc99"),
            ("aws", "US East"),
        ] {
            assert!(find(provider(name).unwrap(), id).is_empty(), "{name}/{id}");
        }
        assert_eq!(provider("minio"), None);
        assert_eq!(provider(""), None);
        assert_eq!(provider("Amazon Web Services"), Some("aws"));
        assert_eq!(provider("Google Cloud"), Some("gcp"));
    }

    #[test]
    fn quoted_fields() {
        assert_eq!(fields("a,\"b, c\",,d"), ["a", "b, c", "", "d"]);
        assert_eq!(fields("a,\"b, c\""), ["a", "b, c"]);
        assert_eq!(fields("\"calls it \"\"b\"\", c\",d"), ["calls it \"\"b\"\", c", "d"]);
    }
}
