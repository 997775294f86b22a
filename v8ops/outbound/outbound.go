// Package outbound is how ops speak to Discord. A request can only be made
// from a Target, and a Target only from an id that was proven to belong to the
// calling guild, so an op cannot forget its confinement.
package outbound

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/scope"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Caller sends one request to Discord.
type Caller interface {
	Do(ctx context.Context, r discord.Request) (json.RawMessage, error)
}

// Scope is pkg/scope: it proves that ids belong to a guild. Its refusals are
// the same for what
// is another guild's and for what does not exist.
type Scope interface {
	Channel(ctx context.Context, guild snowflake.GuildID, id snowflake.ChannelID) (scope.Channel, error)
	Webhook(ctx context.Context, guild snowflake.GuildID, id snowflake.WebhookID) (scope.Webhook, error)
	Invite(ctx context.Context, guild snowflake.GuildID, code string) (scope.Invite, error)
	Check(guild snowflake.GuildID, token string) error
	CheckAnswer(guild snowflake.GuildID, id snowflake.InteractionID, token string) error
}

// Fetcher gets a file from the web for a script. It refuses addresses that
// scripts must not reach, and bodies larger than max bytes, by name.
type Fetcher interface {
	Fetch(ctx context.Context, guild snowflake.GuildID, url string, max int64) (body []byte, contentType string, err error)
}

// Discord is what the ops of all families share.
type Discord struct {
	REST  Caller
	Scope Scope
	// Fetcher gets attachments that are given by URL; without one they are refused.
	Fetcher Fetcher
	// Application gives the application's id, zero until Discord told it.
	Application func() snowflake.ApplicationID
	// Nonce makes a message's nonce, by which Discord takes it only once however
	// often the request is repeated; nil makes random ones.
	Nonce func() string
}

// NewNonce gives a nonce that no other message has.
func (d *Discord) NewNonce() string {
	if d.Nonce != nil {
		return d.Nonce()
	}
	return rand.Text()[:maxNonce]
}

// maxNonce is Discord's limit, in characters.
const maxNonce = 25

// Target is a proven place that requests may go to.
type Target struct {
	guild    snowflake.GuildID
	template string
	path     string
}

// Guild is the caller's own guild. given, if any, must be the same.
func (d *Discord) Guild(guild snowflake.GuildID, given *snowflake.GuildID) (Target, error) {
	if given != nil && *given != guild {
		return Target{}, scope.Forbidden()
	}
	return Target{guild: guild}.Sub("/guilds/{guild.id}", guild.String()), nil
}

// Commands is the caller's own list of application commands.
func (d *Discord) Commands(guild snowflake.GuildID, given *snowflake.GuildID) (Target, error) {
	if _, err := d.Guild(guild, given); err != nil {
		return Target{}, err
	}
	app, err := d.application()
	if err != nil {
		return Target{}, err
	}
	return Target{guild: guild}.Sub("/applications/{application.id}/guilds/{guild.id}/commands", app, guild.String()), nil
}

// Channel is a channel or a thread of the guild.
func (d *Discord) Channel(ctx context.Context, guild snowflake.GuildID, id snowflake.ChannelID) (Target, error) {
	proof, err := d.Scope.Channel(ctx, guild, id)
	if err != nil {
		return Target{}, err
	}
	return Target{guild: guild}.Sub("/channels/{channel.id}", proof.ID().String()), nil
}

// Webhook is a webhook of the guild; its token, if given, goes into the path.
func (d *Discord) Webhook(ctx context.Context, guild snowflake.GuildID, id snowflake.WebhookID, token string) (Target, error) {
	if strings.ContainsFunc(token, notToken) || len(token) > 256 {
		return Target{}, op.Invalid("token", "it is no webhook token")
	}
	proof, err := d.Scope.Webhook(ctx, guild, id)
	if err != nil {
		return Target{}, err
	}
	t := Target{guild: guild}.Sub("/webhooks/{webhook.id}", proof.ID().String())
	if token != "" {
		t = t.Sub("/{webhook.token}", token)
	}
	return t, nil
}

// Stage is what is on in a stage channel of the guild.
func (d *Discord) Stage(ctx context.Context, guild snowflake.GuildID, id snowflake.ChannelID) (Target, error) {
	proof, err := d.Scope.Channel(ctx, guild, id)
	if err != nil {
		return Target{}, err
	}
	return Target{guild: guild}.Sub("/stage-instances/{channel.id}", proof.ID().String()), nil
}

