import { describe, expect, it, vi } from "vitest";
import type { Order } from "../api/client";
import { Problem } from "../api/problem";
import type { Cart } from "./cart";
import { placeOrder, type Till } from "./place";

const line = { id: "p1", name: "chair", price: 29.99, currency: "EUR", quantity: 1, stock: 3 };

/** A till whose answers are given one after the other. */
function till(answers: (Order | Error)[]) {
  let cart: Cart = { lines: [line], key: null };
  let drawn = 0;
  const keys: string[] = [];
  const made: Till = {
    cart: () => cart,
    change: (by) => {
      cart = by(cart);
    },
    drawKey: () => {
      drawn += 1;
      return `key ${drawn}`;
    },
    send: async (_, key) => {
      keys.push(key);
      const next = answers.shift();
      if (next instanceof Error) throw next;
      if (next === undefined) throw new Error("no more answers");
      return next;
    },
  };
  return { made, keys, cart: () => cart };
}

const order = { id: "o1" } as Order;
const lost = () => new Problem(0, "unreachable", "");

describe("placing an order", () => {
  it("empties the cart when the order is safe", async () => {
    const { made, cart } = till([order]);
    await expect(placeOrder(made)).resolves.toBe(order);
    expect(cart()).toEqual({ lines: [], key: null });
  });

  it.each([lost(), new Problem(503, "unavailable", ""), new Problem(500, "internal", "")])(
    "repeats with the same key after $status",
    async (failure) => {
      const { made, keys, cart } = till([failure, order]);
      await expect(placeOrder(made)).rejects.toBe(failure);
      expect(cart()).toEqual({ lines: [line], key: "key 1" });
      await placeOrder(made);
      expect(keys).toEqual(["key 1", "key 1"]);
    },
  );

  it("takes a new key after a refusal, and keeps the cart", async () => {
    const refusal = new Problem(409, "insufficient-stock", "");
    const { made, keys, cart } = till([refusal, order]);
    await expect(placeOrder(made)).rejects.toBe(refusal);
    expect(cart()).toEqual({ lines: [line], key: null });
    await placeOrder(made);
    expect(keys).toEqual(["key 1", "key 2"]);
  });

  it("keeps what was put in the cart meanwhile", async () => {
    const { made, cart } = till([order]);
    const more = { ...line, id: "p2" };
    made.send = vi.fn(async () => {
      made.change((now) => ({ ...now, lines: [...now.lines, more] }));
      return order;
    });
    await placeOrder(made);
    expect(cart().lines).toEqual([more]);
  });
});
