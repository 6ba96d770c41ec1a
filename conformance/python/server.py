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

# Numbers set aside for fiction in every North American area code.
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


def request(method, path, form=None):
    """One direct request with Basic authentication: (status, parsed JSON or None)."""
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    call = urllib.request.Request(setting("url") + path, data=data, method=method)
    token = f"{setting('account_sid')}:{setting('auth_token')}".encode()
    call.add_header("Authorization", "Basic " + base64.b64encode(token).decode())
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
