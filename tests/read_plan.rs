//! Plans and states that others wrote: every fact and every trap of `terraform-plan-state` of the corpus. Where the corpus is not
//! there, the tests say so and pass.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, clippy::unwrap_used)] // a test opens files and may panic

use std::path::Path;

use onshore::model::{EndpointFact, Facts, Reference};
use onshore::read::{Settings, read_all};
use onshore::source::load::Loaded;

struct Read {
    loaded: Loaded,
    facts: Facts,
    formats: Vec<&'static str>,
    broken: Vec<String>,
}

/// Reads texts as if they were a project of their own.
fn read(files: &[(&str, String)]) -> Read {
    let mut loaded = Loaded::default();
    for (path, text) in files {
        loaded.add(*path, text.as_str());
    }
    let all = read_all(&loaded, &Settings::default(), &[], None).unwrap();
    assert_eq!(all.unread, [], "every file is read");
    let (mut facts, mut formats, mut broken) = (Facts::default(), Vec::new(), Vec::new());
    for (_, format, reading) in all.readings {
        // References count from the beginning of their own facts; tests look at one file at a time.
        assert!(facts.endpoints.is_empty() || reading.facts.routes.is_empty());
        facts.endpoints.extend(reading.facts.endpoints);
        facts.routes.extend(reading.facts.routes);
        facts.gaps.extend(reading.facts.gaps);
        formats.push(format);
        broken.extend(reading.broken);
    }
    Read { loaded, facts, formats, broken }
}

/// One file of the corpus; `None` where it is absent.
fn corpus(path: &str) -> Option<Read> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/terraform-plan-state").join(path);
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(read(&[(path, text)])),
        Err(_) => {
            println!("skipped: no {path} in the corpus");
            None
        }
    }
}

impl Read {
    fn endpoint(&self, label: &str) -> &EndpointFact {
        let found = self.facts.endpoints.iter().find(|e| e.label == label);
        found.unwrap_or_else(|| panic!("{label} is not among {:?}", self.labels()))
    }

    fn labels(&self) -> Vec<&str> {
        self.facts.endpoints.iter().map(|e| e.label.as_str()).collect()
    }

    fn region(&self, label: &str) -> Option<&str> {
        self.endpoint(label).region.as_ref().map(|r| r.value.as_str())
    }

    fn zone(&self, label: &str) -> Option<&str> {
        self.endpoint(label).zone.as_ref().map(|r| r.value.as_str())
    }

    /// `from -> to activity` of every route.
    fn routes(&self) -> Vec<String> {
        let name = |r: &Reference| match r {
            Reference::Fact(i) => self.facts.endpoints[*i].label.clone(),
            other => format!("{other:?}"),
        };
        let mut all: Vec<String> =
            self.facts.routes.iter().map(|r| format!("{} -> {} {}", name(&r.from), name(&r.to), r.activity.as_str())).collect();
        all.sort();
        all
    }

    /// The lines by which an endpoint's place came to be what it is.
    fn trail(&self, label: &str) -> Vec<(u32, String)> {
        let text = |l| self.loaded.sources.text(l).to_owned();
        let steps = self.endpoint(label).trail.steps();
        steps.map(|s| (self.loaded.sources.position(s.location).line, text(s.location))).collect()
    }
}

mod plan_provider_alias {
    use super::*;

    const FILE: &str = "plan-provider-alias/raw/plan.json";

    #[test]
    fn fact_1_constant_regions_of_both_configurations() {
        let Some(read) = corpus(FILE) else { return };
        assert_eq!(read.formats, ["terraform-plan"]);
        let regions: Vec<_> = read.facts.endpoints.iter().filter_map(|e| e.region.as_ref()).map(|r| &r.value).collect();
        assert!(regions.iter().all(|r| *r == "us-east-1" || *r == "us-west-1"), "{regions:?}");
    }

    #[test]
    fn fact_2_each_resource_by_its_configuration() {
        let Some(read) = corpus(FILE) else { return };
        assert_eq!(read.region("aws_s3_bucket.bucket1"), Some("us-east-1"));
        assert_eq!(read.region("aws_s3_bucket.bucket2"), Some("us-west-1"));
        assert_eq!(read.region("aws_kms_key.key"), Some("us-east-1"));
        // The encryption configuration is a piece of the bucket, and its key a way.
        assert!(!read.labels().contains(&"aws_s3_bucket_server_side_encryption_configuration.bucket2"));
        assert_eq!(read.routes(), ["aws_s3_bucket.bucket2 -> aws_kms_key.key keys"]);
    }

