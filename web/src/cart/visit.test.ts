import { describe, expect, it } from "vitest";
import type { Cart } from "../api/client";
import { EMPTY } from "./cart";
import { createVisit } from "./visit";

const STORED = "quadrille.cart-token";

/** A browser that knows `token`, whose services give these answers in turn. */
function browser(token: string | null, ...answers: Response[]) {
  const stored = new Map<string, string>(token === null ? [] : [[STORED, token]]);
  const sent: (string | null)[] = [];
  let before: Promise<unknown> = Promise.resolve();
  const visit = createVisit({
    storage: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => void stored.set(key, value),
      removeItem: (key) => void stored.delete(key),
    },
    alone: (work) => {
      const turn = before.then(work);
      before = turn;
      return turn;
    },
  });
  async function send(header: { "Cart-Token"?: string }) {
    sent.push(header["Cart-Token"] ?? null);
    const response = answers.shift();
    if (response === undefined) throw new Error("no answer");
    const body = (await response.json()) as Cart;
    return response.ok ? { data: body, response } : { error: body, response };
  }
  return { visit, send, sent, token: () => stored.get(STORED) ?? null };
}

const cart = (id: string, fresh?: string) =>
  Response.json({ ...EMPTY, id }, { headers: fresh === undefined ? {} : { "Cart-Token": fresh } });
const refused = (status: number) => Response.json({ code: "unavailable" }, { status });

describe("a visitor's cart", () => {
  it("is begun once, also when two things are put in at once", async () => {
    const { visit, send, sent, token } = browser(null, cart("c1", "token"), cart("c1"));
    expect(visit.hasCart()).toBe(false);
    await Promise.all([visit.ask(null, send), visit.ask(null, send)]);
    expect(sent).toEqual([null, "token"]);
    expect([visit.hasCart(), token()]).toEqual([true, "token"]);
  });

  it("has another token when the shop says so", async () => {
    const { visit, send, token } = browser("merged elsewhere", cart("c2", "fresh"));
    await visit.ask(null, send);
    expect(token()).toBe("fresh");
  });

  it("is sent with the account's first request and forgotten then", async () => {
    const { visit, send, sent, token } = browser("token", cart("a1"), cart("a1"));
    await visit.ask("a1", send);
    expect(token()).toBeNull();
    await visit.ask("a1", send);
    expect(sent).toEqual(["token", null]);
  });

  it("is kept until that is answered", async () => {
    const { visit, send, sent, token } = browser("token", refused(503), cart("a1"));
    await expect(visit.ask("a1", send)).rejects.toMatchObject({ status: 503 });
    expect(token()).toBe("token");
    await visit.asAccount(send);
    expect(sent).toEqual(["token", "token"]);
    expect(token()).toBeNull();
  });

  it("is not taken for the account's while the login can't be renewed", async () => {
    const { visit, send, token } = browser("token", cart("c1"));
    await expect(visit.ask("a1", send)).rejects.toMatchObject({ code: "unavailable" });
    expect(token()).toBe("token");
  });
});
