// Runs the cases against the proxy named in the environment; prints one JSON line for each.
import Anthropic from '@anthropic-ai/sdk';
import { cases } from './cases.mjs';

const { PROXY_URL, IMPATIENT_URL, PRACTICE_URL, PROXY_KEY } = process.env;
const SECONDS = 20;

const options = { apiKey: PROXY_KEY, maxRetries: 0, timeout: SECONDS * 1000, logLevel: 'off' };
const stack = {
  client: new Anthropic({ ...options, baseURL: PROXY_URL }),
  impatient: new Anthropic({ ...options, baseURL: IMPATIENT_URL }),
  withOptions: (more) => new Anthropic({ ...options, baseURL: PROXY_URL, ...more }),
  // What reached the model: the records of /api/chat after a number.
  chats: async (after = 0) => {
    const answer = await fetch(`${PRACTICE_URL}/practice/journal`);
    const { records } = await answer.json();
    return records.filter((one) => one.path === '/api/chat' && one.number > after);
  },
};

async function outcome(run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${SECONDS} seconds`)), SECONDS * 1000);
  });
  try {
    await Promise.race([run(stack), late]);
    return { ok: true };
  } catch (error) {
    return { ok: false, error: error?.stack ?? String(error) };
  } finally {
    clearTimeout(timer);
  }
}

for (const [name, run] of Object.entries(cases)) {
  console.log(JSON.stringify({ name, ...(await outcome(run)) }));
}
