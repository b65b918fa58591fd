#!/usr/bin/env python3
"""Measures how the data plane scales: many routes in one workspace, many tenants, and the memory that they take.

Each case is a store filled by `seed`, a server on it, and wrk asking for routes and tenants in random order: once to warm
up, then `--rounds` times. CPU time a request is read from /proc. Memory is what the process holds (VmRSS) before the load and
after it, and at its peak, which comes when after all that every tenant of the store has been asked once.

usage: Benchmarks/scale.py [--cases 1,2,…] [--rounds N] [--seconds S] [--binary PATH] [--seed PATH] [--output FILE]
"""

import argparse
import concurrent.futures
import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile

from run import cpu_model, on_core, publish, serve

# name, tenants, mocks a tenant, routes a mock, tenants that get load
CASES = [
    ("10 routes in a workspace", 1, 1, 10, 1),
    ("10,000 routes in a workspace", 1, 1, 10_000, 1),
    ("100,000 routes over 1,000 tenants", 1_000, 10, 10, 1_000),
    ("10,000 tenants with 10 mocks of 5 routes known, 1 hot", 10_000, 10, 5, 1),
    ("10,000 tenants with 10 mocks of 5 routes known, 200 hot", 10_000, 10, 5, 200),
]

SCRIPT = """
math.randomseed({seed})
request = function()
  local path = "/m" .. math.random(0, {mocks} - 1) .. "/r" .. math.random(0, {routes} - 1) .. "/4711"
  return "GET " .. path .. " HTTP/1.1\\r\\nHost: seeded" .. math.random(0, {hot} - 1) .. ".localhost\\r\\n\\r\\n"
end
"""


def ask(port, tenants):
    """One request to each of the first tenants."""
    def ask_some(numbers):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for number in numbers:
            connection.request("GET", "/m0/r0/1", headers={"Host": f"seeded{number}.localhost"})
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                sys.exit(f"tenant {number} answered {response.status}")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(ask_some, [range(start, tenants, 8) for start in range(8)]))


def load(server, script, seconds):
    before = server.cpu_seconds()
    output = subprocess.run(
        on_core(1, ["wrk", "-t1", "-c64", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{server.port}/"]),
        capture_output=True, text=True, check=True).stdout
    cpu = server.cpu_seconds() - before
    requests = int(re.search(r"(\d+) requests in", output).group(1))
    if re.search(r"Non-2xx|Socket errors", output):
        sys.exit(output)
    return cpu / requests * 1e6, float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))


def measure(folder, options, case):
    name, tenants, mocks, routes, hot = case
    data = os.path.join(folder, f"{tenants}-{mocks}-{routes}")
    if not os.path.exists(data):
        print(f"filling a store: {tenants} tenants, {tenants * mocks * routes} routes", file=sys.stderr)
        subprocess.run([options.seed, data, str(tenants), str(mocks), str(routes)], check=True)
    server, _ = serve(folder, options.binary, data)
    try:
        idle = server.memory_mb()
        ask(server.port, hot)
        script = os.path.join(folder, "load.lua")
        with open(script, "w") as file:
            file.write(SCRIPT.format(seed=7, mocks=mocks, routes=routes, hot=hot))
        load(server, script, 2)
        results = [load(server, script, options.seconds) for _ in range(options.rounds)]
        cpu, rate = (statistics.median(column) for column in zip(*results))
        after = server.memory_mb()
        ask(server.port, tenants)
        return name, cpu, rate, idle, after, server.peak_memory_mb()
    finally:
        server.stop()


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--cases", default="1,2,3,4,5", help="which of: " + "; ".join(f"{i}, {case[0]}" for i, case in enumerate(CASES, 1)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--binary", default=os.path.join(root, ".build/release/mockforge"))
    parser.add_argument("--seed", default=os.path.join(root, ".build/release/seed"))
    parser.add_argument("--output", help="also write the table to this file")
    options = parser.parse_args()
    options.binary, options.seed = os.path.abspath(options.binary), os.path.abspath(options.seed)

    with tempfile.TemporaryDirectory(prefix="mockforge-scale-") as folder:
        rows = [measure(folder, options, CASES[int(number) - 1]) for number in options.cases.split(",")]
    lines = [
        f"Machine: {cpu_model()}, {os.cpu_count()} cores. wrk -t1 -c64 -d{options.seconds}s, {options.rounds} rounds, "
        "medians; server on one core, wrk on the other; routes and tenants in random order.", "",
        "| case | CPU µs a request | to the first | requests/s | memory MB: idle | after the load | peak |",
        "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, cpu, rate, idle, after, peak in rows:
        lines.append(
            f"| {name} | {cpu:.1f} | {cpu / rows[0][1]:.2f} | {rate:.0f} | {idle:.0f} | {after:.0f} | {peak:.0f} |")
    publish("\n".join(lines), options)


if __name__ == "__main__":
    main()
