//! What is odd about policies that parse: rules that can never bind or never both hold, stale and unchecked facts. A lint is
//! about the policy's text; whether a rule holds is `check`'s.

mod pairs;

use jiff::civil::Date;

pub use pairs::excluded_by;

use super::{Binding, Demand, Doing, Keyword, Pack, Rule, Status, Verification};
use crate::finding::{State, Verdict};
use crate::model::{Activity, Role};
use crate::source::Location;
use crate::vocab::classes;
use crate::vocab::places::PlaceSet;

/// How much a remark weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// True of a sound pack, too; whoever relies on it has to know.
    Note,
    /// Wants a change, or a look.
    Warning,
    /// A rule does not do what it says, or cannot.
    Error,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something about a policy that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// Stable, kebab-case.
    pub code: &'static str,
    pub level: Level,
    pub location: Location,
    /// In one line without a full stop.
    pub message: String,
    pub help: Option<String>,
}

/// Everything odd about packs that are used together, in the order of their texts. `today` decides what is overdue.
pub fn lint(packs: &[Pack], today: Date) -> Vec<Lint> {
    let mut found = Vec::new();
    for pack in packs {
        header(pack, today, &mut found);
        instruments(pack, today, &mut found);
        for rule in &pack.rules {
            alone(pack, rule, &mut found);
            without_effect(pack, rule, &mut found);
        }
        undisputed(pack, &mut found);
        untested(pack, &mut found);
    }
    same_id(packs, &mut found);
    pairs::pairs(packs, &mut found);
    found.sort_by_key(|l| l.location);
    found
}

fn header(pack: &Pack, today: Date, found: &mut Vec<Lint>) {
    let mut say = |code, level, message, help: &str| {
        found.push(Lint { code, level, location: pack.location, message, help: Some(help.to_owned()) });
    };
    match pack.review_by {
        Some(day) if day < today => {
            let message = format!("`{}` was to be reviewed by {day}", pack.id);
            say("review-overdue", Level::Warning, message, "check its facts, then move as-of and review-by");
        }
        None => {
            let message = format!("`{}` has no review date", pack.id);
            say("review-missing", Level::Warning, message, "add review-by: law and promises change");
        }
        Some(_) => {}
    }
    if pack.as_of > today {
        let message = format!("`{}` claims knowledge as of {}, which is still to come", pack.id, pack.as_of);
        say("as-of-in-future", Level::Warning, message, "as-of is the day on which the facts were last checked");
    }
    if pack.status != Status::InForce {
        let message = format!("`{}` is {}, not in force", pack.id, pack.status.word());
        say("not-in-force", Level::Note, message, "use it to look ahead, not to gate");
    }
}

fn instruments(pack: &Pack, today: Date, found: &mut Vec<Lint>) {
    for i in &pack.instruments {
        let location = i.id.at(pack.location.source);
        let mut say = |code, level, message, help: &str| {
            found.push(Lint { code, level, location, message, help: Some(help.to_owned()) });
        };
        let id = &i.id.value;
        if !pack.rules.iter().any(|r| r.instruments.contains(id)) {
            say("instrument-unused", Level::Warning, format!("no rule rests on `{id}`"), "name it in a rule, or remove it");
        }
        if let Some(end) = i.effective_to.filter(|d| *d < today) {
            let message = format!("`{id}` ceased to have effect on {end}");
            say(
                "instrument-not-in-force",
                Level::Warning,
                message,
                "remove the rules that rest on it, or name what replaced it",
            );
        }
        if let Some(start) = i.effective_from.filter(|d| *d > today) {
            let message = format!("`{id}` takes effect on {start} only");
            say("instrument-pending", Level::Note, message, "use it to look ahead, not to gate");
        }
    }
}

