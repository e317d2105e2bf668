import { useState } from "react";
import type { CartLine as Line } from "../api/client";
import { Button } from "../ui/button";
import { money } from "../ui/money";
import { MAX_QUANTITY, typedQuantity } from "./cart";
import { LineNotice } from "./line-notice";

export function CartLine({ line, currency, set }: { line: Line; currency: string; set: (quantity: number) => void }) {
  // While it is typed it may be no quantity yet.
  const [typed, setTyped] = useState<string | null>(null);
  const type = (text: string) => {
    setTyped(text);
    const quantity = typedQuantity(text);
    if (quantity !== null) set(quantity);
  };
  return (
    <li className="border-line flex flex-col gap-3 border-b py-4 last:border-b-0">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <div className="min-w-32 grow">
          <h2 className="font-semibold break-words">{line.name}</h2>
          <p className="text-quiet text-sm tabular-nums">{money(line.price, currency)} each</p>
        </div>
        <div className="flex items-center gap-1" role="group" aria-label={`Quantity of ${line.name}`}>
          <Button look="plain" aria-label="One less" disabled={line.quantity <= 1} onClick={() => set(line.quantity - 1)} className="w-11 px-0">
            −
          </Button>
          <input
            type="number"
            inputMode="numeric"
            aria-label="Quantity"
            min={1}
            max={MAX_QUANTITY}
            value={typed ?? line.quantity}
            onChange={(event) => type(event.target.value)}
            onBlur={() => setTyped(null)}
            className="border-edge bg-card min-h-11 w-16 rounded-lg border text-center tabular-nums"
          />
          <Button look="plain" aria-label="One more" disabled={line.quantity >= line.available} onClick={() => set(line.quantity + 1)} className="w-11 px-0">
            +
          </Button>
        </div>
        <p className="w-24 font-semibold sm:text-right tabular-nums">{money(line.total, currency)}</p>
        <Button look="quiet" aria-label={`Remove ${line.name}`} onClick={() => set(0)}>
          Remove
        </Button>
      </div>
      <LineNotice line={line} set={set} />
    </li>
  );
}
