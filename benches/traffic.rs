//! What counting flow logs costs: `cargo bench --bench traffic [--features parquet] [-- ROWS]`. Makes AWS flow logs (version 2) with
//! public addresses on both sides, the worst case for look-ups, in 16 files and in one; prints rows a second for text, gzip and (with
//! the feature) Parquet as AWS delivers it (gzip pages, addresses as text) and compact Parquet on one thread and on two, and the peak memory of a process that counts a tenth and all of them.
//! Prints figures; asserts only that all runs count alike.
//!
//! With a folder in `ONSHORE_BENCH_KEEP` the logs stay there, with the address ranges and the answer (flows and bytes by parties), for
//! `benches/traffic_peers.py`, which puts the same question to other engines.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark")]

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::io::{BufReader, Read, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use jiff::civil::date;
use onshore::geo::Atlas;
use onshore::model::Snapshot;
use onshore::traffic::convert::convert;
use onshore::traffic::{Labels, Reading, Tally, count, open, parquet};

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FILES: u64 = 16;
const ROWS: u64 = 4_000_000;
/// A folder for logs that stay.
const KEEP: &str = "ONSHORE_BENCH_KEEP";
/// In the child that is measured for its memory.
const CHILD: &str = "ONSHORE_BENCH_LOGS";

fn main() {
    if let Ok(folder) = std::env::var(CHILD) {
        let tally = counted(Path::new(&folder), &labels(), 2);
        println!("{} {}", tally.rows.read, peak());
        return;
    }
    let rows = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(ROWS) / FILES * FILES;
    let start = Instant::now();
    let labels = labels();
    println!("labels compiled in {:.3} s, {} parties", start.elapsed().as_secs_f64(), labels.parties.len());
    lookups(&labels);

    let kept = std::env::var(KEEP).ok().map(PathBuf::from);
    let folder = kept.clone().unwrap_or_else(|| std::env::temp_dir().join(format!("onshore-traffic-{}", std::process::id())));
    let of = |name: &str| folder.join(name);
    let (text, gz, tenth) = (of("text"), of("gz"), of("tenth"));
    let (one, one_gz, converted, aws) = (of("one"), of("one-gz"), of("parquet"), of("aws"));
    for sub in [&text, &gz, &tenth, &one, &one_gz] {
        fs::create_dir_all(sub).unwrap();
    }
    let bytes: u64 = (0..FILES).map(|n| write_log(n, rows / FILES, &text, &gz, &tenth)).sum();
    println!("{rows} rows, {:.1} bytes each, in {FILES} files", bytes as f64 / rows as f64);
    join(&text, &one.join("all.log"));
    // Gzip members one after the other are one gzip file.
    join(&gz, &one_gz.join("all.log.gz"));
    let mut kinds =
        vec![("text, 16 files", &text), ("gzip, 16 files", &gz), ("text, one file", &one), ("gzip, one file", &one_gz)];
    if parquet::BUILT_IN {
        let inputs = open::inputs(&[text.to_string_lossy().into_owned()], Path::new("/")).unwrap();
        let start = Instant::now();
        let made = convert(&inputs, &converted, &Reading::default(), &mut std::io::empty());
        assert!(made.iter().all(|c| c.failed.is_none() && c.broken.is_none()), "{made:?}");
        println!("converted to Parquet in {:.3} s", start.elapsed().as_secs_f64());
        let start = Instant::now();
        tables::deliver(&text, &aws);
        println!("written as AWS delivers Parquet in {:.3} s", start.elapsed().as_secs_f64());
        kinds.extend([("compact Parquet", &converted), ("AWS's Parquet", &aws)]);
    }

    for threads in [1, 2] {
        let best = (0..3).map(|_| unpacked(&gz, threads)).fold(f64::MAX, f64::min);
        println!("gzip unpacked and nothing more, {threads} thread(s): {:.2} M rows/s", rows as f64 / best / 1e6);
    }

    let mut first: Option<Tally> = None;
    for (name, folder) in kinds {
        let mut alone = 0.0;
        for threads in [1, 2] {
            let mut best = f64::MAX;
            for _ in 0..3 {
                let start = Instant::now();
                let tally = counted(folder, &labels, threads);
                best = best.min(start.elapsed().as_secs_f64());
                assert_eq!(tally.rows.read, rows);
                match &first {
                    Some(first) => assert_eq!(sums(first), sums(&tally), "every run counts alike: {name}"),
                    None => first = Some(tally),
                }
            }
            let gain = if threads == 1 { String::new() } else { format!(", {:.2} x one thread", alone / best) };
            alone = best;
            println!("{name:<16} {threads} thread(s) {:>6.2} M rows/s  ({best:.3} s{gain})", rows as f64 / best / 1e6);
        }
    }
    for (name, folder) in [("a tenth of the text", &tenth), ("all of the text", &text), ("all of the gzip", &gz)] {
        let child = Command::new(std::env::current_exe().unwrap()).env(CHILD, folder).output().unwrap();
        let said = String::from_utf8(child.stdout).unwrap();
        let (rows, peak) = said.trim().split_once(' ').unwrap();
        println!("{name:<20} {rows:>9} rows: {peak} MiB at most");
    }
    match kept {
        Some(folder) => keep(&folder, &labels, first.as_ref().unwrap()),
        None => fs::remove_dir_all(&folder).unwrap(),
    }
}

/// All files of a folder as one.
fn join(folder: &Path, into: &Path) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let mut all = fs::File::create(into).unwrap();
    for path in paths {
        std::io::copy(&mut fs::File::open(path).unwrap(), &mut all).unwrap();
    }
}

