//! Where things go on a map: the part of the world that is shown, sites that fall together drawn apart, curves of ways, labels that
//! keep out of each other's way. In units of the picture, from its upper left corner.

use std::collections::BTreeMap;

use super::map::Map;

/// Width of a map. The height follows from what is shown.
pub const WIDTH: f64 = 1000.0;
const HEIGHTS: (f64, f64) = (420.0, 620.0);
/// The outlines are too coarse for less, in degrees.
const LEAST_ACROSS: f64 = 44.0;
/// What people look at; the poles only if something stands there.
const LATITUDES: (f64, f64) = (-56.0, 76.0);
/// Marks nearer than this are drawn apart.
const NEAR: f64 = 17.0;
/// Height of a line of a label.
pub const LINE: f64 = 13.5;

pub type Point = (f64, f64);

/// A part of the world, equirectangular, true to scale at its middle latitude.
#[derive(Clone, Debug)]
pub struct View {
    /// Longitude and latitude of the upper left corner, in degrees.
    pub west: f64,
    pub north: f64,
    /// Units per degree of longitude and of latitude.
    pub across: f64,
    pub down: f64,
    pub width: f64,
    pub height: f64,
}

impl View {
    /// What shows all of these (latitude, longitude); the world is cut open where the widest gap between them is.
    pub fn of(places: &[Point]) -> Self {
        let mut longitudes: Vec<f64> = places.iter().map(|p| p.1.rem_euclid(360.0)).collect();
        longitudes.sort_by(f64::total_cmp);
        let (Some(first), Some(last)) = (longitudes.first(), longitudes.last()) else {
            return Self::between(-170.0, 190.0, LATITUDES);
        };
        let mut gap = (first + 360.0 - last, *first);
        for pair in longitudes.windows(2) {
            if pair[1] - pair[0] > gap.0 {
                gap = (pair[1] - pair[0], pair[1]);
            }
        }
        let span = 360.0 - gap.0;
        let margin = (span * 0.14).max((LEAST_ACROSS - span) / 2.0);
        let (mut west, mut east) = (gap.1 - margin, gap.1 + span + margin);
        if east - west > 300.0 {
            let middle = (west + east) / 2.0;
            (west, east) = (middle - 180.0, middle + 180.0);
        }
        // Europe and its neighbours are drawn from west to east of Greenwich.
        let turns = if west > 180.0 { 360.0 } else { 0.0 };
        let latitudes = places.iter().map(|p| p.0);
        let (low, high) = latitudes.fold((f64::MAX, f64::MIN), |(low, high), l| (low.min(l), high.max(l)));
        let margin = ((high - low) * 0.2).max(8.0);
        Self::between(west - turns, east - turns, (low - margin, high + margin))
    }

    fn between(west: f64, east: f64, (low, high): (f64, f64)) -> Self {
        let (mut low, mut high) = (low.max(-88.0), high.min(88.0));
        let middle = f64::midpoint(low, high).clamp(-50.0, 50.0);
        let squeeze = middle.to_radians().cos();
        let down = WIDTH / ((east - west) * squeeze);
        let (least, most) = (HEIGHTS.0 / down, HEIGHTS.1 / down);
        let missing = (least - (high - low)) / 2.0;
        if missing > 0.0 {
            // More of where people are, rather than of a pole.
            let (wide_low, wide_high) = (low - missing, high + missing);
            let shift = if wide_high > LATITUDES.1 {
                (LATITUDES.1.max(high) - wide_high).max(-missing)
            } else {
                (LATITUDES.0.min(low) - wide_low).max(0.0).min(missing)
            };
            (low, high) = (wide_low + shift, wide_high + shift);
        }
        if high - low <= most {
            return Self { west, north: high, across: down * squeeze, down, width: WIDTH, height: (high - low) * down };
        }
        // Too high: the same latitudes, on a smaller scale with more to both sides.
        let down = HEIGHTS.1 / (high - low);
        let across = down * squeeze;
        let west = f64::midpoint(west, east) - WIDTH / across / 2.0;
        Self { west, north: high, across, down, width: WIDTH, height: HEIGHTS.1 }
    }

    /// The nearest turn of the longitude is taken as it is: outlines are drawn turn by turn.
    pub fn at(&self, latitude: f64, longitude: f64) -> Point {
        ((longitude - self.west) * self.across, (self.north - latitude) * self.down)
    }

    /// Of a place inside the view.
    pub fn place(&self, (latitude, longitude): Point) -> Point {
        self.at(latitude, self.west + (longitude - self.west).rem_euclid(360.0))
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
}

impl Rect {
    fn overlap(&self, other: &Self) -> f64 {
        let w = (self.x + self.w).min(other.x + other.w) - self.x.max(other.x);
        let h = (self.y + self.h).min(other.y + other.h) - self.y.max(other.y);
        if w > 0.0 && h > 0.0 { w * h } else { 0.0 }
    }

