import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, ButtonLink } from "../ui/button";
import { Page } from "../ui/page";
import { Empty, Failed, Loading } from "../ui/states";
import { OrderRow } from "./order-row";
import { ordersQuery } from "./queries";

export function OrdersPage() {
  return (
    <Page title="Your orders">
      <List />
    </Page>
  );
}

function List() {
  const list = useInfiniteQuery(ordersQuery);
  const { data, error, hasNextPage, isFetchingNextPage } = list;
  if (data === undefined) {
    if (error !== null) return <Failed error={error} retry={() => void list.refetch()} />;
    return <Loading what="your orders" />;
  }
  const orders = data.pages.flatMap((page) => page.orders);
  if (orders.length === 0) {
    return (
      <Empty title="No orders yet">
        <p>What you order appears here, and settles before your eyes.</p>
        <ButtonLink to="/">Look at the catalogue</ButtonLink>
      </Empty>
    );
  }
  return (
    <>
      <ul className="flex flex-col gap-3" aria-live="polite" aria-label="Orders, newest first">
        {orders.map((order) => (
          <OrderRow key={order.id} order={order} />
        ))}
      </ul>
      {hasNextPage && (
        <div className="mt-6 flex justify-center">
          <Button look="plain" disabled={isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {isFetchingNextPage ? "Loading…" : "Show older ones"}
          </Button>
        </div>
      )}
    </>
  );
}
