#!/usr/bin/env python3
"""Counts the allocations that one request costs, and fails when a case costs more than its threshold.

The counts do not depend on what else the machine does, so that continuous integration can hold them. Each case is asked
on one kept-alive connection, first to warm up and then a known number of times.

usage: Benchmarks/allocations.py [--binary PATH] [--build debug|release] [--requests N]
"""

import argparse
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

import run

# Allocations a request at most, by build: what was counted and a tenth more, since made data varies in length. A debug
# build keeps what the optimiser removes, and is what every test run has at hand.
THRESHOLDS = {
    "static": {"release": 0.2, "debug": 30},
    "template": {"release": 14, "debug": 163},
    "validated": {"release": 25, "debug": 104},
    "list": {"release": 85, "debug": 491},
    "no match": {"release": 49, "debug": 299},
}


def compiler():
    """The C compiler of the machine; the Swift toolchain brings one."""
    return os.environ.get("CC") or next(filter(shutil.which, ("cc", "clang", "gcc")), "cc")


def build_counter(folder):
    library = os.path.join(folder, "counter.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Allocations/counter.c")
    subprocess.run([compiler(), "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


class Count:
    """The allocations of a server that was started with the environment `variables`."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "allocations")
        self.variables = {"LD_PRELOAD": build_counter(folder), "ALLOCATION_COUNT_FILE": self.path}

    def now(self):
        with open(self.path, "rb") as file:
            return struct.unpack("L", file.read(struct.calcsize("L")))[0]

    def of(self, server, case, requests):
        """Allocations a request of a case."""
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            stream = connection.makefile("rb")
            for _ in range(2000):
                ask(connection, stream, case)
            before = self.now()
            for _ in range(requests):
                ask(connection, stream, case)
            return (self.now() - before) / requests


def ask(connection, stream, case):
    connection.sendall(case.bytes())
    status = int(stream.readline().split()[1])
    length = 0
    while (line := stream.readline().strip()) != b"":
        name, value = line.split(b":", 1)
        if name.lower() == b"content-length":
            length = int(value)
    stream.read(length)
    if status != case.status:
        sys.exit(f"{case.name}: answered {status} in place of {case.status}")


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary")
    parser.add_argument("--build", choices=["debug", "release"], default="debug")
    parser.add_argument("--requests", type=int, default=5000)
    options = parser.parse_args()
    binary = os.path.abspath(options.binary or os.path.join(root, f".build/{options.build}/mockforge"))
    failed = False
    with tempfile.TemporaryDirectory(prefix="mockforge-allocations-") as folder:
        count = Count(folder)
        server = run.start_mockforge(folder, binary, count.variables)
        try:
            for case in run.mock_cases(server):
                threshold = THRESHOLDS[case.name][options.build]
                found = count.of(server, case, options.requests)
                verdict = "ok" if found <= threshold else "TOO MANY"
                failed = failed or found > threshold
                print(f"{case.name:12} {found:8.1f} allocations a request, at most {threshold}: {verdict}")
        finally:
            server.stop()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
