//! The vocabulary, as data: place codes and dated named sets, data classes, operator facts. Tables live in `data/` and are
//! compiled in; this module reads them and answers questions of spelling and membership. It knows no endpoint and no route.

pub mod certifications;
pub mod classes;
pub mod continents;
pub mod controls;
pub mod coordinates;
pub mod facts;
pub mod mechanisms;
pub mod pairs;
pub mod places;

/// The known word nearest to a misspelt one, if near enough to be worth a "did you mean".
pub fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    let length = word.chars().count();
    if length > LONGEST {
        return None;
    }
    let (word, limit) = (word.to_lowercase(), 1 + length / 4);
    known
        .into_iter()
        // Each letter more or less is a step, so that most words need no closer look.
        .filter(|k| k.chars().count().abs_diff(length) <= limit)
        .map(|k| (strsim::damerau_levenshtein(&word, &k.to_lowercase()), k))
        .filter(|(d, _)| *d <= limit)
        .min()
        .map(|(_, k)| k)
}
