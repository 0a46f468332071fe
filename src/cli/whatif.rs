//! `onshore whatif`: what a loss or an overload does - who is still served and from where, what is left of stores and of what is
//! depended on, where data newly gets to, which rules change their verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde::Serialize;

use super::change::{Change, Row, Side, follow};
use super::draw::state_of;
use super::pipeline::Opened;
use super::{Context, Failure, ProjectArgs, pipeline};
use crate::check::{Depth, after, survey, with_context};
use crate::finding::{After, Brief, Hop, Kept, Lost, Served, Stored};
use crate::geo::Atlas;
use crate::lang::{self, Joint, Message, say, tell};
use crate::model::{DomainKind, LossDomain, SiteId};
use crate::policy::Pack;
use crate::reach::World;
use crate::report::{self, RenderOptions, count, draw, json, safe};
use crate::source::Location;

/// States asked at most: beyond, nobody reads on, and a machine is kept busy for hours.
const MOST_STATES: usize = 20_000;

#[derive(Debug, Args)]
pub struct WhatIf {
    /// Folder of the project, or its onshore.toml
    path: Option<PathBuf>,
    /// Lose this: KIND=NAME, such as site=sjc1 or region=aws/us-east-1; several are lost at once
    #[arg(long, value_name = "KIND=NAME", value_parser = domain)]
    lose: Vec<LossDomain>,
    /// The preferred members of every pool are full
    #[arg(long, conflicts_with = "lose")]
    overload: bool,
    /// Lose everything that can be lost, one after the other, a line for each
    #[arg(long, conflicts_with_all = ["lose", "overload"])]
    all: bool,
    /// With --all: lose so many at once, every combination
    #[arg(long, value_name = "N", default_value_t = 1, requires = "all", value_parser = clap::value_parser!(u8).range(1..=4))]
    count: u8,
    /// With --all: only what is of this kind
    #[arg(long, value_name = "KIND", requires = "all",
        value_parser = PossibleValuesParser::new(DomainKind::ALL.map(DomainKind::as_str)))]
    kind: Option<String>,
    /// Policy file, or pack:NAME; in addition to those of the project; may be given several times
    #[arg(long, value_name = "POLICY")]
    policy: Vec<String>,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text",
        value_parser = PossibleValuesParser::new(["text", "json"].into_iter().chain(draw::FORMATS)))]
    format: String,
    /// Write to a file instead of the terminal
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    project: ProjectArgs,
}

fn domain(text: &str) -> Result<LossDomain, String> {
    let kinds = DomainKind::ALL.map(DomainKind::as_str).join(", ");
    let (kind, name) = text.split_once('=').ok_or_else(|| format!("write KIND=NAME; kinds are {kinds}"))?;
    let kind = DomainKind::parse(kind).ok_or_else(|| format!("`{kind}` is no kind; kinds are {kinds}"))?;
    Ok(LossDomain::new(kind, name))
}

