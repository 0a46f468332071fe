//! `onshore whatif --all` on made-up estates: seconds for all losses of a site, without reading files. `cargo bench --bench losses`
//!
//! Each site has a balancer, sixty servers, twenty databases and what they depend on; balancers, databases and logins stand in
//! for those of the next site of the country. In the brittle estate every loss hurts: accounts are sharded over all sites of a
//! country without a copy, and the servers of every fifth site use databases of another, with stand-ins abroad.

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::time::Instant;

use jiff::civil::date;
use onshore::check::{Depth, Question, survey};
use onshore::finding::Coverage;
use onshore::geo::Atlas;
use onshore::model::*;
use onshore::policy;
use onshore::project::Project;
use onshore::source::{Location, SourceId, Sources, Span};

const COUNTRIES: [&str; 8] = ["CN", "DE", "FR", "GB", "IN", "JP", "KR", "US"];
const PER_SITE: u32 = 100;

const RULES: &str = "
[pack]
id = 'p'
title = 'P'
version = '1'
binding = 'company'
status = 'in-force'
as-of = 2026-01-01
verification = 'primary'
[[rule]]
id = 'stays'
title = 'Content stays at home'
severity = 'high'
origin = ['US']
only-in = ['US']
[[rule]]
id = 'not-there'
title = 'Contacts go nowhere else'
severity = 'high'
origin = ['DE']
data = ['user.contact']
never-in = ['CN']
[[rule]]
id = 'survives'
title = 'Any one site may be lost'
severity = 'high'
data = ['user.contact']
survive = { loss-of = 'site', keep = ['serving-path', 'identity'], within = ['@gba9', 'CN', 'DE', 'FR', 'GB', 'IN', 'JP', 'KR', 'US'] }
[[rule]]
id = 'copy'
title = 'All contacts of people in Japan are in Japan'
severity = 'high'
origin = ['JP']
data = ['user.contact']
copy-in = ['JP']
";

fn main() {
    for brittle in [false, true] {
        println!("{}", if brittle { "every loss hurts" } else { "every loss is stood in for" });
        println!("{:>9} {:>9} {:>6} {:>7}  {:>8} {:>9}", "endpoints", "routes", "sites", "losses", "seconds", "ms a loss");
        for sites in [250, 500, 1000] {
            let snapshot = estate(sites, brittle);
            for losses in [sites / 4, sites / 2, sites] {
                measure(&snapshot, losses, Depth::Brief);
            }
            // As `--format json` tells it.
            measure(&snapshot, sites, Depth::Full);
        }
    }
}

fn measure(snapshot: &Snapshot, losses: u32, depth: Depth) {
    let as_of = date(2026, 11, 22);
    let mut sources = Sources::default();
    sources.add("estate", "\n");
    let file = sources.add("p.toml", RULES);
    let pack = policy::parse(file, RULES, as_of).0.expect("a pack");
    let project = Project::default();
    let atlas = Atlas::embedded(as_of).with_snapshot(snapshot, &project.geo, |_| |_: &_| false);
    let question = Question {
        snapshot,
        sources: &sources,
        atlas: &atlas,
        project: &project,
        packs: &[pack],
        as_of,
        coverage: Coverage::default(),
        baseline: None,
        world: None,
    };
    let losses: Vec<Vec<LossDomain>> =
        (0..losses).map(|i| vec![LossDomain::new(DomainKind::Site, format!("s{i:04}"))]).collect();
    let mut told = [0; 4];
    let (start, mut first) = (Instant::now(), None);
    let done: Result<(), ()> = survey(&question, &losses, depth, |_, brief| {
        first.get_or_insert_with(Instant::now);
        told[0] += brief.down;
        told[1] += usize::from(!brief.unserved.is_empty());
        told[2] += usize::from(!brief.countries.is_empty());
        told[3] += brief.broken.len();
        Ok(())
    });
    done.expect("nobody ends it early");
    let (all, each) = (start.elapsed(), first.expect("some loss").elapsed());
    println!(
        "{:>9} {:>9} {:>6} {:>7}  {:>8.2} {:>9.2}   down {}, not served {}, elsewhere {}, broken {}",
        snapshot.endpoints.len(),
        snapshot.routes.len(),
        snapshot.sites.len(),
        losses.len(),
        all.as_secs_f64(),
        each.as_secs_f64() * 1e3 / (losses.len() - 1) as f64,
        told[0],
        told[1],
        told[2],
        told[3],
    );
}

