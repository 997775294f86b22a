// Package playground drives the playground of a real flora-runtime in a headless
// Chromium, as people do: by what elements are and are called, with keys and
// clicks, and what else an author does in a browser. A message in the browser's console fails a test.
package playground
