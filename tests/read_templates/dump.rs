//! Facts as stable text, one line each, with the line of the input at the end.

use std::fmt::Write;

use onshore::model::{ClientMatch, EndpointFact, Facts, GapScope, Reference, RouteRole, Standing};
use onshore::read::ReadAll;
use onshore::source::Location;
use onshore::source::load::Loaded;

pub fn all(loaded: &Loaded, all: &ReadAll) -> String {
    let mut out = String::new();
    for (id, format, reading) in &all.readings {
        writeln!(out, "== {} {format}", loaded.sources.get(*id).path).unwrap();
        if let Some(why) = &reading.broken {
            writeln!(out, "broken: {why}").unwrap();
        }
        for id in &reading.included {
            writeln!(out, "included: {}", loaded.sources.get(*id).path).unwrap();
        }
        let at = |l: Location| {
            let p = loaded.sources.position(l);
            if l.source == *id { format!("@{}", p.line) } else { format!("@{p}") }
        };
        facts(&reading.facts, &at, &mut out);
    }
    for (id, why, _) in &all.unread {
        writeln!(out, "unread {}: {why}", loaded.sources.get(*id).path).unwrap();
    }
    out
}

fn facts(facts: &Facts, at: &dyn Fn(Location) -> String, out: &mut String) {
    for e in &facts.endpoints {
        write!(out, "{} {}", e.kind, name(e)).unwrap();
        if e.standing != Standing::Physical {
            write!(out, " ({:?})", e.standing).unwrap();
        }
        if !e.roles.is_empty() {
            write!(out, " {:?}", e.roles).unwrap();
        }
        for n in &e.names {
            write!(out, " aka {}", n.value).unwrap();
        }
        for id in &e.cloud_ids {
            write!(out, " id {id}").unwrap();
        }
        for a in &e.addresses {
            write!(out, " {}", a.ip).unwrap();
        }
        for n in &e.networks {
            write!(out, " net {}", n.value).unwrap();
        }
        if let Some(region) = e.zone.as_ref().or(e.region.as_ref()) {
            write!(out, " in {}", region.value).unwrap();
        }
        for p in &e.part_of {
            write!(out, " part of {}", reference(facts, p)).unwrap();
        }
        let steps: Vec<String> = e.trail.steps().map(|s| at(s.location)).collect();
        if !steps.is_empty() {
            write!(out, " by {}", steps.join(" ")).unwrap();
        }
        writeln!(out, " {}", at(e.location)).unwrap();
    }
    for r in &facts.routes {
        write!(out, "{} -{}-> {}", reference(facts, &r.from), r.activity.as_str(), reference(facts, &r.to)).unwrap();
        if let Some(pool) = &r.pool {
            write!(out, " {pool}/{}", r.priority.map_or("-".to_owned(), |p| p.to_string())).unwrap();
        }
        if r.role != RouteRole::Primary {
            write!(out, " {}", r.role.as_str()).unwrap();
        }
        match &r.clients {
            ClientMatch::Some(which) => write!(out, " [{which}]").unwrap(),
            ClientMatch::Countries(countries) => write!(out, " {countries:?}").unwrap(),
            _ => {}
        }
        let steps: Vec<String> = r.trail.steps().map(|s| at(s.location)).collect();
        if !steps.is_empty() {
            write!(out, " by {}", steps.join(" ")).unwrap();
        }
        writeln!(out, " {}", at(r.location)).unwrap();
    }
    for g in &facts.gaps {
        let scope = match &g.scope {
            GapScope::Everything => "everything".to_owned(),
            GapScope::Nothing => "nothing".to_owned(),
            GapScope::Endpoints(of) => of.iter().map(|r| reference(facts, r)).collect::<Vec<_>>().join(", "),
        };
        writeln!(out, "gap {} ({scope}): {} {}", g.code, g.message, at(g.location)).unwrap();
        if let Some(help) = &g.help {
            writeln!(out, "  help: {help}").unwrap();
        }
    }
}

fn name(e: &EndpointFact) -> String {
    if e.labelled || e.names.is_empty() { e.id.clone().unwrap_or_else(|| e.label.clone()) } else { e.names[0].value.clone() }
}

pub fn reference(facts: &Facts, r: &Reference) -> String {
    match r {
        Reference::Fact(i) => name(&facts.endpoints[*i]),
        Reference::Id(id) | Reference::Any(id) => format!("?{id}"),
        Reference::Host { name, .. } => name.clone(),
        Reference::Address { ip, .. } => ip.to_string(),
    }
}
