import { expect, test } from "vitest";
import { serviceOf } from "./connection";

test.each([
  ["/api/products/p1", "products"],
  ["/api/categories", "products"],
  ["/api/cart", "carts"],
  ["/api/cart/lines/p1", "carts"],
  ["/api/checkout/o1", "carts"],
  ["/api/orders", "orders"],
  ["/api/orders/o1/cancel", "orders"],
  ["/api/orders/o1/payment", "payments"],
  ["/api/admin/orders", "orders"],
  ["/api/admin/orders/o1/refunds", "payments"],
  ["/api/balance", "payments"],
  ["/api/login", "authentication"],
  ["/api/carts_health", null],
])("%s is answered by %s", (path, service) => {
  expect(serviceOf(path)).toBe(service);
});
