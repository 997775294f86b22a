package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// File is a source file or a source map.
type File struct {
	Path     string `json:"path"`
	Contents string `json:"contents"`
}

// DeployRequest is a new script: Files that the server bundles, or a finished
// Bundle beside which Files are only kept.
type DeployRequest struct {
	Entry     string  `json:"entry"`
	Files     []File  `json:"files,omitempty"`
	Bundle    *string `json:"bundle,omitempty"`
	SourceMap *File   `json:"source_map,omitempty"`
	// Key names the deployment, so that it is made once however often it is sent;
	// Deploy makes one unless it is given.
	Key string `json:"-"`
	// Source says what kind of client deploys: cli, webui, bootstrap or api.
	Source string `json:"-"`
}

// Deployment is what a guild runs.
type Deployment struct {
	Guild      snowflake.GuildID `json:"guild_id"`
	Entry      string            `json:"entry"`
	RevisionID string            `json:"revision_id,omitempty"`
	CreatedAt  time.Time         `json:"created_at"`
	UpdatedAt  time.Time         `json:"updated_at"`
	Files      []File            `json:"files,omitempty"`
	SourceMap  *File             `json:"source_map,omitempty"`
	Bundle     string            `json:"bundle,omitempty"`
	Warnings   []string          `json:"warnings,omitempty"`
}

// User is who a token belongs to.
type User struct {
	ID       string `json:"id"`
	Username string `json:"username"`
}

// Health asks, once, whether the server is up; it needs no token.
func (c *Client) Health(ctx context.Context) (string, error) {
	var text string
	err := c.call(ctx, request{method: http.MethodGet, path: "/health", once: true}, &text)
	return text, err
}

// Me asks who the token belongs to.
func (c *Client) Me(ctx context.Context) (User, error) {
	var doc struct {
		User User `json:"user"`
	}
	err := c.call(ctx, request{method: http.MethodGet, path: "/auth/me"}, &doc)
	return doc.User, err
}

// Deploy makes the script the guild's, or gives the error that says why not. It
// is sent again when the answer got lost, and makes one revision all the same.
func (c *Client) Deploy(ctx context.Context, guild snowflake.GuildID, r DeployRequest) (Deployment, error) {
	var d Deployment
	req := request{method: http.MethodPost, path: "/deployments/" + guild.String(), body: r, time: deployTime, header: map[string]string{requestKey: r.Key}}
	if r.Key == "" {
		req.header[requestKey] = newKey()
	}
	if r.Source != "" {
		req.header["x-flora-deploy-source"] = r.Source
	}
	err := c.call(ctx, req, &d)
	return d, err
}

// Deployment gives what the guild runs, with its files.
func (c *Client) Deployment(ctx context.Context, guild snowflake.GuildID) (Deployment, error) {
	var d Deployment
	err := c.call(ctx, request{method: http.MethodGet, path: "/deployments/" + guild.String(), most: largeAnswer}, &d)
	return d, err
}

// Deployments lists the deployments of the guilds that the caller administers.
func (c *Client) Deployments(ctx context.Context) ([]Deployment, error) {
	var all []Deployment
	err := c.call(ctx, request{method: http.MethodGet, path: "/deployments"}, &all)
	return all, err
}

// segment escapes one segment of a path.
func segment(s string) string {
	// "." and ".." would be taken as steps by whoever cleans the path.
	switch s {
	case ".":
		return "%2E"
	case "..":
		return "%2E%2E"
	}
	return url.PathEscape(s)
}
