// Package deploytest is what every deploy.Store must do, as one suite of tests
// that each implementation runs.
package deploytest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/storetest"
)

const guildA, guildB = snowflake.GuildID(1), snowflake.GuildID(1<<63 - 1)

var epoch = time.Date(2026, 7, 30, 10, 0, 0, 123456000, time.UTC)

// Run tests the stores that open makes. Each call of open must give an empty
// store; reopen gives the same store after a restart.
func Run(t *testing.T, open func(t *testing.T) (store deploy.Store, reopen func() deploy.Store)) {
	t.Helper()
	storetest.Run(t, func(f storetest.Frame) *suite {
		f.T.Helper()
		store, reopen := open(f.T)
		return &suite{Frame: f, Store: store, reopen: reopen}
	},
		storetest.Row[*suite]{Name: "empty", Test: (*suite).empty},
		storetest.Row[*suite]{Name: "put and read", Test: (*suite).putAndRead},
		storetest.Row[*suite]{Name: "failures do not become current", Test: (*suite).failures},
		storetest.Row[*suite]{Name: "history", Test: (*suite).history},
		storetest.Row[*suite]{Name: "history of equal times", Test: (*suite).equalTimes},
		storetest.Row[*suite]{Name: "any text", Test: (*suite).anyText},
		storetest.Row[*suite]{Name: "requests", Test: (*suite).requests},
		storetest.Row[*suite]{Name: "requests at once", Test: (*suite).requestsAtOnce},
		storetest.Row[*suite]{Name: "refusals", Test: (*suite).refusals},
		storetest.Row[*suite]{Name: "delete", Test: (*suite).delete},
		storetest.Row[*suite]{Name: "restart", Test: (*suite).restart},
		storetest.Row[*suite]{Name: "many at once", Test: (*suite).manyAtOnce},
	)
}

type suite struct {
	storetest.Frame
	deploy.Store
	reopen func() deploy.Store
}

// Sample is a revision with every member set, the n-th of its guild.
func Sample(guild snowflake.GuildID, n int) deploy.Revision {
	return deploy.Revision{
		ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", n), Guild: guild, Entry: "src/main.ts", Status: deploy.Success,
		DeployedAt: epoch.Add(time.Duration(n) * time.Second), Source: "cli",
		Actor: deploy.Actor{UserID: "42", Username: "ümlaut", Type: deploy.ActorToken}, BuildID: "build", BaseRevisionID: "base", RollbackOf: "older",
		ChangeSummary: &deploy.ChangeSummary{AddedFiles: []string{"a"}, RemovedFiles: []string{}, ModifiedFiles: []string{"b"}},
		Files:         []deploy.File{{Path: "src/main.ts", Contents: fmt.Sprintf("// %d\n", n)}, {Path: "empty.ts"}},
		SourceMap:     &deploy.SourceMap{Path: "bundle.js.map", Contents: `{"version":3}`},
		Bundle:        fmt.Sprintf("console.log(%d) // <script>&\u2028漢\n", n), Warnings: []string{"careful"},
	}
}

// minimal is a revision with nothing optional.
func minimal(guild snowflake.GuildID, n int) deploy.Revision {
	return deploy.Revision{
		ID: fmt.Sprint("r", n), Guild: guild, Entry: "main.ts", Status: deploy.Success, DeployedAt: epoch.Add(time.Duration(n) * time.Second),
		Source: "unknown", Actor: deploy.Actor{Type: deploy.ActorSystem}, Bundle: "x",
	}
}

// head is a revision as a history shows it.
func head(r deploy.Revision) deploy.Revision {
	r.Files, r.SourceMap, r.Bundle = nil, nil, ""
	return r
}

func (s *suite) empty() {
	all, err := s.List(s.Ctx)
	s.Must(err)
	s.Same("List", len(all), 0)
	_, err = s.Current(s.Ctx, guildA)
	s.NotFound("Current", err)
	_, err = s.Deployment(s.Ctx, guildA)
	s.NotFound("Deployment", err)
	_, err = s.Revision(s.Ctx, guildA, "none")
	s.NotFound("Revision", err)
	h, err := s.History(s.Ctx, guildA, deploy.Cursor{}, 10)
	s.Must(err)
	s.Same("History", len(h), 0)
}

func (s *suite) putAndRead() {
	first, second, other := Sample(guildA, 1), minimal(guildA, 2), Sample(guildB, 1)
	first.Bundle = strings.Repeat(first.Bundle, 20_000)
	for _, r := range []deploy.Revision{first, second, other} {
		local := r
		local.DeployedAt = r.DeployedAt.In(time.FixedZone("CEST", 7200)).Add(999)
		s.Must(s.PutRevision(s.Ctx, local))
		got, err := s.Current(s.Ctx, r.Guild)
		s.Must(err)
		s.Same("Current", got, r)
	}
	for _, r := range []deploy.Revision{first, second, other} {
		got, err := s.Revision(s.Ctx, r.Guild, r.ID)
		s.Must(err)
		s.Same("Revision", got, r)
	}
	_, err := s.Revision(s.Ctx, guildB, second.ID)
	s.NotFound("another guild's revision", err)
	all, err := s.List(s.Ctx)
	s.Must(err)
	want := []deploy.Deployment{
		{Guild: guildA, Entry: "main.ts", CreatedAt: first.DeployedAt, UpdatedAt: second.DeployedAt, RevisionID: second.ID},
		{Guild: guildB, Entry: "src/main.ts", CreatedAt: other.DeployedAt, UpdatedAt: other.DeployedAt, RevisionID: other.ID},
	}
	s.Same("List", all, want)
	for _, d := range want {
		got, err := s.Deployment(s.Ctx, d.Guild)
		s.Must(err)
		s.Same("Deployment", got, d)
	}
}

