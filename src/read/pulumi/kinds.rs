//! Type names of Pulumi turned back into those of what its providers are made from: `aws:rds/cluster:Cluster` into
//! `aws_rds_cluster`, `azure-native:storage:StorageAccount` into what its resource id says. The names follow rules with exceptions;
//! of the names that the rules give, the first that a table has is taken.

use super::values::snake;
use crate::read::resource::{Value, Vocabulary, table};

pub struct Kind {
    pub vocabulary: Vocabulary,
    pub name: String,
    /// Its provider has a region.
    pub has_region: bool,
}

/// Packages, and what their Terraform providers call themselves.
const PACKAGES: &[(&str, &str, bool)] = &[
    ("aws", "aws", true),
    ("gcp", "google", true),
    ("azure", "azurerm", false),
    ("alicloud", "alicloud", true),
    ("tencentcloud", "tencentcloud", true),
    ("huaweicloud", "huaweicloud", true),
    ("oci", "oci", true),
    ("scaleway", "scaleway", true),
    ("ovh", "ovh", false),
    ("cloudflare", "cloudflare", false),
    ("digitalocean", "digitalocean", false),
    ("hcloud", "hcloud", false),
    ("mongodbatlas", "mongodbatlas", false),
    ("snowflake", "snowflake", false),
    ("azuread", "azuread", false),
    ("random", "random", false),
    ("tls", "tls", false),
    ("null", "null", false),
    ("time", "time", false),
    ("command", "null", false),
];

/// Modules that Pulumi made up: the Terraform names go without them.
const MADE_UP: &[&str] = &[
    "core",
    "ec2",
    "compute",
    "network",
    "containerservice",
    "appservice",
    "keyvault",
    "index",
    "organizations",
    "ebs",
    "lb",
    "cfg",
    "management",
    "authorization",
    "vpc",
    "ecs",
    "mssql",
    "privatelink",
    "msi",
];

/// Module (or type) names that are spelled otherwise: package, module, type (empty: any), what Terraform has in their place.
const SPELLED: &[(&str, &str, &str, &str)] = &[
    ("aws", "rds", "instance", "aws_db_instance"),
    ("aws", "rds", "snapshot", "aws_db_snapshot"),
    ("aws", "rds", "subnetGroup", "aws_db_subnet_group"),
    ("aws", "rds", "parameterGroup", "aws_db_parameter_group"),
    ("aws", "rds", "instanceAutomatedBackupsReplication", "aws_db_instance_automated_backups_replication"),
    ("aws", "lb", "loadBalancer", "aws_lb"),
    ("aws", "alb", "loadBalancer", "aws_lb"),
    ("aws", "lb", "targetGroup", "aws_lb_target_group"),
    ("aws", "lb", "targetGroupAttachment", "aws_lb_target_group_attachment"),
    ("aws", "lb", "listener", "aws_lb_listener"),
    ("aws", "lb", "listenerRule", "aws_lb_listener_rule"),
    ("aws", "elb", "loadBalancer", "aws_elb"),
    ("aws", "cloudtrail", "trail", "aws_cloudtrail"),
    ("aws", "cloudwatch", "eventRule", "aws_cloudwatch_event_rule"),
    ("aws", "ebs", "volume", "aws_ebs_volume"),
    ("aws", "ebs", "snapshot", "aws_ebs_snapshot"),
    ("aws", "ebs", "snapshotCopy", "aws_ebs_snapshot_copy"),
    ("aws", "ec2", "amiCopy", "aws_ami_copy"),
    ("aws", "s3", "bucketV2", "aws_s3_bucket"),
    ("aws", "s3", "bucketReplicationConfig", "aws_s3_bucket_replication_configuration"),
    ("aws", "s3", "bucketLoggingV2", "aws_s3_bucket_logging"),
    ("aws", "s3", "bucketVersioningV2", "aws_s3_bucket_versioning"),
    ("aws", "s3", "bucketServerSideEncryptionConfigurationV2", "aws_s3_bucket_server_side_encryption_configuration"),
    ("aws", "s3", "bucketObjectv2", "aws_s3_object"),
    ("gcp", "secretmanager", "", "google_secret_manager_"),
    ("gcp", "artifactregistry", "", "google_artifact_registry_"),
    ("gcp", "cloudrun", "", "google_cloud_run_"),
    ("gcp", "cloudrunv2", "", "google_cloud_run_v2_"),
    ("gcp", "cloudfunctionsv2", "", "google_cloudfunctions2_"),
    ("gcp", "appengine", "", "google_app_engine_"),
    ("gcp", "gkebackup", "", "google_gke_backup_"),
    ("gcp", "backupdisasterrecovery", "", "google_backup_dr_"),
    ("gcp", "serviceaccount", "account", "google_service_account"),
    ("gcp", "serviceaccount", "", "google_service_account_"),
    ("gcp", "projects", "", "google_project_"),
    ("gcp", "organizations", "project", "google_project"),
    ("gcp", "storage", "transferJob", "google_storage_transfer_job"),
    ("gcp", "compute", "", "google_compute_"),
    ("azure", "containerservice", "registry", "azurerm_container_registry"),
    ("azure", "containerservice", "group", "azurerm_container_group"),
    ("azure", "recoveryservices", "vault", "azurerm_recovery_services_vault"),
    ("azure", "dataprotection", "", "azurerm_data_protection_"),
    ("azure", "operationalinsights", "analyticsWorkspace", "azurerm_log_analytics_workspace"),
    ("azure", "monitoring", "", "azurerm_monitor_"),
    ("azure", "eventhub", "eventHubNamespace", "azurerm_eventhub_namespace"),
    ("azure", "eventhub", "eventHub", "azurerm_eventhub"),
    ("azure", "appconfiguration", "configurationStore", "azurerm_app_configuration"),
    ("azure", "mssql", "", "azurerm_mssql_"),
    ("azure", "keyvault", "keyVault", "azurerm_key_vault"),
    ("azure", "keyvault", "", "azurerm_key_vault_"),
    ("azure", "backup", "protectedVM", "azurerm_backup_protected_vm"),
    ("azure", "appinsights", "insights", "azurerm_application_insights"),
    ("azure", "privatelink", "endpoint", "azurerm_private_endpoint"),
    ("azure", "lb", "loadBalancer", "azurerm_lb"),
    ("alicloud", "ecs", "instance", "alicloud_instance"),
    ("alicloud", "rds", "instance", "alicloud_db_instance"),
    ("alicloud", "rds", "readOnlyInstance", "alicloud_db_readonly_instance"),
    ("alicloud", "vpc", "network", "alicloud_vpc"),
    ("alicloud", "vpc", "switch", "alicloud_vswitch"),
    ("alicloud", "log", "project", "alicloud_log_project"),
];

