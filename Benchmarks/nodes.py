#!/usr/bin/env python3
"""Measures what the choice of stores costs: one node embedded against one node on PostgreSQL, Redis, S3 and SMTP.

  provisioning  tenants a second, over the API, with a few clients at once
  start         of a node with many tenants: until it is ready, and until every tenant has answered a mock request
  idle          what such a node does without requests: polls for changes, keeps gauges
  throughput    of a static mock, the two nodes taking turns round after round so that a busy spell meets both

Prints one table in Markdown, with medians. Starts its services with scripts/services.

usage: Benchmarks/nodes.py [--binary PATH] [--tenants N] [--mocks M] [--provision N] [--clients C] [--rounds R]
                           [--seconds S] [--only provisioning,start,throughput] [--output FILE]
"""

import argparse
import concurrent.futures
import http.client
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from run import ADMIN_TOKEN, free_port

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
local = threading.local()


def call(port, method, path, token, body=None, host=None):
    """One request on this thread's kept-alive connection; the answer's status and JSON."""
    connections = local.__dict__.setdefault("connections", {})
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if host:
        headers["Host"] = host
    if body is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(body)
    for attempt in (0, 1):
        connection = connections.get(port)
        if connection is None:
            connection = connections[port] = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read()
            try:
                return response.status, json.loads(text) if text else None
            except ValueError:
                return response.status, text
        except (http.client.HTTPException, OSError):
            connection.close()
            connections[port] = None
            if attempt:
                raise


class Node:
    """A server process whose stores outlive it."""

    def __init__(self, binary, folder, environment):
        self.binary, self.folder, self.environment = binary, folder, environment
        os.makedirs(folder, exist_ok=True)
        self.process = None

    def start(self, core=None):
        """Starts it and returns after how many seconds it was ready."""
        self.port, self.management = free_port(), free_port()
        command = [
            self.binary, "serve", "--port", str(self.port), "--management-port", str(self.management),
            "--data-dir", self.folder, "--set", "log.level=warning"]
        cores = sorted(os.sched_getaffinity(0))
        if core is not None and len(cores) > 1 and shutil.which("taskset"):
            command = ["taskset", "-c", str(cores[core % len(cores)])] + command
        log = open(self.folder + ".log", "a")
        begin = time.monotonic()
        self.process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=os.path.dirname(self.folder),
            env={**os.environ, "MOCKFORGE_ADMIN_TOKEN": ADMIN_TOKEN, **self.environment})
        while time.monotonic() - begin < 120:
            if self.process.poll() is not None:
                sys.exit(f"the node ended with exit code {self.process.returncode}; see {self.folder}.log")
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.management, timeout=5)
                connection.request("GET", "/health/ready")
                if connection.getresponse().status == 200:
                    return time.monotonic() - begin
            except OSError:
                pass
            time.sleep(0.005)
        sys.exit("the node was not ready in 120 s")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def make_tenant(port, subdomain):
    status, answer = call(port, "POST", "/api/v1/tenants", ADMIN_TOKEN, {
        "name": subdomain, "subdomain": subdomain, "plan": "enterprise", "admin_email": "bench@example.com"})
    if status != 201:
        sys.exit(f"a tenant was refused: {status} {answer}")
    return answer


def provisioning(node, count, clients, prefix):
    node.start()
    make_tenant(node.port, f"{prefix}-warm")
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda number: make_tenant(node.port, f"{prefix}-{number}"), range(count)))
    rate = count / (time.monotonic() - begin)
    node.stop()
    return rate


