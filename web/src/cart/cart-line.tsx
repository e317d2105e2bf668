import type { Product } from "../api/client";
import { Button } from "../ui/button";
import { money, sum } from "../ui/money";
import { accept, remove, setQuantity, type Line } from "./cart";
import { changeCart } from "./cart-store";
import { changeOf } from "./changes";

/** `now` is the product as it is, null when it is gone, undefined while that is not known. */
export function CartLine({ line, now }: { line: Line; now: Product | null | undefined }) {
  const change = now === undefined ? null : changeOf(line, now);
  const price = now?.price ?? line.price;
  const stock = now?.quantity ?? line.stock;
  const set = (quantity: number) => changeCart((cart) => setQuantity(cart, line.id, quantity, stock));
  return (
    <li className="border-line flex flex-col gap-3 border-b py-4 last:border-b-0">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <div className="min-w-32 grow">
          <h2 className="font-semibold break-words">{line.name}</h2>
          <p className="text-quiet text-sm tabular-nums">{money(price, line.currency)} each</p>
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
            max={Math.max(1, stock)}
            value={line.quantity}
            onChange={(event) => set(event.target.valueAsNumber)}
            className="border-edge bg-card min-h-11 w-16 rounded-lg border text-center tabular-nums"
          />
          <Button look="plain" aria-label="One more" disabled={line.quantity >= stock} onClick={() => set(line.quantity + 1)} className="w-11 px-0">
            +
          </Button>
        </div>
        <p className="w-24 font-semibold sm:text-right tabular-nums">
          {money(sum([{ price, quantity: line.quantity }]), line.currency)}
        </p>
        <Button look="quiet" aria-label={`Remove ${line.name}`} onClick={() => changeCart((cart) => remove(cart, line.id))}>
          Remove
        </Button>
      </div>
      {change !== null && (
        <div role="status" className="bg-wait-well text-wait flex flex-wrap items-center justify-between gap-2 rounded-lg px-3 py-1.5 text-sm">
          {change.text}
          {now !== null && now !== undefined && now.quantity > 0 && (
            <Button look="quiet" onClick={() => changeCart((cart) => accept(cart, now))}>
              {change.blocks ? `Take ${now.quantity}` : "Fine"}
            </Button>
          )}
        </div>
      )}
    </li>
  );
}
