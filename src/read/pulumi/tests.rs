//! What comes of stacks before the tables say what it means, and after.

use super::*;
use crate::read::resource::{Vocabulary, table};
use crate::source::Sources;

const STACK: &str = r#"{
 "version": 3,
 "deployment": {
  "manifest": {"time": "2026-01-01T00:00:00Z", "version": "v3.140.0"},
  "resources": [
   {"urn": "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod", "custom": false, "type": "pulumi:pulumi:Stack"},
   {"urn": "urn:pulumi:prod::shop::pulumi:providers:aws::default_7_0_0", "custom": true, "id": "1111", "type": "pulumi:providers:aws",
    "inputs": {"region": "eu-west-2", "version": "7.0.0"}},
   {"urn": "urn:pulumi:prod::shop::pulumi:providers:aws::us", "custom": true, "id": "2222", "type": "pulumi:providers:aws",
    "inputs": {"region": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}}},
   {"urn": "urn:pulumi:prod::shop::my:index:Store$aws:s3/bucketV2:BucketV2::logs", "custom": true, "id": "logs-1", "type": "aws:s3/bucketV2:BucketV2",
    "inputs": {"bucket": "logs-1"},
    "outputs": {"bucket": "logs-1", "arn": "arn:aws:s3:::logs-1", "tagsAll": {"DataClass": "user"}, "forceDestroy": false, "website": null},
    "provider": "urn:pulumi:prod::shop::pulumi:providers:aws::default_7_0_0::1111"},
   {"urn": "urn:pulumi:prod::shop::aws:rds/instance:Instance::db", "custom": true, "id": "db", "type": "aws:rds/instance:Instance",
    "outputs": {"arn": "arn:aws:rds:us-east-1:123456789012:db:db", "masterUserSecrets": [{"kmsKeyId": "k"}],
                "password": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": "\"hush\""}},
    "provider": "urn:pulumi:prod::shop::pulumi:providers:aws::us::2222"},
   {"urn": "urn:pulumi:prod::shop::aws:sqs/queue:Queue::q", "custom": true, "id": "q", "type": "aws:sqs/queue:Queue", "delete": true,
    "outputs": {"name": "q"}, "provider": "urn:pulumi:prod::shop::pulumi:providers:aws::us::2222"},
   {"urn": "urn:pulumi:prod::shop::gcp:secretmanager/secret:Secret::s", "custom": true, "id": "projects/p/secrets/s", "type": "gcp:secretmanager/secret:Secret",
    "outputs": {"replication": {"auto": {}}, "secretId": "s"}},
   {"urn": "urn:pulumi:prod::shop::azure-native:storage:StorageAccount::a", "custom": true, "type": "azure-native:storage:StorageAccount",
    "id": "/subscriptions/0/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a",
    "outputs": {"location": "brazilsouth", "sku": {"name": "Standard_GRS"}}}
  ]
 }
}"#;

fn read(text: &str) -> (Result<(), String>, Vec<Resource>, Reading, Sources) {
    let mut sources = Sources::default();
    let id = sources.add("stack.json", text);
    let (mut resources, mut reading) = (Vec::new(), Reading::default());
    let done = stack(&Input::new(&sources, id), &mut resources, &mut reading);
    (done, resources, reading, sources)
}

#[test]
fn a_stack_is_read_as_what_its_providers_are_made_from() {
    let (done, resources, reading, sources) = read(STACK);
    assert_eq!(done, Ok(()));
    assert!(reading.facts.gaps.is_empty());
    let words: Vec<String> = resources
        .iter()
        .map(|r| {
            let region = r.region.as_ref().map_or("-".into(), |v| v.as_text().unwrap_or("?".into()).into_owned());
            format!("{} {}: {region} at line {}", r.address, r.kind, sources.position(r.location).line)
        })
        .collect();
    assert_eq!(
        words,
        [
            "my:index:Store$aws:s3/bucketV2:BucketV2::logs aws_s3_bucket: eu-west-2 at line 11",
            "aws:rds/instance:Instance::db aws_db_instance: us-east-1 at line 15",
            "aws:sqs/queue:Queue::q (waiting for deletion) aws_sqs_queue: us-east-1 at line 19",
            "gcp:secretmanager/secret:Secret::s google_secret_manager_secret: ? at line 21",
            "azure-native:storage:StorageAccount::a microsoft.storage/storageaccounts: - at line 23",
        ]
    );
    assert_eq!(resources[4].vocabulary, Vocabulary::Arm);
    let text = |v: Option<&Value>| v.and_then(Value::as_text).map(Cow::into_owned);
    assert_eq!(text(resources[0].attributes.get("tags_all").and_then(|t| t.get("DataClass"))).as_deref(), Some("user"));
    assert_eq!(text(resources[0].attributes.get("id")).as_deref(), Some("logs-1"));
    // Both names of a repeated block are there, and no secret is.
    let first = |name: &str| resources[1].attributes.get(name).and_then(|l| l.as_list()?.first()?.get("kms_key_id")).cloned();
    assert_eq!(text(first("master_user_secret").as_ref()).as_deref(), Some("k"));
    assert_eq!(text(first("master_user_secrets").as_ref()).as_deref(), Some("k"));
    assert!(!format!("{resources:?}").contains("hush"));
    let bucket = resources[0].attributes.get("bucket").expect("the bucket");
    assert_eq!(sources.text(bucket.at), "\"logs-1\"");
}

