//! Outlines of land and borders between countries: Natural Earth 1:110m, as `data/map` has it, cut to what a map shows. Borders are
//! drawn as Natural Earth has them; nothing is judged by them.

use std::fmt::Write as _;
use std::sync::LazyLock;

use super::layout::View;
use crate::lang::{Message, say};

static LAND: &str = include_str!("../../../data/map/land.txt");

/// Named under every map.
pub fn attribution() -> Message {
    say!(
        "Land and borders: Natural Earth (public domain), as it draws them, which says nothing of any claim. Cities: GeoNames (CC BY 4.0). Equirectangular projection."
    )
}

struct Outline {
    /// A ring; else a line between two countries.
    land: bool,
    /// Longitude and latitude in degrees.
    points: Vec<(f64, f64)>,
}

static OUTLINES: LazyLock<Vec<Outline>> = LazyLock::new(|| LAND.lines().filter_map(outline).collect());

/// `land x y dx dy dx dy ...`, in hundredths of a degree. What lies over the antimeridian goes on beyond 180 degrees.
fn outline(line: &str) -> Option<Outline> {
    let (kind, numbers) = line.split_once(' ')?;
    let numbers: Vec<i32> = numbers.split(' ').filter_map(|n| n.parse().ok()).collect();
    let (mut x, mut y) = (0, 0);
    let mut points = Vec::with_capacity(numbers.len() / 2);
    for step in numbers.chunks_exact(2) {
        (x, y) = (x + step[0], y + step[1]);
        points.push((f64::from(x) / 100.0, f64::from(y) / 100.0));
    }
    Some(Outline { land: kind == "land", points })
}

/// Path data of the land and of the borders in a view.
pub fn paths(view: &View) -> (String, String) {
    let (mut land, mut borders) = (String::new(), String::new());
    // A view may lie over the antimeridian.
    for turn in [-360.0, 0.0, 360.0] {
        for outline in OUTLINES.iter() {
            let points: Vec<(f64, f64)> = outline.points.iter().map(|(lon, lat)| view.at(*lat, lon + turn)).collect();
            if outline.land {
                path(&mut land, &clipped(points, view), true);
            } else {
                for run in runs(&points, view) {
                    path(&mut borders, run, false);
                }
            }
        }
    }
    (land, borders)
}

/// A ring cut to the view: Sutherland and Hodgman, edge by edge.
fn clipped(mut ring: Vec<(f64, f64)>, view: &View) -> Vec<(f64, f64)> {
    for edge in 0..4 {
        // How far inside of the edge a point is.
        let within = |(x, y): (f64, f64)| [x, view.width - x, y, view.height - y][edge];
        let mut kept = Vec::with_capacity(ring.len());
        for (i, b) in ring.iter().copied().enumerate() {
            let a = ring[(i + ring.len() - 1) % ring.len()];
            let (da, db) = (within(a), within(b));
            if (da < 0.0) != (db < 0.0) {
                let t = da / (da - db);
                kept.push((a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1)));
            }
            if db >= 0.0 {
                kept.push(b);
            }
        }
        ring = kept;
    }
    ring
}

/// The parts of a line inside the view.
fn runs<'p>(points: &'p [(f64, f64)], view: &View) -> Vec<&'p [(f64, f64)]> {
    let inside = |p: &(f64, f64)| (0.0..=view.width).contains(&p.0) && (0.0..=view.height).contains(&p.1);
    points.split(|p| !inside(p)).filter(|run| run.len() > 1).collect()
}

/// Relative steps of tenths of a unit.
fn path(out: &mut String, points: &[(f64, f64)], closed: bool) {
    let tenths = |v: f64| (v * 10.0).round() as i64;
    let mut last: Option<(i64, i64)> = None;
    let mut steps = 0;
    for (x, y) in points {
        let at = (tenths(*x), tenths(*y));
        match last {
            None => {
                let _ = write!(out, "M{} {}", tenth(at.0), tenth(at.1));
            }
            Some(before) if before == at => continue,
            Some(before) => {
                let _ = write!(out, "l{} {}", tenth(at.0 - before.0), tenth(at.1 - before.1));
                steps += 1;
            }
        }
        last = Some(at);
    }
    if closed && steps > 0 {
        out.push('z');
    }
}

fn tenth(n: i64) -> String {
    if n % 10 == 0 {
        (n / 10).to_string()
    } else {
        format!("{}{}.{}", if n < 0 { "-" } else { "" }, n.abs() / 10, n.abs() % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_are_on_the_globe() {
        assert!(OUTLINES.iter().filter(|o| o.land).count() > 100 && OUTLINES.iter().filter(|o| !o.land).count() > 200);
        for (lon, lat) in OUTLINES.iter().flat_map(|o| &o.points) {
            assert!(lon.abs() <= 540.0 && lat.abs() <= 90.01, "{lon} {lat}");
        }
        assert_eq!(OUTLINES.len(), LAND.lines().count());
        for outline in OUTLINES.iter().filter(|o| o.points.iter().all(|p| p.1 > -89.0)) {
            let leap = outline.points.windows(2).map(|p| (p[1].0 - p[0].0).abs()).fold(0.0, f64::max);
            assert!(leap < 90.0, "a line across the whole map: {leap} degrees");
        }
    }

    #[test]
    fn rings_are_cut_at_the_edges() {
        let view = View { west: 0.0, north: 10.0, across: 10.0, down: 10.0, width: 100.0, height: 100.0 };
        let square = vec![(-50.0, 20.0), (50.0, 20.0), (50.0, 200.0), (-50.0, 200.0)];
        let cut = clipped(square, &view);
        assert_eq!(cut.len(), 4);
        assert!(cut.iter().all(|(x, y)| (0.0..=50.0).contains(x) && (20.0..=100.0).contains(y)), "{cut:?}");
        assert_eq!(clipped(vec![(-9.0, -9.0), (-5.0, -9.0), (-5.0, -5.0)], &view), []);
        assert_eq!((tenth(-5), tenth(15), tenth(-20)), ("-0.5".to_owned(), "1.5".to_owned(), "-2".to_owned()));
    }
}
