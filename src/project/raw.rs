//! The tables of `onshore.toml` as they are written. The JSON Schema is made from the same types.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Indeterminate;
use crate::doc::de::complain;
use crate::doc::types::{
    CertificationId, Choice, Cidr, Coordinates, CountryCode, DataClass, Day, Hours, MechanismId, Name, OneOrMany, OneOrMore,
    PlaceWord, SubdivisionCode, Word,
};
use crate::finding::{Reading, Severity, State};
use crate::lang::Lang;
use crate::model::Basis;
use crate::source::{Spanned, glob};
use crate::vocab::facts;

/// What to check: whose data comes in, where it may go, which files tell how it goes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table")]
#[schemars(title = "onshore project file (onshore.toml)")]
pub(super) struct ProjectFile {
    /// The project and who answers for it.
    pub project: ProjectTable,
    /// Which files are read, and how.
    pub inputs: InputsTable,
    /// Which policies are asked, and what fails.
    pub check: CheckTable,
    /// Who runs this, and what is so about them.
    pub operator: OperatorTable,
    /// Whose data comes in, and where.
    pub population: Vec<Spanned<PopulationTable>>,
    /// What sits in stores that no route explains.
    pub classify: Vec<Spanned<ClassifyTable>>,
    /// Findings that a person answers for until a day: they stay visible and do not fail the run.
    pub waiver: Vec<Spanned<WaiverTable>>,
    /// The transfer register: what allows which data to be with whom. An empty list says that nothing does.
    pub transfer: Option<Vec<Spanned<TransferTable>>>,
    /// Who operates what data gets to, and what is attested of them.
    pub recipient: Vec<Spanned<RecipientTable>>,
    /// What is known of places beyond the data sets.
    pub geo: GeoTable,
}

/// The part of it that says who there is and what is on record, for files of ours that tell of a world of their own. Their other
/// keys are theirs.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, expecting = "a table")]
pub(super) struct WorldTables {
    pub operator: OperatorTable,
    pub population: Vec<Spanned<PopulationTable>>,
    pub classify: Vec<Spanned<ClassifyTable>>,
    pub transfer: Option<Vec<Spanned<TransferTable>>>,
    pub recipient: Vec<Spanned<RecipientTable>>,
}

/// The JSON Schema of `onshore.toml`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(ProjectFile).to_value()
}

/// The headers under which a key is known, as they are written; entries of lists are left out, since they share names.
pub(super) fn homes(key: &str) -> Vec<String> {
    let schema = schema();
    let tables = schema["properties"].as_object().into_iter().flatten();
    let under = |(table, is): (&String, &serde_json::Value)| {
        if table == key {
            return Some(if is["items"].is_object() { format!("[[{table}]]") } else { format!("[{table}]") });
        }
        let named = is["$ref"].as_str()?.strip_prefix('#')?;
        schema.pointer(named)?["properties"].get(key).map(|_| format!("[{table}]"))
    };
    tables.filter_map(under).collect()
}

/// What reports say at their top.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table")]
pub(super) struct ProjectTable {
    /// As reports call it.
    pub name: Option<Name>,
    /// As reports in Chinese call it.
    pub name_zh: Option<Name>,
    /// Who answers for the project; printed on reports.
    pub owner: Option<Name>,
    /// Whom findings concern, and how soon they must know.
    pub notify: Option<NotifyTable>,
    /// The language of what people read: `en` or `zh`; `--lang` goes before it.
    pub lang: Option<Choice<Lang>>,
}

/// Whom to tell about an incident, and how soon.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "a table")]
pub(super) struct NotifyTable {
    pub within: Hours,
    /// A person, a team or an address.
    pub contact: Name,
}

/// The files to read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table")]
pub(super) struct InputsTable {
    /// Globs relative to this file. If empty, every file that is recognized.
    pub include: Vec<Spanned<GlobText>>,
    /// Globs of files to leave out.
    pub exclude: Vec<Spanned<GlobText>>,
    /// Facts about some files that the files cannot say.
    #[serde(rename = "override")]
    pub overrides: Vec<OverrideTable>,
}

