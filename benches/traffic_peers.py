#!/usr/bin/env python3
"""Puts the question of benches/traffic.rs to other engines, and checks that all answers are equal.

    ONSHORE_BENCH_KEEP=/tmp/logs cargo bench --bench traffic --features parquet -- 4000000
    pip install chdb duckdb polars pyarrow
    python3 benches/traffic_peers.py /tmp/logs

The question: flows and bytes by the party of the source and of the destination address, over all rows with data. Each engine runs in a
process of its own, from start to answer; the best of three by the clock is shown, with the processor's seconds and the peak memory.
An engine that is not installed, or fails, is said so; a different answer ends with exit code 1.
"""
import csv
import glob
import ipaddress
import os
import resource
import subprocess
import sys
import time

FIELDS = (
    "version account_id interface_id srcaddr dstaddr srcport dstport protocol packets bytes start end_time action log_status".split()
)


def duckdb_answer(folder, kind):
    import duckdb

    db = duckdb.connect()
    columns = "{" + ", ".join(f"'{f}': '{'BIGINT' if f == 'bytes' else 'VARCHAR'}'" for f in FIELDS) + "}"
    files = f"{folder}/gz/*.gz" if kind == "gzip" else f"{folder}/text/*.log"
    source = f"read_csv('{files}', delim=' ', header=true, nullstr='-', columns={columns})"
    if kind == "parquet":
        source = f"read_parquet('{folder}/aws/*.parquet')"
    number = " + ".join(f"split_part(a, '.', {i + 1})::BIGINT * {256 ** (3 - i)}" for i in range(4))
    return db.execute(
        f"""
        CREATE TABLE flows AS SELECT srcaddr, dstaddr, bytes FROM {source} WHERE log_status = 'OK';
        CREATE TABLE ranges AS SELECT start::BIGINT AS start, party FROM read_csv('{folder}/ranges.csv');
        CREATE TABLE who AS SELECT a, party FROM
            (SELECT a, {number} AS n FROM (SELECT DISTINCT srcaddr AS a FROM flows UNION SELECT DISTINCT dstaddr FROM flows))
            ASOF JOIN ranges ON n >= start;
        SELECT s.party, d.party, count(*), sum(bytes)::BIGINT FROM flows
            JOIN who s ON s.a = srcaddr JOIN who d ON d.a = dstaddr GROUP BY ALL
        """
    ).fetchall()


def polars_answer(folder, kind):
    import polars as pl

    files = f"{folder}/gz/*.gz" if kind == "gzip" else f"{folder}/text/*.log"
    schema = {f: pl.Int64 if f == "bytes" else pl.String for f in FIELDS}
    ranges = pl.read_csv(f"{folder}/ranges.csv").with_columns(pl.col("start").cast(pl.Int64)).sort("start")
    frames = []
    if kind == "parquet":
        frame = pl.scan_parquet(f"{folder}/aws/*.parquet").filter(pl.col("log_status") == "OK")
        frames.append(frame.select("srcaddr", "dstaddr", "bytes").collect())
        files = ""
    for file in sorted(glob.glob(files)):
        frame = pl.read_csv(file, separator=" ", has_header=False, skip_rows=1, schema=schema, null_values="-")
        frames.append(frame.filter(pl.col("log_status") == "OK").select("srcaddr", "dstaddr", "bytes"))
    flows = pl.concat(frames)
    who = pl.concat([flows["srcaddr"], flows["dstaddr"]]).unique().to_frame("a")
    parts = pl.col("a").str.split(".").list
    number = sum(parts.get(i).cast(pl.Int64) * 256 ** (3 - i) for i in range(4))
    who = who.with_columns(n=number).sort("n").join_asof(ranges, left_on="n", right_on="start").select("a", "party")
    flows = flows.join(who, left_on="srcaddr", right_on="a").rename({"party": "from"})
    flows = flows.join(who, left_on="dstaddr", right_on="a").rename({"party": "to"})
    return flows.group_by("from", "to").agg(pl.len(), pl.col("bytes").sum()).rows()


