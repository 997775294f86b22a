// Package hostile runs scripts that mean harm, one guild's beside another's,
// and holds that nothing of it reaches anyone else. docs/security.md says how
// to add a script.
//
// What cannot be attacked from here is attacked elsewhere. No server outside can
// be reached: pkg/egress and pkg/bot try addresses, redirects, bodies and secrets
// with servers of their own. Uploads, tokens and deep JSON at the API are in the
// tables of bad input of test/spec, lying workers in pkg/wire and pkg/supervisor,
// native calls from inside a worker in test/sandbox, interactions that are too
// old in pkg/scope, and floods of Discord's own limits in pkg/discord.
package hostile
