//! Logs into the compact Parquet of [`super::parquet`], one file each. Counting a converted log gives the tally of the log itself.

use std::io::{self, Read};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use super::count::{Reading, plain};
use super::open::{self, Input};
use super::parquet::Writer;
use super::read::{Format, recognize};

/// What became of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    pub name: String,
    /// `None`: nothing was written.
    pub file: Option<PathBuf>,
    pub rows: u64,
    /// Why not all of it was read. What came before is in the file.
    pub broken: Option<String>,
    /// Why nothing could be written.
    pub failed: Option<String>,
}

/// The file that a log becomes: its name without folders' signs. `logs/a.log.gz` is `logs_a.log.gz.parquet`.
pub fn file_name(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' }).collect();
    format!("{}.parquet", plain.trim_start_matches(['.', '_']))
}

/// Converts all logs, several at once.
pub fn convert(inputs: &[Input], folder: &Path, reading: &Reading, stdin: &mut dyn Read) -> Vec<Converted> {
    let done: Mutex<Vec<(usize, Converted)>> = Mutex::default();
    let keep = |number, converted| done.lock().expect("nobody panics holding it").push((number, converted));
    for (number, input) in inputs.iter().enumerate().filter(|(_, i)| i.path.is_none()) {
        keep(number, one(input, folder, reading, || open::unpack(&mut *stdin)));
    }
    let files: Vec<usize> = (0..inputs.len()).filter(|i| inputs[*i].path.is_some()).collect();
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let workers = if reading.threads == 0 { processors } else { reading.threads }.min(files.len());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(number) = files.get(next.fetch_add(1, Relaxed)) {
                    let path = inputs[*number].path.as_deref().unwrap_or_else(|| Path::new(""));
                    keep(*number, one(&inputs[*number], folder, reading, || open::open(path, &reading.meter)));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("nobody panics holding it");
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, converted)| converted).collect()
}

fn one<R: Read>(
    input: &Input,
    folder: &Path,
    reading: &Reading,
    open: impl FnOnce() -> io::Result<open::Unpacked<R>>,
) -> Converted {
    let mut converted = Converted { name: input.name.clone(), file: None, rows: 0, broken: None, failed: None };
    let found = open().and_then(|log| recognize(log, &reading.hints, reading.format));
    let (format, mut log): (&dyn Format, _) = match found {
        Ok((Some(format), log)) => (format, log),
        Ok((None, _)) => {
            converted.failed = Some("it is in no format that is read here".to_owned());
            return converted;
        }
        Err(e) => {
            converted.failed = Some(plain(&e));
            return converted;
        }
    };
    let file = folder.join(file_name(&input.name));
    let mut read = Ok(());
    let made = open::make(&file, |made| {
        let mut writer = Writer::new(made)?;
        read = format.read(&mut log, &reading.hints, &mut writer);
        writer.finish()
    });
    match made {
        Ok(rows) => (converted.file, converted.rows) = (Some(file), rows),
        Err(e) => converted.failed = Some(format!("`{}` cannot be written: {e}", file.display())),
    }
    converted.broken = read.err().map(|e| plain(&e));
    converted
}