/// Facts about the files that a glob matches.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "a table")]
pub(super) struct OverrideTable {
    /// A glob relative to the project file.
    pub path: Spanned<GlobText>,
    /// The format, instead of what would be recognized.
    pub format: Option<Spanned<Name>>,
    /// What the files describe runs at this site, unless they say otherwise.
    pub site: Option<Spanned<Name>>,
    /// Private addresses in the files belong to this scope.
    pub network_scope: Option<Spanned<Name>>,
    /// The provider of `region` and `account`.
    pub provider: Option<Spanned<Name>>,
    /// What the files describe stands in this region, unless they say otherwise (a stack, a cluster, an export).
    pub region: Option<Spanned<Name>>,
    /// What the files describe belongs to this account, unless they say otherwise.
    pub account: Option<Spanned<Name>>,
    /// Values of variables (Terraform) or parameters (CloudFormation, ARM).
    #[serde(default)]
    pub variables: BTreeMap<String, Spanned<Name>>,
    /// Files with values of variables or parameters, relative to this file; the later one wins.
    #[serde(default)]
    pub variable_files: Vec<Spanned<Name>>,
    /// For tables: which column holds which field of an endpoint (`{ site = "Location" }`).
    #[serde(default)]
    pub columns: BTreeMap<String, Spanned<Name>>,
}

/// Which policies to check, and what fails a run.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table")]
pub(super) struct CheckTable {
    /// Policy files relative to this file (globs too), and `pack:NAME` for packs that come with onshore.
    pub policies: Vec<Spanned<Name>>,
    /// Violations of this severity and above fail the run.
    pub fail_on: Option<Choice<Severity>>,
    /// What to do with rules that could not be decided.
    pub indeterminate: Option<Choice<Indeterminate>>,
    /// How contested points are read (`"pack/point" = "lenient"`); those that are not here are read strictly.
    pub readings: BTreeMap<String, Spanned<Choice<Reading>>>,
    /// How many days a waiver may run; 366 if not given.
    #[schemars(range(min = 1))]
    pub max_waiver_days: Option<u32>,
    /// Whether comments in the files that are read may waive (`# onshore: allow ...`); yes if not given.
    pub comment_waivers: Option<bool>,
}

/// Who accepts which findings of a rule, why, and until when.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "a table")]
pub(super) struct WaiverTable {
    /// `pack/rule`.
    pub rule: Spanned<Name>,
    /// Which findings of the rule.
    #[serde(rename = "match")]
    pub selector: Spanned<FindingTable>,
    /// Why this is accepted.
    pub reason: Name,
    /// Who answers for it.
    pub approver: Name,
    /// Where it was decided.
    pub ticket: Option<Name>,
    /// First day. Without it: it holds already.
    pub granted: Option<Spanned<Day>>,
    /// Last day.
    pub expires: Spanned<Day>,
}

/// A transfer that is on record, and what allows it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "a table")]
pub(super) struct TransferTable {
    /// What the transfer rests on; `onshore explain scc` tells of one.
    pub mechanism: MechanismId,
    /// Who gets the data.
    pub recipient: Name,
    /// What the recipient operates.
    #[serde(rename = "match")]
    pub selector: Spanned<SelectorTable>,
    /// Classes that it covers; a branch covers its leaves.
    pub data: OneOrMore<Spanned<DataClass>>,
    /// Whose data: place codes and named sets.
    pub from: OneOrMore<PlaceWord>,
    /// Where it may go.
    pub to: OneOrMore<PlaceWord>,
    /// What the data is sent for.
    pub purpose: Name,
    /// The contract, filing or decision, as your records call it.
    pub evidence: Name,
    /// First day.
    pub valid_from: Spanned<Day>,
    /// Last day. Without it: without an end.
    pub valid_until: Option<Spanned<Day>>,
}

/// Somebody who operates what data gets to: a provider, a vendor, a part of your own group.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "a table")]
pub(super) struct RecipientTable {
    /// As reports call them.
    pub name: Name,
    /// What they operate, beside what `[[transfer]]` entries say by the same name.
    #[serde(rename = "match")]
    pub selector: Spanned<SelectorTable>,
    /// It is yourselves: what `[operator] facts` say of you is so of it, too.
    #[serde(default)]
    pub own: bool,
    /// Whose law governs them. Without it: undeclared.
    pub jurisdiction: Option<OneOrMore<CountryCode>>,
    /// What they have: these and no others; an empty list says that they have none. Without it: undeclared.
    pub certifications: Option<Vec<CertificationId>>,
    /// Whether they are a covered person under 28 CFR 202.211. Without it: undeclared.
    pub covered_person: Option<bool>,
    /// Last day of what is said here; after it all of it is undeclared again.
    pub until: Option<Day>,
    /// What proves it, as your records call it.
    pub evidence: Option<Name>,
}

