// Every method against a running service: MEM0_BASE_URL names it, MEM0_API_KEY is an editor's, MEM0_ADMIN_KEY an admin's.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import {
  AuthenticationError, IdempotencyMismatchError, InvalidRequestError, MemoryClient, NotFoundError, PermissionDeniedError,
} from "@mem0/client";

const client = new MemoryClient();
const someone = () => `js/${randomUUID()}`; // a slash, since a user's id may have one

async function refused(promise) {
  return promise.then(
    () => assert.fail("nothing was thrown"),
    (error) => error,
  );
}

test("a memory's life: added, found, read, changed, erased", async () => {
  const userId = someone();
  const added = await client.add("I love building AI applications with FastAPI", {
    userId, agentId: "agent", runId: "run", metadata: { source: "js", fromApp: { keyName: 1 } },
  });
  assert.equal(added.results[0].event, "ADD");
  const { id, content } = added.results[0];

  const found = await client.search("FastAPI", { userId, limit: 5, threshold: 0 });
  assert.deepEqual([found.query, found.total, found.results.map((m) => m.id)], ["FastAPI", 1, [id]]);
  assert.equal(typeof found.results[0].score, "number");
  assert.equal((await client.search("FastAPI", { userId: someone() })).total, 0);

  const memory = await client.get(id);
  assert.deepEqual([memory.id, memory.content, memory.user_id, memory.agent_id, memory.run_id],
    [id, content, userId, "agent", "run"]);
  assert.deepEqual([memory.metadata.source, memory.metadata.fromApp], ["js", { keyName: 1 }]);
  assert.equal(memory.history, undefined);

  const expiresAt = new Date(Date.now() + 86_400_000);
  const changed = await client.update(id, {
    content: "I love building agents", metadata: { edited: true }, expiresAt, importance: 0.9, pinned: true,
  });
  assert.deepEqual([changed.content, changed.importance, changed.pinned], ["I love building agents", 0.9, true]);
  assert.deepEqual([changed.metadata.source, changed.metadata.edited], ["js", true]);
  assert.equal(Date.parse(changed.expires_at), expiresAt.getTime());
  assert.equal((await client.update(id, { expiresAt: null })).expires_at, null);

  const { revisions } = await client.history(id);
  assert.equal(revisions.at(-1).action, "ADD");
  assert.equal(revisions.at(-1).content, content);
  assert.equal(revisions[0].content, "I love building agents");
  assert.deepEqual((await client.get(id, { include: ["history"] })).history, revisions);

  const deleted = await client.delete(id);
  assert.deepEqual([deleted.id, deleted.deleted], [id, true]);
  assert.match(deleted.receipt_id, /^\w+_[0-9a-f]{32}$/);
  const gone = await refused(client.get(id));
  assert.ok(gone instanceof NotFoundError);
  assert.deepEqual([gone.status, gone.code], [404, "MEMORY_NOT_FOUND"]);
});

test("a conversation is kept in its order, and read page by page", async () => {
  const userId = someone();
  const turns = ["one", "two", "three", "four", "five"].map((word) => `The word of this turn is ${word}`);
  const messages = turns.map((content) => ({ role: "user", name: "Ann", content, timestamp: new Date() }));
  const added = await client.add(messages, { userId, infer: false, ttl: "30d" });
  assert.deepEqual(added.results.map((result) => result.content), turns);

  const page = await client.getAll(userId, { limit: 2 });
  assert.deepEqual([page.user_id, page.results.length, page.total, page.stats.total_memories], [userId, 2, 5, 5]);
  assert.ok(page.next_cursor);
  const read = [];
  for await (const memory of client.iterate(userId, { limit: 2 })) read.push(memory.content);
  assert.deepEqual(read.sort(), [...turns].sort());

  const receipt = await client.deleteUser(userId);
  assert.equal(receipt.counts.memories, 5);
  assert.equal((await client.getAll(userId)).total, 0);
});

test("a write need not be waited for", async () => {
  const added = await client.add({ content: "Tea is at five" }, { userId: someone(), respondAsync: true });
  assert.equal(added.status, "pending");
  assert.equal((await client.event(added.event_id)).id, added.event_id);
  const event = await client.waitForEvent(added.event_id);
  assert.equal(event.status, "succeeded", event.error ?? "");
  assert.equal(event.results[0].event, "ADD");
  assert.equal((await client.get(event.results[0].id)).content, event.results[0].content);
});