def fill(node, tenants, mocks, clients):
    """Makes tenants with mocks of one route each."""
    def one(number):
        answer = make_tenant(node.port, f"load-{number}")
        key = answer["api_key"]
        workspace = call(node.port, "GET", "/api/v1/workspaces", key)[1]["data"][0]["id"]
        for mock in range(mocks):
            status, made = call(
                node.port, "POST", f"/api/v1/workspaces/{workspace}/mocks", key,
                {"name": f"Mock {mock}", "base_path": f"/m{mock}"})
            if status != 201:
                sys.exit(f"a mock was refused: {status} {made}")
            status, made = call(node.port, "POST", f"/api/v1/mocks/{made['id']}/routes", key, {
                "name": "it", "method": "GET", "path": "/it/{id}",
                "responses": [{"status": 200, "body": {"mock": mock}}]})
            if status != 201:
                sys.exit(f"a route was refused: {status} {made}")

    node.start()
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        list(pool.map(one, range(tenants)))
    node.stop()


def idle(node, transactions, seconds=30):
    """Share of a core, and database transactions a second, of a node without requests."""
    cpu, count = node.cpu_seconds(), transactions()
    time.sleep(seconds)
    return (node.cpu_seconds() - cpu) / seconds, (transactions() - count) / seconds


def start(node, tenants, clients, rounds, transactions):
    """Seconds until ready, and from then until every tenant has answered, of each start; then `idle`."""
    def first_request(number):
        status, _ = call(node.port, "GET", "/m0/it/1", None, host=f"load-{number}.localhost")
        if status != 200:
            sys.exit(f"tenant {number} answered {status}")

    ready, loaded = [], []
    for number in range(rounds):
        ready.append(node.start())
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            list(pool.map(first_request, range(tenants)))
        loaded.append(time.monotonic() - begin)
        if number == rounds - 1:
            quiet = idle(node, transactions)
        node.stop()
    return ready, loaded, quiet


