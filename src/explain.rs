//! What each code of a finding, gap or remark means, as data: `data/codes.toml`. Every code that the program can emit has an entry;
//! `tests/registers.rs` holds that.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::lang::{Book, Message};

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

impl Code {
    pub fn title(&'static self) -> Message {
        said(&self.title)
    }

    pub fn means(&'static self) -> Message {
        said(&self.means)
    }

    pub fn matters(&'static self) -> Message {
        said(&self.matters)
    }

    pub fn remedy(&'static self) -> Message {
        said(&self.remedy)
    }
}

fn said(english: &'static str) -> Message {
    Message::In(Book::Codes, english.into())
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
        let chinese: toml::Table = toml::from_str(include_str!("../data/lang/codes.zh.toml")).unwrap();
        let has = |c: &Code, key: &str| {
            chinese
                .get(&c.code)
                .and_then(|entry| entry.get(key))
                .is_some_and(|text| text.as_str().is_some_and(|t| !t.is_empty()))
        };
        for c in codes() {
            for text in [&c.title, &c.means, &c.matters, &c.remedy] {
                assert!(text.len() > 10, "{}: {text:?}", c.code);
            }
            assert!(!c.title.ends_with('.'), "{}", c.code);
            let missing = ["title", "means", "matters", "do"].into_iter().find(|key| !has(c, key));
            assert_eq!(missing, None, "{} has no Chinese in data/lang/codes.zh.toml", c.code);
        }
        assert_eq!(codes()[0].code, "data-leaves-boundary");
        assert!(chinese.keys().all(|name| code(name).is_some()), "Chinese for a code that there is not");
        let mut keys = chinese.values().flat_map(|entry| entry.as_table().unwrap().keys());
        assert!(keys.all(|key| ["title", "means", "matters", "do"].contains(&key.as_str())), "a key that nothing reads");
    }
}
