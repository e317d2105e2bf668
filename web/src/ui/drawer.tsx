import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import { Button } from "./button";

/** Something in full at the side of the page, over everything else until it is closed. */
export function Drawer({ title, close, children }: { title: string; close: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={close}
      className="bg-card text-ink border-line m-0 ml-auto h-dvh max-h-none w-full max-w-2xl border-l p-5 backdrop:bg-black/40 sm:p-6"
    >
      <div className="mb-4 flex items-start justify-between gap-4">
        <h2 id={id} className="text-lg font-semibold break-all">
          {title}
        </h2>
        <Button look="plain" onClick={() => dialog.current?.close()}>
          Close
        </Button>
      </div>
      <div className="flex flex-col gap-5">{children}</div>
    </dialog>
  );
}

/** What a drawer shows. The focus returns to the button that opened it or, if that is gone, to the element `fallback`. */
export function useDrawer<T>(fallback: string) {
  const [shown, setShown] = useState<T | null>(null);
  const opener = useRef<HTMLElement | null>(null);
  // Once the drawer is gone, and with it what went while it was open.
  useEffect(() => {
    if (shown !== null || opener.current === null) return;
    const back = opener.current.isConnected ? opener.current : document.getElementById(fallback);
    opener.current = null;
    back?.focus();
  }, [shown, fallback]);
  return {
    shown,
    open(what: T, button: HTMLElement) {
      opener.current = button;
      setShown(what);
    },
    close() {
      setShown(null);
    },
  };
}

/** Names and values below each other; what has no value is left out. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: string | null | undefined])[] }) {
  const known = facts.filter(([, value]) => value != null);
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">
      {known.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-quiet">{name}</dt>
          <dd className="break-words [overflow-wrap:anywhere]">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Text as it is, in a box that can be scrolled. */
export function Verbatim({ title, text }: { title: string; text: string }) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h3 id={id} className="mb-1 text-sm font-semibold">
        {title}
      </h3>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre tabIndex={0} aria-labelledby={id} className="bg-well max-h-80 overflow-auto rounded-lg p-3 text-xs">
        {text}
      </pre>
    </section>
  );
}
