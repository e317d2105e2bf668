import { defineConfig } from "vitest/config";

const MINUTE_MS = 60_000;

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.e2e.ts"],
    environment: "node",
    testTimeout: MINUTE_MS,
    hookTimeout: 4 * MINUTE_MS,
    reporters: ["verbose"],
  },
});
