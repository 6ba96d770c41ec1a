"""A system that binds, made of the package smpplib and driven by the tests: commands come as lines of
JSON on standard input, what happens goes as lines of JSON to standard output. It ends with its input."""

import json
import sys
import threading

import smpplib.client
import smpplib.consts
import smpplib.gsm

INTERNATIONAL = smpplib.consts.SMPP_TON_INTL
HEADER = smpplib.consts.SMPP_GSMFEAT_UDHI
PARTS_OF_TEXT = 120


def tell(**event):
    print(json.dumps(event), flush=True)


def received(pdu):
    octets = pdu.short_message or getattr(pdu, "message_payload", None) or b""
    tell(
        event="receipt" if pdu.esm_class & 0x04 else "message",
        source=pdu.source_addr.decode(),
        destination=pdu.destination_addr.decode(),
        esm_class=pdu.esm_class,
        coding=pdu.data_coding,
        hex=octets.hex(),
        receipted=(getattr(pdu, "receipted_message_id", None) or b"").decode().rstrip("\0"),
        sar=[getattr(pdu, f"sar_{name}", None) for name in ("msg_ref_num", "total_segments", "segment_seqnum")],
    )


def parts(way, text):
    """The parts of a text, as the arguments of each submission."""
    if way == "udh":
        whole, coding, kind = smpplib.gsm.make_parts(text)
        return [{"short_message": part, "data_coding": coding, "esm_class": kind} for part in whole]
    octets = text.encode("utf-16-be")
    if way == "payload":
        return [{"short_message": b"", "message_payload": octets, "data_coding": 8}]
    cut = [octets[at : at + PARTS_OF_TEXT] for at in range(0, len(octets), PARTS_OF_TEXT)]
    numbers = {"sar_msg_ref_num": 77, "sar_total_segments": len(cut), "data_coding": 8}
    return [dict(numbers, short_message=part, sar_segment_seqnum=at + 1) for at, part in enumerate(cut)]


def main():
    host, port, system_id, password = sys.argv[1:]
    client = smpplib.client.Client(host, int(port), allow_unknown_opt_params=True)
    client.set_message_sent_handler(lambda pdu: tell(event="taken", id=pdu.message_id.decode().rstrip("\0")))
    client.set_message_received_handler(received)
    client.connect()
    try:
        client.bind_transceiver(system_id=system_id, password=password)
    except smpplib.exceptions.PDUError as error:
        tell(event="refused", status=error.args[1])
        return
    tell(event="bound")
    threading.Thread(target=client.listen, daemon=True).start()
    for line in sys.stdin:
        command = json.loads(line)
        for part in parts(command["way"], command["text"]):
            client.send_message(
                source_addr_ton=INTERNATIONAL,
                source_addr=command["from"],
                dest_addr_ton=INTERNATIONAL,
                destination_addr=command["to"],
                registered_delivery=True,
                **part,
            )


main()
