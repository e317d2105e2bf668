import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";
import { api } from "../../api/client";
import { answer } from "../../api/problem";
import { LIVE_MS } from "../../catalogue/queries";

const PAGE_SIZE = 50;

/** Mails of one status, or all, newest first. */
export const mailsQuery = (status: string) =>
  infiniteQueryOptions({
    queryKey: ["admin", "mails", status],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/api/admin/mails", {
          params: {
            query: {
              limit: PAGE_SIZE,
              ...(status === "" ? {} : { status }),
              ...(pageParam === "" ? {} : { page_token: pageParam }),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_page_token ?? undefined,
    refetchInterval: LIVE_MS,
    placeholderData: keepPreviousData,
  });