    fn around((x, y): Point, half: f64) -> Self {
        Self { x: x - half, y: y - half, w: 2.0 * half, h: 2.0 * half }
    }

    fn holds(&self, (x, y): Point) -> bool {
        (self.x..=self.x + self.w).contains(&x) && (self.y..=self.y + self.h).contains(&y)
    }

    /// The point of its edge or inside that is nearest.
    pub fn nearest(&self, (x, y): Point) -> Point {
        (x.clamp(self.x, self.x + self.w), y.clamp(self.y, self.y + self.h))
    }
}

/// A curve from one mark to another.
#[derive(Clone, Copy, Debug)]
pub struct Arc {
    pub from: Point,
    pub bend: Point,
    pub to: Point,
}

impl Arc {
    pub fn at(&self, t: f64) -> Point {
        let s = 1.0 - t;
        let of = |a: f64, b: f64, c: f64| s * s * a + 2.0 * s * t * b + t * t * c;
        (of(self.from.0, self.bend.0, self.to.0), of(self.from.1, self.bend.1, self.to.1))
    }
}

/// Where everything of a map is.
#[derive(Debug)]
pub struct Layout {
    pub view: View,
    /// Per site: its mark.
    pub marks: Vec<Point>,
    /// Per site: its label; `None` for those in a group or below the map.
    pub labels: Vec<Option<Rect>>,
    /// Per site: where the first line of its label begins, or ends.
    pub texts: Vec<(Point, Anchor)>,
    /// Sites that fall together, in a list beside where they are.
    pub groups: Vec<Group>,
    /// Sites that are nowhere on the map, and where the list of them ends.
    pub below: Vec<usize>,
    pub bottom: f64,
    /// Per way.
    pub arcs: Vec<Arc>,
}

#[derive(Debug)]
pub struct Group {
    pub sites: Vec<usize>,
    pub at: Point,
    pub frame: Rect,
    /// Marks on the right, text on the left.
    pub turned: bool,
}

/// Which side of a text is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    End,
}

/// What a label takes: the widest line and the number of lines.
pub type Size = (f64, usize);

/// Columns of the list below the map.
pub const COLUMNS: usize = 3;
/// Room for curves inside a group, and from a mark to its text.
const INSIDE: f64 = 34.0;
pub const BESIDE: f64 = 12.0;

impl Layout {
    pub fn new(map: &Map, sizes: &[Size]) -> Self {
        let at = |site: usize| map.sites[site].at().map(|(at, _)| at);
        let places: Vec<Point> = (0..map.sites.len()).filter_map(at).collect();
        let view = View::of(&places);
        let mut marks: Vec<Point> = vec![(0.0, 0.0); map.sites.len()];
        let (mut on, mut below) = (Vec::new(), Vec::new());
        for (site, mark) in marks.iter_mut().enumerate() {
            match at(site) {
                Some(place) => {
                    *mark = view.place(place);
                    on.push(site);
                }
                None => below.push(site),
            }
        }
        let mut layout = Self {
            labels: vec![None; map.sites.len()],
            texts: vec![((0.0, 0.0), Anchor::Start); map.sites.len()],
            groups: Vec::new(),
            bottom: view.height,
            below,
            arcs: Vec::new(),
            view,
            marks,
        };
        layout.list_below(sizes);
        let alone = layout.group(&on, map, sizes);
        layout.arcs = layout.arcs_of(map);
        layout.place_labels(&alone, map, sizes);
        layout
    }

    /// Marks of the sites that stand nowhere, column by column.
    fn list_below(&mut self, sizes: &[Size]) {
        let mut top = self.view.height + 34.0;
        for row in self.below.chunks(COLUMNS) {
            for (column, site) in row.iter().enumerate() {
                let (x, y) = (30.0 + column as f64 * (WIDTH - 10.0) / COLUMNS as f64, top + 8.0);
                self.marks[*site] = (x, y);
                self.texts[*site] = ((x + BESIDE, y + 4.0), Anchor::Start);
            }
            let lines = row.iter().map(|s| sizes[*s].1).max().unwrap_or(1);
            top += lines as f64 * LINE + 14.0;
        }
        if !self.below.is_empty() {
            self.bottom = top;
        }
    }

