//! Programs that copy between machines, connect to one, or run other commands.

use super::{Commands, Stage};
use crate::read::backup::shell::{Arguments, Stands, Word};
use crate::read::proxy::output::Touch;
use crate::read::proxy::peer::split_url;
use crate::read::proxy::shorten;
use crate::source::Location;

/// rsync(1): options that take the next word.
const RSYNC: &str = "--rsh --exclude --include --exclude-from --include-from --files-from --password-file --port --bwlimit \
    --log-file --log-file-format --partial-dir --backup-dir --link-dest --compare-dest --copy-dest --rsync-path --timeout \
    --contimeout --temp-dir --max-size --min-size --filter --chmod --chown --usermap --groupmap --info --debug --out-format \
    --sockopts --address --block-size --iconv --modify-window --suffix --stop-after --stop-at --time-limit --checksum-choice --cc \
    --compress-choice --zc --compress-level --zl --skip-compress --outbuf --remote-option --write-batch --only-write-batch \
    --read-batch --protocol --checksum-seed --max-delete --max-alloc --config --copy-as --early-input --dparam";
const RSYNC_LETTERS: &str = "efTBM@";
const SCP_LETTERS: &str = "cDFiJloPSX";
const SSH_LETTERS: &str = "BbcDEeFIiJLlmOopQRSWw";
const CURL: &str = "--upload-file --form --data --data-binary --data-raw --data-urlencode --json --output --max-time --retry \
    --retry-delay --connect-timeout --header --user --user-agent --request --proxy --url --cacert --cert --key --config --resolve \
    --connect-to --interface --limit-rate --write-out --cookie --cookie-jar --range --netrc-file --form-string --socks5 \
    --socks5-hostname --preproxy --referer --retry-max-time --unix-socket --aws-sigv4";
const CURL_LETTERS: &str = "TFdomHuAXxKbcrweYyzCEtUPQJDh";

/// What a program that only starts another one starts; `None` for any other program.
pub(super) fn inner<'w>(program: &str, words: &'w [Word]) -> Option<&'w [Word]> {
    // Letters that take the next word, long options that do, and words before the command.
    let (letters, longs, skipped): (&str, &str, usize) = match program {
        "sudo" => ("ugCDhprRtTU", "--user --group --host --chdir --prompt --role --type", 0),
        "doas" => ("uCL", "", 0),
        "nice" => ("n", "--adjustment", 0),
        "ionice" => ("cnpPu", "--class --classdata", 0),
        "chrt" => ("TPD", "", 1),
        "taskset" => ("", "", 1),
        "timeout" => ("ks", "--kill-after --signal", 1),
        "nohup" | "run-one" | "setsid" | "chronic" | "cronic" | "exec" | "command" | "time" | "eatmydata" | "unbuffer" => {
            ("", "", 0)
        }
        "env" => ("uCS", "--unset --chdir", 0),
        "stdbuf" => ("ioe", "--input --output --error", 0),
        "systemd-cat" => ("tp", "--identifier --priority", 0),
        "systemd-inhibit" => ("", "--what --who --why --mode", 0),
        "xargs" => ("IdELnPs", "--max-args --max-procs --delimiter --replace --max-lines", 0),
        // With `-c` it is a shell's command.
        "flock" if !words.iter().any(|w| matches!(w.text.as_str(), "-c" | "--command")) => {
            ("wE", "--timeout --wait --conflict-exit-code", 1)
        }
        "runuser" | "su" if !words.iter().any(|w| matches!(w.text.as_str(), "-c" | "--command")) => {
            ("ugGs", "--user --group --shell", 0)
        }
        "docker" | "podman" | "nerdctl" if words.first().is_some_and(|w| w.text == "exec") => {
            return Some(command(&words[1..], "uwe", "--user --workdir --env --env-file --detach-keys", 1));
        }
        "docker" | "podman" if matches!(words, [a, b, ..] if a.text == "compose" && b.text == "exec") => {
            return Some(command(&words[2..], "uwe", "--user --workdir --env --index", 1));
        }
        "docker-compose" if words.first().is_some_and(|w| w.text == "exec") => {
            return Some(command(&words[1..], "uwe", "--user --workdir --env --index", 1));
        }
        _ => return None,
    };
    Some(command(words, letters, longs, skipped))
}

