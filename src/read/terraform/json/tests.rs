//! What comes of plans and states before the tables say what it means.

use super::*;
use crate::read::Settings;
use crate::read::resource::Is;
use crate::source::Sources;

const PLAN: &str = r#"{
 "format_version": "1.2", "terraform_version": "1.9.0",
 "variables": {"home": {"value": "eu-west-2"}, "dr": {"value": {"eu": "us-east-1"}}},
 "resource_changes": [
  {"address": "aws_s3_bucket.src", "mode": "managed", "type": "aws_s3_bucket", "name": "src",
   "provider_name": "registry.terraform.io/hashicorp/aws",
   "change": {"actions": ["create"], "before": null, "after": {"bucket": "src", "tags": null, "token": "hush", "location": "X"},
              "after_unknown": {"arn": true, "id": true}, "after_sensitive": {"token": true, "location": true}}},
  {"address": "aws_s3_bucket_replication_configuration.r", "mode": "managed", "type": "aws_s3_bucket_replication_configuration",
   "name": "r", "provider_name": "registry.terraform.io/hashicorp/aws",
   "change": {"actions": ["create"], "after": {"rule": [{"status": "Enabled", "destination": [{}]}]},
              "after_unknown": {"bucket": true, "id": true, "rule": [{"destination": [{"bucket": true}]}]}}},
  {"address": "module.far[\"a.b\"].aws_s3_bucket.dst[0]", "module_address": "module.far[\"a.b\"]", "mode": "managed",
   "type": "aws_s3_bucket", "name": "dst", "index": 0, "provider_name": "registry.terraform.io/hashicorp/aws",
   "change": {"actions": ["delete", "create"], "after": {}, "after_unknown": {"arn": true, "kms": true}}},
  {"address": "aws_s3_bucket.gone", "mode": "managed", "type": "aws_s3_bucket", "name": "gone",
   "change": {"actions": ["delete"], "before": {}, "after": null}},
  {"address": "aws_s3_bucket.src", "mode": "managed", "type": "aws_s3_bucket", "name": "src", "deposed": "abc",
   "change": {"actions": ["delete"], "before": {}, "after": null}},
  {"address": "aws_s3_bucket.left", "mode": "managed", "type": "aws_s3_bucket", "name": "left",
   "change": {"actions": ["forget"], "before": {"arn": "arn:aws:sqs:ap-east-1:1:x"}, "after": null}}
 ],
 "prior_state": {"format_version": "1.0", "values": {"root_module": {"resources": [
  {"address": "data.aws_kms_key.k", "mode": "data", "type": "aws_kms_key", "name": "k", "values": {"arn": "arn:aws:kms:eu-west-2:123456789012:key/1"}},
  {"address": "aws_s3_bucket.gone", "mode": "managed", "type": "aws_s3_bucket", "name": "gone", "values": {}}
 ]}}},
 "configuration": {
  "provider_config": {
   "aws": {"name": "aws", "expressions": {"region": {"references": ["var.home"]}, "assume_role": [{"role_arn": {"constant_value": "arn:aws:iam::210987654321:role/x"}}]}},
   "aws.dr": {"name": "aws", "alias": "dr", "expressions": {"region": {"references": ["var.dr[\"eu\"]", "var.dr"]}}}
  },
  "root_module": {
   "resources": [
    {"address": "aws_s3_bucket.src", "mode": "managed", "type": "aws_s3_bucket", "name": "src", "provider_config_key": "aws", "expressions": {"bucket": {"constant_value": "src"}}},
    {"address": "aws_s3_bucket_replication_configuration.r", "provider_config_key": "aws", "expressions": {
      "bucket": {"references": ["aws_s3_bucket.src.id", "aws_s3_bucket.src"]},
      "rule": [{"status": {"constant_value": "Enabled"}, "destination": [{"bucket": {"references": ["module.far[\"a.b\"].arn", "module.far[\"a.b\"]", "module.far"]}}]}]}},
    {"address": "data.aws_kms_key.k", "provider_config_key": "aws", "expressions": {}}
   ],
   "module_calls": {"far": {"source": "./far", "expressions": {"key": {"references": ["data.aws_kms_key.k.arn", "data.aws_kms_key.k"]}},
    "for_each_expression": {"references": ["local.x"]},
    "module": {
     "outputs": {"arn": {"expression": {"references": ["aws_s3_bucket.dst[0].arn", "aws_s3_bucket.dst[0]", "aws_s3_bucket.dst"]}}},
     "resources": [{"address": "aws_s3_bucket.dst", "provider_config_key": "aws.dr", "expressions": {"kms": {"references": ["var.key"]}}}],
     "variables": {"key": {}}
    }}}
  }
 }
}"#;