    #[test]
    fn trap_1_the_region_is_joined_through_the_configuration_with_its_lines() {
        let Some(read) = corpus(FILE) else { return };
        let last = read.trail("aws_s3_bucket.bucket2").pop().expect("a line that states the region");
        assert_eq!(last.1, "\"us-west-1\"");
    }
}

mod plan_aws_google_mixed {
    use super::*;

    const FILE: &str = "plan-aws-google-mixed/raw/resource_view_07_infra.json";

    #[test]
    fn fact_1_two_providers_one_without_region() {
        let Some(read) = corpus(FILE) else { return };
        assert_eq!(read.region("aws_s3_bucket.example"), Some("us-west-2"));
        assert_eq!(read.region("google_compute_instance.default"), None);
    }

    #[test]
    fn fact_2_a_zone_of_another_region_than_the_providers_is_kept() {
        let Some(read) = corpus(FILE) else { return };
        let group = read.endpoint("aws_autoscaling_group.example");
        let says = format!("{:?} {:?} {:?}", group.region, group.zone, group.part_of);
        assert!(says.contains("us-east-1a"), "{says}");
        let disagrees: Vec<_> = read.facts.gaps.iter().filter(|g| g.code == "region-and-zone-disagree").collect();
        let [gap] = disagrees[..] else { panic!("{disagrees:?}") };
        assert!(gap.message.ends_with("its region is us-west-2 and its zone us-east-1a"), "{}", gap.message);
    }

    #[test]
    fn fact_3_the_bucket_stands_where_its_provider_is_set() {
        let Some(read) = corpus(FILE) else { return };
        assert_eq!(read.endpoint("aws_s3_bucket.example").provider.as_deref(), Some("aws"));
        assert_eq!(read.region("aws_s3_bucket.example"), Some("us-west-2"));
    }

    #[test]
    fn fact_4_zones_and_multi_regions_of_google() {
        let Some(read) = corpus(FILE) else { return };
        assert_eq!(read.zone("google_compute_instance.default"), Some("us-central1-a"));
        assert_eq!(read.region("google_storage_bucket.example"), Some("US"));
    }
}

mod plan_gke_region_conflict {
    use super::*;

    const FILE: &str = "plan-gke-region-conflict/raw/gke-show.json";

    #[test]
    fn fact_1_and_trap_1_an_old_plan_with_short_provider_names() {
        let Some(read) = corpus(FILE) else { return };
        assert_eq!(read.formats, ["terraform-plan"]);
        assert_eq!(read.broken, [""; 0]);
    }

    #[test]
    fn fact_2_cluster_and_nodes() {
        let Some(read) = corpus(FILE) else { return };
        // What they are called, and how many nodes there are, changes nothing of where they stand, and is not kept.
        assert_eq!(read.endpoint("google_container_cluster.primary").kind, "cluster");
        assert_eq!(read.region("google_container_node_pool.primary_preemptible_nodes"), Some("us-central1"));
    }

    #[test]
    fn fact_3_the_resources_own_location_wins() {
        let Some(read) = corpus(FILE) else { return };
        assert_eq!(read.region("google_container_cluster.primary"), Some("us-central1"));
    }
}

mod state_dynamodb_global {
    use super::*;

    const FILE: &str = "state-dynamodb-global/raw/terraform.tfstate";

    fn label(read: &Read, part: &str) -> String {
        let ids = |e: &&EndpointFact| e.cloud_ids.iter().any(|id| id.ends_with(part));
        read.facts.endpoints.iter().find(ids).map(|e| e.label.clone()).expect(part)
    }

    #[test]
    fn fact_1_two_tables_of_a_version_4_state() {
        let Some(read) = corpus(FILE) else { return };
        assert_eq!(read.formats, ["terraform-state"]);
        let tables = read.labels().iter().filter(|l| l.starts_with("aws_dynamodb_table") && !l.contains(" in ")).count();
        assert_eq!(tables, 2);
    }

