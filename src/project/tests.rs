use super::*;
use crate::source::Sources;

const ZOOM: &str = include_str!("../../tests/cases/zoom-2020/onshore.toml");

fn errors(text: &str) -> String {
    let mut sources = Sources::default();
    let id = sources.add("onshore.toml", text);
    let (_, errors) = parse(id, text);
    let show = |e: &crate::source::InputError| {
        let help = e.help.as_ref().map(|h| format!(" ({h})")).unwrap_or_default();
        let line = sources.position(e.location).line;
        format!("{line}: [{}] {}{help}\n", sources.text(e.location).replace('\n', " "), e.message)
    };
    errors.iter().map(show).collect()
}

#[test]
fn every_mistake_is_told_at_once() {
    for case in include_str!("broken.txt").split("\n=====\n") {
        let (input, expected) = case.split_once("\n-----\n").expect("an input and its errors");
        assert_eq!(errors(input).trim_end(), expected.trim_end(), "{input}");
    }
}

#[test]
fn the_zoom_project() {
    let (project, errors) = parse(crate::source::SourceId(0), ZOOM);
    assert_eq!(errors, []);
    let project = project.expect("a project");
    assert_eq!(project.name.as_deref(), Some("zoom-2020"));
    assert_eq!(project.notify.map(|n| (n.within_hours, n.contact)), Some((72, "dpo@zoom.example".to_owned())));
    let include: Vec<&str> = project.inputs.include.iter().map(|g| g.value.as_str()).collect();
    assert_eq!(include, ["inventory/*.toml", "routing/*.conf", "dns/*.zone"]);
    let policies: Vec<&str> = project.policies.iter().map(|p| &ZOOM[p.span.range()]).collect();
    assert_eq!(policies, ["\"policies/us-meetings-stay.toml\"", "\"pack:cn-onshore-strict\""]);
    assert_eq!((project.fail_on, project.indeterminate), (Some(Severity::Medium), Indeterminate::Fail));
    assert_eq!(project.operator.facts.iter().map(|(k, v)| (k.as_str(), v.value.value)).collect::<Vec<_>>(), [("ciio", false)]);
    let country = |code| crate::model::Country::from_letters(code).expect("letters");
    let populations: Vec<_> = project.populations.iter().map(|p| (p.id.value.as_str(), &p.subject, p.subjects)).collect();
    assert_eq!(
        populations,
        [
            ("us-users", &Subject::Each(vec![country("US")]), Some(150_000_000)),
            ("cn-users", &Subject::Each(vec![country("CN")]), Some(1_000_000)),
            ("us-cn-calls", &Subject::Joint(vec![country("CN"), country("US")]), None),
        ]
    );
    let [accounts, recordings] = &project.classify[..] else { panic!("two selectors") };
    assert_eq!(accounts.selector.tag["dataset"].value, "accounts-cn");
    assert_eq!(recordings.selector.id.as_ref().map(|s| s.value.as_str()), Some("rec-us"));
}

#[test]
fn geo_and_overrides() {
    let text = r#"
[inputs]
exclude = ["old/**"]
[[inputs.override]]
path = "legacy/*.txt"
format = "ansible-inventory"
site = "sjc1"
network-scope = "zoom"
[geo]
databases = ["GeoLite2-City.mmdb"]
ranges = ["ip-ranges.json"]
accept = ["override", "site"]
warn-age-days = 30
max-age-days = 60
[[geo.override]]
network = "203.0.113.0/24"
country = "CN"
subdivision = "CN-HK"
provider = "aws"
region = "ap-east-1"
because = "the carrier told us on 1 May"
[[geo.override]]
match = { kind = "bucket", tag = { env = "prod-*" } }
country = "DE"
coordinates = [50.1, 8.7]
"#;
    let (project, errors) = parse(crate::source::SourceId(0), text);
    assert_eq!(errors, []);
    let project = project.expect("a project");
    assert_eq!(project.inputs.overrides[0].network_scope.as_ref().map(|s| s.value.as_str()), Some("zoom"));
    let geo = project.geo;
    assert_eq!((geo.databases.len(), geo.ranges.len(), geo.warn_age_days, geo.max_age_days), (1, 1, Some(30), Some(60)));
    assert_eq!(geo.accept.iter().map(|b| b.value.as_str()).collect::<Vec<_>>(), ["override", "site"]);
    let [network, selector] = &geo.overrides[..] else { panic!("two overrides") };
    // Hong Kong has a code of its own.
    assert_eq!(network.place.place.to_string(), "HK");
    assert_eq!(network.domains.iter().map(ToString::to_string).collect::<Vec<_>>(), ["region=aws/ap-east-1", "provider=aws"]);
    assert!(matches!(&network.target, OverrideTarget::Network(n) if n.to_string() == "203.0.113.0/24"));
    assert!(matches!(&selector.target, OverrideTarget::Endpoints(s) if s.tag["env"].value == "prod-*"));
    assert_eq!(selector.place.coordinates, Some((50.1, 8.7)));
}

#[test]
fn an_empty_file_is_a_project_of_defaults() {
    let (project, errors) = parse(crate::source::SourceId(7), "");
    assert_eq!(errors, []);
    assert_eq!(project.and_then(|p| p.location).map(|l| l.source), Some(crate::source::SourceId(7)));
}

#[test]
fn the_schema_knows_every_key_and_refuses_others() {
    let schema = schema();
    assert_eq!(schema["additionalProperties"], false);
    let tables: Vec<&String> = schema["properties"].as_object().expect("an object").keys().collect();
    assert_eq!(
        tables,
        ["project", "inputs", "check", "operator", "population", "classify", "waiver", "transfer", "recipient", "geo"]
    );
    let definitions = schema["$defs"].as_object().expect("definitions");
    assert!(definitions.values().all(|d| d["additionalProperties"] == false && d["description"].is_string()), "{schema:#}");
    assert_eq!(definitions["PopulationTable"]["required"], serde_json::json!(["id", "data", "enters"]));
}
