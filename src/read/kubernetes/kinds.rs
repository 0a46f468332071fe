//! What each kind means to onshore: one table. A kind that is not in it is a custom resource that nobody here understands.

use crate::read::words::Words;

/// What becomes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Node,
    /// Runs pods; the path of its pod template (empty: it is a pod itself).
    Workload(&'static [&'static str]),
    Service,
    /// Addresses of a service.
    Endpoints,
    Ingress,
    Volume,
    Claim,
    StorageClass,
    Namespace,
    /// Istio.
    VirtualService,
    DestinationRule,
    ServiceEntry,
    WorkloadEntry,
    /// Machines that add themselves to the mesh.
    WorkloadGroup,
    MeshGateway,
    Sidecar,
    /// Gateway API.
    Gateway,
    GatewayRoute,
    ReferenceGrant,
    ServiceExport,
    ServiceImport,
    /// SMI, as Linkerd and others follow it.
    TrafficSplit,
    /// DNS that leads to one of several clusters, or elsewhere.
    Gslb,
    DnsPolicy,
    DnsEndpoint,
    /// Settings of programs.
    ConfigMap,
    Secret,
    Kustomization,
    /// Connections of a person's or program's client to clusters.
    ClientConfig,
    /// Routes by its own rules, which are not followed.
    Routes,
    /// Stands for manifests that stand elsewhere.
    Elsewhere,
    /// A database that an operator runs, a part of one, or what backs them up.
    Database,
    /// Copies data of the cluster away by its own rules, whatever it names.
    Copies,
    /// No data takes its way by it: permissions, limits, definitions, certificates, scaling.
    Nothing,
}

const POD: &[&str] = &["spec", "template"];
const ANY: &str = "*";

