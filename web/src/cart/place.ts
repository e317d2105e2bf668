import type { Order } from "../api/client";
import { Problem } from "../api/problem";
import { withKey, withoutKey, type Cart } from "./cart";

/** What placing an order works with. */
export interface Till {
  cart(): Cart;
  change(by: (now: Cart) => Cart): void;
  drawKey(): string;
  send(cart: Cart, key: string): Promise<Order>;
}

/**
 * Orders what is in the cart. The key is kept with the cart until an answer came, so that a repetition after a lost
 * answer, even after a reload, is the same order. The cart is emptied only when the order is safe.
 */
export async function placeOrder(till: Till): Promise<Order> {
  till.change((now) => withKey(now, till.drawKey));
  const { lines, key } = till.cart();
  try {
    const order = await till.send({ lines, key }, key ?? "");
    till.change((now) => {
      const left = now.lines.filter((line) => !lines.some(({ id }) => id === line.id));
      return { lines: left, key: null };
    });
    return order;
  } catch (failure) {
    // No answer, or one that does not say whether it was placed: the key stays.
    if (failure instanceof Problem && failure.decides) till.change(withoutKey);
    throw failure;
  }
}
