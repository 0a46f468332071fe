//! PowerDNS's pdns.conf (PowerDNS Authoritative 4.2 to 5.0, "Authoritative Server Settings" and the page of each backend): which backends
//! answer, from which files, where zones are copied, and what else may answer or keep what is asked.
//!
//! | setting | becomes |
//! |---|---|
//! | `launch=geoip`, `bind` with `geoip-zones-file`, `bind-config` | these files, each read by itself |
//! | other backends (databases, programs) | a gap: of the server, or of everything where they answer before files |
//! | `also-notify`, `allow-axfr-ips` | routes along which zones are copied out; they carry nobody's data |
//! | `protobuf-servers` | routes with what a query tells of who asks |
//! | `dnsupdate`, `autosecondary`, `lua-prequery-script`, `views` | gaps |
//!
//! Which zones a `secondary` takes from where, its backend says.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::build::{Builder, MAX_FILES};
use super::merge;
use crate::model::{Activity, Facts, GapScope, Reference, Unread};
use crate::read::proxy::block::Files;
use crate::read::proxy::peer::{self, Peer};
use crate::read::words::{Vocabulary, Words};
use crate::read::zone::facts;
use crate::read::zone::record::shorten;
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::{Location, SourceId, Span};

const SETTING: &str = "the settings";

const TABLE: &[Words] = &[
    Words {
        part: SETTING,
        followed: "allow-axfr-ips also-notify autosecondary bind-config dnsupdate geoip-zones-file include-dir launch protobuf-servers \
            superslave experimental-dnsupdate",
        harmless: "8bit-dns allow-dnsupdate-from allow-notify-from allow-recursion allow-unsigned-autoprimary allow-unsigned-notify \
            allow-unsigned-supermaster any-to-tcp api api-key api-logfile api-readonly axfr-fetch-timeout axfr-lower-serial bind-* \
            cache-ttl carbon-instance carbon-interval carbon-namespace carbon-ourname carbon-server chroot config-dir config-name \
            consistent-backends control-console daemon default-* delay-notifications direct-dnskey direct-dnskey-signature \
            disable-axfr disable-axfr-rectify disable-syslog disable-tcp distributor-threads dname-processing dnsproxy-udp-port-range \
            dnssec-key-cache-ttl dnsupdate-require-tsig do-ipv6-additional-processing domain-metadata-cache-ttl edns-cookie-secret \
            edns-subnet-processing enable-gss-tsig enable-lua-record-updates enable-lua-records entropy-source expand-alias \
            forward-dnsupdate forward-notify geoip-* gmysql-* godbc-* gpgsql-* gsqlite3-* guardian ignore-unknown-settings ldap-* lmdb-* \
            load-modules local-address local-address-nonexist-fail local-ipv6 local-ipv6-nonexist-fail local-port log-dns-details \
            log-dns-queries log-timestamp logging-facility logging-structured loglevel loglevel-show lua-axfr-script \
            lua-consistent-hashes-cleanup-interval lua-consistent-hashes-expire-delay lua-dnsupdate-policy-script \
            lua-health-checks-expire-delay lua-health-checks-interval lua-records-exec-limit lua-records-insert-whitespace lua2-* \
            master max-* member-catalog-group module-dir naptr-additional-processing negquery-cache-ttl no-config no-shuffle \
            non-local-bind only-notify outgoing-axfr-expand-alias overload-queue-length pipe-* prevent-self-notification primary \
            proxy-protocol-from proxy-protocol-maximum-size query-cache-ttl query-local-address query-local-address6 query-logging \
            queue-limit random-hostname receiver-threads remote-* resolver retrieval-threads reuseport rng rrsig-expiry-extend secondary \
            secondary-check-signature-freshness secondary-do-renotify security-poll-suffix send-signed-notify server-id setgid setuid \
            signing-threads slave slave-cycle-interval slave-renotify soa-* socket-dir svc-autohints tcp-control-* tcp-fast-open \
            tcp-idle-timeout tinydns-* traceback-handler trusted-notification-proxy udp-truncation-threshold upgrade-unknown-types \
            version-string webserver webserver-* workaround-11804 write-pid xfr-cycle-interval xfr-max-received-mbytes \
            zone-cache-refresh-interval zone-metadata-cache-ttl",
        refused: "lua-global-include-dir lua-prequery-script recursor resolve-across-zones views",
    },
    Words {
        part: "`launch`",
        followed: "bind geoip",
        harmless: "",
        refused: "gmysql godbc gpgsql gsqlite3 ldap lmdb lua lua2 opendbx pipe random remote tinydns",
    },
];

