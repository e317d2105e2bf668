import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { api, type Order, type Product } from "../api/client";
import { answer, describe, Problem } from "../api/problem";
import { itemOf } from "../cart/cart";
import type { CartState } from "../cart/cart-page";
import { useCart, useChangeCart } from "../cart/queries";
import { checkoutQuery } from "../checkout/queries";
import { Button, ButtonLink } from "../ui/button";
import { Notice } from "../ui/states";

/** What was ordered goes into the cart once more, unless the shop has put it back there. */
export function OrderAgain({ order }: { order: Order }) {
  const isRejected = order.status === "REJECTED";
  const { data: checkout, error } = useQuery({ ...checkoutQuery(order.id), enabled: isRejected });
  const isFromElsewhere = error instanceof Problem && error.status === 404;
  if (isRejected && checkout === undefined && !isFromElsewhere) return null;
  if (checkout?.status === "REJECTED") {
    return (
      <Notice tone="wait">
        <div className="flex flex-wrap items-center justify-between gap-3">
          <span>What you ordered was put back into your cart, with the reason at its line.</span>
          <ButtonLink to="/cart" look="plain">
            To your cart
          </ButtonLink>
        </div>
      </Notice>
    );
  }
  return <Again order={order} />;
}

function Again({ order }: { order: Order }) {
  const { data: cart } = useCart();
  const { adding } = useChangeCart();
  const navigate = useNavigate();
  const again = useMutation({
    mutationFn: async () => {
      const found = await Promise.all(order.products.map(({ name }) => productNamed(name)));
      const missing: string[] = [];
      for (const [index, line] of order.products.entries()) {
        const product = found[index] ?? null;
        if (product === null) missing.push(line.name);
        // In the order's own order, one after the other.
        else await adding(itemOf(product), line.quantity);
      }
      return missing;
    },
    onSuccess: async (missing) => {
      const state: CartState = { missing };
      await navigate("/cart", { state });
    },
  });
  return (
    <div className="flex flex-col items-start gap-2">
      <Button look="plain" disabled={cart === undefined || again.isPending} onClick={() => again.mutate()}>
        {again.isPending ? "Putting it into the cart…" : "Order again"}
      </Button>
      {again.isError && <Notice>{describe(again.error)}</Notice>}
    </div>
  );
}

/** The product of this name; null when there is none any more. */
async function productNamed(name: string): Promise<Product | null> {
  try {
    const { products } = await answer(api.GET("/api/products", { params: { query: { name } } }));
    return products[0] ?? null;
  } catch (failure) {
    if (failure instanceof Problem && failure.status === 404) return null;
    throw failure;
  }
}
