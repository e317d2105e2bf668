import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useStore } from "../ui/store";
import { outages, watchedFetch, type Service } from "./connection";
import { noteStatus } from "./connection";

const PROBE_EVERY_MS = 2000;

const LOST: Record<Service, string> = {
  products: "The catalogue",
  carts: "The cart",
  orders: "Ordering",
  payments: "Paying",
  authentication: "Logging in",
};

/** Says that the connection to the shop, or a part of it, is lost; asks until it is back. */
export function ConnectionBanner() {
  const down = useStore(outages);
  const client = useQueryClient();
  const names = down.join();
  useEffect(() => {
    if (names === "") return undefined;
    let stopped = false;
    const probe = async () => {
      for (const service of names.split(",") as Service[]) {
        const response = await watchedFetch(new Request(`/api/${service}_health`)).catch(() => null);
        if (stopped || response?.ok !== true) continue;
        noteStatus(ROUTE[service], response.status);
        await client.invalidateQueries();
      }
    };
    const timer = setInterval(probe, PROBE_EVERY_MS);
    window.addEventListener("online", probe);
    return () => {
      stopped = true;
      clearInterval(timer);
      window.removeEventListener("online", probe);
    };
  }, [names, client]);

  return (
    <div role="status" aria-live="polite">
      {down.length > 0 && (
        <p className="bg-wait-well text-wait border-line border-b px-4 py-2 text-center text-sm font-medium">
          {down.length === 1 && navigator.onLine
            ? `${LOST[down[0] as Service]} can't be reached at the moment.`
            : "The connection to the shop is lost."}{" "}
          What you see may be out of date. It comes back by itself.
        </p>
      )}
    </div>
  );
}

/** A path of each service's own, since the health routes are the gateway's. */
const ROUTE: Record<Service, string> = {
  products: "/api/products",
  carts: "/api/cart",
  orders: "/api/orders",
  payments: "/api/balance",
  authentication: "/api/login",
};
