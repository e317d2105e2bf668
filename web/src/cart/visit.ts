import type { Cart } from "../api/client";
import { answer, Problem } from "../api/problem";

const KEY = "quadrille.cart-token";

/** What the visitor's cart needs of the browser. */
interface Surroundings {
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** Runs one request at a time in all of the shop's windows. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

type Header = { "Cart-Token"?: string };
type Asked<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

const header = (token: string | null): Header => (token === null ? {} : { "Cart-Token": token });

/**
 * What a visitor's cart is known by. It is given with the first answer, sent with an account's first request, which
 * merges the two carts, and forgotten then.
 */
export function createVisit({ storage, alone }: Surroundings) {
  function forget(token: string | null) {
    if (token !== null && storage.getItem(KEY) === token) storage.removeItem(KEY);
  }

  async function askOnce(owner: string | null, send: (header: Header) => Asked<Cart>): Promise<Cart> {
    const token = storage.getItem(KEY);
    const asked = send(header(token)).then((answered) => {
      const fresh = answered.response.headers.get("Cart-Token");
      if (fresh !== null) storage.setItem(KEY, fresh);
      return answered;
    });
    const cart = await answer(asked);
    // An account's cart has the account's id. Another one is a visitor's: the login could not be renewed.
    if (owner !== null && cart.id !== owner) {
      throw new Problem(503, "unavailable", "Your login can't be renewed at the moment. Try again soon.");
    }
    if (owner !== null) forget(token);
    return cart;
  }

  return {
    /** Whether this browser has a visitor's cart. */
    hasCart: () => storage.getItem(KEY) !== null,

    /** Asks for the cart of the account `owner`, or for the visitor's if that is null. */
    async ask(owner: string | null, send: (header: Header) => Asked<Cart>): Promise<Cart> {
      const isFirst = owner === null && storage.getItem(KEY) === null;
      // Or two windows would begin two carts.
      return isFirst ? alone(() => askOnce(owner, send)) : askOnce(owner, send);
    },

    /** Sends what an account alone can do with its cart. */
    async asAccount<T>(send: (header: Header) => Asked<T>): Promise<T> {
      const token = storage.getItem(KEY);
      const data = await answer(send(header(token)));
      forget(token);
      return data;
    },
  };
}
