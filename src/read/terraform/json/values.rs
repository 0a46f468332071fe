//! JSON values as [`Value`]s. A plan says in a second tree of the same shape what is not known yet, and in a third what is
//! sensitive; the three are read as one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::doc::{self, Document, Node, Style};
use crate::read::resource::{Is, Value};
use crate::source::{Location, SourceId, Span};

/// Sensitive values that are used all the same: they are places, and a plan that hides them would hide the answer.
const PLACES: &[&str] = &["region", "location", "zone", "availability_zone", "locations", "region_name", "availability_zones"];

/// A piece that was left as text so far; `None` is an empty document.
pub fn parse(raw: Option<&RawValue>) -> Document<'_> {
    raw.map(|r| doc::json::parse(r.get())).unwrap_or_default()
}

/// Attribute names, each once.
#[derive(Default)]
pub struct Keys(HashSet<Arc<str>>);

impl Keys {
    pub fn get(&mut self, key: &str) -> Arc<str> {
        if let Some(known) = self.0.get(key) {
            return Arc::clone(known);
        }
        let new: Arc<str> = key.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// The trees of one resource; each is `None` where it says nothing.
#[derive(Clone, Copy, Default)]
pub struct Layers<'d> {
    pub known: Option<Node<'d>>,
    pub unknown: Option<Node<'d>>,
    pub sensitive: Option<Node<'d>>,
}

impl<'d> Layers<'d> {
    fn key(self, key: &str) -> Self {
        let down = |node: Option<Node<'d>>| node.and_then(|n| n.get(key).or_else(|| covers(n).then_some(n)));
        Self { known: self.known.and_then(|n| n.get(key)), unknown: down(self.unknown), sensitive: down(self.sensitive) }
    }
}

/// `true` stands for everything below.
fn covers(node: Node<'_>) -> bool {
    node.as_bool() == Some(true)
}

/// Gives the value of an attribute that is known only after apply, by the names on the way to it; `None` leaves it out.
pub type Later<'f> = dyn Fn(&[&str], Location) -> Option<Value> + 'f;

/// Builds the values of one resource.
pub struct Builder<'b> {
    pub source: SourceId,
    /// Where the text of the known values begins in the file.
    pub base: usize,
    pub keys: &'b mut Keys,
    pub later: &'b Later<'b>,
    /// Answers of `later`, which only depend on the names.
    pub asked: HashMap<String, Option<Value>>,
}

impl Builder<'_> {
    /// The attributes of a resource, always a map.
    pub fn attributes(&mut self, layers: Layers<'_>, at: Location) -> Value {
        let value = self.value(layers, &mut Vec::new(), at);
        value.unwrap_or_else(|| Value::new(Is::Map(Arc::default()), at))
    }

    /// `None`: null, which is the same as not given.
    fn value<'d>(&mut self, layers: Layers<'d>, path: &mut Vec<&'d str>, around: Location) -> Option<Value> {
        let at = layers.known.map_or(around, |n| self.at(n.span()));
        if layers.unknown.is_some_and(covers) {
            return self.later(path, at);
        }
        let known = layers.known.filter(|n| !n.is_null());
        let hidden = layers.sensitive.is_some_and(covers) && !path.last().is_some_and(|name| PLACES.contains(name));
        if hidden && known.is_some_and(|n| !n.is_map() && !n.is_list()) {
            let help = "take the mark of the value away, or declare the resource in an inventory";
            return Some(Value::unknown("it is marked as sensitive", Some(help.into()), at));
        }
        let shape = known.or(layers.unknown)?;
        let is = if shape.is_map() {
            let mut map = Vec::new();
            let known = layers.known.into_iter().flat_map(|n| n.entries());
            let unknown = layers.unknown.into_iter().flat_map(|n| n.entries());
            let own = known.chain(unknown.filter(|e| layers.known.is_none_or(|n| n.get(e.name()).is_none())));
            for entry in own {
                path.push(entry.name());
                if let Some(value) = self.value(layers.key(entry.name()), path, at) {
                    map.push((self.keys.get(entry.name()), value));
                }
                path.pop();
            }
            // Made at once: one by one leaves every node of the tree half empty.
            Is::Map(Arc::new(map.into_iter().collect()))
        } else if shape.is_list() {
            let items = |node: Option<Node<'d>>| node.map(|n| n.items().map(Some).collect::<Vec<_>>()).unwrap_or_default();
            let (known, unknown) = (items(layers.known), items(layers.unknown));
            let nth = |list: &[Option<Node<'d>>], i: usize| list.get(i).copied().flatten();
            let all = layers.sensitive.filter(|n| covers(*n));
            let sensitive = items(layers.sensitive);
            let mut list = Vec::with_capacity(known.len());
            for i in 0..known.len().max(unknown.len()) {
                let item = Layers { known: nth(&known, i), unknown: nth(&unknown, i), sensitive: all.or(nth(&sensitive, i)) };
                if let Some(value) = self.value(item, path, at) {
                    list.push(value);
                }
            }
            Is::List(Arc::new(list))
        } else {
            scalar(known?)?
        };
        Some(Value::new(is, at))
    }

    fn later(&mut self, path: &[&str], at: Location) -> Option<Value> {
        let name = path.join(".");
        if let Some(answer) = self.asked.get(&name) {
            return answer.clone();
        }
        let answer = (self.later)(path, at);
        self.asked.insert(name, answer.clone());
        answer
    }

    fn at(&self, span: Span) -> Location {
        Location::new(self.source, Span::new(self.base + span.start as usize, self.base + span.end as usize))
    }
}

/// A value without anything over it. `base`: where the parsed text begins in the file.
pub fn plain(node: Node<'_>, source: SourceId, base: usize, keys: &mut Keys) -> Value {
    let at = Location::new(source, Span::new(base + node.span().start as usize, base + node.span().end as usize));
    let nothing = |_: &[&str], _: Location| None;
    let mut builder = Builder { source, base, keys, later: &nothing, asked: HashMap::new() };
    let layers = Layers { known: Some(node), ..Layers::default() };
    builder.value(layers, &mut Vec::new(), at).unwrap_or_else(|| Value::new(Is::Null, at))
}

/// `None`: null.
pub fn scalar(node: Node<'_>) -> Option<Is> {
    let text = node.text()?;
    Some(match node.style()? {
        Style::Null => return None,
        Style::Bool => Is::Bool(text == "true"),
        // A number too large for a float is still the number that is written.
        Style::Number => text.parse().map_or_else(|_| Is::Text(text.into()), Is::Number),
        _ => Is::Text(text.into()),
    })
}
