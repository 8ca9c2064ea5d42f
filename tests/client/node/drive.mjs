// The official Node client through the rows. Called by `conformance` as: node drive.mjs URL KEY FOLDER
import assert from "node:assert/strict";
import path from "node:path";
import { VlmRun } from "vlmrun";

const [url, key, folder] = process.argv.slice(2);
const client = new VlmRun({ apiKey: key, baseURL: url });
const NOBODY = "00000000-0000-4000-8000-000000000000";
const READ = { invoice_number: "R-2041", total: 118.5 };
const SCHEMA = {
  type: "object",
  properties: { invoice_number: { type: "string" }, total: { type: "number" } },
};
const at = (name) => path.join(folder, name);
const once = (make) => {
  let made;
  return () => (made ??= make());
};
const invoice = once(async () => (await client.files.upload({ filePath: at("invoice.pdf") })).id);
const generated = once(async () =>
  client.document.generate({ fileId: await invoice(), domain: "document.invoice" }),
);

// What this client makes of an error: the whole body as text.
async function refused(status, code, call) {
  const error = await call().then(
    (result) => assert.fail(`no error but ${JSON.stringify(result)}`),
    (raised) => raised,
  );
  assert.equal(error.http_status ?? error.httpStatus ?? error.status, status, error.message);
  const body = JSON.parse(error.message);
  assert.equal(body.error.code, code);
  assert.equal(body.detail, body.error.message);
  assert.ok(body.detail.length > 10 && body.detail.endsWith("."), body.detail);
}

const checks = [];
const good = (name, rows, run) => checks.push({ name, rows, run, bad: false });
const bad = (name, rows, run) => checks.push({ name, rows, run, bad: true });

good("models", ["GET /models"], async () => {
  const models = await client.models.list();
  assert.ok(models.length > 20 && models.every((entry) => entry.model && entry.domain));
});

bad("wrong key", ["GET /models"], async () => {
  const stranger = new VlmRun({ apiKey: "nonsense", baseURL: url });
  await refused(401, "invalid_api_key", () => stranger.models.list());
});

good("hub", ["GET /hub/info", "GET /hub/domains", "POST /hub/schema"], async () => {
  assert.match((await client.hub.info()).version, /^\d+\.\d+\.\d+$/);
  assert.ok((await client.hub.listDomains()).some((entry) => entry.domain === "document.receipt"));
  const whole = await client.hub.getSchema({ domain: "document.invoice" });
  assert.ok(whole.json_schema.properties.invoice_id && whole.schema_hash && whole.schema_version);
  const part = await client.hub.getSchema({ domain: "document.invoice", gql_stmt: "{ invoice_id }" });
  assert.deepEqual(Object.keys(part.json_schema.properties), ["invoice_id"]);
});

bad("hub, unknown domain", ["POST /hub/schema"], async () => {
  await assert.rejects(client.hub.getSchema({ domain: "no.such" }), /unknown_agent/);
});

good("upload, found by its MD5", ["POST /files", "GET /files/hash/{md5}"], async () => {
  assert.equal(await client.files.getCachedFile(at("node.pdf")), null);
  const first = await client.files.upload({ filePath: at("node.pdf") });
  assert.ok(first.filename === "node.pdf" && first.bytes > 500 && !first.id.includes("."));
  assert.equal((await client.files.getCachedFile(at("node.pdf"))).id, first.id);
  assert.equal((await client.files.upload({ filePath: at("node.pdf") })).id, first.id);
  const again = await client.files.upload({ filePath: at("node.pdf"), checkDuplicate: false });
  assert.notEqual(again.id, first.id);
});

bad("empty upload", ["POST /files"], async () => {
  await refused(400, "empty_file", () => client.files.upload({ filePath: at("empty.pdf") }));
});

good("files", ["GET /files", "GET /files/{id}", "DELETE /files/{id}"], async () => {
  const made = await client.files.upload({ filePath: at("small.pdf"), checkDuplicate: false });
  assert.equal((await client.files.list({ limit: 1 }))[0].id, made.id);
  assert.equal((await client.files.get(made.id)).filename, "small.pdf");
  await client.files.delete(made.id);
  await refused(404, "file_not_found", () => client.files.get(made.id));
});

bad("unknown files", ["GET /files", "GET /files/{id}", "DELETE /files/{id}"], async () => {
  await refused(400, "invalid_request", () => client.files.list({ limit: 0 }));
  await refused(404, "file_not_found", () => client.files.get(NOBODY));
  await refused(404, "file_not_found", () => client.files.delete(NOBODY));
});

good("document by domain", ["POST /document/generate"], async () => {
  const done = await generated();
  assert.equal(done.status, "completed");
  assert.equal(done.response.invoice_id, "R-2041");
  assert.equal(done.usage.elements_processed, 1);
});

