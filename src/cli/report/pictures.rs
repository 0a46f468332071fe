//! What reports draw: each picture that a page lets people choose, and those that paper has.

use std::collections::{BTreeMap, BTreeSet};

use super::super::draw::Picture;
use super::super::pipeline::Opened;
use super::super::whatif;
use crate::finding::{Assessment, Finding, State, Verdict};
use crate::geo::Atlas;
use crate::lang::{self, Joint, Lang, tell};
use crate::model::Country;
use crate::policy::Pack;
use crate::reach::{Graph, Token, TokenSource, World, tokens};
use crate::report::{count, draw, gravest, html, typst};
use crate::vocab::classes;

/// Pictures of choices drawn at most: a file that nobody can load helps nobody. Those that look alike are one in the file.
const MOST_PICTURES: usize = 240;
/// The same, on paper.
const MOST_SHEETS: usize = 12;
/// Losses drawn at most.
const MOST_LOSSES: usize = 40;
/// Pictures of losses drawn at most, most of which look like those of other losses.
const MOST_OF_LOSSES: usize = 600;
/// The same in endpoints of all of them together: a picture takes about a kilobyte of memory for each.
const MOST_DRAWN: usize = 120_000;
/// Beyond, each loss takes too long to be judged one by one. In endpoints.
const SMALL: usize = 2_000;

/// Every picture that the report lets people choose.
pub(super) fn world(opened: &Opened, atlas: &Atlas, packs: &[Pack], assessment: &Assessment, lang: Lang) -> html::World {
    let tokens = tokens(&opened.snapshot);
    let graph = Graph::new(&opened.snapshot, &tokens);
    let mut out = html::World::default();
    if tokens.is_empty() {
        return out;
    }
    let drawing = Drawing { opened, atlas, graph: &graph, tokens: &tokens, assessment, lang };
    out.when = vec![
        html::world::When { name: tell!(lang, "any state"), rank: 2, change: false },
        html::world::When { name: tell!(lang, "normal running"), rank: 0, change: false },
        html::world::When { name: tell!(lang, "overload"), rank: 1, change: false },
    ];
    let (groups, classes) = axes(opened, &tokens, lang, &mut out);
    let mut ends: Vec<(Option<usize>, Option<usize>)> = vec![(None, None)];
    ends.extend((0..out.who.len()).map(|who| (Some(who), None)));
    ends.extend((0..out.what.len()).map(|what| (None, Some(what))));
    ends.extend((0..out.who.len()).flat_map(|who| (0..out.what.len()).map(move |what| (Some(who), Some(what)))));
    let choices = ends.into_iter().map(|(who, what)| {
        let is_of = |t: &usize| who.is_none_or(|who| groups[*t] == who) && what.is_none_or(|what| classes[*t] == what);
        Chosen { who, what, tokens: (0..tokens.len()).filter(is_of).collect() }
    });
    let choices: Vec<Chosen> = choices.filter(|chosen| !chosen.tokens.is_empty()).collect();
    let mut left = 0;
    for (i, chosen) in choices.iter().enumerate() {
        let large = opened.snapshot.endpoints.len() > SMALL && i > 0;
        if out.pictures.len() + 3 > MOST_PICTURES || large {
            left += 1;
            continue;
        }
        for (when, worst) in [(0, State::Loss), (1, State::Normal), (2, State::Overload)] {
            out.pictures.push(chosen.picture(when, drawing.of(&chosen.tokens, worst)));
        }
    }
    if left > 0 {
        let left = count(left, "choice of people and data is", "choices of people and data are");
        out.notes.push(tell!(lang, "{left} not drawn one by one: `onshore trace --format svg` draws each", left));
    }
    losses(&drawing, packs, &choices, &mut out);
    same_sites(out.pictures.iter_mut().map(|picture| &mut picture.graph));
    out
}

/// For paper, on which nobody can choose: normal running, all states, and whose data breaks or may break a rule.
pub(super) fn sheets(opened: &Opened, atlas: &Atlas, assessment: &Assessment, lang: Lang) -> typst::Sheets {
    let tokens = tokens(&opened.snapshot);
    if tokens.is_empty() {
        return typst::Sheets::default();
    }
    let graph = Graph::new(&opened.snapshot, &tokens);
    let drawing = Drawing { opened, atlas, graph: &graph, tokens: &tokens, assessment, lang };
    let all: Vec<usize> = (0..tokens.len()).collect();
    let states = [(State::Normal, tell!(lang, "normal running")), (State::Loss, tell!(lang, "any state"))];
    let states = states.map(|(worst, title)| typst::Sheet { title, graph: drawing.of(&all, worst) });
    let mut axes = html::World::default();
    let (groups, classes) = self::axes(opened, &tokens, lang, &mut axes);
    let grave = grave(assessment, &groups, &classes, &tokens);
    let most = if opened.snapshot.endpoints.len() > SMALL { 0 } else { MOST_SHEETS };
    let parts = grave.iter().take(most).map(|((who, what), wanted)| {
        let title = tell!(lang, "{who}: {data}", who = axes.who[*who].name, data = axes.what[*what]);
        typst::Sheet { title, graph: drawing.of(wanted, State::Loss) }
    });
    let mut sheets =
        typst::Sheets { states: states.into(), parts: parts.collect(), left_out: grave.len().saturating_sub(most) };
    same_sites(sheets.states.iter_mut().chain(&mut sheets.parts).map(|sheet| &mut sheet.graph));
    sheets
}

