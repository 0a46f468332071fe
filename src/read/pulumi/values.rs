//! Property values of a stack, under the names that Terraform gives them: `kmsKeyId` is `kms_key_id`. Where Pulumi makes a plural of
//! a repeated block (`rules` of `rule`), both names are there.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::doc::{self, Node, Style};
use crate::read::resource::{Is, Value};
use crate::source::{Location, SourceId, Span};

/// What an object has under this key says what it stands for (`sdk/go/common/resource/sig`).
const SIGNATURE: &str = "4dabf18193072939515e22adb298388d";
const SECRET: &str = "1b47061264138c4ac30d75fd1eb44270";
/// Stands for a value that is not known yet.
const UNKNOWN: &str = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/// Maps whose keys are the user's own.
const FREE: &[&str] = &["tags", "tagsAll", "labels", "effectiveLabels", "pulumiLabels", "annotations", "metadata", "variables"];

/// A resource's properties, always a map. `base`: where their text begins in the file.
pub fn attributes(raw: Option<&RawValue>, source: SourceId, base: usize, at: Location) -> Value {
    let document = raw.map(|r| doc::json::parse(r.get())).unwrap_or_default();
    let reader = Reader { source, base };
    let value = document.root().and_then(|root| reader.value(root, false));
    value.filter(|v| v.as_map().is_some()).unwrap_or_else(|| Value::new(Is::Map(Arc::default()), at))
}

struct Reader {
    source: SourceId,
    base: usize,
}

impl Reader {
    /// `None`: null. Depth is bounded by the document's.
    fn value(&self, node: Node<'_>, free: bool) -> Option<Value> {
        let span = node.span();
        let at = Location::new(self.source, Span::new(self.base + span.start as usize, self.base + span.end as usize));
        let is = if let Some(signature) = node.get(SIGNATURE) {
            if signature.text() != Some(SECRET) {
                // Assets, archives and references to other resources hold no settings.
                return None;
            }
            return Some(Value::unknown(
                "it is a secret of the stack",
                Some("declare the resource in an inventory".into()),
                at,
            ));
        } else if node.is_map() {
            let mut map: BTreeMap<Arc<str>, Value> = BTreeMap::new();
            for entry in node.entries() {
                // Properties of Pulumi's own.
                if entry.name().starts_with("__") {
                    continue;
                }
                let Some(value) = self.value(entry.value, FREE.contains(&entry.name())) else { continue };
                let name = if free { entry.name().to_owned() } else { snake(entry.name()) };
                if !free && let Some(one) = singular(&name, &value) {
                    map.entry(one.into()).or_insert_with(|| value.clone());
                }
                map.insert(name.into(), value);
            }
            Is::Map(Arc::new(map))
        } else if node.is_list() {
            Is::List(Arc::new(node.items().filter_map(|item| self.value(item, false)).collect()))
        } else {
            let text = node.text()?;
            match node.style()? {
                Style::Null => return None,
                Style::Bool => Is::Bool(text == "true"),
                Style::Number => text.parse().map_or_else(|_| Is::Text(text.into()), Is::Number),
                _ if text == UNKNOWN => {
                    return Some(Value::unknown("it is known only after the update", None, at));
                }
                _ => Is::Text(text.into()),
            }
        };
        Some(Value::new(is, at))
    }
}

/// `kmsKeyId` -> `kms_key_id`, `bucketV2` -> `bucket_v2`.
pub fn snake(camel: &str) -> String {
    let mut out = String::with_capacity(camel.len() + 4);
    for c in camel.chars() {
        if c.is_ascii_uppercase() {
            if !out.is_empty() {
                out.push('_');
            }
            out.push(c.to_ascii_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}

/// The name of one block of a list of blocks.
fn singular(name: &str, value: &Value) -> Option<String> {
    let blocks = value.as_list().is_some_and(|list| !list.is_empty() && list.iter().all(|v| v.as_map().is_some()));
    let stem = name.strip_suffix('s').filter(|_| blocks)?;
    Some(match stem.strip_suffix("ie") {
        Some(stem) => format!("{stem}y"),
        None => stem.to_owned(),
    })
}
