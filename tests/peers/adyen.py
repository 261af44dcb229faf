"""Adyen's own library as a terminal: what the daemon seals it opens, and what it seals the daemon opens."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
from decimal import Decimal

from peers import check, equal, failed, program, until

MODULES = os.environ["PEER_MODULES"]
HERE = os.path.dirname(os.path.abspath(__file__))
NAME = "V400m-123456789.test.terminal.adyen.com"


def certificates(folder):
    """A root, and a terminal's certificate below it, as OpenSSL makes them."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    with open(f"{folder}/leaf.ext", "w") as file:
        file.write("basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    key = ["-newkey", "rsa:2048", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "root.key", "-out", "root.pem", "-days", "2",
            "-subj", "/C=NL/O=Peer/CN=Peer Terminal Fleet",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", *key, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", f"/C=NL/O=Peer/CN={NAME}")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey", "root.key", "-days", "2",
            "-CAcreateserial", "-extfile", "leaf.ext", "-out", "leaf.pem")


@contextlib.contextmanager
def terminal(folder):
    """Node with the library; gives the port and a way to read what it was asked."""
    with open(f"{folder}/asked", "w+") as said:
        process = subprocess.Popen(
            ["node", f"{HERE}/adyen-terminal.js", MODULES, f"{folder}/leaf.key", f"{folder}/leaf.pem"],
            stdout=said, stderr=subprocess.STDOUT)

        def lines():
            with open(f"{folder}/asked") as file:
                return file.read().splitlines()

        try:
            yield int(until("the terminal is there", lines)[0]), lambda: lines()[1:]
        finally:
            process.kill()
            process.wait()


class Desk:
    def __init__(self, folder, port):
        self.socket = f"{folder}/tilld.sock"
        self.config = f"{folder}/tilld.toml"
        secret = os.open(f"{folder}/passphrase", os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(secret, "a peer's passphrase".encode())
        os.close(secret)
        with open(self.config, "w") as file:
            file.write(f"""
[daemon]
state_dir = "{folder}/state"
listen = "127.0.0.1:0"
socket = "{self.socket}"
[[terminal]]
id = "desk1"
protocol = "adyen"
link = "https:127.0.0.1:{port}"
currency = "EUR"
[terminal.adyen]
poi_id = "V400m-123456789"
passphrase = {{ file = "{folder}/passphrase" }}
key_identifier = "clinic"
key_version = 3
root = "{folder}/root.pem"
environment = "test"
""")

    def call(self, method, path, body=None, key=None):
        connection = http.client.HTTPConnection("localhost", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.socket)
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        return json.loads(connection.getresponse().read())

    def ready(self):
        with contextlib.suppress(OSError):
            devices = self.call("GET", "/v1/devices")["devices"]
            return any((d.get("terminal") or {}).get("ready") for d in devices)

    def pay(self, amount, key):
        until("the terminal is ready", self.ready)
        body = {"device": "desk1", "amount": amount, "currency": "EUR", "method": "card"}
        return self.call("POST", "/v1/payments", body, key)


def run(desk, asked):
    def requests(kind):
        found = [json.loads(line, parse_float=Decimal)["SaleToPOIRequest"] for line in asked()]
        return [r for r in found if kind in r]

    def a_payment():
        paid = desk.pay("10.10", "k1")
        equal((paid["state"], paid["card"]["last4"]), ("approved", "1111"))
        sent = requests("PaymentRequest")[0]
        amounts = sent["PaymentRequest"]["PaymentTransaction"]["AmountsReq"]
        equal(str(amounts["RequestedAmount"]), "10.10", "the amount")
        equal(sent["PaymentRequest"]["SaleData"]["SaleTransactionID"]["TransactionID"], paid["id"])

    def a_lost_answer():
        paid = desk.pay("20.30", "k2")
        equal(paid["state"], "approved", "what the terminal says when it is asked")
        equal(len(requests("PaymentRequest")), 2, "payments asked for")
        about = requests("TransactionStatusRequest")[0]["TransactionStatusRequest"]["MessageReference"]
        equal(about["ServiceID"], requests("PaymentRequest")[1]["MessageHeader"]["ServiceID"])

    def a_reversal():
        first = desk.pay("10.10", "k1")
        until("the terminal is ready", desk.ready)
        back = desk.call("POST", f"/v1/payments/{first['id']}/cancel", {}, "k3")
        equal(back.get("state"), "approved", back)
        original = requests("ReversalRequest")[0]["ReversalRequest"]["OriginalPOITransaction"]
        equal(original["POITransactionID"]["TransactionID"], "BV0q001643892070000.VK9DRSLLRCQ2WN82")

    def nothing_wrong():
        equal([line for line in asked() if line.startswith("WRONG")], [])

    check("@adyen/api-library opens a payment of ours, and we its answer", a_payment)
    check("@adyen/api-library is asked about a payment whose answer was lost", a_lost_answer)
    check("@adyen/api-library takes a payment back by its own name", a_reversal)
    check("@adyen/api-library could read every request", nothing_wrong)


def main():
    with tempfile.TemporaryDirectory() as folder:
        certificates(folder)
        with terminal(folder) as (port, asked):
            desk = Desk(folder, port)
            with program("run", "--config", desk.config) as (process, log):
                def there():
                    if process.poll() is not None:
                        raise RuntimeError(f"the daemon ended: {log()}")
                    return os.path.exists(desk.socket)

                until("the daemon is there", there)

                def lines():
                    wrong = [line for line in asked() if line.startswith("WRONG")]
                    if wrong:
                        raise RuntimeError(wrong[0])
                    return asked()

                run(desk, lines)
    return 1 if failed() else 0


sys.exit(main())
