import type { BucketView } from "../../protocol.js";
import { plural } from "../format.js";

const width = 240;
const height = 36;

/** Events over time, with what failed drawn over what was received. */
export function Sparkline({ buckets }: { readonly buckets: readonly BucketView[] }) {
  const most = Math.max(1, ...buckets.map((bucket) => bucket.count));
  const total = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  const failed = buckets.reduce((sum, bucket) => sum + bucket.failed, 0);
  const step = width / Math.max(1, buckets.length);
  const bar = (value: number) => (value === 0 ? 0 : Math.max(2, (value / most) * height));
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${plural(total, "event")} in the last 24 hours, ${failed} failed`}
    >
      {buckets.map((bucket, index) => (
        <g key={bucket.startsAt}>
          <rect class="base" x={index * step} y={height - 1} width={step - 1} height={1} />
          <rect
            class="all"
            x={index * step}
            y={height - bar(bucket.count)}
            width={step - 1}
            height={bar(bucket.count)}
          />
          <rect
            class="bad"
            x={index * step}
            y={height - bar(bucket.failed)}
            width={step - 1}
            height={bar(bucket.failed)}
          />
        </g>
      ))}
    </svg>
  );
}
