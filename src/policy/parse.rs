//! A pack's file into a [`Pack`]: all errors of the file at once, each with its place and a remedy.
//!
//! Words that are wrong on their own (places, classes, dates, keys) are refused by the types in `raw`; here is what needs more
//! than one word: exactly one demand a rule, what goes with it, names that must exist and names that must not exist twice.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::raw::{RawContested, RawFile, RawInstrument, RawPack, RawRecipients, RawRule, RawSurvive, RawTier};
use super::{Contested, Demand, Doing, Instrument, Keep, Pack, Recipients, Rule, Separate, Survive, Test, Tier, Verification};
use crate::doc::de::did_you_mean;
use crate::doc::types::PlaceWord;
use crate::doc::{self, Node, Problem};
use crate::finding::{Reading, State};
use crate::model::DomainKind;
use crate::model::population::OriginAxis;
use crate::source::{InputError, Location, Source, SourceId, Span, Spanned};
use crate::vocab::classes::canonical;
use crate::vocab::places::PlaceSet;

/// Packs that come with onshore, by name.
const SHIPPED: &[(&str, &str)] = &[
    ("ae-health", include_str!("../../policies/ae-health.toml")),
    ("au-my-health-record", include_str!("../../policies/au-my-health-record.toml")),
    ("br", include_str!("../../policies/br.toml")),
    ("ca", include_str!("../../policies/ca.toml")),
    ("ch-transfers", include_str!("../../policies/ch-transfers.toml")),
    ("cn-gba", include_str!("../../policies/cn-gba.toml")),
    ("cn-law", include_str!("../../policies/cn-law.toml")),
    ("cn-mlps3", include_str!("../../policies/cn-mlps3.toml")),
    ("cn-onshore-strict", include_str!("../../policies/cn-onshore-strict.toml")),
    ("cn-opened-onshore", include_str!("../../policies/cn-opened-onshore.toml")),
    ("cn-sectors", include_str!("../../policies/cn-sectors.toml")),
    ("eu-gdpr-transfers", include_str!("../../policies/eu-gdpr-transfers.toml")),
    ("eu-health-social", include_str!("../../policies/eu-health-social.toml")),
    ("eu-sovereignty", include_str!("../../policies/eu-sovereignty.toml")),
    ("eu-tax-books", include_str!("../../policies/eu-tax-books.toml")),
    ("id", include_str!("../../policies/id.toml")),
    ("in-dpdp", include_str!("../../policies/in-dpdp.toml")),
    ("in-financial", include_str!("../../policies/in-financial.toml")),
    ("in-logs-books", include_str!("../../policies/in-logs-books.toml")),
    ("jp", include_str!("../../policies/jp.toml")),
    ("ke-ng-za", include_str!("../../policies/ke-ng-za.toml")),
    ("kr", include_str!("../../policies/kr.toml")),
    ("kz-uz", include_str!("../../policies/kz-uz.toml")),
    ("multi-subject-session", include_str!("../../policies/multi-subject-session.toml")),
    ("resilience-base", include_str!("../../policies/resilience-base.toml")),
    ("resilience-eu-dora", include_str!("../../policies/resilience-eu-dora.toml")),
    ("resilience-kr", include_str!("../../policies/resilience-kr.toml")),
    ("ru-152fz", include_str!("../../policies/ru-152fz.toml")),
    ("sa", include_str!("../../policies/sa.toml")),
    ("tr", include_str!("../../policies/tr.toml")),
    ("uk-transfers", include_str!("../../policies/uk-transfers.toml")),
    ("us-contract-nsa-template", include_str!("../../policies/us-contract-nsa-template.toml")),
    ("us-doj-bulk-data", include_str!("../../policies/us-doj-bulk-data.toml")),
    ("us-federal", include_str!("../../policies/us-federal.toml")),
    ("us-meetings-stay", include_str!("../../policies/us-meetings-stay.toml")),
    ("us-padfa", include_str!("../../policies/us-padfa.toml")),
    ("us-state-health", include_str!("../../policies/us-state-health.toml")),
    ("vn", include_str!("../../policies/vn.toml")),
    ("watch-pk", include_str!("../../policies/watch-pk.toml")),
];

