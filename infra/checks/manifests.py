"""manifests.py BINARY FILE...: whether rendered manifests fit the binary and each other.

A real API server says whether each object is well-formed (`cargo xtask infra`); this says that settings
and commands are ones that the binary has, that what one object names is there, and that no container of
ours has more rights than it needs.
"""

import subprocess
import sys
from pathlib import Path

import yaml

import settings

OURS = "/quadrille"
# The name of the port for metrics alone.
METRICS = "metrics"


def pods(objects):
    for one in objects:
        if one["kind"] == "Pod":
            yield one["metadata"]["name"], one["metadata"], one["spec"]
        elif "template" in one.get("spec", {}) and "spec" in one["spec"]["template"]:
            template = one["spec"]["template"]
            yield one["metadata"]["name"], template["metadata"], template["spec"]


def is_ours(container):
    return ("/" + container["image"]).split(":")[0].split("@")[0].endswith(OURS)


def environment(container):
    """Values as they stand; a secret or a field is some text."""
    return {one["name"]: one.get("value", "mongodb://x/") for one in container.get("env", [])}


def settings_fit(binary, where, container, problems, wanted):
    values = environment(container)
    names = [one["name"] for one in container.get("env", [])]
    for name in {name for name in names if names.count(name) > 1}:
        problems.append(f"{where}: {name} is set twice")
    wanted.update(settings.wanted(values))
    for name in settings.unknown(values):
        problems.append(f"{where}: there is no setting {name}")
    args = container["args"]
    if args[0] == "serve":
        for name in settings.unread(args[1], values):
            problems.append(f"{where}: {args[1]} does not read {name}")
        if not settings.unknown(values):
            words = settings.refused(binary, args[1], values)
            if words:
                problems.append(f"{where}: {words}")
        return
    # Another command: whether there is such a one.
    asked = subprocess.run([binary, *args, "--help"], capture_output=True, text=True, check=False)
    if asked.returncode != 0 and args[0] in settings.WANTED_COMMANDS:
        wanted.add(f"quadrille {args[0]}")
    elif asked.returncode != 0:
        problems.append(f"{where}: `quadrille {' '.join(args)}`: {asked.stderr.splitlines()[0]}")


def harmless(where, pod, container, problems):
    inside = container.get("securityContext", {})
    if not pod.get("securityContext", {}).get("runAsNonRoot"):
        problems.append(f"{where}: may run as root")
    if inside.get("allowPrivilegeEscalation") is not False:
        problems.append(f"{where}: may gain privileges")
    if inside.get("capabilities", {}).get("drop") != ["ALL"]:
        problems.append(f"{where}: keeps capabilities")
    if pod.get("automountServiceAccountToken") is not False:
        problems.append(f"{where}: gets an API token")
    if pod.get("enableServiceLinks") is not False:
        problems.append(f"{where}: gets the services' addresses as variables")
    for kind in ("requests", "limits"):
        if not {"cpu", "memory"} <= container.get("resources", {}).get(kind, {}).keys():
            problems.append(f"{where}: has no {kind}")
    if is_ours(container) and not inside.get("readOnlyRootFilesystem"):
        problems.append(f"{where}: may write to its root")


