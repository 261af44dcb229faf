// The local page. It shows what the API says and decides nothing. The token comes in the address
// behind #token=, which browsers never send, and lives as long as the tab.
"use strict";

const $ = (id) => document.getElementById(id);
const words = {
  intended: "beginning", at_terminal: "at the terminal", approved: "approved",
  declined: "declined", cancelled: "cancelled", in_doubt: "in doubt",
};

function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token");
}

async function ask(path, signal) {
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${token()}` }, signal });
  if (answer.status === 401) {
    sessionStorage.removeItem("token");
    throw new Error("token");
  }
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer;
}

// Everything from outside goes in as text, never as markup.
function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function device(d) {
  const away = d.terminal && !d.terminal.ready;
  const look = d.running ? (d.running.in_doubt ? "doubt" : "busy") : away ? "away" : "";
  const card = element("article", `device ${look}`);
  card.append(element("h3", "", d.id));
  const what = [d.terminal ? "card terminal" : "no card terminal", d.currency];
  if (d.terminal && d.terminal.terminal_id) what.push(`TID ${d.terminal.terminal_id}`);
  if (d.printer) what.push(`prints at ${d.printer}`);
  card.append(element("p", "what", what.join(" · ")));
  if (d.running && d.running.progress) card.append(element("p", "shows", d.running.progress));
  card.append(element("p", "next", d.next_step));
  return card;
}

function row(p) {
  const tr = element("tr");
  const time = new Date(p.created_at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  tr.append(element("td", "", time));
  tr.append(element("td", "receipt", p.receipt));
  tr.append(element("td", "", p.invoice ?? "–"));
  tr.append(element("td", "number", `${p.amount} ${p.currency}`));
  const card = p.card && p.card.last4 ? ` ${p.card.brand ?? ""} …${p.card.last4}` : "";
  tr.append(element("td", "", p.method.replace("_", " ") + card));
  const state = element("td", `state ${p.state}`, words[p.state] ?? p.state);
  if (p.state !== "approved") state.append(element("span", "step", p.next_step));
  tr.append(state);
  return tr;
}

async function show() {
  const [devices, payments] = await Promise.all([
    ask("/v1/devices").then((a) => a.json()),
    ask("/v1/payments?limit=20").then((a) => a.json()),
  ]);
  $("devices").replaceChildren(...devices.devices.map(device));
  $("payments").replaceChildren(...payments.payments.map(row));
  $("empty").hidden = payments.payments.length > 0;
  $("desk").hidden = false;
  $("enter").hidden = true;
}

// Any event says only that something changed; what it is, is read again. Reads never overlap.
let reading = false;
let again = false;
async function refresh() {
  again = true;
  if (reading) return;
  reading = true;
  try {
    while (again) {
      again = false;
      await show();
    }
  } finally {
    reading = false;
  }
}

async function watch() {
  for (;;) {
    try {
      const stream = (await ask("/v1/events")).body.getReader();
      await refresh();
      $("link").textContent = "Connected";
      for (;;) {
        const { done } = await stream.read();
        if (done) break;
        await refresh();
      }
    } catch (error) {
      if (error.message === "token") return enter();
    }
    $("link").textContent = "The daemon does not answer. Trying again …";
    await new Promise((later) => setTimeout(later, 2000));
  }
}

function enter() {
  $("link").textContent = "";
  $("desk").hidden = true;
  $("enter").hidden = false;
}

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", $("token").value.trim());
  $("token").value = "";
  watch();
});

if (token()) watch();
else enter();
