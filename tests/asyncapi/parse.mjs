// Reads an AsyncAPI document from standard input; writes what the official parser has to say of it and finds in it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { Parser } = createRequire(join(process.argv[2], "here.js"))("@asyncapi/parser");
const { document, diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
const all = (collection) => collection.all().map((each) => each.id());
process.stdout.write(
  JSON.stringify({
    diagnostics: diagnostics.map(({ severity, code, message, path }) => ({ severity, code, message, path })),
    version: document?.version(),
    channels: document && all(document.channels()),
    operations: document && all(document.operations()),
    messages: document && all(document.messages()),
    servers: document && all(document.servers()),
  }),
);
