// The requests as a list; each opens to all that was repaired, rescued, dropped or refused.

import { attribute, byId, h, keyed, s, text } from "./dom.js";
import { clock, count, duration, isEnded, kind, plural, shortId, stateText, tokens } from "./format.js";

const PAGE = 15;
const COMMANDS = [
  ["Where its time went", "cc-proxy why"],
  ["Its log", "cc-proxy logs --request"],
];
const PHASES = ["waiting", "reading", "writing"];

export class Requests {
  constructor() {
    this._most = PAGE;
    this._known = null;
    byId("noted").addEventListener("change", () => this.show(this._known));
    byId("more").addEventListener("click", () => {
      this._most += PAGE;
      this.show(this._known);
    });
  }

  /** Show the latest requests and errors. */
  show(known) {
    if (known === null) return;
    this._known = known;
    const onlyNoted = byId("noted").checked;
    const all = known.requests.filter((one) => !onlyNoted || badges(one).length);
    const shown = all.slice(0, this._most);
    const parent = byId("rows");
    const longest = Math.max(1, ...shown.map((one) => one.seconds));
    const widest = Math.max(1, ...shown.map((one) => one.prompt_tokens ?? 0));
    if (shown.length) {
      const byRequest = new Map(known.requests.map((one) => [one.id, one]));
      const nameOf = (id) => known.nameOf(byRequest.get(id)?.session ?? "") || `request ${shortId(id)}`;
      keyed(
        parent,
        shown,
        (one) => one.id,
        newRow,
        (row, one) => showRow(row, one, { known, longest, widest, nameOf }),
      );
    } else {
      const none = onlyNoted ? "Nothing was repaired, rescued, dropped or refused." : "No request yet.";
      keyed(
        parent,
        [none],
        () => none,
        () => h("p", { class: "nothing" }, none),
        () => {},
      );
    }
    byId("more").hidden = all.length <= this._most;
    showErrors(known);
  }

  /** Open a request, and bring it into view. */
  open(id) {
    byId("noted").checked = false;
    const place = this._known.requests.findIndex((one) => one.id === id);
    this._most = Math.max(this._most, place + 1);
    this.show(this._known);
    const row = byId("rows").querySelector(`[data-key="${CSS.escape(id)}"]`);
    row.open = true;
    row.scrollIntoView({ block: "center" });
    row.querySelector("summary").focus();
  }
}

/** Return the words that a person scans for, each with its kind. */
function badges(request) {
  const found = [];
  const add = (number, word, style) => number && found.push({ word: `${number} ${word}`, style });
  add(request.calls_rescued, "rescued", "helped");
  add(request.calls_repaired, "repaired", "helped");
  add(request.assists.length, "helped", "helped");
  if (request.state === "failed") found.push({ word: "failed", style: "failed" });
  else add(request.notes.length, request.notes.length === 1 ? "note" : "notes", "noted");
  return found;
}

