// Package author has no code: its tests do what somebody does who writes a bot,
// with the built binaries and with the tools that authors have.
package author
