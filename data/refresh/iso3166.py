#!/usr/bin/env python3
"""Makes data/iso3166.tsv: ISO 3166-1 and -2 from pycountry (iso-codes), Chinese names from Babel (Unicode CLDR).

    pip install pycountry babel
    python3 data/refresh/iso3166.py > data/iso3166.tsv

One line a code, sorted by code, tab-separated, without a header, so that it can be searched by bisection as it stands:

    AD      Andorra  AND  安道尔             country: code, English short name, alpha-3, Chinese short name
    AD-02   Canillo                          subdivision: code, English (or local) name, parent code if it has one

Only facts (codes and names) are taken. XK is user-assigned, not ISO's; everything else is as the packages have it, but for
the short names below.
"""
import pycountry
from babel import Locale

EN = {"BN": "Brunei", "CD": "DR Congo", "FK": "Falkland Islands", "FM": "Micronesia", "PS": "Palestine", "RU": "Russia", "SX": "Sint Maarten",
      "VA": "Vatican City", "VG": "British Virgin Islands", "VI": "U.S. Virgin Islands", "UM": "U.S. Outlying Islands"}
ZH = {"HK": "中国香港", "MO": "中国澳门", "TW": "中国台湾"}

zh = Locale("zh").territories
lines = ["XK\tKosovo\tXKX\t科索沃"]
for c in pycountry.countries:
    english = EN.get(c.alpha_2) or getattr(c, "common_name", c.name)
    lines.append(f"{c.alpha_2}\t{english}\t{c.alpha_3}\t{ZH.get(c.alpha_2) or zh[c.alpha_2]}")
for s in pycountry.subdivisions:
    lines.append(f"{s.code}\t{' '.join(s.name.split())}\t{s.parent_code or ''}".rstrip("\t"))
for line in sorted(lines, key=lambda l: l.encode()):
    print(line)
