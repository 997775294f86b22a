package logs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const guildA, guildB = snowflake.GuildID(1), snowflake.GuildID(2)

var epoch = time.Date(2026, 7, 30, 10, 0, 0, 0, time.UTC)

func messages(entries []logs.Entry) []string {
	out := []string{}
	for _, e := range entries {
		out = append(out, e.Message)
	}
	return out
}

func say(h *logs.Hub, g snowflake.GuildID, from, to int) {
	for i := from; i <= to; i++ {
		h.Append(g, "info", logs.TargetScript, fmt.Sprint(i))
	}
}

func numbers(from, to int) []string {
	out := []string{}
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func next(t *testing.T, s *logs.Subscription) ([]logs.Entry, uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	entries, dropped, err := s.Next(ctx)
	if err != nil {
		t.Fatalf("Next: %s", err)
	}
	return entries, dropped
}

func TestAppendAndRecent(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(epoch)
	h := logs.New(logs.Config{Lines: 3, Clock: c})
	h.Append(guildA, "warn", logs.TargetScript, "one")
	c.Advance(time.Second)
	h.Append(guildA, "shout", "x\n\x1b", "two")
	h.Append(guildB, "error", logs.TargetRuntime, "other")
	id := uint64(epoch.UnixMicro()) + 1 //nolint:gosec // Positive.
	want := []logs.Entry{
		{ID: id, Timestamp: epoch.UnixMilli(), Level: "warn", Target: "flora:js", GuildID: "1", Message: "one"},
		{ID: id + 1, Timestamp: epoch.UnixMilli() + 1000, Level: "info", Target: `x\n\x1b`, GuildID: "1", Message: "two"},
	}
	if diff := cmp.Diff(h.Lines(guildA, logs.Query{Limit: 10}), want); diff != "" {
		t.Errorf("lines (-got +want):\n%s", diff)
	}
	say(h, guildA, 3, 7)
	rows := []struct {
		name  string
		guild snowflake.GuildID
		limit int
		want  []string
	}{
		{"all kept", guildA, 10, numbers(5, 7)},
		{"the latest", guildA, 2, numbers(6, 7)},
		{"none asked for", guildA, 0, []string{}},
		{"less than none", guildA, -1, []string{}},
		{"another guild", guildB, 10, []string{"other"}},
		{"a guild without lines", 3, 10, []string{}},
	}
	for _, row := range rows {
		if diff := cmp.Diff(messages(h.Lines(row.guild, logs.Query{Limit: row.limit})), row.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", row.name, diff)
		}
	}
}

func TestRingIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	h := logs.New(logs.Config{Bytes: 10_000, Clock: clock.NewFake(epoch)})
	for range 100 {
		h.Append(guildA, "info", logs.TargetScript, strings.Repeat("x", 900))
	}
	if got := len(h.Lines(guildA, logs.Query{Limit: 1000})); got != 9 {
		t.Errorf("%d lines are kept, want 9", got)
	}
	h.Append(guildA, "info", logs.TargetScript, strings.Repeat("y", 15_000))
	if got := h.Lines(guildA, logs.Query{Limit: 1000}); len(got) != 1 || len(got[0].Message) != 15_000 {
		t.Errorf("the latest line must be kept alone, %d are", len(got))
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	rows := []struct{ name, in, want string }{
		{"plain", "hello\n\tworld ä 漢 👩‍👩‍👧", "hello\n\tworld ä 漢 👩‍👩‍👧"},
		{"colours", "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"carriage return", "a\r\nb\rc", "a\nb" + `\x0dc`},
		{"C0, DEL and C1", "\x00\x07\x7f\u009b", `\x00\x07\x7f\u009b`},
		{"text direction", "a\u202eb\u2066c\u2069", `a\u202eb\u2066c\u2069`},
		{"line separators", "a\u2028b\u2029", `a\u2028b\u2029`},
		{"no UTF-8", "a\xffb\xc3", "a\ufffdb\ufffd"},
		{"longest", strings.Repeat("a", logs.MaxMessage), strings.Repeat("a", logs.MaxMessage)},
		{"too long", strings.Repeat("a", logs.MaxMessage+1), strings.Repeat("a", logs.MaxMessage) + "... (cut, the message has 16385 bytes)"},
		{
			"cut between characters", strings.Repeat("漢", 6000),
			strings.Repeat("漢", logs.MaxMessage/3) + "... (cut, the message has 18000 bytes)",
		},
		{
			"longer when escaped", strings.Repeat("\x1b", logs.MaxMessage),
			strings.Repeat(`\x1b`, logs.MaxMessage/4) + "... (cut, the message has 16384 bytes)",
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := logs.Clean(row.in); got != row.want {
				t.Errorf("got %.200q (%d bytes)\nwant %.200q (%d bytes)", got, len(got), row.want, len(row.want))
			}
		})
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(epoch)
	h := logs.New(logs.Config{Lines: 10_000, LinesPerSecond: 100, Burst: 1000, Clock: c})
	say(h, guildA, 1, 1500)
	say(h, guildB, 1, 1)
	h.Append(guildA, "error", logs.TargetRuntime, "crashed")
	if diff := cmp.Diff(messages(h.Lines(guildA, logs.Query{Limit: 10_000})), append(numbers(1, 1000), "crashed")); diff != "" {
		t.Errorf("after the burst (-got +want):\n%s", diff)
	}
	c.Advance(time.Second)
	say(h, guildA, 1501, 1700)
	c.Advance(time.Second)
	c.Advance(time.Minute)
	say(h, guildA, 1701, 1701)
	want := append([]string{"crashed", "500 lines dropped: more than 100 lines per second"}, numbers(1501, 1600)...)
	want = append(want, "100 lines dropped: more than 100 lines per second", "1701")
	got := h.Lines(guildA, logs.Query{Limit: 10_000})
	if diff := cmp.Diff(messages(got)[1000:], want); diff != "" {
		t.Errorf("with notices (-got +want):\n%s", diff)
	}
	notice := logs.Entry{Level: "warn", Target: "flora:runtime", GuildID: "1", Timestamp: epoch.UnixMilli() + 1000, Message: want[1]}
	if diff := cmp.Diff(got[1001], notice, cmpopts.IgnoreFields(logs.Entry{}, "ID")); diff != "" {
		t.Errorf("notice (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(messages(h.Lines(guildB, logs.Query{Limit: 10})), []string{"1"}); diff != "" {
		t.Errorf("the other guild (-got +want):\n%s", diff)
	}
	h.SetRate(2, 3)
	say(h, guildB, 2, 9)
	c.Advance(time.Second)
	if diff := cmp.Diff(messages(h.Lines(guildB, logs.Query{Limit: 10})), []string{"1", "2", "3", "4", "5 lines dropped: more than 2 lines per second"}); diff != "" {
		t.Errorf("after a change of the rate (-got +want):\n%s", diff)
	}
}

func TestCloseWritesDueNotices(t *testing.T) {
	t.Parallel()
	h := logs.New(logs.Config{LinesPerSecond: 1, Burst: 2, Clock: clock.NewFake(epoch)})
	say(h, guildA, 1, 3)
	_ = h.Close()
	_ = h.Close()
	want := append(numbers(1, 2), "1 line dropped: more than 1 lines per second")
	if diff := cmp.Diff(messages(h.Lines(guildA, logs.Query{Limit: 10})), want); diff != "" {
		t.Errorf("lines (-got +want):\n%s", diff)
	}
}

func TestSubscribeReplaysThenFollows(t *testing.T) {
	t.Parallel()
	h := logs.New(logs.Config{Clock: clock.NewFake(epoch)})
	empty := h.Subscribe(guildA, 0)
	say(h, guildA, 1, 5)
	third := h.Lines(guildA, logs.Query{Limit: 3})[0].ID
	rows := []struct {
		name  string
		after uint64
		want  []string
	}{
		{"from the start", 0, numbers(1, 5)},
		{"after a line", third, numbers(4, 5)},
		{"after an id of an earlier process", 17, numbers(1, 5)},
		{"after an id from the future", 1 << 60, numbers(1, 5)},
	}
	for _, row := range rows {
		s := h.Subscribe(guildA, row.after)
		entries, dropped := next(t, s)
		if diff := cmp.Diff(messages(entries), row.want); diff != "" || dropped != 0 {
			t.Errorf("%s: %d dropped, lines (-got +want):\n%s", row.name, dropped, diff)
		}
		s.Close()
	}
	if entries, dropped := next(t, empty); len(entries) != 5 || dropped != 0 {
		t.Errorf("a subscription before the first line got %v, %d dropped", messages(entries), dropped)
	}
	s := h.Subscribe(guildA, h.LastID(guildA))
	got := make(chan []string)
	go func() {
		entries, _, _ := s.Next(t.Context())
		got <- messages(entries)
	}()
	say(h, guildB, 99, 99)
	say(h, guildA, 6, 6)
	if diff := cmp.Diff(<-got, numbers(6, 6)); diff != "" {
		t.Errorf("live (-got +want):\n%s", diff)
	}
}

func TestIDsRiseOverRestarts(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(epoch)
	before := logs.New(logs.Config{Clock: c})
	say(before, guildA, 1, 900)
	last := before.LastID(guildA)
	c.Advance(time.Second)
	after := logs.New(logs.Config{Clock: c})
	say(after, guildA, 901, 903)
	s := after.Subscribe(guildA, last)
	if entries, dropped := next(t, s); dropped != 0 || !cmp.Equal(messages(entries), numbers(901, 903)) || entries[0].ID <= last {
		t.Errorf("after a restart: %v, %d dropped", entries, dropped)
	}
}

func TestSlowReaderIsToldExactly(t *testing.T) {
	t.Parallel()
	h := logs.New(logs.Config{Lines: 10, Burst: 1_000_000, Clock: clock.NewFake(epoch)})
	s := h.Subscribe(guildA, 0)
	say(h, guildA, 1, 5)
	if entries, dropped := next(t, s); dropped != 0 || len(entries) != 5 {
		t.Fatalf("%v, %d dropped", messages(entries), dropped)
	}
	say(h, guildA, 6, 40)
	entries, dropped := next(t, s)
	if diff := cmp.Diff(messages(entries), numbers(31, 40)); diff != "" || dropped != 25 {
		t.Errorf("%d dropped, want 25; lines (-got +want):\n%s", dropped, diff)
	}
	say(h, guildA, 41, 50)
	if entries, dropped := next(t, s); dropped != 0 || len(entries) != 10 {
		t.Errorf("%v, %d dropped", messages(entries), dropped)
	}
	// Even a reader that was there before the first line is told.
	early := h.Subscribe(guildB, 0)
	say(h, guildB, 1, 30)
	if entries, dropped := next(t, early); dropped != 20 || len(entries) != 10 {
		t.Errorf("%v, %d dropped, want 20", messages(entries), dropped)
	}
	resumed := h.Subscribe(guildB, entriesAt(h, guildB, 0)-5)
	if entries, dropped := next(t, resumed); dropped != 4 || len(entries) != 10 {
		t.Errorf("resumed: %v, %d dropped, want 4", messages(entries), dropped)
	}
}

func entriesAt(h *logs.Hub, g snowflake.GuildID, i int) uint64 {
	return h.Lines(g, logs.Query{Limit: 1000})[i].ID
}

func TestNextEnds(t *testing.T) {
	t.Parallel()
	h := logs.New(logs.Config{Clock: clock.NewFake(epoch)})
	rows := []struct {
		name string
		end  func(cancel func(), s *logs.Subscription)
		want error
	}{
		{"context", func(cancel func(), _ *logs.Subscription) { cancel() }, context.Canceled},
		{"subscription", func(_ func(), s *logs.Subscription) { s.Close(); s.Close() }, logs.ErrClosed},
		{"hub", func(func(), *logs.Subscription) { _ = h.Close() }, logs.ErrClosed},
	}
	for _, row := range rows {
		ctx, cancel := context.WithCancel(t.Context())
		s := h.Subscribe(guildA, 0)
		ended := make(chan error)
		go func() {
			_, _, err := s.Next(ctx)
			ended <- err
		}()
		row.end(cancel, s)
		if err := <-ended; !errors.Is(err, row.want) {
			t.Errorf("%s: Next ended with %v, want %v", row.name, err, row.want)
		}
		cancel()
	}
	if _, _, err := h.Subscribe(guildB, 0).Next(t.Context()); !errors.Is(err, logs.ErrClosed) {
		t.Errorf("a subscription of a closed hub gave %v", err)
	}
}

// TestManyReadersAndWriters counts every line: those read and those said to be
// lost are all that were written.
func TestManyReadersAndWriters(t *testing.T) {
	t.Parallel()
	const writers, each = 4, 2000
	h := logs.New(logs.Config{Lines: 50, Burst: writers * each, LinesPerSecond: 1})
	for _, gap := range readAndWrite(t, h, 8, writers, each) {
		t.Errorf("id %d is missing and nothing says so", gap)
	}
}

// readAndWrite has readers read while writers write: each reader sees or is told
// to have lost every line. It gives the ids of lines that no reader was told of,
// but that are missing within what Next gave.
func readAndWrite(t *testing.T, h *logs.Hub, readers, writers, each int) (gaps []uint64) {
	t.Helper()
	all := uint64(writers * each) //nolint:gosec // A number of lines.
	var mu sync.Mutex
	var reading, writing sync.WaitGroup
	for r := range readers {
		s := h.Subscribe(guildA, 0)
		reading.Go(func() {
			var seen, lost, last uint64
			for seen+lost < all {
				entries, dropped, err := s.Next(t.Context())
				if err != nil {
					t.Errorf("Next: %s", err)
					return
				}
				seen += uint64(len(entries))
				lost += dropped
				for i, e := range entries {
					if last != 0 && i == 0 && e.ID != last+1+dropped {
						t.Errorf("id %d follows %d with %d dropped", e.ID, last, dropped)
					}
					for id := last + 1; i > 0 && id < e.ID; id++ {
						lost++
						mu.Lock()
						gaps = append(gaps, id)
						mu.Unlock()
					}
					last = e.ID
				}
			}
			if seen+lost != all {
				t.Errorf("reader %d saw %d and lost %d of %d", r, seen, lost, all)
			}
		})
	}
	for range writers {
		writing.Go(func() { say(h, guildA, 1, each) })
	}
	writing.Wait()
	reading.Wait()
	return gaps
}

func FuzzClean(f *testing.F) {
	f.Add("\x1b[2Jhello\r\n\u202e")
	f.Add(strings.Repeat("\x00", 20_000))
	f.Fuzz(func(t *testing.T, in string) {
		got := logs.Clean(in)
		if strings.ContainsAny(got, "\x1b\r\u202e\u009b") || !utf8.ValidString(got) {
			t.Errorf("%q became %q", in, got)
		}
		if len(got) > logs.MaxMessage+60 {
			t.Errorf("%d bytes became %d", len(in), len(got))
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	h := logs.New(logs.Config{LinesPerSecond: 1 << 40, Burst: 1 << 40})
	line := strings.Repeat("a log line ", 10)
	for b.Loop() {
		h.Append(guildA, "info", logs.TargetScript, line)
	}
}
