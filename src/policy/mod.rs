//! Policies: TOML packs become [`Pack`]s and [`Rule`]s with every error of a file at once. What a rule *means* is `check`'s.

mod keyword;
pub mod lint;
pub mod parse;
mod raw;
pub mod show;

use jiff::civil::Date;

use crate::finding::{Reading, Severity, State, Verdict};
use crate::lang::{self, Message};
use crate::model::population::OriginAxis;
use crate::model::{Activity, DomainKind, Role};
use crate::source::{Location, Spanned};
use crate::vocab::controls::{self, Control};
use crate::vocab::places::PlaceSet;

pub use crate::doc::types::Word as Keyword;
pub use lint::{Lint, lint};
pub use parse::{parse, parse_tests, schema, shipped};

/// How a pack binds; the order is the order of precedence, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Binding {
    Company,
    Contract,
    Certification,
    Standard,
    Direction,
    Regulation,
    Statute,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    InForce,
    Pending,
    Suspended,
    Inapplicable,
    Repealed,
    Contested,
}

/// How the facts of a pack were checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verification {
    Memory,
    Secondary,
    Primary,
}

/// What a rule rests on.
#[derive(Clone, Debug)]
pub struct Instrument {
    pub id: Spanned<String>,
    pub citation: String,
    pub article: Option<String>,
    pub native_name: Option<String>,
    pub url: Option<String>,
    pub effective_from: Option<Date>,
    pub effective_to: Option<Date>,
    /// How citation and dates were checked, if it was noted.
    pub verification: Option<Verification>,
}

impl Instrument {
    /// What it is called: in Chinese by its own name, where it has one in Chinese.
    pub fn named(&self) -> Message {
        lang::both(&self.citation, self.title_zh().as_deref())
    }

    /// The same with the article: "GDPR, article 30", "《数据安全法》第三十一条".
    pub fn cited(&self) -> Message {
        let Some(article) = &self.article else { return self.named() };
        let (title, articles) = (self.title_zh(), lang::article(article).map(str::to_owned).or_else(|| articles_zh(article)));
        let closed = title.as_ref().is_some_and(|t| t.ends_with(['》', '）']));
        let zh = match (title.as_ref().unwrap_or(&self.citation), articles) {
            (title, Some(articles)) if closed && articles.starts_with('第') => format!("{title}{articles}"),
            (title, None) if closed => format!("{title}（{article}）"),
            (title, articles) => format!("{title}，{}", articles.as_ref().unwrap_or(article)),
        };
        lang::both(&format!("{}, {article}", self.citation), Some(&zh))
    }

    fn title_zh(&self) -> Option<String> {
        if let Some(cited) = lang::law(&self.citation) {
            return Some(cited.to_owned());
        }
        let native = self.native_name.as_deref()?;
        let is_kana = |c: char| matches!(c, '\u{3040}'..='\u{30ff}');
        let is_han = |c: char| matches!(c, '\u{4e00}'..='\u{9fff}');
        (native.chars().any(is_han) && !native.chars().any(is_kana)).then(|| format!("《{native}》"))
    }
}

/// "articles 5, 7 and 8" as "第五条、第七条和第八条"; what stands in brackets behind stays as it is. `None`: it says more than that.
fn articles_zh(text: &str) -> Option<String> {
    if let Some((articles, remark)) = text.strip_suffix(')').and_then(|t| t.split_once(" (")) {
        return Some(format!("{}（{remark}）", articles_zh(articles)?));
    }
    let numbers = text.strip_prefix("articles ").or_else(|| text.strip_prefix("article "))?;
    let mut out = String::new();
    for (i, word) in numbers.split(' ').enumerate() {
        match word {
            "to" if i > 0 => out.push('至'),
            "and" if i > 0 => {
                out.truncate(out.strip_suffix('、').map_or(out.len(), str::len));
                out.push('和');
            }
            word => {
                let (word, comma) = word.strip_suffix(',').map_or((word, false), |word| (word, true));
                let (number, paragraph) = match word.split_once('(') {
                    Some((number, paragraph)) => (number, Some(paragraph.strip_suffix(')')?)),
                    None => (word, None),
                };
                out.push_str(&format!("第{}条", numeral_zh(number.parse().ok()?)?));
                if let Some(paragraph) = paragraph {
                    out.push_str(&format!("第{}款", numeral_zh(paragraph.parse().ok()?)?));
                }
                out.push_str(if comma { "、" } else { "" });
            }
        }
    }
    Some(out)
}

