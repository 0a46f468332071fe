//! What addresses are labelled by in this process, and the refusal to answer a query that another process made with other labels.
//!
//! Labels do not travel: a query names their hash, and every process compiles its own from the same project and databases. One that
//! meets an unknown hash looks once again, for the project may have changed since it started.

use std::sync::{Arc, Mutex, PoisonError};

use datafusion::error::DataFusionError;
use onshore::cli::traffic::{Ground, Under};
use onshore::cli::{Failure, Surroundings};
use onshore::traffic::Labels;
use serde::{Deserialize, Serialize};

use crate::fault::fatal;

/// What a query was made with. Two processes with the same one count alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub version: String,
    /// Of the compiled labels.
    pub labels: String,
    /// By name, with their hashes.
    pub data_sets: Vec<(String, String)>,
    /// Which machine keeps access logs, if the query says so.
    pub here: Option<String>,
}

/// Labels, and what the functions say of a party.
#[derive(Debug)]
pub struct Bench {
    pub mark: Mark,
    pub labels: Labels,
    /// By party: the country, if there is only one that it can be in.
    pub countries: Vec<Option<String>>,
    /// By party: endpoints or site.
    pub names: Vec<Option<String>>,
    /// As the project's own configurations have them.
    pub log_formats: Vec<String>,
}

/// All that this process has compiled.
#[derive(Debug)]
pub struct Grounds {
    under: Under,
    around: Surroundings,
    known: Mutex<Vec<Arc<Bench>>>,
}

/// Labels that are kept: a project that changes all the time must not fill the memory.
const KEPT: usize = 4;

impl Grounds {
    pub fn new(under: Under, around: Surroundings) -> Self {
        Self { under, around, known: Mutex::default() }
    }

    /// As things are now.
    ///
    /// # Errors
    /// The project or a database cannot be read, or has mistakes.
    pub fn compile(&self, here: Option<&str>) -> Result<Arc<Bench>, Failure> {
        let mut ground = Ground::quiet(&self.under, &self.around)?;
        if let Some(machine) = here {
            ground.keep_here(machine)?;
        }
        let mark = Mark {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            labels: ground.hash(),
            data_sets: ground.data_sets(),
            here: here.map(str::to_owned),
        };
        let parties = &ground.labels.parties;
        let countries = parties.iter().map(|party| {
            let mut places = party.geo.places.iter().map(|place| place.country);
            let first = places.next()?;
            places.all(|other| other == first).then(|| first.as_str().to_owned())
        });
        let countries = countries.collect();
        let names = parties.iter().map(|party| ground.name(party)).collect();
        let log_formats = ground.log_formats();
        let bench = Arc::new(Bench { mark, countries, names, log_formats, labels: ground.labels });
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|b| b.mark != bench.mark);
        known.insert(0, Arc::clone(&bench));
        known.truncate(KEPT);
        Ok(bench)
    }

    /// The labels that a query was made with.
    ///
    /// # Errors
    /// This process has others.
    pub fn find(&self, wanted: &Mark) -> Result<Arc<Bench>, DataFusionError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|b| b.mark == *wanted).cloned();
        if let Some(bench) = known {
            return Ok(bench);
        }
        let fault = |e: &Failure| {
            let message = e.to_string();
            let message = message.trim_start_matches("error: ").trim_end();
            fatal(&format!("an executor cannot label: {message}"), "correct that where the executor runs")
        };
        let bench = self.compile(wanted.here.as_deref()).map_err(|e| fault(&e))?;
        if bench.mark == *wanted { Ok(bench) } else { Err(refusal(wanted, &bench.mark)) }
    }

    /// By the hash of the labels alone.
    ///
    /// # Errors
    /// This process has others.
    pub fn find_hash(&self, mark: &str) -> Result<Arc<Bench>, DataFusionError> {
        let wanted: Mark = serde_json::from_str(mark)
            .map_err(|e| fatal(&format!("a query does not tell its labels ({e})"), "ask with `onshore-engine client`"))?;
        self.find(&wanted)
    }
}

/// Enough of a hash for people to compare.
pub fn short(hash: &str) -> &str {
    hash.get(..16).unwrap_or(hash)
}

fn refusal(wanted: &Mark, own: &Mark) -> DataFusionError {
    let hashes = format!("{} where the query was made, {} on an executor", short(&wanted.labels), short(&own.labels));
    if wanted.version != own.version {
        return fatal(
            &format!(
                "the query was made by onshore-engine {}, an executor is {} (labels are {hashes})",
                wanted.version, own.version
            ),
            "run the same version everywhere",
        );
    }
    let lacking: Vec<String> = wanted
        .data_sets
        .iter()
        .filter(|set| !own.data_sets.contains(set))
        .map(|(name, hash)| {
            let there = own.data_sets.iter().find(|(n, _)| n == name).map_or("missing", |(_, hash)| short(hash));
            format!("`{name}` is {} here and {there} there", short(hash))
        })
        .chain(
            own.data_sets
                .iter()
                .filter(|(name, _)| wanted.data_sets.iter().all(|(n, _)| n != name))
                .map(|(name, hash)| format!("`{name}` is missing here and {} there", short(hash))),
        )
        .collect();
    if lacking.is_empty() {
        return fatal(
            &format!("the same databases, but other labels: {hashes}"),
            "give every executor the same project (--declared) and the same --geo-before as the client",
        );
    }
    fatal(
        &format!("other databases, so other labels ({hashes}): {}", lacking.join(", ")),
        "give every executor the same databases (--geoip, --declared, --geo-before) as the client",
    )
}
