//! `only-in` and `never-in` against an oracle that knows only the words of the design: every simple path by which data may go
//! in a state of the world, and where its endpoints stand. Worlds are inventory and policy texts, so that reading, linking,
//! spreading and judging are all on trial.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::civil::{Date, date};
use onshore::check::{Depth, Question, after, assess, survey, with_context};
use onshore::finding::{Brief, Coverage, Detail, Kept, Verdict};
use onshore::geo::Atlas;
use onshore::link::link;
use onshore::model::{DomainKind, LossDomain};
use onshore::reach::World;
use onshore::read::{Input, READERS};
use onshore::source::Sources;
use onshore::{policy, project};
use proptest::prelude::*;

const TODAY: Date = date(2026, 11, 22);
const SITES: [Option<&str>; 4] = [Some("US"), Some("DE"), Some("CN"), None];
const CLASSES: [&str; 3] = ["user.contact", "user.contact.email", "telemetry"];
const STATES: [&str; 3] = ["normal", "overload", "loss"];

#[derive(Clone, Debug)]
struct Way {
    from: usize,
    to: usize,
    activity: &'static str,
    role: &'static str,
    pool: Option<&'static str>,
    priority: Option<u32>,
    data: Option<&'static str>,
    origin: Option<&'static str>,
}

#[derive(Clone, Debug)]
struct Small {
    /// Country (if known) and roles of each endpoint.
    endpoints: Vec<(Option<&'static str>, Vec<&'static str>)>,
    ways: Vec<Way>,
    /// Origin, class, entry.
    people: Vec<(&'static str, &'static str, usize)>,
    demand: &'static str,
    places: Vec<&'static str>,
    data: Option<&'static str>,
    origin: Option<&'static str>,
    states: Vec<&'static str>,
    activity: Option<&'static str>,
    /// More of the inventory.
    more: String,
    /// More of the project.
    waivers: String,
}

fn some(n: usize) -> impl Strategy<Value = Way> {
    let activities = prop::sample::select(vec!["forward", "forward", "replicate", "log"]);
    let roles = prop::sample::select(vec!["primary", "weighted", "failover", "overflow"]);
    let pools = prop::sample::select(vec![None, Some("a"), Some("b")]);
    let limits = prop::sample::select(vec![None, None, Some(CLASSES[0]), Some(CLASSES[2])]);
    let origins = prop::sample::select(vec![None, None, Some("US"), Some("FR")]);
    (0..n, 0..n, activities, roles, pools, prop::option::of(0..3_u32), limits, origins).prop_map(
        |(from, to, activity, role, pool, priority, data, origin)| Way {
            from,
            to,
            activity,
            role,
            pool,
            priority,
            data,
            origin,
        },
    )
}

fn small() -> impl Strategy<Value = Small> {
    (2..6_usize).prop_flat_map(|n| {
        let site = prop::sample::select(vec![0, 0, 1, 1, 2, 3]).prop_map(|i| SITES[i]);
        let roles = prop::sample::select(vec![
            vec!["entry"],
            vec!["transit"],
            vec!["process"],
            vec!["store"],
            vec!["process", "store"],
        ]);
        let person = (prop::sample::select(vec!["US", "FR"]), prop::sample::select(CLASSES.to_vec()), 0..n);
        (
            prop::collection::vec((site, roles), n),
            prop::collection::vec(some(n), 0..9),
            prop::collection::vec(person, 1..3),
            prop::sample::select(vec!["only-in", "never-in"]),
            prop::sample::subsequence(vec!["US", "DE", "CN"], 1..3),
            prop::sample::select(vec![None, Some("user"), Some("telemetry")]),
            prop::sample::select(vec![None, Some("US")]),
            prop::sample::subsequence(STATES.to_vec(), 1..=3),
            prop::sample::select(vec![None, None, Some("store"), Some("process"), Some("log"), Some("replicate")]),
        )
            .prop_map(|(endpoints, ways, people, demand, places, data, origin, states, activity)| Small {
                endpoints,
                ways,
                people,
                demand,
                places,
                data,
                origin,
                states,
                activity,
                more: String::new(),
                waivers: String::new(),
            })
    })
}