def chdb_answer(folder, kind):
    from chdb import session

    prefixes = os.path.join(folder, "prefixes.csv")
    files = f"{folder}/gz/*.gz" if kind == "gzip" else f"{folder}/text/*.log"
    structure = ", ".join(f"{f} {'Nullable(UInt64)' if f == 'bytes' else 'String'}" for f in FIELDS)
    db = session.Session()
    for statement in (
        "CREATE DATABASE IF NOT EXISTS b ENGINE = Atomic",
        "CREATE TABLE b.prefixes (prefix String, party UInt32) ENGINE = Memory",
        f"INSERT INTO b.prefixes SELECT * FROM file('{prefixes}', 'CSV', 'prefix String, party UInt32')",
        "CREATE DICTIONARY b.who (prefix String, party UInt32) PRIMARY KEY prefix "
        "SOURCE(CLICKHOUSE(DB 'b' TABLE 'prefixes')) LAYOUT(IP_TRIE) LIFETIME(0)",
    ):
        db.query(statement)
    source = f"file('{files}', 'CustomSeparatedWithNames', '{structure}')"
    if kind == "parquet":
        source = f"file('{folder}/aws/*.parquet', 'Parquet')"
    # Columns of a Parquet file may be null; those of rows with the status OK are not.
    who = "dictGetUInt32('b.who', 'party', tuple(toIPv4(assumeNotNull({}))))"
    query = f"""
        SELECT {who.format('srcaddr')} AS f, {who.format('dstaddr')} AS t, count(), sum(bytes)
        FROM {source} WHERE log_status = 'OK' GROUP BY f, t
        SETTINGS format_custom_field_delimiter = ' ', format_custom_escaping_rule = 'CSV', format_csv_null_representation = '-',
            input_format_with_names_use_header = 0, input_format_custom_detect_header = 0
    """
    return [tuple(int(v) for v in line.split(",")) for line in str(db.query(query, "CSV")).splitlines()]


ENGINES = {"duckdb": duckdb_answer, "polars": polars_answer, "chdb": chdb_answer}


def prefixes(folder):
    """The ranges as networks, which is what ClickHouse's trie takes."""
    path = os.path.join(folder, "prefixes.csv")
    if os.path.exists(path):
        return
    with open(os.path.join(folder, "ranges.csv"), newline="") as file:
        rows = [(int(r["start"]), int(r["party"])) for r in csv.DictReader(file)]
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        for (start, party), (following, _) in zip(rows, rows[1:] + [(2**32, 0)]):
            for network in ipaddress.summarize_address_range(ipaddress.IPv4Address(start), ipaddress.IPv4Address(following - 1)):
                out.writerow([network, party])


def expected(folder):
    with open(os.path.join(folder, "answer.csv"), newline="") as file:
        return {(int(r["from"]), int(r["to"])): (int(r["flows"]), int(r["bytes"])) for r in csv.DictReader(file)}


def child(engine, folder, kind):
    answer = {(int(f), int(t)): (int(n), int(b)) for f, t, n, b in ENGINES[engine](folder, kind)}
    wanted = expected(folder)
    wrong = {k for k in wanted.keys() | answer.keys() if wanted.get(k) != answer.get(k)}
    if wrong:
        some = sorted(wrong)[0]
        print(f"{len(wrong)} groups differ, such as {some}: {answer.get(some)}, not {wanted.get(some)}")
        return 3
    return 0


def main():
    if len(sys.argv) == 5 and sys.argv[1] == "--child":
        return child(*sys.argv[2:])
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    folder = os.path.abspath(sys.argv[1])
    prefixes(folder)
    rows = sum(flows for flows, _ in expected(folder).values())
    print(f"{rows} flows, {len(expected(folder))} groups")
    different = False
    for engine in ENGINES:
        kinds = ("text", "gzip", "parquet") if os.path.isdir(f"{folder}/aws") else ("text", "gzip")
        for kind in kinds:
            best = None
            for _ in range(3):
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                start = time.monotonic()
                command = [sys.executable, os.path.abspath(__file__), "--child", engine, folder, kind]
                run = subprocess.run(command, capture_output=True, text=True, check=False)
                seconds = time.monotonic() - start
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                if run.returncode != 0:
                    different |= run.returncode == 3
                    said = (run.stdout.strip() or run.stderr.strip()).splitlines()[-1:]
                    print(f"{engine:<8} {kind:<7} no answer to compare: {''.join(said)}")
                    break
                spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                if best is None or seconds < best[0]:
                    best = (seconds, spent, after.ru_maxrss // 1024)
            else:
                seconds, spent, memory = best
                print(f"{engine:<8} {kind:<7} {rows / seconds / 1e6:6.2f} M rows/s  {seconds:6.2f} s, {spent:6.2f} CPU s, {memory} MiB (largest so far), equal")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
