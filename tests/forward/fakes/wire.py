"""What every fake of a partner is: a callable that answers HTTP requests, and a small server in front of it."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Lost(Exception):
    """The connection broke before the answer came; what was asked may have been carried out."""


class Served:
    """A fake behind HTTP on 127.0.0.1: `with Served(fake, clock) as address`.

    fake(method, url, headers, body, now) -> (status, headers, body), and may have `slow`, the seconds that it takes for
    each answer; clock() -> milliseconds. Requests are handled one at a time, as the fake keeps state.
    """

    def __init__(self, fake, clock):
        self.fake, self.clock = fake, clock
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def handler(self):
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                time.sleep(getattr(served.fake, "slow", 0))
                try:
                    with served.lock:
                        answer = served.fake(self.command, self.path, headers, body, served.clock())
                    self.reply(*answer)
                except (Lost, ConnectionError):
                    self.close_connection = True

            def reply(self, status, headers, body):
                self.send_response_only(status)
                for name, value in {**headers, "content-length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

            def log_message(self, *_):
                pass

        return Handler
