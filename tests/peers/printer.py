"""python-escpos and receiptio drive the simulated printer, and read every state of it."""

import contextlib
import os
import subprocess
import sys
import tempfile

import qrcode
from PIL import Image, ImageDraw
from escpos.escpos import QR_ECLEVEL_M
from escpos.printer import Network
from peers import a_loopback_address, check, equal, failed, simulator, until

RECEIPTIO = os.environ["RECEIPTIO"]

# Faults of the printer, what python-escpos must read (online, paper: 2 enough, 1 near its end, 0
# none), and what receiptio must say when it is asked, and when it prints.
STATES = [
    ([], (True, 2), "online", "success"),
    (["near-end"], (True, 1), "online", "success"),
    (["paper-out"], (False, 0), "paperempty", "paperempty"),
    (["cover-open"], (False, 2), "coveropen", "coveropen"),
    # Without a cause receiptio asks for no more than cover, paper and error; what it prints waits.
    (["offline"], (False, 2), "online", "offline"),
    (["cutter-jam"], (False, 2), "error", "error"),
    (["hot-head"], (False, 2), "error", "error"),
    (["broken"], (False, 2), "error", "error"),
]


# python-escpos's ways to send an image.
IMAGES = ["bitImageRaster", "graphics", "bitImageColumn"]


def printer(faults, *options, say=None, host="127.0.0.1", port=0):
    args = [arg for fault in faults for arg in ("--fault", fault)] + [*options]
    return simulator("printer", "--listen", f"{host}:{port}", *args, say=say)


def escpos_reads(faults, expected, *options):
    with printer(faults, *options) as address:
        host, port = address.rsplit(":", 1)
        peer = Network(host, int(port), timeout=20)
        try:
            equal((peer.is_online(), peer.paper_status()), expected)
        finally:
            peer.close()


def escpos_prints():
    with printer([], say=True) as (address, text):
        host, port = address.rsplit(":", 1)
        peer = Network(host, int(port), timeout=20, profile="TM-T88V")
        try:
            peer.set(align="center", bold=True, double_width=True)
            peer.textln("Praxis Dr. Beispiel")
            peer.set_with_default()
            peer.charcode("CP858")
            peer.textln("Zahnreinigung für 80,10 €")
            peer.qr("desk1-000001", native=True)
            peer.cut()
            equal(peer.paper_status(), 2, "the paper")
        finally:
            peer.close()
        page = until("the page is shown", lambda: "[QR: desk1-000001]" in text() and text())
        if "Zahnreinigung für 80,10 €" not in page:
            raise AssertionError(f"printed: {page}")


def escpos_changes_code_pages():
    """Each letter comes out, by the numbers that python-escpos knows for this printer."""
    words = "Ωμέγα Привет Łódź İstanbul für 10 €"
    with printer([], say=True) as (address, text):
        host, port = address.rsplit(":", 1)
        peer = Network(host, int(port), timeout=20, profile="TM-T88V")
        try:
            peer.textln(words)
            peer.cut()
            page = until("the page is shown", lambda: "10 " in text() and text())
        finally:
            peer.close()
        if words not in page:
            raise AssertionError(f"printed: {page}")


@contextlib.contextmanager
def pictured():
    """A printer with 58 mm paper; gives python-escpos at it, and the picture of what it prints."""
    with tempfile.TemporaryDirectory() as dir:
        picture = os.path.join(dir, "page-0001.png")
        with printer([], "--png", dir, "--columns", "32", say=True) as (address, text):
            host, port = address.rsplit(":", 1)
            peer = Network(host, int(port), timeout=20, profile="TM-T88V")

            def page():
                peer.cut()
                until("the picture is written", lambda: picture in text())
                return Image.open(picture).convert("1")

            try:
                yield peer, page
            finally:
                peer.close()


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


def receiptio_asks(faults, expected):
    host = a_loopback_address()
    with printer(faults, host=host, port=9100):
        equal(receiptio(host, "-q"), expected)


def receiptio_prints(faults, expected):
    host = a_loopback_address()
    with printer(faults, say=True, host=host, port=9100) as (_, text):
        said = receiptio(host, markdown="^^^Beispiel\n\nZahnreinigung | 80.10\n---\n{code:desk1; option:qrcode,3,l}\n")
        equal(said, expected)
        if expected == "success":
            page = until("the page is shown", lambda: "Zahnreinigung" in text() and text())
            if "─" * 48 not in page:
                raise AssertionError(f"no rule is printed: {page}")


for faults, escpos, asked, printed in STATES:
    name = faults[0] if faults else "ready"
    check(f"python-escpos reads: {name}", lambda: escpos_reads(faults, escpos))
    check(f"receiptio reads: {name}", lambda: receiptio_asks(faults, asked))
    check(f"receiptio prints: {name}", lambda: receiptio_prints(faults, printed))
check(
    "python-escpos reads: paper-out without a sensor for its near end",
    lambda: escpos_reads(["paper-out"], (False, 0), "--no-near-end-sensor"),
)
check("python-escpos prints", escpos_prints)
check("python-escpos changes code pages", escpos_changes_code_pages)
check("python-escpos prints a QR code", escpos_prints_a_qr_code)
for impl in IMAGES:
    check(f"python-escpos prints an image: {impl}", lambda: escpos_prints_an_image(impl))
sys.exit(min(failed(), 1))