    #[test]
    fn fact_2_a_table_without_replicas_stays() {
        let Some(read) = corpus(FILE) else { return };
        let games = label(&read, "table/GameScores");
        assert_eq!(read.region(&games), Some("us-east-1"));
        assert!(!read.routes().iter().any(|r| r.contains(&games)));
    }

    #[test]
    fn fact_3_replicas_both_ways() {
        let Some(read) = corpus(FILE) else { return };
        let example = label(&read, "us-east-1:526954929923:table/example");
        let routes = read.routes();
        for region in ["us-east-2", "us-west-2"] {
            let copy = format!("{example} in {region}");
            assert_eq!(read.region(&copy), Some(region));
            assert!(routes.contains(&format!("{example} -> {copy} replicate")), "{routes:?}");
            assert!(routes.contains(&format!("{copy} -> {example} replicate")), "{routes:?}");
        }
    }

    #[test]
    fn trap_1_the_region_is_the_fourth_field_of_the_arn() {
        let Some(read) = corpus(FILE) else { return };
        let regions: Vec<_> = read.facts.endpoints.iter().map(|e| e.region.as_ref().map(|r| r.value.as_str())).collect();
        assert!(regions.iter().all(Option::is_some), "{regions:?}");
    }
}

mod state_s3_paris {
    use super::*;

    const S3: &str = "state-s3-paris/raw/aws_s3_full.tfstate";

    #[test]
    fn fact_1_buckets_by_their_own_region() {
        let Some(read) = corpus(S3) else { return };
        for bucket in ["aws_s3_bucket.bucket", "aws_s3_bucket.bucket2", "aws_s3_bucket.bucket3"] {
            assert_eq!(read.region(bucket), Some("eu-west-3"), "{bucket}");
        }
    }

    #[test]
    fn fact_2_functions_by_their_arn() {
        let Some(read) = corpus("state-s3-paris/raw/aws_lambda_function.tfstate") else { return };
        let functions: Vec<_> = read.labels().into_iter().filter(|l| l.starts_with("aws_lambda_function.")).collect();
        assert_eq!(functions.len(), 2);
        assert!(functions.iter().all(|f| read.region(f) == Some("eu-west-3")));
    }

    #[test]
    fn fact_3_a_database_by_its_zone() {
        let Some(read) = corpus("state-s3-paris/raw/aws_db_instance.tfstate") else { return };
        assert_eq!(read.zone("aws_db_instance.default"), Some("eu-west-3c"));
        assert_eq!(read.region("aws_db_instance.default"), Some("eu-west-3"));
        // What the state holds of its owner's secrets is in no fact.
        assert!(!format!("{:?}", read.facts).contains("foobarbaz"));
    }

    #[test]
    fn fact_4_short_provider_addresses() {
        let Some(read) = corpus(S3) else { return };
        assert_eq!(read.formats, ["terraform-state"]);
        // Who may read a public bucket is nobody's.
        let mut things = read.facts.endpoints.iter().filter(|e| e.kind != "reader");
        assert!(things.all(|e| e.provider.as_deref() == Some("aws")));
    }

    #[test]
    fn fact_5_notifications_are_ways_to_functions() {
        let Some(read) = corpus(S3) else { return };
        let to = |name: &str| {
            let arn = format!("arn:aws:lambda:eu-west-3:526954929923:function:{name}");
            assert!(read.routes().iter().any(|r| r.contains(&arn)), "{:?}", read.routes());
            assert_eq!(read.region(&arn), Some("eu-west-3"));
        };
        to("example_lambda_name1");
        to("example_lambda_name2");
    }

    #[test]
    fn trap_1_an_inventory_into_the_bucket_itself_is_no_way() {
        let Some(read) = corpus(S3) else { return };
        assert!(!read.routes().iter().any(|r| {
            let (from, rest) = r.split_once(" -> ").unwrap();
            rest.starts_with(&format!("{from} "))
        }));
    }
}

