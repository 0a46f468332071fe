//! The plugins of CoreDNS (`plugin.cfg` of CoreDNS 1.14, and the README of each) and what may stand in the blocks of those that are followed.

use std::sync::LazyLock;

use crate::read::words::{Vocabulary, Words};

pub const PLUGINS: &str = "a server block";

pub const TABLE: &[Words] = &[
    Words {
        part: PLUGINS,
        followed: "auto azure clouddns dnstap etcd file forward geoip grpc hosts import k8s_external kubernetes metadata nomad rewrite \
            route53 secondary template trace transfer view",
        harmless: "acl any autopath bind bufsize cache cancel chaos debug dnssec erratic errors grpc_server header health https https3 \
            loadbalance local log loop minimal multisocket nsid on pprof prometheus proxyproto quic ready reload root shed sign \
            startup shutdown timeouts tls tsig whoami",
        refused: "dns64",
    },
    Words {
        part: "`forward`",
        followed: "except next next_on_nodata failover",
        harmless: "doh_method expire failfast_all_unhealthy_upstreams force_tcp health_check max_age max_concurrent \
            max_connect_attempts max_fails max_idle_conns policy prefer_udp read_timeout resolver source_address tls tls_servername",
        refused: "",
    },
    Words { part: "`grpc`", followed: "except fallthrough", harmless: "policy tls tls_servername", refused: "" },
    Words {
        part: "`file`",
        followed: "fallthrough",
        harmless: "no_reload reload reload_by_mtime upstream",
        refused: "transfer",
    },
    Words {
        part: "`auto`",
        followed: "directory fallthrough",
        harmless: "no_reload reload reload_by_mtime upstream",
        refused: "transfer",
    },
    Words {
        part: "`template`",
        followed: "match answer additional expr fallthrough",
        harmless: "authority ederror rcode upstream",
        refused: "var",
    },
    Words { part: "`hosts`", followed: "fallthrough fallthrough_unsupported", harmless: "no_reverse reload ttl", refused: "" },
    Words { part: "`rewrite`", followed: "name cname", harmless: "answer class edns0 rcode ttl type", refused: "" },
    Words { part: "`view`", followed: "expr", harmless: "", refused: "" },
    Words { part: "`transfer`", followed: "to", harmless: "source", refused: "" },
];

pub static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));
