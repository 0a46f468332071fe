//! Logs in an S3-compatible store: a small one of our own, that answers what AWS documents for HeadObject, GetObject (ranges,
//! If-Match) and ListObjectsV2 (prefix, continuation), and remembers what it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::processes::{Process, engine, executor_command, run, scheduler_command};
use crate::rows::{embedded, gz, mixed_logs, onshore, some_log, under};

#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, Vec<u8>>,
    /// The longest answer that it gave.
    longest: usize,
    /// Objects of which only the first request succeeds.
    failing: Vec<String>,
    /// Another object comes into the place of this one after the first bytes of it were given.
    changing: Option<String>,
    /// The status and the code that every request is answered with.
    refusing: Option<(&'static str, &'static str)>,
}

struct Store {
    address: String,
    bucket: Arc<Mutex<Bucket>>,
}

impl Store {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let bucket = Arc::new(Mutex::new(Bucket::default()));
        let shared = Arc::clone(&bucket);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let bucket = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &bucket));
            }
        });
        Self { address, bucket }
    }

    fn put(&self, key: &str, bytes: Vec<u8>) {
        self.bucket.lock().unwrap().objects.insert(key.to_owned(), bytes);
    }

    /// As people tell AWS's tools of such a store.
    fn known_to(&self, command: &mut Command) {
        command
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.address))
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test");
    }
}