fn command<'w>(words: &'w [Word], letters: &str, longs: &str, mut skipped: usize) -> &'w [Word] {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let text = word.text.as_str();
        if text == "--" {
            return &words[at + 1..];
        }
        if text.starts_with("--") {
            at += 1 + usize::from(longs.split_whitespace().any(|l| l == text));
        } else if let Some(cluster) = text.strip_prefix('-').filter(|c| !c.is_empty()) {
            let takes = cluster.char_indices().find(|(_, c)| letters.contains(*c));
            at += 1 + usize::from(takes.is_some_and(|(i, c)| i + c.len_utf8() == cluster.len()));
        } else if skipped > 0 {
            skipped -= 1;
            at += 1;
        } else {
            break;
        }
    }
    &words[at.min(words.len())..]
}

/// Why a connection may go to another machine than the one that is named, by ssh(1).
fn elsewhere(option: &str, value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    matches!(option, "-J" | "-W" | "-F") || (option == "-o" && (lower.starts_with("proxy") || lower.starts_with("hostname")))
}

impl Commands<'_, '_> {
    pub(super) fn rsync(&mut self, stage: Stage<'_>) {
        let arguments = Arguments::of(stage.arguments(), RSYNC_LETTERS, RSYNC);
        let rsh = arguments.value(&["-e", "--rsh"]).map(|w| (w.text.clone(), w.at));
        let rsh = rsh.or_else(|| self.variables.get("RSYNC_RSH").cloned());
        if let Some((text, at)) = rsh {
            self.remote_shell(stage.own, &text, at);
        }
        for name in ["RSYNC_PROXY", "RSYNC_CONNECT_PROG"] {
            if let Some((_, at)) = self.variables.get(name).cloned() {
                self.copies.unfollowed(
                    format!("`{name}` lets rsync go through another machine"),
                    at,
                    Touch::Endpoint(stage.own),
                );
            }
        }
        if arguments.has(&["--daemon"]) {
            let known = self.copies.input.sources.iter().any(|(_, s)| s.path.contains("rsyncd"));
            if !known {
                self.gap(&stage, "what the rsync daemon hands out stands in its rsyncd.conf, which was not read".to_owned());
            }
            return;
        }
        // Batches are carried elsewhere by hand.
        if arguments.has(&["--write-batch", "--only-write-batch"]) {
            self.gap(&stage, "where the batch that rsync writes is taken is not told".to_owned());
        }
        self.copy_to_last(stage, &arguments.places);
    }

    pub(super) fn scp(&mut self, stage: Stage<'_>) {
        let arguments = Arguments::of(stage.arguments(), SCP_LETTERS, "");
        self.ssh_options(&stage, &arguments);
        self.copy_to_last(stage, &arguments.places);
    }

    /// Copies of everything but the last word to that.
    fn copy_to_last(&mut self, stage: Stage<'_>, places: &[&Word]) {
        let Some((to, from)) = places.split_last().filter(|(_, from)| !from.is_empty()) else {
            // One place alone is listed.
            return;
        };
        let from = from.iter().map(|w| (self.place(stage.own, w), w.at)).collect();
        let to = (self.place(stage.own, to), to.at);
        self.copy(stage.own, from, to);
    }

    /// The last word, whatever stands before it.
    pub(super) fn last_place(&mut self, stage: Stage<'_>) {
        let arguments = Arguments::of(stage.arguments(), "tSmgo", "--target-directory --suffix --mode --owner --group");
        if let Some(folder) = arguments.value(&["-t", "--target-directory"]) {
            let to = (self.place(stage.own, folder), folder.at);
            return self.copy(stage.own, Vec::new(), to);
        }
        self.copy_to_last(stage, &arguments.places);
    }

    fn ssh_options(&mut self, stage: &Stage<'_>, arguments: &Arguments<'_>) {
        for (name, value) in &arguments.options {
            let text = value.as_ref().map_or("", |v| v.text.as_str());
            if elsewhere(name, text) {
                self.gap(stage, format!("`{name} {text}` may lead to another machine than the one that is named"));
            }
        }
    }

