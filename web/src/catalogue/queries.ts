import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api } from "../api/client";
import { answer } from "../api/problem";
import type { Filter } from "./filter";

/** How often what is on sale is asked for again, so that stock is live. */
export const LIVE_MS = 3000;
const PAGE_SIZE = 48;

export function productsQuery({ search, category, sort }: Filter) {
  return infiniteQueryOptions({
    queryKey: ["products", "list", search, category, sort],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/api/products", {
          params: {
            query: {
              sort,
              page_size: PAGE_SIZE,
              ...(search === "" ? {} : { search }),
              ...(category === "" ? {} : { categoryName: category }),
              ...(pageParam === "" ? {} : { page_token: pageParam }),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_page_token ?? undefined,
    refetchInterval: LIVE_MS,
  });
}

export function productQuery(id: string) {
  return queryOptions({
    queryKey: ["products", "one", id],
    queryFn: ({ signal }) => answer(api.GET("/api/products/{id}", { params: { path: { id } }, signal })),
    refetchInterval: LIVE_MS,
  });
}

export const categoriesQuery = queryOptions({
  queryKey: ["categories"],
  queryFn: async ({ signal }) => {
    const { categories } = await answer(api.GET("/api/categories", { signal }));
    return categories.map(({ name }) => name);
  },
  staleTime: 30_000,
});
