import { describe, expect, it } from "vitest";
import { money, sum } from "./money";
import { duration } from "./time";

describe("money", () => {
  it("is shown with two places and its currency", () => {
    expect(money(5.99, "EUR")).toBe("€5.99");
    expect(money(1299.9, "EUR")).toBe("€1,299.90");
    expect(money(0, "USD")).toBe("US$0.00");
  });

  it("adds up exactly", () => {
    expect(sum([{ price: 0.1, quantity: 3 }])).toBe(0.3);
    expect(sum([{ price: 19.99, quantity: 3 }, { price: 5.99, quantity: 1 }])).toBe(65.96);
    expect(sum([])).toBe(0);
  });
});

describe("a duration", () => {
  it.each([
    [-5, "0 ms"],
    [8.4, "8 ms"],
    [999, "999 ms"],
    [1000, "1.0 s"],
    [1999, "1.9 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [185_000, "3 min 5 s"],
    [7_800_000, "2 h 10 min"],
    [349_200_000, "4 d 1 h"],
  ])("of %s ms is %s", (millis, text) => {
    expect(duration(millis)).toBe(text);
  });
});
