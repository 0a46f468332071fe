//! Policies in words: a rule as a sentence that a lawyer can check against the text it encodes, and a pack with all that says
//! how far it can be relied on. Says nothing about whether a rule holds.

use super::{Apart, Binding, Combine, Demand, Doing, Instrument, Keep, Keyword, Pack, Rule, Separate, Survive, Tier, Window};
use crate::finding::State;
use crate::lang::{self, Joint, Lang, Message, say, tell};
use crate::model::population::OriginAxis;
use crate::model::{Activity, DomainKind, Role};
use crate::source::Spanned;
use crate::vocab::places::{self, PlaceSet};
use crate::vocab::{certifications, classes, facts, mechanisms};

/// The rule in full sentences: demand, scope, exceptions, what it rests on.
pub fn sentence(pack: &Pack, rule: &Rule, lang: Lang) -> String {
    let mut sentences = vec![demand(rule)];
    // What stands still, or names its own state, needs no word on states.
    if !matches!(rule.demand, Demand::Survive(_) | Demand::Separate(_)) || rule.state != State::ALL {
        sentences.push(states(&rule.state));
    }
    sentences.extend(recipients(rule, lang));
    sentences.extend(volume(rule));
    if !rule.unless_mechanism.is_empty() {
        let mechanisms = mechanism_list(&rule.unless_mechanism, lang);
        sentences.push(say!("Not asked of a transfer recorded as {mechanisms}", mechanisms));
    }
    sentences.extend(rule.tiers.iter().map(|t| tier(t, lang)));
    sentences.extend(questions(&rule.applies_if).map(|(several, asked)| match several {
        true => say!("Binds only those who answer yes to all of: {asked}", asked),
        false => say!("Binds only those who answer yes: {asked}", asked),
    }));
    sentences.extend(questions(&rule.exempt).map(|(several, asked)| match several {
        true => say!("Exempt are those who answer yes to any of: {asked}", asked),
        false => say!("Exempt are those who answer yes: {asked}", asked),
    }));
    if let Some((point, reading)) = &rule.reading {
        let reading = Message::Word(reading.as_str());
        sentences.push(say!(
            "Asked only under the {reading} reading of the contested point {point}",
            reading,
            point = point.value
        ));
    }
    sentences.extend(combined(rule.combine));
    let rests_on: Vec<Message> = rule.instruments.iter().filter_map(|id| instrument(pack, id)).map(Instrument::cited).collect();
    if !rests_on.is_empty() {
        sentences.push(say!("Rests on {instruments}", instruments = lang::series(rests_on, Joint::Semicolon)));
    }
    let stop = tell!(lang, ".");
    let ended = sentences.iter().map(|s| match s.tell(lang) {
        s if s.ends_with(['?', '.', '？', '。']) => s,
        s => format!("{s}{stop}"),
    });
    let text = ended.collect::<Vec<_>>().join(lang.space());
    if lang == Lang::En { capitalized(&text) } else { text }
}

/// The pack with its instruments, its rules and what it cannot decide, as text of several lines. What a pack
/// of the user's says is in its own words.
pub fn describe(pack: &Pack, lang: Lang) -> String {
    let mut out = String::new();
    let mut line = |indent: &str, text: &str| {
        out.push_str(indent);
        out.push_str(text);
        out.push('\n');
    };
    line("", &tell!(lang, "{pack} {version}: {title}", pack = pack.id, version = pack.version, title = pack.title()));
    let (binding, facts) = (binding(pack.binding), checked(pack.verification));
    line("  ", &tell!(lang, "{binding}, {status}; facts {facts}", binding, status = Message::Word(pack.status.word()), facts));
    let review = pack.review_by.map_or_else(|| say!("no review date"), |day| say!("to be reviewed by {day}", day));
    line("  ", &tell!(lang, "as of {day}, {review}", day = pack.as_of, review));
    for i in &pack.instruments {
        line("", "");
        line("  ", &tell!(lang, "{id}: {cited}", id = i.id.value, cited = i.cited()));
        if let Some(name) = &i.native_name {
            line("    ", name);
        }
        let mut dates = Vec::new();
        dates.extend(i.effective_from.map(|day| say!("from {day}", day)));
        dates.extend(i.effective_to.map(|day| say!("until {day}", day)));
        dates.extend(i.verification.map(checked));
        if !dates.is_empty() {
            line("    ", &lang::series(dates, Joint::Clause).tell(lang));
        }
        if let Some(url) = &i.url {
            line("    ", url);
        }
    }
    for point in &pack.contested {
        line("", "");
        line(
            "  ",
            &tell!(lang, "{point} is contested: {question}", point = point.id.value, question = lang::shipped(&point.question)),
        );
        let how = tell!(
            lang,
            "Read strictly (which is asked unless the project chooses): {how}.",
            how = lang::shipped(&point.strict)
        );
        line("    ", &how);
        line("    ", &tell!(lang, "Read leniently: {how}.", how = lang::shipped(&point.lenient)));
    }
    for rule in &pack.rules {
        line("", "");
        let severity = Message::Word(rule.severity.as_str());
        line("  ", &tell!(lang, "{rule} ({severity}): {title}", rule = rule.id.value, severity, title = rule.title()));
        line("    ", &sentence(pack, rule, lang));
        if let Some(why) = rule.rationale() {
            line("    ", &tell!(lang, "Why: {why}.", why));
        }
        let controls: Vec<&str> = rule.controls().iter().map(|c| c.id.as_str()).collect();
        if !controls.is_empty() {
            line("    ", &tell!(lang, "Maps to {controls}.", controls = lang::list(controls)));
        }
        if rule.verification != pack.verification {
            line("    ", &tell!(lang, "Facts {checked}.", checked = checked(rule.verification)));
        }
    }
    if !pack.limits.is_empty() {
        line("", "");
        line("  ", &tell!(lang, "What this pack cannot decide:"));
        for limit in &pack.limits {
            line("    - ", &lang::shipped(limit).tell(lang));
        }
    }
    out
}

