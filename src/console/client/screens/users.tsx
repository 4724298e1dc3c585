import { useState } from "preact/hooks";
import type { EventPage, EventRow, JsonValue, UserPage, UserView } from "../../protocol.js";
import { get, post } from "../api.js";
import { useApp } from "../app-context.js";
import { isObject } from "../is-object.js";
import { navigate, pathTo, withQuery } from "../location.js";
import { CopyButton, Empty, Link, Loading, Problem, Status, Time } from "../ui/basics.js";
import { Detail } from "../ui/detail.js";
import { Confirm } from "../ui/dialog.js";
import { Icon } from "../ui/icon.js";
import { More } from "../ui/more.js";
import { type Column, Table } from "../ui/table.js";
import { useAction } from "../use-action.js";
import { useKeys } from "../use-keys.js";
import { usePages } from "../use-pages.js";
import { useQuery, useSettled } from "../use-query.js";
import { UserLink } from "./user-link.js";

type Listed = UserPage["users"][number];

/** The users of the environment, folded from everything that told of them. */
export function UsersScreen() {
  const { place, location } = useApp();
  const [typed, setTyped] = useState("");
  const search = useSettled(typed, 250);
  const opened = location.query.get("user");
  const pages = usePages(JSON.stringify([place, search]), async (cursor, signal) => {
    const { users, nextCursor } = await get<UserPage>(place, "users", { search, cursor }, signal);
    return { items: users, nextCursor };
  });
  useKeys({
    "/": () => document.querySelector<HTMLInputElement>("#user-search")?.focus(),
    Escape: () => opened !== null && navigate(withQuery(location, { user: null })),
  });
  const columns: readonly Column<Listed>[] = [
    {
      title: "Id",
      cell: ({ id }) => <UserLink id={id} href={withQuery(location, { user: id })} />,
    },
    { title: "Name", cell: ({ name }) => name ?? <None /> },
    { title: "Email", cell: ({ email }) => email ?? <None /> },
    { title: "Created", cell: ({ createdAt }) => (createdAt === null ? <None /> : <Time at={createdAt} />) },
  ];
  return (
    <div class={`split ${opened === null ? "" : "has-detail"}`}>
      <div class="pane scrolls">
        <header class="bar">
          <h1>Users</h1>
        </header>
        <div class="filters">
          <label class="search">
            <Icon name="search" size={14} />
            <span class="off-screen">Search by the beginning of an id, or a whole email address</span>
            <input
              id="user-search"
              type="search"
              placeholder="Beginning of an id, or an email address"
              value={typed}
              maxLength={200}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
            <span class="key" aria-hidden="true">
              /
            </span>
          </label>
        </div>
        {pages.error !== null && <Problem error={pages.error} retry={pages.reload} />}
        {pages.items === null && pages.error === null && <Loading />}
        {pages.items?.length === 0 && <NoUsers search={search} />}
        {pages.items !== null && pages.items.length > 0 && (
          <Table label="Users" columns={columns} items={pages.items} keyOf={({ id, email }) => `${id} ${email}`} />
        )}
        <More of={pages} />
      </div>
      {opened !== null && <UserDetail key={opened} id={opened} onDeleted={pages.reload} />}
    </div>
  );
}

function None() {
  return <span class="muted">–</span>;
}

function NoUsers({ search }: { readonly search: string }) {
  if (search !== "")
    return (
      <Empty title="Nobody is found by that">
        <p>Search by the beginning of an id, or by a whole email address.</p>
      </Empty>
    );
  return (
    <Empty title="Nobody is known here yet">
      <p>An identify event creates users, and so do recipients that an event describes in full. In your app:</p>
      <pre>
        analytics.identify("ada", {"{"} email: "ada@example.com" {"}"})
      </pre>
    </Empty>
  );
}