func (s *suite) failures() {
	failed := Sample(guildA, 1)
	failed.Status, failed.Error = deploy.Failed, "SyntaxError: x\n    at src/main.ts:1:2"
	s.Must(s.PutRevision(s.Ctx, failed))
	_, err := s.Current(s.Ctx, guildA)
	s.NotFound("Current after a failure only", err)
	all, err := s.List(s.Ctx)
	s.Must(err)
	s.Same("List after a failure only", len(all), 0)
	good := minimal(guildA, 2)
	s.Must(s.PutRevision(s.Ctx, good))
	failed.ID, failed.DeployedAt = "later", epoch.Add(time.Hour)
	s.Must(s.PutRevision(s.Ctx, failed))
	got, err := s.Current(s.Ctx, guildA)
	s.Must(err)
	s.Same("Current", got, good)
	got, err = s.Revision(s.Ctx, guildA, "later")
	s.Must(err)
	s.Same("the failed revision", got, failed)
	// What was deployed last runs, whatever its time says.
	old := minimal(guildA, 0)
	s.Must(s.PutRevision(s.Ctx, old))
	got, err = s.Current(s.Ctx, guildA)
	s.Must(err)
	s.Same("Current with an earlier time", got, old)
}

func (s *suite) history() {
	const n = 7
	var want []deploy.Revision
	for i := n; i > 0; i-- {
		r := Sample(guildA, i)
		s.Must(s.PutRevision(s.Ctx, r))
		want = append(want, head(r))
		s.Must(s.PutRevision(s.Ctx, minimal(guildB, i)))
	}
	for _, limit := range []int{1, 2, 3, n, n + 1} {
		var got []deploy.Revision
		for cursor := (deploy.Cursor{}); ; {
			page, err := s.History(s.Ctx, guildA, cursor, limit)
			s.Must(err)
			if len(page) > limit {
				s.T.Fatalf("a page of %d has %d revisions", limit, len(page))
			}
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			cursor = page[len(page)-1].Cursor()
		}
		s.Same(fmt.Sprintf("pages of %d", limit), got, want)
	}
	between := deploy.Cursor{DeployedAt: want[3].DeployedAt.Add(time.Microsecond), ID: "none"}
	page, err := s.History(s.Ctx, guildA, between, 2)
	s.Must(err)
	s.Same("from between two", page, want[3:5])
	for _, limit := range []int{0, -1} {
		page, err := s.History(s.Ctx, guildA, deploy.Cursor{}, limit)
		s.Must(err)
		s.Same("a page of none", len(page), 0)
	}
}

func (s *suite) equalTimes() {
	var want []deploy.Revision
	for i := 9; i > 0; i-- {
		r := Sample(guildA, i)
		r.DeployedAt = epoch
		want = append(want, head(r))
		s.Must(s.PutRevision(s.Ctx, r))
	}
	page, err := s.History(s.Ctx, guildA, deploy.Cursor{}, 4)
	s.Must(err)
	rest, err := s.History(s.Ctx, guildA, page[3].Cursor(), 10)
	s.Must(err)
	s.Same("order", append(page, rest...), want)
}

// anyText is what a script's author or a caller can bring in.
func (s *suite) anyText() {
	want := Sample(guildA, 1)
	want.Status, want.Error, want.BuildID = deploy.Failed, "a NUL \x00, a quote \" and \\u0000", "\x00"
	want.Warnings, want.Bundle = []string{"\x00\x1f"}, "'\x00'"
	want.Files = []deploy.File{{Path: "a.ts", Contents: "\x00"}}
	s.Must(s.PutRevision(s.Ctx, want))
	got, err := s.Revision(s.Ctx, guildA, want.ID)
	s.Must(err)
	s.Same("Revision", got, want)
	h, err := s.History(s.Ctx, guildA, deploy.Cursor{}, 1)
	s.Must(err)
	s.Same("History", h, []deploy.Revision{head(want)})
	for _, id := range []string{"\x00", "\xff", "'", strings.Repeat("x", 1000), want.ID + "\x00"} {
		_, err := s.Revision(s.Ctx, guildA, id)
		s.NotFound(fmt.Sprintf("a revision %.20q", id), err)
	}
}

