package contract

import (
	"slices"
	"strings"
)

// exception is where Discord's document is wrong, or behind what Discord
// documents and does.
type exception struct {
	side, path string // "" is any; a trailing "*" takes what begins like it.
	at, text   string // Parts of where and what.
	why        string
}

// Each is held to what it names, so that it hides nothing else.
var exceptions = []exception{
	{side: "answer", at: "/_errors", why: "complaints about a form have names for codes (BASE_TYPE_REQUIRED); the document wants numbers, and then takes the list for a map"},
	{side: "answer", text: "missing property 'code'", at: "/", why: "a 429 has a code only sometimes, as Discord documents"},
	{side: "request", at: "permission", text: "got string, want", why: "permissions are documented as strings, because they have more bits than a number; the document wants integers"},
	{side: "request", path: "PUT /channels/{channel_id}/permissions/{overwrite_id}", at: "/allow", text: "got string, want", why: "the same"},
	{side: "request", path: "PUT /channels/{channel_id}/permissions/{overwrite_id}", at: "/deny", text: "got string, want", why: "the same"},
	{side: "request", path: "DELETE /guilds/{guild_id}/bans/{user_id}", text: "is missing", why: "the document wants a body without members; Discord documents none"},
	{side: "request", path: "PUT /applications/{application_id}/guilds/{guild_id}/commands", at: "/nsfw", text: "is not in", why: "nsfw of commands is documented"},
	{side: "request", path: "POST /applications/{application_id}/guilds/{guild_id}/commands", at: "/nsfw", text: "is not in", why: "nsfw of commands is documented"},
	{side: "request", path: "PATCH /applications/{application_id}/guilds/{guild_id}/commands/{command_id}", at: "/nsfw", text: "is not in", why: "nsfw of commands is documented"},
	{side: "request", path: "POST /oauth2/token", text: "is no operation", why: "logins are documented, but not in the document"},
	{side: "request", path: "POST /oauth2/token/revoke", text: "is no operation", why: "the same"},
	{side: "event", path: "VOICE_STATE_UPDATE", text: "missing property 'self_stream'", why: "documented as optional"},
	{at: "message_reference/type", text: "value must be 0", why: "the document knows replies; forwards (1) are documented"},
}

// keep leaves out what is an exception.
func keep(all []Violation) []Violation {
	return slices.DeleteFunc(all, func(v Violation) bool {
		return slices.ContainsFunc(exceptions, func(e exception) bool { return e.covers(v) })
	})
}

func (e exception) covers(v Violation) bool {
	path := strings.TrimSpace(v.Method + " " + v.Path)
	fits := e.path == "" || e.path == path
	if begin, ok := strings.CutSuffix(e.path, "*"); ok {
		fits = strings.HasPrefix(path, begin)
	}
	return fits && (e.side == "" || e.side == v.Side) && strings.Contains(v.At, e.at) && strings.Contains(v.Text, e.text)
}
