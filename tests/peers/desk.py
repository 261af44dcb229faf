"""A desk: the daemon, simulators, and an invoicing system of Python's own libraries.

What the daemon really says is read by others: frames by a CRC library, signatures by hmac, the
database by SQLite's shell, the HTTP API by http.client."""

import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import tty
from decimal import Decimal

from crccheck.crc import Crc16Kermit
from peers import check, equal, failed, program, simulator, until

KEY, SECRET = "peer-key", "peer secret ü"


class Tap:
    """A pseudo-terminal before another one: everything passes, and what the daemon sends is kept."""

    def __init__(self, path):
        self.far = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.near, slave = os.openpty()
        for end in (self.far, slave):
            tty.setraw(end)
        self.slave = slave  # kept open, so that the daemon may come and go
        self.path = os.ttyname(slave)
        self.sent, self.heard = bytearray(), bytearray()
        threading.Thread(target=self.pump, daemon=True).start()

    def pump(self):
        while True:
            ready, _, _ = select.select([self.near, self.far], [], [])
            for end in ready:
                data = os.read(end, 4096)
                (self.sent if end == self.near else self.heard).extend(data)
                os.write(self.far if end == self.near else self.near, data)


def frames(stream):
    """Bodies and check sums of the frames in a stream of bytes (PA00P016, 3)."""
    found, place = [], 0
    while (place := stream.find(b"\x10\x02", place)) >= 0:
        body, place = bytearray(), place + 2
        while stream[place : place + 2] != b"\x10\x03":
            if place + 2 > len(stream):
                return found
            place += 2 if stream[place : place + 2] == b"\x10\x10" else 1
            body.append(stream[place - 1])
        check_sum = bytes(stream[place + 2 : place + 4])
        place += 4
        if len(check_sum) == 2:
            found.append((bytes(body), int.from_bytes(check_sum, "little")))
    return found


