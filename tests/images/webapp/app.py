"""The web app of the examples: greets with its container's name, on the port that PORT names (80)."""
import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Greeter(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"Hello world from {socket.gethostname()}!\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    # PID 1 has no default action for SIGTERM: without a handler `stop` would have to wait for SIGKILL.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = int(os.environ.get("PORT", "80"))
    server = ThreadingHTTPServer(("", port), Greeter)
    print(f"listening on port {port}", flush=True)
    server.serve_forever()


main()
