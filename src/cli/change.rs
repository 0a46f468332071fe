//! What two assessments do not share: ways, verdicts, findings, gaps. `diff` compares two versions of a project by it, `whatif` two
//! states of the world.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use serde::Serialize;

use crate::check::{Question, path_of, with_context};
use crate::finding::{self, Assessment, Hop, Severity, State, Way};
use crate::lang::{self, Message, say, tell};
use crate::project::Indeterminate;
use crate::report::tree::{Lines, Tree};
use crate::report::{RenderOptions, safe, state_words};
use crate::source::Sources;

/// One of the two.
pub struct Side {
    /// Verdict by rule.
    pub rules: BTreeMap<String, String>,
    pub findings: Vec<One>,
    /// Those that touch a rule.
    pub gaps: Vec<Known>,
    pub ways: Vec<Row>,
    /// Whether a way in a milder state is another way.
    pub states_count: bool,
}

impl Side {
    /// For comparing states of one project: what is found at one endpoint by one rule is the same finding in each of them, by
    /// whatever way, and a way is the same way.
    pub fn in_one_state(assessment: &Assessment, sources: &Sources) -> Self {
        let mut side = Self::new(assessment, sources);
        for (one, finding) in side.findings.iter_mut().zip(&assessment.findings) {
            one.fingerprint = format!("{:?} {} {}", finding.rule, finding.code, finding.endpoint);
        }
        side.states_count = false;
        side
    }

    pub fn new(assessment: &Assessment, sources: &Sources) -> Self {
        let at = |location| sources.position(location).to_string();
        let finding = |f: &crate::finding::Finding| One {
            fingerprint: f.fingerprint.clone(),
            rule: f.rule.clone(),
            severity: f.severity.as_str().to_owned(),
            verdict: f.verdict.as_str().to_owned(),
            message: f.message.clone(),
            at: f.location.map(at),
        };
        let gap = |g: &crate::finding::GapResult| Known {
            message: g.message.to_string(),
            at: at(g.location),
            file: sources.position(g.location).file,
        };
        Self {
            rules: assessment.rules.iter().map(|r| (r.rule.clone(), r.verdict.as_str().to_owned())).collect(),
            findings: assessment.findings.iter().map(finding).collect(),
            gaps: assessment.gaps.iter().filter(|g| !g.touches.is_empty()).map(gap).collect(),
            ways: assessment.ways.iter().map(|w| Row::new(w, at(w.location))).collect(),
            states_count: true,
        }
    }
}

/// A gap, as far as two versions are compared.
#[derive(Clone, Debug)]
pub struct Known {
    pub message: String,
    pub at: String,
    /// The file it is in, which its message may name.
    pub file: String,
}

impl Known {
    /// The same in both versions, wherever it stands.
    fn key(&self) -> String {
        if self.file.is_empty() {
            return self.message.clone();
        }
        let mut parts = self.message.split(self.file.as_str());
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |key, part| {
            let line = part.strip_prefix(':').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
            key + line.unwrap_or(part)
        })
    }
}

/// A finding, as far as two versions are compared.
#[derive(Clone, Debug, Serialize)]
pub struct One {
    pub fingerprint: String,
    pub rule: Option<String>,
    pub severity: String,
    pub verdict: String,
    pub message: Message,
    pub at: Option<String>,
}

/// A way, as far as two versions are compared.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub origin: String,
    pub data: String,
    pub country: String,
    pub activity: String,
    pub state: String,
    pub endpoint: String,
    pub at: String,
    /// What the change did to open or close it.
    pub by: Message,
    #[serde(skip)]
    pub path: finding::Path,
}

impl Row {
    pub fn new(way: &Way, at: String) -> Self {
        Self {
            origin: way.origin.clone(),
            data: way.data.clone(),
            country: way.country.clone(),
            activity: way.activity.to_owned(),
            state: way.state.as_str().to_owned(),
            endpoint: way.endpoint.clone(),
            at,
            by: Message::default(),
            path: way.path.clone(),
        }
    }

    fn key(&self) -> (&str, &str, &str, &str) {
        (&self.origin, &self.data, &self.country, &self.activity)
    }

    /// Mildest first; what is not known is taken for the mildest, so that it is shown.
    fn harshness(&self) -> State {
        State::parse(&self.state).unwrap_or(State::Normal)
    }

