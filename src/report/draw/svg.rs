//! A map as one SVG: no script, nothing from outside, light and dark by what the reader prefers. The words are all text, so that it
//! can be searched and read aloud; what a colour says, a line's form or a word says too.
//!
//! Also for use inside a page: every class begins with `om-`, every id with the one that is given.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::graph::{Change, waived, when};
use super::layout::{Anchor, Arc, BESIDE, Group, LINE, Layout, Point, Size, WIDTH};
use super::map::{Map, MapSite, Way};
use super::{land, name, sentence, short, some_of};
use crate::finding::State;
use crate::lang::{self, Lang, Message, tell};
use crate::report::{count, safe, words, xml};

/// More sites than this are drawn by country.
pub const MOST_SITES: usize = 60;
/// Ways drawn at most, the gravest first.
pub const MOST_WAYS: usize = 300;
/// Ways told one by one to those who cannot see them.
const MOST_TOLD: usize = 40;

/// What its elements look like.
pub const STYLE: &str = "\
.om-page{fill:#fff}.om-sea{fill:#eef3f7}.om-land{fill:#d9dfd6}.om-border{fill:none;stroke:#fff;stroke-width:.8}\
.om text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Noto Sans','DejaVu Sans',sans-serif;fill:#17212b;font-size:10.5px}\
.om .om-title{font-size:19px;font-weight:600}.om .om-subtitle{font-size:12.5px;fill:#4a5763}\
.om .om-name{font-size:12px;font-weight:600}.om .om-small{fill:#3f4b57}.om .om-note{font-size:11px;fill:#4a5763}\
.om .om-end{text-anchor:end}.om .om-bad{fill:#a50f22;font-weight:600}.om .om-open{fill:#7a5600;font-weight:600}\
.om-halo{stroke:#fff;stroke-width:3px;stroke-linejoin:round;paint-order:stroke}\
.om-line{fill:none;stroke-width:1.7;stroke-linecap:round}\
.om-normal{stroke:#1f5f99}.om-overload{stroke:#96600b;stroke-dasharray:8 5}.om-loss{stroke:#6a41a8;stroke-dasharray:1.5 5}\
.om-gone{stroke:#8b949c;stroke-width:1.2;stroke-dasharray:4 3 1 3}.om-depend{stroke-width:1}\
.om-breaks{stroke:#c0152b;stroke-width:3.4}\
.om-tip-normal{fill:#1f5f99}.om-tip-overload{fill:#96600b}.om-tip-loss{fill:#6a41a8}.om-tip-gone{fill:#8b949c}.om-tip-breaks{fill:#c0152b}\
.om-mark{fill:#17212b;stroke:#fff;stroke-width:1.5}.om-vague{fill:#fff;stroke:#17212b;stroke-width:1.6;stroke-dasharray:2 1.6}\
.om-ring{fill:none;stroke:#17212b;stroke-width:1.3}.om-cross{fill:none;stroke:#17212b;stroke-width:2}\
.om-mark-bad{fill:#c0152b;stroke:#fff;stroke-width:1.5}.om-vague-bad{fill:#fff;stroke:#c0152b;stroke-dasharray:3 1.6}.om-leader{fill:none;stroke:#6c7882;stroke-width:.8}\
.om-frame{fill:#fff;fill-opacity:.88;stroke:#aab4bd;stroke-width:.8}\
@media screen and (prefers-color-scheme:dark){.om-page{fill:#11181f}.om-sea{fill:#18222c}.om-land{fill:#2c3a43}.om-border{stroke:#18222c}\
.om text{fill:#e9eef2}.om .om-subtitle,.om .om-small,.om .om-note{fill:#b7c2cb}.om .om-bad{fill:#ff8f97}.om .om-open{fill:#ecc46b}\
.om-halo{stroke:#11181f}.om-normal{stroke:#7db8ee}.om-overload{stroke:#e8b35a}.om-loss{stroke:#bd9df0}.om-breaks{stroke:#ff5c69}\
.om-tip-normal{fill:#7db8ee}.om-tip-overload{fill:#e8b35a}.om-tip-loss{fill:#bd9df0}.om-tip-breaks{fill:#ff5c69}\
.om-mark{fill:#e9eef2;stroke:#11181f}.om-vague{fill:#11181f;stroke:#e9eef2}.om-ring,.om-cross{stroke:#e9eef2}.om-mark-bad{fill:#ff5c69;stroke:#11181f}.om-vague-bad{fill:#11181f;stroke:#ff5c69}\
.om-frame{fill:#11181f;stroke:#55626d}}";

