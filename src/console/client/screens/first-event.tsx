import type { EnvironmentView, SampleView } from "../../protocol.js";
import { get } from "../api.js";
import { useApp } from "../app-context.js";
import { CopyButton, Empty } from "../ui/basics.js";
import { useQuery } from "../use-query.js";

/** A `curl` for a shell; what stands in single quotes is taken as it is, but for the quote itself. */
function toCurl({ url, headers, body }: SampleView): string {
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const given = Object.entries(headers).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`);
  return ["curl -X POST", quote(absolute(url)), ...given, "-d", quote(body)].join(" ");
}

/** As the host said it, at the origin that this page came from. */
export function absolute(url: string): string {
  return url.startsWith("/") ? window.location.origin + url : url;
}

/** The empty log: how to send an event, with a command that works once it is pasted. */
export function FirstEvent() {
  const { place, can } = useApp();
  const { data } = useQuery("overview", (signal) => get<readonly EnvironmentView[]>(place, "overview", {}, signal));
  const here = data?.find((one) => one.source === place.source && one.environment === place.environment);
  const url = here === undefined ? "" : absolute(here.webhookUrl);
  return (
    <Empty title={`No event has reached ${place.environment} yet`}>
      <p>This page is listening: what arrives appears here at once. Send a first one from a terminal:</p>
      <div class="curl">
        <pre>
          curl -X POST '{url}' {"\\\n"}
          {"  "}-H 'content-type: application/json' {"\\\n"}
          {"  "}-d '{`{"type":"track","event":"Comment Created","userId":"linus","properties":{…}}`}'
        </pre>
        {can("operate") ? (
          <CopyButton
            label="Copy the command"
            what="the curl command"
            text={async () => toCurl(await get<SampleView>(place, "sample"))}
          />
        ) : (
          <p class="muted">The whole command holds credentials; it is copied by those who have the role "operate".</p>
        )}
      </div>
      <p class="muted">
        For the real thing add the destination <b>Webhooks (Actions)</b> in Segment and give it the URL shown on
        Overview.
      </p>
    </Empty>
  );
}
