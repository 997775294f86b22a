package secret_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/secret/secrettest"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	guildA snowflake.GuildID = 100000000000000001
	guildB snowflake.GuildID = 100000000000000002
	hush                     = "nobody-sees-this"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	secrettest.Run(t, func(*testing.T) (secret.Store, func() secret.Store) {
		m := &secrettest.Memory{}
		return m, func() secret.Store { return m }
	})
}

// service makes one with these keys, and gives what it logs.
func service(t *testing.T, store secret.Store, master, previous string) (*secret.Service, *observer.ObservedLogs) {
	t.Helper()
	keys, err := secret.NewKeyring(master, previous)
	if err != nil {
		t.Fatal(err)
	}
	core, lines := observer.New(zapcore.DebugLevel)
	return secret.New(secret.Config{Store: store, Keys: keys, Log: zap.New(core)}), lines
}

func put(t *testing.T, s *secret.Service, guild snowflake.GuildID, name, value string) {
	t.Helper()
	if _, err := s.Put(t.Context(), guild, name, secret.Input{Value: value, AllowedHosts: []string{"a.example"}}); err != nil {
		t.Fatal(err)
	}
}

// reveal gives what would be sent; "" when the script has no such secret.
func reveal(t *testing.T, s *secret.Service, guild snowflake.GuildID, name string) string {
	t.Helper()
	if err := s.Load(t.Context(), guild); err != nil {
		t.Fatal(err)
	}
	set := s.Current(guild)
	mark, ok := set.Placeholders()[name]
	if !ok {
		return ""
	}
	got, err := set.Fill(mark, secret.Target{Scheme: "https", Host: "a.example"}, secret.Plain, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestHosts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ in, want, not string }{
		{"api.example.com", "api.example.com", ""},
		{" API.Example.COM ", "api.example.com", ""},
		{"https://api.example.com/v1?x=1#y", "api.example.com", ""},
		{"http://api.example.com:8080", "api.example.com", ""},
		{"api.example.com:443", "api.example.com", ""},
		{"api.example.com.", "api.example.com", ""},
		{"*.example.com", "*.example.com", ""},
		{"https://*.example.com/", "*.example.com", ""},
		{"*", "*", ""},
		{"bücher.example", "xn--bcher-kva.example", ""},
		{"93.184.216.34", "93.184.216.34", ""},
		{"0x5d.0xb8.0xd8.0x22", "93.184.216.34", ""},
		{"[2001:DB8::1]", "[2001:db8::1]", ""},
		{"", "", "empty"},
		{"*.", "", "empty"},
		{"*.*", "", "stands alone"},
		{"**", "", "stands alone"},
		{"api.*.com", "", "stands alone"},
		{"*api.example.com", "", "stands alone"},
		{"*.com", "", "anybody may have a host"},
		{"*.github.io", "", "anybody may have a host"},
		{"*.93.184.216.34", "", "no subdomains"},
		{"ftp://example.com", "", "http and https"},
		{"user@example.com", "", "the host alone"},
		{"https://user:pass@example.com/", "", "leave the user name out"},
		{"example.com/path", "", "the host alone"},
		{"a b.example", "", "the host alone"},
		{"a.example,b.example", "", ""}, // One host with a comma in it, which no name has.
		{"https://", "", "empty"},
		{strings.Repeat("a.", 200) + "example", "", "write it like"},
		{"a.example\x00", "", "write it like"},
	} {
		got, err := secret.Hosts([]string{row.in})
		switch {
		case row.want != "" && (err != nil || !slices.Equal(got, []string{row.want})):
			t.Errorf("%q: got %q, %v, want %q", row.in, got, err, row.want)
		case row.not != "" && (!fault.Is(err, fault.InvalidInput) || !strings.Contains(err.Error(), row.not)):
			t.Errorf("%q: got %q, %v, want an error with %q", row.in, got, err, row.not)
		}
	}
	got, err := secret.Hosts([]string{"b.example", "https://a.example", "a.example"})
	if diff := cmp.Diff([]string{"a.example", "b.example"}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// FuzzHosts holds that what is stored is stored alike the next time.
func FuzzHosts(f *testing.F) {
	for _, s := range []string{"api.example.com", "*.example.com", "https://x.example:1/", "[::1]", "*", "bücher.example", "0x7f.1"} {
		f.Add(s)
	}
	f.Add(".")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := secret.Hosts([]string{text})
		if err != nil {
			return
		}
		again, err := secret.Hosts(got)
		if err != nil || !slices.Equal(got, again) {
			t.Errorf("%q became %q and then %q, %v", text, got, again, err)
		}
	})
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	s, _ := service(t, &secrettest.Memory{}, secrettest.KeyA, "")
	put(t, s, guildA, "KEY", hush)
	first := s.Current(guildA).Placeholders()["KEY"]
	if !regexp.MustCompile(`^__FLORA_SECRET__:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}:[0-9a-f]{12}$`).MatchString(first) {
		t.Errorf("the placeholder is %s", first)
	}
	put(t, s, guildA, "KEY", "another")
	if again := s.Current(guildA).Placeholders()["KEY"]; again != first || reveal(t, s, guildA, "KEY") != "another" {
		t.Errorf("after a change: %s", again)
	}
	if deleted, err := s.Delete(t.Context(), guildA, "KEY"); err != nil || !deleted || s.Current(guildA) != nil {
		t.Errorf("deleted: %v, %v", deleted, err)
	}
	put(t, s, guildA, "KEY", hush)
	if again := s.Current(guildA).Placeholders()["KEY"]; again == first {
		t.Errorf("made anew: %s", again)
	}
	if len(s.Current(guildB).Placeholders()) != 0 {
		t.Error("the neighbour has some")
	}
}

