//! Where the commands of archiving send a segment, or take it from. A command is what somebody wrote for a shell: programs whose
//! arguments say where they copy to are followed, any other is a gap.

use super::Found;
use crate::model::Activity;
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::replicas::lines::Setting;
use crate::read::replicas::store::About;

/// Programs that look at files, pack them or make folders, and send nothing.
const LOCAL: &[&str] = &[
    "test",
    "[",
    "[[",
    "mkdir",
    "chmod",
    "chown",
    "gzip",
    "gunzip",
    "zstd",
    "lz4",
    "lzop",
    "bzip2",
    "xz",
    "cat",
    "true",
    ":",
    "exit",
    "echo",
    "sync",
    "if",
    "then",
    "fi",
    "else",
    "touch",
    "date",
    "pg_standby",
    "env",
    "false",
    "dd",
    "openssl",
    "gpg",
    "logger",
];

/// `takes`: the command brings segments here (`restore_command`).
pub(super) fn follow(copies: &mut Copies<'_>, found: &mut Found, own: usize, command: &Setting, takes: bool) {
    let (text, at) = (command.text(), command.at());
    let touch = Touch::Endpoint(own);
    let mut stores = Vec::new();
    let mut seen = false;
    for simple in text.split(['&', ';', '|', '(', ')']) {
        let words: Vec<&str> =
            simple.split_whitespace().map(|w| w.trim_matches(['"', '\''])).filter(|w| !w.is_empty()).collect();
        let words: Vec<&str> =
            words.iter().copied().skip_while(|w| *w == "!" || (w.contains('=') && !w.contains('/'))).collect();
        let Some(program) = words.first() else { continue };
        let program = program.rsplit('/').next().unwrap_or(program);
        let positional = || words.iter().skip(1).filter(|w| !w.starts_with('-'));
        let redirect = words.iter().rposition(|w| *w == if takes { "<" } else { ">" }).and_then(|i| words.get(i + 1));
        if let Some(url) = words.iter().find(|w| w.contains("://")) {
            seen = true;
            let region = words.iter().position(|w| *w == "--region").and_then(|i| words.get(i + 1));
            let endpoint = words
                .iter()
                .find_map(|w| w.strip_prefix("--endpoint-url="))
                .or_else(|| words.iter().position(|w| *w == "--endpoint-url").and_then(|i| words.get(i + 1)).copied());
            // The endpoint is a URL too, and may come first.
            let url = words.iter().find(|w| w.contains("://") && Some(**w) != endpoint && !w.starts_with('-')).unwrap_or(url);
            let about = About { endpoint: endpoint.map(str::to_owned), region: region.map(|r| ((*r).to_owned(), at)) };
            stores.extend(copies.store(url, &about, own, at, touch));
            continue;
        }
        match program {
            "pgbackrest" => {
                seen = true;
                let stanza = words.iter().find_map(|w| w.strip_prefix("--stanza=")).unwrap_or("");
                found.archives.push((own, Some(stanza.to_owned()), takes, at));
            }
            "wal-g" | "wal-g-pg" | "wal-e" | "envdir" => {
                seen = true;
                found.archives.push((own, None, takes, at));
            }
            "barman-wal-archive" | "barman-wal-restore" => {
                seen = true;
                let host =
                    positional().find(|w| !w.contains('%') && Some(**w) != after(&words, &["-U", "--user", "-p", "--port"]));
                match host.and_then(|h| crate::read::proxy::peer::peer(h, Some(22)).ok()) {
                    Some(peer) => stores.push(copies.remote("backup-host", &peer, at)),
                    None => copies.no_target(text, "names no host of Barman", at, touch),
                }
            }
            "rsync" | "scp" | "sftp" | "ssh" => {
                seen = true;
                let skip = after(&words, &["-e", "--rsh", "-i", "-p", "-P", "-o", "-l"]);
                let far = positional().filter(|w| Some(**w) != skip).find(|w| program == "ssh" || is_remote(w));
                let host = far.map(|w| w.split(':').next().unwrap_or(w)).map(|h| h.rsplit_once('@').map_or(h, |(_, h)| h));
                match host.and_then(|h| crate::read::proxy::peer::peer(h, Some(22)).ok()) {
                    Some(peer) => stores.push(copies.remote("backup-host", &peer, at)),
                    // Between folders of this machine.
                    None if program == "rsync" && far.is_none() => stores.extend(folder(copies, own, &words, command)),
                    None => copies.no_target(text, "names no host", at, touch),
                }
                if program == "ssh" {
                    break;
                }
            }
            "cp" | "mv" | "ln" | "install" | "copy" | "pg_basebackup" => {
                seen = true;
                stores.extend(folder(copies, own, &words, command));
            }
            _ if LOCAL.contains(&program) => {
                if let Some(path) = redirect.filter(|p| p.contains("%f")) {
                    seen = true;
                    stores.extend(folder(copies, own, &[path], command));
                }
            }
            _ => {
                seen = true;
                let message =
                    format!("`{}` runs `{}`, and where that copies to is not followed", command.name(), shorten(program));
                copies.unfollowed(message, at, touch);
            }
        }
    }
    // A command that does nothing archives nothing.
    let nothing = matches!(text.trim(), "" | "true" | "/bin/true" | ":" | "exit 0" | "(disabled)");
    if !seen && !nothing {
        let message = format!("where `{}` copies to is not told by `{}`", command.name(), shorten(text));
        copies.unfollowed(message, at, touch);
    }
    for store in stores {
        if takes {
            copies.way(store, own, Activity::Replicate, at);
        } else {
            copies.route(own, store, Activity::Backup, at, |_| {});
        }
    }
}

fn after<'w>(words: &[&'w str], options: &[&str]) -> Option<&'w str> {
    words.iter().position(|w| options.contains(w)).and_then(|i| words.get(i + 1)).copied()
}

/// `user@host:path`, not a path with a colon in it.
fn is_remote(word: &str) -> bool {
    word.split_once(':').is_some_and(|(host, _)| !host.is_empty() && !host.contains('/') && !host.contains('%'))
}

/// The folder that holds the segment called `%f`, or the one that the last word names; a gap if it is neither.
fn folder(copies: &mut Copies<'_>, own: usize, words: &[&str], command: &Setting) -> Option<usize> {
    let segment = words.iter().find(|w| w.contains("%f")).map(|path| path.rsplit_once('/').map_or(".", |(folder, _)| folder));
    let last = || words.iter().skip(1).rev().find(|w| !w.starts_with('-') && !w.contains("%p")).copied();
    let Some(folder) = segment.or_else(last).filter(|path| !path.contains('$')) else {
        copies.no_target(command.text(), "names no folder", command.at(), Touch::Endpoint(own));
        return None;
    };
    Some(copies.folder(folder, own, command.at()))
}
