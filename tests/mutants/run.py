#!/usr/bin/env python3
"""Mutation testing (docs/TESTING.md): which changes of the rules would no test notice?

The mutants are those of `cargo mutants` (`.cargo/mutants.toml`). It builds the tree once per
mutant; this builds a copy of it once with all of a sample asleep, notes which tests come by which
function, and then wakes one mutant after the other for the tests that come by.
"""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import time

from source import Source, arms, is_alone

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "target/mutants"
TREE = WORK / "tree"
# How many scenarios have a look at a mutant that the rules' own tests have not caught.
SCENARIOS = 60
ENVIRONMENT = {
    **os.environ,
    "CARGO_TARGET_DIR": str(ROOT / "target"),
    "CARGO_PROFILE_DEV_DEBUG": "0",
    "AWS_LC_SYS_NO_JITTER_ENTROPY": "1",
    "RUST_BACKTRACE": "0",
}


def listed(count):
    """So many mutants, numbered from 1: always the same, whatever changes elsewhere, because a hash
    of the name without lines says which come first."""
    text = subprocess.check_output(["cargo", "mutants", "--list", "--json"], cwd=ROOT)
    found, twins = json.loads(text), collections.Counter()
    for mutant in found:
        name = re.sub(r"^([^:]+):\d+:\d+:", r"\1:", mutant["name"])
        twins[name] += 1
        mutant["name"] = name + (f" ({twins[name]})" if twins[name] > 1 else "")
    found.sort(key=lambda mutant: hashlib.sha256(mutant["name"].encode()).digest())
    found = sorted(found[:count], key=lambda mutant: mutant["name"])
    for number, mutant in enumerate(found, 1):
        mutant["id"] = number
    return found


def copied():
    """A fresh copy of what git knows or would know of; the same files keep their times."""
    files = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    ).split("\0")
    shutil.rmtree(TREE, ignore_errors=True)
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, TREE / name)


class Sample:
    """Mutants in a tree: which are asleep in it, which must be built alone, which do not compile."""

    def __init__(self, mutants):
        self.mutants = {m["id"]: m for m in mutants}
        self.sources = {}
        for name in {m["file"] for m in mutants}:
            self.sources[name] = Source(name, (ROOT / name).read_text())
        spans = {(m["file"], str(m["function"])): m["function"] for m in mutants if m["function"]}
        self.spans = spans
        self.alone = {m["id"] for m in mutants if is_alone(m, lambda f: self.nested(m["file"], f))}
        self.unviable = {}
        self.arms = {}

    def nested(self, file, function):
        """Whether a function stands within another one that has mutants."""
        begin, end = self.sources[file].span(function["span"])
        for (other_file, _), other in self.spans.items():
            start, stop = self.sources[other_file].span(other["span"])
            if other_file == file and start <= begin and end <= stop and other != function:
                return True
        return False

    def asleep(self, file):
        """The mutants of a file that wait to be chosen."""
        return [
            m for i, m in self.mutants.items()
            if m["file"] == file and i not in self.alone and i not in self.unviable
        ]

    def write(self, alone=None):
        """Writes the files that have mutants; those that are as they were keep their times."""
        for name, source in self.sources.items():
            own = alone if alone and alone["file"] == name else None
            text = source.with_mutants(self.asleep(name), own)
            self.arms[name] = arms(text)
            if (TREE / name).read_text() != text:
                (TREE / name).write_text(text)

    def blame(self, errors):
        """Takes out what the compiler complains of; true if that was all in mutants."""
        understood = True
        for code, text, places in errors:
            culprits = {
                i for file, line in places for i, (begin, end) in self.arms.get(file, {}).items()
                if begin <= line <= end
            }
            if code in ("E0015", "E0658") and not culprits:
                name = re.search(r"`([^`]*)`", text)[1].split("::")[-1].split("<")[0]
                self.alone |= {
                    i for i, m in self.mutants.items()
                    if m["function"] and m["function"]["function_name"].split("::")[-1] == name
                }
            elif culprits:
                self.unviable.update({i: f"{code} {text}" for i in culprits})
            else:
                print("not a mutant's fault:", code, text, places)
                understood = False
        return understood


def compiled(*kinds):
    """Builds in the tree: its test binaries by name, and the errors of the compiler."""
    command = ["cargo", "test", "--no-run", "--message-format=json", *kinds]
    done = subprocess.run(
        command, cwd=TREE, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    binaries, errors = {}, []
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable"):
            binaries[message["target"]["name"]] = message["executable"]
        said = message.get("message") or {}
        if said.get("level") == "error" and said["spans"]:
            code = (said["code"] or {}).get("code", "")
            places = [(s["file_name"], s["line_start"]) for s in said["spans"] if s["is_primary"]]
            errors.append((code, said["message"], places))
    return (binaries if done.returncode == 0 else None), errors


KINDS = ("--lib", "--test", "pairly")


def build(sample):
    """Builds the tree with every mutant that compiles."""
    lib = TREE / "shared/src/lib.rs"
    own = (ROOT / "shared/src/lib.rs").read_text()
    awake = (ROOT / "tests/mutants/awake.rs").read_text()
    lib.write_text("#![allow(warnings)]\n" + own + awake)
    while True:
        sample.write()
        binaries, errors = compiled(*KINDS)
        if binaries:
            return binaries
        before = len(sample.unviable), len(sample.alone)
        if not sample.blame(errors) or (len(sample.unviable), len(sample.alone)) == before:
            sys.exit("the tree with mutants does not compile")
        print(f"{len(sample.unviable)} mutants do not compile, {len(sample.alone)} are alone")


def run(binary, package, arguments, seconds, **extra):
    """Runs a test binary: what it says, or nothing if it took more than so many seconds."""
    try:
        return subprocess.run(
            [binary, *arguments], cwd=TREE / package, env={**ENVIRONMENT, **extra}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=max(600, 20 * seconds), errors="replace",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds)),
        )
    except subprocess.TimeoutExpired:
        return None


