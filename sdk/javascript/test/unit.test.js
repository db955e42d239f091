// What is sent, what is tried again and what is thrown: without a network, and without waiting.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as sdk from "@mem0/client";

const { MemoryClient } = sdk;
const KEY = "mp_a-key-of-the-tests";
const WRITES = {
  add: (client, options) => client.add("Tea, please", options),
  update: (client, options) => client.update("mem_1", { content: "Tea" }, options),
  delete: (client, options) => client.delete("mem_1", options),
  deleteUser: (client, options) => client.deleteUser("ann", options),
};

/** An answer of the service. */
function answer(status, body, headers = {}) {
  return new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers });
}

const ok = (data = {}) => answer(200, { success: true, data, message: "Done", timestamp: "2026-03-01T10:30:00Z" });

function refusal(status, code, headers = {}, details = {}) {
  return answer(status, { success: false, error: { code, message: "limit: must be at most 50", details } }, headers);
}

/** A client whose requests get `answers` one after the other; an Error is thrown, a function is called. */
function scripted(answers, options = {}) {
  const requests = [];
  const pauses = [];
  const client = new MemoryClient({
    apiKey: KEY,
    baseUrl: "http://memory.test",
    fetch: async (url, init) => {
      const body = init.body === undefined ? undefined : JSON.parse(init.body);
      const { method, redirect } = init;
      requests.push({ url: new URL(url), method, redirect, headers: new Headers(init.headers), body });
      const next = answers.length > 1 ? answers.shift() : answers[0];
      if (next instanceof Error) throw next;
      return typeof next === "function" ? next(init) : next.clone();
    },
    sleep: async (ms) => {
      pauses.push(ms);
    },
    ...options,
  });
  return { client, requests, pauses };
}

async function sent(act, data) {
  const { client, requests } = scripted([ok(data)]);
  await act(client);
  assert.equal(requests.length, 1);
  const { url, method, body } = requests[0];
  return [method, url.pathname, Object.fromEntries(url.searchParams), body];
}

async function thrown(answers, act = (client) => client.get("mem_1"), options = {}) {
  const { client, requests, pauses } = scripted(answers, options);
  const error = await act(client).then(
    () => assert.fail("nothing was thrown"),
    (reason) => reason,
  );
  return { error, requests, pauses };
}

// --- what is sent ----------------------------------------------------------------------------------------------------
test("it sends each method's path, query and body", async () => {
  const said = [{ role: "user", content: "Tea", timestamp: new Date("2026-03-01T10:30:00Z") }];
  const cases = [
    [(c) => c.add("Tea"), "POST", "/v1/memories", {}, { content: "Tea" }],
    [(c) => c.add({ content: "Tea" }), "POST", "/v1/memories", {}, { content: "Tea" }],
    [(c) => c.add(said), "POST", "/v1/memories", {}, { messages: [{ ...said[0], timestamp: "2026-03-01T10:30:00.000Z" }] }],
    [(c) => c.add({ messages: said.slice(1) }), "POST", "/v1/memories", {}, { messages: [] }],
    [(c) => c.get("mem_1"), "GET", "/v1/memories/mem_1", {}, undefined],
    [(c) => c.get("mem_1", { include: ["embedding", "history"], asOf: new Date(0) }), "GET", "/v1/memories/mem_1",
      { include: "embedding,history", as_of: "1970-01-01T00:00:00.000Z" }, undefined],
    [(c) => c.update("mem_1", { content: "Tea", memoryType: "fact", expiresAt: null, pinned: false }), "PUT",
      "/v1/memories/mem_1", {}, { content: "Tea", memory_type: "fact", expires_at: null, pinned: false }],
    [(c) => c.delete("mem_1"), "DELETE", "/v1/memories/mem_1", {}, undefined],
    [(c) => c.history("mem_1"), "GET", "/v1/memories/mem_1/history", {}, undefined],
    [(c) => c.getAll("ann", { limit: 2, cursor: "c", project: "p", filters: { a: 1 }, asOf: "2026-03-01" }), "GET",
      "/v1/memories/user/ann", { limit: "2", cursor: "c", project: "p", filters: '{"a":1}', as_of: "2026-03-01" },
      undefined],
    [(c) => c.deleteUser("a/b ü?#"), "DELETE", "/v1/memories/user/a%2Fb%20%C3%BC%3F%23", {}, undefined],
    [(c) => c.event("evt_1"), "GET", "/v1/events/evt_1", {}, undefined],
    [(c) => c.health(), "GET", "/health", {}, undefined],
    [(c) => c.status(), "GET", "/v1/status", {}, undefined],
    [(c) => c.metrics(), "GET", "/v1/metrics", {}, undefined],
  ];
  for (const [act, ...expected] of cases) assert.deepEqual(await sent(act), expected, String(act));
});