    pub fn is(&self, way: &Way) -> bool {
        (self.origin.as_str(), self.data.as_str(), self.country.as_str(), self.activity.as_str())
            == (way.origin.as_str(), way.data.as_str(), way.country.as_str(), way.activity)
    }

    /// "communications.content of people of US is processed in CN under overload".
    fn says(&self) -> Message {
        let does = match self.activity.as_str() {
            "store" => say!("is stored in"),
            "keys" => say!("is held as keys in"),
            "access" => say!("can be read in"),
            "process" => say!("is processed in"),
            _ => say!("passes through"),
        };
        let state = state_words(self.harshness());
        let data = match self.origin.as_str() {
            "" => Message::Plain(self.data.clone()),
            origin => say!("{data} of people of {origin}", data = self.data, origin),
        };
        let country = match self.country.as_str() {
            "?" => say!("an unknown country"),
            code => lang::code(code),
        };
        say!("{data} {does} {country} {state}", data, does, country, state)
    }
}

/// What is new and what is gone.
#[derive(Debug, Serialize)]
pub struct Change {
    pub schema: &'static str,
    pub new_ways: Vec<Row>,
    pub gone_ways: Vec<Row>,
    /// Rule, verdict before, verdict after.
    pub rules: Vec<RuleChange>,
    pub new_findings: Vec<One>,
    pub gone_findings: Vec<One>,
    pub new_gaps: Vec<NewGap>,
}

#[derive(Debug, Serialize)]
pub struct RuleChange {
    pub rule: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct NewGap {
    pub message: String,
    pub at: String,
}

impl Change {
    pub fn between(base: &Side, head: &Side) -> Self {
        let new_ways = beyond(head, base);
        let mut gone_ways = beyond(base, head);
        // A way that only carries in a milder state now is told once, as new.
        gone_ways.retain(|gone| new_ways.iter().all(|new| new.key() != gone.key()));
        let names: BTreeSet<&String> = base.rules.keys().chain(head.rules.keys()).collect();
        let rules = names.into_iter().filter(|r| base.rules.get(*r) != head.rules.get(*r)).map(|rule| RuleChange {
            rule: rule.clone(),
            before: base.rules.get(rule).cloned(),
            after: head.rules.get(rule).cloned(),
        });
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        base.gaps.iter().for_each(|g| *known.entry(g.key()).or_default() += 1);
        // One more of a kind is new, too.
        let is_new = |gap: &&Known| match known.get_mut(&gap.key()) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        };
        let new_gaps: Vec<&Known> = head.gaps.iter().filter(is_new).collect();
        Self {
            schema: "onshore.diff/1",
            rules: rules.collect(),
            new_findings: missing_in(&head.findings, &base.findings),
            gone_findings: missing_in(&base.findings, &head.findings),
            new_gaps: new_gaps.iter().map(|g| NewGap { message: g.message.clone(), at: g.at.clone() }).collect(),
            new_ways,
            gone_ways,
        }
    }

    pub fn is_nothing(&self) -> bool {
        self.new_ways.is_empty()
            && self.gone_ways.is_empty()
            && self.rules.is_empty()
            && self.new_findings.is_empty()
            && self.gone_findings.is_empty()
            && self.new_gaps.is_empty()
    }

    /// 1 for new violations at or above the gate; 3 for what newly cannot be told, unless the gate only warns of that.
    pub fn exit_code(&self, gate: Severity, indeterminate: Indeterminate) -> u8 {
        let breaks = |f: &&One| ["violated", "unsatisfiable"].contains(&f.verdict.as_str());
        let grave = |f: &One| Severity::parse(&f.severity).is_none_or(|s| s >= gate);
        if self.new_findings.iter().filter(breaks).any(grave) {
            return 1;
        }
        let untold = |v: &str| ["indeterminate", "conflict"].contains(&v);
        let newly_untold = self.new_findings.iter().any(|f| untold(&f.verdict))
            || self.rules.iter().any(|r| r.after.as_deref().is_some_and(untold) && r.before.as_deref() != Some("violated"));
        if newly_untold && indeterminate == Indeterminate::Fail { 3 } else { 0 }
    }

