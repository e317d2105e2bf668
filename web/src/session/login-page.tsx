import { useMutation } from "@tanstack/react-query";
import { Link, Navigate, useLocation } from "react-router";
import { describe } from "../api/problem";
import { Button } from "../ui/button";
import { Field } from "../ui/field";
import { Page } from "../ui/page";
import { Notice } from "../ui/states";
import { session } from ".";
import { nextPath } from "./next";
import { useWho } from "./use-who";

export function LoginPage() {
  const { search, state } = useLocation();
  const who = useWho();
  const login = useMutation({
    mutationFn: (form: FormData) => session.logIn(String(form.get("email")), String(form.get("password"))),
  });
  if (who !== null) return <Navigate to={nextPath(search)} replace />;
  const registered: unknown = (state as { registered?: unknown } | null)?.registered;
  return (
    <Page title="Log in">
      <form
        className="flex max-w-sm flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          login.mutate(new FormData(event.currentTarget));
        }}
      >
        {typeof registered === "string" && <Notice tone="good">Welcome, {registered}. Log in to go on.</Notice>}
        {login.isError && <Notice>{describe(login.error)}</Notice>}
        <Field
          label="E-mail"
          name="email"
          type="email"
          autoComplete="username"
          required
          defaultValue={typeof registered === "string" ? registered : ""}
        />
        <Field label="Password" name="password" type="password" autoComplete="current-password" required />
        <Button type="submit" disabled={login.isPending}>
          {login.isPending ? "Logging in…" : "Log in"}
        </Button>
        <p className="text-quiet text-sm">
          No account yet?{" "}
          <Link to={`/register${search}`} className="text-accent font-medium underline">
            Register
          </Link>
        </p>
      </form>
    </Page>
  );
}
