package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// CurrentApplication gives the id of the application that the token belongs to.
func (r *REST) CurrentApplication(ctx context.Context) (snowflake.ApplicationID, error) {
	const route = "/oauth2/applications/@me"
	doc, err := r.Do(ctx, Request{Method: http.MethodGet, Route: route, Path: route})
	if err != nil {
		return 0, err
	}
	id := snowflake.ApplicationID(jsonscan.ID(jsonscan.Get(doc, "id")))
	if id.IsZero() {
		return 0, fmt.Errorf("read %s: the application has no id", route)
	}
	return id, nil
}

// CurrentUser gives the bot's own user as Discord describes it.
func (r *REST) CurrentUser(ctx context.Context) (json.RawMessage, error) {
	const route = "/users/@me"
	return r.Do(ctx, Request{Method: http.MethodGet, Route: route, Path: route})
}
