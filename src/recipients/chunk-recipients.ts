/** Parts of at most `max` items, in order; one part when there is no maximum. Nothing for an empty list. */
export function chunkRecipients<Item>(recipients: readonly Item[], max: number | null): readonly (readonly Item[])[] {
  if (recipients.length === 0) return [];
  if (max === null || recipients.length <= max) return [recipients];
  const chunks: (readonly Item[])[] = [];
  for (let start = 0; start < recipients.length; start += max) chunks.push(recipients.slice(start, start + max));
  return chunks;
}