static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(TABLE));

/// Where PowerDNS keeps its files.
const PREFIXES: &[&str] = &["/etc/powerdns/", "/etc/pdns/", "/usr/local/etc/pdns/"];

pub struct Pdns;

impl Reader for Pdns {
    fn format(&self) -> &'static str {
        "powerdns"
    }

    fn describe(&self) -> &'static str {
        "PowerDNS pdns.conf: backends, transfers"
    }

    fn words(&self) -> &'static [Words] {
        TABLE
    }

    /// By name, or by the backends that it launches.
    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        if !name.ends_with(".conf") && name.contains('.') {
            return Recognized::No;
        }
        let mut launches = false;
        for (_, key, value) in lines(glance(text)) {
            let backend = value.split([',', ':']).next().unwrap_or("").trim();
            launches |= key == "launch" && WORDS.effect("`launch`", backend).is_some();
        }
        let named = name.starts_with("pdns") && name.ends_with(".conf") && lines(glance(text)).next().is_some();
        match (named, launches) {
            (_, true) => Recognized::Yes,
            (true, false) => Recognized::Maybe,
            _ => Recognized::No,
        }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        read(input)
    }
}

/// `key=value` and `key+=value`, with where the line begins and ends.
fn lines(text: &str) -> impl Iterator<Item = (Span, &str, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let at = start;
        start += line.len();
        let code = line.split('#').next().unwrap_or("").trim_end();
        let lead = code.len() - code.trim_start().len();
        let code = code.trim_start();
        let (key, value) = code.split_once('=').unwrap_or((code, ""));
        let key = key.trim_end().trim_end_matches('+').trim_end();
        let span = Span::new(at + lead, at + lead + code.len());
        (!key.is_empty()).then_some((span, key, value.trim()))
    })
}

fn read(input: &Input<'_>) -> Reading {
    let mut facts = Facts::default();
    let server = super::server(&mut facts, "pdns", input);
    let (files, builder) = (Files::new(input, PREFIXES), Builder::default());
    let mut config = Config { input, files, builder, facts, server, backends: Vec::new(), included: BTreeSet::new() };
    config.file(input.file);
    config.launched();
    merge(&mut config.facts, facts::facts(&config.builder.zone, &|_| false));
    Reading { facts: config.facts, included: config.included.into_iter().collect(), ..Reading::default() }
}

struct Config<'a> {
    input: &'a Input<'a>,
    files: Files<'a>,
    builder: Builder,
    facts: Facts,
    server: Reference,
    backends: Vec<(String, Location)>,
    included: BTreeSet<SourceId>,
}