fn demand(rule: &Rule) -> Message {
    let (what, verbs) = (subject(rule), verbs(&rule.activity));
    match &rule.demand {
        Demand::OnlyIn(places) => say!("{what} are {verbs} only in {places}", what, verbs, places = place_list(places)),
        Demand::NeverIn(places) => say!("{what} are never {verbs} in {places}", what, verbs, places = place_list(places)),
        Demand::CopyIn { places, max_age_hours } => {
            let age = max_age_hours.map_or_else(Message::default, |h| say!(", not older than {age}", age = duration(h)));
            say!("at least one copy of {what} is stored in {places}{age}", what, places = place_list(places), age)
        }
        Demand::FirstIn(places) => {
            say!("{what} are stored first in {places}, and elsewhere only after that", what, places = place_list(places))
        }
        Demand::ReturnWithin { hours, home } => {
            let (home, time) = (place_list(home), duration(*hours));
            say!("{what} belong in {home}; what leaves it is back, and deleted elsewhere, within {time}", what, home, time)
        }
        Demand::RetainIn { places, days } => {
            let (places, time) = (place_list(places), self::days(*days));
            say!("{what} are kept in {places} for at least {time}", what, places, time)
        }
        Demand::KeysIn(places) => {
            say!("the keys that encrypt stores of {what} stand in {places}", what, places = place_list(places))
        }
        Demand::Survive(survive) => survival(survive, what),
        Demand::Separate(Separate { apart, at_least_km, .. }) => {
            let word = |apart: &Apart| match apart {
                Apart::Domain(kind) => Message::Word(kind.as_str()),
                Apart::Principal => say!("person with access"),
            };
            let shared = lang::series(apart.iter().map(word), Joint::Or);
            let far =
                at_least_km.map_or_else(Message::default, |km| say!(", at least one backup stands {km} km away or more", km));
            say!(
                "stores of {what} and their backups share no {shared}{far}, and at least one backup is locked against deletion",
                what,
                shared,
                far
            )
        }
        Demand::Nexus => say!("a place carries {what} only if somebody who takes part belongs there", what),
        Demand::Recipient => say!("{what} are {verbs} only where whoever operates the place may have them", what, verbs),
    }
}

/// "Whoever operates such a place is governed by the law of ..., has ..., and is no covered person".
fn recipients(rule: &Rule, lang: Lang) -> Option<Message> {
    let asked = rule.recipient.as_ref()?;
    let mut parts = Vec::new();
    if let Some(set) = &asked.jurisdiction {
        parts.push(say!("is governed only by the law of {places}", places = place_list(set)));
    }
    parts.extend(asked.certified.iter().map(|c| {
        let title = certifications::known(&c.value).map_or(c.value.as_str(), |known| known.title.as_str());
        say!("is {title} ({id})", title = phrase(title, lang), id = c.value)
    }));
    parts.extend(asked.covered_person.map(|is| match is {
        true => say!("is a covered person under 28 CFR 202.211"),
        false => say!("is no covered person under 28 CFR 202.211"),
    }));
    Some(say!("Whoever operates a place that the data gets to {what}", what = lang::series(parts, Joint::And)))
}