test("it sends every option of a store in the words of the wire, and metadata as it is", async () => {
  const metadata = { fromApp: true, nested: { keyName: 1 } };
  const [, , , body] = await sent((c) =>
    c.add("Tea", {
      userId: "ann", agentId: "a", runId: "r", project: "p", metadata, infer: false, ttl: "30d",
      expiresAt: new Date("2030-01-01T00:00:00Z"), timestamp: "2026-03-01T10:30:00Z",
    }),
  );
  assert.deepEqual(body, {
    content: "Tea", user_id: "ann", agent_id: "a", run_id: "r", project: "p", metadata, infer: false, ttl: "30d",
    expires_at: "2030-01-01T00:00:00.000Z", timestamp: "2026-03-01T10:30:00Z",
  });
});

test("it sends every option of a search, filters as JSON, and leaves out what is not set", async () => {
  const filters = { OR: [{ madeBy: "x" }, { created_at: { gte: "2026-01-01" } }] };
  const [, path, query] = await sent((c) =>
    c.search("tea & cake", {
      userId: "ann", agentId: undefined, asOf: null, runId: "r", project: "p", limit: 5, threshold: 0, filters, archived: false,
      explain: true, validAt: "2026-01-02", referenceTime: new Date("2026-01-03T00:00:00Z"),
    }),
  );
  assert.equal(path, "/v1/memories/search");
  assert.deepEqual({ ...query, filters: JSON.parse(query.filters) }, {
    query: "tea & cake", user_id: "ann", run_id: "r", project: "p", limit: "5", threshold: "0", filters,
    archived: "false", explain: "true", valid_at: "2026-01-02",
    reference_time: "2026-01-03T00:00:00.000Z",
  });
});

test("it sends the key, and a key of its own for each write but not for reads", async () => {
  const { client, requests } = scripted([ok({ results: [] })]);
  for (const write of Object.values(WRITES)) await write(client);
  await client.add("Tea", { idempotencyKey: "mine", respondAsync: true });
  await client.search("tea");
  const keys = requests.map(({ headers }) => headers.get("idempotency-key"));
  assert.deepEqual(keys.slice(4), ["mine", null]);
  assert.equal(new Set(keys.slice(0, 4)).size, 4);
  for (const key of keys.slice(0, 4)) assert.match(key, /^[0-9a-z-]{20,}$/);
  assert.deepEqual(requests.map(({ headers }) => headers.get("prefer")), [null, null, null, null, "respond-async", null]);
  assert.deepEqual(new Set(requests.map(({ headers }) => headers.get("authorization"))), new Set([`Bearer ${KEY}`]));
  const types = requests.map(({ headers }) => headers.get("content-type"));
  assert.deepEqual(types, ["application/json", "application/json", null, null, "application/json", null]);
});

test("without a key it sends none: a service without authentication needs none", async () => {
  const { client, requests } = scripted([ok()], { apiKey: "" });
  await client.get("mem_1");
  assert.equal(requests[0].headers.has("authorization"), false);
});

test("it takes address and key from the environment, and an option before them", async () => {
  process.env.MEM0_BASE_URL = "http://from.env/memory/v1/";
  process.env.MEM0_API_KEY = "from-env";
  try {
    const { client, requests } = scripted([ok()], { baseUrl: undefined, apiKey: undefined });
    await client.get("mem_1");
    assert.equal(requests[0].url.href, "http://from.env/memory/v1/memories/mem_1");
    assert.equal(requests[0].headers.get("authorization"), "Bearer from-env");
    const given = scripted([ok()]);
    await given.client.get("mem_1");
    assert.equal(given.requests[0].url.href, "http://memory.test/v1/memories/mem_1");
    assert.equal(given.requests[0].headers.get("authorization"), `Bearer ${KEY}`);
  } finally {
    delete process.env.MEM0_BASE_URL;
    delete process.env.MEM0_API_KEY;
  }
  const { client, requests } = scripted([ok()], { baseUrl: undefined });
  await client.get("mem_1");
  assert.equal(requests[0].url.href, "http://localhost:8080/v1/memories/mem_1");
});