function newRow() {
  const bar = (name) =>
    s("svg", { class: name, viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" });
  return h(
    "details",
    { class: "row" },
    h(
      "summary",
      {},
      h("span", { class: "time" }),
      h("span", { class: "who" }, h("b"), " ", h("span", { class: "class" })),
      h("span", { class: "state" }),
      h("span", { class: "prompt" }, h("span"), bar("tokens")),
      h("span", { class: "took" }, h("span"), bar("phases")),
      h("span", { class: "badges" }),
    ),
    h("div", { class: "inside" }, h("ul", { class: "notes" }), h("dl"), h("div", { class: "commands" })),
  );
}

function showRow(row, request, { known, longest, widest, nameOf }) {
  const part = (name) => row.querySelector(name);
  attribute(row, "data-state", request.state);
  text(part(".time"), clock(request.began));
  text(part(".who b"), known.nameOf(request.session) || "–");
  text(part(".class"), kind(request));
  text(part(".state"), stateText(request, nameOf));
  text(part(".prompt span"), promptText(request));
  drawParts(part(".tokens"), widest, promptParts(request));
  text(part(".took span"), duration(request.seconds));
  drawParts(
    part(".phases"),
    longest,
    PHASES.map((phase) => [phase, request[`${phase}_seconds`] ?? 0]),
  );
  keyed(
    part(".badges"),
    badges(request),
    ({ word }) => word,
    ({ word, style }) => h("span", { class: `badge ${style}` }, word),
    () => {},
  );
  // Of a closed row nobody sees the inside.
  if (row.open) showInside(part(".inside"), request);
  else if (!row.dataset.watched) {
    row.dataset.watched = "yes";
    row.addEventListener("toggle", () => row.open && showInside(part(".inside"), row.request));
  }
  row.request = request;
}

function promptText({ prompt_tokens: prompt, reused_tokens: reused }) {
  if (prompt === null) return "–";
  return reused === null
    ? `${tokens(prompt)} tokens`
    : `${tokens(prompt - reused)} read, ${tokens(reused)} reused`;
}

/** Return the parts of a prompt; one that nobody has read to its end is of one piece. */
function promptParts({ prompt_tokens: prompt, reused_tokens: reused }) {
  if (reused === null) return [["unknown", prompt ?? 0]];
  return [
    ["reused", reused],
    ["read", prompt - reused],
  ];
}

function drawParts(svg, whole, parts) {
  let from = 0;
  const pieces = parts.map(([name, value]) => {
    const piece = [name, from, value];
    from += value;
    return piece;
  });
  keyed(
    svg,
    pieces,
    ([name]) => name,
    ([name]) => s("rect", { class: name, height: 6 }),
    (rect, [, start, value]) => {
      attribute(rect, "x", ((100 * start) / whole).toFixed(2));
      attribute(rect, "width", ((100 * value) / whole).toFixed(2));
    },
  );
}

function showInside(inside, request) {
  const [notes, facts, commands] = inside.children;
  const lines = [
    ...request.assists.map((one) => `helped the model: ${one.replaceAll("_", " ")}`),
    ...request.notes,
  ];
  notes.hidden = lines.length === 0;
  keyed(
    notes,
    [...new Set(lines)],
    (line) => line,
    (line) => h("li", {}, line),
    () => {},
  );
  keyed(
    facts,
    factsOf(request),
    ([name]) => name,
    ([name]) => h("div", {}, h("dt", {}, name), h("dd")),
    (pair, [, value]) => text(pair.lastElementChild, value),
  );
  if (!commands.firstChild) {
    commands.append(...COMMANDS.map(([what, words]) => commandLine(what, `${words} ${request.id}`)));
  }
}

function commandLine(what, words) {
  const copy = h("button", { type: "button", class: "quiet" }, "Copy");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(words);
    text(copy, "Copied");
  });
  // Elsewhere than on this machine, browsers give a page no clipboard.
  return h("p", {}, `${what}: `, h("code", {}, words), " ", navigator.clipboard ? copy : "");
}

function factsOf(request) {
  const rate = (value) => (value === null ? "" : `, ${count(Math.round(value))}/s`);
  const { prompt_tokens: prompt, reused_tokens: reused } = request;
  const facts = [["model", request.model || "–"]];
  if (request.waiting_seconds !== null) facts.push(["waited", duration(request.waiting_seconds)]);
  const how = request.reading_seconds === null ? "" : ` in ${duration(request.reading_seconds)}`;
  if (reused !== null) {
    const read = `${count(prompt - reused)} of ${count(prompt)} tokens`;
    facts.push(
      ["read", `${read}${how}${rate(request.tokens_read_per_second)}`],
      ["reused", `${count(reused)} tokens`],
    );
  } else if (prompt !== null) {
    facts.push(["prompt", `${count(prompt)} tokens`]);
  }
  if (request.writing_seconds !== null) {
    facts.push([
      "wrote",
      `${count(request.tokens_written)} tokens in ${duration(request.writing_seconds)}${rate(request.tokens_written_per_second)}`,
    ]);
  }
  if (request.calls) facts.push(["tool calls", plural(request.calls, "call")]);
  if (isEnded(request)) facts.push(["ended", request.stop_reason ?? request.state]);
  return facts;
}

function showErrors(known) {
  byId("errors").hidden = known.now.errors.length === 0;
  keyed(
    byId("error-list"),
    known.now.errors,
    (error) => `${error.at} ${error.request_id}`,
    (error) =>
      h(
        "li",
        {},
        h("span", { class: "time" }, clock(new Date(error.at))),
        " ",
        h("code", {}, error.request_id),
        h("span", { class: "message" }, error.message),
      ),
    () => {},
  );
}