impl Small {
    fn inventory(&self) -> String {
        let mut text = String::new();
        for country in SITES.into_iter().flatten() {
            let _ = writeln!(text, "[[site]]\nid = \"{}\"\ncountry = \"{country}\"", country.to_lowercase());
        }
        for (i, (country, roles)) in self.endpoints.iter().enumerate() {
            let _ = writeln!(text, "[[endpoint]]\nid = \"e{i}\"\nroles = {roles:?}");
            if let Some(country) = country {
                let _ = writeln!(text, "site = \"{}\"", country.to_lowercase());
            }
        }
        for way in &self.ways {
            let Way { from, to, activity, role, .. } = way;
            let _ =
                writeln!(text, "[[route]]\nfrom = \"e{from}\"\nto = \"e{to}\"\nactivity = \"{activity}\"\nrole = \"{role}\"");
            way.pool.iter().for_each(|p| writeln!(text, "pool = \"{p}\"").expect("text"));
            way.priority.iter().for_each(|p| writeln!(text, "priority = {p}").expect("text"));
            way.data.iter().for_each(|d| writeln!(text, "data = [\"{d}\"]").expect("text"));
            way.origin.iter().for_each(|o| writeln!(text, "origin = [\"{o}\"]").expect("text"));
        }
        text
    }

    fn project(&self) -> String {
        let mut text = self.waivers.clone();
        for (i, (origin, class, entry)) in self.people.iter().enumerate() {
            let _ = writeln!(
                text,
                "[[population]]\nid = \"p{i}\"\norigin = [\"{origin}\"]\ndata = [\"{class}\"]\nenters = [\"e{entry}\"]"
            );
        }
        text
    }

    fn policy(&self) -> String {
        let mut text = String::from(
            "[pack]\nid = \"p\"\ntitle = \"P\"\nversion = \"1\"\nbinding = \"company\"\nstatus = \"in-force\"\nas-of = 2026-01-01\nverification = \"primary\"\n[[rule]]\nid = \"r\"\ntitle = \"R\"\nseverity = \"high\"\n",
        );
        let _ = writeln!(text, "{} = {:?}\nstate = {:?}", self.demand, self.places, self.states);
        self.data.iter().for_each(|d| writeln!(text, "data = [\"{d}\"]").expect("text"));
        self.origin.iter().for_each(|o| writeln!(text, "origin = [\"{o}\"]").expect("text"));
        self.activity.iter().for_each(|a| writeln!(text, "activity = [\"{a}\"]").expect("text"));
        text
    }

    fn assessed(&self) -> Verdict {
        self.ask("", |question| assess(question).rules[0].verdict)
    }

