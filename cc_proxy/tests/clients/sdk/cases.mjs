// The cases, by name; each gets the stack of run.mjs and throws when the proxy is wrong.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { jsonSchemaOutputFormat } from '@anthropic-ai/sdk/helpers/json-schema';
import { betaJSONSchemaOutputFormat, betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';

const READ = {
  name: 'Read',
  description: 'Reads a file.',
  input_schema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
};
const THINK = { model: 'practice-think', thinking: { type: 'enabled', budget_tokens: 1024 } };
const FACT = {
  type: 'object',
  properties: { answer: { type: 'integer' }, sure: { type: 'boolean' } },
  required: ['answer', 'sure'],
  additionalProperties: false,
};
const WORDS = [{ role: 'user', content: 'How many tokens are these words?' }];

const call = (name, given = {}) => ({ name, arguments: given });
const script = (...turns) => `Play this. [practice: ${JSON.stringify(turns)}]`;
const asked = (turn, fields = {}) => ({
  model: 'practice',
  max_tokens: 1000,
  messages: [{ role: 'user', content: script(turn) }],
  ...fields,
});
const says = (text, fields) => asked({ text }, fields);
const calls = (...all) => ({ calls: all });
const adder = () =>
  betaTool({
    name: 'add',
    description: 'Adds two numbers.',
    inputSchema: {
      type: 'object',
      properties: { left: { type: 'number' }, right: { type: 'number' } },
      required: ['left', 'right'],
    },
    run: ({ left, right }) => String(left + right),
  });
const SUMS = [
  calls(call('add', { left: 1, right: 2 }), call('add', { left: 3, right: 4 })),
  calls(call('add', { left: 10, right: 20 })),
  { text: 'All done.' },
];
const summing = (fields) => ({
  ...says(''),
  messages: [{ role: 'user', content: script(...SUMS) }],
  tools: [adder()],
  ...fields,
});

async function last(chats) {
  return Math.max(0, ...(await chats()).map((record) => record.number));
}

async function until(condition) {
  for (let tries = 0; tries < 250; tries += 1) {
    const found = await condition();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it did not happen in time');
}

const toolResults = (record) =>
  record.body.messages.filter((one) => one.role === 'tool').map((one) => one.content);

async function fails(promise, type, status, words) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof type, `${error?.constructor?.name}: ${error?.message}`);
    assert.equal(error.status, status);
    assert.match(error.message, words);
    assert.match(error.requestID, /^req_/);
    return true;
  });
}

