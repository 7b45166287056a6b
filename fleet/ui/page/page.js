"use strict";
// What comes from devices is text, and goes into the page as text: nothing here makes HTML of it.

const every = Number(document.body.dataset.every);
const words = { ok: "✓ well", warning: "! look", problem: "✗ problem", silent: "… silent" };
const none = "–";

const number = (v) => v.toLocaleString("en", { maximumFractionDigits: 0 });
const fixed = (v, digits) => v.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const size = (n) => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) { n /= 1024; i++; }
  return `${i ? fixed(n, 1) : number(n)} ${units[i]}`;
};
const ago = (s) => s < 1.5 ? "now" : s < 90 ? `${number(s)} s ago` : s < 5400 ? `${number(s / 60)} min ago` : s < 129600 ? `${number(s / 3600)} h ago` : `${number(s / 86400)} d ago`;
const short = (digest) => digest ? digest.slice(0, 12) : none;
const clock = (t) => t.slice(0, 19).replace("T", " ");

function element(name, text, kind) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (kind) e.className = kind;
  return e;
}

function set(e, text, kind) {
  if (e.textContent !== text) e.textContent = text;
  if (kind !== undefined && e.className !== kind) e.className = kind;
}

// Columns: a heading, what stands in it ("": nothing applies), whether it is a number, and how it looks.
const common = [
  { head: "name", text: (m) => m.name },
  { head: "state", text: (m) => words[m.health] || m.health, kind: (m) => `state ${m.health}` },
  { head: "heard", text: (m) => ago(m.age_seconds) },
  { head: "program", text: (m) => m.program },
  { head: "frames", text: (m) => (m.formats || []).map((f) => `v${f}`).join(" ") },
];
const latency = { head: "ms p50 / p95", number: true, text: (m) => m.latency_ms.max ? `${fixed(m.latency_ms.p50, 1)} / ${fixed(m.latency_ms.p95, 1)}` : "" };
const columns = {
  devices: [...common,
    { head: "profile", text: (m) => m.profile && short(m.profile), code: true, title: (m) => m.profile },
    { head: "link", text: (m) => m.health === "silent" ? "unknown" : m.linked ? "up" : "down" },
    { head: "waiting", number: true, text: (m) => m.queued > 0 ? `${number(m.queued)} (${size(m.queued_bytes)})` : "0" },
    { head: "answered", number: true, text: (m) => number(m.counters.answered) },
    { head: "here", number: true, text: (m) => m.counters.local ? number(m.counters.local) : "" },
    { head: "lost", number: true, text: (m) => number(m.counters.lost) },
    { head: "bits/value", number: true, text: (m) => m.bits_per_value ? fixed(m.bits_per_value, 3) : "" },
    latency,
    { head: "excess bits", number: true, text: (m) => m.drift ? (m.drift.excess_bits >= 0 ? "+" : "−") + fixed(Math.abs(m.drift.excess_bits), 3) : "" },
    { head: "drift", text: (m) => m.drift ? m.drift.alarm || "none" : "" },
  ],
  gateways: [...common,
    { head: "tails", number: true, text: (m) => number((m.cuts || []).length || (m.cut ? 1 : 0)) },
    { head: "answered", number: true, text: (m) => number(m.counters.answered) },
    { head: "refused", number: true, text: (m) => number(m.counters.refused) },
    { head: "came twice", number: true, text: (m) => number(m.counters.duplicates) },
    { head: "bits/value", number: true, text: (m) => m.bits_per_value ? fixed(m.bits_per_value, 3) : "" },
    latency,
  ],
  versions: [
    { head: "what", text: (v) => v.what },
    { head: "version", text: (v) => v.value, code: true },
    { head: "members", number: true, text: (v) => number(v.members) },
  ],
};

// fill brings a table to what list says, row by row, so that what did not change stays: selections, scrolled places.
function fill(id, list, key) {
  const table = document.getElementById(id), body = table.tBodies[0];
  if (!table.tHead.rows.length) {
    const row = table.tHead.insertRow();
    row.setAttribute("role", "row");
    for (const c of columns[id]) {
      const th = element("th", c.head, c.number ? "number" : "");
      th.scope = "col";
      th.setAttribute("role", "columnheader");
      row.append(th);
    }
  }
  const rows = new Map(Array.from(body.rows, (r) => [r.dataset.key, r]));
  const wanted = list.length ? list : [null];
  wanted.forEach((item, i) => {
    const k = item ? key(item) : "";
    let row = rows.get(k);
    if (!row) {
      row = newRow(columns[id], item, k);
    }
    rows.delete(k);
    if (item) columns[id].forEach((c, j) => show(row.cells[j], c, item));
    if (body.rows[i] !== row) body.insertBefore(row, body.rows[i] || null);
  });
  rows.forEach((r) => r.remove());
}

function newRow(list, item, key) {
  const row = element("tr");
  row.dataset.key = key;
  row.setAttribute("role", "row");
  if (!item) {
    const cell = element("td", "nobody yet", "note");
    cell.colSpan = list.length;
    cell.setAttribute("role", "cell");
    row.append(cell);
    return row;
  }
  list.forEach((c, i) => {
    const cell = element(i ? "td" : "th");
    if (!i) cell.scope = "row";
    cell.setAttribute("role", i ? "cell" : "rowheader");
    cell.dataset.head = c.head;
    if (c.code) cell.append(element("code"));
    row.append(cell);
  });
  return row;
}

function show(cell, column, item) {
  const text = column.text(item) || "";
  let kind = column.kind ? column.kind(item) : column.number ? "number" : "";
  if (!text) kind += " none";
  set(column.code ? cell.firstChild : cell, text || none);
  if (cell.className !== kind) cell.className = kind;
  if (column.title && cell.title !== column.title(item)) cell.title = column.title(item);
}

