import { Page } from "../ui/page";
import { Failed, Loading, Notice } from "../ui/states";
import { Choreography } from "./choreography";
import { DeadLetters } from "./dead-letters/dead-letters";
import { Jobs } from "./jobs/jobs";
import { MetricsTable } from "./metrics-table";
import { RateChart } from "./rate-chart";
import { shown } from "./rates";
import type { Operations } from "./types";
import { useOperations } from "./use-operations";

export default function OperationsPage() {
  const { data: seen, error, refetch } = useOperations();
  const data = seen?.operations;
  const points = seen?.points ?? [];
  return (
    <Page title="Operations">
      {data === undefined && error === null && <Loading what="the metrics" rows={2} className="h-72" />}
      {data === undefined && error !== null && <Failed error={error} retry={() => void refetch()} />}
      {data !== undefined && (
        <div className="flex flex-col gap-6">
          {error !== null && <Notice tone="wait">These metrics are not current; they come back by themselves.</Notice>}
          <OrderMetrics orders={data.orders} />
          <Choreography data={data} rates={points.at(-1)?.rates} />
          <RateChart points={points} services={publishers(data)} />
          <MetricsTable services={data.services} rates={points.at(-1)?.rates} />
          <DeadLetters services={subscribers(data)} />
          {workers(data).length > 0 && <Jobs services={workers(data)} />}
        </div>
      )}
    </Page>
  );
}

function publishers(data: Operations): string[] {
  return data.services.filter(({ publishes }) => publishes.length > 0).map(({ name }) => name);
}

function subscribers(data: Operations): string[] {
  return data.services.filter(({ subscribes }) => subscribes.length > 0).map(({ name }) => name);
}

function workers(data: Operations): string[] {
  return data.services.filter(({ jobs }) => jobs.length > 0).map(({ name }) => name);
}

function OrderMetrics({ orders }: { orders: Operations["orders"] }) {
  if (orders == null) return <Notice tone="wait">The orders service does not answer.</Notice>;
  const metrics: [string, number, string][] = [
    ["placed", orders.placed, "text-ink"],
    ["accepted", orders.accepted, "text-good"],
    ["rejected", orders.rejected, "text-bad"],
  ];
  return (
    <dl aria-label="Orders since the service was started" className="grid grid-cols-3 gap-3 sm:gap-4">
      {metrics.map(([name, value, ink]) => (
        <div key={name} className="border-line bg-card flex flex-col-reverse rounded-xl border p-3 sm:p-4">
          <dt className="text-quiet text-sm">Orders {name}</dt>
          <dd className={`text-2xl font-bold tabular-nums sm:text-3xl ${ink}`}>{shown(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
