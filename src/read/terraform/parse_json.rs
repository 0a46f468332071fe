//! The JSON syntax (`.tf.json`, `.tfvars.json`): objects become the blocks and attributes that they stand for. Texts are templates.
//!
//! What is a block and what an attribute inside of a resource only its provider's schema knows; here it is all attributes, which
//! comes to the same list of maps.

use std::sync::Arc;

use super::ast::{Attribute, Block, Body, Expr, Kind, Part};
use super::parse::{self, Mistake};
use crate::doc::{self, Node, Style};
use crate::source::{SourceId, Span};

/// A `.tf.json` file.
pub fn body(text: &str, source: SourceId) -> (Body, Vec<Mistake>) {
    read(text, source, |reader, root| reader.top(root))
}

/// A `.tfvars.json` file: attributes whose texts are texts.
pub fn values(text: &str, source: SourceId) -> (Body, Vec<Mistake>) {
    read(text, source, |reader, root| {
        let mut body = Body::default();
        for entry in root.entries() {
            let value = reader.expr(entry.value, false);
            body.attributes.push(reader.attribute(entry.name(), entry.key.span(), value));
        }
        body
    })
}

fn read(text: &str, source: SourceId, root: impl FnOnce(&mut Reader<'_>, Node<'_>) -> Body) -> (Body, Vec<Mistake>) {
    let mut document = doc::json::parse(text);
    let problems = document.take_problems();
    let mut reader = Reader { text, source, mistakes: Vec::new() };
    reader.mistakes.extend(problems.into_iter().map(|p| Mistake { span: p.span, message: p.message }));
    let body = match document.root() {
        Some(node) if node.is_map() => root(&mut reader, node),
        Some(node) => {
            let message = "a configuration in JSON is an object".to_owned();
            reader.mistakes.push(Mistake { span: node.span(), message });
            Body::default()
        }
        None => Body::default(),
    };
    (body, reader.mistakes)
}

struct Reader<'t> {
    text: &'t str,
    source: SourceId,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn attribute(&self, name: &str, span: Span, value: Expr) -> Attribute {
        Attribute { name: name.into(), source: self.source, span, value }
    }

    fn top(&mut self, root: Node<'_>) -> Body {
        let mut body = Body::default();
        for entry in root.entries() {
            let labels = match entry.name() {
                "resource" | "data" | "ephemeral" => 2,
                "variable" | "output" | "module" | "provider" | "check" => 1,
                "//" => continue,
                _ => 0,
            };
            self.blocks(entry.name(), entry.key.span(), entry.value, labels, &mut Vec::new(), &mut body);
        }
        body
    }

    /// Objects within objects give the labels of a block; a list at any level means several.
    fn blocks(&mut self, kind: &str, span: Span, node: Node<'_>, labels: usize, given: &mut Vec<Box<str>>, out: &mut Body) {
        if node.is_list() {
            node.items().for_each(|item| self.blocks(kind, span, item, labels, given, out));
        } else if labels > given.len() {
            for entry in node.entries().filter(|e| e.name() != "//") {
                given.push(entry.name().into());
                self.blocks(kind, entry.key.span(), entry.value, labels, given, out);
                given.pop();
            }
        } else if node.is_map() {
            let body = self.block(kind, node);
            out.blocks.push(Block { kind: kind.into(), labels: given.clone(), source: self.source, span, body });
        }
    }

    fn block(&mut self, kind: &str, node: Node<'_>) -> Body {
        let mut body = Body::default();
        for entry in node.entries() {
            let (name, span) = (entry.name(), entry.key.span());
            match (kind, name) {
                (_, "//") => {}
                (_, "dynamic" | "content") | ("terraform", "backend" | "cloud" | "required_providers") => {
                    let labels = usize::from(matches!(name, "dynamic" | "backend"));
                    self.blocks(name, span, entry.value, labels, &mut Vec::new(), &mut body);
                }
                ("variable", "type") => {
                    let text = entry.value.text().unwrap_or("");
                    let at = entry.value.span();
                    if let Some(value) = parse::expression(text, self.source, at) {
                        body.attributes.push(self.attribute(name, span, value));
                    }
                }
                _ => {
                    // Defaults are values, not expressions.
                    let value = self.expr(entry.value, (kind, name) != ("variable", "default"));
                    body.attributes.push(self.attribute(name, span, value));
                }
            }
        }
        body
    }

    fn expr(&mut self, node: Node<'_>, templates: bool) -> Expr {
        let kind = match node.text() {
            None if node.is_list() => Kind::List(node.items().map(|n| self.expr(n, templates)).collect()),
            None => {
                let pairs = node.entries().filter(|e| !templates || e.name() != "//");
                Kind::Object(pairs.map(|e| (self.expr(e.key, templates), self.expr(e.value, templates))).collect())
            }
            Some(text) => match node.style() {
                Some(Style::Number) => text.parse().map_or(Kind::Null, Kind::Number),
                Some(Style::Bool) => Kind::Bool(text == "true"),
                Some(Style::Null) => Kind::Null,
                _ if templates && (text.contains("${") || text.contains("%{")) => return self.template(text, node.span()),
                _ => Kind::Text(text.into()),
            },
        };
        Expr::new(node.span(), kind)
    }

    fn template(&mut self, text: &str, span: Span) -> Expr {
        let inner = Span::new(span.start as usize + 1, (span.end as usize).saturating_sub(1));
        let unescaped = self.text.get(inner.range()) == Some(text);
        let parts = parse::template(text, self.source, inner.start as usize, (!unescaped).then_some(span));
        let mut parts = parts.unwrap_or_else(|mistake| {
            self.mistakes.push(mistake);
            vec![Part::Text(Arc::from(text))]
        });
        match (parts.len(), parts.pop()) {
            // `"${x}"` is x itself, whatever its type.
            (1, Some(Part::Value(expr))) => expr,
            (1, Some(Part::Text(text))) => Expr::new(span, Kind::Text(text)),
            (_, last) => {
                parts.extend(last);
                Expr::new(span, Kind::Template(parts))
            }
        }
    }
}