/// As Chinese laws count their articles; up to 999.
fn numeral_zh(n: u16) -> Option<String> {
    const DIGITS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let digit = |n: u16| DIGITS[usize::from(n % 10)];
    let ones = |n: u16| if n.is_multiple_of(10) { "" } else { digit(n) };
    match n {
        1..=9 => Some(digit(n).to_owned()),
        10..=19 => Some(format!("十{}", ones(n))),
        20..=99 => Some(format!("{}十{}", digit(n / 10), ones(n))),
        100..=999 if n.is_multiple_of(100) => Some(format!("{}百", digit(n / 100))),
        100..=999 if n % 100 < 10 => Some(format!("{}百零{}", digit(n / 100), digit(n))),
        100..=999 => Some(format!("{}百{}十{}", digit(n / 100), digit(n / 10), ones(n))),
        _ => None,
    }
}

/// A point of a law that people read in two ways. Rules are written for one reading each; the project chooses.
#[derive(Clone, Debug)]
pub struct Contested {
    pub id: Spanned<String>,
    pub question: String,
    /// What each reading says, and who reads it so.
    pub strict: String,
    pub lenient: String,
}

/// What whoever operates a place must be, so that data may get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipients {
    /// Countries whose law may govern them; `None`: any.
    pub jurisdiction: Option<PlaceSet>,
    /// All of these certifications.
    pub certified: Vec<Spanned<String>>,
    /// Whether they are a covered person under 28 CFR 202.211; `None`: not asked.
    pub covered_person: Option<bool>,
}

/// What an arrival does, as rules name it: an endpoint's role or a route's activity. A word that is both (`keys`, `access`)
/// stands for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doing {
    Role(Role),
    Route(Activity),
}

/// Exactly one per rule.
#[derive(Clone, Debug)]
pub enum Demand {
    OnlyIn(PlaceSet),
    NeverIn(PlaceSet),
    CopyIn {
        places: PlaceSet,
        max_age_hours: Option<u64>,
    },
    FirstIn(PlaceSet),
    ReturnWithin {
        hours: u64,
        home: PlaceSet,
    },
    RetainIn {
        places: PlaceSet,
        days: u64,
    },
    KeysIn(PlaceSet),
    Survive(Survive),
    Separate(Separate),
    Nexus,
    /// What the rule's `recipient` asks, wherever that is.
    Recipient,
}

impl Demand {
    /// Whether it is on what data gets to, one arrival at a time.
    pub fn is_on_arrivals(&self) -> bool {
        matches!(self, Self::OnlyIn(_) | Self::NeverIn(_) | Self::FirstIn(_) | Self::Nexus | Self::Recipient)
    }

    /// As rules write it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::OnlyIn(_) => "only-in",
            Self::NeverIn(_) => "never-in",
            Self::CopyIn { .. } => "copy-in",
            Self::FirstIn(_) => "first-in",
            Self::ReturnWithin { .. } => "return-within",
            Self::RetainIn { .. } => "retain-in",
            Self::KeysIn(_) => "keys-in",
            Self::Survive(_) => "survive",
            Self::Separate(_) => "separate",
            Self::Nexus => "nexus",
            Self::Recipient => "recipient",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Separate {
    /// What they must not share.
    pub apart: Vec<Apart>,
    pub between: Between,
    /// At least one copy stands so far away.
    pub at_least_km: Option<u32>,
}

/// What two things may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apart {
    Domain(DomainKind),
    /// Somebody who has access to both.
    Principal,
}

