//! The vocabulary, as data: place codes and dated named sets, data classes, operator facts. Tables live in `data/` and are
//! compiled in; this module reads them and answers questions of spelling and membership. It knows no endpoint and no route.

pub mod classes;
pub mod continents;
pub mod facts;
pub mod mechanisms;
pub mod places;

/// The known word nearest to a misspelt one, if near enough to be worth a "did you mean".
pub fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = 1 + word.chars().count() / 4;
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(&word.to_lowercase(), &k.to_lowercase()), k))
        .filter(|(d, _)| *d <= limit)
        .min()
        .map(|(_, k)| k)
}