/// Each demand, and the keys that go with it: needed, then allowed.
const DEMANDS: &[(&str, &[&str], &[&str])] = &[
    ("only-in", &[], &[]),
    ("never-in", &[], &[]),
    ("copy-in", &[], &["max-age"]),
    ("first-in", &[], &[]),
    ("return-within", &["only-in"], &[]),
    ("retain-in", &["days"], &[]),
    ("keys-in", &[], &[]),
    ("survive", &[], &[]),
    ("separate", &["between"], &["at-least-km"]),
    ("nexus", &[], &[]),
    ("recipient", &[], &[]),
];

/// So many errors of one file are told; each costs time, for the suggestions.
const MAX_PROBLEMS: usize = 500;

/// Names and texts of the packs that come with onshore.
pub fn shipped() -> &'static [(&'static str, &'static str)] {
    SHIPPED
}

/// JSON Schema of a pack's file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RawFile).to_value()
}

/// Reads a pack. Named sets of places are taken as they stand at `as_of`, the date of the assessment. There is a pack exactly if
/// there is no error.
pub fn parse(source: SourceId, text: &str, as_of: Date) -> (Option<Pack>, Vec<InputError>) {
    let mut document = doc::toml::parse(text);
    let problems = document.take_problems();
    let mut reader = Reader { source, lines: Source::new("", text), as_of, problems, last_read: 0, gave_up: false };
    // What is missing from a text that is no TOML is no error of its own.
    let pack = if reader.problems.is_empty() { document.root().and_then(|root| reader.file(root)) } else { None };
    let mut problems = reader.problems;
    problems.sort_by_key(|p| p.span);
    let pack = pack.filter(|_| problems.is_empty());
    (pack, problems.into_iter().map(|p| p.in_source(source)).collect())
}

/// Reads a file of tests that stands beside packs: `pack = "..."` says of which, `[[test]]` tables follow. `None`: it is no such file.
/// `of` is the pack, if the file is of it; without it the tests are not looked at.
pub fn parse_tests(source: SourceId, text: &str, of: &Pack) -> Option<(Vec<Test>, Vec<InputError>)> {
    const KEYS: [&str; 2] = ["pack", "test"];
    let mut document = doc::toml::parse(text);
    let problems = document.take_problems();
    let mut reader = Reader { source, lines: Source::new("", text), as_of: of.as_of, problems, last_read: 0, gave_up: false };
    let mut tests = Vec::new();
    if let Some(root) = document.root().filter(|_| reader.problems.is_empty()) {
        match root.get("pack") {
            None if root.get("test").is_none() => return None,
            None => {
                let help = format!("begin the file with `pack = \"{}\"`", of.id);
                reader.problem(Span::new(0, 0), "whose tests these are is not said", Some(help));
            }
            Some(pack) if pack.as_str() != Some(of.id.as_str()) => return None,
            Some(_) => {}
        }
        for entry in root.entries().filter(|e| !KEYS.contains(&e.name())) {
            let message = format!("unknown key `{}`", entry.name());
            reader.problem(entry.key.span(), message, Some(did_you_mean(entry.name(), &KEYS)));
        }
        let tables = reader.tables(root, "test");
        reader.unique_tests(&tables);
        let rules: BTreeSet<&str> = of.rules.iter().map(|r| r.id.value.as_str()).collect();
        let points: BTreeSet<&str> = of.contested.iter().map(|c| c.id.value.as_str()).collect();
        let numbered = tables.into_iter().enumerate();
        tests =
            numbered.filter_map(|(i, n)| reader.unless_hopeless(n, |s, n| s.test(n, i, (&rules, &points), of.as_of))).collect();
    }
    let mut problems = reader.problems;
    problems.sort_by_key(|p| p.span);
    Some((tests, problems.into_iter().map(|p| p.in_source(source)).collect()))
}

struct Reader {
    source: SourceId,
    /// For line numbers.
    lines: Source,
    as_of: Date,
    problems: Vec<Problem>,
    /// Where in `problems` those of the table that is being read begin.
    last_read: usize,
    gave_up: bool,
}

