"""A server on loopback to which nothing may come: it writes down what does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Elsewhere:
    """Its address, and what came: first line, headers and body of each request."""

    url: str
    requests: list[str] = field(default_factory=list)

    def with_words(self, words: str) -> list[str]:
        """Return the requests in which these words are."""
        return [request for request in self.requests if words in request]


@contextmanager
def listening() -> Iterator[Elsewhere]:
    """Listen until the end of the block; every request is answered with a 400."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def refuse(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            seen = f"{self.requestline}\n{self.headers}\n{body.decode('utf-8', 'replace')}"
            elsewhere.requests.append(seen)
            self.send_response(400)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_HEAD = do_PUT = do_CONNECT = do_OPTIONS = refuse  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        elsewhere = Elsewhere(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        try:
            yield elsewhere
        finally:
            server.shutdown()
            thread.join()
