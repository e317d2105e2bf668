import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";

/** What makes a page hard or impossible to use for some, as axe finds it. */
export async function problems(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${new URL(page.url()).pathname}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** A phone's window. */
export const PHONE = { width: 390, height: 844 };

/** How wide the page is, which may be wider than its window. */
export function width(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth);
}
