import type { Order, OrderStep } from "../api/client";
import { duration } from "../ui/time";
import { looksOf } from "./statuses";
import { stepsOf } from "./steps";

/** What happened to an order, in which service, when, and how long each step took. */
export function Timeline({ order }: { order: Order }) {
  const steps = stepsOf(order);
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline" className="mb-4 text-lg font-semibold">
        What happened
      </h2>
      <ol className="border-line ml-2 border-l-2" aria-live="polite">
        {steps.map(({ step, took }) => (
          <Step key={step.status} step={step} took={took} />
        ))}
        {order.status === "PENDING" && (
          <li className="relative pb-2 pl-6">
            <span className="bg-wait absolute top-1.5 -left-[7px] size-3 animate-pulse rounded-full" aria-hidden="true" />
            <p className="text-quiet">Waiting for products to reserve the stock…</p>
          </li>
        )}
      </ol>
    </section>
  );
}

const DOTS = { wait: "bg-wait", good: "bg-good", bad: "bg-bad" };

function Step({ step, took }: { step: OrderStep; took: number | null }) {
  const time = new Date(step.at);
  const { step: words, tone } = looksOf(step.status);
  const dot = tone === undefined ? "bg-edge" : DOTS[tone];
  return (
    <li className="relative pb-6 pl-6 last:pb-2">
      <span
        className={`absolute top-1.5 -left-[7px] size-3 rounded-full ${dot}`}
        aria-hidden="true"
      />
      <p className="font-medium">{words}</p>
      {step.reason && <p className="text-bad">{step.reason.detail}</p>}
      {step.note && (
        <p className="break-words whitespace-pre-line">
          “<bdi>{step.note}</bdi>”
        </p>
      )}
      <p className="text-quiet text-sm">
        by <span className="font-medium">{step.by}</span> at{" "}
        <time dateTime={step.at}>
          {time.toLocaleTimeString("en-IE")}.{String(time.getMilliseconds()).padStart(3, "0")}
        </time>
        {took !== null && `, after ${duration(took)}`}
      </p>
    </li>
  );
}
