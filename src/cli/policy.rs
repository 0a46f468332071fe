//! `onshore policy`: what is shipped, what a pack asks in plain words, and whether a policy file is sound.

use std::io::{self, Write};
use std::path::Path;

use clap::{Subcommand, ValueEnum};

use super::{Context, Failure, pipeline, schema};
use crate::doc;
use crate::finding::Severity;
use crate::lang::{self, Message, tell};
use crate::policy::lint::Level;
use crate::policy::{self, Keyword, Pack, Rule};
use crate::report::{RenderOptions, count, json, note, safe, table};
use crate::source::{InputError, Location, SourceId, Sources, load};

mod junit;
mod new;
mod testing;

#[derive(Debug, Subcommand)]
pub enum Policy {
    /// List the packs shipped with onshore
    List,
    /// Show what a pack asks, rule by rule
    Show {
        /// pack:NAME, NAME or a file
        policy: String,
    },
    /// Check policy files: errors, unknown places and classes, rules that bind nothing, add nothing or can never hold together, rules
    /// without tests, review dates
    Lint {
        /// Files or pack:NAME; nothing: every shipped pack
        policies: Vec<String>,
        /// Exit with 2 on warnings, too, or also on notes (facts from memory, laws not in force); without it, on errors only
        #[arg(long, value_enum, value_name = "WHAT")]
        deny: Option<Deny>,
    },
    /// Write a pack to begin with: one rule, and its tests
    New(new::New),
    /// Run the tests of policy files: tiny worlds, with the verdicts and findings that the rules must give
    Test(testing::Test),
    /// Print the JSON Schema of a policy file, as `onshore schema policy` does
    Schema,
}

/// From which remarks on a lint fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    Warnings,
    Notes,
}

impl Policy {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        match self {
            Self::List => list(context),
            Self::Show { policy } => show(&policy, context),
            Self::Lint { policies, deny } => lint(&policies, deny, context),
            Self::New(new) => new.run(context),
            Self::Test(test) => test.run(context),
            Self::Schema => {
                json::write_value(&schema::of_policy(), context.out)?;
                Ok(0)
            }
        }
    }
}

fn list(context: &mut Context<'_>) -> Result<u8, Failure> {
    let lang = context.options.lang;
    let mut rows = Vec::new();
    for (name, _) in policy::shipped() {
        let (pack, _) = pipeline::policy_alone(&format!("pack:{name}"), Path::new(""), context.around.today)?;
        rows.push(vec![
            pack.id.clone(),
            pack.title().tell(lang),
            lang.word(pack.binding.word()).to_owned(),
            lang.word(pack.status.word()).to_owned(),
            pack.rules.len().to_string(),
            pack.review_by.map_or_else(|| "-".to_owned(), |d| lang.day(&d.to_string()).into_owned()),
        ]);
    }
    let header = [
        tell!(lang, "pack"),
        tell!(lang, "title"),
        tell!(lang, "binding"),
        tell!(lang, "status"),
        tell!(lang, "rules"),
        tell!(lang, "review by"),
    ];
    write!(context.out, "{}", table::render(&header.each_ref().map(String::as_str), &rows, &context.options))?;
    Ok(0)
}

/// A shipped pack may be named without its `pack:`.
fn full_name(name: &str, context: &Context<'_>) -> Result<String, Failure> {
    let shipped = policy::shipped().iter().any(|(pack, _)| *pack == name);
    let is_word = !name.contains(['/', '\\', '.', ':']) && !context.around.folder.join(name).exists();
    if is_word && !shipped {
        let packs = policy::shipped().iter().map(|(pack, _)| *pack);
        return Err(Failure::unknown(name, "pack shipped with onshore, nor a file", packs));
    }
    Ok(if shipped { format!("pack:{name}") } else { name.to_owned() })
}

fn named(name: &str, context: &Context<'_>) -> Result<(Pack, Sources), Failure> {
    pipeline::policy_alone(&full_name(name, context)?, &context.around.folder, context.around.today)
}

/// Policy files that were read, and their packs.
struct Packs {
    sources: Sources,
    packs: Vec<Pack>,
}

