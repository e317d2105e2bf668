import { useQueries } from "@tanstack/react-query";
import { useDrawer } from "../../ui/drawer";
import { Empty, Failed, Loading } from "../../ui/states";
import { ActionLog } from "../action-log";
import { DeadLetterDrawer } from "./dead-letter-drawer";
import { DeadLetterList } from "./dead-letter-list";
import { actionsQuery, listQuery } from "./queries";

/** Each service's dead letters, and what was done about them. */
export function DeadLetters({ services }: { services: readonly string[] }) {
  const lists = useQueries({ queries: services.map(listQuery) });
  const drawer = useDrawer<{ service: string; id: string }>("dead-letters");
  const nothing = lists.every(({ data }) => data?.parked === 0);
  return (
    <section aria-labelledby="dead-letters" className="border-line bg-card rounded-xl border p-4 sm:p-5">
      <h2 id="dead-letters" tabIndex={-1} className="text-lg font-semibold">
        Dead letters
      </h2>
      <p className="text-quiet mb-4 max-w-prose text-sm">
        Messages that a service could not apply. Later messages of the same key wait behind them.
      </p>
      {nothing ? (
        <Empty title="No dead letters">Every message could be applied.</Empty>
      ) : (
        <div className="flex flex-col gap-5">
          {lists.map(({ data, error, refetch }, index) => {
            const service = services[index] ?? "";
            if (data === undefined) {
              return error === null ? (
                <Loading key={service} what={`the dead letters of ${service}`} rows={1} />
              ) : (
                <Failed key={service} error={error} retry={() => void refetch()} />
              );
            }
            return (
              <DeadLetterList
                key={service}
                service={service}
                list={data}
                open={(id, button) => drawer.open({ service, id }, button)}
              />
            );
          })}
        </div>
      )}
      <Done services={services} />
      {drawer.shown !== null && <DeadLetterDrawer key={drawer.shown.id} {...drawer.shown} close={drawer.close} />}
    </section>
  );
}

function Done({ services }: { services: readonly string[] }) {
  const logs = useQueries({ queries: services.map(actionsQuery) });
  const done = logs.flatMap(({ data }, index) =>
    (data?.actions ?? []).map((action) => ({
      action,
      about: `${action.letter} of ${services[index]}: ${action.outcome}`,
    })),
  );
  return <ActionLog done={done} />;
}
