//! Programs that copy to and from object stores and repositories: rclone, restic, Borg, duplicity, the command lines of the clouds.

use super::{Commands, Place, Stage};
use crate::read::backup::shell::{Arguments, Word};
use crate::read::backup::targets::{Named, unknown};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::store::About;
use crate::source::Location;

/// "Global Flags" of rclone that take a value.
const RCLONE: &str = "--config --log-file --log-level --log-format --bwlimit --transfers --checkers --exclude --exclude-from \
    --exclude-if-present --include --include-from --filter --filter-from --files-from --files-from-raw --backup-dir --compare-dest \
    --copy-dest --suffix --max-age --min-age --max-size --min-size --max-depth --stats --stats-log-level --retries --retries-sleep \
    --low-level-retries --timeout --contimeout --tpslimit --tpslimit-burst --max-transfer --max-delete --max-duration --user-agent \
    --cache-dir --temp-dir --buffer-size --multi-thread-streams --order-by --password-command --drive-chunk-size --s3-chunk-size \
    --s3-upload-concurrency --s3-storage-class --s3-acl --b2-chunk-size --syslog-facility --modify-window --conflict-resolve";
const RESTIC: &str = "--repo --from-repo --repository-file --from-repository-file --password-file --password-command --cacert --cache-dir \
    --option --tag --host --exclude --exclude-file --iexclude --files-from --files-from-verbatim --limit-upload --limit-download \
    --compression --pack-size --key-hint --time --parent --keep-last --keep-daily --keep-weekly --keep-monthly --keep-yearly \
    --keep-within --stdin-filename --target --retry-lock --read-data-subset --group-by";
const BORG: &str = "--rsh --remote-path --compression --exclude --exclude-from --pattern --patterns-from --lock-wait --comment \
    --timestamp --checkpoint-interval --chunker-params --umask --stdin-name --repo --other-repo --upload-ratelimit --prefix --glob-archives";
const AWS: &str = "--region --profile --endpoint-url --output --query --cli-read-timeout --cli-connect-timeout --color --ca-bundle --sse \
    --sse-kms-key-id --storage-class --exclude --include --acl --metadata --content-type --expires --source-region --grants \
    --expected-size --cache-control --page-size --metadata-directive --request-payer --content-encoding --bucket --key --body \
    --copy-source";
const TOOLS: &str = "--project --account --account-name --account-key --sas-token --storage-class --impersonate-service-account \
    --exclude --include --exclude-path --include-path --log-level --cap-mbps --endpoint --region --config-file --access-key-id \
    --access-key-secret --from-to --put-md5";

impl Commands<'_, '_> {
    /// A path, a bucket by its URL, or another far place by its URL.
    fn object_at(&mut self, stage: &Stage<'_>, word: &Word, about: &About) -> Place {
        let text = self.filled(&word.text);
        if text == "-" {
            return Place::Here("-".to_owned());
        }
        if !text.contains("://") {
            if text.starts_with(['$', '`']) {
                self.copies.no_target(&text, "may be any folder or bucket", word.at, Touch::Endpoint(stage.own));
                return Place::Untold;
            }
            return Place::Here(text);
        }
        let store = self.copies.store(&text, about, stage.own, word.at, Touch::Endpoint(stage.own));
        store.map_or(Place::Untold, |store| Place::Far(vec![store]))
    }

    /// A copy by a program that may be told its input or output by `-`.
    fn objects(&mut self, stage: Stage<'_>, from: &[&Word], to: &Word, about: &About) {
        let sources: Vec<(Place, Location)> = from.iter().map(|w| (self.object_at(&stage, w, about), w.at)).collect();
        let target = (self.object_at(&stage, to, about), to.at);
        match (&target.0, sources.as_slice()) {
            // What it takes goes on through the pipeline, or into a folder.
            (Place::Here(text), _) if text == "-" => {
                for (place, at) in sources {
                    if let Place::Far(far) = place {
                        far.into_iter().for_each(|far| self.backs_up(far, stage.own, at));
                    }
                }
            }
            // The service copies from one bucket to the other.
            (Place::Far(far), [(Place::Far(near), _)]) => {
                for (from, to) in near.iter().flat_map(|n| far.iter().map(move |f| (*n, *f))) {
                    self.backs_up(from, to, target.1);
                }
            }
            _ => self.copy(stage.own, sources, target),
        }
    }

