import { useMutation, useQueries, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import type { Product } from "../api/client";
import { newKey } from "../api/once";
import { describe, Problem } from "../api/problem";
import { productQuery } from "../catalogue/queries";
import { orderPlaced } from "../orders/cache";
import { useWho } from "../session/use-who";
import { Button, ButtonLink } from "../ui/button";
import { money, sum } from "../ui/money";
import { Page } from "../ui/page";
import { Empty, Notice } from "../ui/states";
import { useStore } from "../ui/store";
import { CartLine } from "./cart-line";
import { cart, changeCart } from "./cart-store";
import { changeOf } from "./changes";
import { placeOrder } from "./place";
import { sendOrder } from "./send-order";

/** How often a lost answer is asked for again, each time with the same key. */
const REPEATS = 3;

export function CartPage() {
  const { lines, key } = useStore(cart);
  const found = useQueries({ queries: lines.map((line) => productQuery(line.id)) });
  const now = found.map(({ data, error }): Product | null | undefined => {
    if (error instanceof Problem && error.status === 404) return null;
    return data;
  });
  const placing = usePlacing();
  const who = useWho();
  if (lines.length === 0) {
    return (
      <Page title="Cart">
        <Empty title="Your cart is empty">
          <p>What you put here stays, also when you close the window.</p>
          <ButtonLink to="/">Look at the catalogue</ButtonLink>
        </Empty>
      </Page>
    );
  }
  const currency = lines[0]?.currency ?? "EUR";
  const total = sum(lines.map((line, at) => ({ price: now[at]?.price ?? line.price, quantity: line.quantity })));
  const blocked = lines.some((line, at) => {
    const product = now[at];
    return product !== undefined && changeOf(line, product)?.blocks === true;
  });
  return (
    <Page title="Cart">
      <div className="grid items-start gap-6 lg:grid-cols-[1fr_20rem]">
        <ul className="border-line bg-card rounded-xl border px-4 sm:px-6">
          {lines.map((line, at) => (
            <CartLine key={line.id} line={line} now={now[at]} />
          ))}
        </ul>
        <section aria-label="Sum" className="border-line bg-card flex flex-col gap-4 rounded-xl border p-4 sm:p-6">
          <p className="flex items-baseline justify-between">
            <span className="text-quiet">Sum</span>
            <span className="text-2xl font-bold tabular-nums">{money(total, currency)}</span>
          </p>
          {placing.isError && <Notice>{describe(placing.error)}</Notice>}
          {key !== null && !placing.isPending && (
            <Notice tone="wait">
              The answer to your order has not arrived. Place it again: it is still the same order, and never two.
            </Notice>
          )}
          {blocked && <p className="text-wait text-sm">Change the marked lines, then you can order.</p>}
          {who === null ? (
            <ButtonLink to="/login?next=/cart">Log in to order</ButtonLink>
          ) : (
            <Button disabled={blocked || placing.isPending} onClick={() => placing.mutate()}>
              {placing.isPending ? "Placing the order…" : "Place the order"}
            </Button>
          )}
        </section>
      </div>
    </Page>
  );
}

function usePlacing() {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: () =>
      placeOrder({
        cart: cart.get,
        change: changeCart,
        drawKey: newKey,
        send: sendOrder,
      }),
    retry: (failures, error) => failures < REPEATS && error instanceof Problem && error.passes,
    networkMode: "always",
    onSuccess: async (order) => {
      orderPlaced(client, order);
      await navigate(`/orders/${order.id}`);
    },
  });
}
