import type { components } from "../../api/schema";
import { dateTime, duration } from "../../ui/time";

type Schemas = components["schemas"];
export type Job = Schemas["Job"];
export type JobDetail = Schemas["JobDetail"];
export type JobList = Schemas["JobList"];
export type JobCounts = Schemas["JobCounts"];
export type OpenState = keyof typeof OPEN;

/** The states in which something is still to be done, as people call them. */
const OPEN = { dead: "set aside", running: "running", waiting: "waiting" };
export const OPEN_STATES = Object.keys(OPEN) as OpenState[];

/** A state in a word or two; one that has no other name is shown by its own. */
export function stateText(state: string): string {
  return OPEN[state as OpenState] ?? state;
}

export function hasEnded({ state }: Job): boolean {
  return !(state in OPEN);
}

/** Only what has failed can be tried again. */
export function canRetry({ state, attempts }: Job): boolean {
  return state === "dead" || (state === "waiting" && attempts > 0);
}

/** When it happens next, or has happened. */
export function whenText({ state, at }: Job): string {
  if (state === "waiting") return `next attempt at ${dateTime(at)}`;
  if (state === "running") return `leased until ${dateTime(at)}`;
  return `${stateText(state)} at ${dateTime(at)}`;
}

export function attemptsText(attempts: number): string {
  if (attempts === 0) return "not tried yet";
  return attempts === 1 ? "tried once" : `tried ${attempts.toLocaleString("en-IE")} times`;
}

/** A job in one line. */
export function summary(job: Job): string {
  const due = job.due == null ? [] : [`due ${dateTime(job.due)}`];
  // Until it was tried, the next attempt is when it is due.
  const when = job.state === "waiting" && job.attempts === 0 ? [] : [whenText(job)];
  const text = [...due, attemptsText(job.attempts), ...when].join(" · ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** How many jobs a service has, by what is to become of them. */
export function countsText(counts: JobCounts): string {
  const { dead, running, waiting, due, oldest_due_seconds: seconds } = counts;
  const late = due === 0 ? "" : `, ${counted(due)} of them due, the first for ${duration(seconds * 1000)}`;
  return `${counted(dead)} set aside, ${counted(running)} running, ${counted(waiting)} waiting${late}`;
}

/** Services count up to this. */
const MOST_COUNTED = 10_000;

function counted(jobs: number): string {
  const text = jobs.toLocaleString("en-IE");
  return jobs >= MOST_COUNTED ? `at least ${text}` : text;
}