    /// The question that the texts ask, with more rules.
    fn ask<R>(&self, more: &str, answer: impl FnOnce(Question<'_>) -> R) -> R {
        let mut sources = Sources::default();
        let (inventory, own, rules) = (self.inventory() + &self.more, self.project(), self.policy() + more);
        let file = sources.add("inventory.toml", inventory);
        let project_file = sources.add("onshore.toml", own.clone());
        let policy_file = sources.add("p.toml", rules.clone());
        let reader = READERS.iter().find(|r| r.format() == "inventory").expect("the inventory reader");
        let reading = reader.read(&Input::new(&sources, file));
        assert!(reading.errors.is_empty(), "{:?}", reading.errors);
        let (project, errors) = project::parse(project_file, &own);
        assert!(errors.is_empty(), "{errors:?}");
        let (pack, errors) = policy::parse(policy_file, &rules, TODAY);
        assert!(errors.is_empty(), "{errors:?}");
        let project = project.expect("a project");
        let snapshot = link(vec![(file, reading.facts)], &project, &sources);
        let atlas = Atlas::embedded(TODAY).with_snapshot(&snapshot, &project.geo, |_| |_: &_| false);
        answer(Question {
            snapshot: &snapshot,
            sources: &sources,
            atlas: &atlas,
            project: &project,
            packs: &[pack.expect("a pack")],
            as_of: TODAY,
            coverage: Coverage::default(),
            baseline: None,
            world: None,
        })
    }

    // The oracle.

    fn pool(&self, way: usize) -> (usize, &str, Option<String>) {
        let own = &self.ways[way];
        let standby = |w: &Way| matches!(w.role, "failover" | "overflow");
        let joined =
            self.ways.iter().any(|w| (w.from, w.activity) == (own.from, own.activity) && w.pool.is_none() && standby(w));
        let name = match own.pool {
            Some(pool) => Some(format!("pool {pool}")),
            None if joined => None,
            None => Some(format!("line {way}")),
        };
        (own.from, own.activity, name)
    }

    fn rank(&self, way: usize) -> (bool, u32) {
        let way = &self.ways[way];
        let standby = matches!(way.role, "failover" | "overflow");
        (standby, way.priority.unwrap_or(u32::from(standby)))
    }

    fn carries(&self, way: usize, state: &str, origin: &str, class: &str) -> bool {
        let admits = |w: usize| self.ways[w].origin.is_none_or(|o| o == origin);
        let kept_by_others = |w: usize| admits(w) && self.pool(w) == self.pool(way) && self.rank(w) < self.rank(way);
        let data = self.ways[way].data.is_none_or(|d| overlap(d, class));
        data && admits(way) && (state != "normal" || !(0..self.ways.len()).any(kept_by_others))
    }

    /// Every endpoint and last way of every simple path.
    #[expect(clippy::too_many_arguments, reason = "a walk and what it carries")]
    fn paths(
        &self,
        at: usize,
        last: Option<usize>,
        state: &str,
        origin: &str,
        class: &str,
        trail: &mut Vec<usize>,
        seen: &mut BTreeSet<(usize, Option<usize>)>,
    ) {
        seen.insert((at, last));
        trail.push(at);
        for (i, way) in self.ways.iter().enumerate().filter(|(_, w)| w.from == at) {
            if !self.carries(i, state, origin, class) {
                continue;
            }
            seen.insert((way.to, Some(i)));
            if !trail.contains(&way.to) {
                self.paths(way.to, Some(i), state, origin, class, trail, seen);
            }
        }
        trail.pop();
    }

    fn does(&self, endpoint: usize, role: &str) -> bool {
        let receives = |w: &Way| w.to == endpoint && matches!(w.activity, "replicate" | "log");
        self.endpoints[endpoint].1.contains(&role) || (role == "store" && self.ways.iter().any(receives))
    }

    /// Whether a store that nobody's data gets to stands where the rule does not allow it: what it holds is not known.
    fn leaves_a_store_open(&self) -> bool {
        let mut reached = BTreeSet::new();
        for (origin, class, entry) in &self.people {
            self.paths(*entry, None, "loss", origin, class, &mut Vec::new(), &mut reached);
        }
        let inside =
            |e: usize| self.endpoints[e].0.is_some_and(|country| self.places.contains(&country) == (self.demand == "only-in"));
        let open = |e: &usize| self.does(*e, "store") && !reached.iter().any(|(r, _)| r == e) && !inside(*e);
        matches!(self.activity, None | Some("store" | "replicate" | "log")) && (0..self.endpoints.len()).any(|e| open(&e))
    }

    fn expected(&self) -> Verdict {
        let mut worst = Verdict::NotApplicable;
        for (origin, class, entry) in &self.people {
            if !self.data.is_none_or(|d| overlap(d, class)) || self.origin.is_some_and(|o| o != *origin) {
                continue;
            }
            let mut reached = BTreeSet::new();
            self.paths(*entry, None, "loss", origin, class, &mut Vec::new(), &mut reached);
            let arrives = reached.iter().any(|(e, _)| self.does(*e, "process") || self.does(*e, "store"));
            worst = worst.max(if arrives { Verdict::Satisfied } else { Verdict::Indeterminate });
            for state in &self.states {
                let mut reached = BTreeSet::new();
                self.paths(*entry, None, state, origin, class, &mut Vec::new(), &mut reached);
                for (endpoint, last) in reached {
                    let asked = match self.activity {
                        None => true,
                        Some(route @ ("log" | "replicate")) => last.is_some_and(|w| self.ways[w].activity == route),
                        Some(role) => self.does(endpoint, role),
                    };
                    worst = worst.max(match self.endpoints[endpoint].0 {
                        _ if !asked => Verdict::Satisfied,
                        None => Verdict::Indeterminate,
                        Some(country) if self.places.contains(&country) == (self.demand == "only-in") => Verdict::Satisfied,
                        Some(_) => Verdict::Violated,
                    });
                }
            }
        }
        if worst == Verdict::Satisfied && self.leaves_a_store_open() { Verdict::Indeterminate } else { worst }
    }
}

fn overlap(a: &str, b: &str) -> bool {
    let below = |x: &str, y: &str| x == y || y.strip_prefix(x).is_some_and(|rest| rest.starts_with('.'));
    below(a, b) || below(b, a)
}

/// What the whole assessment of one state says against that of normal running.
fn in_short(question: &Question<'_>, lost: &[LossDomain]) -> Brief {
    let in_world = |world| Question { world: Some(world), coverage: Coverage::default(), ..*question };
    let world = World::Loss(lost.to_vec());
    let (before, now) = (assess(in_world(World::Normal)), assess(in_world(world.clone())));
    let left = with_context(&in_world(World::Normal), |context| after(context, &world));
    let violated = |a: &onshore::finding::Assessment| -> BTreeSet<String> {
        a.rules.iter().filter(|r| r.verdict == Verdict::Violated).map(|r| r.rule.clone()).collect()
    };
    let was = |w: &onshore::finding::Way| {
        let key = |w: &onshore::finding::Way| (w.origin.clone(), w.data.clone(), w.country.clone(), w.activity);
        before.ways.iter().any(|b| key(b) == key(w))
    };
    let unserved = left.served.iter().filter(|s| s.before && s.by.is_none());
    let emptied = left.stored.iter().filter(|s| s.left.is_empty() && !s.gone.is_empty());
    Brief {
        down: left.down.len(),
        unserved: unserved.map(|s| (s.population.clone(), s.data.clone())).collect(),
        needs: left.lost.iter().map(|l| l.what).collect(),
        emptied: emptied.map(|s| s.data.clone()).collect(),
        countries: now.ways.iter().filter(|w| !was(w)).map(|w| w.country.clone()).collect(),
        broken: violated(&now).difference(&violated(&before)).cloned().collect(),
        detail: None,
    }
}

/// What is told in full of a loss, against what is told of one state alone. Ways are their ends here.
fn in_full(question: &Question<'_>, lost: &[LossDomain]) -> Detail {
    let in_world = |world| Question { world: Some(world), coverage: Coverage::default(), ..*question };
    let world = World::Loss(lost.to_vec());
    let (before, now) = (assess(in_world(World::Normal)), assess(in_world(world.clone())));
    let left = |world: &World| with_context(&in_world(World::Normal), |context| after(context, world));
    let (nothing_lost, left) = (left(&World::Loss(Vec::new())), left(&world));
    let kept = left.stored.iter().zip(&nothing_lost.stored).map(|(now, before)| Kept {
        origin: now.origin.clone(),
        data: now.data.clone(),
        left: now.left.len(),
        gone: now.gone.iter().filter(|store| !before.gone.contains(store)).cloned().collect(),
        full: now.full,
    });
    let was = |w: &&onshore::finding::Way| before.ways.iter().any(|b| ends(b) == ends(w));
    Detail {
        stored: kept.filter(|k| !k.gone.is_empty()).collect(),
        down: left.down,
        served: left.served,
        lost: left.lost,
        ways: now.ways.iter().filter(|w| !was(w)).cloned().collect(),
    }
}

fn ends(way: &onshore::finding::Way) -> (&str, &str, &str, &str) {
    (&way.origin, &way.data, &way.country, way.activity)
}

/// The rules that are violated or cannot be met, those that are violated, and who is not served, without these routes.
fn without(
    question: &Question<'_>,
    gone: &BTreeSet<usize>,
) -> (BTreeSet<String>, BTreeSet<String>, BTreeSet<(String, String)>) {
    let whole = question.snapshot;
    let left = whole.routes.iter().enumerate().filter(|(i, _)| !gone.contains(i)).map(|(_, r)| r.clone());
    let mut snapshot = onshore::model::Snapshot {
        endpoints: whole.endpoints.clone(),
        routes: left.collect(),
        populations: whole.populations.clone(),
        sites: whole.sites.clone(),
        gaps: whole.gaps.clone(),
        ..Default::default()
    };
    snapshot.index_routes();
    let question = || Question { snapshot: &snapshot, coverage: Coverage::default(), world: None, ..*question };
    let rules = assess(question()).rules;
    let of = |verdicts: &[Verdict]| rules.iter().filter(|r| verdicts.contains(&r.verdict)).map(|r| r.rule.clone()).collect();
    let (bad, violated) = (of(&[Verdict::Violated, Verdict::Unsatisfiable]), of(&[Verdict::Violated]));
    let served = with_context(&question(), |context| after(context, &World::Normal)).served;
    let unserved = served.into_iter().filter(|s| s.by.is_none()).map(|s| (s.population, s.data));
    (bad, violated, unserved.collect())
}

/// Rules of every kind that a loss can break.
fn rules() -> String {
    let rules = [
        "only-in = ['US', 'DE']",
        "never-in = ['CN']\nstate = ['loss']",
        "first-in = ['US']",
        "nexus = true",
        "copy-in = ['DE']",
        "retain-in = ['US']\ndays = 1",
        "return-within = '24h'\nonly-in = ['US']",
        "data = ['communications.keys']\nnever-in = ['DE']",
        "survive = { loss-of = 'site', keep = ['serving-path'] }",
        "survive = { loss-of = 'site', keep = ['full-copy'], within = ['US', 'DE'] }",
        "survive = { loss-of = 'country', keep = ['serving-path', 'identity'], within = ['US'] }",
        "separate = ['site']\nbetween = 'store-and-backups'",
    ];
    let rule = |(i, demand): (usize, &&str)| format!("[[rule]]\nid = 'r{i}'\ntitle = 'R'\nseverity = 'low'\n{demand}\n");
    rules.iter().enumerate().map(rule).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn verdicts_are_what_all_simple_paths_say(small in small()) {
        prop_assert_eq!(small.assessed(), small.expected(), "\n{}\n{}\n{}", small.inventory(), small.project(), small.policy());
    }

    /// Every loss in turn, in short, against the whole assessment of each.
    #[test]
    fn a_survey_says_in_short_what_each_loss_does(
        small in small(),
        needs in prop::collection::vec((0..6_usize, 0..6_usize, prop::sample::select(vec!["service", "identity"])), 0..3),
        waivers in prop::collection::vec((0..12_usize, 0..6_usize, prop::option::of(prop::sample::select(STATES.to_vec()))), 0..2),
    ) {
        let mut small = small;
        for (rule, endpoint, state) in waivers {
            let state = state.map_or(String::new(), |s| format!(", state = [\"{s}\"]"));
            let _ = writeln!(
                small.waivers,
                "[[waiver]]\nrule = \"p/r{rule}\"\nmatch = {{ endpoint = \"e{endpoint}\"{state} }}\nreason = \"r\"\napprover = \"a\"\nexpires = 2027-01-31"
            );
        }
        let n = small.endpoints.len();
        for (from, to, purpose) in needs {
            let (from, to) = (from % n, to % n);
            let _ = writeln!(
                small.more,
                "[[route]]\nfrom = \"e{from}\"\nto = \"e{to}\"\nactivity = \"depend\"\npurpose = \"{purpose}\""
            );
        }
        let lost = |kind, name: &str| vec![LossDomain::new(kind, name)];
        let mut losses: Vec<_> = ["us", "de", "cn"].map(|site| lost(DomainKind::Site, site)).to_vec();
        losses.push(lost(DomainKind::Country, "US"));
        losses.push([lost(DomainKind::Site, "us"), lost(DomainKind::Site, "cn")].concat());
        losses.push(lost(DomainKind::Site, "us"));
        let (inventory, own) = (small.inventory() + &small.more, small.project());
        small.ask(&rules(), |question| {
            let mut told = 0;
            survey(&question, &losses, Depth::Full, |lost, mut brief| {
                told += 1;
                let texts = format!("{lost:?}\n{inventory}\n{own}");
                let (detail, full) = (*brief.detail.take().expect("it was asked for"), in_full(&question, lost));
                prop_assert_eq!(brief, in_short(&question, lost), "{}", texts);
                prop_assert_eq!((detail.down, detail.served), (full.down.clone(), full.served), "{}", texts);
                prop_assert_eq!((detail.stored, detail.lost), (full.stored, full.lost), "{}", texts);
                let of = |ways: &[onshore::finding::Way]| ways.iter().map(|w| format!("{:?}", ends(w))).collect::<Vec<_>>();
                prop_assert_eq!(of(&detail.ways), of(&full.ways), "{}", texts);
                for way in &detail.ways {
                    prop_assert_eq!(way.path.last().map(|h| &h.endpoint), Some(&way.endpoint), "{}", texts);
                    prop_assert!(way.path.iter().all(|h| !full.down.contains(&h.endpoint)), "{:?}\n{}", way.path, texts);
                    prop_assert!(way.path[0].route.is_none() && way.path[1..].iter().all(|h| h.route.is_some()));
                }
                Ok(())
            })?;
            survey(&question, &losses[..1], Depth::Brief, |lost, brief| {
                prop_assert_eq!(brief, in_short(&question, lost));
                Ok(())
            })?;
            prop_assert_eq!(told, losses.len());
            Ok(())
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// What to change, against every set of routes that could be cut.
    #[test]
    fn what_is_to_be_cut_mends_and_is_the_least_that_does(small in small()) {
        prop_assume!(small.ways.len() <= 6);
        mends_and_is_the_least(&small)?;
    }
}

/// To cut either route of the pool takes the service away, both together do not: then nobody asks for the pool.
#[test]
fn a_pool_may_go_as_a_whole() -> Result<(), TestCaseError> {
    let forward = |from, to, pool, origin| Way {
        from,
        to,
        activity: "forward",
        role: "primary",
        pool,
        priority: None,
        data: None,
        origin,
    };
    let ways = vec![
        forward(1, 3, Some("b"), Some("FR")),
        forward(1, 2, None, None),
        forward(1, 0, Some("b"), None),
        Way { activity: "replicate", ..forward(0, 3, None, None) },
    ];
    let endpoint = |country, role| (Some(country), vec![role]);
    mends_and_is_the_least(&Small {
        endpoints: vec![endpoint("US", "entry"), endpoint("US", "entry"), endpoint("US", "process"), endpoint("DE", "entry")],
        ways,
        people: vec![("FR", CLASSES[0], 1)],
        demand: "only-in",
        places: vec!["CN"],
        data: None,
        origin: None,
        states: vec!["normal"],
        activity: None,
        more: String::new(),
        waivers: String::new(),
    })
}

fn mends_and_is_the_least(small: &Small) -> Result<(), TestCaseError> {
    let texts = format!("{}\n{}\n{}", small.inventory(), small.project(), small.policy());
    let more = "[[rule]]\nid = 's'\ntitle = 'S'\nseverity = 'low'\nsurvive = { loss-of = 'site', keep = ['serving-path'] }\n\
                [[rule]]\nid = 'c'\ntitle = 'C'\nseverity = 'low'\ncopy-in = ['DE']\n\
                [[rule]]\nid = 'f'\ntitle = 'F'\nseverity = 'low'\nfirst-in = ['US']\n";
    small.ask(more, |question| {
        let ask = || Question { world: None, coverage: Coverage::default(), ..question };
        let whole = assess(ask());
        let (bad_before, _, unserved_before) = without(&question, &BTreeSet::new());
        let remedy = |rule: &str| whole.remedies.iter().find(|r| r.rule == rule);
        let all_states = small.states.len() == 3;
        let violated: BTreeSet<&str> =
            whole.rules.iter().filter(|r| r.verdict == Verdict::Violated).map(|r| r.rule.as_str()).collect();
        for rule in ["p/r", "p/f"].into_iter().filter(|r| violated.contains(*r)) {
            let Some(remedy) = remedy(rule) else {
                prop_assert!(rule == "p/r" && !all_states, "no remedy for {}\n{}", rule, texts);
                continue;
            };
            let at = |c: &onshore::finding::CutRoute| question.snapshot.routes.iter().position(|r| r.location == c.location);
            let cut: BTreeSet<usize> = remedy.cut.iter().map(|c| at(c).expect("a route")).collect();
            prop_assert_eq!(cut.len(), remedy.cut.len());
            let (bad, still, unserved) = without(&question, &cut);
            prop_assert!(remedy.judged || cut.is_empty());
            // That it cannot be met together with another rule, no cut changes.
            prop_assert!(!still.contains(rule) || !remedy.moves.is_empty(), "not mended by {:?}\n{}", remedy, texts);
            let broken: Vec<String> = bad.difference(&bad_before).cloned().collect();
            prop_assert!(remedy.breaks == broken || cut.is_empty(), "{:?} breaks {:?}\n{}", remedy, broken, texts);
            let taken: Vec<_> = unserved.difference(&unserved_before).cloned().collect();
            prop_assert!(remedy.unserved == taken || cut.is_empty(), "{:?} takes {:?}\n{}", remedy, taken, texts);
            if let Some(smaller) = &remedy.smaller {
                let cut: BTreeSet<usize> = smaller.cut.iter().map(|c| at(c).expect("a route")).collect();
                let (bad, still, unserved) = without(&question, &cut);
                prop_assert!(
                    cut.len() < remedy.cut.len() && !(still.contains(rule) && remedy.moves.is_empty()),
                    "{:?}\n{}",
                    remedy,
                    texts
                );
                let breaks: Vec<String> = bad.difference(&bad_before).cloned().collect();
                let taken: Vec<_> = unserved.difference(&unserved_before).cloned().collect();
                prop_assert_eq!((&smaller.breaks, &smaller.unserved), (&breaks, &taken), "{:?}\n{}", remedy, texts);
                prop_assert!(!breaks.is_empty() || !taken.is_empty(), "{:?}\n{}", remedy, texts);
            }
            if !remedy.moves.is_empty() {
                continue;
            }
            let n = question.snapshot.routes.len();
            let sets = || (0..1_u32 << n).map(|set| (0..n).filter(|i| set >> i & 1 != 0).collect::<BTreeSet<usize>>());
            let mends = |set: &BTreeSet<usize>| !without(&question, set).1.contains(rule);
            if !(broken.is_empty() && taken.is_empty()) {
                // To cut more than is needed can put an end to what a rule is asked of: nobody wants that.
                let needs_all = |set: &BTreeSet<usize>| set.iter().all(|i| !mends(&(set - &BTreeSet::from([*i]))));
                let harmless = sets().find(|set| {
                    let (bad, still, unserved) = without(&question, set);
                    let harms = !bad.is_subset(&bad_before) || !unserved.is_subset(&unserved_before);
                    !still.contains(rule) && !harms && needs_all(set)
                });
                prop_assert!(harmless.is_none(), "{:?}, and {:?} does no harm\n{}", remedy, harmless, texts);
            }
            let least = sets().filter(|s| s.len() < cut.len()).find(mends);
            prop_assert!(!remedy.smallest || least.is_none(), "{:?}, and {:?} does\n{}", remedy, least, texts);
            prop_assert!(remedy.smallest || least.is_some() || !broken.is_empty() || small.people.len() > 1 || !all_states);
        }
        Ok(())
    })
}