/// Whose and which data, as numbers of [`axes`], or all of it; and what of that there is.
struct Chosen {
    who: Option<usize>,
    what: Option<usize>,
    tokens: Vec<usize>,
}

impl Chosen {
    fn picture(&self, when: usize, graph: draw::Graph) -> html::world::Picture {
        html::world::Picture { who: self.who, what: self.what, when, graph }
    }
}

/// Whose and which data, as numbers of [`axes`].
type Choice = (usize, usize);

/// The choices with a way that breaks a rule or of which that cannot be told, the gravest first, each with its tokens.
fn grave(assessment: &Assessment, groups: &[usize], classes: &[usize], tokens: &[Token]) -> Vec<(Choice, Vec<usize>)> {
    let mut choices: BTreeMap<Choice, Vec<usize>> = BTreeMap::new();
    for (token, choice) in groups.iter().copied().zip(classes.iter().copied()).enumerate() {
        choices.entry(choice).or_default().push(token);
    }
    let is_open = |f: &&Finding| !matches!(f.verdict, Verdict::Waived | Verdict::Satisfied | Verdict::NotApplicable);
    let mut about = BTreeSet::new();
    let mut grave = Vec::new();
    for finding in gravest(assessment).into_iter().filter(|f| !f.path.is_empty()).filter(is_open) {
        // Ten thousand findings are about the data of a few.
        if !about.insert((&finding.origin, &finding.data)) {
            continue;
        }
        let met = choices.extract_if(.., |_, wanted| concerns(finding, wanted, tokens));
        grave.extend(met);
    }
    grave
}

/// What pictures of one assessment have in common.
struct Drawing<'a> {
    opened: &'a Opened,
    atlas: &'a Atlas,
    graph: &'a Graph<'a>,
    tokens: &'a [Token],
    assessment: &'a Assessment,
    lang: Lang,
}

impl Drawing<'_> {
    /// Where some of the tokens get to in any state up to the worst, and what that breaks.
    fn of(&self, wanted: &[usize], worst: State) -> draw::Graph {
        let states = [(State::Normal, World::Normal), (State::Overload, World::Overload), (State::Loss, World::Any)];
        let states = states.into_iter().filter(|(state, _)| *state <= worst).collect();
        self.draw(wanted, states, self.assessment.findings.iter().filter(|f| f.state.is_none_or(|s| s <= worst)))
    }

    /// Where they get to in one state of the world, against normal running, and what was found in it.
    fn against_normal(&self, wanted: &[usize], world: World, found: &Assessment) -> draw::Graph {
        self.draw(wanted, vec![(State::Loss, world)], found.findings.iter())
    }

    /// One state alone is held against normal running.
    fn draw<'f>(
        &self,
        wanted: &[usize],
        states: Vec<(State, World)>,
        findings: impl Iterator<Item = &'f Finding>,
    ) -> draw::Graph {
        let findings: Vec<Finding> = findings.filter(|f| concerns(f, wanted, self.tokens)).cloned().collect();
        let picture = Picture {
            opened: self.opened,
            atlas: self.atlas,
            graph: self.graph,
            tokens: self.tokens,
            wanted: wanted.to_vec(),
            against_normal: !states.iter().any(|(_, world)| *world == World::Normal),
            states,
            findings: &findings,
            subtitle: String::new(),
            lang: self.lang,
        };
        picture.draw()
    }
}