func (s *suite) refusals() {
	good := minimal(guildA, 1)
	s.Must(s.PutRevision(s.Ctx, good))
	again := minimal(guildA, 2)
	again.ID = good.ID
	if err := s.PutRevision(s.Ctx, again); !fault.Is(err, fault.Conflict) {
		s.T.Errorf("an id that exists: error is %v, want one of %s", err, fault.Conflict)
	}
	edits := map[string]func(*deploy.Revision){
		"no id": func(r *deploy.Revision) { r.ID = "" }, "long id": func(r *deploy.Revision) { r.ID = strings.Repeat("x", 65) },
		"no guild": func(r *deploy.Revision) { r.Guild = 0 }, "no status": func(r *deploy.Revision) { r.Status = "" },
		"no time": func(r *deploy.Revision) { r.DeployedAt = time.Time{} },
	}
	for name, edit := range edits {
		r := minimal(guildA, 3)
		edit(&r)
		if err := s.PutRevision(s.Ctx, r); err == nil {
			s.T.Errorf("%s: it was stored", name)
		}
	}
	ended, cancel := context.WithCancel(s.Ctx)
	cancel()
	if err := s.PutRevision(ended, minimal(guildA, 4)); err == nil {
		s.T.Error("a revision was stored after its context had ended")
	}
	got, err := s.Current(s.Ctx, guildA)
	s.Must(err)
	s.Same("Current after refusals", got, good)
	h, err := s.History(s.Ctx, guildA, deploy.Cursor{}, 10)
	s.Must(err)
	s.Same("History after refusals", h, []deploy.Revision{head(good)})
}

func (s *suite) delete() {
	s.NotFound("deleting nothing", s.Delete(s.Ctx, guildA))
	first, second := Sample(guildA, 1), Sample(guildA, 2)
	for _, r := range []deploy.Revision{first, second, Sample(guildB, 1)} {
		s.Must(s.PutRevision(s.Ctx, r))
	}
	ended, cancel := context.WithCancel(s.Ctx)
	cancel()
	if err := s.Delete(ended, guildA); err == nil {
		s.T.Error("it was deleted after its context had ended")
	}
	s.Must(s.Delete(s.Ctx, guildA))
	s.Store = s.reopen()
	_, err := s.Current(s.Ctx, guildA)
	s.NotFound("Current after Delete", err)
	s.NotFound("deleting again", s.Delete(s.Ctx, guildA))
	all, err := s.List(s.Ctx)
	s.Must(err)
	if len(all) != 1 || all[0].Guild != guildB {
		s.T.Errorf("deployments left: %+v", all)
	}
	h, err := s.History(s.Ctx, guildA, deploy.Cursor{}, 10)
	s.Must(err)
	s.Same("History after Delete", h, []deploy.Revision{head(second), head(first)})
	got, err := s.Revision(s.Ctx, guildA, first.ID)
	s.Must(err)
	s.Same("a revision after Delete", got, first)
	// What comes next is a first deployment.
	third := Sample(guildA, 3)
	s.Must(s.PutRevision(s.Ctx, third))
	all, err = s.List(s.Ctx)
	s.Must(err)
	s.Same("List", all[0], deploy.Deployment{Guild: guildA, Entry: third.Entry, CreatedAt: third.DeployedAt, UpdatedAt: third.DeployedAt, RevisionID: third.ID})
}

func (s *suite) restart() {
	want := Sample(guildA, 1)
	s.Must(s.PutRevision(s.Ctx, want))
	s.Store = s.reopen()
	got, err := s.Current(s.Ctx, guildA)
	s.Must(err)
	s.Same("Current after a restart", got, want)
	s.Must(s.PutRevision(s.Ctx, Sample(guildA, 2)))
	all, err := s.List(s.Ctx)
	s.Must(err)
	s.Same("List after a restart", all, []deploy.Deployment{
		{Guild: guildA, Entry: "src/main.ts", CreatedAt: want.DeployedAt, UpdatedAt: want.DeployedAt.Add(time.Second), RevisionID: Sample(guildA, 2).ID},
	})
}

func (s *suite) manyAtOnce() {
	const guilds, each = 8, 10
	var wg sync.WaitGroup
	for g := range guilds {
		for i := range each {
			wg.Go(func() {
				r := Sample(snowflake.GuildID(g+1), i) //nolint:gosec // Small.
				if err := s.PutRevision(s.Ctx, r); err != nil {
					s.T.Errorf("put: %s", err)
				}
				if _, err := s.Current(s.Ctx, r.Guild); err != nil {
					s.T.Errorf("current: %s", err)
				}
			})
		}
	}
	wg.Wait()
	all, err := s.List(s.Ctx)
	s.Must(err)
	s.Same("deployments", len(all), guilds)
	for _, d := range all {
		h, err := s.History(s.Ctx, d.Guild, deploy.Cursor{}, 100)
		s.Must(err)
		s.Same("revisions of a guild", len(h), each)
		current, err := s.Current(s.Ctx, d.Guild)
		s.Must(err)
		s.Same("the deployment's time is its revision's", d.UpdatedAt, current.DeployedAt)
	}
}
