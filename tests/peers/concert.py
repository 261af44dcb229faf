"""pyTeliumManager's codec as a Concert V2 terminal on a pseudo-terminal, and our daemon as the till:
both directions of the frames are written or read by others. And its till at our simulated terminal."""

import os
import select
import signal
import sys
import tempfile
import threading
import tty

from peers import check, equal, failed, program, simulator, until
from telium import Telium, TeliumAsk, TeliumResponse
from till import Till

ENQ, ACK, EOT = b"\x05", b"\x06", b"\x04"


class Terminal:
    """A card terminal: the handshake by hand, the frames by pyTeliumManager."""

    def __init__(self):
        self.wire, slave = os.openpty()
        tty.setraw(self.wire)
        tty.setraw(slave)
        self.slave = slave  # kept open, so that the daemon may come and go
        self.path = os.ttyname(slave)
        self.asked, self.wrong = [], []
        self.result = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def read(self, count, seconds=60):
        data = b""
        while len(data) < count and select.select([self.wire], [], [], seconds)[0]:
            data += os.read(self.wire, count - len(data))
        return data

    def expect(self, signal_byte):
        heard = self.read(1)
        if heard != signal_byte:
            self.wrong.append(f"{heard!r} for {signal_byte!r}")

    def serve(self):
        while True:
            if self.read(1) != ENQ:
                continue
            os.write(self.wire, ACK)
            ask = TeliumAsk.decode(self.read(37))
            self.asked.append(ask)
            os.write(self.wire, ACK)
            self.expect(EOT)
            answer = TeliumResponse(ask.pos_number, self.result, ask.amount, ask.payment_mode, "",
                                    ask.currency_numeric, " " * 10)
            os.write(self.wire, ENQ)
            self.expect(ACK)
            os.write(self.wire, answer.encode().encode("ascii"))
            self.expect(ACK)
            os.write(self.wire, EOT)


def at_the_daemon(folder):
    terminal = Terminal()
    till = Till(folder, "concert", f"serial:{terminal.path}")
    with program("run", "--config", till.config) as (process, log):
        until("the terminal is ready", till.terminal_ready)

        def a_payment_is_read_and_its_answer_taken():
            _, said = till.pay("k1", "12.50")
            equal((said["state"], said["amount"]), ("approved", "12.50"))
            ask = terminal.asked[-1]
            equal((ask.pos_number, ask.amount, ask.currency_numeric), ("01", 12.50, "978"))
            equal((ask.answer_flag, ask.delay, ask.authorization), ("0", "A010", "B010"))
            equal((ask.payment_mode, ask.transaction_type), ("1", "0"))
            till.payment = said["id"]

        def a_refusal_is_a_decline():
            terminal.result = 7
            equal(till.pay("k2", "99.99")[1]["state"], "declined")
            terminal.result = 9
            equal(till.pay("k3", "1.00")[1]["state"], "in_doubt")
            said = till.settle("declined")
            equal(said["state"], "declined")
            terminal.result = 0

        def money_goes_back():
            equal(till.give_back("refund", "k4", {"amount": "2.00"})[1]["state"], "approved")
            equal((terminal.asked[-1].transaction_type, terminal.asked[-1].amount), ("1", 2.0))
            equal(till.pay("k5", "10.10")[1]["state"], "approved")
            till.payment = till.last["id"]
            equal(till.give_back("cancel", "k6", {})[1]["state"], "approved")
            equal((terminal.asked[-1].transaction_type, terminal.asked[-1].amount), ("2", 10.1))

        check("pyTeliumManager reads our payment, and we its answer", a_payment_is_read_and_its_answer_taken)
        check("pyTeliumManager's refusals are a decline and a doubt", a_refusal_is_a_decline)
        check("pyTeliumManager reads our refund and our cancel", money_goes_back)
        check("the handshake is pyTeliumManager's", lambda: equal(terminal.wrong, []))
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def at_the_simulator(folder):
    with simulator("terminal", "--concert", "--link", f"{folder}/terminal", "--fault", "decline") as path:
        device = Telium(path, timeout=10)

        def pays(result):
            ask = TeliumAsk.new_payment(12.50, target_currency="EUR", collect_payment_source_info=False)
            equal(device.ask(ask), True, "its request is taken")
            answer = device.verify(ask)
            equal((answer.transaction_result, answer.amount, answer.currency_numeric), (result, 12.5, "978"))

        check("pyTeliumManager's till is refused by our simulated terminal", lambda: pays(7))
        check("pyTeliumManager's till pays at our simulated terminal", lambda: pays(0))
        device.close()


with tempfile.TemporaryDirectory() as scratch:
    check("the Concert terminal", lambda: at_the_daemon(scratch))
    check("the Concert till", lambda: at_the_simulator(scratch))
sys.exit(min(failed(), 1))
