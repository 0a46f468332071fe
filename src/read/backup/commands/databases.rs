//! Dump and load programs of databases: whom they take data from, or bring it to.

use super::{Commands, Stage};
use crate::read::backup::shell::{Arguments, Word};
use crate::read::proxy::output::Touch;
use crate::read::proxy::peer::{Peer, peer};
use crate::read::proxy::shorten;
use crate::read::replicas::lines::hosts_of;
use crate::source::Location;

const LONGS: &str = "--host --port --username --user --password --dbname --file --format --jobs --schema --table --exclude-table \
    --exclude-table-data --exclude-schema --pgdata --wal-method --checkpoint --label --compress --uri --db --collection --out --archive \
    --authenticationDatabase --username --result-file --defaults-file --defaults-extra-file --databases --ignore-table --target-dir \
    --datadir --socket --where --command --set --variable --rdb --outputdir --threads --database --max-rate --slot --tablespace-mapping";
const LETTERS: &str = "hpUdfFjntTNDXcZOSuPoBae";

impl Commands<'_, '_> {
    /// A dump is brought here; a load takes what it is given there.
    pub(super) fn database(&mut self, stage: Stage<'_>) {
        let program = stage.program();
        // A password stands right behind `-p` in MySQL, and nowhere else.
        let mysql = program.starts_with("my") || program.starts_with("maria") || program == "xtrabackup";
        let is_password = |w: &Word| mysql && w.text.starts_with("-p");
        let words: Vec<Word> = stage.arguments().iter().filter(|w| !is_password(w)).cloned().collect();
        let arguments = Arguments::of(&words, LETTERS, LONGS);
        let service = words.iter().find(|w| w.text.contains("service=")).map(|w| w.at);
        if let Some(at) = service.or_else(|| self.variables.get("PGSERVICE").map(|(_, at)| *at)) {
            let message = format!("a service file names the server that `{program}` asks, and is not read");
            self.copies.gap("setting-not-read", message, "write the host in the command", at, Touch::Endpoint(stage.own));
        }
        for name in ["--defaults-file", "--defaults-extra-file", "--defaults-group-suffix", "--login-path"] {
            if let Some(file) = arguments.value(&[name]) {
                let message = format!("`{}` may name the server that `{program}` asks, and is not read", shorten(&file.text));
                self.copies.gap(
                    "setting-not-read",
                    message,
                    "write `--host` in the command",
                    file.at,
                    Touch::Endpoint(stage.own),
                );
            }
        }
        let loads = matches!(program, "pg_restore" | "mongorestore")
            || (stage.takes && matches!(program, "psql" | "mysql" | "mariadb" | "redis-cli"));
        let asks = matches!(program, "psql" | "mysql" | "mariadb" | "redis-cli") && !loads;
        // Maintenance by a client whose answers nobody keeps.
        if asks && !stage.gives && !arguments.has(&["-o", "--output", "--rdb"]) {
            return;
        }
        for (host, at) in self.hosts(&stage, &arguments) {
            let host = self.filled(&host);
            let far = match peer(&host, None) {
                Ok(Peer::Loopback { .. } | Peer::Unix(_)) => continue,
                Ok(peer) => self.copies.remote("database", &peer, at),
                Err(why) => {
                    self.copies.no_target(&host, &why, at, Touch::Endpoint(stage.own));
                    continue;
                }
            };
            let (from, to) = if loads { (stage.own, far) } else { (far, stage.own) };
            self.backs_up(from, to, at);
        }
    }

    /// Whom it asks, if not a server of this machine.
    fn hosts(&self, stage: &Stage<'_>, arguments: &Arguments<'_>) -> Vec<(String, Location)> {
        let url = |w: &Word| {
            let text = self.filled(&w.text);
            let schemes = ["postgres://", "postgresql://", "mongodb://", "mongodb+srv://", "mysql://", "redis://", "rediss://"];
            let rest = schemes.iter().find_map(|s| text.strip_prefix(s));
            let hosts = match rest {
                Some(rest) => {
                    let authority = rest.split(['/', '?']).next().unwrap_or("");
                    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
                    hosts.split(',').filter(|h| !h.is_empty()).map(str::to_owned).collect()
                }
                None if text.contains("host=") || text.contains("hostaddr=") => hosts_of(&text),
                None => Vec::new(),
            };
            hosts.into_iter().map(|h| (h, w.at)).collect::<Vec<_>>()
        };
        let named = arguments.value(&["-d", "--dbname", "--uri", "-u"]).into_iter().chain(arguments.places.iter().copied());
        let by_url: Vec<(String, Location)> = named.flat_map(url).collect();
        if !by_url.is_empty() {
            return by_url;
        }
        if let Some(host) = arguments.value(&["-h", "--host"]).filter(|h| !h.text.starts_with('/')) {
            // MongoDB writes `set/host,host`.
            let text = host.text.rsplit('/').next().unwrap_or(&host.text).to_owned();
            return text.split(',').map(|h| (h.to_owned(), host.at)).collect();
        }
        let variables: &[&str] = if stage.program().starts_with("pg_") || stage.program() == "psql" {
            &["PGHOSTADDR", "PGHOST"]
        } else if stage.program().starts_with("my") || stage.program().starts_with("maria") {
            &["MYSQL_HOST"]
        } else {
            &[]
        };
        let told = variables.iter().find_map(|name| self.variables.get(*name)).filter(|(text, _)| !text.starts_with('/'));
        told.into_iter().flat_map(|(text, at)| text.split(',').map(|h| (h.to_owned(), *at))).collect()
    }
}
