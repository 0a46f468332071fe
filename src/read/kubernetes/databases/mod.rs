//! Databases that operators run, by their custom resources: CloudNativePG, Percona's MongoDB, K8ssandra, Strimzi's MirrorMaker; and
//! Velero, which backs up whatever a cluster keeps.
//!
//! Rules are those of CloudNativePG's documentation (1.29), "Replica clusters", "Backup" and "API Reference", of Percona Operator for
//! MongoDB's "Custom Resource options", of K8ssandra's CRD reference and of Strimzi's "API Reference". A resource is one endpoint that
//! stands where the cluster of its manifest stands; services that the operator makes lead to it. Which fields matter stands in one
//! table: any other field of a spec is a gap, since operators gain new ones.

mod cassandra;
mod kafka;
mod mongodb;
mod postgresql;
mod velero;

use std::sync::LazyLock;

use super::cluster::{Cluster, Inside};
use super::kinds::Meaning;
use super::manifest::Object;
use crate::doc::Node;
use crate::model::{Activity, EndpointFact, Reference, Role, Roles, RouteRole, Standing};
use crate::read::mentions::shorten;
use crate::read::proxy::peer::{Peer, peer, split_url};
use crate::read::words::{Effect, Vocabulary, Words};
use crate::source::{Location, Spanned};

/// Fields of a resource's spec, by its kind.
pub(super) const TABLE: &[Words] = &[
    Words {
        part: "CloudNativePG Cluster",
        followed: "backup bootstrap externalClusters plugins replica",
        harmless: "affinity certificates description enablePDB enableSuperuserAccess env envFrom ephemeralVolumeSource \
            ephemeralVolumesSizeLimit failoverDelay imageCatalogRef imageName imagePullPolicy imagePullSecrets inheritedMetadata \
            instances livenessProbeTimeout logLevel managed maxStopDelay maxSyncReplicas minSyncReplicas monitoring \
            nodeMaintenanceWindow podSecurityContext postgresGID postgresUID postgresql primaryUpdateMethod primaryUpdateStrategy \
            priorityClassName probes projectedVolumeTemplate replicationSlots resources schedulerName seccompProfile securityContext \
            serviceAccountTemplate smartShutdownTimeout startDelay stopDelay storage superuserSecret switchoverDelay tablespaces \
            topologySpreadConstraints walStorage isolationCheck serviceAccountName podSelectorRefs",
        refused: "",
    },
    Words {
        part: "PerconaServerMongoDB",
        followed: "backup clusterServiceDNSMode multiCluster replsets sharding unmanaged",
        harmless: "allowUnsafeConfigurations clusterServiceDNSSuffix crVersion enableExternalVolumeAutoscaling enableVolumeExpansion \
            ignoreAnnotations ignoreLabels image imagePullPolicy imagePullSecrets initContainerSecurityContext initImage logcollector \
            pause platform pmm roles secrets storageScaling tls unsafeFlags updateStrategy upgradeOptions users vault schedulerName",
        refused: "",
    },
    Words {
        part: "K8ssandraCluster",
        followed: "cassandra medusa externalDatacenters",
        harmless: "auth reaper secretsProvider stargate",
        refused: "",
    },
    Words {
        part: "K8ssandraCluster cassandra",
        followed: "additionalSeeds clusterName datacenters telemetry",
        harmless: "config containers dseWorkloads extraVolumes initContainers jmxInitContainerImage managementApiAuth metadata mgmtAPIHeap \
            networking perNodeConfigInitContainerImage perNodeConfigMapRef podPriorityClassName podSecurityContext racks readOnlyRootFilesystem \
            resources serverEncryptionStores serverImage serverType serverVersion clientEncryptionStores serviceAccount \
            softPodAntiAffinity stargate storageConfig superuserSecretRef tolerations cdc datacenterOptions",
        refused: "",
    },
    Words {
        part: "KafkaMirrorMaker2",
        followed: "clusters connectCluster mirrors target",
        harmless: "clientRackInitImage externalConfiguration image jvmOptions livenessProbe logging metricsConfig rack readinessProbe \
            replicas resources template tracing version",
        refused: "",
    },
    Words {
        part: "Velero BackupStorageLocation",
        followed: "accessMode config default objectStorage provider",
        harmless: "backupSyncPeriod credential validationFrequency",
        refused: "",
    },
    Words {
        part: "Velero BackupStorageLocation config",
        followed: "region s3Url storageAccount storageAccountURI",
        harmless: "activeDirectoryAuthorityURI apiTimeout blockSizeInBytes bucket caCert checksumAlgorithm credentialsFile \
            customerKeyEncryptionFile customerKeyEncryptionSecret enableSharedConfig insecureSkipTLSVerify kmsKeyId kmsKeyName prefix \
            profile project publicUrl resourceGroup s3ForcePathStyle serverSideEncryption serviceAccount signatureVersion \
            storageAccountKeyEnvVar subscriptionId tagging useAAD",
        refused: "",
    },
    Words { part: "Velero VolumeSnapshotLocation", followed: "config provider", harmless: "credential", refused: "" },
    Words {
        part: "Velero VolumeSnapshotLocation config",
        followed: "altRegion region snapshotLocation",
        harmless: "apiTimeout credentialsFile enableSharedConfig incremental profile project resourceGroup snapshotType subscriptionId \
            tags volumeProject",
        refused: "",
    },
    Words {
        part: "Velero Schedule",
        followed: "paused template",
        harmless: "schedule skipImmediately useOwnerReferencesInBackup",
        refused: "",
    },
    Words {
        part: "Velero Backup",
        followed: "defaultVolumesToFsBackup defaultVolumesToRestic excludedNamespaces hooks includedNamespaces snapshotVolumes \
            storageLocation volumeSnapshotLocations",
        harmless: "csiSnapshotTimeout datamover excludedClusterScopedResources \
            excludedNamespaceScopedResources excludedResources includeClusterResources includedClusterScopedResources \
            includedNamespaceScopedResources includedResources itemOperationTimeout labelSelector metadata orLabelSelectors \
            orderedResources resourcePolicy snapshotMoveData ttl uploaderConfig volumeGroupSnapshotLabelKey",
        refused: "",
    },
    Words {
        part: "Velero Restore",
        followed: "hooks",
        harmless: "backupName excludedNamespaces excludedResources existingResourcePolicy includeClusterResources includedNamespaces \
            includedResources itemOperationTimeout labelSelector namespaceMapping orLabelSelectors preserveNodePorts resourceModifier \
            restorePVs restoreStatus scheduleName uploaderConfig",
        refused: "",
    },
];

