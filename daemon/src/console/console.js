// The desk's page. It shows what the API says and decides nothing.
"use strict";

const words = {
  intended: "beginning", at_terminal: "at the terminal", approved: "approved",
  declined: "declined", cancelled: "cancelled", in_doubt: "in doubt",
};
const signs = { approved: "✓", declined: "✕", cancelled: "✕", in_doubt: "?" };
// How long a device still shows how its last payment ended.
const FRESH = 5 * 60 * 1000;

const about = (p) => [p.invoice && `invoice ${p.invoice}`, `receipt ${p.receipt}`, clock(p.created_at)].filter(Boolean).join(" · ");

// What a device's card says, from what holds it and how its last payment ended.
function standing(d, held, last) {
  if (d.running && d.running.in_doubt) return ["doubt", "? In doubt: do not charge again"];
  if (d.running) return ["busy", "Payment running"];
  if (d.terminal && !d.terminal.ready) return ["away", "✕ Terminal not ready"];
  if (last && last.state === "approved") return ["", "✓ Approved"];
  if (last) return ["refused", `✕ ${last.state === "declined" ? "Declined" : "Cancelled"}`];
  return ["", "✓ Ready"];
}

function device(d, held, last, printer) {
  const [look, says] = standing(d, held, last);
  const card = element("article", `device ${look}`);
  card.append(element("h3", "", d.id));
  const what = [d.terminal ? "card terminal" : "no card terminal", d.currency];
  if (d.terminal && d.terminal.terminal_id) what.push(`TID ${d.terminal.terminal_id}`);
  if (d.printer) what.push(`prints at ${d.printer}`);
  card.append(element("p", "what", what.join(" · ")));
  card.append(element("p", "says", says));
  // How the last one ended matters less than a terminal that is not there.
  const shown = held ?? (look === "away" ? null : last);
  if (shown) {
    card.append(element("p", "sum", sum(shown)));
    card.append(element("p", "about", about(shown)));
  }
  if (d.running && !d.running.in_doubt && d.running.progress) {
    card.append(element("p", "shows", `The terminal says: ${d.running.progress}`));
  }
  if (held && held.doubt) card.append(element("p", "why", held.doubt.text));
  if (d.running && d.running.evidence) card.append(element("p", "why", d.running.evidence));
  const ended = !held && shown;
  const why = ended && (last.refusal ?? last.cancellation);
  if (why) card.append(element("p", "why", why.text));
  card.append(element("p", "next", ended ? last.next_step : d.next_step));
  if (ended) card.append(element("p", "what", d.next_step));
  if (held) card.append(actions(d, held));
  const row = element("div", "buttons");
  if (!held && d.printer && last && last.state === "approved") {
    row.append(button("Print a copy", `${last.id}c`, (b) => copy(last, b)));
  }
  if (printer && printer.drawer) row.append(button("Open the drawer", `${d.id}d`, () => openDrawer(d)));
  if (row.hasChildNodes()) card.append(row);
  return [card, `${d.id}: ${says}. ${shown ? sum(shown) : ""}`];
}

function actions(d, p) {
  const row = element("div", "buttons");
  if (d.running.in_doubt) {
    row.append(button("It was charged", `${p.id}+`, () => settle(p, "approved")));
    row.append(button("It was not charged", `${p.id}-`, () => settle(p, "declined")));
  } else if (d.terminal.can.abort) {
    row.append(button("Stop this payment", `${p.id}x`, (b) => stop(p, b)));
  } else {
    row.append(element("p", "what", "To stop this payment, press the red key of the terminal."));
  }
  return row;
}

async function copy(p, pressed) {
  pressed.disabled = true;
  try {
    await ask(`/v1/payments/${p.id}/copies`, {});
    $("news").textContent = "A copy of the receipt is printed. It says COPY.";
  } catch (error) {
    $("news").textContent = error.message;
  }
  pressed.disabled = false;
}

async function stop(p, pressed) {
  pressed.disabled = true;
  pressed.textContent = "Asking the terminal to stop …";
  try {
    await ask(`/v1/payments/${p.id}/abort`, {});
    $("news").textContent = "The terminal was asked to stop. Wait for its answer.";
    // A terminal past the point of no return goes on; then the button is there again.
    setTimeout(() => stopAgain(pressed, "The terminal did not stop. Wait, or press Stop on the terminal itself."), 10000);
  } catch (error) {
    stopAgain(pressed, error.message);
  }
}

function stopAgain(pressed, why) {
  pressed.disabled = false;
  pressed.textContent = "Stop this payment";
  pressed.parentNode.querySelector(".wrong")?.remove();
  const text = element("p", "wrong", why);
  text.setAttribute("role", "alert");
  pressed.after(text);
}

let settling = null;
function settle(p, outcome) {
  const yes = outcome === "approved";
  settling = { p, outcome };
  $("settle-title").textContent = yes ? "It was charged" : "It was not charged";
  $("settle-what").textContent = `${sum(p)} · ${about(p)}`;
  $("settle-means").textContent = yes
    ? "The payment will count as approved: it is printed and sent to the invoicing system."
    : "The payment will count as declined. The patient can then be charged again, so be sure.";
  $("settle-yes").textContent = yes ? "Yes, it was charged" : "Yes, it was not charged";
  $("settle-wrong").textContent = "";
  $("settle-reason").value = "";
  $("settle").showModal();
}

