/** Prices come as decimal numbers with two places; sums are made in minor units so that they are exact. */
const MINOR_PER_MAJOR = 100;

export function toMinor(price: number): number {
  return Math.round(price * MINOR_PER_MAJOR);
}

/** The sum of `price` times `quantity` over all lines, as a decimal number. */
export function sum(lines: readonly { price: number; quantity: number }[]): number {
  const minor = lines.reduce((total, line) => total + toMinor(line.price) * line.quantity, 0);
  return minor / MINOR_PER_MAJOR;
}

/** A price for people, such as €5.99. */
export function money(price: number, currency: string): string {
  return new Intl.NumberFormat("en-IE", { style: "currency", currency }).format(price);
}
