//! The data sets that places rest on: what they are, how old, under which licence, and whether anything rested on them.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::{DataSetId, range};
use crate::finding::DataSetInfo;
use crate::lang::{self, Message, say};
use crate::project::GeoSettings;

/// `sha256sum` of the data files, so that eight megabytes need not be hashed to print one line.
static SUMS: &str = include_str!("../../data/SHA256SUMS");

pub const REGIONS: DataSetId = DataSetId(0);
pub const CLOUD: DataSetId = DataSetId(1);
pub const DEFAULT: DataSetId = DataSetId(2);

/// Data older than this is a warning, unless the project says otherwise.
const WARN_AGE_DAYS: u32 = 90;
/// Data older than this cannot satisfy a rule, unless the project says otherwise.
const MAX_AGE_DAYS: u32 = 180;

/// A data set that is old at the assessment's date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aged {
    /// Too old to satisfy a rule (`[geo] max-age-days`), not only worth a warning.
    pub stale: bool,
    /// In words: "`x.mmdb` was built 200 days before 2026-11-22 (2026-05-06)".
    pub message: Message,
}

/// By [`DataSetId`]: the compiled-in ones first, then the user's.
pub struct DataSets {
    sets: Vec<Set>,
    as_of: Date,
    warn_age: u32,
    max_age: u32,
}

/// A data set as it will be listed.
struct Set {
    name: String,
    kind: &'static str,
    date: Option<Date>,
    sha256: String,
    licence: Option<&'static str>,
    attribution: Option<&'static str>,
    used: AtomicBool,
}

impl DataSets {
    pub fn new(settings: &GeoSettings, as_of: Date) -> Self {
        let warn_age = settings.warn_age_days.unwrap_or(WARN_AGE_DAYS);
        let max_age = settings.max_age_days.unwrap_or(MAX_AGE_DAYS);
        Self { sets: embedded(), as_of, warn_age, max_age }
    }

    /// A file of the user.
    pub fn add(&mut self, name: &str, kind: &'static str, date: Option<Date>, sha256: String) -> DataSetId {
        let used = AtomicBool::new(false);
        self.sets.push(Set { name: name.to_owned(), kind, date, sha256, licence: None, attribution: None, used });
        DataSetId(u32::try_from(self.sets.len() - 1).unwrap_or(u32::MAX))
    }

    pub fn name_and_date(&self, id: DataSetId) -> Option<(&str, Option<Date>)> {
        self.sets.get(id.0 as usize).map(|s| (s.name.as_str(), s.date))
    }

    /// Some place rests on it.
    pub fn mark_used(&self, id: DataSetId) {
        if let Some(set) = self.sets.get(id.0 as usize) {
            set.used.store(true, Ordering::Relaxed);
        }
    }

    pub fn list(&self) -> Vec<DataSetInfo> {
        let info = |(i, set): (usize, &Set)| DataSetInfo {
            name: set.name.clone(),
            kind: set.kind.to_owned(),
            date: set.date.map(|d| d.to_string()),
            sha256: set.sha256.clone(),
            licence: set.licence.map(str::to_owned),
            attribution: set.attribution.map(str::to_owned),
            used: set.used.load(Ordering::Relaxed),
            age: self.aged(DataSetId(u32::try_from(i).unwrap_or(u32::MAX))).map(|a| a.message),
        };
        self.sets.iter().enumerate().map(info).collect()
    }

    /// Whether and how a data set is old.
    pub fn aged(&self, id: DataSetId) -> Option<Aged> {
        let set = self.sets.get(id.0 as usize)?;
        // The region tables change by additions only: an old one knows less, but nothing else.
        if id == REGIONS {
            return None;
        }
        let name = lang::read(set.name.clone());
        let Some(date) = set.date else {
            let message = say!("`{name}` does not say when it was made", name);
            return Some(Aged { stale: set.kind == "mmdb", message });
        };
        let days = self.as_of.since(date).map_or(0, |span| span.get_days());
        let days = u32::try_from(days).unwrap_or(0);
        // An old range table errs to unknown, hardly ever to a wrong country; a database does not.
        let stale = days > self.max_age && set.kind == "mmdb";
        (days > self.warn_age.min(self.max_age)).then(|| {
            let message = say!("`{name}` was made {days} days before {day} ({date})", name, days, day = self.as_of, date);
            Aged { stale, message }
        })
    }
}

fn embedded() -> Vec<Set> {
    let sum = |file: &str| SUMS.lines().find_map(|l| l.strip_suffix(file)).unwrap_or("").trim().to_owned();
    let set = |name: &str, kind, date: &str, file, licence, attribution| Set {
        name: name.to_owned(),
        kind,
        date: date.parse().ok(),
        sha256: sum(file),
        licence,
        attribution,
        used: AtomicBool::new(false),
    };
    let (licence, attribution) = (Some("CC BY 4.0"), Some("IP Geolocation by DB-IP (https://db-ip.com)"));
    vec![
        set("cloud regions", "regions", "2026-11-22", "regions/", None, None),
        set("published cloud ranges", "ranges", range::CLOUD_DATE, "ranges/cloud.csv", None, None),
        set("DB-IP Lite Country", "mmdb", "2026-06-01", "geo/dbip-country-lite.mmdb", licence, attribution),
    ]
}

/// As `sha256sum` prints it.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, b| {
        for digit in [b >> 4, b & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
        text
    })
}
