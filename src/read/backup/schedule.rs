//! When commands run: crontabs (crontab(5)) and units of systemd (systemd.service(5), systemd.exec(5)). What they run is for
//! [`super::commands`]; when is not looked at, for a command that runs at all may have run.

use super::commands::Commands;
use super::shell::{Stands, pipelines};
use super::targets::{Targets, Variables};
use crate::read::paths::{folder, joined};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::replicas::lines::{ini, lines};
use crate::source::{Location, SourceId, Span};

/// Words for whole schedules.
const NAMED: &[&str] =
    &["@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@every_minute"];

/// Keys of `[Service]` that run something.
const EXEC: &[&str] =
    &["ExecStart", "ExecStartPre", "ExecStartPost", "ExecStop", "ExecStopPost", "ExecReload", "ExecCondition"];

/// Names by which units tell that they copy, and programs that do.
const COPIES: &[&str] = &[
    "rsync",
    "rclone",
    "restic",
    "borg",
    "lsyncd",
    "pg_dump",
    "pg_basebackup",
    "mysqldump",
    "mongodump",
    "duplicity",
    "gsutil",
    "azcopy",
    "aws s3",
    "scp ",
    "backup",
    "autorestic",
    "rsnapshot",
    "syncoid",
];

/// The command of a line behind its five fields, or behind the word for them.
fn command_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line.starts_with('@') {
        let (word, rest) = line.split_once([' ', '\t'])?;
        return NAMED.contains(&word).then_some(rest.trim_start()).filter(|r| !r.is_empty());
    }
    let mut rest = line;
    for field in 0..5 {
        let (word, tail) = rest.split_once([' ', '\t'])?;
        let fits =
            |c: char| c.is_ascii_digit() || matches!(c, '*' | '/' | ',' | '-' | '~') || (field > 2 && c.is_ascii_alphabetic());
        if word.is_empty() || !word.chars().all(fits) {
            return None;
        }
        rest = tail.trim_start();
    }
    (!rest.is_empty()).then_some(rest)
}

/// Whether a line says when to run something.
pub(super) fn is_job(line: &str) -> bool {
    command_of(line.trim()).is_some()
}

/// `NAME=value` and `NAME = value`, with or without quotes.
fn assigned(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let value = value.trim();
    let bare = |q: char| value.strip_prefix(q).and_then(|v| v.strip_suffix(q));
    is_name.then(|| (name, bare('"').or_else(|| bare('\'')).unwrap_or(value)))
}

/// By where crontabs stand, and only if every line is one of theirs.
pub(super) fn is_crontab(path: &str, text: &str) -> bool {
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or(path).to_ascii_lowercase();
    let stands = name == "crontab"
        || name.starts_with("crontab.")
        || name.ends_with(".crontab")
        || name.ends_with(".cron")
        || parts.any(|f| matches!(f, "cron.d" | "crontabs"));
    let lines = || text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    stands && lines().any(|l| command_of(l).is_some()) && lines().all(|l| command_of(l).is_some() || assigned(l).is_some())
}

/// Units that copy by what they run or by their name: others start servers, which have configurations of their own.
pub(super) fn is_unit(path: &str, text: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let named = lower.ends_with(".service") || (lower.contains(".service.d/") && lower.ends_with(".conf"));
    let runs = |l: &str| l.split_once('=').is_some_and(|(key, _)| EXEC.contains(&key.trim()));
    named
        && text.lines().any(|l| l.trim() == "[Service]")
        && text.lines().any(runs)
        && COPIES.iter().any(|word| text.contains(word) || lower.contains(word.trim_end()))
}

pub(super) fn crontab(copies: &mut Copies<'_>, targets: &Targets, file: SourceId, text: &str) {
    let own = copies.own(file);
    let path = copies.input.sources.get(file).path.clone();
    // The system's own crontabs name whose the command is.
    let with_user = path.contains("cron.d/") || path.ends_with("etc/crontab") || path == "crontab";
    let mut commands = Commands::new(copies, targets, Variables::new());
    for (start, line) in lines(text) {
        let body = line.trim();
        if body.is_empty() || body.starts_with('#') {
            continue;
        }
        let Some(command) = command_of(body) else {
            let at = Location::new(file, Span::new(start, start + line.len()));
            match assigned(body) {
                // What commands say is mailed there.
                Some(("MAILTO", value)) => {
                    for domain in value.split(',').filter_map(|address| address.trim().rsplit_once('@')).map(|(_, d)| d) {
                        commands.reports(own, domain, at);
                    }
                }
                Some((name, value)) => _ = commands.variables.insert(name.to_owned(), (value.to_owned(), at)),
                None => commands.copies.unread(body, "is no line of a crontab", at, Touch::Endpoint(own)),
            }
            continue;
        };
        let command = match command.split_once([' ', '\t']) {
            Some((_, rest)) if with_user => rest.trim_start(),
            _ => command,
        };
        let begins = start + line.rfind(command).unwrap_or(0);
        // An unescaped percent sign ends the command; what follows it is its input.
        let end = command.match_indices('%').map(|(i, _)| i).find(|i| !command[..*i].ends_with('\\')).unwrap_or(command.len());
        let at = Location::new(file, Span::new(begins, begins + end));
        commands.run(own, &command[..end], Stands::From(at), true);
    }
}