/// API group, kind (`*`: all that stand nowhere else), meaning. The first line that fits counts.
const KINDS: &[(&str, &str, Meaning)] = &[
    ("", "Node", Meaning::Node),
    ("", "Pod", Meaning::Workload(&[])),
    ("", "ReplicationController", Meaning::Workload(POD)),
    ("apps", "Deployment", Meaning::Workload(POD)),
    ("apps", "StatefulSet", Meaning::Workload(POD)),
    ("apps", "DaemonSet", Meaning::Workload(POD)),
    ("apps", "ReplicaSet", Meaning::Workload(POD)),
    ("apps", "ControllerRevision", Meaning::Nothing),
    ("extensions", "Deployment", Meaning::Workload(POD)),
    ("extensions", "DaemonSet", Meaning::Workload(POD)),
    ("extensions", "ReplicaSet", Meaning::Workload(POD)),
    ("extensions", "Ingress", Meaning::Ingress),
    ("extensions", ANY, Meaning::Nothing),
    ("batch", "Job", Meaning::Workload(POD)),
    ("batch", "CronJob", Meaning::Workload(&["spec", "jobTemplate", "spec", "template"])),
    ("argoproj.io", "Rollout", Meaning::Workload(POD)),
    ("apps.openshift.io", "DeploymentConfig", Meaning::Workload(POD)),
    ("serving.knative.dev", "Service", Meaning::Routes),
    ("", "Service", Meaning::Service),
    ("", "Endpoints", Meaning::Endpoints),
    ("discovery.k8s.io", "EndpointSlice", Meaning::Endpoints),
    ("networking.k8s.io", "Ingress", Meaning::Ingress),
    ("", "PersistentVolume", Meaning::Volume),
    ("", "PersistentVolumeClaim", Meaning::Claim),
    ("storage.k8s.io", "StorageClass", Meaning::StorageClass),
    ("", "ConfigMap", Meaning::ConfigMap),
    ("", "Secret", Meaning::Secret),
    ("kustomize.config.k8s.io", ANY, Meaning::Kustomization),
    // Plugins of kustomize; what patches is named by its kustomization.
    ("builtin", "HelmChartInflationGenerator", Meaning::Elsewhere),
    ("builtin", ANY, Meaning::Nothing),
    ("", "Config", Meaning::ClientConfig),
    // Known to carry nothing.
    ("", "Namespace", Meaning::Namespace),
    ("", "ServiceAccount", Meaning::Nothing),
    ("", "LimitRange", Meaning::Nothing),
    ("", "ResourceQuota", Meaning::Nothing),
    ("", "PodTemplate", Meaning::Nothing),
    ("", "Event", Meaning::Nothing),
    ("", "Binding", Meaning::Nothing),
    ("", "ComponentStatus", Meaning::Nothing),
    ("networking.k8s.io", "IngressClass", Meaning::Nothing),
    ("networking.k8s.io", "NetworkPolicy", Meaning::Nothing),
    ("networking.k8s.io", ANY, Meaning::Nothing),
    ("storage.k8s.io", ANY, Meaning::Nothing),
    ("rbac.authorization.k8s.io", ANY, Meaning::Nothing),
    ("authorization.openshift.io", ANY, Meaning::Nothing),
    ("security.openshift.io", ANY, Meaning::Nothing),
    ("user.openshift.io", ANY, Meaning::Nothing),
    ("project.openshift.io", ANY, Meaning::Nothing),
    ("console.openshift.io", ANY, Meaning::Nothing),
    ("image.openshift.io", ANY, Meaning::Nothing),
    ("policy", ANY, Meaning::Nothing),
    ("autoscaling", ANY, Meaning::Nothing),
    ("autoscaling.k8s.io", ANY, Meaning::Nothing),
    ("scheduling.k8s.io", ANY, Meaning::Nothing),
    ("coordination.k8s.io", ANY, Meaning::Nothing),
    ("events.k8s.io", ANY, Meaning::Nothing),
    ("node.k8s.io", ANY, Meaning::Nothing),
    ("certificates.k8s.io", ANY, Meaning::Nothing),
    ("apiextensions.k8s.io", ANY, Meaning::Nothing),
    ("apiregistration.k8s.io", ANY, Meaning::Nothing),
    ("flowcontrol.apiserver.k8s.io", ANY, Meaning::Nothing),
    // Webhooks see objects of the cluster, not the data of its users.
    ("admissionregistration.k8s.io", ANY, Meaning::Nothing),
    ("cert-manager.io", ANY, Meaning::Nothing),
    ("acme.cert-manager.io", ANY, Meaning::Nothing),
    ("cilium.io", "CiliumNetworkPolicy", Meaning::Nothing),
    ("cilium.io", "CiliumClusterwideNetworkPolicy", Meaning::Nothing),
    ("kyverno.io", ANY, Meaning::Nothing),
    ("templates.gatekeeper.sh", ANY, Meaning::Nothing),
    ("constraints.gatekeeper.sh", ANY, Meaning::Nothing),
    // Secrets are settings; what they hold is asked where a workload takes it.
    ("external-secrets.io", ANY, Meaning::Nothing),
    ("bitnami.com", "SealedSecret", Meaning::Nothing),
    // Metrics are fetched, and what sends them on names its own target.
    ("monitoring.coreos.com", "PrometheusRule", Meaning::Nothing),
    ("monitoring.coreos.com", "ServiceMonitor", Meaning::Nothing),
    ("monitoring.coreos.com", "PodMonitor", Meaning::Nothing),
    ("monitoring.coreos.com", "Probe", Meaning::Nothing),
    ("argoproj.io", "AppProject", Meaning::Nothing),
    ("rbac.istio.io", ANY, Meaning::Nothing),
    ("security.istio.io", ANY, Meaning::Nothing),
    ("karpenter.sh", ANY, Meaning::Nothing),
    ("karpenter.k8s.aws", ANY, Meaning::Nothing),
    // Files of tools that only look like objects.
    ("kind.x-k8s.io", ANY, Meaning::Nothing),
    ("skaffold", ANY, Meaning::Nothing),
    ("kuttl.dev", ANY, Meaning::Nothing),
    // Routes by rules of their own.
    ("gateway.networking.k8s.io", "GatewayClass", Meaning::Nothing),
    ("gateway.networking.k8s.io", "ReferenceGrant", Meaning::ReferenceGrant),
    ("gateway.networking.k8s.io", "BackendTLSPolicy", Meaning::Nothing),
    ("gateway.networking.k8s.io", "Gateway", Meaning::Gateway),
    ("gateway.networking.k8s.io", "HTTPRoute", Meaning::GatewayRoute),
    ("gateway.networking.k8s.io", "GRPCRoute", Meaning::GatewayRoute),
    ("gateway.networking.k8s.io", "TLSRoute", Meaning::GatewayRoute),
    ("gateway.networking.k8s.io", "TCPRoute", Meaning::GatewayRoute),
    ("gateway.networking.k8s.io", "UDPRoute", Meaning::GatewayRoute),
    ("gateway.networking.k8s.io", ANY, Meaning::Routes),
    ("gateway.networking.x-k8s.io", ANY, Meaning::Routes),
    ("gateway.envoyproxy.io", ANY, Meaning::Routes),
    ("gateway.solo.io", ANY, Meaning::Routes),
    ("gloo.solo.io", ANY, Meaning::Routes),
    ("networking.istio.io", "VirtualService", Meaning::VirtualService),
    ("networking.istio.io", "DestinationRule", Meaning::DestinationRule),
    ("networking.istio.io", "ServiceEntry", Meaning::ServiceEntry),
    ("networking.istio.io", "WorkloadEntry", Meaning::WorkloadEntry),
    ("networking.istio.io", "WorkloadGroup", Meaning::WorkloadGroup),
    ("networking.istio.io", "Gateway", Meaning::MeshGateway),
    ("networking.istio.io", "Sidecar", Meaning::Sidecar),
    ("networking.istio.io", "ProxyConfig", Meaning::Nothing),
    ("networking.istio.io", ANY, Meaning::Routes),
    ("networking.gke.io", ANY, Meaning::Routes),
    ("multicluster.x-k8s.io", "ServiceExport", Meaning::ServiceExport),
    ("multicluster.x-k8s.io", "ServiceImport", Meaning::ServiceImport),
    ("multicluster.x-k8s.io", ANY, Meaning::Routes),
    ("net.gke.io", "ServiceExport", Meaning::ServiceExport),
    ("net.gke.io", "ServiceImport", Meaning::ServiceImport),
    ("net.gke.io", ANY, Meaning::Routes),
    ("traefik.io", ANY, Meaning::Routes),
    ("traefik.containo.us", ANY, Meaning::Routes),
    ("projectcontour.io", ANY, Meaning::Routes),
    ("configuration.konghq.com", ANY, Meaning::Routes),
    ("getambassador.io", ANY, Meaning::Routes),
    ("k8s.nginx.org", ANY, Meaning::Routes),
    ("elbv2.k8s.aws", ANY, Meaning::Routes),
    ("vpcresources.k8s.aws", ANY, Meaning::Nothing),
    ("application-networking.k8s.aws", ANY, Meaning::Routes),
    ("appmesh.k8s.aws", ANY, Meaning::Routes),
    ("split.smi-spec.io", "TrafficSplit", Meaning::TrafficSplit),
    ("split.smi-spec.io", ANY, Meaning::Routes),
    ("specs.smi-spec.io", ANY, Meaning::Routes),
    ("linkerd.io", ANY, Meaning::Routes),
    ("policy.linkerd.io", "HTTPRoute", Meaning::GatewayRoute),
    ("policy.linkerd.io", "Server", Meaning::Nothing),
    ("policy.linkerd.io", "ServerAuthorization", Meaning::Nothing),
    ("policy.linkerd.io", "AuthorizationPolicy", Meaning::Nothing),
    ("policy.linkerd.io", "MeshTLSAuthentication", Meaning::Nothing),
    ("policy.linkerd.io", "NetworkAuthentication", Meaning::Nothing),
    ("policy.linkerd.io", ANY, Meaning::Routes),
    // A link only makes names (`web-east`) that count where something calls them.
    ("multicluster.linkerd.io", "Link", Meaning::Nothing),
    ("multicluster.linkerd.io", ANY, Meaning::Routes),
    ("consul.hashicorp.com", ANY, Meaning::Routes),
    ("kuma.io", ANY, Meaning::Routes),
    ("k8gb.io", "Gslb", Meaning::Gslb),
    ("k8gb.io", ANY, Meaning::Routes),
    ("k8gb.absa.oss", "Gslb", Meaning::Gslb),
    ("k8gb.absa.oss", ANY, Meaning::Routes),
    ("kuadrant.io", "DNSPolicy", Meaning::DnsPolicy),
    ("kuadrant.io", "TLSPolicy", Meaning::Nothing),
    ("kuadrant.io", "RateLimitPolicy", Meaning::Nothing),
    ("kuadrant.io", ANY, Meaning::Routes),
    ("externaldns.k8s.io", "DNSEndpoint", Meaning::DnsEndpoint),
    ("externaldns.k8s.io", ANY, Meaning::Routes),
    ("route.openshift.io", ANY, Meaning::Routes),
    ("submariner.io", ANY, Meaning::Routes),
    ("ingress.v1.haproxy.org", ANY, Meaning::Routes),
    ("core.haproxy.org", ANY, Meaning::Routes),
    ("flagger.app", ANY, Meaning::Routes),
    ("cilium.io", ANY, Meaning::Routes),
    // More manifests, which are not here.
    ("argoproj.io", "Application", Meaning::Elsewhere),
    ("argoproj.io", "ApplicationSet", Meaning::Elsewhere),
    ("helm.toolkit.fluxcd.io", ANY, Meaning::Elsewhere),
    ("kustomize.toolkit.fluxcd.io", ANY, Meaning::Elsewhere),
    ("source.toolkit.fluxcd.io", ANY, Meaning::Nothing),
    ("helm.cattle.io", ANY, Meaning::Elsewhere),
    ("fleet.cattle.io", ANY, Meaning::Elsewhere),
    ("operators.coreos.com", ANY, Meaning::Nothing),
    // Databases; what their operators copy stands in their specs.
    ("postgresql.cnpg.io", "Cluster", Meaning::Database),
    ("postgresql.cnpg.io", "Pooler", Meaning::Database),
    ("postgresql.cnpg.io", "ScheduledBackup", Meaning::Database),
    ("postgresql.cnpg.io", "Backup", Meaning::Database),
    ("postgresql.cnpg.io", "ImageCatalog", Meaning::Nothing),
    ("postgresql.cnpg.io", "ClusterImageCatalog", Meaning::Nothing),
    ("postgresql.cnpg.io", "Database", Meaning::Nothing),
    ("barmancloud.cnpg.io", "ObjectStore", Meaning::Database),
    ("psmdb.percona.com", "PerconaServerMongoDB", Meaning::Database),
    ("psmdb.percona.com", "PerconaServerMongoDBBackup", Meaning::Nothing),
    ("k8ssandra.io", "K8ssandraCluster", Meaning::Database),
    ("kafka.strimzi.io", "KafkaMirrorMaker2", Meaning::Database),
    // Takes copies of whatever they are told to.
    ("velero.io", "BackupStorageLocation", Meaning::Database),
    ("velero.io", "VolumeSnapshotLocation", Meaning::Database),
    ("velero.io", "Schedule", Meaning::Database),
    ("velero.io", "Backup", Meaning::Database),
    ("velero.io", "Restore", Meaning::Database),
    ("velero.io", "DeleteBackupRequest", Meaning::Nothing),
    ("velero.io", "ServerStatusRequest", Meaning::Nothing),
    ("velero.io", ANY, Meaning::Copies),
    ("oadp.openshift.io", ANY, Meaning::Copies),
    ("stash.appscode.com", ANY, Meaning::Copies),
    ("k8up.io", ANY, Meaning::Copies),
    ("config.kio.kasten.io", ANY, Meaning::Copies),
    ("volsync.backube", ANY, Meaning::Copies),
    ("replication.storage.openshift.io", ANY, Meaning::Copies),
    ("snapshot.storage.k8s.io", ANY, Meaning::Nothing),
    ("logging.banzaicloud.io", ANY, Meaning::Copies),
    ("logging.openshift.io", ANY, Meaning::Copies),
    ("observability.openshift.io", ANY, Meaning::Copies),
    ("fluentbit.fluent.io", ANY, Meaning::Copies),
    ("fluentd.fluent.io", ANY, Meaning::Copies),
    ("telemetry.istio.io", ANY, Meaning::Copies),
    ("tekton.dev", ANY, Meaning::Nothing),
];