/// The map; `id` begins the ids of its elements.
pub fn svg(map: &Map, id: &str) -> String {
    let mut map = map.bounded(MOST_SITES);
    if map.ways.len() > MOST_WAYS {
        let left = map.ways.len() - MOST_WAYS;
        map.ways.truncate(MOST_WAYS);
        map.notes.push(tell!(
            map.lang,
            "left out of this picture: {ways}, none graver than those drawn",
            ways = count(left, "way", "ways")
        ));
    }
    let labels: Vec<Vec<(&str, String)>> = map.sites.iter().map(|site| label(site, map.lang)).collect();
    let sizes: Vec<Size> = labels.iter().map(|l| size(l)).collect();
    let layout = Layout::new(&map, &sizes);

    let mut top = 34.0;
    let mut head = String::new();
    line(&mut head, (20.0, top), "om-title", &map.title);
    for words in wrapped(&map.subtitle, map.lang) {
        top += 19.0;
        line(&mut head, (20.0, top), "om-subtitle", &words);
    }
    top += 16.0;
    let (foot, height) = foot(&map, top + layout.bottom + 22.0);

    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"om\" viewBox=\"0 0 {WIDTH} {h}\" width=\"{WIDTH}\" height=\"{h}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n<style>{STYLE}</style>\n",
        xml(&sentence(&map.title)),
        xml(&told(&map)),
        h = height.ceil(),
    );
    let _ = writeln!(out, "<rect class=\"om-page\" width=\"{WIDTH}\" height=\"{}\"/>", height.ceil());
    out.push_str(&head);
    let _ = writeln!(out, "<g transform=\"translate(0 {top})\">");
    draw_land(&mut out, &layout);
    draw_map(&mut out, &map, &labels, &layout, &layout.arcs);
    out.push_str("</g>\n");
    out.push_str(&foot);
    out.push_str("</svg>\n");
    out
}

/// One of several pictures of the same sites: `key` tells it apart. In a page.
pub struct Layer {
    pub key: String,
    pub map: Map,
}

/// All layers over the same land, each a group `om-layer` with its keys in `data-keys` and the number of its ways in words in
/// `data-says`; those that look alike are one. All but the first are also `om-off`. [`STYLE`] is not in it. `base` has the sites
/// and the notes; every layer must have the same sites.
pub fn layered(base: &Map, layers: &[Layer], id: &str) -> String {
    let base = base.bounded(MOST_SITES);
    let maps: Vec<(&str, Map)> = layers.iter().map(|l| (l.key.as_str(), l.map.bounded(MOST_SITES))).collect();
    let labels: Vec<Vec<Vec<(&str, String)>>> =
        maps.iter().map(|(_, map)| map.sites.iter().map(|site| label(site, map.lang)).collect()).collect();
    let most = |a: Size, b: Size| (a.0.max(b.0), a.1.max(b.1));
    let sizes: Vec<Size> =
        (0..base.sites.len()).map(|site| labels.iter().map(|l| size(&l[site])).fold((0.0, 1), most)).collect();
    let layout = Layout::new(&base, &sizes);

    // What looks alike is drawn once.
    let mut drawn: BTreeMap<String, (usize, Vec<&str>)> = BTreeMap::new();
    let mut legend = Map { notes: base.notes.clone(), lang: base.lang, ..Map::default() };
    let mut left = 0;
    for (i, ((key, map), labels)) in maps.iter().zip(&labels).enumerate() {
        let mut map = map.clone();
        left = left.max(map.ways.len().saturating_sub(MOST_WAYS));
        map.ways.truncate(MOST_WAYS);
        let mut body = String::new();
        draw_map(&mut body, &map, labels, &layout, &layout.arcs_of(&map));
        let known = drawn.len();
        drawn.entry(body).or_insert((i, Vec::new())).1.push(key);
        if drawn.len() > known {
            legend.sites.extend(map.sites.into_iter().filter(|s| s.endpoints > 0));
            legend.ways.extend(map.ways);
        }
    }
    if left > 0 {
        let ways = count(left, "way", "ways");
        legend.notes.push(tell!(base.lang, "left out of some picture: up to {ways}, none graver than those drawn", ways));
    }
    let (foot, height) = foot(&legend, layout.bottom + 22.0);

    let mut out = String::new();
    let _ = write!(
        out,
        "<svg class=\"om\" viewBox=\"0 0 {WIDTH} {h}\" role=\"img\" aria-labelledby=\"{id}-title\">\n<title id=\"{id}-title\">{}</title>\n",
        xml(&sentence(&base.subtitle)),
        h = height.ceil(),
    );
    draw_land(&mut out, &layout);
    let mut order: Vec<(&String, &(usize, Vec<&str>))> = drawn.iter().collect();
    order.sort_by_key(|(_, (first, _))| *first);
    for (body, (first, keys)) in order {
        let map = &maps[*first].1;
        let bad = map.ways.iter().filter(|w| !w.edge.breaks.is_empty()).count();
        let ways = count(map.ways.len(), "way", "ways");
        let says = tell!(base.lang, "{ways} between sites, {bad} of them on a way that breaks a rule", ways, bad);
        let off = if *first > 0 { " om-off" } else { "" };
        let _ = write!(
            out,
            "<g class=\"om-layer{off}\" data-keys=\"{}\" data-says=\"{}\">\n{body}</g>\n",
            xml(&keys.join(";")),
            xml(&says)
        );
    }
    out.push_str(&foot);
    out.push_str("</svg>\n");
    out
}

