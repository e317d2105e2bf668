import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { cartsKey } from "./cart";
import { onCartChanged } from "./queries";

/** Keeps the cart the same in all windows of the browser. */
export function LiveCart() {
  const client = useQueryClient();
  useEffect(() => onCartChanged(() => void client.invalidateQueries({ queryKey: cartsKey })), [client]);
  return null;
}
