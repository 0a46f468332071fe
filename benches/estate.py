#!/usr/bin/env python3
"""Makes estates of growing size and measures `onshore check` on them as a whole process.

    cargo build --release && python3 benches/estate.py [--sizes 1,4,16] [--runs 3]

Size 1 is 25,000 endpoints and 125,000 routes with 20 rules; 4 is 100,000 and 500,000. Prints wall time, peak memory and exit
code of each run; nothing is asserted, because a timed test fails on a busy machine.
"""

import argparse
import os
import pathlib
import random
import resource
import subprocess
import tempfile
import time

REGIONS = ["US", "DE", "FR", "JP", "CN", "BR", "IN", "GB", "AU", "CA"]
CLASSES = ["communications.content", "communications.recordings", "user.contact", "telemetry"]


def write(root: pathlib.Path, size: int) -> None:
    """Ten regions that mostly keep to themselves: entries -> services -> stores, with pools, failover and replicas."""
    rng = random.Random(20)
    per_region = 2_500 * size
    (root / "inventory").mkdir(parents=True)
    (root / "policies").mkdir()
    with open(root / "inventory/sites.csv", "w") as f:
        f.write("id,country,networks,account,provider\n")
        for r, country in enumerate(REGIONS):
            for s in range(5):
                f.write(f"{country.lower()}{s},{country},10.{r * 10 + s}.0.0/16,prod-{country.lower()},colo\n")
    with open(root / "inventory/endpoints.csv", "w") as f:
        f.write("id,kind,roles,site,addresses\n")
        for r, country in enumerate(REGIONS):
            for i in range(per_region):
                kind, roles = ("proxy", "transit") if i % 5 < 2 else ("service", "process") if i % 5 < 4 else ("database", "store")
                if i % 3:
                    f.write(f"{country.lower()}-{i},{kind},{roles},{country.lower()}{i % 5},\n")
                else:
                    address = f"10.{r * 10 + i % 5}.{i // 250 % 250}.{i % 250 + 1}"
                    f.write(f"{country.lower()}-{i},{kind},{roles},,{address}:{1024 + i % 60000}\n")
    with open(root / "inventory/routes.csv", "w") as f:
        f.write("from,to,activity,role,pool,priority\n")
        for country in REGIONS:
            name = country.lower()
            for i in range(per_region):
                for k in range(5):
                    to = rng.randrange(per_region)
                    if i % 5 == 4:
                        f.write(f"{name}-{i},{name}-{to - to % 5 + 4},replicate,primary,,\n")
                    else:
                        role, priority = ("failover", 1) if k == 4 else ("primary", 0)
                        f.write(f"{name}-{i},{name}-{to},forward,{role},p{k // 3},{priority}\n")
    with open(root / "onshore.toml", "w") as f:
        f.write('[inputs]\ninclude = ["inventory/*.csv"]\n\n[check]\npolicies = ["policies/p.toml"]\n')
        for country in REGIONS:
            classes = ", ".join(f'"{c}"' for c in CLASSES)
            f.write(f'\n[[population]]\nid = "{country.lower()}-users"\norigin = ["{country}"]\ndata = [{classes}]\nenters = ["{country.lower()}-0"]\n')
    with open(root / "policies/p.toml", "w") as f:
        f.write('[pack]\nid = "p"\ntitle = "p"\nversion = "1.0.0"\nbinding = "company"\nstatus = "in-force"\nas-of = 2026-01-01\nverification = "primary"\n')
        for country in REGIONS:
            for n, demand in enumerate([f'only-in = ["{country}"]', f'never-in = ["{"CN" if country != "CN" else "US"}"]']):
                f.write(f'\n[[rule]]\nid = "{country.lower()}-{n}"\ntitle = "t"\nseverity = "high"\norigin = ["{country}"]\ndata = ["communications.content"]\n{demand}\n')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1,4,16")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--binary", default=str(pathlib.Path(__file__).parent.parent / "target/release/onshore"))
    args = parser.parse_args()
    for size in map(int, args.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            write(root, size)
            walls = []
            for _ in range(args.runs):
                start = time.perf_counter()
                child = subprocess.Popen([args.binary, "check", ".", "--format", "json", "-o", os.devnull], cwd=root,
                                         stdout=subprocess.DEVNULL)
                _, status, usage = os.wait4(child.pid, 0)
                walls.append(time.perf_counter() - start)
            mib = usage.ru_maxrss / 1024
            print(f"{25_000 * size:>9,} endpoints {125_000 * size:>9,} routes 20 rules: "
                  f"wall {min(walls):.3f} s (of {args.runs} runs), CPU {usage.ru_utime + usage.ru_stime:.2f} s, peak {mib:,.0f} MiB, "
                  f"exit {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
