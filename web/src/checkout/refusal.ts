import { describe, Problem } from "../api/problem";

/** Why a checkout was not taken, and where the way out is if it is not on the page. */
export interface Refusal {
  text: string;
  way?: { to: string; words: string };
}

/** What the refusals that a customer can do something about say. */
const TEXTS: Record<string, string> = {
  "empty-cart": "There is nothing in your cart any more.",
  "stale-cart": "Your cart has changed since you saw it. Look at it again, then order.",
  "price-changed": "A product has become dearer: see the marked line. Accept its price or take it out, then order again.",
  "product-gone": "A product is not sold any more: see the marked line. Take it out, then order the rest.",
};

export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof Problem)) return { text: describe(error) };
  if (!error.decides) {
    return { text: "The answer to your order has not arrived. Order again: it is still the same order, and never two." };
  }
  if (error.code === "checkout-under-way") {
    return {
      text: "Another order of yours is still being placed. What is in your cart now can be ordered when that is done.",
      way: { to: `/checkout/${String(error.members["order_id"])}`, words: "Look at that order" },
    };
  }
  return { text: TEXTS[error.code] ?? describe(error) };
}

/** What is wrong with the field `name`, which the page calls `label`; nothing if `error` is not about it. */
export function errorOf(error: unknown, name: string, label: string): string | undefined {
  if (!(error instanceof Problem) || error.members["field"] !== name) return undefined;
  const text = describe(error);
  const isNamed = text.toLowerCase().startsWith(name);
  return isNamed ? label + text.slice(name.length).replace(/^:/, "") : text;
}
