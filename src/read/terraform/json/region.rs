//! The region that a resource's own names tell: an ARN, a self link, a zone. They state where the thing was made, whatever its
//! provider is set to now.

use crate::read::resource::Value;

/// The step from a resource to what states its region.
pub const STATED: &str = "its own name tells the region";

/// The region in a resource's own ARN, link or zone.
pub fn stated(attributes: &Value) -> Option<Value> {
    let text = |name: &str| attributes.get(name).filter(|v| v.as_text().is_some_and(|t| !t.is_empty()));
    let found = |v: &Value, region: &str| Some(Value { is: Value::text(region, v.at).is, ..v.clone() });
    for name in ["arn", "id", "self_link"] {
        let Some(value) = text(name) else { continue };
        let full = value.as_text()?;
        if let Some(region) = of_arn(&full).or_else(|| of_link(&full)) {
            return found(value, region);
        }
    }
    let zone = text("availability_zone")?;
    let name = zone.as_text()?;
    found(zone, of_zone(&name)?)
}

/// The region of a provider configuration by what it made before: only if all of it tells the same.
pub fn unanimous(witnesses: &[Value]) -> Option<Value> {
    let first = witnesses.first()?;
    let text = first.as_text()?;
    witnesses.iter().all(|w| w.as_text().as_deref() == Some(&*text)).then(|| first.clone())
}

/// The fourth field of `arn:partition:service:region:account:resource`; empty for services without regions.
pub fn of_arn(arn: &str) -> Option<&str> {
    let mut fields = arn.split(':');
    (fields.next() == Some("arn")).then_some(())?;
    fields.nth(2).filter(|region| !region.is_empty())
}

/// The account of an ARN.
pub fn account_of_arn(arn: &str) -> Option<&str> {
    arn.starts_with("arn:").then(|| arn.split(':').nth(4))?.filter(|account| !account.is_empty())
}

/// `projects/p/regions/R/...`, `.../zones/Z/...`, `.../locations/L/...`.
fn of_link(link: &str) -> Option<&str> {
    if !link.contains("projects/") {
        return None;
    }
    let mut parts = link.split('/');
    while let Some(part) = parts.next() {
        match part {
            "regions" => return parts.next(),
            "locations" => return parts.next().map(|l| of_gcp_zone(l).unwrap_or(l)),
            "zones" => return parts.next().and_then(of_gcp_zone),
            _ => {}
        }
    }
    None
}

/// `us-central1-a` -> `us-central1`.
pub fn of_gcp_zone(zone: &str) -> Option<&str> {
    let (region, letter) = zone.rsplit_once('-')?;
    (letter.len() == 1 && region.ends_with(|c: char| c.is_ascii_digit())).then_some(region)
}

/// `eu-west-3c` -> `eu-west-3`. Local Zones (`us-west-2-lax-1a`) stand elsewhere than their region and give none.
fn of_zone(zone: &str) -> Option<&str> {
    let region = zone.strip_suffix(|c: char| c.is_ascii_lowercase())?;
    (region.ends_with(|c: char| c.is_ascii_digit()) && region.split('-').count() <= 4 && !is_local_zone(zone)).then_some(region)
}

fn is_local_zone(zone: &str) -> bool {
    zone.split('-').filter(|part| part.starts_with(|c: char| c.is_ascii_digit())).count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_told_by_arns_links_and_zones() {
        assert_eq!(of_arn("arn:aws:dynamodb:us-east-1:526954929923:table/GameScores"), Some("us-east-1"));
        assert_eq!(of_arn("arn:aws:s3:::bucket"), None);
        assert_eq!(of_arn("urn:x"), None);
        assert_eq!(account_of_arn("arn:aws:dynamodb:us-east-1:526954929923:table/x"), Some("526954929923"));
        assert_eq!(of_link("projects/p/zones/us-central1-a/instances/i"), Some("us-central1"));
        assert_eq!(of_link("projects/p/locations/eu/keyRings/k"), Some("eu"));
        assert_eq!(of_link("/subscriptions/x/locations/y"), None);
        assert_eq!(of_zone("eu-west-3c"), Some("eu-west-3"));
        assert_eq!(of_zone("us-gov-west-1a"), Some("us-gov-west-1"));
        assert_eq!(of_zone("us-west-2-lax-1a"), None);
        assert_eq!(of_zone("cn-hangzhou"), None);
    }
}
