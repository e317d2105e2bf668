import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "../../api/client";
import { answer } from "../../api/problem";
import type { Action } from "../actions";
import type { DeadLetterOutcome } from "./model";

const EVERY_MS = 3000;

/** Each service has the same routes under its own name; the client knows them by one of them. */
const at = (service: string) => `/api/admin/dead-letters/${service}` as "/api/admin/dead-letters/orders";
const deadLetterAt = (service: string) => `${at(service)}/{id}` as "/api/admin/dead-letters/orders/{id}";

export const listQuery = (service: string) =>
  queryOptions({
    queryKey: ["dead-letters", service, "list"],
    queryFn: ({ signal }) => answer(api.GET(at(service), { signal })),
    refetchInterval: EVERY_MS,
  });

export const actionsQuery = (service: string) =>
  queryOptions({
    queryKey: ["dead-letters", service, "actions"],
    queryFn: ({ signal }) =>
      answer(api.GET(`${at(service)}/actions` as "/api/admin/dead-letters/orders/actions", { signal })),
    refetchInterval: EVERY_MS,
  });

export const letterQuery = (service: string, id: string) =>
  queryOptions({
    queryKey: ["dead-letters", service, "letter", id],
    queryFn: ({ signal }) => answer(api.GET(deadLetterAt(service), { params: { path: { id } }, signal })),
  });

/** Retries or discards a dead letter. */
export function useDeadLetterAction(service: string, id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ action, reason }: Action): Promise<DeadLetterOutcome> => {
      const asked = { params: { path: { id } }, body: { reason } };
      return action === "retry"
        ? answer(api.POST(`${deadLetterAt(service)}/retry` as "/api/admin/dead-letters/orders/{id}/retry", asked))
        : answer(api.POST(`${deadLetterAt(service)}/discard` as "/api/admin/dead-letters/orders/{id}/discard", asked));
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["dead-letters", service] }),
  });
}