impl WhatIf {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let file = self.output.clone();
        context.written_to(file.as_deref(), |context| self.answer(context))
    }

    fn answer(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let mut opened = pipeline::open(self.path.as_deref(), &self.project, context)?;
        context.speak_of(&opened.project);
        let packs = opened.packs(&self.policy, &context.around.folder)?;
        let atlas = opened.atlas()?;
        let known = domains(&opened);
        if let Some(lost) = self.lose.iter().find(|d| !known.contains(d)) {
            return Err(nothing_of_that_name(lost, &known));
        }
        if draw::FORMATS.contains(&self.format.as_str()) {
            let world = match (self.overload, self.lose.as_slice()) {
                (true, _) => World::Overload,
                (false, []) => {
                    return Err(Failure::with_help("a picture shows one state", "`--lose site=NAME` or `--overload`"));
                }
                (false, lost) => World::Loss(lost.to_vec()),
            };
            draw::write(&self.format, &state_of(&opened, &atlas, &packs, world, context.options.lang), context.out)?;
            return Ok(0);
        }
        let asked = Asked { opened: &opened, atlas: &atlas, packs: &packs };
        if self.all {
            asked.all(&self.combinations(&known)?, self.format == "json", context)?;
            return Ok(0);
        }
        let world = match (self.overload, self.lose.as_slice()) {
            (true, _) => World::Overload,
            (false, []) => {
                let help = "`--lose site=NAME`, `--overload`, or `--all`";
                return Err(Failure::with_help("say what happens", help));
            }
            (false, lost) => World::Loss(lost.to_vec()),
        };
        let normal = Side::in_one_state(&opened.assess_in(&atlas, &packs, Some(World::Normal)), &opened.sources);
        let (change, after) = asked.state(&normal, &world);
        let title = title(&world);
        if self.format == "json" {
            json::write_line(&Document::new(&title.to_string(), &change, &after), context.out)?;
        } else {
            show(&title, &change, &after, &opened, &context.options, context.out)?;
        }
        Ok(0)
    }

    /// Every set of `count` domains of the kind.
    fn combinations(&self, known: &BTreeSet<LossDomain>) -> Result<Vec<Vec<LossDomain>>, Failure> {
        let of_kind = |d: &&LossDomain| self.kind.as_deref().is_none_or(|kind| d.kind.as_str() == kind);
        let of_all: BTreeSet<&str> = known.iter().map(|d| d.kind.as_str()).collect();
        let known: Vec<LossDomain> = known.iter().filter(of_kind).cloned().collect();
        let kind = self.kind.as_deref().map_or(String::new(), |kind| format!(" of the kind `{kind}`"));
        if known.is_empty() {
            let help = match of_all.is_empty() {
                true => "declare where things stand: a [[site]], or a provider with its region".to_owned(),
                false => format!("kinds that are declared: {}", of_all.into_iter().collect::<Vec<_>>().join(", ")),
            };
            return Err(Failure::with_help(format!("nothing{kind} is declared that can be lost"), help));
        }
        if known.len() < usize::from(self.count) {
            let there = count(known.len(), "thing", "things");
            let message = format!("only {there}{kind} can be lost, not {} at once", self.count);
            return Err(Failure::with_help(message, "ask for fewer with `--count`"));
        }
        let sets = crate::check::combinations(&known, usize::from(self.count)).filter(|s| s.len() <= MOST_STATES);
        sets.ok_or_else(|| {
            Failure::with_help(
                format!("{} domains, {} lost at once, make more than {MOST_STATES} states", known.len(), self.count),
                "ask for fewer at once, or for one `--kind`",
            )
        })
    }
}

/// Everything that something with a place shares the fate of.
pub(super) fn domains(opened: &Opened) -> BTreeSet<LossDomain> {
    let snapshot = &opened.snapshot;
    let sites = snapshot.endpoint_ids().flat_map(|id| snapshot.sites_of(id)).collect::<BTreeSet<_>>();
    let own = snapshot.endpoint_ids().flat_map(|id| snapshot.domains_of(id));
    own.chain(sites.into_iter().flat_map(|s| snapshot.site_domains(s))).collect()
}

/// For each thing that can be lost, what everything in it shares: with that it is lost, too.
fn around(opened: &Opened) -> BTreeMap<LossDomain, BTreeSet<LossDomain>> {
    let snapshot = &opened.snapshot;
    let sites = (0_u32..).map(SiteId).take(snapshot.sites.len()).map(|s| snapshot.site_domains(s));
    let mut around: BTreeMap<LossDomain, BTreeSet<LossDomain>> = BTreeMap::new();
    for shared in sites.chain(snapshot.endpoint_ids().map(|id| snapshot.domains_of(id))) {
        for domain in &shared {
            match around.get_mut(domain) {
                Some(all) => all.retain(|d| shared.contains(d)),
                None => {
                    around.insert(domain.clone(), shared.iter().cloned().collect());
                }
            }
        }
    }
    around
}

fn nothing_of_that_name(lost: &LossDomain, known: &BTreeSet<LossDomain>) -> Failure {
    let names: Vec<String> = known.iter().map(ToString::to_string).collect();
    let help = crate::vocab::suggest(&lost.to_string(), names.iter().map(String::as_str)).map_or_else(
        || {
            format!(
                "there is {}",
                if names.is_empty() { "nothing declared that can be lost".to_owned() } else { names.join(", ") }
            )
        },
        |near| format!("did you mean `{near}`?"),
    );
    Failure::with_help(format!("nothing in the project stands in `{lost}`"), help)
}

struct Asked<'a> {
    opened: &'a Opened,
    atlas: &'a Atlas,
    packs: &'a [Pack],
}

