// The Lambda Runtime API, which `provided` runtimes speak: take an event, answer it, again.
import { Agent, request } from "node:http";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = request({ host, port, method, path: `/2018-06-01/runtime/${path}`, agent, headers }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const named = (error) => JSON.stringify({ errorType: error.name, errorMessage: "the function failed" });

let handle;
try {
  ({ handle } = await import("./handler.mjs"));
} catch (error) {
  await call("POST", "init/error", named(error));
  throw error;
}

for (;;) {
  const next = await call("GET", "invocation/next");
  const id = next.headers["lambda-runtime-aws-request-id"];
  try {
    const answer = await handle(JSON.parse(next.body));
    await call("POST", `invocation/${id}/response`, JSON.stringify(answer));
  } catch (error) {
    console.error(JSON.stringify({ level: "ERROR", error: error.name }));
    await call("POST", `invocation/${id}/error`, named(error));
  }
}
