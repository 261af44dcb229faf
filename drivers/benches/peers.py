"""What the benchmark's receipt costs with python-escpos: bytes, and receipts in a second.

`run` beside this file installs it and runs it beside the others.
"""

import time

from escpos.printer import Dummy

COLUMNS = 42
LINK = "https://beleg.example/a1-000042?s=9f2c61"
RECEIPT = [
    ("title", "Zahnärzte am Markt"),
    ("centre", "Gemeinschaftspraxis Dr. Müller & Dr. Groß"),
    ("centre", "Königstraße 12, 70173 Stuttgart"),
    ("centre", "Telefon 0711 / 22 00 00"),
    ("empty",),
    ("pair", "Beleg-Nr. A1-000042", "21.11.2026 09:41"),
    ("pair", "Gerät", "empfang-1"),
    ("left", "Rechnung: RE-2026-1187"),
    ("rule",),
    ("left", "Leistungen vom 18.11.2026"),
    ("pair", "0010 Eingehende Untersuchung", "12,94 €"),
    ("pair", "1040 Prof. Zahnreinigung", "90,55 €"),
    ("pair", "2197 Adhäsive Befestigung", "16,82 €"),
    ("pair", "2060 Füllung, einflächig", "68,12 €"),
    ("pair", "0080 Oberflächenanästhesie", "3,88 €"),
    ("pair", "5000 Röntgen, je Aufnahme", "6,47 €"),
    ("pair", "Aufhellung, beide Kiefer", "240,00 €"),
    ("rule",),
    ("total", "Summe", "438,78 €"),
    ("left", "Umsatzsteuerfrei nach § 4 Nr. 14 a) UStG"),
    ("rule",),
    ("centre", "K-U-N-D-E-N-B-E-L-E-G"),
    ("pair", "Terminal-ID", "65083421"),
    ("pair", "Mastercard kontaktlos", "**** 0004"),
    ("pair", "Genehmigungs-Nr.", "123456"),
    ("centre", "*** Zahlung erfolgt ***"),
    ("empty",),
    ("qr",),
    ("centre", "Vielen Dank und auf Wiedersehen!"),
    ("empty",),
]


def spaced(left, right):
    return left + " " * (COLUMNS - len(left) - len(right)) + right


def receipt():
    printer = Dummy(profile="TM-T88V")
    printer.hw("INIT")
    for kind, *words in RECEIPT:
        if kind == "title":
            printer.set(align="center", bold=True, double_width=True, double_height=True)
            printer.textln(words[0])
            printer.set(align="left", bold=False, normal_textsize=True)
        elif kind == "centre":
            printer.set(align="center")
            printer.textln(words[0])
        elif kind == "left":
            printer.set(align="left")
            printer.textln(words[0])
        elif kind == "pair":
            printer.set(align="left")
            printer.textln(spaced(*words))
        elif kind == "total":
            printer.set(align="left", bold=True)
            printer.textln(spaced(*words))
            printer.set(bold=False)
        elif kind == "rule":
            printer.set(align="left")
            printer.textln("-" * COLUMNS)
        elif kind == "empty":
            printer.ln()
        elif kind == "qr":
            printer.set(align="center")
            printer.qr(LINK, ec=1, size=6, model=2, native=True)
    printer.cut(mode="PART")
    return printer.output


def main():
    count, begun = 0, time.process_time()
    while time.process_time() - begun < 2:
        receipt()
        count += 1
    rate = int(count / (time.process_time() - begun))
    print(f"{'python-escpos 3.1':<32} {len(receipt()):>5} {rate:>13}")


main()