/// One connection; each answer closes it.
fn serve(mut stream: TcpStream, bucket: &Mutex<Bucket>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let request = lines.next()?.ok()?;
    let mut headers = BTreeMap::new();
    for line in lines.map_while(Result::ok).take_while(|l| !l.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut words = request.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut bucket = bucket.lock().unwrap();
    let key = path.strip_prefix("/logs/").unwrap_or("");
    let (status, head, body) = match bucket.refusing {
        Some((status, code)) => (status, String::new(), format!("<Error><Code>{code}</Code></Error>").into_bytes()),
        None if key.is_empty() => list(&bucket, query),
        None => object(&mut bucket, method, key, &headers),
    };
    bucket.longest = bucket.longest.max(body.len());
    drop(bucket);
    let length = if head.contains("Content-Length") { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let body: &[u8] = if method == "HEAD" { b"" } else { &body };
    write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n{length}{head}\r\n").ok()?;
    stream.write_all(body).ok()
}

fn tag(bytes: &[u8]) -> String {
    let sum = bytes.iter().fold(0_u64, |sum, b| sum.wrapping_mul(31).wrapping_add(u64::from(*b)));
    format!("\"{sum:016x}\"")
}

fn object(bucket: &mut Bucket, method: &str, key: &str, headers: &BTreeMap<String, String>) -> (&'static str, String, Vec<u8>) {
    let Some(bytes) = bucket.objects.get(key).cloned() else { return ("404 Not Found", String::new(), Vec::new()) };
    let tag = tag(&bytes);
    let about = format!("ETag: {tag}\r\nLast-Modified: Sun, 22 Nov 2026 10:00:00 GMT\r\n");
    if method == "HEAD" {
        return ("200 OK", format!("Content-Length: {}\r\n{about}", bytes.len()), Vec::new());
    }
    if headers.get("if-match").is_some_and(|wanted| *wanted != tag) {
        return ("412 Precondition Failed", String::new(), Vec::new());
    }
    if bucket.failing.iter().any(|k| k == key) {
        return ("403 Forbidden", String::new(), Vec::new());
    }
    if bucket.changing.as_deref() == Some(key) {
        bucket.objects.get_mut(key).unwrap()[20] ^= 1;
    }
    let Some((from, to)) = headers.get("range").and_then(|r| r.strip_prefix("bytes=")?.split_once('-')) else {
        return ("200 OK", about, bytes);
    };
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
    let to = to.min(bytes.len() - 1);
    ("206 Partial Content", format!("Content-Range: bytes {from}-{to}/{}\r\n{about}", bytes.len()), bytes[from..=to].to_vec())
}

/// Two keys a page.
fn list(bucket: &Bucket, query: &str) -> (&'static str, String, Vec<u8>) {
    let value = |name: &str| {
        let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or("").replace("%2F", "/")
    };
    let (prefix, after) = (value("prefix"), value("continuation-token"));
    let mut left = bucket.objects.iter().filter(|(key, _)| key.starts_with(&prefix) && **key > after);
    let page: Vec<_> = left.by_ref().take(2).collect();
    let more = left.next().is_some();
    let mut xml = format!(
        "<?xml version=\"1.0\"?><ListBucketResult><Name>logs</Name><KeyCount>{}</KeyCount><IsTruncated>{more}</IsTruncated>",
        page.len()
    );
    if more {
        xml += &format!("<NextContinuationToken>{}</NextContinuationToken>", page[1].0);
    }
    for (key, bytes) in page {
        xml += &format!(
            "<Contents><Key>{key}</Key><LastModified>2026-11-22T10:00:00.000Z</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
            tag(bytes).replace('"', "&quot;"),
            bytes.len()
        );
    }
    ("200 OK", "Content-Type: application/xml\r\n".to_owned(), (xml + "</ListBucketResult>").into_bytes())
}

fn put_all(store: &Store, folder: &Path, key: &str) {
    for file in std::fs::read_dir(folder).unwrap().map(|f| f.unwrap()) {
        store.put(&format!("{key}/{}", file.file_name().to_str().unwrap()), std::fs::read(file.path()).unwrap());
    }
}

fn count(store: &Store, folder: &Path, words: &[&str]) -> (i32, String) {
    let mut command = engine(folder, words);
    command.args(under());
    store.known_to(&mut command);
    let ended = run(command);
    (ended.code, ended.text)
}

#[test]
fn objects_count_as_files_do() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, folder) = (folder.path().join("logs"), folder.path());
    std::fs::create_dir(&logs).unwrap();
    mixed_logs(&logs, 2_000);
    std::fs::remove_file(logs.join("source.txt")).unwrap();
    // Longer than what is held of a stream.
    std::fs::write(logs.join("long.log"), some_log(5, 90_000)).unwrap();
    let store = Store::new();
    put_all(&store, &logs, "2026/11");
    store.put("2026/11/.hidden", b"nobody's log".to_vec());
    store.put("2026/110/other.log", b"another prefix".to_vec());
    let wanted = embedded(folder, &["logs"]).replace("\"name\":\"logs/", "\"name\":\"s3://logs/2026/11/");
    let same = |out: &str| assert!(std::fs::read_to_string(folder.join(out)).unwrap() == wanted, "{out}");
    for (word, out) in
        [("s3://logs/2026/11/", "folder.json"), ("s3://logs/2026/11", "bare.json"), ("s3://logs/*/11/[!.]*", "glob.json")]
    {
        let (code, text) = count(&store, folder, &["local", word, "--out", out]);
        assert_eq!(code, 0, "{text}");
        same(out);
    }
    assert!(store.bucket.lock().unwrap().longest <= 4 << 20, "no log is asked for as a whole");

    let mut command = scheduler_command(folder);
    store.known_to(&mut command);
    let scheduler = Process::start(command);
    let mut command = executor_command(folder, &scheduler, &under());
    store.known_to(&mut command);
    let _executor = Process::start(command);
    let (code, text) =
        count(&store, folder, &["client", "s3://logs/2026/11/", "--out", "cluster.json", "--scheduler", &scheduler.address]);
    assert_eq!(code, 0, "{text}");
    same("cluster.json");
    // SQL reads there, too.
    let table = "flows=s3://logs/2026/11/source.txt.parquet";
    let sql = ["--sql", "select count(*) as n from flows where country(to_v4) = 'US'", "--table", table, "--format", "csv"];
    let here = count(&store, folder, &[&["local"], &sql[..]].concat());
    assert!(here.0 == 0 && here.1.starts_with("n\n"), "{}", here.1);
    assert_eq!(count(&store, folder, &[&["client", "--scheduler", &scheduler.address], &sql[..]].concat()), here);
    // What was written from objects is judged as any other.
    let merged = onshore(folder, &["traffic", "merge", "cluster.json"]);
    assert!(merged.1.contains("under another project"), "{}", merged.1);
}

#[test]
fn a_store_that_fails_is_no_log_that_breaks_off() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let store = Store::new();
    store.put("a.gz", gz(some_log(1, 90_000).as_bytes()));
    store.put("b.log", some_log(2, 90_000).into_bytes());
    let (code, text) = count(&store, folder, &["local", "s3://logs/c.log", "--out", "o.json"]);
    assert!(code == 2 && text.starts_with("error: `s3://logs/c.log`: no log is there\n  help: name log files"), "{text}");
    store.bucket.lock().unwrap().changing = Some("b.log".into());
    let (code, text) = count(&store, folder, &["local", "s3://logs/b.log", "--out", "o.json"]);
    assert!(code == 2 && text.contains("`s3://logs/b.log`: it changed while it was read"), "{text}");
    store.bucket.lock().unwrap().failing.push("a.gz".into());
    let (code, text) = count(&store, folder, &["local", "s3://logs/a.gz", "--out", "o.json"]);
    assert!(code == 2 && text.contains("`s3://logs/a.gz`: the store refuses these keys"), "{text}");
    assert!(!folder.join("o.json").exists());
}

