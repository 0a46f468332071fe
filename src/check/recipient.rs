//! Whether whoever operates a place may have the data: jurisdiction, certifications, covered persons, as `[[recipient]]` entries of
//! the project attest them. What nobody attests is not known, and lets no rule hold.

use super::context::{Context, Standpoint};
use crate::lang::{self, Message, say};
use crate::model::Place;
use crate::policy::{Recipients, Rule};
use crate::project::Recipient;
use crate::vocab::places::{self, Membership};

/// The judgement on those who operate something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fitness {
    /// All of them may have it, or nothing is asked.
    Fit,
    /// One of them surely may not, and why.
    Unfit(Message),
    /// It cannot be told, and why.
    Untold(Message),
}

/// One judgement per standpoint of the context.
pub fn judge_all(context: &Context<'_>, rule: &Rule) -> Vec<Fitness> {
    context.standpoints.iter().map(|s| judge(context, s, rule)).collect()
}

pub fn judge(context: &Context<'_>, standpoint: &Standpoint, rule: &Rule) -> Fitness {
    let Some(asked) = &rule.recipient else { return Fitness::Fit };
    let mut untold = None;
    for recipient in operators(context, standpoint) {
        match fits(context, asked, recipient) {
            Fitness::Fit => {}
            Fitness::Unfit(why) => return Fitness::Unfit(why),
            Fitness::Untold(why) => untold = Some(why),
        }
    }
    match untold {
        Some(why) => Fitness::Untold(why),
        None if standpoint.recipients.is_empty() => Fitness::Untold(say!("who operates it is not declared")),
        None => Fitness::Fit,
    }
}

/// Whether all who operate something have a certification; `None`: it is not declared, or no longer.
pub fn certified(context: &Context<'_>, standpoint: &Standpoint, id: &str) -> Option<bool> {
    let mut all = (!standpoint.recipients.is_empty()).then_some(true);
    for recipient in operators(context, standpoint) {
        match recipient.certified(id, context.as_of) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => all = None,
        }
    }
    all
}

fn operators<'c>(context: &'c Context<'_>, standpoint: &'c Standpoint) -> impl Iterator<Item = &'c Recipient> {
    standpoint.recipients.iter().map(|i| &context.project.recipients[*i as usize])
}

fn fits(context: &Context<'_>, asked: &Recipients, recipient: &Recipient) -> Fitness {
    let name = &recipient.name;
    if let Some(day) = recipient.lapsed(context.as_of) {
        return Fitness::Untold(say!("what was attested of {name} held until {day}", name, day));
    }
    let mut untold = None;
    match (asked.covered_person, recipient.covered_person) {
        (Some(wanted), Some(is)) if wanted != is => {
            return Fitness::Unfit(match is {
                true => say!("{name}, which operates it, is a covered person under 28 CFR 202.211", name),
                false => say!("{name}, which operates it, is not a covered person under 28 CFR 202.211", name),
            });
        }
        (Some(_), None) => untold = Some(say!("whether {name}, which operates it, is a covered person is not declared", name)),
        _ => {}
    }
    if let Some(set) = &asked.jurisdiction {
        let named = lang::list(&set.names);
        for code in recipient.jurisdiction.iter().flatten() {
            // Codes were checked when the project was read.
            let Some(country) = places::country(code) else { continue };
            match set.contains(&Place::country(country)) {
                Membership::In => {}
                Membership::Out => {
                    return Fitness::Unfit(say!(
                        "the law of {code} governs {name}, which operates it, and that is not {named}",
                        code,
                        name,
                        named
                    ));
                }
                Membership::Unknown(why) => {
                    untold = Some(say!("whether the law that governs {name} is that of {named}: {why}", name, named, why))
                }
            }
        }
        if recipient.jurisdiction.is_none() {
            untold = Some(say!("whose law governs {name}, which operates it, is not declared", name));
        }
    }
    for id in asked.certified.iter().map(|c| &c.value) {
        match recipient.certified(id, context.as_of) {
            Some(true) => {}
            Some(false) => return Fitness::Unfit(say!("{name}, which operates it, is not attested as `{id}`", name, id)),
            None => untold = Some(say!("whether {name}, which operates it, is `{id}` is not declared", name, id)),
        }
    }
    untold.map_or(Fitness::Fit, Fitness::Untold)
}
