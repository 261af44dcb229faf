// The invoicing systems on the desk's page: how each stands, what has not arrived yet, why, and what a
// person may decide about it; and what is open on an invoice.
"use strict";

// How many deliveries of a system are shown; the others are counted.
const SHOWN = 20;

const stands = {
  queued: "waits for its turn", sending: "being sent", begun: "begun", withdrawing: "being taken away again",
  ambiguous: "perhaps booked", refused: "refused", waiting: "sent again later", parked: "on hold",
  needs_operator: "waits for you", confirmed: "booked", handled: "seen to by hand", superseded: "cancelled before it was sent",
};
const needsYou = (state) => state === "needs_operator" || state === "parked";
const sign = (state) => (needsYou(state) ? "? " : state === "confirmed" || state === "handled" ? "✓ " : "");

// What a system's card says, in one look and a few words.
function standingOf(u) {
  if (u.pause && u.pause.why === "parked") return ["away", "✕ On hold: nothing can be sent to it"];
  if (u.pause && u.pause.why === "offline") return ["near", "! Not reached"];
  if (u.pause && u.pause.why === "clock") return ["away", "✕ This machine's clock is wrong"];
  if (u.pause) return ["near", "! In trouble"];
  const yours = (u.open.needs_operator ?? 0) + (u.open.parked ?? 0);
  if (yours) return ["doubt", `? ${yours} ${yours === 1 ? "waits" : "wait"} for you`];
  if (u.findings.length) return ["near", "! Its settings do not fit"];
  const open = Object.values(u.open).reduce((all, n) => all + n, 0);
  return open ? ["busy", `Sending ${open}`] : ["", "✓ All sent"];
}

function upstreamCard(u) {
  const [look, says] = standingOf(u);
  const card = element("article", `device upstream ${look}`);
  card.append(element("h3", "", u.id));
  const open = Object.entries(u.open).map(([state, n]) => `${stands[state] ?? state}: ${n}`);
  card.append(element("p", "what", ["invoicing system", ...open].join(" · ")));
  card.append(element("p", "says", says));
  if (u.pause) {
    card.append(element("p", "why", u.pause.reason));
    card.append(element("p", "about", `Tried again by itself at ${clock(u.pause.until)}.`));
  }
  for (const found of u.findings) card.append(element("p", "why", found));
  card.append(element("p", "next", u.next_step));
  return [card, `${u.id}: ${says}.`];
}

// What each decision is called, and what it means.
const decisions = {
  retry: ["Try again", () => "It is tried now. What may be booked already is looked for first."],
  send_to: ["Send to another invoice", (d) => `Look in ${d.upstream} before: you say that it is not booked there yet. `
    + "The payment itself stays as it is."],
  unallocate: ["Send without an invoice", (d) => `It is booked in ${d.upstream} as money that belongs to no invoice yet. `
    + "Look before: you say that it is not booked there."],
  keep: ["Keep as unallocated", (d) => `${d.upstream} is not told of it. It is kept here as money that belongs to no invoice.`],
  entered: ["It is entered by hand", (d) => `You say that you have entered it in ${d.upstream}. It is not sent any more.`],
};

function deliveryCard(d) {
  const card = element("article", `entry ${needsYou(d.state) ? "yours" : "waits"}`);
  card.append(element("h3", "", `${sign(d.state)}${d.receipt} · ${sum(d)} · ${stands[d.state] ?? d.state}`));
  const what = [d.upstream, d.purpose !== "sale" && d.purpose, d.invoice ? `invoice ${d.invoice}` : "no invoice", clock(d.created_at)];
  card.append(element("p", "what", what.filter(Boolean).join(" · ")));
  if (d.reason) card.append(element("p", "why", d.reason));
  card.append(element("p", "next", d.next_step));
  const row = element("div", "buttons");
  const others = element("details");
  for (const action of d.actions.filter((a) => decisions[a])) {
    const [title, means] = decisions[action];
    row.append(button(title, `${d.payment}${d.upstream}${action}`, () => say({
      title, what: `${d.receipt} · ${sum(d)} · ${d.upstream}`, means: `${means(d)} Name and reason are kept for good.`,
      yes: title, reason: true, invoice: action === "send_to",
      send: async (name, reason, invoice) => {
        const body = { name, reason, upstream: d.upstream };
        if (action === "send_to") body.invoice = invoice;
        await ask(`/v1/sync/${d.payment}/${action}`, body);
        // What comes of it is known a moment later.
        setTimeout(() => refresh().catch(() => {}), 1500);
      },
    })));
  }
  if (!row.hasChildNodes()) return card;
  if (needsYou(d.state)) {
    card.append(row);
  } else {
    // It goes on by itself, as a rule.
    others.append(element("summary", "", "Decide all the same"), row);
    card.append(others);
  }
  return card;
}

