#!/usr/bin/env python3
"""Measures a scrape of /metrics when every tenant of many has series of its own, and what it does to requests meanwhile.

A store is filled by `seed`, a server is started on it with room for that many tenants in the metrics, and each tenant is
asked once. Then /metrics on the management port is fetched `--scrapes` times, half a second apart, and timed from the
connection to the last byte, while an open-loop generator asks one tenant's mock `--rate` times a second and times each
request from the moment at which it was due. A request is "during" a scrape when its time overlaps the scrape's, and "between"
otherwise. The server has one core; the generator and the client that scrapes share the other.

usage: Benchmarks/scrape.py [--tenants N] [--scrapes N] [--rate R] [--binary PATH] [--seed PATH] [--output FILE]
"""

import argparse
import bisect
import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import openloop
import run
import scale

PAUSE = 0.5


def scrape(port):
    """Seconds from the start to the end (time.monotonic()), and the text."""
    start = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/metrics")
    response = connection.getresponse()
    # In small pieces: the kernel copies each without letting the generator have the core.
    text = b"".join(iter(lambda: response.read(16 * 1024), b""))
    connection.close()
    if response.status != 200:
        sys.exit(f"/metrics answered {response.status}")
    return start, time.monotonic(), text


def overlaps(reply, scrapes):
    """Whether any of the scrapes, which follow each other in time, was under way while the request was."""
    start, end = reply.due / 1e6, (reply.due + reply.took) / 1e6
    place = bisect.bisect_left([scrape_end for _, scrape_end, _ in scrapes], start)
    return place < len(scrapes) and scrapes[place][0] <= end


def measure(folder, options):
    program = openloop.build(folder)
    data = os.path.join(folder, "data")
    subprocess.run([options.seed, data, str(options.tenants), "1", "1"], check=True)
    server, management = run.serve(
        folder, options.binary, data, {"MOCKFORGE_METRICS_TENANT_LABEL_LIMIT": str(options.tenants)})
    try:
        scale.ask(server.port, options.tenants)
        start, end, text = scrape(management)
        named = len(set(re.findall(rb'tenant_id="([^"]+)"', text)) - {b"other"})
        if named < options.tenants:
            sys.exit(f"only {named} of {options.tenants} tenants have series")
        case = run.Case("hot tenant", server, "GET", "/m0/r0/1", 200, {"Host": "seeded0.localhost"})
        # Long enough to meet all scrapes, although they may take twice as long under load.
        seconds = options.scrapes * (PAUSE + 2 * (end - start)) + 3
        load = openloop.Load(program, case, options.rate, seconds, connections=32)
        os.sched_setaffinity(0, {run.core(1)})
        # Behind the generator, which would else be late while this reads megabytes: also a nice process keeps its time slice
        # of milliseconds, an idle one is interrupted at once.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        time.sleep(1)
        scrapes = []
        for _ in range(options.scrapes):
            scrapes.append(scrape(management))
            time.sleep(PAUSE)
        replies = load.replies()
        openloop.demand(case, replies)
        return scrapes, replies, named
    finally:
        server.stop()


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", type=int, default=5000)
    parser.add_argument("--scrapes", type=int, default=20)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--binary", default=os.path.join(root, ".build/release/mockforge"))
    parser.add_argument("--seed", default=os.path.join(root, ".build/release/seed"))
    parser.add_argument("--output", help="also write the table to this file")
    options = parser.parse_args()
    options.binary, options.seed = os.path.abspath(options.binary), os.path.abspath(options.seed)

    with tempfile.TemporaryDirectory(prefix="mockforge-scrape-") as folder:
        scrapes, replies, named = measure(folder, options)
    table = render(scrapes, replies, named, options)
    run.publish(table, options)


def render(scrapes, replies, named, options):
    times = [(end - start) * 1000 for start, end, _ in scrapes]
    text = scrapes[-1][2]
    series = sum(1 for line in text.splitlines() if line and not line.startswith(b"#"))
    during = [reply for reply in replies if overlaps(reply, scrapes)]
    met = {id(reply) for reply in during}
    lines = [
        f"Machine: {run.cpu_model()}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the end. "
        f"{len(scrapes)} scrapes, {PAUSE:g} s apart, while a mock is asked {options.rate:g} times a second; server on one core, "
        "clients on the other.", "",
        "| tenants | series | bytes | a scrape, median ms | slowest ms |", "| --- | --- | --- | --- | --- |",
        f"| {named} | {series} | {len(text)} | {statistics.median(times):.1f} | {max(times):.1f} |", "",
        "| requests | number | p50 µs | p99 µs | slowest µs |", "| --- | --- | --- | --- | --- |"]
    for name, part in [("during a scrape", during), ("between", [reply for reply in replies if id(reply) not in met])]:
        if part:
            figures = [f"{openloop.quantile(part, share):.0f}" for share in (0.5, 0.99, 1)]
            lines.append(f"| {name} | {len(part)} | {' | '.join(figures)} |")
        else:
            lines.append(f"| {name} | 0 | | | |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
