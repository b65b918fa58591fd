#!/usr/bin/env python3
"""Measures what one tenant at many times its quota does to another: the other's p50 and p99, with and without it.

The load generator costs the machine something too, whomever it asks: so there is a third situation, in which it asks a
server of its own. What the server itself does to the calm tenant is the ratio of the third to the second.

Both tenants have the same static mock. `calm` asks at a steady pace on a few kept-alive connections, each request timed;
`noisy` has a quota and is asked for `--factor` times as much by a load generator of its own. The two situations take turns,
round after round, so that a busy spell of the machine meets both; the table shows medians over the rounds.

usage: Benchmarks/fairness.py --binary PATH [--rounds N] [--seconds S] [--factor F] [--edits] [--output FILE]
"""

import argparse
import asyncio
import http.client
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import multiprocessing

from run import ADMIN_TOKEN, BODY, API, free_port

QUOTA = 6000


def provision(port, name, quota):
    api = API(port)
    key, _, mock = api.new_tenant(name, quota)
    api.post(f"/mocks/{mock}/routes", {"method": "GET", "path": "/hello", "responses": [{"body": BODY}]}, key)
    return key, mock


async def read_reply(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line[15:])
    if length:
        await reader.readexactly(length)
    return status


async def paced(port, host, rate, seconds, connections):
    """Asks at a steady rate; gives each request's time from when it was due, and the statuses."""
    times, statuses = [], {}
    request = f"GET /hello HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    start = time.monotonic() + 0.05

    async def one(number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        count = 0
        while True:
            due = start + (count * connections + number) / rate
            if due > start + seconds:
                break
            count += 1
            now = time.monotonic()
            if due > now:
                await asyncio.sleep(due - now)
            sent = time.perf_counter()
            writer.write(request)
            status = await read_reply(reader)
            times.append(time.perf_counter() - sent)
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    await asyncio.gather(*(one(n) for n in range(connections)))
    return times, statuses


def noise(port, host, rate, seconds, result):
    times, statuses = asyncio.run(paced(port, host, rate, seconds, 32))
    result.put(statuses)


def edits(port, key, mock, seconds, result):
    """Writes large routes, one after the other, and asks for them, so that they are compiled."""
    end, count = time.monotonic() + seconds, 0
    responses = [{"when": {"query": {"n": str(n)}}, "template": True, "body": "{{uuid}} {{now}}" * 20} for n in range(200)]
    while time.monotonic() < end:
        API(port).post(
            f"/mocks/{mock}/routes", {"method": "GET", "path": f"/r{count}", "responses": responses}, key)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", f"/r{count}", headers={"Host": "noisy.localhost"})
        connection.getresponse().read()
        connection.close()
        count += 1
    result.put({"edits": count})


def percentile(times, share):
    times = sorted(times)
    return times[min(len(times) - 1, int(len(times) * share))] * 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--factor", type=float, default=20)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--edits", action="store_true")
    parser.add_argument("--output")
    options = parser.parse_args()
    servers, ports = [], []
    try:
        for _ in range(2):
            folder = tempfile.mkdtemp(prefix="mockforge-fairness-")
            port, management = free_port(), free_port()
            servers.append(subprocess.Popen(
                [options.binary, "serve", "--port", str(port), "--management-port", str(management), "--data-dir", folder],
                env={**os.environ, "MOCKFORGE_ADMIN_TOKEN": ADMIN_TOKEN, "MOCKFORGE_LOG_LEVEL": "error"}))
            ports.append(port)
        for port in ports:
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.1)
        port = ports[0]
        provision(port, "calm", -1)
        noisy = [provision(one, "noisy", QUOTA) for one in ports]
        rows = {"alone": [], "elsewhere": [], "beside": []}
        loads = []
        for round_number in range(options.rounds + 1):
            for kind in rows:
                result, helpers = multiprocessing.Queue(), []
                if kind != "alone":
                    target = ports[kind == "elsewhere"]
                    key, mock = noisy[kind == "elsewhere"]
                    rate = QUOTA / 60 * options.factor
                    helpers.append(multiprocessing.Process(
                        target=noise, args=(target, "noisy.localhost", rate, options.seconds + 1, result)))
                    if options.edits:
                        helpers.append(multiprocessing.Process(
                            target=edits, args=(target, key, mock, options.seconds + 1, result)))
                for helper in helpers:
                    helper.start()
                time.sleep(0.5)
                times, statuses = asyncio.run(
                    paced(port, "calm.localhost", options.rate, options.seconds, 8))
                loads += [result.get() for _ in helpers]
                for helper in helpers:
                    helper.join()
                if set(statuses) != {200}:
                    sys.exit(f"calm was answered {statuses}")
                if round_number > 0:
                    rows[kind].append((percentile(times, 0.5), percentile(times, 0.99)))
        median = {kind: [statistics.median(row[i] for row in rows[kind]) for i in (0, 1)] for kind in rows}
        total = {}
        for load in loads:
            for name, count in load.items():
                total[str(name)] = total.get(str(name), 0) + count
        lines = [
            f"# One tenant at {options.factor:g} times its quota beside another", "",
            f"`{' '.join(['Benchmarks/fairness.py'] + [a for a in sys.argv[1:] if a != options.binary])}`, "
            f"{platform.machine()}, {os.cpu_count()} cores, {options.rounds} rounds of {options.seconds:g} s, "
            f"{options.rate:g} requests a second for the calm tenant, load average {os.getloadavg()[0]:.1f}.", "",
            "| the calm tenant | p50 ms | p99 ms |", "| --- | --- | --- |",
            f"| nobody else asks | {median['alone'][0]:.2f} | {median['alone'][1]:.2f} |",
            f"| the noisy tenant asks another server | {median['elsewhere'][0]:.2f} | {median['elsewhere'][1]:.2f} |",
            f"| the noisy tenant asks the same server | {median['beside'][0]:.2f} | {median['beside'][1]:.2f} |",
            f"| the last over the one before | {median['beside'][0] / median['elsewhere'][0]:.2f} | "
            f"{median['beside'][1] / median['elsewhere'][1]:.2f} |",
            f"| the last over the first | {median['beside'][0] / median['alone'][0]:.2f} | "
            f"{median['beside'][1] / median['alone'][1]:.2f} |",
            "", f"The noisy tenant was answered {total}.", "",
        ]
        text = "\n".join(lines)
        print(text)
        if options.output:
            with open(options.output, "w") as file:
                file.write(text)
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait(timeout=30)


if __name__ == "__main__":
    main()
