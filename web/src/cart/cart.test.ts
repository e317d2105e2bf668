import { describe, expect, it } from "vitest";
import type { Cart, CartLine, Product } from "../api/client";
import {
  accepted,
  count,
  EMPTY,
  isOrderable,
  itemOf,
  laterCart,
  quantityOf,
  typedQuantity,
  withQuantity,
} from "./cart";

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

const line = (change: Partial<CartLine>): CartLine => ({
  product_id: "p1",
  name: "chair",
  quantity: 3,
  price: 29.99,
  total: 89.97,
  available: 3,
  notice: null,
  ...change,
});

const cart = (change: Partial<Cart>): Cart => ({ ...EMPTY, id: "c1", version: 1, ...change });

describe("the cart before its answer is there", () => {
  it("has what was put in, and its sum", () => {
    const one = withQuantity(EMPTY, itemOf(product()), 2);
    const two = withQuantity(one, itemOf(product({ id: "p2", name: "cutlery", price: 5.99 })), 1);
    expect(two.lines.map(({ name, quantity, total }) => [name, quantity, total])).toEqual([
      ["chair", 2, 59.98],
      ["cutlery", 1, 5.99],
    ]);
    expect(two.total).toBe(65.97);
    expect([count(two), count(undefined), quantityOf(two, "p1"), quantityOf(two, "p3")]).toEqual([3, 0, 2, 0]);
  });

  it("has each product once, where it was, and none of which nothing is wanted", () => {
    const one = withQuantity(EMPTY, itemOf(product()), 1);
    const two = withQuantity(one, itemOf(product({ id: "p2" })), 1);
    expect(withQuantity(two, itemOf(product()), 3).lines.map((each) => each.quantity)).toEqual([3, 1]);
    expect(withQuantity(two, itemOf(product()), 0).lines.map((each) => each.product_id)).toEqual(["p2"]);
  });
});

describe("of two states of a cart", () => {
  it("the one of the higher version is later, whichever comes last", () => {
    const [earlier, further] = [cart({ version: 1 }), cart({ version: 2 })];
    expect(laterCart(undefined, earlier)).toBe(earlier);
    expect(laterCart(earlier, further)).toBe(further);
    expect(laterCart(further, earlier)).toBe(further);
  });

  it("one of the same version brings the prices of now, and another cart is another", () => {
    const [known, dearer, another] = [cart({}), cart({ total: 31 }), cart({ id: "c2", version: 0 })];
    expect(laterCart(known, dearer)).toBe(dearer);
    expect(laterCart(known, another)).toBe(another);
  });
});

describe("a line", () => {
  it.each([
    [3, 3, true, 3],
    [3, 9, true, 3],
    [3, 2, false, 2],
    [3, 0, false, null],
  ])("of %s, when there are %s: orderable %s, accepted as %s", (quantity, available, orderable, put) => {
    const short = line({ quantity, available });
    expect(isOrderable(short)).toBe(orderable);
    expect(accepted(short)).toBe(put);
  });

  it.each([
    ["2", 2],
    ["1000000", 1_000_000],
    ["1000001", null],
    ["0", null],
    ["-4", null],
    ["2.5", null],
    ["", null],
    ["x", null],
  ])("takes the quantity that is typed as %j for %s", (text, quantity) => {
    expect(typedQuantity(text)).toBe(quantity);
  });
});
