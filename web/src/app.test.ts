import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PATHS } from "./paths";

test("the gateway is told every address that the shop has a page for, and no other", () => {
  const source = readFileSync(new URL("app.tsx", import.meta.url), "utf8");
  const routes = [...source.matchAll(/<Route\s[^>]*?\b(path=\S+|index\b)/g)].map((route) => route[1]);
  const known = Object.keys(PATHS).map((name) => `path={PATHS.${name}}`);
  expect(routes.toSorted()).toEqual([...known, 'path="*"'].toSorted());
});
