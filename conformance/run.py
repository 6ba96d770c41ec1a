#!/usr/bin/env python3
"""Starts a fresh server from the binary and runs the SDK tests of this folder against it.

The tests use the SDKs exactly as published: what points them at the server is the environment that
`switchward env` prints, as a user would load it. Everything that waits has a limit, the server is
stopped by its own process id, and its log is shown when something failed.
"""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE / "python"))

import certificates  # noqa: E402: as the next one, after the path is set
import schemas  # noqa: E402

COMMAND_SECONDS = 60
HEALTH_SECONDS = 30
TESTS_SECONDS = 240
AFTERWARDS_SECONDS = 30
STOP_SECONDS = 10
LOG_TAIL_LINES = 80

# The webhook receivers of the tests listen here, which no webhook reaches unless the operator says so.
WEBHOOK_RANGE = "127.0.0.0/8"

INIT_KEYS = {
    "organization",
    "account_sid",
    "auth_token",
    "api_key_sid",
    "api_key_secret",
    "phone_number",
    "ca_cert",
}

# A machine's own proxy and certificate settings would lead the SDKs elsewhere.
FOREIGN_VARIABLES = {
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "NODE_OPTIONS",
    "PYTHONPATH",
}


class Failure(Exception):
    """The run failed for the reason given; no traceback is needed to understand it."""


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped from outside"))
    work = options.work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    notes = []
    try:
        run(options, work, notes)
    except Failure as failure:
        print(f"\nFAILED: {failure}", flush=True)
        return 1
    finally:
        if options.notes:
            options.notes.write_text("".join(f"{note}\n" for note in notes))
    for note in notes:
        print(f"note: {note}")
    print("all SDK tests passed")
    return 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, required=True, help="the switchward binary")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="a folder of our own; it is emptied first")
    parser.add_argument("--database", metavar="URL", help="a PostgreSQL database; without it the data folder has its own")
    parser.add_argument("--node-modules", type=pathlib.Path, help="folder with the Node SDK; without it node does not run")
    parser.add_argument("--cli-modules", type=pathlib.Path, help="folder with twilio-cli; without it the CLI does not run")
    parser.add_argument("--notes", type=pathlib.Path, help="a file to write what did not run into, one line each")
    return parser.parse_args()


def run(options, work, notes):
    binary = str(options.binary.resolve())
    data = work / "data"
    database = ["--database", options.database] if options.database else []
    identity = initialise(binary, data, ["--hipaa", *database], work)
    make_certificates(work / "webhooks")
    port = free_port()
    listen = f"127.0.0.1:{port}"
    log_path = work / "server.log"
    operations = f"127.0.0.1:{free_port()}"
    config = work / "switchward.toml"
    config.write_text(f'[operations]\nlisten = "{operations}"\n')
    serve = ["--config", str(config), "--data", str(data), "--listen", listen, "--allow-webhook-to", WEBHOOK_RANGE]
    server = start(binary, [*serve, *database], log_path)
    try:
        wait_for_health(server, f"http://{listen}/healthz")
        environment = test_environment(binary, data, listen, identity, work)
        environment["SWITCHWARD_OPERATIONS"] = f"http://{operations}"
        failures = run_tests(options, environment, notes)
        if server.poll() is not None:
            failures.append(f"the server ended by itself with {server.returncode}")
        stop(server)
        failures += run_afterwards(options, environment)
        if failures:
            raise Failure("; ".join(failures))
    except Failure:
        show_tail(log_path)
        raise
    finally:
        stop(server)


def start(binary, more, log_path):
    """Starts a server with the simulator, in the folder of its log."""
    with open(log_path, "wb") as log:
        return subprocess.Popen(
            [binary, "serve", "--simulator", *more],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=log_path.parent,
            env=clean_environment(),
        )


