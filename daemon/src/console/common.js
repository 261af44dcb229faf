// What both pages have in common: the token, asking the API, drawing what it says. The token comes in
// the address behind #token=, which browsers never send, and lives as long as the tab. A page says by
// show() what it shows.
"use strict";

const $ = (id) => document.getElementById(id);

function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token");
}

async function ask(path, body) {
  const headers = { Authorization: `Bearer ${token()}` };
  const options = { headers };
  if (body) {
    headers["Content-Type"] = "application/json";
    options.method = "POST";
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options);
  if (answer.status === 401) {
    sessionStorage.removeItem("token");
    throw new Error("token");
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail ?? `The daemon answered with status ${answer.status}.`);
  }
  return answer;
}

// Everything from outside goes in as text, never as markup.
function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function button(text, key, press) {
  const node = element("button", "", text);
  node.dataset.key = key;
  node.addEventListener("click", () => press(node));
  return node;
}

const clock = (moment) => new Date(moment).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const sum = (p) => `${p.amount} ${p.currency}`;

// Puts new nodes in place only when something changed, and leaves the keyboard where it was.
const drawn = new Map();
function draw(place, data, nodes) {
  const text = JSON.stringify(data);
  if (drawn.get(place.id) === text) return false;
  drawn.set(place.id, text);
  const key = place.contains(document.activeElement) && document.activeElement.dataset.key;
  place.replaceChildren(...nodes());
  if (key) place.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  return true;
}

// Any event says only that something changed; what it is, is read again. Reads never overlap.
let reading = null;
let again = false;
function refresh() {
  again = true;
  reading ??= (async () => {
    try {
      while (again) {
        again = false;
        await show();
      }
    } finally {
      reading = null;
    }
  })();
  return reading;
}

function answers(yes) {
  $("link").textContent = yes ? "Connected" : "Not connected";
  $("away").hidden = yes;
  $("desk").inert = !yes;
  $("desk").classList.toggle("stale", !yes);
  if (yes) return;
  document.title = "Not connected – tilld";
  $("away").textContent = `The daemon does not answer since ${clock(Date.now())}. What is shown below may be out of date. `
    + `${$("away").dataset.also} This page goes on by itself.`;
}

async function watch() {
  let away = false;
  for (;;) {
    try {
      const stream = (await ask("/v1/events")).body.getReader();
      await refresh();
      answers(true);
      away = false;
      for (;;) {
        const { done } = await stream.read();
        if (done) break;
        await refresh();
      }
    } catch (error) {
      if (error.message === "token") return enter("This token is not the right one.");
    }
    if (!away) answers(false);
    away = true;
    await new Promise((later) => setTimeout(later, 2000));
  }
}

function enter(wrong) {
  $("link").textContent = "";
  $("away").hidden = true;
  $("desk").hidden = true;
  $("enter").hidden = false;
  $("token-wrong").textContent = wrong;
  $("token").focus();
}

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", $("token").value.trim());
  $("token").value = "";
  watch();
});

function begin() {
  // What is fresh grows old without any event.
  setInterval(() => $("desk").inert || $("desk").hidden || refresh().catch(() => {}), 30000);
  if (token()) watch();
  else enter("");
}
