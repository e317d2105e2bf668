// Holds openapi.json to the services: compares it with what the program prints, or takes that over with --write.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const copy = join(import.meta.dirname, "../openapi.json");
const program = process.env.SHOP_PROGRAM ?? join(import.meta.dirname, "../../target/debug/quadrille");
if (!existsSync(program)) {
  console.error(`error: ${program} is missing: cargo build -p quadrille, or set SHOP_PROGRAM`);
  process.exit(1);
}
// The program refuses settings that it does not know.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("QUADRILLE_")));
const current = execFileSync(program, ["openapi"], { encoding: "utf8", env, maxBuffer: 64 * 1024 * 1024 });
if (process.argv.includes("--write")) {
  writeFileSync(copy, current);
  console.log("openapi.json is what the services say");
} else if (readFileSync(copy, "utf8") === current) {
  console.log("openapi.json is current");
} else {
  console.error("error: the HTTP surface has changed. Take it over: cd web && npm run openapi -- --write");
  process.exit(1);
}