/// `None`: not in the table.
pub(super) fn meaning(group: &str, kind: &str) -> Option<Meaning> {
    // A file that leaves the version's group out means the core.
    KINDS.iter().find(|(g, k, _)| *g == group && (*k == kind || *k == ANY)).map(|(_, _, meaning)| *meaning)
}

/// The same table as words: of each API group its kinds.
pub(super) fn words() -> Vec<Words> {
    let mut groups: Vec<(&str, [Vec<&str>; 3])> = Vec::new();
    for (group, kind, meaning) in KINDS {
        if groups.iter().all(|(known, _)| known != group) {
            groups.push((group, Default::default()));
        }
        let list = match meaning {
            Meaning::Nothing => 1,
            Meaning::Routes | Meaning::Elsewhere | Meaning::Copies | Meaning::WorkloadGroup => 2,
            _ => 0,
        };
        groups.iter_mut().filter(|(known, _)| known == group).for_each(|(_, lists)| lists[list].push(kind));
    }
    let words = |(group, lists): (&str, [Vec<&str>; 3])| {
        let [followed, harmless, refused] = lists.map(|list| &*list.join(" ").leak());
        let part = if group.is_empty() { "kinds of the core".to_owned() } else { format!("kinds of {group}") };
        Words { part: part.leak(), followed, harmless, refused }
    };
    groups.into_iter().map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_counts() {
        assert_eq!(meaning("apps", "Deployment"), Some(Meaning::Workload(POD)));
        assert_eq!(meaning("", "Deployment"), None);
        assert_eq!(meaning("gateway.networking.k8s.io", "HTTPRoute"), Some(Meaning::GatewayRoute));
        assert_eq!(meaning("gateway.networking.k8s.io", "XMesh"), Some(Meaning::Routes));
        assert_eq!(meaning("db.example.com", "Cluster"), None);
        for (i, (group, kind, _)) in KINDS.iter().enumerate() {
            let hidden = KINDS[..i].iter().any(|(g, k, _)| g == group && (k == kind || *k == ANY));
            assert!(!hidden, "{group} {kind} stands below a line that already fits");
        }
    }
}