/// What is odd about one rule by itself.
fn alone(pack: &Pack, rule: &Rule, found: &mut Vec<Lint>) {
    let name = pack.rule_name(rule);
    let mut say = |code, level, location, message: String, help: &str| {
        found.push(Lint { code, level, location, message, help: Some(help.to_owned()) });
    };
    let here = rule.id.at(pack.location.source);
    if rule.instruments.is_empty() && matches!(pack.binding, Binding::Statute | Binding::Regulation | Binding::Direction) {
        let message = format!("`{name}` binds as a {} and names none", pack.binding.word());
        say("instrument-missing", Level::Warning, here, message, "name the article it encodes in `instrument`");
    }
    if rule.verification == Verification::Memory {
        let message = format!("`{name}` was written from memory");
        say("from-memory", Level::Note, here, message, "have somebody check it against the text it encodes");
    }
    for class in &rule.data {
        if let classes::Lookup::Below { parent, .. } = classes::lookup(&class.value) {
            let message = format!("`{}` is not in the table of classes", class.value);
            let help = format!("it matches only data declared by exactly this name, or as `{}`", parent.name);
            say("class-unlisted", Level::Warning, class.at(pack.location.source), message, &help);
        }
    }
    if rule.origin.as_ref().is_some_and(PlaceSet::is_empty) {
        let message = format!("`{name}` binds nobody: its origin had no members at the date of the assessment");
        say("rule-binds-nothing", Level::Error, here, message, "check the dates of the named set");
    }
    if never_happens(rule) {
        let message = format!("`{name}` binds nothing: no key material is among its data, and `keys` is its only activity");
        say("rule-binds-nothing", Level::Error, here, message, "add communications.keys to `data`, or another activity");
    }
    if let Some(fact) = rule.applies_if.iter().find(|f| rule.exempt.iter().any(|e| e.value == f.value)) {
        let message = format!("`{name}` binds nobody: `{}` is what it applies to and what is exempt", fact.value);
        let at = fact.at(pack.location.source);
        say("rule-binds-nothing", Level::Error, at, message, "remove it from `applies-if` or from `exempt`");
    }
    if let Some(set) = asked_places(&rule.demand).filter(|set| set.is_empty()) {
        let message = format!("{} had no members at the date of the assessment", set.names.join(", "));
        say("empty-place-set", Level::Error, rule.demand_location, message, "check the dates of the named set");
    }
}

/// Keys that its demand does not look at.
fn without_effect(pack: &Pack, rule: &Rule, found: &mut Vec<Lint>) {
    let goes_by_ways = rule.demand.is_on_arrivals() && !matches!(rule.demand, Demand::FirstIn(_));
    let activity = !goes_by_ways && !rule.activity.is_empty();
    let state = !goes_by_ways && !matches!(rule.demand, Demand::FirstIn(_)) && rule.state != State::ALL;
    for (key, _) in [("activity", activity), ("state", state)].into_iter().filter(|(_, is_set)| *is_set) {
        found.push(Lint {
            code: "key-without-effect",
            level: Level::Warning,
            location: rule.id.at(pack.location.source),
            message: format!("`{key}` changes nothing about what `{}` demands", pack.rule_name(rule)),
            help: Some(format!("leave it out: `{key}` narrows demands on where data may get, not on what is kept")),
        });
    }
}

/// Contested points on which no rule turns.
fn undisputed(pack: &Pack, found: &mut Vec<Lint>) {
    let turns = |id: &str| pack.rules.iter().any(|r| r.reading.as_ref().is_some_and(|(point, _)| point.value == id));
    for point in pack.contested.iter().filter(|c| !turns(&c.id.value)) {
        found.push(Lint {
            code: "contested-unused",
            level: Level::Warning,
            location: point.id.at(pack.location.source),
            message: format!("no rule turns on how `{}` is read", point.id.value),
            help: Some("name it in `reading` of a rule, or remove it".to_owned()),
        });
    }
}

/// Rules that no test shows at work.
fn untested(pack: &Pack, found: &mut Vec<Lint>) {
    let mut say = |code, location, message, help: &str| {
        found.push(Lint { code, level: Level::Warning, location, message, help: Some(help.to_owned()) });
    };
    if pack.tests.is_empty() {
        let help = "add [[test]] tables; `onshore policy new` shows some, `onshore policy test` runs them";
        say("pack-untested", pack.location, format!("`{}` has no tests", pack.id), help);
        return;
    }
    for rule in &pack.rules {
        let missing: Vec<&str> = pack.not_shown(rule).into_iter().map(Verdict::as_str).collect();
        if !missing.is_empty() {
            let message = format!("no test shows `{}` {}", pack.rule_name(rule), missing.join(" or "));
            say("rule-untested", rule.id.at(pack.location.source), message, "add a [[test]] that expects it");
        }
    }
}

