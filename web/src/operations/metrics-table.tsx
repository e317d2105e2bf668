import { duration } from "../ui/time";
import { shown, type Rate } from "./rates";
import type { Service } from "./types";

const HEAD = ["Service", "Ready", "Publishes", "Consumes", "Lag", "Outbox", "Oldest unsent", "Retries", "Dead letters"];

/** The picture's metrics as a table. */
export function MetricsTable({ services, rates }: { services: Service[]; rates: ReadonlyMap<string, Rate> | undefined }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <section aria-label="Metrics" tabIndex={0} className="border-line bg-card overflow-x-auto rounded-xl border">
      <table className="w-full text-sm">
        <caption className="sr-only">Each service's metrics</caption>
        <thead>
          <tr className="border-line border-b text-left">
            {HEAD.map((name, index) => (
              <th key={name} scope="col" className={`px-4 py-3 font-semibold whitespace-nowrap ${index > 0 ? "text-right" : ""}`}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {services.map((service) => (
            <Row key={service.name} service={service} rate={rates?.get(service.name)} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row({ service, rate }: { service: Service; rate: Rate | undefined }) {
  const { metrics } = service;
  const cells =
    metrics == null
      ? Array.from({ length: 7 }, () => "–")
      : [
          `${shown(rate?.published ?? 0)}/s`,
          `${shown(rate?.consumed ?? 0)}/s`,
          shown(metrics.lag_records),
          shown(metrics.backlog_records),
          metrics.oldest_age_seconds === 0 ? "–" : duration(metrics.oldest_age_seconds * 1000),
          shown(metrics.retries_total),
          shown(metrics.dead_letters_total),
        ];
  return (
    <tr className="border-line border-b last:border-b-0">
      <th scope="row" className="px-4 py-3 text-left font-medium">
        {service.name}
      </th>
      <td className={`px-4 py-3 text-right whitespace-nowrap ${service.ready === 0 ? "text-bad font-semibold" : ""}`}>
        {service.ready} of {service.instances}
      </td>
      {cells.map((text, index) => (
        <td key={HEAD[index + 2]} className="px-4 py-3 text-right whitespace-nowrap tabular-nums">
          {text}
        </td>
      ))}
    </tr>
  );
}
