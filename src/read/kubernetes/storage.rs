//! Volumes, claims and storage classes: stores that pods write to, and where they stand.
//!
//! A disk of the cluster's own cloud attaches to machines beside it, so that it stands with the pods that mount it. Any other
//! storage may be anywhere, and an unread class may be any storage: both are gaps.

use super::cluster::Cluster;
use super::manifest::Object;
use super::place::{Demand, Spot, Stand, is_region, is_zone, terms_of_topologies};
use crate::doc::Node;
use crate::model::{Activity, EndpointFact, Reference, Role, Roles, Standing};
use crate::read::mentions::shorten;
use crate::source::Location;

/// Provisioners and drivers whose volumes are disks (or shares) beside the machines that mount them.
const BESIDE: &[&str] = &[
    "kubernetes.io/aws-ebs",
    "ebs.csi.aws.com",
    "ebs.csi.eks.amazonaws.com",
    "kubernetes.io/gce-pd",
    "pd.csi.storage.gke.io",
    "kubernetes.io/azure-disk",
    "disk.csi.azure.com",
    "kubernetes.io/cinder",
    "cinder.csi.openstack.org",
    "kubernetes.io/vsphere-volume",
    "csi.vsphere.vmware.com",
    "diskplugin.csi.alibabacloud.com",
    "com.tencent.cloud.csi.cbs",
    "evs.csi.huaweicloud.com",
    "dobs.csi.digitalocean.com",
    "csi.hetzner.cloud",
    "linodebs.csi.linode.com",
    "block.csi.vultr.com",
    "csi.scaleway.com",
    "blockvolume.csi.oraclecloud.com",
    "vpc.block.csi.ibm.io",
    "kubernetes.io/no-provisioner",
    "rancher.io/local-path",
    "microk8s.io/hostpath",
    "docker.io/hostpath",
    "k8s.io/minikube-hostpath",
    "topolvm.io",
    "topolvm.cybozu.com",
    "local.csi.openebs.io",
    "openebs.io/local",
];

/// Sources of a persistent volume that stand beside the machine.
const LOCAL: &[&str] =
    &["hostPath", "local", "awsElasticBlockStore", "gcePersistentDisk", "azureDisk", "cinder", "vsphereVolume", "fc"];

