//! A pack as its file writes it: the keys, and the words that are right or wrong on their own. Everything is optional here, so
//! that one missing key hides no other error; `parse` says what is missing and what does not go together. The JSON Schema of
//! packs is made from these types.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::{Apart, Between, Binding, Combine, Doing, Keep, Status, Verification, Window};
use crate::doc::de::{complain, did_you_mean};
use crate::doc::types::{CertificationId, Choice, DataClass, Day, MechanismId, Name, OneOrMany, PlaceWord, text};
use crate::finding::{Reading, Severity, State, Verdict};
use crate::model::population::OriginAxis;
use crate::model::{Activity, DomainKind, Role};
use crate::source::Spanned;
use crate::vocab::facts;

/// A residency policy: one regime or one promise.
#[derive(JsonSchema)]
#[schemars(rename = "onshore policy pack", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "`parse` walks the top level itself; this is its schema")]
pub struct RawFile {
    /// What these rules are, and how well they were checked.
    pack: RawPack,
    /// What the rules rest on.
    #[schemars(default)]
    instrument: Vec<RawInstrument>,
    /// Points that people read in two ways.
    #[schemars(default)]
    contested: Vec<RawContested>,
    /// One demand each.
    rule: Vec<RawRule>,
    /// What the rules must say of tiny worlds; `onshore policy test` asks them.
    #[schemars(default)]
    test: Vec<RawTest>,
}

/// What the pack is, how it binds, and how far it can be relied on.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
#[schemars(rename = "Pack")]
pub struct RawPack {
    /// Name in reports and waivers: lower-case letters, digits, `-`, `_` and `.`.
    #[schemars(required)]
    pub id: Option<Spanned<String>>,
    /// The promise, in one line.
    #[schemars(required)]
    pub title: Option<Name>,
    /// The same in Chinese.
    pub title_zh: Option<Name>,
    /// Version of this text.
    #[schemars(required)]
    pub version: Option<Name>,
    /// How it binds. A statute goes before a company's rule; a weaker one may be stricter, never looser.
    #[schemars(required)]
    pub binding: Option<Choice<Binding>>,
    /// Whether it is in force.
    #[schemars(required)]
    pub status: Option<Choice<Status>>,
    /// State of knowledge.
    #[schemars(required)]
    pub as_of: Option<Day>,
    /// When a person has to look at it again.
    pub review_by: Option<Day>,
    /// How the facts were checked: the weakest of all its rules.
    #[schemars(required)]
    pub verification: Option<Choice<Verification>>,
    /// What the pack cannot decide.
    #[serde(default)]
    pub limits: Vec<String>,
}

/// A law, a standard, a contract or a decision.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
#[schemars(rename = "Instrument")]
pub struct RawInstrument {
    /// What rules call it.
    #[schemars(required)]
    pub id: Option<Spanned<String>>,
    /// As a lawyer cites it.
    #[schemars(required)]
    pub citation: Option<Name>,
    /// Article or section.
    pub article: Option<Name>,
    /// Name in its own language.
    pub native_name: Option<Name>,
    /// Where its text can be read.
    pub url: Option<Name>,
    /// First day.
    pub effective_from: Option<Day>,
    /// Last day.
    pub effective_to: Option<Day>,
    /// How citation and dates were checked.
    pub verification: Option<Choice<Verification>>,
}

/// A point that people read in two ways. Rules name it in `reading`; without a choice the strict reading is asked.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
#[schemars(rename = "Contested")]
pub struct RawContested {
    /// What rules and projects call it.
    #[schemars(required)]
    pub id: Option<Spanned<String>>,
    /// What is open, as a question.
    #[schemars(required)]
    pub question: Option<Name>,
    /// What the strict reading says, and who reads it so.
    #[schemars(required)]
    pub strict: Option<Name>,
    /// What the lenient reading says, and who reads it so.
    #[schemars(required)]
    pub lenient: Option<Name>,
}

/// The reading of a contested point for which a rule is written.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
#[schemars(rename = "RuleReading")]
pub struct RawReading {
    /// Id of a `[[contested]]`.
    #[schemars(required)]
    pub point: Option<Spanned<String>>,
    /// The reading under which this rule counts.
    #[serde(rename = "as")]
    #[schemars(required)]
    pub reading: Option<Choice<Reading>>,
}

