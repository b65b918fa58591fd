#!/usr/bin/env python3
"""Measures how the data plane scales: many routes in one workspace, many tenants, and the memory that they take.

Each case is a store filled by `seed`, a server on it, and wrk asking for routes and tenants in random order. The cases take
turns: in each round each has a server started anew, one load to warm up and three that count, so that a slow minute of
the machine meets all of them. What a case is compared with is the case of the same round, and the table has the medians of
those ratios. CPU time a request is read from /proc. Memory is what the process holds (VmRSS) before the load and after it,
and at its peak, which comes in the last round when after the load every tenant of the store has been asked once.

usage: Benchmarks/scale.py [--cases 1,2,…] [--rounds N] [--seconds S] [--binary PATH…] [--seed PATH] [--output FILE]

With several binaries each case is measured with each, to compare builds.
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

# name, tenants, mocks a tenant, routes a mock, tenants that get load, the case that it is compared with
CASES = [
    ("10 routes in a workspace", 1, 1, 10, 1, 1),
    ("10,000 routes in a workspace", 1, 1, 10_000, 1, 1),
    ("100,000 routes over 1,000 tenants", 1_000, 10, 10, 1_000, 1),
    ("10,000 tenants with 10 mocks of 5 routes known, 1 hot", 10_000, 10, 5, 1, 4),
    ("10,000 tenants with 10 mocks of 5 routes known, 200 hot", 10_000, 10, 5, 200, 4),
]
LOADS = 3

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


def store(folder, options, case):
    _, tenants, mocks, routes, _, _ = case
    data = os.path.join(folder, f"{tenants}-{mocks}-{routes}")
    if not os.path.exists(data):
        print(f"filling a store: {tenants} tenants, {tenants * mocks * routes} routes", file=sys.stderr)
        subprocess.run([options.seed, data, str(tenants), str(mocks), str(routes)], check=True)
    return data


def measure(folder, options, case, binary, is_last):
    """CPU µs a request, requests a second, and memory: idle, after the load, and where it is the last round at its peak."""
    _, tenants, mocks, routes, hot, _ = case
    server, _ = serve(folder, binary, store(folder, options, case))
    try:
        idle = server.memory_mb()
        ask(server.port, hot)
        script = os.path.join(folder, "load.lua")
        with open(script, "w") as file:
            file.write(SCRIPT.format(seed=7, mocks=mocks, routes=routes, hot=hot))
        load(server, script, 2)
        results = [load(server, script, options.seconds) for _ in range(LOADS)]
        cpu, rate = (statistics.median(column) for column in zip(*results))
        after = server.memory_mb()
        if is_last:
            ask(server.port, tenants)
        return cpu, rate, idle, after, server.peak_memory_mb()
    finally:
        server.stop()


def row(name, mine, theirs):
    """A line of the table: medians over the rounds, and the medians of what each round gave to the round's base."""
    def median(values):
        return statistics.median(list(values))

    cpu = median(mine_cpu / base_cpu for (mine_cpu, *_), (base_cpu, *_) in zip(mine, theirs))
    rate = median(m[1] / t[1] for m, t in zip(mine, theirs))
    return (
        f"| {name} | {median(m[0] for m in mine):.1f} | {min(m[0] for m in mine):.1f} | {cpu:.2f} | "
        f"{median(m[1] for m in mine):.0f} | {rate:.2f} | {median(m[2] for m in mine):.0f} | "
        f"{median(m[3] for m in mine):.0f} | {mine[-1][4]:.0f} |")


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--cases", default="1,2,3,4,5", help="which of: " + "; ".join(f"{i}, {case[0]}" for i, case in enumerate(CASES, 1)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--binary", nargs="+", default=[os.path.join(root, ".build/release/mockforge")])
    parser.add_argument("--seed", default=os.path.join(root, ".build/release/seed"))
    parser.add_argument("--output", help="also write the table to this file")
    options = parser.parse_args()
    options.seed = os.path.abspath(options.seed)
    binaries = [os.path.abspath(binary) for binary in options.binary]
    numbers = [int(number) for number in options.cases.split(",")]
    missing = {CASES[number - 1][5] for number in numbers} - set(numbers)
    if missing:
        sys.exit(f"--cases must hold what the others are compared with: {', '.join(map(str, sorted(missing)))}")

    results = {(binary, number): [] for binary in binaries for number in numbers}
    with tempfile.TemporaryDirectory(prefix="mockforge-scale-") as folder:
        for number in numbers:
            store(folder, options, CASES[number - 1])
        for round_number in range(1, options.rounds + 1):
            # Forwards and backwards, so that no case always follows the same one.
            for binary, number in list(results)[:: 1 if round_number % 2 else -1]:
                results[binary, number].append(
                    measure(folder, options, CASES[number - 1], binary, round_number == options.rounds))
            print(f"round {round_number} of {options.rounds} done", file=sys.stderr)
    lines = [
        f"Machine: {cpu_model()}, {os.cpu_count()} cores. wrk -t1 -c64 -d{options.seconds}s, {LOADS} loads on each of "
        f"{options.rounds} servers started in turns, medians; server on one core, wrk on the other; routes and tenants in random "
        "order. The base is the case of ten routes, and of 10,000 tenants the one with one hot.", "",
        "| case | CPU µs a request | least | to the base | requests/s | to the base | memory MB: idle | after the load | peak |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for (binary, number), mine in results.items():
        name, base = CASES[number - 1][0], CASES[number - 1][5]
        label = name if len(binaries) == 1 else f"{name} ({os.path.basename(binary)})"
        lines.append(row(label, mine, results[binary, base]))
    publish("\n".join(lines), options)


if __name__ == "__main__":
    main()
