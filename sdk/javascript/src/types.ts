/** Options are camelCase, as JavaScript has it; what comes back keeps the names of the wire. */

export type Time = string | Date;
type Json = Record<string, unknown>;

export interface ClientOptions {
  /** Default: the environment's MEM0_API_KEY. */
  apiKey?: string;
  /** Default: the environment's MEM0_BASE_URL, else http://localhost:8080. */
  baseUrl?: string;
  /** For one try of one request. Default 30,000. */
  timeoutMs?: number;
  /** Tries after the first one. Default 3; 0: none. */
  maxRetries?: number;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch;
  /** In place of waiting before a retry: for tests. */
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Every method's last argument takes these. */
export interface RequestOptions {
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Writes only. Default: a fresh one for each call, the same over its retries. */
  idempotencyKey?: string;
}

export interface WriteOptions extends RequestOptions {
  /** Don't wait for the result: the answer has an `event_id`. */
  respondAsync?: boolean;
}

export interface WaitOptions extends RequestOptions {
  /** How long to wait for the event, in all. Default 60,000. */
  patienceMs?: number;
}

/** A part of a message, as chat SDKs send it. Parts without text are skipped and counted. */
export type Part = string | null | { type?: string | null; text?: unknown; [key: string]: unknown };
/** `timestamp` is a time, or Unix seconds or milliseconds. */
export type Message = {
  role: string; content?: Part | Part[]; name?: string | null; timestamp?: Time | number | null; [key: string]: unknown;
};
export type AddInput = string | Message[] | { content: string } | { messages: Message[] };

/** Conditions on metadata and columns, nested with AND, OR, NOT: `{ topic: "work", created_at: { gte: "2026-01-01" } }` */
export type Filters = Json;

/** `runId` is the conversation. */
type Context = { userId?: string; agentId?: string; runId?: string; project?: string };
/** `ttl` is a span like `30d`, `12h`, `6mo`; `expiresAt: null` is never. */
type Expiry = { ttl?: string; expiresAt?: Time | null };

export interface AddOptions extends WriteOptions, Context, Expiry {
  metadata?: Json;
  /** false stores each message verbatim as one memory. */
  infer?: boolean;
  /** When it was said. */
  timestamp?: Time;
}

export interface SearchOptions extends RequestOptions, Context {
  limit?: number;
  threshold?: number;
  filters?: Filters;
  /** What the service knew at that time. */
  asOf?: Time;
  /** What was true at that time. */
  validAt?: Time;
  /** What "yesterday" in the query counts from. */
  referenceTime?: Time;
  archived?: boolean;
  explain?: boolean;
}

export interface GetOptions extends RequestOptions {
  include?: ("embedding" | "history")[];
  asOf?: Time;
}

/** `metadata` is merged into what is there. */
export interface UpdateFields extends Expiry {
  content?: string; metadata?: Json; memoryType?: string; pinned?: boolean; importance?: number;
}

export interface ListOptions extends RequestOptions {
  limit?: number; cursor?: string; project?: string; filters?: Filters; asOf?: Time;
}

export interface Memory {
  id: string; content: string; /** The same text. */ memory: string;
  user_id: string; agent_id: string | null; run_id: string | null; project: string;
  metadata: Json & { entities: unknown[] }; relationships: { type: string; entity: string; confidence: number }[];
  memory_type: string; pinned: boolean; importance: number; status: "active" | "pending" | "failed";
  created_at: string; updated_at: string; expires_at: string | null;
  embedding?: number[] | null; history?: Revision[];
}
export interface ScoredMemory extends Memory { score: number; why?: Json }
export interface Revision {
  revision_id: string; content: string; metadata: Json; actor: string; reason: string;
  action: "ADD" | "UPDATE" | "SUPERSEDE" | "RETIRE" | "ARCHIVE" | "RESTORE"; confidence: number; evidence: string;
  valid_from: string; valid_to: string | null; recorded_at: string; retired_at: string | null;
}
export interface ItemResult {
  id: string; memory: string; content: string; event: "ADD" | "UPDATE" | "DELETE" | "NONE";
  created_at: string | null; /** Names. */ entities: string[];
}

/** `event_id` and `status` are there only while the result is not: see `waitForEvent`. `id` null: nothing was kept. */
export interface AddResult { id: string | null; results: ItemResult[]; skipped_parts: number; event_id?: string; status?: string }
export interface PendingUpdate { id: string; event_id: string; status: "pending" }
export interface SearchResult { results: ScoredMemory[]; total: number; query: string }
export interface DeleteResult { id: string; deleted: boolean; receipt_id: string }
export interface History { id: string; revisions: Revision[] }
export interface UserMemories {
  user_id: string; results: Memory[]; next_cursor: string | null; total: number; stats: UserStats;
}
export interface UserStats {
  total_memories: number; memories_last_7d: number; entities: number;
  first_memory_at: string | null; last_memory_at: string | null;
}
export interface ErasureReceipt {
  receipt_id: string; scope: Json; counts: Record<string, number>;
  requested_at: string; completed_at: string | null; signature: string;
}
export interface WriteEvent {
  id: string; status: "pending" | "running" | "succeeded" | "failed"; memory_id: string | null;
  results: ItemResult[]; error: string | null; created_at: string; finished_at: string | null;
}
export interface Health {
  status: "healthy" | "degraded" | "unhealthy"; version: string; timestamp: string;
  database: string; vector_store: string; dependencies: Record<string, string>;
}
export interface Status { status: string; version: string; uptime_seconds: number; [component: string]: unknown }
export interface Metrics { scope: "service" | "tenant"; [what: string]: unknown }
