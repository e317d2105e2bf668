import { useEffect, useRef, type ReactNode } from "react";
import { useNavigationType } from "react-router";

/**
 * A page with its title, which takes the focus when it was navigated to, by a person or by the page before, so that
 * screen readers begin there.
 */
export function Page({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const arrived = useNavigationType();
  useEffect(() => {
    if (arrived !== "POP") heading.current?.focus({ preventScroll: true });
    // Once for each page, not for each change of its address.
    // oxlint-disable-next-line react/exhaustive-deps
  }, []);
  return (
    <>
      <title>{`${title} · Quadrille`}</title>
      <div className="mb-6 flex flex-wrap items-end justify-between gap-4">
        <h1 ref={heading} tabIndex={-1} className="text-2xl font-bold tracking-tight sm:text-3xl">
          {title}
        </h1>
        {aside}
      </div>
      {children}
    </>
  );
}
