//! A zone file and what it includes, as records with absolute owners. Runs the directives: `$ORIGIN` and `$INCLUDE`
//! (RFC 1035 section 5.1), `$TTL` (RFC 2308 section 4), `$GENERATE` (BIND 9 reference manual, "BIND Primary File Extension").

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::generate;
use super::lex::{Entries, Entry};
use super::lua;
use super::name;
use super::record::{self, Data, Part, Record, Wrong, shorten};
use crate::read::paths::{folder, joined};
use crate::source::{Location, SourceId, Sources, Span};

/// Files included within files.
const MAX_INCLUDE_DEPTH: usize = 16;
/// Text taken in by all `$INCLUDE` of a zone together: a file may be included again and again.
const MAX_INCLUDED_BYTES: usize = 64 << 20;
/// What an `$INCLUDE` costs besides, so that empty files are bounded too.
const INCLUDE_OVERHEAD: usize = 4096;
/// Records made by all `$GENERATE` of a zone together.
pub const MAX_GENERATED: u32 = 65_536;
/// Bad lines without a known owner that are told one by one: each of them alone touches everything.
const MAX_BAD_LINES: usize = 50;

/// Something that was not understood. Without an owner it could say anything about any name.
#[derive(Clone, Debug)]
pub struct Unclear {
    pub code: &'static str,
    pub message: String,
    pub help: Option<String>,
    pub location: Location,
    pub owner: Option<String>,
}

/// Everything one zone file says, in its order.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    pub records: Vec<Record>,
    pub unclear: Vec<Unclear>,
    pub included: Vec<SourceId>,
    /// The origin at the beginning of the file, told by its SOA or its name.
    pub origin: Option<String>,
    /// Entries of any sort.
    pub entries: usize,
}

/// Collects the zone that begins in `file`, which nobody but itself and its name say the origin of.
pub fn collect(sources: &Sources, file: SourceId) -> Collected {
    let source = sources.get(file);
    collect_from(sources, file, first_origin(&source.text).or_else(|| name::origin_from_path(&source.path)))
}

/// The same of a file that a server's configuration loads as this zone.
pub fn collect_as(sources: &Sources, file: SourceId, zone: &str) -> Collected {
    collect_from(sources, file, Some(zone.to_owned()))
}

fn collect_from(sources: &Sources, file: SourceId, origin: Option<String>) -> Collected {
    let mut collector = Collector {
        sources,
        paths: OnceCell::new(),
        out: Collected { origin: origin.clone(), ..Collected::default() },
        origin,
        owner: None,
        open: Vec::new(),
        generated: 0,
        included_bytes: 0,
        bad_lines: 0,
    };
    collector.file(file);
    lua::settle(&mut collector.out, sources);
    if collector.bad_lines > MAX_BAD_LINES {
        let message = format!("{} further lines of this zone are not understood", collector.bad_lines - MAX_BAD_LINES);
        let location = Location::new(file, Span::default());
        collector.out.unclear.push(Unclear { code: "malformed-line", message, help: None, location, owner: None });
    }
    collector.out
}

/// The absolute owner of a SOA record that stands before any `$ORIGIN`, near the top.
fn first_origin(text: &str) -> Option<String> {
    for entry in Entries::new(text).take(64) {
        let mut words = entry.words.iter().map(|w| text.get(w.span.range()).unwrap_or(""));
        let first = words.next()?;
        if first.eq_ignore_ascii_case("$ORIGIN") {
            return None;
        }
        if !entry.blank && first.ends_with('.') && words.take(3).any(|w| w.eq_ignore_ascii_case("SOA")) {
            return name::absolute(first, None).ok();
        }
    }
    None
}

struct Collector<'a> {
    sources: &'a Sources,
    /// Made at the first include.
    paths: OnceCell<BTreeMap<&'a str, SourceId>>,
    out: Collected,
    origin: Option<String>,
    owner: Option<String>,
    /// The file and those that include it, outermost first.
    open: Vec<SourceId>,
    generated: u32,
    included_bytes: usize,
    bad_lines: usize,
}