impl<'d> Cluster<'d> {
    pub fn storage(&mut self, classes: Vec<Object<'d>>, volumes: Vec<Object<'d>>, claims: Vec<Object<'d>>) {
        for class in classes {
            self.classes.add(&class, class);
            let marks = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
            if marks.iter().any(|m| class.annotation(m) == Some("true")) {
                self.default_class = Some(class);
            }
        }
        let volumes: Vec<(Object<'d>, usize)> = volumes.into_iter().map(|v| (v, self.persistent_volume(&v))).collect();
        let by_name: std::collections::BTreeMap<&str, usize> = volumes.iter().map(|(v, fact)| (v.name, *fact)).collect();
        let by_claim: std::collections::BTreeMap<(Option<&str>, &str), usize> = volumes
            .iter()
            .filter_map(|(v, fact)| {
                Some(((v.text(&["spec", "claimRef", "namespace"]), v.text(&["spec", "claimRef", "name"])?), *fact))
            })
            .collect();
        for claim in claims {
            let named = claim.text(&["spec", "volumeName"]);
            let bound = named.and_then(|n| by_name.get(n)).or_else(|| by_claim.get(&(claim.namespace, claim.name)));
            let fact = match bound {
                // The volume is the store; the claim is how pods ask for it.
                Some(volume) => {
                    self.facts.endpoints[*volume].tags.insert("claim".to_owned(), claim.name.to_owned());
                    *volume
                }
                None => {
                    let id = self.id(&claim);
                    let fact = self.store(&id, claim.location);
                    self.stand_by_class(&claim, claim.node, fact);
                    fact
                }
            };
            self.claims.add(&claim, fact);
            self.stores.push((claim.namespace, fact));
        }
    }

    /// Claims that a stateful set or a volume makes for each pod.
    pub fn claim_templates(&mut self, object: &Object<'d>, pod: Option<Node<'d>>, workload: usize) {
        let mut templates: Vec<(String, Node<'d>)> = Vec::new();
        for template in object.path(&["spec", "volumeClaimTemplates"]).into_iter().flat_map(|t| t.items()) {
            let name = template.path(&["metadata", "name"]).and_then(|n| n.text()).unwrap_or("");
            templates.push((name.to_owned(), template));
        }
        for volume in pod.and_then(|p| p.get("volumes")).into_iter().flat_map(|v| v.items()) {
            if let Some(template) = volume.path(&["ephemeral", "volumeClaimTemplate"]) {
                templates.push((volume.get("name").and_then(|n| n.text()).unwrap_or("").to_owned(), template));
            }
        }
        for (name, template) in templates {
            let at = template.path(&["metadata", "name"]).unwrap_or(template);
            let location = object.at(at);
            let id = self.id_of(object.namespace, "persistentvolumeclaim", &format!("{name}-{}", object.name));
            let store = self.store(&id, location);
            self.stand_by_class(object, template, store);
            self.stores.push((object.namespace, store));
            self.route(workload, Reference::Fact(store), Activity::Forward, location);
        }
    }

    fn persistent_volume(&mut self, object: &Object<'d>) -> usize {
        let id = self.id(object);
        let mut fact = EndpointFact::new("kubernetes-volume", id.clone(), object.location);
        fact.id = Some(id);
        fact.roles = Roles::of(&[Role::Store]);
        let source = object.spec().into_iter().flat_map(|s| s.entries()).find(|e| e.value.is_map() && is_source(e.name()));
        if let Some(handle) =
            source.and_then(|s| ["volumeHandle", "volumeID", "diskURI", "pdName"].iter().find_map(|k| s.value.get(k)))
        {
            let text = handle.text().unwrap_or("");
            fact.cloud_ids.push(text.to_owned());
            fact.cloud_ids.extend(text.rsplit_once('/').map(|(_, tail)| tail.to_owned()).filter(|t| !t.is_empty()));
        }
        let labels = object.path(&["metadata", "labels"]).into_iter().flat_map(|l| l.entries());
        let mut label: Option<(Spot, Location)> = None;
        for entry in labels {
            let value = entry.value.text().unwrap_or("").to_owned();
            let spot = &mut label.get_or_insert((Spot { provider: None, region: None, zone: None }, object.at(entry.value))).0;
            if is_region(entry.name()) {
                spot.region = Some(value);
            } else if is_zone(entry.name()) {
                spot.zone = Some(value);
            }
        }
        let label = label.filter(|(s, _)| s.region.is_some() || s.zone.is_some());
        let spots = Demand::of_volume(object).spots().or_else(|| label.map(|l| vec![l]));
        if let Some(spots) = spots {
            self.stand_in_spots(spots, &mut fact);
            return self.push(fact);
        }
        let (name, value) = source.map_or(("", object.node), |s| (s.name(), s.value));
        let driver = value.get("driver").and_then(|d| d.text()).unwrap_or("");
        let beside = LOCAL.contains(&name) || (name == "csi" && BESIDE.contains(&driver));
        if beside {
            fact.standing = Standing::WithSender;
        }
        let fact = self.push(fact);
        let attributes = value.get("volumeAttributes").and_then(|a| a.get("server"));
        match attributes {
            _ if beside => {}
            Some(server) => {
                let known = self.server(object, fact, server.text().unwrap_or(""), object.at(server));
                if !known {
                    self.unknown_storage(driver, object.at(server));
                }
            }
            None => self.remote(object, fact, name, value),
        }
        fact
    }

    /// Places, with the provider of the cluster.
    fn stand_in_spots(&mut self, spots: Vec<(Spot, Location)>, fact: &mut EndpointFact) {
        let provider = self.told_provider();
        let with = |(spot, location): (Spot, Location)| Stand::Spot((Spot { provider: provider.clone(), ..spot }, location));
        self.stand_at(spots.into_iter().map(with).collect(), fact);
    }

    /// A store that a class makes. `holder` has the `spec` of the claim.
    fn stand_by_class(&mut self, object: &Object<'d>, holder: Node<'d>, store: usize) {
        let named = holder.path(&["spec", "storageClassName"]);
        let location = object.at(named.unwrap_or(holder));
        let location = if named.is_some() { location } else { self.facts.endpoints[store].location };
        let name = named.and_then(|n| n.text()).filter(|n| !n.is_empty());
        let class = match name {
            Some(name) => self.classes.find(None, name).first().copied(),
            None if named.is_some_and(|n| !n.is_null()) => None,
            None => self.default_class,
        };
        let Some(class) = class else {
            let message = match name {
                Some(name) => {
                    format!("storage class `{}` was not read, so where its volumes stand is not known", shorten(name))
                }
                None => "this claim names no storage class, and the cluster's default was not read".to_owned(),
            };
            let help = "add `kubectl get storageclass -o yaml`, or give the store its place with [[geo.override]]";
            return self.remark("undefined-storage-class", message, help, location);
        };
        let parameters = class.path(&["parameters"]);
        let parameter = |names: &[&str]| names.iter().find_map(|n| parameters?.get(n));
        let mut spots = class.path(&["allowedTopologies"]).and_then(|list| terms_of_topologies(&class, list).spots());
        if let Some(zones) = parameter(&["zone", "zones"]) {
            let spot =
                |zone: &str| (Spot { provider: None, region: None, zone: Some(zone.trim().to_owned()) }, class.at(zones));
            let listed = zones.text().unwrap_or("").split(',').filter(|z| !z.trim().is_empty());
            spots = spots.or_else(|| Some(listed.map(spot).collect()));
        }
        if let Some(spots) = spots.filter(|s| !s.is_empty()) {
            let location = self.facts.endpoints[store].location;
            let mut fact = std::mem::replace(&mut self.facts.endpoints[store], EndpointFact::new("", "", location));
            self.stand_in_spots(spots, &mut fact);
            self.facts.endpoints[store] = fact;
            return;
        }
        let provisioner = class.text(&["provisioner"]).unwrap_or("");
        if BESIDE.contains(&provisioner) {
            self.facts.endpoints[store].standing = Standing::WithSender;
            return;
        }
        let server = parameter(&["server", "nfsServer", "monitors", "resturl", "shareServer"]);
        let known = server.is_some_and(|s| self.server(&class, store, s.text().unwrap_or(""), class.at(s)));
        if !known {
            self.unknown_storage(provisioner, class.path(&["provisioner"]).map_or(class.location, |p| class.at(p)));
        }
    }

    fn unknown_storage(&mut self, driver: &str, location: Location) {
        let message = format!("where `{}` keeps its volumes is not known", shorten(driver));
        self.remark("unknown-storage", message, "give the store its place with [[geo.override]]", location);
    }
}

/// Fields of a persistent volume's spec that are no source.
fn is_source(key: &str) -> bool {
    !matches!(key, "capacity" | "claimRef" | "nodeAffinity" | "mountOptions" | "accessModes")
}
