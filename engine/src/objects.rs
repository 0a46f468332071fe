//! Logs in S3-compatible object stores, read in pieces by threads that know nothing of networks. Endpoint and keys come from the
//! environment variables that AWS's own tools use (`AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, ...; `AWS_ALLOW_HTTP`).

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use datafusion::error::DataFusionError;
use datafusion::execution::object_store::ObjectStoreRegistry;
use futures::TryStreamExt;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};
use onshore::traffic::open::Remote;
use tokio::runtime::{Handle, Runtime};
use url::Url;

use crate::reasons::Reason;

pub const SCHEME: &str = "s3://";

/// How long a request is tried again before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The stores that this process has opened, and the threads that speak to them.
pub struct Stores {
    /// There until this is dropped.
    threads: Option<Runtime>,
    known: Mutex<BTreeMap<String, Arc<dyn ObjectStore>>>,
    disk: Arc<dyn ObjectStore>,
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores").finish_non_exhaustive()
    }
}

/// Servers drop their stores among tasks, where threads must not be waited for.
impl Drop for Stores {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

/// An object as a listing tells of it.
#[derive(Clone, Debug)]
pub struct Found {
    pub url: String,
    pub bytes: u64,
}

impl Stores {
    /// # Errors
    /// No threads can be had.
    pub fn new() -> io::Result<Self> {
        let threads =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("objects").enable_all().build()?;
        Ok(Self { threads: Some(threads), known: Mutex::default(), disk: Arc::new(LocalFileSystem::new()) })
    }

    fn threads(&self) -> &Handle {
        self.threads.as_ref().expect("they are there until this is dropped").handle()
    }

    fn bucket(&self, name: &str) -> Result<Arc<dyn ObjectStore>, Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = known.get(name) {
            return Ok(Arc::clone(store));
        }
        let retry = RetryConfig { max_retries: 5, retry_timeout: PATIENCE, ..RetryConfig::default() };
        let builder = AmazonS3Builder::from_env().with_bucket_name(name).with_retry(retry);
        // The library takes any text for an endpoint, and ends its thread over it at the first request.
        if let Some(text) = builder.get_config_value(&AmazonS3ConfigKey::Endpoint) {
            let is_url = Url::parse(&text).is_ok_and(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
            if !is_url {
                return Err(Error::Generic { store: "S3", source: format!("endpoint `{text}` is no URL").into() });
            }
        }
        let store: Arc<dyn ObjectStore> = Arc::new(builder.build()?);
        known.insert(name.to_owned(), Arc::clone(&store));
        Ok(store)
    }

    /// Runs on the threads for networks, and waits here.
    fn wait<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> io::Result<T> {
        later(self.threads(), work).recv().map_err(|_| io::Error::other("the store's thread is gone"))
    }

    /// What the store says of an object, or why it says nothing.
    fn about(&self, store: &Arc<dyn ObjectStore>, path: &Path) -> Result<Result<ObjectMeta, Error>, Reason> {
        let (store, path) = (Arc::clone(store), path.clone());
        let asked = async move {
            match store.head(&path).await {
                Ok(about) => Ok(about),
                // An answer to HEAD has no room for words.
                Err(refused) if refused.to_string().contains("status code: 4") => {
                    Err(store.get_range(&path, 0..1).await.err().unwrap_or(refused))
                }
                Err(silent) => Err(silent),
            }
        };
        self.wait(asked).map_err(|e| Reason::of_io(&e))
    }

    /// Opens an object of a known length.
    ///
    /// # Errors
    /// It is not there, cannot be reached, or is no longer what it was.
    pub fn open(&self, url: &str, bytes: u64) -> Result<Arc<Object>, Reason> {
        let (bucket, key) = split(url);
        let store = self.bucket(bucket).map_err(|e| Reason::of(&e))?;
        let path = Path::parse(key).map_err(|e| Reason::other(e.to_string(), "rename it"))?;
        let meta = self.about(&store, &path)?.map_err(|e| Reason::of(&e))?;
        if meta.size != bytes {
            let why = format!("it has {} bytes and had {bytes} when the query was made", meta.size);
            return Err(Reason::other(why, "count logs that are closed"));
        }
        let source = Source { store, path, tag: meta.e_tag, threads: self.threads().clone() };
        Ok(Arc::new(Object { source: Arc::new(source), bytes, blocks: Mutex::default(), failed: Mutex::default() }))
    }

