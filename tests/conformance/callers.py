"""Who calls: nobody, a person with a bearer token, an administrator who signs (AWS SigV4)."""

import base64
import hashlib
import hmac
from datetime import datetime, timezone
from urllib.parse import quote, unquote, urlsplit

import requests

SIGN_IN = "/api/v2/auth/login"


def encoded(data):
    """Base64url without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Nobody:
    """A caller without credentials."""

    name = "nobody"

    def credentials(self):
        return {}


class Stranger:
    """A caller whose credentials are nobody's."""

    name = "stranger"

    def __init__(self, random):
        self.random = random

    def credentials(self):
        token = ".".join(encoded(self.random.randbytes(size)) for size in (30, 90, 64))
        wrong = [f"Bearer {token}", token, "Bearer", "Basic YTpi", "AWS4-HMAC-SHA256 Credential=A",
                 "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3JfMSJ9."]
        return {"headers": {"Authorization": self.random.choice(wrong)}}


class Person:
    """A seeded person; signs in when there is no session yet, or none any more."""

    def __init__(self, base, seeded):
        self.base, self.seeded, self.token = base, seeded, None
        self.name = seeded["name"]

    def credentials(self):
        if self.token is None:
            self.sign_in()
        return {"headers": {"Authorization": f"Bearer {self.token}"}}

    def sign_in(self):
        """A new session."""
        wanted = {"email": self.seeded["email"], "password": self.seeded["password"]}
        answer = requests.post(self.base + SIGN_IN, json=wanted, timeout=30)
        answer.raise_for_status()
        self.token = answer.json()["access_token"]


class Administrator:
    """A seeded principal whose requests are signed."""

    def __init__(self, region, principal):
        self.name = principal["session_name"]
        self.signature = Signature(region, principal)

    def credentials(self):
        return {"auth": self.signature}


def encode(text):
    """RFC 3986: everything but the unreserved characters is escaped."""
    return quote(text, safe="-._~")


class Signature(requests.auth.AuthBase):
    """Signs what is sent as the `AWS_IAM` authorizer of API Gateway wants it."""

    def __init__(self, region, principal):
        self.key_id = principal["access_key_id"]
        self.secret = principal["secret_access_key"]
        self.region = region

    def __call__(self, request):
        address = urlsplit(request.url)
        stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{stamp[:8]}/{self.region}/execute-api/aws4_request"
        request.headers["Host"] = address.netloc
        request.headers["X-Amz-Date"] = stamp
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        canonical = "\n".join([
            request.method,
            "/".join(encode(part) for part in address.path.split("/")),
            self.query(address.query),
            f"host:{address.netloc}\nx-amz-date:{stamp}\n",
            "host;x-amz-date",
            hashlib.sha256(body).hexdigest(),
        ])
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        key = f"AWS4{self.secret}".encode()
        for part in [*scope.split("/"), f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}"]:
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.key_id}/{scope}, "
            f"SignedHeaders=host;x-amz-date, Signature={key.hex()}")
        return request

    @staticmethod
    def query(query):
        """The parameters in order, each escaped once."""
        pairs = [pair.partition("=") for pair in query.split("&") if pair]
        pairs = sorted((encode(unquote(name)), encode(unquote(value))) for name, _, value in pairs)
        return "&".join(f"{name}={value}" for name, value in pairs)
