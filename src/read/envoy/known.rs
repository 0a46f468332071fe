//! What each field, filter and type of Envoy's means for where data goes, by the v3 API reference: "config.bootstrap.v3",
//! "config.route.v3", "config.cluster.v3", "extensions.filters.network", ".http" and ".listener". Fields may be written as
//! `filter_chains` or `filterChains`.

use std::sync::LazyLock;

use super::fields::camel;
use crate::read::words::{Effect, Vocabulary, Words};

pub(super) const BOOTSTRAP: &str = "Bootstrap";
pub(super) const ROUTE_ACTION: &str = "RouteAction";
/// By the last part of their names.
pub(super) const FILTERS: &str = "filters";

pub(super) const TABLE: &[Words] = &[
    Words {
        part: BOOTSTRAP,
        followed: "static_resources dynamic_resources tracing bootstrap_extensions configs",
        harmless: "
            node node_context_params cluster_manager hds_config flags_path stats_sinks deferred_stat_options stats_config stats_flush_interval
            stats_flush_on_admin stats_eviction_interval watchdog watchdogs layered_runtime runtime admin overload_manager
            enable_dispatcher_stats header_prefix stats_server_version_override use_tcp_for_dns_lookups
            dns_resolution_config typed_dns_resolver_config fatal_actions config_sources
            default_config_source default_socket_interface certificate_provider_instances inline_headers
            perf_tracing_file_path default_regex_engine xds_delegate_extension xds_config_tracker_extension
            listener_manager application_log_config grpc_async_client_manager_config memory_allocator_manager
        ",
        refused: "",
    },
    Words {
        part: ROUTE_ACTION,
        followed: "
            cluster cluster_header weighted_clusters retry_policy request_mirror_policies request_mirror_policy
        ",
        harmless: "
            cluster_not_found_response_code metadata_match prefix_rewrite regex_rewrite path_rewrite_policy path_rewrite
            host_rewrite_literal auto_host_rewrite host_rewrite_header host_rewrite_path_regex host_rewrite
            append_x_forwarded_host timeout idle_timeout flush_timeout early_data_policy retry_policy_typed_config
            priority rate_limits include_vh_rate_limits hash_policy cors max_grpc_timeout grpc_timeout_offset
            upgrade_configs max_internal_redirects hedge_policy max_stream_duration use_websocket auto_host_rewrite_header
            tunneling_config
        ",
        refused: "
            cluster_specifier_plugin inline_cluster_specifier_plugin internal_redirect_policy internal_redirect_action
        ",
    },
    Words {
        part: FILTERS,
        followed: "
            http_connection_manager tcp_proxy redis_proxy thrift_proxy sni_cluster ext_authz ext_proc ratelimit rate_limit
            rate_limit_quota jwt_authn oauth2 gcp_authn cache cache_v2
        ",
        harmless: "
            adaptive_concurrency admission_control alpn alternate_protocols_cache api_key_auth aws_lambda
            aws_request_signing bandwidth_limit basic_auth buffer cdn_loop compressor connect_grpc_bridge connection_limit
            cors credential_injector csrf decompressor direct_response dynamic_forward_proxy dynamo echo fault
            file_system_buffer geoip grpc_field_extraction grpc_http1_bridge grpc_http1_reverse_bridge
            grpc_json_reverse_transcoder grpc_json_transcoder grpc_stats grpc_web gzip header_mutation header_to_metadata
            health_check http_inspector ip_tagging istio_stats json_to_metadata kafka_broker kill_request language
            local_ratelimit metadata_exchange mongo_proxy mysql_proxy original_dst original_src peer_metadata
            postgres_proxy postgres_inspector proto_api_scrubber proto_message_extraction proxy_protocol rbac router
            set_filter_state set_metadata stateful_session thrift_to_metadata tls_inspector upstream_codec zookeeper_proxy
            client_ssl_auth envoy_mobile quic sxg on_demand
        ",
        refused: "
            lua wasm golang dynamic_modules tap composite custom_response checksum mcp mcp_router
            sni_dynamic_forward_proxy dubbo_proxy generic_proxy rocketmq_proxy sip_proxy kafka_mesh
        ",
    },
];

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

pub(super) fn effect(part: &str, name: &str) -> Option<Effect> {
    let written_together = || VOCABULARY.words(part).find(|known| camel(known) == name);
    VOCABULARY.effect(part, name).or_else(|| VOCABULARY.effect(part, written_together()?))
}
