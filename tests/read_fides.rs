//! The reader of Fides manifests against files in the shape of its documentation, against mistakes, and against damaged text.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files and may panic

mod facts;

use facts::{golden, seeds, sound};
use onshore::read::fides::Fides;
use onshore::read::{READERS, Reader, Recognized};
use proptest::prelude::*;

#[test]
fn cases() {
    golden(&Fides, "tests/read/fides", 3);
}

#[test]
fn a_manifest_is_taken_by_this_reader_alone() {
    for text in seeds("tests/read/fides").into_iter().filter(|text| text.contains("  - fides_key:")) {
        for reader in READERS {
            let expected = if reader.format() == "fides" { Recognized::Yes } else { Recognized::No };
            assert_eq!(reader.recognize(".fides/manifest.yml", &text), expected, "{}", reader.format());
        }
    }
    for other in ["services:\n  dataset:\n    image: fides_key\n", "dataset: fides_key\n", "kind: Dataset\nmetadata: {}\n"] {
        assert_eq!(Fides.recognize("a.yml", other), Recognized::No, "{other}");
    }
    assert_eq!(Fides.recognize("a.json", "dataset:\n- fides_key: a\n"), Recognized::No);
}

/// Each alias of a chain names the one before it twice: followed, it would be two to the power of its length.
#[test]
fn aliases_that_double_end() {
    let mut text = String::from("x: &f0 [{name: a, data_categories: [user.name]}]\n");
    for i in 1..60 {
        text.push_str(&format!("x{i}: &f{i} [{{name: a, fields: *f{}}}, {{name: b, fields: *f{}}}]\n", i - 1, i - 1));
    }
    text.push_str("dataset:\n- fides_key: d\n  collections: *f59\n");
    sound(&Fides, "m.yml", &text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn damaged_text_is_read_soundly(at in 0.0..1.0_f64, cut in 0_usize..40, put in "[-:{}\\[\\]&*a-z\\n ]{0,6}", which in 0_usize..2) {
        let text = seeds("tests/read/fides").swap_remove(which);
        let start = text.floor_char_boundary((text.len() as f64 * at) as usize);
        let end = text.floor_char_boundary((start + cut).min(text.len()));
        sound(&Fides, "m.yml", &format!("{}{put}{}", &text[..start], &text[end.max(start)..]));
    }
}
