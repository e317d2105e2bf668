import type { Cart, CartLine, Product } from "../api/client";
import { sum } from "../ui/money";

/** The beginning of every cart's key. */
export const cartsKey = ["cart"] as const;

/** The most of one product that a cart takes. */
export const MAX_QUANTITY = 1_000_000;

/** A cart that nothing was ever put in. */
export const EMPTY: Cart = { id: "", version: 0, currency: "EUR", total: 0, lines: [] };

/** What a cart has to know of a product to show it before the answer is there. */
export type Item = Pick<CartLine, "product_id" | "name" | "price" | "available"> & { currency: string };

export function itemOf({ id, name, price, currency, quantity }: Product): Item {
  return { product_id: id, name, price, currency, available: quantity };
}

export function quantityOf(cart: Cart | undefined, id: string): number {
  return cart?.lines.find((line) => line.product_id === id)?.quantity ?? 0;
}

/** How many pieces are in the cart. */
export function count(cart: Cart | undefined): number {
  return cart?.lines.reduce((total, line) => total + line.quantity, 0) ?? 0;
}

/** The cart as it will be once it has `quantity` of an item; its version is the service's to tell. */
export function withQuantity(cart: Cart, { currency, ...item }: Item, quantity: number): Cart {
  const line: CartLine = { ...item, quantity, total: sum([{ price: item.price, quantity }]), notice: null };
  const isThere = cart.lines.some(({ product_id }) => product_id === item.product_id);
  const lines = cart.lines.map((old) => (old.product_id === item.product_id ? line : old));
  const left = (isThere ? lines : [...lines, line]).filter((each) => each.quantity > 0);
  const total = sum(left.map((each) => ({ price: each.total, quantity: 1 })));
  return { ...cart, currency, lines: left, total };
}

/** Of two states of one cart the later; prices and stock may differ in one version. */
export function laterCart(known: Cart | undefined, received: Cart): Cart {
  return known?.id === received.id && known.version > received.version ? known : received;
}

/** Whether there are enough of the product, as far as is known. */
export function isOrderable(line: CartLine): boolean {
  return line.available >= line.quantity;
}

/** How many to put in so that a line with a notice is as its customer wants it; null when only removing it is left. */
export function accepted(line: CartLine): number | null {
  const quantity = Math.min(line.quantity, line.available);
  return quantity > 0 ? quantity : null;
}

/** The quantity that is typed, or null while it is none. */
export function typedQuantity(text: string): number | null {
  const quantity = Number(text);
  return Number.isInteger(quantity) && quantity >= 1 && quantity <= MAX_QUANTITY ? quantity : null;
}