    /// What a word names: an object, all below a prefix that ends with a slash (or is followed by one), or what a glob matches.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub fn find(&self, word: &str) -> Result<Vec<Found>, Reason> {
        let (bucket, key) = split(word);
        let store = self.bucket(bucket).map_err(|e| Reason::of(&e))?;
        let is_glob = key.contains(['*', '?', '[', '{']);
        let unlike =
            |e: object_store::path::Error| Reason::other(e.to_string(), "name an object, s3://BUCKET/FOLDER/, or a glob there");
        if !is_glob && !key.is_empty() && !key.ends_with('/') {
            match self.about(&store, &Path::parse(key).map_err(unlike)?)? {
                Ok(meta) => return Ok(vec![Found { url: word.to_owned(), bytes: meta.size }]),
                Err(Error::NotFound { .. }) => {}
                Err(e) => return Err(Reason::of(&e)),
            }
        }
        let literal: Vec<&str> = if is_glob {
            key.split('/').take_while(|part| !part.contains(['*', '?', '[', '{'])).collect()
        } else {
            key.trim_end_matches('/').split('/').collect()
        };
        let wanted = match is_glob {
            true => Some(onshore::source::glob::compile(key, true).map_err(|why| Reason::other(why, "correct the glob"))?),
            false => None,
        };
        let prefix = Path::parse(literal.join("/")).map_err(unlike)?;
        let listed = self.wait(async move { store.list(Some(&prefix)).try_collect::<Vec<_>>().await });
        let listed = listed.map_err(|e| Reason::of_io(&e))?.map_err(|e| Reason::of(&e))?;
        let found = listed.into_iter().filter(|meta| {
            // As for folders: what is hidden is nobody's log, and a folder's own mark is empty.
            let name = meta.location.filename().unwrap_or("");
            !name.starts_with('.') && wanted.as_ref().is_none_or(|glob| glob.is_match(meta.location.as_ref()))
        });
        Ok(found.map(|meta| Found { url: format!("{SCHEME}{bucket}/{}", meta.location), bytes: meta.size }).collect())
    }
}

fn split(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix(SCHEME).unwrap_or(url);
    rest.split_once('/').unwrap_or((rest, ""))
}

fn later<T: Send + 'static>(threads: &Handle, work: impl Future<Output = T> + Send + 'static) -> Receiver<T> {
    let (give, take) = sync_channel(1);
    threads.spawn(async move {
        // Who asked may be gone.
        let _ = give.send(work.await);
    });
    take
}

/// Where bytes are asked for.
struct Source {
    store: Arc<dyn ObjectStore>,
    path: Path,
    tag: Option<String>,
    threads: Handle,
}

impl Source {
    fn ask(self: &Arc<Self>, range: Range<u64>) -> Receiver<Result<bytes::Bytes, Error>> {
        let source = Arc::clone(self);
        later(&self.threads, async move {
            let options =
                GetOptions { range: Some(GetRange::Bounded(range)), if_match: source.tag.clone(), ..GetOptions::default() };
            source.store.get_opts(&source.path, options).await?.bytes().await
        })
    }
}

/// Bytes of the first request of a stream: enough to tell a format.
const FIRST: u64 = 1 << 18;
/// Bytes of each further one; two are held.
const CHUNK: u64 = 1 << 22;
/// Bytes of what is asked for anywhere, and how many of these are held: about one a column.
const BLOCK: u64 = 1 << 20;
const BLOCKS: usize = 24;

/// A log in a store.
pub struct Object {
    source: Arc<Source>,
    bytes: u64,
    blocks: Mutex<VecDeque<(u64, bytes::Bytes)>>,
    failed: Mutex<Option<Reason>>,
}

