import { looksOf } from "./statuses";

const WELLS = { wait: "bg-wait-well text-wait", good: "bg-good-well text-good", bad: "bg-bad-well text-bad" };

/** An order's status in colour, sign and words. */
export function Status({ status }: { status: string }) {
  const { words, tone, mark } = looksOf(status);
  const look = tone === undefined ? "bg-well text-ink" : WELLS[tone];
  return (
    <span className={`inline-flex items-center gap-1.5 rounded-full px-3 py-1 text-sm font-semibold ${look}`}>
      <span aria-hidden="true">{mark}</span>
      {words}
    </span>
  );
}
