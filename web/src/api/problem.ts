/** An answer that is no success (RFC 9457), or the lack of one. */
export class Problem extends Error {
  constructor(
    /** The HTTP status; 0 when no answer came. */
    readonly status: number,
    /** Its stable name; `unreachable` when no answer came. */
    readonly code: string,
    /** A sentence for people. */
    detail: string,
    /** The other members, such as `field` or `available`. */
    readonly members: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
  }

  /** Whether the same request may well succeed later. */
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }

  /** Whether it says what became of the request: nothing. */
  get decides(): boolean {
    return !this.passes && this.status < 500 && this.code !== "idempotency-key-in-flight";
  }
}

export function problemOf(status: number, body: unknown): Problem {
  const members = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const text = (name: string) => (typeof members[name] === "string" ? members[name] : undefined);
  const detail = text("detail") ?? text("title") ?? `The shop answered with status ${status}.`;
  return new Problem(status, text("code") ?? "unknown", sentence(detail), members);
}

/** Begins with a capital letter and ends with a full stop, as a sentence on a page does. */
export function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** What to tell a person about a failure. */
export function describe(error: unknown): string {
  return error instanceof Problem ? error.message : "Something went wrong on this page. Reload it and try again.";
}

/** The data of an answer, or its problem thrown. */
export async function answer<T>(
  asked: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await asked.catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new Problem(0, "unreachable", "The shop can't be reached. Check your connection.");
  });
  if (!response.ok) throw problemOf(response.status, error);
  return data as T;
}
