//! From rows to endpoints.

use std::net::IpAddr;

use super::header::{Field, Header};
use super::rows::{Cell, Row};
use crate::model::site::is_private;
use crate::model::{Address, DeclaredPlace, EndpointFact, Facts, Gap, GapScope, Place, Reference, Trail, Unread};
use crate::read::{FileSettings, inventory};
use crate::source::{Location, SourceId, Spanned};
use crate::vocab::places;

/// Cells by which people say that there is nothing to say.
const NOTHING: &[&str] = &["-", "--", "n/a", "na", "none", "null", "nil", "tbd", "/", "无", "暂无", "未知", "unknown"];

/// Longer texts are remarks, not tags.
const MAX_TAG: usize = 200;

pub fn facts(header: &Header, rows: &[Row<'_>], file: SourceId, told: &FileSettings, is_sheet: bool) -> Facts {
    let mut facts = Facts::default();
    for row in rows {
        let reference = Reference::Fact(facts.endpoints.len());
        let mut reader = RowReader { header, row, file, told, reference, gaps: &mut facts.gaps };
        let fact = reader.fact();
        if !is_sheet && row.cells.len() != header.width {
            reader.ragged();
        }
        facts.endpoints.push(fact);
    }
    let all = || GapScope::Endpoints((0..facts.endpoints.len()).map(Reference::Fact).collect());
    let location = Location::new(file, header.span);
    let mut gaps = Vec::new();
    for (field, words) in &header.ambiguous {
        let key = field.key();
        let columns: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
        gaps.push(Gap {
            code: "ambiguous-column",
            message: format!("several columns could hold the {key} of a row: {}; none of them was taken", columns.join(", ")),
            help: Some(format!("say which with `columns = {{ {key} = \"{}\" }}` in [[inputs.override]]", words[0])),
            location,
            scope: all(),
        });
    }
    if !header.can_place() && told.region.is_none() {
        gaps.push(Gap {
            code: "table-without-place",
            message: "no column of this table tells where a row stands: no address, country, site or region".to_owned(),
            help: Some(
                "map the column in [[inputs.override]], as in `columns = { site = \"Location\" }`, or give the file's `site` there".to_owned(),
            ),
            location,
            // A site for the whole file may be told beside it; without one nothing has a place anyway.
            scope: GapScope::Nothing,
        });
    }
    facts.gaps.extend(gaps);
    facts
}

struct RowReader<'r, 'g> {
    header: &'r Header,
    row: &'r Row<'r>,
    file: SourceId,
    told: &'r FileSettings,
    reference: Reference,
    gaps: &'g mut Vec<Unread>,
}

impl<'r> RowReader<'r, '_> {
    fn fact(&mut self) -> EndpointFact {
        let names: Vec<&'r Cell<'r>> = self.cells(Field::Name).collect();
        let at = names.first().map_or(self.row.span, |c| c.span);
        let label = names.first().map(|c| c.text.clone().into_owned());
        let mut fact = EndpointFact::new(self.kind(), label.unwrap_or_default(), Location::new(self.file, at));
        fact.roles = inventory::roles(&fact.kind, &[]);
        for cell in names {
            self.name(cell, &mut fact);
        }
        for cell in self.cells(Field::Address).collect::<Vec<_>>() {
            self.addresses(cell, &mut fact);
        }
        // Short numbers are ids of one table only; to join on them would make one endpoint of two.
        let ids = self.cells(Field::Id).filter(|c| c.text.len() >= 8);
        fact.cloud_ids = ids.map(|c| c.text.clone().into_owned()).collect();
        if fact.label.is_empty() {
            let by_address = fact.addresses.first().map(|a| a.ip.to_string());
            let by_id = || fact.cloud_ids.first().cloned();
            fact.label = by_address
                .or_else(by_id)
                .unwrap_or_else(|| self.row.cells.iter().map(|c| &*c.text).find(|t| !t.is_empty()).unwrap_or("row").to_owned());
        }
        fact.account =
            self.text(Field::Account).map(|c| c.value).or_else(|| self.told.account.as_ref().map(|t| t.text.clone()));
        fact.scope = self.text(Field::NetworkScope).map(|c| c.value);
        self.place(&mut fact);
        self.tags(&mut fact);
        fact
    }

    fn kind(&mut self) -> String {
        self.text(Field::Kind).map_or_else(|| "host".to_owned(), |c| c.value.to_lowercase())
    }

    /// The cells of a field that say something.
    fn cells(&self, field: Field) -> impl Iterator<Item = &'r Cell<'r>> + use<'r> {
        let (row, columns) = (self.row, self.header.columns.get(&field));
        columns.into_iter().flatten().filter_map(|i| row.cells.get(*i)).filter(|c| !is_nothing(&c.text))
    }

    /// The one cell of a field; an error in it is told.
    fn text(&mut self, field: Field) -> Option<Spanned<String>> {
        let cell = self.cells(field).next()?;
        if is_error(&cell.text) {
            self.unreadable(cell, &format!("the spreadsheet shows an error where the {} of this row should be", field.key()));
            return None;
        }
        Some(Spanned::new(cell.text.clone().into_owned(), cell.span))
    }

    fn unreadable(&mut self, cell: &Cell<'_>, why: &str) {
        let shown: String = cell.text.chars().take(60).collect();
        self.gaps.push(Gap {
            code: "unreadable-cell",
            message: format!("`{shown}`: {why}"),
            help: Some("correct the cell".to_owned()),
            location: Location::new(self.file, cell.span),
            scope: GapScope::Endpoints(vec![self.reference.clone()]),
        });
    }

    /// A comma too many, or one too few, puts values under the wrong words.
    fn ragged(&mut self) {
        self.gaps.push(Gap {
            code: "malformed-line",
            message: format!("this row has {} cells, but the header has {}", self.row.cells.len(), self.header.width),
            help: Some("cells that hold the separator need double quotes".to_owned()),
            location: Location::new(self.file, self.row.span),
            scope: GapScope::Endpoints(vec![self.reference.clone()]),
        });
    }

    fn name(&mut self, cell: &Cell<'_>, fact: &mut EndpointFact) {
        if is_error(&cell.text) {
            return self.unreadable(cell, "the spreadsheet shows an error where the name of this row should be");
        }
        if let Ok(ip) = cell.text.parse::<IpAddr>() {
            fact.addresses.push(Address { ip, port: None, location: Location::new(self.file, cell.span) });
            return;
        }
        let name = cell.text.trim_end_matches('.').to_lowercase();
        let label = |l: &str| !l.is_empty() && l.len() < 64 && l.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        // What is no host name stays the row's label: nobody leads there by it.
        if name.len() <= 253 && name.split('.').all(label) && fact.names.iter().all(|n| n.value != name) {
            fact.names.push(Spanned::new(name, cell.span));
        }
    }

    /// One address or several in a cell, with what separates them, and perhaps a prefix length or a port.
    fn addresses(&mut self, cell: &Cell<'_>, fact: &mut EndpointFact) {
        let mut unread = None;
        for word in cell.text.split([',', ';', ' ', '\n', '\t', '|', '、', '，', '；']).filter(|w| !w.is_empty()) {
            let word = word.trim_start_matches('\'');
            let whole = |text: &str| match text.split_once('/') {
                // A whole network is no address.
                Some((ip, length)) => ip.parse::<IpAddr>().ok().filter(|ip| is_host(*ip, length)),
                None => text.parse::<IpAddr>().ok(),
            };
            let with_port = || word.parse::<std::net::SocketAddr>().ok().map(|a| a.ip());
            match whole(word).or_else(with_port) {
                Some(ip) if fact.addresses.iter().all(|a| a.ip != ip) => {
                    fact.addresses.push(Address { ip, port: None, location: Location::new(self.file, cell.span) });
                }
                Some(_) => {}
                None => unread = Some(word.to_owned()),
            }
        }
        if unread.is_some() {
            self.unreadable(cell, "this is no address, so what stands there is not known");
        }
    }

    fn place(&mut self, fact: &mut EndpointFact) {
        if let Some(country) = self.text(Field::Country) {
            match places::country_by_name(&country.value) {
                Some(code) => {
                    let city = self.text(Field::City).map(|c| c.value.into_boxed_str());
                    let place = places::normalize(Place { country: code, subdivision: None, city });
                    fact.place = Some((DeclaredPlace { place, coordinates: None }, country.at(self.file)));
                }
                None => {
                    let cell = Cell { text: country.value.as_str().into(), span: country.span };
                    self.unreadable(&cell, "this is no country that is known by such a name");
                }
            }
        }
        match self.text(Field::Site) {
            Some(site) if self.header.site_is_told => fact.site = Some(site),
            Some(site) => fact.site_hints.push(site),
            None => {}
        }
        let of_row = self.text(Field::Provider).map(|c| c.value);
        fact.provider = of_row.or_else(|| self.told.provider.as_ref().map(|t| t.text.clone()));
        let (region, zone) = (self.text(Field::Region), self.text(Field::Zone));
        if fact.provider.is_some() {
            (fact.region, fact.zone) = (region, zone);
            if fact.region.is_none()
                && fact.zone.is_none()
                && fact.place.is_none()
                && fact.site_hints.is_empty()
                && fact.site.is_none()
                && let Some(region) = &self.told.region
            {
                fact.region = Some(Spanned::new(region.text.clone(), fact.location.span));
                fact.trail = Trail::stated(region.location, "the region of this file is stated here");
            }
        } else if let Some(word) = zone.or(region) {
            let known = fact.place.is_some() || fact.site.is_some() || fact.addresses.iter().any(|a| !is_private(a.ip));
            self.gaps.push(Gap {
                code: "region-without-provider",
                message: format!(
                    "`{}` is said to be the region, but nothing says whose; ids mean different places at different providers",
                    word.value
                ),
                help: Some("add a `provider` column, or `provider` to the [[inputs.override]] of the file".to_owned()),
                location: word.at(self.file),
                scope: if known { GapScope::Nothing } else { GapScope::Endpoints(vec![self.reference.clone()]) },
            });
        }
    }

    fn tags(&mut self, fact: &mut EndpointFact) {
        for cell in self.cells(Field::Tags) {
            for tag in cell
                .text
                .split([';', ',', '\n', '|', '；', '，'])
                .map(str::trim)
                .filter(|t| !t.is_empty() && t.len() <= MAX_TAG)
            {
                let (key, value) = tag.split_once(['=', ':']).unwrap_or((tag, "yes"));
                fact.tags.insert(key.trim().to_owned(), value.trim().to_owned());
            }
        }
        for cell in self.cells(Field::Env) {
            fact.tags.insert("env".to_owned(), cell.text.clone().into_owned());
        }
        for (i, word) in &self.header.others {
            let cell = self.row.cells.get(*i).filter(|c| !is_nothing(&c.text) && c.text.len() <= MAX_TAG);
            if let Some(cell) = cell {
                fact.tags
                    .entry(word.strip_prefix("tag.").unwrap_or(word).to_owned())
                    .or_insert_with(|| cell.text.clone().into_owned());
            }
        }
    }
}

/// Whether an address with a prefix length is that of a machine: some bit of the host part is set, or there is no host part.
fn is_host(ip: IpAddr, length: &str) -> bool {
    let Ok(length) = length.parse::<u8>() else { return false };
    match ipnetwork::IpNetwork::new(ip, length) {
        Ok(network) => network.network() != ip || length == if ip.is_ipv4() { 32 } else { 128 },
        Err(_) => false,
    }
}

fn is_nothing(text: &str) -> bool {
    text.is_empty() || NOTHING.iter().any(|n| text.eq_ignore_ascii_case(n))
}

/// What spreadsheets show in place of a value: `#REF!`, `#N/A`, `#NAME?`, and our `#NOT-COMPUTED!`.
fn is_error(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|rest| {
        rest == "N/A"
            || rest.strip_suffix(['!', '?']).is_some_and(|w| {
                !w.is_empty() && w.chars().all(|c| c.is_ascii_uppercase() || matches!(c, '/' | '0' | '-' | '_'))
            })
    })
}