fn survival(survive: &Survive, what: Message) -> Message {
    let lost = match survive.count {
        1 => say!("any one {kind}", kind = Message::Word(survive.loss_of.as_str())),
        n => say!("any {n} {kinds} at once", n, kinds = several(survive.loss_of)),
    };
    let around = survive.radius_km.map_or_else(Message::default, |km| say!(" and of every site within {km} km of it", km));
    let keep = survive.keep.iter().map(|k| match (k, survive.max_age_hours) {
        (Keep::ServingPath, _) => say!("a way to be served"),
        (Keep::FullCopy, None) => say!("a full copy"),
        (Keep::FullCopy, Some(hours)) => say!("a full copy at most {age} old", age = self::hours(hours)),
        (Keep::Identity, _) => say!("sign-in"),
        (Keep::Keys, _) => say!("keys"),
        (Keep::Dns, _) => say!("name service"),
        (Keep::ControlPlane, _) => say!("control plane"),
    });
    let within = survive.within.as_ref().map_or_else(Message::default, |p| say!(", inside {places}", places = place_list(p)));
    let kept = lang::series(keep, Joint::And);
    say!("the loss of {lost}{around} leaves {kept} for {what}{within}", lost, around, kept, what, within)
}

fn several(kind: DomainKind) -> Message {
    let plural = match kind {
        DomainKind::Country => "countries".to_owned(),
        DomainKind::Campus => "campuses".to_owned(),
        other => format!("{}s", other.as_str()),
    };
    lang::both(&plural, Some(Lang::Zh.word(kind.as_str())))
}

/// "recordings and contact data of people in the United States".
fn subject(rule: &Rule) -> Message {
    let classes = match rule.data.as_slice() {
        [] => say!("all data"),
        data => lang::series(data.iter().map(|c| class(&c.value)), Joint::And),
    };
    let Some(origin) = &rule.origin else { return classes };
    let origin = place_list(origin);
    let of_people = rule.data.is_empty() || rule.data.iter().any(|c| classes::may_be_personal(&c.value));
    match rule.origin_by {
        OriginAxis::Residence if !of_people => say!("{classes} of {origin}", classes, origin),
        OriginAxis::Residence => say!("{classes} of people in {origin}", classes, origin),
        OriginAxis::Citizenship => say!("{classes} of citizens of {origin}", classes, origin),
        OriginAxis::AccountRegion => say!("{classes} of accounts in {origin}", classes, origin),
        OriginAxis::Market => say!("{classes} of people served in {origin}", classes, origin),
    }
}

fn class(name: &str) -> Message {
    match classes::known(name).and_then(|c| c.label.clone()) {
        Some(label) => lang::read(label),
        None => say!("`{name}` data", name),
    }
}

fn verbs(activity: &[Doing]) -> Message {
    if activity.is_empty() {
        return say!("stored, processed, passed through or opened");
    }
    let mut words: Vec<Message> = Vec::new();
    for doing in activity {
        let word = match doing {
            Doing::Role(Role::Entry) => say!("taken in"),
            Doing::Role(Role::Transit) => say!("passed through"),
            Doing::Role(Role::Process) => say!("processed"),
            Doing::Role(Role::Store) => say!("stored"),
            Doing::Role(Role::Keys) | Doing::Route(Activity::Keys) => say!("held as keys"),
            Doing::Role(Role::Access) | Doing::Route(Activity::Access) => say!("opened"),
            Doing::Route(Activity::Forward) => say!("forwarded"),
            Doing::Route(Activity::Replicate) => say!("replicated"),
            Doing::Route(Activity::Backup) => say!("backed up"),
            Doing::Route(Activity::Log) => say!("logged"),
            Doing::Route(Activity::Mirror) => say!("mirrored"),
            Doing::Route(Activity::Cache) => say!("cached"),
            // Carries no data; rules cannot name it.
            Doing::Route(Activity::Depend) => continue,
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    lang::series(words, Joint::Or)
}

fn states(states: &[State]) -> Message {
    let words = states.iter().map(|s| match s {
        State::Normal => say!("in normal running"),
        State::Overload => say!("under overload"),
        State::Loss => say!("after a loss"),
    });
    say!("Applies {states}", states = lang::series(words, Joint::And))
}

fn volume(rule: &Rule) -> Option<Message> {
    let people = people(rule.min_subjects?);
    Some(match rule.window {
        None => say!("Binds from {people} on", people),
        Some(Window::CalendarYear) => say!("Binds from {people} on, counted since 1 January", people),
        Some(Window::TrailingTwelveMonths) => say!("Binds from {people} on, counted over the last twelve months", people),
    })
}

fn tier(tier: &Tier, lang: Lang) -> Message {
    let (people, mechanisms) = (people(tier.at_least), mechanism_list(&tier.mechanisms, lang));
    say!("From {people} on, not asked of a transfer recorded as {mechanisms}", people, mechanisms)
}

fn combined(combine: Combine) -> Option<Message> {
    match combine {
        // The default, and what one expects.
        Combine::Intersection => None,
        Combine::PerSubject => Some(say!("Of an item about several people, each one's part follows that person")),
        Combine::Nexus => Some(say!("A session of several people may be carried where one of them belongs")),
        Combine::Controller => Some(say!("An item about several people follows the owner of the account")),
    }
}

/// Whether there are several, and the questions themselves.
fn questions(ids: &[Spanned<String>]) -> Option<(bool, Message)> {
    let question = |id: &Spanned<String>| {
        facts::known(&id.value).map_or_else(|| Message::Plain(id.value.clone()), |f| lang::read(f.question.clone()))
    };
    (!ids.is_empty()).then(|| (ids.len() > 1, lang::series(ids.iter().map(question), Joint::Sentence)))
}

fn mechanism(id: &str, lang: Lang) -> Message {
    let known = mechanisms::known(id);
    known.map_or_else(|| id.into(), |m| say!("{title} ({id})", title = phrase(&m.title, lang), id))
}

/// Titles hold commas, so semicolons part them.
fn mechanism_list(ids: &[Spanned<String>], lang: Lang) -> Message {
    let all = ids.iter().map(|id| mechanism(&id.value, lang).tell(lang));
    all.collect::<Vec<_>>().join(&tell!(lang, "; or ")).into()
}

/// A title within a sentence.
fn phrase(title: &str, lang: Lang) -> String {
    match lang {
        Lang::En => uncapitalized(title),
        Lang::Zh => lang.read(title).into_owned(),
    }
}

fn instrument<'p>(pack: &'p Pack, id: &str) -> Option<&'p Instrument> {
    pack.instruments.iter().find(|i| i.id.value == id)
}

