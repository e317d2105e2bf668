import type { CartLine } from "../api/client";
import { sentence } from "../api/problem";
import { Button } from "../ui/button";
import { accepted } from "./cart";

/** What its customer has to know of a line, and the way out. */
export function LineNotice({ line, set }: { line: CartLine; set: (quantity: number) => void }) {
  if (line.notice == null) return null;
  const quantity = accepted(line);
  return (
    <div
      role="status"
      className="bg-wait-well text-wait flex flex-wrap items-center justify-between gap-x-2 rounded-lg px-3 py-1.5 text-sm"
    >
      {sentence(line.notice)}
      {quantity === null ? (
        <Button look="quiet" aria-label={`Take ${line.name} out`} onClick={() => set(0)}>
          Take it out
        </Button>
      ) : (
        <Button look="quiet" onClick={() => set(quantity)}>
          {quantity < line.quantity ? `Take ${quantity}` : "Fine"}
        </Button>
      )}
    </div>
  );
}
