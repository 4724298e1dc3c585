import { bundleConsoleClient } from "../../.build/console-client.js";

/** Every test run sees the console's client as it stands in the sources. */
export const setup = bundleConsoleClient;