// maxCode is how long a code may be, in characters.
const maxCode = 64

// Code refuses what is no code of an invite or a template.
func Code(name, code string) error {
	if code == "" || len(code) > maxCode || strings.ContainsFunc(code, notToken) {
		return op.Invalid(name, "expected a code of up to %d letters, digits, - and _", maxCode)
	}
	return nil
}

// Invite is an invite to the guild.
func (d *Discord) Invite(ctx context.Context, guild snowflake.GuildID, code string) (Target, error) {
	if err := Code("code", code); err != nil {
		return Target{}, err
	}
	proof, err := d.Scope.Invite(ctx, guild, code)
	if err != nil {
		return Target{}, err
	}
	return Target{guild: guild}.Sub("/invites/{invite.code}", proof.Code()), nil
}

// nobodys are the places that belong to no guild: they tell everybody the
// same. What stands in a body that goes there is proven on its own.
var nobodys = map[string]bool{"/users/{user.id}": true, "/soundboard-default-sounds": true, "/stage-instances": true}

// Everybody is a place that belongs to no guild.
func (d *Discord) Everybody(guild snowflake.GuildID, template string, values ...string) (Target, error) {
	if !nobodys[template] {
		return Target{}, fault.New(fault.Internal, "%s is not a place for everybody", template)
	}
	return Target{guild: guild}.Sub(template, values...), nil
}

// notToken is true for what no token of Discord has.
func notToken(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// Callback answers an interaction that the guild received.
func (d *Discord) Callback(guild snowflake.GuildID, id snowflake.InteractionID, token string) (Target, error) {
	if err := d.Scope.CheckAnswer(guild, id, token); err != nil {
		return Target{}, err
	}
	return Target{guild: guild}.Sub("/interactions/{interaction.id}/{interaction.token}/callback", id.String(), token), nil
}

// FollowUp is where the later messages of an answered interaction go.
func (d *Discord) FollowUp(guild snowflake.GuildID, token string) (Target, error) {
	if err := d.Scope.Check(guild, token); err != nil {
		return Target{}, err
	}
	app, err := d.application()
	if err != nil {
		return Target{}, err
	}
	return Target{guild: guild}.Sub("/webhooks/{application.id}/{interaction.token}", app, token), nil
}

func (d *Discord) application() (string, error) {
	id := d.Application()
	if id.IsZero() {
		return "", fault.New(fault.Unavailable, "the bot is not connected to Discord yet; try again in a moment")
	}
	return id.String(), nil
}

// Sub is a place below; every {name} of the template takes one value.
func (t Target) Sub(template string, values ...string) Target {
	t.template += template
	var path strings.Builder
	for _, part := range strings.SplitAfter(template, "}") {
		fixed, _, named := strings.Cut(part, "{")
		path.WriteString(fixed)
		if named {
			path.WriteString(url.PathEscape(values[0]))
			values = values[1:]
		}
	}
	t.path += path.String()
	return t
}

// Message is a message of the channel.
func (t Target) Message(id snowflake.MessageID) Target {
	return t.Sub("/messages/{message.id}", id.String())
}

// Content is what a request carries.
type Content struct {
	Query  url.Values
	Body   any // JSON; nil sends none.
	Files  []discord.File
	Form   *discord.Form // Instead of Body and Files.
	Reason string        // For the audit log.
}

// maxReason is Discord's limit, in characters.
const maxReason = 512

// Raw makes the request and gives Discord's answer as it came.
func (d *Discord) Raw(ctx context.Context, method string, t Target, c Content) (json.RawMessage, error) {
	if n := utf8.RuneCountInString(c.Reason); n > maxReason {
		return nil, op.Invalid("reason", "it has %d characters; the limit is %d", n, maxReason)
	}
	return d.REST.Do(ctx, discord.Request{
		Guild: t.guild, Method: method, Route: t.template, Path: t.path,
		Query: c.Query, Body: c.Body, Files: c.Files, Form: c.Form, Reason: c.Reason,
	})
}

// Do is a request whose answer the script gets, as Discord wrote it.
func (d *Discord) Do(ctx context.Context, method string, t Target, c Content) (any, error) {
	raw, err := d.Raw(ctx, method, t, c)
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	return raw, nil
}

// Tell is a request whose answer the script does not get.
func (d *Discord) Tell(ctx context.Context, method string, t Target, c Content) (any, error) {
	_, err := d.Raw(ctx, method, t, c)
	return nil, err
}
