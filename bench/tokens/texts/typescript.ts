import { readFile } from "node:fs/promises";
import type { Session, ToolCall, Usage } from "./types.js";

export interface StreamOptions {
  signal?: AbortSignal;
  onUsage?: (usage: Usage) => void;
  maxRetries: number;
}

const DEFAULTS: StreamOptions = { maxRetries: 3 };

/** Reads a session from disk and replays its calls one after the other. */
export async function replay(path: string, options: Partial<StreamOptions> = {}): Promise<Session> {
  const { maxRetries, signal, onUsage } = { ...DEFAULTS, ...options };
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line.length > 0);
  const calls: ToolCall[] = [];
  for (const [index, line] of lines.entries()) {
    if (signal?.aborted) throw new Error(`stopped at line ${index + 1} of ${lines.length}`);
    const event = JSON.parse(line) as { type: string; call?: ToolCall; usage?: Usage };
    switch (event.type) {
      case "tool_use":
        if (event.call !== undefined) calls.push({ ...event.call, attempts: 0 });
        break;
      case "message_delta":
        onUsage?.(event.usage ?? { inputTokens: 0, outputTokens: 0 });
        break;
    }
  }
  return { id: crypto.randomUUID(), calls, retriesLeft: maxRetries * calls.length };
}
