use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::finding::Severity;
use crate::model::{Activity, DomainKind, Role};
use crate::policy::{Apart, Between, Binding, Combine, Keep, Status, Window};

const TODAY: Date = date(2026, 11, 22);

/// `line: [offending text] message (help)`, one error a line.
fn errors(text: &str) -> String {
    let source = Source::new("", text);
    let show = |e: InputError| {
        let at = text.get(e.location.span.range()).expect("in bounds").lines().next().unwrap_or("");
        let help = e.help.map_or(String::new(), |h| format!(" ({h})"));
        format!("{}: [{at}] {}{help}\n", source.line(e.location.span.start), e.message)
    };
    let (pack, errors) = parse(SourceId(0), text, TODAY);
    assert_eq!(pack.is_some(), errors.is_empty(), "a pack exactly if there is no error");
    errors.into_iter().map(show).collect()
}

const PACK: &str = "[pack]\nid = 'p'\ntitle = 'T'\nversion = '1'\nbinding = 'company'\nstatus = 'in-force'\nas-of = 2026-11-01\nverification = 'primary'\n";

/// A pack with one rule, whose keys begin on line 13.
fn rule(keys: &str) -> String {
    format!("{PACK}[[rule]]\nid = 'r'\ntitle = 'T'\nseverity = 'high'\n{keys}\n")
}

fn parsed(text: &str) -> Pack {
    let (pack, errors) = parse(SourceId(0), text, TODAY);
    assert_eq!(errors, [], "{text}");
    pack.expect("no error, so a pack")
}

fn demand(keys: &str) -> Demand {
    parsed(&rule(keys)).rules.remove(0).demand
}

