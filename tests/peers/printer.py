"""python-escpos and receiptio drive the simulated printer, and read every state of it."""

import contextlib
import os
import re
import subprocess
import sys
import tempfile

import qrcode
from PIL import Image, ImageDraw
from escpos.constants import RT_STATUS
from escpos.escpos import QR_ECLEVEL_M
from escpos.printer import Network
from peers import a_loopback_address, check, equal, failed, simulated, until

RECEIPTIO = os.environ["RECEIPTIO"]

# What Epson's page for DLE EOT calls the bits of its answers 1 to 4.
BITS = [
    {0x04: "drawer closed", 0x08: "offline"},
    {0x04: "cover", 0x20: "paper end", 0x40: "error"},
    {0x08: "cutter", 0x20: "unrecoverable", 0x40: "heat"},
    {0x0C: "near end", 0x60: "paper end"},
]

# A state of the printer, and what each peer must read of it.
#
# python-escpos has a word of its own for two things: online, and paper (2 enough, 1 near its end,
# 0 none). For cover, cutter and drawer its query_status hands over the printer's byte; BITS names
# the bits that are set in the four of them.
#
# receiptio has one word: when it is asked, and when it prints. It looks for a paper that ends, but
# not for one that is near its end; the drawer is a question of its own (see receiptio_asks_drawer).
STATES = [
    ("ready", (True, 2), {"drawer closed"}, "online", "success"),
    ("near-end", (True, 1), {"drawer closed", "near end"}, "online", "success"),
    ("paper-out", (False, 0), {"drawer closed", "offline", "near end", "paper end"}, "paperempty", "paperempty"),
    ("cover-open", (False, 2), {"drawer closed", "offline", "cover"}, "coveropen", "coveropen"),
    # Asked, receiptio looks at cover, paper and error only (DLE EOT 2), and nothing of that is wrong.
    # What it prints waits, and it says that it got no answer.
    ("offline", (False, 2), {"drawer closed", "offline"}, "online", "offline"),
    ("cutter-jam", (False, 2), {"drawer closed", "offline", "error", "cutter"}, "error", "error"),
    ("hot-head", (False, 2), {"drawer closed", "offline", "error", "heat"}, "error", "error"),
    ("broken", (False, 2), {"drawer closed", "offline", "error", "unrecoverable"}, "error", "error"),
    ("drawer-open", (True, 2), set(), "online", "success"),
]

# python-escpos's ways to send an image.
IMAGES = ["bitImageRaster", "graphics", "bitImageColumn"]

LINES = [f"Zeile {number} von 9" for number in range(1, 10)]


class Printer:
    """The simulated printer, and the hand that opens its cover."""

    def __init__(self, device):
        self.host, port = device.at.rsplit(":", 1)
        self.port = int(port)
        self.text = device.text
        self._device = device

    def make(self, state):
        """Puts everything right, and then makes this the printer's state."""
        self._hand("clear", "Everything is right again.")
        if state != "ready":
            self._hand(state, f"From now on: {state}.")

    def _hand(self, line, answer):
        before = self.text().count(answer)
        self._device.hand(line)
        until(f"the printer obeys {line}", lambda: self.text().count(answer) > before)

    def page(self, words):
        """What was said, once a page with these words came out."""
        return until(f"{words} is printed", lambda: words in self.text() and self.text())


@contextlib.contextmanager
def printer(*options, host="127.0.0.1", port=0):
    with simulated("printer", "--stdin", "--listen", f"{host}:{port}", *options) as device:
        yield Printer(device)


@contextlib.contextmanager
def escpos_at(printer):
    peer = Network(printer.host, printer.port, timeout=20, profile="TM-T88V")
    try:
        yield peer
    finally:
        peer.close()


def bits(peer):
    """The names of all bits that are set, as python-escpos's query_status reads them."""
    found = set()
    for number, names in enumerate(BITS, 1):
        answer = peer.query_status(RT_STATUS + bytes([number]))
        equal(len(answer), 1, f"the length of answer {number}")
        equal(answer[0] & 0x93, 0x12, f"the fixed bits of answer {number}")
        known = sum(names) | 0x12
        equal(answer[0] & ~known, 0, f"what nobody named in answer {number}")
        found |= {name for bit, name in names.items() if answer[0] & bit == bit}
    return found