class Invoicing(http.server.BaseHTTPRequestHandler):
    """iVvy's addPayment and getInvoice, for invoice 156 of 80.00 EUR."""

    protocol_version = "HTTP/1.1"
    payments, wrong, actions = [], [], []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        action = self.path.rsplit("action=", 1)[-1]
        self.actions.append(action)
        digest = hashlib.md5(body).hexdigest()
        date = self.headers["IVVY-Date"]
        signed = f"POST{digest}application/json{self.path}1.0IVVYDate={date}".lower()
        signature = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha1).hexdigest()
        for name, expected in [
            ("Content-MD5", digest),
            ("Content-Type", "application/json"),
            ("X-Api-Version", "1.0"),
            ("X-Api-Authorization", f"IWS {KEY}:{signature}"),
        ]:
            if self.headers[name] != expected:
                self.wrong.append((action, name, self.headers[name]))
        asked = json.loads(body, parse_float=Decimal)
        if action == "addPayment":
            self.payments.append({"id": 900 + len(self.payments), "receiptNum": asked["receiptNum"],
                                  "amountPaid": str(asked["amountPaid"])})
            self.answer({"success": True, "id": self.payments[-1]["id"]})
        else:
            paid = sum(Decimal(p["amountPaid"]) for p in self.payments)
            self.answer({"id": asked.get("id"), "currency": "EUR", "totalCost": "80.00",
                         "amountPaid": str(paid), "currentStatus": 1, "payments": self.payments})

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Desk:
    def __init__(self, folder, terminal, printer, invoicing):
        self.folder = folder
        self.socket, self.state = f"{folder}/tilld.sock", f"{folder}/state"
        self.config = f"{folder}/tilld.toml"
        with open(os.open(f"{folder}/secret", os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(SECRET)
        with open(self.config, "w") as file:
            file.write(f"""
[daemon]
state_dir = "{self.state}"
listen = "127.0.0.1:0"
socket = "{self.socket}"
[[terminal]]
id = "desk1"
protocol = "zvt"
link = "serial:{terminal}"
currency = "EUR"
printer = "front"
[[till]]
id = "cashbox"
currency = "EUR"
printer = "front"
[[printer]]
id = "front"
link = "tcp:{printer}"
profile = "epson-tm-t20iii"
[[upstream]]
id = "ivvy"
kind = "ivvy"
url = "http://127.0.0.1:{invoicing}"
api_key = "{KEY}"
secret = {{ file = "{folder}/secret" }}
fence = "1m"
""")

    def call(self, method, path, body=None, key=None, port=None, token=None):
        """One request by http.client; gives status and JSON."""
        if port:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        else:
            connection = UnixConnection(self.socket)
        headers = {"Content-Type": "application/json"} if body else {}
        if key:
            headers["Idempotency-Key"] = key
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text or b"null")

    def terminal_ready(self):
        _, seen = self.call("GET", "/v1/devices")
        return any((d.get("terminal") or {}).get("ready") for d in seen["devices"])

    def payment(self, status, answer):
        equal(status, 201, f"the status of {answer}")
        equal(answer["state"], "approved", "the state")
        return answer

    def sqlite(self, statement):
        command = ["sqlite3", f"{self.state}/tilld.db", statement]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.stdout.strip(), done.stderr.strip(), done.returncode


def pay_body(device, amount, method, invoice=None):
    body = {"device": device, "amount": amount, "currency": "EUR", "method": method}
    return body | ({"invoice": invoice} if invoice else {})


def run(desk, tap, log):
    token = open(f"{desk.state}/token").read().strip()
    port = int(re.search(r"url=http://127\.0\.0\.1:(\d+)", log()).group(1))

    def by_socket():
        body = pay_body("cashbox", "12.30", "cash", "156")
        first = desk.payment(*desk.call("POST", "/v1/payments", body, key="peer-1"))
        status, again = desk.call("POST", "/v1/payments", body, key="peer-1")
        equal((status, again["id"]), (200, first["id"]), "the repeat")

    def by_port():
        body = pay_body("cashbox", "7.70", "cash", "156")
        status, _ = desk.call("POST", "/v1/payments", body, key="peer-2", port=port)
        equal(status, 401, "the answer without a token")
        desk.payment(*desk.call("POST", "/v1/payments", body, key="peer-2", port=port, token=token))

    def by_card():
        until("the terminal is ready", desk.terminal_ready)
        body = pay_body("desk1", "10.10", "card", "156")
        desk.payment(*desk.call("POST", "/v1/payments", body, key="peer-3"))

    def events():
        connection = UnixConnection(desk.socket)
        connection.request("GET", "/v1/events?after=0", headers={"Accept": "text/event-stream"})
        answer = connection.getresponse()
        equal(answer.getheader("Content-Type"), "text/event-stream", "the type")
        facts, number = [], None
        while len(facts) < 7:
            name, _, value = answer.readline().decode().rstrip("\n").partition(": ")
            if name == "id":
                number = int(value)
            elif name == "data" and "fact" in (data := json.loads(value)):
                facts.append((data["seq"], data["fact"]["kind"], data["device"]))
        connection.close()
        equal([seq for seq, _, _ in facts], list(range(1, 8)), "the numbers")
        cash, card = ["intended", "recorded"], ["intended", "approved", "completed"]
        equal([kind for _, kind, _ in facts], cash + cash + card, "the facts")
        equal(number is not None, True, "an id")

    def delivered():
        until("all is delivered", lambda: len(Invoicing.payments) == 3)
        paid = sorted(Decimal(p["amountPaid"]) for p in Invoicing.payments)
        equal(paid, [Decimal("7.70"), Decimal("10.10"), Decimal("12.30")], "what was booked")
        equal(Invoicing.wrong, [], "wrong signatures")
        equal("addPayment" in Invoicing.actions, True, "addPayment was signed")

    def check_sums():
        found = frames(bytes(tap.sent))
        asked = [body for body, _ in found if body.startswith(b"\x06\x01")]
        equal(len(asked), 1, "the number of 06 01")
        equal(b"\x10\x10" in asked[0], True, "an amount with bytes 10")
        for body, check_sum in found:
            equal(check_sum, Crc16Kermit.calc(body + b"\x03"), f"a check sum of {len(body)} bytes")
        equal(len(found) >= 4, True, f"{len(found)} frames are enough")

    check("http.client pays through the Unix socket, and repeats", by_socket)
    check("http.client pays through the loopback port with the token", by_port)
    check("http.client pays by card over a tapped pseudo-terminal", by_card)
    check("http.client reads the event stream from its beginning", events)
    check("hashlib and hmac agree with every request to iVvy", delivered)
    check("crccheck agrees with every frame that the daemon sent", check_sums)
    check("sqlite3: the database is whole", lambda: equal(
        desk.sqlite("PRAGMA integrity_check; PRAGMA foreign_key_check;")[0], "ok", "the check"))
    for statement in ["UPDATE journal SET body = '{}';", "DELETE FROM journal;", "DELETE FROM payments;"]:
        check(f"sqlite3 is refused: {statement}", lambda: refused(desk, statement))


def refused(desk, statement):
    count = "SELECT count(*) || ' ' || group_concat(hex(hash)) FROM journal;"
    before = desk.sqlite(count)[0]
    _, error, code = desk.sqlite(statement)
    equal(code != 0 and error != "", True, f"the refusal ({error})")
    equal(desk.sqlite(count)[0], before, "the journal")
    equal(before.startswith("0"), False, "an empty journal")


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Invoicing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder, \
            simulator("terminal", "--zvt", "--link", f"{folder}/terminal") as terminal, \
            simulator("printer", "--listen", "127.0.0.1:0") as printer:
        tap = Tap(terminal)
        desk = Desk(folder, tap.path, printer, server.server_address[1])
        with program("run", "--config", desk.config) as (process, log):
            def ready():
                if process.poll() is not None:
                    raise RuntimeError(f"the daemon ended: {log()}")
                return "url=" in re.sub(r"\x1b\[[0-9;]*m", "", log())

            until("the daemon is ready", ready)
            run(desk, tap, lambda: re.sub(r"\x1b\[[0-9;]*m", "", log()))
            process.send_signal(signal.SIGTERM)
            check("the daemon stops well", lambda: equal(process.wait(30), 0, "its status"))


check("the desk", main)
sys.exit(min(failed(), 1))
