//! Where copies are kept: buckets by their URL, an endpoint and a region; folders; hosts that are written to over SSH.
//!
//! A bucket behind an endpoint of one's own (MinIO, Ceph) stands where that endpoint stands, and its region says nothing. A folder
//! is a disk of the machine that writes to it, unless its path says that it is mounted from elsewhere.

use super::Copies;
use crate::model::{EndpointFact, Reference, Role, Roles, Standing};
use crate::read::proxy::output::Touch;
use crate::read::proxy::peer::{Peer, peer, scheme_port, split_url};
use crate::source::{Location, Spanned};

/// What is told of a bucket beside its URL.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// `https://minio.example:9000`, where it is not the provider's own.
    pub endpoint: Option<String>,
    pub region: Option<(String, Location)>,
}

/// Schemes of buckets: the provider in the region tables, and the beginning of the id by which others know the bucket.
const BUCKETS: &[(&str, &str, &str)] = &[
    ("s3", "aws", "arn:aws:s3:::"),
    ("s3a", "aws", "arn:aws:s3:::"),
    ("s3n", "aws", "arn:aws:s3:::"),
    ("gs", "gcp", "gs://"),
    ("gcs", "gcp", "gs://"),
    ("oss", "alibaba", "oss://"),
    ("cos", "tencent", "cos://"),
    ("obs", "huawei", "obs://"),
];

/// Paths under which other machines' disks are commonly mounted.
const MOUNTS: &[&str] =
    &["/mnt/", "/media/", "/net/", "/nfs/", "//", "\\\\", "/Volumes/", "/efs/", "/fsx/", "/gcsfuse/", "/s3/"];

