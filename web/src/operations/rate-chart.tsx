import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useStore } from "../ui/store";
import { theme } from "../ui/theme";
import type { Point } from "./use-operations";

const HEIGHT = 220;
const DASHES = [[], [8, 4], [2, 4]];

/** Events published a second, by service, since the page was opened. */
export function RateChart({ points, services }: { points: readonly Point[]; services: readonly string[] }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const names = services.join();
  const colours = useStore(theme);

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const style = getComputedStyle(element);
    const chart = new uPlot(options(names.split(","), element.clientWidth, style), [[]], element);
    plot.current = chart;
    const watch = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
    // `colours`: a chart's ink is read when it is made.
  }, [names, colours]);

  useEffect(() => {
    const columns = names.split(",").map((name) => points.map(({ rates }) => rates.get(name)?.published ?? null));
    plot.current?.setData([points.map(({ at }) => at), ...columns]);
  }, [points, names, colours]);

  return (
    <section aria-labelledby="rates" className="border-line bg-card rounded-xl border p-4 sm:p-5">
      <h2 id="rates" className="mb-3 text-lg font-semibold">
        Events published a second
      </h2>
      {/* Until the chart is drawn anew, a narrower window cuts it off; it does not become wider itself. */}
      <div ref={place} className="text-quiet overflow-hidden" />
      {points.length < 2 && <p className="text-quiet text-sm">The line begins after a few seconds.</p>}
    </section>
  );
}

function options(services: string[], width: number, style: CSSStyleDeclaration): uPlot.Options {
  const axis = {
    stroke: style.color,
    grid: { stroke: style.getPropertyValue("border-color") || style.color, width: 0.2 },
    ticks: { stroke: style.color, width: 0.2 },
  };
  const inks = ["#2a9d8f", "#e08e0b", "#7b6fd0"];
  return {
    width,
    height: HEIGHT,
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [axis, axis],
    series: [
      {},
      ...services.map((label, index) => ({
        label,
        stroke: inks[index % inks.length] ?? style.color,
        dash: DASHES[index % DASHES.length] ?? [],
        width: 2,
        value: (_: uPlot, rate: number | null) => (rate === null ? "–" : `${rate.toFixed(1)}/s`),
      })),
    ],
  };
}
