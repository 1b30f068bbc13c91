"""The HTTPS server: connections, headers and sockets of the simulator; what is answered, and how badly, it is told."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from syncd.simulator.clock import Clock
from syncd.simulator.wire import Answer, Headers, Listing, Request

DIAGNOSTIC = (
    '{"ServerInfo":{"DataCenter":"North Europe","Slice":"E","Ring":"5","ScaleUnit":"001","RoleInstance":"SIM0"}}'
)

SMALL, CHUNK = 1400, 16_384
"""Bytes below which Graph does not compress; bytes of a chunk. Lists are streamed, other answers have a length."""

Service = Callable[[Request], Answer]


class Server(ThreadingHTTPServer):
    """Serves on 127.0.0.1 in threads of its own until `stop`, with TLS once `tls` is set."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, port: int, service: Service, clock: Clock) -> None:
        self.service, self.clock = service, clock
        self.tls: ssl.SSLContext | None = None
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", port), Connection)
        self.port = int(self.server_address[1])
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.02,), name=f"simulator:{self.port}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends all connections and threads; returns when they are gone."""
        self.stopping.set()
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        with self._guard:
            for connection in self._open:
                _shut(connection)
        self.server_close()

    def get_request(self) -> tuple[socket.socket, Any]:
        """The handshake is left to the connection's own thread: a client that dawdles holds up nobody."""
        connection, address = self.socket.accept()
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._guard:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a bug of the simulator."""
        quiet = isinstance(sys.exception(), OSError)
        logging.getLogger(__name__).log(logging.DEBUG if quiet else logging.ERROR, "A connection failed", exc_info=True)


class Connection(BaseHTTPRequestHandler):
    """One connection, kept alive between requests as Graph does."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Microsoft-IIS/10.0", ""
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are logged by the service, not on stderr."""

    def serve(self) -> None:
        headers = Headers()
        for name, value in self.headers.items():
            headers.put(name, value)
        request = Request(self.command, self.path, headers, self._read(headers))
        self._send(request, self.server.service(request))

    def _read(self, headers: Headers) -> bytes:
        """The request's body, with a length or in chunks (as some clients send it)."""
        if headers.get("transfer-encoding", "").lower() != "chunked":
            length = headers.get("content-length", "0")
            return self.rfile.read(int(length) if length.isascii() and length.isdigit() else 0)
        parts = []
        while size := int(self.rfile.readline(20).split(b";")[0] or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline(20)
        self.rfile.readline(20)
        return b"".join(parts)

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PATCH = do_PUT = do_DELETE = serve  # noqa: N815 - http.server asks for these names

    def _send(self, request: Request, answer: Answer) -> None:
        if answer.wire == "hang":
            self.server.stopping.wait(float(answer.options.get("seconds", 1)))
        if answer.wire == "reset":
            self._reset()
            return
        body, headers = answer.encode(), self._headers(request, answer)
        streamed = isinstance(answer.payload, Listing) and not answer.wire
        if streamed and len(body) >= SMALL and "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
            headers["Vary"] = "Accept-Encoding"
        if streamed or answer.wire == "chunked-cut":
            headers["Transfer-Encoding"] = "chunked"
        elif answer.status != 204:
            headers["Content-Length"] = str(len(body))
        self.send_response_only(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if request.method != "HEAD":
            self._body(answer, body, chunked=streamed)

    def _headers(self, request: Request, answer: Answer) -> dict[str, str]:
        headers = {
            "Date": format_datetime(self.server.clock.now(), usegmt=True),
            "Cache-Control": "private",
            "Strict-Transport-Security": "max-age=31536000",
            "request-id": request.id,
            "client-request-id": request.headers.get("client-request-id", request.id),
            "x-ms-ags-diagnostic": DIAGNOSTIC,
            "OData-Version": "4.0",
            **answer.headers,
        }
        if answer.content_type and answer.status != 204:
            headers["Content-Type"] = answer.content_type
        return headers

    def _body(self, answer: Answer, body: bytes, *, chunked: bool) -> None:
        if chunked:
            for start in range(0, len(body), CHUNK):
                self._chunk(body[start : start + CHUNK])
            self._chunk(b"")
        elif answer.wire == "cut":
            self.wfile.write(body[: int(len(body) * float(answer.options.get("part", 0.5)))])
            self.wfile.flush()
            self._reset()
        elif answer.wire == "chunked-cut":
            self._chunk(body[: len(body) // 2])
            self.close_connection = True
        elif answer.wire == "drip":
            self._drip(answer, body)
        else:
            self.wfile.write(body)

    def _chunk(self, part: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))

    def _drip(self, answer: Answer, body: bytes) -> None:
        """`size` bytes (default 1) every `seconds` (default 1)."""
        size, pause = int(answer.options.get("size", 1)), float(answer.options.get("seconds", 1))
        for start in range(0, len(body), size):
            self.wfile.write(body[start : start + size])
            self.wfile.flush()
            self.server.stopping.wait(pause)

    def _reset(self) -> None:
        """Ends the connection with RST, without a TLS farewell."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self.connection.detach())

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            self.close_connection = True


def _shut(connection: socket.socket) -> None:
    """Wakes the thread that reads from the socket; SSLSocket's `shutdown` would pull the TLS object from under it."""
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        return