function UserDetail({ id, onDeleted }: { readonly id: string; readonly onDeleted: () => void }) {
  const { place, location, can } = useApp();
  const [deleting, setDeleting] = useState(false);
  const key = JSON.stringify([place, id]);
  const { data: user, error, reload } = useQuery(key, (signal) => get<UserView>(place, "user", { id }, signal));
  const events = useQuery(key, (signal) => get<EventPage>(place, "events", { userId: id, limit: 20 }, signal));
  const close = () => navigate(withQuery(location, { user: null }));
  const subtitle = (
    <span class="mono">
      {id} <CopyButton text={id} what="user id" />
    </span>
  );
  return (
    <Detail of="user" title={user?.name ?? id} subtitle={subtitle} onClose={close}>
      {error !== null && <Problem error={error} retry={reload} />}
      {user === null && error === null && <Loading />}
      {user !== null && (
        <div>
          <div class="actions">
            <Link class="button small" href={pathTo(place, "events", { userId: user.id })}>
              All their events
            </Link>
            {can("operate") && (
              <button type="button" class="small danger-text" onClick={() => setDeleting(true)}>
                Delete…
              </button>
            )}
          </div>
          <h3>Properties</h3>
          <Properties user={user} />
        </div>
      )}
      <h3>Latest events</h3>
      {events.data === null && events.error === null && <Loading lines={3} />}
      {events.data?.rows.length === 0 && <p class="muted">None is kept.</p>}
      <ul class="plain">
        {events.data?.rows.map((row) => (
          <EventOfUser key={row.messageId} row={row} />
        ))}
      </ul>
      {deleting && <Delete id={user?.id ?? id} onClose={() => setDeleting(false)} onDeleted={onDeleted} />}
    </Detail>
  );
}

function EventOfUser({ row }: { readonly row: EventRow }) {
  const { place } = useApp();
  return (
    <li>
      <span class="mono muted">
        <Time at={row.receivedAt} />
      </span>
      <Link href={pathTo(place, "events", { event: row.messageId })}>{row.name ?? row.type}</Link>
      <Status value={row.status} quiet />
    </li>
  );
}

function Properties({ user }: { readonly user: UserView }) {
  const { history, properties, id: _id, ...own } = user;
  const rest = isObject(properties) ? properties : {};
  const known: readonly (readonly [string, JsonValue])[] = [
    ...Object.entries(own).filter(([, value]) => value !== null),
    ...Object.entries(rest),
  ];
  const rows = history ?? known.map(([path, value]) => ({ path, value, at: null }));
  if (rows.length === 0) return <p class="muted">Nothing but the id is known.</p>;
  return (
    <dl class="pairs">
      {rows.map(({ path, value, at }) => (
        <div key={path}>
          <dt>{path}</dt>
          <dd>
            <span class="mono">{typeof value === "string" ? value : JSON.stringify(value)}</span>
            {at !== null && (
              <span class="muted">
                {" "}
                said <Time at={at} relative />
              </span>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface DeleteProps {
  readonly id: string;
  readonly onClose: () => void;
  readonly onDeleted: () => void;
}

function Delete({ id, onClose, onDeleted }: DeleteProps) {
  const { place, location } = useApp();
  const { busy, failure, run } = useAction({ inDialog: true });
  const [typed, setTyped] = useState("");
  const remove = async () => {
    const went = await run(async () => {
      await post(place, "users/delete", { id });
      return "The user and their events are erased";
    });
    if (!went) return;
    onDeleted();
    navigate(withQuery(location, { user: null }));
  };
  return (
    <Confirm
      title="Delete this user?"
      action="Delete for good"
      danger
      failure={failure}
      busy={busy || typed !== id}
      onConfirm={remove}
      onClose={onClose}
    >
      <p>
        The user, their events and the runs of these are erased here, and the engine is told to forget them. Only a hash
        of the id stays. <b>This can not be undone.</b>
      </p>
      <label class="field">
        <span>
          Type <code>{id}</code> to go on
        </span>
        <input type="text" value={typed} autocomplete="off" onInput={(event) => setTyped(event.currentTarget.value)} />
      </label>
    </Confirm>
  );
}