// What a card shows; when it is tried next is not among it, so that a card that is open stays open.
const shownOf = (d) => [d.payment, d.upstream, d.state, d.reason, d.next_step, d.invoice, d.actions];

// What is sent by itself comes to an end without any event.
let soon = null;
function lookSoon(moves) {
  if (moves) soon ??= setTimeout(() => { soon = null; refresh().catch(() => {}); }, 3000);
}

// A worklist has a page of its own.
async function showInvoicing(upstreams, lists) {
  const systems = upstreams.filter((u) => !lists.some((l) => l.upstream === u.id));
  const open = await Promise.all(systems.map((u) => (Object.keys(u.open).length
    ? ask(`/v1/sync?upstream=${encodeURIComponent(u.id)}&limit=${SHOWN}`).then((a) => a.json())
    : { deliveries: [] })));
  const deliveries = open.flatMap((o) => o.deliveries).sort((a, b) => needsYou(b.state) - needsYou(a.state));
  const said = [];
  const changed = draw($("upstreams"), systems, () => systems.map((u) => {
    const [card, says] = upstreamCard(u);
    said.push(says);
    return card;
  }));
  if (changed) $("news").textContent = said.join(" ");
  draw($("deliveries"), deliveries.map(shownOf), () => deliveries.map(deliveryCard));
  const all = systems.flatMap((u) => Object.values(u.open)).reduce((sum, n) => sum + n, 0);
  const left = all - deliveries.length;
  $("deliveries-more").hidden = left <= 0;
  $("deliveries-more").textContent = `${left} more wait. “till sync” lists them all.`;
  $("upstreams-part").hidden = systems.length === 0;
  $("invoice-part").hidden = !systems.some((u) => u.can.invoice);
  lookSoon(deliveries.some((d) => !needsYou(d.state)));
}

// How a payment stands with each system, for the table of payments; why, the cards above say.
function told(cell, p, lists) {
  for (const d of p.delivery) {
    const byHand = d.state === "needs_operator" && lists.some((l) => l.upstream === d.upstream);
    const stand = byHand ? "on the worklist" : `${sign(d.state)}${stands[d.state] ?? d.state}`;
    cell.append(element("span", `told-one ${needsYou(d.state) && !byHand ? "yours" : ""}`, `${d.upstream}: ${stand}`));
  }
}

const seenSigns = { open: "✓ Open", closed: "✕ Takes no payment", not_found: "✕ Not found", unknown: "! Not known now" };

function seenCard(s) {
  const card = element("article", `device ${s.state === "open" ? "" : s.state === "unknown" ? "near" : "away"}`);
  card.append(element("h3", "", s.upstream), element("p", "says", seenSigns[s.state] ?? s.state));
  if (s.state === "open") {
    card.append(element("p", "sum", [s.outstanding, s.currency].filter(Boolean).join(" ")));
    if (/[1-9]/.test(s.waiting)) card.append(element("p", "about", `${s.waiting} paid here is on its way, and taken off.`));
  }
  card.append(element("p", "next", s.next_step));
  return card;
}

$("invoice-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const invoice = $("invoice").value.trim();
  const place = $("invoice-seen");
  try {
    const { seen } = await ask(`/v1/invoices/${encodeURIComponent(invoice)}`).then((a) => a.json());
    const cards = element("div", "cards");
    cards.append(...seen.map(seenCard));
    place.replaceChildren(element("p", "about", `Invoice ${invoice}, asked at ${clock(Date.now())}`), cards);
  } catch (error) {
    const lost = error instanceof TypeError;
    place.replaceChildren(element("p", "wrong", lost ? "The daemon does not answer." : error.message));
  }
});