/// Packs that reports and waivers could not tell apart.
fn same_id(packs: &[Pack], found: &mut Vec<Lint>) {
    for (n, pack) in packs.iter().enumerate().filter(|(n, pack)| packs[..*n].iter().any(|p| p.id == pack.id)) {
        let first = packs[..n].iter().find(|p| p.id == pack.id).map_or("", |p| &p.version);
        found.push(Lint {
            code: "pack-id-taken",
            level: Level::Error,
            location: pack.location,
            message: format!("another pack is called `{}` too (version {first}; this one is {})", pack.id, pack.version),
            help: Some("rename one of them, or use only one: findings and waivers name packs by it".to_owned()),
        });
    }
}

/// Only key material moves along `keys` routes and sits in key services.
fn never_happens(rule: &Rule) -> bool {
    let is_keys = |d: &Doing| matches!(d, Doing::Role(Role::Keys) | Doing::Route(Activity::Keys));
    let may_hold_keys =
        |c: &str| classes::is_key_material(c) || classes::all().iter().any(|k| k.key_material && classes::covers(c, &k.name));
    !rule.activity.is_empty()
        && rule.activity.iter().all(is_keys)
        && !rule.data.is_empty()
        && !rule.data.iter().any(|c| may_hold_keys(&c.value))
}

