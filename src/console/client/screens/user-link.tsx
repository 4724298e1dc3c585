import { mask } from "../../protocol.js";
import { useApp } from "../app-context.js";
import { pathTo } from "../location.js";
import { Link } from "../ui/basics.js";

/** An id that leads to its user, unless it may not be told. */
export function UserLink({ id, href }: { readonly id: string; readonly href?: string }) {
  const { place } = useApp();
  if (id === mask) return <span class="mono">{id}</span>;
  return (
    <Link class="mono" href={href ?? pathTo(place, "users", { user: id })}>
      {id}
    </Link>
  );
}
