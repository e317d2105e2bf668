import { describe, expect, it } from "vitest";
import type { Order } from "../api/client";
import { later } from "./cache";
import { follow, read } from "./follow";
import { looksOf, STATUSES } from "./statuses";
import { stepsOf } from "./steps";

const order = (change: Partial<Order>): Order => ({
  id: "o1",
  customer_id: "c1",
  status: "PENDING",
  cost: 1,
  currency: "EUR",
  products: [],
  created_at: "2026-11-21T12:00:00Z",
  ...change,
});

function body(...chunks: string[]): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(bytes.encode(chunk));
      controller.close();
    },
  });
}

const event = (id: string, status: string) => `event: order\nid: ${id}\ndata: {"id":"${id}","status":"${status}"}\n\n`;

describe("the stream", () => {
  it("is read across chunks, comments and other events", async () => {
    const seen: [string | undefined, string][] = [];
    const text = `retry: 1000\n: hello\n\nevent: other\ndata: {}\n\n${event("1", "ACCEPTED")}`;
    const halves = [text.slice(0, 50), text.slice(50), event("2", "REJECTED")];
    await read(
      body(...halves),
      () => undefined,
      (id, { status }) => seen.push([id, status]),
    );
    expect(seen).toEqual([
      ["1", "ACCEPTED"],
      ["2", "REJECTED"],
    ]);
  });

  it("is opened again where it broke off, after longer and longer pauses", async () => {
    const stop = new AbortController();
    const asked: (string | null)[] = [];
    const pauses: number[] = [];
    const seen: string[] = [];
    const answers = [
      () => new Response(body(event("7", "ACCEPTED"))),
      () => new Response(null, { status: 503 }),
      () => {
        throw new TypeError("no network");
      },
      () => new Response(body(event("8", "REJECTED"))),
    ];
    await follow(
      {
        open: async (last) => {
          asked.push(last);
          const next = answers.shift();
          if (next === undefined) throw new Error("asked too often");
          return next();
        },
        onOrder: ({ id }) => seen.push(id),
        onOpen: () => undefined,
        pause: async (millis) => {
          pauses.push(millis);
          if (answers.length === 0) stop.abort();
        },
      },
      stop.signal,
    );
    expect(asked).toEqual([null, "7", "7", "7"]);
    expect(seen).toEqual(["7", "8"]);
    expect(pauses).toEqual([1000, 1000, 2000, 1000]);
  });
});

const after = (...statuses: string[]) =>
  order({
    status: statuses.at(-1) ?? "PENDING",
    history: statuses.map((status) => ({ status, at: "", by: "orders" })),
  });

describe("of two states of an order", () => {
  it.each([
    [["PENDING", "ACCEPTED", "PAID", "IN_DELIVERY", "DELIVERED"]],
    [["PENDING", "ACCEPTED", "PAID", "CANCELLING", "IN_DELIVERY", "CANCELLED"]],
    [["PENDING", "REJECTED"]],
    [["PENDING", "ACCEPTED", "PACKED_BY_A_LATER_BUILD", "PAID"]],
  ])("the one further on its way is later, whichever comes last: %s", (way) => {
    const states = way.map((_, index) => after(...way.slice(0, index + 1)));
    states.forEach((earlier, index) => {
      expect(later(undefined, earlier)).toBe(earlier);
      for (const further of states.slice(index + 1)) {
        expect(later(earlier, further)).toBe(further);
        expect(later(further, earlier)).toBe(further);
      }
    });
  });

  it("one without its history is compared by its status, and takes the history that is known", () => {
    const paid = after("PENDING", "ACCEPTED", "PAID");
    expect(later(paid, order({ status: "ACCEPTED" }))).toBe(paid);
    expect(later(paid, order({ status: "PAID" })).history).toEqual(paid.history);
    expect(later(paid, order({ status: "CANCELLED" }))).toEqual({ ...paid, status: "CANCELLED" });
    expect(later(order({ status: "ACCEPTED" }), after("PENDING")).status).toBe("ACCEPTED");
  });
});

describe("the timeline", () => {
  it("says how long each step took", () => {
    const history = [
      { status: "PENDING", at: "2026-11-21T12:00:00.000Z", by: "orders" },
      { status: "ACCEPTED", at: "2026-11-21T12:00:00.042Z", by: "products" },
    ];
    expect(stepsOf(order({ history })).map(({ took }) => took)).toEqual([null, 42]);
  });

  it("begins with the placing when the history is not there yet", () => {
    expect(stepsOf(order({}))).toEqual([
      { step: { status: "PENDING", at: "2026-11-21T12:00:00Z", by: "orders" }, took: null },
    ]);
  });
});

describe("statuses", () => {
  it("all have words, and one of a later build is shown by its name", () => {
    expect(STATUSES).toHaveLength(8);
    expect(looksOf("IN_DELIVERY").words).toBe("In delivery");
    expect(looksOf("PARTLY_RETURNED")).toEqual({
      words: "Partly returned",
      step: "Partly returned",
      message: "",
      mark: "•",
    });
  });
});
