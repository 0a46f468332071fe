//! `onshore explain`: what a word means - a code, a rule, a pack, a data class, a set of places, a place code, an operator fact,
//! a transfer mechanism, a certification, a control of a public catalogue, an input format, a key of a file that people write.
//! Without a word: the list of codes.

mod keys;

use std::collections::BTreeSet;
use std::io::{self, Write};

use clap::Args;

use super::{Context, Failure};
use crate::explain::{self, Code, CodeKind};
use crate::lang::say;
use crate::model::Country;
use crate::read::{READERS, Reader, words};
use crate::report::{RenderOptions, safe};
use crate::vocab::{certifications, classes, controls, facts, mechanisms, places};

#[derive(Debug, Args)]
pub struct Explain {
    /// A code (data-leaves-boundary), pack/rule, data class (user.contact), set of places (@us-all), place (US-CA), fact,
    /// mechanism, certification, control (CCC.CN06), input format (nginx) or key (enters); nothing: list the codes
    word: Option<String>,
}

impl Explain {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let options = context.options;
        let mut page = Page { options, out: &mut *context.out };
        let Some(word) = self.word else {
            page.list()?;
            return Ok(0);
        };
        if let Some(code) = explain::code(&word) {
            page.code(code)?;
        } else if let Some(set) = places::sets().iter().find(|s| s.name == word) {
            page.set(set)?;
        } else if let Some(place) = place(&word) {
            page.line("", &place)?;
        } else if let Some(class) = classes::known(&word) {
            page.class(class)?;
        } else if let Some(fact) = facts::known(&word) {
            page.title(&fact.id, "operator fact")?;
            page.line("Question: ", &fact.question)?;
            page.line("Who knows: ", &fact.decided_by)?;
            page.line("Declare: ", &format!("[operator] facts = {{ {} = true }} or false in onshore.toml", fact.id))?;
            if let Some(is) = fact.covered_person {
                let article = if is { "a" } else { "no" };
                let text =
                    format!("whoever operates what a [[recipient]] with `own = true` matches is {article} covered person");
                page.line("A yes says: ", &text)?;
            }
        } else if let Some(m) = mechanisms::known(&word) {
            page.title(&m.id, "transfer mechanism")?;
            page.line("", &format!("{} ({}, {})", m.title, m.regime, m.citation))?;
            if m.forbids_onward {
                page.line("", "everything behind the recipient must stay inside the places it covers")?;
            }
            if let Some(id) = &m.attests {
                page.line("An entry says: ", &format!("that its recipient is `{id}`"))?;
            }
            if let Some(note) = &m.note {
                page.line("Limits: ", note)?;
            }
            page.line("Checked: ", &m.verification)?;
        } else if let Some(c) = certifications::known(&word) {
            page.title(&c.id, "certification of a recipient")?;
            page.line("", &format!("{} ({})", c.title, c.citation))?;
            page.line("Declare: ", "certifications = [...] in a [[recipient]] of onshore.toml")?;
            page.line("Checked: ", &c.verification)?;
        } else if let Some(control) = controls::known(&word) {
            page.control(control)?;
        } else if let Some(pull) = controls::pulls().iter().find(|p| p.id == word) {
            page.title(&pull.id, &format!("check of {}", pull.tool))?;
            page.line("", &pull.title)?;
            page.line("Pulls the other way: ", "it asks for a copy in another region, wherever that is")?;
            page.line(
                "Both at once: ",
                "a copy in another region that the rule allows; findings about such copies name those that there are",
            )?;
            page.line("Note: ", &pull.note)?;
            page.line("Source: ", &format!("{} (checked: {})", pull.source, pull.verification))?;
        } else if let Some(reader) = READERS.iter().find(|r| r.format() == word) {
            page.format(*reader)?;
        } else if !page.keys(&word)? && !super::policy::explain(&word, context)? {
            return Err(unknown(&word));
        }
        Ok(0)
    }
}

