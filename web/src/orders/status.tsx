const LOOKS: Record<string, { words: string; look: string; mark: string }> = {
  PENDING: { words: "Pending", look: "bg-wait-well text-wait", mark: "…" },
  ACCEPTED: { words: "Accepted", look: "bg-good-well text-good", mark: "✓" },
  REJECTED: { words: "Rejected", look: "bg-bad-well text-bad", mark: "✕" },
};

/** An order's status in colour, sign and words. */
export function Status({ status }: { status: string }) {
  const { words, look, mark } = LOOKS[status] ?? { words: status.toLowerCase(), look: "bg-well text-ink", mark: "•" };
  return (
    <span className={`inline-flex items-center gap-1.5 rounded-full px-3 py-1 text-sm font-semibold ${look}`}>
      <span aria-hidden="true">{mark}</span>
      {words}
    </span>
  );
}
