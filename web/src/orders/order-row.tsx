import { Link } from "react-router";
import type { Order } from "../api/client";
import { money } from "../ui/money";
import { dateTime } from "../ui/time";
import { Status } from "./status";

/** An order in a list. */
export function OrderRow({ order }: { order: Order }) {
  const lines = order.products.map(({ name, quantity }) => `${quantity} × ${name}`).join(", ");
  return (
    <li className="border-line bg-card hover:border-edge relative rounded-xl border p-4">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="min-w-40 grow basis-1/2">
          <Link to={`/orders/${order.id}`} className="font-semibold break-words after:absolute after:inset-0">
            {lines}
          </Link>
          <p className="text-quiet text-sm">{dateTime(order.created_at)}</p>
          {order.reason && <p className="text-bad mt-1 text-sm">{order.reason.detail}</p>}
        </div>
        <div className="flex items-center gap-4">
          <span className="font-semibold tabular-nums">{money(order.cost, order.currency)}</span>
          <Status status={order.status} />
        </div>
      </div>
    </li>
  );
}
