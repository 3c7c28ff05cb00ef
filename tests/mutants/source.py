"""Puts many mutants of `cargo mutants --list --json` into one tree, each asleep until it is named.

The body of a function with mutants becomes a choice between the body as it is and the body with
each of its mutants. What cannot be chosen while a program runs (constants) stays for a build of
its own.
"""

import re

TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?\'(?:\\.|[^\'\\])\'|[\s\S]', re.S
)


def offset(starts, place):
    """The index of a line and column, both from 1."""
    return starts[place["line"] - 1] + place["column"] - 1


class Source:
    """One file, its mutants, and its text with them."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.starts = [0] + [m.end() for m in re.finditer("\n", text)]

    def span(self, thing):
        """Where something stands in the text."""
        return offset(self.starts, thing["start"]), offset(self.starts, thing["end"])

    def body(self, function):
        """What is between the braces of a function, and where its `const` stands, if it has one."""
        start, end = self.span(function["span"])
        at, const = start, None
        while True:
            token = TOKENS.match(self.text, at).group()
            if self.text.startswith("#[", at):
                at = self.text.index("]", at)
            elif token == "c" and re.match(r"const\s+(async\s+)?fn\b", self.text[at:]):
                const = at
            elif token == "{":
                return (at + 1, end - 1), const
            at += len(token)

    def mutated(self, mutant, span):
        """The text of a span with a mutant in it."""
        begin, end = self.span(mutant["span"])
        return self.text[span[0]:begin] + mutant["replacement"] + self.text[end:span[1]]

    def choices(self, mutants):
        """Edits that let one of these mutants be chosen, by their functions."""
        edits, functions = [], {}
        for mutant in mutants:
            key = self.span(mutant["function"]["span"])
            functions.setdefault(key, []).append(mutant)
        for site in functions.values():
            span, const = self.body(site[0]["function"])
            arms = "".join(
                f"\n{m['id']} => {{ //<{m['id']}\n{self.mutated(m, span)}\n}} //>{m['id']}"
                for m in site
            )
            inner = f"match crate::awake({site[0]['id']}) {{{arms}\n_ => {{"
            edits.append((*span, inner + self.text[slice(*span)] + "}}"))
            if const is not None:
                edits.append((const, const + len("const"), ""))
        return edits

    def with_mutants(self, mutants, alone=None):
        """The text with these mutants asleep, and one at work for good."""
        edits = self.choices(mutants)
        if alone:
            edits.append((*self.span(alone["span"]), alone["replacement"]))
        text, last = self.text, len(self.text)
        for begin, end, new in sorted(edits, reverse=True):
            if end > last:
                raise ValueError(f"edits overlap in {self.path}")
            text, last = text[:begin] + new + text[end:], begin
        return text


def arms(text):
    """From which line to which each mutant stands in a text that has them."""
    found = {}
    for number, line in enumerate(text.split("\n"), 1):
        if begin := re.search(r"//<(\d+)$", line):
            found[int(begin[1])] = (number, number)
        elif end := re.search(r"//>(\d+)$", line):
            found[int(end[1])] = (found[int(end[1])][0], number)
    return found


def is_alone(mutant, nested):
    """Whether a mutant cannot be chosen while the program runs."""
    function = mutant["function"]
    return not function or nested(function) or "impl " in (function["return_type"] or "")
