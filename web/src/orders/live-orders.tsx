import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { authorizedFetch } from "../api/client";
import { useWho } from "../session/use-who";
import { orderChanged, orderKey, ordersKey } from "./cache";
import { follow } from "./follow";

/** Keeps the member's orders live while the shop is open. `EventSource` can't carry the access token. */
export function LiveOrders() {
  const who = useWho();
  const client = useQueryClient();
  const id = who?.id;
  useEffect(() => {
    if (id === undefined) return undefined;
    const stop = new AbortController();
    void follow(
      {
        open: (last, signal) =>
          authorizedFetch(
            new Request("/api/orders/stream", {
              headers: { Accept: "text/event-stream", ...(last === null ? {} : { "Last-Event-ID": last }) },
              signal,
            }),
          ),
        onOrder: (order) => orderChanged(client, order),
        onOpen: () => {
          void client.invalidateQueries({ queryKey: ordersKey });
          void client.invalidateQueries({ queryKey: orderKey("").slice(0, 1) });
        },
        pause,
      },
      stop.signal,
    );
    return () => stop.abort();
  }, [id, client]);
  return null;
}

function pause(millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, millis);
    const now = () => {
      clearTimeout(timer);
      done();
    };
    signal.addEventListener("abort", now, { once: true });
    window.addEventListener("online", now, { once: true });
  });
}