/// Flows and bytes by sender and receiver: what does not depend on how rows are spread over files.
fn sums(tally: &Tally) -> BTreeMap<(u32, u32), (u64, u64)> {
    let mut sums: BTreeMap<(u32, u32), (u64, u64)> = BTreeMap::new();
    for (key, sum) in tally.cells() {
        let all = sums.entry((key.from, key.to)).or_default();
        *all = (all.0 + sum.flows, all.1 + sum.bytes);
    }
    sums
}

/// What other engines need to give the same answer: from each IPv4 address on, whose it is; and the answer.
fn keep(folder: &Path, labels: &Labels, tally: &Tally) {
    let mut ranges = String::from("start,party\n");
    let flat = Atlas::embedded(date(2026, 11, 22)).flat(&[], None).unwrap();
    for stretch in &flat.v4 {
        let start = u32::try_from(stretch.start).unwrap();
        ranges.push_str(&format!("{start},{}\n", labels.find(IpAddr::V4(start.into()), 0).0));
    }
    fs::write(folder.join("ranges.csv"), ranges).unwrap();
    let mut answer = String::from("from,to,flows,bytes\n");
    for ((from, to), (flows, bytes)) in sums(tally) {
        answer.push_str(&format!("{from},{to},{flows},{bytes}\n"));
    }
    fs::write(folder.join("answer.csv"), answer).unwrap();
    println!("kept in {}", folder.display());
}

fn labels() -> Labels {
    Labels::new(&Atlas::embedded(date(2026, 11, 22)), &Snapshot::default()).unwrap()
}

fn counted(folder: &Path, labels: &Labels, threads: usize) -> Tally {
    let inputs = open::inputs(&[folder.to_string_lossy().into_owned()], Path::new("/")).unwrap();
    let (logs, tally) = count(&inputs, labels, &Reading { threads, ..Reading::default() }, &mut std::io::empty());
    assert!(logs.iter().all(|l| l.broken.is_none()), "{logs:?}");
    tally
}

/// Seconds that it takes to unpack all files of a folder: what no reader of them can be faster than.
fn unpacked(folder: &Path, threads: usize) -> f64 {
    let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    let (next, start) = (AtomicUsize::new(0), Instant::now());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut buffer = vec![0; 1 << 18];
                while let Some(path) = files.get(next.fetch_add(1, Relaxed)) {
                    let packed = BufReader::with_capacity(1 << 17, fs::File::open(path).unwrap());
                    let mut log = MultiGzDecoder::new(packed);
                    while black_box(log.read(&mut buffer).unwrap()) > 0 {}
                }
            });
        }
    });
    start.elapsed().as_secs_f64()
}

fn lookups(labels: &Labels) {
    const LOOKUPS: u32 = 20_000_000;
    let start = Instant::now();
    let sum: u64 = (0..LOOKUPS).map(|i| u64::from(labels.find(IpAddr::V4(i.wrapping_mul(2_654_435_761).into()), 0).0)).sum();
    let seconds = start.elapsed().as_secs_f64();
    black_box(sum);
    println!("{:.1} ns a look-up, one thread", seconds / f64::from(LOOKUPS) * 1e9);
}

/// The peak of this process's resident memory in MiB, where the system tells it.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// A generator of numbers that is the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    /// A few addresses have most of the traffic, as on any network.
    fn address(&mut self, salt: u64) -> [u8; 4] {
        let rank = 1_u64 << self.below(22);
        let n = self.below(rank).wrapping_add(salt).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let [a, b, c, d] = u32::try_from(n).unwrap().to_be_bytes();
        [a % 222 + 1, b, c, d]
    }
}

