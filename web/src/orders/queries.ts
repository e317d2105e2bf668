import { infiniteQueryOptions, queryOptions, type QueryClient } from "@tanstack/react-query";
import { api, type Order } from "../api/client";
import { answer } from "../api/problem";
import { later, orderKey, ordersKey } from "./cache";

/** While an order is pending it is also asked for, should the live stream be broken. */
const PENDING_MS = 2000;
const PAGE_SIZE = 20;

export const ordersQuery = infiniteQueryOptions({
  queryKey: ordersKey,
  initialPageParam: "",
  queryFn: ({ pageParam, signal }) =>
    answer(
      api.GET("/api/orders", {
        params: { query: { page_size: PAGE_SIZE, ...(pageParam === "" ? {} : { page_token: pageParam }) } },
        signal,
      }),
    ),
  getNextPageParam: (page) => page.next_page_token ?? undefined,
});

export function orderQuery(client: QueryClient, id: string) {
  return queryOptions({
    queryKey: orderKey(id),
    queryFn: async ({ signal }): Promise<Order> => {
      const received = await answer(api.GET("/api/orders/{id}", { params: { path: { id } }, signal }));
      return later(client.getQueryData<Order>(orderKey(id)), received);
    },
    refetchInterval: ({ state }) => (state.data?.status === "PENDING" ? PENDING_MS : false),
  });
}