impl Apart {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Domain(kind) => kind.as_str(),
            Self::Principal => "principal",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Survive {
    pub loss_of: DomainKind,
    /// How many at once.
    pub count: u32,
    pub keep: Vec<Keep>,
    /// Empty: anywhere.
    pub within: Option<PlaceSet>,
    /// The recovery point: how old a full copy may be.
    pub max_age_hours: Option<u64>,
    /// With a site, every site within so many kilometres is lost.
    pub radius_km: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Keep {
    ServingPath,
    FullCopy,
    Identity,
    Keys,
    Dns,
    ControlPlane,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Between {
    StoreAndBackups,
}

/// How rules of several people's origins meet in one item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Combine {
    #[default]
    Intersection,
    PerSubject,
    Nexus,
    Controller,
}

/// Over which time people are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// Since 1 January (Chinese export procedures).
    CalendarYear,
    /// 28 CFR 202.205.
    TrailingTwelveMonths,
}

/// From so many people on, these mechanisms count and those of lower tiers no longer do. Below the lowest tier nothing is asked.
#[derive(Clone, Debug)]
pub struct Tier {
    pub at_least: u64,
    pub mechanisms: Vec<Spanned<String>>,
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub id: Spanned<String>,
    pub title: String,
    pub title_zh: Option<String>,
    pub instruments: Vec<String>,
    pub severity: Severity,
    /// The pack's, unless the rule says otherwise.
    pub verification: Verification,
    /// Class names without aliases; empty: every class.
    pub data: Vec<Spanned<String>>,
    /// `None`: every origin.
    pub origin: Option<PlaceSet>,
    pub origin_by: OriginAxis,
    /// Empty: all.
    pub activity: Vec<Doing>,
    /// Sorted, never empty.
    pub state: Vec<State>,
    pub demand: Demand,
    /// The line of the demand.
    pub demand_location: Location,
    /// Goes with demands on places, or is the demand.
    pub recipient: Option<Recipients>,
    /// It is asked only if this contested point of the pack is read so.
    pub reading: Option<(Spanned<String>, Reading)>,
    pub combine: Combine,
    pub unless_mechanism: Vec<Spanned<String>>,
    /// Binds from so many people on ("more than 100" is 101).
    pub min_subjects: Option<u64>,
    /// Over which time `min_subjects` and `tiers` count; `None`: all there are.
    pub window: Option<Window>,
    /// Lowest first. Empty: `unless_mechanism` holds for any number.
    pub tiers: Vec<Tier>,
    /// Operator facts that must all hold for the rule to bind; an undeclared one leaves it undecided.
    pub applies_if: Vec<Spanned<String>>,
    /// Operator facts that take the operator out, each alone; an undeclared one does not.
    pub exempt: Vec<Spanned<String>>,
    pub rationale: Option<String>,
    pub location: Location,
}

impl Rule {
    pub fn title(&self) -> Message {
        titled(&self.title, self.title_zh.as_deref())
    }

