"""A system of a controller's that takes tasks and notices from Habeas. Standard library only.

It checks who calls. A task it answers with 202 at once, does the work, and tells the outcome by a signed call back. A notice
of a hold it has acted on when it answers.

usage: HABEAS_SECRET=... python receiver.py 127.0.0.1:8080 store.json
"""

import hashlib
import hmac
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WINDOW_SECONDS = 300  # how far a signature's time may lie from the clock
BODY_BYTES_MAX = 256 * 1024
TELLINGS_MAX = 8  # how often an outcome is told; each pause is twice as long as the one before


def tag(secret, seconds, body):
    """HMAC-SHA256 over `{seconds}.{body}`; the bytes of the secret are the key."""
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()


def sign(secret, body):
    seconds = str(int(time.time()))
    return f"t={seconds},v1={tag(secret, seconds, body)}"


def verify(secret, header, body):
    """Whether the body was signed with the secret, within the window. There may be several v1: while Habeas renews a
    secret it signs with both."""
    parts = [part.split("=", 1) for part in header.split(",") if "=" in part]
    times = [value for name, value in parts if name == "t"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) <= 11):
        return False
    if abs(time.time() - int(times[0])) > WINDOW_SECONDS:
        return False
    expected = tag(secret, times[0], body).encode()
    # compare_digest takes the same time whatever differs.
    return any(hmac.compare_digest(expected, value.encode()) for name, value in parts if name == "v1")


def work(store, task):
    """Does what a task asks on a toy store, and answers the members of the outcome. The store maps
    `mail:ada@example.com` to a list of objects, each with its `category`; a real system looks in its own database."""
    records = store.get(f"{task['subject']['kind']}:{task['subject']['value']}")
    if not records:
        return {"outcome": "not-found"}
    if task["type"] in ("access", "portability", "know-pieces"):
        return {"outcome": "data", "data": {"records": list(records)}}
    if task["type"] == "know-categories":
        return {"outcome": "data", "data": {"categories": sorted({record["category"] for record in records})}}
    if task["type"] == "erasure":
        grounds = {except_["category"]: except_["ground"] for except_ in task["except"]}
        before, kept = len(records), [record for record in records if record["category"] in grounds]
        records[:] = kept
        if kept:
            return {"outcome": "kept", "records": len(kept), "ground": grounds[kept[0]["category"]]}
        return {"outcome": "done", "records": before}
    if task["type"] == "rectification":
        corrected = 0
        for record in records:
            fields = {field: value for field, value in task["corrections"].items() if field in record}
            corrected += bool(fields)
            record.update(fields)
        return {"outcome": "done", "records": corrected}
    # Said, and not guessed: Habeas asks again, and its office sees why.
    return {"outcome": "failed", "reason": "unknown-type"}


class Suspicions:
    """Whose account is suspended. A real system keeps this with its accounts."""

    def __init__(self):
        self.on = {}  # notice to person; None once it was released
        self.lock = threading.Lock()

    def hear(self, notice):
        """A notice may come twice, and its placing after its release: released is released. False for what is not known
        here: who answers 2xx to that says that it was acted on."""
        name = notice["notice"]
        with self.lock:
            if notice["type"] == "hold-placed":
                self.on.setdefault(name, f"{notice['subject']['kind']}:{notice['subject']['value']}")
            elif notice["type"] == "hold-released":
                self.on[name] = None
            else:
                return False
            print(f"notice {name} {notice['type']}: {len(self.suspended())} suspended", flush=True)
        return True

    def suspended(self):
        """An account is given back when the last notice about it was released."""
        return {person for person in self.on.values() if person is not None}


class Receiver:
    def __init__(self, secret, store):
        self.secret = secret
        self.store = store
        self.suspicions = Suspicions()
        # The outcome of each task that was done. A real system keeps these with its data: a task comes again until its
        # outcome is known, and must not be done twice.
        self.told = {}
        self.lock = threading.Lock()

    def carry_out(self, task):
        with self.lock:
            if task["task"] not in self.told:
                self.told[task["task"]] = {"v": 1, "task": task["task"], **work(self.store, task)}
            body = json.dumps(self.told[task["task"]]).encode()
        for telling in range(TELLINGS_MAX):
            status = self.tell(task["callback"], body)
            if status is not None and status < 500 and status != 429:
                print(f"task {task['task']} was told: {status}", flush=True)
                return
            time.sleep(2**telling)
        print(f"task {task['task']} could not be told; Habeas will ask again", flush=True)

    def tell(self, url, body):
        # Signed anew each time: a signature counts for five minutes.
        headers = {"Content-Type": "application/json", "Habeas-Signature": sign(self.secret, body)}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None


def handler_of(receiver):
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_POST(self):
            length = self.headers.get("Content-Length", "")
            if self.path != "/habeas":
                return self.answer(404)
            if not (length.isascii() and length.isdigit()) or int(length) > BODY_BYTES_MAX:
                return self.answer(413)
            body = self.rfile.read(int(length))
            if not verify(receiver.secret, self.headers.get("Habeas-Signature", ""), body):
                return self.answer(401)
            task = json.loads(body)
            # A notice has a name of its own, and no task's. Nobody asks for an outcome, so it is acted on first.
            if "notice" in task:
                return self.answer(204 if receiver.suspicions.hear(task) else 501)
            # First the receipt, then the work: Habeas waits ten seconds, the work may take days.
            self.answer(202)
            threading.Thread(target=receiver.carry_out, args=(task,)).start()

        def answer(self, status):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass  # addresses of callers are nobody's business

    return Handler


def main(address, path):
    host, _, port = address.rpartition(":")
    with open(path, encoding="utf-8") as file:
        receiver = Receiver(os.environ["HABEAS_SECRET"], json.load(file))
    server = ThreadingHTTPServer((host, int(port)), handler_of(receiver))
    print(f"listening on {server.server_address[0]}:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