/// Reads policies by their names (every shipped pack, if there are none), with every error of all of them.
fn read(names: &[String], context: &Context<'_>) -> Result<Packs, Failure> {
    let mut sources = Sources::default();
    let (mut packs, mut errors) = (Vec::new(), Vec::new());
    let every: Vec<String> = policy::shipped().iter().map(|(pack, _)| format!("pack:{pack}")).collect();
    for name in if names.is_empty() { &every } else { names } {
        let (shown, text) = pipeline::policy_text(&full_name(name, context)?, &context.around.folder)?;
        if sources.find(&shown).is_some() {
            continue;
        }
        let id = sources.add(shown, text.clone());
        let (mut pack, mut wrong) = policy::parse(id, &text, context.around.today);
        if let Some(pack) = &mut pack {
            wrong.extend(tests_beside(pack, &mut sources, &context.around.folder)?);
        }
        for world in pack.iter().flat_map(|pack| testing::worlds(pack, &sources)) {
            wrong.extend(world.errors);
        }
        packs.extend(pack);
        wrong.sort_unstable();
        errors.extend(wrong);
    }
    if errors.is_empty() { Ok(Packs { sources, packs }) } else { Err(Failure::Input { errors, sources }) }
}

/// Adds the tests of `tests/*.toml` beside a pack's file, in the order of their names. Several packs of a folder share that folder:
/// each file says whose it is.
fn tests_beside(pack: &mut Pack, sources: &mut Sources, folder: &Path) -> Result<Vec<InputError>, Failure> {
    let shown = sources.get(pack.location.source).path.clone();
    let mut wrong = Vec::new();
    if shown.starts_with("pack:") {
        return Ok(wrong);
    }
    let beside = Path::new(&shown).parent().unwrap_or(Path::new("")).join("tests");
    let Ok(entries) = std::fs::read_dir(folder.join(&beside)) else { return Ok(wrong) };
    let mut names: Vec<_> = entries.filter_map(|e| Some(e.ok()?.file_name())).collect();
    names.retain(|name| Path::new(name).extension().is_some_and(|e| e == "toml"));
    names.sort_unstable();
    for name in names {
        let (shown, text) = pipeline::policy_text(&beside.join(name).to_string_lossy().replace('\\', "/"), folder)?;
        let id = sources.find(&shown).unwrap_or_else(|| sources.add(shown, text.clone()));
        let Some((tests, errors)) = policy::parse_tests(id, &text, pack) else {
            wrong.extend(of_nobody(id, &text, &folder.join(&beside)));
            continue;
        };
        wrong.extend(errors);
        pack.tests.extend(tests);
    }
    let mut seen = std::collections::BTreeSet::new();
    for test in &pack.tests {
        if !seen.insert(test.name.value.as_str()) {
            wrong.push(InputError {
                location: test.name.at(test.location.source),
                message: "another test of this pack has this name".to_owned(),
                help: Some("say what this one shows that the other does not".to_owned()),
            });
        }
    }
    // Of two in one file the parser spoke.
    wrong.sort_unstable();
    wrong.dedup_by(|a, b| a.location == b.location);
    Ok(wrong)
}

/// Tests of a pack that is not in the folder above would never run, in silence.
fn of_nobody(id: SourceId, text: &str, tests: &Path) -> Option<InputError> {
    let document = doc::toml::parse(text);
    let root = document.root().filter(|r| r.get("test").is_some())?;
    let named = root.get("pack")?;
    let packs = std::fs::read_dir(tests.parent()?).ok()?.filter_map(|e| Some(e.ok()?.path()));
    let mut ids: Vec<String> = packs
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .filter_map(|p| {
            let text = load::read_one(&p).ok()?;
            Some(doc::toml::parse(&text).root()?.get("pack")?.get("id")?.as_str()?.to_owned())
        })
        .collect();
    ids.sort_unstable();
    let name = named.text().unwrap_or_default();
    (!ids.iter().any(|id| id == name)).then(|| InputError {
        location: Location::new(id, named.span()),
        message: format!("no policy file beside this folder is the pack `{name}`, so these tests are never run"),
        help: Some(format!("those beside it are {}", ids.join(", "))),
    })
}

