#!/usr/bin/env python3
"""Measures what usage reports take for a tenant with a year of data, over the API, embedded and on PostgreSQL.

The tenant has two workspaces, five mocks in each and `--routes` routes; every route had requests of two status classes in
every day of the year, every hour of the last 90 days and every minute of the last week: what the plan with the longest
retention keeps. The rows are written as the roll-up leaves them; one request at a time is timed, from sending it until all
of the answer is there. PostgreSQL comes from scripts/services (without fsync).

usage: Benchmarks/usage.py [--binary PATH] [--routes N] [--repeat N] [--only embedded,postgres] [--output FILE]
"""

import argparse
import datetime
import http.client
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

from run import ADMIN_TOKEN, API, cpu_model, publish, serve

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DAY = 86_400_000_000
# grain, width in microseconds, steps: usage_metrics spells minutes, hours, days and blocks of thirty days so.
GRAINS = [(1, 60_000_000, 7 * 1440), (2, 3_600_000_000, 90 * 24), (3, DAY, 365)]
SUMS = "requests, duration_microseconds, max_duration_microseconds, request_bytes, response_bytes, d05, d09"
MERGED = ("SUM(requests), SUM(duration_microseconds), MAX(max_duration_microseconds), SUM(request_bytes), "
          "SUM(response_bytes), SUM(d05), SUM(d09)")


def statements(routes, today):
    """SQL for both databases; `routes` are (workspace, mock, route)."""
    values = ", ".join(f"('{workspace}', '{mock}', '{route}')" for workspace, mock, route in routes)
    yield f"CREATE TABLE bench_routes (w TEXT, m TEXT, r TEXT); INSERT INTO bench_routes VALUES {values};"
    for grain, width, steps in GRAINS:
        yield f"""
            INSERT INTO usage_metrics (grain, start_at, workspace_id, mock_id, route_id, status_class, {SUMS})
            WITH RECURSIVE step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n < {steps}),
                status(s) AS (SELECT 2 UNION ALL SELECT 4)
            SELECT {grain}, CAST({today} AS BIGINT) - n * CAST({width} AS BIGINT), w, m, r, s, 10, 900, 150, 1500, 4000, 8, 2
            FROM step, bench_routes, status;"""
    yield f"""
        INSERT INTO usage_metrics (grain, start_at, workspace_id, mock_id, route_id, status_class, {SUMS})
        SELECT 4, start_at - start_at % {30 * DAY}, workspace_id, mock_id, route_id, status_class, {MERGED}
        FROM usage_metrics WHERE grain = 3
        GROUP BY start_at - start_at % {30 * DAY}, workspace_id, mock_id, route_id, status_class;"""
    yield f"""
        INSERT INTO usage_summaries (grain, start_at, workspace_id, status_class, {SUMS})
        SELECT grain, start_at, workspace_id, status_class, {MERGED}
        FROM usage_metrics WHERE grain >= 2 GROUP BY grain, start_at, workspace_id, status_class;"""
    yield "DROP TABLE bench_routes;"


def questions(key, tenant):
    """What is asked: a name, a path and a token. A year ends today; hours can be asked for over 92 days."""
    today = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)

    def since(days):
        return f"from={(today - datetime.timedelta(days=days)).strftime('%Y-%m-%dT00:00:00Z')}"

    year = since(365)
    yield "a year", f"/usage?{year}", key
    yield "a year, as the operator", f"/tenants/{tenant}/usage?{year}", ADMIN_TOKEN
    for group in ["workspace", "mock", "route", "status", "day", "day,status", "workspace,status", "route,status",
                  "day,workspace", "day,mock", "day,route", "day,route,status"]:
        yield f"a year by {group}", f"/usage?{year}&group_by={group}", key
    yield "a year by day and route, all rows", f"/usage?{year}&group_by=day,route&limit=10000", key
    yield "a year by day and status, as CSV", f"/usage?{year}&group_by=day,status&limit=10000&format=csv", key
    yield "90 days by hour", f"/usage?{since(89)}&group_by=hour", key
    yield "90 days by hour, all rows", f"/usage?{since(89)}&group_by=hour&limit=10000", key
    yield "13 days by hour and route", f"/usage?{since(13)}&group_by=hour,route", key
    yield "the month", "/usage?period=month", key
    yield "the week", "/usage?period=week", key
    yield "the day by route", "/usage?period=day&group_by=route", key


