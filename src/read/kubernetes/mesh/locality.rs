//! Localities: which endpoints a proxy prefers by region, zone and subzone, and in which order the others follow.
//!
//! Istio, tasks "Locality Load Balancing" and reference "Destination Rule", LocalityLoadBalancerSetting: by default the same subzone
//! comes first, then the zone, then the region, then *every other place*. `failover` only puts one region before the others,
//! which still come last; `failoverPriority` orders by labels; `distribute` alone leaves places out. So a list of `failover` is no
//! promise that data stays in it.

/// Where a proxy or an endpoint is for its mesh. These are names, not places: `us-east1` may be anybody's.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Locality {
    pub region: Option<String>,
    pub zone: Option<String>,
    pub subzone: Option<String>,
}

/// The least and the greatest priority that something can have, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    pub least: u32,
    pub most: u32,
}

/// What `localityLbSetting` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Regions and the region that takes over first.
    pub failover: Vec<(String, String)>,
    /// Labels, the most important first; some with the value to look for.
    pub labels: Vec<(String, Option<String>)>,
}

impl Locality {
    /// `region/zone/subzone`; what comes after is not used.
    pub fn parse(text: &str) -> Self {
        let mut parts = text.split('/').map(str::trim).map(|p| (!p.is_empty()).then(|| p.to_owned()));
        let mut next = || parts.next().flatten();
        Self { region: next(), zone: next(), subzone: next() }
    }

    pub fn is_known(&self) -> bool {
        self.region.is_some()
    }

    pub fn shown(&self) -> String {
        [&self.region, &self.zone, &self.subzone].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("/")
    }

    fn parts(&self) -> [Option<&str>; 3] {
        [self.region.as_deref(), self.zone.as_deref(), self.subzone.as_deref()]
    }

    /// `us-west/zone1/*`; `None` if that cannot be told.
    pub fn matches(&self, pattern: &str) -> Option<bool> {
        for (wanted, ours) in pattern.split('/').zip(self.parts()) {
            match ours {
                _ if wanted == "*" || wanted.is_empty() => return Some(true),
                Some(ours) if ours == wanted => {}
                Some(_) => return Some(false),
                None => return None,
            }
        }
        Some(true)
    }
}

/// 0 same subzone, 1 same zone, 2 same region, 3 elsewhere, and with `failover` 4 where that does not lead to.
fn near(ours: &Locality, theirs: &Locality, failover: &[(String, String)]) -> Range {
    let lead = failover.iter().find(|(from, _)| ours.region.as_ref() == Some(from)).map(|(_, to)| to);
    let elsewhere = match (lead, &theirs.region) {
        (Some(to), Some(region)) if to != region => 4,
        _ => 3,
    };
    let all = [3, 2, 1];
    for ((ours, theirs), far) in ours.parts().into_iter().zip(theirs.parts()).zip(all) {
        match (ours, theirs) {
            (Some(a), Some(b)) if a == b => {}
            (Some(_), Some(_)) if far == 3 => return Range { least: elsewhere, most: elsewhere },
            (Some(_), Some(_)) => return Range { least: far, most: far },
            _ => return Range { least: 0, most: if far == 3 { 4 } else { far } },
        }
    }
    Range { least: 0, most: 0 }
}

/// A label of an endpoint or a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    Is(String),
    Unknown,
}

/// The priority of an endpoint for a proxy: each label that still agrees brings it nearer.
pub fn priority(
    ours: &Locality,
    theirs: &Locality,
    order: &Order,
    our_label: &dyn Fn(&str) -> Label,
    their_label: &dyn Fn(&str) -> Label,
) -> Range {
    if order.labels.is_empty() {
        return near(ours, theirs, &order.failover);
    }
    let by_labels = by_labels(&order.labels, our_label, their_label);
    if order.failover.is_empty() {
        return by_labels;
    }
    let near = near(ours, theirs, &order.failover);
    Range { least: by_labels.least * 5 + near.least, most: by_labels.most * 5 + near.most }
}

