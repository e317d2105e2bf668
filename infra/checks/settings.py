"""What the `quadrille` binary says about the variables that a deployment gives it."""

import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What the image itself sets; see infra/docker/Dockerfile.
IMAGE = {
    "QUADRILLE_LISTEN": "0.0.0.0:8080",
    "QUADRILLE_WEB_ROOT": "/usr/share/quadrille/web",
    "QUADRILLE_LOG_FORMAT": "json",
}

# What deployments need and the binary does not have yet. It is named by the checks and fails none; a name
# that the binary has is checked like any other.
WANTED_SETTINGS = set()
WANTED_COMMANDS = set()


def services():
    """The registry of services, which a test holds to the code."""
    return json.loads((ROOT / "infra/helm/quadrille/files/services.json").read_text())


def roles():
    """The names of all roles: the gateway and each service."""
    return {"gateway"} | {service["name"] for service in services()}


def documented():
    """The variables of docs/configuration.md, which a test holds to the code, and who reads each."""
    page = (ROOT / "docs/configuration.md").read_text()
    rows = re.findall(r"^\| `(QUADRILLE_\w+)` \|[^|]*\|([^|]*)\|", page, re.MULTILINE)
    return {name: {role.strip() for role in roles.split(",")} for name, roles in rows}


def wanted(environment):
    """Names among `environment` that the binary does not have yet."""
    return sorted((WANTED_SETTINGS & environment.keys()) - documented().keys())


def unknown(environment):
    """Names among `environment` that the binary would refuse at its start, and nobody plans."""
    known = documented().keys() | WANTED_SETTINGS
    return sorted(
        name for name in environment if name.startswith("QUADRILLE_") and name not in known
    )


def unread(role, environment):
    """Names that the role does not read: harmless, but not what was meant."""
    known = documented()
    return sorted(
        name
        for name in environment
        if name in known and not known[name] & {role, "quadrille"}
    )


def refused(binary, role, environment):
    """Runs `quadrille config check ROLE` with these variables alone; its words if it refuses them."""
    missing = set(wanted(environment))
    values = IMAGE | {
        name: str(value) for name, value in environment.items() if name not in missing
    }
    ended = subprocess.run(
        [binary, "config", "check", role],
        env={"PATH": os.environ["PATH"]} | values,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return None if ended.returncode == 0 else ended.stderr.strip()
