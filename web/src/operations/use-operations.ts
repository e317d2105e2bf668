import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "../api/client";
import { answer } from "../api/problem";
import { ratesBetween, type Rate, type Reading } from "./rates";
import type { Operations } from "./types";

const KEY = ["operations"];
const EVERY_MS = 2000;
/** How many points the chart shows: five minutes. */
const POINTS = 150;

export interface Point {
  /** Seconds since 1970. */
  at: number;
  rates: ReadonlyMap<string, Rate>;
}

interface Seen {
  operations: Operations;
  points: Point[];
}

/** The shop's metrics, live, with the rates since the page was opened. */
export function useOperations() {
  const client = useQueryClient();
  return useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }): Promise<Seen> => {
      const operations = await answer(api.GET("/api/admin/operations", { signal }));
      return seenAfter(client.getQueryData<Seen>(KEY), operations);
    },
    // Metrics differ each time, and what is compared deeply costs time.
    structuralSharing: false,
    refetchInterval: EVERY_MS,
  });
}

function seenAfter(before: Seen | undefined, operations: Operations): Seen {
  const now = readingOf(operations);
  const rates = ratesBetween(before && readingOf(before.operations), now);
  const points = before?.points ?? [];
  if (rates.size === 0) return { operations, points };
  return { operations, points: [...points, { at: now.atMillis / 1000, rates }].slice(-POINTS) };
}

function readingOf(operations: Operations): Reading {
  const totals = new Map<string, { published: number; consumed: number }>();
  for (const { name, metrics } of operations.services) {
    if (metrics != null) totals.set(name, { published: metrics.published_total, consumed: metrics.consumed_total });
  }
  return { atMillis: operations.at_millis, totals };
}
