package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// applicationFlags are what the developer portal says of an application;
// negative when it says nothing.
type applicationFlags int64

// granted are the privileged intents that the flags allow. Each has a flag for
// small bots and one for those that Discord has approved.
func (f applicationFlags) granted() (out catalog.Intents) {
	if f < 0 {
		return catalog.Privileged
	}
	for _, p := range []struct {
		flags  applicationFlags
		intent catalog.Intents
	}{
		{1<<12 | 1<<13, catalog.GuildPresences}, {1<<14 | 1<<15, catalog.GuildMembers}, {1<<18 | 1<<19, catalog.MessageContent},
	} {
		if f&p.flags != 0 {
			out |= p.intent
		}
	}
	return out
}

// CurrentApplication gives the id of the application that the token belongs to,
// and the privileged intents that it has.
func (r *REST) CurrentApplication(ctx context.Context) (snowflake.ApplicationID, catalog.Intents, error) {
	const route = "/oauth2/applications/@me"
	doc, err := r.Do(ctx, Request{Method: http.MethodGet, Route: route, Path: route})
	if err != nil {
		return 0, 0, err
	}
	id := snowflake.ApplicationID(jsonscan.ID(jsonscan.Get(doc, "id")))
	if id.IsZero() {
		return 0, 0, fmt.Errorf("read %s: the application has no id", route)
	}
	flags := applicationFlags(-1)
	if raw := jsonscan.Get(doc, "flags"); len(raw) > 0 && raw[0] >= '0' && raw[0] <= '9' {
		flags = applicationFlags(jsonscan.Int(raw))
	}
	return id, flags.granted(), nil
}

// CurrentUser gives the bot's own user as Discord describes it.
func (r *REST) CurrentUser(ctx context.Context) (json.RawMessage, error) {
	const route = "/users/@me"
	return r.Do(ctx, Request{Method: http.MethodGet, Route: route, Path: route})
}