impl Reader {
    /// `None`: there was a problem; it is noted.
    fn file(&mut self, root: Node<'_>) -> Option<Pack> {
        const KEYS: [&str; 5] = ["pack", "instrument", "contested", "rule", "test"];
        for entry in root.entries().filter(|e| !KEYS.contains(&e.name())) {
            let message = format!("unknown key `{}`", entry.name());
            self.problem(entry.key.span(), message, Some(did_you_mean(entry.name(), &KEYS)));
        }
        let has_rules = root.get("rule").is_some() || self.is_meant(root, "rule");
        let header = match root.get("pack") {
            Some(node) => self.header(node),
            None => {
                if !self.is_meant(root, "pack") {
                    let help = "begin with [pack] and its id, title, version, binding, status, as-of and verification";
                    self.problem(Span::new(0, 0), "the table [pack] is missing", Some(help.into()));
                }
                None
            }
        };
        let verification = header.as_ref().map_or(Verification::Memory, |h| h.verification);
        let tables = self.tables(root, "instrument");
        let known: BTreeSet<&str> = tables.iter().filter_map(|n| n.get("id")?.as_str()).collect();
        self.duplicates(&tables, "instrument");
        let instruments: Vec<Instrument> =
            tables.into_iter().filter_map(|n| self.unless_hopeless(n, Self::instrument)).collect();

        let tables = self.tables(root, "contested");
        let points: BTreeSet<&str> = tables.iter().filter_map(|n| n.get("id")?.as_str()).collect();
        self.duplicates(&tables, "contested point");
        let contested: Vec<Contested> = tables.into_iter().filter_map(|n| self.unless_hopeless(n, Self::contested)).collect();

        let tables = self.tables(root, "rule");
        if !has_rules {
            self.problem(Span::new(0, 0), "the pack has no [[rule]]", None);
        }
        self.duplicates(&tables, "rule");
        let read = |s: &mut Self, n| s.rule(n, &known, &points, verification);
        let rules: Vec<Rule> = tables.into_iter().filter_map(|n| self.unless_hopeless(n, read)).collect();
        let tables = self.tables(root, "test");
        self.unique_tests(&tables);
        let rule_tables = root.get("rule").into_iter().flat_map(|r| r.items());
        let ids: BTreeSet<&str> = rule_tables.filter_map(|n| n.get("id")?.as_str()).collect();
        let as_of = header.as_ref().map_or(self.as_of, |h| h.as_of);
        let numbered = tables.into_iter().enumerate();
        let tests: Vec<Test> =
            numbered.filter_map(|(i, n)| self.unless_hopeless(n, |s, n| s.test(n, i, (&ids, &points), as_of))).collect();
        header.map(|pack| Pack { instruments, contested, rules, tests, ..pack })
    }

    /// Reads a table, until there are so many errors that a person would not read on; then says so, once.
    fn unless_hopeless<'d, T>(&mut self, node: Node<'d>, read: impl FnOnce(&mut Self, Node<'d>) -> Option<T>) -> Option<T> {
        match self.problems.len() {
            n if n < MAX_PROBLEMS => return read(self, node),
            _ if !std::mem::replace(&mut self.gave_up, true) => {
                let help = "mend those above first";
                self.problem(node.span(), "too many errors; the file was not read from here on", Some(help.into()));
            }
            _ => {}
        }
        None
    }

    /// The pack without its instruments and rules.
    fn header(&mut self, node: Node<'_>) -> Option<Pack> {
        let raw: RawPack = self.read(node)?;
        self.missing(node, &["id", "title", "version", "binding", "status", "as-of", "verification"]);
        let id = self.id(raw.id);
        if let (Some(as_of), Some(review)) = (&raw.as_of, &raw.review_by)
            && review.0 < as_of.0
            && let Some(key) = node.get("review-by")
        {
            let help = "`as-of` is the state of knowledge, `review-by` the day on which it has to be looked at again";
            self.problem(key.span(), format!("review-by {} lies before as-of {}", review.0, as_of.0), Some(help.into()));
        }
        Some(Pack {
            id: id?.value,
            title: raw.title?.0,
            title_zh: raw.title_zh.map(|t| t.0),
            version: raw.version?.0,
            binding: raw.binding?.0,
            status: raw.status?.0,
            as_of: raw.as_of?.0,
            review_by: raw.review_by.map(|d| d.0),
            verification: raw.verification?.0,
            limits: raw.limits,
            instruments: Vec::new(),
            contested: Vec::new(),
            rules: Vec::new(),
            tests: Vec::new(),
            location: self.at(node.span()),
        })
    }

