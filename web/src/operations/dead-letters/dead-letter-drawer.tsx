import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { describe, Problem } from "../../api/problem";
import { Button } from "../../ui/button";
import { Failed, Loading, Notice } from "../../ui/states";
import { dateTime } from "../../ui/time";
import { ActionForms } from "./action-forms";
import { laidOut, told, waitingText, type DeadLetterDetail } from "./model";
import { letterQuery, useDeadLetterAction } from "./queries";

/** A dead letter in full, and what can be done. */
export function DeadLetterDrawer({ service, id, close }: { service: string; id: string; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const action = useDeadLetterAction(service, id);
  const { data, error, refetch } = useQuery({ ...letterQuery(service, id), enabled: !dealtWith(action.data?.outcome) });
  useEffect(() => dialog.current?.showModal(), []);
  const gone = error instanceof Problem && error.code === "unknown-letter";
  const outcome = action.data && told(action.data);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="letter"
      onClose={close}
      className="bg-card text-ink border-line m-0 ml-auto h-dvh max-h-none w-full max-w-2xl border-l p-5 backdrop:bg-black/40 sm:p-6"
    >
      <div className="mb-4 flex items-start justify-between gap-4">
        <h2 id="letter" className="text-lg font-semibold break-all">
          Dead letter {id}
        </h2>
        <Button look="plain" onClick={() => dialog.current?.close()}>
          Close
        </Button>
      </div>
      <div className="flex flex-col gap-5">
        {outcome && <Notice tone={outcome.tone}>{outcome.text}</Notice>}
        {action.isError && <Notice>{describe(action.error)}</Notice>}
        {gone && !outcome && <Notice tone="wait">Somebody has dealt with it meanwhile.</Notice>}
        {data === undefined && error === null && <Loading what="the message" />}
        {data === undefined && error !== null && !gone && <Failed error={error} retry={() => void refetch()} />}
        {data !== undefined && (
          <>
            {!dealtWith(action.data?.outcome) && !gone && (
              <ActionForms letter={data} busy={action.isPending} act={(asked) => action.mutate(asked)} />
            )}
            <Facts letter={data} />
          </>
        )}
      </div>
    </dialog>
  );
}

function dealtWith(outcome: string | undefined): boolean {
  return outcome === "applied" || outcome === "discarded";
}

function Facts({ letter }: { letter: DeadLetterDetail }) {
  const facts: [string, string][] = [
    ["Reason", letter.reason],
    ["Event", letter.event ?? "Unreadable"],
    ["Event id", letter.event_id ?? "–"],
    ["Key", letter.key ?? "–"],
    ["Dead letter since", dateTime(letter.parked_at)],
    ["Tried", letter.attempts === 1 ? "once" : `${letter.attempts} times`],
    ["Behind it", waitingText(letter.waiting)],
  ];
  // A header may be there twice.
  const keys = letter.headers.map(({ name }, index) => `${index} ${name}`);
  const cut = letter.payload.length < letter.payload_bytes ? ", of which the beginning is shown" : "";
  return (
    <>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">
        {facts.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-quiet">{name}</dt>
            <dd className="break-words [overflow-wrap:anywhere]">{value}</dd>
          </div>
        ))}
      </dl>
      <section aria-labelledby="value">
        <h3 id="value" className="mb-1 text-sm font-semibold">
          Value ({letter.payload_bytes.toLocaleString("en-IE")} bytes{cut})
        </h3>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <pre tabIndex={0} aria-labelledby="value" className="bg-well max-h-80 overflow-auto rounded-lg p-3 text-xs">
          {laidOut(letter.payload)}
        </pre>
      </section>
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
