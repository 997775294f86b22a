package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// deploymentRecord says what a guild runs.
type deploymentRecord struct {
	Deployment deploy.Deployment `json:"deployment"`
	Revision   string            `json:"revision"`
}

// whole is the deployment as others see it. Records of earlier versions have the
// revision's id outside of it only.
func (d deploymentRecord) whole() deploy.Deployment {
	d.Deployment.RevisionID = d.Revision
	return d.Deployment
}

// body is the large part of a revision, kept apart so that a history is read
// without it.
type body struct {
	Files     []deploy.File     `json:"files,omitempty"`
	SourceMap *deploy.SourceMap `json:"source_map,omitempty"`
	Bundle    string            `json:"bundle,omitempty"`
}

// List implements deploy.Store.
func (s *Store) List(ctx context.Context) ([]deploy.Deployment, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	all, err := records[deploymentRecord](ctx, s, []byte{tagDeployment})
	if err != nil {
		return nil, err
	}
	out := make([]deploy.Deployment, len(all))
	for i, d := range all {
		out[i] = d.whole()
	}
	return out, nil
}

// Deployment implements deploy.Store.
func (s *Store) Deployment(ctx context.Context, guild snowflake.GuildID) (deploy.Deployment, error) {
	if err := s.enter(ctx); err != nil {
		return deploy.Deployment{}, err
	}
	defer s.leave()
	d, found, err := s.deployment(s.pebble, guild)
	if err != nil {
		return deploy.Deployment{}, err
	}
	if !found {
		return deploy.Deployment{}, fault.New(fault.NotFound, "Resource not found: deployment not found")
	}
	return d.whole(), nil
}

// Current implements deploy.Store.
func (s *Store) Current(ctx context.Context, guild snowflake.GuildID) (deploy.Revision, error) {
	return s.read(ctx, func(r pebble.Reader) (deploy.Revision, error) {
		d, found, err := s.deployment(r, guild)
		if err != nil {
			return deploy.Revision{}, err
		}
		if !found {
			return deploy.Revision{}, fault.New(fault.NotFound, "Resource not found: deployment not found")
		}
		rev, err := s.revision(r, guild, d.Revision)
		if fault.Is(err, fault.NotFound) {
			return deploy.Revision{}, damaged(errors.New("a deployment's revision is missing"))
		}
		return rev, err
	})
}

// Revision implements deploy.Store.
func (s *Store) Revision(ctx context.Context, guild snowflake.GuildID, id string) (deploy.Revision, error) {
	return s.read(ctx, func(r pebble.Reader) (deploy.Revision, error) { return s.revision(r, guild, id) })
}

// read runs f on the database as it is at one moment.
func (s *Store) read(ctx context.Context, f func(pebble.Reader) (deploy.Revision, error)) (deploy.Revision, error) {
	if err := s.enter(ctx); err != nil {
		return deploy.Revision{}, err
	}
	defer s.leave()
	snapshot := s.pebble.NewSnapshot()
	rev, err := f(snapshot)
	if err = errors.Join(err, snapshot.Close()); err != nil {
		return deploy.Revision{}, err
	}
	return rev, nil
}

func (s *Store) deployment(r pebble.Reader, guild snowflake.GuildID) (deploymentRecord, bool, error) {
	var d deploymentRecord
	found, err := s.get(r, guildKey(tagDeployment, guild), &d)
	return d, found, err
}

// meta reads a revision without its body.
func (s *Store) meta(r pebble.Reader, guild snowflake.GuildID, id string) (rev deploy.Revision, found bool, err error) {
	found, err = s.get(r, revisionKey(tagRevision, guild, id), &rev)
	if err == nil && found && (rev.ID != id || rev.Guild != guild) {
		err = damaged(errors.New("a revision says it is another one"))
	}
	return rev, found, err
}

func (s *Store) revision(r pebble.Reader, guild snowflake.GuildID, id string) (deploy.Revision, error) {
	rev, found, err := s.meta(r, guild, id)
	if err != nil {
		return deploy.Revision{}, err
	}
	if !found {
		return deploy.Revision{}, fault.New(fault.NotFound, "Resource not found: Deployment revision not found")
	}
	var b body
	if found, err = s.get(r, revisionKey(tagBody, guild, id), &b); err != nil {
		return deploy.Revision{}, err
	}
	if !found {
		return deploy.Revision{}, damaged(errors.New("a revision's sources are missing"))
	}
	rev.Files, rev.SourceMap, rev.Bundle = b.Files, b.SourceMap, b.Bundle
	return rev, nil
}

