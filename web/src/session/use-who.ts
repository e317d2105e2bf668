import { useStore } from "../ui/store";
import { session } from ".";
import type { Who } from "./token";

/** Who is logged in; null for a visitor. */
export function useWho(): Who | null {
  const standing = useStore(session.standing);
  return standing.state === "member" ? standing.who : null;
}
