"""Load at a fixed rate whatever the server answers, each request timed from the moment at which it was due.

The generator is OpenLoop/openloop.c, compiled at the first use; it runs on the core that the servers do not have.
"""

import collections
import os
import subprocess
import sys

from allocations import compiler
from run import on_core

# Microseconds: when the request was due (CLOCK_MONOTONIC, as time.monotonic()), and from then to the end of the reply.
Reply = collections.namedtuple("Reply", "due status took")


def build(folder):
    """The path of the generator, made in `folder`."""
    program = os.path.join(folder, "openloop")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "OpenLoop/openloop.c")
    subprocess.run([compiler(), "-O2", "-o", program, source], check=True)
    return program


class Load:
    """A running generator, asking `case` of its server."""

    def __init__(self, program, case, rate, seconds, connections):
        self.process = subprocess.Popen(
            on_core(1, [program, str(case.server.port), str(rate), str(seconds), str(connections)]),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdin.write(case.bytes())
        self.process.stdin.close()

    def replies(self):
        """Waits for the end, and gives every reply."""
        lines = self.process.stdout.read().splitlines()
        self.process.stdout.close()
        if self.process.wait() != 0:
            sys.exit("the load generator failed")
        return [Reply(*map(int, line.split())) for line in lines]


def ask(program, case, rate, seconds, connections):
    """The replies to one load, each of which must have the case's status."""
    replies = Load(program, case, rate, seconds, connections).replies()
    demand(case, replies)
    return replies


def demand(case, replies):
    wrong = [reply.status for reply in replies if reply.status != case.status]
    if wrong:
        sys.exit(f"{case.name}: {len(wrong)} of {len(replies)} answers were not {case.status}, the first was {wrong[0]}")


def quantile(replies, share):
    """The microseconds within which `share` of the requests were answered."""
    times = sorted(reply.took for reply in replies)
    return times[min(len(times) - 1, int(len(times) * share))]
