import { useQuery } from "@tanstack/react-query";
import { describe } from "../../api/problem";
import { Drawer, Facts, Verbatim } from "../../ui/drawer";
import { Failed, Loading, Notice } from "../../ui/states";
import { dateTime } from "../../ui/time";
import { ActionForms } from "../action-forms";
import { laidOut } from "../actions";
import { attemptsText, canRetry, hasEnded, whenText, type JobDetail } from "./model";
import { jobQuery, useJobAction } from "./queries";

const WARNING = "It will not be done, and not be scheduled again. An attempt that is under way is not stopped.";
const OUTCOMES = { retry: "It is due now, with all its attempts before it.", discard: "It is discarded." };

/** A job in full, what becomes of it, and what can be done. */
export function JobDrawer({ service, id, close }: { service: string; id: string; close: () => void }) {
  const action = useJobAction(service, id);
  const { data, error, refetch } = useQuery(jobQuery(service, id));
  return (
    <Drawer title={`Job ${id}`} close={close}>
      {action.isSuccess && <Notice tone="good">{OUTCOMES[action.variables.action]}</Notice>}
      {action.isError && <Notice>{describe(action.error)}</Notice>}
      {data === undefined && error === null && <Loading what="the job" />}
      {data === undefined && error !== null && <Failed error={error} retry={() => void refetch()} />}
      {data !== undefined && (
        <>
          {!hasEnded(data) && (
            <ActionForms
              what="job"
              warning={WARNING}
              retry={canRetry(data)}
              busy={action.isPending}
              act={(asked) => action.mutate(asked)}
            />
          )}
          <Details service={service} job={data} />
        </>
      )}
    </Drawer>
  );
}

function Details({ service, job }: { service: string; job: JobDetail }) {
  const facts: [string, string | null | undefined][] = [
    ["Job", `${job.name} of ${service}`],
    ["Now", `${whenText(job)}, ${attemptsText(job.attempts)}`],
    ["Last error", job.reason],
    ["Due", job.due && dateTime(job.due)],
    ["Scheduled", job.scheduled_at && dateTime(job.scheduled_at)],
    ["Caused by", job.causation_id],
    ["Correlation id", job.correlation_id],
  ];
  return (
    <>
      <Facts facts={facts} />
      {job.payload == null ? (
        <p className="text-quiet text-sm">Its payload is dropped.</p>
      ) : (
        <Verbatim title="Payload" text={laidOut(job.payload)} />
      )}
    </>
  );
}
