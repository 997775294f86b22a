// Package deploy is the domain of deployments: what a revision is, which files
// may be deployed, what changed between two of them, and the Store that keeps
// them. It stores, builds and runs nothing itself.
package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// File is one source file.
type File struct {
	Path     string `json:"path"`
	Contents string `json:"contents"`
}

// SourceMap belongs to a bundle.
type SourceMap struct {
	Path     string `json:"path"`
	Contents string `json:"contents"`
}

// ActorType says how the one who deployed proved who they are.
type ActorType = string

// The actor types.
const (
	ActorSession ActorType = "session"
	ActorToken   ActorType = "token"
	ActorSystem  ActorType = "system"
)

// Actor is who deployed.
type Actor struct {
	UserID   string    `json:"user_id,omitempty"`
	Username string    `json:"username,omitempty"`
	Type     ActorType `json:"actor_type"`
}

// Status is how a deployment ended.
type Status string

// The statuses.
const (
	Success Status = "success"
	Failed  Status = "failed"
)

// ChangeSummary lists paths, sorted, never null.
type ChangeSummary struct {
	AddedFiles    []string `json:"added_files"`
	RemovedFiles  []string `json:"removed_files"`
	ModifiedFiles []string `json:"modified_files"`
}

// Revision is one attempt to deploy.
type Revision struct {
	ID             string            `json:"id"`
	Guild          snowflake.GuildID `json:"guild_id"`
	Entry          string            `json:"entry"`
	Status         Status            `json:"status"`
	DeployedAt     time.Time         `json:"deployed_at"`
	Source         string            `json:"deploy_source"`
	Actor          Actor             `json:"actor"`
	Error          string            `json:"error_message,omitempty"`
	BuildID        string            `json:"build_id,omitempty"`
	BaseRevisionID string            `json:"base_revision_id,omitempty"`
	RollbackOf     string            `json:"rollback_of,omitempty"` // The revision whose bundle this is again.
	ChangeSummary  *ChangeSummary    `json:"change_summary,omitempty"`
	Files          []File            `json:"files,omitempty"`
	SourceMap      *SourceMap        `json:"source_map,omitempty"`
	Bundle         string            `json:"bundle,omitempty"`
	Warnings       []string          `json:"warnings,omitempty"`
	// Request is the key of the request that made it. Only PutRevision and
	// ByRequest know it.
	Request RequestKey `json:"-"`
}

// Deployment is what a guild runs.
type Deployment struct {
	Guild     snowflake.GuildID `json:"guild_id"`
	Entry     string            `json:"entry"`
	CreatedAt time.Time         `json:"created_at"` // The first success.
	UpdatedAt time.Time         `json:"updated_at"` // The latest.
	// RevisionID is the latest success.
	RevisionID string `json:"revision_id"`
}

// Cursor is the place of a revision in a history; zero is before the newest.
type Cursor struct {
	DeployedAt time.Time
	ID         string
}

// IsZero reports whether the cursor is the start.
func (c Cursor) IsZero() bool { return c.DeployedAt.IsZero() && c.ID == "" }

// Cursor is the revision's place in its guild's history.
func (r Revision) Cursor() Cursor { return Cursor{DeployedAt: r.DeployedAt, ID: r.ID} }

// What a Store keeps of a guild's history when its configuration says nothing:
// so many successes, and as many failures, each of so many bytes together. The
// oldest beyond that go when a new one comes, in the same write; the new one and
// the current one never do.
const (
	KeepRevisions = 100
	KeepBytes     = 256 << 20
)

