import { api, type Order } from "../api/client";
import { answer } from "../api/problem";
import type { Cart } from "./cart";

export function sendOrder(cart: Cart, key: string): Promise<Order> {
  return answer(
    api.POST("/api/orders", {
      body: { products: cart.lines.map(({ name, quantity }) => ({ name, quantity })) },
      params: { header: { "Idempotency-Key": key } },
    }),
  );
}