    /// Draws apart what falls together; gives the sites that stand alone.
    fn group(&mut self, on: &[usize], map: &Map, sizes: &[Size]) -> Vec<usize> {
        let near = |a: Point, b: Point| (a.0 - b.0).hypot(a.1 - b.1) < NEAR;
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for site in on {
            let (mut joined, apart): (Vec<_>, Vec<_>) =
                groups.into_iter().partition(|g| g.iter().any(|other| near(self.marks[*other], self.marks[*site])));
            joined.push(vec![*site]);
            groups = apart;
            groups.push(joined.concat());
        }
        for group in &mut groups {
            group.sort_unstable();
        }
        groups.sort();
        let alone: Vec<usize> = groups.iter().filter(|g| g.len() == 1).map(|g| g[0]).collect();
        for sites in groups.into_iter().filter(|g| g.len() > 1) {
            let middle = |of: fn(&Point) -> f64| sites.iter().map(|s| of(&self.marks[*s])).sum::<f64>() / sites.len() as f64;
            let at = (middle(|p| p.0), middle(|p| p.1));
            // Ways come in from where they come from, straight; the list keeps out of their way and turns its marks to them.
            let is_of = |s: usize| sites.contains(&s);
            let ends =
                map.ways.iter().filter(|w| is_of(w.from) != is_of(w.to)).map(|w| if is_of(w.from) { w.to } else { w.from });
            let others: Vec<Point> = ends.map(|other| self.marks[other]).collect();
            let between = |other: &Point, t: u32| {
                let t = f64::from(t) / 40.0;
                (at.0 + (other.0 - at.0) * t, at.1 + (other.1 - at.1) * t)
            };
            let lines: Vec<Point> = others.iter().flat_map(|o| (1..40).map(move |t| between(o, t))).collect();
            let w = sites.iter().map(|s| sizes[*s].0).fold(0.0, f64::max) + INSIDE + BESIDE + 8.0;
            let h = sites.iter().map(|s| sizes[*s].1 as f64 * LINE + 7.0).sum::<f64>() + 5.0;
            let frame = self.free(at, (w, h), &[30.0, 46.0, 80.0, 120.0, 180.0, 260.0], &alone, &lines);
            let to_the_right = others.iter().filter(|o| o.0 > frame.x + frame.w / 2.0).count() * 2 > others.len();
            let (x, beside, anchor) = if to_the_right {
                (frame.x + frame.w - INSIDE, -BESIDE, Anchor::End)
            } else {
                (frame.x + INSIDE, BESIDE, Anchor::Start)
            };
            let mut top = frame.y + 4.0;
            for site in &sites {
                let y = top + LINE / 2.0 + 1.0;
                self.marks[*site] = (x, y);
                self.texts[*site] = ((x + beside, y + 4.0), anchor);
                top += sizes[*site].1 as f64 * LINE + 7.0;
            }
            self.groups.push(Group { sites, at, frame, turned: to_the_right });
        }
        alone
    }

    /// The free place for a box near a point, from eight sides and several distances; where nothing is free, what covers least.
    fn free(&self, at: Point, (w, h): Point, distances: &[f64], marks: &[usize], lines: &[Point]) -> Rect {
        let mut best: Option<(f64, Rect)> = None;
        for (step, distance) in distances.iter().enumerate() {
            let d = *distance;
            let slant = d * 0.7;
            let sides = [
                (d, -h / 2.0),
                (-d - w, -h / 2.0),
                (slant, -slant - h),
                (slant, slant),
                (-slant - w, -slant - h),
                (-slant - w, slant),
                (-w / 2.0, -d - h),
                (-w / 2.0, d),
            ];
            for (side, (dx, dy)) in sides.into_iter().enumerate() {
                let meant = (at.0 + dx, at.1 + dy);
                // Judged where it ends up: pushed back into the picture, it may cover what it would not have.
                let x = meant.0.min(WIDTH - w - 2.0).max(2.0);
                let y = meant.1.min(self.view.height - h - 2.0).max(2.0);
                let rect = Rect { x, y, w, h };
                let pushed = (x - meant.0).abs() + (y - meant.1).abs();
                let cost = self.cost(&rect, marks, lines) + pushed * 2.0 + step as f64 * 90.0 + side as f64 * 6.0;
                if best.is_none_or(|(least, _)| cost < least) {
                    best = Some((cost, rect));
                }
            }
        }
        best.map_or(Rect { x: at.0, y: at.1, w, h }, |(_, rect)| rect)
    }

    fn cost(&self, rect: &Rect, marks: &[usize], lines: &[Point]) -> f64 {
        let labels: f64 = self.labels.iter().flatten().map(|l| rect.overlap(l)).sum();
        let groups: f64 = self.groups.iter().map(|g| rect.overlap(&g.frame) + rect.overlap(&Rect::around(g.at, 8.0))).sum();
        let marks: f64 = marks.iter().map(|m| rect.overlap(&Rect::around(self.marks[*m], 9.0))).sum();
        let crossed = lines.iter().filter(|p| rect.holds(**p)).count() as f64;
        labels * 4.0 + groups * 4.0 + marks * 6.0 + crossed * 12.0
    }

