import type { components } from "../../api/schema";

type Schemas = components["schemas"];
export type DeadLetter = Schemas["DeadLetter"];
export type DeadLetterDetail = Schemas["DeadLetterDetail"];
export type DeadLetterList = Schemas["DeadLetterList"];
export type DeadLetterOutcome = Schemas["DeadLetterOutcome"];

/** How many messages of a key stand behind its first one. */
export function waitingText(waiting: number): string {
  if (waiting === 0) return "Nothing waits behind it";
  return waiting === 1 ? "1 message waits behind it" : `${waiting.toLocaleString("en-IE")} messages wait behind it`;
}

/** What came of a retry or of discarding, and how good that is. */
export function told(outcome: DeadLetterOutcome): { tone: "good" | "wait" | "bad"; text: string } {
  const rest = outcome.left === 0 ? "" : ` ${waitingRest(outcome)}`;
  if (outcome.outcome === "failed-again") {
    return { tone: "bad", text: `It failed again and stays a dead letter: ${outcome.reason ?? "no reason was given"}.` };
  }
  const tone = outcome.left === 0 ? "good" : "wait";
  if (outcome.outcome === "discarded") {
    const applied = outcome.applied === 0 ? "" : ` ${count(outcome.applied)} behind it ${was(outcome.applied)} applied.`;
    return { tone, text: `It is discarded.${applied}${rest}` };
  }
  return { tone, text: `${count(outcome.applied)} ${was(outcome.applied)} applied.${rest}` };
}

function waitingRest({ left, stopped_at: stoppedAt }: DeadLetterOutcome): string {
  const rest = `${count(left)} of its key ${left === 1 ? "is" : "are"} still dead-lettered`;
  return stoppedAt == null ? `${rest}.` : `${rest}, the first of them at ${stoppedAt}.`;
}

const count = (messages: number) => (messages === 1 ? "1 message" : `${messages.toLocaleString("en-IE")} messages`);
const was = (messages: number) => (messages === 1 ? "was" : "were");