def time_question(port, path, token, repeat):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    times, size = [], 0
    for number in range(repeat + 1):
        begin = time.perf_counter()
        connection.request("GET", "/api/v1" + path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        body = response.read()
        if number:
            times.append((time.perf_counter() - begin) * 1000)
        if response.status != 200:
            sys.exit(f"{path} answered {response.status}: {body.decode()}")
        size = len(body)
    return statistics.median(times), max(times), size


def make_tenant(port, route_count):
    """Its key, its id, and its routes with their mocks and workspaces."""
    api = API(port)
    tenant = api.post("/tenants", {
        "name": "Year", "subdomain": "year", "plan": "enterprise", "admin_email": "bench@example.com"}, ADMIN_TOKEN)
    key = tenant["api_key"]
    workspaces = [api.call("GET", "/workspaces", key)["data"][0]["id"],
                  api.post("/workspaces", {"name": "Second"}, key)["id"]]
    mocks = [(workspace, api.post(f"/workspaces/{workspace}/mocks", {"name": f"M{number}", "base_path": f"/m{number}"},
                                  key)["id"]) for workspace in workspaces for number in range(5)]
    routes = []
    for number in range(route_count):
        workspace, mock = mocks[number % len(mocks)]
        route = api.post(f"/mocks/{mock}/routes", {
            "method": "GET", "path": f"/r{number}", "responses": [{"status": 200}]}, key)["id"]
        routes.append((workspace, mock, route))
    return key, tenant["tenant_id"], routes


def fill_sqlite(path, script):
    database = sqlite3.connect(path)
    database.executescript("BEGIN;" + script + "COMMIT;")
    database.execute("ANALYZE")
    database.close()


def fill_postgres(url, tenant, script):
    subprocess.run(
        ["psql", "-q", "-v", "ON_ERROR_STOP=1", url], check=True, text=True, stdout=subprocess.DEVNULL,
        input=f"BEGIN; SET LOCAL search_path TO tenant_{tenant}; {script} COMMIT; "
              f"ANALYZE tenant_{tenant}.usage_metrics; ANALYZE tenant_{tenant}.usage_summaries;")


def measure(folder, options, database_url=None):
    os.makedirs(folder)
    data = os.path.join(folder, "data")
    variables = {"MOCKFORGE_DATABASE_URL": database_url} if database_url else {}
    server, _ = serve(folder, options.binary, data, variables)
    key, tenant, routes = make_tenant(server.port, options.routes)
    server.stop()
    today = int(time.time()) // 86_400 * DAY
    script = "\n".join(statements(routes, today))
    if database_url:
        fill_postgres(database_url, tenant, script)
    else:
        fill_sqlite(os.path.join(data, "tenants", f"{tenant}.sqlite"), script)
    server, _ = serve(folder, options.binary, data, variables)
    try:
        return {name: time_question(server.port, path, token, options.repeat)
                for name, path, token in questions(key, tenant)}
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.path.join(ROOT, ".build/release/mockforge"))
    parser.add_argument("--routes", type=int, default=25)
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--only", default="embedded,postgres")
    parser.add_argument("--output", help="also write the table to this file")
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)

    with tempfile.TemporaryDirectory(prefix="mockforge-usage-") as folder:
        os.chmod(folder, 0o755)
        results = {}
        if "embedded" in options.only:
            results["embedded"] = measure(os.path.join(folder, "embedded"), options)
        if "postgres" in options.only:
            services, script = os.path.join(folder, "services"), os.path.join(ROOT, "scripts/services")
            subprocess.run([script, "up", services, "postgres"], check=True)
            try:
                with open(os.path.join(services, "env")) as file:
                    url = re.search(r"export MOCKFORGE_TEST_POSTGRES_URL='(.*)'", file.read()).group(1)
                subprocess.run(["psql", "-q", url, "-c", "CREATE DATABASE usage"], check=True)
                url = url.rsplit("/", 1)[0] + "/usage"
                results["PostgreSQL"] = measure(os.path.join(folder, "postgres"), options, url)
            finally:
                subprocess.run([script, "down", services], check=False)
    lines = [
        f"Machine: {cpu_model()}, {os.cpu_count()} cores. {options.routes} routes, {options.repeat} requests for each "
        "report after a first: milliseconds, median and longest.", "",
        "| report | " + " | ".join(results) + " | bytes |", "| --- |" + " --- |" * (len(results) + 1)]
    for name in next(iter(results.values())):
        cells = [f"{median:.1f}, {longest:.1f}" for median, longest, _ in (result[name] for result in results.values())]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {next(iter(results.values()))[name][2]:,} |")
    publish("\n".join(lines), options)


if __name__ == "__main__":
    main()
