"""A receiver of webhooks on this machine, over HTTP or HTTPS, which answers as a test wants."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Received:
    """A request, with the times at which it began and was answered."""

    path: str
    headers: dict[str, str]
    body: bytes
    began: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def plan(self) -> str:
        return self.id.partition(":")[0]

    @property
    def version(self) -> int:
        return int(self.id.partition(":")[2])

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass(frozen=True)
class Reply:
    """How to answer. `hangs`: not before the receiver is closed; `drops`: by closing the connection; `endless`: with an
    endless body."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    drops: bool = False
    endless: bool = False
    seconds: float = 0


@dataclass
class Receiver:
    """The received requests in order, and the highest number in progress at once for each plan."""

    reply: Callable[[Received], Reply] = lambda _: Reply()
    received: list[Received] = field(default_factory=list)
    most_at_once: dict[str, int] = field(default_factory=dict)
    url: str = ""
    sent: int = 0
    _under_way: dict[str, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _closing: Event = field(default_factory=Event)

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.received]

    def versions(self, plan: str) -> list[int]:
        """Return the versions in the order of arrival."""
        return [each.version for each in self.received if each.plan == plan]

    def answers(self, *replies: Reply) -> None:
        """Answer with these in turn, then with 200."""
        waiting = list(replies)
        self.reply = lambda _: waiting.pop(0) if waiting else Reply()

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        request = Received(handler.path, headers, body, monotonic())
        plan = headers.get("webhook-id", "").partition(":")[0]
        with self._lock:
            self.received.append(request)
            self._under_way[plan] = self._under_way.get(plan, 0) + 1
            self.most_at_once[plan] = max(self.most_at_once.get(plan, 0), self._under_way[plan])
            reply = self.reply(request)
        self._closing.wait(None if reply.hangs else reply.seconds)
        # This is noted before the answer, because the sender may send the next request first.
        with self._lock:
            self._under_way[plan] -= 1
        self._answer(handler, reply)

    def _answer(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.hangs or reply.drops:
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if not reply.endless:
            handler.send_header("Content-Length", "0")
        handler.end_headers()
        handler.close_connection = reply.endless
        while reply.endless and not self._closing.is_set():
            self.sent += handler.wfile.write(b"x" * 16384)

    def close(self) -> None:
        self._closing.set()


class Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that close the connection."""


@contextmanager
def receiving(trusted: "Authority | None" = None, host: str = "127.0.0.1") -> Iterator[Receiver]:
    """Run a receiver; with an authority, over HTTPS as `localhost`."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            try:
                receiver.take(self)
            except (ConnectionError, TimeoutError):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = Quiet((host, 0), Handler)
    if trusted:
        server.socket = trusted.server_side().wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    named = "https://localhost" if trusted else f"http://{host}"
    receiver.url = f"{named}:{server.server_address[1]}/hooks"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.close()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Authority:
    """Signs a certificate for `localhost` only."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    def server_side(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.folder / "key.pem")
        return context

    def client_side(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))


def authority(folder: Path, name: str = "localhost") -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    alternatives: list[x509.GeneralName] = [x509.DNSName(name)]
    if name == "localhost":
        alternatives.append(x509.IPAddress(ip_address("127.0.0.1")))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    folder.mkdir(exist_ok=True)
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(plain)
    return Authority(folder)
