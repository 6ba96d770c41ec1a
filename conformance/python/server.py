"""What the tests know of the running server, and raw HTTP to it, past the SDK."""

import base64
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request

REQUEST_SECONDS = 15
WAIT_SECONDS = 20

TERMINAL = {"delivered", "undelivered", "failed"}

# Numbers set aside for fiction in every North American area code. Each file has handsets of its own,
# because what one file sends or says STOP to must not show in another.
HANDSET = "+14155550123"
OTHER_HANDSET = "+12125550145"


def setting(name):
    """A value that `run.py` hands over, for example `account_sid`."""
    variable = f"SWITCHWARD_{name.upper()}"
    value = os.environ.get(variable)
    if not value:
        raise RuntimeError(f"{variable} is not set: run these tests through conformance/run.py")
    return value


def account_path(rest):
    """A path of the 2010 API under the account."""
    return f"/2010-04-01/Accounts/{setting('account_sid')}{rest}"


def basic(user, password):
    """The value of the Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def request(method, path, form=None, body=None, auth=None):
    """One direct request with a form, or with `body` as JSON: (status, parsed JSON or None)."""
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    call = urllib.request.Request(setting("url") + path, data=data, method=method)
    if body is not None:
        call.data = json.dumps(body).encode()
        call.add_header("Content-Type", "application/json")
    call.add_header("Authorization", basic(*(auth or (setting("account_sid"), setting("auth_token")))))
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(call, timeout=REQUEST_SECONDS) as response:
            status, body = response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            status, body = error.code, error.read()
    return status, json.loads(body) if body else None


def handset_messages(number):
    """What the simulated handset with this number shows."""
    path = f"/switchward/v1/simulator/handsets/{urllib.parse.quote(number)}/messages"
    status, answer = request("GET", path)
    if status != 200:
        raise AssertionError(f"the simulator answered {status}")
    return answer["messages"]


def send_from_handset(number, to, text):
    """A person writes to one of our numbers."""
    path = f"/switchward/v1/simulator/handsets/{urllib.parse.quote(number)}/messages"
    status, _ = request("POST", path, body={"to": to, "body": text})
    if status != 201:
        raise AssertionError(f"the simulator answered {status}")


def limit(account, **limits):
    """Sets how much an account may ask for, as the operator."""
    path = f"/switchward/v1/Accounts/{account}/Limits"
    status, _ = request("POST", path, body=limits, auth=("operator", setting("operator_token")))
    if status != 200:
        raise AssertionError(f"setting limits was answered with {status}")


def script_fault(**script):
    """Adds a fault script to the simulated carrier."""
    status, _ = request("POST", "/switchward/v1/simulator/faults", body=script)
    if status != 201:
        raise AssertionError(f"the simulator answered {status}")


def until_terminal(client, sid):
    """The message once nothing more will happen to it."""

    def attempt():
        message = client.messages(sid).fetch()
        return message if message.status in TERMINAL else None

    return eventually("a terminal status", attempt)


def eventually(description, attempt):
    """Repeats `attempt` until it returns something true, for a bounded time."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        result = attempt()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen within {WAIT_SECONDS} s: {description}")
        time.sleep(0.1)
