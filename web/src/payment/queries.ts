import { queryOptions } from "@tanstack/react-query";
import { api, type Payment } from "../api/client";
import { answer, Problem } from "../api/problem";
import { paymentKey } from "../orders/cache";
import { askAgainAfter } from "./payment";

/** The payment of an order; null for one that has none, or none yet. */
export function paymentQuery(order: string) {
  return queryOptions({
    queryKey: paymentKey(order),
    queryFn: async ({ signal }): Promise<Payment | null> => {
      const asked = api.GET("/api/orders/{id}/payment", { params: { path: { id: order } }, signal });
      return answer(asked).catch((failure: unknown) => {
        if (failure instanceof Problem && failure.code === "unknown-payment") return null;
        throw failure;
      });
    },
    refetchInterval: ({ state }) => askAgainAfter(state.data, state.dataUpdateCount),
  });
}

export const balanceQuery = queryOptions({
  queryKey: ["balance"],
  queryFn: ({ signal }) => answer(api.GET("/api/balance", { signal })),
});
