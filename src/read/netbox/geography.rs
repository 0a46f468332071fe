//! The tree of regions above a site, and the country that it proves.

use super::objects::{Object, Objects, Type};
use crate::model::{Country, Place};
use crate::vocab::places;

/// Deeper trees are circles.
const MAX_LEVELS: usize = 32;

/// The place of a site by the regions above it, or why there is none.
pub fn place(objects: &Objects<'_>, site: Object<'_>) -> Result<Place, String> {
    let Some(region) = site.get("region") else { return Err("it has no region".to_owned()) };
    let mut levels: Vec<Object<'_>> = Vec::new();
    let mut next = Some(region);
    while let Some(reference) = next {
        if levels.len() == MAX_LEVELS {
            return Err("its regions lie within each other in a circle".to_owned());
        }
        let region = objects.full(Type::Region, reference);
        levels.push(region);
        next = region.get("parent");
    }
    let names: Vec<String> = levels.iter().map(|l| format!("`{}`", l.name())).collect();
    // A tree goes from the wide to the narrow: what lies in the United States and is called `CA` or `Georgia` is no country.
    let mut found: Option<Place> = None;
    for level in levels.iter().rev() {
        match &found {
            None => found = country(*level).map(Place::country),
            Some(place) => found = Some(narrower(place, *level)?),
        }
    }
    found.ok_or_else(|| format!("none of its regions ({}) bears the name or the code of a country", names.join(" in ")))
}

/// Names of countries that are as well known as names of something else.
const OF_TWO: [&str; 1] = ["georgia"];

/// By its name; a code counts if it is written in capitals. A short slug, such as `ca`, does not.
fn country(level: Object<'_>) -> Option<Country> {
    let name = level.name().trim();
    let is_code = name.len() <= 3 && name.is_ascii();
    if is_code && !name.chars().all(|c| c.is_ascii_uppercase()) {
        return None;
    }
    if OF_TWO.contains(&name.to_lowercase().as_str()) {
        return None;
    }
    let by_name = places::country_by_name(name);
    let full_slug = || level.text("slug").filter(|s| s.len() > 3).and_then(|s| places::country_by_name(&s.replace('-', " ")));
    by_name.or_else(full_slug)
}

/// A region inside a place: a part of the country that has its own code (Hong Kong in China, Puerto Rico in the United States),
/// or a subdivision by its code. Else it adds nothing, unless it is another country by its full name.
fn narrower(place: &Place, level: Object<'_>) -> Result<Place, String> {
    let name = level.name().trim();
    if let Some(own) = country(level).filter(|c| *c != place.country) {
        let code = format!("{}-{own}", place.country);
        let normal = places::normalize(Place { subdivision: Some(code.into_boxed_str()), ..Place::country(place.country) });
        if normal.country == own {
            return Ok(Place::country(own));
        }
        if name.len() > 3 {
            return Err(format!(
                "its region `{name}` is a country of its own, but lies in one of {}",
                places::name_en(place.country)
            ));
        }
    }
    let inside = |s: &places::Subdivision| s.code.starts_with(place.country.as_str());
    let known = places::subdivision(&format!("{}-{}", place.country, name.to_ascii_uppercase()))
        .or_else(|| places::subdivision(name).filter(inside));
    Ok(match known {
        Some(subdivision) => places::normalize(Place { subdivision: Some(subdivision.code.into()), ..place.clone() }),
        None => place.clone(),
    })
}
