import { useIsMutating, useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useNavigate } from "react-router";
import { api, type Cart, type NewCheckout } from "../api/client";
import { sendOnce } from "../api/once";
import { describe, Problem } from "../api/problem";
import { cartsKey, isOrderable } from "../cart/cart";
import { LineNotice } from "../cart/line-notice";
import { cartChanged, useCart, useChangeCart, visit } from "../cart/queries";
import { MethodFields } from "../payment/method-fields";
import { readMethod } from "../payment/payment";
import { Button, ButtonLink } from "../ui/button";
import { money } from "../ui/money";
import { Page } from "../ui/page";
import { Empty, Failed, Loading, Notice } from "../ui/states";
import { AddressFields, DELIVERY_FIELDS, readAddress } from "./address-fields";
import { errorOf, refusalOf } from "./refusal";

/** How often a lost answer is asked for again, each time with the same key. */
const REPEATS = 3;
const TOKEN = "payment.token";

/** What is ordered: the cart as it was seen, and how it is paid for and delivered. */
interface Wanted {
  seen: Cart;
  how: Pick<NewCheckout, "payment" | "delivery">;
}

export default function CheckoutPage() {
  const { data: cart, error, refetch } = useCart({ live: true });
  const order = useOrdering();
  // Until it is answered, what was sent is what is ordered.
  const unanswered = order.isPending || (order.error instanceof Problem && !order.error.decides);
  const shown = unanswered ? order.variables?.seen : cart;
  return (
    <Page title="Checkout">
      {shown === undefined && error === null && <Loading what="your cart" />}
      {shown === undefined && error !== null && <Failed error={error} retry={() => void refetch()} />}
      {shown !== undefined && shown.lines.length === 0 && <Nothing error={order.error} />}
      {shown !== undefined && shown.lines.length > 0 && <Form cart={shown} order={order} />}
    </Page>
  );
}

function useOrdering() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [once] = useState(() => sendOnce());
  return useMutation({
    mutationFn: ({ seen, how }: Wanted) => {
      const body = { ...how, version: seen.version };
      return once(body, (key) =>
        visit.asAccount((header) =>
          api.POST("/api/checkout", { params: { header: { ...header, "Idempotency-Key": key } }, body }),
        ),
      );
    },
    retry: (failures, error) => failures < REPEATS && error instanceof Problem && error.passes,
    onSuccess: async ({ order_id }) => {
      await navigate(`/checkout/${order_id}`);
    },
    onSettled: () => cartChanged(client),
  });
}

function Nothing({ error }: { error: unknown }) {
  return (
    <div className="flex flex-col gap-6">
      {error !== null && <Refused error={error} />}
      <Empty title="Your cart is empty">
        <p>What you have ordered, also in another window, is among your orders.</p>
        <div className="flex flex-wrap justify-center gap-3">
          <ButtonLink to="/">Look at the catalogue</ButtonLink>
          <ButtonLink to="/orders" look="plain">
            Your orders
          </ButtonLink>
        </div>
      </Empty>
    </div>
  );
}

function Refused({ error }: { error: unknown }) {
  const { text, way } = refusalOf(error);
  return (
    <Notice>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <span>{text}</span>
        {way !== undefined && (
          <ButtonLink to={way.to} look="plain">
            {way.words}
          </ButtonLink>
        )}
      </div>
    </Notice>
  );
}

function Form({ cart, order }: { cart: Cart; order: ReturnType<typeof useOrdering> }) {
  const form = useRef<HTMLFormElement>(null);
  const { error, isPending } = order;
  // What is shown is not the service's cart yet.
  const isChanging = useIsMutating({ mutationKey: cartsKey }) > 0;
  const field = error instanceof Problem ? String(error.members["field"]) : "";
  const isOfField = field === TOKEN || DELIVERY_FIELDS.includes(field);
  const send = (fields: FormData) =>
    order.mutate(
      { seen: cart, how: { payment: readMethod(fields), delivery: readAddress(fields) } },
      {
        onError: (refused) => {
          const name = refused instanceof Problem ? String(refused.members["field"]) : "";
          const wrong = form.current?.elements.namedItem(name);
          if (wrong instanceof HTMLElement) wrong.focus();
        },
      },
    );
  return (
    <form
      ref={form}
      aria-label="Checkout"
      className="grid items-start gap-8 lg:grid-cols-[1fr_22rem]"
      onSubmit={(event) => {
        event.preventDefault();
        send(new FormData(event.currentTarget));
      }}
    >
      <div className="flex flex-col gap-8">
        <AddressFields error={error} />
        <MethodFields cost={cart.total} later tokenError={errorOf(error, TOKEN, "Card token")} />
      </div>
      <section aria-label="Your order" className="border-line bg-card flex flex-col gap-4 rounded-xl border p-4 sm:p-6">
        <Lines cart={cart} />
        {error !== null && !isOfField && !isPending && <Refused error={error} />}
        <Button type="submit" disabled={isPending || isChanging || !cart.lines.every(isOrderable)}>
          {isPending ? "Ordering…" : `Order for ${money(cart.total, cart.currency)}`}
        </Button>
      </section>
    </form>
  );
}

function Lines({ cart }: { cart: Cart }) {
  const { put, error } = useChangeCart();
  return (
    <>
      <ul className="divide-line divide-y">
        {cart.lines.map((line) => (
          <li key={line.product_id} className="flex flex-col gap-2 py-3 first:pt-0">
            <div className="flex justify-between gap-4">
              <span className="break-words">
                {line.name}{" "}
                <span className="text-quiet tabular-nums">
                  {line.quantity} × {money(line.price, cart.currency)}
                </span>
              </span>
              <span className="tabular-nums">{money(line.total, cart.currency)}</span>
            </div>
            <LineNotice line={line} set={(quantity) => put({ ...line, currency: cart.currency }, quantity)} />
          </li>
        ))}
      </ul>
      {error !== null && <Notice>{describe(error)}</Notice>}
      <p className="border-line flex items-baseline justify-between border-t pt-4">
        <span className="text-quiet">Sum</span>
        <span className="text-2xl font-bold tabular-nums">{money(cart.total, cart.currency)}</span>
      </p>
    </>
  );
}
