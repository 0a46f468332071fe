//! Policies in words: a rule as a sentence that a lawyer can check against the text it encodes, and a pack with all that says
//! how far it can be relied on. Says nothing about whether a rule holds.

use std::fmt::Write as _;

use super::{Apart, Binding, Combine, Demand, Doing, Instrument, Keep, Keyword, Pack, Rule, Separate, Survive, Tier, Window};
use crate::finding::State;
use crate::model::population::OriginAxis;
use crate::model::{Activity, DomainKind, Role};
use crate::source::Spanned;
use crate::vocab::places::{self, PlaceSet};
use crate::vocab::{certifications, classes, facts, mechanisms};

/// The rule in full sentences: demand, scope, exceptions, what it rests on.
pub fn sentence(pack: &Pack, rule: &Rule) -> String {
    let mut sentences = vec![demand(rule)];
    // What stands still, or names its own state, needs no word on states.
    if !matches!(rule.demand, Demand::Survive(_) | Demand::Separate(_)) || rule.state != State::ALL {
        sentences.push(states(&rule.state));
    }
    sentences.extend(recipients(rule));
    sentences.extend(volume(rule));
    if !rule.unless_mechanism.is_empty() {
        sentences.push(format!("Not asked of a transfer recorded as {}", mechanism_list(&rule.unless_mechanism)));
    }
    sentences.extend(rule.tiers.iter().map(tier));
    sentences.extend(asked("Binds only those who answer yes", " to all of", &rule.applies_if));
    sentences.extend(asked("Exempt are those who answer yes", " to any of", &rule.exempt));
    if let Some((point, reading)) = &rule.reading {
        sentences.push(format!("Asked only under the {} reading of the contested point {}", reading.as_str(), point.value));
    }
    sentences.extend(combined(rule.combine).map(str::to_owned));
    let rests_on: Vec<String> = rule.instruments.iter().filter_map(|id| instrument(pack, id)).map(cite).collect();
    if !rests_on.is_empty() {
        sentences.push(format!("Rests on {}", rests_on.join("; ")));
    }
    sentences.iter().map(|s| if s.ends_with(['?', '.']) { s.clone() } else { format!("{s}.") }).collect::<Vec<_>>().join(" ")
}

/// The pack with its instruments, its rules and what it cannot decide, as text of several lines.
pub fn describe(pack: &Pack) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    line(&format!("{} {}: {}", pack.id, pack.version, pack.title));
    line(&format!("  {}, {}; facts {}", binding(pack.binding), pack.status.word(), checked(pack.verification)));
    let review = pack.review_by.map_or("no review date".to_owned(), |d| format!("to be reviewed by {d}"));
    line(&format!("  as of {}, {review}", pack.as_of));
    for i in &pack.instruments {
        line("");
        line(&format!("  {}: {}", i.id.value, cite(i)));
        if let Some(name) = &i.native_name {
            line(&format!("    {name}"));
        }
        let mut dates = Vec::new();
        dates.extend(i.effective_from.map(|d| format!("from {d}")));
        dates.extend(i.effective_to.map(|d| format!("until {d}")));
        dates.extend(i.verification.map(|v| checked(v).to_owned()));
        if !dates.is_empty() {
            line(&format!("    {}", dates.join(", ")));
        }
        if let Some(url) = &i.url {
            line(&format!("    {url}"));
        }
    }
    for point in &pack.contested {
        line("");
        line(&format!("  {} is contested: {}", point.id.value, point.question));
        line(&format!("    Read strictly (which is asked unless the project chooses): {}.", point.strict));
        line(&format!("    Read leniently: {}.", point.lenient));
    }
    for rule in &pack.rules {
        line("");
        line(&format!("  {} ({}): {}", rule.id.value, rule.severity.as_str(), rule.title));
        line(&format!("    {}", sentence(pack, rule)));
        if let Some(why) = &rule.rationale {
            line(&format!("    Why: {why}."));
        }
        let controls: Vec<&str> = rule.controls().iter().map(|c| c.id.as_str()).collect();
        if !controls.is_empty() {
            line(&format!("    Maps to {}.", controls.join(", ")));
        }
        if rule.verification != pack.verification {
            line(&format!("    Facts {}.", checked(rule.verification)));
        }
    }
    if !pack.limits.is_empty() {
        line("");
        line("  What this pack cannot decide:");
        for limit in &pack.limits {
            line(&format!("    - {limit}"));
        }
    }
    out
}