def make_certificates(folder):
    try:
        certificates.make(folder)
    except OSError as error:
        raise Failure(f"`openssl` could not be started: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise Failure("`openssl` did not end in time") from None
    except subprocess.CalledProcessError as error:
        raise Failure(f"`openssl` ended with {error.returncode}:\n{error.stderr.strip()}") from None


def initialise(binary, data, more, work):
    """Makes a data folder with an account in it and returns what was made; `--hipaa` makes it a HIPAA project."""
    text = command([binary, "init", "--data", str(data), "--json", *more], work)
    try:
        identity = json.loads(text)
    except ValueError as error:
        raise Failure(f"`init --json` did not print one JSON object: {error}") from None
    missing = sorted(INIT_KEYS - set(identity)) if isinstance(identity, dict) else sorted(INIT_KEYS)
    if missing:
        raise Failure(f"`init --json` lacks {', '.join(missing)}")
    return identity


def test_environment(binary, data, listen, identity, work):
    """The environment of the tests: the machine's, what `env` prints, and what `init` made."""
    environment = clean_environment()
    printed = command([binary, "env", "--data", str(data), "--listen", listen], work)
    names = set()
    for line in printed.splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        if words[0] == "unset":
            for name in words[1:]:
                environment.pop(name, None)
            continue
        if len(words) != 2 or words[0] != "export" or "=" not in words[1]:
            raise Failure(f"`env` printed a line that is neither `export NAME=value` nor `unset`: {line.split('=')[0]}")
        name, value = words[1].split("=", 1)
        environment[name] = value
        names.add(name)
    absent = sorted({"HTTPS_PROXY", "HTTP_PROXY", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"} - names)
    if absent:
        raise Failure(f"`env` does not print {', '.join(absent)}: the SDKs would go to the real service")
    # Some SDKs ignore a port in a region and would then talk to the real service.
    regions = sorted({"TWILIO_REGION", "TWILIO_EDGE"} & (names | environment.keys()))
    if regions:
        raise Failure(f"`env` leaves {', '.join(regions)} set: the SDKs could go to the real service")
    environment["SWITCHWARD_URL"] = f"http://{listen}"
    environment["SWITCHWARD_BINARY"] = binary
    environment["SWITCHWARD_OPERATOR_TOKEN"] = (data / "operator.token").read_text().strip()
    environment["SWITCHWARD_WEBHOOKS"] = str(work / "webhooks")
    for key in INIT_KEYS:
        environment[f"SWITCHWARD_{key.upper()}"] = str(identity[key])
    return environment


def run_tests(options, environment, notes):
    """Runs the tests of every language; returns what failed, and notes what did not run."""
    failures = []
    failures += tests("python", [sys.executable, "-m", "unittest", "-v"], HERE / "python", environment, TESTS_SECONDS)
    if schemas.folder() is None:
        notes.append("the schema checks did not run: no OpenAPI documents (set SWITCHWARD_OAI)")
    if options.node_modules is None:
        notes.append("the Node tests did not run: no --node-modules given")
    else:
        environment = {**environment, "NODE_PATH": str(options.node_modules.resolve())}
        files = sorted(str(path) for path in (HERE / "node").glob("*.test.js"))
        failures += tests("node", ["node", "--test", *files], HERE / "node", environment, TESTS_SECONDS)
    if options.cli_modules is None:
        notes.append("twilio-cli did not run: no --cli-modules given")
    else:
        environment = {**environment, "SWITCHWARD_CLI_MODULES": str(options.cli_modules.resolve())}
        arguments = ["node", "--test", str(HERE / "cli" / "cli.test.js")]
        failures += tests("twilio-cli", arguments, HERE / "cli", environment, TESTS_SECONDS)
    return failures


def run_afterwards(options, environment):
    """With the server stopped: the SDKs must fail to connect, and reach nothing else."""
    arguments = [sys.executable, "-m", "unittest", "-v", "afterwards"]
    failures = tests("python, server stopped", arguments, HERE / "python", environment, AFTERWARDS_SECONDS)
    if options.node_modules is not None:
        environment = {**environment, "NODE_PATH": str(options.node_modules.resolve())}
        arguments = ["node", "--test", str(HERE / "node" / "afterwards.js")]
        failures += tests("node, server stopped", arguments, HERE / "node", environment, AFTERWARDS_SECONDS)
    return failures


def tests(name, arguments, folder, environment, seconds):
    print(f"\n-- {name}", flush=True)
    environment = {**environment, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(
            arguments, cwd=folder, env=environment, stdin=subprocess.DEVNULL, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return [f"the {name} tests did not end within {seconds} s"]
    except OSError as error:
        return [f"the {name} tests could not be started: {error.strerror}"]
    return [f"the {name} tests failed"] if ended.returncode else []


def clean_environment():
    return {name: value for name, value in os.environ.items() if name.upper() not in FOREIGN_VARIABLES}


def command(arguments, folder):
    """Runs one command of the binary and returns what it printed."""
    shown = f"switchward {arguments[1]}"
    try:
        ended = subprocess.run(
            arguments,
            cwd=folder,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"`{shown}` did not end within {COMMAND_SECONDS} s") from None
    except OSError as error:
        raise Failure(f"`{shown}` could not be started: {error.strerror}") from None
    if ended.returncode != 0:
        raise Failure(f"`{shown}` ended with {ended.returncode}:\n{ended.stderr.strip()}")
    return ended.stdout


def wait_for_health(server, url):
    """Returns once the server answers 200; fails when it ends or takes too long."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + HEALTH_SECONDS
    last = "no answer"
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise Failure(f"the server ended with {server.returncode} before it was ready")
        try:
            with direct.open(url, timeout=2) as response:
                if response.status == 200:
                    return
                last = f"status {response.status}"
        except urllib.error.HTTPError as error:
            last = f"status {error.code}"
        except OSError as error:
            last = str(error)
        time.sleep(0.1)
    raise Failure(f"the server was not ready within {HEALTH_SECONDS} s ({last})")


def stop(server):
    """Stops the server, politely first."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            print(f"the server did not stop within {STOP_SECONDS} s and was killed", flush=True)
            server.kill()
            server.wait(STOP_SECONDS)


def show_tail(path):
    lines = path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    print(f"\n-- the last {len(lines)} lines of the server's log", flush=True)
    print("\n".join(lines), flush=True)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())
