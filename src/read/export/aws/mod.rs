//! AWS: Config (snapshots, history, advanced queries), names of resources (Resource Explorer, tagging), and the answers of the
//! `aws` command line, alone or in the folders that CloudMapper and Batfish keep them in.

mod buckets;
mod config;
mod describe;
mod folder;
mod links;
mod lists;
mod named;

use std::sync::Arc;

use super::records::text;
use crate::doc::Node;
use crate::read::resource::region_of_zone;

pub(super) use buckets::Buckets;
pub(super) use config::Config;
pub(super) use describe::Describe;
pub(super) use folder::{Folder, Folders};
pub(super) use links::private_links;
pub(super) use named::Named;

/// An Amazon resource name: `arn:partition:service:region:account:resource`. Region and account may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Arn<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (Some("arn"), Some(partition)) = (parts.next(), parts.next()) else { return None };
        let arn = Self { service: parts.next()?, region: parts.next()?, account: parts.next()?, resource: parts.next()? };
        (partition.starts_with("aws") && !arn.service.is_empty() && !arn.resource.is_empty()).then_some(arn)
    }

    fn region(self) -> Option<&'a str> {
        Some(self.region).filter(|r| is_region(r))
    }

    fn account(self) -> Option<&'a str> {
        Some(self.account).filter(|a| is_account(a))
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Has the shape of a region's id, `us-gov-west-1`. Whether AWS has it is for the region table to say.
fn is_region(text: &str) -> bool {
    region_of_zone(text) == Some(text)
}

/// The zone a record names, where it stands in one; spelled as the service or (capital or not) as AWS Config does.
fn zone<'d>(record: Node<'d>) -> Option<&'d str> {
    let own = text(record, &["AvailabilityZone"]).or_else(|| text(record, &["Placement", "AvailabilityZone"]));
    own.filter(|zone| region_of_zone(zone).is_some())
}

fn arc(text: &str) -> Arc<str> {
    Arc::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_tell_their_region() {
        let cases = [
            ("us-east-1a", Some("us-east-1")),
            ("us-west-2-lax-1a", Some("us-west-2")),
            ("us-gov-west-1b", Some("us-gov-west-1")),
            ("us-east-1-wl1-bos-wlz-1", Some("us-east-1")),
            ("ap-southeast-2", Some("ap-southeast-2")),
            ("Multiple Availability Zones", None),
            ("Not Applicable", None),
            ("use1-az1", None),
            ("global", None),
            ("", None),
        ];
        for (zone, region) in cases {
            assert_eq!(region_of_zone(zone), region, "{zone}");
        }
    }

    #[test]
    fn arns_tell_region_and_account_where_they_have_one() {
        let db = Arn::parse("arn:aws:rds:us-east-1:123456789012:db:main").unwrap();
        assert_eq!(
            (db.service, db.region(), db.account(), db.resource),
            ("rds", Some("us-east-1"), Some("123456789012"), "db:main")
        );
        let bucket = Arn::parse("arn:aws-cn:s3:::logs").unwrap();
        assert_eq!((bucket.region(), bucket.account(), bucket.resource), (None, None, "logs"));
        assert_eq!(Arn::parse("arn:aws:us-west-2b:123456789012:volume/vol-1"), None);
        assert_eq!(Arn::parse("vpc-1"), None);
    }
}
