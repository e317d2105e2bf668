"""monitoring.py QUADRILLE PROMETHEUS PROMTOOL: whether alerts and dashboards work on a running shop.

promtool checks the files and runs the alerts' tests. Then a real Prometheus with the files' own rules scrapes a
real shop (`quadrille up`, all roles in one process, with metrics on a port of their own): every target has to be up, every rule to be
evaluated and none to fire, and every query of the dashboards to be answered, with figures. At last the
shop is ended, and Prometheus has to notice.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

import settings

FOLDER = Path(__file__).resolve().parents[1] / "monitoring"
ROLES = settings.roles()
PATIENCE = 180
# There is nothing to show while nothing goes wrong.
MAY_BE_EMPTY = '"5.."'


def ask(url, body=None, token=None):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def until(what, condition):
    """The condition's first true value."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            found = condition()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            found = None
        if found:
            return found
        if time.monotonic() > deadline:
            sys.exit(f"not within {PATIENCE} s: {what}")
        time.sleep(0.5)


def free_port():
    """Below the ports that outgoing connections are given."""
    for port in range(21400 + os.getpid() % 5000, 32000):
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    sys.exit("no free port")


def order(shop):
    """One order, settled, and one refused."""
    who = {"email": "aaa@aaa.com", "password": "aaa@aaa.com"}
    token = ask(f"{shop}/api/login", who)["access_token"]
    lines = {"products": [{"name": "cutlery", "quantity": 1}]}
    placed = ask(f"{shop}/api/orders", lines, token)
    address = f"{shop}/api/orders/{placed['id']}"
    until("the order is settled", lambda: ask(address, token=token)["status"] == "ACCEPTED")


def configuration(folder, target):
    """The configuration with the same jobs and rules, for a shop at `target`, and faster."""
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(FOLDER / name) for name in config["rule_files"]]
    jobs = [job for job in config["scrape_configs"] if "relabel_configs" in job]
    names = {job["job_name"] for job in jobs}
    if names != ROLES:
        sys.exit(f"prometheus.yml scrapes {sorted(names)}, not {sorted(ROLES)}")
    config["scrape_configs"] = [
        {"job_name": job["job_name"], "static_configs": [{"targets": [target]}]}
        | {"relabel_configs": job["relabel_configs"]}
        for job in jobs
    ]
    place = folder / "prometheus.yml"
    place.write_text(yaml.safe_dump(config))
    return place


def queries():
    def walk(value):
        if isinstance(value, dict):
            if isinstance(value.get("expr"), str):
                yield value["expr"]
            for member in value.values():
                yield from walk(member)
        elif isinstance(value, list):
            for item in value:
                yield from walk(item)

    for file in sorted((FOLDER / "grafana/dashboards").glob("*.json")):
        for text in walk(json.loads(file.read_text())):
            yield file.name, text.replace("$__rate_interval", "1m").replace("$service", ".*")


def rules(prometheus):
    groups = ask(f"{prometheus}/api/v1/rules")["data"]["groups"]
    return {rule["name"]: rule for group in groups for rule in group["rules"]}


def judge(prometheus):
    """What is wrong with the answers to the dashboards' queries."""
    count, problems = 0, []
    for file, text in queries():
        count += 1
        question = urllib.parse.urlencode({"query": text})
        try:
            answer = ask(f"{prometheus}/api/v1/query?{question}")["data"]["result"]
        except urllib.error.HTTPError as error:
            problems.append(f"{file}: {text}: {json.load(error)['error']}")
            continue
        if not answer and MAY_BE_EMPTY not in text:
            problems.append(f"{file}: nothing is shown: {text}")
    return count, problems


def metrics_port(shop, log):
    """Where the shop's metrics are, and nowhere else."""
    banner = r"^ +metrics +http://(127\.0\.0\.1:\d+)/metrics$"
    target = until("the banner is there", lambda: re.search(banner, log.read_text(), re.MULTILINE))[1]
    for address, right in ((shop, 404), (f"http://{target}", 200)):
        try:
            with urllib.request.urlopen(f"{address}/metrics", timeout=30) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        if status != right:
            sys.exit(f"{address}/metrics answers {status} instead of {right}")
    who = {"email": "admin@admin.com", "password": "admin@admin.com"}
    token = ask(f"{shop}/api/login", who)["access_token"]
    seen = ask(f"{shop}/api/admin/operations", token=token)["services"]
    if not all(one.get("metrics") for one in seen if one["publishes"]):
        sys.exit(f"the operators' page has no metrics: {seen}")
    return target


def on_a_shop(quadrille, program, folder):
    port, own = free_port(), None
    shop, log = f"http://127.0.0.1:{port}", folder / "shop.log"
    started = []

    def start(words, name):
        with open(folder / f"{name}.log", "wb") as output:
            child = subprocess.Popen(
                words, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        started.append(child)
        return child

    try:
        words = [quadrille, "up", "--port", str(port), "--data-dir", str(folder / "data")]
        # The address is in what it prints, and nobody else can take it meanwhile.
        up = start([*words, "--metrics-listen", "127.0.0.1:0"], "shop")
        until("the shop is ready", lambda: up.poll() is not None or ask(f"{shop}/api/products")["products"])
        if up.poll() is not None:
            sys.exit(f"quadrille up ended: {log.read_text()[-2000:]}")
        target = metrics_port(shop, log)
        own = free_port()
        prometheus = f"http://127.0.0.1:{own}"
        words = [
            program,
            f"--config.file={configuration(folder, target)}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{own}",
        ]
        start(words, "prometheus")

        def targets():
            active = ask(f"{prometheus}/api/v1/targets")["data"]["activeTargets"]
            well = {one["labels"]["job"] for one in active if one["health"] == "up"}
            return well == ROLES

        until("every target is up", targets)
        until("an order is taken", lambda: order(shop) or True)
        # Rates need two scrapes of a metric, and some are measured every few seconds.
        count, problems = 0, ["not asked"]
        deadline = time.monotonic() + PATIENCE
        while problems and time.monotonic() < deadline:
            order(shop)
            time.sleep(3)
            count, problems = judge(prometheus)
        found = rules(prometheus)
        for name, rule in found.items():
            if rule["health"] != "ok":
                problems.append(f"{name}: {rule.get('lastError', rule['health'])}")
            if rule["state"] == "firing":
                problems.append(f"{name} fires on a shop that is well")
        print(f"   {len(ROLES)} targets, {len(found)} alerts evaluated, {count} queries of dashboards answered")
        if not problems:
            up.terminate()
            up.wait(timeout=60)
            until(
                "Prometheus notices that the shop is gone",
                lambda: rules(prometheus)["InstanceDown"]["state"] in ("pending", "firing"),
            )
            print("   the shop was ended, and InstanceDown is on its way")
        return problems
    finally:
        for child in reversed(started):
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()


def main():
    quadrille, program, promtool = (os.path.abspath(word) for word in sys.argv[1:])
    for words in (["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]):
        if subprocess.run([promtool, *words], cwd=FOLDER, check=False).returncode != 0:
            return 1
    with tempfile.TemporaryDirectory() as folder:
        problems = on_a_shop(quadrille, program, Path(folder))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
