//! OSCAL 1.2.1 assessment results (NIST), for tools of governance, risk and compliance. A rule that was asked is an objective with a
//! finding, everything that onshore found is an observation about an inventory item, and what somebody accepted is a risk with an
//! approved deviation. Gaps are observations too: nothing that could not be told is lost.
//!
//! What the model has no word for: an objective is satisfied or not, so what could not be decided is `not-satisfied` with the reason
//! `other`, and never satisfied; a rule that does not apply has no finding. There is no assessment plan: `import-ap` leads to
//! a resource that says so. Identifiers are UUIDs of version 5 made from content; the date is that of the assessment.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;
use uuid::Uuid;

use super::gate::{Title, data_sets, details, fails, gap_fingerprints, hop, line};
use super::json::write_value;
use super::markdown::inert;
use super::sarif::uri;
use super::{RenderOptions, Reporter, coverage, places_short, safe, summary};
use crate::explain;
use crate::finding::{Assessment, Finding, GapResult, RuleResult, Verdict};
use crate::lang::Lang;
use crate::source::{Location, Sources};

/// The namespace of properties that OSCAL does not know.
const NAMESPACE: &str = "urn:onshore:oscal";

/// Of UUIDs; itself one of version 5, of [`NAMESPACE`] in the namespace of URLs (RFC 9562, section 5.5).
fn namespace() -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, NAMESPACE.as_bytes())
}

pub struct Oscal;

impl Reporter for Oscal {
    fn name(&self) -> &'static str {
        "oscal"
    }

    fn describe(&self) -> &'static str {
        "OSCAL 1.2.1 assessment results, for GRC tools"
    }

    fn write(&self, a: &Assessment, sources: &Sources, _: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        write_value(&Document { assessment_results: Results::new(a, sources) }, out)
    }
}

/// Makes UUIDs: equal parts, equal UUID; of equal things the second gets another one.
#[derive(Default)]
struct Ids(BTreeMap<Uuid, u32>);

impl Ids {
    fn of(parts: &[&str]) -> Uuid {
        let mut text = Vec::new();
        for part in parts {
            text.extend((part.len() as u64).to_le_bytes());
            text.extend(part.as_bytes());
        }
        Uuid::new_v5(&namespace(), &text)
    }