/// One of several pictures of the same sites for a page of paper, whose words say the title: like [`svg`] without its head. `base` is as
/// in [`layered`].
pub fn printed(base: &Map, map: Map, id: &str) -> String {
    let drawn = layered(base, &[Layer { key: String::new(), map }], id);
    let (opening, rest) = drawn.split_once('\n').expect("the first element has a line of its own");
    format!("{opening}\n<style>{STYLE}</style>\n{rest}")
}

/// Sea, land and borders.
fn draw_land(out: &mut String, layout: &Layout) {
    let _ = writeln!(out, "<rect class=\"om-sea\" width=\"{WIDTH}\" height=\"{}\"/>", n(layout.view.height));
    let (land, borders) = land::paths(&layout.view);
    let _ = writeln!(
        out,
        "<path class=\"om-land\" fill-rule=\"evenodd\" d=\"{land}\"/>\n<path class=\"om-border\" d=\"{borders}\"/>"
    );
}

/// Frames of sites that fall together, as far as the picture has any of them.
fn draw_groups(out: &mut String, map: &Map, layout: &Layout) {
    let has_any = |group: &&Group| group.sites.iter().any(|site| map.sites[*site].endpoints > 0);
    for group in layout.groups.iter().filter(has_any) {
        let to = group.frame.nearest(group.at);
        let _ = writeln!(out, "<path class=\"om-leader\" d=\"{}\"/>", segment(group.at, to));
        circle(out, "om-mark", group.at, 2.5);
        let f = &group.frame;
        let _ = writeln!(
            out,
            "<rect class=\"om-frame\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\"/>",
            n(f.x),
            n(f.y),
            n(f.w),
            n(f.h)
        );
    }
}

/// Ways and sites.
fn draw_map(out: &mut String, map: &Map, labels: &[Vec<(&str, String)>], layout: &Layout, arcs: &[Arc]) {
    draw_groups(out, map, layout);
    // The gravest on top.
    for (way, arc) in map.ways.iter().zip(arcs).rev() {
        draw_way(out, map, way, arc);
    }
    for (site, label) in map.sites.iter().zip(labels).enumerate().map(|(i, (s, l))| ((i, s), l)) {
        if site.1.endpoints > 0 {
            draw_site(out, site, label, layout);
        }
    }
    if !layout.below.is_empty() {
        line(out, (20.0, layout.view.height + 20.0), "om-note om-halo", &tell!(map.lang, "Not on the map:"));
    }
}

