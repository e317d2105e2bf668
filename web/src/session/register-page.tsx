import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link, Navigate, useLocation, useNavigate } from "react-router";
import { api } from "../api/client";
import { answer, describe, Problem } from "../api/problem";
import { Button } from "../ui/button";
import { Field } from "../ui/field";
import { Page } from "../ui/page";
import { Notice } from "../ui/states";
import { session } from ".";
import { nextPath } from "./next";
import { useWho } from "./use-who";

interface Form {
  email: string;
  password: string;
}

export function RegisterPage() {
  const { search } = useLocation();
  const navigate = useNavigate();
  const who = useWho();
  const [differs, setDiffers] = useState(false);
  const register = useMutation({
    mutationFn: async (form: Form) => {
      await answer(api.POST("/api/register", { body: form }));
      await session.logIn(form.email, form.password).catch(async () => {
        // The account is there; only the login has to be done again.
        await navigate(`/login${search}`, { state: { registered: form.email } });
      });
    },
  });
  if (who !== null) return <Navigate to={nextPath(search)} replace />;
  const code = register.error instanceof Problem ? register.error.code : null;
  const about = (wanted: string) => (code === wanted ? describe(register.error) : undefined);
  const elsewhere = register.isError && code !== "invalid-email" && code !== "invalid-password";
  return (
    <Page title="Register">
      <form
        className="flex max-w-sm flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          const password = String(form.get("password"));
          const same = password === String(form.get("confirmation"));
          setDiffers(!same);
          if (same) register.mutate({ email: String(form.get("email")), password });
        }}
      >
        {elsewhere && <Notice>{describe(register.error)}</Notice>}
        <Field label="E-mail" name="email" type="email" autoComplete="username" required error={about("invalid-email")} />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          minLength={8}
          hint="At least 8 characters; 15 or more are good, such as some words that do not belong together."
          error={about("invalid-password")}
        />
        <Field
          label="Password, once more"
          name="confirmation"
          type="password"
          autoComplete="new-password"
          required
          error={differs ? "The two passwords are not the same." : undefined}
        />
        <Button type="submit" disabled={register.isPending}>
          {register.isPending ? "Registering…" : "Register"}
        </Button>
        <p className="text-quiet text-sm">
          You have an account?{" "}
          <Link to={`/login${search}`} className="text-accent font-medium underline">
            Log in
          </Link>
        </p>
      </form>
    </Page>
  );
}
