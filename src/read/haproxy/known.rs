//! What each word of HAProxy's configuration means for where data goes (Configuration Manual, sections 3, 4.1, 4.3, 5.1, 5.2, 12).

use std::sync::LazyLock;

use crate::read::words::{Effect, Vocabulary, Words};
use crate::vocab::suggest;

pub(super) const SECTIONS: &str = "sections";
/// Keywords of `defaults`, `frontend`, `listen` and `backend`.
pub(super) const PROXIES: &str = "proxies";
pub(super) const OPTIONS: &str = "option";
/// Of all rule sets: `http-request`, `http-response`, `http-after-response`, `tcp-request`, `tcp-response`.
pub(super) const ACTIONS: &str = "actions of rules";
pub(super) const FILTERS: &str = "filter";
pub(super) const GLOBAL: &str = "global";
pub(super) const LOG_FORWARD: &str = "log-forward";
pub(super) const RESOLVERS: &str = "resolvers";
pub(super) const PEERS: &str = "peers";
pub(super) const RING: &str = "ring";
/// Parameters of `server` lines, by whether a value follows.
const WITH_VALUE: &str = "server, with a value";
const WITHOUT_VALUE: &str = "server, without a value";

pub(super) const TABLE: &[Words] = &[
    Words {
        part: SECTIONS,
        followed: "global defaults frontend listen backend peers resolvers ring log-forward",
        harmless: "mailers userlist http-errors log-profile cache fcgi-app crt-store traces acme healthcheck",
        refused: "program",
    },
    Words {
        part: PROXIES,
        followed: "
            acl bind cookie default_backend default-server disabled dispatch enabled errorloc errorloc302 errorloc303
            filter http-after-response http-request http-response log mode option redirect server server-template
            stick-table tcp-request tcp-response use-fcgi-app use-server use_backend from stick
        ",
        harmless: "
            backlog balance bind-process block capture clitcpka-cnt clitcpka-idle clitcpka-intvl compression crt
            contimeout clitimeout srvtimeout declare description email-alert error-log-format errorfile errorfiles
            external-check filter-sequence force-be-switch force-persist fullconn grace guid hash-balance-factor
            hash-preserve-affinity hash-type http-check http-error http-reuse http-send-name-header id ignore-persist
            load-server-state-from-file log-format log-format-sd log-steps log-tag max-keep-alive-queue
            max-session-srv-conns maxconn monitor monitor-net monitor-uri persist publish quic-initial rate-limit reqadd
            reqidel reqrep rspadd rspidel retries retry-on server-state-file-name source srvtcpka-cnt srvtcpka-idle
            srvtcpka-intvl stats tcp-check timeout unique-id-format unique-id-header
        ",
        refused: "",
    },
    Words {
        part: OPTIONS,
        followed: "allbackups persist",
        harmless: "
            abortonclose accept-invalid-http-request accept-invalid-http-response accept-unsafe-violations-in-http-request
            accept-unsafe-violations-in-http-response checkcache clitcpka contstats disable-h2-upgrade dontlog-normal
            dontlognull external-check forwardfor forwarded forceclose h1-case-adjust-bogus-client
            h1-case-adjust-bogus-server http-buffer-request http-drop-request-trailers http-drop-response-trailers
            http-ignore-probes http-keep-alive http-no-delay http-pretend-keepalive http-restrict-req-hdr-names
            http-server-close http-tunnel http-use-htx http-use-proxy-header httpchk httpclose httplog httpslog
            idle-close-on-response independent-streams ldap-check log-health-checks log-separate-errors logasap
            mysql-check nolinger originalto pgsql-check prefer-last-server redis-check redispatch smtpchk socket-stats
            splice-auto splice-request splice-response spop-check srvtcpka ssl-hello-chk tcp-check tcp-smart-accept
            tcp-smart-connect tcpka tcplog use-small-buffers
        ",
        refused: "http_proxy transparent",
    },
    Words {
        part: ACTIONS,
        followed: "
            accept allow cache-store deny redirect reject set-var set-var-fmt silent-drop tarpit return
        ",
        harmless: "
            add-acl add-header add-headers-bin attach-srv auth cache-use capture close del-acl del-header del-headers-bin
            del-map dgram-drop disable-l7-retry do-log do-resolve early-hint expect-netscaler-cip expect-proxy
            inspect-delay normalize-uri pause replace-header replace-path replace-pathq replace-uri replace-value
            sc-add-gpc sc-inc-gpc sc-inc-gpc0 sc-inc-gpc1 sc-set-gpt sc-set-gpt0 send-retry set-bandwidth-limit
            set-bc-mark set-bc-tos set-fc-mark set-fc-tos set-header set-headers-bin set-log-level set-map set-mark
            set-method set-nice set-path set-pathq set-priority-class set-priority-offset set-query set-retries set-src
            set-src-port set-status set-timeout set-tos set-uri strict-mode switch-mode track-sc track-sc0 track-sc1
            track-sc2 unset-var wait-for-body wait-for-handshake send-spoe-group
        ",
        refused: "set-dst set-dst-port use-service lua.*",
    },
    Words {
        part: FILTERS,
        followed: "",
        harmless: "compression comp-req comp-res cache trace bwlim-in bwlim-out fcgi-app",
        refused: "opentracing otel spoe",
    },
    Words {
        part: GLOBAL,
        followed: "log presetenv resetenv set-var set-var-fmt setenv unsetenv localpeer",
        harmless: "
            ca-base chroot cluster-secret cpu-affinity cpu-map cpu-policy cpu-set crt-base daemon default-path description
            dns-accept-family expose-deprecated-directives expose-experimental-directives external-check fd-hard-limit gid
            grace group hard-stop-after insecure-fork-wanted insecure-setuid-wanted issuers-chain-path key-base
            limited-quic log-send-hostname log-tag lua-prepend-path master-worker max-threads-per-group
            mworker-max-reloads nbproc nbthread no node noepoll noevports nogetaddrinfo nokqueue noktls nopoll noreuseport
            nosplice no-memory-trimming no-quic numa-cpu-mapping pidfile pp2-never-send-local prealloc-fd set-dumpable
            setcap shm-stats-file shm-stats-file-max-objects stats stats-file strict-limits thread-group thread-groups
            thread-hard-limit uid ulimit-n unix-bind user zero-warning busy-polling max-spread-checks maxcompcpuusage
            maxcomprate maxconn maxconnrate maxpipes maxsessrate maxsslconn maxsslrate maxzlibmem server-state-base
            server-state-file spread-checks anonkey quiet force-cfg-parser-pause warn-blocked-traffic-after
            h1-accept-payload-with-any-method tune.lua.maxmem bind-process tune.* ssl-* 51degrees-* deviceatlas-* wurfl-*
            h1-* h2-* harden.* jwt.* ocsp-update.* profiling.* debug.* httpclient.* quic* pp2-* acme.*
        ",
        refused: "lua-load lua-load-per-thread",
    },
    Words {
        part: RESOLVERS,
        followed: "nameserver",
        harmless: "accepted_payload_size hold parse-resolv-conf resolve_retries timeout",
        refused: "",
    },
    Words {
        part: PEERS,
        followed: "peer server",
        harmless: "bind default-bind default-server disabled enabled log shards table",
        refused: "",
    },
    Words { part: RING, followed: "server", harmless: "backing-file description format maxlen size timeout", refused: "" },
    Words { part: LOG_FORWARD, followed: "bind dgram-bind log", harmless: "backlog maxconn no option timeout", refused: "" },
    Words {
        part: WITH_VALUE,
        followed: "cookie observe redir resolvers socks4 track weight",
        harmless: "
            addr agent-addr agent-inter agent-port agent-send alpn ca-file cc check-alpn check-pool-conn-name check-proto
            check-sni ciphers ciphersuites client-sigalgs crl-file crt curves downinter ecdhe error-limit fall fastinter
            guid hash-key healthcheck id idle-ping init-addr init-state inter ktls log-bufsize log-proto max-reuse maxconn
            maxqueue minconn namespace npn on-error on-marked-down on-marked-up pool-conn-name pool-low-conn pool-max-conn
            pool-purge-delay port proto proxy-v2-options quic-cc-algo resolve-net resolve-opts resolve-prefer rise
            set-proxy-v2-tlv-fmt shard sigalgs slowstart sni source usesrc interface ssl-max-ver ssl-min-ver tcp-md5sig
            tcp-ut verify verifyhost ws
        ",
        refused: "",
    },
    Words {
        part: WITHOUT_VALUE,
        followed: "agent-check backup check disabled enabled no-agent-check no-backup no-check",
        harmless: "
            allow-0rtt check-reuse-pool check-send-proxy check-sni-auto check-ssl check-via-socks4 force-sslv3
            force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 no-check-reuse-pool no-check-sni-auto no-check-ssl
            no-renegotiate no-send-proxy no-send-proxy-v2 no-send-proxy-v2-ssl no-send-proxy-v2-ssl-cn no-sni-auto no-ssl
            no-ssl-reuse no-sslv3 no-tfo no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12 no-tlsv13 no-verifyhost non-stick
            renegotiate send-proxy send-proxy-v2 send-proxy-v2-ssl send-proxy-v2-ssl-cn sni-auto ssl ssl-reuse stick
            strict-maxconn tfo tls-tickets
        ",
        refused: "",
    },
];

