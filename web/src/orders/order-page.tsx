import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useRef } from "react";
import { useParams } from "react-router";
import type { Order } from "../api/client";
import { Problem } from "../api/problem";
import { useWho } from "../session/use-who";
import { ButtonLink } from "../ui/button";
import { money } from "../ui/money";
import { Page } from "../ui/page";
import { Empty, Failed, Loading } from "../ui/states";
import { sum } from "../ui/money";
import { dateTime } from "../ui/time";
import { CancelOrder } from "./cancel-order";
import { OrderAgain } from "./order-again";
import { orderQuery } from "./queries";
import { Status } from "./status";
import { hasPayment, isCancellable, looksOf } from "./statuses";
import { Timeline } from "./timeline";

const PaymentSection = lazy(() => import("../payment/payment-section"));

export function OrderPage() {
  const { id = "" } = useParams();
  const client = useQueryClient();
  const { data: order, error, refetch } = useQuery(orderQuery(client, id));
  return (
    <Page title="Order" aside={order && <Status status={order.status} />}>
      {order !== undefined && <Details order={order} />}
      {order === undefined && error === null && <Loading what="the order" />}
      {order === undefined && error !== null && isMissing(error) && (
        <Empty title="There is no such order">
          <p>None of your orders has this address.</p>
          <ButtonLink to="/orders" look="plain">
            Your orders
          </ButtonLink>
        </Empty>
      )}
      {order === undefined && error !== null && !isMissing(error) && (
        <Failed error={error} retry={() => void refetch()} />
      )}
    </Page>
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Problem && error.status === 404;
}

const TONES = { wait: "text-wait", good: "text-good", bad: "text-bad" };

function Details({ order }: { order: Order }) {
  const who = useWho();
  const looks = looksOf(order.status);
  const message = looks.message || order.reason?.detail;
  const status = useRef<HTMLParagraphElement>(null);
  const tone = looks.tone === undefined ? "" : TONES[looks.tone];
  return (
    <div className="grid items-start gap-8 lg:grid-cols-2">
      <section aria-label="Contents" className="flex flex-col gap-4">
        <p role="status" ref={status} tabIndex={-1} className={`font-medium ${tone}`}>
          {message}
        </p>
        <div className="border-line bg-card rounded-xl border px-4 sm:px-6">
          <table className="w-full">
            <thead className="sr-only">
              <tr>
                <th scope="col">Product</th>
                <th scope="col">Quantity</th>
                <th scope="col">Price</th>
              </tr>
            </thead>
            <tbody>
              {order.products.map((line) => (
                <tr key={line.name} className="border-line border-b">
                  <td className="py-3 pr-4 break-words">{line.name}</td>
                  <td className="text-quiet py-3 pr-4 text-right whitespace-nowrap tabular-nums">
                    {line.quantity} × {money(line.price, order.currency)}
                  </td>
                  <td className="py-3 text-right tabular-nums">{money(sum([line]), order.currency)}</td>
                </tr>
              ))}
            </tbody>
            <tfoot>
              <tr>
                <th scope="row" colSpan={2} className="py-3 text-left font-semibold">
                  Sum
                </th>
                <td className="py-3 text-right font-bold tabular-nums">{money(order.cost, order.currency)}</td>
              </tr>
            </tfoot>
          </table>
        </div>
        <p className="text-quiet text-sm break-all">
          {dateTime(order.created_at)} · {order.id}
        </p>
        {hasPayment(order.status) && (
          <Suspense>
            <PaymentSection order={order} />
          </Suspense>
        )}
        {isCancellable(order.status) && <CancelOrder order={order} onCancelled={() => status.current?.focus()} />}
        {order.status !== "PENDING" && who?.id === order.customer_id && <OrderAgain order={order} />}
      </section>
      <Timeline order={order} />
    </div>
  );
}