/// What whoever operates a place must be. What is not declared of them leaves the rule open.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
#[schemars(rename = "Recipient")]
pub struct RawRecipients {
    /// Only the law of these countries may govern them.
    pub jurisdiction: Option<Vec<PlaceWord>>,
    /// They must have all of these.
    #[serde(default)]
    pub certified: Vec<CertificationId>,
    /// Whether they must be (`true`) or must not be (`false`) a covered person under 28 CFR 202.211.
    pub covered_person: Option<bool>,
}

/// One demand on data of some classes and origins.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
#[schemars(rename = "Rule")]
pub struct RawRule {
    /// Name within the pack: lower-case letters, digits, `-`, `_` and `.`.
    #[schemars(required)]
    pub id: Option<Spanned<String>>,
    /// The rule as a promise, in one line.
    #[schemars(required)]
    pub title: Option<Name>,
    /// The same in Chinese.
    pub title_zh: Option<Name>,
    /// What it rests on: id or ids of `[[instrument]]`.
    pub instrument: Option<OneOrMany<String>>,
    /// How bad it is when the rule is broken.
    #[schemars(required)]
    pub severity: Option<Choice<Severity>>,
    /// How the facts of this rule were checked, where it differs from the pack.
    pub verification: Option<Choice<Verification>>,
    /// Classes of data; a branch covers its leaves. Without it: every class.
    #[serde(default)]
    pub data: Vec<Spanned<DataClass>>,
    /// Whose data: place codes and named sets. Without it: everybody's.
    pub origin: Option<Vec<PlaceWord>>,
    /// On which axis `origin` is meant; residence if not given.
    pub origin_by: Option<Choice<OriginAxis>>,
    /// What happens to the data: roles of endpoints and activities of routes. Without it: all.
    #[serde(default)]
    pub activity: Vec<DoingWord>,
    /// In which states of the world. Without it: all.
    #[serde(default)]
    pub state: Vec<Choice<State>>,

    /// Demand: every possible place is one of these. With `return-within`: where the data belongs.
    pub only_in: Option<Vec<PlaceWord>>,
    /// Demand: no possible place is one of these.
    pub never_in: Option<Vec<PlaceWord>>,
    /// Demand: at least one store of the class stands in one of these.
    pub copy_in: Option<Vec<PlaceWord>>,
    /// With `copy-in`: how old that copy may be.
    pub max_age: Option<Limit>,
    /// Demand: the first store on every path stands in one of these.
    pub first_in: Option<Vec<PlaceWord>>,
    /// Demand: outside `only-in`, data is deleted after so long and has a way back.
    pub return_within: Option<Limit>,
    /// Demand: a store in one of these keeps the class for `days`.
    pub retain_in: Option<Vec<PlaceWord>>,
    /// With `retain-in`: for how long at least.
    #[schemars(with = "Option<u64>", range(min = 1))]
    pub days: Option<u64>,
    /// Demand: the keys that encrypt stores of the class stand in one of these.
    pub keys_in: Option<Vec<PlaceWord>>,
    /// Demand: what has to remain after a loss.
    pub survive: Option<RawSurvive>,
    /// Demand: what originals and copies must not share.
    pub separate: Option<Vec<Choice<Apart>>>,
    /// With `separate`: which originals and copies.
    pub between: Option<Choice<Between>>,
    /// With `separate`: at least one copy stands so many kilometres away.
    #[schemars(with = "Option<u32>", range(min = 1))]
    pub at_least_km: Option<u32>,
    /// Demand: a place carries a session only if a participant belongs there.
    pub nexus: Option<bool>,

    /// Any of these, recorded for the transfer, satisfies the rule.
    #[serde(default)]
    pub unless_mechanism: Vec<MechanismId>,
    /// The rule binds from so many people on.
    pub min_subjects: Option<Threshold>,
    /// Which mechanisms count, by the number of people. Takes the place of `unless-mechanism`.
    #[serde(default)]
    pub tiers: Vec<RawTier>,
    /// Operator facts that must all hold for the rule to bind.
    #[serde(default)]
    pub applies_if: Vec<FactId>,
    /// Operator facts that take the operator out, each alone.
    #[serde(default)]
    pub exempt: Vec<FactId>,
    /// Demand: what whoever operates the place must be; with `only-in` and `never-in`, too.
    pub recipient: Option<RawRecipients>,
    /// The rule is written for this reading of a contested point.
    pub reading: Option<RawReading>,
    /// For an item about people of several origins.
    pub combine: Option<Choice<Combine>>,
    /// Why the rule is there, in one sentence.
    pub rationale: Option<Name>,
}

