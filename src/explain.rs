//! What each code of a finding, gap or remark means, as data: `data/codes.toml`. Every code that the program can emit has an entry;
//! `tests/registers.rs` holds that.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::lang::{self, Message};

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
    /// From `data/lang/codes.zh.toml`.
    #[serde(skip)]
    pub zh: Chinese,
}

/// The same in Chinese: the title always, the rest where it is translated.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chinese {
    pub title: String,
    pub means: Option<String>,
    pub matters: Option<String>,
    #[serde(rename = "do")]
    pub remedy: Option<String>,
}

impl Code {
    pub fn title(&self) -> Message {
        lang::both(&self.title, Some(&self.zh.title))
    }

    pub fn means(&self) -> Message {
        lang::both(&self.means, self.zh.means.as_deref())
    }

    pub fn matters(&self) -> Message {
        lang::both(&self.matters, self.zh.matters.as_deref())
    }

    pub fn remedy(&self) -> Message {
        lang::both(&self.remedy, self.zh.remedy.as_deref())
    }
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
    let mut chinese: BTreeMap<String, Chinese> =
        toml::from_str(include_str!("../data/lang/codes.zh.toml")).expect("data/lang/codes.zh.toml is a table of codes");
    let mut entry = |(name, value): (String, toml::Value)| {
        let code: Code = value.try_into().expect("every entry of data/codes.toml is complete");
        let zh = chinese.remove(&name).unwrap_or_default();
        Code { code: name, zh, ..code }
    };
    table.into_iter().map(&mut entry).collect()
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
            assert!(!c.zh.title.is_empty(), "{} has no Chinese title", c.code);
        }
        assert_eq!(codes()[0].code, "data-leaves-boundary");
        let chinese: BTreeMap<String, Chinese> = toml::from_str(include_str!("../data/lang/codes.zh.toml")).unwrap();
        assert!(chinese.keys().all(|name| code(name).is_some()), "Chinese for a code that there is not");
        let finding = |c: &&Code| c.kind == CodeKind::Finding;
        for c in codes().iter().filter(finding) {
            assert!(c.zh.means.is_some() && c.zh.matters.is_some() && c.zh.remedy.is_some(), "{}", c.code);
        }
    }
}
