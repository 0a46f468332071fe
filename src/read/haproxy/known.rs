//! What each keyword of a section means for where data goes: one table for all of them (sections 3, 4.1, 4.3, 5.1, 5.2, 12).
//!
//! A keyword that is in none of the lists is a gap with its line.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::vocab::suggest;

/// What begins a section.
pub(super) const SECTIONS: [&str; 20] = [
    "global",
    "defaults",
    "frontend",
    "listen",
    "backend",
    "peers",
    "resolvers",
    "mailers",
    "userlist",
    "http-errors",
    "ring",
    "log-forward",
    "log-profile",
    "cache",
    "fcgi-app",
    "program",
    "crt-store",
    "traces",
    "acme",
    "healthcheck",
];

/// Keywords of proxies that decide where data goes: the reader says what each does.
const ROUTES: &str = "
acl bind cookie default_backend default-server disabled dispatch enabled errorloc errorloc302 errorloc303 filter
http-after-response http-request http-response log mode option redirect server server-template stick-table tcp-request
tcp-response use-fcgi-app use-server use_backend from stick
";

/// Keywords of proxies that only tune, check, count or answer from here.
const HARMLESS: &str = "
backlog balance bind-process block capture clitcpka-cnt clitcpka-idle clitcpka-intvl compression crt contimeout clitimeout srvtimeout
declare description email-alert error-log-format errorfile errorfiles external-check filter-sequence force-be-switch
force-persist fullconn grace guid hash-balance-factor hash-preserve-affinity hash-type http-check http-error http-reuse
http-send-name-header id ignore-persist load-server-state-from-file log-format log-format-sd log-steps log-tag
max-keep-alive-queue max-session-srv-conns maxconn monitor monitor-net monitor-uri persist publish quic-initial
rate-limit reqadd reqidel reqrep rspadd rspidel retries retry-on server-state-file-name source srvtcpka-cnt srvtcpka-idle
srvtcpka-intvl stats tcp-check timeout unique-id-format unique-id-header
";

/// `option NAME`: those that decide where data goes.
const OPTIONS_THAT_ROUTE: [&str; 4] = ["allbackups", "http_proxy", "transparent", "persist"];

const OPTIONS: &str = "
abortonclose accept-invalid-http-request accept-invalid-http-response accept-unsafe-violations-in-http-request
accept-unsafe-violations-in-http-response checkcache clitcpka contstats disable-h2-upgrade dontlog-normal
dontlognull external-check forwardfor forwarded forceclose h1-case-adjust-bogus-client h1-case-adjust-bogus-server
http-buffer-request http-drop-request-trailers http-drop-response-trailers http-ignore-probes http-keep-alive http-no-delay
http-pretend-keepalive http-restrict-req-hdr-names http-server-close http-tunnel http-use-htx http-use-proxy-header httpchk httpclose
httplog httpslog idle-close-on-response independent-streams ldap-check log-health-checks log-separate-errors logasap
mysql-check nolinger originalto pgsql-check prefer-last-server redis-check redispatch smtpchk socket-stats splice-auto
splice-request splice-response spop-check srvtcpka ssl-hello-chk tcp-check tcp-smart-accept tcp-smart-connect tcpka tcplog
use-small-buffers
";

/// Actions of rule sets that change, count, answer or refuse, and send nothing elsewhere.
const ACTIONS: &str = "
accept add-acl add-header add-headers-bin allow attach-srv auth cache-store cache-use capture close del-acl del-header
del-headers-bin del-map deny dgram-drop disable-l7-retry do-log do-resolve early-hint expect-netscaler-cip expect-proxy inspect-delay
normalize-uri pause redirect reject replace-header replace-path replace-pathq replace-uri replace-value return sc-add-gpc
sc-inc-gpc sc-inc-gpc0 sc-inc-gpc1 sc-set-gpt sc-set-gpt0 send-retry set-bandwidth-limit set-bc-mark set-bc-tos set-fc-mark
set-fc-tos set-header set-headers-bin set-log-level set-map set-mark set-method set-nice set-path set-pathq
set-priority-class set-priority-offset set-query set-retries set-src set-src-port set-status set-timeout set-tos set-uri
set-var set-var-fmt silent-drop strict-mode switch-mode tarpit track-sc track-sc0 track-sc1 track-sc2 unset-var wait-for-body
wait-for-handshake
";

