#!/usr/bin/env python3
"""Measures the data plane beside nginx, a bare SwiftNIO server and a bare Hummingbird one, in one run and one table.

Each server gets one core and the load generator (wrk) the other. The cases take turns, round after round, so that a
busy spell of the machine meets all of them; the table shows medians. CPU time a request is the figure to trust: it is
read from /proc and does not depend on what else the machine does.

Allocations a request are counted apart, in servers of their own, since counting costs time.

usage: Benchmarks/run.py [--rounds N] [--seconds S] [--connections C] [--binary PATH] [--bare PATH] [--framework PATH]
                         [--output FILE]
"""

import argparse
import http.client
import json
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ADMIN_TOKEN = "benchmark-admin-token-0123456789abcdef"
BODY = {"id": "x" * 166}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, name):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"{name} ended with exit code {process.returncode} before it listened")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"{name} did not listen on port {port} within 30 s")


def core(number):
    cores = sorted(os.sched_getaffinity(0))
    return cores[number % len(cores)]


def on_core(number, command):
    if len(os.sched_getaffinity(0)) < 2 or not shutil.which("taskset"):
        return command
    return ["taskset", "-c", str(core(number))] + command


class Case:
    """One kind of request to one server, and the status that it must have."""

    def __init__(self, name, server, method, path, status, headers=None, body=None):
        self.name, self.server, self.method, self.path, self.status = name, server, method, path, status
        self.headers = dict(headers or {})
        self.body = None if body is None else json.dumps(body, separators=(",", ":"))
        if body is not None:
            self.headers["Content-Type"] = "application/json"

    def bytes(self):
        """The request as wrk sends it."""
        headers = {"Host": f"127.0.0.1:{self.server.port}", **self.headers}
        if self.body is not None:
            headers["Content-Length"] = str(len(self.body))
        lines = [f"{self.method} {self.path} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n" + (self.body or "")).encode()


class Server:
    """A process under measurement, with the children it starts."""

    def __init__(self, name, command, port, cwd, env=None):
        self.name, self.port = name, port
        self.log = open(os.path.join(cwd, f"{name}.log"), "w")
        self.process = subprocess.Popen(
            on_core(0, command), cwd=cwd, stdout=self.log, stderr=self.log, env={**os.environ, **(env or {})})
        wait_for_port(port, self.process, name)

    def pids(self):
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            try:
                with open(f"/proc/{pid}/task/{pid}/children") as children:
                    queue += [int(child) for child in children.read().split()]
            except FileNotFoundError:
                pass
        return found

    def cpu_seconds(self):
        ticks = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def peak_memory_mb(self):
        return self.memory_mb("VmHWM")

    def memory_mb(self, figure="VmRSS"):
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/status") as status:
                match = re.search(rf"{figure}:\s+(\d+) kB", status.read())
            total += int(match.group(1)) if match else 0
        return total / 1024

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class API:
    """The management API of the server under test."""

    def __init__(self, port):
        self.port = port

    def call(self, method, path, token, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(
            method, "/api/v1" + path, None if body is None else json.dumps(body),
            {"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        if response.status >= 300:
            sys.exit(f"{method} {path} answered {response.status}: {text.decode()}")
        return json.loads(text) if text else None

    def post(self, path, body, token):
        return self.call("POST", path, token, body)

    def new_tenant(self, subdomain, quota):
        """A tenant with an empty mock at its root: its key, its workspace's id and the mock's id."""
        key = self.post("/tenants", {
            "name": subdomain, "subdomain": subdomain, "plan": "enterprise", "admin_email": "bench@example.com",
            "quotas": {"max_requests_per_minute": quota}}, ADMIN_TOKEN)["api_key"]
        workspace = self.call("GET", "/workspaces", key)["data"][0]["id"]
        mock = self.post(f"/workspaces/{workspace}/mocks", {"name": "bench", "base_path": ""}, key)["id"]
        return key, workspace, mock


def start_nginx(folder):
    port = free_port()
    with open(os.path.join(folder, "nginx.conf"), "w") as config:
        config.write(f"""
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    keepalive_requests 1000000000;
    server {{
        listen 127.0.0.1:{port};
        default_type application/json;
        location / {{ return 200 '{json.dumps(BODY, separators=(",", ":"))}'; }}
    }}
}}
""")
    return Server("nginx", ["nginx", "-e", f"{folder}/nginx-error.log", "-c", f"{folder}/nginx.conf"], port, folder)


def start_bare(binary, folder, variables=None):
    """A server that answers every request with the same bytes."""
    port = free_port()
    return Server(os.path.basename(binary), [binary, str(port)], port, folder, variables)


# An API whose replies are made from schemas.
ORDER = {"item": "tea", "count": 2, "express": True}
DESCRIPTION = {
    "openapi": "3.1.0", "info": {"title": "Orders", "version": "1"},
    "paths": {"/orders": {
        "post": {
            "requestBody": {"required": True, "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/NewOrder"}}}},
            "responses": {"201": {"description": "made", "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Order"}}}}}},
        "get": {"responses": {"200": {"description": "all", "content": {"application/json": {
            "schema": {
                "type": "array", "minItems": 20, "maxItems": 20,
                "items": {"$ref": "#/components/schemas/Order"}}}}}}}}},
    "components": {"schemas": {
        "NewOrder": {
            "type": "object", "required": ["item", "count"], "additionalProperties": False,
            "properties": {
                "item": {"type": "string", "minLength": 1, "maxLength": 40},
                "count": {"type": "integer", "minimum": 1, "maximum": 100}, "express": {"type": "boolean"}}},
        "Order": {
            "type": "object", "required": ["id", "item", "count", "email", "created_at"],
            "properties": {
                "id": {"type": "string", "format": "uuid"}, "item": {"type": "string", "minLength": 3, "maxLength": 20},
                "count": {"type": "integer", "minimum": 1, "maximum": 100},
                "email": {"type": "string", "format": "email"},
                "created_at": {"type": "string", "format": "date-time"}}}}}}


