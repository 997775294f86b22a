package client

import (
	"context"
	"net/http"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Variable is a text that a guild's script reads.
type Variable struct {
	Name      string    `json:"name"`
	Value     string    `json:"value"`
	UpdatedAt time.Time `json:"updated_at"`
}

func variablePath(guild snowflake.GuildID, name string) string {
	return "/vars/" + guild.String() + "/" + segment(name)
}

// Variables lists a guild's variables by name.
func (c *Client) Variables(ctx context.Context, guild snowflake.GuildID) ([]Variable, error) {
	var all []Variable
	err := c.call(ctx, request{method: http.MethodGet, path: "/vars/" + guild.String()}, &all)
	return all, err
}

// Variable gives one.
func (c *Client) Variable(ctx context.Context, guild snowflake.GuildID, name string) (Variable, error) {
	var v Variable
	err := c.call(ctx, request{method: http.MethodGet, path: variablePath(guild, name)}, &v)
	return v, err
}

// SetVariable makes or replaces one.
func (c *Client) SetVariable(ctx context.Context, guild snowflake.GuildID, name, value string) (Variable, error) {
	var v Variable
	err := c.call(ctx, request{method: http.MethodPut, path: variablePath(guild, name), body: map[string]string{"value": value}}, &v)
	return v, err
}

// DeleteVariable removes one and tells whether it was there.
func (c *Client) DeleteVariable(ctx context.Context, guild snowflake.GuildID, name string) (bool, error) {
	var d Deleted
	err := c.call(ctx, request{method: http.MethodDelete, path: variablePath(guild, name)}, &d)
	return d.Deleted, err
}

// Secret is a value that a script sends and never sees, without the value.
type Secret struct {
	Name         string    `json:"name"`
	AllowedHosts []string  `json:"allowed_hosts"`
	AllowHTTP    bool      `json:"allow_http"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
	Broken       bool      `json:"broken,omitempty"`
}

func secretPath(guild snowflake.GuildID, name string) string {
	return "/secrets/" + guild.String() + "/" + segment(name)
}

// Secrets lists a guild's secrets by name.
func (c *Client) Secrets(ctx context.Context, guild snowflake.GuildID) ([]Secret, error) {
	var all []Secret
	err := c.call(ctx, request{method: http.MethodGet, path: "/secrets/" + guild.String()}, &all)
	return all, err
}

// SetSecret makes or replaces one, to be sent to the hosts.
func (c *Client) SetSecret(ctx context.Context, guild snowflake.GuildID, name, value string, hosts []string, allowHTTP bool) (Secret, error) {
	var s Secret
	body := map[string]any{"value": value, "allowed_hosts": hosts, "allow_http": allowHTTP}
	err := c.call(ctx, request{method: http.MethodPut, path: secretPath(guild, name), body: body}, &s)
	return s, err
}

// DeleteSecret removes one and tells whether it was there.
func (c *Client) DeleteSecret(ctx context.Context, guild snowflake.GuildID, name string) (bool, error) {
	var d Deleted
	err := c.call(ctx, request{method: http.MethodDelete, path: secretPath(guild, name)}, &d)
	return d.Deleted, err
}

// Cron is a job of the script that runs.
type Cron struct {
	Name          string     `json:"name"`
	Expression    string     `json:"expression"`
	SkipIfRunning bool       `json:"skip_if_running"`
	BackoffMS     []int64    `json:"backoff_ms,omitempty"`
	NextRun       *time.Time `json:"next_run"`
	LastRun       *time.Time `json:"last_run"`
	Running       int        `json:"running"`
	Skipped       uint64     `json:"skipped"`
	Warning       string     `json:"warning,omitempty"`
}

// Crons lists the jobs by name.
func (c *Client) Crons(ctx context.Context, guild snowflake.GuildID) ([]Cron, error) {
	var all []Cron
	err := c.call(ctx, request{method: http.MethodGet, path: "/crons/" + guild.String()}, &all)
	return all, err
}

// StartedCron says that a job's run began.
type StartedCron struct {
	Name        string    `json:"name"`
	ScheduledAt time.Time `json:"scheduled_at"`
}

// RunCron runs a job now.
func (c *Client) RunCron(ctx context.Context, guild snowflake.GuildID, name string) (StartedCron, error) {
	var s StartedCron
	err := c.call(ctx, request{method: http.MethodPost, path: "/crons/" + guild.String() + "/" + segment(name) + "/run"}, &s)
	return s, err
}

// Status is what a guild's script is doing.
type Status struct {
	Guild         snowflake.GuildID `json:"guild_id"`
	State         string            `json:"state"`
	Since         *time.Time        `json:"since"`
	RevisionID    string            `json:"revision_id,omitempty"`
	Worker        *int              `json:"worker"`
	QueuedEvents  int               `json:"queued_events"`
	InFlight      int               `json:"in_flight"`
	DroppedEvents uint64            `json:"dropped_events"`
	Strikes       []Strike          `json:"strikes"`
	ApartUntil    *time.Time        `json:"apart_until,omitempty"`
}

// Strike is what a script was charged with.
type Strike struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// Status asks what the guild's script is doing.
func (c *Client) Status(ctx context.Context, guild snowflake.GuildID) (Status, error) {
	var s Status
	err := c.call(ctx, request{method: http.MethodGet, path: "/status/" + guild.String()}, &s)
	return s, err
}

// Release ends a guild's quarantine; only the operator may.
func (c *Client) Release(ctx context.Context, guild snowflake.GuildID) (Status, error) {
	var s Status
	err := c.call(ctx, request{method: http.MethodPost, path: "/status/" + guild.String() + "/release"}, &s)
	return s, err
}