fn unknown(word: &str) -> Failure {
    let packs = super::policy::rule_names();
    let known = explain::codes()
        .iter()
        .map(|c| c.code.as_str())
        .chain(places::sets().iter().map(|s| s.name.as_str()))
        .chain(classes::all().iter().map(|c| c.name.as_str()))
        .chain(facts::all().iter().map(|f| f.id.as_str()))
        .chain(mechanisms::all().iter().map(|m| m.id.as_str()))
        .chain(certifications::all().iter().map(|c| c.id.as_str()))
        .chain(controls::all().iter().map(|c| c.id.as_str()))
        .chain(controls::pulls().iter().map(|p| p.id.as_str()))
        .chain(READERS.iter().map(|r| r.format()))
        .chain(packs.iter().map(String::as_str));
    let keys = keys::all();
    let known = known.chain(keys.iter().map(|k| k.name.as_str()));
    let help = crate::vocab::suggest(word, known)
        .map_or_else(|| "`onshore explain` lists the codes".to_owned(), |near| format!("did you mean `{near}`?"));
    Failure::with_help(format!("nothing is known as `{word}`"), help)
}

/// `US-CA: California, United States`, `CN: China (中国)`.
fn place(word: &str) -> Option<String> {
    let country = Country::from_letters(word.get(..2)?)?;
    places::country(country.as_str())?;
    match places::subdivision(word) {
        Some(s) => Some(format!("{}: {}, {}", s.code, s.name, places::name_en(country))),
        None if word.len() == 2 => Some(format!("{word}: {} ({})", places::name_en(country), places::name_zh(country))),
        None => None,
    }
}

