import { useQuery } from "@tanstack/react-query";
import { describe, Problem } from "../../api/problem";
import { Drawer, Facts, Verbatim } from "../../ui/drawer";
import { Failed, Loading, Notice } from "../../ui/states";
import { dateTime } from "../../ui/time";
import { ActionForms } from "../action-forms";
import { laidOut, type Action } from "../actions";
import { told, waitingText, type DeadLetterDetail } from "./model";
import { letterQuery, useDeadLetterAction } from "./queries";

/** A dead letter in full, and what can be done. */
export function DeadLetterDrawer({ service, id, close }: { service: string; id: string; close: () => void }) {
  const action = useDeadLetterAction(service, id);
  const ended = dealtWith(action.data?.outcome);
  const { data, error, refetch } = useQuery({ ...letterQuery(service, id), enabled: !ended });
  const gone = error instanceof Problem && error.code === "unknown-letter";
  const outcome = action.data && told(action.data);
  return (
    <Drawer title={`Dead letter ${id}`} close={close}>
      {outcome && <Notice tone={outcome.tone}>{outcome.text}</Notice>}
      {action.isError && <Notice>{describe(action.error)}</Notice>}
      {gone && !outcome && <Notice tone="wait">Somebody has dealt with it meanwhile.</Notice>}
      {data === undefined && error === null && <Loading what="the message" />}
      {data === undefined && error !== null && !gone && <Failed error={error} retry={() => void refetch()} />}
      {data !== undefined && (
        <>
          {!ended && !gone && <Actions letter={data} busy={action.isPending} act={(asked) => action.mutate(asked)} />}
          <Details letter={data} />
        </>
      )}
    </Drawer>
  );
}

function dealtWith(outcome: string | undefined): boolean {
  return outcome === "applied" || outcome === "discarded";
}

function Actions({ letter, busy, act }: { letter: DeadLetterDetail; busy: boolean; act: (asked: Action) => void }) {
  if (letter.waits_for != null) {
    return <p className="text-quiet text-sm">It waits behind {letter.waits_for}; deal with that one first.</p>;
  }
  const warning = "The service will never apply this message. Those that wait behind it are applied.";
  return <ActionForms what="message" warning={warning} busy={busy} act={act} />;
}

function Details({ letter }: { letter: DeadLetterDetail }) {
  const facts: [string, string | null | undefined][] = [
    ["Reason", letter.reason],
    ["Event", letter.event ?? "Unreadable"],
    ["Event id", letter.event_id],
    ["Key", letter.key],
    ["Dead letter since", dateTime(letter.parked_at)],
    ["Tried", letter.attempts === 1 ? "once" : `${letter.attempts} times`],
    ["Behind it", waitingText(letter.waiting)],
  ];
  // A header may be there twice.
  const keys = letter.headers.map(({ name }, index) => `${index} ${name}`);
  const bytes = letter.original_bytes ?? letter.payload_bytes;
  const of = letter.original_bytes == null ? "Value" : "Message kept by reference";
  const cut = letter.payload.length < bytes ? ", of which the beginning is shown" : "";
  return (
    <>
      <Facts facts={facts} />
      <Verbatim
        title={`${of} (${bytes.toLocaleString("en-IE")} bytes${cut})`}
        text={laidOut(letter.payload)}
      />
      <section aria-labelledby="headers">
        <h3 id="headers" className="mb-1 text-sm font-semibold">
          Headers
        </h3>
        <ul className="text-xs">
          {letter.headers.map(({ name, value }, index) => (
            <li key={keys[index]} className="break-all">
              <span className="text-quiet">{name}</span> {value}
            </li>
          ))}
        </ul>
      </section>
      {letter.behind.length > 0 && (
        <section aria-labelledby="behind">
          <h3 id="behind" className="mb-1 text-sm font-semibold">
            Waiting behind it
          </h3>
          <ol className="text-xs">
            {letter.behind.map((waiting) => (
              <li key={waiting.id} className="break-all">
                {waiting.event ?? "Unreadable"} at {waiting.id}
              </li>
            ))}
          </ol>
        </section>
      )}
    </>
  );
}
