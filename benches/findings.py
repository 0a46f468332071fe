#!/usr/bin/env python3
"""CPU seconds and peak memory of `onshore check` on a project in which every endpoint of one pool is a finding.

    cargo build --release && python3 benches/findings.py --sizes 1000,10000
"""

import argparse
import os
import pathlib
import random
import subprocess
import tempfile

PROJECT = """
[inputs]
include = ["inventory.toml"]
[check]
policies = ["policy.toml"]
[[population]]
id = "germans"
origin = ["DE"]
data = ["user.contact"]
enters = ["app.example"]
"""

POLICY = """
[pack]
id = "house"
title = "The house's own rule"
version = "1.0.0"
binding = "company"
status = "in-force"
as-of = 2026-01-01
review-by = 2027-05-01
verification = "secondary"
[[instrument]]
id = "promise"
citation = "A promise"
[[rule]]
id = "in-the-union"
title = "Contact data of people in Germany stays in the EU"
instrument = "promise"
severity = "critical"
data = ["user.contact"]
origin = ["DE"]
only-in = ["@eu"]
"""

COUNTRIES = ["BR", "CN", "IN", "JP", "RU", "SG", "TR", "US"]


def inventory(size):
    numbers = random.Random(size)
    text = ['[[site]]\nid = "fra"\ncountry = "DE"\n[[endpoint]]\nid = "edge"\nsite = "fra"\nnames = ["app.example"]\n']
    text += [f'[[site]]\nid = "{c}"\ncountry = "{c}"\n' for c in COUNTRIES]
    for i in range(size):
        role = numbers.choice(["primary", "failover"])
        text.append(f'[[endpoint]]\nid = "host-{i:06}"\nsite = "{numbers.choice(COUNTRIES)}"\n')
        text.append(f'[[route]]\nfrom = "edge"\nto = "host-{i:06}"\nrole = "{role}"\n')
    return "\n".join(text)


def run(binary, folder, format):
    """Exit code, CPU seconds, peak MiB."""
    with open(os.devnull, "wb") as nowhere:
        child = subprocess.Popen([binary, "check", folder, "--format", format], stdout=nowhere, stderr=nowhere)
        _, status, used = os.wait4(child.pid, 0)
    return os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--binary", default="target/release/onshore")
    options.add_argument("--sizes", default="1000,10000", help="endpoints of the pool")
    options.add_argument("--formats", default="concise")
    options.add_argument("--runs", type=int, default=3, help="the best counts")
    options = options.parse_args()
    for size in map(int, options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("onshore.toml", PROJECT), ("policy.toml", POLICY), ("inventory.toml", inventory(size))):
                pathlib.Path(folder, name).write_text(text)
            for format in options.formats.split(","):
                code, seconds, memory = min(run(options.binary, folder, format) for _ in range(options.runs))
                if code != 1:
                    raise SystemExit(f"exit code {code}, not the 1 of a rule that is violated")
                print(f"{size:>7} {format:<8} {seconds:>6.2f} s {memory:>6.0f} MiB")


if __name__ == "__main__":
    main()
