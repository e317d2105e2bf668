"""compose.py BINARY: whether the compose files hang together.

The schema says that each file is well-formed; this says that what one line names is there: variables,
services, networks, ports, volumes, files, and settings that the binary takes.
"""

import re
import sys
from pathlib import Path

import yaml

import settings

FOLDER = settings.ROOT / "infra/compose"
SETS = [["compose.yaml"], ["compose.yaml", "compose.secure.yaml"]]
# Made by others, later; named by the check and no fault of these files until then.
WANTED_FILES = set()
# Where our roles listen, and where their metrics are, which only Prometheus and the gateway ask for.
API, METRICS = "8080", "9464"
# Lists that a later file adds to; every other list it replaces.
ADDED = {"ports", "networks", "profiles", "cap_drop", "security_opt"}


def merged(base, over, key=None):
    """As `docker compose -f base -f over` does, as far as these files need it."""
    if isinstance(base, dict) and isinstance(over, dict):
        both = dict(base)
        for name, value in over.items():
            both[name] = merged(base[name], value, name) if name in base else value
        return both
    if isinstance(base, list) and isinstance(over, list):
        if key == "volumes":
            places = {mount(entry)["target"]: entry for entry in base}
            places |= {mount(entry)["target"]: entry for entry in over}
            return list(places.values())
        if key in ADDED:
            return base + over
    return over


def mount(entry):
    if isinstance(entry, dict):
        return entry
    parts = entry.split(":")
    kind = "bind" if parts[0].startswith((".", "/")) else "volume"
    return {"type": kind, "source": parts[0], "target": parts[1]}


def variables(text, where, problems):
    """Every ${NAME} has a default, is required by its file, or stands in .env.example."""
    examples = re.findall(r"^(\w+)=", (FOLDER / ".env.example").read_text(), re.MULTILINE)
    required = set(re.findall(r"\$\{(\w+):\?", text))
    for name, rest in re.findall(r"\$\{(\w+)([^}]*)\}", text):
        if rest.startswith(":?") and name not in examples:
            problems.append(f"{where}: ${{{name}}} is required, but .env.example does not have it")
        if not rest and name not in required:
            problems.append(f"{where}: ${{{name}}} has no default and nothing requires it")


def has_health(service):
    check = service.get("healthcheck", {})
    if check.get("disable"):
        return False
    # Our own image brings its check along.
    return "test" in check or "build" in service


def networks_of(service):
    return set(service.get("networks", ["default"]))


def order(services, problems):
    """Whether what is waited for exists, can be waited for, and does not wait itself."""
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            if other not in services:
                problems.append(f"{name} waits for {other}, which is no service")
            elif how["condition"] == "service_healthy" and not has_health(services[other]):
                problems.append(f"{name} waits for {other}'s health, which nothing checks")
            elif how["condition"] == "service_completed_successfully" and (
                services[other].get("restart", "no") != "no"
            ):
                problems.append(f"{name} waits for the end of {other}, which is started again")

    waiting = {name: set(service.get("depends_on", {})) for name, service in services.items()}
    while ready := [name for name, others in waiting.items() if not others & waiting.keys()]:
        for name in ready:
            del waiting[name]
    if waiting:
        problems.append(f"these wait for each other: {', '.join(sorted(waiting))}")


def addresses(services, problems):
    """Every HOST:PORT in an environment or a command is a service on a network of both."""
    pattern = re.compile(r"(?:://|@|,|=|^)([a-z][a-z0-9-]*):(\d{2,5})\b")
    for name, service in services.items():
        texts = [str(value) for value in service.get("environment", {}).values()]
        texts += [str(word) for word in service.get("command") or []]
        # What stands for each service's name.
        names = [one["name"] for one in settings.services()]
        texts = [text.replace("{service}", name) for text in texts for name in names]
        for host, port in sorted({found for text in texts for found in pattern.findall(text)}):
            if host == "localhost":
                continue
            if host not in services:
                problems.append(f"{name} reaches for {host}:{port}, which is no service")
            elif not networks_of(service) & networks_of(services[host]):
                problems.append(f"{name} reaches for {host}:{port}, but they share no network")
            elif "build" in services[host] and port not in (API, METRICS):
                problems.append(
                    f"{name} reaches for {host}:{port}, but our roles listen on {API} and {METRICS}"
                )


