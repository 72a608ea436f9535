// The requests over time: a lane for each session, and in it each turn with where its time went.

import { attribute, byId, h, keyed, s, text } from "./dom.js";
import { clock, clockShort, isEnded, told } from "./format.js";

const SPANS = [
  { minutes: 1, tick: 15 },
  { minutes: 5, tick: 60 },
  { minutes: 15, tick: 180 },
  { minutes: 60, tick: 900 },
];
const PHASES = [
  ["waiting", "waiting or loading"],
  ["reading", "reading"],
  ["writing", "writing"],
  ["stopped", "failed or cancelled"],
];
const MAX_LANES = 12;
const TITLE = 18;
const BAR = 18;
const SIDE = 7;
const LANE = TITLE + BAR + SIDE + 8;
const AXIS = 20;
// In pixels: what took hardly any time is seen, too.
const LEAST = 2;
const STOP = 3;

export class Timeline {
  /** `onOpen` gets the request that the person chooses. */
  constructor(onOpen) {
    this._onOpen = onOpen;
    this._span = SPANS[0];
    this._isChosen = false;
    this._chosen = null;
    this._known = null;
    this._svg = s("svg", {
      role: "group",
      "aria-label": "Requests over time. Arrow keys move between them.",
    });
    this._axis = s("g", { class: "axis", "aria-hidden": "true" });
    this._lanes = s("g");
    this._svg.append(hatch(), this._axis, this._lanes);
    this._svg.addEventListener("keydown", (event) => this._onKey(event));
    this._none = h("p", { class: "nothing" }, "No request in this time.");
    byId("chart").append(this._svg, this._none);
    new ResizeObserver(() => this._known && this.show(this._known)).observe(byId("chart"));
    byId("spans").append(...SPANS.map((span) => this._choice(span)));
    byId("legend").append(...PHASES.map(([name, words]) => h("li", { class: name }, words)));
  }

  /** Draw what is known. */
  show(known) {
    this._known = known;
    const time = Date.now();
    if (!this._isChosen) this._fit(known, time);
    const from = time - this._span.minutes * 60_000;
    const width = Math.max(200, byId("chart").clientWidth);
    const x = (moment) => (width * (moment - from)) / (time - from);
    const seen = known.requests.filter((one) => endOf(one, time) >= from);
    const lanes = this._lanesOf(known, seen);
    this._svg.toggleAttribute("hidden", lanes.length === 0);
    this._none.hidden = lanes.length > 0;
    const height = lanes.length * LANE + AXIS;
    for (const [name, value] of [
      ["width", width],
      ["height", height],
      ["viewBox", `0 0 ${width} ${height}`],
    ]) {
      attribute(this._svg, name, value);
    }
    this._drawAxis(from, time, x, height);
    const chosen = seen.some((one) => one.id === this._chosen) ? this._chosen : seen[0]?.id;
    keyed(
      this._lanes,
      lanes,
      (lane) => lane.session,
      () => s("g", {}, s("text", { class: "lane", x: 0 }), s("line", { class: "rail", x1: 0 }), s("g")),
      (group, lane) => {
        const [title, rail, bars] = group.children;
        const top = lane.place * LANE;
        text(title, lane.name);
        attribute(title, "y", top + 13);
        for (const y of ["y1", "y2"]) attribute(rail, y, top + TITLE + BAR / 2);
        attribute(rail, "x2", width);
        const show = (bar, one) => {
          attribute(bar, "tabindex", one.id === chosen ? 0 : -1);
          drawBar(bar, one, { top: top + TITLE, x, time, name: lane.name });
        };
        keyed(
          bars,
          lane.requests,
          (one) => one.id,
          (one) => this._newBar(one),
          show,
        );
      },
    );
    this._tell();
  }

  /** Show the least time that has all requests, until the person chooses one. */
  _fit({ requests }, time) {
    const minutes = requests.length ? (time - requests.at(-1).began) / 60_000 : 0;
    this._span = SPANS.find((span) => span.minutes >= minutes) ?? SPANS.at(-1);
    byId("spans").querySelector(`[value="${this._span.minutes}"]`).checked = true;
  }

  _lanesOf(known, requests) {
    const lanes = new Map();
    for (const request of [...requests].reverse()) {
      const lane = lanes.get(request.session) ?? { session: request.session, requests: [], name: "" };
      lane.name = known.nameOf(request.session) || "other clients";
      lane.requests.push(request);
      lanes.set(request.session, lane);
    }
    // The session that was used last is the first one, as in the cards.
    const latest = (lane) => lane.requests.at(-1).began;
    const ordered = [...lanes.values()].sort((a, b) => latest(b) - latest(a)).slice(0, MAX_LANES);
    return ordered.map((lane, place) => ({ ...lane, place }));
  }

