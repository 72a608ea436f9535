// The sessions of this moment: a card each, with its window and its latest turns.

import { attribute, byId, h, keyed, s, text } from "./dom.js";
import {
  bytes,
  count,
  duration,
  isEnded,
  percent,
  plural,
  restText,
  shortId,
  stateText,
  tokens,
} from "./format.js";

const MAX_TURNS = 24;
const BAR = { width: 1000, height: 10 };
const TURN = { width: 5, gap: 2, height: 36 };

/** Show the summary, the loaded models and the cards. */
export function showNow(known) {
  const { now } = known;
  text(byId("summary"), summary(now));
  text(byId("loaded"), loadedText(known.loaded));
  const running = new Map(now.requests.filter((one) => !isEnded(one)).map((one) => [one.id, one]));
  const turns = turnsBySession(known.requests);
  const cards = now.sessions.map((session) => ({
    session,
    name: known.names.get(session.id),
    request: running.get(session.request),
    turns: turns.get(session.id) ?? [],
    nameOf: (id) => known.nameOf(running.get(id)?.session ?? "") || `request ${shortId(id)}`,
  }));
  const parent = byId("cards");
  if (cards.length === 0)
    keyed(
      parent,
      [0],
      () => "empty",
      empty,
      () => {},
    );
  else keyed(parent, cards, (card) => card.session.id, newCard, showCard);
}

function summary(now) {
  const states = Object.entries(now.states).sort();
  const running = states.reduce((sum, [, number]) => sum + number, 0);
  const doing = running ? states.map(([state, number]) => `${number} ${state}`).join(", ") : "nothing runs";
  const queued = now.queued ? `, ${now.queued} queued: the model's server takes no more` : "";
  return `${doing}${queued} · up ${duration(Math.round(now.uptime_seconds))}`;
}

function loadedText(models) {
  if (models === null) return "";
  if (models.length === 0) return "No model is loaded";
  const names = models.map((one) => {
    const about = [
      one.context_window ? `${tokens(one.context_window)} window` : "",
      one.bytes ? bytes(one.bytes) : "",
    ];
    const told = about.filter(Boolean).join(", ");
    return told ? `${one.name} (${told})` : one.name;
  });
  return `Loaded: ${names.join(", ")}`;
}

function empty() {
  return h(
    "div",
    { class: "empty" },
    h("p", {}, "No request yet. Start Claude Code with"),
    h("pre", {}, h("code", {}, "cc-proxy claude")),
    h("p", {}, "and its sessions appear here."),
  );
}

/** Return the turns of each session, the oldest first: no side requests, no subagents. */
function turnsBySession(requests) {
  const found = new Map();
  for (const request of requests) {
    const isTurn = !request.is_subagent && ["main", "compaction"].includes(request.request_class);
    if (!isTurn || request.prompt_tokens === null) continue;
    const turns = found.get(request.session) ?? [];
    if (turns.length < MAX_TURNS) turns.unshift(request);
    found.set(request.session, turns);
  }
  return found;
}

function newCard() {
  return h(
    "article",
    { class: "card" },
    h("header", {}, h("h3", {}), h("p", { class: "model" })),
    h("p", { class: "state" }),
    h("div", { class: "progress" }, h("div", { class: "done" })),
    s("svg", {
      class: "window",
      role: "img",
      viewBox: `0 0 ${BAR.width} ${BAR.height}`,
      preserveAspectRatio: "none",
    }),
    h("p", { class: "window-text" }),
    h(
      "div",
      { class: "latest" },
      s("svg", { class: "turns", role: "img", height: TURN.height }),
      h("p", {}, h("b"), " of the last prompt reused"),
    ),
    h("dl", { class: "figures" }),
  );
}

function showCard(card, { session, name, request, turns, nameOf }) {
  attribute(card, "data-state", session.state);
  attribute(card, "aria-label", `Session ${name}`);
  text(card.querySelector("h3"), name);
  text(card.querySelector(".model"), session.model);
  const helpers = session.subagents ? `, ${plural(session.subagents, "subagent")}` : "";
  text(card.querySelector(".state"), (request ? stateText(request, nameOf) : restText(session)) + helpers);
  showProgress(card.querySelector(".progress"), request);
  const parts = windowParts(session, request);
  showWindow(card.querySelector(".window"), session, parts);
  text(card.querySelector(".window-text"), windowText(session, parts));
  showTurns(card.querySelector(".turns"), turns);
  const { last_prompt_tokens: last, last_reused_tokens: reused } = session;
  card.querySelector(".latest").hidden = last === null;
  text(card.querySelector(".latest b"), percent(reused ?? 0, last) || "0%");
  showFigures(card.querySelector(".figures"), session);
}

function showProgress(bar, request) {
  const isReading = request?.state === "reading" && request.tokens_to_read && request.tokens_read !== null;
  bar.hidden = !isReading;
  if (isReading) {
    const share = Math.min(1, request.tokens_read / request.tokens_to_read);
    bar.firstElementChild.style.width = `${(100 * share).toFixed(1)}%`;
  }
}

