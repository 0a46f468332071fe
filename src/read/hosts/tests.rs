use proptest::prelude::*;

use super::*;
use crate::source::{SourceId, Sources};

#[test]
fn addresses_and_names() {
    for (text, expected) in [("10.0.0.1 x", "10.0.0.1"), ("fe80::1%en0 x", "fe80::1"), ("::ffff:10.0.0.1 x", "::ffff:10.0.0.1")]
    {
        let line = lines_of(text).next().unwrap();
        assert_eq!(line.address().map(|a| a.to_string()).as_deref(), Some(expected), "{text}");
    }
    for text in ["10.0.0.1%eth0 x", "fe80::1% x", "10.0.0.0/8 x", "10.1 x", "x"] {
        assert_eq!(lines_of(text).next().unwrap().address(), None, "{text}");
    }
    assert_eq!(host_name("DB-1.Internal.").as_deref(), Some("db-1.internal"));
    for name in ["", ".", "a..b", "-a", "a;", "[web]", "a=b", "10.0.0.1", &"a".repeat(64)] {
        assert_eq!(host_name(name), None, "{name}");
    }
}

#[test]
fn bad_lines_are_told_up_to_a_bound() {
    let mut sources = Sources::default();
    let file = sources.add("hosts", "{{ x }}\n".repeat(1000));
    let reading = Hosts.read(&Input::new(&sources, file));
    assert!(reading.broken.is_some());
    assert!(reading.facts.gaps.len() <= 1000 && !reading.facts.gaps.is_empty());
}

proptest! {
    #[test]
    fn any_text_gives_facts_with_spans_inside_it(text in "([0-9a-f.:%# \t\r\n]|[a-z]{1,4}|\\PC|10\\.0\\.0\\.[1-9] a\n){0,60}") {
        let mut sources = Sources::default();
        sources.add("hosts", text.as_str());
        Hosts.recognize("hosts", &text);
        let facts = Hosts.read(&Input::new(&sources, SourceId(0))).facts;
        for e in &facts.endpoints {
            for name in &e.names {
                let written = text.get(name.span.range()).map(|w| w.trim_end_matches('.').to_lowercase());
                prop_assert_eq!(written.as_deref(), Some(name.value.as_str()));
            }
        }
        for at in facts.gaps.iter().map(|g| g.location) {
            prop_assert!(text.get(at.span.range()).is_some());
        }
    }
}
