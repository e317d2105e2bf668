import { useState } from "react";
import { Button } from "../ui/button";
import { Field, focusWhenShown } from "../ui/field";
import type { Action } from "./actions";

/** Trying something again, or discarding it. Discarding asks once more, and why. */
export function ActionForms({
  what,
  warning,
  retry = true,
  busy,
  act,
}: {
  what: string;
  /** What discarding it means. */
  warning: string;
  /** Whether it can be tried again. */
  retry?: boolean;
  busy: boolean;
  act: (action: Action) => void;
}) {
  const [chosen, setChosen] = useState<Action["action"] | null>(null);
  if (chosen === null) {
    return (
      <div className="flex flex-wrap gap-2">
        {retry && (
          <Button disabled={busy} onClick={() => setChosen("retry")}>
            Try again…
          </Button>
        )}
        <Button look="plain" disabled={busy} onClick={() => setChosen("discard")}>
          Discard…
        </Button>
      </div>
    );
  }
  const discards = chosen === "discard";
  return (
    <form
      aria-label={`${discards ? "Discard" : "Try again"} the ${what}`}
      className={`flex flex-col gap-3 rounded-lg border p-4 ${discards ? "border-bad" : "border-edge"}`}
      onSubmit={(event) => {
        event.preventDefault();
        act({ action: chosen, reason: String(new FormData(event.currentTarget).get("reason")).trim() });
        setChosen(null);
      }}
    >
      {discards && <p className="text-sm">{warning}</p>}
      <Field
        label={discards ? "Why it is discarded" : "Why it should work now"}
        name="reason"
        maxLength={500}
        {...(discards && { required: true, pattern: ".*\\S.*" })}
        ref={focusWhenShown}
        hint={`It is kept with your name and the time${discards ? "." : ", and may be left out."}`}
      />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" disabled={busy}>
          {discards ? "Discard it for good" : "Try again now"}
        </Button>
        <Button look="plain" onClick={() => setChosen(null)}>
          {discards ? "Keep it" : "Not now"}
        </Button>
      </div>
    </form>
  );
}
