//! Addresses as Terraform writes them: `module.eu["x.y"].module.b[0].data.aws_x.name["k"]`.

/// Without the keys of instances: `module.eu.module.b`.
pub fn without_keys(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    let mut rest = address;
    while let Some(at) = rest.find('[') {
        out.push_str(&rest[..at]);
        rest = &rest[at + key_len(&rest[at..])..];
    }
    out.push_str(rest);
    out
}

/// Bytes of a `[...]` at the beginning of a text; quoted keys may hold brackets.
fn key_len(text: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (i, b) in text.bytes().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => return i + 1,
            _ => {}
        }
    }
    text.len()
}

/// The parts between dots, each with its key: `module`, `eu["x.y"]`, `aws_x`, `name`.
pub fn parts(address: &str) -> Vec<&str> {
    let (mut parts, mut from, mut at) = (Vec::new(), 0, 0);
    while at < address.len() {
        match address.as_bytes()[at] {
            b'[' => at += key_len(&address[at..]),
            b'.' => {
                parts.push(&address[from..at]);
                at += 1;
                from = at;
            }
            _ => at += 1,
        }
    }
    parts.push(address.get(from..).unwrap_or(""));
    parts
}

/// A part's name and its key with the brackets: `eu` and `["x"]`.
pub fn split_key(part: &str) -> (&str, Option<&str>) {
    match part.find('[') {
        Some(at) => (&part[..at], Some(&part[at..])),
        None => (part, None),
    }
}

/// The module instance that calls this one: `module.a[0].module.b` -> `module.a[0]`; `None` for the root.
pub fn parent(module: &str) -> Option<&str> {
    let parts = parts(module);
    let [.., word, _name] = parts.as_slice() else { return None };
    let start = word.as_ptr() as usize - module.as_ptr() as usize;
    Some(module[..start].trim_end_matches('.'))
}

/// `module` and a name in it.
pub fn join(module: &str, rest: &str) -> String {
    if module.is_empty() { rest.to_owned() } else { format!("{module}.{rest}") }
}

/// A type and name as references have them: `data.aws_x.y`.
pub fn base(mode: &str, kind: &str, name: &str) -> String {
    if mode == "data" { format!("data.{kind}.{name}") } else { format!("{kind}.{name}") }
}

/// The key of an instance as addresses write it, from its JSON: `0` -> `[0]`, `"x"` -> `["x"]`.
pub fn key(json: &str) -> String {
    format!("[{json}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_dots_brackets_and_quotes_stay_whole() {
        let address = r#"module.eu["a.b]\"["].module.c[0].aws_x.y["z"]"#;
        assert_eq!(without_keys(address), "module.eu.module.c.aws_x.y");
        assert_eq!(parts(address), ["module", r#"eu["a.b]\"["]"#, "module", "c[0]", "aws_x", r#"y["z"]"#]);
        assert_eq!(parent(r#"module.eu["a.b"].module.c[0]"#), Some(r#"module.eu["a.b"]"#));
        assert_eq!(parent("module.eu"), Some(""));
        assert_eq!(parent(""), None);
        assert_eq!(without_keys("a[\"never closed"), "a");
    }
}
