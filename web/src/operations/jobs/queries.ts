import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "../../api/client";
import { answer } from "../../api/problem";
import type { Action } from "../actions";
import { hasEnded, type OpenState } from "./model";

const EVERY_MS = 3000;
/** The most that the services give at once. */
export const PAGE_SIZE = 100;

/** Each service has the same routes under its own name; the client knows them by one of them. */
const at = (service: string) => `/api/admin/jobs/${service}` as "/api/admin/jobs/orders";
const jobAt = (service: string) => `${at(service)}/{id}` as "/api/admin/jobs/orders/{id}";

export const listQuery = (service: string, state: OpenState) =>
  queryOptions({
    queryKey: ["jobs", service, "list", state],
    queryFn: ({ signal }) =>
      answer(api.GET(at(service), { params: { query: { state, page_size: PAGE_SIZE } }, signal })),
    refetchInterval: EVERY_MS,
  });

export const actionsQuery = (service: string) =>
  queryOptions({
    queryKey: ["jobs", service, "actions"],
    queryFn: ({ signal }) => answer(api.GET(`${at(service)}/actions` as "/api/admin/jobs/orders/actions", { signal })),
    refetchInterval: EVERY_MS,
  });

/** A job, and what becomes of it. */
export const jobQuery = (service: string, id: string) =>
  queryOptions({
    queryKey: ["jobs", service, "job", id],
    queryFn: ({ signal }) => answer(api.GET(jobAt(service), { params: { path: { id } }, signal })),
    refetchInterval: ({ state: { data } }) => (data !== undefined && hasEnded(data) ? false : EVERY_MS),
  });

/** Retries or discards a job. */
export function useJobAction(service: string, id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ action, reason }: Action): Promise<unknown> => {
      const asked = { params: { path: { id } }, body: { reason } };
      return action === "retry"
        ? answer(api.POST(`${jobAt(service)}/retry` as "/api/admin/jobs/orders/{id}/retry", asked))
        : answer(api.POST(`${jobAt(service)}/discard` as "/api/admin/jobs/orders/{id}/discard", asked));
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["jobs", service] }),
  });
}
