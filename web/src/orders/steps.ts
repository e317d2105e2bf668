import type { Order, OrderStep } from "../api/client";

export interface TimedStep {
  step: OrderStep;
  /** Milliseconds since the step before; null for the first. */
  took: number | null;
}

/** The order's steps, oldest first. An order whose history is not loaded yet has at least been placed. */
export function stepsOf(order: Order): TimedStep[] {
  const steps = order.history ?? [{ status: "PENDING", at: order.created_at, by: "orders" }];
  return steps.map((step, index) => {
    const before = steps[index - 1];
    return { step, took: before === undefined ? null : Date.parse(step.at) - Date.parse(before.at) };
  });
}
