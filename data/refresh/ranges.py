#!/usr/bin/env python3
"""Makes data/ranges/cloud.csv from the files the providers publish. All arguments are local files; nothing is fetched.

    python3 data/refresh/ranges.py --aws ip-ranges.json --gcp cloud.json --azure ServiceTags_Public.json \
        --oci public_ip_ranges.json --digitalocean google.csv --cloudflare ips-v4 ips-v6 --keep data/ranges/cloud.csv > new.csv

A provider that is not given keeps its rows of --keep, so that one can be renewed alone. Columns: prefix, provider, region (the
provider's own id; AWS: the network border group, which is the place, and not the region; DigitalOcean: the geofeed's subdivision).
Prefixes of one region that lie side by side or in each other are merged; a prefix in two regions stays out, with a warning.
AWS Global Accelerator is anycast whatever region it is tagged with.
"""
import argparse
import csv
import ipaddress
import json
import sys
from collections import defaultdict


def aws(path):
    data = json.load(open(path))
    for p in data["prefixes"] + data["ipv6_prefixes"]:
        region = "ANYCAST" if p["service"] == "GLOBALACCELERATOR" else p["network_border_group"]
        yield p.get("ip_prefix") or p["ipv6_prefix"], region


def gcp(path):
    for p in json.load(open(path))["prefixes"]:
        yield p.get("ipv4Prefix") or p["ipv6Prefix"], p["scope"]


def azure(path):
    for v in json.load(open(path))["values"]:
        if v["properties"]["region"]:
            for p in v["properties"]["addressPrefixes"]:
                yield p, v["properties"]["region"]


def oci(path):
    for r in json.load(open(path))["regions"]:
        for c in r["cidrs"]:
            yield c["cidr"], r["region"]


def digitalocean(path):
    for row in csv.reader(open(path)):
        if row and not row[0].startswith("#"):
            yield row[0], row[2] or row[1]


def cloudflare(*paths):
    for path in paths:
        for line in open(path):
            if line.strip():
                yield line.strip(), "anycast"


def merged(pairs, provider):
    regions = defaultdict(set)
    for prefix, region in pairs:
        regions[ipaddress.ip_network(prefix, strict=False)].add(region)
    by_region = defaultdict(list)
    for net, names in regions.items():
        names = {"ANYCAST"} if "ANYCAST" in names else names
        if len(names) > 1:
            # A prefix that is listed as GLOBAL and in a region stands in that region for some services only.
            print(f"{provider}: {net} is in {sorted(names)}: left out", file=sys.stderr)
            continue
        by_region[names.pop()].append(net)
    for region, nets in by_region.items():
        for version in (4, 6):
            for net in ipaddress.collapse_addresses(n for n in nets if n.version == version):
                yield net, provider, region


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("aws", "gcp", "azure", "oci", "digitalocean"):
        args.add_argument(f"--{name}")
    args.add_argument("--cloudflare", nargs=2)
    args.add_argument("--keep")
    args = args.parse_args()
    rows, renewed = [], set()
    for name, reader in (("aws", aws), ("gcp", gcp), ("azure", azure), ("oci", oci), ("digitalocean", digitalocean)):
        if path := getattr(args, name):
            renewed.add(name)
            rows += merged(reader(path), name)
    if args.cloudflare:
        renewed.add("cloudflare")
        rows += merged(cloudflare(*args.cloudflare), "cloudflare")
    if args.keep:
        for row in csv.DictReader(open(args.keep)):
            if row["provider"] not in renewed:
                rows.append((ipaddress.ip_network(row["prefix"]), row["provider"], row["region"]))
    rows.sort(key=lambda r: (r[0].version, int(r[0].network_address), r[0].prefixlen, r[1]))
    print("prefix,provider,region")
    for net, provider, region in rows:
        print(f"{net},{provider},{region}")


main()
