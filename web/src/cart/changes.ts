import type { Product } from "../api/client";
import type { Line } from "./cart";
import { money } from "../ui/money";

/** What is different from when the customer last looked, and whether the line can be ordered as it is. */
export interface Change {
  text: string;
  blocks: boolean;
}

/** `now` is null when the product is not in the shop any more. */
export function changeOf(line: Line, now: Product | null): Change | null {
  if (now === null) return { text: "This product is not in the shop any more.", blocks: true };
  if (now.quantity === 0) return { text: "Sold out since you put it here.", blocks: true };
  if (now.quantity < line.quantity) {
    return { text: `Only ${now.quantity} left; you wanted ${line.quantity}.`, blocks: true };
  }
  if (now.price !== line.price) {
    const [before, after] = [money(line.price, line.currency), money(now.price, now.currency)];
    return { text: `The price was ${before} and is ${after} now.`, blocks: false };
  }
  return null;
}
