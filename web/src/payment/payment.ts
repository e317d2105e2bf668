import type { NewCheckout, Payment } from "../api/client";
import { sentence } from "../api/problem";
import { money } from "../ui/money";

/** While something is under way it is asked for often, else as often as what is on sale. */
const SOON_MS = 1000;
const LIVE_MS = 3000;
/** A payment follows its order's acceptance in a moment; how often one that is missing is asked for. */
const MISSING = 10;

/** Whether a try has no outcome yet. */
export function isUnderWay({ status, attempts, reason }: Payment): boolean {
  return status === "AUTHORIZED" || (status === "AWAITING" && attempts > 0 && reason == null);
}

/** Whether its customer can pay, or try again. */
export function isPayable(payment: Payment): boolean {
  return payment.status === "AWAITING" && !isUnderWay(payment);
}

export function isRefundable({ status, amount, refunded }: Payment): boolean {
  return status === "CAPTURED" && refunded < amount;
}

/**
 * After how long a payment is asked for again, or false when it is not. It is null for an order without one; `times`
 * is how often it was asked for.
 */
export function askAgainAfter(payment: Payment | null | undefined, times: number): number | false {
  if (payment === undefined) return LIVE_MS;
  if (payment === null) return times < MISSING ? SOON_MS : false;
  if (isUnderWay(payment)) return SOON_MS;
  return payment.status === "AWAITING" || payment.status === "CAPTURED" ? LIVE_MS : false;
}

const REASONS: Record<string, string> = {
  "card-declined": "The card was declined.",
  "unknown-card": "The card is not known to the card provider.",
  "insufficient-balance": "There is not enough in the balance.",
};

/** Why the latest try did not pay. */
function whyNot(code: string): string {
  return REASONS[code] ?? `The payment did not succeed: ${code.replaceAll("-", " ")}.`;
}

interface Words {
  text: string;
  tone: "wait" | "good" | "bad";
}

/** What became of the money; `cancelled` is whether its order is, or is about to be. */
export function wordsOf(payment: Payment, cancelled: boolean): Words {
  const { amount, refunded, currency, reason } = payment;
  const [all, back] = [money(amount, currency), money(refunded, currency)];
  const returned = refunded > 0 ? ` ${back} was given back.` : "";
  const unpaid = refunded > 0 ? ` ${back} was charged and given back.` : " Nothing was charged.";
  switch (payment.status) {
    case "AWAITING":
    case "AUTHORIZED":
      if (cancelled) return { text: whileCancelled(payment), tone: "wait" };
      if (isUnderWay(payment)) return { text: `${all} is being charged…`, tone: "wait" };
      if (reason != null) return { text: `${whyNot(reason)} ${all} is still to be paid.`, tone: "bad" };
      return { text: `${all} is to be paid.`, tone: "wait" };
    case "CAPTURED":
      if (amount === 0) return { text: "There is nothing to pay.", tone: "good" };
      if (cancelled) return { text: `${all} was paid and is being given back…${returned}`, tone: "wait" };
      return { text: `${all} was paid${byWhat(payment)}.${returned}`, tone: "good" };
    case "REFUNDED":
      return { text: `${all} was paid and all of it was given back.`, tone: "good" };
    case "VOIDED":
      return { text: `The order was cancelled before it was paid.${unpaid}`, tone: "good" };
    case "FAILED":
      return { text: `The payment was declined too often.${unpaid}`, tone: "bad" };
    case "EXPIRED":
      return { text: `It was not paid in time.${unpaid}`, tone: "bad" };
    default:
      return { text: sentence(payment.status.toLowerCase().replaceAll("_", " ")), tone: "wait" };
  }
}

function whileCancelled(payment: Payment): string {
  if (!isUnderWay(payment)) return "Nothing is to be paid any more.";
  return "A charge was under way when the order was cancelled. It is being undone…";
}

function byWhat({ method }: Payment): string {
  if (method === "card") return " by card";
  return method === "balance" ? " from the balance" : "";
}

/** What is chosen in a form with the fields of the methods. */
export function readMethod(form: FormData): NewCheckout["payment"] {
  const method = form.get("method");
  if (method === "balance" || method === "later") return { method };
  return { method: "card", token: String(form.get("payment.token")).trim() };
}
