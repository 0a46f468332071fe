//! The statements of named.conf by where they stand.

use std::sync::LazyLock;

use crate::read::words::{Vocabulary, Words};

/// What options, views and zones may all say and what leads nowhere: times, sizes, keys, how transfers are done.
macro_rules! anywhere {
    () => {
        "acache-enable additional-from-auth additional-from-cache allow-notify allow-proxy allow-proxy-on allow-query \
         allow-query-cache allow-query-cache-on allow-query-on allow-recursion allow-recursion-on allow-update-forwarding \
         alt-transfer-source answer-cookie attach-cache auth-nxdomain auto-dnssec automatic-interface-scan \
         avoid-v4-udp-ports avoid-v6-udp-ports bindkeys-file blackhole check-dup-records check-integrity check-mx \
         check-mx-cname check-names check-sibling check-spf check-srv-cname check-svcb check-wildcard cleaning-interval \
         clients-per-query cookie-algorithm cookie-secret coresize datasize delegation-only deny-answer-addresses dialup \
         disable-algorithms disable-ds-digests disable-empty-zone dns64-contact dns64-server dnskey-sig-validity \
         dnssec-accept-expired dnssec-dnskey-kskonly dnssec-enable dnssec-loadkeys-interval dnssec-lookaside dnssec-policy \
         dnssec-secure-to-insecure dnssec-update-mode dnssec-validation dnstap dnstap-identity dnstap-output dnstap-version \
         dump-file edns-udp-size empty-contact empty-server empty-zones-enable fetch-glue fetch-quota-params \
         fetches-per-server fetches-per-zone files filter-aaaa filter-aaaa-on-v4 flush-zones-on-shutdown \
         fstrm-set-buffer-hint fstrm-set-flush-timeout fstrm-set-input-queue-size fstrm-set-output-notify-threshold \
         fstrm-set-output-queue-model fstrm-set-output-queue-size fstrm-set-reopen-interval geoip-directory glue-cache \
         has-old-clients heartbeat-interval host-statistics hostname http-listener-clients http-port \
         http-streams-per-connection https-port interface-interval ipv4only-contact ipv4only-enable ipv4only-server \
         ixfr-base ixfr-from-differences keep-response-order key key-directory lame-ttl listen-on listen-on-v6 lmdb-mapsize \
         lock-file maintain-ixfr-base managed-keys-directory masterfile-format masterfile-style match-mapped-addresses \
         max-acache-size max-cache-size max-cache-ttl max-clients-per-query max-delegation-servers max-delegation-ttl \
         max-ixfr-log-size max-ixfr-ratio max-journal-size max-ncache-ttl max-query-count max-query-restarts max-records \
         max-records-per-type max-recursion-depth max-recursion-queries max-refresh-time max-retry-time \
         max-rsa-exponent-size max-stale-ttl max-transfer-idle-in max-transfer-idle-out max-transfer-time-in \
         max-transfer-time-out max-types-per-name max-udp-size max-validation-failures-per-fetch max-validations-per-fetch \
         max-zone-ttl memstatistics memstatistics-file message-compression min-cache-ttl min-delegation-ttl min-ncache-ttl \
         min-refresh-time min-retry-time min-transfer-rate-in minimal-any minimal-responses multi-master new-zones-directory \
         no-case-compress nocookie-udp-size nosit-udp-size notify notify-cfg notify-defer notify-delay notify-rate \
         notify-source notify-source-v6 notify-to-soa nsec3-test-zone nta-lifetime nta-recheck parental-source \
         parental-source-v6 pid-file port preferred-glue prefetch provide-ixfr provide-zoneversion pubkey qname-minimization \
         query-source query-source-v6 querylog random-device rate-limit recursing-file recursion recursive-clients \
         request-expire request-ixfr request-ixfr-max-diffs request-nsid request-zoneversion require-server-cookie \
         resolver-query-timeout resolver-use-dns64 response-padding responselog reuseport root-delegation-only \
         root-key-sentinel rrset-order secroots-file send-cookie send-report-channel serial-query-rate serial-update-method \
         server server-id servfail-ttl session-keyalg session-keyfile session-keyname sig-signing-nodes \
         sig-signing-signatures sig-signing-type sig-validity-interval sig0checks-quota sig0checks-quota-exempt \
         sig0key-checks-limit sig0message-checks-limit stacksize stale-answer-client-timeout stale-answer-enable \
         stale-answer-ttl stale-cache-enable stale-refresh-time startup-notify-rate statistics-file statistics-interval \
         suppress-initial-notify synth-from-dnssec tcp-advertised-timeout tcp-clients tcp-idle-timeout tcp-initial-timeout \
         tcp-keepalive-timeout tcp-listen-queue tcp-primaries-timeout tcp-receive-buffer tcp-reuse-timeout tcp-send-buffer \
         tkey-dhkey tkey-domain tkey-gssapi-credential tkey-gssapi-keytab tls-port topology transfer-format \
         transfer-message-size transfer-source transfer-source-v6 transfers-in transfers-out transfers-per-ns \
         trust-anchor-telemetry trust-anchors try-tcp-refresh udp-receive-buffer udp-send-buffer update-check-ksk \
         update-quota use-alt-transfer-source use-v4-udp-ports use-v6-udp-ports v6-bias validate-except version \
         zero-no-soa-ttl zero-no-soa-ttl-cache zone-statistics"
    };
}

pub const TABLE: &[Words] = &[
    Words {
        part: "the configuration",
        followed: "acl options view zone include",
        harmless: "controls dnssec-policy http key key-store logging lwres managed-keys masters parental-agents primaries \
            remote-servers server statistics-channels tls trust-anchors trusted-keys",
        refused: "dlz dyndb plugin template",
    },
    Words {
        part: "options",
        followed: "match-clients match-destinations match-recursive-only also-notify allow-transfer forwarders forward response-policy catalog-zones sortlist directory",
        harmless: concat!(anywhere!(), " acl allow-update zone"),
        refused: "dlz dyndb plugin nxdomain-redirect dns64 allow-new-zones dnsrps-enable dnsrps-options dnsrps-library deny-answer-aliases dual-stack-servers",
    },
    Words {
        part: "a zone",
        followed: "type file primaries masters also-notify allow-transfer forwarders forward allow-update update-policy server-addresses server-names",
        harmless: concat!(anywhere!(), " checkds initial-file inline-signing journal log-report-channel parental-agents"),
        refused: "database dlz plugin in-view template",
    },
];

pub static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));
