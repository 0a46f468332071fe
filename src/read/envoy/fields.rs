//! Fields of protobuf messages as YAML or JSON hold them: names in snake_case or lowerCamelCase, values that may be wrapped.

use crate::doc::Node;
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::part;
use crate::source::{Location, SourceId};

/// A value and the file it stands in.
#[derive(Clone, Copy)]
pub(super) struct Part<'d> {
    pub node: Node<'d>,
    pub source: SourceId,
}

impl<'d> Part<'d> {
    pub fn at(&self) -> Location {
        part::Part { node: self.node, source: self.source }.at()
    }

    pub fn with(&self, node: Node<'d>) -> Self {
        Self { node, source: self.source }
    }

    pub fn get(&self, name: &str) -> Option<Self> {
        let found = self.node.get(name).or_else(|| self.node.get(&camel(name)))?;
        (!found.is_null()).then(|| self.with(found))
    }

    pub fn path(&self, names: &[&str]) -> Option<Self> {
        names.iter().try_fold(*self, |part, name| part.get(name))
    }

    /// The text of a field.
    pub fn text(&self, name: &str) -> Option<&'d str> {
        self.get(name)?.node.text()
    }

    /// The elements of a repeated field; one value stands for a list of it.
    pub fn list(&self, name: &str) -> Vec<Self> {
        match self.get(name) {
            Some(list) if list.node.is_list() => list.node.items().map(|n| self.with(n)).collect(),
            Some(one) if one.node.is_map() => vec![one],
            _ => Vec::new(),
        }
    }

    /// `None` also where something else stands there: what a caller puts in its place must let more be carried, not less.
    pub fn number(&self, name: &str) -> Option<u64> {
        let part = self.get(name)?;
        let part = part.get("value").unwrap_or(part);
        part.node.text()?.parse::<f64>().ok().filter(|n| *n >= 0.0 && *n < 1e15).map(|n| n as u64)
    }

    /// The number in a field; `None` with a gap where something else stands there.
    pub fn told_number(&self, name: &str, out: &mut Output, touch: Touch) -> Option<u64> {
        let part = self.get(name)?;
        let text = part.get("value").unwrap_or(part).node.text().unwrap_or("");
        self.number(name).or_else(|| out.number(&format!("`{name}`"), text, part.at(), touch))
    }

    pub fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(|p| p.node.text()).is_some_and(|t| t == "true")
    }

    /// The message behind an extension's `typed_config` (or the old `config`), unwrapped.
    pub fn config(&self) -> Option<Self> {
        let config = self.get("typed_config").or_else(|| self.get("config"))?;
        match config.kind() {
            "TypedStruct" => config.get("value").map(|v| self.with(v.node)).or(Some(config)),
            _ => Some(config),
        }
    }

    /// The last part of `@type`: `HttpConnectionManager`.
    pub fn kind(&self) -> &'d str {
        let full = self.text("type_url").filter(|_| self.get("value").is_some());
        let full = self.node.get("@type").and_then(|t| t.text()).filter(|t| !t.ends_with("TypedStruct")).or(full);
        let full = full.or_else(|| self.node.get("@type").and_then(|t| t.text())).unwrap_or("");
        full.rsplit(['.', '/']).next().unwrap_or("")
    }

    /// The whole `@type`.
    pub fn type_url(&self) -> &'d str {
        self.node.get("@type").and_then(|t| t.text()).unwrap_or("")
    }

    /// Every text below this value that stands under one of these names, with the name. The document itself bounds how deep and how
    /// large it unfolds.
    pub fn texts_below(&self, names: &[&str]) -> Vec<(&'d str, Self)> {
        let mut out = Vec::new();
        let mut open = vec![self.node];
        while let Some(node) = open.pop() {
            for entry in node.entries() {
                let name = entry.name();
                if names.iter().any(|n| *n == name || camel(n) == name)
                    && let Some(text) = entry.value.as_str()
                {
                    out.push((text, self.with(entry.value)));
                }
                open.push(entry.value);
            }
            open.extend(node.items());
        }
        out.sort_by_key(|(_, part)| part.node.used_at());
        out
    }
}

/// `filter_chains` as `filterChains`.
pub(super) fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let mut letters = part.chars();
        out.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_spellings() {
        assert_eq!(camel("http2_protocol_options"), "http2ProtocolOptions");
        let text = "filterChains: [{a: {value: 3}}]\nload: 7\nnone: null\n";
        let doc = crate::doc::yaml::parse(text);
        let part = Part { node: doc.root().unwrap(), source: SourceId(0) };
        assert_eq!(part.list("filter_chains").len(), 1);
        assert_eq!(part.list("filter_chains")[0].number("a"), Some(3));
        assert_eq!((part.number("load"), part.get("none").is_none()), (Some(7), true));
    }
}
