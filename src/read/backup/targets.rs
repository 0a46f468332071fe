//! Where a repository stands, by the notations of Borg and restic: a path, `user@host:path`, a URL, `s3:host/bucket`,
//! `rclone:remote:path` and their like.

use std::collections::BTreeMap;

use crate::model::{Activity, EndpointFact, Role, Roles};
use crate::read::proxy::output::Touch;
use crate::read::proxy::peer::{peer, split_url};
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::replicas::store::About;
use crate::source::Location;

/// What a target may be named by beside its own text.
#[derive(Default)]
pub(super) struct Targets {
    /// Remotes of rclone by name, each with where it leads: several for one that is a union of others.
    pub remotes: BTreeMap<String, Vec<usize>>,
}

/// Variables that say where a repository stands: their values and lines.
pub(super) type Variables = BTreeMap<String, (String, Location)>;

/// A repository and the line that names it.
#[derive(Clone, Copy)]
pub(super) struct Named<'t> {
    pub text: &'t str,
    pub at: Location,
}

impl Targets {
    /// Ways from a machine to a repository; a gap where it cannot be told.
    pub fn back_up(&self, copies: &mut Copies<'_>, own: usize, to: Named<'_>, variables: &Variables) {
        for store in self.stores(copies, own, to, variables) {
            copies.route(own, store, Activity::Backup, to.at, |_| {});
        }
    }

    pub fn stores(&self, copies: &mut Copies<'_>, own: usize, to: Named<'_>, variables: &Variables) -> Vec<usize> {
        let (text, at) = (to.text.trim(), to.at);
        let touch = Touch::Endpoint(own);
        let variable = |key: &str| variables.get(key).filter(|(v, _)| !v.is_empty());
        let region = variable("AWS_DEFAULT_REGION").or_else(|| variable("AWS_REGION")).cloned();
        if text.is_empty() || text.starts_with(['$', '%']) {
            copies.no_target(text, "names no repository", at, touch);
            return Vec::new();
        }
        // A scheme is longer than the letter of a drive.
        let scheme = text.split_once(':').filter(|(scheme, _)| scheme.len() > 1 && !scheme.contains(['/', '@', '.']));
        let (scheme, rest) = scheme.unwrap_or(("", text));
        if let Some(rest) = rest.strip_prefix("//").filter(|_| !scheme.is_empty()) {
            let about = About { endpoint: None, region };
            if scheme == "sftp" || scheme == "ssh" {
                return self.host(copies, own, split_url(text).1, at);
            }
            // `s3://bucket` and `gs://bucket` are Borg's and autorestic's; a folder may be written as a URL too.
            let url = if scheme == "file" { format!("file://{rest}") } else { text.to_owned() };
            return copies.store(&url, &about, own, at, touch).into_iter().collect();
        }
        match scheme {
            "s3" => {
                // Borg: an account may stand before it. Without a scheme it is HTTPS.
                let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
                let rest = rest.split_once("://").map_or(rest, |(_, rest)| rest);
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                let is_host = host.contains(['.', ':']) || host == "localhost";
                let (host, path) = if is_host { (Some(host), path) } else { (None, rest) };
                let bucket = path.trim_start_matches('/').split('/').next().unwrap_or("");
                let about = About { endpoint: host.map(str::to_owned), region };
                copies.store(&format!("s3://{bucket}"), &about, own, at, touch).into_iter().collect()
            }
            "gs" => {
                let bucket = rest.split([':', '/']).next().unwrap_or("");
                copies.store(&format!("gs://{bucket}"), &About::default(), own, at, touch).into_iter().collect()
            }
            "azure" => match variable("AZURE_ACCOUNT_NAME") {
                Some((account, told)) => {
                    let suffix = variable("AZURE_ENDPOINT_SUFFIX").map_or("core.windows.net", |(s, _)| s.as_str());
                    self.host(copies, own, &format!("{account}.blob.{suffix}"), *told)
                }
                None => vec![unknown(copies, text, "its account (`AZURE_ACCOUNT_NAME`) is not told here", at)],
            },
            "sftp" | "ssh" => self.host(copies, own, rest.split(['/', ':']).next().unwrap_or(rest), at),
            "rest" => {
                let (_, host) = split_url(rest);
                self.host(copies, own, host, at)
            }
            "rclone" => {
                let remote = rest.split(':').next().unwrap_or("");
                match self.remotes.get(remote) {
                    Some(stores) => stores.clone(),
                    None => vec![unknown(copies, text, "its remote is in a configuration of rclone that was not read", at)],
                }
            }
            "b2" => vec![unknown(copies, text, "the account at Backblaze decides its region", at)],
            "swift" => vec![unknown(copies, text, "the account at its OpenStack decides where it is", at)],
            "local" | "file" => vec![copies.folder(rest, own, at)],
            // `user@host:path`.
            _ => match text.split_once(':').filter(|(host, _)| host.len() > 1 && !host.contains('/')) {
                Some((host, _)) => self.host(copies, own, host, at),
                None => vec![copies.folder(text, own, at)],
            },
        }
    }

    /// A machine that is written to, by `user@host:port`.
    fn host(&self, copies: &mut Copies<'_>, own: usize, text: &str, at: Location) -> Vec<usize> {
        let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
        match peer(host, None) {
            Ok(peer) => vec![copies.remote("backup-host", &peer, at)],
            Err(why) => {
                copies.no_target(text, &why, at, Touch::Endpoint(own));
                Vec::new()
            }
        }
    }
}

/// A store of unknown place. `why` is a clause.
pub(super) fn unknown(copies: &mut Copies<'_>, label: &str, why: &str, at: Location) -> usize {
    let mut fact = EndpointFact::new("backup-repository", shorten(label), at);
    fact.roles = Roles::of(&[Role::Store]);
    fact.elsewhere = true;
    let store = copies.out.principal(fact);
    let message = format!("where `{}` stands is not known: {why}", shorten(label));
    copies.gap("unfollowed-copy", message, "declare its place with [[geo.override]]", at, Touch::Endpoint(store));
    store
}
