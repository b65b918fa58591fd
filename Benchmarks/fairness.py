#!/usr/bin/env python3
"""Measures what one tenant at many times its quota does to another: the other's p50 and p99, with and without it.

Both tenants have the same static mock. `calm` has no quota and is asked `--rate` times a second; `noisy` has a quota of 6,000
requests a minute and is asked for exactly `--factor` times as much (20 times are 2,000 a second), nearly all of it refused.
Each has an open-loop generator of its own, which asks at even distances whatever the server answers and times each request
from the moment at which it was due. All servers share one core and all generators the other.

There are three situations, which take turns, round after round, so that a busy spell of the machine meets each: nobody but
`calm` asks; `noisy` asks another process of the same server, which costs the machine the same but not the server under
measurement; and `noisy` asks the server that `calm` asks. A figure is the median of the rounds' percentiles. A ratio is made
in each round; shown are the median, the smallest and the largest. "to elsewhere" is what the server itself does to `calm`,
"to alone" is that and what the load costs the machine.

Servers and generators go before the machine's other programs, which else stop them for milliseconds at a time, unless
`--among-others` or `--edits` is given or this user may not: what compiles has to take turns with what answers. Where the machine
takes the core away for a hundredth of the time even so, a round's slowest hundredth shows that and nothing else. So each
percentile is also taken within every 100 ms, most of which have no such gap, and the median of these shown.

With --edits, `noisy` also writes large routes, one after the other, and asks for each, so that they are compiled. Of those of
one round it keeps the last twenty, so that the workspace grows by no more than that.

usage: Benchmarks/fairness.py [--binary PATH] [--rounds N] [--seconds S] [--factor F] [--rate R] [--edits] [--among-others]
                              [--output FILE]
"""

import argparse
import collections
import http.client
import multiprocessing
import os
import statistics
import sys
import tempfile
import time

import openloop
import run

QUOTA = 6000
ROUTE = {"method": "GET", "path": "/hello", "responses": [{"body": run.BODY}]}


class Tenant:
    def __init__(self, server, name, quota):
        self.name, self.port = name, server.port
        self.key, _, self.mock = run.API(self.port).new_tenant(name, quota)
        self.add(ROUTE)
        self.case = run.Case(name, server, "GET", "/hello", 200, {"Host": f"{name}.localhost"})

    def add(self, route):
        return run.API(self.port).post(f"/mocks/{self.mock}/routes", route, self.key)["id"]

    def remove(self, route):
        run.API(self.port).call("DELETE", f"/mocks/{self.mock}/routes/{route}", self.key)


def edit(tenant, numbers):
    """Writes large routes, and asks for each, until the process is ended."""
    os.sched_setaffinity(0, {run.core(1)})
    responses = [
        {"when": {"query": {"n": str(n)}}, "template": True, "body": "{{uuid}} {{now}}" * 20} for n in range(100)]
    kept = collections.deque()
    while True:
        with numbers.get_lock():
            numbers.value += 1
        path = f"/r{numbers.value}"
        kept.append(tenant.add({"method": "GET", "path": path, "responses": responses}))
        if len(kept) > 20:
            tenant.remove(kept.popleft())
        connection = http.client.HTTPConnection("127.0.0.1", tenant.port, timeout=60)
        connection.request("GET", path, headers={"Host": f"{tenant.name}.localhost"})
        connection.getresponse().read()
        connection.close()


def measure(program, calm, noisy, goes_first, options, edits):
    """The calm tenant's p50, p99 and p99 within 100 ms, and how often the noisy one was answered with which status."""
    noise = editor = None
    if noisy:
        # It starts before the calm tenant's load and ends after it.
        noise = openloop.Load(
            program, noisy.case, QUOTA / 60 * options.factor, options.seconds + 2, 32, goes_first)
        if options.edits:
            editor = multiprocessing.Process(target=edit, args=(noisy, edits))
            editor.start()
        time.sleep(1)
    replies = openloop.ask(program, calm.case, options.rate, options.seconds, 32, goes_first)
    if editor:
        if not editor.is_alive():
            sys.exit("the edits failed")
        editor.terminate()
        editor.join()
    statuses = collections.Counter(reply.status for reply in noise.replies()) if noise else {}
    p50, p99 = (openloop.quantile(replies, share) for share in (0.5, 0.99))
    within = statistics.median(openloop.quantile(piece, 0.99) for piece in openloop.windows(replies, 100_000))
    return (p50, p99, within), statuses


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.path.join(root, ".build/release/mockforge"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--factor", type=float, default=20)
    parser.add_argument("--rate", type=float, default=5000)
    parser.add_argument("--edits", action="store_true")
    parser.add_argument("--among-others", action="store_true", help="leave the programs their ordinary priority")
    parser.add_argument("--output", help="also write the table to this file")
    options = parser.parse_args()

    goes_first = not options.among_others and not options.edits and openloop.may_go_first()
    servers = []
    rounds = {"alone": [], "elsewhere": [], "beside": []}
    answers, edits = collections.Counter(), multiprocessing.Value("l", 0)
    with tempfile.TemporaryDirectory(prefix="mockforge-fairness-") as folder:
        try:
            program = openloop.build(folder)
            for name in ("measured", "elsewhere"):
                place = os.path.join(folder, name)
                os.mkdir(place)
                servers.append(run.start_mockforge(place, os.path.abspath(options.binary)))
            calm = Tenant(servers[0], "calm", -1)
            noisy = {
                "alone": None, "elsewhere": Tenant(servers[1], "noisy", QUOTA),
                "beside": Tenant(servers[0], "noisy", QUOTA)}
            if goes_first:
                for server in servers:
                    openloop.put_first(server)
            for number in range(options.rounds + 1):
                for situation in rounds:
                    figures, statuses = measure(program, calm, noisy[situation], goes_first, options, edits)
                    # The first round warms up.
                    if number > 0:
                        rounds[situation].append(figures)
                        answers.update(statuses)
        finally:
            for server in servers:
                server.stop()
    table = render(rounds, answers, edits.value, goes_first, options)
    run.publish(table, options)


def render(rounds, answers, edits, goes_first, options):
    def figures(situation):
        return [statistics.median(column) for column in zip(*rounds[situation])]

    def ratios(base):
        for column in range(3):
            found = [beside[column] / other[column] for beside, other in zip(rounds["beside"], rounds[base])]
            yield f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"

    lines = [
        f"Machine: {run.cpu_model()}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the end. "
        f"{options.rounds} interleaved rounds of {options.seconds} s; calm is asked {options.rate:g} times a second, noisy "
        f"{QUOTA / 60 * options.factor:g} times, which are {options.factor:g} times its quota; servers on one core, "
        f"generators on the other, {'before' if goes_first else 'among'} the machine's other programs.", "",
        "| the calm tenant | p50 µs | p99 µs | p99 µs within 100 ms |", "| --- | --- | --- | --- |"]
    for situation, title in [
            ("alone", "alone: nobody else asks"), ("elsewhere", "elsewhere: noisy asks another process"),
            ("beside", "beside: noisy asks the same server")]:
        lines.append(f"| {title} | {' | '.join(f'{figure:.0f}' for figure in figures(situation))} |")
    lines += [f"| beside to {base} | {' | '.join(ratios(base))} |" for base in ("elsewhere", "alone")]
    counts = ", ".join(f"{status}: {count}" for status, count in sorted(answers.items()))
    lines += ["", f"What noisy was answered, by status: {counts}. Routes that it wrote: {edits}."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