    fn instrument(&mut self, node: Node<'_>) -> Option<Instrument> {
        let raw: RawInstrument = self.read(node)?;
        self.missing(node, &["id", "citation"]);
        let id = self.id(raw.id);
        if let (Some(from), Some(to)) = (&raw.effective_from, &raw.effective_to)
            && to.0 < from.0
            && let Some(key) = node.get("effective-to")
        {
            self.problem(key.span(), format!("effective-to {} lies before effective-from {}", to.0, from.0), None);
        }
        Some(Instrument {
            id: id?,
            citation: raw.citation?.0,
            article: raw.article.map(|t| t.0),
            native_name: raw.native_name.map(|t| t.0),
            url: raw.url.map(|t| t.0),
            effective_from: raw.effective_from.map(|d| d.0),
            effective_to: raw.effective_to.map(|d| d.0),
            verification: raw.verification.map(|w| w.0),
        })
    }

    fn contested(&mut self, node: Node<'_>) -> Option<Contested> {
        let raw: RawContested = self.read(node)?;
        self.missing(node, &["id", "question", "strict", "lenient"]);
        let id = self.id(raw.id);
        Some(Contested { id: id?, question: raw.question?.0, strict: raw.strict?.0, lenient: raw.lenient?.0 })
    }

    fn rule(
        &mut self,
        node: Node<'_>,
        instruments: &BTreeSet<&str>,
        points: &BTreeSet<&str>,
        verification: Verification,
    ) -> Option<Rule> {
        let raw: RawRule = self.read(node)?;
        self.missing(node, &["id", "title", "severity"]);
        self.references(node, instruments);
        let reading = self.reading(node, &raw, points);
        let recipient = raw.recipient.as_ref().and_then(|r| self.recipients(node, r));
        self.empty_lists(node);
        self.exclusive_modifiers(node);
        let demand_key = self.one_demand(node);
        let id = self.id(raw.id.clone());
        let demand = demand_key.and_then(|key| self.demand(key.text().unwrap_or(""), &raw, node));
        let tiers = self.tiers(node, &raw);
        let mut state: Vec<State> = raw.state.iter().map(|w| w.0).collect();
        if state.is_empty() {
            state = State::ALL.to_vec();
        }
        state.sort_unstable();
        state.dedup();
        let mut activity: Vec<Doing> = raw.activity.iter().flat_map(|w| w.0.iter().copied()).collect();
        activity.sort_unstable();
        activity.dedup();
        Some(Rule {
            id: id?,
            title: raw.title?.0,
            title_zh: raw.title_zh.map(|t| t.0),
            instruments: raw.instrument.map_or_else(Vec::new, |i| i.0),
            severity: raw.severity?.0,
            verification: raw.verification.map_or(verification, |w| w.0),
            data: raw.data.into_iter().map(|c| c.map(|name| canonical(&name.0).into_owned())).collect(),
            origin: raw.origin.map(|words| self.places(words.iter().map(|w| w.0.as_str()))),
            origin_by: raw.origin_by.map_or(OriginAxis::default(), |w| w.0),
            activity,
            state,
            demand: demand?,
            demand_location: self.at(demand_key?.span()),
            recipient,
            reading,
            combine: raw.combine.map(|w| w.0).unwrap_or_default(),
            unless_mechanism: raw.unless_mechanism.into_iter().map(|m| m.0).collect(),
            min_subjects: raw.min_subjects.map(|t| t.at_least),
            window: raw.min_subjects.and_then(|t| t.window),
            tiers,
            applies_if: raw.applies_if.into_iter().map(|f| f.0).collect(),
            exempt: raw.exempt.into_iter().map(|f| f.0).collect(),
            rationale: raw.rationale.map(|t| t.0),
            location: self.at(node.span()),
        })
    }

    fn reading(&mut self, node: Node<'_>, raw: &RawRule, points: &BTreeSet<&str>) -> Option<(Spanned<String>, Reading)> {
        let reading = raw.reading.as_ref()?;
        if let Some(table) = node.get("reading") {
            self.missing(table, &["point", "as"]);
        }
        let point = reading.point.clone()?;
        self.known_point(&point, points);
        Some((point, reading.reading.as_ref()?.0))
    }

