package embedded

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// requestRecord says what came of a request with a key.
type requestRecord struct {
	Revision string `json:"revision"`
	Digest   string `json:"digest"`
}

// ByRequest implements deploy.Store.
func (s *Store) ByRequest(ctx context.Context, guild snowflake.GuildID, key string) (deploy.Revision, error) {
	return s.read(ctx, func(r pebble.Reader) (deploy.Revision, error) {
		var kept requestRecord
		found, err := s.get(r, nameKey(tagRequest, guild, key), &kept)
		if err != nil {
			return deploy.Revision{}, err
		}
		if !found {
			return deploy.Revision{}, fault.New(fault.NotFound, "Resource not found: no request with this key")
		}
		rev, err := s.revision(r, guild, kept.Revision)
		if fault.Is(err, fault.NotFound) {
			return deploy.Revision{}, damaged(errors.New("a request's revision is missing"))
		}
		rev.Request = deploy.RequestKey{Key: key, Digest: kept.Digest}
		return rev, err
	})
}

// keepRequest notes the key of the request that made the revision.
func (s *Store) keepRequest(b *batch, r deploy.Revision) error {
	if r.Request.IsZero() {
		return nil
	}
	name := nameKey(tagRequest, r.Guild, r.Request.Key)
	var kept requestRecord
	switch found, err := s.get(s.pebble, name, &kept); {
	case err != nil:
		return err
	case found:
		return fault.New(fault.Conflict, "the request's key was used for revision %s", kept.Revision)
	}
	b.setJSON(name, requestRecord{Revision: r.ID, Digest: r.Request.Digest})
	b.setJSON(revisionKey(tagRequestOf, r.Guild, r.ID), r.Request.Key)
	return nil
}

// forgetRequest deletes the key of a revision that goes.
func (s *Store) forgetRequest(b *batch, guild snowflake.GuildID, id string) error {
	var key string
	found, err := s.get(s.pebble, revisionKey(tagRequestOf, guild, id), &key)
	if err == nil && found {
		b.delete(revisionKey(tagRequestOf, guild, id))
		b.delete(nameKey(tagRequest, guild, key))
	}
	return err
}