static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

/// Declares the databases, before programs that name their services are read.
pub(super) fn read<'d>(cluster: &mut Cluster<'d>, all: &[(Object<'d>, Option<Meaning>)]) {
    let of = |group: &str, kind: &str| -> Vec<Object<'d>> {
        all.iter().map(|(o, _)| *o).filter(|o| o.group == group && o.kind == kind).collect()
    };
    postgresql::read(cluster, &of);
    mongodb::read(cluster, &of("psmdb.percona.com", "PerconaServerMongoDB"));
    cassandra::read(cluster, &of("k8ssandra.io", "K8ssandraCluster"));
    kafka::read(cluster, &of("kafka.strimzi.io", "KafkaMirrorMaker2"));
    // Takes copies of all of them.
    velero::read(cluster, &of);
}

/// The endpoint of a resource, with the services that lead to it.
fn declare<'d>(cluster: &mut Cluster<'d>, object: &Object<'d>, kind: &str, services: &[String]) -> usize {
    let id = cluster.id(object);
    let mut fact = EndpointFact::new(kind, id.clone(), object.location);
    fact.id = Some(id);
    fact.roles = Roles::of(&[Role::Process, Role::Store]);
    cluster.stand_at_cluster(&mut fact);
    let index = cluster.push(fact);
    cluster.stores.push((object.namespace, index));
    for service in services {
        cluster.operated.push((object.namespace.map(str::to_owned), service.clone(), index));
    }
    index
}

/// A name without a place: a replica set, a cluster over several sites.
fn group(cluster: &mut Cluster<'_>, kind: &str, label: String, at: Location) -> usize {
    let mut fact = EndpointFact::new(kind, label, at);
    fact.standing = Standing::Logical;
    cluster.push(fact)
}

/// What gets to a member gets to all others.
fn member(cluster: &mut Cluster<'_>, group: usize, member: usize, at: Location) {
    cluster.route(member, Reference::Fact(group), Activity::Replicate, at);
    cluster.route(group, Reference::Fact(member), Activity::Replicate, at);
}