impl Asked<'_> {
    /// Every loss, one after the other: a line of text or of JSON for each.
    fn all(&self, losses: &[Vec<LossDomain>], as_json: bool, context: &mut Context<'_>) -> Result<(), Failure> {
        let question = self.opened.question(self.atlas, self.packs, Some(World::Normal));
        if !as_json {
            let around = around(self.opened);
            let within = |set: &Vec<LossDomain>| set.iter().any(|d| set.iter().any(|o| o != d && around[d].contains(o)));
            let (nested, losses): (Vec<_>, Vec<_>) = losses.iter().cloned().partition(within);
            let told = |lost: &[LossDomain], brief: Brief| {
                let text = line(losing(lost), &brief).tell(context.options.lang);
                writeln!(context.out, "{}", context.options.wrap("", "    ", &safe(&text)))
            };
            survey(&question, &losses, Depth::Brief, told)?;
            if !nested.is_empty() {
                let left = count(nested.len(), "combination is", "combinations are");
                let text = tell!(
                    context.options.lang,
                    "{left} not shown: one of the losses lies within another and adds nothing",
                    left
                );
                writeln!(context.out, "{}", context.options.wrap("", "    ", &text))?;
            }
            return Ok(());
        }
        let before = with_context(&question, |context| after(context, &World::Normal));
        json::write_line(&Before::new(&before), context.out)?;
        let told = |lost: &[LossDomain], brief: Brief| {
            let detail = brief.detail.as_deref();
            let ways = detail.into_iter().flat_map(|d| &d.ways);
            let ways = ways.map(|w| Row { by: self.by(&w.path), ..Row::new(w, self.line(w.location)) }).collect();
            json::write_line(&OneOfAll::new(lost, &brief, ways), context.out)
        };
        survey(&question, losses, Depth::Full, told)?;
        Ok(())
    }

    fn state(&self, normal: &Side, world: &World) -> (Change, After) {
        let opened = self.opened;
        let assessment = opened.assess_in(self.atlas, self.packs, Some(world.clone()));
        let mut change = Change::between(normal, &Side::in_one_state(&assessment, &opened.sources));
        let question = self.opened.question(self.atlas, self.packs, Some(world.clone()));
        follow(&mut change.new_ways, &assessment.ways, &question, |path| self.by(path));
        for row in &mut change.gone_ways {
            row.by = say!("at {at}: `{endpoint}`", at = row.at, endpoint = row.endpoint);
        }
        // What was stored before the loss is still there.
        let normal = self.opened.question(self.atlas, self.packs, Some(World::Normal));
        (change, with_context(&normal, |context| after(context, world)))
    }

    /// The last stand-in on a way, else where it ends.
    fn by(&self, path: &[Arc<Hop>]) -> Message {
        let standby = path.iter().rev().find_map(|h| Some((h, h.route.as_ref().filter(|r| r.role.is_standby())?)));
        match (standby, path.last()) {
            (Some((hop, route)), _) => {
                let (role, endpoint, at) = (Message::Word(route.role.as_str()), &hop.endpoint, self.line(hop.location));
                match &route.condition {
                    Some(when) => say!("by {role} `{endpoint}` at {at}, {when}", role, endpoint, at, when),
                    None => say!("by {role} `{endpoint}` at {at}", role, endpoint, at),
                }
            }
            (None, Some(last)) => say!("at {at}: `{endpoint}`", at = self.line(last.location), endpoint = last.endpoint),
            (None, None) => say!("as declared"),
        }
    }

    fn line(&self, at: Location) -> String {
        self.opened.sources.position(at).to_string()
    }
}

pub(super) fn title(world: &World) -> Message {
    match world {
        World::Loss(lost) => losing(lost),
        World::Overload => say!("under overload"),
        World::Normal | World::Any => say!("in normal running"),
    }
}

fn losing(lost: &[LossDomain]) -> Message {
    say!("losing {lost}", lost = lang::series(lost, Joint::EachAnd))
}

/// What is depended on, in plain words.
fn called(need: &'static str) -> Message {
    match need {
        "identity" => say!("login"),
        "dns" => say!("name service"),
        "control-plane" => say!("control plane"),
        "keys" => say!("keys"),
        other => Message::Word(other),
    }
}

