import { useEffect, useState } from "react";
import { dateTime, duration } from "../ui/time";

const SECOND_MS = 1000;

/** How long there is until `due`, as it runs out. */
export function TimeLeft({ due }: { due: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), SECOND_MS);
    return () => clearInterval(timer);
  }, []);
  const left = Date.parse(due) - now;
  return (
    <p className="text-quiet text-sm">
      {left > 0 ? (
        <>
          Time left: {duration(Math.ceil(left / SECOND_MS) * SECOND_MS)}, until <time dateTime={due}>{dateTime(due)}</time>.
          After that the order is cancelled.
        </>
      ) : (
        "The time to pay is over."
      )}
    </p>
  );
}
