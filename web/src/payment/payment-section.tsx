import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import type { Order, Payment } from "../api/client";
import { useWho } from "../session/use-who";
import { Failed } from "../ui/states";
import { PayForm } from "./pay-form";
import { isPayable, isRefundable, wordsOf } from "./payment";
import { paymentQuery } from "./queries";
import { TimeLeft } from "./time-left";

const RefundForm = lazy(() => import("./refund-form"));

const TONES = { wait: "text-wait", good: "text-good", bad: "text-bad" };

/** What became of an order's money, and what is to be done about it; nothing for an order without a payment. */
export default function PaymentSection({ order }: { order: Order }) {
  const { data: payment, error, refetch } = useQuery(paymentQuery(order.id));
  if (payment != null) return <Known order={order} payment={payment} />;
  return error !== null && <Failed error={error} retry={() => void refetch()} />;
}

function Known({ order, payment }: { order: Order; payment: Payment }) {
  const who = useWho();
  const isCancelled = order.status === "CANCELLING" || order.status === "CANCELLED";
  const { text, tone } = wordsOf(payment, isCancelled);
  const isPaying = isPayable(payment) && !isCancelled;
  return (
    <section aria-labelledby="payment" className="border-line bg-card flex flex-col gap-4 rounded-xl border p-4 sm:p-6">
      <h2 id="payment" className="text-lg font-semibold">
        Payment
      </h2>
      <div className="flex flex-col gap-1">
        <p role="status" className={`font-medium ${TONES[tone]}`}>
          {text}
        </p>
        {payment.attempts > 0 && <p className="text-quiet text-sm">{tries(payment.attempts)}</p>}
        {isPaying && <TimeLeft due={payment.due_at} />}
      </div>
      {isPaying && who?.id === order.customer_id && <PayForm payment={payment} />}
      {isRefundable(payment) && !isCancelled && who?.role === "admin" && (
        <Suspense>
          <RefundForm payment={payment} />
        </Suspense>
      )}
    </section>
  );
}

function tries(attempts: number): string {
  return attempts === 1 ? "Tried once." : `Tried ${attempts} times.`;
}