test("health needs no key; the state of the parts does", async () => {
  const stranger = new MemoryClient({ apiKey: "mp_unknown" });
  const health = await stranger.health();
  assert.deepEqual([health.status, health.database, health.vector_store], ["healthy", "healthy", "healthy"]);
  const status = await client.status();
  assert.equal(status.version, health.version);
  assert.equal(status.database.status, "healthy");
  const refusal = await refused(stranger.status());
  assert.ok(refusal instanceof AuthenticationError);
  assert.equal(refusal.code, "UNAUTHORIZED");
});

test("metrics need an admin key", async () => {
  const error = await refused(client.metrics());
  assert.ok(error instanceof PermissionDeniedError);
  assert.deepEqual([error.status, error.code], [403, "FORBIDDEN"]);
  const metrics = await new MemoryClient({ apiKey: process.env.MEM0_ADMIN_KEY }).metrics();
  assert.match(metrics.scope, /^(service|tenant)$/);
  assert.equal(typeof metrics.operations, "object");
});

test("a write sent twice with one key happens once; with another body it is refused", async () => {
  const userId = someone();
  const idempotencyKey = randomUUID();
  const first = await client.add("Tea is at five", { userId, idempotencyKey });
  assert.deepEqual(await client.add("Tea is at five", { userId, idempotencyKey }), first);
  assert.equal((await client.getAll(userId)).total, 1);
  const error = await refused(client.add("Tea is at six", { userId, idempotencyKey }));
  assert.ok(error instanceof IdempotencyMismatchError);
  assert.deepEqual([error.status, error.code], [422, "IDEMPOTENCY_MISMATCH"]);
});

test("twins in flight are one write, and each is told its id", async () => {
  const userId = someone();
  const idempotencyKey = randomUUID();
  const twins = Array.from({ length: 4 }, () => client.add("Tea is at seven", { userId, idempotencyKey }));
  const [first, ...rest] = await Promise.all(twins);
  for (const answer of rest) assert.equal(answer.id, first.id);
  assert.equal((await client.getAll(userId)).total, 1);
});

test("filters choose among a user's memories", async () => {
  const userId = someone();
  const said = { home: "The kettle is in the kitchen", work: "The report is in the drawer" };
  for (const [topic, text] of Object.entries(said)) await client.add(text, { userId, metadata: { topic } });
  const contents = (results) => results.map((memory) => memory.content);
  const page = await client.getAll(userId, { filters: { topic: "work" } });
  assert.deepEqual([contents(page.results), page.total], [[said.work], 1]);
  const filters = { AND: [{ topic: { in: ["home", "garden"] } }, { created_at: { gte: "2020-01-01T00:00:00Z" } }] };
  assert.deepEqual(contents((await client.search("where is it", { userId, filters })).results), [said.home]);
  const error = await refused(client.search("where is it", { userId, filters: { topic: { near: "work" } } }));
  assert.deepEqual([error.status, error.code], [400, "INVALID_REQUEST"]);
});

test("a refusal tells the field, and the line of the log", async () => {
  const error = await refused(client.search("tea", { limit: 51 }));
  assert.ok(error instanceof InvalidRequestError);
  assert.deepEqual([error.status, error.code, error.details.field], [400, "INVALID_REQUEST", "limit"]);
  assert.match(error.message, /^limit: /);
  assert.match(error.requestId, /^\w+$/);
});

test("a request given up by the caller or out of time is an error", async () => {
  await assert.rejects(client.health({ signal: AbortSignal.abort() }), { name: "AbortError" });
  const hasty = new MemoryClient({ maxRetries: 0, timeoutMs: 1 });
  await assert.rejects(hasty.status(), { name: "Mem0TimeoutError" });
  const nowhere = new MemoryClient({ baseUrl: "http://127.0.0.1:1", maxRetries: 1, sleep: async () => {} });
  await assert.rejects(nowhere.health(), { name: "Mem0ConnectionError" });
});
