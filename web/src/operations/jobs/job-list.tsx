import { Button } from "../../ui/button";
import { countsText, stateText, summary, type Job, type JobList as List, type OpenState } from "./model";

type Open = (id: string, button: HTMLElement) => void;

/** One service's jobs of one state. */
export function JobList({ service, state, list, open }: { service: string; state: OpenState; list: List; open: Open }) {
  const { jobs, counts, next_page_token: more } = list;
  return (
    <div>
      <h3 className="font-semibold">{service}</h3>
      <p className={`text-sm ${counts.dead > 0 ? "text-bad font-semibold" : "text-quiet"}`}>{countsText(counts)}</p>
      {jobs.length === 0 ? (
        <p className="mt-2 text-sm">No job is {stateText(state)}.</p>
      ) : (
        <ul aria-label={`Jobs of ${service} that are ${stateText(state)}`} className="divide-line mt-2 divide-y">
          {jobs.map((job) => (
            <Row key={job.id} job={job} open={open} />
          ))}
        </ul>
      )}
      {more != null && <p className="text-quiet text-sm">The first {jobs.length} are shown.</p>}
    </div>
  );
}

function Row({ job, open }: { job: Job; open: Open }) {
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 py-3">
      <div className="min-w-0 grow basis-64">
        {job.reason != null && <p className="text-bad text-sm font-medium [overflow-wrap:anywhere]">{job.reason}</p>}
        <p className="text-sm break-all">
          <span className="font-medium">{job.name}</span> {job.id}
        </p>
        <p className="text-quiet text-sm">{summary(job)}</p>
      </div>
      <Button look="plain" aria-label={`Look at ${job.id}`} onClick={(event) => open(job.id, event.currentTarget)}>
        Look at it
      </Button>
    </li>
  );
}
