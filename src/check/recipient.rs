//! Whether whoever operates a place may have the data: jurisdiction, certifications, covered persons, as `[[recipient]]` entries of
//! the project attest them, its transfer register and, of the operator's own, its facts. What nobody attests is not known, and lets
//! no rule hold.

use jiff::civil::Date;

use super::context::{Context, Standpoint};
use crate::lang::{self, Message, say};
use crate::model::Place;
use crate::policy::{Recipients, Rule};
use crate::project::{Project, Recipient, Transfer};
use crate::vocab::places::{self, Membership};
use crate::vocab::{facts, mechanisms};

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
    let operators = operators(context, standpoint);
    if operators.is_empty() {
        return Fitness::Untold(say!("who operates it is not declared"));
    }
    let mut untold = None;
    for operator in operators {
        match operator.fits(asked) {
            Fitness::Fit => {}
            Fitness::Unfit(why) => return Fitness::Unfit(why),
            Fitness::Untold(why) => untold = Some(why),
        }
    }
    untold.map_or(Fitness::Fit, Fitness::Untold)
}

/// Whether all who operate something have a certification, as `[[recipient]]` entries say; `None`: it is not declared, or no longer. An entry
/// of the transfer register does not say it here: it is for the classes that it names, and a place would count for all.
pub fn certified(context: &Context<'_>, standpoint: &Standpoint, id: &str) -> Option<bool> {
    let operators = operators(context, standpoint);
    let mut all = (!operators.is_empty()).then_some(true);
    for operator in operators {
        match operator.declared.and_then(|r| r.certified(id, context.as_of)) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => all = None,
        }
    }
    all
}

/// Who operates something: as `[[recipient]]` entries say, and where there is none as the transfer register does.
fn operators<'c>(context: &'c Context<'_>, standpoint: &Standpoint) -> Vec<Operator<'c>> {
    let on_record: Vec<&Transfer> =
        standpoint.registered.iter().filter_map(|i| context.project.transfers.as_ref()?.get(*i as usize)).collect();
    let operator = |name: &'c str, declared: Option<&'c Recipient>| Operator {
        project: context.project,
        as_of: context.as_of,
        name,
        declared,
        on_record: on_record.iter().copied().filter(|t| t.recipient == name).collect(),
    };
    if standpoint.recipients.is_empty() {
        let mut names: Vec<&str> = on_record.iter().map(|t| t.recipient.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        return names.into_iter().map(|name| operator(name, None)).collect();
    }
    let declared = standpoint.recipients.iter().map(|i| &context.project.recipients[*i as usize]);
    declared.map(|r| operator(&r.name, Some(r))).collect()
}

/// Somebody who operates something, and what is said of them.
struct Operator<'c> {
    project: &'c Project,
    as_of: Date,
    name: &'c str,
    declared: Option<&'c Recipient>,
    /// Entries of the transfer register by their name.
    on_record: Vec<&'c Transfer>,
}

impl Operator<'_> {
    fn certified(&self, id: &str) -> Option<bool> {
        let attests = |t: &&&Transfer| {
            let mechanism = mechanisms::known(&t.mechanism.value);
            t.is_current(self.as_of) && mechanism.is_some_and(|m| m.attests.as_deref() == Some(id))
        };
        let declared = self.declared.and_then(|r| r.certified(id, self.as_of));
        declared.or_else(|| self.on_record.iter().find(attests).map(|_| true))
    }

    /// Of what is the operator's own, the facts about it may say so.
    fn covered_person(&self) -> Option<bool> {
        let declared = self.declared?;
        let by_fact = || {
            let operator = &self.project.operator;
            facts::all().iter().filter(|f| operator.fact(&f.id, self.as_of) == Some(true)).find_map(|f| f.covered_person)
        };
        declared.covered_person.or_else(|| declared.own.then(by_fact).flatten())
    }

    fn fits(&self, asked: &Recipients) -> Fitness {
        let name = self.name;
        if let Some(day) = self.declared.and_then(|r| r.lapsed(self.as_of)) {
            return Fitness::Untold(say!("what was attested of {name} held until {day}", name, day));
        }
        let mut untold = None;
        match (asked.covered_person, self.covered_person()) {
            (Some(wanted), Some(is)) if wanted != is => {
                return Fitness::Unfit(match is {
                    true => say!("{name}, which operates it, is a covered person under 28 CFR 202.211", name),
                    false => say!("{name}, which operates it, is not a covered person under 28 CFR 202.211", name),
                });
            }
            (Some(_), None) => {
                untold = Some(say!("whether {name}, which operates it, is a covered person is not declared", name));
            }
            _ => {}
        }
        if let Some(set) = &asked.jurisdiction {
            let named = lang::list(&set.names);
            let declared = self.declared.and_then(|r| r.jurisdiction.as_ref());
            for code in declared.into_iter().flatten() {
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
                        untold = Some(say!("whether the law that governs {name} is that of {named}: {why}", name, named, why));
                    }
                }
            }
            if declared.is_none_or(Vec::is_empty) {
                untold = Some(say!("whose law governs {name}, which operates it, is not declared", name));
            }
        }
        for id in asked.certified.iter().map(|c| &c.value) {
            match self.certified(id) {
                Some(true) => {}
                Some(false) => return Fitness::Unfit(say!("{name}, which operates it, is not attested as `{id}`", name, id)),
                None => untold = Some(say!("whether {name}, which operates it, is `{id}` is not declared", name, id)),
            }
        }
        untold.map_or(Fitness::Fit, Fitness::Untold)
    }
}