// TestKeysChange goes from one key to another and leaves the first behind.
func TestKeysChange(t *testing.T) {
	t.Parallel()
	store := &secrettest.Memory{}
	old, _ := service(t, store, secrettest.KeyA, "")
	for i := range 250 { // More than a page.
		put(t, old, guildA+snowflake.GuildID(i%5), fmt.Sprintf("K%d", i), hush)
	}
	mark := old.Current(guildA).Placeholders()["K0"]
	both, _ := service(t, store, secrettest.KeyB, " "+secrettest.KeyA+" , ")
	if got := reveal(t, both, guildA, "K0"); got != hush {
		t.Errorf("with both keys: %q", got)
	}
	store.Away(true)
	if _, _, err := both.Reseal(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("while the store is away: %v", err)
	}
	store.Away(false)
	sealed, broken, err := both.Reseal(t.Context())
	if err != nil || sealed != 250 || broken != 0 {
		t.Errorf("sealed %d, broken %d, %v", sealed, broken, err)
	}
	if sealed, _, err := both.Reseal(t.Context()); err != nil || sealed != 0 {
		t.Errorf("a second time: %d, %v", sealed, err)
	}
	alone, lines := service(t, store, secrettest.KeyB, "")
	if got := reveal(t, alone, guildA, "K0"); got != hush || alone.Current(guildA).Placeholders()["K0"] != mark {
		t.Errorf("with the new key alone: %q, %v", got, alone.Current(guildA).Placeholders()["K0"])
	}
	if n := lines.Len(); n != 0 {
		t.Errorf("the log has %d lines: %v", n, lines.All())
	}
	// Another key opens nothing, and says what.
	none, lines := service(t, store, strings.Repeat("7", 64), "")
	list, err := none.List(t.Context(), guildA)
	if err != nil || len(list) != 50 || !list[0].Broken || reveal(t, none, guildA, "K0") != "" {
		t.Errorf("got %v, %v", list, err)
	}
	if sealed, broken, err := none.Reseal(t.Context()); sealed != 0 || broken != 250 || err != nil {
		t.Errorf("sealed %d, broken %d, %v", sealed, broken, err)
	}
	if l := lines.All(); len(l) != 250 || l[0].ContextMap()["secret"] != "K0" {
		t.Errorf("the log has %d lines, the first %+v", len(l), l[0])
	}
	// The rest works, and one that is set anew.
	put(t, none, guildA, "K0", "anew")
	if got := reveal(t, none, guildA, "K0"); got != "anew" || reveal(t, none, guildA, "K5") != "" {
		t.Errorf("set anew: %q", got)
	}
}

