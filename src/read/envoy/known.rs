//! What each field, filter and type of Envoy's means for where data goes, by the v3 API (January 2026): every field of the
//! messages of "config.bootstrap.v3", "config.listener.v3", "config.route.v3", "config.cluster.v3" and "config.endpoint.v3" that are
//! read here, and those of v2 that configurations still have. Fields may be written as `filter_chains` or `filterChains`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::fields::{Part, camel};
use crate::read::proxy::output::{Output, Touch};
use crate::read::words::{Effect, Vocabulary, Words};
use crate::source::Location;

pub(super) const BOOTSTRAP: &str = "Bootstrap";
pub(super) const STATIC: &str = "StaticResources";
pub(super) const DYNAMIC: &str = "DynamicResources";
pub(super) const LISTENER: &str = "Listener";
pub(super) const CHAIN: &str = "FilterChain";
pub(super) const CHAIN_MATCH: &str = "FilterChainMatch";
pub(super) const FILTER: &str = "Filter";
pub(super) const MANAGER: &str = "HttpConnectionManager";
pub(super) const TRACING: &str = "HttpConnectionManager.Tracing";
pub(super) const UPGRADE: &str = "HttpConnectionManager.UpgradeConfig";
pub(super) const TCP_PROXY: &str = "TcpProxy";
pub(super) const ROUTES: &str = "RouteConfiguration";
pub(super) const VIRTUAL_HOST: &str = "VirtualHost";
pub(super) const ROUTE: &str = "Route";
pub(super) const MATCH: &str = "RouteMatch";
pub(super) const ROUTE_ACTION: &str = "RouteAction";
pub(super) const REDIRECT: &str = "RedirectAction";
pub(super) const WEIGHTED: &str = "WeightedCluster";
pub(super) const WEIGHT: &str = "WeightedCluster.ClusterWeight";
pub(super) const MIRROR: &str = "RequestMirrorPolicy";
pub(super) const CLUSTER: &str = "Cluster";
pub(super) const COMMON_LB: &str = "CommonLbConfig";
pub(super) const HTTP_OPTIONS: &str = "HttpProtocolOptions";
pub(super) const ASSIGNMENT: &str = "ClusterLoadAssignment";
pub(super) const LOCALITY: &str = "LocalityLbEndpoints";
pub(super) const LB_ENDPOINT: &str = "LbEndpoint";
pub(super) const ENDPOINT: &str = "Endpoint";
pub(super) const ADDRESS: &str = "Address";
pub(super) const SOCKET: &str = "SocketAddress";
/// By the last part of their names.
pub(super) const BALANCERS: &str = "load balancing policies";
pub(super) const UPSTREAMS: &str = "upstream_config";
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
    Words { part: STATIC, followed: "listeners clusters", harmless: "secrets", refused: "" },
    Words {
        part: DYNAMIC,
        followed: "lds_config lds_resources_locator cds_config cds_resources_locator",
        harmless: "ads_config deprecated_v1",
        refused: "",
    },
    Words {
        part: LISTENER,
        followed: "
            name address additional_addresses filter_chains default_filter_chain listener_filters api_listener access_log
            internal_listener
        ",
        harmless: "
            stat_prefix per_connection_buffer_limit_bytes metadata deprecated_v1 drain_type listener_filters_timeout
            continue_on_listener_filters_timeout transparent freebind socket_options tcp_fast_open_queue_length
            traffic_direction udp_listener_config connection_balance_config reuse_port enable_reuse_port
            tcp_backlog_size max_connections_to_accept_per_socket_event bind_to_port enable_mptcp
            ignore_global_conn_limit bypass_overload_manager tcp_keepalive
        ",
        refused: "fcds_config filter_chain_matcher use_original_dst",
    },
    Words {
        part: CHAIN,
        followed: "filter_chain_match filters transport_socket",
        harmless: "use_proxy_proto metadata transport_socket_connect_timeout name tls_context",
        refused: "",
    },
    // What is not followed only makes a chain narrower.
    Words {
        part: CHAIN_MATCH,
        followed: "direct_source_prefix_ranges source_prefix_ranges server_names",
        harmless: "
            destination_port prefix_ranges address_suffix suffix_len source_type source_ports transport_protocol
            application_protocols sni_domains
        ",
        refused: "",
    },
    Words {
        part: FILTER,
        followed: "name typed_config config config_discovery",
        harmless: "filter_disabled is_optional disabled",
        refused: "",
    },
    Words {
        part: MANAGER,
        followed: "rds route_config scoped_routes http_filters tracing access_log upgrade_configs",
        harmless: "
            codec_type stat_prefix add_user_agent common_http_protocol_options http1_safe_max_connection_duration
            http_protocol_options http2_protocol_options http3_protocol_options server_name
            server_header_transformation scheme_header_transformation max_request_headers_kb stream_idle_timeout
            stream_flush_timeout request_timeout request_headers_timeout drain_timeout delayed_close_timeout
            access_log_flush_interval flush_access_log_on_new_request access_log_options use_remote_address
            xff_num_trusted_hops original_ip_detection_extensions early_header_mutation_extensions
            internal_address_config skip_xff_append via generate_request_id preserve_external_request_id
            always_set_request_id_in_response forward_client_cert_details set_current_client_cert_details
            forward_client_cert_matcher proxy_100_continue represent_ipv4_remote_address_as_ipv4_mapped_ipv6
            normalize_path merge_slashes path_with_escaped_slashes_action request_id_extension local_reply_config
            strip_matching_host_port strip_any_host_port stream_error_on_invalid_http_message
            path_normalization_options strip_trailing_host_dot proxy_status_config typed_header_validation_config
            append_x_forwarded_port append_local_overload add_proxy_protocol_connection_state forward_proto_config
            idle_timeout
        ",
        refused: "",
    },
    Words {
        part: TRACING,
        followed: "provider",
        harmless: "
            client_sampling random_sampling overall_sampling verbose max_path_tag_length custom_tags spawn_upstream_span
            operation upstream_operation operation_name request_headers_for_tags
        ",
        refused: "",
    },
    Words { part: UPGRADE, followed: "filters", harmless: "upgrade_type enabled", refused: "" },
    Words {
        part: TCP_PROXY,
        followed: "cluster weighted_clusters access_log tunneling_config",
        harmless: "
            stat_prefix metadata_match idle_timeout downstream_idle_timeout upstream_idle_timeout max_connect_attempts
            backoff_options hash_policy max_downstream_connection_duration
            max_downstream_connection_duration_jitter_percentage access_log_flush_interval
            flush_access_log_on_connected access_log_options proxy_protocol_tlvs upstream_connect_mode
            max_early_data_bytes
        ",
        refused: "on_demand deprecated_v1",
    },
    Words {
        part: ROUTES,
        followed: "name virtual_hosts vhds request_mirror_policies typed_per_filter_config per_filter_config",
        harmless: "
            internal_only_headers response_headers_to_add response_headers_to_remove request_headers_to_add
            request_headers_to_remove most_specific_header_mutations_wins validate_clusters
            max_direct_response_body_size_bytes cluster_specifier_plugins ignore_port_in_host_matching
            ignore_path_parameters_in_path_matching metadata
        ",
        // Hosts would be those of a header, which are no names of this server.
        refused: "vhost_header",
    },
    Words {
        part: VIRTUAL_HOST,
        followed: "name domains routes matcher request_mirror_policies typed_per_filter_config per_filter_config",
        harmless: "
            require_tls virtual_clusters rate_limits request_headers_to_add request_headers_to_remove
            response_headers_to_add response_headers_to_remove cors include_request_attempt_count
            include_attempt_count_in_response retry_policy retry_policy_typed_config hedge_policy
            include_is_timeout_retry_header per_request_buffer_limit_bytes request_body_buffer_limit metadata
        ",
        refused: "",
    },
    Words {
        part: ROUTE,
        followed: "
            name match route redirect direct_response non_forwarding_action typed_per_filter_config per_filter_config
        ",
        harmless: "
            metadata decorator request_headers_to_add request_headers_to_remove response_headers_to_add
            response_headers_to_remove tracing per_request_buffer_limit_bytes stat_prefix request_body_buffer_limit
        ",
        refused: "filter_action",
    },
    Words {
        part: MATCH,
        followed: "
            prefix path safe_regex connect_matcher path_separated_prefix path_match_policy runtime_fraction headers
            query_parameters cookies grpc tls_context dynamic_metadata filter_state regex
        ",
        harmless: "case_sensitive",
        refused: "",
    },
    Words {
        part: REDIRECT,
        followed: "https_redirect scheme_redirect host_redirect port_redirect",
        harmless: "path_redirect prefix_rewrite regex_rewrite response_code strip_query",
        refused: "",
    },
    Words {
        part: WEIGHTED,
        followed: "clusters runtime_key_prefix",
        harmless: "total_weight header_name use_hash_policy",
        refused: "",
    },
    Words {
        part: WEIGHT,
        followed: "name cluster_header weight typed_per_filter_config per_filter_config",
        harmless: "
            metadata_match request_headers_to_add request_headers_to_remove response_headers_to_add
            response_headers_to_remove host_rewrite_literal
        ",
        refused: "",
    },
    Words {
        part: MIRROR,
        followed: "cluster cluster_header",
        harmless: "
            runtime_fraction runtime_key trace_sampled disable_shadow_host_suffix_append request_headers_mutations
            host_rewrite_literal
        ",
        refused: "",
    },
    Words {
        part: CLUSTER,
        followed: "
            name type cluster_type eds_cluster_config load_assignment hosts health_checks outlier_detection
            typed_extension_protocol_options common_lb_config filters transport_socket transport_socket_matches
            load_balancing_policy upstream_config
        ",
        harmless: "
            transport_socket_matcher alt_stat_name connect_timeout per_connection_buffer_limit_bytes lb_policy
            max_requests_per_connection circuit_breakers upstream_http_protocol_options common_http_protocol_options
            http_protocol_options http2_protocol_options dns_refresh_rate dns_jitter dns_failure_refresh_rate
            respect_dns_ttl dns_lookup_family dns_resolvers use_tcp_for_dns_lookups dns_resolution_config
            typed_dns_resolver_config wait_for_warm_on_init cleanup_interval upstream_bind_config lb_subset_config
            ring_hash_lb_config maglev_lb_config original_dst_lb_config least_request_lb_config round_robin_lb_config
            metadata protocol_selection upstream_connection_options close_connections_on_host_health_failure
            ignore_health_on_host_removal lrs_server lrs_report_endpoint_metrics track_timeout_budgets
            track_cluster_stats preconnect_policy connection_pool_per_downstream_connection tls_context
            extension_protocol_options drain_connections_on_host_removal
        ",
        refused: "",
    },
    Words {
        part: COMMON_LB,
        followed: "locality_weighted_lb_config",
        harmless: "
            healthy_panic_threshold zone_aware_lb_config update_merge_window ignore_new_hosts_until_first_hc
            close_connections_on_host_set_change consistent_hashing_lb_config override_host_status
        ",
        refused: "",
    },
    Words {
        part: HTTP_OPTIONS,
        followed: "http_filters request_mirror_policies",
        harmless: "
            common_http_protocol_options upstream_http_protocol_options explicit_http_config
            use_downstream_protocol_config auto_config header_validation_config outlier_detection hash_policy retry_policy
        ",
        refused: "",
    },
    // Each chooses among the hosts of the cluster.
    Words {
        part: BALANCERS,
        followed: "",
        harmless: "
            client_side_weighted_round_robin cluster_provided least_request maglev override_host peak_ewma pick_first random
            random_subsetting ring_hash round_robin subset wrr_locality
        ",
        refused: "dynamic_modules",
    },
    Words { part: UPSTREAMS, followed: "", harmless: "generic http tcp udp", refused: "golang dynamic_modules" },
    Words {
        part: ASSIGNMENT,
        followed: "cluster_name endpoints named_endpoints policy",
        harmless: "",
        refused: "",
    },
    Words {
        part: LOCALITY,
        followed: "
            locality lb_endpoints load_balancer_endpoints leds_cluster_locality_config load_balancing_weight priority
        ",
        harmless: "metadata proximity",
        refused: "",
    },
    Words {
        part: LB_ENDPOINT,
        followed: "endpoint endpoint_name health_status load_balancing_weight",
        harmless: "metadata",
        refused: "",
    },
    Words {
        part: ENDPOINT,
        followed: "address additional_addresses",
        harmless: "health_check_config hostname",
        refused: "",
    },
    Words { part: ADDRESS, followed: "socket_address pipe envoy_internal_address", harmless: "", refused: "" },
    Words {
        part: SOCKET,
        followed: "address port_value",
        harmless: "protocol ipv4_compat network_namespace_filepath",
        refused: "named_port resolver_name",
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

/// Fields as they are written together, where that is another word.
static SPELLINGS: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let words = TABLE.iter().flat_map(Words::lists).flat_map(|(_, list)| list.split_whitespace());
    words.filter(|word| word.contains('_')).map(|word| (camel(word), word)).collect()
});

