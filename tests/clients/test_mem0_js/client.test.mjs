// mem0's published JavaScript client (npm `mem0ai`), unmodified, against a service with the defaults. Each test has a
// key of a project of its own, which test_mem0_javascript.py makes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryClient } from "mem0ai";

const host = process.env.SERVICE_URL;
const admin = process.env.SERVICE_ADMIN_KEY;
const OSLO = [{ role: "user", content: "I live in Oslo." }];
const LIVES = "User lives in Oslo";
const TEA = "Green tea at five";
const UNKNOWN = `mem_${"0".repeat(32)}`;
const ALICE = { filters: { user_id: "alice" } };

async function makeKey(fields) {
  const answer = await fetch(`${host}/api/v1/keys`, {
    method: "POST",
    headers: { "X-API-Key": admin, "Content-Type": "application/json" },
    body: JSON.stringify({ name: "mem0", role: "admin", ...fields }),
  });
  return (await answer.json()).key;
}

async function made(fields = {}) {
  const project = `project-${crypto.randomUUID()}`;
  const client = new MemoryClient({ apiKey: await makeKey({ project_ids: [project], ...fields }), host });
  return { client, project };
}

async function add(client, text, options = { userId: "alice" }) {
  const answer = await client.add([{ role: "user", content: text }], { infer: false, ...options });
  assert.equal(answer.status, "SUCCEEDED");
  assert.deepEqual(answer.results.map((result) => result.memory), [text]);
  return answer.results[0].id;
}

const texts = (answer) => answer.results.map((memory) => memory.memory);
const all = async (client) => texts(await client.getAll({ filters: { user_id: "*" } })).sort();

async function refused(act, kind, status, says = "") {
  await assert.rejects(act, (error) => {
    assert.equal(error.constructor.name, kind);
    const body = JSON.parse(error.message);
    assert.equal(typeof body.detail, "string");
    assert.equal(typeof body.error, "string");
    assert.ok(body.detail.includes(says), body.detail);
    assert.equal(error.errorCode, `HTTP_${status}`);
    return true;
  });
}

test("ping reads tenant and project", async () => {
  const { client, project } = await made();
  await client.ping();
  assert.equal(client.projectId, project);
  assert.match(client.organizationId, /^ten_/);
});

test("a wrong key is refused", async () => {
  const client = new MemoryClient({ apiKey: `mp_${"x".repeat(43)}`, host });
  await refused(() => client.get(UNKNOWN), "AuthenticationError", 401);
});

test("add extracts statements", async () => {
  const { client } = await made();
  const answer = await client.add(OSLO, { userId: "alice", metadata: { some_key: { innerKey: 1 } } });
  assert.equal(answer.message, "Memories added successfully");
  assert.equal(answer.status, "SUCCEEDED");
  assert.match(answer.eventId, /^evt_/);
  const [result] = answer.results;
  assert.deepEqual(result, { id: result.id, event: "ADD", memory: LIVES, data: { memory: LIVES } });
  assert.deepEqual((await client.get(result.id)).metadata, { some_key: { innerKey: 1 } });
});

test("infer false is verbatim, and a text twice is one memory", async () => {
  const { client } = await made();
  const said = [{ role: "system", content: "Be brief" }, { role: "user", content: "hello there" }];
  const first = await client.add(said, { userId: "alice", infer: false });
  const second = await client.add(said, { userId: "alice", infer: false });
  assert.deepEqual(texts(first), ["hello there"]);
  assert.equal(second.results[0].event, "NOOP");
  assert.equal(second.results[0].id, first.results[0].id);
  assert.deepEqual(await all(client), ["hello there"]);
});

test("get has camel case and all owners", async () => {
  const { client } = await made();
  const id = await add(client, TEA, {
    userId: "alice", agentId: "bot", appId: "shop", runId: "r1", expirationDate: "2040-01-31",
  });
  const { createdAt, updatedAt, ...memory } = await client.get(id);
  assert.ok(Math.abs(Date.now() - Date.parse(createdAt)) < 300_000);
  assert.ok(Math.abs(Date.now() - Date.parse(updatedAt)) < 300_000);
  assert.deepEqual(memory, {
    id, memory: TEA, userId: "alice", agentId: "bot", appId: "shop", runId: "r1", metadata: {}, categories: [],
    expirationDate: "2040-01-31",
  });
});

test("an unknown memory", async () => {
  const { client } = await made();
  await refused(() => client.get(UNKNOWN), "MemoryNotFoundError", 404, UNKNOWN);
  await refused(() => client.delete(UNKNOWN), "MemoryNotFoundError", 404);
  await refused(() => client.history(UNKNOWN), "MemoryNotFoundError", 404);
  await refused(() => client.update(UNKNOWN, { text: "x" }), "MemoryNotFoundError", 404);
});