/// The places that a demand names.
fn asked_places(demand: &Demand) -> Option<&PlaceSet> {
    match demand {
        Demand::OnlyIn(p) | Demand::NeverIn(p) | Demand::FirstIn(p) | Demand::KeysIn(p) => Some(p),
        Demand::CopyIn { places, .. } | Demand::RetainIn { places, .. } => Some(places),
        Demand::ReturnWithin { home, .. } => Some(home),
        Demand::Survive(s) => s.within.as_ref(),
        Demand::Separate(_) | Demand::Nexus | Demand::Recipient => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::policy;
    use crate::source::{Source, SourceId};

    const TODAY: Date = date(2026, 11, 22);

    /// All remarks but those on missing tests.
    fn lints(texts: &[&str]) -> String {
        let all = every_lint(texts);
        all.lines().filter(|l| !l.contains("-untested warning: ")).map(|l| format!("{l}\n")).collect()
    }

    /// `line code severity: message`, one a line; source ids count packs.
    fn every_lint(texts: &[&str]) -> String {
        let packs: Vec<Pack> = texts
            .iter()
            .enumerate()
            .map(|(i, text)| {
                let (pack, errors) = policy::parse(SourceId(i as u32), text, TODAY);
                assert_eq!(errors, [], "{text}");
                pack.expect("a pack")
            })
            .collect();
        let show = |l: Lint| {
            let line = Source::new("", texts[l.location.source.0 as usize]).line(l.location.span.start);
            format!("{line} {} {}: {}\n", l.code, l.level.as_str(), l.message)
        };
        lint(&packs, TODAY).into_iter().map(show).collect()
    }

    fn pack(header: &str, rest: &str) -> String {
        format!("[pack]\nid = 'p'\ntitle = 'T'\nversion = '1'\n{header}\n{rest}\n")
    }

    fn rules(rules: &[&str]) -> String {
        let tables: Vec<String> = rules
            .iter()
            .zip('a'..='z')
            .map(|(keys, id)| format!("[[rule]]\nid = '{id}'\ntitle = 'T'\nseverity = 'high'\n{keys}\n"))
            .collect();
        let header =
            "binding = 'company'\nstatus = 'in-force'\nas-of = 2026-11-01\nreview-by = 2027-11-01\nverification = 'primary'";
        pack(header, &tables.concat())
    }

    #[test]
    fn a_stale_pack_is_told() {
        let header =
            "binding = 'statute'\nstatus = 'pending'\nas-of = 2026-01-01\nreview-by = 2026-11-21\nverification = 'memory'";
        let rest = "[[instrument]]\nid = 'old'\ncitation = 'O'\neffective-to = 2025-01-01\n\
                    [[instrument]]\nid = 'new'\ncitation = 'N'\neffective-from = 2027-01-01\n\
                    [[rule]]\nid = 'r'\ntitle = 'T'\nseverity = 'low'\nnexus = true\n\
                    [[rule]]\nid = 's'\ntitle = 'T'\nseverity = 'low'\nverification = 'primary'\ninstrument = ['old', 'new']\nonly-in = ['US']\n\
                    data = ['user.contact.pager']";
        let expected = "\
1 review-overdue warning: `p` was to be reviewed by 2026-11-21
1 not-in-force note: `p` is pending, not in force
11 instrument-not-in-force warning: `old` ceased to have effect on 2025-01-01
15 instrument-pending note: `new` takes effect on 2027-01-01 only
19 instrument-missing warning: `p/r` binds as a statute and names none
19 from-memory note: `p/r` was written from memory
30 class-unlisted warning: `user.contact.pager` is not in the table of classes
";
        assert_eq!(lints(&[&pack(header, rest)]), expected);
    }

    #[test]
    fn a_pack_without_review_or_use_is_told() {
        let header = "binding = 'company'\nstatus = 'in-force'\nas-of = 2026-12-01\nverification = 'primary'";
        let rest = "[[instrument]]\nid = 'i'\ncitation = 'I'\n[[rule]]\nid = 'r'\ntitle = 'T'\nseverity = 'low'\nnexus = true";
        let expected = "\
1 review-missing warning: `p` has no review date
1 as-of-in-future warning: `p` claims knowledge as of 2026-12-01, which is still to come
10 instrument-unused warning: no rule rests on `i`
";
        assert_eq!(lints(&[&pack(header, rest)]), expected);
    }

    #[test]
    fn a_rule_that_cannot_bind_is_told() {
        let text = rules(&["data = ['communications.content']\nactivity = ['keys']\nonly-in = ['US']"]);
        let expected = "11 rule-binds-nothing error: `p/a` binds nothing: no key material is among its data, and `keys` is its only activity\n";
        assert_eq!(lints(&[&text]), expected);
        assert_eq!(
            lints(&[&rules(&["data = ['communications']\nactivity = ['keys']\nonly-in = ['US']"])]),
            "",
            "keys lie below"
        );
    }

    #[test]
    fn a_rule_that_exempts_whom_it_binds_is_told() {
        let text = rules(&["only-in = ['US']\napplies-if = ['ciio']\nexempt = ['ciio']"]);
        assert_eq!(
            lints(&[&text]),
            "15 rule-binds-nothing error: `p/a` binds nobody: `ciio` is what it applies to and what is exempt\n"
        );
    }

    #[test]
    fn keys_that_a_demand_does_not_look_at_are_told() {
        let told = "11 key-without-effect warning: `activity` changes nothing about what `p/a` demands\n\
                    11 key-without-effect warning: `state` changes nothing about what `p/a` demands\n";
        for (demand, expected) in [
            ("copy-in = ['RU']", told),
            ("keys-in = ['RU']", told),
            ("first-in = ['RU']", told.split_inclusive('\n').next().unwrap_or("")),
            ("never-in = ['RU']", ""),
            ("nexus = true", ""),
        ] {
            let text = rules(&[&format!("activity = ['store']\nstate = ['normal']\n{demand}")]);
            assert_eq!(lints(&[&text]), expected, "{demand}");
        }
    }

    #[test]
    fn what_no_test_shows_is_told() {
        let text = rules(&["only-in = ['US']", "never-in = ['CN']"]);
        assert_eq!(every_lint(&[&text]), "1 pack-untested warning: `p` has no tests\n");
        let some = "[[test]]\nname = 't'\nexpect = { a = 'satisfied', b = 'violated' }\n\
                    [[test]]\nname = 'u'\nexpect = { a = 'violated', b = 'not-applicable' }\n";
        let expected = "11 rule-untested warning: no test shows `p/a` indeterminate\n\
                        16 rule-untested warning: no test shows `p/b` satisfied or indeterminate\n";
        assert_eq!(every_lint(&[&(text.clone() + some)]), expected);
        let rest = "[[test]]\nname = 'v'\nexpect = { a = 'indeterminate', b = 'satisfied' }\n\
                    [[test]]\nname = 'w'\nexpect = { b = 'indeterminate' }\n";
        assert_eq!(every_lint(&[&(text + some + rest)]), "");
    }

    #[test]
    fn two_packs_of_one_name_are_told() {
        let found = lints(&[&rules(&["only-in = ['US']"]), &rules(&["nexus = true"])]);
        assert_eq!(found, "1 pack-id-taken error: another pack is called `p` too (version 1; this one is 1)\n");
    }

    #[test]
    fn a_set_without_members_at_the_date_is_told() {
        let text = rules(&["never-in = ['@doj-countries-of-concern']"]);
        let (pack, errors) = policy::parse(SourceId(0), &text, date(2020, 4, 3));
        assert_eq!(errors, []);
        let codes: Vec<&str> = lint(&[pack.expect("a pack")], TODAY).iter().map(|l| l.code).collect();
        assert_eq!(codes, ["pack-untested", "empty-place-set"], "the set begins in 2025, so the rule would forbid nothing");
    }

    #[test]
    fn rules_that_can_never_both_hold_are_told() {
        for (a, b, why) in [
            ("only-in = ['CN']", "only-in = ['@us-all']", "no place is in both CN and @us-all"),
            ("only-in = ['CN']", "never-in = ['@doj-countries-of-concern']", "all of CN is in @doj-countries-of-concern"),
            ("never-in = ['US']", "only-in = ['US-CA']", "all of US-CA is in US"),
            ("data = ['user']\nonly-in = ['CN']", "data = ['user.contact']\nonly-in = ['US']", "no place is in both CN and US"),
            ("origin = ['@eea']\nonly-in = ['@eea']", "origin = ['DE']\nonly-in = ['US']", "no place is in both @eea and US"),
            ("only-in = ['US']\nactivity = ['store']", "copy-in = ['RU']", "a store in RU is not in US"),
            ("first-in = ['RU']", "never-in = ['RU']", "one wants it in RU, the other nowhere in RU"),
            (
                "only-in = ['US']",
                "survive = { loss-of = 'site', keep = ['full-copy'], within = ['CA'] }",
                "a store in CA is not in US",
            ),
        ] {
            let expected = format!("16 rules-exclude-each-other error: `p/b` and `p/a` cannot both hold: {why}\n");
            let found = lints(&[&rules(&[a, b])]);
            assert_eq!(
                found.split_once(' ').map(|(_, rest)| rest),
                expected.split_once(' ').map(|(_, rest)| rest),
                "{a} / {b}"
            );
        }
    }

    #[test]
    fn rules_for_other_people_data_activities_or_states_do_not_meet() {
        for (a, b) in [
            ("origin = ['CN']\nnever-in = ['US']", "origin = ['US']\nonly-in = ['US']"),
            ("data = ['communications.content']\nonly-in = ['CN']", "data = ['communications.keys']\nonly-in = ['US']"),
            ("activity = ['store']\nonly-in = ['CN']", "activity = ['access']\nonly-in = ['US']"),
            ("state = ['normal']\nonly-in = ['CN']", "state = ['loss']\nonly-in = ['US']"),
            ("origin = ['CN']\norigin-by = 'citizenship'\nonly-in = ['CN']", "origin = ['CN']\nonly-in = ['US']"),
            ("only-in = ['@eea']", "only-in = ['@eu']"),
            ("only-in = ['US']", "never-in = ['US-CA']"),
            ("only-in = ['CA']", "never-in = ['@eu-adequate']"),
            ("activity = ['access']\nonly-in = ['US']", "copy-in = ['RU']"),
            ("nexus = true", "only-in = ['US']"),
            ("only-in = ['CN']\napplies-if = ['ciio']", "only-in = ['US']\napplies-if = ['ca-bank']"),
        ] {
            assert_eq!(lints(&[&rules(&[a, b])]), "", "{a} / {b}");
        }
    }

    #[test]
    fn rules_that_leave_no_place_for_what_people_share_are_told() {
        let text = rules(&["origin = ['CN']\nonly-in = ['CN']", "origin = ['US']\nonly-in = ['US']\ncombine = 'controller'"]);
        let expected = "11 shared-data-has-no-place warning: data that people of `p/a` share with those of `p/b` has no place that both allow\n";
        assert_eq!(lints(&[&text]), expected);
        for combine in ["per-subject", "nexus"] {
            let each = |country| format!("origin = ['{country}']\nonly-in = ['{country}']\ncombine = '{combine}'");
            assert_eq!(lints(&[&rules(&[&each("CN"), &each("US")])]), "", "{combine}");
        }
    }

    #[test]
    fn a_mechanism_lets_one_of_two_rules_give_way() {
        let text = rules(&["only-in = ['CN']", "only-in = ['@eea']\nunless-mechanism = ['scc']"]);
        assert!(lints(&[&text]).starts_with("16 rules-exclude-each-other note"), "{}", lints(&[&text]));
    }

    #[test]
    fn rules_that_add_nothing_are_told() {
        for (a, b, expected) in [
            ("only-in = ['@us-50-dc']", "only-in = ['US']", "16 rule-duplicated warning: `p/b` demands the same as `p/a`\n"),
            (
                "data = ['user']\nonly-in = ['US']",
                "data = ['user.contact']\nactivity = ['store']\nonly-in = ['US']",
                "17 rule-shadowed warning: `p/b` adds nothing to `p/a`, which covers it\n",
            ),
            (
                "origin = ['DE']\nonly-in = ['@eea']",
                "origin = ['@eea']\nonly-in = ['@eea']",
                "11 rule-shadowed warning: `p/a` adds nothing to `p/b`, which covers it\n",
            ),
            ("data = ['user']\nonly-in = ['US']", "only-in = ['CA', 'US']", ""),
            ("only-in = ['US']\napplies-if = ['ciio']", "data = ['user']\nonly-in = ['US']", ""),
        ] {
            assert_eq!(lints(&[&rules(&[a, b])]), expected, "{a} / {b}");
        }
    }

    /// Tests too: nothing is taken out.
    #[test]
    fn shipped_packs_have_notes_at_most() {
        let graver = |found: String| found.lines().filter(|l| !l.contains(" note: ")).map(str::to_owned).collect::<Vec<_>>();
        for (name, text) in policy::shipped() {
            assert_eq!(graver(every_lint(&[text])), [""; 0], "{name}");
        }
        let texts: Vec<&str> = policy::shipped().iter().map(|(_, text)| *text).collect();
        assert_eq!(graver(every_lint(&texts)), [""; 0], "all together");
    }

    /// What a pack leaves open about itself is never silent.
    #[test]
    fn what_was_not_checked_or_is_not_in_force_is_noted() {
        let all: String = policy::shipped().iter().map(|(_, text)| every_lint(&[text])).collect();
        assert!(all.contains(" from-memory note: "), "{all}");
    }

    /// Two laws may ask the same of the same data: that is no fault of either.
    #[test]
    fn what_packs_repeat_of_each_other_is_a_note() {
        let (one, other) = (rules(&["only-in = ['US']"]), rules(&["only-in = ['US']"]).replace("id = 'p'", "id = 'q'"));
        assert_eq!(lints(&[&one, &other]), "11 rule-duplicated note: `q/a` demands the same as `p/a`\n");
    }

    #[test]
    fn too_many_rules_are_not_compared_in_silence() {
        let rule = |i: usize| {
            format!(
                "[[rule]]\nid = 'r{i}'\ntitle = 'T'\nseverity = 'low'\nexempt = ['ciio']\nretain-in = ['CN']\ndays = {}\n",
                i + 1
            )
        };
        let text = rules(&["nexus = true"]) + &(0..pairs::MAX_COMPARED).map(rule).collect::<String>();
        let found = lints(&[&text]);
        assert_eq!(found.lines().count(), 1, "{found}");
        assert!(found.contains("rules-not-compared warning: 1001 rules are too many to compare"), "{found}");
    }
}
