//! A Mermaid flowchart, which many places that show Markdown render. Mermaid takes 50,000 characters and 500 edges unless its host
//! says otherwise, so larger graphs are drawn by site, and of those the gravest ways.

use std::fmt::Write as _;

use super::graph::{Change, Edge, Graph, MOST, Node};
use super::{name, sentence, some_of};
use crate::finding::State;
use crate::lang::{Lang, tell};

/// `maxTextSize` of Mermaid's default configuration, less what its host may put around it.
const MOST_TEXT: usize = 48_000;

pub fn mermaid(graph: &Graph) -> String {
    let mut most = MOST;
    loop {
        let text = flowchart(&graph.bounded(most));
        if text.len() <= MOST_TEXT || most < 10 {
            return text;
        }
        most /= 2;
    }
}

fn flowchart(graph: &Graph) -> String {
    let mut out = String::from("flowchart LR\n");
    let _ = writeln!(out, "  accTitle: {}", plain(&sentence(&graph.title)));
    let _ = writeln!(out, "  accDescr: {}", plain(&sentence(&format!("{} {}", graph.subtitle, graph.notes.join(" ")))));
    let mut about = vec![text(&sentence(&graph.title)), text(&sentence(&graph.subtitle))];
    about.extend(graph.notes.iter().map(|n| text(&sentence(n))));
    about.extend(graph.legend().iter().map(|l| text(&l.tell(graph.lang))));
    let _ = writeln!(out, "  about[\"{}\"]:::about", about.join("<br>"));
    let mut at: Vec<Vec<usize>> = vec![Vec::new(); graph.sites.len()];
    for (i, node) in graph.nodes.iter().enumerate() {
        match node.site {
            Some(site) if !graph.by_site => at[site].push(i),
            _ => write_node(&mut out, "  ", i, node, graph.lang),
        }
    }
    for (i, (site, nodes)) in graph.sites.iter().zip(at).enumerate().filter(|(_, (_, nodes))| !nodes.is_empty()) {
        let mut lines = vec![name(&site.name)];
        match &site.unsure {
            Some(why) => lines.push(name(why)),
            None => lines.extend(site.spots.iter().map(|s| name(&s.place.to_string()))),
        }
        lines.dedup();
        let lines: Vec<String> = lines.iter().map(|l| text(l)).collect();
        let _ = writeln!(out, "  subgraph s{i}[\"{}\"]", lines.join("<br>"));
        for node in nodes {
            write_node(&mut out, "    ", node, &graph.nodes[node], graph.lang);
        }
        out.push_str("  end\n");
    }
    for edge in &graph.edges {
        write_edge(&mut out, edge, graph.lang);
    }
    for (i, edge) in graph.edges.iter().enumerate() {
        let style = line_style(edge);
        if !style.is_empty() {
            let _ = writeln!(out, "  linkStyle {i} {style}");
        }
    }
    out.push_str("  classDef about fill:none,stroke:none,text-align:left\n");
    out.push_str("  classDef bare stroke-dasharray:4 3\n");
    out.push_str("  classDef start stroke-width:2px\n");
    out.push_str("  classDef breaks stroke:#b00020,stroke-width:4px\n");
    out.push_str("  classDef untold stroke:#8a6d00,stroke-width:3px\n");
    out.push_str("  classDef down stroke:#8a8a8a,stroke-dasharray:2 3,color:#6a6a6a\n");
    out
}

fn write_node(out: &mut String, indent: &str, number: usize, node: &Node, lang: Lang) {
    let mut lines = vec![text(&name(&node.name)), text(&format!("({})", name(&node.kind)))];
    let mut classes = Vec::new();
    if node.site.is_none() {
        classes.push("bare");
    }
    if node.start {
        lines.push(tell!(lang, "data comes in here"));
        classes.push("start");
    }
    if node.down {
        lines.push(tell!(lang, "LOST"));
        classes.push("down");
    }
    if !node.breaks.is_empty() {
        lines.push(text(&tell!(lang, "BREAKS {rules}", rules = some_of(&node.breaks, 3, lang))));
        classes.push("breaks");
    } else if !node.untold.is_empty() {
        lines.push(text(&tell!(lang, "NOT TOLD {rules}", rules = some_of(&node.untold, 3, lang))));
        classes.push("untold");
    }
    if !node.waived.is_empty() {
        lines.push(text(&tell!(lang, "WAIVED {rules}", rules = some_of(&node.waived, 3, lang))));
    }
    let (open, close) = if node.site.is_none() { ("([", "])") } else { ("[", "]") };
    let _ = writeln!(out, "{indent}n{number}{open}\"{}\"{close}", lines.join("<br>"));
    for class in classes {
        let _ = writeln!(out, "{indent}class n{number} {class}");
    }
}

fn write_edge(out: &mut String, edge: &Edge, lang: Lang) {
    let mut lines = vec![text(&edge.says(lang))];
    if !edge.breaks.is_empty() {
        let rules = some_of(&edge.breaks, 2, lang);
        lines.push(text(&match edge.ends {
            true => tell!(lang, "BREAKS {rules}", rules),
            false => tell!(lang, "on the way that breaks {rules}", rules),
        }));
    }
    if !edge.waived.is_empty() {
        lines.push(text(&tell!(lang, "WAIVED {rules}", rules = some_of(&edge.waived, 2, lang))));
    }
    let arrow = match (edge.state, edge.activity) {
        (_, "depend") => "--o",
        _ if edge.change == Change::Gone => "-.-x",
        _ if !edge.breaks.is_empty() => "==>",
        (State::Normal, _) => "-->",
        (State::Overload | State::Loss, _) => "-.->",
    };
    let _ = writeln!(out, "  n{} {arrow}|\"{}\"| n{}", edge.from, lines.join("<br>"), edge.to);
}

fn line_style(edge: &Edge) -> String {
    let mut style = Vec::new();
    match edge.state {
        _ if edge.change == Change::Gone => style.push("stroke:#9a9a9a,stroke-dasharray:1 5"),
        State::Normal => {}
        State::Overload => style.push("stroke-dasharray:7 4"),
        State::Loss => style.push("stroke-dasharray:2 4"),
    }
    if !edge.breaks.is_empty() {
        style.push("stroke:#b00020,stroke-width:4px");
    }
    style.join(",")
}

/// For labels, which stand in double quotes: everything but letters, digits and harmless signs as Mermaid's entities, so that no
/// name can end a label or be taken for HTML or Markdown. A colon too: after `style` it changes how entities are read.
fn text(words: &str) -> String {
    let mut out = String::with_capacity(words.len() + 8);
    for c in crate::report::safe(words).chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | '-' | '_' | '=' | '/' | '(' | ')' | '+' | '…') {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

/// For the lines that take no entities.
fn plain(words: &str) -> String {
    let keep =
        |c: char| if c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | '-' | '=' | '/' | '(' | ')') { c } else { ' ' };
    crate::report::safe(words).chars().map(keep).collect()
}