    pub(super) fn aws(&mut self, stage: Stage<'_>) {
        let arguments = Arguments::of(stage.arguments(), "", AWS);
        let region = arguments.value(&["--region"]).map(|w| (w.text.clone(), w.at));
        let region = region
            .or_else(|| self.variables.get("AWS_DEFAULT_REGION").cloned())
            .or_else(|| self.variables.get("AWS_REGION").cloned());
        let endpoint = arguments.value(&["--endpoint-url"]).map(|w| w.text.clone());
        let endpoint =
            endpoint.or_else(|| self.variables.get("AWS_ENDPOINT_URL").map(|(v, _)| v.clone())).map(|text| self.filled(&text));
        // The region of a command is that of the bucket it writes to, as far as the service lets it.
        let about = About { endpoint, region: region.filter(|(text, _)| !text.contains('$')) };
        let words: Vec<&str> = arguments.places.iter().map(|w| w.text.as_str()).collect();
        match words.as_slice() {
            ["s3", "cp" | "sync" | "mv", _, _] => {
                let (from, to) = (arguments.places[2], arguments.places[3]);
                self.objects(stage, &[from], to, &about);
            }
            ["s3", "ls" | "rm" | "mb" | "rb" | "presign" | "website", ..] | ["sts" | "configure", ..] => {}
            ["s3api", "put-object", ..] if arguments.value(&["--bucket"]).is_some() => {
                if let Some(bucket) = arguments.value(&["--bucket"]) {
                    let url = Word { text: format!("s3://{}", bucket.text), at: bucket.at };
                    let to = (self.object_at(&stage, &url, &about), bucket.at);
                    self.copy(stage.own, Vec::new(), to);
                }
            }
            [_, verb, ..] if ["describe-", "list-", "head-", "wait"].iter().any(|p| verb.starts_with(p)) => {}
            _ => self.gap(&stage, format!("what `aws {}` copies where is not followed", shorten(&words.join(" ")))),
        }
    }

    /// `gsutil cp`, `gcloud storage rsync`, `azcopy copy` and their like: the last place is where it goes.
    pub(super) fn object_tool(&mut self, stage: Stage<'_>) {
        let program = stage.program();
        let arguments = Arguments::of(stage.arguments(), "oheicukx", TOOLS);
        let verbs = ["cp", "copy", "rsync", "sync", "mv"];
        let behind = usize::from(program == "gcloud" && arguments.places.first().is_some_and(|w| w.text == "storage"));
        let looks = ["ls", "list", "stat", "du", "rm", "remove", "login", "jobs", "hash", "version", "mb"];
        let verb = arguments.places.get(behind).map_or("", |w| w.text.as_str());
        if looks.contains(&verb) || (program == "gcloud" && behind == 0 && matches!(verb, "auth" | "config")) {
            return;
        }
        let places = arguments.places.get(behind + 1..).unwrap_or_default();
        match places.split_last().filter(|(_, from)| verbs.contains(&verb) && !from.is_empty()) {
            Some((to, from)) => {
                let endpoint = arguments.value(&["-e", "--endpoint"]).map(|w| w.text.clone());
                self.objects(stage, from, to, &About { endpoint, region: None });
            }
            None => self.gap(&stage, format!("what `{program} {}` copies where is not followed", shorten(verb))),
        }
    }

