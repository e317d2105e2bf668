import { queryOptions, useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { api, type Cart } from "../api/client";
import { Problem } from "../api/problem";
import { LIVE_MS } from "../catalogue/queries";
import { session } from "../session";
import { useWho } from "../session/use-who";
import { useStore } from "../ui/store";
import { cartsKey, EMPTY, laterCart, quantityOf, withQuantity, type Item } from "./cart";
import { createVisit } from "./visit";

/** How often a change that got no answer is sent again; it is the same change. */
const REPEATS = 3;

const cartKey = (owner: string | null) => [...cartsKey, owner] as const;

export const visit = createVisit({
  storage: localStorage,
  // There are no locks where the page did not come over a secure connection.
  alone: async (work) => navigator.locks?.request("quadrille.cart", work) ?? work(),
});

const otherWindows = new BroadcastChannel("quadrille.cart");

/** Calls `listener` when another window has changed the cart. */
export function onCartChanged(listener: () => void): () => void {
  otherWindows.addEventListener("message", listener);
  return () => otherWindows.removeEventListener("message", listener);
}

function tellOtherWindows() {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A channel has one origin only.
  otherWindows.postMessage("changed");
}

/** Something else than its own routes has changed the cart: it is asked for again, in all windows. */
export function cartChanged(client: QueryClient) {
  void client.invalidateQueries({ queryKey: cartsKey });
  tellOtherWindows();
}

function cartQuery(client: QueryClient, owner: string | null) {
  return queryOptions({
    queryKey: cartKey(owner),
    queryFn: async ({ signal }) => {
      if (owner === null && !visit.hasCart()) return EMPTY;
      const received = await visit.ask(owner, (header) => api.GET("/api/cart", { params: { header }, signal }));
      return laterCart(client.getQueryData<Cart>(cartKey(owner)), received);
    },
  });
}

/** The cart of whoever is here; `live` where its notices are to appear by themselves. */
export function useCart({ live = false } = {}) {
  const client = useQueryClient();
  const { state } = useStore(session.standing);
  const who = useWho();
  return useQuery({
    ...cartQuery(client, who?.id ?? null),
    enabled: state !== "unknown",
    refetchInterval: () => (live && client.isMutating({ mutationKey: cartsKey }) === 0 ? LIVE_MS : false),
  });
}

/** So many of an item are wanted in all, or nothing of anything. */
type Change = { item: Item; quantity: number } | "empty";

function changed(cart: Cart, change: Change): Cart {
  if (change === "empty") return { ...cart, lines: [], total: 0 };
  return withQuantity(cart, change.item, change.quantity);
}

function send(owner: string | null, change: Change): Promise<Cart> {
  // Also when the page is left before it is sent.
  const keepalive = true;
  return visit.ask(owner, (header) => {
    if (change === "empty") return api.DELETE("/api/cart", { params: { header }, keepalive });
    const { item, quantity } = change;
    const params = { path: { product_id: item.product_id }, header };
    if (quantity === 0) return api.DELETE("/api/cart/lines/{product_id}", { params, keepalive });
    return api.PUT("/api/cart/lines/{product_id}", { params, body: { quantity }, keepalive });
  });
}

/** For what is known elsewhere when it fails. */
function quietly(asked: Promise<unknown>) {
  asked.catch(() => null);
}

/** Changes the cart, one change after the other. What is shown does not wait for the answers. */
export function useChangeCart() {
  const client = useQueryClient();
  const owner = useWho()?.id ?? null;
  const queryKey = cartKey(owner);
  const known = () => client.getQueryData<Cart>(queryKey);
  const isLast = () => client.isMutating({ mutationKey: cartsKey }) === 1;
  const { mutateAsync, error } = useMutation({
    mutationKey: cartsKey,
    scope: { id: "cart" },
    mutationFn: ({ change }: { change: Change; before: Cart | undefined }) => send(owner, change),
    retry: (failures, failure) => failures < REPEATS && failure instanceof Problem && failure.passes,
    onSuccess: (cart) => {
      if (isLast()) client.setQueryData(queryKey, cart);
      tellOtherWindows();
    },
    onError: (_, { before }) => {
      if (!isLast()) return;
      client.setQueryData(queryKey, before);
      void client.invalidateQueries({ queryKey });
    },
  });
  const make = (change: Change) => {
    const before = known();
    // At once, so that the next press builds on it.
    if (before !== undefined) client.setQueryData(queryKey, changed(before, change));
    void client.cancelQueries({ queryKey });
    return mutateAsync({ change, before });
  };
  const add = (item: Item, more: number) =>
    make({ item, quantity: quantityOf(known(), item.product_id) + more });
  return {
    /** Why the last change was not made. */
    error,
    put: (item: Item, quantity: number) => quietly(make({ item, quantity })),
    add: (item: Item, more: number) => quietly(add(item, more)),
    empty: () => quietly(make("empty")),
    /** Puts so many more in; throws why that could not be. */
    adding: add,
  };
}