/// Selects findings of the rule. All keys that are given must match.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table")]
pub(super) struct FindingTable {
    /// As reports show it, in full or its first eight characters and more.
    pub fingerprint: Option<Spanned<Name>>,
    /// The code of the finding: `data-leaves-boundary`.
    pub code: Option<Name>,
    /// The endpoint where the path ends.
    pub endpoint: Option<GlobText>,
    /// The file of the line that breaks the rule.
    pub file: Option<GlobText>,
    /// Findings about people of these countries only.
    pub origin: OneOrMany<CountryCode>,
    /// Findings about data of these classes only.
    pub data: OneOrMany<DataClass>,
    /// The states of the world that it is found in.
    pub state: OneOrMany<Choice<State>>,
}

/// Who operates the service.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table")]
pub(super) struct OperatorTable {
    /// As reports call them.
    pub name: Option<Name>,
    /// What decides whether a law binds you. A fact that is not here is undeclared, not false.
    pub facts: BTreeMap<FactName, Spanned<FactValue>>,
}

/// A fact as somebody attests it: until when, who, and what proves it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "a table")]
#[schemars(rename = "Attestation")]
pub(super) struct AttestedTable {
    /// Whether it is so.
    pub value: bool,
    /// Last day; after it the fact is undeclared again.
    pub until: Option<Day>,
    /// Who says so.
    pub by: Option<Name>,
    /// What proves it, as your records call it.
    pub evidence: Option<Name>,
}

/// `true`, or a table with more about it.
#[derive(Debug)]
pub(super) struct FactValue(pub AttestedTable);

