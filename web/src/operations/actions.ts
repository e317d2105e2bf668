/** What an operator does with something that failed, and why. */
export interface Action {
  action: "retry" | "discard";
  reason: string;
}

/** What an operator did. */
export interface DoneAction {
  id: string;
  at: string;
  who: string;
  action: string;
  why: string;
}

/** Text with its JSON laid out to be read; anything else stays as it is. */
export function laidOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
