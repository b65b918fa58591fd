#!/usr/bin/env python3
"""Measures how even the replies are at half of the maximum load: p50 and p99 of a static mock, beside nginx.

The maximum of each server is the median of three runs of wrk. Half of it is then asked at even distances by an open-loop
generator, which times each request from the moment at which it was due, so that one that waits for a stalled server counts
as slow. The two servers take turns, round after round: what nginx shows is the jitter of the machine. Each server has one
core and the generator the other. A cell is the median over the rounds, with the smallest and the largest for the ratio.

Other programs of the machine take turns with a server, for milliseconds at a time; once they do for a hundredth of the time, no
server can answer 99 of 100 requests soon. So servers and generator are put before them, at real-time priority, unless
`--among-others` is given or this user may not. What is taken even so is told of a program that only looks at the clock, on the
servers' core; and the last column has the ratio within windows of 100 ms, the median over all of them: most have no gap.

usage: Benchmarks/latency.py [--rounds N] [--seconds S] [--connections C] [--among-others] [--binary PATH] [--output FILE]
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
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--among-others", action="store_true", help="leave the programs their ordinary priority")
    parser.add_argument("--binary", default=os.path.join(root, ".build/release/mockforge"))
    parser.add_argument("--output", help="also write the table to this file")
    options = parser.parse_args()

    goes_first = not options.among_others and openloop.may_go_first()
    servers = []
    with tempfile.TemporaryDirectory(prefix="mockforge-latency-") as folder:
        try:
            program, clock = openloop.build(folder), openloop.build(folder, "gaps")
            nginx = run.start_nginx(folder)
            servers.append(nginx)
            mockforge = run.start_mockforge(folder, os.path.abspath(options.binary))
            servers.append(mockforge)
            static = next(case for case in run.mock_cases(mockforge) if case.name == "static")
            cases = [run.Case("nginx return 200", nginx, "GET", "/", 200), static]
            rates = {case.name: maximum(case, options, folder) / 2 for case in cases}
            rounds = {case.name: [] for case in cases}
            windows = {case.name: [] for case in cases}
            gaps = []
            if goes_first:
                for server in servers:
                    openloop.put_first(server)
            for _ in range(options.rounds):
                gaps.append(openloop.gaps(clock, 0.5, goes_first))
                for case in cases:
                    replies = openloop.ask(
                        program, case, rates[case.name], options.seconds, options.connections, goes_first)
                    rounds[case.name].append(quantiles(replies))
                    windows[case.name] += [quantiles(piece) for piece in openloop.windows(replies, 100_000)]
        finally:
            for server in servers:
                server.stop()
    table = render(rates, rounds, windows, gaps, goes_first, options)
    run.publish(table, options)


def maximum(case, options, folder):
    """Requests a second when all connections ask as fast as they are answered."""
    run.run_wrk(case, 1, options.connections, folder)
    return statistics.median(run.run_wrk(case, 2, options.connections, folder)["rate"] for _ in range(3))


def quantiles(replies):
    """p50 and p99, in µs."""
    return [openloop.quantile(replies, share) for share in (0.5, 0.99)]


def render(rates, rounds, windows, gaps, goes_first, options):
    lines = [
        f"Machine: {run.cpu_model()}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the end. "
        f"{options.rounds} interleaved rounds of {options.seconds} s over {options.connections} connections, medians; server on "
        f"one core, generator on the other, {'before' if goes_first else 'among'} the machine's other programs.",
        f"A program that only looks at the clock lost {statistics.median(share for share, _ in gaps):.1%} of its time in gaps over "
        f"50 µs ({min(gaps)[0]:.1%} to {max(gaps)[0]:.1%} a round), the longest {max(longest for _, longest in gaps)} µs.", "",
        "| server | requests/s, half of the maximum | p50 µs | p99 µs | p99/p50 | smallest to largest | within 100 ms |",
        "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, results in rounds.items():
        p50, p99 = (statistics.median(column) for column in zip(*results))
        ratios = [p99 / p50 for p50, p99 in results]
        lines.append(
            f"| {name} | {rates[name]:.0f} | {p50:.0f} | {p99:.0f} | {statistics.median(ratios):.2f} | "
            f"{min(ratios):.2f} to {max(ratios):.2f} | {statistics.median(p99 / p50 for p50, p99 in windows[name]):.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
