import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Navigate, useParams } from "react-router";
import { Problem, sentence } from "../api/problem";
import type { CartState } from "../cart/cart-page";
import { cartChanged } from "../cart/queries";
import { ButtonLink } from "../ui/button";
import { Page } from "../ui/page";
import { Failed, Notice } from "../ui/states";
import { checkoutQuery } from "./queries";

/** What is ordered becomes an order here, or comes back into the cart. */
export default function PlacingPage() {
  const { id = "" } = useParams();
  const client = useQueryClient();
  const { data: checkout, error, refetch } = useQuery(checkoutQuery(id));
  const isClosed = checkout !== undefined && checkout.status !== "PENDING";
  useEffect(() => {
    if (isClosed) cartChanged(client);
  }, [isClosed, client]);
  const order = `/orders/${id}`;
  // The order has a page for longer than its checkout can be looked at.
  if (error instanceof Problem && error.status === 404) return <Navigate to={order} replace />;
  if (checkout?.status === "REJECTED") {
    const detail = checkout.reason?.detail ?? "the order was rejected";
    const state: CartState = { rejected: sentence(detail) };
    return <Navigate to="/cart" replace state={state} />;
  }
  if (isClosed) return <Navigate to={order} replace />;
  return (
    <Page title="Placing your order">
      <div className="flex flex-col items-start gap-4">
        <Notice tone="wait">
          Your order is taken and is being placed… You need not wait here: it goes on when you close this page.
        </Notice>
        {error !== null && <Failed error={error} retry={() => void refetch()} />}
        <ButtonLink to="/orders" look="plain">
          Your orders
        </ButtonLink>
      </div>
    </Page>
  );
}