fn by_labels(labels: &[(String, Option<String>)], ours: &dyn Fn(&str) -> Label, theirs: &dyn Fn(&str) -> Label) -> Range {
    let mut doubtful = None;
    for (i, (label, value)) in labels.iter().enumerate() {
        let here = u32::try_from(labels.len() - i).unwrap_or(u32::MAX / 8);
        let ours = value.clone().map_or_else(|| ours(label), Label::Is);
        match (ours, theirs(label)) {
            (Label::Is(a), Label::Is(b)) if a == b => {}
            (Label::Is(_), Label::Is(_)) => return Range { least: here, most: doubtful.unwrap_or(here) },
            _ => doubtful = doubtful.or(Some(here)),
        }
    }
    Range { least: 0, most: doubtful.unwrap_or(0) }
}

/// The ranks of endpoints, 0 first: whatever can be as near as the nearest one surely is shares its rank.
pub fn ranks(ranges: &[Range]) -> Vec<u32> {
    let mut ranks = vec![0; ranges.len()];
    let mut left: Vec<usize> = (0..ranges.len()).collect();
    left.sort_by_key(|i| ranges[*i]);
    let mut rank = 0;
    while let Some(bar) = left.iter().map(|i| ranges[*i].most).min() {
        left.retain(|i| {
            let first = ranges[*i].least <= bar;
            if first {
                ranks[*i] = rank;
            }
            !first
        });
        rank += 1;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ours: &str, theirs: &str, failover: &[(&str, &str)]) -> (u32, u32) {
        let failover: Vec<(String, String)> = failover.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let range = near(&Locality::parse(ours), &Locality::parse(theirs), &failover);
        (range.least, range.most)
    }

    #[test]
    fn nearer_localities_come_first_and_all_others_last() {
        assert_eq!(at("us/a/1", "us/a/1", &[]), (0, 0));
        assert_eq!(at("us/a/1", "us/a/2", &[]), (1, 1));
        assert_eq!(at("us/a", "us/a", &[]), (0, 1));
        assert_eq!(at("us/a", "us/b", &[]), (2, 2));
        assert_eq!(at("us/a", "cn/b", &[]), (3, 3));
        // Naming one region to take over leaves the others in, behind it.
        assert_eq!(at("us/a", "eu/a", &[("us", "eu")]), (3, 3));
        assert_eq!(at("us/a", "cn/b", &[("us", "eu")]), (4, 4));
        assert_eq!(at("us/a", "cn/b", &[("eu", "us")]), (3, 3));
        assert_eq!(at("us/a", "", &[]), (0, 4));
    }

    #[test]
    fn patterns_of_distribute() {
        let locality = Locality::parse("us-west/zone1/rack");
        assert_eq!(locality.matches("us-west/zone1/*"), Some(true));
        assert_eq!(locality.matches("us-west/zone2/*"), Some(false));
        assert_eq!(locality.matches("us-west"), Some(true));
        assert_eq!(locality.matches("*"), Some(true));
        assert_eq!(Locality::parse("us-west").matches("us-west/zone1"), None);
        assert_eq!(Locality::default().matches("us"), None);
    }

    #[test]
    fn labels_order_before_the_locality() {
        let ours = |_: &str| Label::Is("a".to_owned());
        let value = |v: &'static str| move |_: &str| Label::Is(v.to_owned());
        let unknown = |_: &str| Label::Unknown;
        let order = Order { labels: vec![("x".to_owned(), None), ("y".to_owned(), Some("b".to_owned()))], ..Order::default() };
        let here = Locality::default();
        let range = |theirs: &dyn Fn(&str) -> Label| priority(&here, &here, &order, &ours, theirs);
        assert_eq!(range(&value("c")), Range { least: 2, most: 2 });
        assert_eq!(range(&value("a")), Range { least: 1, most: 1 });
        assert_eq!(range(&unknown), Range { least: 0, most: 2 });
    }

    #[test]
    fn the_doubtful_may_come_as_early_as_it_can() {
        let range = |least, most| Range { least, most };
        assert_eq!(ranks(&[range(0, 0), range(3, 3), range(4, 4)]), [0, 1, 2]);
        assert_eq!(ranks(&[range(0, 4), range(3, 3)]), [0, 0]);
        assert_eq!(ranks(&[range(0, 0), range(0, 4), range(3, 3)]), [0, 0, 1]);
        assert!(ranks(&[]).is_empty());
    }
}
