import { describe, expect, it } from "vitest";
import { Problem, problemOf } from "../api/problem";
import { readAddress } from "./address-fields";
import { COUNTRIES } from "./countries";
import { errorOf, refusalOf } from "./refusal";

describe("a checkout that is not taken", () => {
  it.each([
    ["empty-cart", /nothing in your cart/, undefined],
    ["stale-cart", /has changed since you saw it/, undefined],
    ["price-changed", /become dearer: see the marked line/, undefined],
    ["product-gone", /not sold any more: see the marked line/, undefined],
    ["checkout-under-way", /still being placed/, "/checkout/o1"],
    ["invalid-cart", /^The cart can't be added up\.$/, undefined],
  ])("says in plain words why, and the way out: %s", (code, text, to) => {
    const refusal = refusalOf(problemOf(409, { code, detail: "the cart can't be added up", order_id: "o1" }));
    expect(refusal.text).toMatch(text);
    expect(refusal.way?.to).toBe(to);
  });

  it.each([new Problem(0, "unreachable", ""), new Problem(503, "unavailable", ""), new Problem(500, "internal", "")])(
    "may have been taken when no answer says so: $code",
    (lost) => {
      expect(refusalOf(lost).text).toMatch(/still the same order, and never two/);
    },
  );
});

const refused = (detail: string) => problemOf(422, { code: "invalid-body", field: "delivery.city", detail });

describe("a field that is not taken", () => {
  it("is called by its label", () => {
    const error = refused("delivery.city must not be empty");
    expect(errorOf(error, "delivery.city", "City")).toBe("City must not be empty.");
    expect(errorOf(error, "delivery.name", "Name")).toBeUndefined();
    expect(errorOf(null, "delivery.city", "City")).toBeUndefined();
  });

  it("may be named with a colon", () => {
    expect(errorOf(refused("delivery.city: must be one"), "delivery.city", "City")).toBe("City must be one.");
  });

  it("is shown with whatever is said of it", () => {
    expect(errorOf(refused("there is no such city"), "delivery.city", "City")).toBe("There is no such city.");
  });
});

describe("the address", () => {
  it("is read from the form by the names of the request", () => {
    const form = new FormData();
    const address = { name: "Ann", street: "1 High St", city: "Bath", postal_code: "BA1", country: "GB" };
    for (const [name, value] of Object.entries(address)) form.set(`delivery.${name}`, value);
    expect(readAddress(form)).toEqual(address);
  });

  it("has every country once, by its name", () => {
    expect(new Set(COUNTRIES.map(({ code }) => code)).size).toBe(249);
    expect(COUNTRIES.find(({ code }) => code === "DE")?.name).toBe("Germany");
    expect(COUNTRIES.every(({ code, name }) => code !== name)).toBe(true);
  });
});
