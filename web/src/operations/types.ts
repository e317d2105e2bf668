import type { components } from "../api/schema";

export type Operations = components["schemas"]["Operations"];
export type Service = Operations["services"][number];
