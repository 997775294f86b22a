// Package discord is the runtime's side of Discord: the gateway, which brings
// events as raw bytes and survives restarts by RESUME, the tables that turn
// those bytes into payloads for scripts, and REST with a fair rate limiter. It
// and the simulator are the only packages that know arikawa. The bot token
// never appears in an error or a log line.
package discord