    /// The program that rsync (and Borg) reach another machine by.
    pub(in crate::read::backup) fn remote_shell(&mut self, own: usize, text: &str, at: Location) {
        let words: Vec<Word> = text.split_whitespace().map(|w| Word { text: w.to_owned(), at }).collect();
        let Some(program) = words.first() else { return };
        let arguments = Arguments::of(&words[1..], SSH_LETTERS, "");
        let plain = program.text.rsplit('/').next() == Some("ssh");
        let led = arguments.options.iter().any(|(n, v)| elsewhere(n, v.as_ref().map_or("", |v| v.text.as_str())));
        if !plain || led || text.contains(['$', '`']) {
            let message = format!("`{text}` may lead to another machine than the one that is named");
            self.copies.unfollowed(message, at, Touch::Endpoint(own));
        }
    }

    pub(super) fn ssh(&mut self, stage: Stage<'_>) {
        let words = stage.arguments();
        // The command begins behind the host and the options on both of its sides.
        let host = words.len() - command(words, SSH_LETTERS, "", 0).len();
        let Some(name) = words.get(host) else { return };
        let rest = &words[host + 1..];
        let begins = host + 1 + (rest.len() - command(rest, SSH_LETTERS, "", 0).len());
        let arguments = Arguments::of(&words[..begins], SSH_LETTERS, "");
        self.ssh_options(&stage, &arguments);
        if let Some((option, _)) = arguments.options.iter().find(|(n, _)| matches!(n.as_str(), "-L" | "-R" | "-D" | "-w")) {
            self.gap(&stage, format!("`ssh {option}` makes a tunnel, and what goes through it is not followed"));
        }
        let text = self.filled(&name.text);
        let text = if text.contains("://") { split_url(&text).1.to_owned() } else { text };
        let Some(far) = self.machine(stage.own, &text, name.at) else { return };
        if stage.takes {
            self.backs_up(stage.own, far, name.at);
        }
        if stage.gives {
            self.backs_up(far, stage.own, name.at);
        }
        let there: Vec<&str> = words[begins..].iter().map(|w| w.text.as_str()).collect();
        if let (Some(first), false) = (words.get(begins), there.is_empty()) {
            self.text(far, &there.join(" "), Stands::Within(first.at), true, stage.depth + 1);
        }
    }

    /// What is piped into a connection, or sent over one by commands that stand elsewhere.
    pub(super) fn connection(&mut self, stage: Stage<'_>) {
        let arguments = Arguments::of(stage.arguments(), "bBcDFiJloPRSXueswpqT", "--user --env-password");
        self.ssh_options(&stage, &arguments);
        let Some(host) = arguments.places.first().copied() else {
            return self.gap(&stage, format!("`{}` names no host: where it connects to is not known", stage.program()));
        };
        let text = self.filled(&host.text);
        let name = if text.contains("://") { split_url(&text).1 } else { text.split(':').next().unwrap_or(&text) };
        if let Some(far) = self.machine(stage.own, name, host.at) {
            self.backs_up(stage.own, far, host.at);
        }
    }

    /// A request that carries a file, or what it is given; any other only tells that it was made.
    pub(super) fn web(&mut self, stage: Stage<'_>) {
        let arguments = Arguments::of(stage.arguments(), CURL_LETTERS, CURL);
        const UPLOADS: &[&str] = &[
            "-T",
            "--upload-file",
            "-F",
            "--form",
            "-d",
            "--data",
            "--data-binary",
            "--data-raw",
            "--data-urlencode",
            "--json",
            "--post-file",
            "--post-data",
            "--body-file",
        ];
        const ELSEWHERE: &[&str] =
            &["-x", "--proxy", "-K", "--config", "--connect-to", "--resolve", "--preproxy", "--socks5", "--socks5-hostname"];
        if arguments.has(ELSEWHERE) {
            self.gap(
                &stage,
                format!("an option of `{}` may lead to another machine than the one that is named", stage.program()),
            );
        }
        let uploads = stage.takes || arguments.has(UPLOADS);
        let urls = arguments.places.iter().copied().chain(arguments.value(&["--url"]));
        let mut met = false;
        for url in urls {
            met = true;
            let text = self.filled(&url.text);
            let host = split_url(&text).1;
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            if uploads || text.contains(['$', '`']) {
                if let Some(far) = self.machine(stage.own, host, url.at) {
                    self.backs_up(stage.own, far, url.at);
                }
            } else {
                self.reports(stage.own, host, url.at);
            }
        }
        if !met && uploads {
            self.gap(&stage, format!("`{}` names no URL: where it sends is not known", stage.program()));
        }
    }

