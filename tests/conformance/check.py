#!/usr/bin/env python3
"""Holds the running back end against its contracts: what `infra/openapi.yaml` says of requests and
`docs/asyncapi.yaml` of frames, with requests and frames made from the contracts themselves.
"""

import argparse
import os
import signal
import time

from backend import BackEnd
from findings import Findings
from frames import Frames
from operations import Operations

# What `tests/run` does.
REQUESTS, FRAMES, MINUTES, SEED = 2_000, 300, 10, 1


def arguments():
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS, help="how many requests to make")
    parser.add_argument("--frames", type=int, default=FRAMES, help="how many frames to send")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long it may take")
    parser.add_argument("--seed", type=int, default=SEED, help="other seeds make other cases")
    parser.add_argument("--local", default="target/debug/local", help="the back end's binary")
    parser.add_argument("--log", default="target/conformance.log", help="what the back end prints")
    return parser.parse_args()


def main():
    wanted = arguments()
    print(f"seed {wanted.seed}", flush=True)
    findings = Findings()
    with BackEnd(wanted.local, wanted.log) as back_end:
        # Whoever ends this ends the back end, too; an exception would get lost on its way.
        signal.signal(signal.SIGTERM, lambda *_: (back_end.__exit__(), os._exit(1)))
        begun = time.monotonic()
        end = begun + 60 * wanted.minutes
        run = Operations(back_end, findings, wanted.seed, wanted.requests, end)
        run.run()
        took, begun = time.monotonic() - begun, time.monotonic()
        print(f"{run.counting.made} requests, {took:.0f} s; {run.checked} answers checked, "
              f"{run.followed} requests took something from an answer")
        print(", ".join(f"{status}: {count}" for status, count in sorted(run.statuses.items())))
        run = Frames(back_end, findings, wanted.seed, wanted.frames, end)
        run.run()
        took = time.monotonic() - begun
        print(f"{run.sent} frames over {run.lines} connections, {took:.0f} s; "
              f"{run.answered} answers")
    kinds = findings.report()
    if kinds:
        raise SystemExit(f"{kinds} kinds of deviations")


if __name__ == "__main__":
    main()
