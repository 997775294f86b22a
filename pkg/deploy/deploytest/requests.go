package deploytest

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// asked is the n-th revision, made by a request with the key.
func asked(n int, key string) deploy.Revision {
	r := Sample(guildA, n)
	r.Request = deploy.RequestKey{Key: key, Digest: fmt.Sprint("digest of ", n)}
	return r
}

func (s *suite) requests() {
	_, err := s.ByRequest(s.Ctx, guildA, "key")
	s.NotFound("a key of no request", err)
	first, failed, other := asked(1, "key"), asked(2, "it's \"another\""), asked(3, "key")
	failed.Status, failed.Error = deploy.Failed, "no"
	other.Guild = guildB
	for _, r := range []deploy.Revision{first, failed, other, Sample(guildA, 4), Sample(guildA, 5)} {
		s.Must(s.PutRevision(s.Ctx, r))
	}
	check := func() {
		for _, want := range []deploy.Revision{first, failed, other} {
			got, err := s.ByRequest(s.Ctx, want.Guild, want.Request.Key)
			s.Must(err)
			s.Same("ByRequest", got, want)
		}
		for _, key := range []string{"", "ke", "key2", "\x00", "\xff"} {
			_, err := s.ByRequest(s.Ctx, guildA, key)
			s.NotFound(fmt.Sprintf("the key %q", key), err)
		}
	}
	check()
	// Others give nothing of it away.
	got, err := s.Revision(s.Ctx, guildA, first.ID)
	s.Must(err)
	s.Same("Revision", got, Sample(guildA, 1))
	if err := s.PutRevision(s.Ctx, asked(6, "key")); !fault.Is(err, fault.Conflict) {
		s.T.Errorf("a key that exists: error is %v, want one of %s", err, fault.Conflict)
	}
	_, err = s.Revision(s.Ctx, guildA, asked(6, "").ID)
	s.NotFound("the revision of a key that exists", err)
	s.Store = s.reopen()
	check()
	s.Must(s.Delete(s.Ctx, guildA))
	check()
}

func (s *suite) requestsAtOnce() {
	const each = 8
	var wg sync.WaitGroup
	var stored atomic.Int32
	for n := range each {
		wg.Go(func() {
			switch err := s.PutRevision(s.Ctx, asked(n+1, "key")); {
			case err == nil:
				stored.Add(1)
			case !fault.Is(err, fault.Conflict):
				s.T.Errorf("put: %s", err)
			}
		})
	}
	wg.Wait()
	h, err := s.History(s.Ctx, guildA, deploy.Cursor{}, each)
	s.Must(err)
	s.Same("revisions of one key", []int{int(stored.Load()), len(h)}, []int{1, 1})
}