/// A plan of `n` buckets, one line, as large as plans get.
fn large(n: usize) -> String {
    let values = r#""acl":null,"bucket":"b-NUM","force_destroy":false,"lifecycle_rule":[{"enabled":true,"expiration":[{"days":30}],"id":"x","prefix":"logs/"}],"policy":"{\"Statement\":[{\"Action\":\"s3:*\",\"Effect\":\"Deny\",\"Resource\":\"*\"}]}","request_payer":null,"tags":{"DataClass":"user.contact","Owner":"team-NUM","Stage":"prod"},"versioning":[{"enabled":true,"mfa_delete":false}],"website":[]"#;
    let (mut planned, mut changes, mut config) = (String::new(), String::new(), String::new());
    for i in 0..n {
        let values = values.replace("NUM", &i.to_string());
        let head = format!(
            r#""address":"aws_s3_bucket.b{i}","mode":"managed","type":"aws_s3_bucket","name":"b{i}","provider_name":"registry.terraform.io/hashicorp/aws""#
        );
        let comma = if i == 0 { "" } else { "," };
        planned += &format!(r#"{comma}{{{head},"schema_version":0,"values":{{{values}}},"sensitive_values":{{"tags":{{}}}}}}"#);
        changes += &format!(
            r#"{comma}{{{head},"change":{{"actions":["create"],"before":null,"after":{{{values}}},"after_unknown":{{"arn":true,"id":true,"region":true,"website":[]}},"before_sensitive":false,"after_sensitive":{{"tags":{{}}}}}}}}"#
        );
        config += &format!(
            r#"{comma}{{"address":"aws_s3_bucket.b{i}","mode":"managed","type":"aws_s3_bucket","name":"b{i}","provider_config_key":"aws","expressions":{{"bucket":{{"constant_value":"b-{i}"}}}},"schema_version":0}}"#
        );
    }
    format!(
        r#"{{"format_version":"1.2","terraform_version":"1.9.0","planned_values":{{"root_module":{{"resources":[{planned}]}}}},"resource_changes":[{changes}],"configuration":{{"provider_config":{{"aws":{{"name":"aws","expressions":{{"region":{{"constant_value":"eu-west-2"}}}}}}}},"root_module":{{"resources":[{config}]}}}}}}"#
    )
}

#[test]
fn large_plans_on_one_line_are_read() {
    let read = read(&[("plan.json", large(2_000))]);
    assert_eq!(read.facts.endpoints.len(), 2_000);
    assert!(read.facts.endpoints.iter().all(|e| e.region.as_ref().is_some_and(|r| r.value == "eu-west-2")));
    assert!(read.facts.gaps.is_empty(), "{:?}", read.facts.gaps.first());
}

#[test]
fn a_plan_and_its_state_are_one_endpoint() {
    let plan = large(1);
    let state = r#"{"version":4,"terraform_version":"1.9.0","serial":1,"lineage":"x","resources":[{"mode":"managed","type":"aws_s3_bucket","name":"b0","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"attributes":{"bucket":"b-0","region":"eu-west-2"}}]}]}"#;
    let both = read(&[("env/plan.json", plan), ("env/terraform.tfstate", state.to_owned())]);
    let ids = |e: &EndpointFact| e.cloud_ids.contains(&"terraform:env#aws_s3_bucket.b0".to_owned());
    assert_eq!(both.facts.endpoints.iter().filter(|e| ids(e)).count(), 2);
}

/// Writes what `large` makes, for measuring: `ONSHORE_WRITE_PLAN=file,resources`.
#[test]
fn write_a_plan() {
    let Some(asked) = std::env::var_os("ONSHORE_WRITE_PLAN") else { return };
    let asked = asked.into_string().unwrap();
    let (file, n) = asked.split_once(',').unwrap();
    std::fs::write(file, large(n.parse().unwrap())).unwrap();
}

/// A configuration and the plan of it, written side by side.
mod plan_and_source {
    use std::collections::BTreeSet;

    use onshore::link::link;
    use onshore::model::Snapshot;
    use onshore::project::Project;

    use super::*;

    const SOURCE: &str = r#"
variable "home" {
  default = "eu-west-2"
}
provider "aws" {
  region = var.home
}
provider "aws" {
  alias  = "us"
  region = "us-east-1"
}
resource "aws_s3_bucket" "src" {
  bucket = "shop-src"
}
resource "aws_s3_bucket" "dst" {
  provider = aws.us
  bucket   = "shop-dst"
}
resource "aws_s3_bucket_replication_configuration" "r" {
  bucket = aws_s3_bucket.src.id
  role   = "arn:aws:iam::123456789012:role/r"
  rule {
    status = "Enabled"
    destination {
      bucket = aws_s3_bucket.dst.arn
    }
  }
}
"#;

    fn plan(dst: &str) -> String {
        let resource = |kind: &str, name: &str, after: &str, unknown: &str| {
            format!(
                r#"{{"address":"{kind}.{name}","mode":"managed","type":"{kind}","name":"{name}","provider_name":"registry.terraform.io/hashicorp/aws","change":{{"actions":["create"],"before":null,"after":{after},"after_unknown":{unknown}}}}}"#
            )
        };
        let replication = "aws_s3_bucket_replication_configuration";
        let changes = [
            resource("aws_s3_bucket", "src", r#"{"bucket":"shop-src"}"#, r#"{"arn":true,"id":true}"#),
            resource("aws_s3_bucket", "dst", r#"{"bucket":"shop-dst"}"#, r#"{"arn":true,"id":true}"#),
            resource(
                replication,
                "r",
                r#"{"role":"arn:aws:iam::123456789012:role/r","rule":[{"status":"Enabled","destination":[{}]}]}"#,
                r#"{"bucket":true,"id":true,"rule":[{"destination":[{"bucket":true}]}]}"#,
            ),
        ];
        let config = format!(
            r#"{{"provider_config":{{"aws":{{"name":"aws","expressions":{{"region":{{"references":["var.home"]}}}}}},"aws.us":{{"name":"aws","alias":"us","expressions":{{"region":{{"constant_value":"{dst}"}}}}}}}},"root_module":{{"resources":[
{{"address":"aws_s3_bucket.src","type":"aws_s3_bucket","name":"src","provider_config_key":"aws","expressions":{{"bucket":{{"constant_value":"shop-src"}}}}}},
{{"address":"aws_s3_bucket.dst","type":"aws_s3_bucket","name":"dst","provider_config_key":"aws.us","expressions":{{"bucket":{{"constant_value":"shop-dst"}}}}}},
{{"address":"{replication}.r","type":"{replication}","name":"r","provider_config_key":"aws","expressions":{{"bucket":{{"references":["aws_s3_bucket.src.id","aws_s3_bucket.src"]}},"rule":[{{"status":{{"constant_value":"Enabled"}},"destination":[{{"bucket":{{"references":["aws_s3_bucket.dst.arn","aws_s3_bucket.dst"]}}}}]}}]}}}}
]}}}}"#
        );
        format!(
            r#"{{"format_version":"1.2","terraform_version":"1.9.0","variables":{{"home":{{"value":"eu-west-2"}}}},"resource_changes":[{}],"configuration":{config}}}"#,
            changes.join(",\n")
        )
    }

    fn linked(files: &[(&str, &str)]) -> (Snapshot, Loaded) {
        let mut loaded = Loaded::default();
        for (path, text) in files {
            loaded.add(*path, *text);
        }
        let all = read_all(&loaded, &Settings::default(), &[], None).unwrap();
        let inputs = all.readings.into_iter().map(|(id, _, r)| (id, r.facts)).collect();
        let snapshot = link(inputs, &Project::default(), &loaded.sources);
        (snapshot, loaded)
    }

    /// Endpoints with their places, and routes, without their lines.
    fn says(snapshot: &Snapshot) -> (BTreeSet<String>, BTreeSet<String>) {
        let name = |id| snapshot.endpoint(id).name.clone();
        let endpoints = snapshot.endpoints.iter().map(|e| format!("{} {} {:?} {:?}", e.name, e.kind, e.provider, e.region));
        let routes = snapshot.routes.iter().map(|r| format!("{} -> {} {}", name(r.from), name(r.to), r.activity.as_str()));
        (endpoints.collect(), routes.collect())
    }

    #[test]
    fn of_one_tree_agree() {
        let plan = plan("us-east-1");
        let (source, _) = linked(&[("env/main.tf", SOURCE)]);
        let (planned, _) = linked(&[("env/plan.json", &plan)]);
        assert_eq!(says(&source), says(&planned));
        assert_eq!(says(&source).1, BTreeSet::from(["aws_s3_bucket.src -> aws_s3_bucket.dst replicate".to_owned()]));
    }

    #[test]
    fn together_count_once() {
        let plan = plan("us-east-1");
        let (source, _) = linked(&[("env/main.tf", SOURCE)]);
        let (both, loaded) = linked(&[("env/main.tf", SOURCE), ("env/plan.json", &plan)]);
        assert_eq!(says(&source), says(&both));
        assert_eq!(both.endpoints.len(), source.endpoints.len());
        // They are shown at their blocks.
        let src = &both.endpoints[both.find("aws_s3_bucket.src").unwrap().index()];
        assert!(src.locations.iter().all(|l| loaded.sources.get(l.source).path == "env/main.tf"), "{:?}", src.locations);
        assert!(both.gaps.is_empty(), "{:?}", both.gaps);
    }

    #[test]
    fn a_stale_plan_is_a_conflict_and_not_believed() {
        let stale = plan("eu-west-1");
        let (both, _) = linked(&[("env/main.tf", SOURCE), ("env/plan.json", &stale)]);
        assert!(!both.gaps.is_empty(), "two regions of one bucket are told");
    }

    #[test]
    fn what_a_plan_does_not_know_stays_open() {
        let open = SOURCE.replace("bucket = aws_s3_bucket.dst.arn", "bucket = var.far") + "variable \"far\" {}\n";
        let new = format!(
            "{open}resource \"aws_s3_bucket_replication_configuration\" \"new\" {{\n  bucket = aws_s3_bucket.new.id\n  rule {{\n    status = \"Enabled\"\n    destination {{\n      bucket = var.far\n    }}\n  }}\n}}\nresource \"aws_s3_bucket\" \"new\" {{\n  bucket = \"shop-new\"\n}}\n"
        );
        let plan = plan("us-east-1");
        let (known, _) = linked(&[("env/main.tf", &open), ("env/plan.json", &plan)]);
        assert!(known.gaps.is_empty(), "{:?}", known.gaps);
        let (unknown, _) = linked(&[("env/main.tf", &new), ("env/plan.json", &plan)]);
        assert!(unknown.gaps.iter().any(|g| g.code == "unknown-target"), "{:?}", unknown.gaps);
    }
    #[test]
    fn what_a_plan_lacks_or_deletes_stays_open() {
        let open = SOURCE.replace("bucket = aws_s3_bucket.dst.arn", "bucket = var.far") + "variable \"far\" {}\n";
        let plan: serde_json::Value = serde_json::from_str(&plan("us-east-1")).unwrap();
        let is_open = |plan: &serde_json::Value| {
            let (both, _) = linked(&[("env/main.tf", &open), ("env/plan.json", &plan.to_string())]);
            both.gaps.iter().any(|g| g.code == "unknown-target")
        };
        assert!(!is_open(&plan), "the plan knows the target");
        let mut stale = plan.clone();
        stale["resource_changes"].as_array_mut().unwrap().retain(|r| r["type"] == "aws_s3_bucket");
        assert!(is_open(&stale), "the plan was made before the replication was written");
        // What goes may be kept by those who change the source after the plan.
        let mut deleting = plan.clone();
        let replication = deleting["resource_changes"].as_array_mut().unwrap().last_mut().unwrap();
        replication["change"]["actions"] = serde_json::json!(["delete"]);
        replication["change"]["after"] = serde_json::Value::Null;
        assert!(is_open(&deleting), "the plan deletes the replication");
    }

    #[test]
    fn a_plan_of_another_folder_closes_nothing() {
        let open = SOURCE.replace("region = var.home", "region = var.unset") + "variable \"unset\" {}\n";
        let plan = plan("us-east-1");
        let (both, _) = linked(&[("env/main.tf", &open), ("other/plan.json", &plan)]);
        assert!(both.gaps.iter().any(|g| g.code == "unknown-region"), "{:?}", both.gaps);
    }
}

