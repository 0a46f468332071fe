//! Graphviz: `onshore trace --format dot | dot -Tsvg`. Sites are clusters, mere names stand outside them.

use std::fmt::Write as _;

use super::graph::{Change, Edge, Graph, MOST, Node, Site};
use super::{name, sentence, short, some_of};
use crate::finding::State;
use crate::lang::{self, Joint, Lang, tell};
use crate::report::{condition, safe};

/// Words of a condition shown beside a route; the tooltip has it whole.
const CONDITION: usize = 120;

pub fn dot(graph: &Graph) -> String {
    let graph = graph.bounded(MOST);
    let mut out = String::from("digraph onshore {\n");
    let mut title = vec![quoted(&sentence(&graph.title)), quoted(&sentence(&graph.subtitle))];
    title.extend(graph.notes.iter().map(|n| quoted(&sentence(n))));
    title.push(quoted(&lang::series(graph.legend(), Joint::Semicolon).tell(graph.lang)));
    let _ = writeln!(
        out,
        "  graph [rankdir=LR, labelloc=t, fontname=\"Helvetica,Arial,sans-serif\", nodesep=0.35, ranksep=1.1, label=\"{}\\n \"]",
        title.join("\\n")
    );
    out.push_str(
        "  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica,Arial,sans-serif\", fontsize=11]\n",
    );
    out.push_str("  edge [fontname=\"Helvetica,Arial,sans-serif\", fontsize=9, color=\"#2b5c8a\", fontcolor=\"#333333\"]\n");
    if graph.by_site {
        for (i, node) in graph.nodes.iter().enumerate() {
            write_node(&mut out, "  ", i, node, node.site.map(|s| &graph.sites[s]), graph.lang);
        }
    } else {
        clusters(&mut out, &graph);
    }
    for edge in &graph.edges {
        write_edge(&mut out, edge, graph.lang);
    }
    out.push_str("}\n");
    out
}

fn clusters(out: &mut String, graph: &Graph) {
    let mut at: Vec<Vec<usize>> = vec![Vec::new(); graph.sites.len()];
    for (i, node) in graph.nodes.iter().enumerate() {
        match node.site {
            Some(site) => at[site].push(i),
            None => write_node(out, "  ", i, node, None, graph.lang),
        }
    }
    for (i, (site, nodes)) in graph.sites.iter().zip(at).enumerate() {
        let style = if site.unsure.is_some() { "rounded,dashed" } else { "rounded" };
        let _ = writeln!(out, "  subgraph cluster_{i} {{");
        let _ = writeln!(out, "    label=\"{}\"", place_label(site));
        let _ = writeln!(out, "    style=\"{style}\"; color=\"#7a8794\"; bgcolor=\"#f4f6f8\"");
        for node in nodes {
            write_node(out, "    ", node, &graph.nodes[node], None, graph.lang);
        }
        out.push_str("  }\n");
    }
}

/// The name of a site and its place, each on a line.
fn place_label(site: &Site) -> String {
    let mut lines = vec![quoted(&name(&site.name))];
    match &site.unsure {
        Some(why) => lines.push(quoted(&name(why))),
        None => lines.extend(site.spots.iter().map(|s| quoted(&name(&s.place.to_string())))),
    }
    lines.dedup();
    lines.join("\\n")
}

fn write_node(out: &mut String, indent: &str, number: usize, node: &Node, all_of: Option<&Site>, lang: Lang) {
    let mut lines = match all_of {
        Some(site) => vec![place_label(site)],
        None => vec![quoted(&name(&node.name))],
    };
    lines.push(format!("({})", quoted(&name(&node.kind))));
    let mut more: Vec<&str> = Vec::new();
    if node.start {
        lines.push(tell!(lang, "data comes in here"));
        more.push("peripheries=2");
    }
    if node.down {
        lines.push(tell!(lang, "LOST"));
    }
    match (node.site, node.down) {
        (None, _) => more.extend(["shape=ellipse", "style=dashed"]),
        (Some(_), true) => more.extend(["style=\"rounded,dashed\"", "fontcolor=\"#6a6a6a\""]),
        (Some(_), false) => {}
    }
    if !node.breaks.is_empty() {
        lines.push(tell!(lang, "BREAKS {rules}", rules = quoted(&some_of(&node.breaks, 3, lang))));
        more.extend(["color=\"#b00020\"", "penwidth=3"]);
    } else if !node.untold.is_empty() {
        lines.push(tell!(lang, "NOT TOLD: {rules}", rules = quoted(&some_of(&node.untold, 3, lang))));
        more.extend(["color=\"#8a6d00\"", "penwidth=2"]);
    }
    if !node.waived.is_empty() {
        lines.push(tell!(lang, "WAIVED: {rules}", rules = quoted(&some_of(&node.waived, 3, lang))));
    }
    let more: String = more.iter().map(|m| format!(", {m}")).collect();
    let _ = writeln!(out, "{indent}n{number} [label=\"{}\"{more}]", lines.join("\\n"));
}

fn write_edge(out: &mut String, edge: &Edge, lang: Lang) {
    let mut lines = vec![quoted(&edge.says(lang))];
    lines.extend(edge.condition.as_ref().map(|c| quoted(&short(&condition(c, lang), CONDITION))));
    let mut more: Vec<&str> = Vec::new();
    if !edge.breaks.is_empty() {
        // What breaks the rule is said where the way ends.
        let rules = quoted(&some_of(&edge.breaks, 2, lang));
        lines.push(match edge.ends {
            true => tell!(lang, "BREAKS {rules}", rules),
            false => tell!(lang, "on the way that breaks {rules}", rules),
        });
        more.extend(["color=\"#b00020\"", "fontcolor=\"#b00020\"", "penwidth=3"]);
    } else if edge.change == Change::Gone {
        more.extend(["color=\"#9a9a9a\"", "fontcolor=\"#7a7a7a\""]);
    }
    if !edge.waived.is_empty() {
        lines.push(tell!(lang, "WAIVED: {rules}", rules = quoted(&some_of(&edge.waived, 2, lang))));
    }
    match (edge.change, edge.state) {
        (Change::Gone, _) | (_, State::Loss) => more.push("style=dotted"),
        (_, State::Normal) => {}
        (_, State::Overload) => more.push("style=dashed"),
    }
    match (edge.activity, edge.change) {
        ("depend", _) => more.push("arrowhead=odot"),
        (_, Change::Gone) => more.push("arrowhead=tee"),
        _ => {}
    }
    let more: String = more.iter().map(|m| format!(", {m}")).collect();
    let at = quoted(&short(&safe(&edge.at), CONDITION));
    let _ = writeln!(out, "  n{} -> n{} [label=\"{}\", edgetooltip=\"{at}\"{more}]", edge.from, edge.to, lines.join("\\n"));
}

/// Inside double quotes: a backslash begins an escape of labels, `&` an entity of HTML.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    for c in safe(text).chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '&' => out.push_str("&amp;"),
            c => out.push(c),
        }
    }
    out
}