struct Page<'a> {
    options: RenderOptions,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    fn list(&mut self) -> io::Result<()> {
        for (kind, title) in
            [(CodeKind::Finding, "Findings"), (CodeKind::Gap, "Gaps"), (CodeKind::Remark, "Remarks of policy lint")]
        {
            writeln!(self.out, "{title}")?;
            for c in explain::codes().iter().filter(|c| c.kind == kind) {
                self.line(&format!("  {:<24} ", c.code), &c.title)?;
            }
        }
        writeln!(self.out)?;
        self.line(
            "",
            "Also known here: pack/rule, data classes, sets of places (@eea), place codes, operator facts, mechanisms, certifications, controls (CCC.CN06), input formats, keys of onshore.toml, inventories and policies",
        )
    }

    fn title(&mut self, name: &str, kind: &str) -> io::Result<()> {
        let name = self.options.paint(crate::report::BOLD, &safe(name));
        writeln!(self.out, "{name} ({kind})")
    }

    /// Text wrapped behind its heading.
    fn line(&mut self, heading: &str, text: &str) -> io::Result<()> {
        let rest = " ".repeat(if heading.trim().is_empty() { heading.len() } else { 4.min(heading.len()) });
        writeln!(self.out, "{}", self.options.wrap(heading, &rest, &safe(text)))
    }

    fn code(&mut self, c: &Code) -> io::Result<()> {
        self.title(&c.code, c.kind.as_str())?;
        let lang = self.options.lang;
        self.line("", &c.title().tell(lang))?;
        let parts =
            [(say!("What it means"), c.means()), (say!("Why it matters"), c.matters()), (say!("What to do"), c.remedy())];
        for (heading, text) in parts {
            writeln!(self.out, "\n{}", heading.tell(lang))?;
            self.line("  ", &text.tell(lang))?;
        }
        Ok(())
    }

    fn format(&mut self, reader: &dyn Reader) -> io::Result<()> {
        self.title(reader.format(), "input format")?;
        self.line("", reader.describe())?;
        for words in reader.words() {
            writeln!(self.out, "\n{}", safe(words.part))?;
            for (effect, list) in words.lists().into_iter().filter(|(_, list)| !list.is_empty()) {
                let list: Vec<&str> = list.split_whitespace().collect();
                self.line(&format!("  {}: ", effect.title()), &list.join(" "))?;
            }
        }
        writeln!(self.out)?;
        self.line("", if reader.words().is_empty() { words::WORDLESS } else { words::UNLISTED })
    }

    /// Whether some file that people write has this key.
    fn keys(&mut self, name: &str) -> io::Result<bool> {
        let found: Vec<keys::Key> = keys::all().into_iter().filter(|k| k.name == name).collect();
        let files: BTreeSet<&str> = found.iter().map(|k| k.file).collect();
        if found.is_empty() {
            return Ok(false);
        }
        self.title(name, "key")?;
        for file in files {
            writeln!(self.out, "\nIn {file}")?;
            for key in found.iter().filter(|k| k.file == file) {
                self.line("  ", &format!("{}{}", key.place, if key.required { " (required)" } else { "" }))?;
                self.line("    ", &key.says)?;
                if !key.values.is_empty() {
                    self.line("    ", &format!("One of {}", key.values.join(", ")))?;
                }
            }
        }
        Ok(true)
    }

    fn control(&mut self, c: &controls::Control) -> io::Result<()> {
        self.title(&c.id, "control")?;
        self.line("", &format!("{} ({})", c.title, c.catalogue))?;
        if !c.aliases.is_empty() {
            self.line("Also called: ", &c.aliases.join(", "))?;
        }
        let about = if c.activity.is_empty() { String::new() } else { format!(", about {}", c.activity.join(", ")) };
        self.line("Rules that give evidence: ", &format!("{}{about}", c.rules.join(", ")))?;
        if let Some(note) = &c.note {
            self.line("Note: ", note)?;
        }
        self.line("", "A mapping says what a rule is about, never that a control is met")?;
        self.line("Source: ", &format!("{} (checked: {})", c.source, c.verification))
    }

    fn class(&mut self, c: &classes::Class) -> io::Result<()> {
        self.title(&c.name, "data class")?;
        self.line("", &c.description)?;
        let flags = [
            (c.personal, "personal"),
            (c.sensitive, "sensitive"),
            (c.divisible, "divisible by person"),
            (c.key_material, "key material"),
        ];
        let flags: Vec<&str> = flags.into_iter().filter(|(on, _)| *on).map(|(_, f)| f).collect();
        if !flags.is_empty() {
            self.line("Flags: ", &flags.join(", "))?;
        }
        if !c.aliases.is_empty() {
            self.line("Also called: ", &c.aliases.join(", "))?;
        }
        let below: Vec<&str> = classes::all()
            .iter()
            .filter(|o| o.name != c.name && classes::covers(&c.name, &o.name))
            .map(|o| o.name.as_str())
            .collect();
        if !below.is_empty() {
            self.line("Covers: ", &below.join(", "))?;
        }
        Ok(())
    }

    fn set(&mut self, s: &places::NamedSet) -> io::Result<()> {
        self.title(&s.name, "set of places")?;
        self.line("", &format!("{} ({})", s.title, s.title_zh))?;
        self.line("Source: ", &format!("{} (checked: {})", s.source, s.verification))?;
        if !s.include.is_empty() {
            self.line("Includes: ", &s.include.join(", "))?;
        }
        for e in &s.entries {
            let mut text = e.code.clone();
            if let Some(country) = places::country(&e.code) {
                text.push_str(&format!(" {}", places::name_en(country)));
            }
            if !e.cities.is_empty() {
                text.push_str(&format!(", only {}", e.cities.join(", ")));
            }
            if let Some(from) = e.from() {
                text.push_str(&format!(", from {from}"));
            }
            if let Some(until) = e.until() {
                text.push_str(&format!(", until {until}"));
            }
            if let Some(condition) = &e.condition {
                text.push_str(&format!(", if {condition}"));
            }
            if let Some(note) = &e.note {
                text.push_str(&format!(" ({note})"));
            }
            self.line("  ", &text)?;
        }
        Ok(())
    }
}