export const cases = {
  'create: a text': async ({ client }) => {
    const message = await client.messages.create(says('Hello there.'));
    assert.deepEqual(message.content, [{ type: 'text', text: 'Hello there.' }]);
    assert.equal(message.stop_reason, 'end_turn');
    assert.match(message._request_id, /^req_/);
  },
  'create: many kinds of characters': async ({ client }) => {
    const text = 'Grüße, 世界! 🦙👩‍👩‍👧 "quoted" \\ back\n\ttab';
    const message = await client.messages.create(says(text));
    assert.equal(message.content[0].text, text);
  },
  'create: thinking': async ({ client }) => {
    const message = await client.messages.create(asked({ thinking: 'Hm.', text: 'Yes.' }, THINK));
    assert.deepEqual(message.content.map((block) => block.type), ['thinking', 'text']);
    assert.equal(message.content[0].thinking, 'Hm.');
    assert.ok(message.content[0].signature);
  },
  'create: parallel calls': async ({ client }) => {
    const turn = calls(call('Read', { path: 'a' }), call('Read', { path: 'b' }));
    const message = await client.messages.create(asked(turn, { tools: [READ] }));
    assert.deepEqual(message.content.map((block) => block.input), [{ path: 'a' }, { path: 'b' }]);
    assert.equal(new Set(message.content.map((block) => block.id)).size, 2);
    assert.equal(message.stop_reason, 'tool_use');
  },
  'create: tool_choice any': async ({ client }) => {
    const message = await client.messages.create(
      says('{"name": "Read", "arguments": {"path": "b"}}', {
        tools: [READ],
        tool_choice: { type: 'any' },
      }),
    );
    assert.deepEqual(message.content.map((block) => block.input), [{ path: 'b' }]);
  },
  'create: a stop sequence': async ({ client }) => {
    const message = await client.messages.create(says('one STOP two', { stop_sequences: ['STOP'] }));
    assert.equal(message.content[0].text, 'one ');
    assert.deepEqual([message.stop_reason, message.stop_sequence], ['stop_sequence', 'STOP']);
  },
  'create: max_tokens': async ({ client }) => {
    const message = await client.messages.create(says('one two three', { max_tokens: 2 }));
    assert.deepEqual([message.content[0].text, message.stop_reason], ['one two', 'max_tokens']);
  },
  'create: withResponse': async ({ client }) => {
    const { data, response, request_id } = await client.messages
      .create(says('Hello.'))
      .withResponse();
    assert.equal(data.content[0].text, 'Hello.');
    assert.equal(response.headers.get('request-id'), request_id);
  },
  'create: a tool result comes back': async ({ client, chats }) => {
    const before = await last(chats);
    const messages = [{ role: 'user', content: script(calls(call('Read')), { text: 'Seen.' }) }];
    const request = { model: 'practice', max_tokens: 100, tools: [READ], messages };
    const first = await client.messages.create(request);
    messages.push({ role: 'assistant', content: first.content });
    const result = { type: 'tool_result', tool_use_id: first.content[0].id, content: 'words' };
    messages.push({ role: 'user', content: [result] });
    const second = await client.messages.create(request);
    assert.equal(second.content[0].text, 'Seen.');
    assert.deepEqual(toolResults((await chats(before)).at(-1)), ['words']);
  },
  'create: stream true gives the events in order': async ({ client }) => {
    const kinds = [];
    for await (const event of await client.messages.create(says('one', { stream: true }))) {
      kinds.push(event.type);
    }
    assert.deepEqual(kinds, [
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  },
  'stream: on text': async ({ client }) => {
    const pieces = [];
    const snapshots = [];
    const stream = client.messages.stream(says('one two three')).on('text', (piece, snapshot) => {
      pieces.push(piece);
      snapshots.push(snapshot);
    });
    assert.equal(await stream.finalText(), 'one two three');
    assert.deepEqual(pieces, ['one', ' two', ' three']);
    assert.equal(snapshots.at(-1), 'one two three');
  },
  'stream: finalMessage': async ({ client }) => {
    const message = await client.messages.stream(says('one two')).finalMessage();
    assert.deepEqual([message.content[0].text, message.stop_reason], ['one two', 'end_turn']);
    assert.ok(message.usage.input_tokens > 0 && message.usage.output_tokens > 0);
  },
  'stream: on thinking and signature': async ({ client }) => {
    const told = [];
    const stream = client.messages
      .stream(asked({ thinking: 'Let me see.', text: 'Yes.' }, THINK))
      .on('thinking', (_, snapshot) => told.push(snapshot))
      .on('signature', (signature) => told.push(signature.length > 0));
    await stream.done();
    assert.deepEqual(told.slice(-2), ['Let me see.', true]);
  },
  'stream: on inputJson': async ({ client }) => {
    const inputs = [];
    const turn = { text: 'So:', ...calls(call('Read', { path: 'a' })) };
    const stream = client.messages
      .stream(asked(turn, { tools: [READ] }))
      .on('inputJson', (_, snapshot) => inputs.push(structuredClone(snapshot)));
    const message = await stream.finalMessage();
    assert.deepEqual(inputs.at(-1), { path: 'a' });
    assert.deepEqual(message.content[1].input, { path: 'a' });
  },
  'stream: on contentBlock, message and end': async ({ client }) => {
    const told = [];
    const stream = client.messages
      .stream(asked({ text: 'So:', ...calls(call('Read')) }, { tools: [READ] }))
      .on('connect', () => told.push('connect'))
      .on('contentBlock', (block) => told.push(block.type))
      .on('message', (message) => told.push(message.stop_reason))
      .on('end', () => told.push('end'));
    await stream.done();
    assert.deepEqual(told, ['connect', 'text', 'tool_use', 'tool_use', 'end']);
  },
  'stream: async iteration': async ({ client }) => {
    let text = '';
    for await (const event of client.messages.stream(says('one two'))) {
      if (event.type === 'content_block_delta') text += event.delta.text;
    }
    assert.equal(text, 'one two');
  },
  'stream: a request id': async ({ client }) => {
    const stream = client.messages.stream(says('one'));
    await stream.done();
    assert.match(stream.request_id, /^req_/);
  },
  'stream: the beta endpoint': async ({ client }) => {
    const stream = client.beta.messages.stream(says('one', { betas: ['of-tomorrow-2031-01-01'] }));
    assert.equal((await stream.finalMessage()).content[0].text, 'one');
  },
  'stream: toReadableStream': async ({ client }) => {
    const readable = client.messages.stream(says('one two')).toReadableStream();
    const { MessageStream } = await import('@anthropic-ai/sdk/lib/MessageStream');
    const message = await MessageStream.fromReadableStream(readable).finalMessage();
    assert.equal(message.content[0].text, 'one two');
  },
  'abort: a stream stops the model': async ({ client, chats }) => {
    const before = await last(chats);
    const stream = client.messages.stream(asked([{ text: 'first' }, { stall: true }]));
    stream.on('text', () => stream.abort());
    await assert.rejects(stream.done(), Anthropic.APIUserAbortError);
    await until(async () => (await chats(before))[0]?.ended_by === 'client closed');
  },
  'abort: a signal stops the model': async ({ client, chats }) => {
    const before = await last(chats);
    const controller = new AbortController();
    const asking = client.messages.create(asked({ stall: true }), { signal: controller.signal });
    const aborted = assert.rejects(asking, Anthropic.APIUserAbortError);
    await until(async () => (await chats(before)).length);
    controller.abort();
    await aborted;
    await until(async () => (await chats(before))[0]?.ended_by === 'client closed');
  },
  'abort: a break out of the loop stops the model': async ({ client, chats }) => {
    const before = await last(chats);
    const request = asked([{ text: 'first' }, { stall: true }], { stream: true });
    for await (const event of await client.messages.create(request)) {
      if (event.type === 'content_block_delta') break;
    }
    await until(async () => (await chats(before))[0]?.ended_by === 'client closed');
  },
  'abort: a time-out stops the model': async ({ withOptions, chats }) => {
    const before = await last(chats);
    const asking = withOptions({ timeout: 300 }).messages.create(asked({ stall: true }));
    await assert.rejects(asking, Anthropic.APIConnectionTimeoutError);
    await until(async () => (await chats(before))[0]?.ended_by === 'client closed');
  },
  'silence: before the first token': async ({ impatient }) => {
    const message = await impatient.messages
      .stream(asked([{ sleep: 0.6 }, { text: 'late' }]))
      .finalMessage();
    assert.deepEqual(message.content, [{ type: 'text', text: 'late' }]);
    assert.equal(message.stop_reason, 'end_turn');
  },
  'silence: in a text': async ({ impatient }) => {
    const turn = [{ text: 'la' }, { sleep: 0.4 }, { text: 'te' }];
    assert.equal(await impatient.messages.stream(asked(turn)).finalText(), 'late');
  },
  'silence: between thinking and calls': async ({ impatient }) => {
    const turn = [{ thinking: 'Hm.' }, { sleep: 0.4 }, calls(call('Read')), { sleep: 0.3 }];
    const message = await impatient.messages
      .stream(asked(turn, { ...THINK, tools: [READ] }))
      .finalMessage();
    assert.deepEqual(message.content.map((block) => block.type), ['thinking', 'tool_use']);
    assert.equal(message.stop_reason, 'tool_use');
  },
  'silence: before an answer in one piece': async ({ impatient }) => {
    const request = asked([{ sleep: 0.6 }, { text: 'late' }]);
    const response = await impatient.messages.create(request).asResponse();
    const text = await response.text();
    assert.match(text, /^ +\{/);
    const message = await impatient.messages.create(request);
    assert.deepEqual(message.content, [{ type: 'text', text: 'late' }]);
  },
  'silence: and then an error, in one piece': async ({ impatient }) => {
    const request = asked([{ sleep: 0.6 }, { text: 'half' }, { stall: true }]);
    await assert.rejects(impatient.messages.create(request));
  },
  'parse: a JSON schema': async ({ client }) => {
    const message = await client.messages.parse(
      says('{"answer": 42, "sure": true}', {
        output_config: { format: jsonSchemaOutputFormat(FACT) },
      }),
    );
    assert.deepEqual(message.parsed_output, { answer: 42, sure: true });
  },
  'parse: the beta endpoint': async ({ client }) => {
    const message = await client.beta.messages.parse(
      says('{"answer": 42, "sure": true}', {
        output_config: { format: betaJSONSchemaOutputFormat(FACT) },
      }),
    );
    assert.deepEqual(message.parsed_output, { answer: 42, sure: true });
  },
  'parse: a stream': async ({ client }) => {
    const message = await client.messages
      .stream(
        says('{"answer": 42, "sure": true}', {
          output_config: { format: jsonSchemaOutputFormat(FACT) },
        }),
      )
      .finalMessage();
    assert.deepEqual(message.parsed_output, { answer: 42, sure: true });
  },
  'parse: the model is held to the schema': async ({ client }) => {
    const message = await client.messages.parse(
      says('I would say 42.', { output_config: { format: jsonSchemaOutputFormat(FACT) } }),
    );
    assert.deepEqual(Object.keys(message.parsed_output), ['answer', 'sure']);
  },
  'tool runner: to the end': async ({ client, chats }) => {
    const before = await last(chats);
    const message = await client.beta.messages.toolRunner(summing({ thread: false }));
    assert.equal(message.content.at(-1).text, 'All done.');
    assert.deepEqual(toolResults((await chats(before)).at(-1)), ['3', '7', '30']);
  },
  'tool runner: streaming': async ({ client, chats }) => {
    const before = await last(chats);
    const texts = [];
    const runner = client.beta.messages.toolRunner(summing({ thread: false, stream: true }));
    for await (const stream of runner) texts.push((await stream.finalMessage()).stop_reason);
    assert.deepEqual(texts, ['tool_use', 'tool_use', 'end_turn']);
    assert.deepEqual(toolResults((await chats(before)).at(-1)), ['3', '7', '30']);
  },
  'tool runner: over a message thread, as it comes': async ({ client, chats }) => {
    const before = await last(chats);
    const message = await client.beta.messages.toolRunner(summing());
    assert.equal(message.content.at(-1).text, 'All done.');
    assert.deepEqual(toolResults((await chats(before)).at(-1)), ['3', '7', '30']);
  },
  'tool runner: a tool that throws': async ({ client, chats }) => {
    const before = await last(chats);
    const broken = { ...adder(), run: () => Promise.reject(new Error('the disk is full')) };
    const turns = [calls(call('add', { left: 1, right: 2 })), { text: 'I see.' }];
    const messages = [{ role: 'user', content: script(...turns) }];
    const message = await client.beta.messages.toolRunner(
      summing({ thread: false, tools: [broken], messages }),
    );
    assert.equal(message.content.at(-1).text, 'I see.');
    assert.match(toolResults((await chats(before)).at(-1))[0], /error[^]*the disk is full/);
  },
  'count tokens': async ({ client }) => {
    const few = await client.messages.countTokens({ model: 'practice', messages: WORDS });
    const more = await client.messages.countTokens({
      model: 'practice',
      messages: WORDS,
      system: 'Be kind. '.repeat(100),
    });
    assert.ok(few.input_tokens > 0 && more.input_tokens > few.input_tokens + 100);
  },
  'count tokens: the beta endpoint': async ({ client }) => {
    const plain = await client.messages.countTokens({ model: 'practice', messages: WORDS });
    const beta = await client.beta.messages.countTokens({ model: 'practice', messages: WORDS });
    assert.equal(plain.input_tokens, beta.input_tokens);
  },
  'models: the list in pages': async ({ client }) => {
    const whole = (await client.models.list({ limit: 1000 })).data.map((model) => model.id);
    const joined = [];
    for await (const model of client.models.list({ limit: 3 })) joined.push(model.id);
    assert.deepEqual(joined, whole);
    assert.ok(whole.includes('fast') && whole.includes('practice:latest'));
  },
  'models: one': async ({ client }) => {
    const model = await client.models.retrieve('practice-small');
    assert.deepEqual([model.id, model.max_input_tokens], ['practice-small', 8192]);
  },
  'error: a model that is not pulled': async ({ client }) => {
    const asking = client.messages.create(says('x', { model: 'nonexistent' }));
    await fails(asking, Anthropic.NotFoundError, 404, /ollama pull nonexistent/);
  },
  'error: a wrong key': async ({ withOptions }) => {
    const asking = withOptions({ apiKey: 'another-key' }).messages.create(says('x'));
    await fails(asking, Anthropic.AuthenticationError, 401, /not this proxy's/);
  },
  'error: a bad request': async ({ client }) => {
    const asking = client.messages.create(says('x', { messages: [] }));
    await fails(asking, Anthropic.BadRequestError, 400, /messages: expected at least one/);
  },
  'error: a prompt that is too long': async ({ client }) => {
    const messages = [{ role: 'user', content: 'word '.repeat(20_000) }];
    const asking = client.messages.create(says('x', { model: 'practice-small', messages }));
    await fails(asking, Anthropic.BadRequestError, 400, /prompt is too long: \d+ tokens > 8192/);
  },
  'error: the same on a stream': async ({ client }) => {
    const messages = [{ role: 'user', content: 'word '.repeat(20_000) }];
    const stream = client.messages.stream(says('x', { model: 'practice-small', messages }));
    await fails(stream.done(), Anthropic.BadRequestError, 400, /prompt is too long/);
  },
  'error: Ollama is busy': async ({ client }) => {
    const asking = client.messages.create(asked({ error: { status: 503, text: 'server busy' } }));
    await fails(asking, Anthropic.InternalServerError, 529, /server busy/);
  },
  'error: Ollama fails': async ({ client }) => {
    const asking = client.messages.create(asked({ error: { status: 500, text: 'no memory' } }));
    await fails(asking, Anthropic.InternalServerError, 500, /no memory/);
  },
  'error: what cannot get better is asked once': async ({ withOptions, chats }) => {
    const before = await last(chats);
    const asking = withOptions({ maxRetries: 3 }).messages.create(
      asked({ error: { status: 500, text: 'no memory' } }),
    );
    await fails(asking, Anthropic.InternalServerError, 500, /no memory/);
    assert.equal((await chats(before)).length, 1);
  },
  'error: the model dies in mid-stream': async ({ client }) => {
    const seen = [];
    const stream = client.messages
      .stream(asked([{ text: 'half' }, { sleep: 0.1 }, { die: true }]))
      .on('text', (piece) => seen.push(piece));
    await assert.rejects(stream.finalMessage(), (error) => {
      assert.ok(error instanceof Anthropic.APIError, error?.constructor?.name);
      assert.match(error.message, /unexpected EOF/);
      assert.equal(error.type, 'api_error');
      return true;
    });
    assert.deepEqual(seen, ['half']);
  },
  'error: the connection is cut in mid-stream': async ({ client }) => {
    const request = asked([{ text: 'half' }, { sleep: 0.1 }, { cut: true }], { stream: true });
    const reading = (async () => {
      for await (const event of await client.messages.create(request)) assert.ok(event.type);
    })();
    await assert.rejects(reading, /The connection to Ollama/);
  },
};