/// Gaps for the fields of a spec that are in no table.
fn fields(cluster: &mut Cluster<'_>, object: &Object<'_>, part: &str, spec: Option<Node<'_>>, of: usize) {
    for entry in spec.into_iter().flat_map(|s| s.entries()) {
        if !matches!(WORDS.effect(part, entry.name()), Some(Effect::Followed | Effect::Harmless)) {
            let message =
                format!("`{}` is not a field that onshore knows, so it could change where data goes", shorten(entry.name()));
            let near = WORDS.nearest(part, entry.name());
            let help = near.map_or_else(
                || "declare what it does as a [[route]] in the inventory".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            cluster.gap("unknown-directive", message, &help, object.at(entry.key), &[of]);
        }
    }
}

/// What a host name of a manifest means: a service or database of this cluster, or a host elsewhere.
fn host(cluster: &mut Cluster<'_>, object: &Object<'_>, text: &str, at: Location) -> Option<Reference> {
    match peer(text, None).ok()? {
        Peer::Address { ip, port } => Some(Reference::Address { ip, port }),
        Peer::Host { name, port } => match cluster.inside(object.namespace, &name) {
            Inside::Services(found) => Some(match found.as_slice() {
                [only] => Reference::Fact(*only),
                // Any of those that are called so may be meant.
                several => {
                    let any = group(cluster, "service", name, at);
                    several.iter().for_each(|one| member(cluster, any, *one, at));
                    Reference::Fact(any)
                }
            }),
            Inside::Missing(namespace, service) => Some(cluster.missing_service(namespace.as_deref(), &service, at)),
            Inside::Outside => Some(Reference::Host { name, port }),
        },
        Peer::Loopback { .. } | Peer::Unix(_) => None,
    }
}

/// A database elsewhere.
fn elsewhere(cluster: &mut Cluster<'_>, kind: &str, reference: Reference, at: Location) -> usize {
    let label = match &reference {
        Reference::Fact(index) => return *index,
        Reference::Host { name, .. } => name.clone(),
        Reference::Address { ip, .. } => ip.to_string(),
        Reference::Id(id) | Reference::Any(id) => id.clone(),
    };
    let known = cluster.facts.endpoints.iter().position(|e| e.label == label && e.kind == kind);
    if let Some(known) = known {
        return known;
    }
    let mut fact = EndpointFact::new(kind, label, at);
    fact.elsewhere = true;
    fact.roles = Roles::of(&[Role::Process, Role::Store]);
    match reference {
        Reference::Host { name, .. } => fact.names.push(Spanned::new(name, at.span)),
        Reference::Address { ip, port } => fact.addresses.push(crate::model::Address { ip, port, location: at }),
        Reference::Fact(_) | Reference::Id(_) | Reference::Any(_) => {}
    }
    cluster.push(fact)
}

/// A bucket by its URL; behind an endpoint of one's own it stands where that endpoint stands.
fn bucket(
    cluster: &mut Cluster<'_>,
    object: &Object<'_>,
    url: &str,
    endpoint: Option<Node<'_>>,
    region: Option<Node<'_>>,
    at: Location,
) -> usize {
    let (scheme, name) = split_url(url);
    let scheme = scheme.unwrap_or_else(|| "s3".to_owned());
    let prefix = match scheme.as_str() {
        "s3" => "arn:aws:s3:::".to_owned(),
        other => format!("{other}://"),
    };
    let endpoint = endpoint.filter(|e| e.text().is_some_and(|t| !t.is_empty()));
    let own = endpoint.map(|e| split_url(e.text().unwrap_or("")).1.to_owned()).filter(|h| !h.contains("amazonaws.com"));
    let Some(own) = own else {
        let store = cluster.bucket(&format!("{prefix}{name}"), at);
        if let Some(region) = region.filter(|r| r.text().is_some_and(|t| !t.is_empty())) {
            let fact = &mut cluster.facts.endpoints[store];
            fact.provider = Some(scheme_provider(&scheme).to_owned());
            fact.region.get_or_insert(Spanned::new(region.text().unwrap_or("").to_owned(), region.used_at()));
        }
        return store;
    };
    let label = format!("{own}/{name}");
    if let Some(known) = cluster.facts.endpoints.iter().position(|e| e.kind == "bucket" && e.label == label) {
        return known;
    }
    let behind = host(cluster, object, &own, endpoint.map_or(at, |e| object.at(e)));
    let mut fact = EndpointFact::new("bucket", label.clone(), at);
    // A host of the network means the same to every cluster; a service of this one does not.
    fact.id = matches!(behind, Some(Reference::Host { .. } | Reference::Address { .. })).then_some(label);
    fact.roles = Roles::of(&[Role::Store]);
    fact.standing = Standing::WithSender;
    let unknown = behind.is_none();
    fact.part_of.extend(behind);
    let store = cluster.push(fact);
    if unknown {
        let message = format!("`{}` is no host name or address, so where this bucket stands is not known", shorten(&own));
        cluster.gap("unusable-target", message, "correct the endpoint", at, &[store]);
    }
    store
}

fn scheme_provider(scheme: &str) -> &'static str {
    match scheme {
        "gs" => "gcp",
        "azure" => "azure",
        _ => "aws",
    }
}

/// A way that only a person opens.
fn by_hand(cluster: &mut Cluster<'_>, from: usize, to: usize, at: Location, why: &str) {
    let route = cluster.route(from, Reference::Fact(to), Activity::Replicate, at);
    route.role = RouteRole::Manual;
    route.spill = crate::model::Spill::Manual(why.to_owned());
}
