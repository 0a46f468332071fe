//! Alibaba Cloud and Tencent Cloud: the answers of `aliyun` and `tccli`, and Alibaba's Resource Center search. Both answer with
//! the request's id beside one list; a record tells its region or its zone.
//! Sources: Alibaba Cloud API references (ECS, VPC, SLB, RDS, Resource Center 2022-12-01), Tencent Cloud API 3.0 references.

use super::records::{At, Record, text};
use super::value::{Keys, entries, map, value};
use super::{Dialect, Head, Made, Records, Sample, Told, beginning, no_region};
use crate::doc::Node;
use crate::model::GapScope;
use crate::read::resource::{Resource, Value, Vocabulary};

pub(super) struct Alibaba;
pub(super) struct Tencent;

/// A list of an answer: its path, the key of a record's id, a key that tells it from equal lists of other services, and the type
/// of what it lists.
struct List(&'static str, &'static str, &'static str, &'static str);

/// Types by the names that Resource Center has for them.
const ALIBABA: &[List] = &[
    List("Instances.Instance", "InstanceId", "InstanceId", "ACS::ECS::Instance"),
    List("Instances.KVStoreInstance", "InstanceId", "InstanceId", "ACS::Redis::DBInstance"),
    List("Disks.Disk", "DiskId", "DiskId", "ACS::ECS::Disk"),
    List("Snapshots.Snapshot", "SnapshotId", "SnapshotId", "ACS::ECS::Snapshot"),
    List("Images.Image", "ImageId", "ImageId", "ACS::ECS::Image"),
    List("SecurityGroups.SecurityGroup", "SecurityGroupId", "SecurityGroupId", "ACS::ECS::SecurityGroup"),
    List("NetworkInterfaceSets.NetworkInterfaceSet", "NetworkInterfaceId", "NetworkInterfaceId", "ACS::ECS::NetworkInterface"),
    List("Vpcs.Vpc", "VpcId", "VpcId", "ACS::VPC::VPC"),
    List("VSwitches.VSwitch", "VSwitchId", "VSwitchId", "ACS::VPC::VSwitch"),
    List("EipAddresses.EipAddress", "AllocationId", "AllocationId", "ACS::EIP::EipAddress"),
    List("NatGateways.NatGateway", "NatGatewayId", "NatGatewayId", "ACS::NAT::NatGateway"),
    List("LoadBalancers.LoadBalancer", "LoadBalancerId", "LoadBalancerId", "ACS::SLB::LoadBalancer"),
    List("Items.DBInstance", "DBInstanceId", "DBInstanceId", "ACS::RDS::DBInstance"),
    List("Items.DBInstanceAttribute", "DBInstanceId", "DBInstanceId", "ACS::RDS::DBInstance"),
    List("Items.DBCluster", "DBClusterId", "DBClusterId", "ACS::PolarDB::DBCluster"),
    List("DBInstances.DBInstance", "DBInstanceId", "DBInstanceId", "ACS::MongoDB::DBInstance"),
    List("Buckets.Bucket", "Name", "Location", "ACS::OSS::Bucket"),
    List("Cens.Cen", "CenId", "CenId", "ACS::CEN::CenInstance"),
];

const TENCENT: &[List] = &[
    List("InstanceSet", "InstanceId", "Placement", "tencent:cvm/instance"),
    List("InstanceSet", "InstanceId", "RedisShardNum", "tencent:redis/instance"),
    List("Items", "InstanceId", "Vip", "tencent:cdb/instance"),
    List("VpcSet", "VpcId", "CidrBlock", "tencent:vpc/vpc"),
    List("SubnetSet", "SubnetId", "Zone", "tencent:vpc/subnet"),
    List("LoadBalancerSet", "LoadBalancerId", "LoadBalancerId", "tencent:clb/clb"),
    List("DiskSet", "DiskId", "Placement", "tencent:cbs/disk"),
    List("SnapshotSet", "SnapshotId", "Placement", "tencent:cbs/snapshot"),
    List("AddressSet", "AddressId", "AddressIp", "tencent:vpc/eip"),
    List("SecurityGroupSet", "SecurityGroupId", "SecurityGroupId", "tencent:vpc/securitygroup"),
    List("NatGatewaySet", "NatGatewayId", "NatGatewayId", "tencent:vpc/natgateway"),
    List("CcnSet", "CcnId", "CcnId", "tencent:vpc/ccn"),
    List("ClusterSet", "ClusterId", "Zone", "tencent:cynosdb/cluster"),
    List("Clusters", "ClusterId", "ClusterNetworkSettings", "tencent:tke/cluster"),
];

impl Dialect for Alibaba {
    fn recognize(&self, sample: &Sample<'_>) -> bool {
        sample.records.has("RequestId")
            && (sample.has(CENTER, &["ResourceType", "ResourceId", "RegionId"])
                || ALIBABA.iter().any(|l| sample.has(l.0, &[l.1, l.2]) || is_empty(sample.records, l.0)))
    }

