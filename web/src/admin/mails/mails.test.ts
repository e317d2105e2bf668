import { describe, expect, it } from "vitest";
import { kindText, statusOf, STATUSES, titleOf } from "./model";

const mail = {
  id: "0198c6b1-2f6e-5c3a-9a53-0d9f3a2b7c11",
  kind: "ORDER_CREATED",
  status: "WAITING",
  created_at: "2026-11-21T12:00:00Z",
  account_id: "0198c6b1-2f6e-7c3a-9a53-0d9f3a2b7c11",
};

describe("a mail", () => {
  it("is called by its subject once it has one", () => {
    expect(titleOf(mail)).toBe("Order accepted");
    expect(titleOf({ ...mail, subject: "Your order is confirmed" })).toBe("Your order is confirmed");
  });

  it("can be read or says why not", () => {
    expect(STATUSES.filter((status) => statusOf(status).unread === null)).toEqual(["KEPT"]);
  });

  it("of a later build is shown by its names", () => {
    expect(kindText("ORDER_LOST")).toBe("ORDER_LOST");
    expect(statusOf("BOUNCED").words).toBe("BOUNCED");
  });
});