// TestRowsAreBound changes rows in the database.
func TestRowsAreBound(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(all []secret.Record){
		"swapped values":      func(all []secret.Record) { all[0].Sealed, all[1].Sealed = all[1].Sealed, all[0].Sealed },
		"another guild's row": func(all []secret.Record) { all[0].Guild, all[2].Guild = all[2].Guild, all[0].Guild },
		"another name":        func(all []secret.Record) { all[0].Name = "X" },
		"another id":          func(all []secret.Record) { all[0].ID = all[1].ID },
		"more hosts":          func(all []secret.Record) { all[0].AllowedHosts = []string{"*"} },
		"http":                func(all []secret.Record) { all[0].AllowHTTP = true },
		"a changed value":     func(all []secret.Record) { all[0].Sealed[30] ^= 1 },
		"a short value":       func(all []secret.Record) { all[0].Sealed = all[0].Sealed[:5] },
		"none":                func(all []secret.Record) { all[0].Sealed = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &secrettest.Memory{}
			s, lines := service(t, store, secrettest.KeyA, "")
			put(t, s, guildA, "ONE", hush)
			put(t, s, guildA, "TWO", hush+"2")
			put(t, s, guildB, "ONE", hush+"3")
			store.Change(change)
			for _, n := range []string{"ONE", "X"} {
				if got := reveal(t, s, guildA, n); got != "" {
					t.Errorf("%s opens as %q", n, got)
				}
			}
			if lines.FilterMessageSnippet("cannot be opened").Len() == 0 {
				t.Error("the log does not say so")
			}
		})
	}
}

// TestNothingShowsValues prints whatever can be printed.
func TestNothingShowsValues(t *testing.T) {
	t.Parallel()
	store := &secrettest.Memory{}
	s, lines := service(t, store, secrettest.KeyA, secrettest.KeyB)
	in := secret.Input{Value: hush, AllowedHosts: []string{"a.example"}}
	one, err := s.Put(t.Context(), guildA, "KEY", in)
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.List(t.Context(), guildA)
	if err != nil {
		t.Fatal(err)
	}
	records, err := store.Secrets(t.Context(), guildA)
	if err != nil {
		t.Fatal(err)
	}
	_, denied := s.Current(guildA).Fill(s.Current(guildA).Placeholders()["KEY"], secret.Target{Scheme: "https", Host: "b.example"}, secret.Plain, 100)
	_, refused := s.Put(t.Context(), guildA, "a b", in)
	_, hosts := s.Put(t.Context(), guildA, "A", secret.Input{Value: hush})
	var texts []string
	for _, v := range []any{in, &in, one, list, records, s.Current(guildA), *s.Current(guildA), s.Current(guildA).Scrubber([]secret.Target{{Host: "a.example"}}, nil), denied, refused, hosts, lines.All(), s} {
		texts = append(texts, fmt.Sprintf("%v %+v %#v %s", v, v, v, v))
		if b, err := json.Marshal(v); err == nil {
			texts = append(texts, string(b))
		}
	}
	for _, text := range texts {
		for _, bad := range []string{hush, secrettest.KeyA, secrettest.KeyB} {
			if strings.Contains(text, bad) {
				t.Errorf("%q is shown: %.300s", bad, text)
			}
		}
	}
	if _, ok := errors.AsType[*secret.Denied](denied); !ok {
		t.Errorf("got %v", denied)
	}
}

func TestKeyring(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ master, previous, want string }{
		{"", "", "secrets.master_key: a key has 64 hexadecimal digits"},
		{"short", "", "secrets.master_key"},
		{strings.Repeat("g", 64), "", "not all hexadecimal"},
		{secrettest.KeyA, "short", "secrets.previous_keys, key 1"},
		{secrettest.KeyA, secrettest.KeyB + ",short", "secrets.previous_keys, key 2"},
		{secrettest.KeyB, secrettest.KeyA, ""},
	} {
		_, err := secret.NewKeyring(row.master, row.previous)
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%q, %q: got %v, want %q", row.master, row.previous, err, row.want)
		}
		if err != nil && row.master != "" && strings.Contains(err.Error(), row.master) {
			t.Errorf("the error shows a key: %s", err)
		}
	}
}

// TestTheStoreIsAway keeps what is known, and takes what is new once it is back.
func TestTheStoreIsAway(t *testing.T) {
	t.Parallel()
	store := &secrettest.Memory{}
	s, _ := service(t, store, secrettest.KeyA, "")
	put(t, s, guildA, "KEY", hush)
	store.Away(true)
	if _, err := s.Put(t.Context(), guildA, "KEY", secret.Input{Value: "new", AllowedHosts: []string{"*"}}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("put: %v", err)
	}
	if _, err := s.Delete(t.Context(), guildA, "KEY"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("delete: %v", err)
	}
	if err := s.Load(t.Context(), guildA); !fault.Is(err, fault.Unavailable) {
		t.Errorf("load: %v", err)
	}
	if len(s.Current(guildA).Placeholders()) != 1 {
		t.Error("what was known is gone")
	}
	store.Away(false)
	if got := reveal(t, s, guildA, "KEY"); got != hush {
		t.Errorf("got %q", got)
	}
}

