package replicatest

import (
	"errors"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/replica"
)

// scribe writes for one owner.
type scribe struct {
	*suite
	name       string
	generation int64
	number     int64
}

func (w *scribe) write(of replica.Write) replica.Written {
	w.T.Helper()
	out, err := w.try(of)
	w.Must(err)
	return out
}

func (w *scribe) try(of replica.Write) (replica.Written, error) {
	w.number++
	of.Instance, of.Shard, of.Generation, of.Number = peer(w.name).Instance, 9, w.generation, w.number
	return w.Write(w.Ctx, of)
}

// next lets the shard go to another member, and gives what that one finds.
func (w *scribe) next(name string) (replica.Taken, *scribe) {
	w.T.Helper()
	w.write(replica.Write{Release: true})
	t := w.taken(w.other, name, 9, w.generation)
	return t, &scribe{suite: w.suite, name: name, generation: t.Generation}
}

func (s *suite) scribe() *scribe {
	s.T.Helper()
	return &scribe{suite: s, name: "a", generation: s.taken(s.Store, "a", 9, 0).Generation}
}

var session = discord.Session{ID: "session", URL: "wss://there", Seq: 10, Intents: 5}

func (s *suite) ledger() {
	s.ready("a", "b")
	w := s.scribe()
	w.write(replica.Write{Session: &session})
	w.write(replica.Write{Low: 12, Claim: []int64{13, 14, 16}})
	w.write(replica.Write{Low: 11, Claim: []int64{17}, Settle: []int64{14, 15}}) // 11 comes late, 15 was not claimed.
	w.write(replica.Write{Free: []int64{17, 14}})                                // 14 is settled.
	t, w := w.next("b")
	at := func(seq int64) discord.Session { out := session; out.Seq = seq; return out }
	s.Same("state", t, replica.Taken{Generation: w.generation, Session: at(12), Claimed: []int64{13, 14, 16}, Settled: []int64{14}})
	w.write(replica.Write{Low: 13})
	w.write(replica.Write{Settle: []int64{16}}) // Of an earlier generation.
	t, w = w.next("a")
	s.Same("state", t, replica.Taken{Generation: w.generation, Session: at(13), Claimed: []int64{14, 16}, Settled: []int64{14, 16}})
	// Another session knows nothing of the one before.
	other := discord.Session{ID: "other", Seq: 1}
	w.write(replica.Write{Session: &other, Low: 2, Claim: []int64{14}})
	t, w = w.next("b")
	other.Seq = 2
	s.Same("state", t, replica.Taken{Generation: w.generation, Session: other, Claimed: []int64{14}}, cmpopts.EquateEmpty())
	w.write(replica.Write{Session: &discord.Session{}})
	t, _ = w.next("a")
	s.Same("state", t.Session, discord.Session{})
}

func (s *suite) claims() {
	s.ready("a", "b")
	w := s.scribe()
	w.write(replica.Write{Session: &session})
	const high = 1 << 47
	s.Same("granted", w.write(replica.Write{Claim: []int64{11, 12, high}}).Granted, []bool{true, true, true})
	// Who asks again, because the answer was lost, gets the same.
	s.Same("granted", w.write(replica.Write{Claim: []int64{11, 13}}).Granted, []bool{true, true})
	// What is below low comes to nobody again.
	s.Same("granted", w.write(replica.Write{Low: 12, Claim: []int64{12, 9}}).Granted, []bool{true, true})
	t, w := w.next("b")
	s.Same("claimed", t.Claimed, []int64{13, high})
	s.Same("granted", w.write(replica.Write{Claim: []int64{13, 14, high}}).Granted, []bool{false, true, false})
	w.write(replica.Write{Free: []int64{13, 14}}) // 13 is not its own.
	t, w = w.next("a")
	s.Same("claimed", t.Claimed, []int64{13, high})
	s.Same("granted", w.write(replica.Write{Claim: []int64{14}}).Granted, []bool{true})
	// What is taken back and claimed in one is claimed.
	s.Same("granted", w.write(replica.Write{Free: []int64{14}, Claim: []int64{14}}).Granted, []bool{true})
	t, _ = w.next("b")
	s.Same("claimed", t.Claimed, []int64{13, 14, high})
}

