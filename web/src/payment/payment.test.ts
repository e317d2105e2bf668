import { describe, expect, it } from "vitest";
import type { Payment } from "../api/client";
import { askAgainAfter, isPayable, isRefundable, isUnderWay, readMethod, wordsOf } from "./payment";

const payment = (change: Partial<Payment>): Payment => ({
  order_id: "o1",
  status: "AWAITING",
  amount: 59.98,
  currency: "EUR",
  refunded: 0,
  due_at: "2026-11-27T12:30:00Z",
  attempts: 0,
  method: null,
  reason: null,
  ...change,
});

const tried = { attempts: 1, method: "card" };
const charging = payment(tried);
const declined = payment({ ...tried, reason: "card-declined" });
const authorized = payment({ ...tried, status: "AUTHORIZED" });
const captured = payment({ ...tried, status: "CAPTURED" });
const partly = payment({ ...tried, status: "CAPTURED", refunded: 9.98 });
const refunded = payment({ ...tried, status: "REFUNDED", refunded: 59.98 });
const expired = payment({ status: "EXPIRED" });

describe("a payment", () => {
  it.each([
    ["nothing was tried", payment({}), false, true, false],
    ["a try has no outcome", charging, true, false, false],
    ["a try was declined", declined, false, true, false],
    ["it is promised", authorized, true, false, false],
    ["it is there", captured, false, false, true],
    ["a part was given back", partly, false, false, true],
    ["all was given back", refunded, false, false, false],
    ["it is too late", expired, false, false, false],
  ])("while %s", (_, paid, underWay, payable, refundable) => {
    expect([isUnderWay(paid), isPayable(paid), isRefundable(paid)]).toEqual([underWay, payable, refundable]);
  });

  it("is asked for again while something may come of it", () => {
    expect([charging, authorized, payment({}), captured, refunded, expired].map((paid) => askAgainAfter(paid, 99))).toEqual(
      [1000, 1000, 3000, 3000, false, false],
    );
  });

  it("that is missing is asked for some times: it follows the acceptance", () => {
    expect([0, 9, 10].map((times) => askAgainAfter(null, times))).toEqual([1000, 1000, false]);
    expect(askAgainAfter(undefined, 0)).toBe(3000);
  });
});

describe("what became of the money", () => {
  it.each([
    [payment({}), false, "€59.98 is to be paid."],
    [charging, false, "€59.98 is being charged…"],
    [authorized, false, "€59.98 is being charged…"],
    [authorized, true, "A charge was under way when the order was cancelled. It is being undone…"],
    [declined, true, "Nothing is to be paid any more."],
    [declined, false, "The card was declined. €59.98 is still to be paid."],
    [payment({ ...tried, reason: "lost-card" }), false, "The payment did not succeed: lost card. €59.98 is still to be paid."],
    [captured, false, "€59.98 was paid by card."],
    [payment({ ...tried, status: "CAPTURED", method: "balance" }), false, "€59.98 was paid from the balance."],
    [partly, false, "€59.98 was paid by card. €9.98 was given back."],
    [captured, true, "€59.98 was paid and is being given back…"],
    [refunded, true, "€59.98 was paid and all of it was given back."],
    [payment({ status: "VOIDED" }), true, "The order was cancelled before it was paid. Nothing was charged."],
    [payment({ ...tried, status: "FAILED" }), true, "The payment was declined too often. Nothing was charged."],
    [expired, true, "It was not paid in time. Nothing was charged."],
    [{ ...expired, refunded: 59.98 }, true, "It was not paid in time. €59.98 was charged and given back."],
    [payment({ status: "CAPTURED", amount: 0 }), false, "There is nothing to pay."],
    [payment({ status: "PARTLY_DISPUTED" }), false, "Partly disputed."],
  ])("is said in words: %#", (paid, cancelled, text) => {
    expect(wordsOf(paid, cancelled).text).toBe(text);
  });
});

describe("how to pay", () => {
  it.each([
    [{ method: "card", "payment.token": " tok_ok " }, { method: "card", token: "tok_ok" }],
    [{ method: "balance" }, { method: "balance" }],
    [{ method: "later" }, { method: "later" }],
  ])("is read from the form: %j", (fields, choice) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    expect(readMethod(form)).toEqual(choice);
  });
});