fn told_with(files: &[(&str, &str)], what: &Kind) -> (Told, Sources) {
    let mut sources = Sources::default();
    for (path, text) in files {
        sources.add(*path, *text);
    }
    let id = sources.iter().next().expect("a file").0;
    let folders = Folders::new(&sources);
    let settings = Settings::default();
    let told = tell(&Input { sources: &sources, file: id, settings: &settings }, &folders, what);
    drop(folders);
    (told, sources)
}

/// A resource by its address, in words.
fn words(told: &Told) -> Vec<String> {
    let value = |v: &crate::read::resource::Value| match &v.is {
        Is::Reference(to) => format!("-> {} {}", to.address, to.attribute),
        Is::Unknown(u) => format!("? {}", u.why),
        _ => v.as_text().map_or_else(|| "..".to_owned(), std::borrow::Cow::into_owned),
    };
    let one = |r: &Resource| {
        let region = r.region.as_ref().map_or("-".to_owned(), value);
        let account = r.account.as_ref().map_or("-".to_owned(), value);
        format!("{} ({}): {region}, {account}", r.address, r.kind)
    };
    told.resources.iter().map(one).collect()
}

fn attribute<'t>(told: &'t Told, address: &str, path: &[&str]) -> Option<&'t crate::read::resource::Value> {
    let resource = told.resources.iter().find(|r| r.address.as_ref() == address).expect("the resource");
    path.iter().try_fold(&resource.attributes, |value, name| match value.as_list() {
        Some(list) => list.first()?.get(name),
        None => value.get(name),
    })
}

fn target(value: Option<&crate::read::resource::Value>) -> (String, String) {
    match value.map(|v| &v.is) {
        Some(Is::Reference(target)) => (target.address.to_string(), target.attribute.to_string()),
        other => panic!("no reference: {other:?}"),
    }
}

#[test]
fn a_plan_says_what_will_stand_and_where_its_providers_are_set() {
    let (told, _) = told_with(&[("env/plan.json", PLAN)], &Kind::Plan);
    assert_eq!(
        words(&told),
        [
            "aws_s3_bucket.src (aws_s3_bucket): eu-west-2, 210987654321",
            "aws_s3_bucket_replication_configuration.r (aws_s3_bucket_replication_configuration): eu-west-2, 210987654321",
            "module.far[\"a.b\"].aws_s3_bucket.dst[0] (aws_s3_bucket): us-east-1, -",
            "aws_s3_bucket.left (aws_s3_bucket): ap-east-1, -",
            "data.aws_kms_key.k (aws_kms_key): eu-west-2, 210987654321",
        ]
    );
    assert_eq!(told.resources[0].ids, ["terraform:env#aws_s3_bucket.src"]);
    assert!(told.facts.gaps.is_empty());
}

#[test]
fn what_is_known_after_apply_is_followed_through_modules() {
    let (told, sources) = told_with(&[("plan.json", PLAN)], &Kind::Plan);
    let r = "aws_s3_bucket_replication_configuration.r";
    assert_eq!(target(attribute(&told, r, &["bucket"])), ("aws_s3_bucket.src".into(), "id".into()));
    let far = r#"module.far["a.b"].aws_s3_bucket.dst[0]"#;
    assert_eq!(target(attribute(&told, r, &["rule", "destination", "bucket"])), (far.into(), "arn".into()));
    assert_eq!(target(attribute(&told, far, &["kms"])), ("data.aws_kms_key.k".into(), "arn".into()));
    let value = attribute(&told, r, &["rule", "status"]).expect("the status");
    assert_eq!(sources.text(value.at), "\"Enabled\"");
    // What nobody wrote and the provider fills in is left out.
    assert_eq!(attribute(&told, "aws_s3_bucket.src", &["arn"]), None);
    let region = told.resources[2].region.as_ref().expect("a region");
    let trail: Vec<String> = region.trail.steps().map(|s| sources.text(s.location).to_owned()).collect();
    assert_eq!(trail, ["{\"references\": [\"var.dr[\\\"eu\\\"]\", \"var.dr\"]}", "\"us-east-1\""]);
}

