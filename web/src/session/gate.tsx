import type { ReactNode } from "react";
import { Navigate, useLocation } from "react-router";
import { Page } from "../ui/page";
import { Empty } from "../ui/states";
import { useWho } from "./use-who";

/** Lets members in, or admins only; leads visitors to log in and back. The services check it all themselves. */
export function Gate({ admin = false, children }: { admin?: boolean; children: ReactNode }) {
  const who = useWho();
  const { pathname, search } = useLocation();
  if (who === null) return <Navigate to={`/login?next=${encodeURIComponent(pathname + search)}`} replace />;
  if (admin && who.role !== "admin") {
    return (
      <Page title="For admins only">
        <Empty title="This page is for the shop's admins">
          <p>You are logged in as {who.email}. Log in with an admin's account to see it.</p>
        </Empty>
      </Page>
    );
  }
  return children;
}
