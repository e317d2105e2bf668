/** A service's part in the choreography, as its contract says. */
export interface Part {
  name: string;
  publishes: readonly { event: string; topic: string }[];
  subscribes: readonly { event: string; topic: string; effect: string }[];
}

export interface Box {
  name: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** An arrow between a service and a topic, with the events that travel along it. */
export interface Arrow {
  service: string;
  topic: string;
  /** Whether the service publishes to the topic; otherwise it consumes. */
  publishes: boolean;
  events: string[];
  path: string;
  label: { x: number; y: number };
}

export interface Picture {
  width: number;
  height: number;
  services: Box[];
  topics: Box[];
  arrows: Arrow[];
}

const SERVICE = { width: 210, height: 132 };
/** A service without metrics. */
const APART = { width: 210, height: 64 };
const TOPIC = { width: 270, height: 50 };
/** Room for the boxes' edges. */
const MARGIN = 2;
const WIDTH = 1040;
const TOP = 24;
/** Between the boxes of one column. */
const GAP = 56;

/**
 * Draws the choreography: topics in the middle, the services that take part in turn left and right of them. A service that
 * neither publishes nor consumes anything stands below, by itself.
 */
export function layOut(parts: readonly Part[], topicNames: readonly string[]): Picture {
  const participants = parts.filter((part) => part.publishes.length + part.subscribes.length > 0);
  const apart = parts.filter((part) => !participants.includes(part));
  const left = participants.filter((_, index) => index % 2 === 0);
  const right = participants.filter((_, index) => index % 2 === 1);
  const tallest = Math.max(
    stack(topicNames.length, TOPIC.height, GAP),
    stack(left.length, SERVICE.height, GAP),
    stack(right.length, SERVICE.height, GAP),
  );
  const services = [
    ...column(left.map(({ name }) => name), MARGIN, SERVICE, tallest),
    ...column(right.map(({ name }) => name), WIDTH - MARGIN - SERVICE.width, SERVICE, tallest),
    ...apart.map(({ name }, index) => ({
      name,
      x: (WIDTH - apart.length * (APART.width + GAP) + GAP) / 2 + index * (APART.width + GAP),
      y: TOP + tallest + GAP / 2,
      ...APART,
    })),
  ];
  const topics = column(topicNames, (WIDTH - TOPIC.width) / 2, TOPIC, tallest);
  const lowest = apart.length === 0 ? TOP + tallest : TOP + tallest + GAP / 2 + APART.height;
  return { width: WIDTH, height: lowest + TOP, services, topics, arrows: arrowsOf(participants, services, topics) };
}

function stack(count: number, height: number, gap: number): number {
  return count * height + Math.max(0, count - 1) * gap;
}

function column(names: readonly string[], x: number, size: { width: number; height: number }, tallest: number): Box[] {
  const begin = TOP + (tallest - stack(names.length, size.height, GAP)) / 2;
  return names.map((name, index) => ({ name, x, y: begin + index * (size.height + GAP), ...size }));
}

function arrowsOf(parts: readonly Part[], services: readonly Box[], topics: readonly Box[]): Arrow[] {
  const arrows: Arrow[] = [];
  for (const part of parts) {
    const service = services.find(({ name }) => name === part.name);
    if (service === undefined) continue;
    const ends = topics.flatMap((topic) => [
      { topic, publishes: true, events: eventsOn(part.publishes, topic.name) },
      { topic, publishes: false, events: eventsOn(part.subscribes, topic.name) },
    ]);
    const used = ends.filter(({ events }) => events.length > 0);
    used.forEach(({ topic, publishes, events }, index) => {
      const y = service.y + (service.height * (index + 1)) / (used.length + 1);
      const isLeft = service.x < topic.x;
      const from = { x: isLeft ? service.x + service.width : service.x, y };
      const to = { x: isLeft ? topic.x : topic.x + topic.width, y: topic.y + topic.height / 2 };
      const [begin, end] = publishes ? [from, to] : [to, from];
      const middle = (begin.x + end.x) / 2;
      arrows.push({
        service: part.name,
        topic: topic.name,
        publishes,
        events,
        path: `M${begin.x} ${begin.y} C${middle} ${begin.y} ${middle} ${end.y} ${end.x} ${end.y}`,
        label: { x: middle, y: (begin.y + end.y) / 2 },
      });
    });
  }
  return arrows;
}

function eventsOn(streams: readonly { event: string; topic: string }[], topic: string): string[] {
  return streams.filter((stream) => stream.topic === topic).map(({ event }) => event);
}