const BROKEN_RULES: &[(&str, &str)] = &[
    (
        "never_in = ['CN']",
        "13: [never_in] unknown key `never_in` (did you mean `never-in`?)",
    ),
    (
        "only-in = ['CN']
never-in = ['US']",
        "14: [never-in] `never-in` is a second demand; the rule already has `only-in` (line 13) (make it a rule of its own)",
    ),
    (
        "",
        "9: [[[rule]]] the rule demands nothing (add one of only-in, never-in, copy-in, first-in, return-within, retain-in, keys-in, survive, separate, nexus, recipient)",
    ),
    (
        "only-in = ['CHN', '@cn-mainlnd', 'UK', 'Q']",
        "13: ['CHN'] unknown place `CHN` (did you mean `CN`?)
13: ['@cn-mainlnd'] unknown place `@cn-mainlnd` (did you mean `@cn-mainland`?)
13: ['UK'] unknown place `UK` (did you mean `GB`?)
13: ['Q'] unknown place `Q` (write an ISO 3166 code (CN, US-CA) or a named set (@eea))",
    ),
    (
        "only-in = []",
        "13: [[]] `only-in` is an empty list (name something, or leave it out)",
    ),
    (
        "only-in = 'CN'",
        "13: ['CN'] expected a list, found the text `CN`",
    ),
    (
        "only-in = ['CN']
data = ['communications.contnet', 'usr', 'frobnicate', 'user.contact.pager']",
        "14: ['communications.contnet'] unknown data class `communications.contnet` (did you mean `communications.content`?)
14: ['usr'] unknown data class `usr` (did you mean `user`?)
14: ['frobnicate'] unknown data class `frobnicate` (start with a listed class, as in `user.contact.own-name`)",
    ),
    (
        "only-in = ['CN']
unless-mechanism = ['sccs']",
        "14: ['sccs'] unknown transfer mechanism `sccs` (did you mean `scc`?)",
    ),
    (
        "only-in = ['CN']
applies-if = ['cio']
exempt = ['data-brocker']",
        "14: ['cio'] unknown operator fact `cio` (did you mean `ciio`?)
15: ['data-brocker'] unknown operator fact `data-brocker` (did you mean `data-broker`?)",
    ),
    (
        "only-in = ['CN']
instrument = 'csl'",
        "14: ['csl'] unknown instrument `csl` (add an [[instrument]] with this id)",
    ),
    (
        "copy-in = ['CN']
max-age = '90m'",
        "14: ['90m'] `90m` is not a duration (write hours, days or weeks, like 24h, 30d or 2w)",
    ),
    (
        "copy-in = ['CN']
max-age = 24",
        "14: [24] expected a duration like 24h, found the number 24",
    ),
    (
        "only-in = ['CN']
max-age = '24h'",
        "14: [max-age] `max-age` goes with `copy-in` only (remove `max-age`)",
    ),
    (
        "return-within = '24h'",
        "13: [return-within] `return-within` needs `only-in`",
    ),
    (
        "retain-in = ['CN']",
        "13: [retain-in] `retain-in` needs `days`",
    ),
    (
        "retain-in = ['CN']
days = 0",
        "14: [0] zero days keep nothing",
    ),
    (
        "nexus = false",
        "13: [false] `nexus = false` demands nothing (leave it out)",
    ),
    (
        "survive = { count = 0, keep = ['serving-path', 'full_copy'] }",
        "13: [{ count = 0, keep = ['serving-path', 'full_copy'] }] the key `loss-of` is missing (`onshore explain loss-of` says what to write)
13: [0] the loss of nothing is always survived
13: ['full_copy'] unknown thing to keep `full_copy` (did you mean `full-copy`?)",
    ),
    (
        "survive = { loss-off = 'site', keep = ['serving-path'] }",
        "13: [loss-off] unknown key `loss-off` (did you mean `loss-of`?)",
    ),
    (
        "separate = ['account', 'pilot']
between = 'stores'",
        "13: ['pilot'] unknown thing to keep apart `pilot` (known are account, operator, principal, zone, site, campus, metro, region, provider, carrier, country)
14: ['stores'] unknown pair to keep apart `stores` (known are store-and-backups)",
    ),
    (
        "separate = ['account']",
        "13: [separate] `separate` needs `between`",
    ),
    (
        "only-in = ['CN']
state = ['overlod']
activity = ['depend', 'stor']
origin-by = 'passport'",
        "14: ['overlod'] unknown state `overlod` (did you mean `overload`?)
15: ['depend'] unknown activity `depend` (known are access, backup, cache, entry, forward, keys, log, mirror, process, replicate, store, transit)
15: ['stor'] unknown activity `stor` (did you mean `store`?)
16: ['passport'] unknown axis of origin `passport` (known are residence, citizenship, account-region, market)",
    ),
    (
        "only-in = ['CN']
min-subjects = { at-least = 1, more-than = 2 }",
        "14: [{ at-least = 1, more-than = 2 }] a threshold has one of `at-least` and `more-than`",
    ),
    (
        "only-in = ['CN']
min-subjects = 'many'",
        "14: ['many'] expected a number of people, or a table with `at-least` or `more-than`, found the text `many`",
    ),
    (
        "only-in = ['CN']
min-subjects = { more-than = 1, window = 'year' }",
        "14: ['year'] unknown window `year` (known are calendar-year, trailing-12-months)",
    ),
    (
        "only-in = ['CN']
unless-mechanism = ['scc']
tiers = [{ at-least = 5, mechanism = ['scc'] }, { at-least = 5, mechanism = ['bcr'] }, { mechanism = [] }]",
        "15: [tiers] `tiers` takes the place of `unless-mechanism` (name the mechanisms in the tiers)
15: [[{ at-least = 5, mechanism = ['scc'] }, { at-least = 5, mechanism = ['bcr'] }, { mechanism = [] }]] two tiers begin at 5
15: [{ mechanism = [] }] the key `at-least` is missing (`onshore explain at-least` says what to write)
15: [[]] `mechanism` is an empty list (name something, or leave it out)",
    ),
    (
        "only-in = ['CN']
severity = 'x'",
        "14: [severity] duplicate key",
    ),
    (
        "only-in = ['CN']
combine = 'both'
rationale = ''",
        "14: ['both'] unknown way to combine `both` (known are intersection, per-subject, nexus, controller)
15: [''] this text is empty (give it a value, or leave the key out where it is not required)",
    ),
];