    pub(super) fn rclone(&mut self, stage: Stage<'_>) {
        let arguments = Arguments::of(stage.arguments(), "", RCLONE);
        let verb = arguments.places.first().map_or("", |w| w.text.as_str());
        const COPIES: &[&str] = &["sync", "copy", "move", "copyto", "moveto", "bisync", "rcat", "copyurl"];
        const LOOKS: &[&str] = &[
            "ls",
            "lsd",
            "lsl",
            "lsf",
            "lsjson",
            "size",
            "check",
            "cryptcheck",
            "delete",
            "deletefile",
            "purge",
            "rmdir",
            "rmdirs",
            "mkdir",
            "cleanup",
            "about",
            "version",
            "dedupe",
            "touch",
            "config",
            "listremotes",
            "obscure",
            "hashsum",
            "md5sum",
            "sha1sum",
            "tree",
            "selfupdate",
            "",
        ];
        if LOOKS.contains(&verb) {
            return;
        }
        if !COPIES.contains(&verb) {
            return self.gap(&stage, format!("what `rclone {}` sends where is not followed", shorten(verb)));
        }
        // Flags may say what a remote is, over what its configuration says.
        let led = |name: &str| {
            ["endpoint", "region", "host", "-url", "provider", "proxy", "account"].iter().any(|w| name.contains(w))
        };
        if let Some((name, _)) = arguments.options.iter().find(|(n, _)| led(n)) {
            self.gap(&stage, format!("`{name}` may lead to another place than the remote's configuration says"));
        }
        let looks_like_a_place = |w: &&&Word| w.text.contains(['/', ':', '.', '$']);
        let all = &arguments.places[1..];
        let places: Vec<&Word> = match all.len() {
            0..=2 => all.to_vec(),
            _ => all.iter().filter(looks_like_a_place).copied().collect(),
        };
        let two = match (verb, places.as_slice()) {
            ("rcat", [to]) => Some((None, *to)),
            (_, [from, to]) => Some((Some(*from), *to)),
            _ => None,
        };
        let Some((from, to)) = two else {
            return self.gap(&stage, "which place `rclone` copies to is not clear from its words".to_owned());
        };
        let aside = arguments.value(&["--backup-dir"]);
        let from: Vec<(Place, Location)> = from.into_iter().map(|w| (self.remote(&stage, w), w.at)).collect();
        let both = if verb == "bisync" { from.first().map(|(_, at)| *at) } else { None };
        let to = (self.remote(&stage, to), to.at);
        if let (Some(at), Place::Far(far)) = (both, &to.0) {
            far.iter().for_each(|far| self.backs_up(*far, stage.own, at));
        }
        if let (Some(_), Some((Place::Far(near), at))) = (both, from.first()) {
            near.iter().for_each(|near| self.backs_up(stage.own, *near, *at));
        }
        self.copy(stage.own, from, to);
        if let Some(aside) = aside {
            let to = (self.remote(&stage, aside), aside.at);
            self.copy(stage.own, Vec::new(), to);
        }
    }

    /// `remote:path`, a path, or a remote made of settings (`:s3,region=x:bucket`).
    fn remote(&mut self, stage: &Stage<'_>, word: &Word) -> Place {
        let text = self.filled(&word.text);
        let name = text.split_once(':').map(|(name, _)| name).filter(|name| !name.contains('/'));
        match name {
            Some(name) if text.starts_with(':') || name.contains(['$', ',']) => {
                Place::Far(vec![unknown(self.copies, &text, "its remote is told by settings in the command", word.at)])
            }
            Some(name) => match self.targets.remotes.get(name) {
                Some(stores) => Place::Far(stores.clone()),
                None => {
                    let why = "its remote is in a configuration of rclone that was not read";
                    Place::Far(vec![unknown(self.copies, &text, why, word.at)])
                }
            },
            None if text.starts_with(['$', '`']) => {
                self.copies.no_target(&text, "may be any folder or remote", word.at, Touch::Endpoint(stage.own));
                Place::Untold
            }
            None => Place::Here(text),
        }
    }

