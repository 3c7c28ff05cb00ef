"""The contract of frames: `docs/asyncapi.yaml` against the WebSocket API.

The frames of clients are read as bodies of requests, so that schemathesis makes valid and broken
ones by the same rules as it makes those of the HTTP contract.
"""

import contextlib
import itertools
import json
import time

import jsonschema_rs
import requests
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.deserialization import deserialize_yaml
from schemathesis.generation import GenerationMode
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from callers import Person
from cases import Cases, MALFORMED, TOLD_IN_WORDS
from pool import Pool

CONTRACT = "docs/asyncapi.yaml"
# A connection may send 60 frames in 10 s and 4 broken ones in a minute; pings count, too.
FRAMES_MAX, BROKEN_MAX = 20, 4
ANSWER_SECONDS, SILENCE_SECONDS = 20, 0.3
KNOWN_ID = 0.6
# What only the server's own trouble explains.
TROUBLE = {"INTERNAL_ERROR", "PROVIDER_ERROR", "TIMEOUT", "UNAVAILABLE"}
# realtime: how a server ends a connection, and 1000 for one that the client ends.
CLOSINGS = {1000, 4001, 4002, 4003, 4005, 4008, 4009, 4010, 4013, 4014}
# Text that is no frame at all.
RUBBISH = ["", "null", "[]", "7", "{", "\"frame\"", "{\"v\":1,\"v\":1}", "[" * 20 + "]" * 20,
           json.dumps({"v": 1, "id": "a", "type": "ping", "data": {"state": "x" * 40_000}})]


class Line:
    """One connection: what is sent over it, and what comes back."""

    def __init__(self, address, check, **options):
        self.socket = connect(address, open_timeout=10, close_timeout=5, max_size=None,
                              ping_interval=None, compression=None, **options)
        self.check, self.sent, self.broken, self.closed = check, 0, 0, None
        self.farewell = self.last = None

    def close(self):
        self.socket.close()

    def send(self, text):
        self.sent += 1
        self.last = text
        with contextlib.suppress(ConnectionClosed):
            # In pieces where it is long: the gateway takes no frame above 32 KB.
            pieces = [text[at:at + 16_000] for at in range(0, len(text), 16_000)]
            self.socket.send(pieces if len(pieces) > 1 else text)

    def receive(self, seconds):
        """The next frame, or nothing; every frame is checked on its way."""
        try:
            frame = json.loads(self.socket.recv(timeout=seconds))
        except TimeoutError:
            return None
        except ConnectionClosed as end:
            self.closed = end.rcvd.code if end.rcvd else 1006
            return None
        if frame.get("type") == "error":
            self.broken += frame["data"].get("code") == "BAD_FRAME"
            self.farewell = frame["data"].get("close_code", self.farewell)
        self.check(frame)
        return frame

    def answer(self, wanted, silent):
        """The answer to a frame: by its id, or any refusal without one; nothing if it is silent."""
        end = time.monotonic() + (SILENCE_SECONDS if silent else ANSWER_SECONDS)
        while self.closed is None and (left := end - time.monotonic()) > 0:
            frame = self.receive(left)
            if frame and (frame.get("ref") == wanted if wanted
                          else frame["type"] == "error" and "ref" not in frame):
                return frame
        return None


