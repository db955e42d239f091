/** What the service refused, or why it could not be reached: one class a kind, all of them a `Mem0Error`. */

type Fields = Partial<Pick<Mem0Error, "details" | "status" | "requestId" | "retryAfterMs" | "cause">>;

export class Mem0Error extends Error {
  readonly details: Record<string, unknown>;
  /** The HTTP status; undefined where there was no answer. */
  readonly status: number | undefined;
  /** `X-Request-Id`: it finds the line in the service's log. */
  readonly requestId: string | undefined;
  /** What `Retry-After` said, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  /** `code` is the service's (`MEMORY_NOT_FOUND`, …) or one of this client's own. */
  constructor(readonly code: string, message: string, fields: Fields = {}) {
    super(message, "cause" in fields ? { cause: fields.cause } : undefined);
    this.name = new.target.name;
    this.details = fields.details ?? {};
    this.status = fields.status;
    this.requestId = fields.requestId;
    this.retryAfterMs = fields.retryAfterMs;
  }
}

/** 400, or refused by this client before anything was sent (then without a status). */
export class InvalidRequestError extends Mem0Error {}
export class AuthenticationError extends Mem0Error {}
export class PermissionDeniedError extends Mem0Error {}
/** Unknown, or not this key's. */
export class NotFoundError extends Mem0Error {}
export class ConflictError extends Mem0Error {}
export class MemoryExpiredError extends Mem0Error {}
export class PayloadTooLargeError extends Mem0Error {}
/** The same Idempotency-Key was used for another body. */
export class IdempotencyMismatchError extends Mem0Error {}
export class RateLimitError extends Mem0Error {}
/** Any 5xx. */
export class ServerError extends Mem0Error {}
export class ServiceUnavailableError extends ServerError {}
/** No answer: refused, reset, unknown host. */
export class Mem0ConnectionError extends Mem0Error {}
/** No answer in time. */
export class Mem0TimeoutError extends Mem0ConnectionError {}

const BY_STATUS: Record<number, typeof Mem0Error> = {
  400: InvalidRequestError, 401: AuthenticationError, 403: PermissionDeniedError, 404: NotFoundError,
  409: ConflictError, 410: MemoryExpiredError, 413: PayloadTooLargeError, 422: IdempotencyMismatchError,
  429: RateLimitError, 503: ServiceUnavailableError,
};

/** The error of an answer; `body` is its JSON, or undefined where a proxy answered with something else. */
export function errorOf(response: Response, body: unknown): Mem0Error {
  const said = (body as { error?: Partial<Mem0Error> } | undefined)?.error ?? {};
  const { status, headers } = response;
  const redirects = response.type === "opaqueredirect" || (status >= 300 && status < 400);
  const fallback = redirects ? "The service redirects elsewhere: set baseUrl to its real address" : `HTTP ${status}`;
  const Kind = BY_STATUS[status] ?? (status >= 500 ? ServerError : Mem0Error);
  return new Kind(said.code ?? (redirects ? "REDIRECTED" : `HTTP_${status}`), said.message ?? fallback, {
    details: said.details ?? {},
    status,
    requestId: headers.get("x-request-id") ?? undefined,
    retryAfterMs: retryAfter(headers.get("retry-after") ?? ""),
  });
}

/** `Retry-After` in milliseconds: seconds, or an HTTP date. */
function retryAfter(value: string): number | undefined {
  const ms = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
