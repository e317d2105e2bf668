/** Totals of all services at one moment. */
export interface Reading {
  atMillis: number;
  /** By service; a service that did not answer is missing. */
  totals: ReadonlyMap<string, { published: number; consumed: number }>;
}

export interface Rate {
  /** Events a second. */
  published: number;
  consumed: number;
}

/** The rates between two readings. A service that was started again counts from zero. */
export function ratesBetween(before: Reading | undefined, now: Reading): ReadonlyMap<string, Rate> {
  const rates = new Map<string, Rate>();
  const seconds = before === undefined ? 0 : (now.atMillis - before.atMillis) / 1000;
  if (before === undefined || seconds <= 0) return rates;
  for (const [service, totals] of now.totals) {
    const earlier = before.totals.get(service);
    if (earlier === undefined) continue;
    rates.set(service, {
      published: perSecond(earlier.published, totals.published, seconds),
      consumed: perSecond(earlier.consumed, totals.consumed, seconds),
    });
  }
  return rates;
}

function perSecond(before: number, now: number, seconds: number): number {
  return (now >= before ? now - before : now) / seconds;
}

/** A rate for people: 0, 0.4, 12, 1,250. */
export function shown(rate: number): string {
  if (rate === 0) return "0";
  return rate < 10 ? rate.toFixed(1) : Math.round(rate).toLocaleString("en-IE");
}
