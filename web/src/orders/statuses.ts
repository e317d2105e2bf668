interface Looks {
  /** The status in a word or two. */
  words: string;
  /** The step to it, in the order's history. */
  step: string;
  /** What its customer is told. */
  message: string;
  mark: string;
  tone: "wait" | "good" | "bad";
}

/** How the statuses of orders look and read. */
const LOOKS: Record<string, Looks> = {
  PENDING: {
    words: "Pending",
    step: "The order was placed",
    message: "Your order is placed. It is being settled…",
    mark: "…",
    tone: "wait",
  },
  ACCEPTED: {
    words: "Accepted",
    step: "The stock was reserved: accepted",
    message: "Your order is accepted: the goods are reserved for you.",
    mark: "✓",
    tone: "good",
  },
  REJECTED: { words: "Rejected", step: "Rejected", message: "", mark: "✕", tone: "bad" },
  PAID: { words: "Paid", step: "Paid", message: "Your order is paid.", mark: "✓", tone: "good" },
  IN_DELIVERY: {
    words: "In delivery",
    step: "Picked up for delivery",
    message: "Your order is on its way.",
    mark: "→",
    tone: "wait",
  },
  DELIVERED: { words: "Delivered", step: "Delivered", message: "Your order has arrived.", mark: "✓", tone: "good" },
  CANCELLING: {
    words: "Being cancelled",
    step: "The customer asked to cancel it",
    message: "Your order is being cancelled…",
    mark: "…",
    tone: "wait",
  },
  CANCELLED: { words: "Cancelled", step: "Cancelled", message: "Your order is cancelled.", mark: "✕", tone: "bad" },
};

/** Every status that this build knows. */
export const STATUSES = Object.keys(LOOKS);

/** Whether an order that is so can still be cancelled, as far as is known here. */
export function isCancellable(status: string): boolean {
  return status === "PENDING" || status === "ACCEPTED" || status === "PAID";
}

/** Whether an order that is so may have a payment: one is asked for once the goods are reserved. */
export function hasPayment(status: string): boolean {
  return status !== "PENDING" && status !== "REJECTED";
}

/** How `status` looks and reads; one that this build does not know is shown by its name. */
export function looksOf(status: string): Omit<Looks, "tone"> & { tone?: Looks["tone"] } {
  const name = status.toLowerCase().replaceAll("_", " ");
  const words = name.charAt(0).toUpperCase() + name.slice(1);
  return LOOKS[status] ?? { words, step: words, message: "", mark: "•" };
}
