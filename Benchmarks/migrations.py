#!/usr/bin/env python3
"""Measures `mockforge migrate`: tenants whose schemas are at the first version, brought to the newest.

Makes the schemas from the first migration's text, with PostgreSQL or in SQLite files, starts the command and takes its
time from start to exit. PostgreSQL comes from scripts/services (without fsync) unless --database-url names one.

usage: Benchmarks/migrations.py [--binary PATH] [--tenants N] [--workers N,N] [--sqlite] [--database-url URL]
"""

import argparse
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FIRST = os.path.join(ROOT, "Sources/Persistence/Migrations/tenant/0001_tenant_baseline.sql")
LEDGER = """
CREATE TABLE ledger (
    version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL
);
INSERT INTO ledger VALUES (1, 'tenant_baseline', '{checksum}', 1);
"""


def first_version():
    with open(FIRST, "rb") as file:
        text = file.read()
    return text.decode() + LEDGER.format(checksum=hashlib.sha256(text).hexdigest())


def tenant(number):
    return f"t{number:09d}"


def fill_postgres(url, database, tenants):
    script = []
    for number in range(tenants):
        schema, role = f"tenant_{tenant(number)}", f'"tenant_{tenant(number)}@{database}"'
        script.append(
            f"BEGIN; CREATE ROLE {role} NOLOGIN; GRANT {role} TO CURRENT_USER;"
            f" CREATE SCHEMA {schema} AUTHORIZATION {role}; SET LOCAL ROLE {role}; SET LOCAL search_path = {schema};"
            f"\n{first_version()}\nCOMMIT;")
    subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", url], input="\n".join(script), text=True, check=True)


def fill_sqlite(folder, tenants):
    os.makedirs(os.path.join(folder, "tenants"))
    for number in range(tenants):
        connection = sqlite3.connect(os.path.join(folder, "tenants", tenant(number) + ".sqlite"))
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN;" + first_version() + "COMMIT;")
        connection.close()


def migrate(binary, folder, workers, environment):
    begin = time.monotonic()
    subprocess.run(
        [binary, "migrate", "--workers", str(workers), "--data-dir", folder], check=True, cwd=folder,
        stdout=subprocess.DEVNULL, env={**os.environ, **environment})
    return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--binary", default=os.path.join(ROOT, ".build/release/mockforge"))
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--workers", default="4")
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--database-url")
    options = parser.parse_args()

    folder = tempfile.mkdtemp(prefix="mockforge-migrations-")
    os.chmod(folder, 0o755)
    services = os.path.join(folder, "services")
    script = os.path.join(ROOT, "scripts/services")
    url = options.database_url
    starts = not url and not options.sqlite
    try:
        if starts:
            subprocess.run([script, "up", services, "postgres"], check=True)
            with open(os.path.join(services, "env")) as file:
                url = re.search(r"MOCKFORGE_TEST_POSTGRES_URL='(.*)'", file.read()).group(1)
        print("| workers | tenants | seconds | tenants a second |\n| --- | --- | --- | --- |")
        for workers in map(int, options.workers.split(",")):
            name = f"migrations_{os.getpid()}_{workers}"
            data, environment = os.path.join(folder, name), {}
            os.makedirs(data)
            if options.sqlite:
                fill_sqlite(data, options.tenants)
            else:
                own = re.sub(r"/[^/?]*($|\?)", rf"/{name}\1", url)
                subprocess.run(["psql", "-q", url, "-c", f"CREATE DATABASE {name}"], check=True)
                fill_postgres(own, name, options.tenants)
                environment = {"MOCKFORGE_DATABASE_URL": own}
            took = migrate(options.binary, data, workers, environment)
            print(f"| {workers} | {options.tenants} | {took:.1f} | {options.tenants / took:.0f} |", flush=True)
            # What scripts/services started goes as a whole.
            if options.database_url:
                for number in range(0, options.tenants, 100):
                    drops = [
                        f'DROP SCHEMA tenant_{tenant(n)} CASCADE; DROP ROLE "tenant_{tenant(n)}@{name}";'
                        for n in range(number, min(number + 100, options.tenants))]
                    subprocess.run(
                        ["psql", "-q", own], input="SET client_min_messages = warning;" + "".join(drops), text=True,
                        check=True)
                subprocess.run(["psql", "-q", url, "-c", f"DROP DATABASE {name} WITH (FORCE)"], check=True)
    finally:
        if starts:
            subprocess.run([script, "down", services], check=False)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
