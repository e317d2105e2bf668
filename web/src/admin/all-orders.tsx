import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client";
import { answer } from "../api/problem";
import { LIVE_MS } from "../catalogue/queries";
import { OrderRow } from "../orders/order-row";
import { STATUSES } from "../orders/statuses";
import { Button } from "../ui/button";
import { Field, Select } from "../ui/field";
import { Empty, Failed, Loading } from "../ui/states";
import { isId } from "./is-id";

const PAGE_SIZE = 50;

/** Recent orders of everyone, found by id and status. */
export function AllOrders() {
  const [status, setStatus] = useState("");
  const [typed, setTyped] = useState("");
  const id = typed.trim();
  const wrong = id !== "" && !isId(id);
  return (
    <>
      <search className="mb-6 grid gap-3 sm:grid-cols-[1fr_12rem]">
        <Field
          label="Order id"
          type="search"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          placeholder="01a1fe47-9308-701e-9a2d-1f8b50d2be49"
          error={wrong ? "An order's id is a UUID: 32 hexadecimal digits and 4 hyphens." : undefined}
        />
        <Select label="Status" value={status} onChange={(event) => setStatus(event.target.value)}>
          <option value="">All</option>
          {STATUSES.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      </search>
      {!wrong && <Found status={status} id={id} />}
    </>
  );
}

function Found({ status, id }: { status: string; id: string }) {
  const list = useInfiniteQuery({
    queryKey: ["admin", "orders", status, id],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET("/api/admin/orders", {
          params: {
            query: {
              page_size: PAGE_SIZE,
              ...(status === "" ? {} : { status }),
              ...(id === "" ? {} : { id }),
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
  if (list.data === undefined) {
    if (list.error !== null) return <Failed error={list.error} retry={() => void list.refetch()} />;
    return <Loading what="the orders" />;
  }
  const orders = list.data.pages.flatMap((page) => page.orders);
  if (orders.length === 0) return <Empty title="No such orders">Nothing was ordered that fits.</Empty>;
  return (
    <>
      <ul className="flex flex-col gap-3" aria-label="Orders of everyone, newest first">
        {orders.map((order) => (
          <OrderRow key={order.id} order={order} />
        ))}
      </ul>
      {list.hasNextPage && (
        <div className="mt-6 flex justify-center">
          <Button look="plain" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show older ones
          </Button>
        </div>
      )}
    </>
  );
}
