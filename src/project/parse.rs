//! From the tables of `onshore.toml` to the project, with the checks that look at more than one value.

use std::collections::HashMap;

use super::raw::{
    self, ClassifyTable, FactValue, FindingTable, GeoOverrideTable, GeoTable, GlobText, HoldsTable, InputsTable, OverrideTable,
    PopulationTable, ProjectFile, RecipientTable, SelectorTable, TransferTable, WaiverTable, WorldTables,
};
use super::recipient::Recipient;
use super::transfer::Transfer;
use super::waiver::{Covers, FindingSelector, Waiver};
use super::{
    Attested, Classify, GeoOverride, GeoSettings, InputOverride, Inputs, Notify, Operator, OverrideTarget, PopulationEntry,
    Project, Selector,
};
use crate::doc::types::{CountryCode, DataClass, Name, OneOrMore, Word};
use crate::doc::{self, Entry, Node, Problem};
use crate::model::population::{OriginAxis, Subject};
use crate::model::{Country, DeclaredPlace, DomainKind, LossDomain, Place};
use crate::source::{InputError, Location, Source, SourceId, Span, Spanned};
use crate::vocab::places;

/// Reads a project file. With errors there may still be a project, of what is right; it is not to be checked then.
pub fn parse(source: SourceId, text: &str) -> (Option<Project>, Vec<InputError>) {
    let mut document = doc::toml::parse(text);
    let syntax = document.take_problems();
    let mut parser = Parser { source, lines: Source::new("", text), problems: Vec::new() };
    let mut project = None;
    if let Some(root) = document.root() {
        let (file, mut problems) = doc::read::<ProjectFile>(root);
        doc::without_echoes(&syntax, &mut problems);
        problems.iter_mut().for_each(|problem| belongs_elsewhere(problem, root));
        parser.problems = problems;
        project = file.map(|file| parser.project(file));
    }
    parser.problems.extend(syntax);
    parser.problems.sort_by_key(|p| p.span);
    (project, parser.problems.into_iter().map(|p| p.in_source(source)).collect())
}

/// A key that is known in another place is not misspelt: it stands in the wrong file, or under the wrong header.
fn belongs_elsewhere(problem: &mut Problem, root: Node<'_>) {
    let Some((entry, is_top)) = key_at(problem.span, root) else { return };
    if !problem.message.starts_with("unknown key") {
        return;
    }
    problem.help = match entry.name() {
        name @ ("site" | "endpoint" | "route") if is_top => {
            Some(format!("`[[{name}]]` belongs in an inventory file beside it, such as inventory.toml"))
        }
        name @ ("pack" | "rule") if is_top => {
            Some(format!("`{name}` belongs in a policy file, which `[check] policies` names"))
        }
        name => match &*raw::homes(name) {
            [] => return,
            [home] if home.trim_matches(['[', ']']) == name => Some(format!("`{name}` is a table of its own: {home}")),
            [home] => Some(format!("`{name}` belongs in {home}")),
            // What stands in an entry of a list may as well be meant for it (a population's `name`).
            [one, other] if is_top => Some(format!("`{name}` belongs in {one} or {other}")),
            _ => return,
        },
    };
}