// Store keeps revisions. Times are kept to the microsecond, in UTC. Its methods
// may be called at once from many goroutines; those that find nothing answer a
// fault.NotFound.
type Store interface {
	// List gives every guild's deployment, ordered by guild.
	List(ctx context.Context) ([]Deployment, error)
	// Deployment gives what the guild runs, without its contents.
	Deployment(ctx context.Context, guild snowflake.GuildID) (Deployment, error)
	// Current gives the revision that the guild runs, whole.
	Current(ctx context.Context, guild snowflake.GuildID) (Revision, error)
	// PutRevision adds a revision; a success becomes the guild's current one in
	// the same write. It is on disk when PutRevision returns. An id that exists,
	// or a request's key that the guild has, is a fault.Conflict.
	PutRevision(ctx context.Context, r Revision) error
	// Delete makes the guild one that runs nothing; its history stays.
	Delete(ctx context.Context, guild snowflake.GuildID) error
	// Revision gives one revision, whole.
	Revision(ctx context.Context, guild snowflake.GuildID, id string) (Revision, error)
	// ByRequest gives the revision that the request with the key made, whole, and
	// with its key. A key is known as long as its revision is.
	ByRequest(ctx context.Context, guild snowflake.GuildID, key string) (Revision, error)
	// History gives at most limit revisions that come after the cursor, the
	// newest first and of equal times the higher id first. Files, SourceMap and
	// Bundle are left out, since a page could hold hundreds of megabytes.
	History(ctx context.Context, guild snowflake.GuildID, before Cursor, limit int) ([]Revision, error)
}

// Validate reports a revision that no Store can keep.
func (r Revision) Validate() error {
	switch {
	case r.ID == "" || len(r.ID) > 64:
		return fmt.Errorf("revision id %q must have 1 to 64 bytes", clip(r.ID))
	case r.Guild.IsZero():
		return errors.New("revision has no guild")
	case r.Status != Success && r.Status != Failed:
		return fmt.Errorf("revision status %q is neither %s nor %s", clip(string(r.Status)), Success, Failed)
	case r.DeployedAt.IsZero():
		return errors.New("revision has no time")
	case len(r.Request.Key) > maxRequestKey || (r.Request.Key == "") != (r.Request.Digest == ""):
		return errors.New("revision has half a request's key, or a long one")
	}
	return nil
}

// Time makes t what a Store gives back: UTC, whole microseconds.
func Time(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// timeFormat writes UTC as "+00:00", like the API always did.
const timeFormat = "2006-01-02T15:04:05.999999-07:00"

// stamp is a time in JSON.
type stamp time.Time

// MarshalJSON implements json.Marshaler.
func (s stamp) MarshalJSON() ([]byte, error) {
	return json.Marshal(FormatTime(time.Time(s)))
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *stamp) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("a time must be a string: %w", err)
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return fmt.Errorf("a time must look like %s: %w", timeFormat, err)
	}
	*s = stamp(Time(t))
	return nil
}

// FormatTime writes t as the API does: RFC 3339 with the offset +00:00.
func FormatTime(t time.Time) string { return Time(t).Format(timeFormat) }

// plainRevision has the fields without the methods.
type plainRevision Revision

// revisionJSON shadows the fields that are written in another form.
type revisionJSON struct {
	plainRevision
	DeployedAt stamp `json:"deployed_at"`
}

// MarshalJSON implements json.Marshaler.
func (r Revision) MarshalJSON() ([]byte, error) {
	return json.Marshal(revisionJSON{plainRevision(r), stamp(r.DeployedAt)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Revision) UnmarshalJSON(b []byte) error {
	var doc revisionJSON
	if err := json.Unmarshal(b, &doc); err != nil {
		return err
	}
	*r = Revision(doc.plainRevision)
	r.DeployedAt = time.Time(doc.DeployedAt)
	return nil
}

type plainDeployment Deployment

type deploymentJSON struct {
	plainDeployment
	CreatedAt stamp `json:"created_at"`
	UpdatedAt stamp `json:"updated_at"`
}

// MarshalJSON implements json.Marshaler.
func (d Deployment) MarshalJSON() ([]byte, error) {
	return json.Marshal(deploymentJSON{plainDeployment(d), stamp(d.CreatedAt), stamp(d.UpdatedAt)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *Deployment) UnmarshalJSON(b []byte) error {
	var doc deploymentJSON
	if err := json.Unmarshal(b, &doc); err != nil {
		return err
	}
	*d = Deployment(doc.plainDeployment)
	d.CreatedAt, d.UpdatedAt = time.Time(doc.CreatedAt), time.Time(doc.UpdatedAt)
	return nil
}
