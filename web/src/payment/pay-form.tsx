import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Payment } from "../api/client";
import { sendOnce } from "../api/once";
import { answer, describe, Problem } from "../api/problem";
import { paymentKey } from "../orders/cache";
import { Button } from "../ui/button";
import { money } from "../ui/money";
import { Notice } from "../ui/states";
import { MethodFields } from "./method-fields";
import { readMethod } from "./payment";
import { balanceQuery } from "./queries";

/** Pays for an order, or tries again. */
export function PayForm({ payment }: { payment: Payment }) {
  const client = useQueryClient();
  const [once] = useState(() => sendOnce());
  const queryKey = paymentKey(payment.order_id);
  const pay = useMutation({
    mutationFn: (body: Exclude<ReturnType<typeof readMethod>, { method: "later" }>) =>
      once(body, (key) =>
        answer(
          api.POST("/api/orders/{id}/payment", {
            params: { path: { id: payment.order_id }, header: { "Idempotency-Key": key } },
            body,
          }),
        ),
      ),
    onSuccess: (paid) => client.setQueryData<Payment>(queryKey, paid),
    onSettled: () => {
      void client.invalidateQueries({ queryKey });
      void client.invalidateQueries({ queryKey: balanceQuery.queryKey });
    },
  });
  const field = pay.error instanceof Problem ? pay.error.members["field"] : undefined;
  const isOfToken = field === "token";
  return (
    <form
      aria-label="Pay for the order"
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        const choice = readMethod(new FormData(event.currentTarget));
        if (choice.method !== "later") pay.mutate(choice);
      }}
    >
      {pay.isError && !isOfToken && <Notice>{describe(pay.error)}</Notice>}
      <MethodFields cost={payment.amount} tokenError={isOfToken ? describe(pay.error) : undefined} />
      <Button type="submit" disabled={pay.isPending} className="self-start">
        {payment.attempts > 0 ? "Try again: pay" : "Pay"} {money(payment.amount, payment.currency)}
      </Button>
    </form>
  );
}
