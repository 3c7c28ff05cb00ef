"""What was found: every kind of deviation once, with its first example and how often it came."""

import re

SHOWN = 1_800


class Findings:
    """Deviations from the contract, by kind."""

    def __init__(self):
        self.kinds = {}

    def add(self, place, kind, detail, example):
        """Notes one. The same words apart from numbers and quoted values are the same kind."""
        alike = re.sub(r"\"[^\"]*\"|'[^']*'|[0-9]+", "_", detail)[:160]
        known = self.kinds.setdefault((place, kind, alike), [0, detail, example])
        known[0] += 1

    def report(self):
        """Prints all of them; how many kinds there are."""
        for (place, kind, _), (count, detail, example) in sorted(self.kinds.items()):
            print(f"\n--- {place}: {kind} ({count} times)\n{detail[:SHOWN]}\n{example[:SHOWN]}")
        return len(self.kinds)
