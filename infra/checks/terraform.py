"""terraform.py TERRAFORM: what can be said about infra/terraform without Google's provider.

The provider can't be had where this is checked, so `terraform validate` and `plan` are not run on the
whole. Checked are that what is named is declared, that every variable says what it is, and, by a real
`terraform plan` of the variables alone, that wrong values are refused.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import settings

FOLDER = settings.ROOT / "infra/terraform"
GOOD = {
    "project": "my-project",
    "domain": "shop.example.com",
    "operators_cidrs": {"office": "203.0.113.0/24"},
}
# Each with a word of the message that refuses it.
WRONG = [
    ({"project": "1234567890"}, "project id"),
    ({"domain": "shop.example.com."}, "full name in small letters"),
    ({"domain": "localhost"}, "full name in small letters"),
    ({"operators_cidrs": {}}, "at least one network"),
    ({"operators_cidrs": {"all": "0.0.0.0/0"}}, "open the cluster's API to everyone"),
    ({"operators_cidrs": {"office": "203.0.113.0"}}, "each as CIDR"),
    ({"name": "Q"}, "3 to 20 small letters"),
    ({"release_channel": "NEWEST"}, "RAPID, REGULAR or STABLE"),
    ({"stable_nodes_per_zone": 0}, "1 to 20"),
    ({"spot_nodes_max": -1}, "0 to 100"),
    ({"backup_retention_days": 0}, "1 to 3650"),
    ({"backup_service_account": "backup"}, "NAMESPACE/NAME"),
]


def references(problems):
    texts = {file.name: file.read_text() for file in sorted(FOLDER.glob("*.tf"))}
    text = re.sub(r"^\s*#.*$", "", "\n".join(texts.values()), flags=re.MULTILINE)
    declared = set(re.findall(r'^variable "(\w+)"', text, re.MULTILINE))
    used = set(re.findall(r"\bvar\.(\w+)", re.sub(r'description\s*=\s*".*"', "", text)))
    outside = re.sub(r'^variable ".*?^}', "", text, flags=re.MULTILINE | re.DOTALL)
    for name in sorted(used - declared):
        problems.append(f"var.{name} is used and not declared")
    for name in sorted(declared - set(re.findall(r"\bvar\.(\w+)", outside))):
        problems.append(f"variable {name} is declared and not used")
    for kind in ("variable", "output"):
        for name, body in re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}', text, re.MULTILINE | re.DOTALL):
            if not re.search(r'^\s*description\s*=\s*"', body, re.MULTILINE):
                problems.append(f"{kind} {name} does not say what it is")

    made = {f"{kind}.{name}" for kind, name in re.findall(r'^resource "(\w+)" "(\w+)"', text, re.MULTILINE)}
    made |= {f"data.{kind}.{name}" for kind, name in re.findall(r'^data "(\w+)" "(\w+)"', text, re.MULTILINE)}
    named = set(re.findall(r"(?<![\w.\"/])((?:data\.)?google_\w+\.\w+)", text))
    for name in sorted(named - made):
        problems.append(f"{name} is named and not declared")
    example = (FOLDER / "terraform.tfvars.example").read_text()
    for name in re.findall(r"^(\w+)\s*=", example, re.MULTILINE):
        if name not in declared:
            problems.append(f"terraform.tfvars.example sets {name}, which is no variable")
    return len(declared), len(made)


def plan(terraform, folder, values):
    (folder / "terraform.tfvars.json").write_text(json.dumps(values))
    ended = subprocess.run(
        [terraform, "plan", "-input=false", "-no-color"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, " ".join(ended.stderr.split())


def refusals(terraform, problems):
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        shutil.copy(FOLDER / "variables.tf", folder)
        subprocess.run([terraform, "init", "-input=false"], cwd=folder, capture_output=True, check=True)
        code, words = plan(terraform, folder, GOOD)
        if code != 0:
            problems.append(f"good values are refused: {words}")
        for wrong, why in WRONG:
            code, words = plan(terraform, folder, GOOD | wrong)
            if code == 0:
                problems.append(f"{wrong} is accepted")
            elif why not in words.replace("│ ", ""):
                problems.append(f"{wrong} is refused, but not for “{why}”: {words}")


def main():
    problems = []
    variables, resources = references(problems)
    refusals(sys.argv[1], problems)
    for problem in problems:
        print(problem)
    print(
        f"terraform: {variables} variables, {resources} resources and data, "
        f"{len(WRONG)} wrong values tried, {len(problems)} problem(s)"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