pub(super) static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

pub(super) fn effect(part: &str, word: &str) -> Option<Effect> {
    VOCABULARY.effect(part, word)
}

/// What begins a section, if the word does.
pub(super) fn section(word: &str) -> Option<&'static str> {
    VOCABULARY.words(SECTIONS).find(|known| *known == word)
}

/// The same for an action: its arguments in parentheses do not count.
pub(super) fn action(name: &str) -> Option<Effect> {
    effect(ACTIONS, name.split('(').next().unwrap_or(name))
}

/// How many words of value a parameter of `server` takes; `None`: no such parameter.
pub(super) fn server_parameter(name: &str) -> Option<usize> {
    let bare = name.split('(').next().unwrap_or(name);
    [WITHOUT_VALUE, WITH_VALUE].iter().position(|part| effect(part, bare).is_some())
}

/// The known keyword that a misspelt one is nearest to.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    if name.len() < 5 { None } else { VOCABULARY.nearest(PROXIES, name) }
}

pub(super) fn nearest_parameter(name: &str) -> Option<&'static str> {
    suggest(name, VOCABULARY.words(WITH_VALUE).chain(VOCABULARY.words(WITHOUT_VALUE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_by_what_they_do() {
        let [followed, harmless, refused] = [Effect::Followed, Effect::Harmless, Effect::Refused].map(Some);
        assert_eq!(effect(PROXIES, "use_backend"), followed);
        assert_eq!(effect(PROXIES, "timeout"), harmless);
        assert_eq!(effect(PROXIES, "teleport"), None);
        assert_eq!(nearest("use_backed"), Some("use_backend"));
        // What could send data elsewhere is no harmless action.
        for name in ["set-dst", "set-dst-port", "use-service", "lua.send"] {
            assert_eq!(action(name), refused, "{name}");
        }
        assert_eq!((action("sc-set"), action("replace-uri(x)")), (None, harmless));
        assert_eq!((effect(GLOBAL, "tune.bufsize"), effect(GLOBAL, "lua-load")), (harmless, refused));
        let values = ["weight", "backup", "set-proxy-v2-tlv-fmt(0x20)", "wieght"].map(server_parameter);
        assert_eq!(values, [Some(1), Some(0), Some(1), None]);
    }
}