good("document by schema, grounded", ["POST /document/generate"], async () => {
  const config = { jsonSchema: SCHEMA, grounding: true };
  const done = await client.document.generate({ fileId: await invoice(), config });
  assert.equal(done.response.total, READ.total);
  assert.equal(done.response.invoice_number_metadata.bboxes[0].content, "R-2041");
});

bad("document, wrong", ["POST /document/generate"], async () => {
  const fileId = await invoice();
  const generate = (more) => () => client.document.generate({ fileId, ...more });
  await refused(400, "missing_domain", generate({}));
  await refused(404, "unknown_agent", generate({ domain: "no.such" }));
  await refused(400, "invalid_schema", generate({ config: { jsonSchema: { type: "no such type" } } }));
  const gqlStmt = "{ nonsense }";
  await refused(400, "invalid_selection", generate({ domain: "document.invoice", config: { gqlStmt } }));
  const stranger = { fileId: NOBODY, domain: "document.invoice" };
  await refused(404, "file_not_found", () => client.document.generate(stranger));
});

good("images", ["POST /image/generate"], async () => {
  const images = [at("scan.png")];
  const done = await client.image.generate({ images, domain: "document.invoice" });
  assert.equal(done.usage.element_type, "image");
  assert.equal(done.response.invoice_id, "R-2041");
});

bad("images, wrong", ["POST /image/generate"], async () => {
  const images = [at("scan.png")];
  await refused(404, "unknown_agent", () => client.image.generate({ images, domain: "no.such" }));
});

good("inferred schemas", ["POST /document/schema", "POST /image/schema"], async () => {
  const document = await client.document.schema({ fileId: await invoice() });
  const image = await client.image.schema({ images: [at("scan.png")] });
  for (const made of [document.response, image.response]) {
    assert.deepEqual(Object.keys(made.json_schema.properties).sort(), ["invoice_number", "total"]);
  }
});

bad("inferred schemas, wrong", ["POST /document/schema"], async () => {
  await refused(404, "file_not_found", () => client.document.schema({ fileId: NOBODY }));
});

good("predictions", ["GET /predictions", "GET /predictions/{id}"], async () => {
  const asked = { fileId: await invoice(), domain: "document.invoice", batch: true };
  const started = await client.document.generate(asked);
  assert.ok(["enqueued", "pending", "running"].includes(started.status));
  const done = await client.predictions.wait(started.id, 60, 1);
  assert.equal(done.response.invoice_id, "R-2041");
  assert.equal((await client.predictions.list({ limit: 1 }))[0].id, started.id);
});

bad("unknown predictions", ["GET /predictions", "GET /predictions/{id}"], async () => {
  await refused(400, "invalid_request", () => client.predictions.list({ limit: 0 }));
  await refused(404, "prediction_not_found", () => client.predictions.get("nothing"));
});

good("feedback", ["POST /feedback/submit"], async () => {
  const id = (await generated()).id;
  const made = await client.feedback.submit({ id, label: { invoice_id: "R-2042" }, notes: "misread" });
  assert.equal(made.request_id, id);
});

bad("feedback, wrong", ["POST /feedback/submit"], async () => {
  const asked = { id: "nothing", label: {}, notes: "x" };
  await refused(404, "prediction_not_found", () => client.feedback.submit(asked));
});

const elsewhere = { url: "https://example.org/a", domain: "a" };
bad("audio", ["/audio"], async () => {
  await refused(400, "not_supported", () => client.audio.generate(elsewhere));
  await refused(400, "not_supported", () => client.audio.schema({ url: elsewhere.url }));
});
bad("video", ["/video"], async () => {
  await refused(400, "not_supported", () => client.video.generate(elsewhere));
  await refused(400, "not_supported", () => client.video.schema({ url: elsewhere.url }));
});
bad("web", ["/web"], async () => {
  await refused(400, "not_supported", () => client.web.generate({ ...elsewhere, mode: "fast" }));
});
bad("datasets", ["/datasets"], async () => {
  await refused(400, "not_supported", () => client.dataset.list());
  await refused(400, "not_supported", () => client.dataset.get("a"));
});
bad("fine-tuning", ["/fine_tuning"], async () => {
  await refused(400, "not_supported", () => client.finetuning.list());
  await refused(400, "not_supported", () => client.finetuning.provision({ model: "a" }));
});

for (const { name, rows, run, bad } of checks) {
  const failure = await run().then(
    () => null,
    (error) => String(error.stack ?? error).slice(0, 2000),
  );
  for (const row of rows) console.log(`OUTCOME ${JSON.stringify({ row, bad, name, failure })}`);
}