test("it refuses an address or a key that can't be meant, and doesn't repeat the key", () => {
  for (const baseUrl of ["", "localhost:8080", "ftp://x", "http://", "http://u:p@x", "http://x?y=1", "http://x#y"]) {
    assert.throws(() => new MemoryClient({ baseUrl }), { name: "InvalidRequestError", message: /^baseUrl: / }, baseUrl);
  }
  const message = "apiKey: must be printable ASCII without spaces";
  assert.throws(() => new MemoryClient({ apiKey: "mp_se\ncret" }), { name: "InvalidRequestError", message });
});

test("it never shows the key", async () => {
  const { client } = scripted([ok()]);
  const { inspect } = await import("node:util");
  assert.ok(!inspect(client, { depth: 9, showHidden: true }).includes(KEY));
  assert.equal(JSON.stringify(client), "{}");
});

test("it refuses ids that would make another path, and sends nothing", async () => {
  const acts = ["get", "update", "delete", "history", "event"].flatMap((name) =>
    ["", ".", "..", "user/ann", "mem_1?x", undefined].map((id) => (client) => client[name](id, {})),
  );
  const ofUsers = ["getAll", "deleteUser"].flatMap((name) =>
    ["", ".", "..", undefined].map((id) => (client) => client[name](id)),
  );
  for (const act of [...acts, ...ofUsers]) {
    const { error, requests } = await thrown([ok()], act);
    assert.ok(error instanceof sdk.InvalidRequestError, String(error));
    assert.match(error.message, /^(memoryId|eventId|userId): /);
    assert.equal(requests.length, 0);
  }
});

// --- what comes back -------------------------------------------------------------------------------------------------
test("it gives the data of the envelope, with the names of the wire", async () => {
  const data = { results: [{ id: "mem_1", user_id: "ann", score: 0.9 }], total: 1, query: "tea" };
  const { client } = scripted([ok(data)]);
  assert.deepEqual(await client.search("tea"), data);
});

test("health is bare, and an unhealthy service is an answer at once", async () => {
  const healthy = scripted([answer(200, { status: "healthy", version: "1.0.0" })]);
  assert.deepEqual(await healthy.client.health(), { status: "healthy", version: "1.0.0" });
  const unhealthy = scripted([answer(503, { status: "unhealthy", version: "1.0.0" })]);
  assert.equal((await unhealthy.client.health()).status, "unhealthy");
  assert.deepEqual(unhealthy.pauses, []);
  const { error } = await thrown([answer(503, "<html>")], (client) => client.health());
  assert.ok(error instanceof sdk.ServiceUnavailableError);
});

test("it goes through all pages by their cursor, and stops asking when the caller stops", async () => {
  const pages = () => [
    ok({ results: [{ id: "3" }, { id: "2" }], next_cursor: "c=1&" }),
    ok({ results: [{ id: "1" }], next_cursor: null }),
  ];
  const whole = scripted(pages());
  const ids = [];
  for await (const memory of whole.client.iterate("ann", { limit: 2, project: "p" })) ids.push(memory.id);
  assert.deepEqual(ids, ["3", "2", "1"]);
  const queries = whole.requests.map(({ url }) => Object.fromEntries(url.searchParams));
  assert.deepEqual(queries, [{ limit: "2", project: "p" }, { limit: "2", project: "p", cursor: "c=1&" }]);
  const first = scripted(pages());
  for await (const memory of first.client.iterate("ann")) {
    assert.equal(memory.id, "3");
    break;
  }
  assert.equal(first.requests.length, 1);
});

test("it asks for an event until it is done, more and more slowly", async () => {
  const states = ["pending", "running", "running", "succeeded"].map((status) => ok({ id: "evt_1", status }));
  const { client, pauses } = scripted(states);
  assert.deepEqual(await client.waitForEvent("evt_1"), { id: "evt_1", status: "succeeded" });
  assert.deepEqual(pauses, [250, 375, 562.5]);
  const failed = scripted([ok({ id: "evt_1", status: "failed", error: "model away" })]);
  assert.equal((await failed.client.waitForEvent("evt_1")).error, "model away");
});

test("it waits for an event no longer than asked", async () => {
  const act = (client) => client.waitForEvent("evt_1", { patienceMs: 1_000 });
  const { error, pauses } = await thrown([ok({ status: "running" })], act);
  assert.ok(error instanceof sdk.Mem0TimeoutError);
  assert.equal(error.message, "The write is still running");
  assert.deepEqual(pauses, [250, 375]);
});

