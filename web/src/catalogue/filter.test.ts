import { expect, it } from "vitest";
import { serviceOf } from "../api/connection";
import { problemOf } from "../api/problem";
import { fromAddress, isFiltered, toAddress } from "./filter";

it("goes to the address and back", () => {
  const filter = { search: "a & b", category: "kitchen", sort: "-price" } as const;
  expect(fromAddress(new URLSearchParams(toAddress(filter).toString()))).toEqual(filter);
});

it("leaves out what is as usual", () => {
  const usual = fromAddress(new URLSearchParams("sort=nonsense&page=7"));
  expect(usual).toEqual({ search: "", category: "", sort: "name" });
  expect(toAddress(usual).toString()).toBe("");
  expect([isFiltered(usual), isFiltered({ ...usual, search: "x" })]).toEqual([false, true]);
});

it("knows which service answers a path", () => {
  const paths = ["/api/products/1/stock", "/api/admin/orders", "/api/orders_health", "/api/refresh", "/api/admin/operations"];
  expect(paths.map(serviceOf)).toEqual(["products", "orders", null, "authentication", null]);
});

it("shows a problem's own sentence", () => {
  const problem = problemOf(409, { code: "product-exists", detail: "there is a chair already", field: "name" });
  expect([problem.code, problem.message, problem.members["field"], problem.passes]).toEqual([
    "product-exists",
    "There is a chair already.",
    "name",
    false,
  ]);
  expect(problemOf(502, null)).toMatchObject({ code: "unknown", passes: true });
});