def escpos_reads(state, words, expected):
    """On one connection: the state, and that it is over."""
    with printer() as device, escpos_at(device) as peer:
        device.make(state)
        equal((peer.is_online(), peer.paper_status()), words)
        equal(bits(peer), expected, "what its bits say")
        device.make("ready")
        equal((peer.is_online(), peer.paper_status()), (True, 2), "and after it")
        equal(bits(peer), {"drawer closed"}, "what its bits say after it")


def escpos_reads_without_a_sensor():
    with printer("--no-near-end-sensor") as device, escpos_at(device) as peer:
        device.make("paper-out")
        equal((peer.is_online(), peer.paper_status()), (False, 0))
        equal(bits(peer), {"drawer closed", "offline", "paper end"})


def escpos_opens_the_drawer():
    with printer() as device, escpos_at(device) as peer:
        peer.cashdraw(2)
        device.page("on pin 2.")
        device.make("drawer-open")
        equal("drawer closed" in bits(peer), False, "the drawer's contact")
        device.make("ready")
        equal("drawer closed" in bits(peer), True, "the drawer's contact")


def escpos_waits_for_paper():
    """The roll ends in the middle of a job: that is read, and the job goes on where it stopped."""
    with printer() as device, escpos_at(device) as peer:
        device.make("paper-out-after=4")
        for line in LINES:
            peer.textln(line)
        peer.cut()
        until("it is out of paper", lambda: peer.paper_status() == 0)
        equal(peer.is_online(), False, "online")
        equal(LINES[-1] in device.text(), False, "printed without paper")
        device.make("ready")
        equal((peer.is_online(), peer.paper_status()), (True, 2))
        comes_whole(device)


def comes_whole(device):
    """Each line once, and in order."""
    said = device.page(LINES[-1])
    equal(re.findall(r"Zeile \d von 9", said), LINES, "the page")


def escpos_prints():
    with printer() as device, escpos_at(device) as peer:
        peer.set(align="center", bold=True, double_width=True)
        peer.textln("Praxis Dr. Beispiel")
        peer.set_with_default()
        peer.charcode("CP858")
        peer.textln("Zahnreinigung für 80,10 €")
        peer.qr("desk1-000001", native=True)
        peer.cut()
        equal(peer.paper_status(), 2, "the paper")
        page = device.page("[QR: desk1-000001]")
        if "Zahnreinigung für 80,10 €" not in page:
            raise AssertionError(f"printed: {page}")


def escpos_changes_code_pages():
    """Each letter comes out, by the numbers that python-escpos knows for this printer."""
    words = "Ωμέγα Привет Łódź İstanbul für 10 €"
    with printer() as device, escpos_at(device) as peer:
        peer.textln(words)
        peer.cut()
        page = device.page("10 ")
        if words not in page:
            raise AssertionError(f"printed: {page}")


@contextlib.contextmanager
def pictured():
    """A printer with 58 mm paper; gives python-escpos at it, and the picture of what it prints."""
    with tempfile.TemporaryDirectory() as dir:
        picture = os.path.join(dir, "page-0001.png")
        with printer("--png", dir, "--columns", "32") as device, escpos_at(device) as peer:

            def page():
                peer.cut()
                device.page(picture)
                return Image.open(picture).convert("1")

            yield peer, page


def escpos_prints_a_qr_code():
    """Its modules are those that python's qrcode has with one of the eight masks."""
    data, dots = "https://example.org/beleg", 4
    with pictured() as (peer, page):
        peer.qr(data, native=True, size=dots, ec=QR_ECLEVEL_M)
        printed = page()
    expected = []
    for mask in range(8):
        code = qrcode.QRCode(None, qrcode.ERROR_CORRECT_M, border=0, mask_pattern=mask)
        code.add_data(data, optimize=0)
        code.make()
        expected.append(code.get_matrix())
    side = range(len(expected[0]))
    found = [[printed.getpixel((x * dots + 1, y * dots + 1)) == 0 for x in side] for y in side]
    if found not in expected:
        raise AssertionError("other modules were printed")