fn demand(rule: &Rule) -> String {
    let (what, verbs) = (subject(rule), verbs(&rule.activity));
    let text = match &rule.demand {
        Demand::OnlyIn(places) => format!("{what} are {verbs} only in {}", place_list(places)),
        Demand::NeverIn(places) => format!("{what} are never {verbs} in {}", place_list(places)),
        Demand::CopyIn { places, max_age_hours } => {
            let age = max_age_hours.map_or(String::new(), |h| format!(", not older than {}", duration(h)));
            format!("at least one copy of {what} is stored in {}{age}", place_list(places))
        }
        Demand::FirstIn(places) => format!("{what} are stored first in {}, and elsewhere only after that", place_list(places)),
        Demand::ReturnWithin { hours, home } => {
            let (home, time) = (place_list(home), duration(*hours));
            format!("{what} belong in {home}; what leaves it is back, and deleted elsewhere, within {time}")
        }
        Demand::RetainIn { places, days } => {
            format!("{what} are kept in {} for at least {}", place_list(places), count(*days, "day"))
        }
        Demand::KeysIn(places) => format!("the keys that encrypt stores of {what} stand in {}", place_list(places)),
        Demand::Survive(survive) => survival(survive, &what),
        Demand::Separate(Separate { apart, at_least_km, .. }) => {
            let word = |apart: &Apart| match apart {
                Apart::Domain(kind) => kind.as_str(),
                Apart::Principal => "person with access",
            };
            let shared = joined(apart.iter().map(|a| word(a).to_owned()), "or");
            let far = at_least_km.map_or(String::new(), |km| format!(", at least one backup stands {km} km away or more"));
            format!(
                "stores of {what} and their backups share no {shared}{far}, and at least one backup is locked against deletion"
            )
        }
        Demand::Nexus => format!("a place carries {what} only if somebody who takes part belongs there"),
        Demand::Recipient => format!("{what} are {verbs} only where whoever operates the place may have them"),
    };
    capitalized(&text)
}

/// "Whoever operates such a place is governed by the law of ..., has ..., and is no covered person".
fn recipients(rule: &Rule) -> Option<String> {
    let asked = rule.recipient.as_ref()?;
    let mut parts = Vec::new();
    if let Some(set) = &asked.jurisdiction {
        parts.push(format!("is governed only by the law of {}", place_list(set)));
    }
    parts.extend(asked.certified.iter().map(|c| {
        let title = certifications::known(&c.value).map_or(c.value.as_str(), |known| known.title.as_str());
        format!("is {} ({})", uncapitalized(title), c.value)
    }));
    parts.extend(asked.covered_person.map(|is| {
        let article = if is { "a" } else { "no" };
        format!("is {article} covered person under 28 CFR 202.211")
    }));
    Some(format!("Whoever operates a place that the data gets to {}", joined(parts.into_iter(), "and")))
}

fn survival(survive: &Survive, what: &str) -> String {
    let lost = match survive.count {
        1 => format!("any one {}", survive.loss_of.as_str()),
        n => format!("any {n} {} at once", plural(survive.loss_of)),
    };
    let around = survive.radius_km.map_or(String::new(), |km| format!(" and of every site within {km} km of it"));
    let keep = survive.keep.iter().map(|k| match k {
        Keep::ServingPath => "a way to be served",
        Keep::FullCopy => "a full copy",
        Keep::Identity => "sign-in",
        Keep::Keys => "keys",
        Keep::Dns => "name service",
        Keep::ControlPlane => "control plane",
    });
    let age = survive.max_age_hours.map_or(String::new(), |hours| format!(" at most {} old", count(hours, "hour")));
    let within = survive.within.as_ref().map_or(String::new(), |p| format!(", inside {}", place_list(p)));
    format!(
        "the loss of {lost}{around} leaves {} for {what}{within}",
        joined(keep.map(|k| if k == "a full copy" { format!("{k}{age}") } else { k.to_owned() }), "and")
    )
}