/// The kind of a type: `package:module/name:Name`, or `package:module:Name`.
pub fn of(pulumi: &str, attributes: &Value) -> Kind {
    let mut parts = pulumi.split(':');
    let (package, middle, last) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    if package == "azure-native"
        && let Some(name) = attributes.get("id").and_then(Value::as_text).and_then(|id| arm_kind(&id))
    {
        return Kind { vocabulary: Vocabulary::Arm, name, has_region: false };
    }
    let stranger = || Kind { vocabulary: Vocabulary::Terraform, name: pulumi.to_owned(), has_region: false };
    let Some((_, prefix, has_region)) = PACKAGES.iter().find(|(p, _, _)| *p == package).copied() else { return stranger() };
    let (module, name) = match middle.split_once('/') {
        Some((module, name)) => (module, name.to_owned()),
        None => (middle, lower_first(last)),
    };
    let mut candidates = Vec::new();
    for (_, _, own, spelled) in SPELLED.iter().filter(|(p, m, _, _)| *p == package && *m == module) {
        match own.is_empty() {
            true => candidates.push(format!("{spelled}{}", snake(&name))),
            false if *own == name => candidates.push((*spelled).to_owned()),
            false => {}
        }
    }
    let plain = snake(&name);
    if !MADE_UP.contains(&module) {
        candidates.push(format!("{prefix}_{}_{plain}", snake(module)));
    }
    candidates.push(format!("{prefix}_{plain}"));
    if MADE_UP.contains(&module) {
        candidates.push(format!("{prefix}_{}_{plain}", snake(module)));
    }
    // A module's only resource is often named like the module: `aws_sns_topic`, but also `aws_efs` and `azurerm_redis_cache`.
    for i in 0..candidates.len() {
        if let Some(old) = candidates[i].strip_suffix("_v2").map(str::to_owned) {
            candidates.push(old);
        }
    }
    // The bare name may be that of something else in another module: only made-up modules go without theirs.
    let known = |c: &&String| table::find(Vocabulary::Terraform, c).is_some();
    let usable = |c: &&String| MADE_UP.contains(&module) || **c != format!("{prefix}_{plain}");
    let name = candidates.iter().filter(usable).find(known).or_else(|| candidates.iter().find(usable));
    Kind { vocabulary: Vocabulary::Terraform, name: name.cloned().unwrap_or_else(|| pulumi.to_owned()), has_region }
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|c| c.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

/// `microsoft.storage/storageaccounts` of `/subscriptions/.../providers/Microsoft.Storage/storageAccounts/name`.
fn arm_kind(id: &str) -> Option<String> {
    let lower = id.to_lowercase();
    let (before, rest) = lower.rsplit_once("/providers/").unwrap_or(("", ""));
    let parts: Vec<&str> = rest.split('/').collect();
    if parts.len() < 3 {
        return before
            .is_empty()
            .then_some(())
            .filter(|()| lower.contains("/resourcegroups/"))
            .map(|()| "microsoft.resources/resourcegroups".to_owned());
    }
    // A provider, then types and names in turn.
    let types = parts[1..].iter().step_by(2).copied();
    Some(std::iter::once(parts[0]).chain(types).collect::<Vec<_>>().join("/"))
}
