/** The whole of `/v1`, one method for each endpoint. */

import { Mem0TimeoutError } from "./errors.js";
import { Http, refused } from "./http.js";
import type * as t from "./types.js";

export class MemoryClient {
  readonly #http: Http;

  constructor(options: t.ClientOptions = {}) {
    this.#http = new Http(options);
  }

  /** Remember a text or a conversation. */
  async add(input: t.AddInput, options: t.AddOptions = {}): Promise<t.AddResult> {
    const said = typeof input === "string" ? { content: input } : Array.isArray(input) ? { messages: input } : input;
    const { sent, ...steering } = split(options);
    return this.#http.request({ ...steering, method: "POST", path: "/v1/memories", body: { ...said, ...sent } });
  }

  /** What is remembered that matters to `query`, best first. */
  async search(query: string, options: t.SearchOptions = {}): Promise<t.SearchResult> {
    return this.#read("/v1/memories/search", { ...options, query });
  }

  async get(memoryId: string, options: t.GetOptions = {}): Promise<t.Memory> {
    return this.#read(memoryPath(memoryId), options);
  }

  /** Change what is given, as a new revision. Where the answer has an `event_id`, the change is still at work. */
  async update(id: string, fields: t.UpdateFields, options: t.WriteOptions = {}): Promise<t.Memory | t.PendingUpdate> {
    return this.#http.request({ ...options, method: "PUT", path: memoryPath(id), body: split(fields).sent });
  }

  /** Erase a memory with its history. */
  async delete(memoryId: string, options: t.RequestOptions = {}): Promise<t.DeleteResult> {
    return this.#http.request({ ...options, method: "DELETE", path: memoryPath(memoryId) });
  }

  /** All revisions of a memory, newest first. */
  async history(memoryId: string, options: t.RequestOptions = {}): Promise<t.History> {
    return this.#read(`${memoryPath(memoryId)}/history`, options);
  }

  /** One page of a user's memories, newest first. */
  async getAll(userId: string, options: t.ListOptions = {}): Promise<t.UserMemories> {
    return this.#read(userPath(userId), options);
  }

  /** All memories of a user, fetched page by page (`limit` is the size of a page). */
  async *iterate(userId: string, options: t.ListOptions = {}): AsyncGenerator<t.Memory, void, undefined> {
    for (let cursor = options.cursor; ; ) {
      const page = await this.getAll(userId, { ...options, cursor });
      yield* page.results;
      if (!page.next_cursor) return;
      cursor = page.next_cursor;
    }
  }

  /** Erase all memories of a user; the receipt says what went. */
  async deleteUser(userId: string, options: t.RequestOptions = {}): Promise<t.ErasureReceipt> {
    return this.#http.request({ ...options, method: "DELETE", path: userPath(userId) });
  }

  /** What became of a write that was answered before it was done. */
  async event(eventId: string, options: t.RequestOptions = {}): Promise<t.WriteEvent> {
    return this.#read(`/v1/events/${segment("eventId", eventId)}`, options);
  }

  /** The event once it has succeeded or failed; `Mem0TimeoutError` when that takes longer than `patienceMs`. */
  async waitForEvent(eventId: string, options: t.WaitOptions = {}): Promise<t.WriteEvent> {
    const { patienceMs = 60_000, ...steering } = options;
    for (let waited = 0, pause = 250; ; pause = Math.min(2_000, pause * 1.5)) {
      const event = await this.event(eventId, steering);
      if (event.status === "succeeded" || event.status === "failed") return event;
      if (waited + pause > patienceMs) throw new Mem0TimeoutError("TIMEOUT", `The write is still ${event.status}`);
      await this.#http.pause(pause, options.signal);
      waited += pause;
    }
  }

  /** Needs no key. An unhealthy service is an answer too, not an error. */
  async health(options: t.RequestOptions = {}): Promise<t.Health> {
    return this.#http.request({ ...options, method: "GET", path: "/health", isHealth: true });
  }

  async status(options: t.RequestOptions = {}): Promise<t.Status> {
    return this.#read("/v1/status", options);
  }

  /** Needs an admin key. */
  async metrics(options: t.RequestOptions = {}): Promise<t.Metrics> {
    return this.#read("/v1/metrics", options);
  }

  #read<T>(path: string, options: t.RequestOptions & { query?: string }): Promise<T> {
    const { sent, ...steering } = split(options);
    return this.#http.request<T>({ ...steering, method: "GET", path, query: sent });
  }
}

/** What steers the request, and what is `sent`: `userId` is `user_id` on the wire. Only the outermost names are
 * translated: those in metadata and filters are the caller's own. */
function split(options: object): t.WriteOptions & { sent: Record<string, unknown> } {
  const { signal, timeoutMs, idempotencyKey, respondAsync, ...fields } = options as t.WriteOptions;
  const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const sent = Object.fromEntries(Object.entries(fields).map(([name, value]) => [snake(name), value]));
  return { signal, timeoutMs, idempotencyKey, respondAsync, sent };
}

const memoryPath = (memoryId: string): string => `/v1/memories/${segment("memoryId", memoryId)}`;

/** An id as the service makes them: `user/ann` in its place would be another path, to all of Ann's memories. */
function segment(name: string, id: string): string {
  if (typeof id !== "string" || !/^[\w-]+$/.test(id)) throw refused(`${name}: must be an id that the service gave`);
  return id;
}

/** A user's id is the caller's own text, but URLs drop `.` and `..`, and a path without it is another one. */
function userPath(userId: string): string {
  if (typeof userId !== "string" || /^\.{0,2}$/.test(userId)) throw refused("userId: must not be empty, '.' or '..'");
  return `/v1/memories/user/${encodeURIComponent(userId)}`;
}