/// The key at a place, and whether it stands at the top of the file.
fn key_at<'d>(span: Span, root: Node<'d>) -> Option<(Entry<'d>, bool)> {
    fn within(span: Span, node: Node<'_>) -> Option<Entry<'_>> {
        let here = node.entries().find(|e| e.key.span() == span);
        let below = || node.entries().map(|e| e.value).chain(node.items()).find_map(|value| within(span, value));
        here.or_else(below)
    }
    let entry = within(span, root)?;
    Some((entry, root.entries().any(|e| e.key.span() == span)))
}

/// Reads the tables `operator`, `population`, `classify`, `transfer` and `recipient` of a table in another file of ours; `text` is that
/// file's. Its further keys are not looked at.
pub fn parse_within(node: Node<'_>, source: SourceId, text: &str) -> (Option<Project>, Vec<InputError>) {
    let (tables, problems) = doc::read::<WorldTables>(node);
    let mut parser = Parser { source, lines: Source::new("", text), problems };
    let world = |WorldTables { operator, population, classify, transfer, recipient }| {
        let file = ProjectFile { operator, population, classify, transfer, recipient, ..ProjectFile::default() };
        Project { location: Some(Location::new(source, node.span())), ..parser.project(file) }
    };
    let project = tables.map(world);
    parser.problems.sort_by_key(|p| p.span);
    (project, parser.problems.into_iter().map(|p| p.in_source(source)).collect())
}

struct Parser {
    source: SourceId,
    lines: Source,
    problems: Vec<Problem>,
}

impl Parser {
    fn project(&mut self, file: ProjectFile) -> Project {
        self.unique("population", file.population.iter().map(|p| (p.value.id.value.0.as_str(), p.value.id.span)));
        self.unique("policy", file.check.policies.iter().map(|p| (p.value.0.as_str(), p.span)));
        Project {
            name: file.project.name.map(|n| n.0),
            name_zh: file.project.name_zh.map(|n| n.0),
            owner: file.project.owner.map(|n| n.0),
            lang: file.project.lang.map(|l| l.0),
            notify: file.project.notify.map(|n| Notify { within_hours: n.within.0, contact: n.contact.0 }),
            inputs: inputs(file.inputs),
            policies: file.check.policies.into_iter().map(name).collect(),
            fail_on: file.check.fail_on.map(|s| s.0),
            indeterminate: file.check.indeterminate.map(|i| i.0).unwrap_or_default(),
            waivers: file.waiver.into_iter().filter_map(|w| self.waiver(w)).collect(),
            transfers: file.transfer.map(|all| all.into_iter().map(|t| self.transfer(t)).collect()),
            recipients: file.recipient.into_iter().map(|r| self.recipient(r)).collect(),
            readings: file.check.readings.into_iter().map(|(point, reading)| (point, reading.map(|r| r.0))).collect(),
            max_waiver_days: file.check.max_waiver_days,
            refuse_comments: file.check.comment_waivers == Some(false),
            operator: Operator {
                name: file.operator.name.map(|n| n.0),
                facts: file.operator.facts.into_iter().map(|(fact, value)| (fact.0, value.map(attested))).collect(),
            },
            populations: file.population.into_iter().filter_map(|p| self.population(p)).collect(),
            classify: file.classify.into_iter().filter_map(|c| self.classify(c)).collect(),
            geo: self.geo(file.geo),
            location: Some(Location::new(self.source, Span::default())),
        }
    }

    fn population(&mut self, table: Spanned<PopulationTable>) -> Option<PopulationEntry> {
        let location = table.at(self.source);
        let population = table.value;
        let axes = [
            (OriginAxis::Citizenship, population.citizenship),
            (OriginAxis::AccountRegion, population.account_region),
            (OriginAxis::Market, population.market),
        ];
        let subject = self.subject(location.span, population.origin, population.participants);
        Some(PopulationEntry {
            id: population.id.map(|n| n.0),
            subject: subject?,
            other_axes: axes.into_iter().filter(|(_, c)| !c.0.is_empty()).map(|(axis, c)| (axis, countries(c.0))).collect(),
            data: classes(population.data.0),
            enters: population.enters.0.into_iter().map(name).collect(),
            subjects: population.subjects,
            location,
        })
    }

    fn classify(&mut self, table: Spanned<ClassifyTable>) -> Option<Classify> {
        let location = table.at(self.source);
        let ClassifyTable { selector, holds } = table.value;
        let selector = self.selector(selector);
        let HoldsTable { data, origin, participants, subjects: _ } = holds.value;
        let nothing = data.0.is_empty() && origin.is_none() && participants.is_none();
        let subject = if nothing { Some(Subject::Each(Vec::new())) } else { self.subject(holds.span, origin, participants) };
        let data = classes(data.0);
        Some(Classify { selector, subject: subject?, data, subjects: holds.value.subjects, location })
    }

    fn waiver(&mut self, table: Spanned<WaiverTable>) -> Option<Waiver> {
        let location = table.at(self.source);
        let WaiverTable { rule, selector, reason, approver, ticket, granted, expires } = table.value;
        if !rule.value.0.contains('/') {
            let problem = Problem::new(rule.span, format!("`{}` is not a rule", rule.value.0));
            self.problems.push(problem.help("name the pack and the rule, as reports do: `pack/rule`"));
        }
        if let Some(granted) = granted.as_ref().filter(|g| g.value.0 > expires.value.0) {
            let problem = Problem::new(expires.span, format!("this waiver ends before it begins on {}", granted.value.0));
            self.problems.push(problem.help("correct `granted` or `expires`"));
        }
        Some(Waiver {
            rule: name(rule),
            covers: Covers::Selected(Box::new(self.findings(selector)?)),
            reason: reason.0,
            approver: approver.0,
            ticket: ticket.map(|t| t.0),
            granted: granted.map(|g| g.value.0),
            expires: expires.map(|e| e.0),
            location,
        })
    }

    fn transfer(&mut self, table: Spanned<TransferTable>) -> Transfer {
        let location = table.at(self.source);
        let table = table.value;
        if let Some(until) = table.valid_until.as_ref().filter(|u| u.value.0 < table.valid_from.value.0) {
            let problem = Problem::new(until.span, format!("this entry ends before it begins on {}", table.valid_from.value.0));
            self.problems.push(problem.help("correct `valid-from` or `valid-until`"));
        }
        Transfer {
            mechanism: table.mechanism.0,
            recipient: table.recipient.0,
            selector: self.selector(table.selector),
            data: classes(table.data.0),
            from: table.from.0.into_iter().map(|p| p.0).collect(),
            to: table.to.0.into_iter().map(|p| p.0).collect(),
            purpose: table.purpose.0,
            evidence: table.evidence.0,
            valid_from: table.valid_from.value.0,
            valid_until: table.valid_until.map(|d| d.map(|d| d.0)),
            location,
        }
    }

    fn recipient(&mut self, table: Spanned<RecipientTable>) -> Recipient {
        let location = table.at(self.source);
        let RecipientTable { name, selector, own, jurisdiction, certifications, covered_person, until, evidence } = table.value;
        Recipient {
            name: name.0,
            selector: self.selector(selector),
            own,
            jurisdiction: jurisdiction.map(|all| countries(all.0).iter().map(ToString::to_string).collect()),
            certifications: certifications.map(|all| all.into_iter().map(|c| c.0.value).collect()),
            covered_person,
            until: until.map(|d| d.0),
            evidence: evidence.map(|n| n.0),
            location,
        }
    }

    fn findings(&mut self, table: Spanned<FindingTable>) -> Option<FindingSelector> {
        let span = table.span;
        let FindingTable { fingerprint, code, endpoint, file, origin, data, state } = table.value;
        if let Some(short) = fingerprint.as_ref().filter(|f| f.value.0.len() < 8) {
            let problem = Problem::new(short.span, format!("`{}` is too short for a fingerprint", short.value.0));
            self.problems.push(problem.help("give at least its first 8 characters; reports end each finding with it"));
        }
        let nothing = fingerprint.is_none() && code.is_none() && endpoint.is_none() && file.is_none();
        if nothing && origin.0.is_empty() && data.0.is_empty() && state.0.is_empty() {
            if !self.has_problem(span, &[]) {
                let problem = Problem::new(span, "this waiver does not say which findings of the rule it is for");
                let help =
                    "give `fingerprint`, `endpoint` or another key; `endpoint = \"*\"` is every finding, also those to come";
                self.problems.push(problem.help(help));
            }
            return None;
        }
        Some(FindingSelector {
            fingerprint: fingerprint.map(|f| f.value.0),
            code: code.map(|c| c.0),
            endpoint: endpoint.map(|g| g.0),
            file: file.map(|g| g.0),
            origin: countries(origin.0),
            data: data.0.into_iter().map(|d| d.0).collect(),
            state: state.0.into_iter().map(|s| s.0).collect(),
        })
    }

    fn geo(&mut self, table: GeoTable) -> GeoSettings {
        if let (Some(warn), Some(max)) = (&table.warn_age_days, &table.max_age_days)
            && warn.value > max.value
        {
            let message = format!("data is refused at {max} days, before the warning at {warn} days");
            self.problems.push(Problem::new(warn.span, message).help("make `warn-age-days` smaller than `max-age-days`"));
        }
        GeoSettings {
            databases: table.databases.into_iter().map(name).collect(),
            ranges: table.ranges.into_iter().map(name).collect(),
            accept: table.accept.into_iter().map(|b| b.map(|choice| choice.0.word().to_owned())).collect(),
            warn_age_days: table.warn_age_days.map(|d| d.value),
            max_age_days: table.max_age_days.map(|d| d.value),
            overrides: table.overrides.into_iter().filter_map(|o| self.geo_override(o)).collect(),
        }
    }

    fn geo_override(&mut self, table: Spanned<GeoOverrideTable>) -> Option<GeoOverride> {
        let location = table.at(self.source);
        let table = table.value;
        let country = table.country.0;
        if let Some(code) = &table.subdivision
            && !code.value.0.starts_with(country.as_str())
        {
            let message = format!("`{}` does not lie in {country}", code.value.0);
            self.problems.push(Problem::new(code.span, message).help("correct the country or the subdivision"));
        }
        let target = match (table.selector, table.network) {
            (Some(selector), None) => OverrideTarget::Endpoints(Box::new(self.selector(selector))),
            (None, Some(network)) => OverrideTarget::Network(network.value.0),
            (Some(_), Some(network)) => {
                let problem = Problem::new(network.span, "an override is either for endpoints or for a network");
                self.problems.push(problem.help("keep `match` or `network`, or write two overrides"));
                return None;
            }
            (None, None) => {
                let problem = Problem::new(location.span, "this override does not say what it is for");
                self.problems.push(problem.help("add `match = { ... }` or `network = \"...\"`"));
                return None;
            }
        };
        let provider = table.provider.map(|n| n.0);
        let of_provider = |id: Name| match &provider {
            Some(provider) => format!("{provider}/{}", id.0),
            None => id.0,
        };
        let domains = [
            (DomainKind::Zone, table.zone.map(of_provider)),
            (DomainKind::Site, table.site.map(|n| n.0)),
            (DomainKind::Campus, table.campus.map(|n| n.0)),
            (DomainKind::Metro, table.metro.map(|n| n.0)),
            (DomainKind::Region, table.region.map(of_provider)),
            (DomainKind::Account, table.account.map(|n| n.0)),
            (DomainKind::Provider, provider.clone()),
            (DomainKind::Carrier, table.carrier.map(|n| n.0)),
            (DomainKind::Operator, table.operator.map(|n| n.0)),
        ];
        let place = Place {
            country,
            subdivision: table.subdivision.map(|s| s.value.0),
            city: table.city.map(|c| c.0.into_boxed_str()),
        };
        Some(GeoOverride {
            target,
            place: DeclaredPlace { place: places::normalize(place), coordinates: table.coordinates.map(|c| (c.0, c.1)) },
            domains: domains.into_iter().filter_map(|(kind, name)| Some(LossDomain::new(kind, name?))).collect(),
            because: table.because.map(|n| n.0),
            location,
        })
    }

    /// `origin` or `participants`, exactly one of them.
    fn subject(
        &mut self,
        table: Span,
        origin: Option<Spanned<OneOrMore<CountryCode>>>,
        participants: Option<Spanned<OneOrMore<CountryCode>>>,
    ) -> Option<Subject> {
        match (origin, participants) {
            (Some(origin), None) => Some(Subject::Each(countries(origin.value.0))),
            (None, Some(joint)) => Some(Subject::Joint(countries(joint.value.0))),
            (Some(_), Some(joint)) => {
                let problem = Problem::new(joint.span, "`origin` and `participants` exclude each other");
                self.problems.push(problem.help("`origin`: people on their own; `participants`: together in one session"));
                None
            }
            (None, None) if self.has_problem(table, &["origin", "participants"]) => None,
            (None, None) => {
                let problem = Problem::new(table, "whose data it is, is not said");
                let help = "add `origin = [\"US\"]`, or `participants = [\"US\", \"CN\"]` for joint sessions";
                self.problems.push(problem.help(help));
                None
            }
        }
    }

    fn selector(&mut self, table: Spanned<SelectorTable>) -> Selector {
        let span = table.span;
        let SelectorTable { id, kind, name, tag, account, region, provider, site, file } = table.value;
        let keys = [&id, &kind, &name, &account, &region, &provider, &site, &file];
        if tag.is_empty() && keys.iter().all(|k| k.is_none()) && !self.has_problem(span, &[]) {
            let problem = Problem::new(span, "this selector names nothing to match");
            self.problems.push(problem.help("give it a key such as `id`, `kind` or `tag`; `id = \"*\"` is every endpoint"));
        }
        Selector {
            id: id.map(glob),
            kind: kind.map(glob),
            name: name.map(glob),
            tag: tag.into_iter().map(|(key, value)| (key, glob(value))).collect(),
            account: account.map(glob),
            region: region.map(glob),
            provider: provider.map(glob),
            site: site.map(glob),
            file: file.map(glob),
        }
    }

    /// One of these keys (any key, if there are none) was told to be wrong in this table, so that it only seems to be missing.
    fn has_problem(&self, table: Span, keys: &[&str]) -> bool {
        let text = &self.lines.text;
        // The span of a table under a header is the header; its keys go on to the next one.
        let is_inline = text[table.range()].starts_with('{');
        let body = &text[table.end as usize..];
        let end = table.end as usize + if is_inline { 0 } else { body.find("\n[").unwrap_or(body.len()) };
        let is_about = |p: &Problem| {
            let line = self.lines.line_text(self.lines.line(p.span.start));
            let is_meant = |key: &&str| p.help.as_ref().is_some_and(|h| h.contains(&format!("`{key}`")));
            keys.is_empty() || keys.iter().any(|key| is_meant(key) || line.contains(key))
        };
        self.problems.iter().any(|p| p.span.start >= table.start && p.span.end as usize <= end && is_about(p))
    }

    fn unique<'t>(&mut self, what: &str, names: impl Iterator<Item = (&'t str, Span)>) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for (name, span) in names {
            if let Some(first) = seen.insert(name, span) {
                let line = self.lines.line(first.start);
                let problem = Problem::new(span, format!("the {what} `{name}` is there twice"));
                self.problems.push(problem.help(format!("it is there first on line {line}")));
            }
        }
    }
}

