// What the page knows: the latest answer of the proxy, and the requests of those before.

import { isEnded, sessionNames } from "./format.js";

// The proxy keeps fewer; a page that is open for long has more.
const MAX_ENDED = 600;

export class History {
  constructor() {
    this.clear();
  }

  clear() {
    this.now = null;
    this.names = new Map();
    this._ended = new Map();
    this._loaded = null;
  }

  /** How many requests had ended by the latest answer. */
  get ended() {
    return this.now?.ended ?? 0;
  }

  /** The models in memory by the last answer that had them, null if none had. */
  get loaded() {
    return this._loaded;
  }

  /** All requests, the one that came last first; `began` is in milliseconds since 1970. */
  get requests() {
    const running = this.now?.requests.filter((one) => !isEnded(one)) ?? [];
    return [...running, ...this._ended.values()].sort((a, b) => b.began - a.began);
  }

  /** Tell whether an answer is that of another process than the latest one. */
  isOther(activity) {
    return this.now !== null && activity.uptime_seconds < this.now.uptime_seconds;
  }

  /** Take in an answer that came at `time`. */
  take(activity, time) {
    for (const request of activity.requests) request.began = time - 1000 * request.seconds_ago;
    // The proxy has the last one first.
    for (const request of activity.requests.filter(isEnded).reverse()) {
      this._ended.set(request.id, request);
    }
    for (const id of this._ended.keys()) {
      if (this._ended.size <= MAX_ENDED) break;
      this._ended.delete(id);
    }
    this.now = activity;
    this.names = sessionNames(activity.sessions);
    if (activity.loaded_models !== null) this._loaded = activity.loaded_models;
  }

  /** Return the name of a session, "" for a client that has none. */
  nameOf(session) {
    return this.names.get(session) ?? (session ? `session ${session.slice(0, 4)}` : "");
  }
}
