//! What each directive means for where data goes: those of nginx's own modules (by the directive index of nginx.org as of July
//! 2026, the commercial modules included) and of widely used third-party modules.

use std::sync::LazyLock;

use crate::read::words::{Effect, Vocabulary, Words};
use crate::vocab::suggest;

/// The modules that hand a request to another server share most of their words: `proxy_read_timeout`, `uwsgi_read_timeout`...
pub(super) const GATEWAYS: [&str; 7] = ["proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached", "tunnel"];

const GATEWAY: &str = "after `proxy_`, `fastcgi_`, `uwsgi_`, `scgi_`, `grpc_`, `memcached_` and `tunnel_`";
const OWN: &str = "directives";
/// That only shape answers, measure or guard: headers-more, brotli, zstd, vts, modsecurity, echo, fancyindex, substitutions,
/// set-misc, cache-purge, naxsi, upstream-check, sysguard, and the settings (not the code) of the Lua module.
const THIRD_PARTY: &str = "directives of third-party modules";

pub(super) const TABLE: &[Words] = &[
    Words {
        part: OWN,
        followed: "
            http stream mail server location upstream if limit_except include pass map geo geoip2 split_clients
            geoip_country geoip_city geoip_org set mirror error_page try_files auth_request auth_request_set post_action
            return rewrite access_log error_log listen server_name otel_exporter otel_trace log_format keyval num_map
            js_set perl_set api upstream_conf zone_sync zone_sync_server state auth_http internal dav_methods
            client_body_in_file_only hash ip_hash random queue health_check internal_redirect auth_jwt_key_request
            add_before_body add_after_body recursive_error_pages
        ",
        harmless: "
            absolute_redirect accept_mutex accept_mutex_delay accept_terms_of_service account_key acme_certificate
            acme_issuer acme_shared_zone add_header add_header_inherit add_trailer add_trailer_inherit addition_types aio
            aio_write alias allow ancient_browser ancient_browser_value auth_basic auth_basic_user_file auth_delay
            auth_http_header auth_http_pass_client_cert auth_http_timeout auth_jwt auth_jwt_claim_set auth_jwt_header_set
            auth_jwt_key_cache auth_jwt_key_file auth_jwt_leeway auth_jwt_require auth_jwt_type auth_oidc auth_require
            autoindex autoindex_exact_size autoindex_format autoindex_localtime break challenge charset charset_map
            charset_types chunked_transfer_encoding client_body_buffer_size client_body_in_single_buffer
            client_body_temp_path client_body_timeout client_header_buffer_size client_header_timeout client_id
            client_max_body_size client_secret common_name_in_csr config_url connection_pool_size contact cookie_name
            create_full_put_path daemon dav_access debug_connection debug_points default_type deny directio
            directio_alignment disable_symlinks early_hints empty_gif enforce_initial_report env error_log_tag etag events
            expires external_account_key extra_auth_args f4f f4f_buffer_size flv frontchannel_logout_uri geoip_proxy
            geoip_proxy_recursive google_perftools_profiles gunzip gunzip_buffers gzip gzip_buffers gzip_comp_level
            gzip_disable gzip_http_version gzip_min_length gzip_proxied gzip_static gzip_types gzip_vary
            health_check_timeout hls hls_buffers hls_forward_args hls_fragment hls_mp4_buffer_size hls_mp4_max_buffer_size
            http2 http2_body_preread_size http2_chunk_size http2_idle_timeout http2_max_concurrent_pushes
            http2_max_concurrent_streams http2_max_field_size http2_max_header_size http2_max_requests http2_push
            http2_push_preload http2_recv_buffer_size http2_recv_timeout http3 http3_hq http3_max_concurrent_streams
            http3_stream_buffer_size if_modified_since ignore_invalid_headers image_filter image_filter_buffer
            image_filter_interlace image_filter_jpeg_quality image_filter_sharpen image_filter_transparency
            image_filter_webp_quality imap_auth imap_capabilities imap_client_buffer index issuer js_context_reuse
            js_engine js_fetch_buffer_size js_fetch_ciphers js_fetch_keepalive js_fetch_keepalive_requests
            js_fetch_keepalive_time js_fetch_keepalive_timeout js_fetch_max_response_buffer_size js_fetch_protocols
            js_fetch_proxy js_fetch_timeout js_fetch_trusted_certificate js_fetch_verify js_fetch_verify_depth js_import
            js_include js_load_http_native_module js_load_stream_native_module js_path js_preload_object
            js_shared_dict_zone js_var keepalive keepalive_disable keepalive_min_timeout keepalive_requests keepalive_time
            keepalive_timeout keyval_zone large_client_header_buffers least_conn least_time license_token limit_conn
            limit_conn_dry_run limit_conn_log_level limit_conn_status limit_conn_zone limit_rate limit_rate_after
            limit_req limit_req_dry_run limit_req_log_level limit_req_status limit_req_zone limit_zone lingering_close
            lingering_time lingering_timeout load_module lock_file log_not_found log_subrequest logout_token_hint
            logout_uri map_hash_bucket_size map_hash_max_size master_process match max_errors max_headers max_ranges
            merge_slashes mgmt min_delete_depth mirror_request_body modern_browser modern_browser_value mp4
            mp4_buffer_size mp4_limit_rate mp4_limit_rate_after mp4_max_buffer_size mp4_start_key_frame mqtt mqtt_buffers
            mqtt_preread mqtt_rewrite_buffer_size mqtt_set_connect msie_padding msie_refresh multi_accept ntlm
            oidc_provider open_file_cache open_file_cache_errors open_file_cache_events open_file_cache_min_uses
            open_file_cache_valid open_log_file_cache otel_resource_attr otel_service_name otel_span_attr otel_span_name
            otel_trace_context output_buffers override_charset pcre_jit perl_modules perl_require pid pkce pop3_auth
            pop3_capabilities port_in_redirect post_logout_uri postpone_output preferred_chain preread_buffer_size
            preread_timeout profile protocol proxy quic_active_connection_id_limit quic_bpf quic_gso quic_host_key
            quic_retry random_index read_ahead real_ip_header real_ip_recursive redirect_uri referer_hash_bucket_size
            referer_hash_max_size request_pool_size reset_timedout_connection resolver resolver_timeout rewrite_log root
            satisfy scope secure_link secure_link_md5 secure_link_secret send_lowat send_timeout sendfile
            sendfile_max_chunk server_name_in_redirect server_names_hash_bucket_size server_names_hash_max_size
            server_tokens session_log session_log_format session_log_zone session_store session_timeout set_real_ip_from
            slice smtp_auth smtp_capabilities smtp_client_buffer smtp_greeting_delay source_charset ssi ssi_last_modified
            ssi_min_file_chunk ssi_silent_errors ssi_types ssi_value_length ssl ssl_alpn ssl_buffer_size ssl_certificate
            ssl_certificate_cache ssl_certificate_compression ssl_certificate_key ssl_ciphers ssl_client_certificate
            ssl_conf_command ssl_crl ssl_dhparam ssl_early_data ssl_ecdh_curve ssl_ech_file ssl_engine
            ssl_handshake_timeout ssl_key_log ssl_object_cache_inheritable ssl_ocsp ssl_ocsp_cache ssl_ocsp_responder
            ssl_password_file ssl_prefer_server_ciphers ssl_preread ssl_protocols ssl_reject_handshake ssl_session_cache
            ssl_session_ticket_key ssl_session_tickets ssl_session_timeout ssl_stapling ssl_stapling_file
            ssl_stapling_responder ssl_stapling_verify ssl_trusted_certificate ssl_verify ssl_verify_client
            ssl_verify_depth stall_threshold starttls state_path status status_format status_zone sticky stub_status
            sub_filter sub_filter_last_modified sub_filter_once sub_filter_types subrequest_output_buffer_size tcp_nodelay
            tcp_nopush thread_pool timeout timer_resolution types types_hash_bucket_size types_hash_max_size
            underscores_in_headers uninitialized_variable_warn uri usage_report use user userid userid_domain
            userid_expires userid_flags userid_mark userid_name userid_p3p userid_path userid_service userinfo
            valid_referers variables_hash_bucket_size variables_hash_max_size worker_aio_requests worker_connections
            worker_cpu_affinity worker_priority worker_processes worker_rlimit_core worker_rlimit_nofile
            worker_shutdown_timeout working_directory xclient xml_entities xml_external_entities xslt_last_modified
            xslt_param xslt_string_param xslt_stylesheet xslt_types zone zone_sync_buffers
            zone_sync_connect_retry_interval zone_sync_connect_timeout zone_sync_interval zone_sync_recv_buffer_size
            zone_sync_ssl zone_sync_ssl_certificate zone_sync_ssl_certificate_key zone_sync_ssl_ciphers
            zone_sync_ssl_conf_command zone_sync_ssl_crl zone_sync_ssl_name zone_sync_ssl_password_file
            zone_sync_ssl_protocols zone_sync_ssl_server_name zone_sync_ssl_trusted_certificate zone_sync_ssl_verify
            zone_sync_ssl_verify_depth zone_sync_timeout
        ",
        refused: "
            js_content js_access js_filter js_preread js_periodic js_body_filter js_header_filter perl
        ",
    },
    Words {
        part: THIRD_PARTY,
        followed: "check",
        harmless: "
            more_set_headers more_clear_headers more_set_input_headers more_clear_input_headers brotli brotli_buffers
            brotli_comp_level brotli_min_length brotli_static brotli_types brotli_window zstd zstd_comp_level
            zstd_dict_file zstd_min_length zstd_static zstd_types zstd_buffers vhost_traffic_status
            vhost_traffic_status_display vhost_traffic_status_display_format vhost_traffic_status_filter
            vhost_traffic_status_filter_by_host vhost_traffic_status_filter_by_set_key vhost_traffic_status_zone
            vhost_traffic_status_filter_check_duplicate vhost_traffic_status_histogram_buckets
            vhost_traffic_status_bypass_stats modsecurity modsecurity_rules modsecurity_rules_file
            modsecurity_transaction_id modsecurity_use_error_log echo echo_after_body echo_before_body echo_duplicate
            echo_end echo_flush echo_read_request_body echo_reset_timer echo_sleep echo_status fancyindex
            fancyindex_css_href fancyindex_default_sort fancyindex_exact_size fancyindex_footer fancyindex_header
            fancyindex_ignore fancyindex_localtime fancyindex_name_length fancyindex_show_path fancyindex_time_format
            subs_filter subs_filter_bypass subs_filter_types cache_purge check_fastcgi_param check_http_expect_alive
            check_http_send check_keepalive_requests check_shm_size check_status fair consistent_hash jvm_route
            session_sticky upsync_dump_path lua_capture_error_log lua_check_client_abort lua_code_cache
            lua_http10_buffering lua_load_resty_core lua_malloc_trim lua_max_pending_timers lua_max_running_timers
            lua_need_request_body lua_package_cpath lua_package_path lua_regex_cache_max_entries lua_regex_match_limit
            lua_shared_dict lua_socket_buffer_size lua_socket_connect_timeout lua_socket_keepalive_timeout
            lua_socket_log_errors lua_socket_pool_size lua_socket_read_timeout lua_socket_send_lowat
            lua_socket_send_timeout lua_ssl_certificate lua_ssl_certificate_key lua_ssl_ciphers lua_ssl_conf_command
            lua_ssl_crl lua_ssl_key_log lua_ssl_protocols lua_ssl_trusted_certificate lua_ssl_verify_depth
            lua_thread_cache_max_entries lua_transform_underscores_in_response_headers lua_use_default_type
            lua_worker_thread_vm_pool_size geoip2_proxy geoip2_proxy_recursive ssl_ct ssl_ct_static_scts
            ssl_dyn_rec_enable ssl_dyn_rec_size_hi ssl_dyn_rec_size_lo ssl_dyn_rec_threshold ssl_dyn_rec_timeout
            spdy_headers_comp spdy_chunk_size sysguard sysguard_load sysguard_mem limit_upload_rate auth_pam
            auth_pam_service_name auth_gss auth_gss_realm auth_gss_keytab auth_gss_service_name
            auth_gss_allow_basic_fallback auth_gss_authorized_principal
        ",
        refused: "*_by_lua *_by_lua_block *_by_lua_file",
    },
    Words {
        part: GATEWAY,
        followed: "pass cache store next_upstream",
        harmless: "
            allow_upstream bind bind_dynamic buffer buffer_size buffering buffers busy_buffers_size
            cache_background_update cache_bypass cache_convert_head cache_key cache_lock cache_lock_age cache_lock_timeout
            cache_max_range_offset cache_methods cache_min_uses cache_path cache_purge cache_revalidate cache_use_stale
            cache_valid catch_stderr connect_timeout cookie_domain cookie_flags cookie_path download_rate force_ranges
            gzip_flag half_close headers_hash_bucket_size headers_hash_max_size hide_header http_version
            ignore_client_abort ignore_headers index intercept_errors keep_conn limit_rate max_temp_file_size method
            modifier1 modifier2 next_upstream_timeout next_upstream_tries no_cache param pass_error_message pass_header
            pass_request_body pass_request_headers pass_trailers password protocol protocol_timeout read_timeout redirect
            request_buffering request_dynamic requests responses send_lowat send_timeout session_drop set_body set_header
            smtp_auth socket_keepalive socket_rcvbuf socket_sndbuf split_path_info ssl ssl_alpn ssl_certificate
            ssl_certificate_cache ssl_certificate_key ssl_ciphers ssl_conf_command ssl_crl ssl_key_log ssl_name
            ssl_password_file ssl_protocols ssl_server_name ssl_session_reuse ssl_trusted_certificate ssl_verify
            ssl_verify_depth store_access temp_file_write_size temp_path timeout upload_rate username
        ",
        refused: "",
    },
];

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

