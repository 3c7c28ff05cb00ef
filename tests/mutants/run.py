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
import subprocess
import sys
import time

from source import Source, arms, is_alone

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "target/mutants"
TREE = WORK / "tree"
LIB = "shared/src/lib.rs"
# How many scenarios have a look at a mutant that the rules' own tests have not caught.
SCENARIOS = 30
# Tests of the rules that take longer are asked after the scenarios.
QUICK_SECONDS = 1
ENVIRONMENT = {
    **os.environ,
    "CARGO_TARGET_DIR": str(ROOT / "target"),
    "CARGO_PROFILE_DEV_DEBUG": "0",
    "AWS_LC_SYS_NO_JITTER_ENTROPY": "1",
    "RUST_BACKTRACE": "0",
    "PROPTEST_MAX_SHRINK_ITERS": "0",
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


def put(name, content):
    """Writes a file of the tree, unless it is like that already: cargo goes by its time."""
    file = TREE / name
    if not file.exists() or file.read_bytes() != content:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def copied(own):
    """Copies what git knows or would know of, except what is written otherwise."""
    files = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    )
    names = {name for name in filter(None, files.split("\0")) if (ROOT / name).is_file()}
    for file in [file for file in TREE.rglob("*") if file.is_file()]:
        if str(file.relative_to(TREE)) not in names:
            file.unlink()
    for name in names - own:
        put(name, (ROOT / name).read_bytes())


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

    def known(self):
        """Where what does not compile is kept from one run to the next."""
        return WORK / f"uncompiled-{len(self.mutants)}.json"

    def recall(self):
        """Believes what the compiler has said before of the same change."""
        if self.known().exists():
            said = json.loads(self.known().read_text())
            for number, mutant in self.mutants.items():
                if mutant["diff"] in said.get("unviable", {}):
                    self.unviable[number] = said["unviable"][mutant["diff"]]
                if mutant["diff"] in said.get("alone", []):
                    self.alone.add(number)

    def remember(self):
        """Keeps what the compiler has said."""
        by_diff = {self.mutants[i]["diff"]: why for i, why in self.unviable.items()}
        said = {"unviable": by_diff, "alone": [self.mutants[i]["diff"] for i in self.alone]}
        self.known().write_text(json.dumps(said))

    def write(self, alone=None):
        """Writes the files that have mutants."""
        for name, source in self.sources.items():
            own = alone if alone and alone["file"] == name else None
            text = source.with_mutants(self.asleep(name), own)
            self.arms[name] = arms(text)
            put(name, text.encode())

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
    awake = (ROOT / "tests/mutants/awake.rs").read_bytes()
    put(LIB, b"#![allow(warnings)]\n" + (ROOT / LIB).read_bytes() + awake)
    copied({LIB, *sample.sources})
    sample.recall()
    while True:
        sample.write()
        binaries, errors = compiled(*KINDS)
        if binaries:
            sample.remember()
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

    PACKAGES = {"shared": "shared", "pairly": "tests"}

    def __init__(self, binaries):
        self.binaries = {name: binaries[name] for name in self.PACKAGES}
        self.at = collections.defaultdict(set)
        self.seconds = collections.defaultdict(lambda: 1.0)
        self.noted = set()

    def note(self, name, domain=""):
        """Runs the tests of a binary, or its scenarios of a domain, with every mutant asleep; what
        the same binary has told before counts."""
        if (name, domain) in self.noted:
            return
        self.noted.add((name, domain))
        notes, log = WORK / f"{name}-{domain}.notes", WORK / f"{name}-{domain}.log"
        if not log.exists() or log.stat().st_mtime < os.stat(self.binaries[name]).st_mtime:
            notes.unlink(missing_ok=True)
            filters = [f"scenarios::{domain}::"] if domain else []
            done = run(
                self.binaries[name], self.PACKAGES[name],
                ["--report-time", "-Zunstable-options", *filters], 3600,
                MUTANT_NOTES=str(notes), RUSTC_BOOTSTRAP="1",
            )
            log.write_text(done.stdout)
        self.read(name, notes.read_text(), log.read_text())

    def read(self, name, notes, log):
        """Takes in what was noted; a test that fails anyway shows nothing."""
        broken = re.findall(r"^test (\S+).* \.\.\. FAILED", log, re.M)
        if broken:
            print(f"left out, because they fail without a mutant: {' '.join(broken)}", flush=True)
        for test, taken in re.findall(r"^test (\S+).* \.\.\. ok <([\d.]+)s>", log, re.M):
            self.seconds[name, test] = float(taken)
        for line in notes.splitlines():
            site, test = line.split(" ", 1)
            if test not in broken:
                self.at[int(site)].add((name, test if "::" in test else None))

    def of(self, name, mutant, site):
        """The tests of a binary for a mutant, the quickest first."""
        domain = mutant["file"].split("/")[2]
        self.note(name, domain if name == "pairly" else "")
        found = {t for t in self.at[site] if t[0] == name} if site else {(name, None)}
        tests = {t for t in found if t[1]}
        if (name, None) in found:
            own = {t for t in self.seconds if t[0] == name and domain in t[1].split("::")}
            tests |= own
        return sorted(tests, key=lambda test: self.seconds[test])

    def outcome(self, portion, number):
        """Who of some tests of a binary catches a mutant; nothing if nobody does."""
        name = portion[0][0]
        seconds = 20 + int(10 * sum(self.seconds[t] for t in portion))
        done = run(
            self.binaries[name], self.PACKAGES[name], ["--exact", *(t[1] for t in portion)],
            seconds, MUTANT=str(number),
        )
        if done is None or done.returncode in (-9, -24):
            return "timeout", ""
        if done.returncode:
            failed = re.findall(r"^test (\S+).*FAILED$", done.stdout, re.M)
            return "caught", " ".join(failed[:1]) or f"code {done.returncode}"
        return None

    def asked(self, portions, number):
        """Asks portion after portion."""
        for portion in filter(None, portions):
            if found := self.outcome(portion, number):
                return found
        return None

    def rules(self, mutant, site, number):
        """What the rules' own quick tests say."""
        return self.asked([self.quick(mutant, site)], number)

    def quick(self, mutant, site):
        return [t for t in self.of("shared", mutant, site) if self.seconds[t] < QUICK_SECONDS]

    def others(self, mutant, site, number):
        """What scenarios and the longer tests of the rules say."""
        scenarios = self.of("pairly", mutant, site)[:SCENARIOS]
        quick = set(self.quick(mutant, site))
        slow = [t for t in self.of("shared", mutant, site) if t not in quick]
        portions = [scenarios[:3], scenarios[3:20], slow[:1], scenarios[20:], slow[1:]]
        count = len(quick) + len(slow) + len(scenarios)
        return self.asked(portions, number) or ("missed", f"{count} tests came by")