fn show(name: &str, context: &mut Context<'_>) -> Result<u8, Failure> {
    let (pack, _) = named(name, context)?;
    let text = policy::show::describe(&pack, context.options.lang);
    let options = context.options;
    for line in text.lines() {
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        writeln!(context.out, "{}", options.wrap(&indent, &format!("{indent}  "), &safe(line.trim_start())))?;
    }
    Ok(0)
}

fn lint(names: &[String], deny: Option<Deny>, context: &mut Context<'_>) -> Result<u8, Failure> {
    let (today, lang) = (context.around.today, context.options.lang);
    let Packs { sources, packs } = read(names, context)?;
    let remarks = policy::lint::lint(&packs, today);
    for r in &remarks {
        let (message, level) = (lang.read(&r.message), lang.word(r.level.as_str()));
        let message = tell!(lang, "{message} ({code}, {level})", message, code = r.code, level);
        let help = r.help.as_deref().map(|help| lang.read(help));
        let shown_as = match r.level {
            Level::Error => Severity::High,
            Level::Warning => Severity::Medium,
            Level::Note => Severity::Low,
        };
        note::problem(shown_as, &message, help.as_deref(), Some(r.location), &sources, &context.options, context.out)?;
    }
    let of = |level: Level| remarks.iter().filter(|r| r.level == level).count();
    let found = [
        count(of(Level::Error), "error", "errors"),
        count(of(Level::Warning), "warning", "warnings"),
        count(of(Level::Note), "note", "notes"),
    ];
    let policies = count(packs.len(), "policy", "policies");
    writeln!(context.out, "{}", tell!(lang, "{policies} read: {found}", policies, found = lang::list(found)))?;
    let denied = match deny {
        None => Level::Error,
        Some(Deny::Warnings) => Level::Warning,
        Some(Deny::Notes) => Level::Note,
    };
    Ok(if remarks.iter().any(|r| r.level >= denied) { 2 } else { 0 })
}

/// `pack/rule` of every shipped pack, and the packs' names.
pub fn rule_names() -> Vec<String> {
    let mut names = Vec::new();
    for (name, _) in policy::shipped() {
        names.push((*name).to_owned());
        if let Ok((pack, _)) = pipeline::policy_alone(&format!("pack:{name}"), Path::new(""), jiff::civil::Date::MAX) {
            names.extend(pack.rules.iter().map(|r| pack.rule_name(r)));
        }
    }
    names
}

/// Explains a shipped pack or one of its rules, if `word` is one.
pub fn explain(word: &str, context: &mut Context<'_>) -> Result<bool, Failure> {
    let (name, rule) = word.split_once('/').map_or((word, None), |(p, r)| (p, Some(r)));
    if !policy::shipped().iter().any(|(pack, _)| *pack == name) {
        return Ok(false);
    }
    let Some(rule) = rule else {
        return show(name, context).map(|_| true);
    };
    let (pack, _) = named(name, context)?;
    let Some(rule) = pack.rules.iter().find(|r| r.id.value == rule) else {
        return Ok(false);
    };
    write_rule(&pack, rule, &context.options, context.out)?;
    Ok(true)
}

fn write_rule(pack: &Pack, rule: &Rule, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    let lang = options.lang;
    let (severity, binding) = (Message::Word(rule.severity.as_str()), Message::Word(pack.binding.word()));
    writeln!(out, "{}", tell!(lang, "{rule} ({severity} rule, {binding})", rule = pack.rule_name(rule), severity, binding))?;
    writeln!(out, "{}", options.wrap("", "", &safe(&rule.title().tell(lang))))?;
    writeln!(out, "{}", options.wrap("  ", "  ", &safe(&policy::show::sentence(pack, rule, lang))))?;
    if let Some(why) = rule.rationale() {
        let lead = format!("  {}{}", tell!(lang, "why:"), lang.space());
        writeln!(out, "{}", options.wrap(&lead, "    ", &safe(&why.tell(lang))))?;
    }
    let controls: Vec<&str> = rule.controls().iter().map(|c| c.id.as_str()).collect();
    if !controls.is_empty() {
        let lead = format!("  {}{}", tell!(lang, "maps to:"), lang.space());
        writeln!(out, "{}", options.wrap(&lead, "    ", &lang::list(&controls).tell(lang)))?;
    }
    Ok(())
}
