#!/usr/bin/env python3
"""Measures how the data plane scales: many routes in one workspace, many tenants, and the memory that they take.

Each case is a store filled by `seed`, a server on a copy of it, and wrk asking for routes and tenants in random order. In each
round every case has a server started anew and asked once for what gets load, then a load to warm up; after that the
servers take turns, load by load, so that a slow moment of the machine meets all of them. A ratio is one of two loads of the
same turn, and the table has the medians of all turns' figures and ratios.

CPU time a request is read from /proc: that of the event loop, and that of the process, which also writes down what it has
counted, for each tenant in a file of its own. Memory is what a process holds (VmRSS) before it is asked and after its loads,
and at its peak, which comes in the last round when after the loads every tenant of the store has been asked once.

usage: Benchmarks/scale.py [--cases 1,2,…] [--rounds N] [--turns N] [--seconds S] [--binary PATH…] [--seed PATH] [--output FILE]

With several binaries each case is measured with each, to compare builds.
"""

import argparse
import concurrent.futures
import glob
import http.client
import os
import re
import shutil
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


def loop_seconds(server):
    """CPU time of the event loops, which is what requests take; the rest of the process works behind them."""
    nanoseconds = 0
    for thread in glob.glob(f"/proc/{server.process.pid}/task/*"):
        try:
            with open(f"{thread}/comm") as name, open(f"{thread}/schedstat") as times:
                if name.read().startswith("NIO-"):
                    nanoseconds += int(times.read().split()[0])
        except FileNotFoundError:
            pass  # Others come and go.
    return nanoseconds / 1e9


def load(server, script, seconds):
    """CPU µs a request of the event loops and of the whole process, and requests a second."""
    before = loop_seconds(server), server.cpu_seconds()
    output = subprocess.run(
        on_core(1, ["wrk", "-t1", "-c64", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{server.port}/"]),
        capture_output=True, text=True, check=True).stdout
    after = loop_seconds(server), server.cpu_seconds()
    requests = int(re.search(r"(\d+) requests in", output).group(1))
    if re.search(r"Non-2xx|Socket errors", output):
        sys.exit(output)
    loops, process = ((end - start) / requests * 1e6 for start, end in zip(before, after))
    return loops, process, float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))


class Subject:
    """A case with a binary: its store, a server on it for each round, and what was measured."""

    def __init__(self, folder, options, number, binary):
        self.name, tenants, self.mocks, self.routes, self.hot, self.base = CASES[number - 1]
        self.tenants, self.number, self.binary = tenants, number, binary
        self.folder = tempfile.mkdtemp(prefix=f"case-{number}-", dir=folder)
        shutil.copytree(filled(folder, options, tenants, self.mocks, self.routes), self.data)
        self.script = os.path.join(self.folder, "load.lua")
        with open(self.script, "w") as file:
            file.write(SCRIPT.format(seed=7, mocks=self.mocks, routes=self.routes, hot=self.hot))
        # What each turn gave; MB by round.
        self.loads, self.idle, self.after, self.peak = [], [], [], None
        self.server = None

    @property
    def data(self):
        return os.path.join(self.folder, "data")

    def start(self):
        self.server, _ = serve(self.folder, self.binary, self.data)
        self.idle.append(self.server.memory_mb())
        ask(self.server.port, self.hot)
        load(self.server, self.script, 2)

    def take_turn(self, seconds):
        self.loads.append(load(self.server, self.script, seconds))

    def end(self, is_last):
        self.after.append(self.server.memory_mb())
        if is_last:
            ask(self.server.port, self.tenants)
        self.peak = self.server.peak_memory_mb()

    def stop(self):
        if self.server:
            self.server.stop()
        self.server = None

    def row(self, label, base):
        """A line of the table."""
        loops, process, rate = zip(*self.loads)
        to_base = [
            statistics.median(mine / other for mine, other in zip(*pair))
            for pair in zip(zip(*self.loads), zip(*base.loads))]
        figures = [
            f"{statistics.median(loops):.1f}", f"{min(loops):.1f}", f"{to_base[0]:.2f}", f"{statistics.median(process):.1f}",
            f"{to_base[1]:.2f}", f"{statistics.median(rate):.0f}", f"{to_base[2]:.2f}", f"{statistics.median(self.idle):.0f}",
            f"{statistics.median(self.after):.0f}", f"{self.peak:.0f}"]
        return " | ".join([f"| {label}"] + figures) + " |"


def filled(folder, options, tenants, mocks, routes):
    """A store of that many tenants, mocks a tenant and routes a mock."""
    data = os.path.join(folder, f"{tenants}-{mocks}-{routes}")
    if not os.path.exists(data):
        print(f"filling a store: {tenants} tenants, {tenants * mocks * routes} routes", file=sys.stderr)
        subprocess.run([options.seed, data, str(tenants), str(mocks), str(routes)], check=True)
    return data


def measure(subjects, options, is_last):
    """One round."""
    try:
        for subject in subjects:
            subject.start()
        for turn in range(options.turns):
            # Forwards and backwards, so that no case always follows the same one.
            for subject in subjects[:: 1 if turn % 2 else -1]:
                subject.take_turn(options.seconds)
        for subject in subjects:
            subject.end(is_last)
    finally:
        for subject in subjects:
            subject.stop()


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--cases", default="1,2,3,4,5", help="which of: " + "; ".join(f"{i}, {case[0]}" for i, case in enumerate(CASES, 1)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turns", type=int, default=8, help="loads of each server in a round")
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

    with tempfile.TemporaryDirectory(prefix="mockforge-scale-") as folder:
        subjects = [Subject(folder, options, number, binary) for binary in binaries for number in numbers]
        for round_number in range(1, options.rounds + 1):
            measure(subjects, options, round_number == options.rounds)
            print(f"round {round_number} of {options.rounds} done", file=sys.stderr)
    lines = [
        f"Machine: {cpu_model()}, {os.cpu_count()} cores. wrk -t1 -c64 -d{options.seconds}s, {options.turns} loads in turns on each "
        f"of {options.rounds} servers, medians; servers on one core, wrk on the other; routes and tenants in random order. The "
        "base is the case of ten routes, and of 10,000 tenants the one with one hot.", "",
        "| case | event loop's CPU µs a request | least | to the base | process's | to the base | requests/s | to the base "
        "| memory MB: idle | after the loads | peak |", "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for subject in subjects:
        base = next(other for other in subjects if (other.binary, other.number) == (subject.binary, subject.base))
        label = subject.name if len(binaries) == 1 else f"{subject.name} ({os.path.relpath(subject.binary)})"
        lines.append(subject.row(label, base))
    publish("\n".join(lines), options)


if __name__ == "__main__":
    main()
