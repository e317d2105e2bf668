import { describe, expect, it } from "vitest";
import { dateTime } from "../../ui/time";
import { attemptsText, canRetry, countsText, hasEnded, stateText, summary, whenText, type Job } from "./model";

const AT = "2026-11-21T12:05:00Z";
const DUE = "2026-11-21T12:00:00Z";

const job = (change: Partial<Job>): Job => ({
  id: "send-email:0198c6b1-2f6e-7c3a-9a53-0d9f3a2b7c11:3",
  name: "send-email",
  state: "waiting",
  at: AT,
  due: DUE,
  attempts: 0,
  ...change,
});

const ALL = ["waiting", "running", "dead", "done", "cancelled", "discarded"];

describe("a job", () => {
  it("says when it is tried, until when it runs, or since when it is over", () => {
    expect(ALL.map((state) => whenText(job({ state })).replace(dateTime(AT), "T"))).toEqual([
      "next attempt at T",
      "leased until T",
      "set aside at T",
      "done at T",
      "cancelled at T",
      "discarded at T",
    ]);
    expect(stateText("of-a-later-build")).toBe("of-a-later-build");
  });

  it("can be discarded until it has ended, and tried again when it has failed", () => {
    expect(ALL.filter((state) => !hasEnded(job({ state })))).toEqual(["waiting", "running", "dead"]);
    const retried = (attempts: number) => ALL.filter((state) => canRetry(job({ state, attempts })));
    expect(retried(0)).toEqual(["dead"]);
    expect(retried(2)).toEqual(["waiting", "dead"]);
  });

  it("is told in one line", () => {
    expect(summary(job({}))).toBe(`Due ${dateTime(DUE)} · not tried yet`);
    expect(summary(job({ attempts: 1 }))).toBe(`Due ${dateTime(DUE)} · tried once · next attempt at ${dateTime(AT)}`);
    expect(summary(job({ state: "cancelled", due: null }))).toBe(`Not tried yet · cancelled at ${dateTime(AT)}`);
    expect(attemptsText(1200)).toBe("tried 1,200 times");
  });
});

describe("a service's jobs", () => {
  const none = { waiting: 0, due: 0, oldest_due_seconds: 0, running: 0, dead: 0 };

  it("are counted by what is to become of them", () => {
    expect(countsText(none)).toBe("0 set aside, 0 running, 0 waiting");
    expect(countsText({ ...none, dead: 1, waiting: 12, due: 3, oldest_due_seconds: 245 })).toBe(
      "1 set aside, 0 running, 12 waiting, 3 of them due, the first for 4 min 5 s",
    );
  });

  it("are not counted to the last one when there are very many", () => {
    expect(countsText({ ...none, waiting: 10_000 })).toContain("at least 10,000 waiting");
  });
});
