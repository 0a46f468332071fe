//! The keys of the files that people write, out of the schemas of those files, so that each is described in one place.

use serde_json::Value;

use crate::vocab::facts;

/// A key where it may stand.
pub struct Key {
    /// The file that people write it in.
    pub file: &'static str,
    /// `[[classify]]`, `[[classify]] match.kind`
    pub place: String,
    pub name: String,
    pub required: bool,
    pub says: String,
    /// The values it can have, where these are words of a list.
    pub values: Vec<String>,
}

/// Every key, in the order of the files and their tables.
pub fn all() -> Vec<Key> {
    let files = [
        ("onshore.toml", crate::project::schema()),
        ("inventory files", crate::read::inventory::schema()),
        ("policies", crate::policy::schema()),
    ];
    let mut keys = Vec::new();
    for (file, schema) in &files {
        Walk { file, schema, keys: &mut keys }.table(schema, &Place::Top);
    }
    keys
}

struct Walk<'a> {
    file: &'static str,
    schema: &'a Value,
    keys: &'a mut Vec<Key>,
}

enum Place {
    Top,
    /// `[check]` or `[[rule]]`, and the keys of tables inside it.
    In(String, Vec<String>),
}

impl Place {
    fn of(&self, name: &str, repeated: bool) -> Self {
        match self {
            Self::Top if repeated => Self::In(format!("[[{name}]]"), Vec::new()),
            Self::Top => Self::In(format!("[{name}]"), Vec::new()),
            // [[geo.override]]
            Self::In(table, inside) if repeated && inside.is_empty() && !table.starts_with("[[") => {
                Self::In(format!("[[{}.{name}]]", table.trim_matches(['[', ']'])), Vec::new())
            }
            Self::In(table, inside) => Self::In(table.clone(), [&inside[..], &[name.to_owned()]].concat()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Top => String::new(),
            Self::In(table, inside) if inside.is_empty() => table.clone(),
            Self::In(table, inside) => format!("{table} {}", inside.join(".")),
        }
    }
}

impl<'a> Walk<'a> {
    fn table(&mut self, table: &'a Value, place: &Place) {
        let required: Vec<&str> = table["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, value) in table["properties"].as_object().into_iter().flatten() {
            // Operator facts are words of their own.
            if facts::known(name).is_some() {
                continue;
            }
            let meant = self.meant(value);
            let (item, repeated) = match meant.get("items") {
                Some(items) => (self.meant(items), true),
                None => (meant, false),
            };
            let own = place.of(name, repeated && item.get("properties").is_some());
            let says = [value, meant, item].into_iter().find_map(|v| v["description"].as_str());
            let values = item["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
            self.keys.push(Key {
                file: self.file,
                place: match (&own, item.get("properties")) {
                    (Place::In(table, inside), None) if inside.is_empty() => table.trim_matches(['[', ']']).to_owned(),
                    _ => own.text(),
                },
                name: name.clone(),
                required: required.contains(&name.as_str()),
                says: says.map(|s| s.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default(),
                values: values.collect(),
            });
            // A table is described where it stands first.
            if item.get("properties").is_some() {
                self.table(item, &own);
            }
        }
    }

    /// What a value is when it is there: behind references, and without `null`.
    fn meant(&self, mut value: &'a Value) -> &'a Value {
        loop {
            let choices = value["anyOf"].as_array().map(Vec::as_slice).unwrap_or_default();
            value = if let Some(reference) = value["$ref"].as_str() {
                let Some(target) = self.schema.pointer(reference.trim_start_matches('#')) else { return value };
                target
            } else if let Some(one) = choices.iter().find(|c| c["type"] != "null") {
                one
            } else {
                return value;
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_described() {
        let keys = all();
        let find = |place: &str| keys.iter().find(|k| k.place == place).unwrap_or_else(|| panic!("{place}"));
        assert!(find("[[population]] enters").required);
        assert_eq!(find("[[rule]] severity").values, ["low", "medium", "high", "critical"]);
        assert_eq!(find("[[classify]] match.kind").file, "onshore.toml");
        assert!(find("[[inputs.override]] path").required);
        let silent: Vec<&str> = keys.iter().filter(|k| k.says.is_empty()).map(|k| k.place.as_str()).collect();
        assert!(silent.is_empty(), "{silent:#?}");
    }
}
