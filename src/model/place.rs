//! Places by their codes. Names, named sets and membership live in `vocab::places`.

use std::fmt;

/// An ISO 3166-1 alpha-2 code (or `XK`, user-assigned, for Kosovo). HK, MO and TW are codes of their own, as are PR, GF, RE...
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country(pub [u8; 2]);

impl Country {
    /// Two ASCII capital letters. Whether the code is assigned is for `vocab::places` to say.
    pub fn from_letters(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Some(Self([*a, *b])),
            _ => None,
        }
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One place, as exactly as it is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub country: Country,
    /// ISO 3166-2, with the country prefix: `US-CA`.
    pub subdivision: Option<Box<str>>,
    pub city: Option<Box<str>>,
}

impl Place {
    pub fn country(country: Country) -> Self {
        Self { country, subdivision: None, city: None }
    }
}

/// `US-CA San Jose`, `CN Beijing`, `US`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subdivision {
            Some(s) => f.write_str(s)?,
            None => write!(f, "{}", self.country)?,
        }
        if let Some(city) = &self.city {
            write!(f, " {city}")?;
        }
        Ok(())
    }
}

/// A place a person wrote down.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredPlace {
    pub place: Place,
    /// Latitude and longitude in degrees.
    pub coordinates: Option<(f64, f64)>,
}

/// How a place is known, most trusted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// The user's file says so outright.
    Override,
    /// A declared site, or one of its networks.
    Site,
    /// Provider and region or zone id.
    Region,
    /// A provider's naming scheme.
    Hostname,
    /// Published cloud ranges, geofeeds (RFC 8805).
    Range,
    /// A MaxMind-format database.
    Mmdb,
}

impl Basis {
    pub const ALL: [Self; 6] = [Self::Override, Self::Site, Self::Region, Self::Hostname, Self::Range, Self::Mmdb];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Override => "override",
            Self::Site => "site",
            Self::Region => "region",
            Self::Hostname => "hostname",
            Self::Range => "range",
            Self::Mmdb => "mmdb",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|b| b.as_str() == text)
    }
}
