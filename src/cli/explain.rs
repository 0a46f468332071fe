//! `onshore explain`: what a word means - a code, a rule, a pack, a data class, a set of places, a place code, an operator fact,
//! a transfer mechanism, a certification, a control of a public catalogue, an input format, a key of a file that people write.
//! Without a word: the list of codes.

pub(super) mod keys;

use std::collections::BTreeSet;
use std::io::{self, Write};

use clap::Args;

use super::{Context, Failure};
use crate::explain::{self, Code, CodeKind};
use crate::lang::{self, Book, Message, say, tell};
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
            page.says(place)?;
        } else if let Some(class) = classes::known(&word) {
            page.class(class)?;
        } else if let Some(fact) = facts::known(&word) {
            page.fact(fact)?;
        } else if let Some(m) = mechanisms::known(&word) {
            page.mechanism(m)?;
        } else if let Some(c) = certifications::known(&word) {
            page.title(&c.id, say!("certification of a recipient"))?;
            page.says(say!("{title} ({citation})", title = lang::read(c.title.as_str()), citation = lang::cited(&c.citation)))?;
            page.line(say!("Declare: "), say!("certifications = [...] in a [[recipient]] of onshore.toml"))?;
            page.line(say!("Checked: "), checked(&c.verification))?;
        } else if let Some(control) = controls::known(&word) {
            page.control(control)?;
        } else if let Some(pull) = controls::pulls().iter().find(|p| p.id == word) {
            page.title(&pull.id, say!("check of {tool}", tool = pull.tool))?;
            page.says(lang::read(pull.title.as_str()))?;
            page.line(say!("Pulls the other way: "), say!("it asks for a copy in another region, wherever that is"))?;
            page.line(
                say!("Both at once: "),
                say!("a copy in another region that the rule allows; findings about such copies name those that there are"),
            )?;
            page.line(say!("Note: "), lang::read(pull.note.as_str()))?;
            page.source(&pull.source, &pull.verification)?;
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
fn place(word: &str) -> Option<Message> {
    let country = Country::from_letters(word.get(..2)?)?;
    places::country(country.as_str())?;
    let (en, zh) = (places::name_en(country), places::name_zh(country));
    match places::subdivision(word) {
        Some(s) => Some(lang::both(&format!("{}: {}, {en}", s.code, s.name), Some(&format!("{}：{zh} {}", s.code, s.name)))),
        None if word.len() == 2 => Some(lang::both(&format!("{word}: {en} ({zh})"), Some(&format!("{word}：{zh}（{en}）")))),
        None => None,
    }
}

/// How the facts of an entry were checked.
fn checked(verification: &'static str) -> Message {
    match verification {
        "primary" => say!("primary"),
        "secondary" => say!("secondary"),
        _ => say!("memory"),
    }
}

struct Page<'a> {
    options: RenderOptions,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    fn list(&mut self) -> io::Result<()> {
        let kinds = [
            (CodeKind::Finding, say!("Findings")),
            (CodeKind::Gap, say!("Gaps")),
            (CodeKind::Remark, say!("Remarks of policy lint")),
        ];
        for (kind, title) in kinds {
            writeln!(self.out, "{}", title.tell(self.options.lang))?;
            for c in explain::codes().iter().filter(|c| c.kind == kind) {
                self.line(format!("  {:<24} ", c.code).into(), c.title())?;
            }
        }
        writeln!(self.out)?;
        self.says(say!(
            "Also known here: pack/rule, data classes, sets of places (@eea), place codes, operator facts, mechanisms, certifications, controls (CCC.CN06), input formats, keys of onshore.toml, inventories and policies"
        ))
    }

    fn title(&mut self, name: &str, kind: Message) -> io::Result<()> {
        let name = self.options.paint(crate::report::BOLD, &safe(name));
        writeln!(self.out, "{}", tell!(self.options.lang, "{name} ({kind})", name, kind))
    }

    fn says(&mut self, text: Message) -> io::Result<()> {
        self.line(Message::default(), text)
    }

    /// Text wrapped behind its heading.
    fn line(&mut self, heading: Message, text: Message) -> io::Result<()> {
        let (heading, text) = (heading.tell(self.options.lang), text.tell(self.options.lang));
        let rest = " ".repeat(if heading.trim().is_empty() { heading.len() } else { 4.min(heading.len()) });
        writeln!(self.out, "{}", self.options.wrap(&heading, &rest, &safe(&text)))
    }

    fn source(&mut self, source: &str, verification: &'static str) -> io::Result<()> {
        self.line(say!("Source: "), say!("{source} (checked: {checked})", source, checked = checked(verification)))
    }

    fn code(&mut self, c: &'static Code) -> io::Result<()> {
        self.title(&c.code, Message::Word(c.kind.as_str()))?;
        self.says(c.title())?;
        let parts =
            [(say!("What it means"), c.means()), (say!("Why it matters"), c.matters()), (say!("What to do"), c.remedy())];
        for (heading, text) in parts {
            writeln!(self.out, "\n{}", heading.tell(self.options.lang))?;
            self.line("  ".into(), text)?;
        }
        Ok(())
    }

    fn fact(&mut self, fact: &'static facts::Fact) -> io::Result<()> {
        self.title(&fact.id, say!("operator fact"))?;
        self.line(say!("Question: "), lang::read(fact.question.as_str()))?;
        self.line(say!("Who knows: "), lang::read(fact.decided_by.as_str()))?;
        let declare = say!("[operator] facts = {{ {fact} = true }} or false in onshore.toml", fact = fact.id);
        self.line(say!("Declare: "), declare)?;
        match fact.covered_person {
            Some(true) => self.line(
                say!("A yes says: "),
                say!("whoever operates what a [[recipient]] with `own = true` matches is a covered person"),
            ),
            Some(false) => self.line(
                say!("A yes says: "),
                say!("whoever operates what a [[recipient]] with `own = true` matches is no covered person"),
            ),
            None => Ok(()),
        }
    }

    fn mechanism(&mut self, m: &'static mechanisms::Mechanism) -> io::Result<()> {
        self.title(&m.id, say!("transfer mechanism"))?;
        let title = lang::read(m.title.as_str());
        self.says(say!("{title} ({regime}, {citation})", title, regime = m.regime, citation = lang::cited(&m.citation)))?;
        if m.forbids_onward {
            self.says(say!("everything behind the recipient must stay inside the places it covers"))?;
        }
        if let Some(id) = &m.attests {
            self.line(say!("An entry says: "), say!("that its recipient is `{id}`", id))?;
        }
        if let Some(note) = &m.note {
            self.line(say!("Limits: "), lang::read(note.as_str()))?;
        }
        self.line(say!("Checked: "), checked(&m.verification))
    }

    fn format(&mut self, reader: &dyn Reader) -> io::Result<()> {
        self.title(reader.format(), say!("input format"))?;
        self.says(lang::read(reader.describe()))?;
        for words in reader.words() {
            writeln!(self.out, "\n{}", safe(&self.options.lang.read(words.part)))?;
            for (effect, list) in words.lists().into_iter().filter(|(_, list)| !list.is_empty()) {
                let list: Vec<&str> = list.split_whitespace().collect();
                self.line(say!("  {effect}: ", effect = lang::read(effect.title())), list.join(" ").into())?;
            }
        }
        writeln!(self.out)?;
        self.says(lang::read(if reader.words().is_empty() { words::WORDLESS } else { words::UNLISTED }))
    }

    /// Whether some file that people write has this key.
    fn keys(&mut self, name: &str) -> io::Result<bool> {
        let found: Vec<keys::Key> = keys::all().into_iter().filter(|k| k.name == name).collect();
        let files: BTreeSet<&str> = found.iter().map(|k| k.file).collect();
        if found.is_empty() {
            return Ok(false);
        }
        self.title(name, say!("key"))?;
        for file in files {
            writeln!(self.out, "\n{}", tell!(self.options.lang, "In {file}", file = lang::read(file)))?;
            for key in found.iter().filter(|k| k.file == file) {
                let place = key.place.clone();
                self.line("  ".into(), if key.required { say!("{place} (required)", place) } else { place.into() })?;
                self.line("    ".into(), Message::In(Book::Keys, key.says.clone().into()))?;
                if !key.values.is_empty() {
                    self.line("    ".into(), say!("One of {values}", values = lang::list(&key.values)))?;
                }
            }
        }
        Ok(true)
    }

    fn control(&mut self, c: &'static controls::Control) -> io::Result<()> {
        self.title(&c.id, say!("control"))?;
        self.says(say!("{title} ({catalogue})", title = lang::read(c.title.as_str()), catalogue = c.catalogue))?;
        if !c.aliases.is_empty() {
            self.line(say!("Also called: "), lang::list(&c.aliases))?;
        }
        let rules = lang::list(&c.rules);
        let rules = match c.activity.is_empty() {
            true => rules,
            false => {
                say!("{rules}, about {activities}", rules, activities = lang::list(c.activity.iter().map(|a| Message::Word(a))))
            }
        };
        self.line(say!("Rules that give evidence: "), rules)?;
        if let Some(note) = &c.note {
            self.line(say!("Note: "), lang::read(note.as_str()))?;
        }
        self.says(say!("A mapping says what a rule is about, never that a control is met"))?;
        self.source(&c.source, &c.verification)
    }

    fn class(&mut self, c: &'static classes::Class) -> io::Result<()> {
        self.title(&c.name, say!("data class"))?;
        self.says(lang::read(c.description.as_str()))?;
        let flags = [
            (c.personal, say!("personal")),
            (c.sensitive, say!("sensitive")),
            (c.divisible, say!("divisible by person")),
            (c.key_material, say!("key material")),
        ];
        let flags: Vec<Message> = flags.into_iter().filter(|(on, _)| *on).map(|(_, f)| f).collect();
        if !flags.is_empty() {
            self.line(say!("Flags: "), lang::list(flags))?;
        }
        if !c.aliases.is_empty() {
            self.line(say!("Also called: "), lang::list(&c.aliases))?;
        }
        let below: Vec<&str> = classes::all()
            .iter()
            .filter(|o| o.name != c.name && classes::covers(&c.name, &o.name))
            .map(|o| o.name.as_str())
            .collect();
        if !below.is_empty() {
            self.line(say!("Covers: "), lang::list(below))?;
        }
        Ok(())
    }

    fn set(&mut self, s: &'static places::NamedSet) -> io::Result<()> {
        self.title(&s.name, say!("set of places"))?;
        self.says(lang::both(&format!("{} ({})", s.title, s.title_zh), Some(&format!("{}（{}）", s.title_zh, s.title))))?;
        self.source(&s.source, &s.verification)?;
        if !s.include.is_empty() {
            self.line(say!("Includes: "), lang::list(&s.include))?;
        }
        for e in &s.entries {
            let mut text = match places::country(&e.code) {
                Some(country) => lang::both(
                    &format!("{} {}", e.code, places::name_en(country)),
                    Some(&format!("{} {}", e.code, places::name_zh(country))),
                ),
                None => Message::Plain(e.code.clone()),
            };
            if !e.cities.is_empty() {
                text = say!("{place}, only {cities}", place = text, cities = lang::list(&e.cities));
            }
            if let Some(from) = e.from() {
                text = say!("{place}, from {day}", place = text, day = from);
            }
            if let Some(until) = e.until() {
                text = say!("{place}, until {day}", place = text, day = until);
            }
            if let Some(condition) = &e.condition {
                text = say!("{place}, if {condition}", place = text, condition = lang::read(condition.as_str()));
            }
            if let Some(note) = &e.note {
                text = say!("{place} ({note})", place = text, note = lang::read(note.as_str()));
            }
            self.line("  ".into(), text)?;
        }
        Ok(())
    }
}