const BROKEN_PACKS: &[(&str, &str)] = &[
    (
        "",
        "1: [] the table [pack] is missing (begin with [pack] and its id, title, version, binding, status, as-of and verification)
1: [] the pack has no [[rule]]",
    ),
    (
        "[pack
id = 'x'
[[rule]
",
        "1: [] unclosed table, expected `]`
3: [] unclosed array table, expected `]`",
    ),
    (
        "[packs]
id='p'
[[rules]]
",
        "1: [packs] unknown key `packs` (did you mean `pack`?)
3: [rules] unknown key `rules` (did you mean `rule`?)",
    ),
    (
        "pack = 3
rule = 4
instrument = ['x']
",
        "1: [3] expected a table, found the number 3
2: [4] `rule` is not a list of tables (write [[rule]], with two brackets, before each)
3: ['x'] expected a table, found the text `x`",
    ),
    (
        "[pack]
id = 'P 1'
title = ''
binding = 'law'
as-of = '2026-13-01'
review-by = 2026
verification = 'primry'
[rule]
id='x'
",
        "1: [[pack]] the key `version` is missing (`onshore explain version` says what to write)
1: [[pack]] the key `status` is missing (`onshore explain status` says what to write)
2: ['P 1'] `P 1` cannot be an id (use lower-case letters, digits, `-`, `_` and `.`)
3: [''] this text is empty (give it a value, or leave the key out where it is not required)
4: ['law'] unknown binding `law` (known are statute, regulation, direction, standard, certification, contract, company)
5: ['2026-13-01'] `2026-13-01` is not a day (write year-month-day, like 2026-11-01)
6: [2026] expected a day like 2026-11-01, found the number 2026
7: ['primry'] unknown verification `primry` (did you mean `primary`?)
8: [[rule]] `rule` is not a list of tables (write [[rule]], with two brackets, before each)",
    ),
];

const TANGLED: &str = "review-by = 2025-01-01
[[instrument]]
id = 'a'
citation = 'A'
[[instrument]]
id = 'a'
citation = 'B'
effective-from = 2026-01-01
effective-to = 2025-01-01
[[instrument]]
id='b'
urls=''
[[rule]]
id = 'r'
title = 'T'
severity = 'low'
only-in = ['CN']
instrument = ['a', 'c']
[[rule]]
id = 'r'
severty = 'low'
nexus = true
";

const TANGLED_ERRORS: &str = "9: [2025-01-01] review-by 2025-01-01 lies before as-of 2026-11-01 (`as-of` is the state of knowledge, `review-by` the day on which it has to be looked at again)
14: ['a'] the instrument id `a` is taken (line 11)
17: [2025-01-01] effective-to 2025-01-01 lies before effective-from 2026-01-01
18: [[[instrument]]] the key `citation` is missing (`onshore explain citation` says what to write)
20: [urls] unknown key `urls` (did you mean `url`?)
26: ['c'] unknown instrument `c` (did you mean `a`?)
27: [[[rule]]] the key `title` is missing (`onshore explain title` says what to write)
28: ['r'] the rule id `r` is taken (line 22)
29: [severty] unknown key `severty` (did you mean `severity`?)";

#[test]
fn every_error_says_where_what_and_how_to_mend_it() {
    for (keys, expected) in BROKEN_RULES {
        assert_eq!(errors(&rule(keys)).trim_end(), *expected, "{keys}");
    }
    for (text, expected) in BROKEN_PACKS {
        assert_eq!(errors(text).trim_end(), *expected, "{text}");
    }
    assert_eq!(errors(&format!("{PACK}{TANGLED}")).trim_end(), TANGLED_ERRORS);
}

#[test]
fn a_missing_key_hides_no_other_error() {
    let text = format!("{PACK}[[rule]]\ninstrument = 'csl'\ndata = ['usr']\nonly-in = ['@eaa']\nnexus = true\n");
    assert_eq!(errors(&text).lines().count(), 7, "{}", errors(&text));
}

#[test]
fn every_demand_is_read() {
    let set = |words: &[&str]| PlaceSet::resolve(words, TODAY).expect("known places");
    assert!(matches!(demand("only-in = ['@us-all', 'CA']"), Demand::OnlyIn(p) if p == set(&["@us-all", "CA"])));
    assert!(matches!(demand("never-in = ['CN']"), Demand::NeverIn(p) if p == set(&["CN"])));
    assert!(matches!(demand("copy-in = ['RU']\nmax-age = '2d'"), Demand::CopyIn { max_age_hours: Some(48), .. }));
    assert!(matches!(demand("copy-in = ['RU']"), Demand::CopyIn { max_age_hours: None, .. }));
    assert!(matches!(demand("first-in = ['RU']"), Demand::FirstIn(p) if p == set(&["RU"])));
    let back = demand("return-within = '24h'\nonly-in = ['IN']");
    assert!(matches!(back, Demand::ReturnWithin { hours: 24, home } if home == set(&["IN"])));
    assert!(matches!(demand("retain-in = ['CN']\ndays = 180"), Demand::RetainIn { days: 180, .. }));
    assert!(matches!(demand("keys-in = ['@eea']"), Demand::KeysIn(p) if p == set(&["@eea"])));
    assert!(matches!(demand("nexus = true"), Demand::Nexus));
    assert!(matches!(demand("recipient = { covered-person = false }"), Demand::Recipient));
    let beside = demand("never-in = ['CN']\nrecipient = { covered-person = false }");
    assert!(matches!(beside, Demand::NeverIn(_)), "beside a demand it is none");
    let separate = demand("separate = ['account', 'principal']\nbetween = 'store-and-backups'\nat-least-km = 100");
    let Demand::Separate(separate) = separate else { panic!("separate") };
    assert_eq!((separate.apart, separate.at_least_km), (vec![Apart::Domain(DomainKind::Account), Apart::Principal], Some(100)));
    assert_eq!(separate.between, Between::StoreAndBackups);
    let Demand::Survive(s) = demand("survive = { loss-of = 'site', keep = ['serving-path', 'dns'], within = ['US'] }") else {
        panic!("survive")
    };
    assert_eq!((s.loss_of, s.count, s.keep), (DomainKind::Site, 1, vec![Keep::ServingPath, Keep::Dns]));
    assert_eq!(s.within, Some(set(&["US"])));
}

#[test]
fn every_modifier_is_read() {
    let text = rule(
        "data = ['user.health', 'meeting-keys']
origin = ['CN']
origin-by = 'citizenship'
activity = ['store', 'access']
state = ['loss', 'normal']
only-in = ['@cn-mainland']
min-subjects = { more-than = 100_000, window = 'calendar-year' }
tiers = [{ at-least = 1_000_000, mechanism = ['cac-security-assessment'] }, { at-least = 100_000, mechanism = ['cn-certification'] }]
applies-if = ['ciio']
exempt = ['cn-ftz-registered']
combine = 'per-subject'
rationale = 'Because'",
    );
    let pack = parsed(&text);
    assert_eq!((pack.binding, pack.status, pack.as_of), (Binding::Company, Status::InForce, date(2026, 11, 1)));
    let rule = &pack.rules[0];
    assert_eq!(pack.rule_name(rule), "p/r");
    assert_eq!((rule.severity, rule.verification), (Severity::High, Verification::Primary));
    let data: Vec<&str> = rule.data.iter().map(|d| d.value.as_str()).collect();
    assert_eq!(data, ["user.health_and_medical", "communications.keys"], "aliases are replaced");
    assert_eq!(&text[rule.data[0].span.range()], "'user.health'");
    assert_eq!(rule.origin_by, OriginAxis::Citizenship);
    let both = [Doing::Role(Role::Store), Doing::Role(Role::Access), Doing::Route(Activity::Access)];
    assert_eq!(rule.activity, both, "access is a role and an activity");
    assert_eq!(rule.state, [State::Normal, State::Loss]);
    assert_eq!((rule.min_subjects, rule.window), (Some(100_001), Some(Window::CalendarYear)));
    assert_eq!(rule.tiers.iter().map(|t| t.at_least).collect::<Vec<_>>(), [100_000, 1_000_000]);
    assert_eq!((rule.applies_if[0].value.as_str(), rule.exempt[0].value.as_str()), ("ciio", "cn-ftz-registered"));
    assert_eq!((rule.combine, rule.rationale.as_deref()), (Combine::PerSubject, Some("Because")));
    let source = Source::new("", text.as_str());
    assert_eq!((source.line(rule.location.span.start), source.line(rule.demand_location.span.start)), (9, 18));
}

#[test]
fn a_rule_without_states_holds_in_all_of_them() {
    let pack = parsed(&rule("min-subjects = 5\nnexus = true"));
    assert_eq!(pack.rules[0].state, State::ALL);
    assert_eq!((pack.rules[0].min_subjects, pack.rules[0].window), (Some(5), None));
    assert!(pack.rules[0].origin.is_none() && pack.rules[0].activity.is_empty());
}

#[test]
fn named_sets_are_taken_as_they_stand_at_the_date_of_the_assessment() {
    let home = |as_of| match parse(SourceId(0), &rule("only-in = ['@eu']"), as_of).0.expect("a pack").rules.remove(0).demand {
        Demand::OnlyIn(places) => places,
        other => panic!("{other:?}"),
    };
    let britain = crate::model::Place::country(crate::model::Country(*b"GB"));
    assert_eq!(home(date(2019, 1, 1)).contains(&britain), crate::vocab::places::Membership::In);
    assert_eq!(home(TODAY).contains(&britain), crate::vocab::places::Membership::Out);
}

#[test]
fn every_file_in_policies_is_shipped_and_none_else() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let entries = std::fs::read_dir(folder).expect("the folder of packs").map(|e| e.expect("an entry").path());
    let mut files: Vec<String> = entries
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .map(|p| p.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert_eq!(shipped().iter().map(|(name, _)| *name).collect::<Vec<_>>(), files);
}

#[test]
fn shipped_packs_parse_and_are_honest() {
    for (name, text) in shipped() {
        let pack = parsed(text);
        assert_eq!(pack.id, *name);
        assert!(text.starts_with('#') && !pack.limits.is_empty(), "{name} says what it encodes and what it cannot decide");
        assert!(pack.review_by.is_some_and(|d| d > pack.as_of), "{name}");
        let weakest = pack.rules.iter().map(|r| r.verification).min().expect("rules");
        assert!(pack.verification <= weakest, "{name} claims more than its weakest rule");
        for rule in &pack.rules {
            assert!(rule.rationale.is_some(), "{}", pack.rule_name(rule));
            assert!(!rule.title.ends_with('.'), "{}", pack.rule_name(rule));
            let rests_on = pack.instruments.iter().filter(|i| rule.instruments.contains(&i.id.value));
            let weakest = rests_on.filter_map(|i| i.verification).min();
            assert!(
                weakest.is_none_or(|w| rule.verification <= w),
                "{} claims more than its instruments",
                pack.rule_name(rule)
            );
        }
    }
}

#[test]
fn shipped_packs_keep_to_the_law() {
    let pack = |name: &str| parsed(shipped().iter().find(|(n, _)| *n == name).expect(name).1);
    let place = |code: &[u8; 2]| crate::model::Place::country(crate::model::Country(*code));
    use crate::vocab::places::Membership::{In, Out, Unknown};

    let onshore = pack("cn-onshore-strict");
    assert_eq!(onshore.binding, Binding::Company, "no law demands storage in China of everybody");
    let stored = onshore.rules.iter().find(|r| r.id.value == "stored-onshore").expect("stored-onshore");
    assert_eq!((stored.combine, stored.activity.as_slice()), (Combine::PerSubject, &[Doing::Role(Role::Store)][..]));
    assert!(stored.data.iter().all(|d| !crate::vocab::classes::overlap(&d.value, "communications.keys")));
    let Demand::OnlyIn(home) = &stored.demand else { panic!("only-in") };
    for (code, expected) in [(b"CN", In), (b"HK", Out), (b"MO", Out), (b"TW", Out)] {
        assert_eq!(home.contains(&place(code)), expected);
    }
    assert!(onshore.instruments.iter().any(|i| i.article.as_deref().is_some_and(|a| a.starts_with("article 39"))));

    let doj = pack("us-doj-bulk-data");
    let (places, persons): (Vec<&Rule>, Vec<&Rule>) = doj.rules.iter().partition(|r| matches!(r.demand, Demand::NeverIn(_)));
    for (of_places, of_persons) in places.iter().zip(&persons) {
        // A place is only a sign of a covered person: what is asked of places is asked of persons, of the same data.
        let data = |r: &Rule| r.data.iter().map(|d| d.value.clone()).collect::<Vec<_>>();
        assert_eq!((data(of_places), of_places.min_subjects), (data(of_persons), of_persons.min_subjects));
        assert_eq!(of_persons.recipient.as_ref().and_then(|r| r.covered_person), Some(false));
        assert!(matches!(of_persons.demand, Demand::Recipient) && of_places.recipient.is_none());
    }
    assert_eq!(places.len(), persons.len());
    for rule in &doj.rules {
        if let Demand::NeverIn(concern) = &rule.demand {
            assert!(
                [b"CN", b"HK", b"MO", b"RU"].iter().all(|c| concern.contains(&place(c)) == In),
                "China includes HK and MO here"
            );
            assert_eq!(concern.contains(&place(b"TW")), Out);
        }
        assert!(rule.data.iter().all(|d| !crate::vocab::classes::overlap(&d.value, "communications.content")), "202.501");
        assert_eq!(rule.window, Some(Window::TrailingTwelveMonths));
        let omic = rule.id.value.starts_with("genomic") || rule.id.value.starts_with("omic");
        assert_eq!(rule.unless_mechanism.is_empty(), omic, "only 'omic data is prohibited without a way out");
    }
    assert_eq!(doj.rules[0].min_subjects, Some(101), "more than 100");

    let gdpr = pack("eu-gdpr-transfers");
    for rule in &gdpr.rules {
        let Demand::OnlyIn(places) = &rule.demand else { panic!("only-in") };
        assert_eq!((places.contains(&place(b"DE")), places.contains(&place(b"CH"))), (In, In));
        assert!(matches!(places.contains(&place(b"US")), Unknown(_)), "adequate only for certified recipients");
        assert!(rule.unless_mechanism.iter().any(|m| m.value == "scc"), "a mechanism regime, not a duty to host in the Union");
    }
}

#[test]
fn the_pack_of_the_zoom_example_parses() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/examples/zoom-2020/policies/us-meetings-stay.toml");
    let Ok(bytes) = std::fs::File::open(&path).and_then(|mut f| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut f, &mut text).map(|_| text)
    }) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let pack = parsed(&bytes);
    assert_eq!(pack.rules.len(), 5);
}

