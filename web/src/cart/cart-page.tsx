import { useLocation } from "react-router";
import type { Cart } from "../api/client";
import { describe } from "../api/problem";
import { useWho } from "../session/use-who";
import { Button, ButtonLink } from "../ui/button";
import { money } from "../ui/money";
import { Page } from "../ui/page";
import { Empty, Failed, Loading, Notice } from "../ui/states";
import { isOrderable } from "./cart";
import { CartLine } from "./cart-line";
import { useCart, useChangeCart } from "./queries";

/** What the page is told that leads here. */
export interface CartState {
  /** Why an order was rejected. */
  rejected?: string;
  /** What could not be put in. */
  missing?: string[];
}

export function CartPage() {
  const { data: cart, error, refetch } = useCart({ live: true });
  const { rejected, missing = [] } = (useLocation().state as CartState | null) ?? {};
  return (
    <Page title="Cart">
      <div className="flex flex-col gap-6">
        {rejected !== undefined && (
          <Notice>Your order could not be placed. {rejected} What you ordered is in your cart again.</Notice>
        )}
        {missing.length > 0 && <Notice tone="wait">Not sold any more, so not in your cart: {missing.join(", ")}.</Notice>}
        {cart !== undefined && <Contents cart={cart} />}
        {cart === undefined && error === null && <Loading what="the cart" />}
        {cart === undefined && error !== null && <Failed error={error} retry={() => void refetch()} />}
      </div>
    </Page>
  );
}

function Contents({ cart }: { cart: Cart }) {
  const { put, empty, error } = useChangeCart();
  const who = useWho();
  if (cart.lines.length === 0) {
    return (
      <Empty title="Your cart is empty">
        <p>What you put here stays, also when you close the window.</p>
        <ButtonLink to="/">Look at the catalogue</ButtonLink>
      </Empty>
    );
  }
  const short = cart.lines.some((line) => !isOrderable(line));
  return (
    <div className="grid items-start gap-6 lg:grid-cols-[1fr_20rem]">
      <div className="flex flex-col items-end gap-2">
        <ul className="border-line bg-card w-full rounded-xl border px-4 sm:px-6">
          {cart.lines.map((line) => (
            <CartLine
              key={line.product_id}
              line={line}
              currency={cart.currency}
              set={(quantity) => put({ ...line, currency: cart.currency }, quantity)}
            />
          ))}
        </ul>
        <Button look="quiet" onClick={empty}>
          Empty the cart
        </Button>
      </div>
      <section aria-label="Sum" className="border-line bg-card flex flex-col gap-4 rounded-xl border p-4 sm:p-6">
        <p className="flex items-baseline justify-between">
          <span className="text-quiet">Sum</span>
          <span className="text-2xl font-bold tabular-nums">{money(cart.total, cart.currency)}</span>
        </p>
        {error !== null && <Notice>{describe(error)}</Notice>}
        {short ? (
          <p className="text-wait text-sm">Change the marked lines, then you can order.</p>
        ) : (
          <ButtonLink to="/checkout">{who === null ? "Log in to check out" : "Check out"}</ButtonLink>
        )}
      </section>
    </div>
  );
}