/** Return what fills the window: of the turn that runs, else of the last one. */
function windowParts(session, request) {
  if (request?.prompt_tokens) {
    const reused = Math.min(request.reused_tokens ?? 0, request.prompt_tokens);
    return { reused, read: request.prompt_tokens - reused, written: request.tokens_written };
  }
  const prompt = session.last_prompt_tokens ?? 0;
  const reused = Math.min(session.last_reused_tokens ?? 0, prompt);
  return { reused, read: prompt - reused, written: Math.max(0, session.window_used - prompt) };
}

const used = (parts) => parts.reused + parts.read + parts.written;

function showWindow(svg, session, parts) {
  svg.toggleAttribute("hidden", !session.window);
  if (!session.window) return;
  attribute(svg, "aria-label", windowText(session, parts));
  const scale = (value) => (BAR.width * Math.min(value, session.window)) / session.window;
  const pieces = [["track", 0, session.window]];
  if (session.compacts_at) pieces.push(["kept-free", session.compacts_at, session.window]);
  let from = 0;
  for (const name of ["reused", "read", "written"]) {
    pieces.push([name, from, from + parts[name]]);
    from += parts[name];
  }
  if (session.compacts_at) {
    // Two pixels at the usual width of a card.
    const width = session.window / 200;
    pieces.push(["mark", session.compacts_at - width / 2, session.compacts_at + width / 2]);
  }
  keyed(
    svg,
    pieces,
    ([name]) => name,
    ([name]) => s("rect", { class: name, y: 0, height: BAR.height }),
    (rect, [, start, end]) => {
      attribute(rect, "x", scale(start).toFixed(1));
      attribute(rect, "width", (scale(end) - scale(start)).toFixed(1));
    },
  );
}

function windowText(session, parts) {
  if (!session.window) return "";
  const whole = used(parts);
  const first = `${tokens(whole)} of ${tokens(session.window)} used (${percent(whole, session.window) || "0%"})`;
  if (session.compacts_at === null) return first;
  const left = session.compacts_at - whole;
  return left > 0
    ? `${first} · ${tokens(left)} until Claude Code compacts, at ${tokens(session.compacts_at)}`
    : `${first} · Claude Code compacts now, at ${tokens(session.compacts_at)}`;
}

function showTurns(svg, turns) {
  svg.toggleAttribute("hidden", turns.length < 2);
  const most = Math.max(1, ...turns.map((one) => one.prompt_tokens));
  const read = turns.reduce((sum, one) => sum + one.prompt_tokens - (one.reused_tokens ?? 0), 0);
  const whole = turns.reduce((sum, one) => sum + one.prompt_tokens, 0);
  attribute(
    svg,
    "aria-label",
    `The last ${plural(turns.length, "turn")}: ${count(read)} tokens read, ${count(whole - read)} reused`,
  );
  const width = Math.max(1, turns.length) * (TURN.width + TURN.gap);
  attribute(svg, "viewBox", `0 0 ${width} ${TURN.height}`);
  attribute(svg, "width", width);
  keyed(
    svg,
    turns.map((turn, place) => ({ turn, place })),
    ({ turn }) => turn.id,
    () => s("g", {}, s("title"), s("rect", { class: "reused" }), s("rect", { class: "read" })),
    (group, { turn, place }) => {
      const [title, reusedBar, readBar] = group.children;
      const scale = (value) => (TURN.height * value) / most;
      const reused = Math.min(turn.reused_tokens ?? 0, turn.prompt_tokens);
      const fresh = Math.max(1, scale(turn.prompt_tokens - reused));
      text(title, `read ${count(turn.prompt_tokens - reused)}, reused ${count(reused)}`);
      for (const bar of [reusedBar, readBar]) {
        attribute(bar, "x", place * (TURN.width + TURN.gap));
        attribute(bar, "width", TURN.width);
      }
      attribute(reusedBar, "y", (TURN.height - scale(reused)).toFixed(1));
      attribute(reusedBar, "height", scale(reused).toFixed(1));
      attribute(readBar, "y", Math.max(0, TURN.height - scale(reused) - fresh).toFixed(1));
      attribute(readBar, "height", fresh.toFixed(1));
    },
  );
}

function showFigures(list, session) {
  const rate = (value) => (value === null ? "–" : `${count(Math.round(value))}/s`);
  const figures = [
    ["reused", tokens(session.tokens_reused)],
    ["read", tokens(session.tokens_read)],
    ["written", tokens(session.tokens_written)],
    ["reads", rate(session.tokens_read_per_second)],
    ["writes", rate(session.tokens_written_per_second)],
  ];
  keyed(
    list,
    figures,
    ([name]) => name,
    ([name]) => h("div", {}, h("dt", {}, name), h("dd")),
    (pair, [, value]) => text(pair.lastElementChild, value),
  );
}
