import type { Visitor } from "../../users/visitor.js";
import { decodedOrNull, type Row, textOf, textOrNull } from "./stored-row.js";

export function toVisitor(row: Row): Visitor {
  const linkedAt = textOrNull(row, "linked_at");
  return {
    said: JSON.parse(textOf(row, "said")),
    userId: decodedOrNull(row, "user_id"),
    linkedAt: linkedAt === null ? null : Number(linkedAt),
  };
}
