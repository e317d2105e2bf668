import { EMPTY, type Cart, type Line } from "./cart";

/** Reads a cart that was written by any version of the shop: what can't be understood is left out. */
export function readCart(text: string | null): Cart {
  try {
    const stored = JSON.parse(text ?? "null") as { lines?: unknown; key?: unknown } | null;
    const lines = Array.isArray(stored?.lines) ? stored.lines.filter(isLine) : [];
    const whole = Array.isArray(stored?.lines) && lines.length === stored.lines.length;
    return { lines, key: whole && typeof stored?.key === "string" ? stored.key : null };
  } catch {
    return EMPTY;
  }
}

function isLine(value: unknown): value is Line {
  if (typeof value !== "object" || value === null) return false;
  const { id, name, price, currency, quantity, stock } = value as Record<string, unknown>;
  const texts = [id, name, currency].every((text) => typeof text === "string" && text !== "");
  const numbers = [price, stock].every((number) => typeof number === "number" && number >= 0);
  return texts && numbers && Number.isInteger(quantity) && (quantity as number) > 0;
}