    pub fn rationale(&self) -> Option<Message> {
        self.rationale.as_deref().map(lang::shipped)
    }
}

/// In the languages that the file gives it; else a shipped pack's has its Chinese in the tables.
fn titled(english: &str, chinese: Option<&str>) -> Message {
    chinese.map_or_else(|| lang::shipped(english), |chinese| lang::both(english, Some(chinese)))
}

#[derive(Clone, Debug)]
pub struct Pack {
    pub id: String,
    pub title: String,
    pub title_zh: Option<String>,
    pub version: String,
    pub binding: Binding,
    pub status: Status,
    pub as_of: Date,
    pub review_by: Option<Date>,
    pub verification: Verification,
    /// What the pack cannot decide, for people who rely on it.
    pub limits: Vec<String>,
    pub instruments: Vec<Instrument>,
    pub contested: Vec<Contested>,
    pub rules: Vec<Rule>,
    pub tests: Vec<Test>,
    pub location: Location,
}

/// `[[test]]`: what the rules of a pack must say of a tiny world. The world's own tables are in other languages (inventory, project
/// file) and stay in the text.
#[derive(Clone, Debug)]
pub struct Test {
    pub name: Spanned<String>,
    /// The day on which it is judged.
    pub as_of: Date,
    /// How contested points of the pack are read; the others strictly.
    pub readings: Vec<(Spanned<String>, Reading)>,
    /// Rules of the pack by their ids. All others must be satisfied or not applicable.
    pub expect: Vec<(Spanned<String>, Verdict)>,
    pub findings: Vec<ExpectedFinding>,
    /// Which of the tables `[[test]]` of its file it is, from 0; the file is that of `location`.
    pub number: usize,
    pub location: Location,
}

impl Test {
    /// What it expects of a rule, if it says so.
    pub fn expects(&self, rule: &str) -> Option<Verdict> {
        self.expect.iter().find(|(id, _)| id.value == rule).map(|(_, verdict)| *verdict)
    }
}

/// A finding that a test must have; what is `None` is not asked.
#[derive(Clone, Debug)]
pub struct ExpectedFinding {
    /// The id of a rule of the pack; `None`: the finding is of no rule.
    pub rule: Option<String>,
    pub endpoint: Option<String>,
    pub code: Option<String>,
    pub verdict: Option<Verdict>,
    pub state: Option<State>,
    /// Names of endpoints.
    pub path: Option<Vec<String>>,
    pub location: Location,
}

/// What each rule is to be shown to do by some test.
pub const SHOWN: [Verdict; 3] = [Verdict::Satisfied, Verdict::Violated, Verdict::Indeterminate];

impl Rule {
    /// Controls of public catalogues for which it gives evidence.
    pub fn controls(&self) -> Vec<&'static Control> {
        let word = |d: &Doing| match d {
            Doing::Role(role) => role.as_str(),
            Doing::Route(activity) => activity.as_str(),
        };
        let activity: Vec<&str> = self.activity.iter().map(word).collect();
        controls::of(self.demand.as_str(), &activity).collect()
    }
}

impl Pack {
    pub fn title(&self) -> Message {
        titled(&self.title, self.title_zh.as_deref())
    }

    /// The verdicts of [`SHOWN`] that no test expects of a rule.
    pub fn not_shown(&self, rule: &Rule) -> Vec<Verdict> {
        let is_shown = |v: &Verdict| self.tests.iter().any(|t| t.expects(&rule.id.value) == Some(*v));
        SHOWN.into_iter().filter(|v| !is_shown(v)).collect()
    }

    /// `pack/rule`, as findings name it.
    pub fn rule_name(&self, rule: &Rule) -> String {
        format!("{}/{}", self.id, rule.id.value)
    }
}

#[cfg(test)]
mod tests {
    use super::articles_zh;

    #[test]
    fn articles_as_chinese_laws_count_them() {
        let table = [
            ("article 40", "第四十条"),
            ("articles 38 and 39", "第三十八条和第三十九条"),
            ("articles 5, 7 and 8", "第五条、第七条和第八条"),
            ("article 38(1)", "第三十八条第一款"),
            ("articles 36 and 38 to 40", "第三十六条和第三十八条至第四十条"),
            ("article 39 (before 2026: article 37)", "第三十九条（before 2026: article 37）"),
            ("article 10", "第十条"),
            ("article 100", "第一百条"),
            ("article 205", "第二百零五条"),
            ("article 119", "第一百一十九条"),
        ];
        for (english, chinese) in table {
            assert_eq!(articles_zh(english).as_deref(), Some(chinese), "{english}");
        }
        assert_eq!(articles_zh("Schedule 1"), None);
    }
}
