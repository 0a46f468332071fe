//! Readers: one file (or folder) per input format. Each keeps its format's own words in private structs and translates once,
//! at the border, into `model::Facts`. A reader never fails as a whole and never drops what could change the answer: what it
//! cannot follow becomes a gap with its line.

pub mod ansible;
pub mod apache;
pub mod apisix;
pub mod arm;
pub mod backup;
pub mod caddy;
pub mod cassandra;
pub mod cloudformation;
pub mod cockroach;
pub mod compose;
pub mod elastic;
pub mod envoy;
pub mod export;
pub mod fides;
pub mod geodns;
pub mod haproxy;
pub mod inventory;
pub mod kafka;
pub mod kong;
pub mod kubernetes;
pub mod mongodb;
pub mod mysql;
pub mod netbox;
pub mod nginx;
pub mod postgres;
pub mod redis;
pub mod squid;
pub mod table;
pub mod traefik;
pub mod varnish;

use std::sync::LazyLock;

use crate::model::Facts;
use crate::source::{InputError, SourceId, Sources};

mod all;
mod hosts;
mod mentions;
pub mod paths;
mod proxy;
mod pulumi;
mod replicas;
pub mod resource;
mod settings;
mod shipper;
mod template;
mod terraform;
pub mod words;
mod zone;

pub use all::{ReadAll, ReadError, read_all, side_by_side};
pub use settings::{FileSettings, Settings, Told};

/// Looks at a path and the beginning of a text and says how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recognized {
    No,
    /// The name fits and the content does not contradict it, or the other way round.
    Maybe,
    Yes,
}

/// The whole lines at the beginning of a text, at most 64 KiB (or a piece of a longer first line): enough to recognize it.
pub fn glance(text: &str) -> &str {
    const BYTES: usize = 64 << 10;
    if text.len() <= BYTES {
        return text;
    }
    let cut = text.get(..text.floor_char_boundary(BYTES)).unwrap_or("");
    cut.rsplit_once('\n').map_or(cut, |(whole, _)| whole)
}

/// What a reader may look at: the texts that were loaded. Includes are found among them by path.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pub sources: &'a Sources,
    pub file: SourceId,
    pub settings: &'a Settings,
}

/// Nothing is told beside the files.
static NO_SETTINGS: LazyLock<Settings> = LazyLock::new(Settings::default);

impl<'a> Input<'a> {
    pub fn new(sources: &'a Sources, file: SourceId) -> Self {
        Self { sources, file, settings: &NO_SETTINGS }
    }

    pub fn path(&self) -> &'a str {
        &self.sources.get(self.file).path
    }

    pub fn text(&self) -> &'a str {
        &self.sources.get(self.file).text
    }
}

/// All files of one format.
#[derive(Clone, Copy)]
pub struct Set<'a> {
    pub sources: &'a Sources,
    pub files: &'a [SourceId],
    pub settings: &'a Settings,
}

impl<'a> Set<'a> {
    pub fn input(&self, file: SourceId) -> Input<'a> {
        Input { sources: self.sources, file, settings: self.settings }
    }

    /// All files as one unit, under the first of them.
    fn as_one(&self, read: impl Fn(&Input<'_>, &[SourceId]) -> Reading) -> Option<Vec<(SourceId, Reading)>> {
        let first = self.files.first()?;
        Some(vec![(*first, read(&self.input(*first), self.files))])
    }
}

/// What came of one file.
#[derive(Debug, Default)]
pub struct Reading {
    pub facts: Facts,
    /// Further files taken in by `include` and the like; they are then not read on their own.
    pub included: Vec<SourceId>,
    /// The file is not in this format after all, or is broken beyond use: why. Facts and gaps found so far still count.
    pub broken: Option<String>,
    /// Mistakes of syntax in files of other formats, each a gap that could hide anything: what could be read still counts, the
    /// rest is checked, and `onshore check` ends with exit code 2.
    pub syntax: Vec<InputError>,
    /// Mistakes in files that users write for onshore itself; nothing is checked, and the run ends with exit code 2.
    pub errors: Vec<InputError>,
}

/// One input format.
pub trait Reader: Sync {
    /// As `--input-format` and coverage name it: `nginx`, `dns-zone`.
    fn format(&self) -> &'static str;
    /// One line for people: "nginx configuration (http and stream)".
    fn describe(&self) -> &'static str;
    /// What is understood of the format's own words, where it has such words.
    fn words(&self) -> &'static [words::Words] {
        &[]
    }
    /// Reads files that only mean something together (a tree of modules, the manifests of a cluster), given in the order of
    /// their paths: a reading for each unit, under the file that stands for it, whose `included` names the others.
    /// `None`: each file is read by itself.
    fn read_together(&self, _set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        None
    }
    /// From name and content alone.
    fn recognize(&self, path: &str, text: &str) -> Recognized;
    fn read(&self, input: &Input<'_>) -> Reading;
}

/// A text with the names between `open` and `}` replaced by their values, where `value` tells one. What comes in is not looked at
/// again, and long values stay out, so that a text grows by little.
fn filled_in<'v>(text: &str, open: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    const LONG: usize = 256;
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        filled.push_str(before);
        let name = after.split_once('}').map(|(name, _)| name);
        match name.and_then(|n| Some((n, value(n).filter(|v| v.len() <= LONG)?))) {
            Some((name, value)) => {
                filled.push_str(value);
                rest = &after[name.len() + 1..];
            }
            None => {
                filled.push_str(open);
                rest = after;
            }
        }
    }
    filled + rest
}

/// What a reader of sets makes of one file by itself.
fn alone(reader: &impl Reader, input: &Input<'_>) -> Reading {
    let set = Set { sources: input.sources, files: &[input.file], settings: input.settings };
    reader.read_together(&set).into_iter().flatten().next().map_or_else(Reading::default, |(_, reading)| reading)
}

/// Every reader. Order does not matter: detection takes the surest and reports a tie.
pub const READERS: &[&dyn Reader] = &[
    &ansible::Ansible,
    &apache::Apache,
    &apisix::Apisix,
    &arm::Arm,
    &backup::Backup,
    &caddy::Caddy,
    &cassandra::Cassandra,
    &cloudformation::CloudFormation,
    &cockroach::Cockroach,
    &compose::Compose,
    &elastic::Elastic,
    &envoy::Envoy,
    &export::CloudExport,
    &fides::Fides,
    &geodns::answers::Answers,
    &geodns::bind::Bind,
    &geodns::coredns::CoreDns,
    &geodns::gdnsd::Gdnsd,
    &geodns::ibp::Ibp,
    &geodns::json::GeoDnsJson,
    &geodns::knot::Knot,
    &geodns::nsd::Nsd,
    &geodns::octodns::OctoDns,
    &geodns::pdns::Pdns,
    &geodns::powerdns::PowerDns,
    &haproxy::Haproxy,
    &hosts::Hosts,
    &inventory::Inventory,
    &kafka::Kafka,
    &kong::Kong,
    &kubernetes::Kubernetes,
    &mongodb::MongoDb,
    &mysql::MySql,
    &netbox::NetBox,
    &nginx::Nginx,
    &postgres::Postgres,
    &pulumi::Pulumi,
    &redis::Redis,
    &shipper::Beats,
    &shipper::FluentBit,
    &shipper::Fluentd,
    &shipper::Logstash,
    &shipper::OtelCollector,
    &shipper::Rsyslog,
    &shipper::Vector,
    &squid::Squid,
    &table::Table,
    &terraform::Terraform,
    &terraform::json::Plan,
    &terraform::json::State,
    &traefik::Traefik,
    &varnish::Varnish,
    &zone::Zone,
];