const GLOBAL: &str = "
ca-base chroot cluster-secret cpu-affinity cpu-map cpu-policy cpu-set crt-base daemon default-path description dns-accept-family
expose-deprecated-directives expose-experimental-directives external-check fd-hard-limit gid grace group hard-stop-after
insecure-fork-wanted insecure-setuid-wanted issuers-chain-path key-base limited-quic localpeer log log-send-hostname log-tag
lua-prepend-path master-worker max-threads-per-group mworker-max-reloads nbproc nbthread no node noepoll noevports nogetaddrinfo nokqueue
noktls nopoll noreuseport nosplice no-memory-trimming no-quic numa-cpu-mapping pidfile pp2-never-send-local prealloc-fd presetenv
resetenv set-dumpable set-var set-var-fmt setenv setcap shm-stats-file shm-stats-file-max-objects stats stats-file strict-limits thread-group thread-groups
thread-hard-limit uid ulimit-n unix-bind unsetenv user zero-warning busy-polling max-spread-checks maxcompcpuusage maxcomprate
maxconn maxconnrate maxpipes maxsessrate maxsslconn maxsslrate maxzlibmem server-state-base server-state-file spread-checks
anonkey quiet force-cfg-parser-pause warn-blocked-traffic-after h1-accept-payload-with-any-method tune.lua.maxmem bind-process default-path
";

/// Beginnings of families of global keywords that only tune.
const GLOBAL_FAMILIES: [&str; 16] = [
    "tune.",
    "ssl-",
    "51degrees-",
    "deviceatlas-",
    "wurfl-",
    "h1-",
    "h2-",
    "harden.",
    "jwt.",
    "ocsp-update.",
    "profiling.",
    "debug.",
    "httpclient.",
    "quic",
    "pp2-",
    "acme.",
];

/// Parameters of `server` lines with how many words of value each takes.
const SERVER: &[(&str, usize)] = &[
    ("addr", 1),
    ("agent-addr", 1),
    ("agent-check", 0),
    ("agent-inter", 1),
    ("agent-port", 1),
    ("agent-send", 1),
    ("allow-0rtt", 0),
    ("alpn", 1),
    ("backup", 0),
    ("ca-file", 1),
    ("cc", 1),
    ("check", 0),
    ("check-alpn", 1),
    ("check-pool-conn-name", 1),
    ("check-proto", 1),
    ("check-reuse-pool", 0),
    ("check-send-proxy", 0),
    ("check-sni", 1),
    ("check-sni-auto", 0),
    ("check-ssl", 0),
    ("check-via-socks4", 0),
    ("ciphers", 1),
    ("ciphersuites", 1),
    ("client-sigalgs", 1),
    ("cookie", 1),
    ("crl-file", 1),
    ("crt", 1),
    ("curves", 1),
    ("disabled", 0),
    ("downinter", 1),
    ("ecdhe", 1),
    ("enabled", 0),
    ("error-limit", 1),
    ("fall", 1),
    ("fastinter", 1),
    ("force-sslv3", 0),
    ("force-tlsv10", 0),
    ("force-tlsv11", 0),
    ("force-tlsv12", 0),
    ("force-tlsv13", 0),
    ("guid", 1),
    ("hash-key", 1),
    ("healthcheck", 1),
    ("id", 1),
    ("idle-ping", 1),
    ("init-addr", 1),
    ("init-state", 1),
    ("inter", 1),
    ("ktls", 1),
    ("log-bufsize", 1),
    ("log-proto", 1),
    ("max-reuse", 1),
    ("maxconn", 1),
    ("maxqueue", 1),
    ("minconn", 1),
    ("namespace", 1),
    ("no-agent-check", 0),
    ("no-backup", 0),
    ("no-check", 0),
    ("no-check-reuse-pool", 0),
    ("no-check-sni-auto", 0),
    ("no-check-ssl", 0),
    ("no-renegotiate", 0),
    ("no-send-proxy", 0),
    ("no-send-proxy-v2", 0),
    ("no-send-proxy-v2-ssl", 0),
    ("no-send-proxy-v2-ssl-cn", 0),
    ("no-sni-auto", 0),
    ("no-ssl", 0),
    ("no-ssl-reuse", 0),
    ("no-sslv3", 0),
    ("no-tfo", 0),
    ("no-tls-tickets", 0),
    ("no-tlsv10", 0),
    ("no-tlsv11", 0),
    ("no-tlsv12", 0),
    ("no-tlsv13", 0),
    ("no-verifyhost", 0),
    ("non-stick", 0),
    ("npn", 1),
    ("observe", 1),
    ("on-error", 1),
    ("on-marked-down", 1),
    ("on-marked-up", 1),
    ("pool-conn-name", 1),
    ("pool-low-conn", 1),
    ("pool-max-conn", 1),
    ("pool-purge-delay", 1),
    ("port", 1),
    ("proto", 1),
    ("proxy-v2-options", 1),
    ("quic-cc-algo", 1),
    ("redir", 1),
    ("renegotiate", 0),
    ("resolve-net", 1),
    ("resolve-opts", 1),
    ("resolve-prefer", 1),
    ("resolvers", 1),
    ("rise", 1),
    ("send-proxy", 0),
    ("send-proxy-v2", 0),
    ("send-proxy-v2-ssl", 0),
    ("send-proxy-v2-ssl-cn", 0),
    ("set-proxy-v2-tlv-fmt", 1),
    ("shard", 1),
    ("sigalgs", 1),
    ("slowstart", 1),
    ("sni", 1),
    ("sni-auto", 0),
    ("socks4", 1),
    ("source", 1),
    ("usesrc", 1),
    ("interface", 1),
    ("ssl", 0),
    ("ssl-max-ver", 1),
    ("ssl-min-ver", 1),
    ("ssl-reuse", 0),
    ("stick", 0),
    ("strict-maxconn", 0),
    ("tcp-md5sig", 1),
    ("tcp-ut", 1),
    ("tfo", 0),
    ("tls-tickets", 0),
    ("track", 1),
    ("verify", 1),
    ("verifyhost", 1),
    ("weight", 1),
    ("ws", 1),
];

