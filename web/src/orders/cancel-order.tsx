import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Order } from "../api/client";
import { answer, describe } from "../api/problem";
import { Button } from "../ui/button";
import { Field, focusWhenShown } from "../ui/field";
import { orderChanged, orderKey } from "./cache";

/** Cancels an order that has not left yet. Asks once more, and why. */
export function CancelOrder({ order, onCancelled }: { order: Order; onCancelled: () => void }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const cancel = useMutation({
    mutationFn: (reason: string) =>
      answer(
        api.POST("/api/orders/{id}/cancel", {
          params: { path: { id: order.id } },
          body: reason === "" ? {} : { reason },
        }),
      ),
    onSuccess: (cancelled) => {
      orderChanged(client, cancelled);
      onCancelled();
    },
    // Whatever it is now, it is shown.
    onError: () => client.invalidateQueries({ queryKey: orderKey(order.id) }),
  });
  if (!asking) {
    return (
      <Button look="plain" className="self-start" onClick={() => setAsking(true)}>
        Cancel the order…
      </Button>
    );
  }
  return (
    <form
      aria-label="Cancel the order"
      className="border-bad flex flex-col gap-3 rounded-lg border p-4"
      onSubmit={(event) => {
        event.preventDefault();
        cancel.mutate(String(new FormData(event.currentTarget).get("reason")).trim());
      }}
    >
      <Field
        label="Why, if you like to say"
        name="reason"
        maxLength={500}
        ref={focusWhenShown}
        hint="The shop reads it. Your goods are free for others at once."
      />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" disabled={cancel.isPending}>
          Cancel it
        </Button>
        <Button look="plain" onClick={() => setAsking(false)}>
          Keep it
        </Button>
      </div>
      {cancel.isError && (
        <p role="alert" className="text-bad text-sm">
          {describe(cancel.error)}
        </p>
      )}
    </form>
  );
}
