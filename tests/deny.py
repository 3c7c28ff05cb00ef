#!/usr/bin/env python3
"""Checks every linked crate against `.cargo/deny.toml`: licences, bans, sources, wildcards.

The file is cargo-deny's own; this reads the part that needs no network, because no released
binary of that tool that can be installed by name understands `Unicode-3.0`. Advisories stay with
`cargo deny --config .cargo/deny.toml check advisories`, where the internet is at hand.
"""

import json
import os
import re
import subprocess
import sys
import tomllib

# What the tests run on, and what the cloud runs on.
PLATFORMS = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"]


def allowed(expression, names):
    """Whether an SPDX expression can be met with these licences alone."""
    words = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))
    at = 0

    def take():
        nonlocal at
        at += 1
        return words[at - 1]

    def peek():
        return words[at] if at < len(words) else None

    def term():
        if peek() == "(":
            take()
            inner = either()
            take()
            return inner
        name = take()
        if peek() == "WITH":
            name = f"{name} {take()} {take()}"
        return name in names

    def both():
        result = term()
        while peek() == "AND":
            take()
            result &= term()
        return result

    def either():
        result = both()
        while peek() == "OR":
            take()
            result |= both()
        return result

    return either()


def cargo(*arguments):
    """What cargo prints; its complaints go where ours go."""
    done = subprocess.run(["cargo", *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"cargo {arguments[0]} failed")
    return done.stdout


def linked():
    """Name, place and licence of every package that is linked on some platform."""
    # `cargo metadata` would also list what no feature switches on.
    fields = ["--workspace", "--locked", "--prefix=none", "--format={p}|{l}"]
    trees = [cargo("tree", *fields, f"--target={platform}") for platform in PLATFORMS]
    rows = {line.removesuffix(" (*)") for tree in trees for line in tree.splitlines() if line}
    for row in sorted(rows):
        package, licence = row.split("|", 1)
        name, *place = package.replace(" (proc-macro)", "").split(" ")
        yield name, " ".join(place), licence


def complaints(rules):
    """Everything that the rules forbid, as sentences."""
    banned = {ban["name"]: ban["reason"] for ban in rules["bans"]["deny"]}
    licences = set(rules["licenses"]["allow"])
    root = os.getcwd()
    for name, place, licence in linked():
        if name in banned:
            yield f"{name} {place} is banned: {banned[name]}"
        if not allowed(licence or "none", licences):
            yield f"{name} {place} has a licence that is not on the list: `{licence}`"
        # Packages of crates.io show no place, our own show their folder.
        if "(" in place and f"({root}" not in place:
            yield f"{name} comes from elsewhere: {place}"
    for package in json.loads(cargo("metadata", "--no-deps", "--format-version=1"))["packages"]:
        for need in package["dependencies"]:
            if need["req"] == "*" and "path" not in need:
                yield f"{package['name']} asks for any version of {need['name']}"


def main():
    with open(".cargo/deny.toml", "rb") as file:
        rules = tomllib.load(file)
    wrong = list(complaints(rules))
    print("\n".join([*wrong, f"{len(wrong)} complaints"]))
    sys.exit(1 if wrong else 0)


main()