/// The lines of a site's label with their classes.
fn label(site: &MapSite, lang: Lang) -> Vec<(&'static str, String)> {
    let title = name(&site.site.name);
    let place =
        site.site.unsure.clone().or_else(|| site.site.spots.first().map(|s| Message::Place(s.place.clone()).tell(lang)));
    let mut about: Vec<String> = place.iter().map(|p| name(p)).filter(|p| *p != title).collect();
    if let (None, [spot]) = (&site.site.unsure, site.site.spots.as_slice())
        && spot.vague
    {
        about.push(if spot.place.city.is_none() { tell!(lang, "no city known") } else { tell!(lang, "city not on the map") });
    }
    about.push(count(site.endpoints, "endpoint", "endpoints").tell(lang));
    if site.inside > 0 {
        about.push(tell!(lang, "{routes} inside", routes = count(site.inside, "route", "routes")));
    }
    if site.down {
        about.push(tell!(lang, "lost"));
    }
    let mut lines = vec![("om-name", title), ("om-small", lang::list(about).tell(lang))];
    if !site.breaks.is_empty() {
        lines.extend(site.breaks.iter().take(3).map(|rule| ("om-bad", tell!(lang, "breaks {rules}", rules = name(rule)))));
        if site.breaks.len() > 3 {
            let rules = count(site.breaks.len() - 3, "rule", "rules");
            lines.push(("om-bad", tell!(lang, "and {rules} more", rules)));
        }
    } else if !site.untold.is_empty() {
        lines.push(("om-open", tell!(lang, "not told: {rules}", rules = some_of(&site.untold, 2, lang))));
    }
    if !site.waived.is_empty() {
        lines.push(("om-small", tell!(lang, "waived: {rules}", rules = some_of(&site.waived, 2, lang))));
    }
    lines
}

/// Letters are measured roughly: no font is at hand.
fn size(label: &[(&str, String)]) -> Size {
    let wide = |(class, text): &(&str, String)| {
        let each = if *class == "om-name" { 7.1 } else { 5.7 };
        textwrap::core::display_width(text) as f64 * each
    };
    (label.iter().map(wide).fold(0.0, f64::max), label.len())
}

fn draw_site(out: &mut String, (number, site): (usize, &MapSite), label: &[(&str, String)], layout: &Layout) {
    let at = layout.marks[number];
    out.push_str("<g>");
    let all: Vec<&str> = label.iter().map(|(_, text)| text.as_str()).collect();
    let _ = write!(out, "<title>{}</title>", xml(&all.join("\n")));
    let class = match (site.breaks.is_empty(), is_vague(site)) {
        (false, false) => "om-mark-bad",
        (false, true) => "om-mark-bad om-vague-bad",
        (true, true) => "om-vague",
        (true, false) => "om-mark",
    };
    if site.breaks.is_empty() {
        circle(out, class, at, 4.5);
    } else {
        // Another shape, not only another colour.
        let (x, y) = at;
        let diamond =
            format!("M{} {}L{} {}L{} {}L{} {}z", n(x), n(y - 6.5), n(x + 6.5), n(y), n(x), n(y + 6.5), n(x - 6.5), n(y));
        let _ = write!(out, "<path class=\"{class}\" d=\"{diamond}\"/>");
    }
    if site.start {
        circle(out, "om-ring", at, 8.0);
    }
    if site.down {
        let (x, y) = at;
        let _ = write!(
            out,
            "<path class=\"om-cross\" d=\"{}{}\"/>",
            segment((x - 7.0, y - 7.0), (x + 7.0, y + 7.0)),
            segment((x - 7.0, y + 7.0), (x + 7.0, y - 7.0))
        );
    }
    if let Some(rect) = layout.labels[number] {
        let near = rect.nearest(at);
        if (near.0 - at.0).hypot(near.1 - at.1) > BESIDE + 6.0 {
            let _ = write!(out, "<path class=\"om-leader\" d=\"{}\"/>", segment(at, near));
        }
    }
    let ((x, mut y), anchor) = layout.texts[number];
    let end = if anchor == Anchor::End { " om-end" } else { "" };
    for (class, text) in label {
        let _ = write!(out, "<text class=\"{class} om-halo{end}\" x=\"{}\" y=\"{}\">{}</text>", n(x), n(y), xml(text));
        y += LINE;
    }
    out.push_str("</g>\n");
}

