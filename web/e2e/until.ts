const EVERY_MS = 50;

/** How long a test waits for whatever it expects of a page. */
export const PATIENCE_MS = 20_000;

/** Asks again and again until there is something; fails by name when it takes too long. */
export async function until<T>(what: string, millis: number, ask: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + millis;
  for (;;) {
    const found = await ask();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error(`it took longer than ${millis} ms until ${what}`);
    await new Promise((done) => setTimeout(done, EVERY_MS));
  }
}
