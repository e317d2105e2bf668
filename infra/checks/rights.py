"""rights.py BINARY: whether who may write and read which topic is what the services' contracts say.

The same is written down where Kafka's users are made: infra/compose/secure/kafka/init.sh and
infra/helm/production/kafka.yaml; and what KEDA scales by, in the chart's autoscaling.yaml.
"""

import json
import re
import subprocess
import sys

import yaml

import settings


def contracts(binary):
    """For each service with events: what it writes, dead letters included, and what it hears."""
    said = subprocess.run(
        [binary, "choreography", "--json"], capture_output=True, text=True, check=True
    )
    rights = {}
    for one in json.loads(said.stdout):
        name = one["service"]
        heard = {heard["topic"] for heard, _ in one["subscribes"]}
        writes = {event["topic"] for event in one["publishes"]}
        if writes or heard:
            rights[name] = (writes | {f"{topic}.{name}.dlt" for topic in heard}, heard)
    return rights


def of_compose():
    script = (settings.ROOT / "infra/compose/secure/kafka/init.sh").read_text()
    calls = re.findall(r'^service (\w+) "\$\w+" (.*)$', script.replace("\\\n", " "), re.MULTILINE)
    return {name: set(topics.split()) for name, topics in calls}


def of_strimzi():
    text = (settings.ROOT / "infra/helm/production/kafka.yaml").read_text()
    users = [one for one in yaml.safe_load_all(text) if one["kind"] == "KafkaUser"]
    return {
        user["metadata"]["name"].removeprefix("quadrille-"): {
            rule["resource"]["name"]
            for rule in user["spec"]["authorization"]["acls"]
            if "Write" in rule["operations"]
        }
        for user in users
    }


def of_keda():
    text = (settings.ROOT / "infra/helm/quadrille/templates/autoscaling.yaml").read_text()
    lists = re.findall(r'^\s*"(\w+)" \(list ((?:"[\w.-]+" ?)+)\)', text, re.MULTILINE)
    return {name: set(re.findall(r'"([^"]+)"', topics)) for name, topics in lists}


def main():
    rights = contracts(sys.argv[1])
    writes = {name: written for name, (written, _) in rights.items()}
    hears = {name: heard for name, (_, heard) in rights.items()}
    problems = []
    for where, said, right in [
        ("compose/secure/kafka/init.sh", of_compose(), writes),
        ("helm/production/kafka.yaml", of_strimzi(), writes),
        ("helm/quadrille/templates/autoscaling.yaml", of_keda(), hears),
    ]:
        for name in sorted(right.keys() | said.keys()):
            missing = right.get(name, set()) - said.get(name, set())
            surplus = said.get(name, set()) - right.get(name, set())
            if missing:
                problems.append(f"{where}: {name} lacks {', '.join(sorted(missing))}")
            if surplus:
                problems.append(f"{where}: {name} has no business with {', '.join(sorted(surplus))}")
    for problem in problems:
        print(problem)
    print(f"rights: {len(rights)} services, {len(problems)} problem(s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