// --- what is thrown --------------------------------------------------------------------------------------------------
test("each status has its class, with all that the service said", async () => {
  const cases = [
    [400, "INVALID_REQUEST", sdk.InvalidRequestError],
    [401, "UNAUTHORIZED", sdk.AuthenticationError],
    [403, "FORBIDDEN", sdk.PermissionDeniedError],
    [404, "MEMORY_NOT_FOUND", sdk.NotFoundError],
    [409, "CONFLICT", sdk.ConflictError],
    [410, "MEMORY_EXPIRED", sdk.MemoryExpiredError],
    [413, "PAYLOAD_TOO_LARGE", sdk.PayloadTooLargeError],
    [415, "UNSUPPORTED_MEDIA_TYPE", sdk.Mem0Error],
    [422, "IDEMPOTENCY_MISMATCH", sdk.IdempotencyMismatchError],
    [429, "RATE_LIMIT_EXCEEDED", sdk.RateLimitError],
    [500, "INTERNAL_ERROR", sdk.ServerError],
    [503, "SERVICE_UNAVAILABLE", sdk.ServiceUnavailableError],
  ];
  for (const [status, code, Kind] of cases) {
    const refused = refusal(status, code, { "x-request-id": "req-1" }, { field: "limit" });
    const { error } = await thrown([refused], undefined, { maxRetries: 0 });
    assert.equal(error.constructor, Kind);
    assert.ok(error instanceof sdk.Mem0Error);
    assert.deepEqual(
      [error.name, error.code, error.message, error.details, error.status, error.requestId],
      [Kind.name, code, "limit: must be at most 50", { field: "limit" }, status, "req-1"],
    );
  }
});

test("an answer of something else than the service is named as such", async () => {
  const gateway = await thrown([answer(502, "<html>Bad gateway</html>")], undefined, { maxRetries: 0 });
  assert.equal(gateway.error.constructor, sdk.ServerError);
  assert.deepEqual([gateway.error.code, gateway.error.message], ["HTTP_502", "HTTP 502"]);
  for (const text of ["<html>Welcome</html>", "", "null", '"text"']) {
    const page = await thrown([answer(200, text)]);
    assert.deepEqual([page.error.code, page.error.status], ["INVALID_RESPONSE", 200]);
  }
  const moved = await thrown([answer(301, "", { location: "https://elsewhere" })], WRITES.add);
  assert.deepEqual([moved.error.code, moved.requests.length], ["REDIRECTED", 1]);
  assert.equal(moved.requests[0].redirect, "manual"); // followed, a POST would become a GET
});

// --- what is tried again ---------------------------------------------------------------------------------------------
test("every write keeps its idempotency key and its body over its retries", async () => {
  for (const write of Object.values(WRITES)) {
    const { client, requests } = scripted([new TypeError("fetch failed"), answer(502, ""), refusal(503, "X"), ok()]);
    await write(client);
    assert.equal(requests.length, 4);
    assert.equal(new Set(requests.map(({ headers }) => headers.get("idempotency-key"))).size, 1);
    assert.equal(new Set(requests.map(({ body }) => JSON.stringify(body))).size, 1);
    await write(client);
    assert.notEqual(requests[4].headers.get("idempotency-key"), requests[0].headers.get("idempotency-key"));
  }
});

test("it waits as long as Retry-After says: seconds or a date", async () => {
  for (const [status, code] of [[429, "RATE_LIMIT_EXCEEDED"], [503, "SERVICE_UNAVAILABLE"]]) {
    const { client, pauses } = scripted([refusal(status, code, { "retry-after": "7" }), ok({ id: "mem_1" })]);
    assert.deepEqual(await client.get("mem_1"), { id: "mem_1" });
    assert.deepEqual(pauses, [7_000]);
  }
  const date = new Date(Date.now() + 20_000).toUTCString();
  const dated = scripted([refusal(429, "X", { "retry-after": date }), ok()]);
  await dated.client.get("mem_1");
  assert.ok(dated.pauses[0] > 15_000 && dated.pauses[0] <= 20_000, String(dated.pauses));
  const past = scripted([refusal(429, "X", { "retry-after": new Date(0).toUTCString() }), ok()]);
  await past.client.get("mem_1");
  assert.deepEqual(past.pauses, [0]);
});

test("it does not wait longer than a minute: the error says how long it would have been", async () => {
  const { error, requests, pauses } = await thrown([refusal(429, "X", { "retry-after": "61" })]);
  assert.deepEqual([error.retryAfterMs, requests.length, pauses], [61_000, 1, []]);
});

