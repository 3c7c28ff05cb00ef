#!/usr/bin/env python3
"""Pastes the tour of the README into a shell, against a fresh back end in memory.

Every `bash` block is taken as it is, except for the port. `target/debug/local` must be built.
"""

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

# What the tour promises to show, in this order.
SIGHTS = [
    '"available":100',
    '"credits_cost":1',
    '"available":99',
    "idempotent-replayed: true",
    '"available":99',
    '"unread_count":1',
    '"content":"Hello Ben"',
    '"success":true',
    '"verification_required":true',
    '"verified":true',
    '"INSUFFICIENT_CREDITS"',
    '"now":',
    '"TOKEN_EXPIRED"',
]
START_SECONDS = 30
TOUR_SECONDS = 60


def free_port():
    """A port whose next one is free too."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                other.bind(("127.0.0.1", port + 1))
                return port
            except (OSError, OverflowError):
                continue


def wait_for(url):
    """Returns when the address answers."""
    for _ in range(START_SECONDS * 10):
        try:
            return urllib.request.urlopen(url, timeout=5).read()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    sys.exit(f"{url} does not answer")


def missing(shown):
    """The first sight that does not come after the ones before it."""
    place = 0
    for sight in SIGHTS:
        place = shown.find(sight, place)
        if place < 0:
            return sight
        place += len(sight)
    return None


def main():
    with open("README.md", encoding="utf-8") as file:
        blocks = re.findall(r"^```bash\n(.*?)^```", file.read(), re.MULTILINE | re.DOTALL)
    port = free_port()
    tour = "\n".join(blocks).replace("127.0.0.1:3000", f"127.0.0.1:{port}")
    local = subprocess.Popen(["target/debug/local", "--memory", "--port", str(port)],
                             stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/_local")
        done = subprocess.run(["bash", "-eu"], input=tour, capture_output=True, text=True,
                              timeout=TOUR_SECONDS, check=False)
    finally:
        local.terminate()
        local.wait()
    lost = missing(done.stdout)
    if done.returncode != 0 or done.stderr or lost:
        print(done.stdout, done.stderr, sep="\n")
        sys.exit(f"the tour ends with {done.returncode}; not shown: {lost}")
    print(f"{len(blocks)} blocks, {len(SIGHTS)} sights")


main()
