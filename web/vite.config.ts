import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const shop = process.env["QUADRILLE_URL"] ?? "http://localhost:8080";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  // A strict Content-Security-Policy allows `data:` for images only.
  build: { assetsInlineLimit: 0 },
  server: { proxy: { "/api": shop } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
