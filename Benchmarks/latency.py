#!/usr/bin/env python3
"""Measures how even the replies are at half of the maximum load: p50 and p99 of a static mock, beside nginx.

The maximum of each server is the median of three runs of wrk. Half of it is then asked at even distances by an open-loop
generator, which times each request from the moment at which it was due, so that one that waits for a stalled server counts
as slow. The two servers take turns, round after round: what nginx shows is the jitter of the machine. Each server has one
core and the generator the other. A cell is the median over the rounds, with the smallest and the largest for the ratio.

usage: Benchmarks/latency.py [--rounds N] [--seconds S] [--connections C] [--binary PATH] [--output FILE]
"""

import argparse
import os
import statistics
import tempfile

import openloop
import run


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--binary", default=os.path.join(root, ".build/release/mockforge"))
    parser.add_argument("--output", help="also write the table to this file")
    options = parser.parse_args()

    servers = []
    with tempfile.TemporaryDirectory(prefix="mockforge-latency-") as folder:
        try:
            program = openloop.build(folder)
            nginx = run.start_nginx(folder)
            servers.append(nginx)
            mockforge = run.start_mockforge(folder, os.path.abspath(options.binary))
            servers.append(mockforge)
            static = next(case for case in run.mock_cases(mockforge) if case.name == "static")
            cases = [run.Case("nginx return 200", nginx, "GET", "/", 200), static]
            rates = {case.name: maximum(case, options, folder) / 2 for case in cases}
            rounds = {case.name: [] for case in cases}
            for _ in range(options.rounds):
                for case in cases:
                    replies = openloop.ask(
                        program, case, rates[case.name], options.seconds, options.connections)
                    rounds[case.name].append([openloop.quantile(replies, share) for share in (0.5, 0.99)])
        finally:
            for server in servers:
                server.stop()
    table = render(rates, rounds, options)
    run.publish(table, options)


def maximum(case, options, folder):
    """Requests a second when all connections ask as fast as they are answered."""
    run.run_wrk(case, 1, options.connections, folder)
    return statistics.median(run.run_wrk(case, 2, options.connections, folder)["rate"] for _ in range(3))


def render(rates, rounds, options):
    lines = [
        f"Machine: {run.cpu_model()}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the end. "
        f"{options.rounds} interleaved rounds of {options.seconds} s over {options.connections} connections, medians; server on "
        "one core, generator on the other.", "",
        "| server | requests/s, half of the maximum | p50 µs | p99 µs | p99/p50 | smallest to largest |",
        "| --- | --- | --- | --- | --- | --- |"]
    for name, results in rounds.items():
        p50, p99 = (statistics.median(column) for column in zip(*results))
        ratios = [p99 / p50 for p50, p99 in results]
        lines.append(
            f"| {name} | {rates[name]:.0f} | {p50:.0f} | {p99:.0f} | {statistics.median(ratios):.2f} | "
            f"{min(ratios):.2f} to {max(ratios):.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
