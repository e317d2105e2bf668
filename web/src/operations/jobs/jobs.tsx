import { useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { useDrawer } from "../../ui/drawer";
import { Select } from "../../ui/field";
import { Failed, Loading } from "../../ui/states";
import { ActionLog } from "../action-log";
import { JobDrawer } from "./job-drawer";
import { JobList } from "./job-list";
import { OPEN_STATES, stateText, type OpenState } from "./model";
import { actionsQuery, listQuery } from "./queries";

/** The services' jobs, and what was done about them. */
export function Jobs({ services }: { services: readonly string[] }) {
  const [state, setState] = useState<OpenState>("dead");
  const lists = useQueries({ queries: services.map((service) => listQuery(service, state)) });
  const drawer = useDrawer<{ service: string; id: string }>("jobs");
  return (
    <section aria-labelledby="jobs" className="border-line bg-card rounded-xl border p-4 sm:p-5">
      <div className="mb-4 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 grow basis-64">
          <h2 id="jobs" tabIndex={-1} className="text-lg font-semibold">
            Jobs
          </h2>
          <p className="text-quiet max-w-prose text-sm">
            What a service does later or outside of its database. A job that failed too often, or can never succeed, is
            set aside.
          </p>
        </div>
        <Select label="Jobs that are" value={state} onChange={(event) => setState(event.target.value as OpenState)}>
          {OPEN_STATES.map((name) => (
            <option key={name} value={name}>
              {stateText(name)}
            </option>
          ))}
        </Select>
      </div>
      <div className="flex flex-col gap-5">
        {lists.map(({ data, error, refetch }, index) => {
          const service = services[index] ?? "";
          if (data === undefined) {
            return error === null ? (
              <Loading key={service} what={`the jobs of ${service}`} rows={1} />
            ) : (
              <Failed key={service} error={error} retry={() => void refetch()} />
            );
          }
          return (
            <JobList
              key={service}
              service={service}
              state={state}
              list={data}
              open={(id, button) => drawer.open({ service, id }, button)}
            />
          );
        })}
      </div>
      <Done services={services} />
      {drawer.shown !== null && <JobDrawer key={drawer.shown.id} {...drawer.shown} close={drawer.close} />}
    </section>
  );
}

function Done({ services }: { services: readonly string[] }) {
  const logs = useQueries({ queries: services.map(actionsQuery) });
  const done = logs.flatMap(({ data }, index) =>
    (data?.actions ?? []).map((action) => ({ action, about: `${action.job} of ${services[index]}` })),
  );
  return <ActionLog done={done} />;
}