/// What the store says, what a person is told, and how what they can do begins.
const REFUSALS: [(&str, &str, &str, &str); 8] = [
    ("404 Not Found", "NoSuchBucket", "there is no such bucket", "AWS_ENDPOINT_URL names the store"),
    (
        "403 Forbidden",
        "InvalidAccessKeyId",
        "the store does not know the key of AWS_ACCESS_KEY_ID",
        "set AWS_ACCESS_KEY_ID and ",
    ),
    (
        "403 Forbidden",
        "SignatureDoesNotMatch",
        "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID",
        "set AWS_ACCESS_KEY_ID and ",
    ),
    (
        "403 Forbidden",
        "AccessDenied",
        "the store denies access to these keys",
        "allow them s3:GetObject and s3:ListBucket there",
    ),
    ("403 Forbidden", "RequestTimeTooSkewed", "the clock of this machine is not that of the store", "set the clock"),
    ("400 Bad Request", "ExpiredToken", "the session of these keys has expired", "get new ones, set AWS_ACCESS_KEY_ID"),
    ("301 Moved Permanently", "PermanentRedirect", "the bucket is in another region", "set AWS_REGION"),
    ("503 Service Unavailable", "SlowDown", "the store has too much to do", "try again later"),
];

#[test]
fn a_store_that_refuses_is_told_with_its_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let store = Store::new();
    for (status, code, why, help) in REFUSALS {
        store.bucket.lock().unwrap().refusing = Some((status, code));
        let table = ["local", "--sql", "select 1", "--table", "t=s3://logs/a.parquet"];
        let asked = [
            (&["local", "s3://logs/a.log", "--out", "o.json"][..], "s3://logs/a.log"),
            (&["local", "s3://logs/2026/", "--out", "o.json"], "s3://logs/2026/"),
            (&table, "s3://logs/a.parquet"),
        ];
        for (asked, word) in asked {
            let (code, text) = count(&store, folder, asked);
            let wanted = format!("error: `{word}`: {why}\n  help: {help}");
            assert!(code == 2 && text.starts_with(&wanted), "{status} {asked:?}: {text}");
        }
    }
    assert!(!folder.join("o.json").exists());
}

#[test]
fn a_store_that_is_not_there_or_not_known_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let store = Store::new();
    store.put("a.log", some_log(1, 100).into_bytes());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{free}");
    type Setting<'s> = (&'s str, Option<&'s str>);
    let cases: [(&[Setting<'_>], &str, &str); 4] = [
        (&[("AWS_ENDPOINT_URL", Some(&nobody))], "no store answers", "AWS_ENDPOINT_URL names the store"),
        (&[("AWS_ENDPOINT_URL", Some("store.example:9000"))], "AWS_ENDPOINT_URL is no URL", "write one, such as "),
        (&[("AWS_ALLOW_HTTP", None)], "the store of AWS_ENDPOINT_URL has no TLS", "write https://, or set AWS_ALLOW_HTTP=true"),
        (
            &[("AWS_ACCESS_KEY_ID", None), ("AWS_SECRET_ACCESS_KEY", None), ("AWS_METADATA_ENDPOINT", Some(&nobody))],
            "no keys are set, and this machine has none of its own",
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true",
        ),
    ];
    for (settings, why, help) in cases {
        let mut command = engine(folder, &["local", "s3://logs/a.log", "--out", "o.json"]);
        store.known_to(&mut command);
        for (name, value) in settings {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let ended = run(command);
        let wanted = format!("error: `s3://logs/a.log`: {why}\n  help: {help}");
        assert!(ended.code == 2 && ended.text.starts_with(&wanted), "{}", ended.text);
    }
    assert!(!folder.join("o.json").exists());
}

/// The client's keys list the logs, and an executor's do not read them; or the store fails for a while.
#[test]
fn what_a_store_refuses_an_executor_comes_to_the_client() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (theirs, ours) = (Store::new(), Store::new());
    for store in [&theirs, &ours] {
        store.put("a.log", some_log(1, 100).into_bytes());
    }
    let scheduler = Process::start(scheduler_command(folder));
    let mut command = executor_command(folder, &scheduler, &under());
    theirs.known_to(&mut command);
    let _executor = Process::start(command);
    for (status, code, why, help) in [REFUSALS[5], REFUSALS[3], REFUSALS[7]] {
        theirs.bucket.lock().unwrap().refusing = Some((status, code));
        let asked = ["client", "s3://logs/a.log", "--out", "o.json", "--scheduler", &scheduler.address];
        let (code, text) = count(&ours, folder, &asked);
        let wanted = format!("error: `s3://logs/a.log`: {why}\n  help: {help}");
        assert!(code == 2 && text.starts_with(&wanted), "{status}: {text}");
    }
    assert!(!folder.join("o.json").exists());
}
