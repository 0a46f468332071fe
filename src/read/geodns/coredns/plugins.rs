//! What the plugins of a server block answer, and where they send.

use super::words::WORDS;
use super::{Config, Server, below};
use crate::model::{Activity, GapScope, Reference, Unread};
use crate::read::geodns::{DECLARE, way};
use crate::read::proxy::block::Block;
use crate::read::proxy::peer::{self, Peer};
use crate::read::zone::name;
use crate::read::zone::record::{Data, known_type, shorten};
use crate::source::Location;

impl Config<'_> {
    /// The lines of a plugin's block whose words are known.
    pub(super) fn inner<'b>(&mut self, part: &'static str, line: &'b Block) -> Vec<&'b Block> {
        let mut known = Vec::new();
        for inner in line.body() {
            if self.builder.word(&WORDS, part, "word", inner.name(), inner.location(), None) {
                known.push(inner);
            }
        }
        known
    }

    pub(super) fn plugin(&mut self, line: &Block, server: &mut Server) {
        let at = line.location();
        let words = |from: usize| line.words.iter().skip(from).map(|w| w.text.as_str());
        match line.name() {
            "file" => {
                self.inner("`file`", line);
                self.zone_files(line, line.word(1), &server.zones(words(2)), server);
            }
            "auto" => {
                let folder = self.inner("`auto`", line).into_iter().find(|l| l.name() == "directory");
                self.zone_files(line, folder.map_or("", |l| l.word(1)), &server.zones(words(1)), server);
            }
            "hosts" => self.hosts(line, server),
            "template" => self.template(line, server),
            "rewrite" => self.rewrite(line, server),
            "forward" | "grpc" => {
                self.inner(if line.name() == "grpc" { "`grpc`" } else { "`forward`" }, line);
                for i in 2..line.words.len() {
                    self.way(line, i, Activity::Forward);
                }
                for zone in server.zones(words(1).take(1).filter(|w| *w != ".")) {
                    server.content(&zone).unknown.get_or_insert(at);
                }
            }
            "dnstap" => {
                // Without a port it is a socket of this machine.
                let last = line.words.iter().rposition(|w| w.text.contains(':') && !w.text.starts_with("unix:"));
                if let Some(i) = last.filter(|i| *i > 0) {
                    self.way(line, i, Activity::Log);
                }
            }
            "trace" => {
                // What comes first may be the sort of server; without any it is on this machine.
                let i = if matches!(line.word(1), "zipkin" | "datadog") { 2 } else { 1 };
                if !line.word(i).is_empty() {
                    self.way(line, i, Activity::Log);
                }
            }
            "transfer" => {
                for to in self.inner("`transfer`", line).into_iter().filter(|l| l.name() == "to") {
                    // Whoever asks may have it: a zone is nobody's data.
                    for i in (1..to.words.len()).filter(|i| to.word(*i) != "*") {
                        self.way(to, i, Activity::Replicate);
                    }
                }
            }
            "secondary" => self.elsewhere(line, "from other servers", &server.zones(words(1)), server),
            "route53" => {
                self.elsewhere(line, "from Route 53", &server.zones(words(1).filter_map(|w| w.split(':').next())), server)
            }
            "azure" => {
                self.elsewhere(line, "from Azure DNS", &server.zones(words(1).filter_map(|w| w.split(':').nth(1))), server)
            }
            "clouddns" => {
                self.elsewhere(line, "from Cloud DNS", &server.zones(words(1).filter_map(|w| w.split(':').next())), server);
            }
            "kubernetes" | "k8s_external" => {
                self.elsewhere(line, "from the services of a Kubernetes cluster", &server.zones(words(1)), server);
            }
            "etcd" => self.elsewhere(line, "from etcd", &server.zones(words(1)), server),
            "nomad" => {
                let named = words(1).next().unwrap_or("service.nomad");
                self.elsewhere(line, "from the services of a Nomad cluster", &server.zones([named].into_iter()), server);
            }
            // `import` is done, and `geoip` and `metadata` serve `view`; the others lead nowhere.
            _ => {}
        }
    }

    /// Something that could lead names of zones elsewhere; for a zone of all names it is the server's.
    fn untold(&mut self, code: &'static str, message: &str, help: &str, at: Location, zones: &[String]) {
        for zone in zones {
            match below(zone) {
                Some(below) => self.builder.unclear(code, message.to_owned(), Some(help), at, Some(&below)),
                None => {
                    let (help, scope) = (Some(help.to_owned()), GapScope::Endpoints(vec![self.server.clone()]));
                    self.facts.gaps.push(Unread { code, message: message.to_owned(), help, location: at, scope });
                }
            }
        }
    }

    fn elsewhere(&mut self, line: &Block, from: &str, zones: &[String], server: &mut Server) {
        let at = line.location();
        let help = "declare where the names lead in onshore's own inventory, or add the records as a zone file";
        self.untold(
            "missing-include",
            &format!("the names of this zone are taken {from} (`{}`)", line.name()),
            help,
            at,
            zones,
        );
        for zone in zones {
            server.content(zone).unknown.get_or_insert(at);
        }
    }

    fn zone_files(&mut self, line: &Block, path: &str, zones: &[String], server: &mut Server) {
        let from = self.input.sources.get(line.source).path.as_str();
        let mut found = if path.is_empty() { Vec::new() } else { self.files.find(from, path) };
        if let Some(root) = server.root.as_ref().filter(|_| found.is_empty() && !path.is_empty()) {
            found = self.files.find(from, &format!("{}/{path}", root.trim_end_matches('/')));
        }
        if found.is_empty() {
            let at = line.at(1);
            let message = format!("the zone file `{}` is not among the project's files", shorten(path));
            self.untold("missing-include", &message, "add it, by the name that it has here", at, zones);
            zones.iter().for_each(|zone| _ = *server.content(zone).unknown.get_or_insert(at));
        }
        for zone in zones {
            server.content(zone).files.extend(&found);
        }
    }

    fn hosts(&mut self, line: &Block, server: &mut Server) {
        let zones = server.zones(line.words.iter().skip(2).map(|w| w.text.as_str()));
        let mut inline = false;
        for inner in line.body() {
            let Ok(ip) = inner.name().parse::<std::net::IpAddr>() else {
                self.builder.word(&WORDS, "`hosts`", "word", inner.name(), inner.location(), None);
                continue;
            };
            inline = true;
            for (i, word) in inner.words.iter().enumerate().skip(1) {
                match name::absolute(&word.text, Some("")) {
                    // Names outside of the block's zones are never asked for.
                    Ok(owner) => {
                        if let Some(zone) = server.zone_of(&owner) {
                            server.content(&zone).builder.push(&owner, Data::Address(ip), inner.at(i));
                        }
                    }
                    Err(why) => {
                        let message = format!("the name `{}` {why}", shorten(&word.text));
                        self.builder.unclear("malformed-line", message, None, inner.at(i), None);
                    }
                }
            }
        }
        let file = if line.word(1).is_empty() { "/etc/hosts" } else { line.word(1) };
        let from = self.input.sources.get(line.source).path.as_str();
        // With a table of its own, the machine's file is a habit and not what is meant.
        if self.files.find(from, file).is_empty() && !(inline && line.word(1).is_empty()) {
            let message = format!("the names of `{}` are answered too, and it is not among the project's files", shorten(file));
            self.untold("missing-include", &message, "add the file, by the name that it has here", line.at(1), &zones);
        }
    }

    /// The owner of a gap about many names of a zone: of those that no file of the block tells of, else of all.
    fn owner_of(server: &Server, zone: &str) -> Option<String> {
        if server.mixed { None } else { below(zone) }
    }

    fn template(&mut self, line: &Block, server: &mut Server) {
        let kind = line.word(2).to_ascii_uppercase();
        let leads =
            kind == "ANY" || !matches!(known_type(&kind), Some("TXT" | "PTR" | "CAA" | "HINFO" | "SPF" | "SSHFP" | "TLSA"));
        let lines = self.inner("`template`", line);
        if !leads || !matches!(line.word(1).to_ascii_uppercase().as_str(), "IN" | "ANY") {
            return;
        }
        let asks = lines.iter().find(|l| l.name() == "expr");
        let matches: Vec<&&Block> = lines.iter().filter(|l| l.name() == "match").collect();
        let all = matches.is_empty() || matches.iter().any(|m| matches!(m.word(1), ".*" | "." | "^.*$" | ".+"));
        let names: Option<Vec<String>> =
            matches.iter().flat_map(|m| m.words.iter().skip(1)).map(|w| literal(&w.text)).collect();
        for zone in server.zones(line.words.iter().skip(3).map(|w| w.text.as_str())) {
            let owners: Option<Vec<String>> = match (&names, all, asks) {
                (_, true, None) if !zone.is_empty() && !server.mixed => Some(vec![zone.clone(), format!("*.{zone}")]),
                (Some(names), false, None) => Some(names.clone()),
                _ => None,
            };
            for answer in lines.iter().filter(|l| matches!(l.name(), "answer" | "additional")) {
                let text = answer.rest(1);
                match (record_of(&text), &owners) {
                    (Some((None, rest)), Some(owners)) => {
                        let (first, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                        for owner in owners {
                            server.content(&zone).builder.record(owner, first, rest, "", answer.at(1));
                        }
                    }
                    (Some((Some(owner), rest)), _) => {
                        let (first, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                        match name::absolute(owner, Some("")) {
                            Ok(owner) => server.content(&zone).builder.record(&owner, first, rest, "", answer.at(1)),
                            Err(why) => {
                                let message = format!("the owner `{}` {why}", shorten(owner));
                                self.builder.unclear("malformed-line", message, None, answer.at(1), None);
                            }
                        }
                    }
                    _ => {
                        let message = format!(
                            "`{}` is answered for names that are not listed, or is filled in for each query",
                            shorten(&text)
                        );
                        let owner = Self::owner_of(server, &zone);
                        self.builder.unclear("unfollowed-answer", message, Some(DECLARE), answer.at(1), owner.as_deref());
                    }
                }
            }
        }
    }

    /// The name that is looked up in place of another.
    fn rewrite(&mut self, line: &Block, server: &mut Server) {
        let mut words: Vec<&str> = line.words.iter().skip(1).map(|w| w.text.as_str()).collect();
        if let Some(first) = line.body().first() {
            words.extend(first.words.iter().map(|w| w.text.as_str()));
        }
        if matches!(words.first(), Some(&"continue" | &"stop")) {
            words.remove(0);
        }
        let at = line.at(1);
        let Some((field, rest)) = words.split_first() else {
            let message = "this `rewrite` says nothing".to_owned();
            return self.builder.unclear("malformed-line", message, None, at, None);
        };
        if !self.builder.word(&WORDS, "`rewrite`", "field", field, at, None) || !matches!(*field, "name" | "cname") {
            return;
        }
        let exact = match rest {
            ["exact", from, to, ..] => Some((*from, *to)),
            ["prefix" | "suffix" | "substring" | "regex", ..] => None,
            [from, to, ..] => Some((*from, *to)),
            _ => None,
        };
        let names = exact.filter(|_| *field == "name").and_then(|(from, to)| {
            let absolute = |n: &str| name::absolute(n, Some("")).ok().filter(|n| !n.is_empty());
            Some((absolute(from)?, absolute(to)?))
        });
        let zone = names.as_ref().and_then(|(from, _)| server.zone_of(from));
        if let (Some((from, to)), Some(zone)) = (&names, zone) {
            return server.content(&zone).builder.push(from, Data::Alias(to.clone()), at);
        }
        let message =
            format!("`{}` makes other names of those that are asked for, and is not followed", shorten(&words.join(" ")));
        self.builder.unclear("unfollowed-answer", message, Some(DECLARE), at, None);
    }

    /// A server that the word of a line names.
    fn way(&mut self, line: &Block, i: usize, activity: Activity) {
        let (text, at) = (line.word(i), line.at(i));
        let (_, rest) = text.split_once("://").unwrap_or(("", text));
        let rest = rest.trim_end_matches('/');
        // `9.9.9.9%dns.quad9.net:10853`: the name is that of the certificate.
        let plain = match rest.split_once('%') {
            Some((host, name)) => format!("{host}{}", name.find(':').map_or("", |c| &name[c..])),
            None => rest.to_owned(),
        };
        let port = if text.starts_with("tls://") {
            853
        } else if text.starts_with("https://") {
            443
        } else {
            53
        };
        let port = Some(port).filter(|_| activity != Activity::Log);
        let to = match plain.parse() {
            Ok(ip) => Ok(Reference::Address { ip, port }),
            Err(_) if text.starts_with('/') => Err("is a file, in which the machine says which servers they are".to_owned()),
            Err(_) => peer::peer(&plain, port).and_then(|peer| match peer {
                Peer::Host { name, port } => Ok(Reference::Host { name, port }),
                Peer::Address { ip, port } | Peer::Loopback { ip, port } => Ok(Reference::Address { ip, port }),
                Peer::Unix(_) => Err("is a socket".to_owned()),
            }),
        };
        match to {
            Ok(to) => self.facts.routes.push(way(&self.server, to, activity, line.name(), at)),
            // Copies are nobody's data.
            Err(_) if activity == Activity::Replicate => {}
            Err(why) => {
                let message = format!("queries are handed on to `{}`, which {why}", shorten(text));
                let (help, scope) = (Some(DECLARE.to_owned()), GapScope::Endpoints(vec![self.server.clone()]));
                self.facts.gaps.push(Unread { code: "unusable-target", message, help, location: at, scope });
            }
        }
    }
}

/// The one name that a regular expression fits.
fn literal(regex: &str) -> Option<String> {
    let inner = regex.strip_prefix('^')?.strip_suffix('$')?;
    let plain = inner.replace("\\\\.", ".").replace("\\.", ".").replace("[.]", ".");
    let fits = plain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    // A bare dot stands for any character; in practice it is meant as one.
    name::absolute(&plain, Some("")).ok().filter(|_| fits && plain.ends_with('.'))
}

/// The owner (`None`: the name that was asked for) and the rest of a record that holds nothing else to be filled in.
fn record_of(text: &str) -> Option<(Option<&str>, &str)> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("{{") {
        let (inner, rest) = rest.split_once("}}")?;
        return (inner.trim() == ".Name" && !rest.contains("{{")).then(|| (None, rest.trim()));
    }
    let (owner, rest) = text.split_once(char::is_whitespace)?;
    (!text.contains("{{")).then(|| (Some(owner), rest.trim()))
}
