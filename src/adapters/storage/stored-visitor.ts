import type { Visitor } from "../../users/visitor.js";
import { decodedOrNull, numberOrNull, type Row, textOf } from "./stored-row.js";

export function toVisitor(row: Row): Visitor {
  return {
    said: JSON.parse(textOf(row, "said")),
    userId: decodedOrNull(row, "user_id"),
    linkedAt: numberOrNull(row, "linked_at"),
  };
}