def ports(services, problems):
    taken = {}
    for name, service in services.items():
        for entry in service.get("ports", []):
            *address, host, inside = entry.removesuffix("/udp").split(":")
            if "build" in service and inside != API:
                problems.append(f"{name} shows its port {inside} to the outside")
            place = (host, entry.endswith("/udp"))
            if place in taken:
                problems.append(f"{name} and {taken[place]} want the same port {host}")
            taken[place] = name
            if address != ["127.0.0.1"] and name != "door":
                problems.append(f"{name} can be reached from other machines at port {host}")


def metrics(services, problems):
    """Each role has a port for its metrics alone, and Prometheus scrapes it there."""
    config = yaml.safe_load((settings.ROOT / "infra/monitoring/prometheus.yml").read_text())
    scraped = {
        name: str(found["port"])
        for job in config["scrape_configs"]
        for found in job.get("dns_sd_configs", [])
        for name in found["names"]
    }
    roles = {name: one for name, one in services.items() if (one.get("command") or [""])[0] == "serve"}
    if roles.keys() != settings.roles():
        problems.append(f"it has the roles {sorted(roles)}, not {sorted(settings.roles())}")
    for name, service in roles.items():
        own = service["environment"].get("QUADRILLE_METRICS_LISTEN")
        if own != f"0.0.0.0:{METRICS}":
            problems.append(f"{name}: its metrics are at {own or 'its public port'}, not at {METRICS}")
        if scraped.get(name) != METRICS:
            problems.append(f"{name}: Prometheus scrapes it at {scraped.get(name)}, not at {METRICS}")
    for name in scraped.keys() - roles.keys():
        problems.append(f"Prometheus scrapes {name}, which is no role")


def storage(whole, problems, wanted):
    used = set()
    for name, service in whole["services"].items():
        for one in map(mount, service.get("volumes", [])):
            if one["type"] == "volume":
                used.add(one["source"])
                if one["source"] not in whole.get("volumes", {}):
                    problems.append(f"{name}: there is no volume {one['source']}")
            elif not (FOLDER / one["source"]).exists():
                if one["source"] in WANTED_FILES:
                    wanted.add(one["source"])
                    continue
                problems.append(f"{name}: there is no {one['source']} to mount")
        for net in networks_of(service) - {"default"}:
            if net not in whole.get("networks", {}):
                problems.append(f"{name}: there is no network {net}")
    for volume in whole.get("volumes", {}).keys() - used:
        problems.append(f"the volume {volume} is declared and not used")


def ours(binary, services, problems, wanted):
    """What the binary itself says about the variables that its containers get."""
    for name, service in services.items():
        if "build" not in service:
            continue
        environment = {
            key: re.sub(r"\$\{\w+(?::[-?]([^}]*))?\}", lambda found: found[1] or "x", str(value))
            for key, value in service.get("environment", {}).items()
        }
        wanted.update(settings.wanted(environment))
        for variable in settings.unknown(environment):
            problems.append(f"{name}: there is no setting {variable}")
        command = service["command"]
        reader = command[1] if command[0] == "serve" else command[0]
        # Without a command of its own it is for whatever is asked of it.
        unread = [] if reader == "--help" else settings.unread(reader, environment)
        for variable in unread:
            problems.append(f"{name}: nobody there reads {variable}")
        if command[0] == "serve" and not settings.unknown(environment):
            words = settings.refused(binary, command[1], environment)
            if words:
                problems.append(f"{name}: {words}")


def main():
    binary = sys.argv[1]
    failed = 0
    wanted = set()
    for files in SETS:
        problems = []
        whole = {}
        for file in files:
            text = (FOLDER / file).read_text()
            variables(text, file, problems)
            whole = merged(whole, yaml.safe_load(text))
        services = whole["services"]
        order(services, problems)
        addresses(services, problems)
        ports(services, problems)
        metrics(services, problems)
        storage(whole, problems, wanted)
        ours(binary, services, problems, wanted)
        for problem in problems:
            print(f"{' + '.join(files)}: {problem}")
        print(f"{' + '.join(files)}: {len(services)} services, {len(problems)} problem(s)")
        failed += len(problems)
    if wanted:
        print(f"wanted, not checked yet: {', '.join(sorted(wanted))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