def judge(sample, tests, names, report):
    """Wakes one mutant after the other, of those with these names: first for the rules' tests."""
    sites, left = {}, []
    for source in sorted(sample.sources):
        for mutant in sample.asleep(source):
            sites.setdefault((source, str(mutant["function"])), mutant["id"])
    for number, mutant in sample.mutants.items():
        if mutant["name"] not in names:
            continue
        if number in sample.unviable:
            report(mutant, "unviable", sample.unviable[number])
        elif number not in sample.alone:
            site = sites[mutant["file"], str(mutant["function"])]
            found = tests.rules(mutant, site, number)
            if found:
                report(mutant, *found)
            else:
                left.append((mutant, site, number))
    for mutant, site, number in left:
        report(mutant, *tests.others(mutant, site, number))
    for number in sorted(i for i in sample.alone if sample.mutants[i]["name"] in names):
        mutant = sample.mutants[number]
        sample.write(alone=mutant)
        binaries, errors = compiled(*KINDS)
        if binaries:
            tests.binaries = {name: binaries[name] for name in tests.PACKAGES}
            found = tests.rules(mutant, None, 0) or tests.others(mutant, None, 0)
            report(mutant, *found)
        else:
            report(mutant, "unviable", errors[0][1] if errors else "")
    sample.write()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=200, help="how many mutants")
    options.add_argument("--only", default="", help="only those whose name matches this")
    options.add_argument("--missed", action="store_true", help="only those not caught so far")
    chosen = options.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    file = WORK / "outcomes.json"
    outcomes = json.loads(file.read_text()) if file.exists() else {}
    sample = Sample(listed(chosen.count))
    names = {m["name"] for m in sample.mutants.values()}
    wanted = {name for name in names if re.search(chosen.only, name)}
    if chosen.missed:
        wanted = {name for name in wanted if outcomes.get(name, ["missed"])[0] == "missed"}
    began = time.monotonic()
    tests = Tests(build(sample))
    print(f"built in {time.monotonic() - began:.0f} s", flush=True)

    def report(mutant, outcome, by):
        outcomes[mutant["name"]] = [outcome, by]
        file.write_text(json.dumps(outcomes, indent=1))
        print(f"{time.monotonic() - began:6.0f} s {outcome:8} {mutant['name']}  [{by}]", flush=True)

    judge(sample, tests, wanted, report)
    counted = collections.Counter(o for name, (o, _) in outcomes.items() if name in names)
    viable = counted["caught"] + counted["timeout"] + counted["missed"]
    caught = viable - counted["missed"]
    print(f"{dict(counted)}: {caught} of {viable} caught, {100 * caught / max(1, viable):.1f} %")


if __name__ == "__main__":
    main()
