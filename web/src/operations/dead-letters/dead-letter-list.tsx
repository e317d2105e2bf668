import { Button } from "../../ui/button";
import { dateTime } from "../../ui/time";
import { waitingText, type DeadLetter, type DeadLetterList as List } from "./model";

/** One service's dead letters: the first message of each key. */
export function DeadLetterList({
  service,
  list,
  open,
}: {
  service: string;
  list: List;
  open: (id: string, button: HTMLElement) => void;
}) {
  if (list.parked === 0) {
    return (
      <p className="text-quiet text-sm">
        <span className="text-ink font-semibold">{service}</span> has none.
      </p>
    );
  }
  const hidden = list.letters.length >= 100 ? " The first 100 keys are shown." : "";
  return (
    <div>
      <h3 className="font-semibold">
        {service}
        <span className="bg-bad-well text-bad ml-2 rounded-full px-2 text-xs leading-5 font-semibold">
          {list.parked.toLocaleString("en-IE")} dead letters
        </span>
      </h3>
      {hidden !== "" && <p className="text-quiet text-sm">{hidden}</p>}
      <ul aria-label={`Dead letters of ${service}`} className="divide-line mt-2 divide-y">
        {list.letters.map((letter) => (
          <Row key={letter.id} letter={letter} open={open} />
        ))}
      </ul>
    </div>
  );
}

function Row({ letter, open }: { letter: DeadLetter; open: (id: string, button: HTMLElement) => void }) {
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 py-3">
      <div className="min-w-0 grow basis-64">
        <p className="text-bad text-sm font-medium break-words">{letter.reason}</p>
        <p className="text-sm break-all">
          {letter.event ?? "Unreadable"} at {letter.id}
        </p>
        <p className="text-quiet text-sm break-all">
          {letter.key == null ? "No key" : `Key ${letter.key}`} · since{" "}
          <time dateTime={letter.parked_at}>{dateTime(letter.parked_at)}</time> · {waitingText(letter.waiting)}
        </p>
      </div>
      <Button look="plain" aria-label={`Look at ${letter.id}`} onClick={(event) => open(letter.id, event.currentTarget)}>
        Look at it
      </Button>
    </li>
  );
}
