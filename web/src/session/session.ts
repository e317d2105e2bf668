import { createStore } from "../ui/store";
import { problemOf } from "../api/problem";
import { readToken, type Token, type Who } from "./token";

/** How long before its end a token is renewed. */
const MARGIN_MS = 30_000;
/** Whether this browser has a login; not a secret, the refresh token is in a cookie that no script can read. */
const MARK = "quadrille.session";

/** What the session needs of the browser. */
export interface Surroundings {
  /** Posts to the API in cookie mode. */
  post(path: "/api/login" | "/api/refresh" | "/api/logout", body?: unknown): Promise<Response>;
  now(): number;
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** Runs one renewal at a time in all of the shop's windows. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** `unknown` until the first renewal has ended. */
export type Standing = { state: "unknown" } | { state: "visitor" } | { state: "member"; who: Who };

export type Session = ReturnType<typeof createSession>;

/** The login of this window: the access token lives here, in memory only. */
export function createSession(around: Surroundings) {
  const standing = createStore<Standing>({ state: "unknown" });
  let token: Token | null = null;
  let renewal: Promise<string | null> | null = null;

  function become(next: Token | null) {
    token = next;
    const before = standing.get();
    if (next === null) {
      if (before.state !== "visitor") standing.set({ state: "visitor" });
    } else if (before.state !== "member" || before.who.id !== next.who.id) {
      standing.set({ state: "member", who: next.who });
    }
  }

  async function take(response: Response): Promise<string> {
    const body = (await response.json().catch(() => null)) as { access_token?: string } | null;
    const next = readToken(body?.access_token ?? "");
    if (!response.ok || next === null) throw problemOf(response.status, body);
    around.storage.setItem(MARK, "yes");
    become(next);
    return next.text;
  }

  async function refresh(): Promise<string | null> {
    if (around.storage.getItem(MARK) === null) {
      become(null);
      return null;
    }
    const response = await around.post("/api/refresh");
    if (response.ok) return take(response);
    if (response.status === 401 || response.status === 403) {
      around.storage.removeItem(MARK);
      become(null);
    }
    return null;
  }

  /** A fresh token in place of `stale`, or null when the login has ended or can't be renewed now. */
  function renew(stale: string | null): Promise<string | null> {
    if (token !== null && token.text !== stale) return Promise.resolve(token.text);
    renewal ??= around
      .alone(refresh)
      .catch(() => null)
      .finally(() => {
        renewal = null;
      });
    return renewal;
  }

  return {
    standing,
    renew,

    /** Takes up the login that this browser has, if any. */
    async restore() {
      if (await renew(token?.text ?? null)) return;
      if (standing.get().state === "unknown") become(null);
    },

    /** The access token, renewed when it is about to end; null for a visitor. */
    async token(): Promise<string | null> {
      if (renewal !== null) return renewal;
      if (token !== null && token.expires - around.now() > MARGIN_MS) return token.text;
      return token === null && around.storage.getItem(MARK) === null ? null : renew(token?.text ?? null);
    },

    /** Throws the problem when it is refused. */
    async logIn(email: string, password: string) {
      await take(await around.post("/api/login", { email, password }));
    },

    /** Ends the login here and in the other windows, also when the service is away. */
    async logOut() {
      around.storage.removeItem(MARK);
      become(null);
      await around.post("/api/logout").catch(() => null);
    },

    /** Another window logged in or out. */
    async changedElsewhere() {
      if (around.storage.getItem(MARK) === null) become(null);
      else await renew(token?.text ?? null);
    },
  };
}