func (s *suite) unbegun() {
	s.ready("a", "b")
	w := s.scribe()
	w.write(replica.Write{Session: &session, Claim: []int64{11, 12, 13}})
	w.write(replica.Write{Settle: []int64{12}})
	mine := w.generation
	_, w = w.next("b")
	w.write(replica.Write{Claim: []int64{14}, Release: true})
	// Only of that generation, and what is not settled.
	t, err := s.Take(s.Ctx, replica.Take{Instance: peer("a").Instance, Shard: 9, Seen: w.generation, Of: mine, Unbegun: []int64{11, 12, 14, 15}})
	s.Must(err)
	s.Same("claimed", t.Claimed, []int64{12, 13, 14})
}

func (s *suite) full() {
	s.ready("a", "b")
	w := s.scribe()
	w.write(replica.Write{Session: &session})
	var all, some []int64
	for seq := int64(11); seq < 11+4096; seq++ {
		all = append(all, seq)
		if seq%3 == 0 {
			some = append(some, seq)
		}
	}
	for at := 0; at < len(all); at += 512 {
		w.write(replica.Write{Claim: all[at:min(at+512, len(all))]})
	}
	w.write(replica.Write{Settle: some})
	t, w := w.next("b")
	s.Same("claimed", t.Claimed, all)
	s.Same("settled", t.Settled, some)
	w.write(replica.Write{Low: all[len(all)-1]})
	t, _ = w.next("a")
	s.Same("what is kept of it", len(t.Claimed)+len(t.Settled), 0)
}

func (s *suite) stale() {
	s.ready("a", "b")
	w := s.scribe()
	w.write(replica.Write{Session: &session})
	s.Same("the number before", w.write(replica.Write{Low: 11}).Before, int64(1))
	refused := func(what string, w *scribe, of replica.Write) {
		s.T.Helper()
		if out, err := w.try(of); !errors.Is(err, replica.ErrStale) {
			s.T.Errorf("%s: %+v, %v", what, out, err)
		}
	}
	w.number = 0
	refused("an attempt of long ago", w, replica.Write{Low: 100, Claim: []int64{12}, Session: &discord.Session{}, Release: true})
	w.number = 2
	impostor := &scribe{suite: s, name: "b", generation: w.generation, number: 100}
	refused("another member", impostor, replica.Write{Low: 100})
	former := *w
	t, w := w.next("b")
	refused("a former owner", &former, replica.Write{Claim: []int64{12}, Low: 100, Release: true})
	s.Same("the number before", w.write(replica.Write{}).Before, int64(0))
	s.Same("low", t.Session.Seq, int64(11))
	nobody := &scribe{suite: s, name: "a", generation: 0, number: 0}
	refused("who never had it", nobody, replica.Write{Low: 100})
	t, _ = w.next("a")
	s.Same("state", t, replica.Taken{Generation: t.Generation, Session: discord.Session{ID: session.ID, URL: session.URL, Seq: 11, Intents: session.Intents}}, cmpopts.EquateEmpty())
}

func (s *suite) claimsAfterTheEnd() {
	s.ready("a")
	s.Must(s.Leave(s.Ctx, peer("a").Instance))
	w := &scribe{suite: s, name: "b", generation: s.seize("b", 9).Generation}
	s.eventually("refused", func() bool {
		_, err := w.try(replica.Write{Claim: []int64{1}})
		if err != nil && !errors.Is(err, replica.ErrStale) {
			s.T.Fatal(err)
		}
		return err != nil
	})
	// As long as nobody has taken the shard, what is done with may be told.
	w.write(replica.Write{Low: 7})
	s.Same("low", s.seize("c", 9).Session.Seq, int64(7))
}
