import { queryOptions } from "@tanstack/react-query";
import { api } from "../api/client";
import { answer } from "../api/problem";
import { checkoutKey } from "../orders/cache";

/** How often a checkout whose order is not placed yet is asked for. */
const PENDING_MS = 500;


/** What became of the cart that is to be the order `id`. */
export function checkoutQuery(id: string) {
  return queryOptions({
    queryKey: checkoutKey(id),
    queryFn: ({ signal }) =>
      answer(api.GET("/api/checkout/{order_id}", { params: { path: { order_id: id } }, signal })),
    refetchInterval: ({ state }) => (state.data?.status === "PENDING" ? PENDING_MS : false),
  });
}
