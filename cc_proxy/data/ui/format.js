// Amounts and states in words, as `cc-proxy top` has them.

const COUNT = new Intl.NumberFormat("en");
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const CLOCK_SHORT = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const SHORT_ID = 8;
const ENDED = new Set(["done", "failed", "cancelled"]);

export const count = (value) => COUNT.format(value);
export const clock = (time) => CLOCK.format(time);
export const clockShort = (time) => CLOCK_SHORT.format(time);
export const shortId = (id) => id.slice(-SHORT_ID);
export const isEnded = (request) => ENDED.has(request.state);

/** Return a number of tokens in few characters: 950, 7.9k, 64k, 1.2M. A k is 1,024, as in the configuration. */
export function tokens(value) {
  if (value === null || value === undefined) return "–";
  if (value < 1000) return String(value);
  const k = value / 1024;
  if (k < 9.95) return `${k.toFixed(1)}k`;
  if (k < 999.5) return `${Math.round(k)}k`;
  return `${(k / 1024).toFixed(1)}M`;
}

/** Return seconds in words: 0.4 s, 12 s, 2 min 3 s, 1 h 4 min. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Return a share in whole percent; never 100 % of what is not all. */
export function percent(part, whole) {
  if (!whole) return "";
  const share = (100 * part) / whole;
  return `${part < whole ? Math.min(99, Math.round(share)) : 100}%`;
}

export const bytes = (value) => `${(value / 1e9).toFixed(1)} GB`;

export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** Return the names of sessions by their id: the folder, and a part of the id if need be. */
export function sessionNames(sessions) {
  const folders = new Map();
  for (const { folder } of sessions) folders.set(folder, (folders.get(folder) ?? 0) + 1);
  return new Map(
    sessions.map(({ id, folder }) => [
      id,
      folder && folders.get(folder) === 1 ? folder : `${folder || "session"} ${id.slice(0, 4)}`,
    ]),
  );
}

/** Return the state of a request in words; `nameOf` names the session of another request. */
export function stateText(request, nameOf) {
  const { state } = request;
  if (state === "waiting" && request.waiting_behind.length) {
    const others = request.waiting_behind.length - 1;
    const first = nameOf(request.waiting_behind.at(-1));
    return `waiting behind ${first}${others ? ` and ${others} more` : ""}`;
  }
  if (state === "reading" && request.tokens_to_read) {
    if (request.tokens_read === null) return `reading ${count(request.tokens_to_read)} tokens`;
    const read = `reading ${count(request.tokens_read)} of ${count(request.tokens_to_read)}`;
    return request.seconds_left >= 1 ? `${read}, ${duration(Math.round(request.seconds_left))} left` : read;
  }
  if (state === "writing" && request.tokens_written_per_second) {
    return `writing, ${Math.round(request.tokens_written_per_second)} tokens/s`;
  }
  return state;
}

/** Return the state of a session between its turns. */
export function restText(session) {
  const since = duration(session.idle_seconds);
  if (session.state === "tool_call") return `tool call, ${since}`;
  return session.state === "failed" ? `failed, ${since} ago` : `idle, ${since}`;
}

/** Return one sentence that tells where the time of a request went. */
export function told(request, name) {
  const parts = [`${clock(request.began)} ${name ? `${name}, ` : ""}${kind(request)}: ${request.state}`];
  if (request.waiting_seconds >= 0.1) parts.push(`waited ${duration(request.waiting_seconds)}`);
  const { prompt_tokens: prompt, reused_tokens: reused } = request;
  const how = request.reading_seconds === null ? "" : ` in ${duration(request.reading_seconds)}`;
  if (reused !== null) parts.push(`read ${count(prompt - reused)} tokens${how}, reused ${count(reused)}`);
  else if (prompt !== null) parts.push(`a prompt of ${count(prompt)} tokens`);
  if (request.writing_seconds !== null) {
    parts.push(`wrote ${count(request.tokens_written)} in ${duration(request.writing_seconds)}`);
  }
  return parts.join(" · ");
}

export const kind = (request) => (request.is_subagent ? "subagent" : request.request_class);
