package discord

import (
	"errors"
	"fmt"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
)

// CloseError is the end of a gateway connection by a close frame.
type CloseError struct {
	Code   int
	Reason string // Discord's text.
	Advice string // What to do, for codes that no new connection cures.
}

// Error says the code and what to do.
func (e *CloseError) Error() string {
	text := fmt.Sprintf("Discord closed the gateway connection with code %d", e.Code)
	if e.Reason != "" {
		text += fmt.Sprintf(" (%s)", e.Reason)
	}
	if e.Advice != "" {
		text += ": " + e.Advice
	}
	return text
}

// Fatal reports whether connecting again is pointless.
func (e *CloseError) Fatal() bool { return e.Advice != "" }

// The gateway's close codes that matter here.
const (
	// closeKeep is what we close with: unlike 1000 and 1001 it leaves the
	// session resumable.
	closeKeep             = 4000
	closeNotAuthenticated = 4003
	closeAuthentication   = 4004
	closeInvalidSeq       = 4007
	closeTimedOut         = 4009
	closeInvalidShard     = 4010
	closeShardingRequired = 4011
	closeInvalidVersion   = 4012
	closeInvalidIntents   = 4013
	closeDeniedIntents    = 4014
)

// newCloseError makes the error of a code; for the fatal ones it says what to do.
func newCloseError(code int, reason string, intents catalog.Intents) *CloseError {
	e := &CloseError{Code: code, Reason: reason}
	switch code {
	case closeAuthentication:
		e.Advice = "the bot token is not valid; set discord.bot_token (DISCORD_TOKEN) to the token that the developer portal shows under Bot"
	case closeInvalidShard:
		e.Advice = "the shard is not valid; set discord.shards to 0 to use the number that Discord recommends"
	case closeShardingRequired:
		e.Advice = "the bot is in too many guilds for this many shards; set discord.shards to 0 to use the number that Discord recommends"
	case closeInvalidVersion:
		e.Advice = "this runtime speaks version 10 of the gateway, which Discord no longer takes; update it"
	case closeInvalidIntents:
		e.Advice = fmt.Sprintf("Discord does not know all of the intents %s; update this runtime", intents)
	case closeDeniedIntents:
		e.Advice = fmt.Sprintf("the application may not use the privileged intents %s; turn them on in the developer portal under Bot, Privileged Gateway Intents, or leave them out of discord.privileged_intents", intents&catalog.Privileged)
	}
	return e
}

// forgetsSession reports whether the session cannot be resumed after the code.
func forgetsSession(code int) bool {
	return code == closeNotAuthenticated || code == closeInvalidSeq || code == closeTimedOut
}

// Ends of a connection that are no close frame.
var (
	errReconnect      = errors.New("Discord asked for a new connection")  //nolint:staticcheck // A name.
	errInvalidKept    = errors.New("Discord refused the session for now") //nolint:staticcheck // A name.
	errInvalidSession = errors.New("Discord ended the session")           //nolint:staticcheck // A name.
	errMissedAck      = errors.New("a heartbeat was not acknowledged")
	errNotReady       = errors.New("the session did not become ready in time")
	errNotOurs        = errors.New("the shard is another process's now")
	errUsed           = errors.New("a gateway connection is used once")
	errIntents        = errors.New("the bot asks for more events")
	errHello          = errors.New("the gateway announced no usable heartbeat interval")
)
