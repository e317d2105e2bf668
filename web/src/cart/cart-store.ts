import { createStore } from "../ui/store";
import type { Cart } from "./cart";
import { readCart } from "./stored";

const KEY = "quadrille.cart";

/** The cart of this browser: it survives reloads and logging in, and is the same in all windows. */
export const cart = createStore<Cart>(readCart(localStorage.getItem(KEY)));

export function changeCart(by: (now: Cart) => Cart) {
  const next = by(cart.get());
  localStorage.setItem(KEY, JSON.stringify(next));
  cart.set(next);
}

window.addEventListener("storage", (event) => {
  if (event.key === KEY) cart.set(readCart(event.newValue));
});