class Frames(Cases):
    """A run over all frames of clients."""

    def __init__(self, back_end, findings, start, most, end):
        with open(CONTRACT, encoding="utf-8") as file:
            self.contract = deserialize_yaml(file)
        self.messages = self.contract["channels"]["socket"]["messages"]
        super().__init__(self.as_requests(), start)
        self.back_end, self.findings, self.most, self.end = back_end, findings, most, end
        self.sent, self.answered, self.lines = 0, 0, 0
        # Kinds that are answered at all: `typing` and signals are not.
        self.validators, self.answering = {}, set()
        for name, message in self.messages.items():
            if name.startswith("server."):
                kind = message["payload"]["properties"]["type"]["const"]
                whole = {**message["payload"], "components": self.contract["components"]}
                validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
                self.validators.setdefault(kind, {})[name] = validator
                self.answering.add(name.removeprefix(f"server.{kind}."))

    def as_requests(self):
        """The clients' frames as an OpenAPI description."""
        paths = {}
        for name, message in self.messages.items():
            if name.startswith("client."):
                schema = {"schema": message["payload"]}
                body = {"required": True, "content": {"application/json": schema}}
                entry = {"operationId": name.removeprefix("client."), "requestBody": body,
                         "responses": {"200": {"description": "A frame."}}}
                paths["/" + name.removeprefix("client.")] = {"post": entry}
        document = {"openapi": "3.1.0", "info": {"title": "Frames", "version": "1"},
                    "paths": paths, "components": self.contract["components"]}
        return schemathesis.openapi.from_dict(document, config=SchemathesisConfig())

    def run(self):
        """Sends all frames."""
        overview = self.back_end.reset()
        self.people = [Person(self.back_end.http, seeded) for seeded in overview["people"]]
        self.pool = Pool()
        self.pool.learn(overview)
        self.strangers()
        self.pending()
        line, numbers = None, itertools.count()
        for number in numbers:
            for operation in self.operations:
                for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                    for case in self.random_cases(operation, mode, 1, number):
                        if self.sent >= self.most:
                            return line and line.close()
                        if time.monotonic() > self.end:
                            raise SystemExit(f"only {self.sent} frames in the given time")
                        line = self.usable(line)
                        self.exchange(line, operation, mode, case.body)
            line = self.usable(line)
            self.rubbish(line)

    def usable(self, line):
        """An open connection with room for another frame."""
        if line and line.closed is None and line.sent < FRAMES_MAX and line.broken < BROKEN_MAX:
            return line
        if line:
            self.ended(line)
            line.close()
        person = self.random.choice(self.people)
        line = Line(self.address(person), self.checked)
        self.lines += 1
        line.send(json.dumps({"v": 1, "id": "hello", "type": "hello", "data": {}}))
        if not line.answer("hello", False):
            self.findings.add("hello", "no answer", f"closed {line.closed}", "")
        return line

    def address(self, person):
        """A fresh ticket's address; a person whose session has ended signs in again."""
        url = f"{self.back_end.http}/api/v2/ws/tickets"
        for _ in range(2):
            answer = requests.post(url, json={}, timeout=30, **person.credentials())
            if answer.ok:
                return answer.json()["url"]
            person.sign_in()
        raise SystemExit(f"no ticket: {answer.text}")

    def exchange(self, line, operation, mode, body):
        """Sends one frame and judges its answer."""
        kind = operation.definition.raw["operationId"]
        body = self.filled(body) if mode.is_positive else body
        own = body.get("id") if isinstance(body, dict) else None
        known = own if isinstance(own, str) and 1 <= len(own) <= 64 else None
        if known:
            # Its own number keeps answers apart; what is broken stays so.
            known = body["id"] = f"{self.sent}-{known}"[:64]
        # Bytes are JSON that was broken on purpose.
        text = body.decode(errors="replace") if isinstance(body, bytes) else json.dumps(body)
        line.send(text)
        self.sent += 1
        silent = mode.is_positive and kind not in self.answering
        answer = line.answer(known, silent)
        self.answered += answer is not None
        if answer is None:
            if not silent and line.closed is None:
                self.findings.add(kind, "no answer", str(mode), text)
            return
        judge = self.valid_refused if mode.is_positive else self.broken_taken
        if problem := judge(kind, answer):
            self.findings.add(kind, *problem, f"{text[:900]}\n{json.dumps(answer)[:700]}")

    @staticmethod
    def broken_taken(_, answer):
        """A broken frame is refused."""
        if answer["type"] != "error":
            return "broken frame taken", answer["type"]
        return None

    @staticmethod
    def valid_refused(kind, answer):
        """A valid frame is not refused for its form."""
        if answer["type"] != "error" or answer["data"]["code"] not in MALFORMED:
            return None
        rows = answer["data"].get("details", {}).get("fields", [])
        if rows and all((kind, row["field"]) in TOLD_IN_WORDS for row in rows):
            return None
        return "valid frame refused", f"{answer['data']['code']} {rows}"

    def checked(self, frame):
        """Holds a frame of the server against the contract."""
        kind = frame.get("type")
        self.pool.learn(frame.get("data"))
        validators = self.validators.get(kind)
        if not validators:
            return self.findings.add(str(kind), "undocumented frame", "", json.dumps(frame)[:900])
        errors = [error for error in map(lambda one: next(one.iter_errors(frame), None),
                                         validators.values())]
        if all(errors):
            detail = "; ".join(f"{error.message} at {error.instance_path}" for error in errors)
            self.findings.add(kind, "frame violates its schema", detail, json.dumps(frame)[:900])
        if kind == "error" and frame["data"].get("code") in TROUBLE:
            self.findings.add(kind, "server error", frame["data"]["code"], json.dumps(frame)[:900])
        return None

    def filled(self, body):
        """The frame with some ids that exist."""
        data = body.get("data")
        if isinstance(data, dict):
            for name in list(data):
                known = self.pool.pick(name, self.random)
                if isinstance(data[name], str) and known and self.random.random() < KNOWN_ID:
                    data[name] = known
        return body

    def rubbish(self, line):
        """Text that is no frame: a refusal each, and the fifth ends the connection."""
        for text in self.random.sample(RUBBISH, len(RUBBISH)):
            if line.closed is not None or self.sent >= self.most:
                return
            line.send(text)
            self.sent += 1
            answer = line.answer(None, False)
            self.answered += answer is not None
            if not answer and line.closed is None:
                self.findings.add("rubbish", "no answer", text[:40], "")
            elif answer and answer["data"]["code"] != "BAD_FRAME":
                self.findings.add("rubbish", "not BAD_FRAME", json.dumps(answer)[:300], text[:80])

    def ended(self, line):
        """A connection that the server ended says why before, and by a code of the contract."""
        announced = line.closed in CLOSINGS and line.closed == line.farewell
        if line.closed is not None and not announced:
            detail = f"closed with {line.closed}, announced {line.farewell}"
            self.findings.add("connection", "undocumented end", detail, line.last[:900])

    def strangers(self):
        """Nobody gets a connection without a ticket, or with one that is used or invented."""
        base, used = self.back_end.websocket, self.address(self.people[0])
        connect(used).close()
        fresh, foreign = self.address(self.people[0]), {"origin": "https://elsewhere.test"}
        attempts = [(base, {}, 401), (f"{base}/?ticket=", {}, 401),
                    (f"{base}/?ticket=AAAA", {}, 401), (used, {}, 401), (fresh, foreign, 403)]
        for address, options, wanted in attempts:
            self.sent += 1
            try:
                connect(address, **options).close()
                status = 101
            except InvalidStatus as refused:
                status = refused.response.status_code
            if status != wanted:
                self.findings.add("connection", "stranger", f"{status}, not {wanted}", address)

    def pending(self):
        """A connection that has not proven its device hears nothing but refusals."""
        for operation in self.operations:
            kind = operation.definition.raw["operationId"]
            if kind.startswith("auth."):
                continue
            [case] = self.random_cases(operation, GenerationMode.POSITIVE, 1, 0)
            try:
                line = Line(f"{self.back_end.websocket}/?device_id=dev_unknown", self.checked)
            except InvalidStatus:
                # It need not even be opened for a device that does not exist.
                self.sent += 1
                continue
            case.body["id"] = "early"
            line.send(json.dumps(case.body))
            self.sent += 1
            answer = line.answer("early", False)
            line.close()
            if not answer or answer["type"] != "error":
                self.findings.add(kind, "answered without a proof", "", json.dumps(answer)[:900])
