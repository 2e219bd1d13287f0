// Says of each query on stdin, one JSON string a line, whether an independent grammar of SOQL accepts it.
import { createInterface } from "node:readline";
import { parseQuery } from "@jetstreamapp/soql-parser-js";

const refused = [];
let count = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const query = JSON.parse(line);
  count += 1;
  try {
    parseQuery(query);
  } catch (error) {
    refused.push([query, String(error.message)]);
  }
}
console.log(JSON.stringify({ count, refused }));
