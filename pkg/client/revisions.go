package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Revision is one deployment of a guild's history.
type Revision struct {
	ID             string            `json:"id"`
	Guild          snowflake.GuildID `json:"guild_id"`
	Entry          string            `json:"entry"`
	Status         string            `json:"status"`
	DeployedAt     time.Time         `json:"deployed_at"`
	Source         string            `json:"deploy_source"`
	Actor          Actor             `json:"actor"`
	Error          string            `json:"error_message,omitempty"`
	BuildID        string            `json:"build_id,omitempty"`
	BaseRevisionID string            `json:"base_revision_id,omitempty"`
	RollbackOf     string            `json:"rollback_of,omitempty"`
	Changes        *Changes          `json:"change_summary,omitempty"`
	Files          []File            `json:"files,omitempty"`
	SourceMap      *File             `json:"source_map,omitempty"`
	Bundle         string            `json:"bundle,omitempty"`
	Warnings       []string          `json:"warnings,omitempty"`
}

// Actor is who deployed.
type Actor struct {
	UserID   string `json:"user_id,omitempty"`
	Username string `json:"username,omitempty"`
	Type     string `json:"actor_type"`
}

// Changes are the files that differ from the revision before.
type Changes struct {
	Added    []string `json:"added_files"`
	Removed  []string `json:"removed_files"`
	Modified []string `json:"modified_files"`
}

// revisionTime is how the API reads times in cursors.
const revisionTime = "2006-01-02T15:04:05.999999999-07:00"

// maxHistoryPage is the most revisions of one answer.
const maxHistoryPage = 100

func revisionPath(guild snowflake.GuildID) string { return "/deployments/" + guild.String() }

// History gives the newest revisions, at most limit; 0 is all that are kept.
func (c *Client) History(ctx context.Context, guild snowflake.GuildID, limit int) ([]Revision, error) {
	all := []Revision{}
	q := url.Values{}
	for {
		page := maxHistoryPage
		if limit > 0 {
			page = min(page, limit-len(all))
		}
		q.Set("limit", strconv.Itoa(page))
		var list []Revision
		if err := c.call(ctx, request{method: http.MethodGet, path: revisionPath(guild) + "/history", query: q}, &list); err != nil {
			return nil, err
		}
		all = append(all, list...)
		if len(list) < page || len(all) == limit {
			return all, nil
		}
		last := list[len(list)-1]
		q.Set("cursor_deployed_at", last.DeployedAt.Format(revisionTime))
		q.Set("cursor_id", last.ID)
	}
}

// Revision gives one revision with its files.
func (c *Client) Revision(ctx context.Context, guild snowflake.GuildID, id string) (Revision, error) {
	var r Revision
	err := c.call(ctx, request{method: http.MethodGet, path: revisionPath(guild) + "/revisions/" + segment(id), most: largeAnswer}, &r)
	return r, err
}

// Rollback deploys an older revision again and gives the new one, without its
// files.
func (c *Client) Rollback(ctx context.Context, guild snowflake.GuildID, id string) (Revision, error) {
	var r Revision
	err := c.call(ctx, request{
		method: http.MethodPost, path: revisionPath(guild) + "/rollback/" + segment(id), time: deployTime, most: largeAnswer,
		header: map[string]string{"x-flora-deploy-source": "cli", requestKey: newKey()},
	}, &r)
	r.Files, r.SourceMap, r.Bundle = nil, nil, ""
	return r, err
}

// Deleted is the answer to a deletion.
type Deleted struct {
	Deleted  bool     `json:"deleted"`
	Warnings []string `json:"warnings,omitempty"`
}

// DeleteDeployment stops the guild's script and deletes it; its history stays.
func (c *Client) DeleteDeployment(ctx context.Context, guild snowflake.GuildID) (Deleted, error) {
	var d Deleted
	err := c.call(ctx, request{method: http.MethodDelete, path: revisionPath(guild), time: deployTime}, &d)
	return d, err
}
