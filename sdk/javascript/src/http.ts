/** One request: headers, time limit, retries, and the envelope taken off. */

import { errorOf, InvalidRequestError, Mem0ConnectionError, Mem0Error, Mem0TimeoutError } from "./errors.js";
import type { ClientOptions, WriteOptions } from "./types.js";

const RETRIED = new Set([429, 502, 503, 504]);
const MAX_PAUSE = 60_000; // the service's windows are a minute; a longer Retry-After means "not now"
const LONGEST_TIMER = 0x7fffffff; // a longer setTimeout fires at once

export interface Call extends WriteOptions {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  query?: Record<string, unknown>;
  body?: Record<string, unknown>;
  /** `/health` answers 503 with its findings: that is an answer, not a failure. */
  isHealth?: boolean;
}

export class Http {
  readonly #base: string;
  readonly #apiKey: string;
  readonly #timeoutMs: number;
  readonly #maxRetries: number;
  readonly #fetch: typeof fetch;
  readonly pause: (ms: number, signal?: AbortSignal) => Promise<void>;

  constructor(options: ClientOptions) {
    this.#base = checkedBase(options.baseUrl ?? (env("MEM0_BASE_URL") || "http://localhost:8080"));
    this.#apiKey = (options.apiKey ?? env("MEM0_API_KEY") ?? "").trim();
    if (/[^\x21-\x7e]/.test(this.#apiKey)) throw refused("apiKey: must be printable ASCII without spaces");
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#maxRetries = options.maxRetries ?? 3;
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.pause = options.sleep ?? sleep;
  }

  async request<T>(call: Call): Promise<T> {
    const url = this.#base + call.path + queryString(call.query ?? {});
    // A redirect followed would turn a POST into a GET.
    const init: RequestInit = { method: call.method, headers: this.#headers(call), redirect: "manual" };
    if (call.body) init.body = JSON.stringify(call.body);
    for (let retries = 0, waited = 0; ; ) {
      try {
        return await this.#once<T>(url, init, call);
      } catch (error) {
        const pause = error instanceof Mem0Error ? pauseAfter(error, retries) : undefined;
        if (pause === undefined || pause > MAX_PAUSE || this.#maxRetries === 0) throw error;
        // 409: the same write, sent before, is still at work. To wait for it is no retry, and has a limit of its own.
        const isTwin = (error as Mem0Error).status === 409;
        if (isTwin ? (waited += pause) > this.#timeoutMs : ++retries > this.#maxRetries) throw error;
        await this.pause(pause, call.signal);
      }
    }
  }

  #headers(call: Call): Headers {
    const headers = new Headers({ Accept: "application/json" });
    if (this.#apiKey) headers.set("Authorization", `Bearer ${this.#apiKey}`);
    if (call.body) headers.set("Content-Type", "application/json");
    if (call.method !== "GET") headers.set("Idempotency-Key", call.idempotencyKey ?? uniqueKey());
    if (call.respondAsync) headers.set("Prefer", "respond-async");
    return headers;
  }

  async #once<T>(url: string, init: RequestInit, call: Call): Promise<T> {
    const { signal, timeoutMs = this.#timeoutMs } = call;
    signal?.throwIfAborted();
    const limit = new AbortController();
    const abort = (): void => limit.abort();
    const timer = setTimeout(abort, Math.min(timeoutMs, LONGEST_TIMER));
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const response = await this.#fetch(url, { ...init, signal: limit.signal });
      return opened<T>(response, await response.text(), call); // reading is within the time limit too
    } catch (cause) {
      if (cause instanceof Mem0Error) throw cause;
      signal?.throwIfAborted();
      if (limit.signal.aborted) throw new Mem0TimeoutError("TIMEOUT", `No answer within ${timeoutMs} ms`, { cause });
      throw new Mem0ConnectionError("CONNECTION_ERROR", "The service can't be reached", { cause });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }
}

/** The answer without its envelope, else the error that it is. */
function opened<T>(response: Response, text: string, call: Call): T {
  const body = parsed(text);
  const answer = (body ?? {}) as { success?: boolean; data?: T; status?: unknown };
  const isFinding = call.isHealth && response.status === 503 && typeof answer.status === "string";
  if (!response.ok && !isFinding) throw errorOf(response, body);
  if (typeof body !== "object" || body === null) {
    const requestId = response.headers.get("x-request-id") ?? undefined;
    const message = "The answer is not the service's JSON: is baseUrl right?";
    throw new Mem0Error("INVALID_RESPONSE", message, { status: response.status, requestId });
  }
  return answer.success === true && answer.data !== undefined ? answer.data : (body as T);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How long until the next try; undefined: there is none. */
function pauseAfter(error: Mem0Error, retries: number): number | undefined {
  const backoff = Math.min(8_000, 500 * 2 ** retries) * (0.5 + Math.random() / 2);
  if (error instanceof Mem0ConnectionError) return backoff;
  if (error.status === 409) return error.retryAfterMs === undefined ? undefined : Math.max(250, error.retryAfterMs);
  return RETRIED.has(error.status ?? 0) ? (error.retryAfterMs ?? backoff) : undefined;
}

export function refused(message: string): InvalidRequestError {
  return new InvalidRequestError("INVALID_REQUEST", message);
}

function env(name: string): string | undefined {
  return (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env?.[name];
}

/** The address without a slash at its end; `/v1` may stand there, as in the API's documents. */
function checkedBase(text: string): string {
  const base = text.trim().replace(/\/+$/, "").replace(/\/v1$/, "");
  // Credentials in a URL are refused by fetch itself, which would look like a lost connection.
  if (!/^https?:\/\/[^/?#@]+(\/[^?#@]*)?$/.test(base)) throw refused("baseUrl: must look like http://host:port");
  return base;
}

/** What is undefined or null is not sent; objects go as JSON, lists with commas, dates as ISO 8601. */
function queryString(query: Record<string, unknown>): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue;
    if (value instanceof Date) pairs.set(name, value.toISOString());
    else if (Array.isArray(value)) pairs.set(name, value.join(","));
    else pairs.set(name, typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  return `?${pairs}`.replace(/^\?$/, "");
}

/** Node 18 has no global `crypto`, pages without TLS no `randomUUID`: unique is enough here. */
function uniqueKey(): string {
  const part = (): string => Math.random().toString(36).slice(2);
  return globalThis.crypto?.randomUUID?.() ?? `${Date.now().toString(36)}-${part()}${part()}${part()}`;
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = (): void => (clearTimeout(timer), reject(signal?.reason));
    const done = (): void => (signal?.removeEventListener("abort", abort), resolve());
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
