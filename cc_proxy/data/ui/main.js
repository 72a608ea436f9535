// Asks the proxy each second what goes on, while somebody looks, and shows it.

import { RefusedError, activity, enter } from "./access.js";
import { byId, text } from "./dom.js";
import { clock } from "./format.js";
import { History } from "./history.js";
import { showNow } from "./now.js";
import { Requests } from "./requests.js";
import * as theme from "./theme.js";
import { Timeline } from "./timeline.js";

const POLL_MS = 1000;
// Whoever runs the model is asked less often what it has loaded.
const ASKS_UPSTREAM_MS = 5000;

const known = new History();
const requests = new Requests();
const timeline = new Timeline((id) => requests.open(id));
let askedUpstream = -ASKS_UPSTREAM_MS;
let latest = null;

async function poll() {
  const upstream = performance.now() - askedUpstream >= ASKS_UPSTREAM_MS;
  if (upstream) askedUpstream = performance.now();
  let found = await activity(known.ended, { upstream });
  if (known.isOther(found)) {
    // It counts from its own start.
    known.clear();
    found = await activity(0, { upstream });
  }
  latest = Date.now();
  known.take(found, latest);
  byId("content").hidden = false;
  byId("notice").hidden = true;
  showNow(known);
  timeline.show(known);
  requests.show(known);
}

async function run() {
  for (;;) {
    if (!document.hidden) {
      try {
        await enter();
        await poll();
      } catch (error) {
        if (error instanceof RefusedError) throw error;
        lost(error);
      }
    }
    await pause();
  }
}

/** Return after a second; after a tab was hidden, as soon as it is seen again. */
function pause() {
  return new Promise((resolve) => {
    const timer = setTimeout(done, POLL_MS);
    document.addEventListener("visibilitychange", done, { once: true });
    function done() {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", done);
      resolve();
    }
  });
}

function lost(error) {
  // A browser says of a connection that nobody takes only that it failed.
  const reason =
    error instanceof TypeError
      ? "The proxy does not answer"
      : `Expected the state of the proxy: ${error.message}`;
  const since = latest === null ? "" : ` This is how it was at ${clock(latest)}.`;
  text(byId("notice"), `${reason}. The page asks again each second.${since} To start it: cc-proxy start`);
  byId("notice").hidden = false;
}

function locked(error) {
  byId("content").hidden = true;
  byId("parts").hidden = true;
  byId("notice").hidden = true;
  text(byId("summary"), "");
  text(byId("locked-why"), error.message);
  byId("locked").hidden = false;
}

theme.start();
try {
  await run();
} catch (error) {
  if (!(error instanceof RefusedError)) throw error;
  locked(error);
}
