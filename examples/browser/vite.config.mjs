// The headers by which a browser lets a page have threads; the server that serves the built page must send them too.
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default {
  worker: { format: "es" },
  server: { headers },
  preview: { headers },
};
