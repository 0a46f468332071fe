//! Connect workers and connectors (documentation, "Kafka Connect"). What a connector does is its class's affair; here it is a sink
//! or a source by its name, and whatever its settings name is where records go or come from.

use super::known::WORDS;
use super::{cluster_of, flow};
use crate::doc::{Node, json};
use crate::model::{Activity, Reference, Role, Roles};
use crate::read::mentions::{Mention, mentions};
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::replicas::lines::Setting;
use crate::read::replicas::store::About;
use crate::source::{Location, SourceId, Spanned};

/// Workers and connectors of one folder.
#[derive(Default)]
pub(super) struct Connect {
    /// The process and its cluster.
    workers: Vec<(usize, Option<usize>, Location)>,
    connectors: Vec<Connector>,
}

struct Connector {
    name: String,
    settings: Vec<Setting>,
    at: Location,
}

impl Connect {
    pub fn worker(&mut self, copies: &mut Copies<'_>, file: SourceId, settings: &[Setting]) {
        let worker = copies.own(file);
        copies.out.facts.endpoints[worker].kind = "kafka-connect".to_owned();
        copies.out.facts.endpoints[worker].roles = Roles::of(&[Role::Process]);
        let mut cluster = None;
        let mut place = copies.out.facts.endpoints[worker].location;
        for setting in settings {
            copies.dotted(&WORDS, "Connect worker", setting.name(), setting.key_at(), Touch::Endpoint(worker));
            match setting.name() {
                "bootstrap.servers" => {
                    place = setting.at();
                    let group = cluster_of(copies, setting.text(), setting, Touch::Endpoint(worker));
                    copies.way(group, worker, Activity::Forward, setting.at());
                    copies.way(worker, group, Activity::Forward, setting.at());
                    cluster = Some(group);
                }
                "rest.advertised.host.name" => copies.reached_by(worker, setting.text(), setting.at()),
                // Words in no table are gaps already.
                _ => {}
            }
        }
        self.workers.push((worker, cluster, place));
    }

    pub fn properties(&mut self, copies: &mut Copies<'_>, file: SourceId, settings: &[Setting]) {
        let name = settings.iter().find(|s| s.name() == "name");
        let shown = name.map_or_else(|| copies.input.sources.get(file).path.clone(), |n| n.text().to_owned());
        let Some(at) = name.or(settings.first()).map(Setting::at) else { return };
        self.connectors.push(Connector { name: shown, settings: settings.to_vec(), at });
    }

    /// `{"name", "config": {...}}`, a bare config, a list of either, or the answer of `GET /connectors?expand=info`.
    pub fn json(&mut self, copies: &mut Copies<'_>, file: SourceId, text: &str) {
        let document = json::parse(text);
        copies.problems(file, &document);
        let mut open: Vec<(Node<'_>, usize, Option<&str>)> = document.roots().map(|r| (r, 0, None)).collect();
        while let Some((node, depth, above)) = open.pop() {
            let own = node.get("name").and_then(|n| n.text()).or(above);
            if node.get("connector.class").is_none() {
                if depth < 4 {
                    open.extend(node.items().chain(node.entries().map(|e| e.value)).map(|n| (n, depth + 1, own)));
                }
                continue;
            }
            let setting = |e: crate::doc::Entry<'_>| Setting {
                section: String::new(),
                key: Spanned::new(e.name().to_owned(), e.key.span()),
                value: Spanned::new(e.value.text().unwrap_or("").to_owned(), e.value.span()),
                source: file,
            };
            let settings: Vec<Setting> = node.entries().map(setting).collect();
            let path = &copies.input.sources.get(file).path;
            let at = node.get("connector.class").map_or(node.span(), |c| c.span());
            self.connectors.push(Connector {
                name: own.map_or_else(|| path.clone(), str::to_owned),
                settings,
                at: Location::new(file, at),
            });
        }
    }

    pub fn finish(self, copies: &mut Copies<'_>) {
        for (worker, cluster, at) in self.workers.iter().filter(|_| self.connectors.is_empty()) {
            let message = "which connectors this worker runs stands in its cluster, not in this file".to_owned();
            let help = "add the answer of `GET /connectors?expand=info` as a JSON file beside it";
            copies.members_unknown(message, help, *at, Touch::Endpoint(cluster.unwrap_or(*worker)));
        }
        for connector in &self.connectors {
            let process = match self.workers.as_slice() {
                [(worker, _, _)] => *worker,
                _ => copies.own(connector.at.source),
            };
            let worker =
                self.workers.first().filter(|_| self.workers.len() == 1).map(|(worker, cluster, _)| (*worker, *cluster));
            one(copies, connector, process, worker.and_then(|(_, cluster)| cluster));
        }
    }
}

