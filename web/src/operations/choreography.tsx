import { layOut, type Arrow, type Box } from "./layout";
import { shown, type Rate } from "./rates";
import type { Operations, Service } from "./types";

/** The choreography as a picture: services, topics, and the events between them, which move while there are some. */
export function Choreography({ data, rates }: { data: Operations; rates: ReadonlyMap<string, Rate> | undefined }) {
  const picture = layOut(
    data.services,
    data.topics.map(({ name }) => name),
  );
  return (
    // Wider than a phone: it can be scrolled, also by keyboard.
    <section
      aria-label="The choreography"
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      className="border-line bg-card overflow-x-auto rounded-xl border p-3 sm:p-5"
    >
      <svg
        viewBox={`0 0 ${picture.width} ${picture.height}`}
        className="w-full min-w-[52rem]"
        role="img"
        aria-label="Services, the topics between them, and who publishes and consumes which events. The table below says the same."
      >
        <defs>
          <marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0 L10 5 L0 10 z" className="fill-edge" />
          </marker>
        </defs>
        {picture.arrows.map((arrow) => (
          <ArrowLine key={`${arrow.service} ${arrow.topic} ${arrow.publishes}`} arrow={arrow} rate={rateOf(arrow, rates)} />
        ))}
        {picture.topics.map((box) => (
          <TopicBox key={box.name} box={box} detail={topicDetail(data, box.name)} />
        ))}
        {picture.services.map((box) => {
          const service = data.services.find(({ name }) => name === box.name);
          return service && <ServiceBox key={box.name} box={box} service={service} rate={rates?.get(box.name)} />;
        })}
      </svg>
    </section>
  );
}

function rateOf(arrow: Arrow, rates: ReadonlyMap<string, Rate> | undefined): number {
  const rate = rates?.get(arrow.service);
  return (arrow.publishes ? rate?.published : rate?.consumed) ?? 0;
}

function topicDetail(data: Operations, name: string): string {
  const topic = data.topics.find((other) => other.name === name);
  return topic === undefined ? "" : `${topic.partitions} partitions, ${topic.keeps}`;
}

function ArrowLine({ arrow, rate }: { arrow: Arrow; rate: number }) {
  const moving = rate > 0;
  // Faster with the rate, from one passage in 2.4 s to one in 0.6 s.
  const seconds = Math.max(0.6, 2.4 / Math.sqrt(1 + rate));
  return (
    <g>
      <path
        d={arrow.path}
        fill="none"
        strokeWidth="2"
        markerEnd="url(#tip)"
        className={moving ? "stroke-accent" : "stroke-edge"}
      />
      {moving && (
        <circle r="5" className="fill-accent motion-reduce:hidden">
          <animateMotion dur={`${seconds}s`} repeatCount="indefinite" path={arrow.path} />
        </circle>
      )}
      {arrow.events.map((event, index) => (
        <text
          key={event}
          x={arrow.label.x}
          y={arrow.label.y - 8 - (arrow.events.length - 1 - index) * 15}
          textAnchor="middle"
          className="fill-ink stroke-card text-[13px] [paint-order:stroke]"
          strokeWidth="5"
        >
          {event}
        </text>
      ))}
    </g>
  );
}

function TopicBox({ box, detail }: { box: Box; detail: string }) {
  const middle = box.x + box.width / 2;
  return (
    <g>
      <rect
        x={box.x}
        y={box.y}
        width={box.width}
        height={box.height}
        rx={box.height / 2}
        className="fill-well stroke-edge"
      />
      <text x={middle} y={box.y + 21} textAnchor="middle" className="fill-ink text-[14px] font-semibold">
        {box.name}
      </text>
      <text x={middle} y={box.y + 38} textAnchor="middle" className="fill-quiet text-[11px]">
        {detail}
      </text>
    </g>
  );
}

function ServiceBox({ box, service, rate }: { box: Box; service: Service; rate: Rate | undefined }) {
  const up = service.ready > 0;
  const { metrics } = service;
  const silent = service.publishes.length + service.subscribes.length === 0;
  const lines: [string, string, boolean][] =
    metrics == null || silent
      ? []
      : [
          ["publishes", `${shown(rate?.published ?? 0)}/s`, false],
          ["consumes", `${shown(rate?.consumed ?? 0)}/s`, false],
          ["lag", shown(metrics.lag_records), metrics.lag_records > 1000],
          ["outbox", shown(metrics.backlog_records), metrics.backlog_records > 1000],
          ["dead letters", shown(metrics.dead_letters_total), metrics.dead_letters_total > 0],
        ];
  const state = up ? `${service.ready} of ${service.instances} ready` : "not ready";
  return (
    <g>
      <rect
        x={box.x}
        y={box.y}
        width={box.width}
        height={box.height}
        rx="12"
        strokeWidth="2"
        className={`fill-card ${up ? "stroke-accent" : "stroke-bad"}`}
      />
      <circle cx={box.x + 20} cy={box.y + 22} r="6" className={up ? "fill-good" : "fill-bad"} />
      <text x={box.x + 34} y={box.y + 28} className="fill-ink text-[17px] font-bold">
        {service.name}
      </text>
      <text
        x={box.x + box.width - 12}
        y={box.y + 27}
        textAnchor="end"
        className={`text-[12px] ${up ? "fill-quiet" : "fill-bad font-semibold"}`}
      >
        {state}
      </text>
      {lines.length === 0 && (
        <text x={box.x + 20} y={box.y + 50} className="fill-quiet text-[13px]">
          {silent ? "publishes and consumes nothing" : "no metrics"}
        </text>
      )}
      {lines.map(([name, value, alarming], index) => (
        <g key={name} className={`text-[13px] ${alarming ? "fill-bad font-semibold" : "fill-ink"}`}>
          <text x={box.x + 20} y={box.y + 50 + index * 17}>
            {name}
          </text>
          <text x={box.x + box.width - 14} y={box.y + 50 + index * 17} textAnchor="end">
            {value}
          </text>
        </g>
      ))}
    </g>
  );
}
