// Runs the published client of MCP: a JSON array of calls in (method and parameters), a line of JSON out with what each
// of them gave, or the error that it raised.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { url, key, command, calls } = JSON.parse(process.argv[2]);
const headers = { Authorization: `Bearer ${key}` };
const transport = command
  ? new StdioClientTransport(command)
  : new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
const client = new Client({ name: "tests", version: "1.0.0" });
await client.connect(transport);
const gave = [];
for (const [method, params] of calls) {
  try {
    gave.push({ gave: await client[method](params) });
  } catch (error) {
    gave.push({ raised: error.message, code: error.code });
  }
}
console.log(JSON.stringify(gave));
await client.close();
