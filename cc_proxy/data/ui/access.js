// The way to the data. The address that `cc-proxy ui` opens has a ticket behind its #, which no
// browser sends to anybody; the page takes it out of the address and exchanges it for its own key.

const STORED = "cc-proxy-page-key";

/** The proxy does not let this page in; the message says why. */
export class RefusedError extends Error {}

let key = stored();
let ticket = new URLSearchParams(location.hash.slice(1)).get("ticket");
if (ticket !== null) history.replaceState(null, "", location.pathname);

function stored() {
  try {
    return sessionStorage.getItem(STORED);
  } catch {
    return null; // A browser that keeps nothing: the key is gone with the next reload.
  }
}

function store(value) {
  key = value;
  try {
    if (value === null) sessionStorage.removeItem(STORED);
    else sessionStorage.setItem(STORED, value);
  } catch {
    // As above.
  }
}

/** Exchange the ticket of the address, if it has one, for the key. */
export async function enter() {
  if (ticket !== null) {
    const answer = await fetch("ui/key", { method: "POST", headers: bearer(ticket) });
    ticket = null;
    if (answer.ok) store((await answer.json()).key);
    else if (key === null) throw new RefusedError("Its address works once, and for ten minutes.");
  }
  if (key === null) throw new RefusedError("The address alone shows nothing: it needs a ticket.");
}

/** Return what goes on, with the requests that ended after the first `endedAfter`. */
export async function activity(endedAfter, { upstream }) {
  const query = new URLSearchParams({ ended_after: String(endedAfter) });
  if (!upstream) query.set("upstream", "0");
  const answer = await fetch(`activity?${query}`, { headers: bearer(key), cache: "no-store" });
  if (answer.status === 401) {
    store(null);
    throw new RefusedError("The proxy was started with another key.");
  }
  if (!answer.ok) throw new Error(`the proxy answered with status ${answer.status}`);
  return answer.json();
}

const bearer = (secret) => ({ Authorization: `Bearer ${secret}` });
