//! Facts as stable text, one line each, with the line of the input at the end.

use std::fmt::Write;

use onshore::model::{Activity, ClientMatch, EndpointFact, Facts, GapScope, Reference, RouteRole, Standing};
use onshore::read::Reading;
use onshore::source::{Location, SourceId, Sources};

pub fn facts(sources: &Sources, file: SourceId, reading: &Reading) -> String {
    let mut out = String::new();
    let facts = &reading.facts;
    let at = |l: Location| {
        let p = sources.position(l);
        if l.source == file { format!("@{}:{}", p.line, p.column) } else { format!("@{p}:{}", p.column) }
    };
    if let Some(why) = &reading.broken {
        writeln!(out, "broken: {why}").unwrap();
    }
    for id in &reading.included {
        writeln!(out, "included: {}", sources.get(*id).path).unwrap();
    }
    for e in &facts.endpoints {
        write!(out, "{} {}", e.kind, name(e)).unwrap();
        if e.standing != Standing::Physical {
            write!(out, " ({:?})", e.standing).unwrap();
        }
        for n in e.names.iter().skip(1) {
            write!(out, " aka {}", n.value).unwrap();
        }
        for a in &e.addresses {
            write!(out, " {}{}", a.ip, at(a.location)).unwrap();
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
        if r.alias {
            write!(out, " alias").unwrap();
        }
        if r.activity == Activity::Depend {
            write!(out, " for {}", r.purpose.as_str()).unwrap();
        }
        if let ClientMatch::Some(which) = &r.clients {
            write!(out, " [{which}]").unwrap();
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
    out
}

fn name(e: &EndpointFact) -> String {
    e.id.clone().or_else(|| e.names.first().map(|n| n.value.clone())).unwrap_or_else(|| format!("<{}>", e.label))
}

fn reference(facts: &Facts, r: &Reference) -> String {
    match r {
        Reference::Fact(i) => name(&facts.endpoints[*i]),
        Reference::Id(id) | Reference::Any(id) => format!("?{id}"),
        Reference::Host { name, port } => format!("{name}{}", port.map_or(String::new(), |p| format!(":{p}"))),
        Reference::Address { ip, port } => format!("{ip}{}", port.map_or(String::new(), |p| format!(":{p}"))),
    }
}
