import type { Product } from "../api/client";

/** A product in the cart, as it was when the customer last looked at it. */
export interface Line {
  id: string;
  name: string;
  price: number;
  currency: string;
  /** How many are wanted. */
  quantity: number;
  /** How many there were. */
  stock: number;
}

export interface Cart {
  lines: readonly Line[];
  /**
   * The idempotency key of the order that was tried with exactly these lines. It stays until an answer came, so that
   * a repetition is the same order.
   */
  key: string | null;
}

export const EMPTY: Cart = { lines: [], key: null };

export function add(cart: Cart, product: Product): Cart {
  const wanted = quantityOf(cart, product.id) + 1;
  const line = { ...seen(product), quantity: Math.min(wanted, product.quantity) };
  if (line.quantity < 1) return cart;
  const known = cart.lines.some(({ id }) => id === product.id);
  const lines = known ? cart.lines.map((old) => (old.id === product.id ? line : old)) : [...cart.lines, line];
  return { lines, key: null };
}

/** Sets how many are wanted, from one to `stock`. */
export function setQuantity(cart: Cart, id: string, quantity: number, stock: number): Cart {
  const whole = Math.min(Math.max(1, Math.trunc(quantity) || 1), Math.max(1, stock));
  return change(cart, id, (line) => ({ ...line, quantity: whole }));
}

export function remove(cart: Cart, id: string): Cart {
  return { lines: cart.lines.filter((line) => line.id !== id), key: null };
}

/** Takes over price and stock as they are now; the quantity goes down to the stock. */
export function accept(cart: Cart, product: Product): Cart {
  return change(cart, product.id, (line) => ({
    ...seen(product),
    quantity: Math.max(1, Math.min(line.quantity, product.quantity)),
  }));
}

/** Draws the key of an order of these lines, unless one was tried before. */
export function withKey(cart: Cart, draw: () => string): Cart {
  return cart.key === null ? { ...cart, key: draw() } : cart;
}

/** An answer came: the next attempt is another order. */
export function withoutKey(cart: Cart): Cart {
  return { ...cart, key: null };
}

export function quantityOf(cart: Cart, id: string): number {
  return cart.lines.find((line) => line.id === id)?.quantity ?? 0;
}

/** How many pieces are in the cart. */
export function count(cart: Cart): number {
  return cart.lines.reduce((total, line) => total + line.quantity, 0);
}

function seen(product: Product): Omit<Line, "quantity"> {
  const { id, name, price, currency, quantity: stock } = product;
  return { id, name, price, currency, stock };
}

/** Another order than before needs another key. */
function change(cart: Cart, id: string, by: (line: Line) => Line): Cart {
  return { lines: cart.lines.map((line) => (line.id === id ? by(line) : line)), key: null };
}
