//! What each code of a finding, gap or remark means, as data: `data/codes.toml`. Every code that the program can emit has an entry;
//! `tests/registers.rs` holds that.

use std::sync::LazyLock;

use serde::Deserialize;

/// One entry of `data/codes.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    #[serde(skip)]
    pub code: String,
    pub kind: CodeKind,
    pub title: String,
    pub means: String,
    pub matters: String,
    #[serde(rename = "do")]
    pub remedy: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodeKind {
    Finding,
    Gap,
    /// Of `onshore policy lint`.
    Remark,
}

impl CodeKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finding => "finding",
            Self::Gap => "gap",
            Self::Remark => "remark",
        }
    }
}

/// Every code, findings before gaps, in the order of the table.
pub fn codes() -> &'static [Code] {
    &CODES
}

pub fn code(name: &str) -> Option<&'static Code> {
    CODES.iter().find(|c| c.code == name)
}

static CODES: LazyLock<Vec<Code>> = LazyLock::new(|| {
    let table: toml::Table = toml::from_str(include_str!("../data/codes.toml")).expect("data/codes.toml is TOML");
    let entry = |(name, value): (String, toml::Value)| {
        let code: Code = value.try_into().expect("every entry of data/codes.toml is complete");
        Code { code: name, ..code }
    };
    table.into_iter().map(entry).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_in_full() {
        assert!(codes().len() > 20);
        for c in codes() {
            for text in [&c.title, &c.means, &c.matters, &c.remedy] {
                assert!(text.len() > 10, "{}: {text:?}", c.code);
            }
            assert!(!c.title.ends_with('.'), "{}", c.code);
        }
        assert_eq!(codes()[0].code, "data-leaves-boundary");
    }
}
