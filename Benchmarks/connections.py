#!/usr/bin/env python3
"""Holds many kept-alive connections open at once, asks on each of them in turn, and tells what the server takes for it.

Each connection asks once, rests until all are open, and asks again. Slow clients, which send a byte now and then of a head
that they never end, sit among them. Any reply but 200, or a connection that is closed, is a failure.

usage: Benchmarks/connections.py [--binary PATH] [--connections N] [--slow N]
"""

import argparse
import os
import resource
import socket
import sys
import tempfile
import time

import allocations
import run


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.path.join(root, ".build/release/mockforge"))
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--slow", type=int, default=100)
    options = parser.parse_args()
    wanted = options.connections + options.slow + 100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            sys.exit(f"needs {wanted} open files, the system allows {hard}: raise `ulimit -n`")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    with tempfile.TemporaryDirectory(prefix="mockforge-connections-") as folder:
        # The limits of the server itself must let the rest be seen.
        server = run.start_mockforge(folder, os.path.abspath(options.binary), {
            "MOCKFORGE_LIMITS_CONNECTIONS": str(wanted), "MOCKFORGE_LIMITS_IDLE_TIMEOUT_SECONDS": "3600"})
        try:
            case = next(case for case in run.mock_cases(server) if case.name == "static")
            before = server.memory_mb()
            start = time.monotonic()
            slow = [connect(server.port) for _ in range(options.slow)]
            for connection in slow:
                connection.sendall(case.bytes()[:20])
            held = []
            for _ in range(options.connections):
                held.append(connect(server.port))
                answer(held[-1], case)
            opened, during = time.monotonic() - start, server.memory_mb()
            for place, connection in enumerate(held):
                answer(connection, case)
                if place % 100 == 0 and slow:
                    slow[place // 100 % len(slow)].sendall(b"x")
            print(
                f"{len(held)} connections opened and asked in {opened:.1f} s, asked again, none failed, beside {len(slow)} "
                f"slow ones; memory {before:.0f} MB before, {during:.0f} MB with all open, "
                f"{server.memory_mb():.0f} MB after: {(during - before) * 1024 / len(held):.1f} KB a connection")
        finally:
            server.stop()


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def answer(connection, case):
    with connection.makefile("rb") as stream:
        allocations.ask(connection, stream, case)


if __name__ == "__main__":
    main()