fn one(copies: &mut Copies<'_>, connector: &Connector, process: usize, cluster: Option<usize>) {
    let find = |key: &str| connector.settings.iter().rev().find(|s| s.name() == key).filter(|s| !s.text().is_empty());
    let Some(class) = find("connector.class") else { return };
    let own = flow(copies, "kafka-connector", connector.name.clone(), process, connector.at);
    let fact = &mut copies.out.facts.endpoints[process];
    if fact.kind == "kafka-broker" {
        fact.kind = "kafka-connect".to_owned();
        fact.roles = Roles::of(&[Role::Process]);
    }
    let short = class.text().rsplit('.').next().unwrap_or(class.text());
    if short == "MirrorSourceConnector" {
        let ends = ["source.cluster.bootstrap.servers", "target.cluster.bootstrap.servers"].map(find);
        if let [Some(source), Some(target)] = ends {
            let from = cluster_of(copies, source.text(), source, Touch::Endpoint(own));
            let to = cluster_of(copies, target.text(), target, Touch::Endpoint(own));
            copies.way(from, own, Activity::Forward, source.at());
            copies.way(own, to, Activity::Replicate, target.at());
            return;
        }
    }
    if matches!(short, "MirrorHeartbeatConnector" | "MirrorCheckpointConnector") {
        return;
    }
    let sink = short.contains("Sink");
    if !sink && !short.contains("Source") && !class.text().starts_with("io.debezium.connector.") {
        let message = format!("what the connector class `{}` does is not known", shorten(class.text()));
        copies.unfollowed(message, class.at(), Touch::Everything);
        return;
    }
    if let Some(cluster) = cluster {
        let (from, to) = if sink { (cluster, own) } else { (own, cluster) };
        copies.way(from, to, Activity::Forward, connector.at);
    }
    let region = find("s3.region").or_else(|| find("aws.s3.region")).map(|s| (s.text().to_owned(), s.at()));
    let about = About { endpoint: find("store.url").map(|s| s.text().to_owned()), region };
    let mut far: Vec<(Reference, Location)> = Vec::new();
    for setting in &connector.settings {
        let bucket = match setting.name() {
            "s3.bucket.name" | "aws.s3.bucket.name" => Some("s3"),
            "gcs.bucket.name" => Some("gs"),
            "oss.bucket" => Some("oss"),
            _ => None,
        };
        if let Some(scheme) = bucket {
            let url = format!("{scheme}://{}", setting.text());
            let store = copies.store(&url, &about, process, setting.at(), Touch::Endpoint(own));
            far.extend(store.map(|s| (Reference::Fact(s), setting.at())));
            continue;
        }
        // Who checks schemas or proves who one is gets no records.
        let word = setting.name();
        let aside = ["converter", "schema.registry", "store.url"].iter().any(|w| word.contains(w));
        let named = ["class", "topics", "transforms"].iter().any(|w| word.contains(w)) || word == "name";
        let asks = ["host", "server", "url", "endpoint"].iter().any(|w| word.ends_with(w));
        if aside || (named && !asks) {
            continue;
        }
        for mention in mentions(word, setting.text()) {
            match mention {
                Mention::Host { name, port, sure: true } => far.push((Reference::Host { name, port }, setting.at())),
                Mention::Host { .. } => {}
                Mention::Address { ip, port } => far.push((Reference::Address { ip, port }, setting.at())),
                Mention::Bucket(id) | Mention::CloudId(id) => far.push((Reference::Id(id), setting.at())),
                Mention::Unresolved(text) => {
                    copies.no_target(&text, "holds a variable that is not known", setting.at(), Touch::Endpoint(own));
                }
            }
        }
    }
    if far.is_empty() {
        let message =
            format!("none of its settings tells where `{}` {}", shorten(short), if sink { "writes" } else { "reads" });
        copies.unfollowed(message, class.at(), Touch::Endpoint(own));
    }
    for (reference, at) in far {
        if sink {
            copies.out.route(Output::plain(own, reference, Activity::Replicate, at));
        } else {
            let mut route = Output::plain(own, Reference::Fact(own), Activity::Forward, at);
            route.from = reference;
            copies.out.route(route);
        }
    }
}