    fn make(&mut self, parts: &[&str]) -> Uuid {
        let first = Self::of(parts);
        let seen = self.0.entry(first).or_default();
        *seen += 1;
        if *seen == 1 { first } else { Uuid::new_v5(&first, &seen.to_le_bytes()) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    assessment_results: Results,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Results {
    uuid: Uuid,
    metadata: Metadata,
    import_ap: Href,
    results: [Outcome; 1],
    back_matter: BackMatter,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Metadata {
    title: String,
    last_modified: String,
    version: String,
    oscal_version: &'static str,
    props: Vec<Property>,
}

#[derive(Serialize)]
struct Href {
    href: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remarks: Option<String>,
}

#[derive(Serialize)]
struct Property {
    name: &'static str,
    ns: &'static str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Outcome {
    uuid: Uuid,
    title: String,
    description: String,
    start: String,
    props: Vec<Property>,
    local_definitions: Definitions,
    reviewed_controls: Reviewed,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    observations: Vec<Observation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    risks: Vec<Risk>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Judged>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Definitions {
    components: [Component; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inventory_items: Vec<Item>,
}

#[derive(Serialize)]
struct Component {
    uuid: Uuid,
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    description: &'static str,
    props: Vec<Property>,
    status: State,
}

#[derive(Serialize)]
struct State {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remarks: Option<String>,
}

#[derive(Serialize)]
struct Item {
    uuid: Uuid,
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    props: Vec<Property>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Reviewed {
    control_selections: [Selection; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Selection {
    #[serde(skip_serializing_if = "Option::is_none")]
    include_all: Option<BTreeMap<(), ()>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    include_controls: Vec<Control>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Control {
    control_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Observation {
    uuid: Uuid,
    title: String,
    description: String,
    props: Vec<Property>,
    methods: [&'static str; 1],
    types: [&'static str; 1],
    origins: [Origin; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subjects: Vec<Subject>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    relevant_evidence: Vec<Evidence>,
    collected: String,
}

#[derive(Serialize)]
struct Origin {
    actors: [Actor; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Actor {
    #[serde(rename = "type")]
    kind: &'static str,
    actor_uuid: Uuid,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Subject {
    subject_uuid: Uuid,
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
}

#[derive(Serialize)]
struct Evidence {
    #[serde(skip_serializing_if = "Option::is_none")]
    href: Option<String>,
    description: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Risk {
    uuid: Uuid,
    title: String,
    description: String,
    statement: String,
    props: Vec<Property>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<String>,
    related_observations: [Related; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Related {
    observation_uuid: Uuid,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RelatedRisk {
    risk_uuid: Uuid,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Judged {
    uuid: Uuid,
    title: String,
    description: String,
    props: Vec<Property>,
    target: Target,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_observations: Vec<Related>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_risks: Vec<RelatedRisk>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Target {
    #[serde(rename = "type")]
    kind: &'static str,
    target_id: String,
    status: State,
}

#[derive(Serialize)]
struct BackMatter {
    resources: Vec<Resource>,
}

#[derive(Serialize)]
struct Resource {
    uuid: Uuid,
    title: String,
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    props: Vec<Property>,
}

/// What was observed about one rule, or about one code of findings that no rule asked for.
#[derive(Default)]
struct About {
    observations: Vec<Uuid>,
    risks: Vec<Uuid>,
    /// Of a code that no rule asks for.
    verdict: Option<Verdict>,
}

impl Results {
    fn new(a: &Assessment, sources: &Sources) -> Self {
        let tool = Ids::of(&["component", "onshore"]);
        let no_plan = Ids::of(&["resource", "no plan"]);
        let day = format!("{}T00:00:00Z", a.as_of);
        let project = a.project.as_deref().unwrap_or("project");
        let mut ids = Ids::default();
        let mut about: BTreeMap<&str, About> = BTreeMap::new();
        let mut observations = Vec::new();
        let mut risks = Vec::new();
        let origin = || [Origin { actors: [Actor { kind: "tool", actor_uuid: tool }] }];
        for f in &a.findings {
            let uuid = ids.make(&["observation", &f.fingerprint]);
            observations.push(observed(f, uuid, origin(), &day, sources));
            let of = about.entry(f.rule.as_deref().unwrap_or(f.code)).or_default();
            of.observations.push(uuid);
            of.verdict = of.verdict.max(Some(f.verdict));
            if fails(f.verdict) || f.verdict == Verdict::Waived {
                let risk = risk(f, ids.make(&["risk", &f.fingerprint]), uuid, sources);
                of.risks.push(risk.uuid);
                risks.push(risk);
            }
        }
        for (g, fingerprint) in a.gaps.iter().zip(gap_fingerprints(&a.gaps, sources)) {
            let uuid = ids.make(&["gap", &fingerprint]);
            observations.push(untold(g, &fingerprint, uuid, origin(), &day, sources));
            for rule in &g.touches {
                about.entry(rule).or_default().observations.push(uuid);
            }
        }
        let mut findings: Vec<Judged> =
            a.rules.iter().filter_map(|r| judged(r, about.remove(r.rule.as_str()).unwrap_or_default(), &mut ids)).collect();
        let unasked = about.into_iter().filter(|(_, of)| of.verdict.is_some());
        findings.extend(unasked.map(|(code, of)| judged_code(code, of, &mut ids)));

        let content = serde_json::to_string(&(&a.as_of, project, &observations, &findings)).unwrap_or_default();
        Self {
            uuid: Ids::of(&["document", &content]),
            metadata: Metadata {
                title: prose(&format!("Where the data of {project} is and can get to")),
                last_modified: day.clone(),
                version: value(&a.as_of),
                oscal_version: "1.2.1",
                props: vec![
                    property("verdict", a.verdict.as_str()),
                    property("onshore-version", env!("CARGO_PKG_VERSION")),
                    property("project", project),
                ],
            },
            import_ap: Href {
                href: format!("#{no_plan}"),
                remarks: Some("There is no assessment plan: the policies ask the questions.".to_owned()),
            },
            results: [Outcome {
                uuid: Ids::of(&["result", &content]),
                title: prose(&format!("Assessment as of {}", a.as_of)),
                description: inert(&summary(a).to_string()),
                start: day,
                props: coverage(&a.coverage).iter().map(|text| property("examined", &text.to_string())).collect(),
                local_definitions: Definitions {
                    components: [Component {
                        uuid: tool,
                        kind: "software",
                        title: "onshore",
                        description: "Judges where data is and can get to, against declared facts; what is lawful is for people to decide.",
                        props: vec![property("version", env!("CARGO_PKG_VERSION"))],
                        status: State { state: "operational", reason: None, remarks: None },
                    }],
                    inventory_items: items(a),
                },
                reviewed_controls: Reviewed { control_selections: [selection(a)] },
                observations,
                risks,
                findings,
            }],
            back_matter: BackMatter { resources: resources(a, no_plan) },
        }
    }
}

fn selection(a: &Assessment) -> Selection {
    let controls: BTreeSet<String> = a.rules.iter().map(|r| token(&r.rule)).collect();
    let include_all = controls.is_empty().then(BTreeMap::new);
    Selection { include_all, include_controls: controls.into_iter().map(|control_id| Control { control_id }).collect() }
}

fn items(a: &Assessment) -> Vec<Item> {
    let mut places: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for f in &a.findings {
        places.entry(&f.endpoint).or_default().insert(places_short(&f.places, Lang::En));
    }
    let of = |(name, places): (&str, BTreeSet<String>)| {
        let places = places.iter().filter(|p| !p.is_empty()).map(|p| property("place", p));
        Item { uuid: item(name), description: prose(name), props: places.collect() }
    };
    places.into_iter().map(of).collect()
}

fn item(endpoint: &str) -> Uuid {
    Ids::of(&["item", endpoint])
}

fn observed(f: &Finding, uuid: Uuid, origins: [Origin; 1], collected: &str, sources: &Sources) -> Observation {
    let mut props = vec![
        property("fingerprint", &f.fingerprint),
        property("code", f.code),
        property("severity", f.severity.as_str()),
        property("verdict", f.verdict.as_str()),
    ];
    props.extend(f.origin.iter().map(|o| property("origin", o)));
    props.extend(f.data.iter().map(|d| property("data", d)));
    props.extend(f.populations.iter().map(|p| property("population", p)));
    props.extend(f.activity.iter().map(|t| property("activity", t)));
    props.extend(f.state.iter().map(|s| property("state", s.as_str())));
    let evidence = |at: Location, text: &str| Evidence { href: Some(reference(sources, at)), description: prose(text) };
    let mut relevant: Vec<Evidence> = f.location.iter().map(|at| evidence(*at, "the line that breaks the rule")).collect();
    relevant.extend(f.path.iter().map(|h| evidence(h.location, &hop(h, Lang::En))));
    relevant.extend(f.labels.iter().map(|l| evidence(l.location, &l.text.to_string())));
    relevant.extend(f.policy_location.iter().map(|at| evidence(*at, "asked for here")));
    let said = details(f, sources, Lang::En).into_iter().filter(|(title, _)| matches!(title, Title::Of(_)));
    let said: String = said.map(|(title, text)| format!("\n\n{}: {}", title.tell(Lang::En), inert(&text))).collect();
    Observation {
        uuid,
        title: prose(f.code),
        description: format!("{}{said}", prose(&f.message.to_string())),
        props,
        methods: ["EXAMINE"],
        types: ["finding"],
        origins,
        subjects: vec![Subject { subject_uuid: item(&f.endpoint), kind: "inventory-item", title: prose(&f.endpoint) }],
        relevant_evidence: relevant,
        collected: collected.to_owned(),
    }
}

fn untold(g: &GapResult, print: &str, uuid: Uuid, origins: [Origin; 1], collected: &str, sources: &Sources) -> Observation {
    let help = g.help.iter().map(|help| format!("\n\nhelp: {}", prose(&help.to_string())));
    let open = g.touches.iter().map(|rule| format!("\n\nleaves open: {}", prose(rule)));
    Observation {
        uuid,
        title: prose(&format!("could not be told: {}", g.code)),
        description: std::iter::once(prose(&g.message.to_string())).chain(help).chain(open).collect(),
        props: vec![property("code", g.code), property("fingerprint", print), property("verdict", "gap")],
        methods: ["EXAMINE"],
        types: ["discovery"],
        origins,
        subjects: Vec::new(),
        relevant_evidence: vec![Evidence {
            href: Some(reference(sources, g.location)),
            description: "the line that could not be followed".to_owned(),
        }],
        collected: collected.to_owned(),
    }
}

fn risk(f: &Finding, uuid: Uuid, observation: Uuid, sources: &Sources) -> Risk {
    let waived = f.waiver.as_ref().map(|w| super::waived(w, sources, Lang::En));
    let accepted = waived.iter().map(|w| format!("\n\nwaived {}", inert(w)));
    Risk {
        uuid,
        title: prose(f.code),
        description: std::iter::once(prose(&f.message.to_string())).chain(accepted).collect(),
        statement: prose(&f.why.as_ref().map_or_else(|| f.code.to_owned(), ToString::to_string)),
        props: vec![property("severity", f.severity.as_str())],
        status: if f.verdict == Verdict::Waived { "deviation-approved" } else { "open" },
        deadline: f.waiver.as_ref().and_then(|w| w.expires.as_ref()).map(|day| format!("{day}T00:00:00Z")),
        related_observations: [Related { observation_uuid: observation }],
    }
}

/// Nothing for a rule that does not apply.
fn judged(r: &RuleResult, about: About, ids: &mut Ids) -> Option<Judged> {
    let status = status(r.verdict, &r.why.to_string())?;
    Some(Judged {
        uuid: ids.make(&["finding", &r.rule]),
        title: prose(&if r.title.is_empty() { r.rule.clone() } else { r.title.to_string() }),
        description: prose(&r.why.to_string()),
        props: vec![
            property("rule", &r.rule),
            property("verdict", r.verdict.as_str()),
            property("severity", r.severity.as_str()),
        ],
        target: Target { kind: "objective-id", target_id: token(&r.rule), status },
        related_observations: related(about.observations),
        related_risks: about.risks.into_iter().map(|risk_uuid| RelatedRisk { risk_uuid }).collect(),
    })
}

fn judged_code(code: &str, about: About, ids: &mut Ids) -> Judged {
    let verdict = about.verdict.unwrap_or(Verdict::Indeterminate);
    let means = explain::code(code).map_or(code, |c| c.means.as_str());
    Judged {
        uuid: ids.make(&["finding of a code", code]),
        title: prose(code),
        description: prose(means),
        props: vec![property("verdict", verdict.as_str())],
        target: Target {
            kind: "objective-id",
            target_id: token(code),
            status: status(verdict, means).unwrap_or(State { state: "not-satisfied", reason: Some("other"), remarks: None }),
        },
        related_observations: related(about.observations),
        related_risks: about.risks.into_iter().map(|risk_uuid| RelatedRisk { risk_uuid }).collect(),
    }
}

fn related(observations: Vec<Uuid>) -> Vec<Related> {
    observations.into_iter().map(|observation_uuid| Related { observation_uuid }).collect()
}

fn status(verdict: Verdict, why: &str) -> Option<State> {
    let remarks = Some(format!("{}: {}", verdict.as_str(), prose(why)));
    Some(match verdict {
        Verdict::Satisfied => State { state: "satisfied", reason: Some("pass"), remarks: None },
        Verdict::Violated => State { state: "not-satisfied", reason: Some("fail"), remarks: None },
        Verdict::Unsatisfiable => State { state: "not-satisfied", reason: Some("fail"), remarks },
        Verdict::Indeterminate | Verdict::Conflict | Verdict::Waived => {
            State { state: "not-satisfied", reason: Some("other"), remarks }
        }
        Verdict::NotApplicable => return None,
    })
}

fn resources(a: &Assessment, no_plan: Uuid) -> Vec<Resource> {
    let mut all = vec![Resource {
        uuid: no_plan,
        title: "No assessment plan".to_owned(),
        description:
            "The assessment was made by a tool from policies, on whatever day it was asked for; nobody wrote a plan for it."
                .to_owned(),
        props: Vec::new(),
    }];
    let sets = a.data_sets.iter().filter(|d| d.used).zip(data_sets(a, Lang::En));
    all.extend(sets.map(|(d, text)| Resource {
        uuid: Ids::of(&["data set", &d.name, &d.sha256]),
        title: prose(&d.name),
        description: inert(&text),
        props: vec![property("sha256", &d.sha256)],
    }));
    all
}

/// `infra/a.conf#L6`, from the top of the repository.
fn reference(sources: &Sources, at: Location) -> String {
    let text = line(sources, at);
    match text.rsplit_once(':') {
        Some((file, line)) => format!("{}#L{line}", uri(file)),
        None => uri(&text),
    }
}

fn property(name: &'static str, text: &str) -> Property {
    Property { name, ns: NAMESPACE, value: value(text) }
}

/// A string of OSCAL: neither empty nor with space around it.
fn value(text: &str) -> String {
    let text = safe(text);
    match text.trim() {
        "" => "-".to_owned(),
        text => text.to_owned(),
    }
}

/// Text of one line that no reader of Markdown takes for markup, never empty.
fn prose(text: &str) -> String {
    match inert(safe(text).trim()) {
        text if text.trim().is_empty() => "-".to_owned(),
        text => text,
    }
}

/// A token of OSCAL: letters, digits, `.`, `-`, `_`, a letter first. What had to be changed is told apart by a hash.
fn token(name: &str) -> String {
    let dotted = name.replace('/', ".");
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if dotted.chars().all(fits) && dotted.starts_with(|c: char| c.is_ascii_alphabetic()) && dotted.len() <= 200 {
        return dotted;
    }
    let kept: String = dotted.chars().filter(|c| fits(*c)).take(60).collect();
    format!("_{kept}-{}", &Ids::of(&["token", name]).simple().to_string()[..12])
}