// TestCopies are for a start without the database, and sealed.
func TestCopies(t *testing.T) {
	t.Parallel()
	store, dir := &secrettest.Memory{}, t.TempDir()
	keys, err := secret.NewKeyring(secrettest.KeyA, "")
	if err != nil {
		t.Fatal(err)
	}
	open := func() *secret.Service {
		return secret.New(secret.Config{Store: store, Keys: keys, Copies: dir})
	}
	put(t, open(), guildA, "KEY", hush)
	store.Away(true)
	again := open()
	if err := again.Load(t.Context(), guildA); !fault.Is(err, fault.Unavailable) {
		t.Errorf("load: %v", err)
	}
	got, err := again.Current(guildA).Fill(again.Current(guildA).Placeholders()["KEY"], secret.Target{Scheme: "https", Host: "a.example"}, secret.Plain, 100)
	if err != nil || got != hush {
		t.Errorf("from the copy: %q, %v", got, err)
	}
}

func TestScrubbing(t *testing.T) {
	t.Parallel()
	const text = "ab/c+d&e=longest1?\"'<é>\\ %25\n"
	s, _ := service(t, &secrettest.Memory{}, secrettest.KeyA, "")
	put(t, s, guildA, "KEY", text)
	put(t, s, guildA, "SYMBOLS", "-_-_-/-_-_-")
	put(t, s, guildA, "INNER", "longest1")
	set := s.Current(guildA)
	clean := set.Scrubber([]secret.Target{{Scheme: "https", Host: "a.example"}}, nil)
	key := set.Placeholders()["KEY"]
	quote := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, written := range map[string]string{
		"as it is": text, "query": url.QueryEscape(text), "path": url.PathEscape(text), "lower": strings.ToLower(url.QueryEscape(text)),
		"JSON": strings.Trim(quote(text), `"`), "JSON in JSON": strings.Trim(quote(strings.Trim(quote(text), `"`)), `"`),
		"HTML": html.EscapeString(text), "URL in HTML": html.EscapeString(url.PathEscape(text)), "mixed": strings.Replace(url.PathEscape(text), "%3C", "<", 1),
		"ASCII": strings.Replace(strings.Trim(quote(text), `"`), "é", `\u00e9`, 1), "slashes": strings.ReplaceAll(strings.Trim(quote(text), `"`), "/", `\/`),
		"escaped twice": url.QueryEscape(url.PathEscape(text)),
	} {
		if got := clean.Text("<" + written + written + ">"); got != "<"+key+key+">" && name != "escaped twice" {
			t.Errorf("%s: %q became %q", name, written, got)
		} else if strings.Contains(got, "longest1") {
			t.Errorf("%s: %q became %q", name, written, got)
		}
	}
	for in, want := range map[string]string{
		"-_-_-/-_-_-": set.Placeholders()["SYMBOLS"], "longest1": set.Placeholders()["INNER"], "longest": "longest", "": "", "ab/c+d&e=": "ab/c+d&e=",
	} {
		if got := clean.Text(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if set.Scrubber([]secret.Target{{Scheme: "https", Host: "b.example"}}, nil) != nil {
		t.Error("it looks for what the host cannot know")
	}
}

// TestScrubbingTakesNoLongerThanItMay has a server send what nearly is a value,
// over and over.
func TestScrubbingTakesNoLongerThanItMay(t *testing.T) {
	t.Parallel()
	s, _ := service(t, &secrettest.Memory{}, secrettest.KeyA, "")
	put(t, s, guildA, "KEY", strings.Repeat("aaaaaa!", 9000)+"?")
	clean := s.Current(guildA).Scrubber([]secret.Target{{Scheme: "https", Host: "a.example"}}, nil)
	if _, ok := clean.Bytes([]byte(strings.Repeat("aaaaaa!", 1<<20)), 1<<30); ok {
		t.Error("it was looked through to the end")
	}
	if got := clean.Text("aaaaaa!aaaaaa!"); got != "aaaaaa!aaaaaa!" {
		t.Errorf("got %q", got)
	}
}