/// Refused fields that have gaps of their own where they are met, which say more.
const TOLD: [&str; 8] = [
    "on_demand",
    "cluster_specifier_plugin",
    "inline_cluster_specifier_plugin",
    "internal_redirect_policy",
    "internal_redirect_action",
    "fcds_config",
    "filter_chain_matcher",
    "filter_action",
];

pub(super) fn effect(part: &str, name: &str) -> Option<Effect> {
    VOCABULARY.effect(part, name).or_else(|| VOCABULARY.effect(part, SPELLINGS.get(name)?))
}

/// The fields of a message: one that no list has, or that is not followed, is a gap.
pub(super) fn check(out: &mut Output, message: Part<'_>, part: &'static str, touch: Touch) {
    for entry in message.node.entries() {
        let word = SPELLINGS.get(entry.name()).copied().unwrap_or(entry.name());
        // `@type`, and what a bootstrap only keeps for its anchors.
        let is_field = !word.starts_with('@') && !(part == BOOTSTRAP && word.starts_with("x-"));
        // A flag that is written out and off changes nothing.
        let off = effect(part, word) == Some(Effect::Refused) && entry.value.text() == Some("false");
        if is_field && !off && !TOLD.contains(&word) {
            out.knows(&VOCABULARY, part, word, Location::new(message.source, entry.key.span()), touch);
        }
    }
}

/// One extension, by the last part of its name.
pub(super) fn extension(out: &mut Output, holder: Part<'_>, part: &'static str, touch: Touch) {
    let name = super::filters::name_of(holder.text("name").unwrap_or(""), holder.config().map_or("", |c| c.type_url()));
    out.knows(&VOCABULARY, part, &name, holder.at(), touch);
}
