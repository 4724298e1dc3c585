import { render } from "preact";
import { App } from "./app.js";
import { applyTheme, readTheme } from "./theme.js";

applyTheme(readTheme());
const root = document.querySelector("#app");
if (root !== null) render(<App />, root);