/// What a keyword of a proxy is to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Routes,
    Harmless,
    Unknown,
}

struct Tables {
    routes: BTreeSet<&'static str>,
    harmless: BTreeSet<&'static str>,
    options: BTreeSet<&'static str>,
    actions: BTreeSet<&'static str>,
    global: BTreeSet<&'static str>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    let set = |list: &'static str| list.split_whitespace().collect();
    TABLES.get_or_init(|| Tables {
        routes: set(ROUTES),
        harmless: set(HARMLESS),
        options: set(OPTIONS),
        actions: set(ACTIONS),
        global: set(GLOBAL),
    })
}

pub(super) fn keyword(name: &str) -> Keyword {
    let t = tables();
    match name {
        _ if t.routes.contains(name) => Keyword::Routes,
        _ if t.harmless.contains(name) => Keyword::Harmless,
        _ => Keyword::Unknown,
    }
}

/// The same for `option NAME`.
pub(super) fn option(name: &str) -> Keyword {
    match name {
        _ if OPTIONS_THAT_ROUTE.contains(&name) => Keyword::Routes,
        _ if tables().options.contains(name) => Keyword::Harmless,
        _ => Keyword::Unknown,
    }
}

/// An action of a rule set that sends nothing elsewhere; its arguments in parentheses do not count.
pub(super) fn is_harmless_action(name: &str) -> bool {
    tables().actions.contains(name.split('(').next().unwrap_or(name))
}

pub(super) fn is_global(name: &str) -> bool {
    tables().global.contains(name) || GLOBAL_FAMILIES.iter().any(|family| name.starts_with(family))
}

/// How many words of value a parameter of `server` takes; `None`: no such parameter.
pub(super) fn server_parameter(name: &str) -> Option<usize> {
    let bare = name.split('(').next().unwrap_or(name);
    SERVER.iter().find(|(known, _)| *known == bare).map(|(_, values)| *values)
}

/// The known keyword that a misspelt one is nearest to.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let t = tables();
    if name.len() < 5 { None } else { suggest(name, t.routes.iter().chain(&t.harmless).copied()) }
}

pub(super) fn nearest_parameter(name: &str) -> Option<&'static str> {
    suggest(name, SERVER.iter().map(|(known, _)| *known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_keyword_is_in_one_list() {
        let t = tables();
        assert_eq!(t.routes.intersection(&t.harmless).count(), 0);
        assert!(OPTIONS_THAT_ROUTE.iter().all(|o| !t.options.contains(o)));
        assert_eq!(keyword("use_backend"), Keyword::Routes);
        assert_eq!(keyword("timeout"), Keyword::Harmless);
        assert_eq!(keyword("teleport"), Keyword::Unknown);
        assert_eq!(nearest("use_backed"), Some("use_backend"));
        // What could send data elsewhere is no harmless action.
        for action in ["set-dst", "set-dst-port", "use-service", "send-spoe-group", "lua.send", "sc-set"] {
            assert!(!is_harmless_action(action), "{action}");
        }
        assert!(is_harmless_action("set-var(txn.a)") && is_global("tune.bufsize") && !is_global("lua-load"));
        assert_eq!(
            (server_parameter("weight"), server_parameter("backup"), server_parameter("wieght")),
            (Some(1), Some(0), None)
        );
    }
}
