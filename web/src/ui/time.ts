const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A date and time for people. */
export function dateTime(iso: string): string {
  return new Date(iso).toLocaleString("en-IE", { dateStyle: "medium", timeStyle: "medium" });
}

/** How long something took, in two units at most: 8 ms, 1.2 s, 3 min 5 s, 2 h 10 min, 4 d 1 h. */
export function duration(millis: number): string {
  const whole = Math.max(0, Math.round(millis));
  if (whole < SECOND) return `${whole} ms`;
  if (whole < 10 * SECOND) return `${(Math.floor(whole / 100) / 10).toFixed(1)} s`;
  if (whole < MINUTE) return `${Math.floor(whole / SECOND)} s`;
  if (whole < HOUR) return inTwo(whole, MINUTE, "min", SECOND, "s");
  if (whole < DAY) return inTwo(whole, HOUR, "h", MINUTE, "min");
  return inTwo(whole, DAY, "d", HOUR, "h");
}

function inTwo(whole: number, big: number, bigName: string, small: number, smallName: string): string {
  const rest = Math.floor((whole % big) / small);
  const first = `${Math.floor(whole / big)} ${bigName}`;
  return rest === 0 ? first : `${first} ${rest} ${smallName}`;
}