pub(super) fn unit(copies: &mut Copies<'_>, targets: &Targets, file: SourceId, text: &str) {
    let own = copies.own(file);
    let path = copies.input.sources.get(file).path.clone();
    // A line that ends with a backslash goes on; blanks in its place keep everything where it stands.
    let text = text.replace("\\\r\n", "   ").replace("\\\n", "  ");
    let mut commands = Commands::new(copies, targets, Variables::new());
    let settings = || {
        let mut section = "";
        let mut found = Vec::new();
        for (start, line) in lines(&text) {
            let body = line.trim();
            if body.starts_with('[') {
                section = if body == "[Service]" { "Service" } else { "" };
            } else if let Some((key, value)) =
                line.split_once('=').filter(|_| section == "Service" && !body.starts_with(['#', ';']))
            {
                let lead = value.len() - value.trim_start().len();
                found.push((key.trim(), value.trim(), start + key.len() + 1 + lead));
            }
        }
        found
    };
    for (key, value, start) in settings() {
        let at = Location::new(file, Span::new(start, start + value.len()));
        match key {
            "Environment" => {
                let Some(pairs) = pipelines(value, Stands::From(at), false) else {
                    commands.copies.unread(value, "has a quote that is not closed", at, Touch::Endpoint(own));
                    continue;
                };
                for word in pairs.iter().flatten().flat_map(|s| &s.words) {
                    if let Some((name, value)) = assigned(&word.text) {
                        commands.variables.insert(name.to_owned(), (value.to_owned(), word.at));
                    }
                }
            }
            "EnvironmentFile" => environment(&mut commands, own, &path, value, at),
            // What else a service says starts no program; those of `EXEC` follow.
            _ => {}
        }
    }
    for (_, value, start) in settings().into_iter().filter(|(key, ..)| EXEC.contains(key)) {
        let command = value.trim_start_matches(['@', '-', ':', '+', '!', '|']);
        let begins = start + value.len() - command.len();
        // `Exec...=` without a value forgets those before it, which a drop-in may bring back.
        if !command.is_empty() {
            let at = Location::new(file, Span::new(begins, begins + command.len()));
            commands.run(own, command, Stands::From(at), false);
        }
    }
}

/// Variables from a file that a unit or a command names. One that is not there may hold any.
pub(super) fn environment(commands: &mut Commands<'_, '_>, own: usize, path: &str, named: &str, at: Location) {
    let named = named.trim_start_matches('-').trim_matches(['"', '\'']);
    let sources = commands.copies.input.sources;
    // A full path is that of the machine: what stands under the same path, or beside the unit by its name, is meant.
    let name = named.rsplit('/').next().unwrap_or(named);
    let found = joined(folder(path), named)
        .and_then(|path| sources.find(&path))
        .or_else(|| {
            sources.iter().find(|(_, s)| !name.is_empty() && named.ends_with(&format!("/{}", s.path))).map(|(id, _)| id)
        })
        .or_else(|| joined(folder(path), name).and_then(|path| sources.find(&path)));
    match found {
        Some(id) => {
            for setting in ini(&sources.get(id).text, id) {
                let name = setting.name().trim_start_matches("export ").trim().to_owned();
                commands.variables.insert(name, (setting.text().to_owned(), setting.at()));
            }
        }
        None => {
            let message = format!("variables are set by `{}`, which was not read and may name where copies go", shorten(named));
            let help = "add that file beside this one, or write the variables here";
            commands.copies.gap("setting-not-read", message, help, at, Touch::Endpoint(own));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_crontabs() {
        for (line, command) in [
            ("0 3 * * * rsync a b", Some("rsync a b")),
            ("*/5 1-6 1,15 jan mon-fri x", Some("x")),
            ("@daily  /bin/x y", Some("/bin/x y")),
            ("@sometimes x", None),
            ("0 3 * * *", None),
            ("www A 192.0.2.1 x y z", None),
            ("PATH=/bin", None),
        ] {
            assert_eq!(command_of(line), command, "{line}");
        }
        assert_eq!(assigned("MAILTO = \"a@b.example\""), Some(("MAILTO", "a@b.example")));
        assert!(is_crontab("etc/cron.d/backup", "# x\nPATH=/bin\n0 3 * * * root x\n"));
        assert!(!is_crontab("etc/cron.d/README", "These are crontabs\n0 3 * * * root x\n"));
        assert!(!is_crontab("zone", "0 3 * * * root x\n"));
    }
}