def serve(folder, binary, data, variables=None):
    """A server of the product on a data folder, and its management port."""
    port, management = free_port(), free_port()
    return Server(
        "mockforge", [binary, "serve", "--port", str(port), "--management-port", str(management), "--data-dir", data],
        port, folder, {"MOCKFORGE_ADMIN_TOKEN": ADMIN_TOKEN, "MOCKFORGE_LOG_LEVEL": "warning", **(variables or {})}
    ), management


def start_mockforge(folder, binary, variables=None):
    server, _ = serve(folder, binary, f"{folder}/data", variables)
    api = API(server.port)
    key, workspace, mock = api.new_tenant("bench", -1)
    routes = f"/mocks/{mock}/routes"
    api.post(routes, {"method": "GET", "path": "/static", "responses": [{"status": 200, "body": BODY}]}, key)
    api.post(routes, {
        "method": "GET", "path": "/users/{id}", "responses": [{
            "status": 200, "template": True, "body": {
                "id": "{{request.path_params.id}}", "request": "{{uuid}}", "name": "{{fake 'name.full_name'}}",
                "note": "y" * 60}}]}, key)
    api.post(f"/workspaces/{workspace}/import?name=orders&base_path=/api", DESCRIPTION, key)
    api.call("PATCH", f"/workspaces/{workspace}", key, {"settings": {"validation": "enforce"}})
    return server


def mock_cases(server):
    tenant = {"Host": "bench.localhost"}
    return [
        Case("static", server, "GET", "/static", 200, tenant),
        Case("template", server, "GET", "/users/4711", 200, tenant),
        Case("validated", server, "POST", "/api/orders", 201, tenant, ORDER),
        Case("list", server, "GET", "/api/orders", 200, tenant),
        Case("no match", server, "GET", "/nothing/here", 404, tenant),
    ]


