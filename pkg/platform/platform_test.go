package platform_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/platform"
)

func parse(t testing.TB, in ...string) (platform.Parts, error) {
	t.Helper()
	args, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out platform.Parts
	doc, err := platform.URL(args)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal([]byte(doc), &out); err != nil {
		t.Fatal(err)
	}
	return out, nil
}

func TestURLParts(t *testing.T) {
	t.Parallel()
	got, err := parse(t, "../c d?e=f g#h", "https://us%65r:p@ExAmple.com:8443/a/b/")
	want := platform.Parts{
		Href: "https://us%65r:p@example.com:8443/a/c%20d?e=f%20g#h", Origin: "https://example.com:8443", Protocol: "https:", Username: "us%65r", Password: "p",
		Host: "example.com:8443", Hostname: "example.com", Port: "8443", Pathname: "/a/c%20d", Search: "?e=f%20g", Hash: "#h",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"http://0x7f.1/":              {"http://127.0.0.1/", "http://127.0.0.1"},
		"HTTP://ＥXAMPLE.com:80":       {"http://example.com/", "http://example.com"},
		"http://bücher.example/ü?ü#ü": {"http://xn--bcher-kva.example/%C3%BC?%C3%BC#%C3%BC", "http://xn--bcher-kva.example"},
		"http:\\\\a\\b":               {"http://a/b", "http://a"},
		"http://[::FFFF:1.2.3.4]/":    {"http://[::ffff:102:304]/", "http://[::ffff:102:304]"},
		"mailto:a@b.c":                {"mailto:a@b.c", "null"},
		"data:text/plain,hi there":    {"data:text/plain,hi there", "null"},
		"file:///a/../b":              {"file:///b", "null"},
		"blob:https://a.b/123":        {"blob:https://a.b/123", "https://a.b"},
		" \thttp://a/\n":              {"http://a/", "http://a"},
		"http://a/^":                  {"http://a/%5E", "http://a"},
		"data:a  ?b":                  {"data:a %20?b", "null"},
		"data:a  #":                   {"data:a %20#", "null"},
	} {
		got, err := parse(t, in)
		if err != nil || got.Href != want[0] || got.Origin != want[1] {
			t.Errorf("%q: %q %q %v", in, got.Href, got.Origin, err)
		}
	}
	for _, bad := range []string{"", "/a", "http://", "http://a b", "http://1.2.3.4.5", "http://[::1", "http://a:99999", "http://exa%23mple", "https://\u00ad/"} {
		if got, err := parse(t, bad); err == nil {
			t.Errorf("%q gives %+v", bad, got)
		}
	}
}

