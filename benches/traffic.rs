//! What counting flow logs costs: `cargo bench --bench traffic [-- ROWS]`. Makes AWS flow logs (version 2) with public addresses on
//! both sides, the worst case for look-ups, in 16 files; prints rows a second for text and gzip on one thread and on all, and the
//! peak memory of a process that counts a tenth and all of them. Prints figures; asserts only that all runs count alike.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark")]

use std::fs;
use std::hint::black_box;
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::civil::date;
use onshore::geo::Atlas;
use onshore::model::Snapshot;
use onshore::traffic::{Labels, Reading, Tally, count, open};

const FILES: u64 = 16;
const ROWS: u64 = 4_000_000;
/// In the child that is measured for its memory.
const CHILD: &str = "ONSHORE_BENCH_LOGS";

fn main() {
    if let Ok(folder) = std::env::var(CHILD) {
        let tally = counted(Path::new(&folder), &labels(), 0);
        println!("{} {}", tally.rows.read, peak());
        return;
    }
    let rows = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(ROWS);
    let start = Instant::now();
    let labels = labels();
    println!("labels compiled in {:.3} s, {} parties", start.elapsed().as_secs_f64(), labels.parties.len());
    lookups(&labels);

    let folder = std::env::temp_dir().join(format!("onshore-traffic-{}", std::process::id()));
    let (text, gz, tenth) = (folder.join("text"), folder.join("gz"), folder.join("tenth"));
    for sub in [&text, &gz, &tenth] {
        fs::create_dir_all(sub).unwrap();
    }
    let bytes: u64 = (0..FILES).map(|n| write_log(n, rows / FILES, &text, &gz, &tenth)).sum();
    println!("{rows} rows, {:.1} bytes each, in {FILES} files", bytes as f64 / rows as f64);

    let mut first: Option<Tally> = None;
    for (name, folder) in [("text", &text), ("gzip", &gz)] {
        for threads in [1, 0] {
            let mut best = f64::MAX;
            for _ in 0..3 {
                let start = Instant::now();
                let tally = counted(folder, &labels, threads);
                best = best.min(start.elapsed().as_secs_f64());
                assert_eq!(tally.rows.read, rows / FILES * FILES);
                match &first {
                    Some(first) => assert_eq!(first.cells(), tally.cells(), "every run counts alike"),
                    None => first = Some(tally),
                }
            }
            let on = if threads == 0 { "all processors" } else { "one thread" };
            println!("{name:<5} {on:<15} {:>6.2} M rows/s  ({best:.3} s)", rows as f64 / best / 1e6);
        }
    }
    for (name, folder) in [("a tenth of the text", &tenth), ("all of the text", &text), ("all of the gzip", &gz)] {
        let child = Command::new(std::env::current_exe().unwrap()).env(CHILD, folder).output().unwrap();
        let said = String::from_utf8(child.stdout).unwrap();
        let (rows, peak) = said.trim().split_once(' ').unwrap();
        println!("{name:<20} {rows:>9} rows: {peak} MiB at most");
    }
    fs::remove_dir_all(&folder).unwrap();
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
        let bytes = packets * (60 + numbers.below(1400));
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