def run_wrk(case, seconds, connections, folder):
    server = case.server
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for name, value in case.headers.items():
        command += ["-H", f"{name}: {value}"]
    if case.body is not None:
        script = os.path.join(folder, "request.lua")
        with open(script, "w") as file:
            file.write(f"wrk.method = {json.dumps(case.method)}\nwrk.body = [==[{case.body}]==]\n")
        command += ["-s", script]
    before = server.cpu_seconds()
    output = subprocess.run(
        on_core(1, command + [f"http://127.0.0.1:{server.port}{case.path}"]), capture_output=True, text=True, check=True
    ).stdout
    cpu = server.cpu_seconds() - before
    requests = int(re.search(r"(\d+) requests in", output).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))
    failures = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    errors = re.search(r"Socket errors: (.*)", output)

    def latency(percent):
        number, unit = re.search(rf"\s+{percent}%\s+([\d.]+)(us|ms|s)", output).groups()
        return float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]

    return {
        "rate": rate, "cpu_us": cpu / requests * 1e6, "p50_us": latency(50), "p99_us": latency(99),
        "non_2xx": int(failures.group(1)) if failures else 0, "requests": requests,
        "socket_errors": errors.group(1) if errors else "none"}


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--binary", default=os.path.join(root, ".build/release/mockforge"))
    parser.add_argument("--bare", default=os.path.join(root, ".build/release/bare-server"))
    parser.add_argument("--framework", default=os.path.join(root, ".build/release/bare-hummingbird"))
    parser.add_argument("--output", help="also write the table to this file")
    options = parser.parse_args()
    options.binary, options.bare = os.path.abspath(options.binary), os.path.abspath(options.bare)
    options.framework = os.path.abspath(options.framework)

    servers = []
    with tempfile.TemporaryDirectory(prefix="mockforge-bench-") as folder:
        try:
            nginx = start_nginx(folder)
            servers.append(nginx)
            bare = start_bare(options.bare, folder)
            servers.append(bare)
            framework = start_bare(options.framework, folder)
            servers.append(framework)
            mockforge = start_mockforge(folder, options.binary)
            servers.append(mockforge)
            cases = [
                Case("nginx return 200", nginx, "GET", "/", 200), Case("bare SwiftNIO", bare, "GET", "/", 200),
                Case("bare Hummingbird", framework, "GET", "/", 200),
            ] + mock_cases(mockforge)
            results = {case.name: [] for case in cases}
            for case in cases:
                run_wrk(case, 1, options.connections, folder)
            for _ in range(options.rounds):
                for case in cases:
                    result = run_wrk(case, options.seconds, options.connections, folder)
                    refused = result["non_2xx"] if case.status < 300 else result["requests"] - result["non_2xx"]
                    if refused or result["socket_errors"] != "none":
                        sys.exit(
                            f"{case.name}: {refused} unexpected answers, socket errors: {result['socket_errors']}")
                    results[case.name].append(result)
            table = render(cases, results, count_allocations(cases, options), options)
        finally:
            for server in servers:
                server.stop()
    publish(table, options)


def count_allocations(cases, options):
    """By the case's name; servers of their own, which are slower for it."""
    import allocations

    counts = {}
    with tempfile.TemporaryDirectory(prefix="mockforge-allocations-") as folder:
        count = allocations.Count(folder)
        for name, binary in [("bare SwiftNIO", options.bare), ("bare Hummingbird", options.framework)]:
            bare = start_bare(binary, folder, count.variables)
            try:
                counts[name] = count.of(bare, Case(name, bare, "GET", "/", 200), 5000)
            finally:
                bare.stop()
        mockforge = start_mockforge(folder, options.binary, count.variables)
        try:
            for case in mock_cases(mockforge):
                counts[case.name] = count.of(mockforge, case, 5000)
        finally:
            mockforge.stop()
    return counts


def render(cases, results, allocations, options):
    def median(name, key):
        return statistics.median(result[key] for result in results[name])

    def allocated(name):
        return f"{allocations[name]:.1f}" if name in allocations else ""

    base = "nginx return 200"
    lines = [
        f"Machine: {cpu_model()}, {os.cpu_count()} cores, Linux {platform.release()}. "
        f"wrk -t1 -c{options.connections} -d{options.seconds}s, {options.rounds} interleaved rounds, medians; "
        "server on one core, wrk on the other.", "",
        "| case | requests/s | to nginx | CPU µs a request | to nginx | allocations | p50 µs | p99 µs | "
        "peak memory MB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for case in cases:
        name, server = case.name, case.server
        rate, cpu = median(name, "rate"), median(name, "cpu_us")
        lines.append(
            f"| {name} | {rate:.0f} | {rate / median(base, 'rate'):.2f} | {cpu:.1f} | "
            f"{cpu / median(base, 'cpu_us'):.2f} | {allocated(name)} | {median(name, 'p50_us'):.0f} | {median(name, 'p99_us'):.0f} | "
            f"{server.peak_memory_mb():.0f} |")
    return "\n".join(lines)


def publish(table, options):
    """Prints a table, and keeps it in the file of `--output`."""
    print(table)
    if options.output:
        with open(options.output, "w") as file:
            file.write(table + "\n")


def cpu_model():
    with open("/proc/cpuinfo") as info:
        match = re.search(r"model name\s*:\s*(.*)", info.read())
    return match.group(1).strip() if match else platform.processor()


if __name__ == "__main__":
    main()
