"""The back end under test: the local gateway in memory, on a free port of this machine."""

import socket
import subprocess
import time

import requests

START_SECONDS = 30
STOP_SECONDS = 10


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


class BackEnd:
    """A running `local`, ended when the block is left."""

    def __init__(self, binary, log):
        self.binary, self.log = binary, log
        self.http = self.websocket = self.process = None

    def __enter__(self):
        port = free_port()
        self.http = f"http://127.0.0.1:{port}"
        command = [self.binary, "--memory", "--unlimited", "--port", str(port)]
        self.output = open(self.log, "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=subprocess.STDOUT)
        for _ in range(START_SECONDS * 10):
            if self.process.poll() is not None:
                break
            try:
                self.read()
                return self
            except requests.ConnectionError:
                time.sleep(0.1)
        self.__exit__()
        raise SystemExit(f"{' '.join(command)} does not answer")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.output.close()

    def read(self):
        """What the back end says of itself: people, administrators, addresses."""
        overview = requests.get(f"{self.http}/_local", timeout=10).json()
        self.websocket = overview["websocket"]
        return overview

    def reset(self):
        """Forgets everything but the seeded people and administrators."""
        requests.post(f"{self.http}/_local/reset", timeout=60).raise_for_status()
        return self.read()
