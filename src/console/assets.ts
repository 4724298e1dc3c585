import { createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { script, style } from "./client-bundle.js";
import { securityHeaders } from "./respond.js";

interface Asset {
  readonly contentType: string;
  readonly text: string;
  readonly compressed: Uint8Array<ArrayBuffer>;
}

/** The client's own files and the page that loads them. */
export interface Assets {
  /** @param path below the base path, such as `/assets/console-1a2b3c.js` */
  find(path: string, acceptEncoding: string): Response | null;
  page(): Response;
}

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#b4561c"/><path d="M9 22h14l-2-3v-5a5 5 0 0 0-10 0v5zM14.500 24.500a1.500 1.500 0 0 0 3 0" fill="none" stroke="#fff" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"/></svg>';

/** Everything is in memory: nothing is read from disk, so that it works wherever the module was bundled to. */
export function createAssets(basePath: string): Assets {
  const files = new Map<string, Asset>();
  const add = (extension: string, contentType: string, text: string) => {
    const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
    const path = `/assets/console-${hash}.${extension}`;
    files.set(path, { contentType, text, compressed: new Uint8Array(gzipSync(text, { level: 9 })) });
    return basePath + path;
  };
  const urls = {
    script: add("js", "text/javascript; charset=utf-8", script),
    style: add("css", "text/css; charset=utf-8", style),
    icon: add("svg", "image/svg+xml", icon),
  };
  return {
    find(path, acceptEncoding) {
      const file = files.get(path);
      if (file === undefined) return null;
      const gzip = /\bgzip\b/.test(acceptEncoding);
      const headers = {
        ...securityHeaders,
        "content-type": file.contentType,
        "cache-control": "private, max-age=31536000, immutable",
        vary: "accept-encoding",
        ...(gzip && { "content-encoding": "gzip" }),
      };
      return new Response(gzip ? file.compressed : file.text, { headers });
    },
    page: () => page(basePath, urls),
  };
}

/** The nonce admits these two files and nothing else: not even other scripts of the same origin. */
function page(
  basePath: string,
  urls: { readonly script: string; readonly style: string; readonly icon: string },
): Response {
  const nonce = randomBytes(18).toString("base64");
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  const html = `<!doctype html>
<html lang="en" data-base="${basePath}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Bellwire</title>
<link rel="icon" href="${urls.icon}">
<link rel="stylesheet" nonce="${nonce}" href="${urls.style}">
<script type="module" nonce="${nonce}" src="${urls.script}"></script>
</head>
<body><div id="app"></div><noscript>The console needs JavaScript.</noscript></body>
</html>
`;
  const headers = {
    ...securityHeaders,
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy.join("; "),
    "cache-control": "no-store",
  };
  return new Response(html, { headers });
}
