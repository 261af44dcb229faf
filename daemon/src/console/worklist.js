// The worklist: what a person copies into a system that takes nothing from programs, and ticks off.
"use strict";

let chosen = null;

function entry(list, r) {
  const waits = r.state !== "needs_operator";
  const card = element("article", `entry ${waits ? "waits" : ""}`);
  card.append(element("h3", "", r.task));
  const what = [r.invoice ? `invoice ${r.invoice}` : "no invoice", `receipt ${r.receipt}`, clock(r.created_at)];
  card.append(element("p", "what", what.join(" · ")));
  if (r.note) card.append(element("p", "what", `Note: ${r.note}`));
  const fields = element("dl", "fields");
  list.fields.forEach((name, i) => {
    if (!r.values[i]) return;
    // A click selects the whole value, so that it can be copied.
    fields.append(element("dt", "", name), element("dd", "", r.values[i]));
  });
  card.append(fields);
  const steps = element("ol");
  steps.append(...r.steps.map((step) => element("li", "", step)));
  card.append(steps);
  if (waits) {
    card.append(element("p", "next", r.next_step));
  } else {
    const row = element("div", "buttons");
    row.append(button("It is entered", r.payment, () => tick(r)));
    card.append(row);
  }
  return card;
}

let ticking = null;
function tick(r) {
  ticking = r;
  $("tick-what").textContent = `${r.task} · ${sum(r)} · ${r.invoice ? `invoice ${r.invoice}` : "no invoice"} · receipt ${r.receipt}`;
  $("tick-wrong").textContent = "";
  $("tick").showModal();
  // The name stays from the one before: it is one person who works a list down.
  if ($("tick-name").value) $("tick-yes").focus();
}

$("tick-no").addEventListener("click", () => $("tick").close());
$("tick").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("tick-yes").disabled = true;
  try {
    const body = { name: $("tick-name").value, upstream: ticking.upstream };
    await ask(`/v1/worklist/${ticking.payment}/entered`, body);
    $("tick").close();
    $("news").textContent = `Receipt ${ticking.receipt} is ticked off.`;
    await refresh();
    // The next payment of the invoice comes up a moment later.
    setTimeout(() => refresh().catch(() => {}), 1000);
  } catch (error) {
    const lost = error instanceof TypeError;
    $("tick-wrong").textContent = lost ? "The daemon does not answer. Nothing was ticked off yet; try again." : error.message;
  } finally {
    $("tick-yes").disabled = false;
  }
});

function done(r) {
  const tr = element("tr");
  tr.setAttribute("role", "row");
  const cell = (label, className, text) => {
    const td = element("td", className, text);
    td.setAttribute("role", "cell");
    td.dataset.label = label;
    tr.append(td);
  };
  cell("Receipt", "receipt", r.receipt);
  cell("Task", "", r.task);
  cell("Invoice", "", r.invoice ?? "–");
  cell("Amount", "number", sum(r));
  cell("By", "", r.entered ? r.entered.name : r.state);
  cell("At", "time", r.entered ? new Date(r.entered.at).toLocaleString([], { dateStyle: "short", timeStyle: "short" }) : "–");
  return tr;
}

const of = () => (chosen ? `&upstream=${encodeURIComponent(chosen)}` : "");

$("save").addEventListener("click", async () => {
  try {
    const file = await ask(`/v1/worklist?format=csv${of()}`).then((a) => a.blob());
    const link = element("a");
    link.href = URL.createObjectURL(file);
    link.download = `worklist-${chosen}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (error) {
    $("news").textContent = error.message;
  }
});

async function show() {
  const [open, past] = await Promise.all([
    ask(`/v1/worklist?limit=100${of()}`).then((a) => a.json()),
    ask(`/v1/worklist?limit=20&entered=true${of()}`).then((a) => a.json()),
  ]);
  const { lists, upstream, rows } = open;
  const list = lists.find((l) => l.upstream === upstream);
  chosen = list ? upstream : null;
  $("lists").hidden = lists.length < 2;
  draw($("lists"), [lists, upstream], () => lists.map((l) => {
    const choose = button(`${l.system} (${l.upstream})`, l.upstream, () => {
      chosen = l.upstream;
      refresh().catch(() => {});
    });
    choose.setAttribute("aria-pressed", String(l.upstream === upstream));
    return choose;
  }));
  const count = `${rows.length}${open.next ? "+" : ""}`;
  $("rows-title").textContent = list ? `To enter in ${list.system}: ${count}` : "To enter";
  draw($("rows"), [list, rows], () => rows.map((r) => entry(list, r)));
  draw($("entered"), past.rows, () => past.rows.map(done));
  $("empty").hidden = rows.length > 0;
  $("empty").textContent = list ? "Nothing is to be entered." : "The configuration has no worklist.";
  $("save").disabled = rows.length === 0;
  $("done").hidden = past.rows.length === 0;
  document.title = rows.length ? `Worklist (${count}) – tilld` : "Worklist – tilld";
  $("desk").hidden = false;
  $("enter").hidden = true;
}

begin();