fn plural(kind: DomainKind) -> String {
    match kind {
        DomainKind::Country => "countries".to_owned(),
        DomainKind::Campus => "campuses".to_owned(),
        other => format!("{}s", other.as_str()),
    }
}

/// "recordings and contact data of people in the United States".
fn subject(rule: &Rule) -> String {
    let classes = match rule.data.as_slice() {
        [] => "all data".to_owned(),
        data => joined(data.iter().map(|c| class(&c.value)), "and"),
    };
    let Some(origin) = &rule.origin else { return classes };
    let origin = place_list(origin);
    let of_people = rule.data.is_empty() || rule.data.iter().any(|c| classes::may_be_personal(&c.value));
    let whose = match rule.origin_by {
        OriginAxis::Residence if !of_people => format!("of {origin}"),
        OriginAxis::Residence => format!("of people in {origin}"),
        OriginAxis::Citizenship => format!("of citizens of {origin}"),
        OriginAxis::AccountRegion => format!("of accounts in {origin}"),
        OriginAxis::Market => format!("of people served in {origin}"),
    };
    format!("{classes} {whose}")
}

fn class(name: &str) -> String {
    match classes::known(name).and_then(|c| c.label.clone()) {
        Some(label) => label,
        None => format!("`{name}` data"),
    }
}

fn verbs(activity: &[Doing]) -> String {
    if activity.is_empty() {
        return "stored, processed, passed through or opened".to_owned();
    }
    let mut words: Vec<&str> = Vec::new();
    for doing in activity {
        let word = match doing {
            Doing::Role(Role::Entry) => "taken in",
            Doing::Role(Role::Transit) => "passed through",
            Doing::Role(Role::Process) => "processed",
            Doing::Role(Role::Store) => "stored",
            Doing::Role(Role::Keys) | Doing::Route(Activity::Keys) => "held as keys",
            Doing::Role(Role::Access) | Doing::Route(Activity::Access) => "opened",
            Doing::Route(Activity::Forward) => "forwarded",
            Doing::Route(Activity::Replicate) => "replicated",
            Doing::Route(Activity::Backup) => "backed up",
            Doing::Route(Activity::Log) => "logged",
            Doing::Route(Activity::Mirror) => "mirrored",
            Doing::Route(Activity::Cache) => "cached",
            // Carries no data; rules cannot name it.
            Doing::Route(Activity::Depend) => continue,
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    joined(words.into_iter().map(str::to_owned), "or")
}

fn states(states: &[State]) -> String {
    let words = states.iter().map(|s| match s {
        State::Normal => "in normal running",
        State::Overload => "under overload",
        State::Loss => "after a loss",
    });
    format!("Applies {}", joined(words.map(str::to_owned), "and"))
}

fn volume(rule: &Rule) -> Option<String> {
    let window = match rule.window {
        None => "",
        Some(Window::CalendarYear) => ", counted since 1 January",
        Some(Window::TrailingTwelveMonths) => ", counted over the last twelve months",
    };
    Some(format!("Binds from {} on{window}", people(rule.min_subjects?)))
}

fn tier(tier: &Tier) -> String {
    format!("From {} on, not asked of a transfer recorded as {}", people(tier.at_least), mechanism_list(&tier.mechanisms))
}

fn combined(combine: Combine) -> Option<&'static str> {
    match combine {
        // The default, and what one expects.
        Combine::Intersection => None,
        Combine::PerSubject => Some("Of an item about several people, each one's part follows that person"),
        Combine::Nexus => Some("A session of several people may be carried where one of them belongs"),
        Combine::Controller => Some("An item about several people follows the owner of the account"),
    }
}

fn asked(lead: &str, several: &str, ids: &[Spanned<String>]) -> Option<String> {
    let question = |id: &Spanned<String>| facts::known(&id.value).map_or_else(|| id.value.clone(), |f| f.question.clone());
    let questions: Vec<String> = ids.iter().map(question).collect();
    let several = if questions.len() > 1 { several } else { "" };
    (!questions.is_empty()).then(|| format!("{lead}{several}: {}", questions.join(" ")))
}

fn mechanism(id: &str) -> String {
    mechanisms::known(id).map_or_else(|| id.to_owned(), |m| format!("{} ({id})", uncapitalized(&m.title)))
}

/// Titles hold commas, so semicolons part them.
fn mechanism_list(ids: &[Spanned<String>]) -> String {
    ids.iter().map(|id| mechanism(&id.value)).collect::<Vec<_>>().join("; or ")
}

fn instrument<'p>(pack: &'p Pack, id: &str) -> Option<&'p Instrument> {
    pack.instruments.iter().find(|i| i.id.value == id)
}