#[test]
fn sensitive_values_are_not_told_but_for_places() {
    let (told, _) = told_with(&[("plan.json", PLAN)], &Kind::Plan);
    let token = attribute(&told, "aws_s3_bucket.src", &["token"]).expect("the token");
    assert!(matches!(token.is, Is::Unknown(_)), "{token:?}");
    assert!(!format!("{:?}", told.resources).contains("hush"));
    assert_eq!(attribute(&told, "aws_s3_bucket.src", &["location"]).and_then(|v| v.as_text()).as_deref(), Some("X"));
}

#[test]
fn resources_are_shown_at_their_blocks() {
    let main = "\nresource \"aws_s3_bucket\" \"src\" {\n}\n";
    let far = "resource \"aws_s3_bucket\" \"dst\" {\n  count = 1\n}\n";
    let files = [("env/plan.json", PLAN), ("env/main.tf", main), ("env/far/main.tf", far)];
    let (told, sources) = told_with(&files, &Kind::Plan);
    let shown: Vec<String> =
        told.resources.iter().map(|r| sources.position(r.location)).map(|p| format!("{}:{}", p.file, p.line)).collect();
    assert_eq!(shown, ["env/main.tf:2", "env/plan.json:9", "env/far/main.tf:1", "env/plan.json:20", "env/plan.json:24"]);
}

#[test]
fn minified_plans_tell_the_same() {
    let small: serde_json::Value = serde_json::from_str(PLAN).expect("JSON");
    let small = small.to_string();
    let (one, _) = told_with(&[("plan.json", &small)], &Kind::Plan);
    let (two, _) = told_with(&[("plan.json", PLAN)], &Kind::Plan);
    assert_eq!(words(&one), words(&two));
    let with_mark = format!("\u{feff}{PLAN}");
    let (three, sources) = told_with(&[("plan.json", &with_mark)], &Kind::Plan);
    assert_eq!(words(&three), words(&two));
    assert_eq!(sources.text(three.resources[0].location), "\"aws_s3_bucket.src\"");
}

#[test]
fn several_plans_of_one_folder_share_no_ids() {
    let (told, _) = told_with(&[("a.json", PLAN), ("b.json", PLAN)], &Kind::Plan);
    assert!(told.resources.iter().all(|r| r.ids.is_empty()));
}

