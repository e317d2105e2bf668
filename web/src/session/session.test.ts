import { describe, expect, it } from "vitest";
import { nextPath } from "./next";
import { createSession } from "./session";
import { readToken } from "./token";

const NOW = 1_800_000_000_000;

function jwt(expires: number, change: object = {}): string {
  const claims = { sub: "a1", email: "aaa@aaa.com", role: "user", exp: expires / 1000, ...change };
  return `x.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.y`;
}

/** A browser whose services give these answers in turn. */
function browser(...answers: (() => Response)[]) {
  const stored = new Map<string, string>();
  const asked: string[] = [];
  let now = NOW;
  const session = createSession({
    post: async (path) => {
      asked.push(path);
      const next = answers.shift();
      if (next === undefined) throw new Error("no answer");
      return next();
    },
    now: () => now,
    storage: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => void stored.set(key, value),
      removeItem: (key) => void stored.delete(key),
    },
    alone: (work) => work(),
  });
  return { session, asked, stored, wait: (millis: number) => (now += millis) };
}

const tokens = (text: string) => () => Response.json({ access_token: text, expires_in: 900 });
const refused = (status: number, code: string) => () => Response.json({ code, detail: code }, { status });
const first = jwt(NOW + 900_000);
const second = jwt(NOW + 1_800_000);

describe("a session", () => {
  it("asks nothing for a visitor", async () => {
    const { session, asked } = browser();
    await session.restore();
    expect(session.standing.get()).toEqual({ state: "visitor" });
    expect(await session.token()).toBeNull();
    expect(asked).toEqual([]);
  });

  it("takes up the login after a reload", async () => {
    const { session, stored } = browser(tokens(first));
    stored.set("quadrille.session", "yes");
    await session.restore();
    expect(session.standing.get()).toMatchObject({ state: "member", who: { email: "aaa@aaa.com", role: "user" } });
    expect(await session.token()).toBe(first);
  });

  it("renews a token that is about to end, once for all who ask", async () => {
    const { session, asked, wait } = browser(tokens(first), tokens(second));
    await session.logIn("aaa@aaa.com", "secret");
    expect(await session.token()).toBe(first);
    wait(880_000);
    expect(await Promise.all([session.token(), session.token(), session.renew(first)])).toEqual([
      second,
      second,
      second,
    ]);
    expect(asked).toEqual(["/api/login", "/api/refresh"]);
    expect(await session.renew(first)).toBe(second);
    expect(asked).toHaveLength(2);
  });

  it("ends when the login has ended", async () => {
    const { session, stored } = browser(tokens(first), refused(401, "invalid-refresh-token"));
    await session.logIn("aaa@aaa.com", "secret");
    expect(await session.renew(first)).toBeNull();
    expect(session.standing.get()).toEqual({ state: "visitor" });
    expect(stored.size).toBe(0);
  });

  it("goes on when the service is away for a while", async () => {
    const { session } = browser(tokens(first), refused(503, "unavailable"), tokens(second));
    await session.logIn("aaa@aaa.com", "secret");
    expect(await session.renew(first)).toBeNull();
    expect(session.standing.get().state).toBe("member");
    expect(await session.renew(first)).toBe(second);
  });

  it("tells why a login was refused, and never stores a token", async () => {
    const { session, stored } = browser(refused(401, "invalid-credentials"), tokens(first));
    await expect(session.logIn("aaa@aaa.com", "wrong")).rejects.toMatchObject({ code: "invalid-credentials" });
    await session.logIn("aaa@aaa.com", "secret");
    expect([...stored.values()].join()).not.toContain(first);
  });

  it("logs out here even if the service can't be told", async () => {
    const { session, stored } = browser(tokens(first));
    await session.logIn("aaa@aaa.com", "secret");
    await session.logOut();
    expect(session.standing.get()).toEqual({ state: "visitor" });
    expect(stored.size).toBe(0);
  });

  it("follows another window's logging out", async () => {
    const { session, stored } = browser(tokens(first));
    await session.logIn("aaa@aaa.com", "secret");
    stored.clear();
    await session.changedElsewhere();
    expect(session.standing.get()).toEqual({ state: "visitor" });
  });
});

describe("an access token", () => {
  it("is read, also with letters beyond ASCII", () => {
    expect(readToken(jwt(NOW, { email: "ä@b.com" }))).toMatchObject({ expires: NOW, who: { email: "ä@b.com" } });
  });

  it.each(["", "x", "a.b.c", jwt(NOW, { role: "owner" }), jwt(NOW, { sub: 1 })])("is none: %s", (text) => {
    expect(readToken(text)).toBeNull();
  });
});

describe("where a login leads back to", () => {
  it.each([
    ["?next=%2Fcart", "/cart"],
    ["", "/"],
    ["?next=https://evil.example", "/"],
    ["?next=//evil.example", "/"],
    ["?next=/%5Cevil.example", "/"],
  ])("%s is %s", (search, path) => {
    expect(nextPath(search)).toBe(path);
  });
});