/// Not known exactly.
fn is_vague(site: &MapSite) -> bool {
    site.at().is_none_or(|(_, sure)| !sure)
}

fn draw_way(out: &mut String, map: &Map, way: &Way, arc: &Arc) {
    let state = line_class(way);
    let breaks = if way.edge.breaks.is_empty() { "" } else { " om-breaks" };
    let depend = if way.edge.activity == "depend" { " om-depend" } else { "" };
    let tip = if breaks.is_empty() { state } else { "breaks" };
    let _ = write!(
        out,
        "<g><title>{}</title><path class=\"om-line om-{state}{depend}{breaks}\" d=\"M{} {}Q{} {} {} {}\"/>",
        xml(&way_in_words(map, way, "\n")),
        n(arc.from.0),
        n(arc.from.1),
        n(arc.bend.0),
        n(arc.bend.1),
        n(arc.to.0),
        n(arc.to.1)
    );
    let (dx, dy) = (arc.to.0 - arc.bend.0, arc.to.1 - arc.bend.1);
    let long = dx.hypot(dy).max(0.1);
    let (dx, dy) = (dx / long, dy / long);
    let wide = if breaks.is_empty() { 3.2 } else { 5.0 };
    let (tip_x, tip_y) = (arc.to.0 + dx * 4.0, arc.to.1 + dy * 4.0);
    let (back_x, back_y) = (tip_x - dx * wide * 2.4, tip_y - dy * wide * 2.4);
    let _ = writeln!(
        out,
        "<path class=\"om-tip-{tip}\" d=\"M{} {}L{} {}L{} {}z\"/></g>",
        n(tip_x),
        n(tip_y),
        n(back_x + dy * wide),
        n(back_y - dx * wide),
        n(back_x - dy * wide),
        n(back_y + dx * wide)
    );
}

fn line_class(way: &Way) -> &'static str {
    match (way.edge.change, way.edge.state) {
        (Change::Gone, _) => "gone",
        (_, State::Normal) => "normal",
        (_, State::Overload) => "overload",
        (_, State::Loss) => "loss",
    }
}

/// `sjc1 to tsn1: forward, failover, under overload; breaks ...`, and the routes.
fn way_in_words(map: &Map, way: &Way, between: &str) -> String {
    let (from, to) = (&map.sites[way.from].site.name, &map.sites[way.to].site.name);
    let lang = map.lang;
    let mut words = vec![tell!(lang, "{from} to {to}: {says}", from = name(from), to = name(to), says = way.edge.says(lang))];
    if !way.edge.breaks.is_empty() {
        let rules = some_of(&way.edge.breaks, 5, lang);
        words.push(match way.edge.ends {
            true => tell!(lang, "breaks {rules}", rules),
            false => tell!(lang, "on the way that breaks {rules}", rules),
        });
    }
    if !way.edge.waived.is_empty() {
        words.push(tell!(lang, "waived: {rules}", rules = some_of(&way.edge.waived, 5, lang)));
    }
    words.extend(way.routes.iter().map(|r| short(&safe(r), 160).into_owned()));
    if way.edge.count > way.routes.len() {
        words.push(tell!(lang, "and {n} more", n = way.edge.count - way.routes.len()));
    }
    words.join(between)
}

/// The picture for those who do not see it.
pub fn told(map: &Map) -> String {
    let mut words = vec![sentence(&map.subtitle)];
    for site in &map.sites {
        words.push(label(site, map.lang).iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("; "));
    }
    words.extend(map.ways.iter().take(MOST_TOLD).map(|w| way_in_words(map, w, "; ")));
    if map.ways.len() > MOST_TOLD {
        words.push(tell!(map.lang, "{ways} more", ways = count(map.ways.len() - MOST_TOLD, "way", "ways")));
    }
    words.extend(map.notes.iter().map(|n| sentence(n)));
    words.join(". ")
}