/// After the loss of anything of one kind, all that `keep` names remains.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
#[schemars(rename = "Survive")]
pub struct RawSurvive {
    /// What may be lost.
    #[schemars(required)]
    pub loss_of: Option<Choice<DomainKind>>,
    /// How many are lost at once; 1 if not given.
    #[schemars(range(min = 1))]
    pub count: Option<u32>,
    /// What must still be there.
    #[schemars(required)]
    pub keep: Option<Vec<Choice<Keep>>>,
    /// The recovery point: how old a full copy may be at most.
    pub max_age: Option<Limit>,
    /// Where it has to remain. Without it: anywhere.
    pub within: Option<Vec<PlaceWord>>,
    /// With a site, every site within so many kilometres is lost.
    #[schemars(range(min = 1))]
    pub radius_km: Option<u32>,
}

/// From so many people on, only these mechanisms count.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
#[schemars(rename = "Tier")]
pub struct RawTier {
    /// From how many people on.
    #[schemars(required)]
    pub at_least: Option<u64>,
    /// What the transfer must rest on then.
    #[schemars(required)]
    pub mechanism: Option<Vec<MechanismId>>,
}

/// A tiny world, and what the rules of this pack must say of it. The world's tables are those of inventories and project files;
/// whoever runs the test reads them.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
#[schemars(rename = "Test")]
#[expect(dead_code, reason = "of the world's tables only the names are known here")]
pub struct RawTest {
    /// What it shows, in one line; no other test has it.
    #[schemars(required)]
    pub name: Option<Spanned<Name>>,
    /// The day on which it is judged; the pack's `as-of` if not given.
    pub as_of: Option<Day>,
    /// Contested point -> how it is read; the others strictly.
    #[serde(default)]
    pub readings: BTreeMap<String, Choice<Reading>>,
    /// Rule -> verdict. Every other rule of the pack must be satisfied or not applicable.
    #[schemars(required)]
    pub expect: Option<BTreeMap<String, Choice<Verdict>>>,
    /// What must be found. A violation, a contradiction or an impossibility that is not here fails the test.
    #[serde(default)]
    pub finding: Vec<RawFinding>,
    /// As in an inventory.
    #[schemars(with = "Vec<serde_json::Value>", default)]
    pub site: Option<IgnoredAny>,
    /// As in an inventory.
    #[schemars(with = "Vec<serde_json::Value>", default)]
    pub endpoint: Option<IgnoredAny>,
    /// As in an inventory.
    #[schemars(with = "Vec<serde_json::Value>", default)]
    pub route: Option<IgnoredAny>,
    /// As in `onshore.toml`.
    #[schemars(with = "serde_json::Value", default)]
    pub operator: Option<IgnoredAny>,
    /// As in `onshore.toml`.
    #[schemars(with = "Vec<serde_json::Value>", default)]
    pub population: Option<IgnoredAny>,
    /// As in `onshore.toml`.
    #[schemars(with = "Vec<serde_json::Value>", default)]
    pub classify: Option<IgnoredAny>,
    /// As in `onshore.toml`.
    #[schemars(with = "Vec<serde_json::Value>", default)]
    pub transfer: Option<IgnoredAny>,
    /// As in `onshore.toml`.
    #[schemars(with = "Vec<serde_json::Value>", default)]
    pub recipient: Option<IgnoredAny>,
}

/// A finding that a test must have. All keys that are given must agree.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
#[schemars(rename = "ExpectedFinding")]
pub struct RawFinding {
    /// Without the pack. Without it: a finding of no rule, by its `code`.
    pub rule: Option<Spanned<String>>,
    /// Its name in reports.
    pub endpoint: Option<Name>,
    /// The code of the finding: `data-leaves-boundary`.
    pub code: Option<Name>,
    /// What the rule says of it.
    pub verdict: Option<Choice<Verdict>>,
    /// The state of the world it is found in.
    pub state: Option<Choice<State>>,
    /// The endpoints on the way, in order.
    pub path: Option<Vec<Name>>,
}