// PutRevision implements deploy.Store.
func (s *Store) PutRevision(ctx context.Context, r deploy.Revision) error {
	if err := r.Validate(); err != nil {
		return err
	}
	r.DeployedAt = deploy.Time(r.DeployedAt)
	return s.write(ctx, pebble.Sync, func(b *batch) error {
		_, found, err := s.meta(s.pebble, r.Guild, r.ID)
		if err != nil {
			return err
		}
		if found {
			return fault.New(fault.Conflict, "revision %s already exists", r.ID)
		}
		if err := s.keepRequest(b, r); err != nil {
			return err
		}
		d, found, err := s.deployment(s.pebble, r.Guild)
		if err != nil {
			return err
		}
		if r.Status == deploy.Success {
			created := d.Deployment.CreatedAt
			if !found {
				created = r.DeployedAt
			}
			d = deploymentRecord{deploy.Deployment{Guild: r.Guild, Entry: r.Entry, CreatedAt: created, UpdatedAt: r.DeployedAt}, r.ID}
			b.setJSON(guildKey(tagDeployment, r.Guild), d)
		}
		size := b.setJSON(revisionKey(tagBody, r.Guild, r.ID), body{r.Files, r.SourceMap, r.Bundle})
		place := binary.AppendUvarint(nil, uint64(size)) //nolint:gosec // A length.
		if r.Status == deploy.Failed {
			place = append(place, failedMark)
		}
		b.set(historyKey(r.Guild, r.Cursor()), place)
		meta := r
		meta.Files, meta.SourceMap, meta.Bundle = nil, nil, ""
		b.setJSON(revisionKey(tagRevision, r.Guild, r.ID), meta)
		return s.prune(b, r.Guild, d.Revision, r.Status == deploy.Failed, int64(size))
	})
}

// failedMark stands behind the size of a failure.
const failedMark = 1

// prune deletes what the history holds beyond its bounds, now that one more
// revision of the size comes. current stays.
func (s *Store) prune(b *batch, guild snowflake.GuildID, current string, failed bool, size int64) error {
	kept, bytes := map[bool]int{failed: 1}, map[bool]int64{failed: size}
	lower := guildKey(tagHistory, guild)
	return s.scan(lower, after(lower), true, func(k, v []byte) (bool, error) {
		if len(k) < historyPrefix {
			return false, damaged(errors.New("a key of the history is cut off"))
		}
		id := string(k[historyPrefix:])
		n, read := binary.Uvarint(v)
		if read <= 0 {
			return false, damaged(errors.New("an entry of the history has no size"))
		}
		failed := len(v) > read
		kept[failed]++
		bytes[failed] += int64(n) //nolint:gosec // Written from a length.
		if id == current || kept[failed] <= s.cfg.KeepRevisions && bytes[failed] <= s.cfg.KeepBytes {
			return true, nil
		}
		b.delete(append([]byte(nil), k...))
		b.delete(revisionKey(tagRevision, guild, id))
		b.delete(revisionKey(tagBody, guild, id))
		return true, s.forgetRequest(b, guild, id)
	})
}

// Delete implements deploy.Store.
func (s *Store) Delete(ctx context.Context, guild snowflake.GuildID) error {
	return s.write(ctx, pebble.Sync, func(b *batch) error {
		_, found, err := s.deployment(s.pebble, guild)
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.NotFound, "Resource not found: deployment not found")
		}
		b.delete(guildKey(tagDeployment, guild))
		return nil
	})
}

// History implements deploy.Store.
func (s *Store) History(ctx context.Context, guild snowflake.GuildID, before deploy.Cursor, limit int) ([]deploy.Revision, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	out := []deploy.Revision{}
	if limit <= 0 {
		return out, nil
	}
	lower := guildKey(tagHistory, guild)
	upper := after(lower)
	if !before.IsZero() {
		upper = historyKey(guild, before)
	}
	snapshot := s.pebble.NewSnapshot()
	err := s.scan(lower, upper, true, func(k, _ []byte) (bool, error) {
		if len(k) < historyPrefix {
			return false, damaged(errors.New("a key of the history is cut off"))
		}
		r, found, err := s.meta(snapshot, guild, string(k[historyPrefix:]))
		if err != nil {
			return false, err
		}
		if found { // One that came after the snapshot is not in it.
			out = append(out, r)
		}
		return len(out) < limit, ctx.Err()
	})
	if err = errors.Join(err, snapshot.Close()); err != nil {
		return nil, err
	}
	return out, nil
}

// stamp keeps the zero time apart from all others.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}
