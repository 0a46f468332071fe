//! Private links between networks: transit gateway peerings and VPC peerings. A link moves no data of its own accord, so it makes
//! no route; but an address that one network's machines name may stand on the far side of it. Each way that the tables of routes
//! really open is a remark.
//!
//! An attachment's traffic is looked up in the one route table it is associated with, so networks on other tables of the same
//! gateway do not reach what is only routed there. Source: Amazon VPC Transit Gateways guide, route tables and peering.

use std::collections::{BTreeMap, BTreeSet};

use super::Arn;
use crate::doc::Node;
use crate::model::{GapScope, Unread};
use crate::read::Set;
use crate::read::export::beginning;
use crate::read::export::records::{At, Record, text};
use crate::read::export::survey::Survey;
use crate::source::{Location, SourceId};

const GATEWAYS: &str = "TransitGateways";
const ATTACHMENTS: &str = "TransitGatewayAttachments";
const ROUTES: &str = "TransitGatewayStaticRoutes";
const PEERINGS: &str = "VpcPeeringConnections";
const TABLES: &str = "RouteTables";

#[derive(Default)]
struct Links {
    /// Where a gateway stands: region and account.
    gateways: BTreeMap<String, String>,
    /// VPCs by the route table that their attachment is associated with.
    vpcs: BTreeMap<String, BTreeSet<String>>,
    routes: Vec<Route>,
    /// The two sides of a VPC peering that is up.
    peerings: BTreeMap<String, [Side; 2]>,
    /// VPC, peering and network of a VPC's route.
    vpc_routes: Vec<(String, String, String, Location)>,
}

/// An active route of a transit gateway's table into a peering.
struct Route {
    table: String,
    network: String,
    far: String,
    location: Location,
}

struct Side {
    vpc: String,
    place: String,
}

/// A remark for every network that a private link makes reachable, with the file it stands in.
pub fn private_links(set: &Set<'_>, surveys: &[Survey]) -> Vec<(SourceId, Unread)> {
    let mut links = Links::default();
    for survey in surveys {
        let source = &set.sources.get(survey.file).text;
        for name in [GATEWAYS, ATTACHMENTS, ROUTES, PEERINGS, TABLES] {
            for span in survey.records.list(name).map(|l| l.records.as_slice()).unwrap_or_default() {
                let record = Record::new(survey.file, source, *span);
                if let (Some(root), None) = (record.root(), record.problem()) {
                    links.add(name, root, record.at());
                }
            }
        }
    }
    links.remarks()
}

impl Links {
    fn add(&mut self, list: &str, record: Node<'_>, at: At) {
        let _ = match list {
            GATEWAYS => self.gateway(record),
            ATTACHMENTS => self.attachment(record),
            ROUTES => self.static_routes(record, at),
            PEERINGS => self.peering(record),
            _ => self.table(record, at),
        };
    }

    fn gateway(&mut self, record: Node<'_>) -> Option<()> {
        let arn = Arn::parse(text(record, &["TransitGatewayArn"])?)?;
        self.gateways.insert(text(record, &["TransitGatewayId"])?.to_owned(), place(arn.region, arn.account));
        Some(())
    }

    fn attachment(&mut self, record: Node<'_>) -> Option<()> {
        let is_vpc = text(record, &["ResourceType"]) == Some("vpc") && text(record, &["State"]) == Some("available");
        let associated = text(record, &["Association", "State"]) == Some("associated");
        let table = text(record, &["Association", "TransitGatewayRouteTableId"])?;
        if is_vpc && associated {
            self.vpcs.entry(table.to_owned()).or_default().insert(text(record, &["ResourceId"])?.to_owned());
        }
        Some(())
    }

    fn static_routes(&mut self, record: Node<'_>, at: At) -> Option<()> {
        let table = text(record, &["TransitGatewayRouteTableId"])?;
        for route in record.get("Routes")?.items().filter(|r| text(*r, &["State"]) == Some("active")) {
            let Some(network) = text(route, &["DestinationCidrBlock"]) else { continue };
            let ways = route.get("TransitGatewayAttachments").into_iter().flat_map(|list| list.items());
            for far in ways.filter(|w| text(*w, &["ResourceType"]) == Some("peering")).filter_map(|w| text(w, &["ResourceId"]))
            {
                let (table, network, far) = (table.to_owned(), network.to_owned(), far.to_owned());
                self.routes.push(Route { table, network, far, location: beginning(at.of(route)) });
            }
        }
        Some(())
    }

    fn peering(&mut self, record: Node<'_>) -> Option<()> {
        if text(record, &["Status", "Code"]) != Some("active") {
            return None;
        }
        let side = |key| {
            let side = record.get(key)?;
            let place = place(text(side, &["Region"]).unwrap_or(""), text(side, &["OwnerId"]).unwrap_or(""));
            Some(Side { vpc: text(side, &["VpcId"])?.to_owned(), place })
        };
        let sides = [side("RequesterVpcInfo")?, side("AccepterVpcInfo")?];
        self.peerings.insert(text(record, &["VpcPeeringConnectionId"])?.to_owned(), sides);
        Some(())
    }

    fn table(&mut self, record: Node<'_>, at: At) -> Option<()> {
        let vpc = text(record, &["VpcId"])?;
        for route in record.get("Routes")?.items().filter(|r| text(*r, &["State"]) == Some("active")) {
            let network = text(route, &["DestinationCidrBlock"]).or_else(|| text(route, &["DestinationIpv6CidrBlock"]));
            if let (Some(peering), Some(network)) = (text(route, &["VpcPeeringConnectionId"]), network) {
                let location = beginning(at.of(route));
                self.vpc_routes.push((vpc.to_owned(), peering.to_owned(), network.to_owned(), location));
            }
        }
        Some(())
    }

    fn remarks(&self) -> Vec<(SourceId, Unread)> {
        let mut remarks = Vec::new();
        for route in &self.routes {
            let far = match self.gateways.get(&route.far) {
                Some(place) => format!("{} ({place})", route.far),
                None => route.far.clone(),
            };
            for vpc in self.vpcs.get(&route.table).into_iter().flatten() {
                let message = format!("{vpc} reaches {} over the transit gateway peering with {far}", route.network);
                remarks.push(remark(message, route.location));
            }
        }
        for (vpc, peering, network, location) in &self.vpc_routes {
            let Some(far) = self.peerings.get(peering).and_then(|sides| sides.iter().find(|s| s.vpc != *vpc)) else { continue };
            let message = format!("{vpc} reaches {network} over the peering {peering} with {} ({})", far.vpc, far.place);
            remarks.push(remark(message, *location));
        }
        remarks
    }
}

fn place(region: &str, account: &str) -> String {
    match (region.is_empty(), account.is_empty()) {
        (false, false) => format!("{region}, account {account}"),
        (false, true) => region.to_owned(),
        (true, false) => format!("account {account}"),
        (true, true) => "region not told".to_owned(),
    }
}

fn remark(message: String, location: Location) -> (SourceId, Unread) {
    let help = "an address of that network, where a configuration names it, stands on the far side".to_owned();
    let gap = Unread { code: "private-link", message, help: Some(help), location, scope: GapScope::Nothing };
    (location.source, gap)
}
