import { defineConfig } from "vitest/config";
import { PATIENCE_MS } from "./until.ts";

const MINUTE_MS = 60_000;

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.e2e.ts"],
    environment: "node",
    expect: { poll: { timeout: PATIENCE_MS } },
    testTimeout: 3 * MINUTE_MS,
    hookTimeout: 4 * MINUTE_MS,
    reporters: ["verbose"],
  },
});
