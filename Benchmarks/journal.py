#!/usr/bin/env python3
"""Measures what the request journal costs: a static mock in a workspace with a journal and in one without, in one server.

The two take turns, round after round, and who begins changes each time; the ratios are taken within a round, so that a busy
spell of the machine meets both sides. The server has one core and wrk the other.

usage: Benchmarks/journal.py [--rounds N] [--seconds S] [--binary PATH] [--output FILE]
"""

import argparse
import os
import statistics
import tempfile

from run import API, BODY, Case, cpu_model, publish, run_wrk, serve


def make_case(server, name, journal):
    api = API(server.port)
    key, workspace, mock = api.new_tenant(name, -1)
    api.post(f"/mocks/{mock}/routes", {
        "method": "GET", "path": "/static", "responses": [{"status": 200, "body": BODY}]}, key)
    api.call("PATCH", f"/workspaces/{workspace}", key, {"settings": {"journal": journal}})
    return Case(name, server, "GET", "/static", 200, {"Host": f"{name}.localhost"})


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--binary", default=os.path.join(root, ".build/release/mockforge"))
    parser.add_argument("--output", help="also write the table to this file")
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)

    with tempfile.TemporaryDirectory(prefix="mockforge-journal-") as folder:
        server, _ = serve(folder, options.binary, os.path.join(folder, "data"))
        try:
            cases = [make_case(server, "with", True), make_case(server, "without", False)]
            results = {case.name: [] for case in cases}
            for case in cases:
                run_wrk(case, 1, 64, folder)
            for number in range(options.rounds):
                for case in cases if number % 2 == 0 else reversed(cases):
                    results[case.name].append(run_wrk(case, options.seconds, 64, folder))
        finally:
            server.stop()
    lines = [
        f"Machine: {cpu_model()}, {os.cpu_count()} cores. wrk -t1 -c64 -d{options.seconds}s, {options.rounds} rounds.", "",
        "| figure | with | without | ratio within a round: median (least to most) |", "| --- | --- | --- | --- |"]
    for title, key, digits in [("requests/s", "rate", 0), ("CPU µs a request", "cpu_us", 2)]:
        with_it, without = ([result[key] for result in results[name]] for name in ("with", "without"))
        ratios = [a / b for a, b in zip(with_it, without)]
        lines.append(
            f"| {title} | {statistics.median(with_it):.{digits}f} | {statistics.median(without):.{digits}f} | "
            f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}) |")
    publish("\n".join(lines), options)


if __name__ == "__main__":
    main()