/// The torture tree of `tests/cases` and a plan of it, in the shape of version 6 of the AWS provider.
mod torture {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use serde_json::Value;

    const PLAN: &str = include_str!("plan_and_source/plan.json");

    /// The project with or without its source, and with a plan or none.
    fn checked(name: &str, source: bool, plan: Option<&str>) -> Value {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/terraform-torture");
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plan-and-source").join(name);
        let _ = std::fs::remove_dir_all(&root);
        let mut folders = vec![PathBuf::from("policies"), PathBuf::from("infra")];
        let mut files = vec![PathBuf::from("onshore.toml")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(tree.join(&folder)).unwrap().map(Result::unwrap) {
                let path = folder.join(entry.file_name());
                if entry.path().is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        for file in files.iter().filter(|f| source || !f.starts_with("infra")) {
            std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            std::fs::copy(tree.join(file), root.join(file)).unwrap();
        }
        if let Some(plan) = plan {
            std::fs::create_dir_all(root.join("infra")).unwrap();
            std::fs::write(root.join("infra/plan.json"), plan).unwrap();
        }
        let out = Command::new(env!("CARGO_BIN_EXE_onshore"))
            .args(["check", ".", "--format", "json", "--as-of", "2026-11-22"])
            // The plan was made with it.
            .env("TF_VAR_log_account", "444455556666")
            .current_dir(&root)
            .output()
            .unwrap();
        assert_eq!(out.status.code(), Some(1), "{name}: {}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// Rules with their verdicts; findings by endpoint, place, role, and what happens there when.
    fn says(found: &Value) -> (Vec<String>, Vec<String>) {
        let all = |of: &str| found[of].as_array().unwrap().clone();
        let rules = all("rules").iter().map(|r| format!("{} {}", r["rule"], r["verdict"])).collect();
        let place = |f: &Value| -> Vec<String> {
            let places = f["places"].as_array().unwrap();
            places.iter().map(|p| format!("{} {} {}", p["country"], p["subdivision"], p["matched"])).collect()
        };
        let finding = |f: &Value| {
            let facts =
                ["code", "verdict", "endpoint", "activity", "role", "state", "data", "origin", "populations", "fingerprint"];
            let facts: Vec<String> = facts.iter().map(|key| f[*key].to_string()).collect();
            format!("{} {:?}", facts.join(" "), place(f).iter().map(|p| p.to_lowercase().replace(' ', "")).collect::<Vec<_>>())
        };
        let mut findings: Vec<String> = all("findings").iter().map(finding).collect();
        findings.sort();
        (rules, findings)
    }

    #[test]
    fn plan_source_and_both_find_the_same() {
        let source = checked("source", true, None);
        let plan = checked("plan", false, Some(PLAN));
        let both = checked("both", true, Some(PLAN));
        assert_eq!(says(&source).1.len(), 17);
        assert_eq!(says(&source), says(&plan));
        assert_eq!(says(&source), says(&both));
        for found in [&plan, &both] {
            for count in ["endpoints", "located", "unlocated"] {
                assert_eq!(found["coverage"][count], source["coverage"][count], "{count}: counted once");
            }
            assert_eq!(found["gaps"].as_array().map(Vec::len), Some(0), "{:#}", found["gaps"]);
        }
    }

    /// Before its version 6 the provider told no region of a resource: the plan's provider configurations tell it, but for T4,
    /// whose local no plan holds.
    #[test]
    fn a_plan_of_an_older_provider_differs_only_by_what_it_cannot_tell() {
        let mut plan: Value = serde_json::from_str(PLAN).unwrap();
        for change in plan["resource_changes"].as_array_mut().unwrap() {
            let own = ["aws_s3_bucket.t2", "aws_instance.t15"].iter().any(|a| change["address"] == **a)
                || change["address"].as_str().unwrap().starts_with("module.t6");
            if !own {
                change["change"]["after"].as_object_mut().unwrap().remove("region");
            }
        }
        plan.as_object_mut().unwrap().remove("planned_values");
        let (_, source) = says(&checked("source-5", true, None));
        let (_, found) = says(&checked("plan-5", false, Some(&plan.to_string())));
        let differ: Vec<&String> = source.iter().filter(|f| !found.contains(f)).collect();
        assert!(matches!(differ.as_slice(), [one] if one.contains("aws_s3_bucket.t4")), "{differ:#?}");
        let more: Vec<&String> = found.iter().filter(|f| !source.contains(f)).collect();
        let open = |f: &String| f.contains("aws_s3_bucket.t4") && f.contains("indeterminate");
        assert!(matches!(more.as_slice(), [one] if open(one)), "{more:#?}");
        // The source beside it knows the local.
        let (_, both) = says(&checked("both-5", true, Some(&plan.to_string())));
        assert_eq!(both, source);
    }
}
