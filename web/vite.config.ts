import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { PATHS } from "./src/paths.ts";

const shop = process.env["QUADRILLE_URL"] ?? "http://localhost:8080";

/** Tells the gateway which addresses have a page. */
const routes: Plugin = {
  name: "routes",
  generateBundle() {
    this.emitFile({ type: "asset", fileName: "routes.json", source: JSON.stringify(Object.values(PATHS)) });
  },
};

export default defineConfig({
  plugins: [react(), tailwindcss(), routes],
  // A strict Content-Security-Policy allows `data:` for images only.
  build: { assetsInlineLimit: 0 },
  server: { proxy: { "/api": shop } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