  _drawAxis(from, time, x, height) {
    const step = this._span.tick * 1000;
    const ticks = [];
    for (let moment = Math.ceil(from / step) * step; moment <= time; moment += step) ticks.push(moment);
    keyed(
      this._axis,
      ticks,
      (moment) => `${step} ${moment}`,
      (moment) =>
        s("g", {}, s("line", { y1: 0 }), s("text", {}, step < 60_000 ? clock(moment) : clockShort(moment))),
      (tick, moment) => {
        const [line, label] = tick.children;
        const place = x(moment).toFixed(1);
        for (const name of ["x1", "x2"]) attribute(line, name, place);
        attribute(line, "y2", height - AXIS);
        attribute(label, "x", place);
        attribute(label, "y", height - 5);
        const edge = x(moment) < 24 ? "start" : x(moment) > x(time) - 24 ? "end" : "middle";
        attribute(label, "text-anchor", edge);
      },
    );
  }

  _newBar({ id }) {
    const phases = PHASES.map(([name]) => s("rect", { class: name, rx: 1.5 }));
    const choose = () => {
      this._chosen = id;
      this._tell();
    };
    return s(
      "g",
      {
        class: "request",
        role: "button",
        onpointerenter: choose,
        onfocus: choose,
        onclick: () => this._onOpen(id),
      },
      s("rect", { class: "ring", rx: 3 }),
      ...phases,
    );
  }

  _onKey(event) {
    const bars = [...this._svg.querySelectorAll(".request")];
    const place = bars.indexOf(event.target);
    if (place < 0) return;
    const moves = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: bars.length - 1 };
    if (event.key in moves) {
      const next = bars[Math.max(0, Math.min(bars.length - 1, moves[event.key]))];
      event.target.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      this._toLane(event.target, event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" || event.key === " ") {
      this._onOpen(event.target.dataset.key);
    } else {
      return;
    }
    event.preventDefault();
  }

  _toLane(bar, step) {
    const lanes = [...this._lanes.children];
    const next = lanes[lanes.indexOf(bar.parentElement.parentElement) + step];
    next?.querySelector(".request:last-child")?.focus();
  }

  _tell() {
    const request = this._known?.requests.find((one) => one.id === this._chosen);
    const name = request && this._known.nameOf(request.session);
    text(byId("told"), request ? told(request, name) : "Point to a request, or move with the arrow keys.");
  }

  _choice(span) {
    const input = h("input", { type: "radio", name: "span", value: span.minutes });
    input.addEventListener("change", () => {
      this._span = span;
      this._isChosen = true;
      if (this._known) this.show(this._known);
    });
    return h("label", {}, input, h("span", {}, span.minutes < 60 ? `${span.minutes} min` : "1 h"));
  }
}

function endOf(request, time) {
  return isEnded(request) ? request.began + 1000 * request.seconds : time;
}

function drawBar(bar, request, { top, x, time, name }) {
  const isSide = request.is_subagent || !["main", "compaction", "other"].includes(request.request_class);
  const y = isSide ? top + BAR + 2 : top;
  const height = isSide ? SIDE - 2 : BAR;
  attribute(bar, "aria-label", told(request, name));
  const end = endOf(request, time);
  const isStopped = request.state === "failed" || request.state === "cancelled";
  let from = request.began;
  const [ring, ...rects] = bar.children;
  PHASES.forEach(([phase], place) => {
    const rect = rects[place];
    if (phase === "stopped") {
      rect.toggleAttribute("hidden", !isStopped);
      setBox(rect, { x: Math.max(0, x(end) - STOP), y, width: STOP, height });
      return;
    }
    const until = Math.min(end, from + 1000 * (request[`${phase}_seconds`] ?? 0));
    const left = Math.max(0, x(from));
    rect.toggleAttribute("hidden", x(until) <= left);
    setBox(rect, { x: left, y, width: Math.max(LEAST, x(until) - left), height });
    from = until;
  });
  const left = Math.max(0, x(request.began));
  setBox(ring, { x: left - 2, y: y - 2, width: Math.max(LEAST, x(end) - left) + 4, height: height + 4 });
}

function setBox(rect, box) {
  for (const [name, value] of Object.entries(box)) attribute(rect, name, value.toFixed(1));
}

function hatch() {
  const pattern = s(
    "pattern",
    { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    s("rect", { class: "hatch-ground", width: 5, height: 5 }),
    s("rect", { class: "hatch-line", width: 2, height: 5 }),
  );
  return s("defs", {}, pattern);
}