    /// Curves of the ways of a map with the same sites.
    pub fn arcs_of(&self, map: &Map) -> Vec<Arc> {
        let mut arcs = Vec::with_capacity(map.ways.len());
        let mut group_of = BTreeMap::new();
        for (i, group) in self.groups.iter().enumerate() {
            group_of.extend(group.sites.iter().map(|s| (*s, i)));
        }
        let mut parallel: BTreeMap<(usize, usize), u32> = BTreeMap::new();
        for way in &map.ways {
            let nth = parallel.entry((way.from, way.to)).or_default();
            let n = f64::from(*nth);
            *nth += 1;
            let (a, b) = (self.marks[way.from], self.marks[way.to]);
            let (dx, dy) = (b.0 - a.0, b.1 - a.1);
            let long = dx.hypot(dy).max(1.0);
            let together = group_of.contains_key(&way.from) && group_of.get(&way.from) == group_of.get(&way.to);
            let middle = (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1));
            let bend = if together {
                // Away from the text, down and up on tracks of their own.
                let track = if dy > 0.0 { 24.0 } else { 42.0 } + 8.0 * n;
                let turned = self.groups[group_of[&way.from]].turned;
                (if turned { middle.0 + track } else { middle.0 - track }, middle.1)
            } else {
                let off = (long * 0.2).clamp(12.0, 110.0) + 20.0 * n;
                let mut bend = (middle.0 + dy / long * off, middle.1 - dx / long * off);
                bend.1 = bend.1.max(6.0 - middle.1.min(0.0));
                bend
            };
            arcs.push(Arc { from: toward(a, bend, 8.0), bend, to: toward(b, bend, 10.0) });
        }
        arcs
    }

    /// The gravest first, so that they stand nearest to their marks.
    fn place_labels(&mut self, alone: &[usize], map: &Map, sizes: &[Size]) {
        let lines: Vec<Point> = self.arcs.iter().flat_map(|a| (1..48).map(|t| a.at(f64::from(t) / 48.0))).collect();
        let mut order: Vec<usize> = alone.to_vec();
        order.sort_by_key(|s| (map.sites[*s].breaks.is_empty(), *s));
        for site in order {
            let (w, lines_of) = sizes[site];
            let size = (w + 6.0, lines_of as f64 * LINE + 3.0);
            let rect = self.free(self.marks[site], size, &[BESIDE, 24.0, 44.0, 72.0, 110.0, 160.0], alone, &lines);
            // Text stands on the side of its box that is turned to the mark.
            let (left, y) = (self.marks[site].0 > rect.x + rect.w, rect.y + LINE - 2.0);
            self.texts[site] =
                if left { ((rect.x + rect.w - 3.0, y), Anchor::End) } else { ((rect.x + 3.0, y), Anchor::Start) };
            self.labels[site] = Some(rect);
        }
    }
}

/// So far from a point towards another.
fn toward(from: Point, to: Point, step: f64) -> Point {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let long = dx.hypot(dy).max(step).max(1.0);
    (from.0 + dx / long * step, from.1 + dy / long * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_is_cut_open_where_nothing_stands() {
        // San Jose and Tianjin: over the Pacific. With Frankfurt between them: over the Atlantic.
        let pacific = View::of(&[(37.3, -121.9), (39.1, 117.2)]);
        let (us, cn) = (pacific.place((37.3, -121.9)), pacific.place((39.1, 117.2)));
        assert!(cn.0 < us.0 && cn.0 > 0.0 && us.0 < WIDTH, "{cn:?} {us:?}");
        let atlantic = View::of(&[(37.3, -121.9), (40.0, -74.0), (50.1, 8.7), (39.1, 117.2)]);
        assert!(atlantic.place((37.3, -121.9)).0 < atlantic.place((50.1, 8.7)).0);
        // One place: not nearer than the outlines are good for.
        let one = View::of(&[(37.4, 127.0)]);
        assert!(WIDTH / one.across >= LEAST_ACROSS - 0.1);
    }

    #[test]
    fn everything_lies_in_its_view() {
        let places = [(-33.9, 151.2), (64.1, -21.9), (1.3, 103.8), (-80.0, 0.0), (37.4, 179.9), (37.4, -179.9), (0.0, 0.0)];
        for n in 1..=places.len() {
            let view = View::of(&places[..n]);
            assert!((HEIGHTS.0 - 1.0..=HEIGHTS.1 + 1.0).contains(&view.height), "{n}: {view:?}");
            for place in &places[..n] {
                let (x, y) = view.place(*place);
                assert!((0.0..=WIDTH).contains(&x) && (0.0..=view.height).contains(&y), "{place:?} of {n}: {x} {y} {view:?}");
            }
        }
    }
}