    pub(super) fn restic(&mut self, stage: Stage<'_>) {
        let arguments = Arguments::of(stage.arguments(), "ropHeE", RESTIC);
        let verb = arguments.places.first().map_or("", |w| w.text.as_str());
        for (_, value) in arguments.options.iter().filter(|(n, _)| matches!(n.as_str(), "-o" | "--option")) {
            if let Some(option) = value.as_ref().filter(|o| ["sftp.", "rclone."].iter().any(|p| o.text.starts_with(p))) {
                self.gap(&stage, format!("`{}` may lead to another machine than the repository names", shorten(&option.text)));
            }
        }
        for name in ["--repository-file", "--from-repository-file"] {
            if let Some(file) = arguments.value(&[name]) {
                super::super::restic::in_file(self.copies, stage.own, &file.text, file.at);
            }
        }
        if matches!(verb, "version" | "generate" | "self-update" | "cache" | "help") {
            return;
        }
        let told = |name: &[&str]| arguments.value(name).map(|w| (w.text.clone(), w.at));
        let in_file =
            arguments.value(&["--repository-file"]).is_some() || self.variables.contains_key("RESTIC_REPOSITORY_FILE");
        let repository = told(&["-r", "--repo"]);
        if repository.is_some() || !in_file {
            self.repository(&stage, repository, "RESTIC_REPOSITORY");
        }
        if verb == "copy" && (told(&["--from-repo"]).is_some() || self.variables.contains_key("RESTIC_FROM_REPOSITORY")) {
            self.repository(&stage, told(&["--from-repo"]), "RESTIC_FROM_REPOSITORY");
        }
    }

    pub(super) fn borg(&mut self, stage: Stage<'_>) {
        let arguments = Arguments::of(stage.arguments(), "reCPa", BORG);
        let verb = arguments.places.first().map_or("", |w| w.text.as_str());
        let rsh = arguments.value(&["--rsh"]).map(|w| (w.text.clone(), w.at));
        if let Some((text, at)) = rsh.or_else(|| self.variables.get("BORG_RSH").cloned()) {
            self.remote_shell(stage.own, &text, at);
        }
        // Only these write what was elsewhere before.
        if !matches!(verb, "create" | "import-tar" | "transfer" | "serve" | "recreate") {
            return;
        }
        if verb == "serve" {
            return;
        }
        let named = arguments.places.iter().skip(1).find_map(|w| {
            let (repository, _) = w.text.split_once("::")?;
            (!repository.is_empty()).then(|| (repository.to_owned(), w.at))
        });
        let named = named.or_else(|| arguments.value(&["-r", "--repo"]).map(|w| (w.text.clone(), w.at)));
        self.repository(&stage, named, "BORG_REPO");
    }

    pub(super) fn duplicity(&mut self, stage: Stage<'_>) {
        let words = stage.arguments();
        let verb = words.first().map_or("", |w| w.text.as_str());
        if matches!(verb, "cleanup" | "remove-older-than" | "remove-all-but-n-full" | "collection-status" | "verify") {
            return;
        }
        let known = ["s3", "boto3+s3", "gs", "sftp", "scp", "ssh", "rsync", "file", "ftp", "ftps", "webdavs", "webdav"];
        let is_url = |w: &&Word| {
            let text = w.text.as_str();
            !text.starts_with('-') && text.split_once("://").is_some_and(|(scheme, _)| known.contains(&scheme))
        };
        match words.iter().find(is_url) {
            Some(url) => {
                let text = self.filled(&url.text);
                let text = text.strip_prefix("boto3+").unwrap_or(&text);
                let variables = self.variables.clone();
                self.backs_up_to(stage.own, Named { text, at: url.at }, &variables);
            }
            None => self.gap(&stage, "where `duplicity` copies to is not told by a URL that is followed".to_owned()),
        }
    }
}