impl Collector<'_> {
    fn file(&mut self, file: SourceId) {
        self.open.push(file);
        let text = self.sources.get(file).text.as_str();
        for entry in Entries::new(text) {
            self.out.entries += 1;
            self.entry(file, text, &entry);
        }
        self.open.pop();
    }

    fn entry(&mut self, file: SourceId, text: &str, entry: &Entry) {
        let line = Location::new(file, entry.span());
        let part = |w: &super::lex::Word| Part {
            text: text.get(w.span.range()).unwrap_or("").to_owned(),
            location: Location::new(file, w.span),
        };
        let parts: Vec<Part> = entry.words.iter().map(part).collect();
        if let Some((span, what)) = entry.error {
            // Whose line it is counts even if the rest of it does not.
            let owner = self.take_owner(entry.blank, &parts).ok().map(|(owner, _)| owner).filter(|_| !entry.cut);
            return self.bad(Location::new(file, span), what.to_owned(), owner);
        }
        let Some(first) = parts.first() else { return };
        if !entry.blank && first.text.starts_with('$') && !entry.words[0].quoted {
            return self.directive(line, &parts);
        }
        match self.take_owner(entry.blank, &parts) {
            Err((location, message)) => self.bad(location, message, None),
            Ok((owner, rest)) => match record::parse(&owner, rest, line, self.origin.as_deref()) {
                Ok(record) => self.out.records.push(record),
                Err((location, message)) => self.bad(location, message, Some(owner)),
            },
        }
    }

    /// The owner of a line, and the words behind it.
    fn take_owner<'p>(&mut self, blank: bool, parts: &'p [Part]) -> Result<(String, &'p [Part]), Wrong> {
        let Some((first, rest)) = parts.split_first() else {
            return Err((Location::new(self.open[0], Span::default()), "an empty line".to_owned()));
        };
        if blank {
            return match &self.owner {
                Some(owner) => Ok((owner.clone(), parts)),
                None => Err((first.location, "this line begins with white space, and there is no owner before it".to_owned())),
            };
        }
        // A bad name must not pass its following lines on to the owner before it.
        self.owner = None;
        let owner = name::absolute(&first.text, self.origin.as_deref());
        let owner = owner.map_err(|why| (first.location, format!("the owner `{}` {why}", shorten(&first.text))))?;
        self.owner = Some(owner.clone());
        Ok((owner, rest))
    }

    fn directive(&mut self, line: Location, parts: &[Part]) {
        let Some((first, arguments)) = parts.split_first() else { return };
        match (first.text.to_ascii_uppercase().as_str(), arguments) {
            ("$ORIGIN", [origin]) => match name::absolute(&origin.text, self.origin.as_deref()) {
                Ok(name) => self.origin = Some(name),
                Err(why) => {
                    // What follows belongs to a zone that nobody can name.
                    self.origin = None;
                    self.bad(origin.location, format!("the origin `{}` {why}", shorten(&origin.text)), None);
                }
            },
            // Times say nothing about places; `$DATE` is a note of BIND to itself.
            ("$TTL" | "$DATE", _) => {}
            ("$INCLUDE", [path]) => self.include(path, None),
            ("$INCLUDE", [path, origin]) => self.include(path, Some(origin)),
            ("$GENERATE", [range, owner, rest @ ..]) if !rest.is_empty() => self.generate(line, range, owner, rest),
            ("$ORIGIN" | "$INCLUDE" | "$GENERATE", _) => {
                self.bad(line, format!("`{}` does not have the words it needs", first.text), None);
            }
            _ => self.unclear(
                "unknown-directive",
                format!("the directive `{}` is not known, and it may change what follows", shorten(&first.text)),
                Some("known are $ORIGIN, $TTL, $INCLUDE and $GENERATE".to_owned()),
                first.location,
                None,
            ),
        }
    }

    fn include(&mut self, path: &Part, origin: Option<&Part>) {
        let here = &self.sources.get(path.location.source).path;
        // BIND resolves against the server's directory, which is either the file's own folder or above it.
        let found = [folder(here), ""].iter().find_map(|from| self.find(&joined(from, &path.text)?));
        let missing = "missing-include";
        let Some(file) = found else {
            let message = format!("the included file `{}` is not among the project's files", shorten(&path.text));
            let help = "put it into the project folder and write its path relative to this file";
            return self.unclear(missing, message, Some(help.to_owned()), path.location, None);
        };
        let size = self.sources.get(file).text.len() + INCLUDE_OVERHEAD;
        let refusal = if self.open.contains(&file) {
            Some("includes itself (directly or through others)")
        } else if self.open.len() > MAX_INCLUDE_DEPTH {
            Some("is nested too deeply")
        } else if self.included_bytes + size > MAX_INCLUDED_BYTES {
            Some("would make the zone larger than 64 MiB")
        } else {
            None
        };
        if let Some(why) = refusal {
            let message = format!("the included file `{}` {why} and was not read here", shorten(&path.text));
            return self.unclear(missing, message, None, path.location, None);
        }
        self.included_bytes += size;
        let inner = match origin.map(|o| (o, name::absolute(&o.text, self.origin.as_deref()))) {
            None => self.origin.clone(),
            Some((_, Ok(name))) => Some(name),
            Some((o, Err(why))) => return self.bad(o.location, format!("the origin `{}` {why}", shorten(&o.text)), None),
        };
        if !self.out.included.contains(&file) {
            self.out.included.push(file);
        }
        let outer = std::mem::replace(&mut self.origin, inner);
        // RFC 1035: the included file leaves neither its origin nor its last owner behind.
        let owner = self.owner.clone();
        self.file(file);
        self.origin = outer;
        self.owner = owner;
    }

    fn generate(&mut self, line: Location, range: &Part, owner: &Part, rest: &[Part]) {
        let Some(range_parsed) = generate::Range::parse(&range.text) else {
            let message = format!("`{}` is not a range like `1-254` or `0-100/2`", shorten(&range.text));
            return self.bad(range.location, message, None);
        };
        let length = owner.text.len() + rest.iter().map(|p| p.text.len()).sum::<usize>();
        if length > generate::MAX_LENGTH {
            return self.bad(line, "this `$GENERATE` is too long to be followed".to_owned(), None);
        }
        for n in range_parsed.values() {
            if self.generated >= MAX_GENERATED {
                let message =
                    format!("`$GENERATE {}` goes beyond {MAX_GENERATED} records; the rest was left out", shorten(&range.text));
                return self.unclear("too-many-records", message, None, range.location, None);
            }
            self.generated += 1;
            if let Err((location, message)) = self.generated_record(n, line, owner, rest) {
                // The others of the range would fail the same way.
                return self.bad(location, format!("`$GENERATE` at {n}: {message}"), None);
            }
        }
    }

    fn generated_record(&mut self, n: i64, line: Location, owner: &Part, rest: &[Part]) -> Result<(), Wrong> {
        let filled = |part: &Part| match generate::fill(&part.text, n) {
            Some(text) => Ok(Part { text, location: part.location }),
            None => Err((part.location, format!("`{}` cannot be filled in", shorten(&part.text)))),
        };
        let name = name::absolute(&filled(owner)?.text, self.origin.as_deref());
        let name = name.map_err(|why| (owner.location, format!("the owner {why}")))?;
        let parts = rest.iter().map(filled).collect::<Result<Vec<_>, _>>()?;
        // One quoted word may hold the whole of the data.
        let parts: Vec<Part> = parts
            .iter()
            .flat_map(|p| p.text.split_ascii_whitespace().map(|w| Part { text: w.to_owned(), location: p.location }))
            .collect();
        let record = record::parse(&name, &parts, line, self.origin.as_deref())?;
        if record.data != Data::Inert {
            self.out.records.push(record);
        }
        Ok(())
    }

    fn find(&self, path: &str) -> Option<SourceId> {
        let paths = self.paths.get_or_init(|| self.sources.iter().map(|(id, s)| (s.path.as_str(), id)).collect());
        paths.get(path).copied()
    }

    fn bad(&mut self, location: Location, message: String, owner: Option<String>) {
        if owner.is_none() {
            self.bad_lines += 1;
            if self.bad_lines > MAX_BAD_LINES {
                return;
            }
        }
        self.unclear("malformed-line", message, None, location, owner);
    }

    fn unclear(
        &mut self,
        code: &'static str,
        message: String,
        help: Option<String>,
        location: Location,
        owner: Option<String>,
    ) {
        self.out.unclear.push(Unclear { code, message, help, location, owner });
    }
}
