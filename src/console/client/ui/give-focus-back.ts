/** Once what was opened is gone: to what opened it, or at least to the page, so that a keyboard does not begin anew at its top. */
export function giveFocusBack(opener: Element | null): void {
  const isLost = () => document.activeElement === null || document.activeElement === document.body;
  setTimeout(() => {
    if (isLost() && opener instanceof HTMLElement) opener.focus();
    if (isLost()) document.querySelector<HTMLElement>("#main")?.focus();
  });
}
