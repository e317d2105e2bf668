import type { QueryClient } from "@tanstack/react-query";
import type { Order } from "../api/client";
import { cartsKey } from "../cart/cart";

export const ordersKey = ["orders"] as const;
export const orderKey = (id: string) => ["order", id] as const;
export const checkoutKey = (order: string) => ["checkout", order] as const;
export const paymentKey = (order: string) => ["payment", order] as const;

/** Of two states of one order the later. An order never comes back to a status that it has left. */
export function later(known: Order | undefined, received: Order): Order {
  if (known === undefined) return received;
  if (hasLeft(known, received.status)) return known;
  return received.history == null ? { ...received, history: known.history ?? null } : received;
}

function hasLeft({ status, history }: Order, left: string): boolean {
  // Without its history it is at least known that it was placed.
  return status !== left && (left === "PENDING" || (history ?? []).some((step) => step.status === left));
}

/** An order of ours was placed just now. */
export function orderPlaced(client: QueryClient, order: Order) {
  client.setQueryData<Order>(orderKey(order.id), (known) => later(known, order));
  void client.invalidateQueries({ queryKey: ordersKey });
}

/** The live stream told of an order of ours, which may have moved stock and money and filled the cart again. */
export function orderChanged(client: QueryClient, order: Order) {
  orderPlaced(client, order);
  const others = [["products"], cartsKey, checkoutKey(order.id), paymentKey(order.id)];
  for (const queryKey of others) void client.invalidateQueries({ queryKey });
}