class Tests:
    """Which tests come by which site, and how long each takes."""

    FILTERS = {"shared": ("shared", []), "pairly": ("tests", ["scenarios::"])}

    def __init__(self, binaries):
        self.binaries = {name: binaries[name] for name in self.FILTERS}
        self.at = collections.defaultdict(set)
        self.seconds = {}
        for name, (package, filters) in self.FILTERS.items():
            self.note(name, package, filters)

    def note(self, name, package, filters):
        """Runs all tests of a binary with every mutant asleep."""
        notes = WORK / f"{name}.notes"
        notes.unlink(missing_ok=True)
        timed = ["--report-time", "-Zunstable-options", *filters]
        done = run(
            self.binaries[name], package, timed, 3600, MUTANT_NOTES=str(notes), RUSTC_BOOTSTRAP="1"
        )
        (WORK / f"{name}.log").write_text(done.stdout)
        if done.returncode:
            sys.exit(f"tests fail without a mutant: {WORK / name}.log")
        for test, taken in re.findall(r"^test (\S+).* \.\.\. ok <([\d.]+)s>", done.stdout, re.M):
            self.seconds[name, test] = float(taken)
        for line in notes.read_text().splitlines():
            site, test = line.split(" ", 1)
            known = (name, test) in self.seconds
            self.at[int(site)].add((name, test) if known else (name, None))

    def of(self, mutant, site):
        """The tests for a mutant in portions, quick ones and those of its domain first."""
        domain = mutant["file"].split("/")[2]
        found = self.at[site] if site else {("shared", None), ("pairly", None)}
        tests = {t for t in found if t[1]}
        for name, test in found - tests:
            tests |= {t for t in self.seconds if t[0] == name and domain in t[1].split("::")}

        def rank(test):
            return domain not in test[1].split("::"), self.seconds[test]

        rules = sorted((t for t in tests if t[0] == "shared"), key=self.seconds.get)
        quick = [t for t in rules if self.seconds[t] < 3]
        scenarios = sorted((t for t in tests if t[0] == "pairly"), key=rank)[:SCENARIOS]
        slow = rules[len(quick):]
        portions = [quick, scenarios[:10], slow[:1], scenarios[10:30], slow[1:], scenarios[30:]]
        return [portion for portion in portions if portion]

    def outcome(self, mutant, site, number):
        """Who catches a mutant."""
        portions = self.of(mutant, site)
        for portion in portions:
            name = portion[0][0]
            seconds = 20 + int(10 * sum(self.seconds[t] for t in portion))
            done = run(
                self.binaries[name], self.FILTERS[name][0], ["--exact", *(t[1] for t in portion)],
                seconds, MUTANT=str(number),
            )
            if done is None or done.returncode in (-9, -24):
                return "timeout", ""
            if done.returncode:
                failed = re.findall(r"^test (\S+).*FAILED$", done.stdout, re.M)
                return "caught", " ".join(failed[:1]) or f"code {done.returncode}"
        return "missed", f"{sum(map(len, portions))} tests came by"


def judge(sample, tests, report):
    """Wakes one mutant after the other."""
    sites = {}
    for source in sample.sources:
        for mutant in sample.asleep(source):
            key = source, str(mutant["function"])
            sites.setdefault(key, mutant["id"])
    for number, mutant in sample.mutants.items():
        if number in sample.unviable:
            report(mutant, "unviable", sample.unviable[number])
        elif number not in sample.alone:
            site = sites[mutant["file"], str(mutant["function"])]
            report(mutant, *tests.outcome(mutant, site, number))
    for number in sorted(sample.alone):
        sample.write(alone=sample.mutants[number])
        binaries, errors = compiled(*KINDS)
        if binaries:
            tests.binaries = {name: binaries[name] for name in tests.FILTERS}
            report(sample.mutants[number], *tests.outcome(sample.mutants[number], None, 0))
        else:
            report(sample.mutants[number], "unviable", errors[0][1] if errors else "")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=200, help="how many mutants")
    options.add_argument("--only", default="", help="only those whose name matches this")
    options.add_argument("--missed", action="store_true", help="only those missed by the last run")
    chosen = options.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    file = WORK / "outcomes.json"
    outcomes = json.loads(file.read_text()) if file.exists() else {}
    mutants = [m for m in listed(chosen.count) if re.search(chosen.only, m["name"])]
    names = {m["name"] for m in mutants}
    if chosen.missed:
        mutants = [m for m in mutants if outcomes.get(m["name"], ["missed"])[0] == "missed"]
    copied()
    sample = Sample(mutants)
    began = time.monotonic()
    tests = Tests(build(sample))
    print(f"built and noted in {time.monotonic() - began:.0f} s", flush=True)

    def report(mutant, outcome, by):
        outcomes[mutant["name"]] = [outcome, by]
        file.write_text(json.dumps(outcomes, indent=1))
        print(f"{time.monotonic() - began:6.0f} s {outcome:8} {mutant['name']}  [{by}]", flush=True)

    judge(sample, tests, report)
    counted = collections.Counter(o for name, (o, _) in outcomes.items() if name in names)
    viable = counted["caught"] + counted["timeout"] + counted["missed"]
    caught = viable - counted["missed"]
    print(f"{dict(counted)}: {caught} of {viable} caught, {100 * caught / max(1, viable):.1f} %")


if __name__ == "__main__":
    main()