impl<'a> Config<'a> {
    fn file(&mut self, file: SourceId) {
        let source = self.input.sources.get(file);
        for (span, key, value) in lines(&source.text) {
            let at = Location::new(file, span);
            // Empty or switched off, it does nothing.
            let off = matches!(value, "" | "no" | "off" | "false");
            if off && WORDS.effect(SETTING, key).is_some() || !self.builder.word(&WORDS, SETTING, "word", key, at, None) {
                continue;
            }
            let values = || value.split([',', ' ', '\t']).map(str::trim).filter(|v| !v.is_empty());
            match key {
                "launch" => self.backends.extend(values().map(|v| (v.to_owned(), at))),
                "also-notify" | "allow-axfr-ips" => values().for_each(|v| self.way(v, Activity::Replicate, key, at)),
                "protobuf-servers" => values().for_each(|v| self.way(v, Activity::Log, key, at)),
                "geoip-zones-file" | "bind-config" => {
                    for path in value.split(',').map(str::trim).filter(|v| !v.is_empty()) {
                        self.named(&source.path, path, at);
                    }
                }
                "include-dir" => {
                    let found = self.files.find(&source.path, value);
                    let found: Vec<SourceId> =
                        found.into_iter().filter(|id| self.input.sources.get(*id).path.ends_with(".conf")).collect();
                    if found.is_empty() {
                        let message = format!("of the folder `{}` no file is among the project's files", shorten(value));
                        self.builder.unclear("missing-include", message, Some("add it, by the same name"), at, None);
                    }
                    for id in found.into_iter().filter(|id| *id != self.input.file) {
                        if self.included.len() >= MAX_FILES && !self.included.contains(&id) {
                            self.builder.too_many_files(at);
                            break;
                        }
                        if self.included.insert(id) {
                            self.file(id);
                        }
                    }
                }
                "dnsupdate" | "experimental-dnsupdate" => {
                    let message = format!("records can be changed while the server runs (`{key}`)");
                    self.untold(message, "add the zones as they are now (`pdnsutil list-zone`)", at);
                }
                "autosecondary" | "superslave" => {
                    let message = format!("other servers may give this one zones that no file names (`{key}`)");
                    self.untold(message, "add the zones as they are now (`pdnsutil list-zone`)", at);
                }
                // They change nothing of where names lead.
                _ => {}
            }
        }
    }

    fn untold(&mut self, message: String, help: &str, location: Location) {
        let (help, scope) = (Some(help.to_owned()), GapScope::Endpoints(vec![self.server.clone()]));
        self.facts.gaps.push(Unread { code: "unfollowed-answer", message, help, location, scope });
    }

    fn named(&mut self, from: &str, path: &str, at: Location) {
        if self.files.find(from, path).is_empty() {
            let message = format!("the zones stand in `{}`, which is not among the project's files", shorten(path));
            self.builder.unclear("missing-include", message, Some("add it, by the name that it has here"), at, None);
        }
    }

    /// Backends are asked in their order, so that one that is not read may answer in place of one that is.
    fn launched(&mut self) {
        let backends = std::mem::take(&mut self.backends);
        let kind = |name: &str| name.split(':').next().unwrap_or(name).to_owned();
        let reads = backends.iter().any(|(name, _)| matches!(kind(name).as_str(), "bind" | "geoip"));
        for (name, at) in backends {
            let kind = kind(&name);
            match kind.as_str() {
                "bind" | "geoip" => {}
                _ if reads || WORDS.effect("`launch`", &kind).is_none() => {
                    self.builder.word(&WORDS, "`launch`", "backend", &kind, at, None);
                }
                _ => {
                    let message =
                        format!("the zones of this server stand in its backend `{}`, which is not read", shorten(&kind));
                    self.untold(message, "dump the zones (`pdnsutil list-zone`) and add them as zone files", at);
                }
            }
        }
    }

    /// Networks are whom zones may be copied to, which is nobody's data.
    fn way(&mut self, text: &str, activity: Activity, key: &str, at: Location) {
        let to = match text.parse() {
            Ok(ip) => Ok(Reference::Address { ip, port: None }),
            Err(_) => peer::peer(text, None).and_then(|peer| match peer {
                Peer::Host { name, port } => Ok(Reference::Host { name, port }),
                Peer::Address { ip, port } | Peer::Loopback { ip, port } => Ok(Reference::Address { ip, port }),
                Peer::Unix(_) => Err("is a socket".to_owned()),
            }),
        };
        match to {
            // The machine itself.
            Ok(Reference::Address { ip, .. }) if ip.is_loopback() => {}
            Ok(to) => self.facts.routes.push(super::way(&self.server, to, activity, key, at)),
            Err(_) if activity == Activity::Replicate => {}
            Err(why) => self.untold(format!("what is asked is told to `{}`, which {why}", shorten(text)), super::DECLARE, at),
        }
    }
}