fn cite(instrument: &Instrument) -> String {
    match &instrument.article {
        Some(article) => format!("{}, {article}", instrument.citation),
        None => instrument.citation.clone(),
    }
}

fn binding(binding: Binding) -> &'static str {
    match binding {
        Binding::Statute => "a statute",
        Binding::Regulation => "a regulation",
        Binding::Direction => "an authority's direction",
        Binding::Standard => "a standard",
        Binding::Certification => "a condition of a certificate",
        Binding::Contract => "a contract",
        Binding::Company => "a company's own rule",
    }
}

fn checked(verification: super::Verification) -> &'static str {
    match verification {
        super::Verification::Primary => "checked against the primary text",
        super::Verification::Secondary => "checked in secondary sources",
        super::Verification::Memory => "written from memory, not checked",
    }
}

fn place_list(set: &PlaceSet) -> String {
    joined(set.names.iter().map(|name| place(name)), "or")
}

/// "the United States with its territories (@us-all)", "China (CN)".
fn place(name: &str) -> String {
    if let Some(set) = places::sets().iter().find(|s| s.name == name) {
        // What follows a colon, a semicolon or a bracket explains the title.
        let title = set.title.split([':', ';', '(']).next().unwrap_or(&set.title).trim_end();
        let generic = ["The ", "Countries ", "Places ", "Members ", "Territories ", "All ", "Nine ", "Mainland "];
        return match title {
            t if generic.iter().any(|g| t.starts_with(g)) => format!("{} ({name})", uncapitalized(t)),
            t if t.starts_with("European ") => format!("the {t} ({name})"),
            t => format!("{t} ({name})"),
        };
    }
    let country = name.split('-').next().and_then(places::country);
    match (places::subdivision(name), country) {
        (Some(part), Some(country)) => format!("{}, {} ({name})", part.name, places::name_en(country)),
        (None, Some(country)) => match places::name_en(country) {
            n if n.starts_with("United ") => format!("the {n} ({name})"),
            n => format!("{n} ({name})"),
        },
        _ => name.to_owned(),
    }
}

fn duration(hours: u64) -> String {
    if hours > 48 && hours.is_multiple_of(24) { count(hours / 24, "day") } else { count(hours, "hour") }
}

fn count(n: u64, unit: &str) -> String {
    format!("{} {unit}{}", grouped(n), if n == 1 { "" } else { "s" })
}

fn people(n: u64) -> String {
    if n == 1 { "one person".to_owned() } else { format!("{} people", grouped(n)) }
}

