import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

interface VirtualListProps {
  readonly count: number;
  readonly rowHeight: number;
  readonly label: string;
  /** The row that the keyboard is on; -1 for none. */
  readonly active: number;
  /** Other rows are on their way. */
  readonly busy: boolean;
  readonly head: ComponentChildren;
  readonly row: (index: number) => ComponentChildren;
  /** Called when the end comes near. */
  readonly onEnd: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

const overscan = 12;

/** Draws only the rows in sight, of however many there are. */
export function VirtualList(props: VirtualListProps) {
  const { count, rowHeight, active, onEnd } = props;
  const element = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan);
  const last = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + overscan);

  const measure = () => {
    const { scrollTop = 0, clientHeight = 800 } = element.current ?? {};
    setView((before) =>
      before.top === scrollTop && before.height === clientHeight ? before : { top: scrollTop, height: clientHeight },
    );
  };
  useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    if (element.current !== null) observer.observe(element.current);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (last >= count - 2 * overscan) onEnd();
  }, [last, count, onEnd]);

  useEffect(() => {
    const box = element.current;
    if (box === null || active < 0) return;
    const top = active * rowHeight;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + 2 * rowHeight > box.scrollTop + box.clientHeight)
      box.scrollTop = top + 2 * rowHeight - box.clientHeight;
  }, [active, rowHeight]);

  const rows: ComponentChildren[] = [];
  for (let index = first; index < last; index += 1) rows.push(props.row(index));
  return (
    <div
      ref={element}
      class="virtual"
      role="grid"
      tabIndex={0}
      aria-label={props.label}
      aria-rowcount={count + 1}
      aria-busy={props.busy}
      aria-activedescendant={active >= first && active < last ? rowId(active) : undefined}
      onScroll={measure}
      onKeyDown={props.onKeyDown}
    >
      {props.head}
      <div class="virtual-space" role="rowgroup" style={{ height: `${count * rowHeight}px` }}>
        <div class="virtual-rows" role="presentation" style={{ transform: `translateY(${first * rowHeight}px)` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}

export function rowId(index: number): string {
  return `row-${index}`;
}
