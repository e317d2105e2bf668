import { useId } from "react";
import { dateTime } from "../ui/time";
import type { DoneAction } from "./actions";

const WORDS: Record<string, string> = { retry: "Tried again", discard: "Discarded" };

/** What operators did, newest first. */
export function ActionLog({ done }: { done: readonly { action: DoneAction; about: string }[] }) {
  const id = useId();
  if (done.length === 0) return null;
  const newestFirst = done.toSorted((a, b) => b.action.at.localeCompare(a.action.at));
  return (
    <div className="mt-6">
      <h3 id={id} className="mb-2 font-semibold">
        What was done
      </h3>
      <ul aria-labelledby={id} className="divide-line divide-y text-sm">
        {newestFirst.map(({ action, about }) => (
          <li key={action.id} className="py-2 [overflow-wrap:anywhere]">
            <p>
              <span className="font-medium">{WORDS[action.action] ?? action.action}</span> {about}
            </p>
            <p className="text-quiet">
              {action.who}, <time dateTime={action.at}>{dateTime(action.at)}</time>
              {action.why !== "" && `: ${action.why}`}
            </p>
          </li>
        ))}
      </ul>
    </div>
  );
}