fn effect(name: &str) -> Option<Effect> {
    let of = |part, word| VOCABULARY.effect(part, word);
    let by_gateway = || gateway(name).and_then(|(_, rest)| of(GATEWAY, rest));
    of(OWN, name).or_else(by_gateway).or_else(|| of(THIRD_PARTY, name))
}

/// `proxy_read_timeout` as (`proxy`, `read_timeout`).
pub(super) fn gateway(name: &str) -> Option<(&'static str, &str)> {
    let (module, rest) = name.split_once('_')?;
    GATEWAYS.iter().find(|g| **g == module).map(|g| (*g, rest))
}

/// A directive that readers of this format know, whatever it does.
pub(super) fn is_known(name: &str) -> bool {
    effect(name).is_some()
}

/// Code of another language that can do anything with the request.
pub(super) fn is_code(name: &str) -> bool {
    effect(name) == Some(Effect::Refused)
}

/// A word that surely begins a directive when it begins a line: used to find a forgotten `;`.
pub(super) fn starts_statement(word: &str) -> bool {
    matches!(word, "listen" | "location" | "rewrite" | "return") || (word.contains('_') && is_known(word))
}

/// The known directive that a misspelt one is nearest to.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let with_gateway =
        ["proxy_pass", "fastcgi_pass", "grpc_pass", "uwsgi_pass", "scgi_pass", "proxy_next_upstream", "proxy_cache"];
    let known = VOCABULARY.words(OWN).chain(VOCABULARY.words(THIRD_PARTY)).chain(with_gateway);
    // Short words are near to too many.
    if name.len() < 6 { None } else { suggest(name, known) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_routes_is_harmless() {
        for gateway in GATEWAYS {
            for rest in ["pass", "cache", "store", "next_upstream"] {
                assert_eq!(effect(&format!("{gateway}_{rest}")), Some(Effect::Followed));
            }
        }
        assert_eq!(effect("uwsgi_read_timeout"), Some(Effect::Harmless));
        assert!(is_code("content_by_lua_block") && !is_code("lua_package_path") && !is_known("proxy_teleport"));
        assert_eq!(nearest("proxy_pas"), Some("proxy_pass"));
    }
}