// Frames per second, of what two looks at the counters differ by. A process that began again counts from zero.
const history = [];
let before = null;
function rate(state) {
  const now = Date.parse(state.time), counts = new Map();
  let n = 0;
  for (const m of state.members) {
    if (m.role !== "gateway") continue;
    counts.set(m.name, m.counters.answered);
    if (before && before.counts.has(m.name)) n += Math.max(0, m.counters.answered - before.counts.get(m.name));
  }
  if (before && now > before.now) {
    history.push(1000 * n / (now - before.now));
    if (history.length > 90) history.shift();
  }
  if (!before || now > before.now) before = { now, counts };
  return history.length ? history[history.length - 1] : null;
}

function tiles(state) {
  const devices = state.members.filter((m) => m.role === "device"), gateways = state.members.filter((m) => m.role === "gateway");
  const sum = (list, f) => list.reduce((s, m) => s + f(m), 0);
  const well = (list) => `${list.filter((m) => m.health === "ok").length} of ${list.length}`;
  const values = sum(devices, (m) => m.counters.values), perSecond = rate(state);
  const list = [
    ["devices well", well(devices)],
    ["gateways well", well(gateways)],
    ["answers per second", perSecond === null ? none : fixed(perSecond, perSecond < 10 ? 1 : 0)],
    ["frames waiting", number(sum(devices, (m) => m.queued))],
    ["frames lost", number(sum(devices, (m) => m.counters.lost))],
    ["bits per value", values > 0 ? fixed(8 * sum(devices, (m) => m.counters.bytes) / values, 3) : none],
    ["drift alarms", number(devices.filter((m) => m.drift && m.drift.alarm).length)],
    ["profiles in use", number(state.versions.filter((v) => v.what === "profile").length)],
  ];
  const dl = document.getElementById("tiles");
  if (!dl.children.length) {
    for (const [name] of list) {
      const div = element("div");
      div.append(element("dt", name), element("dd"));
      dl.append(div);
    }
  }
  list.forEach(([, value], i) => set(dl.children[i].querySelector("dd"), value));
  line(dl.children[2]);
}

// line draws the last rates, for the eye: the number stands beside it.
function line(tile) {
  if (history.length < 2) return;
  const ns = "http://www.w3.org/2000/svg", most = Math.max(...history, 1);
  let svg = tile.querySelector("svg");
  if (!svg) {
    svg = document.createElementNS(ns, "svg");
    svg.setAttribute("viewBox", "0 0 90 20");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    svg.append(document.createElementNS(ns, "polyline"));
    tile.prepend(svg);
  }
  svg.firstChild.setAttribute("points", history.map((v, i) => `${90 - history.length + 1 + i},${19 - 18 * v / most}`).join(" "));
}

function reasons(state) {
  const lines = state.problems.map((p) => ["problem", p]);
  for (const m of state.members) for (const r of m.reasons) lines.push([m.health, `${m.name}: ${r}`]);
  const ul = document.getElementById("reasons");
  const text = JSON.stringify(lines);
  if (ul.dataset.lines === text) return;
  ul.dataset.lines = text;
  ul.replaceChildren(...(lines.length ? lines.map(([kind, line]) => element("li", line, kind)) : [element("li", "nothing", "none")]));
}

function rollouts(state) {
  const place = document.getElementById("rollouts"), text = JSON.stringify(state.rollouts);
  if (place.dataset.text === text) return;
  place.dataset.text = text;
  place.replaceChildren(...(state.rollouts.length ? state.rollouts.map(rollout) : [element("p", "nothing is being rolled out", "note")]));
}

function rollout(r) {
  const box = element("article", undefined, "rollout"), percent = `${fixed(100 * r.share, 0)} %`;
  const bar = element("div", undefined, "share"), part = element("div");
  part.style.width = `${Math.min(100, Math.max(0, 100 * r.share))}%`;
  bar.setAttribute("role", "img");
  bar.setAttribute("aria-label", `${percent} of devices`);
  bar.append(part);
  const facts = [`stage: ${r.stage}`, `profile ${short(r.profile)}`];
  if (r.before) facts.push(`before it ${short(r.before)}`);
  facts.push(`${percent} of devices`);
  if (typeof r.agreement === "number") facts.push(`agreement in shadow ${fixed(100 * r.agreement, 1)} %`);
  const steps = element("ol");
  for (const s of r.steps) {
    const li = element("li"), time = element("time", clock(s.time));
    time.dateTime = s.time;
    li.append(time, ` ${s.text}`);
    steps.append(li);
  }
  steps.tabIndex = 0;
  steps.setAttribute("aria-label", "steps");
  box.append(element("h3", r.name), element("p", facts.join(" · ")), bar, steps);
  return box;
}

function render(state) {
  tiles(state);
  reasons(state);
  const of = (role) => state.members.filter((m) => m.role === role);
  fill("devices", of("device"), (m) => m.name);
  fill("gateways", of("gateway"), (m) => m.name);
  rollouts(state);
  fill("versions", state.versions, (v) => `${v.what} ${v.value}`);
}

const live = document.getElementById("live");
async function look() {
  if (document.visibilityState === "visible") {
    try {
      const answer = await fetch("state.json", { signal: AbortSignal.timeout(10000), cache: "no-store" });
      if (!answer.ok) throw new Error(`${answer.status}`);
      const state = await answer.json();
      render(state);
      set(live, `live, as of ${clock(state.time)} UTC`, "");
    } catch {
      set(live, "no answer: what is shown may be old", "lost");
    }
  }
  setTimeout(look, every);
}
look();