    /// As text, with the lines that the paths of new and of gone ways lie on; without, those are not shown.
    pub fn show(
        &self,
        new: Lines<'_>,
        gone: Option<Lines<'_>>,
        options: &RenderOptions,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let lang = options.lang;
        let both = [(say!("New ways"), &self.new_ways, Some(new)), (say!("Ways that are gone"), &self.gone_ways, gone)];
        for (title, ways, line) in both {
            if ways.is_empty() {
                continue;
            }
            writeln!(out, "{}", title.tell(lang))?;
            for (by, ways) in by_cause(ways) {
                writeln!(out, "{}", options.wrap("  ", "    ", &safe(&by.tell(lang))))?;
                for way in &ways {
                    writeln!(out, "{}", options.wrap("    - ", "      ", &safe(&way.says().tell(lang))))?;
                }
                if let Some(line) = line {
                    let paths = Tree::merge(ways.iter().map(|w| w.path.as_slice()));
                    write!(out, "{}", paths.render("      ", line, options))?;
                }
                writeln!(out)?;
            }
        }
        if !self.rules.is_empty() {
            writeln!(out, "{}", tell!(lang, "Rules"))?;
            for r in &self.rules {
                let verdict =
                    |v: &Option<String>| v.as_ref().map_or_else(|| tell!(lang, "not asked"), |v| lang.word(v).to_owned());
                let (before, after) = (verdict(&r.before), verdict(&r.after));
                let text = tell!(lang, "{rule}: {before} -> {after}", rule = r.rule, before, after);
                writeln!(out, "{}", options.wrap("  ", "    ", &safe(&text)))?;
            }
            writeln!(out)?;
        }
        let both = [(say!("New findings"), &self.new_findings), (say!("Findings that are gone"), &self.gone_findings)];
        for (title, findings) in both {
            if findings.is_empty() {
                continue;
            }
            writeln!(out, "{}", title.tell(lang))?;
            for f in findings {
                let rule = f.rule.as_deref().map(|r| format!(" [{r}]")).unwrap_or_default();
                let at = f.at.as_deref().unwrap_or("-");
                let (severity, verdict) = (lang.word(&f.severity), lang.word(&f.verdict));
                let what = f.message.tell(lang);
                let text = tell!(lang, "{at}: {severity} {verdict}: {what}{rule}", at, severity, verdict, what, rule);
                writeln!(out, "{}", options.wrap("  ", "    ", &safe(&text)))?;
            }
            writeln!(out)?;
        }
        if !self.new_gaps.is_empty() {
            writeln!(out, "{}", tell!(lang, "New gaps"))?;
            for gap in &self.new_gaps {
                let text = tell!(lang, "{at}: {message}", at = gap.at, message = lang.read(&gap.message).into_owned());
                writeln!(out, "{}", options.wrap("  ", "    ", &safe(&text)))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

/// Ways that one line opened or closed are told together, in the order of the first of each.
fn by_cause(ways: &[Row]) -> Vec<(&Message, Vec<&Row>)> {
    let mut groups: Vec<(&Message, Vec<&Row>)> = Vec::new();
    let mut known: BTreeMap<&Message, usize> = BTreeMap::new();
    for way in ways {
        let group = *known.entry(&way.by).or_insert_with(|| {
            groups.push((&way.by, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(way);
    }
    groups
}

/// Ways of one version that the other does not have, or only in a harsher state.
fn beyond(of: &Side, other: &Side) -> Vec<Row> {
    let known: BTreeMap<_, State> = other.ways.iter().map(|w| (w.key(), w.harshness())).collect();
    let is_new = |w: &&Row| known.get(&w.key()).is_none_or(|state| of.states_count && *state > w.harshness());
    of.ways.iter().filter(is_new).cloned().collect()
}

/// Findings of one version whose fingerprint the other does not have. One that is waived is another than one that counts.
fn missing_in(of: &[One], other: &[One]) -> Vec<One> {
    let key = |f: &One| (f.fingerprint.clone(), f.verdict == "waived");
    let known: BTreeSet<(String, bool)> = other.iter().map(key).collect();
    of.iter().filter(|f| !known.contains(&key(f))).cloned().collect()
}

/// Fills in paths of ways that an assessment of the question gave, and by what each is there.
pub fn follow(rows: &mut [Row], ways: &[Way], question: &Question<'_>, by: impl Fn(&[Arc<Hop>]) -> Message) {
    if rows.is_empty() {
        return;
    }
    with_context(question, |context| {
        for row in rows {
            let Some(way) = ways.iter().find(|w| row.is(w)) else { continue };
            row.path = path_of(context, way);
            row.by = by(&row.path);
        }
    });
}
