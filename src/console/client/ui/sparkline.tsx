import type { BucketView } from "../../protocol.js";
import { fullTime, plural } from "../format.js";
import { Link } from "./basics.js";

const width = 240;
const height = 36;

interface SparklineProps {
  readonly buckets: readonly BucketView[];
  /** Where a bar leads to, for those with a pointer. */
  readonly hrefOf: (bucket: BucketView, index: number) => string;
}

/** Events over time, with what failed drawn over what was received. */
export function Sparkline({ buckets, hrefOf }: SparklineProps) {
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
      role="group"
      aria-label={`${plural(total, "event")} in the last 24 hours, ${failed} failed`}
    >
      {buckets.map((bucket, index) => (
        <Link key={bucket.startsAt} href={hrefOf(bucket, index)} tabIndex={-1}>
          <title>{`${fullTime(bucket.startsAt)}: ${plural(bucket.count, "event")}, ${bucket.failed} failed`}</title>
          <rect class="area" x={index * step} y={0} width={step} height={height} />
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
        </Link>
      ))}
    </svg>
  );
}