fn write_log(number: u64, rows: u64, text: &Path, gz: &Path, tenth: &Path) -> u64 {
    let name = format!("{number:02}.log");
    let mut log: Vec<u8> = Vec::new();
    let header =
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
    writeln!(log, "{header}").unwrap();
    let mut numbers = Numbers(number + 1);
    for row in 0..rows {
        let start = 1_700_000_000 + row % 86_400;
        if numbers.below(50) == 0 {
            writeln!(log, "2 123456789010 eni-1235b8ca123456789 - - - - - - - {start} {} - NODATA", start + 60).unwrap();
            continue;
        }
        let ([a, b, c, d], [e, f, g, h]) = (numbers.address(1), numbers.address(77));
        let (ports, packets) = (1024 + numbers.below(64_000), 1 + numbers.below(2000));
        // More than headers, or it would not count as a flow.
        let bytes = packets * (61 + numbers.below(1400));
        writeln!(
            log,
            "2 123456789010 eni-1235b8ca123456789 {a}.{b}.{c}.{d} {e}.{f}.{g}.{h} {ports} 443 6 {packets} {bytes} {start} {} ACCEPT OK",
            start + 60
        )
        .unwrap();
    }
    fs::write(text.join(&name), &log).unwrap();
    let tenth_of_it = log.split_inclusive(|b| *b == b'\n').take(usize::try_from(rows / 10).unwrap() + 1).flatten();
    fs::write(tenth.join(&name), tenth_of_it.copied().collect::<Vec<u8>>()).unwrap();
    let packed: PathBuf = gz.join(format!("{name}.gz"));
    let mut encoder = GzEncoder::new(fs::File::create(packed).unwrap(), Compression::new(6));
    encoder.write_all(&log).unwrap();
    encoder.finish().unwrap();
    log.len() as u64
}

/// Flow logs in Parquet as AWS delivers them: texts, underscores, gzip.
#[cfg(feature = "parquet")]
mod tables {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    /// Rows of a group.
    const GROUP: usize = 1 << 17;

    pub fn deliver(text: &Path, into: &Path) {
        fs::create_dir_all(into).unwrap();
        for entry in fs::read_dir(text).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            table(&fs::read_to_string(&path).unwrap(), &into.join(format!("{name}.parquet")));
        }
    }

    fn kind(name: &str) -> &'static str {
        match name {
            "packets" | "bytes" | "start" | "end" => "INT64",
            "version" | "srcport" | "dstport" | "protocol" => "INT32",
            _ => "BYTE_ARRAY",
        }
    }

    fn table(text: &str, path: &Path) {
        let header: Vec<&str> = text.lines().next().unwrap().split(' ').collect();
        let column = |name: &&str| {
            let text = if kind(name) == "BYTE_ARRAY" { " (STRING)" } else { "" };
            format!("OPTIONAL {} {}{text};", kind(name), name.replace('-', "_"))
        };
        let schema = format!("message flow {{ {} }}", header.iter().map(column).collect::<String>());
        let properties = WriterProperties::builder().set_compression(Compression::GZIP(Default::default())).build();
        let schema = Arc::new(parse_message_type(&schema).unwrap());
        let mut writer = SerializedFileWriter::new(fs::File::create(path).unwrap(), schema, Arc::new(properties)).unwrap();
        let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|l| l.split(' ').collect()).collect();
        for group in rows.chunks(GROUP) {
            let mut out = writer.next_row_group().unwrap();
            for (i, name) in header.iter().enumerate() {
                let cells: Vec<Option<&str>> = group.iter().map(|r| Some(r[i]).filter(|c| *c != "-")).collect();
                let levels: Vec<i16> = cells.iter().map(|c| i16::from(c.is_some())).collect();
                let known = cells.iter().flatten();
                let mut column = out.next_column().unwrap().unwrap();
                let levels = Some(levels.as_slice());
                match kind(name) {
                    "INT64" => {
                        let values: Vec<i64> = known.map(|c| c.parse().unwrap()).collect();
                        column.typed::<Int64Type>().write_batch(&values, levels, None).unwrap();
                    }
                    "INT32" => {
                        let values: Vec<i32> = known.map(|c| c.parse().unwrap()).collect();
                        column.typed::<Int32Type>().write_batch(&values, levels, None).unwrap();
                    }
                    _ => {
                        let values: Vec<ByteArray> = known.map(|c| c.as_bytes().to_vec().into()).collect();
                        column.typed::<ByteArrayType>().write_batch(&values, levels, None).unwrap();
                    }
                }
                column.close().unwrap();
            }
            out.close().unwrap();
        }
        writer.close().unwrap();
    }
}

/// Without the feature there is nothing to write them with.
#[cfg(not(feature = "parquet"))]
mod tables {
    pub fn deliver(_: &std::path::Path, _: &std::path::Path) {}
}
