import { createStore } from "../ui/store";

/** A service as the health routes name it. */
export type Service = "products" | "carts" | "orders" | "payments" | "authentication";

/** The services that don't answer at the moment. */
export const outages = createStore<readonly Service[]>([]);

/** Which service answers a path of the API; none for the gateway's own. */
export function serviceOf(path: string): Service | null {
  if (/^\/api\/(products|categories)(\/|$)/.test(path)) return "products";
  if (/^\/api\/(cart|checkout)(\/|$)/.test(path)) return "carts";
  if (/^\/api\/balance$|^\/api\/(admin\/)?orders\/[^/]+\/(payment|refunds)$/.test(path)) return "payments";
  if (/^\/api\/(admin\/)?orders(\/|$)/.test(path)) return "orders";
  if (/^\/api\/(login|register|refresh|logout)$/.test(path)) return "authentication";
  return null;
}

/** Notes how a request ended: with a status, or with 0 when no answer came. */
export function noteStatus(path: string, status: number) {
  const service = serviceOf(path);
  if (service === null) return;
  const down = outages.get();
  const away = status === 0 || status === 502 || status === 503 || status === 504;
  if (away && !down.includes(service)) outages.set([...down, service]);
  if (!away && down.includes(service)) outages.set(down.filter((other) => other !== service));
}

/** `fetch` whose outcomes are noted. */
export async function watchedFetch(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  try {
    const response = await fetch(request);
    noteStatus(pathname, response.status);
    return response;
  } catch (cause) {
    if (!request.signal.aborted) noteStatus(pathname, 0);
    throw cause;
  }
}
