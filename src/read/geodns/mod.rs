//! DNS servers that answer by who asks and what is up: configurations and zones of their own making. What they answer is said with
//! [`zone::answer`](super::zone::answer) and becomes facts as master files do.
//!
//! Whose place counts is told there too: that of the client subnet in the query, else that of the resolver.

pub mod answers;
pub mod bind;
pub mod build;
pub mod coredns;
pub mod gdnsd;
pub mod ibp;
pub mod json;
pub mod knot;
pub mod nsd;
pub mod octodns;
pub mod pdns;
pub mod powerdns;
pub mod views;

use crate::model::{Activity, DataLimit, EndpointFact, Facts, GapScope, Reference, RouteFact, Standing};
use crate::read::Input;
use crate::read::proxy::LOGGED;
use crate::source::{Location, Span};

/// The remedy for a word that could route and is not followed.
pub const DECLARE: &str = "declare in onshore's own inventory where the names lead that it changes";

/// The program that a configuration is of. Where it stands is told by who asks it.
fn server(facts: &mut Facts, program: &str, input: &Input<'_>) -> Reference {
    let label = format!("{program} ({})", input.path());
    let mut fact = EndpointFact::new("dns-server", label, Location::new(input.file, Span::default()));
    fact.standing = Standing::WithSender;
    facts.endpoint(fact)
}

/// Queries that a server hands on, or copies that it gives of its zones: a query tells who asks for what, a zone nothing of anybody.
fn way(server: &Reference, to: Reference, activity: Activity, pool: &str, at: Location) -> RouteFact {
    let mut route = RouteFact::new(server.clone(), to, activity, at);
    let classes = if activity == Activity::Replicate { Vec::new() } else { LOGGED.map(str::to_owned).to_vec() };
    route.data = DataLimit::Only(classes);
    route.data_assumed = true;
    route.pool = Some(pool.to_owned());
    route
}

/// Facts of several zones; references count from the first.
fn merge(all: &mut Facts, more: Facts) {
    let shift = all.endpoints.len();
    let moved = |reference: &mut Reference| {
        if let Reference::Fact(i) = reference {
            *i += shift;
        }
    };
    all.sites.extend(more.sites);
    all.endpoints.extend(more.endpoints.into_iter().map(|mut e| {
        e.part_of.iter_mut().for_each(moved);
        e
    }));
    all.routes.extend(more.routes.into_iter().map(|mut r| {
        moved(&mut r.from);
        moved(&mut r.to);
        r
    }));
    all.gaps.extend(more.gaps.into_iter().map(|mut g| {
        if let GapScope::Endpoints(of) = &mut g.scope {
            of.iter_mut().for_each(moved);
        }
        g
    }));
    all.resources.add(more.resources);
}

/// The extension of a path, in lower case.
fn extension(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(String::new(), |(_, e)| e.to_ascii_lowercase())
}
