package secret_test

import (
	"html"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/secret/secrettest"
)

var everywhere = []secret.Target{{Scheme: "https", Host: "a.example"}}

// inParts gives a body to f in parts of random sizes, from 1 byte on.
func inParts(r *rand.Rand, body string, f func(part []byte, last bool) string) string {
	var out strings.Builder
	for body != "" {
		n := 1 + r.IntN(min(len(body), 1+r.IntN(40)))
		out.WriteString(f([]byte(body[:n]), false))
		body = body[n:]
	}
	out.WriteString(f(nil, true))
	return out.String()
}

// TestASieveIsAScrubber: however a body is cut, the same is taken out of it.
func TestASieveIsAScrubber(t *testing.T) {
	t.Parallel()
	s, _ := service(t, &secrettest.Memory{}, secrettest.KeyA, "")
	values := []string{"ab/c+d&e=longest1?\"'<é>\\ %25\n", "-_-_-/-_-_-", "longest1", "Zürich & Söhne 😀!"}
	for i, v := range values {
		put(t, s, guildA, "KEY"+string(rune('A'+i)), v)
	}
	clean := s.Current(guildA).Scrubber(everywhere, map[string]string{"dXNlcjphYmM=": "dXNlcjpwbGFjZQ=="})
	var pieces []string
	for _, v := range values {
		pieces = append(pieces, v, url.QueryEscape(v), url.PathEscape(v), html.EscapeString(v), v[:len(v)/2], v[len(v)/2:], strings.ToLower(url.QueryEscape(v)))
	}
	pieces = append(pieces, "dXNlcjphYmM=", "dXNlcj", " ", "\n", "a", "é", "\\", "%", "&", "the rest of it ")
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // A test that can be repeated.
		var body strings.Builder
		for range 1 + r.IntN(12) {
			body.WriteString(pieces[r.IntN(len(pieces))])
			if r.IntN(3) == 0 {
				body.WriteString(" ")
			}
		}
		sieve := clean.Sieve()
		got := inParts(r, body.String(), func(part []byte, last bool) string {
			out, ok := sieve.Next(part, last)
			if !ok {
				t.Fatal("it gave up")
			}
			return string(out)
		})
		if want := clean.Text(body.String()); got != want {
			for _, v := range values {
				if strings.Contains(got, v) {
					t.Fatalf("seed %d: %q became %q, want %q", seed, body.String(), got, want)
				}
			}
			// Where one value runs into another the parts may be told apart otherwise,
			// but nothing of them is left.
			if strings.Count(got, secret.Prefix) < strings.Count(want, secret.Prefix) {
				t.Errorf("seed %d: %q became %q, want %q", seed, body.String(), got, want)
			}
		}
	}
}

// TestASieveKeepsNothingBack: what cannot be the beginning of a value is given at
// once, so that a stream of events is not held up.
func TestASieveKeepsNothingBack(t *testing.T) {
	t.Parallel()
	s, _ := service(t, &secrettest.Memory{}, secrettest.KeyA, "")
	put(t, s, guildA, "KEY", "s3cret+value")
	sieve := s.Current(guildA).Scrubber(everywhere, nil).Sieve()
	for part, want := range map[string]string{"data: hello\n\n": "data: hello\n\n", "ends with s": "ends with s"} {
		out, _ := sieve.Next([]byte(part), false)
		if string(out) != want && string(out) != strings.TrimSuffix(want, "s") {
			t.Errorf("%q: got %q", part, out)
		}
		if rest, _ := sieve.Next([]byte("x"), false); string(out)+string(rest) != want+"x" {
			t.Errorf("%q: got %q and %q", part, out, rest)
		}
	}
}

// TestASieveTakesNoLongerThanItMay is TestScrubbingTakesNoLongerThanItMay for
// streams, whose memory stays bounded as well.
func TestASieveTakesNoLongerThanItMay(t *testing.T) {
	t.Parallel()
	s, _ := service(t, &secrettest.Memory{}, secrettest.KeyA, "")
	put(t, s, guildA, "KEY", strings.Repeat("aaaaaa!", 9000)+"?")
	sieve := s.Current(guildA).Scrubber(everywhere, nil).Sieve()
	part := []byte(strings.Repeat("aaaaaa!", 4<<10))
	for range 1000 {
		if _, ok := sieve.Next(part, false); !ok {
			return
		}
	}
	t.Error("it was looked through to the end")
}

// TestAFillerIsAFill: a placeholder that is cut is filled in all the same.
func TestAFillerIsAFill(t *testing.T) {
	t.Parallel()
	s, _ := service(t, &secrettest.Memory{}, secrettest.KeyA, "")
	put(t, s, guildA, "KEY", "the \"value\"")
	set := s.Current(guildA)
	mark := set.Placeholders()["KEY"]
	pieces := []string{mark, mark, url.QueryEscape(mark), secret.Prefix, mark[:len(mark)-1], mark[:30], "_", "__", "__FLORA_SECRET_", "plain ", ":", "é"}
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // A test that can be repeated.
		var body strings.Builder
		for range 1 + r.IntN(12) {
			body.WriteString(pieces[r.IntN(len(pieces))])
		}
		want, err := set.Fill(body.String(), everywhere[0], secret.InJSON, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		filler := set.Filler(everywhere[0], secret.InJSON)
		if got := inParts(r, body.String(), func(part []byte, last bool) string {
			out, err := filler.Next(part, last)
			if err != nil {
				t.Fatal(err)
			}
			return string(out)
		}); got != want {
			t.Errorf("seed %d: %q became %q, want %q", seed, body.String(), got, want)
		}
	}
	filler := set.Filler(secret.Target{Scheme: "https", Host: "b.example"}, secret.InJSON)
	parts := slices.Collect(slices.Chunk([]byte(mark), 20))
	var err error
	for _, p := range parts {
		if _, err = filler.Next(p, false); err != nil {
			break
		}
	}
	if _, denied := err.(*secret.Denied); !denied { //nolint:errorlint // It is not wrapped.
		t.Errorf("to another host: %v", err)
	}
}
