/** The shop in a real browser, on the real services, Kafka and MongoDB. */
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { clear, close, open } from "./stage.ts";

beforeAll(open);
afterAll(close);
afterEach(async () => {
  expect(await clear(), "no script fails, and nothing offends against the Content-Security-Policy").toEqual([]);
});

await import("./scenarios/catalogue.ts");
await import("./scenarios/cart.ts");
await import("./scenarios/shopping.ts");
await import("./scenarios/checkout.ts");
await import("./scenarios/session.ts");
await import("./scenarios/admin.ts");
await import("./scenarios/dead-letters.ts");
await import("./scenarios/jobs.ts");
await import("./scenarios/mails.ts");
await import("./scenarios/purchases.ts");
await import("./scenarios/accessibility.ts");
await import("./scenarios/outage.ts");
