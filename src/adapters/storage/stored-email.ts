import type { UserRegisters } from "../../users/user-registers.js";
import { toStoredText } from "./stored-text.js";

/** As emails are looked up, whatever their case. */
export function toStoredEmail(email: string): string {
  return toStoredText(email.toLowerCase());
}

/** The email of a user who is kept as registers, in a column of its own for the index on it; `null` where none is known. */
export function storedEmailOf(registers: UserRegisters): string | null {
  const email = registers["/email"]?.[0];
  return typeof email === "string" ? toStoredEmail(email) : null;
}
