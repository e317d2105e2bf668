import { createStore } from "./store";

export type Theme = "light" | "dark";

const KEY = "quadrille.theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function chosen(): Theme | null {
  const stored = localStorage.getItem(KEY);
  return stored === "light" || stored === "dark" ? stored : null;
}

/** The theme in force: the chosen one, or the system's. */
export const theme = createStore<Theme>(chosen() ?? (dark.matches ? "dark" : "light"));

function show(next: Theme) {
  document.documentElement.dataset["theme"] = next;
  theme.set(next);
}

show(theme.get());
dark.addEventListener("change", () => {
  if (chosen() === null) show(dark.matches ? "dark" : "light");
});

export function toggleTheme() {
  const next = theme.get() === "dark" ? "light" : "dark";
  localStorage.setItem(KEY, next);
  show(next);
}
