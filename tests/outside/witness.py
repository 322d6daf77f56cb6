"""Runs a witness, aics-witness from PyPI, and passes requests on to it.

Usage: witness.py LOG_VERIFIER_KEY < REQUESTS

REQUESTS is a JSON list of bodies for add-checkpoint (C2SP tlog-witness). Prints JSON: the witness's
verifier key, and of each answer its status, content type and body.
"""

import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

from aics_witness import cli

NAME = "witness.example.org/w1"
PATIENCE_S = 10


def command(*args):
    """Runs one command of the witness, and returns what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if cli.main(list(args)) != 0:
            sys.exit(f"aics-witness {args[0]} failed")
    return printed.getvalue().strip()


@contextlib.contextmanager
def serving(config):
    """A witness at work; its address."""
    run = [sys.executable, "-m", "aics_witness", "serve", "--config", config]
    with subprocess.Popen(run, stderr=subprocess.PIPE, text=True) as process:
        try:
            said = []
            for line in process.stderr:
                said.append(line)
                if "listening on " in line:
                    yield line.split("listening on ")[1].split()[0]
                    return
            sys.exit(f"the witness ended: {''.join(said)}")
        finally:
            process.terminate()


def ask(address, body):
    request = urllib.request.Request(f"{address}/add-checkpoint", data=body.encode())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        answer = opener.open(request, timeout=PATIENCE_S)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    with answer:
        kind = answer.headers.get("Content-Type", "")
        return {"status": answer.status, "type": kind, "body": answer.read().decode()}


def main():
    key = sys.argv[1]
    bodies = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        config = str(pathlib.Path(folder, "witness.json"))
        mine = command("init", "--config", config, "--name", NAME, "--listen", "127.0.0.1:0")
        command("add-log", "--config", config, "--origin", key.split("+")[0], "--vkey", key)
        answers = []
        # The first half is asked of one run, the rest of the next: a witness keeps what it saw.
        for half in (bodies[: len(bodies) // 2], bodies[len(bodies) // 2 :]):
            with serving(config) as address:
                answers += [ask(address, body) for body in half]
    print(json.dumps({"vkey": mine, "answers": answers}))


main()