#[test]
fn the_schema_knows_every_key_and_refuses_others() {
    let schema = schema();
    let of = |name: &str| schema["$defs"][name].clone();
    for (table, required) in [("Rule", 3), ("Pack", 7), ("Instrument", 2), ("Survive", 2), ("Tier", 2)] {
        let table = of(table);
        assert_eq!(table["additionalProperties"], false, "{table}");
        assert_eq!(table["required"].as_array().map(Vec::len), Some(required), "{table}");
    }
    assert_eq!(schema["additionalProperties"], false);
    let rule = of("Rule");
    let keys = rule["properties"].as_object().expect("properties");
    for (demand, needed, allowed) in DEMANDS {
        for key in std::iter::once(demand).chain(*needed).chain(*allowed) {
            assert!(keys.contains_key(*key), "{key}");
            assert!(keys[*key]["description"].is_string() || keys[*key].get("$ref").is_some(), "{key}: {}", keys[*key]);
        }
    }
    assert_eq!(keys["severity"]["enum"], serde_json::json!(["low", "medium", "high", "critical"]));
}

/// Pieces of packs, so that arbitrary texts get past the first bracket.
fn scraps() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "[pack]\n",
        "[[rule]]\n",
        "[[instrument]]\n",
        "[rule]\n",
        "id = ",
        "title = ",
        "severity = ",
        "'high'\n",
        "'r'\n",
        "only-in = ",
        "survive = ",
        "{ loss-of = 'site', keep = ['dns'] }\n",
        "['CN']\n",
        "[]\n",
        "tiers = ",
        "[{ at-least = 1, mechanism = ['scc'] }]\n",
        "min-subjects = ",
        "{ more-than = 18446744073709551615 }\n",
        "3\n",
        "2026-11-01\n",
        "as-of = ",
        "nexus = ",
        "true\n",
        "'上海'\n",
        "return-within = ",
        "'99999999999999999999w'\n",
        "max-age = ",
        "'é'\n",
        "data = ",
        "['user..x', '.', '']\n",
        "instrument = ",
        "\u{feff}",
    ]);
    prop::collection::vec(prop_oneof![8 => piece.prop_map(str::to_owned), 1 => any::<String>()], 0..40).prop_map(|p| p.concat())
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in prop_oneof![any::<String>(), scraps()]) {
        let (pack, errors) = parse(SourceId(0), &text, TODAY);
        prop_assert_eq!(pack.is_some(), errors.is_empty());
        for error in errors {
            prop_assert!(text.get(error.location.span.range()).is_some(), "{:?}", error);
            prop_assert!(!error.message.contains('\n') || text.contains('\n'));
        }
    }

    #[test]
    fn a_duration_is_what_it_says(n in 1_u64..1_000_000, unit in prop::sample::select(vec![('h', 1), ('d', 24), ('w', 168)])) {
        let age = demand(&format!("copy-in = ['CN']\nmax-age = '{n}{}'", unit.0));
        let Demand::CopyIn { max_age_hours, .. } = age else { panic!("copy-in") };
        prop_assert_eq!(max_age_hours, Some(n * unit.1));
    }
}

#[test]
fn a_hopeless_file_is_given_up_in_time() {
    let broken = "[[rule]]\nid = 'r'\nonly-in = ['QQ']\nnever-in = ['CN']\ndata = ['usr']\nfoo = 1\n";
    let found = errors(&format!("{PACK}{}", broken.repeat(5_000)));
    assert!(found.lines().count() < 6_000, "one error for each id that is taken, and some hundreds more");
    assert_eq!(found.matches("too many errors").count(), 1);
    let deep = errors(&format!("{PACK}x = {}1{}", "[".repeat(50_000), "]".repeat(50_000)));
    assert!(!deep.is_empty());
}