fn binding(binding: Binding) -> Message {
    match binding {
        Binding::Statute => say!("a statute"),
        Binding::Regulation => say!("a regulation"),
        Binding::Direction => say!("an authority's direction"),
        Binding::Standard => say!("a standard"),
        Binding::Certification => say!("a condition of a certificate"),
        Binding::Contract => say!("a contract"),
        Binding::Company => say!("a company's own rule"),
    }
}

fn checked(verification: super::Verification) -> Message {
    match verification {
        super::Verification::Primary => say!("checked against the primary text"),
        super::Verification::Secondary => say!("checked in secondary sources"),
        super::Verification::Memory => say!("written from memory, not checked"),
    }
}

fn place_list(set: &PlaceSet) -> Message {
    lang::series(set.names.iter().map(|name| lang::both(&place(name), Some(&place_zh(name)))), Joint::Or)
}

/// "美国及其领地（@us-all）", "中国（CN）".
fn place_zh(name: &str) -> String {
    if let Some(set) = places::sets().iter().find(|s| s.name == name) {
        return format!("{}（{name}）", set.title_zh);
    }
    let country = name.split('-').next().and_then(places::country);
    match (places::subdivision(name), country) {
        (Some(part), Some(country)) => format!("{} {}（{name}）", places::name_zh(country), part.name),
        (None, Some(country)) => format!("{}（{name}）", places::name_zh(country)),
        _ => name.to_owned(),
    }
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

fn duration(of: u64) -> Message {
    if of > 48 && of.is_multiple_of(24) { days(of / 24) } else { hours(of) }
}

fn days(n: u64) -> Message {
    if n == 1 { say!("1 day") } else { say!("{n} days", n = grouped(n)) }
}

fn hours(n: u64) -> Message {
    if n == 1 { say!("1 hour") } else { say!("{n} hours", n = grouped(n)) }
}

fn people(n: u64) -> Message {
    if n == 1 { say!("one person") } else { say!("{n} people", n = grouped(n)) }
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
        sentence(&pack, &pack.rules[0], Lang::En)
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
        assert_eq!(describe(&pack("nexus = true\nverification = 'primary'\nrationale = 'Because'"), Lang::En), expected);
    }

    #[test]
    fn shipped_packs_can_be_read_aloud() {
        for (name, text) in policy::shipped() {
            let pack = policy::parse(SourceId(0), text, date(2026, 11, 22)).0.expect(name);
            for rule in &pack.rules {
                let words = sentence(&pack, rule, Lang::En);
                assert!(!words.contains('`'), "a class without a label in {words}");
                let zh = sentence(&pack, rule, Lang::Zh);
                assert!(
                    zh.ends_with(['。', '？']) && lang::read::english_in(zh.split("依据：").next().unwrap_or_default()) == 0,
                    "{zh}"
                );
                assert!(words.ends_with('.') && words.starts_with(char::is_uppercase) && !words.contains(".."), "{words}");
            }
        }
    }
}