    /// Programs that work on files of this machine, but for what some of their options do.
    pub(super) fn local(&mut self, stage: Stage<'_>) {
        let words = stage.arguments();
        let after = |names: &[&str]| {
            let at = words.iter().position(|w| names.contains(&w.text.as_str()));
            at.and_then(|i| words.get(i + 1))
        };
        match stage.program() {
            "find" => {
                let starts = |w: &Word| matches!(w.text.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir");
                let mut rest = words;
                while let Some(begin) = rest.iter().position(starts) {
                    rest = &rest[begin + 1..];
                    let end = rest.iter().position(|w| matches!(w.text.as_str(), ";" | "+")).unwrap_or(rest.len());
                    self.simple(Stage { words: &rest[..end], takes: true, depth: stage.depth + 1, ..stage });
                    rest = &rest[end..];
                }
            }
            // An archive with a colon in its name is on another machine.
            "tar" => {
                let far = |w: &&Word| {
                    !w.text.starts_with(['-', '/', '.']) && w.text.split('/').next().is_some_and(|p| p.contains(':'))
                };
                for word in words.iter().filter(far) {
                    let host = word.text.split(':').next().unwrap_or("");
                    if let Some(far) = self.machine(stage.own, host, word.at) {
                        self.backs_up(stage.own, far, word.at);
                        self.backs_up(far, stage.own, word.at);
                    }
                }
                let runs =
                    ["--to-command", "--rsh-command", "--info-script", "--new-volume-script", "--checkpoint-action", "-F"];
                if let Some(option) = words.iter().find(|w| runs.iter().any(|r| w.text.starts_with(r))) {
                    self.gap(
                        &stage,
                        format!("`{}` runs a program, and what that sends where is not followed", shorten(&option.text)),
                    );
                }
            }
            "tee" | "dd" => {
                let named = |w: &'_ Word| match stage.program() {
                    "dd" => w.text.strip_prefix("of=").map(str::to_owned),
                    _ => (!w.text.starts_with('-')).then(|| w.text.clone()),
                };
                for (text, at) in words.iter().filter_map(|w| Some((named(w)?, w.at))).filter(|(t, _)| !t.starts_with("/dev/"))
                {
                    let to = (self.place(stage.own, &Word { text, at }), at);
                    self.copy(stage.own, Vec::new(), to);
                }
            }
            _ => {
                let to = after(&["-connect", "-n", "--server", "-O"])
                    .filter(|_| stage.program() != "openssl" || words.first().is_some_and(|w| w.text == "s_client"));
                if let Some(host) = to {
                    let text = self.filled(&host.text);
                    let name = text.rsplit_once(':').map_or(text.as_str(), |(host, _)| host);
                    if let Some(far) = self.machine(stage.own, name, host.at) {
                        self.backs_up(stage.own, far, host.at);
                    }
                }
            }
        }
    }

    /// `-c TEXT`; a script by its name is in a file of its own.
    pub(super) fn shell(&mut self, stage: Stage<'_>) {
        let words = stage.arguments();
        let is_text =
            |w: &Word| w.text == "--command" || (w.text.starts_with('-') && !w.text.starts_with("--") && w.text.ends_with('c'));
        match words.iter().position(is_text).and_then(|i| words.get(i + 1)) {
            Some(text) => self.text(stage.own, &text.text, Stands::Within(text.at), true, stage.depth + 1),
            None => {
                let script = words.iter().find(|w| !w.text.starts_with('-')).map_or("a shell", |w| w.text.as_str());
                let message = format!("what `{}` sends where is not followed", shorten(script));
                self.gap(&stage, message);
            }
        }
    }
}
