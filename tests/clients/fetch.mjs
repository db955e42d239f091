// A request from standard input, sent with Node's own fetch; what came back, on standard output.
import { text } from "node:stream/consumers";

const { url, ...init } = JSON.parse(await text(process.stdin));
const answer = await fetch(url, init);
const body = await answer.json();
console.log(JSON.stringify({ status: answer.status, retryAfter: answer.headers.get("Retry-After"), body }));