test("it backs off with jitter where nothing is said, and gives up after three retries", async () => {
  for (const failing of [refusal(429, "X"), answer(502, ""), answer(503, ""), answer(504, ""), new TypeError("reset")]) {
    const { error, requests, pauses } = await thrown([failing]);
    assert.ok(error instanceof sdk.Mem0Error);
    assert.equal(requests.length, 4);
    assert.equal(pauses.length, 3);
    pauses.forEach((pause, n) => assert.ok(pause >= 250 * 2 ** n && pause <= 500 * 2 ** n, String(pauses)));
  }
});

test("what would fail again is not tried again", async () => {
  for (const status of [400, 401, 403, 404, 409, 410, 413, 422, 500, 501]) {
    const { requests } = await thrown([refusal(status, "X")], WRITES.add);
    assert.equal(requests.length, 1, String(status));
  }
});

test("a twin in flight is waited for, for as long as a request may take", async () => {
  const busy = refusal(409, "CONFLICT", { "retry-after": "1" });
  const { client, requests, pauses } = scripted([...Array(9).fill(busy), ok({ id: "mem_1" })]);
  assert.deepEqual(await client.add("Tea"), { id: "mem_1" });
  assert.deepEqual(pauses, Array(9).fill(1_000));
  assert.equal(new Set(requests.map(({ headers }) => headers.get("idempotency-key"))).size, 1);
  const endless = await thrown([busy], WRITES.add, { timeoutMs: 5_000 });
  assert.ok(endless.error instanceof sdk.ConflictError);
  assert.deepEqual(endless.pauses, Array(5).fill(1_000));
  const hasty = await thrown([refusal(409, "CONFLICT", { "retry-after": "0" })], WRITES.add, { timeoutMs: 1_000 });
  assert.deepEqual(hasty.pauses, Array(4).fill(250));
});

test("with maxRetries 0 nothing is tried again", async () => {
  const busy = refusal(409, "CONFLICT", { "retry-after": "1" });
  for (const failing of [refusal(503, "X", { "retry-after": "1" }), busy, new TypeError("reset")]) {
    const { requests, pauses } = await thrown([failing], WRITES.add, { maxRetries: 0 });
    assert.deepEqual([requests.length, pauses], [1, []]);
  }
});

// --- time and the caller's signal ------------------------------------------------------------------------------------
/** Never answers, as fetch doesn't, but ends with its signal. */
function silence({ signal }) {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

test("no answer in time is a Mem0TimeoutError, after its retries", async () => {
  const { error, requests } = await thrown([silence], WRITES.add, { timeoutMs: 1 });
  assert.ok(error instanceof sdk.Mem0TimeoutError && error instanceof sdk.Mem0ConnectionError);
  assert.deepEqual([error.code, error.message, error.status], ["TIMEOUT", "No answer within 1 ms", undefined]);
  assert.equal(requests.length, 4);
  const short = await thrown([silence], (client) => client.get("mem_1", { timeoutMs: 2 }), { maxRetries: 0 });
  assert.equal(short.error.message, "No answer within 2 ms");
});

test("a body that never ends is out of time too", async () => {
  const endless = ({ signal }) => ({ ok: true, status: 200, headers: new Headers(), text: () => silence({ signal }) });
  const { error } = await thrown([endless], undefined, { timeoutMs: 1, maxRetries: 0 });
  assert.ok(error instanceof sdk.Mem0TimeoutError);
});

test("a lost connection is a Mem0ConnectionError with its cause", async () => {
  const cause = new TypeError("fetch failed");
  const { error } = await thrown([cause]);
  assert.deepEqual([error.name, error.code, error.cause], ["Mem0ConnectionError", "CONNECTION_ERROR", cause]);
});

test("the caller's signal ends a request, and nothing is tried again", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const act = (client) => {
    const result = client.add("Tea", { signal: controller.signal });
    controller.abort(reason);
    return result;
  };
  const { error, requests } = await thrown([silence], act);
  assert.equal(error, reason);
  assert.equal(requests.length, 1);
  const late = await thrown([ok()], (client) => client.get("mem_1", { signal: controller.signal }));
  assert.deepEqual([late.error, late.requests.length], [reason, 0]);
});

test("the caller's signal ends the wait before a retry", async () => {
  const controller = new AbortController();
  const failing = () => {
    setImmediate(() => controller.abort());
    return refusal(503, "X", { "retry-after": "59" });
  };
  const act = (client) => client.get("mem_1", { signal: controller.signal });
  const { error, requests } = await thrown([failing], act, { sleep: undefined });
  assert.equal(error.name, "AbortError");
  assert.equal(requests.length, 1);
});
