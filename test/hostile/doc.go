// Package hostile runs scripts that mean harm, one guild's beside another's,
// and holds that nothing of it reaches anyone else. docs/security.md says how
// to add a script.
package hostile
