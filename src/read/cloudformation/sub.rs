//! The text of `Fn::Sub`: `${Name}` and `${Name.Attribute}` are filled in, `${!Literal}` is not.

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    Text(&'t str),
    /// What `${...}` names.
    Hole(&'t str),
}

pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let inner = &rest[start + 2..start + length];
        if start > 0 {
            parts.push(Part::Text(&rest[..start]));
        }
        match inner.strip_prefix('!') {
            // `${!x}` is written out as `${x}`.
            Some(_) => parts.extend([Part::Text("${"), Part::Text(&inner[1..]), Part::Text("}")]),
            None => parts.push(Part::Hole(inner.trim())),
        }
        rest = &rest[start + length + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_unclosed_holes_stay_text() {
        let text = |s: &str| parts(s).iter().map(|p| if let Part::Text(t) = p { *t } else { "?" }).collect::<String>();
        assert_eq!(text("a-${B}-${!C}-${ D.E }$x${"), "a-?-${C}-?$x${");
        assert_eq!(parts("${A}"), [Part::Hole("A")]);
        assert_eq!(parts(""), []);
    }
}