/// `24h`, `30d`, `2w`: a limit, so nothing that would have to be rounded.
#[derive(Clone, Copy, Debug)]
pub struct Limit(pub u64);

#[derive(Clone, Debug)]
pub struct FactId(pub Spanned<String>);

/// `store`, `replicate`... A word that is a role and an activity stands for both.
#[derive(Clone, Debug)]
pub struct DoingWord(pub Vec<Doing>);

/// A number of people, or a table that says how they are counted.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    pub at_least: u64,
    pub window: Option<Window>,
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text(deserializer, "a duration like 24h")?;
        let unit = text.chars().last().and_then(|c| match c {
            'h' => Some(1),
            'd' => Some(24),
            'w' => Some(7 * 24),
            _ => None,
        });
        let hours = unit.and_then(|unit: u64| text[..text.len() - 1].parse::<u64>().ok()?.checked_mul(unit)).filter(|h| *h > 0);
        let remedy = "write hours, days or weeks, like 24h, 30d or 2w";
        hours.map(Self).ok_or_else(|| complain(format!("`{text}` is not a duration"), Some(remedy)))
    }
}

impl<'de> Deserialize<'de> for FactId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = Spanned::<String>::deserialize(deserializer)?;
        if facts::known(&id.value).is_some() {
            return Ok(Self(id));
        }
        let known: Vec<&str> = facts::all().iter().map(|f| f.id.as_str()).collect();
        Err(complain(format!("unknown operator fact `{}`", id.value), Some(&did_you_mean(&id.value, &known))))
    }
}

impl DoingWord {
    fn words() -> Vec<&'static str> {
        let activities = Activity::ALL.into_iter().filter(|a| *a != Activity::Depend).map(Activity::as_str);
        let mut words: Vec<&str> = Role::ALL.into_iter().map(Role::as_str).chain(activities).collect();
        words.sort_unstable();
        words.dedup();
        words
    }
}

impl<'de> Deserialize<'de> for DoingWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = text(deserializer, "a word")?;
        let role = Role::parse(&word).map(Doing::Role);
        // Routes that only say what depends on what carry no data.
        let activity = Activity::parse(&word).filter(|a| *a != Activity::Depend).map(Doing::Route);
        let doings: Vec<Doing> = role.into_iter().chain(activity).collect();
        if doings.is_empty() {
            return Err(complain(format!("unknown activity `{word}`"), Some(&did_you_mean(&word, &Self::words()))));
        }
        Ok(Self(doings))
    }
}

/// A number of people with its sense and its window.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table")]
#[schemars(rename = "Threshold")]
struct RawThreshold {
    /// The rule binds from this number on.
    at_least: Option<u64>,
    /// The rule binds above this number.
    more_than: Option<u64>,
    /// Over which time people are counted. Without it: all there are.
    window: Option<Choice<Window>>,
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Threshold;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of people, or a table with `at-least` or `more-than`")
            }

            fn visit_u64<E>(self, at_least: u64) -> Result<Threshold, E> {
                Ok(Threshold { at_least, window: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Threshold, A::Error> {
                let raw = RawThreshold::deserialize(MapAccessDeserializer::new(map))?;
                let window = raw.window.map(|w| w.0);
                match (raw.at_least, raw.more_than) {
                    (Some(at_least), None) => Ok(Threshold { at_least, window }),
                    (None, Some(more_than)) => Ok(Threshold { at_least: more_than.saturating_add(1), window }),
                    _ => Err(complain("a threshold has one of `at-least` and `more-than`", None)),
                }
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// A schema that stands where it is used, without a name of its own.
macro_rules! schema {
    ($type:ty, $schema:expr) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

schema!(Limit, json_schema!({ "description": "Limit, days or weeks", "type": "string", "pattern": "^[0-9]+[hdw]$" }));
schema!(DoingWord, json_schema!({ "type": "string", "enum": DoingWord::words() }));
schema!(FactId, {
    let ids: Vec<&str> = facts::all().iter().map(|f| f.id.as_str()).collect();
    json_schema!({ "type": "string", "enum": ids })
});

impl JsonSchema for Threshold {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Threshold".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<RawThreshold>();
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 0 }, table] })
    }
}