/// `1,000,000`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `a`, `a and b`, `a, b and c`.
fn joined(words: impl Iterator<Item = String>, last: &str) -> String {
    let mut words: Vec<String> = words.collect();
    let Some(end) = words.pop() else { return String::new() };
    if words.is_empty() {
        return end;
    }
    let mut out = words.join(", ");
    let _ = write!(out, " {last} {end}");
    out
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

/// Leaves what is no ordinary word ("EU-US Data Privacy Framework") as it is.
fn uncapitalized(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::policy;
    use crate::source::SourceId;

    fn pack(keys: &str) -> Pack {
        let text = format!(
            "[pack]\nid = 'p'\ntitle = 'Meetings stay'\nversion = '1.2'\nbinding = 'statute'\nstatus = 'contested'\nas-of = 2026-11-01\n\
             verification = 'memory'\nlimits = ['Who takes part']\n\
             [[instrument]]\nid = 'law'\ncitation = 'Data Act 2020'\narticle = 'section 5'\nnative-name = '数据法'\nurl = 'https://law.example/5'\n\
             effective-from = 2020-01-01\nverification = 'secondary'\n\
             [[rule]]\nid = 'r'\ntitle = 'A place needs a person'\nseverity = 'high'\n{keys}\n"
        );
        let (pack, errors) = policy::parse(SourceId(0), &text, date(2026, 11, 22));
        assert_eq!(errors, [], "{keys}");
        pack.expect("a pack")
    }

    fn rule(keys: &str) -> String {
        let pack = pack(keys);
        sentence(&pack, &pack.rules[0])
    }

    const ALWAYS: &str = "Applies in normal running, under overload and after a loss.";

    #[test]
    fn every_demand_is_a_sentence() {
        for (keys, expected) in [
            (
                "data = ['communications.recordings']\norigin = ['US']\nactivity = ['store']\nonly-in = ['@us-all']",
                "Recordings of people in the United States (US) are stored only in the United States with its territories (@us-all). ALWAYS",
            ),
            (
                "never-in = ['@doj-countries-of-concern', 'US-CA']",
                "All data are never stored, processed, passed through or opened in countries of concern of the US bulk data rule (@doj-countries-of-concern) or California, United States (US-CA). ALWAYS",
            ),
            (
                "data = ['user']\norigin = ['RU']\norigin-by = 'citizenship'\ncopy-in = ['RU']\nmax-age = '24h'",
                "At least one copy of personal data of citizens of Russia (RU) is stored in Russia (RU), not older than 24 hours. ALWAYS",
            ),
            (
                "data = ['user']\nfirst-in = ['RU']",
                "Personal data are stored first in Russia (RU), and elsewhere only after that. ALWAYS",
            ),
            (
                "data = ['user.payment']\nreturn-within = '24h'\nonly-in = ['IN']",
                "Payment data belong in India (IN); what leaves it is back, and deleted elsewhere, within 24 hours. ALWAYS",
            ),
            (
                "data = ['logs']\nretain-in = ['@cn-mainland']\ndays = 180",
                "Logs are kept in mainland China (@cn-mainland) for at least 180 days. ALWAYS",
            ),
            (
                "data = ['user.contact.fax']\nkeys-in = ['@eea', 'CH']",
                "The keys that encrypt stores of `user.contact.fax` data stand in the European Economic Area (@eea) or Switzerland (CH). ALWAYS",
            ),
            (
                "data = ['communications.content']\norigin = ['US']\nsurvive = { loss-of = 'site', keep = ['serving-path', 'full-copy', 'identity', 'keys', 'dns'], within = ['@us-50-dc'] }",
                "The loss of any one site leaves a way to be served, a full copy, sign-in, keys and name service for contents of calls, meetings and messages of people in the United States (US), inside the fifty states and the District of Columbia (@us-50-dc).",
            ),
            (
                "survive = { loss-of = 'campus', count = 2, keep = ['full-copy'] }",
                "The loss of any 2 campuses at once leaves a full copy for all data.",
            ),
            (
                "separate = ['account', 'operator']\nbetween = 'store-and-backups'",
                "Stores of all data and their backups share no account or operator, and at least one backup is locked against deletion.",
            ),
            (
                "separate = ['account', 'principal']\nbetween = 'store-and-backups'\nat-least-km = 300",
                "Stores of all data and their backups share no account or person with access, at least one backup stands 300 km away or more, and at least one backup is locked against deletion.",
            ),
            (
                "survive = { loss-of = 'site', keep = ['full-copy', 'control-plane'], max-age = '1h', radius-km = 50 }",
                "The loss of any one site and of every site within 50 km of it leaves a full copy at most 1 hour old and control plane for all data.",
            ),
            (
                "data = ['communications.content', 'communications.keys']\norigin = ['DE', 'FR']\norigin-by = 'market'\nnexus = true",
                "A place carries contents of calls, meetings and messages and keys of calls, meetings and messages of people served in Germany (DE) or France (FR) only if somebody who takes part belongs there. ALWAYS",
            ),
            (
                "data = ['user.health_and_medical']\norigin = ['FR']\nactivity = ['store', 'backup']\nrecipient = { jurisdiction = ['@eu'], certified = ['hds'] }",
                "Health data of people in France (FR) are stored or backed up only where whoever operates the place may have them. ALWAYS Whoever operates a place that the data gets to is governed only by the law of the European Union, with the territories outside Europe where its law applies (@eu) and is certified as a host of health data in France (hds).",
            ),
            (
                "data = ['user']\nactivity = ['access', 'keys', 'log']\norigin = ['DE']\norigin-by = 'account-region'\nonly-in = ['@eea', '@eu-adequate']\nstate = ['overload']\nunless-mechanism = ['scc', 'dpf']\ninstrument = 'law'",
                "Personal data of accounts in Germany (DE) are held as keys, opened or logged only in the European Economic Area (@eea) or countries that the European Commission found adequate (@eu-adequate). Applies under overload. Not asked of a transfer recorded as standard contractual clauses of the Commission, with a transfer impact assessment (scc); or EU-US Data Privacy Framework, certified recipient (dpf). Rests on Data Act 2020, section 5.",
            ),
            (
                "origin = ['CN']\nonly-in = ['@cn-mainland']\nmin-subjects = { at-least = 1_000_000, window = 'calendar-year' }\ntiers = [{ at-least = 100_000, mechanism = ['cn-standard-contract'] }]\napplies-if = ['ciio', 'state-organ']\nexempt = ['cn-ftz-registered']\ncombine = 'controller'",
                "All data of people in China (CN) are stored, processed, passed through or opened only in mainland China (@cn-mainland). ALWAYS Binds from 1,000,000 people on, counted since 1 January. From 100,000 people on, not asked of a transfer recorded as standard contract for outbound transfer of personal information, filed (cn-standard-contract). Binds only those who answer yes to all of: Has an authority designated you an operator of critical information infrastructure in mainland China? Are you a state organ of China, or authorized by law to do the work of one? Exempt are those who answer yes: Are you registered in a Chinese free-trade zone with a negative list, and is the data outside that list? An item about several people follows the owner of the account.",
            ),
        ] {
            assert_eq!(rule(keys), expected.replace("ALWAYS", ALWAYS), "{keys}");
        }
    }

    #[test]
    fn a_pack_says_how_far_it_can_be_relied_on() {
        let expected = "p 1.2: Meetings stay
  a statute, contested; facts written from memory, not checked
  as of 2026-11-01, no review date

  law: Data Act 2020, section 5
    数据法
    from 2020-01-01, checked in secondary sources
    https://law.example/5

  r (high): A place needs a person
    A place carries all data only if somebody who takes part belongs there. Applies in normal running, under overload and after a loss.
    Why: Because.
    Maps to CCC.Core.CN06, CSA.DSP-10, NIST.SA-9(5), ISO27701.7.5.2.
    Facts checked against the primary text.

  What this pack cannot decide:
    - Who takes part
";
        assert_eq!(describe(&pack("nexus = true\nverification = 'primary'\nrationale = 'Because'")), expected);
    }

    #[test]
    fn shipped_packs_can_be_read_aloud() {
        for (name, text) in policy::shipped() {
            let pack = policy::parse(SourceId(0), text, date(2026, 11, 22)).0.expect(name);
            for rule in &pack.rules {
                let words = sentence(&pack, rule);
                assert!(!words.contains('`'), "a class without a label in {words}");
                assert!(words.ends_with('.') && words.starts_with(char::is_uppercase) && !words.contains(".."), "{words}");
            }
        }
    }
}
