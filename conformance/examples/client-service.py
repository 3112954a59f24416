#!/usr/bin/env python3
"""A small event-stream client behind the HTTP contract of sse-contract-tests, in Python's standard library alone.

python3 client-service.py [--port 8111] [--wrong line-ends|bom|chunks|end|last-event-id]
npx truesource conformance --client-service http://127.0.0.1:8111/
"""
import argparse
import codecs
import http.client
import http.server
import itertools
import json
import socket
import threading
import urllib.parse
import urllib.request


class Client:
    """Reads one stream, and again after its end; tells each event until it is closed."""

    def __init__(self, url, tell, wrong):
        self.url, self.tell, self.wrong = url, tell, wrong
        self.last_event_id, self.reconnection_time = "", 3.0
        self.closed, self.socket = threading.Event(), None
        threading.Thread(target=self.run, daemon=True).start()

    def close(self):
        self.closed.set()
        try:
            self.socket and self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def run(self):
        while not self.closed.is_set():
            try:
                if not self.read_once(self.url):
                    return self.closed.set()
            except (OSError, ValueError, http.client.HTTPException):
                pass
            self.closed.wait(self.reconnection_time)

    def read_once(self, url, redirects=20):
        """False if the connection failed for good."""
        parts = urllib.parse.urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.netloc)
        connection.connect()
        self.socket = connection.sock
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-cache", "Pragma": "no-cache"}
        if self.last_event_id and self.wrong != "last-event-id":
            headers["Last-Event-ID"] = self.last_event_id.encode()
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        location = response.getheader("Location")
        if response.status in (301, 302, 303, 307, 308) and location:
            connection.close()
            return redirects > 0 and self.read_once(urllib.parse.urljoin(url, location), redirects - 1)
        essence = response.getheader("Content-Type", "").split(";")[0].strip(" \t\r\n").lower()
        if response.status != 200 or essence != "text/event-stream":
            connection.close()
            return False
        self.read_stream(response)
        return True

    def read_stream(self, response):
        new_decoder = codecs.getincrementaldecoder("utf-8")
        decoder, at_start, after_cr = new_decoder("replace"), True, False
        self.line, self.data, self.type, self.id = [], [], "", self.last_event_id
        while chunk := response.read1(65536):
            if self.wrong == "chunks":
                decoder = new_decoder("replace")
            for character in decoder.decode(chunk):
                is_mark = at_start and character == "\ufeff" and self.wrong != "bom"
                at_start = False
                if is_mark or character == "\n" and after_cr:
                    after_cr = False
                elif character == "\n" or character == "\r" and self.wrong != "line-ends":
                    after_cr = character == "\r"
                    line, self.line = "".join(self.line), []
                    self.interpret(line)
                else:
                    after_cr = False
                    self.line.append(character)
        if self.wrong == "end":
            self.interpret("")

    def interpret(self, line):
        if line == "":
            self.last_event_id = self.id
            if self.data:
                self.tell(self.type or "message", "\n".join(self.data), self.last_event_id)
            self.data, self.type = [], ""
            return
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if field == "data":
            self.data.append(value)
        elif field == "event":
            self.type = value
        elif field == "id" and "\0" not in value:
            self.id = value
        elif field == "retry" and value.isascii() and value.isdigit():
            self.reconnection_time = min(float(value) / 1000, threading.TIMEOUT_MAX)


clients, numbers = {}, itertools.count(1)


class Service(http.server.BaseHTTPRequestHandler):
    def answer(self, status, location=None, body=b""):
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, body=json.dumps({"name": "Python", "capabilities": ["bom"]}).encode())

    def do_POST(self):
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        counter = itertools.count(1)

        def tell(type, data, id):
            event = {"kind": "event", "event": {"type": type, "data": data, "id": id}}
            url = f"{order['callbackUrl']}/{next(counter)}"
            urllib.request.urlopen(urllib.request.Request(url, json.dumps(event).encode())).close()

        number = next(numbers)
        self.answer(201, f"/{number}")
        clients[str(number)] = Client(order["streamUrl"], tell, options.wrong)

    def do_DELETE(self):
        client = clients.pop(self.path[1:], None)
        if client:
            client.close()
        self.answer(204 if client else 404)

    def log_message(self, *_):
        pass


arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, default=8111)
arguments.add_argument("--wrong", choices=["line-ends", "bom", "chunks", "end", "last-event-id"])
options = arguments.parse_args()
server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Service)
server.daemon_threads = True
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
