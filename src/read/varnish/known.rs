//! The words of VCL (Varnish 7.7 and before, and Fastly's dialect as of 2026): declarations, statements, settings of backends, kinds of
//! directors and modules.

use std::sync::LazyLock;

use crate::read::words::{Vocabulary, Words};

pub(super) const DECLARATION: &str = "declaration";
pub(super) const STATEMENT: &str = "statement";
pub(super) const BACKEND: &str = "backend setting";
pub(super) const DIRECTOR: &str = "kind of director";
pub(super) const MODULE: &str = "module";

pub(super) const TABLE: &[Words] = &[
    Words {
        part: DECLARATION,
        followed: "backend director sub include import acl table",
        harmless: "vcl probe ratecounter penaltybox pragma",
        refused: "",
    },
    Words {
        part: STATEMENT,
        followed: "if elsif elseif elif else set call new return restart error include import log",
        harmless: "unset remove add synthetic synthetic.base64 ban purge declare esi hash_data rollback break case
            default goto panic rethrow http_status_matches early_hints keep ban_url std.collect std.log std.syslog
            std.timestamp std.cache_req_body std.rollback std.late_100_continue std.querysort std.port
            header.append header.unset header.remove header.copy header.filter header.filter_except header.set
            cookie.parse cookie.clean cookie.delete cookie.filter cookie.keep cookie.set cookie.filter_re cookie.keep_re
            var.set var.set_string var.global_set crypto.hash directors.reconfigure h2.push h2.disable_header_compression
            h3.alt_svc uuid.version4 ratelimit.ratecounter_increment ratelimit.penaltybox_add xkey.purge blob.decode
            bodyaccess.rematch_req_body setcookie.delete_by_name testing.emit querystring.regfilter waf.execute
            fastly.hash unix.user accept.rule geoip2.lookup maxminddb.query_common",
        refused: "switch curl.get curl.post curl.head curl.fetch http.init http.req_send http.req_copy_headers
            std.fileread C{",
    },
    Words {
        part: BACKEND,
        followed: "host port path probe healthcheck none via",
        harmless: "host_header connect_timeout first_byte_timeout between_bytes_timeout max_connections proxy_header
            preamble backend_wait_timeout backend_wait_limit share_key dynamic ssl ssl_check_cert ssl_cert_hostname
            ssl_sni_hostname ssl_ca_cert ssl_ciphers ssl_client_cert ssl_client_key ssl_verify_peer ssl_verify_host
            ssl_sni min_tls_version max_tls_version always_use_host_header bypass_local_route_table client_cert
            keepalive_time keepalive_timeout prefer_ipv6 override_host certificate fetch_timeout tcp_keepalive_enable
            tcp_keepalive_interval tcp_keepalive_probes tcp_keepalive_time last_byte_timeout max_use max_lifetime
            authority quorum retries is_ssl weight backend id key seed vnodes_per_node list ttl suffix url interval
            timeout window threshold initial request expected_response dummy close expect_close",
        refused: "shield",
    },
    Words {
        part: DIRECTOR,
        followed: "random fallback hash client chash round-robin round_robin shard shield dns least_connections",
        harmless: "shard_param",
        refused: "lookup",
    },
    Words {
        part: MODULE,
        followed: "std directors",
        harmless: "blob cookie header purge proxy unix vtc var vsthrottle xkey bodyaccess saintmode softpurge tcp uuid
            querystring digest crypto geoip2 maxminddb geoip accept str re2 taskvar kvstore json edgestash ykey mse
            rewrite urlplus utils format stat probe_proxy awsrest jwt h2 boltsort named_acl session",
        refused: "curl http dynamic goto udo activedns nodes redis memcached sqlite3 dispatch named rtstatus all_healthy
            unidirectors constant fileserver reqwest",
    },
];

pub(super) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));