def throughput(nodes, rounds, seconds):
    """Requests a second and microseconds of CPU a request for each node, round by round."""
    figures = {name: [] for name in nodes}
    for name, node in nodes.items():
        node.start(core=0)
        answer = make_tenant(node.port, "speed")
        key = answer["api_key"]
        workspace = call(node.port, "GET", "/api/v1/workspaces", key)[1]["data"][0]["id"]
        mock = call(node.port, "POST", f"/api/v1/workspaces/{workspace}/mocks", key,
                    {"name": "Speed", "base_path": ""})[1]["id"]
        call(node.port, "POST", f"/api/v1/mocks/{mock}/routes", key, {
            "name": "it", "method": "GET", "path": "/it", "responses": [{"status": 200, "body": {"id": "x" * 166}}]})
        # Counted, but never reached.
        status, problem = call(node.port, "PATCH", f"/api/v1/tenants/{answer['tenant_id']}", ADMIN_TOKEN,
                               {"quotas": {"max_requests_per_minute": 1_000_000_000}})
        if status != 200:
            sys.exit(f"{name}: the quota cannot be set: {problem}")
        call(node.port, "GET", "/it", None, host="speed.localhost")
    cores = sorted(os.sched_getaffinity(0))
    client = ["taskset", "-c", str(cores[-1])] if len(cores) > 1 and shutil.which("taskset") else []
    for number in range(rounds):
        # Who begins changes with each round.
        for name in sorted(nodes, reverse=number % 2 == 1):
            node = nodes[name]
            before = node.cpu_seconds()
            text = subprocess.run(
                client + ["wrk", "-t", "1", "-c", "32", "-d", f"{seconds}s", "-H", "Host: speed.localhost",
                          f"http://127.0.0.1:{node.port}/it"], capture_output=True, text=True, check=True).stdout
            count = int(re.search(r"(\d+) requests in", text).group(1))
            if "Non-2xx" in text:
                sys.exit(f"{name}: {text}")
            rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
            figures[name].append((rate, (node.cpu_seconds() - before) / count * 1e6))
    for node in nodes.values():
        node.stop()
    return figures


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--binary", default=os.path.join(ROOT, ".build/release/mockforge"))
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--mocks", type=int, default=10)
    parser.add_argument("--provision", type=int, default=300)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--only", default="provisioning,start,throughput")
    parser.add_argument("--output")
    options = parser.parse_args()
    wanted = options.only.split(",")

    folder = tempfile.mkdtemp(prefix="mockforge-nodes-")
    os.chmod(folder, 0o755)
    services = os.path.join(folder, "services")
    script = os.path.join(ROOT, "scripts/services")
    subprocess.run([script, "up", services, "postgres", "redis", "s3", "smtp"], check=True)
    try:
        with open(os.path.join(services, "env")) as file:
            urls = dict(re.findall(r"export MOCKFORGE_TEST_(\w+)_URL='(.*)'", file.read()))

        def shared(name):
            subprocess.run(["psql", "-q", urls["POSTGRES"], "-c", f"CREATE DATABASE {name}"], check=True)
            bucket, query = urls["S3"].split("?", 1)
            return Node(options.binary, os.path.join(folder, name), {
                "MOCKFORGE_DATABASE_URL": urls["POSTGRES"].rsplit("/", 1)[0] + "/" + name,
                "MOCKFORGE_REDIS_URL": urls["REDIS"],
                "MOCKFORGE_STORAGE_URL": f"{bucket}/{name}?{query}&create_bucket=true",
                "MOCKFORGE_MAIL_URL": urls["SMTP"]})

        def embedded(name):
            return Node(options.binary, os.path.join(folder, name), {})

        kinds = {"embedded": embedded, "PostgreSQL and Redis": shared}
        lines = ["| measurement | " + " | ".join(kinds) + " |", "| --- |" + " --- |" * len(kinds)]

        def row(title, cells):
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
            print(lines[-1], file=sys.stderr)

        if "provisioning" in wanted:
            row(f"tenants provisioned a second, {options.clients} clients",
                [f"{provisioning(make('p_' + str(i)), options.provision, options.clients, 'p'):.0f}"
                 for i, make in enumerate(kinds.values())])
        if "start" in wanted:
            ready, loaded, cpu, commits = [], [], [], []
            for i, make in enumerate(kinds.values()):
                name = f"s_{i}"
                node = make(name)
                fill(node, options.tenants, options.mocks, options.clients)

                def transactions():
                    text = subprocess.run(
                        ["psql", "-qAt", urls["POSTGRES"], "-c",
                         f"SELECT coalesce(sum(xact_commit), 0) FROM pg_stat_database WHERE datname = '{name}'"],
                        check=True, capture_output=True, text=True).stdout
                    return int(text)

                until_ready, until_loaded, quiet = start(
                    node, options.tenants, options.clients, options.rounds, transactions)
                ready.append(f"{statistics.median(until_ready):.2f} s")
                loaded.append(f"{statistics.median(until_loaded):.2f} s")
                cpu.append(f"{quiet[0] * 100:.1f} %")
                commits.append(f"{quiet[1]:.1f}" if quiet[1] else "(SQLite)")
            row(f"ready with {options.tenants} tenants of {options.mocks} mocks", ready)
            row("from ready until every tenant has answered", loaded)
            row("of a core, without requests, all in memory", cpu)
            row("database transactions a second, without requests", commits)
        if "throughput" in wanted:
            figures = throughput(
                {kind: make(f"t_{i}") for i, (kind, make) in enumerate(kinds.items())}, options.rounds,
                options.seconds)
            rates = {kind: statistics.median(rate for rate, _ in figures[kind]) for kind in kinds}
            row("requests a second, one core", [f"{rates[kind]:,.0f}" for kind in kinds])
            row("CPU time a request", [
                f"{statistics.median(cpu for _, cpu in figures[kind]):.2f} µs" for kind in kinds])
            ratios = [b[0] / a[0] for a, b in zip(*figures.values())]
            row("throughput against embedded, median of the rounds",
                ["1", f"{statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"])
        text = "\n".join(lines) + "\n"
        print(text)
        if options.output:
            with open(options.output, "w") as file:
                file.write(text)
    finally:
        subprocess.run([script, "down", services], check=False)
        shutil.rmtree(folder, ignore_errors=True)


main()
