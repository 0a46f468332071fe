//! The words of Caddy (2.10 of 2026 and before): directives, options and matchers of the standard modules, in Caddyfiles and in JSON.

use std::sync::LazyLock;

use crate::read::words::{Vocabulary, Words};

pub(super) const OPTION: &str = "global option";
pub(super) const DIRECTIVE: &str = "directive";
pub(super) const PROXY: &str = "reverse_proxy";
pub(super) const MATCHER: &str = "matcher";
pub(super) const HANDLER: &str = "JSON handler";
pub(super) const SERVER: &str = "JSON server";
pub(super) const ROUTE: &str = "JSON route";
pub(super) const APP: &str = "JSON app";
pub(super) const PROXY_JSON: &str = "JSON reverse_proxy";
pub(super) const TRANSPORT: &str = "transport";
pub(super) const TRANSPORT_JSON: &str = "JSON transport";

pub(super) const TABLE: &[Words] = &[
    Words {
        part: OPTION,
        followed: "log order",
        harmless: "debug http_port https_port default_bind storage storage_clean_interval admin persist_config grace_period
            shutdown_delay metrics auto_https email default_sni fallback_sni local_certs skip_install_trust acme_ca
            acme_ca_root acme_eab acme_dns dns ech on_demand_tls key_type cert_issuer renew_interval cert_lifetime
            ocsp_interval ocsp_stapling renewal_window_ratio preferred_chains servers pki events filesystem",
        refused: "layer4 exec dynamic_dns",
    },
    Words {
        part: DIRECTIVE,
        followed: "reverse_proxy php_fastcgi forward_auth handle handle_path handle_errors handle_response route redir log
            invoke import intercept bind",
        harmless: "abort acme_server basic_auth basicauth encode error file_server fs header log_append log_name log_skip
            skip_log map method metrics push request_body request_header respond rewrite root templates tls try_files uri
            vars copy_response copy_response_headers replace_status",
        refused: "tracing forward_proxy webdav cgi rate_limit layer4 mercure realip replace exec authenticate authorize
            authp dns_over_https geoip maxmind_geolocation php php_server frankenphp ",
    },
    Words {
        part: PROXY,
        followed: "to dynamic lb_policy transport health_uri health_port health_path fail_duration unhealthy_request_count
            handle_response",
        harmless: "lb_retries lb_try_duration lb_try_interval lb_retry_match health_upstream health_interval health_passes
            health_fails health_timeout health_method health_status health_request_body health_body
            health_follow_redirects health_headers max_fails unhealthy_status unhealthy_latency flush_interval
            request_buffers response_buffers buffer_requests buffer_responses max_buffer_size stream_timeout
            stream_close_delay stream_buffer_size trusted_proxies header_up header_down method rewrite replace_status
            verbose_logs root split index try_files env resolve_root_symlink capture_stderr dial_timeout read_timeout
            write_timeout uri copy_headers",
        refused: "",
    },
    Words {
        part: TRANSPORT,
        followed: "http fastcgi network_proxy forward_proxy_url",
        harmless: "read_buffer write_buffer max_response_header proxy_protocol local_address dial_timeout
            dial_fallback_delay response_header_timeout expect_continue_timeout read_timeout write_timeout resolvers tls
            tls_client_auth tls_insecure_skip_verify tls_curves tls_timeout tls_trust_pool tls_trusted_ca_certs
            tls_server_name tls_renegotiation tls_except_ports keepalive keepalive_interval keepalive_idle_conns
            keepalive_idle_conns_per_host versions compression max_conns_per_host root split env resolve_root_symlink
            capture_stderr",
        refused: "ntlm tailscale",
    },
    Words {
        part: TRANSPORT_JSON,
        followed: "protocol forward_proxy_url network_proxy",
        harmless: "resolver tls keep_alive compression max_conns_per_host proxy_protocol dial_timeout dial_fallback_delay
            response_header_timeout expect_continue_timeout max_response_header_size write_buffer_size read_buffer_size
            read_timeout write_timeout versions local_address root split_path resolve_root_symlink env capture_stderr
            body_buffer_disabled body_buffer_memory_limit file_buffer_size_limit file_buffer_filepath",
        refused: "",
    },
    Words {
        part: MATCHER,
        followed: "client_ip remote_ip header header_regexp host method not path path_regexp protocol query expression
            vars vars_regexp file maxmind_geolocation",
        harmless: "header_up dynamic_client_ip",
        refused: "",
    },
    Words {
        part: APP,
        followed: "http logging",
        harmless: "admin storage tls pki events metrics",
        refused: "layer4 exec dynamic_dns supervisor",
    },
    Words {
        part: SERVER,
        followed: "listen routes errors named_routes",
        harmless: "listener_wrappers read_timeout read_header_timeout write_timeout idle_timeout keepalive_interval
            max_header_bytes enable_full_duplex tls_connection_policies automatic_https strict_sni_host trusted_proxies
            trusted_proxies_strict trusted_proxies_unix client_ip_headers logs protocols metrics allow_h2c
            listen_protocols @id packet_conn_wrappers keepalive_idle keepalive_count",
        refused: "experimental_http3",
    },
    Words { part: ROUTE, followed: "match handle group", harmless: "terminal @id", refused: "" },
    Words {
        part: HANDLER,
        followed: "reverse_proxy subroute static_response invoke intercept",
        harmless: "acme_server authentication copy_response copy_response_headers encode error file_server headers map
            metrics push request_body rewrite templates vars log_append",
        refused: "tracing forward_proxy rate_limit exec webdav cgi mercure php",
    },
    Words {
        part: PROXY_JSON,
        followed: "upstreams dynamic_upstreams load_balancing health_checks transport handle_response",
        harmless: "handler circuit_breaker flush_interval trusted_proxies headers rewrite request_buffers response_buffers
            stream_timeout stream_close_delay verbose_logs buffer_requests buffer_responses max_buffer_size @id",
        refused: "",
    },
];

pub(super) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));
