import type { QueryClient } from "@tanstack/react-query";
import type { Order } from "../api/client";

export const ordersKey = ["orders"] as const;
export const orderKey = (id: string) => ["order", id] as const;

/** Of two pictures of one order the later: a settled order is never pending again. */
export function later(known: Order | undefined, heard: Order): Order {
  if (known === undefined || known.status === "PENDING") return heard;
  if (heard.status === "PENDING") return known;
  return heard.history == null ? { ...heard, history: known.history ?? null } : heard;
}

/** An order of ours was placed just now. */
export function orderPlaced(client: QueryClient, order: Order) {
  client.setQueryData<Order>(orderKey(order.id), (known) => later(known, order));
  void client.invalidateQueries({ queryKey: ordersKey });
}

/** The live stream told of an order of ours. */
export function orderChanged(client: QueryClient, order: Order) {
  orderPlaced(client, order);
  void client.invalidateQueries({ queryKey: ["products"] });
}
