import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import type { NewCheckout } from "../api/client";
import { Field } from "../ui/field";
import { money } from "../ui/money";
import { balanceQuery } from "./queries";

type Method = NewCheckout["payment"]["method"];

/** How to pay, which `readMethod` reads; with `later`, also that it will be said later. */
export function MethodFields(props: { cost: number; later?: boolean; tokenError?: string | undefined }) {
  const { cost, later = false, tokenError } = props;
  const [method, setMethod] = useState<Method>("card");
  const { data } = useQuery(balanceQuery);
  const short = data !== undefined && data.balance < cost;
  return (
    <fieldset className="flex flex-col gap-3">
      <legend className="mb-3 text-lg font-semibold">How to pay</legend>
      <Option value="card" chosen={method} choose={setMethod}>
        By card
      </Option>
      {method === "card" && (
        <Field
          label="Card token"
          name="payment.token"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          required
          maxLength={200}
          error={tokenError}
          hint="The card provider's name for your card. In the demo: tok_ok pays, tok_declined is declined, tok_slow takes its time."
        />
      )}
      <Option value="balance" chosen={method} choose={setMethod} disabled={short && method !== "balance"}>
        From your balance
        {data !== undefined && (
          <span className="text-quiet">
            {` of ${money(data.balance, data.currency)}`}
            {short && ", which is not enough"}
          </span>
        )}
      </Option>
      {later && (
        <Option value="later" chosen={method} choose={setMethod}>
          Later, on the order’s page<span className="text-quiet">, which says until when</span>
        </Option>
      )}
    </fieldset>
  );
}

function Option(props: {
  value: Method;
  chosen: Method;
  choose: (method: Method) => void;
  disabled?: boolean;
  children: ReactNode;
}) {
  const { value, chosen, choose, disabled = false, children } = props;
  return (
    <label className="border-edge has-checked:border-accent flex min-h-11 items-center gap-3 rounded-lg border px-3 py-2">
      <input
        type="radio"
        name="method"
        value={value}
        checked={chosen === value}
        disabled={disabled}
        onChange={() => choose(value)}
        className="accent-accent size-4 shrink-0"
      />
      <span>{children}</span>
    </label>
  );
}