/// One state in one line.
fn line(title: Message, brief: &Brief) -> Message {
    let mut told = vec![match brief.down {
        0 => say!("nothing goes down"),
        n => say!("{endpoints} down", endpoints = count(n, "endpoint", "endpoints")),
    }];
    let mut by_people: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    brief.unserved.iter().for_each(|(people, data)| by_people.entry(people).or_default().push(data));
    if !by_people.is_empty() {
        let people = by_people.iter().map(|(people, data)| say!("{people} ({data})", people, data = lang::list(data)));
        told.push(say!("not served: {people}", people = lang::list(people)));
    }
    if !brief.needs.is_empty() {
        let needs = brief.needs.iter().map(|need| say!("no {kept}", kept = called(need)));
        told.push(say!("{needs} left for somebody", needs = lang::series(needs, Joint::EachAnd)));
    }
    if !brief.emptied.is_empty() {
        told.push(say!("no store left of {data}", data = lang::list(&brief.emptied)));
    }
    if !brief.countries.is_empty() {
        told.push(say!("data newly in {countries}", countries = lang::list(brief.countries.iter().map(|c| lang::code(c)))));
    }
    if !brief.broken.is_empty() {
        told.push(say!("breaks {rules}", rules = lang::list(&brief.broken)));
    }
    say!("{title}: {said}", title, said = lang::series(told, Joint::Semicolon))
}

fn show(
    title: &Message,
    change: &Change,
    after: &After,
    opened: &Opened,
    options: &RenderOptions,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let lang = options.lang;
    let mut item = |first: &str, text: &str| writeln!(out, "{}", options.wrap(first, "      ", &safe(text)));
    item("", &title.tell(lang))?;
    if !after.down.is_empty() {
        item(&format!("  {}{}", tell!(lang, "takes down"), lang.space()), &lang::list(&after.down).tell(lang))?;
    }
    item("", "")?;
    item("", &tell!(lang, "Served"))?;
    // Classes that fare alike are told together.
    let mut alike: BTreeMap<(&str, &str, Message), Vec<&str>> = BTreeMap::new();
    for s in &after.served {
        let by = match &s.by {
            Some((name, place)) => say!("by `{name}` {place}", name, place),
            None if s.before => say!("no longer"),
            None => say!("no, nor in normal running"),
        };
        alike.entry((&s.population, &s.origin, by)).or_default().push(&s.data);
    }
    for ((population, origin, by), data) in alike {
        let data = lang::list(data);
        item("  - ", &tell!(lang, "{population}, {data} of people of {origin}: {by}", population, data, origin, by))?;
    }
    if !after.stored.is_empty() {
        item("", "")?;
        item("", &tell!(lang, "Stored"))?;
    }
    // People of one origin may be of several populations.
    let mut told = BTreeSet::new();
    for s in &after.stored {
        let left = s.left.iter().map(|(endpoint, place)| say!("`{endpoint}` {place}", endpoint, place));
        let left = if s.left.is_empty() { say!("no store is left") } else { lang::list(left) };
        let whole = if s.full || s.left.is_empty() { Message::default() } else { say!(", perhaps not all of it") };
        let gone = match s.gone.as_slice() {
            [] => Message::default(),
            gone => say!("; gone: {names}", names = lang::list(gone)),
        };
        let data = match s.origin.as_str() {
            "" => Message::Plain(s.data.clone()),
            origin => say!("{data} of people of {origin}", data = s.data, origin),
        };
        let text = tell!(lang, "{data}: {left}{whole}{gone}", data, left, whole, gone);
        if told.insert(text.clone()) {
            item("  - ", &text)?;
        }
    }
    if !after.lost.is_empty() {
        item("", "")?;
        item("", &tell!(lang, "Depended on and gone"))?;
    }
    for l in &after.lost {
        let (endpoint, on) = (&l.endpoint, lang::list(&l.on));
        item("  - ", &tell!(lang, "`{endpoint}` has no {what} left ({on})", endpoint, what = called(l.what), on))?;
    }
    writeln!(out)?;
    change.show(&|at| report::line(&opened.sources, at), None, options, out)
}

/// `onshore.whatif/1`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    state: &'a str,
    down: &'a [String],
    served: Vec<JsonServed<'a>>,
    stored: Vec<JsonStored<'a>>,
    lost: Vec<JsonLost<'a>>,
    change: &'a Change,
}

