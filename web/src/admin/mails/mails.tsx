import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "../../ui/button";
import { useDrawer } from "../../ui/drawer";
import { Select } from "../../ui/field";
import { Empty, Failed, Loading } from "../../ui/states";
import { dateTime } from "../../ui/time";
import { MailDrawer } from "./mail-drawer";
import { kindText, statusOf, STATUSES, titleOf, type Mail } from "./model";
import { mailsQuery } from "./queries";

/** The mails to all people, newest first. */
export function Mails() {
  const [status, setStatus] = useState("");
  return (
    <>
      <search className="mb-6 block sm:max-w-64">
        <Select label="Status" value={status} onChange={(event) => setStatus(event.target.value)}>
          <option value="">All</option>
          {STATUSES.map((name) => (
            <option key={name} value={name}>
              {statusOf(name).words}
            </option>
          ))}
        </Select>
      </search>
      <Found status={status} />
    </>
  );
}

function Found({ status }: { status: string }) {
  const list = useInfiniteQuery(mailsQuery(status));
  const drawer = useDrawer<Mail>("mails");
  if (list.data === undefined) {
    if (list.error !== null) return <Failed error={list.error} retry={() => void list.refetch()} />;
    return <Loading what="the mails" />;
  }
  const mails = list.data.pages.flatMap((page) => page.mails);
  const { shown } = drawer;
  return (
    <>
      {mails.length === 0 ? (
        <Empty title="No such mails">What happens to accounts and orders is mailed, and then listed here.</Empty>
      ) : (
        <ul id="mails" tabIndex={-1} className="flex flex-col gap-3" aria-label="Mails, newest first">
          {mails.map((mail) => (
            <Row key={mail.id} mail={mail} open={(button) => drawer.open(mail, button)} />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <div className="mt-6 flex justify-center">
          <Button look="plain" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
      {shown !== null && <MailDrawer mail={mails.find(({ id }) => id === shown.id) ?? shown} close={drawer.close} />}
    </>
  );
}

const WELLS = { wait: "bg-wait-well text-wait", good: "bg-good-well text-good", bad: "bg-bad-well text-bad" };

function Row({ mail, open }: { mail: Mail; open: (button: HTMLElement) => void }) {
  const { words, tone } = statusOf(mail.status);
  return (
    <li className="border-line bg-card flex flex-wrap items-center justify-between gap-x-4 gap-y-2 rounded-xl border p-4">
      <div className="min-w-0 grow basis-64">
        <p className="font-semibold [overflow-wrap:anywhere]">{titleOf(mail)}</p>
        <p className="text-sm break-all">{mail.recipient ?? `Account ${mail.account_id}`}</p>
        <p className="text-quiet text-sm">
          {kindText(mail.kind)} · <time dateTime={mail.created_at}>{dateTime(mail.created_at)}</time>
        </p>
      </div>
      <span className={`rounded-full px-3 py-1 text-sm font-semibold ${WELLS[tone]}`}>{words}</span>
      <Button
        look="plain"
        aria-label={`Open “${titleOf(mail)}” to ${mail.recipient ?? mail.account_id}`}
        onClick={(event) => open(event.currentTarget)}
      >
        Open
      </Button>
    </li>
  );
}
