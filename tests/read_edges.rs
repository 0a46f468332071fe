//! The readers of edges (Traefik, Caddy, Apache httpd, Varnish...) against folders of input and expected facts, against real files,
//! and against damaged text.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files, may panic and says what it skips

mod facts;

use facts::{Show, corpus, seeds, sound};
use onshore::model::{Activity, RouteFact, RouteRole, Spill};
use onshore::read::traefik::Traefik;
use onshore::read::{Input, Reader, Reading, Recognized};
use onshore::source::Sources;
use proptest::prelude::*;

#[test]
fn traefik() {
    facts::golden(&Traefik, "tests/read/traefik", 6);
}

fn read(reader: &dyn Reader, sources: &Sources, path: &str) -> Reading {
    let file = sources.find(path).unwrap();
    assert_eq!(reader.recognize(path, &sources.get(file).text), Recognized::Yes, "{path}");
    reader.read(&Input::new(sources, file))
}

fn from<'a>(show: &Show<'a>, name: &str) -> Vec<(String, &'a RouteFact)> {
    let all = show.facts.routes.iter().filter(|r| show.reference(&r.from) == format!("[{name}]"));
    all.map(|r| (show.reference(&r.to), r)).collect()
}

fn targets<'a>(routes: &'a [(String, &RouteFact)]) -> Vec<&'a str> {
    routes.iter().map(|(to, _)| to.as_str()).collect()
}