fn estate(sites: u32, brittle: bool) -> Snapshot {
    let location = Location::new(SourceId(0), Span::default());
    let country = |i: u32| Country::from_letters(COUNTRIES[i as usize % 8]).expect("a country code");
    let places = (0..sites).map(|i| Site {
        id: format!("s{i:04}"),
        place: DeclaredPlace { place: Place::country(country(i)), coordinates: None },
        domains: Vec::new(),
        networks: Vec::new(),
        network_scope: None,
        location,
    });
    let mut snapshot = Snapshot { sites: places.collect(), ..Snapshot::default() };
    // Names of countries come first: "a-CN" and so on.
    for code in COUNTRIES {
        snapshot.endpoints.push(Endpoint {
            name: format!("a-{code}"),
            kind: "name".to_owned(),
            standing: Standing::Logical,
            roles: Roles::of(&[Role::Entry]),
            locations: vec![location],
            ..Endpoint::default()
        });
    }
    // What every server of a country asks who somebody is.
    for code in COUNTRIES {
        snapshot.endpoints.push(Endpoint {
            name: format!("accounts-{code}"),
            kind: "name".to_owned(),
            standing: Standing::Logical,
            roles: Roles::of(&[Role::Process]),
            locations: vec![location],
            ..Endpoint::default()
        });
    }
    let first = snapshot.endpoints.len() as u32;
    let role = |n: u32| match n {
        0 => Role::Transit,
        1..=60 => Role::Process,
        61..=80 => Role::Store,
        81..=84 => Role::Keys,
        _ => Role::Process,
    };
    for site in 0..sites {
        for n in 0..PER_SITE {
            snapshot.endpoints.push(Endpoint {
                name: format!("s{site:04}-{n:02}"),
                kind: "server".to_owned(),
                roles: Roles::of(&[role(n)]),
                sites: vec![SiteMatch::Declared(SiteId(site), location)],
                locations: vec![location],
                ..Endpoint::default()
            });
        }
    }
    let id = |site: u32, n: u32| EndpointId(first + (site % sites) * PER_SITE + n);
    let mut routes: Vec<Route> = Vec::new();
    let mut add = |from: EndpointId, to: EndpointId, activity: Activity, pool: u32, standby: bool| {
        routes.push(Route {
            role: if standby { RouteRole::Failover } else { RouteRole::Primary },
            priority: u32::from(standby),
            purpose: if pool == 1 { Dependence::Identity } else { Dependence::Service },
            ..Route::new(from, to, activity, pool, location)
        });
    };
    for site in 0..sites {
        // The next site of the country; for one in fifty, and the last ones, of another.
        let next = match site {
            _ if brittle => {
                if site + 8 < sites {
                    site + 8
                } else {
                    site % 8
                }
            }
            _ if site % 50 == 49 => site + 1,
            _ => site + 8,
        };
        let (databases, standby) = if brittle && site % 5 == 4 { (next, site + 1) } else { (site, next) };
        add(EndpointId(site % 8), id(site, 0), Activity::Forward, 0, false);
        for n in 1..=60 {
            add(id(site, 0), id(site, n), Activity::Forward, 0, false);
            add(id(site, n), id(databases, 61 + n % 20), Activity::Forward, 0, false);
            add(id(site, n), id(standby, 61 + n % 20), Activity::Forward, 0, true);
            add(id(site, n), id(site, 90 + n % 5), Activity::Depend, 1, false);
            add(id(site, n), id(next, 90 + n % 5), Activity::Depend, 1, true);
            add(id(site, n), id(site, 95 + n % 5), Activity::Log, 2, false);
            add(id(site, n), id(site, 81 + n % 4), Activity::Keys, 3, false);
        }
        add(id(site, 0), id(next, 0), Activity::Forward, 0, true);
        if brittle {
            add(id(site, 0), EndpointId(8 + site % 8), Activity::Depend, 1, false);
            // Each shard is needed: a pool of its own.
            add(EndpointId(8 + site % 8), id(site, 95), Activity::Depend, site / 8 + 2, false);
        }
        for n in 61..=80 {
            add(id(site, n), id(next, n), Activity::Replicate, 0, false);
            add(id(site, n), id(site, 81 + n % 4), Activity::Keys, 1, false);
            add(id(site, n), id(site, 85 + n % 5), Activity::Backup, 2, false);
        }
        for n in 85..90 {
            add(id(site, n), id(site, 95 + n % 5), Activity::Log, 0, false);
        }
    }
    routes.sort_by_key(|r| (r.from, r.pool, r.priority, r.to));
    snapshot.routes = routes;
    let classes = ["user.contact", "user.name", "telemetry", "communications.content"].map(str::to_owned);
    snapshot.populations = (0..8)
        .map(|i| Population {
            id: format!("p-{}", COUNTRIES[i as usize]),
            subject: Subject::Each(vec![country(i)]),
            other_axes: Vec::new(),
            data: classes.to_vec(),
            enters: vec![EndpointId(i)],
            subjects: None,
            location,
        })
        .collect();
    snapshot.index_routes();
    snapshot
}