fn attested(FactValue(table): FactValue) -> Attested {
    Attested {
        value: table.value,
        until: table.until.map(|d| d.0),
        by: table.by.map(|n| n.0),
        evidence: table.evidence.map(|n| n.0),
    }
}

fn classes(data: Vec<Spanned<DataClass>>) -> Vec<Spanned<String>> {
    data.into_iter().map(|c| c.map(|class| class.0)).collect()
}

fn inputs(table: InputsTable) -> Inputs {
    let one = |table: OverrideTable| InputOverride {
        path: glob(table.path),
        format: table.format.map(name),
        site: table.site.map(name),
        network_scope: table.network_scope.map(name),
        provider: table.provider.map(name),
        region: table.region.map(name),
        account: table.account.map(name),
        variables: table.variables.into_iter().map(|(k, v)| (k, name(v))).collect(),
        variable_files: table.variable_files.into_iter().map(name).collect(),
        columns: table.columns.into_iter().map(|(k, v)| (k, name(v))).collect(),
    };
    Inputs {
        include: table.include.into_iter().map(glob).collect(),
        exclude: table.exclude.into_iter().map(glob).collect(),
        overrides: table.overrides.into_iter().map(one).collect(),
    }
}

fn glob(text: Spanned<GlobText>) -> Spanned<String> {
    text.map(|glob| glob.0)
}

fn name(text: Spanned<Name>) -> Spanned<String> {
    text.map(|name| name.0)
}

/// Sorted, without repeats.
fn countries(codes: Vec<CountryCode>) -> Vec<Country> {
    let mut all: Vec<Country> = codes.into_iter().map(|c| c.0).collect();
    all.sort_unstable();
    all.dedup();
    all
}
