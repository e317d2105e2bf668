import { watchedFetch } from "../api/connection";
import { Problem } from "../api/problem";
import { createSession } from "./session";

/** The login of this window. */
export const session = createSession({
  post(path, body) {
    const headers: Record<string, string> = { "X-Session": "cookie" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const request = new Request(path, {
      method: "POST",
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return watchedFetch(request).catch(() => {
      throw new Problem(0, "unreachable", "The shop can't be reached. Check your connection.");
    });
  },
  now: () => Date.now(),
  storage: localStorage,
  async alone(work) {
    return navigator.locks.request("quadrille.session", work);
  },
});

window.addEventListener("storage", (event) => {
  if (event.key === "quadrille.session") void session.changedElsewhere();
});