/// Whose data and which there is to choose from; for each token, whose it is and which.
fn axes(opened: &Opened, tokens: &[Token], lang: Lang, out: &mut html::World) -> (Vec<usize>, Vec<usize>) {
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups = Vec::with_capacity(tokens.len());
    for token in tokens {
        let origins: Vec<&str> = token.origins.iter().map(Country::as_str).collect();
        let origins = origins.join("+");
        let (name, joined) = match token.source {
            TokenSource::Population(i) => {
                let population = &opened.snapshot.populations[i];
                let of: Vec<&str> = population.subject.countries().iter().map(Country::as_str).collect();
                (format!("{} ({})", population.id, of.join(", ")), true)
            }
            TokenSource::Holding(_) if origins.is_empty() => (tell!(lang, "held in stores, nobody said whose"), false),
            TokenSource::Holding(_) => {
                (tell!(lang, "held in stores, of {origins}", origins = lang::series(origins.split('+'), Joint::EachAnd)), false)
            }
        };
        // A holding may have the same name as a population.
        let group = *known.entry(format!("{joined} {name}")).or_insert_with(|| {
            out.who.push(html::world::Who { name, origins: Vec::new() });
            out.who.len() - 1
        });
        if !out.who[group].origins.contains(&origins) {
            out.who[group].origins.push(origins);
        }
        groups.push(group);
    }
    let what: BTreeSet<&str> = tokens.iter().map(|t| t.class.as_str()).collect();
    out.what = what.iter().map(ToString::to_string).collect();
    let number: BTreeMap<&str, usize> = what.into_iter().enumerate().map(|(i, class)| (class, i)).collect();
    (groups, tokens.iter().map(|t| number[t.class.as_str()]).collect())
}

/// Whether a finding is about any of the data.
fn concerns(finding: &Finding, wanted: &[usize], tokens: &[Token]) -> bool {
    let of_origin = |t: &Token| {
        let is = |code: &str| t.origins.is_empty() || t.origins.iter().any(|o| o.as_str() == code);
        finding.origin.is_empty() || finding.origin.iter().flat_map(|o| o.split('+')).any(is)
    };
    let of_class = |t: &Token| finding.data.is_empty() || finding.data.iter().any(|d| classes::overlap(&t.class, d));
    wanted.iter().map(|t| &tokens[*t]).any(|t| of_origin(t) && of_class(t))
}

/// What each loss changes, those of sites first: for all data, and for each choice of it as long as there is room.
fn losses(drawing: &Drawing<'_>, packs: &[Pack], choices: &[Chosen], out: &mut html::World) {
    let (opened, lang) = (drawing.opened, drawing.lang);
    let mut domains: Vec<_> = whatif::domains(opened).into_iter().collect();
    if domains.is_empty() {
        return;
    }
    if opened.snapshot.endpoints.len() > SMALL {
        out.notes.push(tell!(lang, "losses are not drawn, the project is too large: `onshore whatif --lose` draws one"));
        return;
    }
    domains.sort_by_key(|d| d.kind.as_str() != "site");
    let left = domains.len().saturating_sub(MOST_LOSSES);
    domains.truncate(MOST_LOSSES);
    let most = MOST_OF_LOSSES.min(MOST_DRAWN / opened.snapshot.endpoints.len().max(1));
    let (first, mut yet, mut all_only) = (out.pictures.len(), domains.len(), 0);
    for domain in domains {
        let when = out.when.len();
        out.when.push(html::world::When { name: tell!(lang, "losing {lost}", lost = domain), rank: 2, change: true });
        let world = World::Loss(vec![domain]);
        let found = opened.assess_in(drawing.atlas, packs, Some(world.clone()));
        // Each of the losses behind it has its picture of all data, whatever comes before.
        yet -= 1;
        let has_room = out.pictures.len() - first + choices.len() + yet <= most;
        all_only += usize::from(!has_room);
        for chosen in choices.iter().take(if has_room { choices.len() } else { 1 }) {
            out.pictures.push(chosen.picture(when, drawing.against_normal(&chosen.tokens, world.clone(), &found)));
        }
    }
    if left > 0 {
        let left = count(left, "loss is", "losses are");
        out.notes.push(tell!(lang, "{left} not drawn: `onshore whatif --lose` draws each", left));
    }
    if all_only > 0 {
        let losses = count(all_only, "loss is", "losses are");
        out.notes.push(tell!(lang, "{losses} drawn for all data at once only", losses));
    }
}

/// Gives all pictures the sites of all, so that what stands in one place does so in every picture.
fn same_sites<'a>(graphs: impl Iterator<Item = &'a mut draw::Graph>) {
    let mut graphs: Vec<&mut draw::Graph> = graphs.collect();
    let mut sites: Vec<draw::Site> = Vec::new();
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for graph in &mut graphs {
        let mut number = Vec::with_capacity(graph.sites.len());
        for site in &graph.sites {
            let like = by_name.entry(site.name.clone()).or_default();
            let known = like.iter().copied().find(|i| sites[*i] == *site);
            number.push(known.unwrap_or_else(|| {
                sites.push(site.clone());
                like.push(sites.len() - 1);
                sites.len() - 1
            }));
        }
        for node in &mut graph.nodes {
            node.site = node.site.map(|site| number[site]);
        }
    }
    for graph in graphs {
        graph.sites.clone_from(&sites);
    }
}
