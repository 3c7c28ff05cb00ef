#!/usr/bin/env python3
"""Holds the templates that `sam deploy` ships against what the code says.

`cfn-lint` reads every template, AWS's own transform expands it, and the deployment with the
defaults of its parameters is resolved down to ARNs. Then each rule must hold, each damaged stack
must cause its complaint, and `sam` must package all of it. Nothing here touches an AWS account.
"""

import copy
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import load  # noqa: E402
import rights  # noqa: E402
import rules  # noqa: E402
import ship  # noqa: E402
import stores  # noqa: E402
from damage import DAMAGE  # noqa: E402

RULES = [
    rules.sizes, rules.handed, rules.whole, rules.environment, rules.routes, rules.admission,
    rules.sockets, rules.sources, rights.grants, rights.wildcards, rights.starters,
    rights.roles_of_nobody, stores.tables, stores.queues, stores.buckets, stores.secrets,
    stores.parameters, stores.alarms, stores.acts, stores.stages,
]


def facts():
    """What the code says, written by the tests a moment ago."""
    wanted = "contract::stack::facts"
    command = ["cargo", "test", "--locked", "-q", "--test", "pairly", "--", wanted]
    done = subprocess.run(command, cwd=load.ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0 or "1 passed" not in done.stdout:
        sys.exit(f"{done.stdout}\nthe facts could not be written")
    return json.loads((load.ROOT / "target/stack/facts.json").read_text())


def complaints(files, known):
    stack = load.deploy(files)
    return [complaint for rule in RULES for complaint in rule(stack, known)]


def lint(files):
    """What cfn-lint says of every template; the bodies that APIs import are none."""
    bodies = {"infra/gateway/client.yaml", "infra/gateway/admin.yaml"}
    templates = sorted(set(files) - bodies)
    tool = Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run([tool, "--", *templates], cwd=load.ROOT, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip().splitlines() if done.returncode else []


def undetected(files, known):
    for name, damage, wanted in DAMAGE:
        damaged = copy.deepcopy(files)
        damage(damaged)
        try:
            found = complaints(damaged, known)
        except KeyError as error:
            found = [str(error)]
        if not any(wanted in complaint for complaint in found):
            yield f"damage was not noticed: {name}; found {found[:3]}"


def main():
    files, known = load.read(), facts()
    wrong = [*lint(files), *complaints(files, known)]
    if not wrong:
        wrong = [*ship.complaints(known), *undetected(files, known)]
    stack = load.deploy(files)
    sizes = {part.path: len(part.resources) for part in stack.all()}
    print(json.dumps(sizes, indent=2))
    print("\n".join([*wrong, f"{len(RULES)} rules, {len(DAMAGE)} damaged stacks, {len(wrong)} complaints"]))
    sys.exit(1 if wrong else 0)


main()