    fn takes(&self, list: &str, _: bool) -> bool {
        list == CENTER || ALIBABA.iter().any(|l| l.0 == list)
    }

    fn head(&self, list: &str, record: &Record<'_>) -> Option<Head> {
        let root = record.root()?;
        let known = ALIBABA.iter().find(|l| l.0 == list)?;
        let key = text(root, &[known.1])?.to_owned();
        Some(Head { key, time: None, gone: false, detailed: true, project: None })
    }

    fn convert(&self, list: &str, record: &Record<'_>, told: &Told<'_>, to: &mut Made) {
        let Some(root) = record.root() else { return };
        if list == CENTER {
            let Some((kind, id)) = text(root, &["ResourceType"]).zip(text(root, &["ResourceId"])) else {
                return without_id(root, record.at(), list, to);
            };
            to.bare.push((id.to_owned(), beginning(record.at().of(root))));
            return add(kind, id, root, record.at(), told, to);
        }
        match ALIBABA.iter().find_map(|l| if l.0 == list { Some((l.3, text(root, &[l.1])?)) } else { None }) {
            Some((kind, id)) => add(kind, id, root, record.at(), told, to),
            None => without_id(root, record.at(), list, to),
        }
    }
}

/// Resource Center's search.
const CENTER: &str = "Resources";

impl Dialect for Tencent {
    fn recognize(&self, sample: &Sample<'_>) -> bool {
        let records = sample.records;
        (records.has("RequestId") || records.has("Response"))
            && records.lists.iter().any(|list| {
                let name = bare_path(&list.path);
                TENCENT.iter().any(|l| l.0 == name && (sample.has(&list.path, &[l.1, l.2]) || is_empty(records, &list.path)))
            })
    }

    fn takes(&self, list: &str, _: bool) -> bool {
        TENCENT.iter().any(|l| l.0 == bare_path(list))
    }

    fn head(&self, list: &str, record: &Record<'_>) -> Option<Head> {
        let root = record.root()?;
        let known = TENCENT.iter().find(|l| l.0 == bare_path(list))?;
        let key = text(root, &[known.1])?.to_owned();
        Some(Head { key, time: None, gone: false, detailed: true, project: None })
    }

    fn convert(&self, list: &str, record: &Record<'_>, told: &Told<'_>, to: &mut Made) {
        let Some(root) = record.root() else { return };
        let of_list = TENCENT.iter().filter(|l| l.0 == bare_path(list));
        match of_list.filter(|l| root.get(l.2).is_some()).find_map(|l| Some((l.3, text(root, &[l.1])?))) {
            Some((kind, id)) => add(kind, id, root, record.at(), told, to),
            None => without_id(root, record.at(), list, to),
        }
    }
}

/// The API wraps its answer in `Response`, the command line does not.
fn bare_path(list: &str) -> &str {
    list.strip_prefix("Response.").unwrap_or(list)
}

fn is_empty(records: &Records, list: &str) -> bool {
    records.list(list).is_some_and(|l| l.records.is_empty())
}

fn without_id(root: Node<'_>, at: At, list: &str, to: &mut Made) {
    let message = format!("a record of `{list}` is not of a kind that onshore knows");
    to.gap("unknown-listing", message, "declare it in an inventory", beginning(at.of(root)), GapScope::Everything);
}

fn add(kind: &str, id: &str, record: Node<'_>, at: At, told: &Told<'_>, to: &mut Made) {
    let location = beginning(at.of(record));
    let found =
        |keys: &[&[&str]]| keys.iter().find_map(|k| record.path(k).filter(|n| n.as_str().is_some_and(|t| !t.is_empty())));
    let region = found(&[&["RegionId"], &["Region"]]).or_else(|| found(&[&["Location"]]));
    let region = region.map(|r| value(r, at, Keys::AsWritten)).map(without_product);
    let has_zone =
        found(&[&["ZoneId"], &["Zone"], &["Placement", "Zone"], &["MasterZoneId"], &["MasterZone", "Zone"]]).is_some();
    let region = region.or_else(|| told.region()).or_else(|| if has_zone { None } else { Some(no_region(location)) });
    let owner = found(&[&["OwnerId"], &["AccountId"]])
        .or_else(|| record.get("OwnerId").filter(|o| o.text().is_some_and(|t| t.len() > 5)));
    to.resources.push(Resource {
        vocabulary: Vocabulary::Listing,
        kind: kind.into(),
        address: id.into(),
        region,
        account: owner.map(|o| value(o, at, Keys::AsWritten)).or_else(|| told.account()),
        attributes: map(entries(value(record, at, Keys::AsWritten)), location),
        uncertain: None,
        ids: vec![id.to_owned()],
        location,
    });
}

/// `oss-cn-hangzhou` is how OSS writes `cn-hangzhou`.
fn without_product(region: Value) -> Value {
    match region.as_text().and_then(|t| t.strip_prefix("oss-").map(str::to_owned)) {
        Some(bare) => Value::text(bare, region.at),
        None => region,
    }
}
