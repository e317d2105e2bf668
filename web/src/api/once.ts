import { Problem } from "./problem";

interface Try {
  request: string;
  key: string;
  at: Date;
}

/** A new idempotency key. `crypto.randomUUID` is there in secure contexts only. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Sends each request under an idempotency key that stays until an answer says what became of it: sent again after a
 * lost answer it takes effect once. Another request has another key. `send` also gets the time of the first try.
 */
export function sendOnce(drawKey: () => string = newKey) {
  let open: Try | null = null;
  return async <T>(request: unknown, send: (key: string, at: Date) => Promise<T>): Promise<T> => {
    const text = JSON.stringify(request);
    const tried = open?.request === text ? open : { request: text, key: drawKey(), at: new Date() };
    open = tried;
    try {
      const answer = await send(tried.key, tried.at);
      open = null;
      return answer;
    } catch (failure) {
      if (failure instanceof Problem && failure.decides) open = null;
      throw failure;
    }
  };
}
