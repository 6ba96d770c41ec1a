#!/usr/bin/env python3
"""Sends a message through a binary that was built with traces, and reads what it exports with OpenTelemetry's own
definitions (the package `opentelemetry-proto`): every field must be one of theirs, and every attribute one of ours.

The receiver here is a stand-in for a collector: it speaks HTTP and knows the official messages, nothing more.
"""

import argparse
import base64
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import run  # noqa: E402: after the path is set
from google.protobuf import json_format  # noqa: E402
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: E402
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status  # noqa: E402

WAIT_SECONDS = 20
PATIENT, TEXT = "+14155550142", "Appointment of Augusta Canary"
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
# What a span may say, and the form of what it says.
ATTRIBUTES = {
    "http.request.method": r"GET|POST|DELETE|other",
    "http.route": r"/[A-Za-z0-9/{}\-.]+|other",
    "http.response.status_code": r"\d{3}",
    "switchward.account": r"AC[0-9a-f]{32}",
    "switchward.action": r"[a-z-]+",
    "switchward.attempt": r"\d+",
    "switchward.code": r"\d{5}",
    "switchward.group_size": r"\d+",
    "switchward.outcome": r"[a-z-]+",
    "switchward.product": r"[a-z-]+",
    "switchward.queue": r"[a-z.]+",
    "switchward.rule": r"[A-Z0-9]+(-[A-Z0-9]+)+",
}
NAMES = {"guard", "store commit", "webhook delivery", "carrier hand-over"}


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes exports at the standard path; `taken` holds their bodies."""

    protocol_version = "HTTP/1.1"
    taken = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_right = self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
        if is_right:
            self.taken.append(body)
        self.send_response(200 if is_right else 400)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, required=True, help="a binary with the feature `otel`")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="a folder of our own; it is emptied first")
    options = parser.parse_args()
    work = options.work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        spans = drive(str(options.binary.resolve()), work)
        check(spans)
    except (run.Failure, AssertionError, json_format.ParseError) as failure:
        print(f"FAILED: {failure}")
        return 1
    print(f"{len(spans)} spans, read by opentelemetry-proto")
    return 0


def drive(binary, work):
    """Runs the server, sends messages, stops it, and returns every span that was exported."""
    identity = run.initialise(binary, work / "data", ["--hipaa"], work)
    collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    listen = f"127.0.0.1:{run.free_port()}"
    config = work / "switchward.toml"
    config.write_text(
        f'data = "data"\nlisten = "{listen}"\nsimulator = true\n'
        f'[traces]\nendpoint = "http://127.0.0.1:{collector.server_port}"\n'
    )
    with open(work / "server.log", "wb") as log:
        server = subprocess.Popen(
            [binary, "serve", "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=run.clean_environment(),
        )
    try:
        run.wait_for_health(server, f"http://{listen}/healthz")
        form = {"To": PATIENT, "From": identity["phone_number"], "Body": TEXT}
        expect(201, ask(listen, identity, form, {"traceparent": f"00-{TRACE}-{CALLER}-01", "baggage": f"p={PATIENT}"}))
        expect(403, ask(listen, identity, {**form, "To": "+442079460018"}, {}))
        expect(400, ask(listen, identity, {**form, TEXT: PATIENT}, {}))
        deadline = time.monotonic() + WAIT_SECONDS
        while not any(b"carrier hand-over" in body for body in Collector.taken):
            if time.monotonic() > deadline:
                raise run.Failure("the hand-over was not exported in time")
            time.sleep(0.1)
    finally:
        run.stop(server)
        collector.shutdown()
    return [span for body in Collector.taken for span in spans_of(body)]


def ask(listen, identity, form, headers):
    account, token = identity["account_sid"], identity["auth_token"]
    request = urllib.request.Request(
        f"http://{listen}/2010-04-01/Accounts/{account}/Messages.json", urllib.parse.urlencode(form).encode(), headers
    )
    key = base64.b64encode(f"{account}:{token}".encode()).decode()
    request.add_header("Authorization", f"Basic {key}")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=WAIT_SECONDS) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def expect(wanted, status):
    if status != wanted:
        raise run.Failure(f"a request was answered with {status} instead of {wanted}")


def spans_of(body):
    """The spans of an export. OTLP writes ids in hexadecimal where protobuf's JSON has base64; all else is the same."""
    document = json.loads(body)
    for resource in document["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name in {"traceId", "spanId", "parentSpanId"} & span.keys():
                    span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    request = json_format.ParseDict(document, ExportTraceServiceRequest(), ignore_unknown_fields=False)
    for resource in request.resource_spans:
        told = {a.key: a.value.string_value for a in resource.resource.attributes}
        assert told["service.name"] == "switchward" and told["service.version"], told
        for scope in resource.scope_spans:
            yield from scope.spans


def check(spans):
    ids = {(span.trace_id, span.span_id) for span in spans}
    assert len(ids) == len(spans), "ids are unique"
    for span in spans:
        assert len(span.trace_id) == 16 and len(span.span_id) == 8, span
        assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano, span
        assert span.name in NAMES or re.fullmatch(r"(job [a-z.]+)|((GET|POST|DELETE|other) (/\S+|other))", span.name), span
        assert not span.trace_state and not span.events and not span.links, span
        assert span.status.code in (Status.STATUS_CODE_UNSET, Status.STATUS_CODE_ERROR), span
        parent = span.parent_span_id
        assert not parent or parent.hex() == CALLER or (span.trace_id, parent) in ids, f"an orphan: {span}"
        for attribute in span.attributes:
            kind = attribute.value.WhichOneof("value")
            value = str(getattr(attribute.value, kind))
            assert re.fullmatch(ATTRIBUTES[attribute.key], value), f"{attribute.key}: {value}"
    ours = [span for span in spans if span.trace_id.hex() == TRACE]
    kinds = {span.name: span.kind for span in ours}
    assert kinds["POST /2010-04-01/Accounts/{AccountSid}/Messages"] == Span.SPAN_KIND_SERVER, kinds
    assert kinds["job messages.send"] == Span.SPAN_KIND_CONSUMER, kinds
    assert kinds["carrier hand-over"] == Span.SPAN_KIND_CLIENT, kinds
    assert kinds["guard"] == kinds["store commit"] == Span.SPAN_KIND_INTERNAL, kinds
    rules = {a.value.string_value for span in spans for a in span.attributes if a.key == "switchward.rule"}
    assert rules == {"SMS-GEO-1"}, rules
    exported = b"".join(Collector.taken)
    for canary in (PATIENT[1:], "Augusta", "Canary"):
        assert canary.encode() not in exported, "protected text was exported"


if __name__ == "__main__":
    sys.exit(main())