impl<'de> Deserialize<'de> for FactValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = FactValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, or a table with `value`")
            }

            fn visit_bool<E>(self, value: bool) -> Result<FactValue, E> {
                Ok(FactValue(AttestedTable { value, until: None, by: None, evidence: None }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FactValue, A::Error> {
                AttestedTable::deserialize(MapAccessDeserializer::new(map)).map(FactValue)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for FactValue {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "FactValue".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<AttestedTable>();
        json_schema!({ "anyOf": [{ "type": "boolean" }, table] })
    }
}

/// People whose data comes in. `origin`: each of these on its own. `participants`: together in one session.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "a table")]
pub(super) struct PopulationTable {
    /// As findings call these people.
    pub id: Spanned<Name>,
    /// Where they live.
    pub origin: Option<Spanned<OneOrMore<CountryCode>>>,
    /// Where those who share one session or record live.
    pub participants: Option<Spanned<OneOrMore<CountryCode>>>,
    /// Whose citizens they are.
    #[serde(default)]
    pub citizenship: OneOrMany<CountryCode>,
    /// The region their accounts are registered in.
    #[serde(default)]
    pub account_region: OneOrMany<CountryCode>,
    /// The market they are served as.
    #[serde(default)]
    pub market: OneOrMany<CountryCode>,
    /// The data classes they send.
    pub data: OneOrMore<Spanned<DataClass>>,
    /// The endpoints where their data comes in: ids, host names or addresses. Several stand for each other.
    pub enters: OneOrMore<Spanned<Name>>,
    /// How many people.
    pub subjects: Option<u64>,
}

/// Endpoints, and what they hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "a table")]
pub(super) struct ClassifyTable {
    /// Which endpoints.
    #[serde(rename = "match")]
    pub selector: Spanned<SelectorTable>,
    /// What they hold.
    pub holds: Spanned<HoldsTable>,
}

/// Selects endpoints. All keys that are given must match; values are globs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table")]
pub(super) struct SelectorTable {
    /// The id of an endpoint.
    pub id: Option<Spanned<GlobText>>,
    /// What sort of endpoint: `bucket`, `database`; `onshore check --format json` names them.
    pub kind: Option<Spanned<GlobText>>,
    /// A host name.
    pub name: Option<Spanned<GlobText>>,
    /// Tags or labels, by name.
    pub tag: BTreeMap<String, Spanned<GlobText>>,
    /// Account, project or subscription.
    pub account: Option<Spanned<GlobText>>,
    /// Region of a provider.
    pub region: Option<Spanned<GlobText>>,
    /// The provider it runs at.
    pub provider: Option<Spanned<GlobText>>,
    /// The site that it stands at.
    pub site: Option<Spanned<GlobText>>,
    /// The file that declares the endpoint.
    pub file: Option<Spanned<GlobText>>,
}

/// Whose data of which classes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "a table")]
pub(super) struct HoldsTable {
    /// An empty list: nothing that a policy is about; then nobody's.
    pub data: OneOrMany<Spanned<DataClass>>,
    /// Whose data it is; everybody's if not given.
    pub origin: Option<Spanned<OneOrMore<CountryCode>>>,
    /// Where those who share one record live.
    pub participants: Option<Spanned<OneOrMore<CountryCode>>>,
    /// How many people.
    pub subjects: Option<u64>,
}

/// How places are known.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table")]
pub(super) struct GeoTable {
    /// MMDB files relative to this file; the first one that knows an address answers.
    pub databases: Vec<Spanned<Name>>,
    /// Published cloud ranges and geofeeds (RFC 8805), as files.
    pub ranges: Vec<Spanned<Name>>,
    /// What is good enough to satisfy a rule. If empty, everything is.
    pub accept: Vec<Spanned<Choice<Basis>>>,
    /// Data older than this is reported.
    pub warn_age_days: Option<Spanned<u32>>,
    /// Data older than this satisfies no rule.
    pub max_age_days: Option<Spanned<u32>>,
    /// Says outright where something stands.
    #[serde(rename = "override")]
    pub overrides: Vec<Spanned<GeoOverrideTable>>,
}

/// Where the endpoints of a selector, or the addresses of a network, stand.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, expecting = "a table")]
pub(super) struct GeoOverrideTable {
    /// Which endpoints.
    #[serde(rename = "match")]
    pub selector: Option<Spanned<SelectorTable>>,
    pub network: Option<Spanned<Cidr>>,
    pub country: CountryCode,
    pub subdivision: Option<Spanned<SubdivisionCode>>,
    /// The city it stands in.
    pub city: Option<Name>,
    /// Latitude and longitude in degrees.
    pub coordinates: Option<Coordinates>,
    /// The site it stands at.
    pub site: Option<Name>,
    /// The zone within its region.
    pub zone: Option<Name>,
    /// The campus: buildings that one event can hit together.
    pub campus: Option<Name>,
    /// The metropolitan area.
    pub metro: Option<Name>,
    /// The region, as its provider calls it.
    pub region: Option<Name>,
    /// Account, project or subscription.
    pub account: Option<Name>,
    /// The provider it runs at.
    pub provider: Option<Name>,
    /// The network that connects it.
    pub carrier: Option<Name>,
    /// Who can reach what is on it.
    pub operator: Option<Name>,
    /// Why you know better; printed with every place that rests on it.
    pub because: Option<Name>,
}

/// A glob that compiles.
#[derive(Debug)]
pub(super) struct GlobText(pub String);

impl<'de> Deserialize<'de> for GlobText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Name::deserialize(deserializer)?.0;
        match glob::compile(&text, false) {
            Ok(_) => Ok(Self(text)),
            Err(why) => {
                let help =
                    "write `*` for any name, `**` for any folders, and a backslash before a character to take it as it is";
                let shown: String = text.chars().take(100).collect();
                let more = if shown.len() < text.len() { "..." } else { "" };
                Err(complain(format_args!("`{shown}{more}` is not a glob: {why}"), Some(help)))
            }
        }
    }
}

impl JsonSchema for GlobText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Glob".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}

/// The id of an operator fact.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FactName(pub String);

impl<'de> Deserialize<'de> for FactName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        if facts::known(&id).is_some() {
            return Ok(Self(id));
        }
        let known: Vec<&str> = facts::all().iter().map(|f| f.id.as_str()).collect();
        let help = crate::doc::de::did_you_mean(&id, &known);
        Err(complain(format_args!("unknown operator fact `{id}`"), Some(&help)))
    }
}

impl JsonSchema for FactName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "FactName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": facts::all().iter().map(|f| f.id.as_str()).collect::<Vec<_>>() })
    }
}

impl Word for Indeterminate {
    const NAME: &'static str = "choice";
    const ALL: &'static [Self] = &[Self::Fail, Self::Warn];

    fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
        }
    }
}
