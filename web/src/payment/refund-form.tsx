import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api, type Payment } from "../api/client";
import { sendOnce } from "../api/once";
import { answer, describe, Problem } from "../api/problem";
import { paymentKey } from "../orders/cache";
import { Button } from "../ui/button";
import { Field } from "../ui/field";
import { money } from "../ui/money";
import { Notice } from "../ui/states";

/** An admin gives back what was paid, whole or in part. */
export default function RefundForm({ payment }: { payment: Payment }) {
  const client = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [once] = useState(() => sendOnce());
  const refund = useMutation({
    mutationFn: (body: { amount?: number; reason: string }) =>
      once(body, (key) =>
        answer(
          api.POST("/api/admin/orders/{id}/refunds", {
            params: { path: { id: payment.order_id }, header: { "Idempotency-Key": key } },
            body,
          }),
        ),
      ),
    onSuccess: () => form.current?.reset(),
    onSettled: () => client.invalidateQueries({ queryKey: paymentKey(payment.order_id) }),
  });
  const field = refund.error instanceof Problem ? refund.error.members["field"] : undefined;
  const about = (name: string) => (field === name ? describe(refund.error) : undefined);
  return (
    <form
      ref={form}
      aria-label="Refund"
      className="border-line flex flex-col gap-4 border-t pt-4"
      onSubmit={(event) => {
        event.preventDefault();
        const fields = new FormData(event.currentTarget);
        const amount = String(fields.get("amount"));
        const reason = String(fields.get("reason")).trim();
        // At most two places: a number that is exact again as text.
        refund.mutate(amount === "" ? { reason } : { amount: Number(amount), reason });
      }}
    >
      {refund.isSuccess && (
        <Notice tone="good">{money(refund.data.amount, refund.data.currency)} goes back to the customer.</Notice>
      )}
      {refund.isError && field !== "amount" && field !== "reason" && <Notice>{describe(refund.error)}</Notice>}
      <Field
        label="Amount to refund"
        name="amount"
        inputMode="decimal"
        pattern="\d{1,8}(\.\d{1,2})?"
        title="A number with at most two decimal places, such as 19.99"
        hint="Left empty, all that is left."
        error={about("amount")}
      />
      <Field label="Reason for the refund" name="reason" required maxLength={500} error={about("reason")} />
      <Button type="submit" look="plain" disabled={refund.isPending} className="self-start">
        {refund.isPending ? "Refunding…" : "Refund"}
      </Button>
    </form>
  );
}
