//! How far apart things stand, by the coordinates that sites declare. What declares none is at an unknown distance.

use super::context::Context;
use crate::model::{DomainKind, EndpointId, LossDomain, SiteId, Snapshot};

/// IUGG mean radius R1 of the Earth, in kilometres.
const RADIUS: f64 = 6371.0088;

/// Great-circle distance in kilometres between points in degrees, by the haversine formula.
pub fn km(a: (f64, f64), b: (f64, f64)) -> f64 {
    let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let chord = half(b.0 - a.0) + a.0.to_radians().cos() * b.0.to_radians().cos() * half(b.1 - a.1);
    2.0 * RADIUS * chord.sqrt().min(1.0).asin()
}

/// Between the nearest two of the sites that each stands in; `None`: of some of them it is not declared.
pub fn between(context: &Context<'_>, a: EndpointId, b: EndpointId) -> Option<f64> {
    let (here, there) = (coordinates(context.snapshot, a)?, coordinates(context.snapshot, b)?);
    here.iter().flat_map(|a| there.iter().map(|b| km(*a, *b))).min_by(f64::total_cmp)
}

/// Between two sites.
pub fn of_domains(snapshot: &Snapshot, a: &LossDomain, b: &LossDomain) -> Option<f64> {
    let of = |domain: &LossDomain| {
        let site = snapshot.sites.iter().find(|s| domain.kind == DomainKind::Site && *s.id == *domain.name)?;
        site.place.coordinates
    };
    Some(km(of(a)?, of(b)?))
}

fn coordinates(snapshot: &Snapshot, id: EndpointId) -> Option<Vec<(f64, f64)>> {
    let sites: Vec<SiteId> = snapshot.sites_of(id);
    if sites.is_empty() {
        return Some(vec![snapshot.endpoint(id).place.as_ref()?.0.coordinates?]);
    }
    sites.into_iter().map(|site| snapshot.site(site).place.coordinates).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_on_the_globe() {
        let near = |a, b, expected: f64| assert!((km(a, b) - expected).abs() < 0.01 * expected.max(1.0), "{}", km(a, b));
        // A degree of latitude, and a quarter of a meridian.
        near((0.0, 0.0), (1.0, 0.0), 111.195);
        near((0.0, 0.0), (90.0, 0.0), 10_007.56);
        // Across the date line and between antipodes.
        near((0.0, 179.5), (0.0, -179.5), 111.195);
        near((0.0, 0.0), (0.0, 180.0), 20_015.11);
        assert!(km((37.4, 127.1), (37.4, 127.1)) == 0.0);
    }
}
