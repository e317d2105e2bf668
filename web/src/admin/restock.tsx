import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api, type Product } from "../api/client";
import { sendOnce } from "../api/once";
import { answer, describe } from "../api/problem";
import { Button } from "../ui/button";

export function Restock({ product }: { product: Product }) {
  const client = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [once] = useState(() => sendOnce());
  const restock = useMutation({
    mutationFn: (quantity: number) =>
      once({ id: product.id, quantity }, (key) =>
        answer(
          api.POST("/api/products/{id}/stock", {
            params: { path: { id: product.id }, header: { "Idempotency-Key": key } },
            body: { quantity },
          }),
        ),
      ),
    onSuccess: () => {
      form.current?.reset();
      void client.invalidateQueries({ queryKey: ["products"] });
    },
  });
  return (
    <form
      ref={form}
      className="flex flex-col gap-1"
      onSubmit={(event) => {
        event.preventDefault();
        restock.mutate(Number(new FormData(event.currentTarget).get("more")));
      }}
    >
      <div className="flex gap-2">
        <input
          name="more"
          type="number"
          min="1"
          max="1000000"
          step="1"
          required
          placeholder="How many"
          aria-label={`How many more of ${product.name}`}
          className="border-edge bg-card placeholder:text-quiet min-h-11 w-36 rounded-lg border px-3"
        />
        <Button type="submit" look="plain" disabled={restock.isPending} aria-label={`Put more of ${product.name} in stock`}>
          Restock
        </Button>
      </div>
      {restock.isError && (
        <p role="alert" className="text-bad text-sm">
          {describe(restock.error)}
        </p>
      )}
    </form>
  );
}
