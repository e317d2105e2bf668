import { describe, expect, it } from "vitest";
import { sendOnce } from "./once";
import { Problem } from "./problem";

/** Sends requests, each with the next of `answers`, and gives back the keys that they had. */
async function keysOf(requests: unknown[], answers: (Error | null)[]): Promise<string[]> {
  let drawn = 0;
  const keys: string[] = [];
  const once = sendOnce(() => {
    drawn += 1;
    return `key ${drawn}`;
  });
  for (const [at, request] of requests.entries()) {
    const sent = once(request, async (key) => {
      keys.push(key);
      const failure = answers[at];
      if (failure) throw failure;
    });
    await sent.catch(() => null);
  }
  return keys;
}

const lost = new Problem(0, "unreachable", "");
const more = { product: "p1", quantity: 5 };

describe("a request that is sent again", () => {
  it.each([lost, new Problem(503, "unavailable", ""), new Problem(409, "idempotency-key-in-flight", "")])(
    "has the same key after $code",
    async (failure) => {
      expect(await keysOf([more, more], [failure, null])).toEqual(["key 1", "key 1"]);
    },
  );

  it.each([null, new Problem(422, "invalid-product", "")])("has a new key once it is answered", async (answer) => {
    expect(await keysOf([more, more], [answer, null])).toEqual(["key 1", "key 2"]);
  });

  it("has a new key when it asks for something else", async () => {
    expect(await keysOf([more, { ...more, quantity: 6 }], [lost, null])).toEqual(["key 1", "key 2"]);
  });

  it("keeps the time of its first try", async () => {
    const once = sendOnce();
    const times: Date[] = [];
    const send = (answer: Promise<void>) =>
      once(more, (_, at) => {
        times.push(at);
        return answer;
      });
    await send(Promise.reject(lost)).catch(() => null);
    await send(Promise.resolve());
    expect(times[1]).toBe(times[0]);
  });
});
