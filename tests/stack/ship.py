"""What `sam deploy` would ship, packaged by `sam` itself into a bucket on this machine."""

import contextlib
import http.server
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from load import ROOT, Loader
import yaml

# Nothing of the caller's account is looked at, and nothing is told to anybody.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    "SAM_CLI_TELEMETRY": "0",
    "SAM_CLI_CHECK_PYTHON": "0",
}


class Bucket(http.server.BaseHTTPRequestHandler):
    """As much of S3 as packaging uses; the objects are kept by their keys."""

    protocol_version = "HTTP/1.1"
    objects = {}

    def log_message(self, *_):
        pass

    def key(self):
        return self.path.split("?")[0].split("/", 2)[-1]

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self):
        self.answer(200 if self.key() in self.objects else 404)

    def do_GET(self):
        self.answer(200, b"<LocationConstraint/>")

    def do_PUT(self):
        size = int(self.headers["Content-Length"])
        self.objects[self.key()] = self.rfile.read(size)
        self.answer(200)


@contextlib.contextmanager
def bucket():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def sam(folder, endpoint, *arguments):
    """What `sam` says when it fails."""
    command = [Path(sys.executable).parent / "sam", *arguments]
    environment = {**os.environ, **ENVIRONMENT, "AWS_ENDPOINT_URL_S3": endpoint, "HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return [] if done.returncode == 0 else [f"sam {arguments[0]}: {done.stdout[-600:]}"]


def complaints(facts):
    with tempfile.TemporaryDirectory() as place, bucket() as endpoint:
        folder = Path(place)
        shutil.copy(ROOT / "template.yaml", folder)
        shutil.copy(ROOT / "samconfig.toml", folder)
        ignored = shutil.ignore_patterns("local")
        shutil.copytree(ROOT / "infra", folder / "infra", ignore=ignored)
        for function in facts["functions"]:
            binary = folder / "target/lambda" / function["name"] / "bootstrap"
            binary.parent.mkdir(parents=True)
            binary.write_text(function["name"])
            binary.chmod(0o755)
        wrong = sam(folder, endpoint, "validate", "--lint")
        wrong += sam(folder, endpoint, "package", "--s3-bucket", "pairly", "--output-template-file", "out.yaml")
        return wrong or list(shipped(facts, (folder / "out.yaml").read_text()))


def shipped(facts, root):
    """Every function's code and every template went along, and nothing points at this machine."""
    texts = [root, *(body.decode() for key, body in Bucket.objects.items() if key.endswith(".template"))]
    names = []
    for text in texts:
        template = yaml.load(text, Loader)
        for resource in template.get("Resources", {}).values():
            values = resource.get("Properties", {})
            if resource["Type"] == "AWS::Serverless::Function":
                key = values["CodeUri"].removeprefix("s3://pairly/")
                if key not in Bucket.objects:
                    yield f"the code {values['CodeUri']} did not go along"
                names.append(values["FunctionName"]["Fn::Sub"].removeprefix("${Prefix}-"))
            if resource["Type"] == "AWS::Serverless::Application":
                if not values["Location"].startswith("http"):
                    yield f"the stack {values['Location']} did not go along"
    wanted = sorted(function["name"] for function in facts["functions"])
    if sorted(names) != wanted:
        yield f"{len(names)} functions went along, not {len(wanted)}"
    included = re.findall(r"Location: s3://pairly/(\w+)", root)
    if len(included) != 2 or any(key not in Bucket.objects for key in included):
        yield "the bodies of the APIs did not go along"
