//! Logs as files, folders, globs and standard input; gzip and zstd are told by their first bytes, whatever the name says. Nothing
//! here holds more than a window of a file.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::source::glob;
use crate::source::load::LoadError;

/// One log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    /// As the user named it; files of a folder below that name.
    pub name: String,
    /// `None`: standard input.
    pub path: Option<PathBuf>,
}

/// Bytes of a file read at once.
const WINDOW: usize = 1 << 18;

/// Everything that the words name, sorted by name, each file once.
///
/// # Errors
/// A word names nothing.
pub fn inputs(words: &[String], folder: &Path) -> Result<Vec<Input>, Vec<LoadError>> {
    let mut found = Vec::new();
    let mut errors = Vec::new();
    for word in words {
        if word == "-" {
            found.push(Input { name: "(standard input)".to_owned(), path: None });
            continue;
        }
        let path = folder.join(word);
        let before = found.len();
        let mut walk = |start: &Path, name: &str, wanted: &dyn Fn(&str) -> bool| {
            let mut walk = Walk { wanted, walked: BTreeSet::new(), found: Vec::new() };
            walk.below(start, name);
            found.extend(walk.found);
        };
        if path.is_dir() {
            walk(&path, word.trim_end_matches('/'), &|_| true);
        } else if path.exists() {
            found.push(Input { name: word.clone(), path: Some(path) });
        } else if word.contains(['*', '?', '[', '{']) {
            let pattern = word.trim_start_matches("./");
            match glob::compile(pattern, true) {
                Ok(matcher) => {
                    let literal: Vec<&str> =
                        pattern.split('/').take_while(|part| !part.contains(['*', '?', '[', '{'])).collect();
                    let start = literal.join("/");
                    let root =
                        if pattern.starts_with('/') && start.is_empty() { PathBuf::from("/") } else { folder.join(&start) };
                    if root.is_dir() {
                        walk(&root, &start, &|name| matcher.is_match(name));
                    }
                }
                Err(why) => errors.push(error(word, format!("this is not a pattern: {why}"))),
            }
        }
        if found.len() == before && errors.iter().all(|e| e.path != *word) {
            errors.push(error(word, "no log is there".to_owned()));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    found.sort();
    let mut seen = BTreeSet::new();
    found.retain(|i| seen.insert(i.path.as_ref().map(|p| p.canonicalize().unwrap_or_else(|_| p.clone()))));
    Ok(found)
}

fn error(word: &str, message: String) -> LoadError {
    let help = "name log files, folders of them, globs, or `-` for standard input".to_owned();
    LoadError { path: word.to_owned(), line: None, message, help: Some(help) }
}

/// Walks folders, each once, whatever links lead to it.
struct Walk<'w> {
    wanted: &'w dyn Fn(&str) -> bool,
    walked: BTreeSet<PathBuf>,
    found: Vec<Input>,
}

impl Walk<'_> {
    /// The files of a folder that are not hidden. A folder that cannot be looked into stands for what is in it, and is told when it
    /// is opened.
    fn below(&mut self, folder: &Path, name: &str) {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        if !self.walked.insert(real) {
            return;
        }
        let Ok(entries) = fs::read_dir(folder) else {
            return self.found.push(Input { name: name.to_owned(), path: Some(folder.to_owned()) });
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
        paths.sort();
        for path in paths {
            let own = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if own.starts_with('.') {
                continue;
            }
            let name = if name.is_empty() { own } else { format!("{name}/{own}") };
            if path.is_dir() {
                self.below(&path, &name);
            } else if path.is_file() && (self.wanted)(&name) {
                self.found.push(Input { name, path: Some(path) });
            }
        }
    }
}

/// What is done, for whoever watches.
#[derive(Debug, Default)]
pub struct Meter {
    pub rows: AtomicU64,
    /// As they lie in the files.
    pub bytes: AtomicU64,
}

/// Counts what is read.
pub struct Metered<R> {
    log: R,
    meter: Arc<Meter>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.log.read(buffer)?;
        self.meter.bytes.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
}

/// The bytes of a log, unpacked.
///
/// # Errors
/// It cannot be opened, or its first bytes cannot be read.
pub fn open(path: &Path, meter: &Arc<Meter>) -> io::Result<Unpacked<Metered<File>>> {
    unpack(Metered { log: File::open(path)?, meter: Arc::clone(meter) })
}

/// A file that can be read anywhere.
pub type OnDisk = File;

/// # Errors
/// It cannot be opened.
pub fn on_disk(path: &Path) -> io::Result<OnDisk> {
    File::open(path)
}

/// A log that lies in no file system: any of its bytes can be asked for.
pub trait Remote: Send + Sync {
    fn length(&self) -> u64;
    /// From its first byte on.
    fn stream(&self) -> Box<dyn Read + Send>;
    /// # Errors
    /// They cannot be had; or there are fewer.
    fn bytes(&self, from: u64, length: usize) -> io::Result<Vec<u8>>;
}

/// Where a log is.
#[derive(Clone)]
pub enum Place {
    Disk(PathBuf),
    Remote(Arc<dyn Remote>),
}

impl Place {
    /// # Errors
    /// It cannot be opened.
    pub fn stream(&self) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::Disk(path) => Ok(Box::new(File::open(path)?)),
            Self::Remote(remote) => Ok(remote.stream()),
        }
    }

    /// # Errors
    /// It cannot be opened.
    pub fn open(&self) -> io::Result<Anywhere> {
        match self {
            Self::Disk(path) => Ok(Anywhere::Disk(on_disk(path)?)),
            Self::Remote(remote) => Ok(Anywhere::Remote(Arc::clone(remote))),
        }
    }
}