func TestURLMembersAreSet(t *testing.T) {
	t.Parallel()
	const at = "https://u:p@example.com:8080/path?q=1#h"
	for _, row := range [][3]string{
		{"href", "http://other/", "http://other/"},
		{"protocol", "http", "http://u:p@example.com:8080/path?q=1#h"},
		{"protocol", "foo", at},
		{"username", "a b", "https://a%20b:p@example.com:8080/path?q=1#h"},
		{"password", "", "https://u@example.com:8080/path?q=1#h"},
		{"host", "new.example:443", "https://u:p@new.example/path?q=1#h"},
		{"hostname", "0x7f.1", "https://u:p@127.0.0.1:8080/path?q=1#h"},
		{"port", "", "https://u:p@example.com/path?q=1#h"},
		{"port", "90x", "https://u:p@example.com:90/path?q=1#h"},
		{"pathname", "a?b", "https://u:p@example.com:8080/a%3Fb?q=1#h"},
		{"search", "?x y", "https://u:p@example.com:8080/path?x%20y#h"},
		{"search", "", "https://u:p@example.com:8080/path#h"},
		{"hash", "#z", "https://u:p@example.com:8080/path?q=1#z"},
		{"hash", "", "https://u:p@example.com:8080/path?q=1"},
		{"nothing", "x", at},
	} {
		if got, err := parse(t, at, row[0], row[1]); err != nil || got.Href != row[2] {
			t.Errorf("%s = %q: %q %v, want %q", row[0], row[1], got.Href, err, row[2])
		}
	}
	if got, err := parse(t, "http://a/", ""); err == nil {
		t.Errorf("a base of nothing gives %+v", got)
	}
	if _, err := parse(t, at, "href", "nonsense"); err == nil {
		t.Error("href takes nonsense")
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	got, err := platform.Encode([]byte("hällo"))
	if err != nil || got != "aMOkbGxv" {
		t.Errorf("%q %v", got, err)
	}
	back, err := platform.Decode([]byte(got), true)
	if err != nil || back != "hällo" {
		t.Errorf("%q %v", back, err)
	}
	bad := []byte(base64.StdEncoding.EncodeToString([]byte("a\xffb")))
	if _, err := platform.Decode(bad, true); !errors.Is(err, platform.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if s, err := platform.Decode(bad, false); err != nil || s != "a\xffb" {
		t.Errorf("%q %v", s, err)
	}
	if _, err := platform.Decode([]byte("%"), false); err == nil {
		t.Error("what is not base64 is taken")
	}
	for _, err := range []error{
		second(platform.Encode(make([]byte, platform.MaxText+1))), second(platform.Decode(make([]byte, 2*platform.MaxText), false)),
		second(platform.URL([]byte(strings.Repeat(" ", platform.MaxURL+1)))),
	} {
		if !errors.Is(err, platform.ErrTooLong) {
			t.Errorf("got %v", err)
		}
	}
}

func second(_ string, err error) error { return err }

// What takes a parser long is refused: it runs where nothing can stop it.
func TestURLsThatTakeLong(t *testing.T) {
	t.Parallel()
	for _, bad := range [][]string{
		{"http://" + strings.Repeat("@", 50_000) + "a"}, {"http:" + strings.Repeat("@", 100) + "a"}, {"\t htt\np:\\\\" + strings.Repeat("a", 50_000) + "@b"},
		{"a://" + strings.Repeat("%", 50_000)}, {"//" + strings.Repeat("%", 50_000), "a:b"}, {"/\\" + strings.Repeat("a", 50_000), "http://b"},
		{"x", "a://" + strings.Repeat("\\", 50_000)},
		{"http://a/" + strings.Repeat("b/", 20_000)}, {"a:" + strings.Repeat("/", 20_000)}, {"file:" + strings.Repeat("\t\\", 20_000)}, {strings.Repeat("../", 2000), "http://a/"}, {"x", "http://a" + strings.Repeat("/", 2000)},
	} {
		if _, err := parse(t, bad...); err == nil {
			t.Errorf("%.20s is taken", bad[0])
		}
	}
	for _, member := range []string{"host", "hostname", "username", "password"} {
		if got, err := parse(t, "http://a.b/", member, strings.Repeat("%", 50_000)); err != nil || got.Href != "http://a.b/" {
			t.Errorf("%s: %q %v", member, got.Href, err)
		}
	}
	if got, err := parse(t, "http://a.b/c", "pathname", strings.Repeat("/", 50_000)); err != nil || got.Href != "http://a.b/c" {
		t.Errorf("pathname: %.40q %v", got.Href, err)
	}
	for _, good := range []string{"http://a/?" + strings.Repeat("@/", 25_000), "data:," + strings.Repeat("a/", 25_000), "http://a/" + strings.Repeat("b/", 1000), "a:/" + strings.Repeat("b/", 1000), "http://a/?" + strings.Repeat("@", 50_000), "data:," + strings.Repeat("a", 50_000), "http://a/" + strings.Repeat("%40", 10_000), "mailto:" + strings.Repeat("@", 1000)} {
		if _, err := parse(t, good); err != nil {
			t.Errorf("%.20s: %v", good, err)
		}
	}
}

// FuzzURL: whatever comes is answered, and what is answered is stable.
func FuzzURL(f *testing.F) {
	f.Add("http://example.com/", "", "host", "b")
	f.Add("a:b", "", "pathname", "//c")
	f.Add("../x", "https://a/b?c#d", "search", "?")
	f.Add("non-special://[::1]:0/", "", "port", "\x00")
	f.Fuzz(func(t *testing.T, in, base, member, value string) {
		args := []string{in}
		if base != "" {
			args = append(args, base)
		}
		got, err := parse(t, args...)
		if err != nil {
			return
		}
		if _, err := parse(t, got.Href, member, value); err != nil && member != "href" && len(got.Href)+len(member)+len(value) < platform.MaxURL/8 {
			t.Errorf("%q came out of %q and does not go in again: %v", got.Href, in, err)
		}
	})
}
