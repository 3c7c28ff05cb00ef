"""The HTTP contract: every operation of `infra/openapi.yaml`, called by everybody, with all checks.

A visit is one operation called by one caller with a few requests: cases that schemathesis counts
out of the schema (boundaries, missing and superfluous parts, unknown methods), valid random ones,
and invalid random ones. A round visits every operation in random order; then the state starts anew.
"""

import contextlib
import itertools
import time
from collections import Counter

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode

from callers import Administrator, Nobody, Person, Stranger, encoded
from cases import Cases
from checks import fits_its_schema, name_of
from pool import Pool

CONTRACT = "infra/openapi.yaml"
# Requests of one visit.
LEAST, MOST = 4, 40
# Of all requests, those that follow one another from answer to request.
STATEFUL_SHARE = 0.1
STATEFUL_STEPS = 30
REQUEST_SECONDS = 30
# How often an id that exists stands where the schema wants any text, and a right password.
KNOWN_ID, KNOWN_PASSWORD = 0.6, 0.4
# Values that the schema leaves open, and that mean nothing unless they are of a kind.
SENSIBLE = {
    "public_key": lambda random: encoded(random.randbytes(32)),
    "type": lambda random: random.choice(["ios", "android", "web", "desktop", "bot"]),
    "content_type": lambda random: random.choice(["image/jpeg", "image/png", "audio/ogg"]),
    "kind": lambda random: "message_media",
    "name": lambda random: f"Name {random.randrange(10**6)}",
    "reason": lambda random: "Made from the contract.",
}
# What may end the session that it is called with: a person of its own does it.
ENDING = {"change_password", "disable_2fa", "reauthenticate", "revoke_other_sessions",
          "revoke_session", "setup_2fa", "sign_out", "sign_out_everywhere", "verify_2fa"}
# A well-formed request may be refused for what the state is: nobody of this name, not enough
# credits, a call that is over. 400, 413, 415 and 422 are judged by their codes in
# `checks.py`.
ACCEPTANCE = ["2xx", "3xx", "400", "401", "402", "403", "404", "409", "410", "413", "415", "422",
              "423"]


class Spent(Exception):
    """All requests of the run are made."""


class Late(Exception):
    """The time of the run is over before its requests are made."""


class Counting:
    """Counts every request that leaves, also those that checks send by themselves."""

    def __init__(self, most, end):
        self.most, self.end, self.made, self.open = most, end, 0, False
        self.send = requests.Session.send

    @contextlib.contextmanager
    def on(self):
        counting = self

        def send(session, request, **more):
            if counting.open:
                if counting.made == counting.most:
                    raise Spent
                if time.monotonic() > counting.end:
                    raise Late(f"only {counting.made} requests in the given time")
                counting.made += 1
            return counting.send(session, request, **more)

        requests.Session.send = send
        try:
            yield self
        finally:
            requests.Session.send = self.send