def escpos_prints_an_image(impl):
    """Its dots are on the picture of the page as they were sent."""
    sent = Image.new("1", (96, 64), 1)
    draw = ImageDraw.Draw(sent)
    draw.rectangle((0, 0, 95, 63), outline=0)
    draw.ellipse((8, 8, 40, 56), fill=0)
    draw.line((50, 60, 90, 4), fill=0)
    with pictured() as (peer, page):
        peer.image(sent, impl=impl)
        printed = page()
    equal(printed.width, 384, "the width")
    equal(printed.crop((0, 0, 96, 64)).tobytes(), sent.tobytes(), "the image")


def receiptio(host, *args, markdown=""):
    command = [RECEIPTIO, "-d", host, "-p", "escpos", "-t", "20", *args]
    done = subprocess.run(command, input=markdown, capture_output=True, text=True, timeout=60)
    return (done.stdout + done.stderr).strip()


@contextlib.contextmanager
def receiptios_printer():
    """receiptio knows port 9100 only."""
    with printer(host=a_loopback_address(), port=9100) as device:
        yield device


def receiptio_asks(state, expected):
    with receiptios_printer() as device:
        device.make(state)
        equal(receiptio(device.host, "-q"), expected, state)
        device.make("ready")
        equal(receiptio(device.host, "-q"), "online", "and after it")


def receiptio_asks_drawer():
    """It cannot know which level means open, so that each question has a twin."""
    with receiptios_printer() as device:
        for state, drawer, drawer2 in [
            ("ready", "drawerclosed", "draweropen"),
            ("drawer-open", "draweropen", "drawerclosed"),
            ("ready", "drawerclosed", "draweropen"),
        ]:
            device.make(state)
            equal(receiptio(device.host, "-q", "drawer"), drawer, state)
            equal(receiptio(device.host, "-q", "drawer2"), drawer2, state)


def receiptio_frees_the_cutter():
    """Asked, it sends DLE ENQ 2 to a printer with an error, and that frees a stuck cutter."""
    with receiptios_printer() as device:
        device.make("cutter-jam")
        equal(receiptio(device.host, "-q"), "error")
        equal(receiptio(device.host, "-q"), "online", "and then it")


def receiptio_prints(state, expected):
    with receiptios_printer() as device:
        device.make(state)
        said = receiptio(
            device.host,
            markdown="^^^Beispiel\n\nZahnreinigung | 80.10\n---\n{code:desk1; option:qrcode,3,l}\n",
        )
        equal(said, expected)
        if expected == "success":
            page = device.page("Zahnreinigung")
            if "─" * 48 not in page:
                raise AssertionError(f"no rule is printed: {page}")


def receiptio_waits_for_paper():
    """The roll ends in the middle of a job: receiptio says so and leaves, and what the printer has
    taken comes out with the new roll. So much for trying again after an error."""
    with receiptios_printer() as device:
        device.make("paper-out-after=4")
        equal(receiptio(device.host, markdown="\n".join(LINES)), "paperempty")
        equal(LINES[-1] in device.text(), False, "printed without paper")
        equal(receiptio(device.host, "-q"), "paperempty")
        device.make("ready")
        comes_whole(device)
        equal(receiptio(device.host, markdown="Danach"), "success")
        device.page("Danach")


for state, words, expected, asked, printed in STATES:
    check(f"python-escpos reads: {state}", lambda: escpos_reads(state, words, expected))
    check(f"receiptio reads: {state}", lambda: receiptio_asks(state, asked))
    check(f"receiptio prints: {state}", lambda: receiptio_prints(state, printed))
check("python-escpos reads: paper-out without a sensor for its near end", escpos_reads_without_a_sensor)
check("python-escpos opens the drawer, and reads it", escpos_opens_the_drawer)
check("python-escpos waits for paper in the middle of a job", escpos_waits_for_paper)
check("receiptio reads: the drawer, open and closed", receiptio_asks_drawer)
check("receiptio frees a stuck cutter", receiptio_frees_the_cutter)
check("receiptio leaves a job without paper, and it goes on", receiptio_waits_for_paper)
check("python-escpos prints", escpos_prints)
check("python-escpos changes code pages", escpos_changes_code_pages)
check("python-escpos prints a QR code", escpos_prints_a_qr_code)
for impl in IMAGES:
    check(f"python-escpos prints an image: {impl}", lambda: escpos_prints_an_image(impl))
sys.exit(min(failed(), 1))