$("settle-no").addEventListener("click", () => $("settle").close());
$("settle").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { p, outcome } = settling;
  const body = { outcome, name: $("settle-name").value, reason: $("settle-reason").value };
  $("settle-yes").disabled = true;
  try {
    await ask(`/v1/payments/${p.id}/resolve`, body);
    $("settle").close();
    await refresh();
  } catch (error) {
    const lost = error instanceof TypeError;
    $("settle-wrong").textContent = lost ? "The daemon does not answer. Nothing was settled yet; try again." : error.message;
  } finally {
    $("settle-yes").disabled = false;
  }
});

function row(p, lists) {
  const tr = element("tr");
  tr.setAttribute("role", "row");
  const cell = (label, className, text) => {
    const td = element("td", className, text);
    td.setAttribute("role", "cell");
    td.dataset.label = label;
    tr.append(td);
    return td;
  };
  cell("Time", "time", clock(p.created_at));
  cell("Receipt", "receipt", p.receipt);
  cell("Invoice", "", p.invoice ?? "–");
  cell("Amount", "number", sum(p));
  const card = p.card && p.card.last4 ? ` ${p.card.brand ?? ""} …\u2060${p.card.last4}` : "";
  const purpose = p.purpose === "sale" ? "" : `${p.purpose}, `;
  cell("Method", "", purpose + p.method.replace("_", " ") + card);
  const state = cell("State", `state ${p.state}`, `${signs[p.state] ?? ""} ${words[p.state] ?? p.state}`.trim());
  if (p.state !== "approved") state.append(element("span", "step", p.next_step));
  told(cell("Invoicing", "told", p.delivery.length ? "" : "–"), p, lists);
  return tr;
}

// One dialog for every word that is kept with a name.
let saying = null;
function say(word) {
  saying = word;
  $("say-title").textContent = word.title;
  $("say-what").textContent = word.what;
  $("say-means").textContent = word.means;
  $("say-yes").textContent = word.yes;
  $("say-wrong").textContent = "";
  $("say-why").hidden = !word.reason;
  $("say-reason").required = Boolean(word.reason);
  $("say-reason").value = "";
  $("say-where").hidden = !word.invoice;
  $("say-invoice").required = Boolean(word.invoice);
  $("say-invoice").value = "";
  $("say").showModal();
}

$("say-no").addEventListener("click", () => $("say").close());
$("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("say-yes").disabled = true;
  try {
    await saying.send($("say-name").value, $("say-reason").value, $("say-invoice").value);
    $("say").close();
    await refresh();
  } catch (error) {
    const lost = error instanceof TypeError;
    $("say-wrong").textContent = lost ? "The daemon does not answer. Look again in a moment before you repeat this." : error.message;
  } finally {
    $("say-yes").disabled = false;
  }
});

async function show() {
  const [{ devices }, { printers }, { payments }, { lists, rows }, { upstreams }, books] = await Promise.all([
    ask("/v1/devices").then((a) => a.json()),
    ask("/v1/printers").then((a) => a.json()),
    ask("/v1/payments?limit=20&delivery=true").then((a) => a.json()),
    ask("/v1/worklist?limit=100").then((a) => a.json()),
    ask("/v1/sync?limit=1").then((a) => a.json()),
    ask("/v1/reconciliation").then((a) => a.json()),
  ]);
  $("worklist").hidden = lists.length === 0;
  $("worklist").textContent = rows.length ? `Worklist (${rows.length < 100 ? rows.length : "100+"})` : "Worklist";
  const cards = await Promise.all(devices.map(async (d) => {
    const id = d.running && d.running.payment;
    const held = id && (payments.find((p) => p.id === id) ?? (await ask(`/v1/payments/${id}`).then((a) => a.json())));
    const last = payments.find((p) => p.device === d.id);
    const fresh = last && !held && Date.now() - new Date(last.changed_at) < FRESH;
    return [d, held, fresh ? last : null, printers.find((p) => p.id === d.printer)];
  }));
  // What needs somebody comes first.
  const rank = (d) => (d.running ? (d.running.in_doubt ? 0 : 1) : 2);
  cards.sort(([a], [b]) => rank(a) - rank(b));
  const said = [];
  const changed = draw($("devices"), cards, () => cards.map((c) => {
    const [card, says] = device(...c);
    said.push(says);
    return card;
  }));
  // What a job prints is named by its payment.
  const papers = draw($("printers"), [printers, payments], () => printers.map((p) => {
    const [card, says] = printerCard(p, payments);
    said.push(says);
    return card;
  }));
  if (changed || papers) $("news").textContent = said.join(" ");
  $("books-part").hidden = books.findings.length === 0;
  $("books-days").textContent = `What last night's comparison of ${books.from} to ${books.to} found:`;
  draw($("books"), books, () => books.findings.map((f) => element("li", "", `${f.text} ${f.next_step}`)));
  $("printers-part").hidden = printers.length === 0;
  await showInvoicing(upstreams, lists);
  draw($("payments"), [payments, lists], () => payments.map((p) => row(p, lists)));
  const doubt = devices.some((d) => d.running && d.running.in_doubt);
  document.title = doubt ? "? In doubt – tilld" : "tilld";
  $("empty").hidden = payments.length > 0;
  $("desk").hidden = false;
  $("enter").hidden = true;
}

begin();
