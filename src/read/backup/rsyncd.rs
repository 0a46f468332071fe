//! rsyncd.conf(5): what the rsync daemon of a machine hands out, and what it takes in. Who may copy a module away stands in `hosts
//! allow`; where that names hosts, each may, and where it does not, who does is told by their own files only.

use std::collections::BTreeMap;

use super::commands::Commands;
use super::known::WORDS;
use super::shell::Stands;
use super::targets::{Targets, Variables};
use crate::model::Activity;
use crate::read::proxy::output::Touch;
use crate::read::proxy::peer::{Peer, peer};
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::replicas::lines::{Setting, ini};
use crate::source::{Location, SourceId};

pub(super) fn is_one(path: &str, text: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let named = name == "rsyncd.conf" || (name.ends_with(".conf") && (name.contains("rsyncd") || path.contains("rsyncd.d/")));
    named
        && text.lines().any(|l| l.trim_start().starts_with('['))
        && text.lines().any(|l| plain(l.split('=').next().unwrap_or("")) == "path")
}

/// Blanks within the names of parameters mean nothing.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

fn is_yes(setting: &Setting) -> bool {
    matches!(setting.text().to_ascii_lowercase().as_str(), "yes" | "true" | "1")
}

pub(super) fn read(copies: &mut Copies<'_>, targets: &Targets, file: SourceId, text: &str) {
    let own = copies.own(file);
    let touch = Touch::Endpoint(own);
    let settings = ini(text, file);
    let mut modules: BTreeMap<&str, BTreeMap<String, &Setting>> = BTreeMap::new();
    let mut defaults: BTreeMap<String, &Setting> = BTreeMap::new();
    for setting in &settings {
        if setting.name().starts_with('&') {
            let message = format!("`{}` brings parameters from another file, which is not followed", shorten(setting.name()));
            copies.gap("missing-include", message, "write them here, or give onshore that file", setting.key_at(), touch);
            continue;
        }
        let name = plain(setting.name());
        copies.word(&WORDS, "rsyncd.conf", &name, setting.key_at(), touch);
        if setting.text().ends_with('\\') {
            copies.unread(setting.text(), "goes on in the next line, which is not joined", setting.at(), touch);
        }
        let of = if setting.section.is_empty() || setting.section == "global" {
            &mut defaults
        } else {
            modules.entry(&setting.section).or_default()
        };
        of.insert(name, setting);
    }
    for (name, own_settings) in &modules {
        let value = |key: &str| own_settings.get(key).or_else(|| defaults.get(key)).copied();
        let at = own_settings.get("path").map_or_else(|| Location::new(file, settings[0].key.span), |s| s.at());
        let reads = !value("writeonly").is_some_and(is_yes);
        let writes = value("readonly").is_some_and(|s| !is_yes(s));
        let mut open = Vec::new();
        let allowed: Vec<(String, Location)> = value("hostsallow").map(Setting::list).unwrap_or_default();
        for (host, at) in &allowed {
            // A network, a mask, or a group of another directory.
            match peer(host, None) {
                Ok(Peer::Loopback { .. } | Peer::Unix(_)) => {}
                Ok(peer) if !host.contains(['/', '*', '?']) && !host.starts_with(['@', '.']) => {
                    let far = copies.remote("backup-host", &peer, *at);
                    if reads {
                        copies.route(own, far, Activity::Backup, *at, |r| {
                            r.condition = Some(format!("when that host copies the module {} away", shorten(name)));
                        });
                    }
                    if writes {
                        copies.route(far, own, Activity::Backup, *at, |r| {
                            r.condition = Some(format!("when that host copies into the module {}", shorten(name)));
                        });
                    }
                }
                _ => open.push((host.as_str(), *at)),
            }
        }
        if reads && (allowed.is_empty() || !open.is_empty()) {
            let (who, at) = match open.first() {
                Some((host, at)) => (format!("any host of `{}`", shorten(host)), *at),
                None => ("any host".to_owned(), at),
            };
            let message = format!("{who} may copy the module `{}` away, and who does is not told here", shorten(name));
            copies.unfollowed(message, at, touch);
        }
        for key in ["earlyexec", "pre-xferexec", "post-xferexec", "nameconverter"] {
            if let Some(setting) = value(key).filter(|s| !s.text().is_empty()) {
                let begin = setting.at();
                Commands::new(copies, targets, Variables::new()).run(own, setting.text(), Stands::Within(begin), true);
            }
        }
    }
}