impl Copies<'_> {
    /// The store at a URL; a gap about `touch` if it cannot be told.
    pub fn store(&mut self, url: &str, about: &About, writer: usize, at: Location, touch: Touch) -> Option<usize> {
        let (scheme, host) = split_url(url);
        let Some(scheme) = scheme else { return Some(self.folder(url, writer, at)) };
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        if let Some((_, provider, prefix)) = BUCKETS.iter().find(|(s, _, _)| *s == scheme) {
            if host.is_empty() || host.contains(['$', '{', '<']) {
                self.no_target(url, "names no bucket", at, touch);
                return None;
            }
            return Some(self.bucket(provider, &format!("{prefix}{host}"), url, about, at));
        }
        match scheme.as_str() {
            "file" | "nodelocal" | "local" => {
                let path = url.split_once("://").map_or("", |(_, path)| path);
                Some(self.folder(path, writer, at))
            }
            "azure" | "azure-blob" | "azure-storage" | "az" => {
                let url = format!("azure://{host}");
                Some(self.bucket("azure", &url, &url, about, at))
            }
            _ => match peer(host, scheme_port(&scheme)) {
                Ok(peer) => Some(self.remote("copy-host", &peer, at)),
                Err(why) => {
                    self.no_target(url, &why, at, touch);
                    None
                }
            },
        }
    }

    /// A bucket by the id that others know it by. `shown` is what people call it.
    pub fn bucket(&mut self, provider: &str, id: &str, shown: &str, about: &About, at: Location) -> usize {
        let endpoint = about.endpoint.as_deref().map(|e| split_url(e).1).filter(|e| !e.is_empty());
        let host = endpoint.map(|e| e.split(':').next().unwrap_or(e).to_ascii_lowercase());
        // S3 is spoken by others too, whose regions are called alike.
        let by_host = host.as_deref().and_then(provider_of);
        let provider = by_host.unwrap_or(provider);
        let own = endpoint.filter(|_| by_host.is_none());
        let key = own.map_or_else(|| id.to_owned(), |e| format!("{e}/{id}"));
        if let Some(known) = self.stores.get(&key) {
            return *known;
        }
        let name = shown.split_once("://").map_or(shown, |(_, rest)| rest).split('/').next().unwrap_or(shown);
        let mut fact = EndpointFact::new("bucket", id, at);
        fact.roles = Roles::of(&[Role::Store]);
        fact.elsewhere = true;
        let mut unreadable = None;
        if let Some(own) = own {
            fact.label = format!("{own}/{name}");
            match peer(own, None) {
                Ok(Peer::Host { name, port }) => fact.part_of.push(Reference::Host { name, port }),
                Ok(Peer::Address { ip, port }) => fact.part_of.push(Reference::Address { ip, port }),
                // On the machine that writes to it.
                Ok(Peer::Loopback { .. } | Peer::Unix(_)) => {}
                Err(why) => unreadable = Some((own.to_owned(), why)),
            }
            if unreadable.is_none() {
                fact.standing = Standing::WithSender;
            }
        } else {
            fact.cloud_ids.push(id.to_owned());
            fact.provider = Some(provider.to_owned());
            let of_host = host.as_deref().and_then(region_of);
            if let Some((region, told_at)) = about.region.clone().or_else(|| of_host.map(|r| (r.to_owned(), at))) {
                let span = if told_at.source == at.source { told_at.span } else { at.span };
                fact.region = Some(Spanned::new(region, span));
            }
        }
        let index = self.out.principal(fact);
        self.stores.insert(key, index);
        if let Some((endpoint, why)) = unreadable {
            self.no_target(&endpoint, &why, at, Touch::Endpoint(index));
        }
        index
    }

    /// A folder that `writer` writes to.
    pub fn folder(&mut self, path: &str, writer: usize, at: Location) -> usize {
        let mounted = MOUNTS.iter().any(|m| path.starts_with(m)) || path.to_ascii_lowercase().contains("nfs");
        let key = if mounted { path.to_owned() } else { format!("{writer} {path}") };
        if let Some(known) = self.stores.get(&key) {
            return *known;
        }
        let mut fact = EndpointFact::new("backup-folder", path, at);
        fact.roles = Roles::of(&[Role::Store]);
        fact.elsewhere = mounted;
        if !mounted {
            fact.standing = Standing::WithSender;
            fact.part_of.push(Reference::Fact(writer));
        }
        let index = self.out.principal(fact);
        self.stores.insert(key, index);
        index
    }

    /// A machine that keeps copies and is no server of the database.
    pub fn remote(&mut self, kind: &'static str, peer: &Peer, at: Location) -> usize {
        let label = match peer {
            Peer::Host { name, .. } => name.clone(),
            Peer::Address { ip, .. } => ip.to_string(),
            Peer::Loopback { .. } | Peer::Unix(_) => return self.own(at.source),
        };
        if let Some(known) = self.stores.get(&label) {
            return *known;
        }
        let mut fact = EndpointFact::new(kind, label.as_str(), at);
        fact.roles = Roles::of(&[Role::Store]);
        fact.elsewhere = true;
        match peer {
            Peer::Host { name, .. } => fact.names.push(Spanned::new(name.clone(), at.span)),
            Peer::Address { ip, port } => fact.addresses.push(crate::model::Address { ip: *ip, port: *port, location: at }),
            Peer::Loopback { .. } | Peer::Unix(_) => {}
        }
        let index = self.out.principal(fact);
        self.stores.insert(label, index);
        index
    }
}

/// Domains by which a provider serves all its buckets, and the provider in the region tables.
const DOMAINS: &[(&str, &str)] = &[
    ("amazonaws.com", "aws"),
    ("amazonaws.com.cn", "aws"),
    ("storage.googleapis.com", "gcp"),
    ("aliyuncs.com", "alibaba"),
    ("myqcloud.com", "tencent"),
    ("myhuaweicloud.com", "huawei"),
];

/// The provider that serves all its buckets by this host.
pub fn provider_of(host: &str) -> Option<&'static str> {
    let serves = |end: &str| host.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    DOMAINS.iter().find(|(end, _)| serves(end)).map(|(_, provider)| *provider)
}

/// `s3.eu-central-1.amazonaws.com`, `oss-eu-central-1.aliyuncs.com`, `cos.ap-beijing.myqcloud.com`.
fn region_of(host: &str) -> Option<&str> {
    let (first, rest) = host.split_once('.')?;
    let second = rest.split('.').next()?;
    let of_label = ["s3-", "oss-", "obs-"].iter().find_map(|p| first.strip_prefix(p));
    of_label.or_else(|| matches!(first, "s3" | "cos" | "obs").then_some(second)).filter(|r| r.contains('-'))
}
