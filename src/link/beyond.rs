//! Networks that a private link joins (a peering, a transit gateway): an address that is none of the own network's is that of a
//! machine beyond the link, and stands there. Which packets routes and rules let through is not asked: whoever names an address means
//! to reach it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::merge::World;
use crate::model::site::Networks;

/// Which networks reach which.
#[derive(Debug, Default)]
pub struct Beyond {
    links: BTreeMap<String, BTreeSet<String>>,
    networks: Networks,
}

impl Beyond {
    pub fn new(pairs: Vec<(String, String)>, world: &World) -> Self {
        let mut links: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (a, b) in pairs {
            links.entry(a.clone()).or_default().insert(b.clone());
            links.entry(b).or_default().insert(a);
        }
        if links.is_empty() {
            return Self::default();
        }
        let owners = world.drafts.iter().zip(&world.endpoints).filter(|(draft, _)| !draft.networks.is_empty());
        Self {
            links,
            networks: Networks::new(owners.map(|(draft, endpoint)| (draft.networks.clone(), endpoint.scope.clone()))),
        }
    }

    pub fn reaches(&self, scope: &str, far: &str) -> bool {
        self.links.get(scope).is_some_and(|far_of| far_of.contains(far))
    }

    /// The one network beyond a link of `scope` in which an address lies that is in no network of `scope` itself.
    pub fn far_scope(&self, ip: IpAddr, scope: &str) -> Option<&str> {
        let beyond = self.links.get(scope)?;
        if !self.networks.find(ip, Some(scope)).is_empty() {
            return None;
        }
        let mut holding = beyond.iter().filter(|far| !self.networks.find(ip, Some(far)).is_empty());
        let only = holding.next()?;
        holding.next().is_none().then_some(only)
    }
}