impl Object {
    /// Why the store did not give what it has, if it did not: then what was read is no answer.
    pub fn failed(&self) -> Option<Reason> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn received(&self, answer: Receiver<Result<bytes::Bytes, Error>>, length: u64) -> io::Result<bytes::Bytes> {
        let answer = answer.recv().map_err(|_| Reason::of_io(&io::Error::other("the store's thread is gone")));
        let whole = answer.and_then(|answer| answer.map_err(|e| Reason::of(&e))).and_then(|bytes| {
            let short = || Reason::of_io(&io::Error::other(format!("the store gave {} bytes of {length}", bytes.len())));
            if bytes.len() as u64 == length { Ok(bytes) } else { Err(short()) }
        });
        whole.map_err(|reason| {
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.clone());
            io::Error::from(reason)
        })
    }

    fn block(&self, number: u64) -> io::Result<bytes::Bytes> {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = blocks.iter().position(|(n, _)| *n == number) {
            let found = blocks.remove(at).expect("it is there");
            blocks.push_back(found.clone());
            return Ok(found.1);
        }
        let range = number * BLOCK..((number + 1) * BLOCK).min(self.bytes);
        let bytes = self.received(self.source.ask(range.clone()), range.end - range.start)?;
        blocks.push_back((number, bytes.clone()));
        if blocks.len() > BLOCKS {
            blocks.pop_front();
        }
        Ok(bytes)
    }
}

/// An object as the library takes it.
pub struct Handed(pub Arc<Object>);

impl Remote for Handed {
    fn length(&self) -> u64 {
        self.0.bytes
    }

    fn stream(&self) -> Box<dyn Read + Send> {
        Box::new(Stream { object: Arc::clone(&self.0), at: 0, next: None, held: bytes::Bytes::new() })
    }

    fn bytes(&self, from: u64, length: usize) -> io::Result<Vec<u8>> {
        let end = from.checked_add(length as u64).filter(|end| *end <= self.0.bytes).ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut all = Vec::with_capacity(length);
        let mut at = from;
        while at < end {
            let block = self.0.block(at / BLOCK)?;
            let start = usize::try_from(at % BLOCK).unwrap_or(usize::MAX);
            let take = block.len().saturating_sub(start).min(length - all.len());
            all.extend_from_slice(&block[start..start + take]);
            at += take as u64;
        }
        Ok(all)
    }
}

/// From the first byte on; the next chunk is on its way while one is read.
struct Stream {
    object: Arc<Object>,
    /// Of the next request.
    at: u64,
    next: Option<(Receiver<Result<bytes::Bytes, Error>>, u64)>,
    held: bytes::Bytes,
}

impl Stream {
    fn ask(&mut self) {
        let length = if self.at == 0 { FIRST } else { CHUNK }.min(self.object.bytes - self.at);
        if length > 0 {
            self.next = Some((self.object.source.ask(self.at..self.at + length), length));
            self.at += length;
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.held.is_empty() {
            if self.next.is_none() {
                self.ask();
            }
            let first = self.at <= FIRST;
            let Some((answer, length)) = self.next.take() else { return Ok(0) };
            // A log that is only looked at costs one small request.
            if !first {
                self.ask();
            }
            self.held = self.object.received(answer, length)?;
        }
        let take = self.held.len().min(buffer.len());
        buffer[..take].copy_from_slice(&self.held.split_to(take));
        Ok(take)
    }
}

/// For what the engine reads itself, in SQL.
#[derive(Debug)]
pub struct Registry(pub Arc<Stores>);

impl ObjectStoreRegistry for Registry {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner).insert(url.host_str()?.to_owned(), store)
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>, DataFusionError> {
        match (url.scheme(), url.host_str()) {
            ("file", _) => Ok(Arc::clone(&self.0.disk)),
            ("s3", Some(bucket)) => self.0.bucket(bucket).map_err(|e| DataFusionError::ObjectStore(Box::new(e))),
            _ => {
                Err(crate::fault::fatal(&format!("`{url}` is in no store that is read here"), "name files, or s3://BUCKET/KEY"))
            }
        }
    }
}
