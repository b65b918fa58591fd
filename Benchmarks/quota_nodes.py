#!/usr/bin/env python3
"""Asks three nodes for several times one tenant's quota, and checks what they admit together.

The nodes share Redis. Each has a copy of the same data folder, made by the first one, or with --database-url one database.
Every request is noted with the moments at which it was sent and answered. Two things are checked: the most requests that
certainly fell into one window of 60 seconds (sent after it began, answered before it ended) is at most the quota; and the
share of the quota that passed, from the time in which so many minutes' worth was admitted, is at least 99 %.

usage: Benchmarks/quota_nodes.py --binary PATH --redis-url URL [--database-url URL] [--nodes N] [--quota Q] [--factor F]
                                 [--minutes M] [--output FILE]
"""

import argparse
import asyncio
import bisect
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from run import ADMIN_TOKEN, API, free_port


def metric(port, name):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    for line in connection.getresponse().read().decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return None


def start(options, folder, redis):
    port, management = free_port(), free_port()
    command = [options.binary, "serve", "--port", str(port), "--management-port", str(management), "--data-dir", folder]
    if redis:
        command += ["--redis-url", options.redis_url]
    if options.database_url:
        command += ["--database-url", options.database_url]
    process = subprocess.Popen(
        command, env={**os.environ, "MOCKFORGE_ADMIN_TOKEN": ADMIN_TOKEN, "MOCKFORGE_LOG_LEVEL": "warning"})
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process, port, management
        except OSError:
            time.sleep(0.05)
    sys.exit("a node did not start")


async def client(port, host, pace, end, notes, headers):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET /hello HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    due = time.monotonic()
    while due < end:
        await asyncio.sleep(max(0, due - time.monotonic()))
        sent = time.monotonic()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        length = int(fields.get(b"content-length", 0))
        if length:
            await reader.readexactly(length)
        status = int(head[9:12])
        notes.append((sent, time.monotonic(), status))
        if status == 429:
            headers.append((int(fields[b"ratelimit-limit"]), int(fields[b"ratelimit-remaining"]), int(fields[b"retry-after"])))
        due += pace
    writer.close()


async def load(ports, options, notes, headers):
    clients = 4
    rate = options.quota / 60 * options.factor / (len(ports) * clients)
    end = time.monotonic() + options.minutes * 60 + 10
    await asyncio.gather(*(
        client(port, "shared.localhost", 1 / rate, end, notes, headers) for port in ports for _ in range(clients)))


def most_in_a_window(admitted):
    """Requests that certainly fell into one window: sent at its beginning or later, answered before its end."""
    by_answer = sorted(answered for _, answered in admitted)
    sent = sorted(admitted)
    most = 0
    for index, (moment, _) in enumerate(sent):
        inside = bisect.bisect_left(by_answer, moment + 60)
        # Those that were sent before the window began do not count, whenever they were answered.
        before = sum(1 for _, answered in sent[max(0, index - 64):index] if answered < moment + 60)
        most = max(most, inside - max(0, index - 64) - before)
    return most


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--redis-url", required=True)
    parser.add_argument("--database-url")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--quota", type=int, default=600)
    parser.add_argument("--factor", type=float, default=5)
    parser.add_argument("--minutes", type=int, default=2)
    parser.add_argument("--output")
    options = parser.parse_args()
    root = tempfile.mkdtemp(prefix="mockforge-quota-")
    first = os.path.join(root, "node0")
    running = []
    try:
        process, port, _ = start(options, first, redis=False)
        running.append(process)
        api = API(port)
        key, _, mock = api.new_tenant("shared", options.quota)
        api.post(
            f"/mocks/{mock}/routes", {"method": "GET", "path": "/hello", "responses": [{"body": "hello"}]}, key)
        process.terminate()
        process.wait(timeout=60)
        running.clear()
        folders = [first] + [os.path.join(root, f"node{n}") for n in range(1, options.nodes)]
        for folder in folders[1:]:
            shutil.copytree(first, folder)
        nodes = [start(options, folder, redis=True) for folder in folders]
        running += [process for process, _, _ in nodes]
        time.sleep(4)
        notes, headers = [], []
        asyncio.run(load([port for _, port, _ in nodes], options, notes, headers))
        admitted = [(sent, answered) for sent, answered, status in notes if status == 200]
        statuses = {}
        for _, _, status in notes:
            statuses[status] = statuses.get(status, 0) + 1
        ordered = sorted(answered for _, answered in admitted)
        place = options.minutes * options.quota
        share = options.minutes * 60 / (ordered[place] - ordered[0]) if len(ordered) > place else 0
        most = most_in_a_window(admitted)
        live = [metric(management, "mockforge_lease_nodes") for _, _, management in nodes]
        truthful = all(limit == options.quota and remaining == 0 and 1 <= wait <= 61 for limit, remaining, wait in headers)
        text = "\n".join([
            f"# {options.nodes} nodes at {options.factor:g} times a quota of {options.quota} in 60 seconds", "",
            "| | |", "| --- | --- |", f"| answers | {statuses} |", f"| most in any 60 seconds | {most} |",
            f"| share of the quota that passed over {options.minutes} minutes | {share:.4f} |",
            f"| headers of refusals as they should be | {truthful} |", f"| nodes that each node knows | {live} |", ""])
        print(text)
        if options.output:
            with open(options.output, "w") as file:
                file.write(text)
        if most > options.quota or share < 0.99 or not truthful:
            sys.exit("the quota did not hold")
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(timeout=60)
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
