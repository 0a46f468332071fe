//! Files to objects: documents of a YAML stream, items of a `List`, each with its kind, name and namespace.

use crate::doc::{self, Document, Node};
use crate::model::{GapScope, Unread};
use crate::read::mentions::shorten;
use crate::source::{Location, SourceId, Sources, Span};

/// Lists within lists: `kubectl` writes none, and nobody needs many.
const MAX_LISTS: usize = 8;

/// One object of the Kubernetes API.
#[derive(Clone, Copy)]
pub(super) struct Object<'d> {
    pub file: SourceId,
    /// The group of `apiVersion`; empty for the core.
    pub group: &'d str,
    pub kind: &'d str,
    /// `None`: whatever namespace it is applied to.
    pub namespace: Option<&'d str>,
    pub name: &'d str,
    pub node: Node<'d>,
    /// The line that names it.
    pub location: Location,
}

impl<'d> Object<'d> {
    pub fn at(&self, node: Node<'_>) -> Location {
        Location::new(self.file, node.used_at())
    }

    pub fn spec(&self) -> Option<Node<'d>> {
        self.node.get("spec")
    }

    pub fn path(&self, keys: &[&str]) -> Option<Node<'d>> {
        self.node.path(keys)
    }

    pub fn text(&self, keys: &[&str]) -> Option<&'d str> {
        self.path(keys).and_then(|n| n.text()).filter(|t| !t.is_empty())
    }

    /// Annotations, by name.
    pub fn annotations(&self) -> impl Iterator<Item = (&'d str, Node<'d>)> + use<'d> {
        self.path(&["metadata", "annotations"]).into_iter().flat_map(|a| a.entries().map(|e| (e.name(), e.value)))
    }

    pub fn annotation(&self, name: &str) -> Option<&'d str> {
        self.annotations().find(|(n, _)| *n == name).and_then(|(_, v)| v.text())
    }
}

/// A file as it was parsed.
pub(super) struct File<'t> {
    pub id: SourceId,
    pub document: Document<'t>,
}

impl<'t> File<'t> {
    pub fn parse(sources: &'t Sources, id: SourceId) -> Self {
        let source = sources.get(id);
        let is_json = source.path.to_ascii_lowercase().ends_with(".json");
        Self { id, document: if is_json { doc::json::parse(&source.text) } else { doc::yaml::parse(&source.text) } }
    }

    /// Every object of the file, in its order. What is none is told in `gaps`.
    pub fn objects<'d>(&'d self, gaps: &mut Vec<Unread>) -> Vec<Object<'d>> {
        let mut objects = Vec::new();
        for root in self.document.roots().filter(|r| !r.is_null()) {
            self.object(root, 0, &mut objects, gaps);
        }
        objects
    }

    fn object<'d>(&'d self, node: Node<'d>, depth: usize, objects: &mut Vec<Object<'d>>, gaps: &mut Vec<Unread>) {
        let location = Location::new(self.id, first_line(node.span()));
        let kind = node.get("kind").and_then(|k| k.text()).unwrap_or("");
        let version = node.get("apiVersion").and_then(|v| v.text()).unwrap_or("");
        if let Some(items) = node.get("items").filter(|i| i.is_list() && (kind.ends_with("List") || version.is_empty())) {
            if depth < MAX_LISTS {
                items.items().for_each(|item| self.object(item, depth + 1, objects, gaps));
            }
            return;
        }
        // A file of `kustomize` may leave out what it is.
        let bare =
            kind.is_empty() && version.is_empty() && ["resources", "bases", "components"].iter().any(|k| node.get(k).is_some());
        if bare {
            let group = "kustomize.config.k8s.io";
            objects.push(Object { file: self.id, group, kind: "Kustomization", namespace: None, name: "", node, location });
            return;
        }
        if kind.is_empty() || version.is_empty() {
            gaps.push(Unread {
                code: "not-an-object",
                message: "this document is no Kubernetes object: it has no `apiVersion` and `kind`".to_owned(),
                help: Some("correct it, or leave the file out with `exclude` if it belongs to another tool".to_owned()),
                location,
                scope: GapScope::Everything,
            });
            return;
        }
        let metadata = |key: &str| node.path(&["metadata", key]).filter(|n| n.text().is_some_and(|t| !t.is_empty()));
        let name = metadata("name").or_else(|| metadata("generateName"));
        let location = name.or_else(|| node.get("kind")).map_or(location, |n| Location::new(self.id, n.used_at()));
        objects.push(Object {
            file: self.id,
            group: group(version),
            kind,
            namespace: metadata("namespace").and_then(|n| n.text()),
            name: name.and_then(|n| n.text()).unwrap_or(""),
            node,
            location,
        });
    }

    /// What is wrong with the text: each broken document, and templates that nobody has rendered.
    pub fn problems(&self, sources: &Sources) -> Vec<Unread> {
        let text = &sources.get(self.id).text;
        let mut gaps = Vec::new();
        if let Some(at) = template_mark(text, !self.document.problems().is_empty()) {
            gaps.push(Unread {
                code: "template-not-rendered",
                message: format!("this is a Helm template, not yet a manifest: `{}`", shown(text, at)),
                help: Some(
                    "give the output of `helm template` (with the values of each cluster) instead of the chart".to_owned(),
                ),
                location: Location::new(self.id, Span::new(at, at + 2)),
                scope: GapScope::Everything,
            });
            return gaps;
        }
        for problem in self.document.problems() {
            gaps.push(Unread {
                code: "broken-syntax",
                message: problem.message.clone(),
                help: Some("correct the document; the others of the file were read".to_owned()),
                location: Location::new(self.id, problem.span),
                scope: GapScope::Everything,
            });
        }
        gaps
    }
}

/// The core's version stands alone: `v1`. So does the group of kustomize's plugins: `builtin`.
fn group(version: &str) -> &str {
    let core = version.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    version.split_once('/').map_or(if core { "" } else { version }, |(group, _)| group)
}

/// A map ends where the next thing begins; its first character is enough to point at.
fn first_line(span: Span) -> Span {
    Span { start: span.start, end: span.start }
}

/// Where a Go template shows that it is one. Rendered manifests may hold templates too (of alerts, of dashboards), in texts.
fn template_mark(text: &str, broken: bool) -> Option<usize> {
    let first = text.find("{{")?;
    const HELM: &[&str] = &[".Values.", ".Release.", ".Chart.", "include \"", "template \""];
    let by_line = || {
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if let Some(i) = line.find("{{").filter(|_| HELM.iter().any(|h| line.contains(h))) {
                return Some(at + i);
            }
            at += line.len();
        }
        None
    };
    by_line().or_else(|| broken.then_some(first))
}

/// The line around an offset, shortened.
fn shown(text: &str, at: usize) -> String {
    let start = text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
    let line = text.get(start..).unwrap_or("").lines().next().unwrap_or("").trim();
    shorten(line)
}
