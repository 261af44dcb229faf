// The printers on the desk's page: how each is, what it works on, and what waits for a person's word.
"use strict";

const papers = { enough: "paper in", near_end: "paper nearly out", out: "out of paper" };

// What a printer's card says, in one look and a few words.
function paper(p) {
  const s = p.status;
  const stuck = s.paper === "out" || s.cover_open || s.cutter_error || s.other_error || s.online === false;
  if (p.reachable === false) return ["away", "✕ Not connected"];
  if (stuck) return ["away", "✕ Cannot print"];
  if (p.job && p.job.waits) return ["away", "✕ Waits"];
  if (p.for_people.length) return ["doubt", "? Did it come out?"];
  if (p.job) return ["busy", "Printing"];
  if (s.paper === "near_end") return ["near", "! Paper nearly out"];
  return ["", s.online ? "✓ Ready" : "Not heard yet"];
}

function printerCard(p, payments) {
  const [look, says] = paper(p);
  const card = element("article", `device printer ${look}`);
  card.append(element("h3", "", p.id));
  const what = ["receipt printer"];
  if (p.status.paper) what.push(papers[p.status.paper]);
  if (p.status.cover_open) what.push("cover open");
  if (p.drawer) what.push(p.drawer.open ? "drawer open" : p.drawer.open === false ? "drawer closed" : "cash drawer");
  if (p.stand_in) what.push(`stand-in ${p.stand_in}`);
  card.append(element("p", "what", what.join(" · ")));
  card.append(element("p", "says", says));
  card.append(element("p", "next", p.next_step));
  for (const job of p.for_people) card.append(openJob(job, payments));
  if (p.job) card.append(waiting({ ...p.job, next_step: p.job.waits ? "It waits for that." : "It is being printed." }, payments));
  for (const job of p.queued) card.append(waiting(job, payments));
  const row = element("div", "buttons");
  row.append(button("Print a test page", `${p.id}t`, (b) => testPage(p, b)));
  card.append(row);
  return [card, `${p.id}: ${says}. ${p.next_step}`];
}

function jobName(job, payments) {
  const payment = payments.find((p) => p.id === job.payment);
  const kinds = { customer: "Receipt", merchant: "Clinic's receipt", administration: "Terminal's report", repeated: "Terminal's receipt", test: "Test page" };
  const kind = kinds[job.kind] ?? (job.kind.copy ? `Copy ${job.kind.copy}` : `Clinic's copy ${job.kind.merchant_copy}`);
  return [kind, payment && `${payment.receipt} · ${sum(payment)}`, job.due_at && clock(job.due_at)].filter(Boolean).join(" · ");
}

function waiting(job, payments) {
  const box = element("div", "job");
  box.append(element("p", "about", `${jobName(job, payments)}: ${job.next_step}`));
  const row = element("div", "buttons");
  row.append(button("Do not print it", `${job.job}x`, () => say({
    title: "Do not print it", what: jobName(job, payments), yes: "Do not print it",
    means: "What is already on its way to the paper may still come out.",
    send: (name) => ask(`/v1/jobs/${job.job}/cancel`, { name }),
  })));
  box.append(row);
  return box;
}

// Something of which nobody knows, or which was given up: a person looks and says.
function openJob(job, payments) {
  const box = element("div", "job");
  const name = jobName(job, payments);
  box.append(element("p", "about", name));
  box.append(element("p", "why", [job.cancel_asked && `${job.cancel_asked.name} called it back.`, job.reason, job.next_step].filter(Boolean).join(" ")));
  const row = element("div", "buttons");
  const word = (text, outcome, means) => row.append(button(text, `${job.job}${outcome}`, () => say({
    title: text, what: name, means, yes: text,
    send: (who) => ask(`/v1/jobs/${job.job}/resolve`, { outcome, name: who }),
  })));
  if (job.state === "unknown") word("It came out", "came_out", "You have seen it on paper, whole.");
  if (job.kind !== "test") word("Print a copy", "copy", "It is printed once more. It says COPY at the top and at the bottom.");
  word("Nobody needs it", "not_needed", "It is not printed any more.");
  box.append(row);
  return box;
}

async function testPage(p, pressed) {
  pressed.disabled = true;
  try {
    await ask(`/v1/printers/${p.id}/test`, {});
    $("news").textContent = `A test page is printed at ${p.id}.`;
  } catch (error) {
    $("news").textContent = error.message;
  }
  pressed.disabled = false;
}

function openDrawer(d) {
  say({
    title: "Open the cash drawer", what: d.id, yes: "Open it", reason: true,
    means: "Name and reason are kept for good and cannot be changed.",
    send: (name, reason) => ask(`/v1/devices/${d.id}/drawer`, { name, reason }),
  });
}
