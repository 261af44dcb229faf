"""A daemon with one card terminal and nothing else, called by http.client."""

import http.client
import json
import socket


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Till:
    def __init__(self, folder, protocol, link):
        self.socket, self.config = f"{folder}/tilld.sock", f"{folder}/tilld.toml"
        self.payment = self.last = None
        with open(self.config, "w") as file:
            file.write(f"""
[daemon]
state_dir = "{folder}/state"
listen = "127.0.0.1:0"
socket = "{self.socket}"
[[terminal]]
id = "desk1"
protocol = "{protocol}"
link = "{link}"
currency = "EUR"
""")

    def call(self, method, path, body=None, key=None):
        """One request; gives status and JSON."""
        connection = UnixConnection(self.socket)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if key:
            headers["Idempotency-Key"] = key
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        self.last = json.loads(text or b"null")
        return answer.status, self.last

    def pay(self, key, amount):
        said = self.call("POST", "/v1/payments", {"device": "desk1", "amount": amount,
                         "currency": "EUR", "method": "card", "invoice": "156"}, key)
        return said

    def give_back(self, what, key, body):
        return self.call("POST", f"/v1/payments/{self.payment}/{what}", body, key)

    def settle(self, outcome):
        body = {"outcome": outcome, "name": "Anna", "reason": "the terminal's receipt"}
        return self.call("POST", f"/v1/payments/{self.last['id']}/resolve", body)[1]

    def terminal_ready(self):
        try:
            _, seen = self.call("GET", "/v1/devices")
        except OSError:
            return False
        return any((d.get("terminal") or {}).get("ready") for d in seen["devices"])
