// What a first visit transfers: the page, its scripts and its styles, compressed. Fails above the limit.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const MOST_BYTES = 200_000;
const dist = join(import.meta.dirname, "../dist");
const page = readFileSync(join(dist, "index.html"), "utf8");
const files = ["/index.html", ...page.matchAll(/(?:src|href)="(\/[^"]+)"/g).map(([, path]) => path)];

let total = 0;
for (const path of files) {
  const { length } = gzipSync(readFileSync(join(dist, path)));
  console.log(`${String(length).padStart(7)} bytes  ${path}`);
  total += length;
}
console.log(`${String(total).padStart(7)} bytes  in all; at most ${MOST_BYTES}`);
if (total > MOST_BYTES) {
  console.error("error: the first load is too large; load what few people need with lazy()");
  process.exit(1);
}
