import { describe, expect, it } from "vitest";
import type { Product } from "../api/client";
import { accept, add, count, EMPTY, quantityOf, remove, setQuantity, withKey, withoutKey } from "./cart";
import { changeOf } from "./changes";
import { readCart } from "./stored";

function product(change: Partial<Product> = {}): Product {
  return {
    id: "p1",
    name: "chair",
    description: "",
    price: 29.99,
    currency: "EUR",
    quantity: 3,
    categories: [],
    ...change,
  };
}

describe("the cart", () => {
  it("adds up to the stock and no further", () => {
    let cart = EMPTY;
    for (let press = 0; press < 5; press += 1) cart = add(cart, product());
    expect(quantityOf(cart, "p1")).toBe(3);
    expect(add(cart, product({ id: "p2", quantity: 0 }))).toBe(cart);
    expect(count(add(cart, product({ id: "p2" })))).toBe(4);
  });

  it.each([
    [0, 1],
    [-4, 1],
    [2.9, 2],
    [Number.NaN, 1],
    [99, 3],
  ])("takes a quantity of %s for %s", (wanted, taken) => {
    expect(quantityOf(setQuantity(add(EMPTY, product()), "p1", wanted, 3), "p1")).toBe(taken);
  });

  it("draws a key once, and another for another order", () => {
    const cart = add(EMPTY, product());
    const tried = withKey(cart, () => "first");
    expect(withKey(tried, () => "second").key).toBe("first");
    expect(withoutKey(tried).key).toBeNull();
    for (const changed of [
      add(tried, product({ id: "p2" })),
      remove(tried, "p1"),
      setQuantity(tried, "p1", 2, 3),
      accept(tried, product({ price: 1 })),
    ]) {
      expect(changed.key).toBeNull();
    }
  });

  it("takes over a new price and stock when told to", () => {
    const cart = accept(setQuantity(add(EMPTY, product()), "p1", 3, 3), product({ price: 31, quantity: 2 }));
    expect(cart.lines).toEqual([{ id: "p1", name: "chair", price: 31, currency: "EUR", quantity: 2, stock: 2 }]);
  });
});

describe("what has changed since", () => {
  const line = add(EMPTY, product()).lines[0];
  if (line === undefined) throw new Error("there is a line");

  it("is nothing while price and stock suffice", () => {
    expect(changeOf(line, product({ quantity: 1 }))).toBeNull();
  });

  it("is said in words, and blocks what can't be ordered", () => {
    expect(changeOf(line, product({ price: 30 }))).toEqual({
      text: "The price was €29.99 and is €30.00 now.",
      blocks: false,
    });
    expect(changeOf({ ...line, quantity: 2 }, product({ quantity: 1 }))).toEqual({
      text: "Only 1 left; you wanted 2.",
      blocks: true,
    });
    expect(changeOf(line, product({ quantity: 0 }))?.blocks).toBe(true);
    expect(changeOf(line, null)?.blocks).toBe(true);
  });
});

describe("the stored cart", () => {
  it("is read back as it was", () => {
    const cart = withKey(add(EMPTY, product()), () => "key");
    expect(readCart(JSON.stringify(cart))).toEqual(cart);
  });

  it.each([null, "", "{", "[]", "7", '{"lines":7}'])("is empty when it is %j", (text) => {
    expect(readCart(text)).toEqual(EMPTY);
  });

  it("loses lines that can't be understood, and then its key", () => {
    const good = add(EMPTY, product()).lines[0];
    const bad = { ...good, quantity: -1 };
    expect(readCart(JSON.stringify({ lines: [good, bad], key: "key" }))).toEqual({ lines: [good], key: null });
  });
});