/// What can be read at any place in it.
pub enum Anywhere {
    Disk(OnDisk),
    Remote(Arc<dyn Remote>),
}

impl Anywhere {
    /// Once more the same, to be read beside it.
    ///
    /// # Errors
    /// No file can be opened any more.
    pub fn again(&self) -> io::Result<Self> {
        match self {
            Self::Disk(file) => file.try_clone().map(Self::Disk),
            Self::Remote(remote) => Ok(Self::Remote(Arc::clone(remote))),
        }
    }
}

/// What comes as a stream, in a file of which nothing stays.
///
/// # Errors
/// The stream breaks off, or there is no room for it.
pub fn to_disk(log: &mut dyn Read) -> io::Result<OnDisk> {
    let mut file = tempfile::tempfile()?;
    io::copy(log, &mut file)?;
    Ok(file)
}

/// Makes a file that has its name only when it is whole.
///
/// # Errors
/// It cannot be written; then nothing of it stays.
pub fn make<R>(path: &Path, write: impl FnOnce(OnDisk) -> io::Result<R>) -> io::Result<R> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let made = File::create(&part).and_then(write).and_then(|made| fs::rename(&part, path).map(|()| made));
    if made.is_err() {
        // What was wrong is told; that the rest of it is still there as well adds nothing.
        let _ = fs::remove_file(&part);
    }
    made
}

/// Bytes of all logs together, as far as they are files.
pub fn total(inputs: &[Input]) -> u64 {
    let size = |i: &Input| i.path.as_ref().and_then(|p| p.metadata().ok()).map_or(0, |m| m.len());
    inputs.iter().map(size).sum()
}

/// A log with its first bytes put back.
type Whole<R> = io::Chain<Cursor<Vec<u8>>, R>;

/// What is read of a log, whether it is packed or not.
pub enum Unpacked<R: Read> {
    Plain(Whole<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Whole<R>>>>),
    Zstd(Box<Frames<BufReader<Whole<R>>>>),
}

impl<R: Read> Unpacked<R> {
    pub fn is_packed(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(log) => log.read(buffer),
            Self::Gzip(log) => log.read(buffer),
            Self::Zstd(log) => log.read(buffer),
        }
    }
}

/// Unpacked by its first bytes; packed twice is unpacked once.
///
/// # Errors
/// The first bytes cannot be read.
pub fn unpack<R: Read>(reader: R) -> io::Result<Unpacked<R>> {
    let mut reader = reader;
    let mut head = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut head)?;
    let magic: [u8; 4] = std::array::from_fn(|i| head.get(i).copied().unwrap_or(0));
    let whole = Cursor::new(head).chain(reader);
    let window = |whole| BufReader::with_capacity(WINDOW, whole);
    Ok(match magic {
        [0x1f, 0x8b, ..] => Unpacked::Gzip(Box::new(MultiGzDecoder::new(window(whole)))),
        // RFC 8878: a frame, or a skippable one.
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
            Unpacked::Zstd(Box::new(Frames { source: window(whole), decoder: FrameDecoder::new(), within: false }))
        }
        _ => Unpacked::Plain(whole),
    })
}

/// Zstandard frames one after the other.
pub struct Frames<R: BufRead> {
    source: R,
    decoder: FrameDecoder,
    within: bool,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let damaged = |e: FrameDecoderError| io::Error::new(io::ErrorKind::InvalidData, e.to_string());
        while !buffer.is_empty() {
            if self.within {
                while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                    self.decoder.decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1)).map_err(damaged)?;
                }
                let read = self.decoder.read(buffer)?;
                if read > 0 {
                    return Ok(read);
                }
                self.within = false;
            }
            if self.source.fill_buf()?.is_empty() {
                return Ok(0);
            }
            match self.decoder.reset(&mut self.source) {
                Ok(()) => self.within = true,
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.source.by_ref().take(u64::from(length)), &mut io::sink())?;
                }
                Err(e) => return Err(damaged(e)),
            }
        }
        Ok(0)
    }
}
