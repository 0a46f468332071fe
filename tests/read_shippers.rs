//! The readers of log shippers against folders of input and expected facts, and against damaged text.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files, may panic and says what it skips

mod facts;

use facts::{seeds, sound};
use onshore::read::{READERS, Reader, Recognized};
use proptest::prelude::*;

/// Format, the name of a file of it, and how many folders there are at least.
const FORMATS: [(&str, &str, usize); 7] = [
    ("beats", "filebeat.yml", 2),
    ("fluent-bit", "fluent-bit.conf", 3),
    ("fluentd", "fluent.conf", 2),
    ("logstash", "pipeline.conf", 3),
    ("otel-collector", "gateway.yaml", 1),
    ("rsyslog", "rsyslog.conf", 2),
    ("vector", "vector.toml", 1),
];

fn reader(format: &str) -> &'static dyn Reader {
    *READERS.iter().find(|r| r.format() == format).unwrap()
}

#[test]
fn cases() {
    for (format, _, least) in FORMATS {
        facts::golden(reader(format), &format!("tests/read/shipper/{format}"), least);
    }
}

/// The surest reader takes a file: that must be nobody else.
#[test]
fn each_file_is_of_one_format() {
    for (format, path, _) in FORMATS {
        let texts = seeds(&format!("tests/read/shipper/{format}"));
        assert!(
            texts.iter().any(|text| reader(format).recognize(path, text) == Recognized::Yes),
            "{format} knows none of its files"
        );
        for text in texts {
            for other in READERS.iter().filter(|r| r.format() != format) {
                assert_ne!(
                    other.recognize(path, &text),
                    Recognized::Yes,
                    "{} takes a file of {format}:\n{text}",
                    other.format()
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Cut short or with a piece replaced: no panic, lines inside, twice the same.
    #[test]
    fn damaged_text(which in 0..FORMATS.len(), seed in any::<prop::sample::Index>(), from in any::<prop::sample::Index>(), cut in 0..40_usize, put in "[\\[\\]{}()<>=\"'@$\\PC]{0,6}") {
        let (format, path, _) = FORMATS[which];
        let seeds = seeds(&format!("tests/read/shipper/{format}"));
        let text = seed.get(&seeds);
        let start = text.floor_char_boundary(from.index(text.len().max(1)));
        let end = text.floor_char_boundary((start + cut).min(text.len()));
        sound(reader(format), path, &format!("{}{put}{}", &text[..start], &text[end..]));
    }
}