    fn known_point(&mut self, point: &Spanned<String>, known: &BTreeSet<&str>) {
        if known.contains(point.value.as_str()) {
            return;
        }
        let words: Vec<&str> = known.iter().copied().take(100).collect();
        let help =
            if words.is_empty() { "add a [[contested]] with this id".into() } else { did_you_mean(&point.value, &words) };
        self.problem(point.span, format!("unknown contested point `{}`", point.value), Some(help));
    }

    fn recipients(&mut self, rule: Node<'_>, raw: &RawRecipients) -> Option<Recipients> {
        let entry = rule.entry("recipient")?;
        self.empty_lists(entry.value);
        let goes_with =
            |key: &str| key == "recipient" || matches!(key, "only-in" | "never-in") && rule.get("return-within").is_none();
        if DEMANDS.iter().any(|(key, ..)| !goes_with(key) && rule.get(key).is_some()) {
            let help = "make it a rule of its own; `only-in` and `never-in` say what holds of the place, `recipient` of whoever operates it";
            self.problem(entry.key.span(), "`recipient` goes with `only-in` or `never-in`, or alone", Some(help.into()));
        }
        // What is asked wrongly is told as that.
        if !["jurisdiction", "certified", "covered-person"].iter().any(|key| entry.value.get(key).is_some()) {
            let help = "give `jurisdiction`, `certified` or `covered-person`";
            self.problem(entry.value.span(), "this asks nothing of a recipient", Some(help.into()));
        }
        Some(Recipients {
            jurisdiction: raw.jurisdiction.as_ref().map(|words| self.places(words.iter().map(|w| w.0.as_str()))),
            certified: raw.certified.iter().map(|c| c.0.clone()).collect(),
            covered_person: raw.covered_person,
        })
    }

