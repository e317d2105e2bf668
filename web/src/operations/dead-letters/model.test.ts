import { describe, expect, it } from "vitest";
import { laidOut } from "../actions";
import { told, waitingText } from "./model";

describe("a message's value", () => {
  it("is laid out when it is JSON", () => {
    expect(laidOut('{"a":{"b":[1]}}')).toBe('{\n  "a": {\n    "b": [\n      1\n    ]\n  }\n}');
  });

  it("stays as it is when it is anything else", () => {
    expect(laidOut('{"a":')).toBe('{"a":');
    expect(laidOut("")).toBe("");
  });
});

describe("what came of it", () => {
  it("is good when nothing of the key is left", () => {
    expect(told({ outcome: "applied", applied: 1, left: 0 })).toEqual({ tone: "good", text: "1 message was applied." });
    expect(told({ outcome: "discarded", applied: 0, left: 0 })).toEqual({ tone: "good", text: "It is discarded." });
    expect(told({ outcome: "discarded", applied: 2, left: 0 }).text).toBe(
      "It is discarded. 2 messages behind it were applied.",
    );
  });

  it("names the reason when it failed again", () => {
    const outcome = told({ outcome: "failed-again", reason: "there is no such order", applied: 0, left: 3 });
    expect(outcome).toEqual({ tone: "bad", text: "It failed again and stays a dead letter: there is no such order." });
  });

  it("says where the key stands still", () => {
    const outcome = told({ outcome: "applied", applied: 2, left: 1, stopped_at: "t:0:7" });
    expect(outcome.tone).toBe("wait");
    expect(outcome.text).toBe("2 messages were applied. 1 message of its key is still dead-lettered, the first of them at t:0:7.");
  });
});

it("says how many wait", () => {
  expect([0, 1, 1200].map(waitingText)).toEqual([
    "Nothing waits behind it",
    "1 message waits behind it",
    "1,200 messages wait behind it",
  ]);
});