/// What marks and lines mean, the notes, and whose the map is; and where it ends.
fn foot(map: &Map, mut y: f64) -> (String, f64) {
    let mut out = String::new();
    let mut x = 20.0;
    let mut item = |draw: &dyn Fn(&mut String, Point), words: &str| {
        let wide = 44.0 + textwrap::core::display_width(words) as f64 * 5.8;
        if x + wide > WIDTH - 10.0 {
            (x, y) = (20.0, y + 20.0);
        }
        draw(&mut out, (x, y));
        line(&mut out, (x + 32.0, y + 4.0), "om-note", words);
        x += wide;
    };
    let lang = map.lang;
    let lines: BTreeSet<(&str, String)> = map
        .ways
        .iter()
        .map(|w| {
            (
                line_class(w),
                if w.edge.change == Change::Gone {
                    tell!(lang, "gone in this state")
                } else {
                    when(w.edge.state, w.edge.change).tell(lang)
                },
            )
        })
        .collect();
    for (class, words) in lines {
        item(&|out, at| sample(out, at, &format!("om-{class}")), &words);
    }
    if map.ways.iter().any(|w| !w.edge.breaks.is_empty()) {
        item(&|out, at| sample(out, at, "om-breaks"), &tell!(lang, "thick: on a way that breaks a rule"));
    }
    if map.ways.iter().any(|w| w.edge.activity == "depend") {
        item(&|out, at| sample(out, at, "om-normal om-depend"), &tell!(lang, "thin: depends on, carries no data"));
    }
    let has = |f: &dyn Fn(&MapSite) -> bool| map.sites.iter().any(f);
    if has(&|s| !s.breaks.is_empty()) {
        item(
            &|out, (x, y)| {
                let _ = writeln!(
                    out,
                    "<path class=\"om-mark-bad\" d=\"M{} {}l6.5 6.5l-6.5 6.5l-6.5 -6.5z\"/>",
                    n(x + 16.0),
                    n(y - 6.5)
                );
            },
            &tell!(lang, "a rule is broken here"),
        );
    }
    if has(&|s| s.start) {
        item(
            &|out, (x, y)| {
                circle(out, "om-mark", (x + 16.0, y), 4.5);
                circle(out, "om-ring", (x + 16.0, y), 8.0);
            },
            &tell!(lang, "data comes in here"),
        );
    }
    if map.sites.iter().any(|s| s.at().is_some_and(|(_, sure)| !sure)) {
        item(
            &|out, (x, y)| circle(out, "om-vague", (x + 16.0, y), 4.5),
            &tell!(lang, "broken edge: not known exactly, drawn in the middle"),
        );
    }
    if has(&|s| s.down) {
        item(
            &|out, (x, y)| {
                let _ = writeln!(
                    out,
                    "<path class=\"om-cross\" d=\"{}{}\"/>",
                    segment((x + 10.0, y - 6.0), (x + 22.0, y + 6.0)),
                    segment((x + 10.0, y + 6.0), (x + 22.0, y - 6.0))
                );
            },
            &tell!(lang, "lost"),
        );
    }
    y += 12.0;
    if has(&|s| !s.waived.is_empty()) {
        y += 16.0;
        line(&mut out, (20.0, y), "om-note", &waived().tell(lang));
    }
    for note in map.notes.iter().flat_map(|n| wrapped(n, lang)).chain(wrapped(&land::attribution().tell(lang), lang)) {
        y += 16.0;
        line(&mut out, (20.0, y), "om-note", &note);
    }
    (out, y + 16.0)
}

fn sample(out: &mut String, (x, y): Point, class: &str) {
    let _ = writeln!(out, "<path class=\"om-line {class}\" d=\"M{} {}h26\"/>", n(x), n(y));
}

fn wrapped(text: &str, lang: Lang) -> Vec<String> {
    let options = textwrap::Options::new(160).word_separator(words(lang));
    textwrap::wrap(&sentence(text), options).into_iter().map(|l| l.into_owned()).collect()
}

fn line(out: &mut String, (x, y): Point, class: &str, text: &str) {
    let _ = writeln!(out, "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>", n(x), n(y), xml(&sentence(text)));
}

fn circle(out: &mut String, class: &str, (x, y): Point, r: f64) {
    let _ = write!(out, "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>", n(x), n(y), n(r));
}

fn segment(a: Point, b: Point) -> String {
    format!("M{} {}L{} {}", n(a.0), n(a.1), n(b.0), n(b.1))
}

/// One digit behind the point, so that equal pictures are equal bytes on every machine.
fn n(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), |whole| if whole == "-0" { "0".to_owned() } else { whole.to_owned() })
}
