"""Load at a fixed rate whatever the server answers, each request timed from the moment at which it was due.

The generator is OpenLoop/openloop.c, compiled at the first use; it runs on the core that the servers do not have.

Other programs of the machine, its kernel's among them, stop servers and generator for milliseconds at a time, which is all that
a p99 shows then. So both can be put before them, at the lowest of the priorities that the kernel calls real-time.
"""

import collections
import os
import shutil
import subprocess
import sys

from allocations import compiler
from run import on_core

# Microseconds: when the request was due (CLOCK_MONOTONIC, as time.monotonic()), and from then to the end of the reply.
Reply = collections.namedtuple("Reply", "due status took")
# Before a command: has it go before other programs.
FIRST = ["chrt", "--rr", "1"]


def build(folder, name="openloop"):
    """The path of the generator, or of another program that stands beside it, made in `folder`."""
    program = os.path.join(folder, name)
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"OpenLoop/{name}.c")
    subprocess.run([compiler(), "-O2", "-o", program, source], check=True)
    return program


def may_go_first():
    """Whether this user may put programs before all others."""
    return bool(shutil.which("chrt")) and subprocess.run(FIRST + ["true"], capture_output=True).returncode == 0


def put_first(server):
    """Has all threads of a server, and those that they start, go before other programs.

    The kernel stops such programs when they leave nothing of a second to others, so this is for loads that leave some.
    """
    for pid in server.pids():
        subprocess.run(["chrt", "--all-tasks", "--rr", "--pid", "1", str(pid)], check=True)


def gaps(program, seconds, goes_first=False):
    """The share of the time that the machine takes from a program on the servers' core, and the longest gap in µs."""
    command = on_core(0, (FIRST if goes_first else []) + [program, str(seconds)])
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    share, longest = output.split()
    return float(share), int(longest)


class Load:
    """A running generator, asking `case` of its server."""

    def __init__(self, program, case, rate, seconds, connections, goes_first=False):
        command = [program, str(case.server.port), str(rate), str(seconds), str(connections)]
        self.process = subprocess.Popen(
            on_core(1, (FIRST if goes_first else []) + command), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdin.write(case.bytes())
        self.process.stdin.close()

    def replies(self):
        """Waits for the end, and gives every reply."""
        lines = self.process.stdout.read().splitlines()
        self.process.stdout.close()
        if self.process.wait() != 0:
            sys.exit("the load generator failed")
        return [Reply(*map(int, line.split())) for line in lines]


def ask(program, case, rate, seconds, connections, goes_first=False):
    """The replies to one load, each of which must have the case's status."""
    replies = Load(program, case, rate, seconds, connections, goes_first).replies()
    demand(case, replies)
    return replies


def demand(case, replies):
    wrong = [reply.status for reply in replies if reply.status != case.status]
    if wrong:
        sys.exit(f"{case.name}: {len(wrong)} of {len(replies)} answers were not {case.status}, the first was {wrong[0]}")


def windows(replies, microseconds):
    """The replies by the piece of time in which they were due; the last piece, which is not whole, is left out."""
    pieces = collections.defaultdict(list)
    start = min(reply.due for reply in replies)
    for reply in replies:
        pieces[(reply.due - start) // microseconds].append(reply)
    return [pieces[number] for number in sorted(pieces)[:-1]]


def quantile(replies, share):
    """The microseconds within which `share` of the requests were answered."""
    times = sorted(reply.took for reply in replies)
    return times[min(len(times) - 1, int(len(times) * share))]
