//! Filters by what they do to requests: `extensions.filters.network`, `.http` and `.listener` of the API reference.
//!
//! A filter that only reads, refuses or changes what passes is left alone; one that asks another server about each request is a
//! way that data takes; code, and whatever is not in the lists, is a gap with its line.

use super::known;
use crate::read::words::Effect;

/// What a filter does, by the last part of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Sends nothing elsewhere.
    Stays,
    /// Asks a server about each request, and waits for its answer: may see all of it.
    Asks,
    /// Tells a server counters and addresses.
    Counts,
    /// Fetches keys or tokens; needed to serve, sees no data.
    Needs,
    /// Keeps answers.
    Caches,
    /// Runs code or sends copies that the configuration does not tell.
    Code,
    /// Picks the destination from what the client says.
    AnyHost,
    /// Picks a cluster by the name that the client says.
    AnyCluster,
    Unknown,
}

pub(super) fn role(name: &str) -> Role {
    let last = name.rsplit('.').next().unwrap_or(name);
    match (known::effect(known::FILTERS, last), last) {
        (_, "ext_authz" | "ext_proc") => Role::Asks,
        (_, "ratelimit" | "rate_limit" | "rate_limit_quota") => Role::Counts,
        (_, "jwt_authn" | "oauth2" | "gcp_authn") => Role::Needs,
        (_, "cache" | "cache_v2") => Role::Caches,
        (_, "sni_dynamic_forward_proxy") => Role::AnyHost,
        (_, "sni_cluster") => Role::AnyCluster,
        (Some(Effect::Harmless), _) => Role::Stays,
        (Some(Effect::Refused), _) => Role::Code,
        (Some(Effect::Followed) | None, _) => Role::Unknown,
    }
}

/// The name of a filter or of another extension, from its own or from the type of its configuration.
pub(super) fn name_of(name: &str, type_url: &str) -> String {
    // `type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz`
    let by_type = type_url.split_once("envoy.extensions.").map(|(_, rest)| {
        let parts: Vec<&str> = rest.split('.').collect();
        let end = parts.iter().position(|p| p.starts_with('v') && p[1..].starts_with(|c: char| c.is_ascii_digit()));
        parts[..end.unwrap_or(parts.len())].last().copied().unwrap_or("").to_owned()
    });
    by_type.filter(|n| !n.is_empty()).unwrap_or_else(|| name.rsplit('.').next().unwrap_or(name).to_owned())
}

/// Keys whose text is the name of a cluster.
pub(super) const CLUSTER_KEYS: [&str; 5] =
    ["cluster", "cluster_name", "collector_cluster", "tcp_cluster_name", "token_cluster"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_roles() {
        let url = "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz";
        assert_eq!(name_of("anything", url), "ext_authz");
        assert_eq!(name_of("envoy.filters.network.tcp_proxy", ""), "tcp_proxy");
        assert_eq!(role(&name_of("envoy.filters.http.router", "")), Role::Stays);
        assert_eq!(role("envoy.filters.http.lua"), Role::Code);
        assert_eq!(role("com.acme.mirror"), Role::Unknown);
    }
}