test("update, history and delete", async () => {
  const { client } = await made();
  const id = await add(client, TEA);
  const changed = await client.update(id, { text: "Black tea", metadata: { a: 1 }, expirationDate: "2040-01-31" });
  assert.deepEqual([changed.memory, changed.metadata, changed.expirationDate], ["Black tea", { a: 1 }, "2040-01-31"]);
  assert.equal((await client.update(id, { expirationDate: null })).expirationDate, null);
  const entries = await client.history(id);
  assert.deepEqual(
    entries.slice(0, 2).map((entry) => [entry.event, entry.oldMemory, entry.newMemory, entry.memoryId, entry.userId]),
    [["ADD", null, TEA, id, "alice"], ["UPDATE", TEA, "Black tea", id, "alice"]],
  );
  assert.deepEqual(await client.delete(id, { deleteLinked: false }), { message: "Memory deleted successfully!" });
  assert.deepEqual(await all(client), []);
});

test("delete with the memories that it superseded", async () => {
  const { client } = await made();
  const [old] = (await client.add(OSLO, { userId: "alice" })).results;
  const [fresh] = (await client.add([{ role: "user", content: "I live in Bergen now" }], { userId: "alice" })).results;
  assert.equal(fresh.event, "UPDATE");
  await client.delete(fresh.id, { deleteLinked: true });
  await refused(() => client.get(old.id), "MemoryNotFoundError", 404);
});

test("getAll by pages", async () => {
  const { client } = await made();
  for (const number of [0, 1, 2]) await add(client, `note ${number}`);
  const page = await client.getAll({ page: 2, pageSize: 2, ...ALICE });
  assert.deepEqual([page.count, texts(page), page.next], [3, ["note 0"], null]);
  assert.equal(page.previous, `${host}/v3/memories/?page=1&page_size=2`);
  const since = await client.getAll({ startDate: "2099-01-01", ...ALICE });
  assert.deepEqual(since, { count: 0, next: null, previous: null, results: [] });
});

test("the client refuses owners beside the filters", async () => {
  const { client } = await made();
  await assert.rejects(() => client.getAll({ userId: "alice" }), /Top-level entity parameters/);
  await assert.rejects(() => client.search("tea", { userId: "alice" }), /Top-level entity parameters/);
});

test("filters", async () => {
  const { client } = await made();
  await add(client, "a1", { userId: "alice", agentId: "bot", metadata: { colour: "red" } });
  await add(client, "a2", { userId: "alice", appId: "shop" });
  await add(client, "b1", { userId: "bob", agentId: "bot" });
  const cases = [
    [{ user_id: "alice" }, ["a1", "a2"]],
    [{ agent_id: "bot" }, ["a1", "b1"]],
    [{ app_id: "shop" }, ["a2"]],
    [{ AND: [{ user_id: "alice" }, { NOT: [{ agent_id: "bot" }] }] }, ["a2"]],
    [{ OR: [{ app_id: "shop" }, { user_id: "bob" }] }, ["a2", "b1"]],
    [{ user_id: "alice", metadata: { colour: "red" } }, ["a1"]],
  ];
  for (const [filters, found] of cases) {
    assert.deepEqual(texts(await client.getAll({ filters })).sort(), found);
    assert.deepEqual(texts(await client.search("a1 a2 b1", { filters, threshold: 0 })).sort(), found);
  }
  await refused(() => client.getAll({ filters: { colour: "red" } }), "ValidationError", 400, "colour: is no key");
});

test("search", async () => {
  const { client } = await made();
  await client.add(OSLO, { userId: "alice" });
  await add(client, "The printer is broken");
  const found = await client.search("Where do I live?", { topK: 1, rerank: true, keywordSearch: true, ...ALICE });
  assert.deepEqual(texts(found), [LIVES]);
  const [best] = found.results;
  assert.ok(best.score > 0.5 && best.score <= 1);
  assert.deepEqual(Object.keys(best.scoreBreakdown).sort(), ["bm25", "entity", "semantic"]);
  assert.deepEqual(await client.search("Where do I live?", { filters: { user_id: "bob" } }), { results: [] });
});

test("deleteAll deletes what is named and nothing else", async () => {
  const { client } = await made();
  await add(client, "1", { userId: "alice", agentId: "bot" });
  await add(client, "2", { userId: "alice" });
  await add(client, "3", { userId: "bob" });
  for (const named of [{}, { userId: "" }, { userId: "*" }, { user: "alice" }, { filters: { user_id: "alice" } }]) {
    await refused(() => client.deleteAll(named), "ValidationError", 400, "nothing was deleted");
  }
  assert.deepEqual(await all(client), ["1", "2", "3"]);
  const done = { message: "Memories deleted successfully!" };
  assert.deepEqual(await client.deleteAll({ userId: "alice", agentId: "bot" }), done);
  assert.deepEqual(await all(client), ["2", "3"]);
  assert.deepEqual(await client.deleteAll({ userId: "alice" }), done);
  assert.deepEqual(await all(client), ["3"]);
});

