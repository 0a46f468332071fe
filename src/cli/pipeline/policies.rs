//! Policies by the names that a project and the command line give them: shipped packs, files, globs.

use std::path::{Component, Path};

use jiff::civil::Date;

use super::{Opened, as_written, named_in_project};
use crate::cli::Failure;
use crate::policy::{self, Pack};
use crate::source::load;
use crate::source::{SourceId, Sources, Span};

impl Opened {
    /// The project's policies and those of the command line, parsed into the project's sources.
    pub fn packs(&mut self, more: &[String], folder: &Path) -> Result<Vec<Pack>, Failure> {
        let mut texts: Vec<(String, String)> = Vec::new();
        for policy in &self.project.policies {
            let named = |e| named_in_project(&self.project, &self.sources, Some(policy.span), e);
            texts.extend(of_project(&policy.value, &self.root).map_err(named)?);
        }
        for name in more {
            texts.push(policy_text(name, folder)?);
        }
        self.packs_of(texts)
    }

    /// Policies by name and text, each once, parsed into the project's sources.
    pub fn packs_of(&mut self, texts: Vec<(String, String)>) -> Result<Vec<Pack>, Failure> {
        let mut packs: Vec<Pack> = Vec::new();
        let mut errors = Vec::new();
        for (shown, text) in texts {
            if packs.iter().any(|p| self.sources.get(p.location.source).path == shown) {
                continue;
            }
            // Another file may have the name, in the folder that the command line means.
            let known = self.sources.find(&shown).filter(|id| self.sources.get(*id).text == text);
            let id = known.unwrap_or_else(|| self.sources.add(shown, text.clone()));
            let (pack, wrong) = policy::parse(id, &text, self.as_of);
            errors.extend(wrong);
            packs.extend(pack);
        }
        if !errors.is_empty() {
            return Err(Failure::Input { errors, sources: std::mem::take(&mut self.sources) });
        }
        self.known_readings(&packs)?;
        Ok(packs)
    }

    /// A reading that is chosen for a point that is not there would change nothing in silence.
    fn known_readings(&self, packs: &[Pack]) -> Result<(), Failure> {
        let points = packs.iter().flat_map(|p| p.contested.iter().map(|c| format!("{}/{}", p.id, c.id.value)));
        let points: Vec<String> = points.collect();
        let Some((point, reading)) = self.project.readings.iter().find(|(point, _)| !points.contains(point)) else {
            return Ok(());
        };
        let unknown = if points.is_empty() {
            Failure::with_help(
                format!("`{point}` is not a contested point"),
                "no policy of this run marks one; remove the reading",
            )
        } else {
            Failure::unknown(point, "contested point of these policies", points.iter().map(String::as_str))
        };
        let span = Some(reading.span).filter(|s| *s != Span::default());
        Err(named_in_project(&self.project, &self.sources, span, unknown))
    }
}

/// The names and texts of an entry of `[check] policies`: of itself, or of what a glob fits.
fn of_project(name: &str, root: &Path) -> Result<Vec<(String, String)>, Failure> {
    // A project from elsewhere must not show what lies outside its folder; the command line is the user's own word.
    if leads_outside(name, root) {
        let help = "move it inside, or name it with `--policy` on the command line";
        return Err(Failure::with_help(format!("policy `{name}` lies outside the project's folder"), help));
    }
    if name.starts_with("pack:") || !name.contains(['*', '?', '[', '{']) || root.join(name).is_file() {
        return Ok(vec![policy_text(name, root)?]);
    }
    let loaded = load::load(root, &[name.to_owned()], &[])?;
    if let Some(error) = loaded.errors.into_iter().next() {
        return Err(Failure::Load(vec![error]));
    }
    // A policy that is left out is a rule that nobody checks.
    if let Some(skipped) = loaded.skipped.first() {
        let (path, reason) = (&skipped.path, &skipped.reason);
        let help = "name policies by their files, or mend the pattern";
        return Err(if path == name {
            Failure::with_help(format!("no policy file fits `{name}`"), help)
        } else {
            Failure::with_help(format!("`{path}` was not read as a policy: {reason}"), help)
        });
    }
    Ok(loaded.sources.iter().map(|(_, source)| (source.path.clone(), source.text.clone())).collect())
}

/// Whether a file that a project names is not in the project's folder, by its path or through a link.
fn leads_outside(name: &str, root: &Path) -> bool {
    if name.starts_with("pack:") {
        return false;
    }
    let path = Path::new(name);
    let climbs = path.components().any(|c| !matches!(c, Component::Normal(_) | Component::CurDir));
    let inside = match (root.canonicalize(), root.join(path).canonicalize()) {
        (Ok(root), Ok(file)) => file.starts_with(root),
        // What is not there is told as missing.
        _ => true,
    };
    climbs || !inside
}

/// The text of `pack:NAME` or of a file, and what to call it.
pub fn policy_text(name: &str, base: &Path) -> Result<(String, String), Failure> {
    if let Some(id) = name.strip_prefix("pack:") {
        let shipped = policy::shipped();
        return match shipped.iter().find(|(pack, _)| *pack == id) {
            Some((_, text)) => Ok((name.to_owned(), (*text).to_owned())),
            None => Err(Failure::unknown(id, "pack shipped with onshore", shipped.iter().map(|(pack, _)| *pack))),
        };
    }
    let text = load::read_one(&base.join(name)).map_err(|e| as_written(e, name, base))?;
    Ok((name.to_owned(), text))
}

/// One policy text in sources of its own.
pub fn policy_alone(name: &str, base: &Path, as_of: Date) -> Result<(Pack, Sources), Failure> {
    let (shown, text) = policy_text(name, base)?;
    let mut sources = Sources::default();
    let id: SourceId = sources.add(shown, text.clone());
    match policy::parse(id, &text, as_of) {
        (Some(pack), errors) if errors.is_empty() => Ok((pack, sources)),
        (_, errors) => Err(Failure::Input { errors, sources }),
    }
}