#[test]
fn plans_before_1_1_do_not_say_which_provider_a_module_was_given() {
    let old = PLAN.replace(r#""provider_config_key": "aws.dr""#, r#""provider_config_key": "far:aws""#);
    let (told, _) = told_with(&[("plan.json", &old)], &Kind::Plan);
    assert_eq!(
        words(&told)[2],
        "module.far[\"a.b\"].aws_s3_bucket.dst[0] (aws_s3_bucket): ? the provider configuration `far:aws` has no region here \
         (it may come from the environment), -"
    );
}

#[test]
fn plans_that_hold_less_than_all_say_so() {
    for (more, says) in [
        ("\"errored\": true,", "the plan ended with an error, so that it may lack resources"),
        ("\"complete\": false,", "the plan is not complete: more changes will follow it"),
        ("\"deferred_changes\": [{}],", "the plan is not complete: more changes will follow it"),
    ] {
        let text = PLAN.replacen('{', &format!("{{{more}"), 1);
        let (told, _) = told_with(&[("plan.json", &text)], &Kind::Plan);
        assert_eq!(told.facts.gaps.iter().map(|g| g.message.as_str()).collect::<Vec<_>>(), [says]);
    }
}

#[test]
fn broken_files_are_named_with_their_line() {
    let why = |text: &str, what: &Kind| {
        let (told, sources) = told_with(&[("x.json", text)], what);
        let syntax = told.syntax.first().map(|e| format!("{}: {}", sources.position(e.location).line, e.message));
        told.broken.or(syntax).unwrap_or_default()
    };
    assert_eq!(why(&PLAN[..1200], &Kind::Plan), "14: as a Terraform plan this is broken: the JSON text ends too early");
    assert_eq!(
        why("{\"format_version\": \"2.0\", \"planned_values\": {}}", &Kind::Plan),
        "its format version is `2.0`, and onshore reads 0.x and 1.x"
    );
    assert_eq!(
        why("{\"version\": 3, \"modules\": [], \"serial\": 1}", &Kind::State),
        "its state version is 3, and onshore reads version 4; give what `terraform show -json` writes"
    );
    assert!(why("{\"serial\":1,\"lineage\":\"x\",\"encrypted_data\":\"a\"}", &Kind::State).contains("encrypted"));
    let wrong = "{\"format_version\":\"1.0\",\n\"resource_changes\": \"none\"}";
    assert!(why(wrong, &Kind::Plan).starts_with("2: as a Terraform plan this is broken: invalid type"));
    let deep =
        format!("{{\"format_version\":\"1.0\",\"planned_values\":{{\"root_module\":{}", "{\"child_modules\":[".repeat(100_000));
    assert!(why(&deep, &Kind::Plan).starts_with("1: "));
}

const STATE: &str = r#"{"version": 4, "terraform_version": "1.5.0", "serial": 1, "lineage": "x", "resources": [
 {"module": "module.m[\"k\"]", "mode": "managed", "type": "aws_sqs_queue", "name": "q", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"].us",
  "instances": [{"index_key": "a", "attributes": {"arn": "arn:aws:sqs:us-west-2:1:q"}}, {"index_key": 1, "attributes": {"arn": null}}]},
 {"mode": "managed", "type": "aws_s3_bucket", "name": "b", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
  "instances": [{"attributes": {"bucket": "b"}}, {"deposed": "0123abcd", "attributes": {"bucket": "old"}}]},
 {"mode": "data", "type": "azurerm_subscription", "name": "s", "provider": "provider[\"registry.terraform.io/hashicorp/azurerm\"]",
  "instances": [{"attributes": {}}]}
]}"#;

#[test]
fn a_state_tells_regions_by_what_its_providers_made() {
    let (told, _) = told_with(&[("terraform.tfstate", STATE)], &Kind::State);
    let unknown = "? nothing here says which region provider `aws` is set to";
    assert_eq!(
        words(&told),
        [
            "module.m[\"k\"].aws_sqs_queue.q[\"a\"] (aws_sqs_queue): us-west-2, -".to_owned(),
            "module.m[\"k\"].aws_sqs_queue.q[1] (aws_sqs_queue): us-west-2, -".to_owned(),
            format!("aws_s3_bucket.b (aws_s3_bucket): {unknown}, -"),
            format!("aws_s3_bucket.b (deposed 0123abcd) (aws_s3_bucket): {unknown}, -"),
            "data.azurerm_subscription.s (azurerm_subscription): -, -".to_owned(),
        ]
    );
    assert_eq!(told.resources[2].ids, ["terraform:.#aws_s3_bucket.b"]);
    // What has other regions proves nothing of the rest.
    let two = STATE.replace("\"arn\": null", "\"arn\": \"arn:aws:sqs:eu-west-1:1:q\"").replace("\"].us\"", "\"]\"");
    let (told, _) = told_with(&[("terraform.tfstate", &two)], &Kind::State);
    assert!(words(&told)[2].contains("nothing here says"));
}

#[test]
fn each_kind_of_file_is_recognized() {
    let is = |text: &str| match kind(text) {
        Some(Kind::Plan) => "plan",
        Some(Kind::State) => "state",
        None => "-",
    };
    assert_eq!(is(PLAN), "plan");
    assert_eq!(is(STATE), "state");
    assert_eq!(is("{\"format_version\":\"1.0\"}"), "state");
    assert_eq!(is("{\"format_version\":\"1.0\",\"terraform_version\":\"1.1\",\"values\":{}}"), "state");
    assert_eq!(is("{\"configuration\":{\"provider_config\":{},\"root_module\":{}},\"format_version\":\"1.0\"}"), "plan");
    assert_eq!(is("{\"@level\":\"info\",\"@message\":\"x\",\"@module\":\"terraform.ui\"}"), "plan");
    assert_eq!(is("{\"endpoint\": [{\"id\": \"resource_changes\"}]}"), "-");
    assert_eq!(is("{\"AWSTemplateFormatVersion\": \"2010-09-09\", \"Resources\": {}}"), "-");
    assert_eq!(is("[]"), "-");
}