class Operations(Cases):
    """A run over all operations."""

    def __init__(self, back_end, findings, start, most, end):
        super().__init__(self.load(back_end, start), start)
        self.back_end, self.findings = back_end, findings
        self.counting = Counting(most, end)
        self.statuses = Counter()
        self.checked = self.followed = self.begun = 0
        self.coverage = {}

    @staticmethod
    def load(back_end, start):
        """The contract, to be checked in every way that schemathesis has."""
        checks = {"positive_data_acceptance": {"expected-statuses": ACCEPTANCE},
                  # Whatever the reason is, 402, 413 or 431 refuse as well as 422.
                  "negative_data_rejection": {"expected-statuses": ["4xx", "5xx"]}}
        config = SchemathesisConfig.from_dict({
            "checks": checks, "seed": start,
            # Credentials come from the caller; `Stranger` has the wrong ones.
            "generation": {"with-security-parameters": False},
            # What is made well can be followed.
            "phases": {"stateful": {"generation": {"mode": "positive"}}},
        })
        schema = schemathesis.openapi.from_path(CONTRACT, config=config)
        schema.config.update(base_url=back_end.http)
        return schema

    def run(self):
        """Makes all requests."""
        visits = sum(len(self.kinds_of(operation)) for operation in self.operations)
        size = max(LEAST, min(MOST, self.counting.most // (visits + visits // 4)))
        with self.counting.on(), contextlib.suppress(Spent):
            self.begin()
            self.follow(int(self.counting.most * STATEFUL_SHARE))
            for number in itertools.count():
                self.begin()
                self.round(number, size)

    def begin(self):
        """A state as after the first start, with people who know each other."""
        self.counting.open = False
        self.begun += 1
        overview = self.back_end.reset()
        base = self.back_end.http
        self.people = [Person(base, seeded) for seeded in overview["people"]]
        known = [one for one in overview["admins"] if one["role"]]
        self.admins = [Administrator(overview["region"], one) for one in known]
        self.chief = next(one for one in self.admins if one.name == "super_admin-1")
        self.strangers = [Nobody(), Stranger(self.random)]
        self.pool = Pool()
        self.pool.learn(overview)
        self.greet()
        self.counting.open = True

    def greet(self):
        """Everybody writes to everybody, so that there are messages and calls may be made."""
        for one, other in itertools.permutations(self.people, 2):
            message = {"receiver_id": other.seeded["user_id"], "content": f"Hi {other.name}",
                       "client_message_id": f"greeting-{one.name}-{other.name}"}
            answer = requests.post(f"{self.back_end.http}/api/v2/messages/send", json=message,
                                   timeout=REQUEST_SECONDS, **one.credentials())
            answer.raise_for_status()
            self.pool.learn(answer.json())

    @staticmethod
    def kinds_of(operation):
        """As whom an operation is called: also without the credentials that it asks for."""
        security = operation.definition.raw["security"]
        if any("sigv4" in one for one in security):
            return ["nobody", "administrator"]
        return ["nobody", "person"]

    def round(self, number, size):
        visits = [(operation, kind) for operation in self.operations
                  for kind in self.kinds_of(operation)]
        self.random.shuffle(visits)
        for operation, kind in visits:
            for case in self.cases(operation, kind, number, size):
                self.call(case, self.caller(operation, kind))

    def caller(self, operation, kind):
        if kind == "nobody":
            return self.random.choice(self.strangers)
        if kind == "administrator":
            return self.chief if self.random.random() < 0.7 else self.random.choice(self.admins)
        *everyday, ending = self.people
        name = name_of(operation)
        return ending if name in ENDING else self.random.choice(everyday)

    def cases(self, operation, kind, number, size):
        """Cases of one visit: counted out, valid, invalid."""
        counted = max(1, size * 2 // 5)
        coverage = self.coverage.setdefault((operation.label, kind), self.counted(operation))
        cases = list(itertools.islice(coverage, counted))
        wrong = self.random_cases(operation, GenerationMode.NEGATIVE, max(1, size // 5), number)
        right = self.random_cases(operation, GenerationMode.POSITIVE,
                                  size - len(cases) - len(wrong), number)
        return [*cases, *right, *wrong]

    def follow(self, most):
        """Requests that take ids from the answers before, as the schema's names suggest them."""
        run, end = self, self.counting.made + most
        self.schema.apply_stateful_inference(None)

        class Machine(self.schema.as_state_machine()):
            def setup(self):
                # What one person makes, another one does not see.
                self.person, self.begun = run.random.choice(run.people[:-1]), run.begun

            def step(self, input):
                followed = input.transition is not None and input.is_applied
                run.followed += followed
                self.who = run.caller(input.case.operation, run.kinds_of(input.case.operation)[1])
                if self.who in run.people[:-1]:
                    self.who = self.person
                if input.transition is None:
                    run.fill(input.case, self.who)
                output = super().step(input)
                run.note(input.case, self.who, output.response)
                return output

            def get_call_kwargs(self, case):
                return self.who.credentials()

            def validate_response(self, response, case, additional_checks=None, **kwargs):
                if self.begun != run.begun:
                    return  # what was made before is gone with its state
                run.judge(case, response, lambda: case.validate_response(
                    response, headers=kwargs.get("headers"), transport_kwargs=kwargs,
                    recorder=self.recorder))

        for number in itertools.count():
            if self.counting.made >= end:
                return
            machine = seed(self.start + number)(type("Machine", (Machine,), {}))
            # What comes next depends on answers, and those on the state: not on the seed alone.
            with contextlib.suppress(Flaky):
                run_state_machine_as_test(machine, settings=settings(
                    max_examples=10, stateful_step_count=STATEFUL_STEPS, deadline=None,
                    database=None, phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet))

    def call(self, case, caller):
        """Sends a case and checks its answer."""
        self.fill(case, caller)
        sent = caller.credentials()
        answer = case.call(timeout=REQUEST_SECONDS, **sent)
        self.judge(case, answer, lambda: case.validate_response(
            answer, headers=sent.get("headers"),
            transport_kwargs={**sent, "timeout": REQUEST_SECONDS}))
        self.note(case, caller, answer)

    def judge(self, case, answer, check):
        """Runs the checks on an answer and keeps what they find."""
        self.statuses[answer.status_code] += 1
        self.checked += 1
        try:
            check()
        except FailureGroup as group:
            name = name_of(case.operation)
            for failure in group.exceptions:
                kind = getattr(failure, "title", type(failure).__name__)
                detail = getattr(failure, "message", "") or str(failure)
                example = f"{case.meta.generation.mode} {case.as_curl_command()}\n" \
                          f"{answer.status_code} {answer.text[:600]}"
                self.findings.add(name, kind, detail, example)

    def note(self, case, caller, answer):
        """Learns from an answer what the next requests need."""
        with contextlib.suppress(ValueError):
            self.pool.learn(answer.json())
        if isinstance(caller, Person):
            name = name_of(case.operation)
            ended = name in ENDING and answer.status_code < 300
            if ended or answer.status_code == 401 or b"USER_BANNED" in answer.content:
                self.renew(caller)
        elif caller is self.chief and b"ADMIN_UNKNOWN" in answer.content:
            self.begin()

    def renew(self, person):
        """A new session; a new state if the person cannot sign in any more."""
        self.counting.open = False
        try:
            person.sign_in()
        except requests.HTTPError:
            self.begin()
        self.counting.open = True

    def fill(self, case, caller):
        """Puts ids that exist, and right passwords, into some cases whose part there is valid."""
        for name in list(case.path_parameters or {}):
            known = self.pool.pick(name, self.random)
            if known and not case.meta.is_negative_at(ParameterLocation.PATH) \
                    and self.random.random() < KNOWN_ID:
                case.path_parameters[name] = known
        body = case.body
        if not isinstance(body, dict) or case.meta.is_negative_at(ParameterLocation.BODY):
            return
        for name in list(body):
            known = self.pool.pick(name, self.random)
            if isinstance(body[name], str) and known and self.random.random() < KNOWN_ID:
                body[name] = known
            if name in SENSIBLE and self.random.random() < KNOWN_ID:
                before, body[name] = body[name], SENSIBLE[name](self.random)
                if not fits_its_schema(case):
                    body[name] = before
            if name in ("password", "current_password") and isinstance(caller, Person) \
                    and self.random.random() < KNOWN_PASSWORD:
                body[name] = caller.seeded["password"]
