import { createParser } from "eventsource-parser";
import type { Order } from "../api/client";

/** The stream says something at least every 15 s; after this long it is taken for dead. */
const SILENCE_MS = 40_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

/** What following the stream needs; the caller's orders are a matter of its token. */
export interface Following {
  /** Opens the stream; `last` is the id of the last event that was seen. */
  open(last: string | null, signal: AbortSignal): Promise<Response>;
  onOrder(order: Order): void;
  /** The stream is open again: without an event id, changes may have been missed. */
  onOpen(): void;
  pause(millis: number, signal: AbortSignal): Promise<void>;
}

/** Follows the stream of order changes until `signal` says stop, coming back whenever it breaks. */
export async function follow(with_: Following, signal: AbortSignal): Promise<void> {
  let last: string | null = null;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const watch = silenceWatch(signal);
      try {
        const response = await with_.open(last, watch.signal);
        if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
        failures = 0;
        with_.onOpen();
        await read(response.body, watch.received, (id, order) => {
          last = id ?? last;
          with_.onOrder(order);
        });
      } finally {
        watch.stop();
      }
    } catch {
      failures += 1;
    }
    if (signal.aborted) return;
    // A stream that ends by itself is opened again after the first pause, too.
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1), LONGEST_PAUSE_MS);
    await with_.pause(pause, signal);
  }
}

/** Reads a stream of server-sent events to its end. */
export async function read(
  body: ReadableStream<Uint8Array>,
  received: () => void,
  onOrder: (id: string | undefined, order: Order) => void,
): Promise<void> {
  const parser = createParser({
    onEvent(event) {
      if (event.event === "order") onOrder(event.id, JSON.parse(event.data) as Order);
    },
  });
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    received();
    parser.feed(value);
  }
}

function silenceWatch(outer: AbortSignal) {
  const silent = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const received = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(), SILENCE_MS);
  };
  received();
  return { signal: AbortSignal.any([outer, silent.signal]), received, stop: () => clearTimeout(timer) };
}
