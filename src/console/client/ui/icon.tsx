const paths = {
  bell: "M4 12h8l-1-1.500V7.500a3 3 0 0 0-6 0v3zM7 13.800a1 1 0 0 0 2 0",
  overview: "M2.500 9.500v4M6 5.500v8M9.500 8v5.500M13 2.500v11",
  events: "M2.500 4h11M2.500 8h11M2.500 12h7",
  names: "M2.500 8.500 8 3h5v5l-5.500 5.500zM10.600 5.400h.01",
  triggers: "M9 1.500 3.500 9H8l-1 5.500L12.500 7H8z",
  runs: "M8 3v5l3 2M14 8A6 6 0 1 1 8 2a6 6 0 0 1 6 6z",
  users: "M8 8a2.700 2.700 0 1 0 0-5.400A2.700 2.700 0 0 0 8 8zM3 14a5 5 0 0 1 10 0",
  audit: "M4 2.500h6l2.500 2.500v8.500H4zM6.500 8h4M6.500 10.500h4",
  search: "M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM10.500 10.500 14 14",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.500 5.500h7v8h-7zM3.500 10.500v-8h7",
  back: "M10 3 5 8l5 5",
  check: "M3 8.500 6.500 12 13 4.500",
  chevron: "M5 3l5 5-5 5",
  theme: "M8 2.500v11a5.500 5.500 0 0 0 0-11zM8 2.500a5.500 5.500 0 1 0 0 11",
} as const;

export type IconName = keyof typeof paths;

/** Decorative: what it stands beside says the same in words. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
