#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A Prometheus that lies: answers every query in the way that a file names.

usage: lying_prometheus.py PORT MODE-FILE [REDIRECT-URL]

The file is read for each request, so that a test may change its mind. Every
mode but "honest" would, if it were believed, make the idle volume cold.
"""
import http.server
import json
import sys
import time
import urllib.parse

PORT, MODE_FILE = int(sys.argv[1]), sys.argv[2]
REDIRECT = sys.argv[3] if len(sys.argv) > 3 else ""
POOL = "11111111-2222-3333-4444-555555555555"


def sample(volume, quantity, value, when=None, window="10000"):
    metric = {"pool_uuid": POOL, "pool": "tank", "volume": volume,
              "couche_quantity": quantity, "couche_window": window}
    return {"metric": metric, "value": [time.time() if when is None else when, value]}


def vector(volumes, coverage="1", age="0.5", when=None):
    result = []
    for name, iops in volumes.items():
        result += [sample(name, "iops", iops, when),
                   sample(name, "coverage", coverage, when),
                   sample(name, "age", age, when)]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


IDLE = {"idle": "0", "busy": "50"}


def without(quantity):
    answer = vector(IDLE)
    answer["data"]["result"] = [entry for entry in answer["data"]["result"]
                                if entry["metric"]["couche_quantity"] != quantity]
    return answer


def doubled():
    answer = vector(IDLE)
    answer["data"]["result"] *= 2
    return answer


def answers():
    """Mode: (HTTP status, body)."""
    partial = vector(IDLE)
    partial["isPartial"] = True
    scalar = {"status": "success", "data": {"resultType": "scalar",
                                            "result": [time.time(), "0"]}}
    matrix = vector(IDLE)
    matrix["data"]["resultType"] = "matrix"
    other = vector(IDLE)
    other["data"]["result"][0]["metric"]["couche_quantity"] = "mood"
    return {
        "honest": (200, vector(IDLE)),
        "empty": (200, vector({})),
        "warnings": (200, dict(vector(IDLE), warnings=["one store did not answer"])),
        "partial": (200, partial),
        "error": (200, {"status": "error", "errorType": "execution", "error": "boom"}),
        "http-500": (500, vector(IDLE)),
        "http-503-text": (503, "upstream is away"),
        "http-401": (401, "who are you"),
        "html": (200, "<html><body>please log in</body></html>"),
        "truncated": (200, json.dumps(vector(IDLE))[:-40]),
        "trailing": (200, json.dumps(vector(IDLE)) + " and more"),
        "nothing": (200, ""),
        "scalar": (200, scalar),
        "matrix": (200, matrix),
        "nan": (200, vector({"idle": "NaN", "busy": "50"})),
        "negative": (200, vector({"idle": "-5", "busy": "50"})),
        "infinite": (200, vector({"idle": "-Inf", "busy": "50"})),
        "words": (200, vector({"idle": "none", "busy": "50"})),
        "numbers": (200, vector({"idle": 0, "busy": 50})),
        "past": (200, vector(IDLE, when=time.time() - 7200)),
        "future": (200, vector(IDLE, when=time.time() + 7200)),
        "old-samples": (200, vector(IDLE, age="1000")),
        "sparse": (200, vector(IDLE, coverage="0.79")),
        "no-coverage": (200, without("coverage")),
        "no-age": (200, without("age")),
        "twice": (200, doubled()),
        "other-query": (200, other),
        "deep": (200, "[" * 100000),
        "many": (200, "[" + "0," * 1000000 + "0]"),
    }


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send_huge(self):
        """More than anybody should read, with no end in sight."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        chunk = b" " * 65536
        for _ in range(1024):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self):
        form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with open(MODE_FILE + ".queries", "a", encoding="utf-8") as log:
            log.write(urllib.parse.parse_qs(form).get("query", [""])[0] + "\n")
        with open(MODE_FILE, encoding="utf-8") as file:
            mode = file.read().strip()
        if mode == "hang-up":
            self.close_connection = True
            return
        if mode == "huge":
            self.close_connection = True
            try:
                self.send_huge()
            except OSError:
                pass
            return
        if mode == "redirect":
            self.send_response(307)
            self.send_header("Location", REDIRECT)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        status, body = answers()[mode]
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    if sys.argv[1:] and MODE_FILE == "list":
        print("\n".join(answers()))
    else:
        http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
