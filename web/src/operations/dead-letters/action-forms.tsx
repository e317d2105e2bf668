import { useState } from "react";
import { Button } from "../../ui/button";
import { Field } from "../../ui/field";
import type { DeadLetterDetail } from "./model";
import type { DeadLetterAction } from "./queries";

/** It appeared because someone wants to fill it in. */
const focus = (field: HTMLInputElement | null) => field?.focus();

/** What can be done with a dead letter. Discarding asks once more, and why. */
export function ActionForms({
  letter,
  busy,
  act,
}: {
  letter: DeadLetterDetail;
  busy: boolean;
  act: (action: DeadLetterAction) => void;
}) {
  const [discarding, setDiscarding] = useState(false);
  if (letter.waits_for != null) {
    return <p className="text-quiet text-sm">It waits behind {letter.waits_for}; deal with that one first.</p>;
  }
  if (!discarding) {
    return (
      <div className="flex flex-wrap gap-2">
        <Button disabled={busy} onClick={() => act({ action: "retry", reason: "" })}>
          Try again
        </Button>
        <Button look="plain" disabled={busy} onClick={() => setDiscarding(true)}>
          Discard…
        </Button>
      </div>
    );
  }
  return (
    <form
      aria-label="Discard the message"
      className="border-bad flex flex-col gap-3 rounded-lg border p-4"
      onSubmit={(event) => {
        event.preventDefault();
        act({ action: "discard", reason: String(new FormData(event.currentTarget).get("reason")) });
        setDiscarding(false);
      }}
    >
      <p className="text-sm">
        The service will never apply this message. Those that wait behind it are applied.
      </p>
      <Field
        label="Why it is discarded"
        name="reason"
        required
        maxLength={500}
        pattern=".*\S.*"
        ref={focus}
        hint="It is kept with your name and the time."
      />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" disabled={busy}>
          Discard it for good
        </Button>
        <Button look="plain" onClick={() => setDiscarding(false)}>
          Keep it
        </Button>
      </div>
    </form>
  );
}