    /// The key of the rule's only demand.
    fn one_demand<'d>(&mut self, node: Node<'d>) -> Option<Node<'d>> {
        let has = |key: &str| node.get(key).is_some();
        // `only-in` beside `return-within` says where data has to return to, `recipient` beside a demand who must have it there.
        let is_companion = |key: &str| match key {
            "only-in" => has("return-within"),
            "recipient" => DEMANDS.iter().any(|(d, ..)| *d != "recipient" && has(d)),
            _ => false,
        };
        let is_demand = |key: &str| DEMANDS.iter().any(|(d, ..)| *d == key) && !is_companion(key);
        let mut demands = node.entries().filter(|e| is_demand(e.name())).map(|e| e.key);
        let Some(first) = demands.next() else {
            if !DEMANDS.iter().any(|(d, ..)| self.is_meant(node, d)) {
                let words: Vec<&str> = DEMANDS.iter().map(|(d, ..)| *d).collect();
                self.problem(node.span(), "the rule demands nothing", Some(format!("add one of {}", words.join(", "))));
            }
            return None;
        };
        let name = first.text().unwrap_or("");
        if let Some(second) = demands.next() {
            let (line, other) = (self.line(first.span()), second.text().unwrap_or(""));
            let message = format!("`{other}` is a second demand; the rule already has `{name}` (line {line})");
            self.problem(second.span(), message, Some("make it a rule of its own".into()));
            return None;
        }
        for (demand, needed, allowed) in DEMANDS {
            for key in needed.iter().filter(|key| *demand == name && !has(key)) {
                if !self.is_meant(node, key) {
                    self.problem(first.span(), format!("`{demand}` needs `{key}`"), None);
                }
            }
            let astray = needed.iter().chain(*allowed).filter(|key| *demand != name && **key != "only-in");
            for entry in astray.filter_map(|key| node.entry(key)) {
                let key = entry.name();
                self.problem(entry.key.span(), format!("`{key}` goes with `{demand}` only"), Some(format!("remove `{key}`")));
            }
        }
        Some(first)
    }

    /// What the demand asks. `None`: a part of it was wrong or is missing, and noted.
    fn demand(&mut self, key: &str, raw: &RawRule, node: Node<'_>) -> Option<Demand> {
        let mut places = |words: &Option<Vec<PlaceWord>>| Some(self.places(words.as_ref()?.iter().map(|w| w.0.as_str())));
        Some(match key {
            "only-in" => Demand::OnlyIn(places(&raw.only_in)?),
            "never-in" => Demand::NeverIn(places(&raw.never_in)?),
            "copy-in" => Demand::CopyIn { places: places(&raw.copy_in)?, max_age_hours: raw.max_age.map(|h| h.0) },
            "first-in" => Demand::FirstIn(places(&raw.first_in)?),
            "return-within" => Demand::ReturnWithin { hours: raw.return_within?.0, home: places(&raw.only_in)? },
            "retain-in" => {
                let days = raw.days?;
                if days == 0 {
                    self.problem(value_span(node, "days"), "zero days keep nothing", None);
                    return None;
                }
                Demand::RetainIn { places: places(&raw.retain_in)?, days }
            }
            "keys-in" => Demand::KeysIn(places(&raw.keys_in)?),
            "survive" => Demand::Survive(self.survive(raw.survive.as_ref()?, node.get(key)?)?),
            "separate" => {
                if raw.at_least_km == Some(0) {
                    self.problem(value_span(node, "at-least-km"), "everything is at least 0 km away", None);
                }
                Demand::Separate(Separate {
                    apart: raw.separate.as_ref()?.iter().map(|w| w.0).collect(),
                    between: raw.between.as_ref()?.0,
                    at_least_km: raw.at_least_km,
                })
            }
            // What it asks was read before, and is noted if it asks nothing.
            "recipient" => Demand::Recipient,
            _ if raw.nexus? => Demand::Nexus,
            _ => {
                self.problem(value_span(node, "nexus"), "`nexus = false` demands nothing", Some("leave it out".into()));
                return None;
            }
        })
    }

    fn survive(&mut self, raw: &RawSurvive, node: Node<'_>) -> Option<Survive> {
        self.missing(node, &["loss-of", "keep"]);
        self.empty_lists(node);
        let count = raw.count.unwrap_or(1);
        if count == 0 {
            self.problem(value_span(node, "count"), "the loss of nothing is always survived", None);
        }
        let keep: Vec<Keep> = raw.keep.as_ref()?.iter().map(|w| w.0).collect();
        if raw.max_age.is_some() && !keep.contains(&Keep::FullCopy) {
            let help = Some("add full-copy to `keep`, or leave max-age out".to_owned());
            self.problem(value_span(node, "max-age"), "`max-age` says how old a full copy may be, and none is kept", help);
        }
        let loss_of = raw.loss_of.as_ref().map(|w| w.0);
        if raw.radius_km.is_some() && loss_of.is_some_and(|kind| kind != DomainKind::Site) {
            let help = Some("write `loss-of = \"site\"`, or leave radius-km out".to_owned());
            self.problem(value_span(node, "radius-km"), "`radius-km` is about sites around a lost site", help);
        }
        if raw.radius_km == Some(0) {
            self.problem(value_span(node, "radius-km"), "a radius of 0 km holds only the site itself", None);
        }
        Some(Survive {
            loss_of: loss_of?,
            radius_km: raw.radius_km,
            count,
            keep,
            max_age_hours: raw.max_age.map(|h| h.0),
            within: raw.within.as_ref().map(|words| self.places(words.iter().map(|w| w.0.as_str()))),
        })
    }

    fn tiers(&mut self, node: Node<'_>, raw: &RawRule) -> Vec<Tier> {
        for tier in node.get("tiers").into_iter().flat_map(|t| t.items()).filter(|t| t.is_map()) {
            self.missing(tier, &["at-least", "mechanism"]);
            self.empty_lists(tier);
        }
        let tier = |t: &RawTier| {
            let mechanisms = t.mechanism.as_ref()?.iter().map(|m| m.0.clone()).collect();
            Some(Tier { at_least: t.at_least?, mechanisms })
        };
        let mut tiers: Vec<Tier> = raw.tiers.iter().filter_map(tier).collect();
        tiers.sort_by_key(|t| t.at_least);
        if let Some(twice) = tiers.windows(2).find(|pair| pair[0].at_least == pair[1].at_least) {
            let message = format!("two tiers begin at {}", twice[0].at_least);
            self.problem(value_span(node, "tiers"), message, None);
        }
        tiers
    }

    fn exclusive_modifiers(&mut self, node: Node<'_>) {
        if let (Some(tiers), Some(_)) = (node.entry("tiers"), node.get("unless-mechanism")) {
            let help = "name the mechanisms in the tiers";
            self.problem(tiers.key.span(), "`tiers` takes the place of `unless-mechanism`", Some(help.into()));
        }
    }

    fn references(&mut self, node: Node<'_>, known: &BTreeSet<&str>) {
        let Some(value) = node.get("instrument") else { return };
        let single = value.as_str().map(|_| value);
        for reference in single.into_iter().chain(value.items()) {
            let Some(id) = reference.as_str().filter(|id| !known.contains(id)) else { continue };
            // A suggestion from a huge list would cost more than it helps.
            let words: Vec<&str> = known.iter().copied().take(100).collect();
            let help = if words.is_empty() { "add an [[instrument]] with this id".into() } else { did_you_mean(id, &words) };
            self.problem(reference.span(), format!("unknown instrument `{id}`"), Some(help));
        }
    }

    /// A list that is written and empty: it could mean all or nothing.
    fn empty_lists(&mut self, node: Node<'_>) {
        for entry in node.entries().filter(|e| e.value.is_list() && e.value.items().len() == 0) {
            let name = entry.name();
            self.problem(
                entry.value.span(),
                format!("`{name}` is an empty list"),
                Some("name something, or leave it out".into()),
            );
        }
    }

    fn duplicates(&mut self, tables: &[Node<'_>], what: &str) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for id in tables.iter().filter_map(|n| n.get("id")) {
            let Some(text) = id.as_str() else { continue };
            if let Some(first) = seen.get(text) {
                let line = self.line(*first);
                self.problem(id.span(), format!("the {what} id `{text}` is taken (line {line})"), None);
            } else {
                seen.insert(text, id.span());
            }
        }
    }

    /// The tables of `[[name]]`.
    fn tables<'d>(&mut self, root: Node<'d>, name: &str) -> Vec<Node<'d>> {
        let Some(value) = root.get(name) else { return Vec::new() };
        if !value.is_list() {
            let help = format!("write [[{name}]], with two brackets, before each");
            self.problem(value.span(), format!("`{name}` is not a list of tables"), Some(help));
        }
        value.items().collect()
    }

    fn read<'d, T: serde::Deserialize<'d>>(&mut self, node: Node<'d>) -> Option<T> {
        let (value, problems) = doc::read(node);
        self.last_read = self.problems.len();
        self.problems.extend(problems);
        value
    }

    /// Says which keys are missing, unless a misspelt one was meant.
    fn missing(&mut self, node: Node<'_>, keys: &[&str]) {
        for key in keys {
            if node.get(key).is_none() && !self.is_meant(node, key) {
                self.problem(node.span(), format!("the key `{key}` is missing"), Some(doc::de::what_for(key)));
            }
        }
    }

    /// Whether a key was refused in the table being read with the suggestion of this one.
    fn is_meant(&self, node: Node<'_>, key: &str) -> bool {
        let help = format!("did you mean `{key}`?");
        let here = self.problems[self.last_read..].iter().filter(|p| p.help.as_ref() == Some(&help));
        here.into_iter().any(|p| node.entries().any(|e| e.key.span() == p.span))
    }

    fn id(&mut self, id: Option<Spanned<String>>) -> Option<Spanned<String>> {
        let id = id?;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        if id.value.is_empty() || !id.value.chars().all(fits) {
            let help = "use lower-case letters, digits, `-`, `_` and `.`";
            self.problem(id.span, format!("`{}` cannot be an id", id.value), Some(help.into()));
            return None;
        }
        Some(id)
    }

    /// The words are places; that was checked when they were read.
    fn places<'w>(&mut self, words: impl Iterator<Item = &'w str>) -> PlaceSet {
        let words: Vec<&str> = words.collect();
        PlaceSet::resolve(&words, self.as_of).unwrap_or_else(|unknown| {
            self.problem(Span::new(0, 0), format!("unknown place `{}`", unknown.word), None);
            PlaceSet::default()
        })
    }

    fn problem(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        self.problems.push(Problem { span, message: message.into(), help });
    }

    fn line(&self, span: Span) -> u32 {
        self.lines.line(span.start)
    }

    fn at(&self, span: Span) -> Location {
        Location::new(self.source, span)
    }
}

fn value_span(node: Node<'_>, key: &str) -> Span {
    node.get(key).map_or(node.span(), |value| value.span())
}

mod expected;
#[cfg(test)]
mod tests;