#[derive(Serialize)]
struct JsonServed<'a> {
    population: &'a str,
    origin: &'a str,
    data: &'a str,
    /// `None`: not served.
    by: Option<&'a str>,
    place: Option<&'a Message>,
    /// Whether they are served in normal running.
    before: bool,
}

#[derive(Serialize)]
struct JsonStored<'a> {
    origin: &'a str,
    data: &'a str,
    left: Vec<JsonStand<'a>>,
    gone: &'a [String],
    full: bool,
}

#[derive(Serialize)]
struct JsonStand<'a> {
    endpoint: &'a str,
    place: &'a Message,
}

#[derive(Serialize)]
struct JsonLost<'a> {
    endpoint: &'a str,
    what: &'static str,
    on: &'a [String],
}

impl<'a> Document<'a> {
    fn new(state: &'a str, change: &'a Change, after: &'a After) -> Self {
        Self {
            schema: "onshore.whatif/1",
            state,
            down: &after.down,
            served: after.served.iter().map(served).collect(),
            stored: after.stored.iter().map(stored).collect(),
            lost: after.lost.iter().map(lost).collect(),
            change,
        }
    }
}

/// The first line of `onshore.whatif-all/1`: normal running. Every further line is [`OneOfAll`].
#[derive(Serialize)]
struct Before<'a> {
    schema: &'static str,
    state: &'static str,
    served: Vec<JsonServed<'a>>,
    stored: Vec<JsonStored<'a>>,
    lost: Vec<JsonLost<'a>>,
}

impl<'a> Before<'a> {
    fn new(after: &'a After) -> Self {
        Self {
            schema: ALL_SCHEMA,
            state: "in normal running",
            served: after.served.iter().map(served).collect(),
            stored: after.stored.iter().map(stored).collect(),
            lost: after.lost.iter().map(lost).collect(),
        }
    }
}

const ALL_SCHEMA: &str = "onshore.whatif-all/1";

/// One loss of many. Of stores only what is other than in normal running, so that a line costs what the loss touches.
#[derive(Serialize)]
struct OneOfAll<'a> {
    schema: &'static str,
    state: String,
    lose: Vec<String>,
    down: &'a [String],
    served: Vec<JsonServed<'a>>,
    stored: Vec<JsonKept<'a>>,
    lost: Vec<JsonLost<'a>>,
    new_ways: Vec<Row>,
    /// Newly violated.
    breaks: &'a BTreeSet<String>,
}

#[derive(Serialize)]
struct JsonKept<'a> {
    origin: &'a str,
    data: &'a str,
    /// How many stores are left.
    left: usize,
    gone: &'a [String],
    full: bool,
}

impl<'a> OneOfAll<'a> {
    fn new(lose: &[LossDomain], brief: &'a Brief, new_ways: Vec<Row>) -> Self {
        let detail = || brief.detail.as_deref().into_iter();
        let kept = |k: &'a Kept| JsonKept { origin: &k.origin, data: &k.data, left: k.left, gone: &k.gone, full: k.full };
        Self {
            schema: ALL_SCHEMA,
            state: losing(lose).to_string(),
            lose: lose.iter().map(ToString::to_string).collect(),
            down: brief.detail.as_deref().map_or(&[], |d| &d.down),
            served: detail().flat_map(|d| &d.served).map(served).collect(),
            stored: detail().flat_map(|d| &d.stored).map(kept).collect(),
            lost: detail().flat_map(|d| &d.lost).map(lost).collect(),
            new_ways,
            breaks: &brief.broken,
        }
    }
}

fn served(s: &Served) -> JsonServed<'_> {
    JsonServed {
        population: &s.population,
        origin: &s.origin,
        data: &s.data,
        by: s.by.as_ref().map(|(name, _)| name.as_str()),
        place: s.by.as_ref().map(|(_, place)| place),
        before: s.before,
    }
}

fn stored(s: &Stored) -> JsonStored<'_> {
    JsonStored {
        origin: &s.origin,
        data: &s.data,
        left: s.left.iter().map(|(endpoint, place)| JsonStand { endpoint, place }).collect(),
        gone: &s.gone,
        full: s.full,
    }
}

fn lost(l: &Lost) -> JsonLost<'_> {
    JsonLost { endpoint: &l.endpoint, what: l.what, on: &l.on }
}