def selected(objects, problems):
    """Whoever selects pods selects some; whoever scales something scales what is there."""
    labels = [metadata["labels"].items() for _, metadata, _ in pods(objects)]
    named = {(one["kind"], one["metadata"]["name"]) for one in objects}
    for one in objects:
        name, spec = f"{one['kind']} {one['metadata']['name']}", one.get("spec", {})
        selector = spec.get("selector", spec.get("podSelector"))
        if one["kind"] in ("Service", "NetworkPolicy", "PodDisruptionBudget"):
            wanted = selector.get("matchLabels", selector)
            if not any(wanted.items() <= has for has in labels) and not name.endswith(
                ("-nobody", "-jobs")
            ):
                problems.append(f"{name} selects no pod")
        if "scaleTargetRef" in spec:
            target = spec["scaleTargetRef"]
            if (target.get("kind", "Deployment"), target["name"]) not in named:
                problems.append(f"{name} scales {target['name']}, which is not there")
        if one["kind"] == "ServiceMonitor":
            scraped = {endpoint["port"] for endpoint in spec["endpoints"]}
            services = [
                {port["name"] for port in other["spec"]["ports"]}
                for other in objects
                if other["kind"] == "Service"
                and selector["matchLabels"].items() <= other["metadata"]["labels"].items()
            ]
            if not services:
                problems.append(f"{name} selects no service")
            if scraped != {METRICS} or not all(scraped <= ports for ports in services):
                problems.append(f"{name} scrapes {sorted(scraped)}, its services have {services}")


def every_role(objects, problems):
    """Each role has a deployment."""
    served = {
        container["args"][1]
        for _, _, pod in pods(objects)
        for container in pod["containers"]
        if is_ours(container) and container["args"][0] == "serve"
    }
    if served != settings.roles():
        problems.append(f"it has the roles {sorted(served)}, not {sorted(settings.roles())}")


def metrics_stay_inside(objects, problems):
    """Each role's metrics are on a port of their own: no ingress leads there, and a policy that opens it
    says for whom."""
    own = set()
    for name, _, pod in pods(objects):
        for container in pod["containers"]:
            ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
            if is_ours(container) and container["args"][0] == "serve":
                own.add(ports.get(METRICS))
                listens = environment(container).get("QUADRILLE_METRICS_LISTEN")
                if listens != f"0.0.0.0:{ports.get(METRICS)}":
                    problems.append(f"{name}: its metrics are at {listens}, its port is {ports}")
    for one in objects:
        name, spec = f"{one['kind']} {one['metadata']['name']}", one.get("spec", {})
        if one["kind"] == "Ingress":
            paths = [path for rule in spec["rules"] for path in rule["http"]["paths"]]
            for port in {path["backend"]["service"]["port"].get("name") for path in paths} - {"http"}:
                problems.append(f"{name} leads to the port {port}")
        for rule in spec.get("ingress", []) if one["kind"] == "NetworkPolicy" else []:
            if own & {port["port"] for port in rule["ports"]} and not rule.get("from"):
                problems.append(f"{name} opens the metrics to everyone")


def properties(text):
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def same_kafka(objects, problems):
    """The trial's Kafka is set up as compose's, but for its name and its folder."""
    compose = properties((settings.ROOT / "infra/compose/kafka/server.properties").read_text())
    for one in objects:
        text = one.get("data", {}).get("server.properties") if one["kind"] == "ConfigMap" else None
        if text is None:
            continue
        ours = properties(text)
        for key in sorted(compose.keys() | ours.keys()):
            if compose.get(key) != ours.get(key) and key not in ("advertised.listeners", "log.dirs"):
                problems.append(f"the trial's Kafka has {key}={ours.get(key)}, compose's {compose.get(key)}")


def main():
    binary, *files = sys.argv[1:]
    failed = 0
    wanted = set()
    for file in files:
        problems = []
        objects = [one for one in yaml.safe_load_all(Path(file).read_text()) if one]
        containers = 0
        for name, _, pod in pods(objects):
            for container in pod["containers"]:
                containers += 1
                where = f"{name}/{container['name']}"
                harmless(where, pod, container, problems)
                if is_ours(container):
                    settings_fit(binary, where, container, problems, wanted)
        selected(objects, problems)
        same_kafka(objects, problems)
        metrics_stay_inside(objects, problems)
        every_role(objects, problems)
        for problem in problems:
            print(f"{Path(file).stem}: {problem}")
        print(
            f"{Path(file).stem}: {len(objects)} objects, {containers} containers, {len(problems)} problem(s)"
        )
        failed += len(problems)
    if wanted:
        print(f"wanted, not checked yet: {', '.join(sorted(wanted))}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