test("users and deleteUsers", async () => {
  const { client } = await made();
  await add(client, "1", { userId: "alice", agentId: "bot", appId: "shop", runId: "r1" });
  await add(client, "2", { userId: "bob" });
  const users = await client.users({ page: 1, pageSize: 2 });
  assert.deepEqual(users.results.map((one) => [one.type, one.name, one.totalMemories]), [
    ["user", "alice", 1], ["user", "bob", 1],
  ]);
  assert.deepEqual([users.count, users.totalUsers, users.totalAgents, users.totalApps, users.totalRuns], [5, 2, 1, 1, 1]);
  assert.equal(users.next, `${host}/v1/entities/?page=2&page_size=2`);
  assert.deepEqual(await client.deleteUsers({ userId: "bob" }), { message: "Entity deleted successfully." });
  assert.deepEqual(await all(client), ["1"]);
  assert.deepEqual(await client.deleteUsers(), { message: "All users, agents, apps and runs deleted." });
  assert.deepEqual(await all(client), []);
  await add(client, "3", { userId: "carl" });
  assert.deepEqual(await client.deleteUser({ entity_id: "carl", entity_type: "user" }), {
    message: "Entity deleted successfully!",
  });
  assert.deepEqual(await all(client), []);
});

test("batches are all or none", async () => {
  const { client } = await made();
  const [one, two] = [await add(client, "1"), await add(client, "2")];
  const changes = [{ memoryId: one, text: "one" }, { memoryId: two, text: "two" }];
  await refused(() => client.batchUpdate([...changes, { memoryId: UNKNOWN, text: "x" }]), "MemoryNotFoundError", 404);
  assert.deepEqual(await all(client), ["1", "2"]);
  assert.deepEqual(await client.batchUpdate(changes), { message: "Successfully updated 2 memories" });
  assert.deepEqual(await all(client), ["one", "two"]);
  await refused(() => client.batchDelete([one, UNKNOWN]), "MemoryNotFoundError", 404);
  assert.deepEqual(await client.batchDelete([one, two]), { message: "Successfully deleted 2 memories" });
  assert.deepEqual(await all(client), []);
});

test("exports", async () => {
  const { client } = await made();
  const id = await add(client, TEA);
  const request = await client.createMemoryExport({ schema: { type: "object" }, ...ALICE });
  const exported = await client.getMemoryExport({ memoryExportId: request.id });
  assert.deepEqual([exported.count, exported.memories.map((memory) => memory.id)], [1, [id]]);
  assert.deepEqual(await client.getMemoryExport(ALICE), exported);
});

test("feedback", async () => {
  const { client } = await made();
  const id = await add(client, TEA);
  const answer = await client.feedback({ memoryId: id, feedback: "POSITIVE", feedbackReason: "because" });
  assert.deepEqual(answer, { id, feedback: "POSITIVE", feedbackReason: "because" });
});

test("profiles", async () => {
  const { client } = await made();
  assert.equal((await client.getProfile({ entityId: "alice" })).status, "insufficient_data");
  await client.add(OSLO, { userId: "alice" });
  const profile = await client.getProfile({ entityId: "alice" });
  assert.deepEqual([profile.status, profile.entityId, profile.profile.facts], ["succeeded", "alice", [LIVES]]);
  const job = await client.generateProfile({ entityId: "alice" });
  assert.equal(job.status, "not_enabled");
  assert.equal((await client.getProfileJob(job.statusUrl)).job.status, "not_enabled");
  assert.equal((await client.sampleProfiles({ limit: 2 })).sampled, 0);
  const schema = { type: "object", properties: { home_town: { type: "string", description: "The town" } } };
  const changed = await client.updateProfileSettings({ enabled: true, schema });
  assert.deepEqual(changed.entities.user.schema, schema);
  assert.deepEqual((await client.getProfileSettings()).entities.user.schema, schema);
});

test("project settings", async () => {
  const { client, project } = await made();
  await client.updateProject({ customInstructions: "Only food", customCategories: [{ food: "What they eat" }] });
  const found = await client.getProject({ fields: ["customInstructions", "customCategories"] });
  assert.deepEqual(found, { customInstructions: "Only food", customCategories: [{ food: "What they eat" }] });
  assert.equal((await client.getProject({})).name, project);
});

test("webhooks", async () => {
  const { client, project } = await made();
  const hook = await client.createWebhook({
    name: "My hook", url: "https://127.0.0.1/hook", eventTypes: ["memory_add", "memory_categorize"],
  });
  assert.deepEqual([hook.name, hook.project, hook.eventTypes], ["My hook", project, ["memory_add"]]);
  await client.updateWebhook({ webhookId: hook.webhookId, name: "Another" });
  assert.deepEqual((await client.getWebhooks()).map((one) => one.name), ["Another"]);
  assert.deepEqual(await client.deleteWebhook({ webhookId: hook.webhookId }), { message: "Webhook deleted successfully" });
  assert.deepEqual(await client.getWebhooks({ projectId: project }), []);
});

test("a viewer key does not write", async () => {
  const { client } = await made({ role: "viewer" });
  await refused(() => client.add(OSLO, { userId: "alice" }), "AuthenticationError", 403);
  assert.deepEqual(await all(client), []);
});
