// What the benchmark's receipt costs with encoders for Node: bytes, and receipts in a second.
//
// `run` beside this file installs them in a folder, which it names, and runs them beside the others.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const require = createRequire(resolve(process.argv[2] ?? ".", "package.json"));
const COLUMNS = 42;
// The receipt stands in the script beside this one.
const script = readFileSync(new URL("peers.py", import.meta.url), "utf8");
const LINK = script.match(/LINK = "(.*)"/)[1];
const RECEIPT = [...script.matchAll(/^ {4}\("(\w+)",(.*)\),$/gm)].map(([, kind, rest]) => [
  kind,
  ...[...rest.matchAll(/"(.*?)"/g)].map((word) => word[1]),
]);

const spaced = (left, right) => left + " ".repeat(COLUMNS - left.length - right.length) + right;

const Encoder = require("@point-of-sale/receipt-printer-encoder");
function encoder() {
  const e = new (Encoder.default ?? Encoder)({ printerModel: "epson-tm-t88v", columns: COLUMNS });
  e.initialize().codepage("cp858");
  for (const [kind, a, b] of RECEIPT) {
    if (kind === "title") e.align("center").bold(true).width(2).height(2).line(a).width(1).height(1).bold(false);
    if (kind === "centre") e.align("center").line(a);
    if (kind === "left") e.align("left").line(a);
    if (kind === "pair") e.align("left").line(spaced(a, b));
    if (kind === "total") e.align("left").bold(true).line(spaced(a, b)).bold(false);
    if (kind === "rule") e.align("left").line("-".repeat(COLUMNS));
    if (kind === "empty") e.newline();
    if (kind === "qr") e.align("center").qrcode(LINK, { model: 2, size: 6, errorlevel: "m" });
  }
  return e.cut("partial").encode().length;
}

const receiptline = require("receiptline");
function markup() {
  const escaped = (text) => text.replace(/[\\|{}~_"`^-]/g, (c) => "\\" + c);
  const lines = RECEIPT.map(([kind, a, b]) => {
    if (kind === "title") return `^^^"${a}"`;
    if (kind === "centre") return escaped(a);
    if (kind === "left") return `|${escaped(a)}`;
    if (kind === "pair") return `|${escaped(a)} | ${escaped(b)}|`;
    if (kind === "total") return `|"${escaped(a)} | "${escaped(b)}|`;
    if (kind === "rule") return "-";
    if (kind === "qr") return `{code:${LINK}; option:qrcode,6,m}`;
    return "";
  });
  return [...lines, "="].join("\n");
}
const document = markup();
const lines = () =>
  Buffer.from(receiptline.transform(document, { cpl: COLUMNS, encoding: "multilingual", command: "escpos" }), "binary").length;

const { ThermalPrinter, PrinterTypes, CharacterSet } = require("node-thermal-printer");
async function thermal() {
  const p = new ThermalPrinter({ type: PrinterTypes.EPSON, interface: "tcp://192.0.2.1", width: COLUMNS, characterSet: CharacterSet.PC858_EURO });
  for (const [kind, a, b] of RECEIPT) {
    if (kind === "title") {
      p.alignCenter();
      p.bold(true);
      p.setTextQuadArea();
      p.println(a);
      p.setTextNormal();
      p.bold(false);
    }
    if (kind === "centre") (p.alignCenter(), p.println(a));
    if (kind === "left") (p.alignLeft(), p.println(a));
    if (kind === "pair") (p.alignLeft(), p.println(spaced(a, b)));
    if (kind === "total") (p.alignLeft(), p.bold(true), p.println(spaced(a, b)), p.bold(false));
    if (kind === "rule") (p.alignLeft(), p.println("-".repeat(COLUMNS)));
    if (kind === "empty") p.newLine();
    if (kind === "qr") (p.alignCenter(), p.printQR(LINK, { model: 2, cellSize: 6, correction: "M" }));
  }
  p.partialCut();
  return p.getBuffer().length;
}

async function measure(name, make) {
  const bytes = await make();
  // Time of the processor, as the other benchmarks count it.
  const begun = process.cpuUsage();
  const seconds = () => {
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / 1e6;
  };
  let count = 0;
  while (seconds() < 2) {
    await make();
    count += 1;
  }
  const rate = Math.floor(count / seconds());
  console.log(`${name.padEnd(32)} ${String(bytes).padStart(5)} ${String(rate).padStart(13)}`);
}

await measure("receipt-printer-encoder 4.0.1", encoder);
await measure("receiptline 4.0.4", lines);
await measure("node-thermal-printer 4.6.1", thermal);
