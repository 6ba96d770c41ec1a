"""Writes voice documents with the official SDK's builders: every verb and noun, each with all its attributes.

    python conformance/twiml.py > crates/twiml/tests/fixtures/voice.txt

One document a line. A parser test reads them, so what a newer SDK writes shows as a difference of that file.
"""

import inspect

from twilio.twiml import TwiML
from twilio.twiml.voice_response import VoiceResponse

WEB = "https://example.org/next?a=1&b=2"

# What an attribute is given, by the name of the builder's parameter; by "class.parameter" where that is not enough.
VALUES = {
    "action": WEB, "url": WEB, "wait_url": WEB, "status_callback": WEB, "status_callback_url": WEB,
    "recording_status_callback": WEB, "transcribe_callback": WEB, "partial_result_callback": WEB, "refer_url": WEB,
    "amd_status_callback": WEB, "event_callback_url": WEB, "Start.url": "wss://example.org/s", "Stop.url": "wss://example.org/s",
    "Connect.url": "wss://example.org/s", "Conversation.url": WEB,
    "number": "+14155552671", "application_sid": "AP" + "0" * 32, "phone_number": "+14155552671", "caller_id": "+14155552672", "to": "+14155552671",
    "from_": "+14155552672", "sip_url": "sip:ana@example.org", "Client.identity": "ana", "client_identity": "ana",
    "timeout": 7, "time_limit": 600, "loop": 2, "length": 3, "digits": None, "send_digits": "ww12#", "max_length": 60,
    "num_digits": 4, "finish_on_key": "*", "max_queue_size": 10, "max_participants": 5, "max_speech_time": 20,
    "speech_timeout": "auto", "priority": 1, "weight": 2, "hints": "one,two words", "max_attempts": 2,
    "min_postal_code_length": 5, "sample_rate": 8000, "attempt": "1 2", "routing_assignment_timeout": 30,
    "inbound_timeout": 30,
    "language": "en-US", "xml_lang": "es-ES", "language_code": "en-US", "voice": "Polly.Joanna",
    "Gather.input": "dtmf speech", "Pay.input": "dtmf", "speech_model": "phone_call", "record": "record-from-answer",
    "Conference.record": "record-from-start", "trim": "do-not-trim", "recording_track": "both",
    "recording_status_callback_event": "in-progress completed absent", "status_callback_event": "initiated answered",
    "Conference.status_callback_event": "start end join leave", "Conversation.status_callback_event": "call-initiated",
    "events": "call-progress-event", "passports": "a.b.c", "ring_tone": "us", "beep": "onEnter", "region": "us1",
    "coach": "CA" + "0" * 32, "jitter_buffer_size": "small", "participant_label": "patient", "byoc": "BY" + "0" * 32,
    "machine_detection": "DetectMessageEnd", "machine_detection_timeout": 30,
    "machine_detection_speech_threshold": 2400, "machine_detection_speech_end_threshold": 1200,
    "machine_detection_silence_timeout": 5000, "reservation_sid": "WR" + "0" * 32,
    "post_work_activity_sid": "WA" + "0" * 32, "workflow_sid": None, "sid": "AP" + "0" * 32, "sim_sid": "DE" + "0" * 32,
    "service_instance_sid": "IS" + "0" * 32, "recording_configuration_id": "RC1", "customer_id": "c1",
    "reason": "busy", "track": "both_tracks", "Recording.track": "both", "channels": "dual", "audio_format": "mulaw",
    "name": "support", "value": "v", "message": "Hello", "words": "word", "body": "{}", "connector_name": "connector",
    "payment_connector": "Default", "payment_method": "ach-debit", "token_type": "one-time", "currency": "usd",
    "charge_amount": "10.50", "bank_account_type": "consumer-checking", "valid_card_types": "visa amex",
    "postal_code": "94109", "description": "visit", "for_": "payment-card-number", "error_type": "timeout",
    "card_type": "visa", "strength": "strong", "time": "2s", "level": "strong", "alphabet": "ipa", "ph": "p",
    "volume": "loud", "rate": "slow", "pitch": "+10%", "interpret_as": "date", "format": "mdy", "alias": "alias",
    "role": "amazon:VB", "inbound_track_label": "patient", "outbound_track_label": "clinic",
    "transcription_engine": "google", "intelligence_service": "GA1", "participant_identity": "ana",
    "Header.name": "X-Case", "username": "u", "password": "p", "code": "en-US", "Identity": "ana",
}
METHODS = ("method", "wait_method", "wait_url_method", "status_callback_method", "recording_status_callback_method",
           "partial_result_callback_method", "refer_method", "amd_status_callback_method")
FREE = ("ConversationRelay", "Language", "AiSession", "ConversationRelaySession")
# What holds nothing by itself is no document.
EMPTY = {"connect", "start", "stop", "refer", "headers"}
# The text of an element, which is left out where it has elements other than parameters instead.
TEXTS = {"Dial.number", "Client.identity", "Sip.sip_url", "Enqueue.name", "Application.application_sid"}


def arguments(owner, method, following):
    """All parameters of a builder's method, each with a value."""
    given = {}
    has_children = following not in (None, "parameter")
    for name, parameter in inspect.signature(method).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        kind = method.__name__.title().replace("_", "")
        if f"{kind}.{name}" == "Enqueue.workflow_sid" and has_children:
            given[name] = "WW" + "0" * 32
            continue
        if f"{kind}.{name}" in TEXTS and has_children:
            continue
        for key in (f"{kind}.{name}", f"{owner}.{name}", name):
            if key in VALUES:
                given[name] = VALUES[key]
                break
        else:
            given[name] = "GET" if name in METHODS else "x" if kind in FREE else True
    return {name: value for name, value in given.items() if value is not None}


def children(node):
    """The methods of a builder that put something into it."""
    for name, method in inspect.getmembers(node, inspect.ismethod):
        if not name.startswith("_") and not hasattr(TwiML, name):
            yield name, method


def documents(path=()):
    """A document for every way from `Response` down to a verb or noun; SSML is not nested."""
    response = VoiceResponse()
    node = response
    for depth, step in enumerate(path, start=1):
        method = getattr(node, step)
        following = path[depth] if depth < len(path) else None
        if step == "headers":
            node.uri("sip:ana@example.org")
        node = method(**arguments(type(node).__name__, method, following))
    if path and path[-1] not in EMPTY:
        yield response
    if len(path) < 4 and not type(node).__name__.startswith("Ssml"):
        for name, _ in children(node):
            yield from documents((*path, name))


if __name__ == "__main__":
    for document in documents():
        print(document)
