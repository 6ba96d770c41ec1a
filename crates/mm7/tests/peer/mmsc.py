"""An MMSC for the tests, made of Python's standard library: a stub that speaks MM7 (3GPP TS 23.140 8.7).

`serve` takes submissions on a free port and prints what it read of each; `report FROM TO` and `deliver FROM TO` print
what an MMSC would tell. One line of JSON each. It shares no code with the carrier that it tests.
"""

import base64
import email
import email.policy
import json
import sys
import xml.etree.ElementTree as ET
from email.mime.application import MIMEApplication
from email.mime.audio import MIMEAudio
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from http.server import BaseHTTPRequestHandler, HTTPServer

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MM7 = "http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/REL-6-MM7-1-4"


def say(**event):
    print(json.dumps(event), flush=True)


def q(name):
    return "{%s}%s" % (MM7, name)


def defects(part):
    found = [type(defect).__name__ for defect in part.defects]
    if part.is_multipart():
        for child in part.get_payload():
            found += defects(child)
    return found


def read(headers, body):
    head = b"Content-Type: " + headers["Content-Type"].encode("ascii") + b"\r\nMIME-Version: 1.0\r\n\r\n"
    whole = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    envelope, content = whole.get_payload()
    assert whole.get_content_type() == "multipart/related"
    assert whole.get_param("start") == envelope["Content-ID"], "start names the envelope"
    assert whole.get_param("type") == envelope.get_content_type() == "text/xml"
    root = ET.fromstring(envelope.get_payload(decode=True))
    submit = root.find("{%s}Body" % SOAP).find(q("SubmitReq"))
    assert root.find("{%s}Header" % SOAP).find(q("TransactionID")) is not None
    href = submit.find(q("Content")).get("href")
    assert "<%s>" % href[len("cid:"):] == content["Content-ID"], "the content is the second part"
    sender = submit.find(q("SenderIdentification"))
    parts = []
    for part in content.get_payload():
        shown = {"type": part.get_content_type(), "base64": base64.b64encode(part.get_payload(decode=True)).decode()}
        if part.get_content_maintype() == "text":
            shown["text"] = part.get_payload(decode=True).decode(part.get_content_charset())
        parts.append(shown)
    say(
        defects=defects(whole),
        vasp=sender.find(q("VASPID")).text,
        vas=sender.find(q("VASID")).text,
        **{"from": sender.find(q("SenderAddress")).find(q("Number")).text},
        to=submit.find(q("Recipients")).find(q("To")).find(q("Number")).text,
        report=submit.find(q("DeliveryReport")).text,
        user=base64.b64decode(headers["Authorization"].split(" ")[1]).decode(),
        parts=parts,
    )


def envelope(name, fill):
    ET.register_namespace("env", SOAP)
    ET.register_namespace("mm7", MM7)
    root = ET.Element("{%s}Envelope" % SOAP)
    header = ET.SubElement(root, "{%s}Header" % SOAP)
    ET.SubElement(header, q("TransactionID"), {"{%s}mustUnderstand" % SOAP: "1"}).text = "py-1"
    message = ET.SubElement(ET.SubElement(root, "{%s}Body" % SOAP), q(name))
    ET.SubElement(message, q("MM7Version")).text = "6.8.0"
    fill(message)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def address(parent, name, number):
    ET.SubElement(ET.SubElement(parent, q(name)), q("Number")).text = number


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        read(self.headers, self.rfile.read(int(self.headers["Content-Length"])))

        def fill(message):
            status = ET.SubElement(message, q("Status"))
            ET.SubElement(status, q("StatusCode")).text = "1000"
            ET.SubElement(status, q("StatusText")).text = "Success"
            ET.SubElement(message, q("MessageID")).text = "python-1"

        answer = envelope("SubmitRsp", fill)
        self.send_response(200)
        self.send_header("Content-Type", 'text/xml; charset="utf-8"')
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def tell(content_type, body):
    say(content_type=content_type, body=base64.b64encode(body).decode())


def report(handset, own):
    def fill(message):
        ET.SubElement(message, q("MessageID")).text = "m-1"
        address(message, "Recipient", handset)
        address(message, "Sender", own)
        ET.SubElement(message, q("Date")).text = "2026-01-15T12:00:00Z"
        ET.SubElement(message, q("MMStatus")).text = "Retrieved"

    tell('text/xml; charset="utf-8"', envelope("DeliveryReportReq", fill))


def deliver(handset, own):
    def fill(message):
        ET.SubElement(message, q("LinkedID")).text = "python-in-1"
        address(message, "Sender", handset)
        address(ET.SubElement(message, q("Recipients")), "To", own)
        ET.SubElement(message, q("TimeStamp")).text = "2026-01-15T12:00:00Z"
        ET.SubElement(message, q("Content"), {"href": "cid:content"})

    soap = MIMEText("", "xml")
    soap.set_payload(envelope("DeliverReq", fill))
    soap.replace_header("Content-Transfer-Encoding", "8bit")
    soap["Content-ID"] = "<soap>"
    content = MIMEMultipart("related")
    content["Content-ID"] = "<content>"
    content.attach(MIMEApplication(b"<smil/>", "smil"))
    text = MIMEText("Danke schön", "plain", "iso-8859-1")
    content.attach(text)
    content.attach(MIMEImage(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "png"))
    content.attach(MIMEAudio(b"#!AMR\n" + bytes(range(256)), "amr"))
    whole = MIMEMultipart("related", type="text/xml", start="<soap>")
    whole.attach(soap)
    whole.attach(content)
    flat = whole.as_bytes(policy=email.policy.HTTP)
    head, body = flat.split(b"\r\n\r\n", 1)
    parsed = email.message_from_bytes(head + b"\r\n\r\n", policy=email.policy.compat32)
    tell(" ".join(parsed["Content-Type"].split()), body)


def main():
    what, arguments = sys.argv[1], sys.argv[2:]
    if what == "serve":
        server = HTTPServer(("127.0.0.1", 0), Handler)
        say(port=server.server_address[1])
        server.serve_forever()
    else:
        {"report": report, "deliver": deliver}[what](*arguments)


if __name__ == "__main__":
    main()
