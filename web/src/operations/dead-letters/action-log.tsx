import { useQueries } from "@tanstack/react-query";
import { dateTime } from "../../ui/time";
import { actionsQuery } from "./queries";

const WORDS: Record<string, string> = { retry: "Tried again", discard: "Discarded" };

/** What operators did to dead letters, newest first. */
export function ActionLog({ services }: { services: readonly string[] }) {
  const logs = useQueries({ queries: services.map(actionsQuery) });
  const done = logs
    .flatMap(({ data }, index) => (data?.actions ?? []).map((action) => ({ action, service: services[index] })))
    .toSorted((a, b) => b.action.at.localeCompare(a.action.at));
  if (done.length === 0) return null;
  return (
    <div className="mt-6">
      <h3 id="dealt-with" className="mb-2 font-semibold">
        What was done
      </h3>
      <ul aria-labelledby="dealt-with" className="divide-line divide-y text-sm">
        {done.map(({ action, service }) => (
          <li key={action.id} className="py-2 [overflow-wrap:anywhere]">
            <p>
              <span className="font-medium">{WORDS[action.action] ?? action.action}</span> {action.letter} of{" "}
              {service}: {action.outcome}
            </p>
            <p className="text-quiet">
              {action.who}, <time dateTime={action.at}>{dateTime(action.at)}</time>: {action.why}
            </p>
          </li>
        ))}
      </ul>
    </div>
  );
}
