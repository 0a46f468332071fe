//! Filters by what they do to requests: `extensions.filters.network`, `.http` and `.listener` of the API reference.
//!
//! A filter that only reads, refuses or changes what passes is left alone; one that asks another server about each request is a
//! way that data takes; code, and whatever is not in the lists, is a gap with its line.

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

const STAYS: &[&str] = &[
    "adaptive_concurrency",
    "admission_control",
    "alpn",
    "alternate_protocols_cache",
    "api_key_auth",
    "aws_lambda",
    "aws_request_signing",
    "bandwidth_limit",
    "basic_auth",
    "buffer",
    "cdn_loop",
    "compressor",
    "connect_grpc_bridge",
    "connection_limit",
    "cors",
    "credential_injector",
    "csrf",
    "decompressor",
    "direct_response",
    "dynamic_forward_proxy",
    "dynamo",
    "echo",
    "fault",
    "file_system_buffer",
    "geoip",
    "grpc_field_extraction",
    "grpc_http1_bridge",
    "grpc_http1_reverse_bridge",
    "grpc_json_reverse_transcoder",
    "grpc_json_transcoder",
    "grpc_stats",
    "grpc_web",
    "gzip",
    "header_mutation",
    "header_to_metadata",
    "health_check",
    "http_inspector",
    "ip_tagging",
    "istio_stats",
    "json_to_metadata",
    "kafka_broker",
    "kill_request",
    "language",
    "local_ratelimit",
    "metadata_exchange",
    "mongo_proxy",
    "mysql_proxy",
    "original_dst",
    "original_src",
    "peer_metadata",
    "postgres_proxy",
    "postgres_inspector",
    "proto_api_scrubber",
    "proto_message_extraction",
    "proxy_protocol",
    "rbac",
    "router",
    "set_filter_state",
    "set_metadata",
    "stateful_session",
    "thrift_to_metadata",
    "tls_inspector",
    "upstream_codec",
    "zookeeper_proxy",
    "client_ssl_auth",
    "envoy_mobile",
    "quic",
    "sxg",
    "on_demand",
];

pub(super) fn role(name: &str) -> Role {
    let last = name.rsplit('.').next().unwrap_or(name);
    match last {
        "ext_authz" | "ext_proc" => Role::Asks,
        "ratelimit" | "rate_limit" | "rate_limit_quota" => Role::Counts,
        "jwt_authn" | "oauth2" | "gcp_authn" => Role::Needs,
        "cache" | "cache_v2" => Role::Caches,
        "lua" | "wasm" | "golang" | "dynamic_modules" | "tap" | "composite" | "custom_response" | "checksum" | "mcp"
        | "mcp_router" => Role::Code,
        "sni_dynamic_forward_proxy" => Role::AnyHost,
        "sni_cluster" => Role::AnyCluster,
        _ if STAYS.contains(&last) => Role::Stays,
        _ => Role::Unknown,
    }
}

/// The name of a filter, from its own or from the type of its configuration.
pub(super) fn name_of(name: &str, type_url: &str) -> String {
    // `type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz`
    let by_type = type_url.split_once("envoy.extensions.filters.").map(|(_, rest)| {
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