#[test]
fn type_names_turn_back_by_rule_and_exception() {
    let none = Value::new(Is::Map(Arc::default()), Location::new(Sources::default().add("x", ""), Span::new(0, 0)));
    for (pulumi, terraform) in [
        ("aws:rds/cluster:Cluster", "aws_rds_cluster"),
        ("aws:ec2/vpc:Vpc", "aws_vpc"),
        ("aws:lb/loadBalancer:LoadBalancer", "aws_lb"),
        ("aws:dynamodb/table:Table", "aws_dynamodb_table"),
        ("gcp:storage/bucket:Bucket", "google_storage_bucket"),
        ("gcp:sql/databaseInstance:DatabaseInstance", "google_sql_database_instance"),
        ("gcp:cloudrunv2/service:Service", "google_cloud_run_v2_service"),
        ("azure:storage/account:Account", "azurerm_storage_account"),
        ("azure:core/resourceGroup:ResourceGroup", "azurerm_resource_group"),
        ("azure:cosmosdb/account:Account", "azurerm_cosmosdb_account"),
        ("azure:compute/linuxVirtualMachine:LinuxVirtualMachine", "azurerm_linux_virtual_machine"),
        ("azure:recoveryservices/vault:Vault", "azurerm_recovery_services_vault"),
        ("alicloud:oss/bucketReplication:BucketReplication", "alicloud_oss_bucket_replication"),
        ("random:index/randomPet:RandomPet", "random_random_pet"),
        ("cloudflare:index/r2Bucket:R2Bucket", "cloudflare_r2_bucket"),
        ("digitalocean:index:Droplet", "digitalocean_droplet"),
        ("kubernetes:core/v1:Secret", "kubernetes:core/v1:Secret"),
    ] {
        assert_eq!(kinds::of(pulumi, &none).name, terraform, "{pulumi}");
    }
    assert!(table::find(Vocabulary::Terraform, "google_secret_manager_secret").is_some());
}

#[test]
fn broken_stacks_are_named_with_their_line() {
    let why = |text: &str| read(text).0.expect_err("broken");
    let (_, _, reading, sources) = read(&STACK[..700]);
    let mistake = reading.syntax.first().expect("a mistake");
    assert_eq!(mistake.message, "as a Pulumi stack this is broken: the JSON text ends too early");
    assert_eq!(sources.position(mistake.location).line, 11);
    let new = STACK.replace("\"version\": 3,", "\"version\": 9,");
    assert_eq!(why(&new), "its deployment version is 9, and onshore reads 3 and 4; export the stack again");
    assert_eq!(why("{\"version\": 3}"), "it holds no deployment");
    let pending = STACK.replacen("\"resources\"", "\"pending_operations\": [{}], \"resources\"", 1);
    assert_eq!(read(&pending).2.facts.gaps.len(), 1);
}

#[test]
fn stacks_are_recognized() {
    let is = |text: &str| Pulumi.recognize("x.json", text) == Recognized::Yes;
    assert!(is(STACK));
    assert!(is("{\"version\":3,\"checkpoint\":{\"stack\":\"x\",\"latest\":{\"manifest\":{}}}}"));
    assert!(!is("{\"version\": 4, \"terraform_version\": \"1.0\"}"));
    assert!(!is("version: 3"));
}
