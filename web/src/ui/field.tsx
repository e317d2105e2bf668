import { useId, type ComponentProps, type ReactNode } from "react";

const CONTROL =
  "border-edge bg-card text-ink placeholder:text-quiet min-h-11 w-full rounded-lg border px-3 py-2 " +
  "aria-invalid:border-bad";

interface Frame {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
}

interface Wiring {
  id: string;
  className: string;
  "aria-invalid": boolean | undefined;
  "aria-describedby": string | undefined;
}

function Framed({ label, hint, error, children }: Frame & { children: (wiring: Wiring) => ReactNode }) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children({
        id,
        className: CONTROL,
        "aria-invalid": error === undefined ? undefined : true,
        "aria-describedby": note === undefined ? undefined : `${id}-note`,
      })}
      {note !== undefined && (
        <p id={`${id}-note`} className={`text-sm ${error === undefined ? "text-quiet" : "text-bad"}`}>
          {note}
        </p>
      )}
    </div>
  );
}

/** The `ref` of a field that appears because someone wants to fill it in. */
export const focusWhenShown = (field: HTMLInputElement | null) => field?.focus();

export function Field({ label, hint, error, ...rest }: Frame & ComponentProps<"input">) {
  return (
    <Framed label={label} hint={hint} error={error}>
      {(wiring) => <input {...wiring} {...rest} />}
    </Framed>
  );
}

export function TextArea({ label, hint, error, ...rest }: Frame & ComponentProps<"textarea">) {
  return (
    <Framed label={label} hint={hint} error={error}>
      {(wiring) => <textarea rows={3} {...wiring} {...rest} />}
    </Framed>
  );
}

export function Select({ label, hint, error, ...rest }: Frame & ComponentProps<"select">) {
  return (
    <Framed label={label} hint={hint} error={error}>
      {(wiring) => <select {...wiring} {...rest} />}
    </Framed>
  );
}
