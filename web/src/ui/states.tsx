import type { ReactNode } from "react";
import { describe } from "../api/problem";
import { Button } from "./button";

/** Something to be read at once: what went wrong, or what to know. */
export function Notice({ tone = "bad", children }: { tone?: "bad" | "wait" | "good"; children: ReactNode }) {
  const looks = {
    bad: "bg-bad-well text-bad",
    wait: "bg-wait-well text-wait",
    good: "bg-good-well text-good",
  };
  return (
    <div role={tone === "bad" ? "alert" : "status"} className={`rounded-lg px-4 py-3 text-sm ${looks[tone]}`}>
      {children}
    </div>
  );
}

/** A list without entries, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="border-line flex flex-col items-center gap-3 rounded-xl border border-dashed px-6 py-14 text-center">
      <p className="text-lg font-semibold">{title}</p>
      <div className="text-quiet flex max-w-md flex-col items-center gap-4">{children}</div>
    </div>
  );
}

/** What could not be loaded, with a way to try again. */
export function Failed({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <Notice>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <span>{describe(error)}</span>
        <Button look="plain" onClick={retry}>
          Try again
        </Button>
      </div>
    </Notice>
  );
}

/** Grey shapes in place of what is being loaded. */
export function Loading({ what, rows = 3, className = "h-20" }: { what: string; rows?: number; className?: string }) {
  return (
    <div role="status" className="flex flex-col gap-3">
      <span className="sr-only">Loading {what}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className={`bg-well animate-pulse rounded-xl ${className}`} />
      ))}
    </div>
  );
}
