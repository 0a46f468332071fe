//! Volumes and mounts: what a service writes to, and where that is kept.

use super::project::Definition;
use super::service::{Project, Service};
use crate::doc::Node;
use crate::model::{Activity, Reference, Role, RouteFact, Standing};
use crate::read::mentions::{Mention, mentions, shorten};
use crate::source::Location;

/// Types of `mount` that keep what they hold on the disks or in the memory of the machine.
const LOCAL_TYPES: &[&str] =
    &["", "none", "bind", "tmpfs", "ramfs", "overlay", "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "vfat", "ntfs"];

impl<'d> Project<'_, 'd> {
    pub(super) fn volumes(&mut self, service: &Service<'d>) {
        for (definition, node) in service.all("volumes") {
            self.mounts(service.fact, definition, node);
        }
    }

    pub(super) fn mounts(&mut self, index: usize, definition: Definition<'d>, node: Node<'d>) {
        for item in node.items() {
            let location = definition.at(item);
            let (kind, source) = match item.text() {
                Some(_) => {
                    let text = self.fill(item);
                    let parts: Vec<&str> = text.split(':').collect();
                    let source = if parts.len() > 1 { parts[0].to_owned() } else { String::new() };
                    let bind = source.starts_with(['.', '/', '~']) || source.contains('/');
                    (if bind { "bind" } else { "volume" }.to_owned(), source)
                }
                None => {
                    let text = |key: &str| item.get(key).map(|n| self.fill(n)).unwrap_or_default();
                    (text("type"), text("source"))
                }
            };
            match kind.as_str() {
                // In memory, a pipe of this machine, or files that come with an image.
                "tmpfs" | "npipe" | "image" => {}
                "volume" | "cluster" if !source.is_empty() => {
                    let store = match self.volumes.iter().find(|(name, _)| **name == source) {
                        Some((_, store)) => *store,
                        None => self.undeclared(&source, location),
                    };
                    self.route(index, Reference::Fact(store), Activity::Forward, location);
                }
                // On the machine itself: folders of it, and volumes without a name.
                _ => self.facts.endpoints[index].roles.insert(Role::Store),
            }
        }
    }

    pub(super) fn undeclared(&mut self, source: &str, location: Location) -> usize {
        let label = format!("{}compose/volume/{source}", self.prefix);
        if let Some(known) = self.others.get(&label) {
            return *known;
        }
        let store = self.store(label.clone(), location);
        self.others.insert(label, store);
        self.remark(
            "undefined-claim",
            format!("volume `{source}` is declared nowhere"),
            "declare it under `volumes`",
            location,
        );
        store
    }

    pub(super) fn declare_volume(&mut self, root: &Definition<'d>, name: &'d str, key: Node<'d>, node: Node<'d>) {
        let location = root.at(key);
        let store = match self.volumes.get(name) {
            Some(known) => *known,
            None => {
                let store = self.store(format!("{}compose/volume/{name}", self.prefix), location);
                self.volumes.insert(name, store);
                store
            }
        };
        let driver = node.get("driver").map(|d| self.fill(d)).unwrap_or_default();
        let options = node.get("driver_opts");
        let option = |key: &str| options.and_then(|o| o.get(key));
        let external = node.get("external").is_some_and(|e| e.as_bool() != Some(false));
        let help = "give the store its place with [[geo.override]]";
        if external {
            self.facts.endpoints[store].elsewhere = true;
            let message = format!("volume `{name}` is made outside of this project, so where it keeps its data is not known");
            return self.remark("unknown-storage", message, help, location);
        }
        let kind = option("type").map(|t| self.fill(t)).unwrap_or_default();
        let server = match driver.as_str() {
            "" | "local" if matches!(kind.as_str(), "nfs" | "nfs4" | "cifs" | "smb3") => {
                let o = option("o").map(|o| self.fill(o)).unwrap_or_default();
                let address = o.split(',').find_map(|p| p.trim().strip_prefix("addr=")).map(str::to_owned);
                let device = option("device").map(|d| self.fill(d)).unwrap_or_default();
                let by_device = device.trim_start_matches("//").split(['/', ':']).next().unwrap_or("").to_owned();
                address.or(Some(by_device))
            }
            // A file system that is made on this machine; any other type may be of another one (`ceph`, `9p`, `fuse.sshfs`).
            "" | "local" if LOCAL_TYPES.contains(&kind.as_str()) => {
                self.facts.endpoints[store].standing = Standing::WithSender;
                return;
            }
            "" | "local" => None,
            // `user@host:/path`.
            _ => option("sshcmd").map(|s| self.fill(s)).map(|s| s.split(':').next().unwrap_or("").to_owned()),
        };
        let found = server.map(|s| mentions("host", &s)).unwrap_or_default();
        let mut known = false;
        for mention in found {
            let to = match mention {
                Mention::Address { ip, port } => Reference::Address { ip, port },
                Mention::Host { name, port, .. } => Reference::Host { name, port },
                Mention::Bucket(_) | Mention::CloudId(_) | Mention::Unresolved(_) => continue,
            };
            known = true;
            let mut way = RouteFact::new(Reference::Fact(store), to.clone(), Activity::Forward, location);
            way.alias = true;
            self.facts.routes.push(way);
            self.facts.endpoints[store].part_of.push(to);
        }
        if !known {
            self.facts.endpoints[store].elsewhere = true;
            let what = if matches!(driver.as_str(), "" | "local") { kind } else { driver };
            let message = format!("where the volume driver `{}` keeps its data is not known", shorten(&what));
            self.remark("unknown-storage", message, help, location);
        }
    }
}
