package v8ops_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim/contract"
	"github.com/flora-runtime/flora-runtime/v8ops/endpoint"
)

// concerns are the parts of Discord's API that have to do with a guild.
var concerns = regexp.MustCompile(`^/(guilds|channels|webhooks|interactions|invites|stage-instances|stickers|sticker-packs|voice|soundboard-default-sounds|users/@me/guilds|users/@me/channels|applications/\{application_id\}/(guilds|entitlements))(/|$)`)

var braces = regexp.MustCompile(`\{[^}]*\}`)

// plain is a path with all its parameters alike.
func plain(path string) string { return braces.ReplaceAllString(path, "{}") }

// TestWhatIsLeftOutIsNoOp needs no document: each operation left out says why, and
// is none of the table's.
func TestWhatIsLeftOutIsNoOp(t *testing.T) {
	t.Parallel()
	ops := map[string]string{}
	for _, e := range endpoint.All() {
		for _, path := range variants(e.Path) {
			ops[e.Method+" "+path] = e.Op()
		}
	}
	for pattern, reason := range endpoint.LeftOut {
		method, path, ok := strings.Cut(pattern, " ")
		if !ok || !concerns.MatchString(path) || len(strings.Fields(reason)) < 2 {
			t.Errorf("%q is left out because %q", pattern, reason)
		}
		if op := ops[method+" "+plain(path)]; op != "" {
			t.Errorf("%s is left out, and %s does it", pattern, op)
		}
	}
}

// TestEveryOperationIsAnOpOrLeftOut walks Discord's OpenAPI document: each
// operation on a guild is an op, or left out for a reason, and every op is an
// operation of the document.
func TestEveryOperationIsAnOpOrLeftOut(t *testing.T) {
	t.Parallel()
	d := contract.Get(t)
	if d == nil {
		// A pass would say what was not seen. CI sets the variable.
		t.Skip("NOT RUN: there is no document to walk")
	}
	ops := map[string]bool{}
	for _, e := range endpoint.All() {
		for _, path := range variants(e.Path) {
			ops[e.Method+" "+path] = true
		}
	}
	seen, used, walked := map[string]bool{}, map[string]bool{}, 0
	for _, o := range d.Operations() {
		name := o.Method + " " + plain(o.Path)
		seen[name] = true
		if !concerns.MatchString(o.Path) {
			continue
		}
		walked++
		reason, left := leftOut(o.Method+" "+o.Path, used)
		switch {
		case ops[name] && left:
			t.Errorf("%s %s is an op, and left out (%s)", o.Method, o.Path, reason)
		case !ops[name] && !left:
			t.Errorf("%s %s is neither an op nor left out with a reason", o.Method, o.Path)
		}
	}
	if walked < 150 {
		t.Errorf("only %d operations were walked", walked)
	}
	for _, e := range endpoint.All() {
		for _, path := range variants(e.Path) {
			if !seen[e.Method+" "+path] {
				t.Errorf("%s: Discord's document has no %s %s", e.Op(), e.Method, path)
			}
		}
	}
	for pattern := range endpoint.LeftOut {
		if !used[pattern] {
			t.Errorf("%s is left out, and the document has no such operation", pattern)
		}
	}
}

// variants are the paths that a row's path stands for.
func variants(path string) []string {
	optional := regexp.MustCompile(`/\{[^}]*\?\}`)
	instead := regexp.MustCompile(`\{[^}]*=([^}]*)\}`)
	switch {
	case optional.MatchString(path):
		return []string{plain(path), plain(optional.ReplaceAllString(path, ""))}
	case instead.MatchString(path):
		return []string{plain(path), plain(instead.ReplaceAllString(path, "$1"))}
	}
	return []string{plain(path)}
}

func leftOut(operation string, used map[string]bool) (string, bool) {
	for pattern, reason := range endpoint.LeftOut {
		base, below := strings.CutSuffix(pattern, "/...")
		if operation == pattern || below && strings.HasPrefix(operation, base+"/") {
			used[pattern] = true
			return reason, true
		}
	}
	return "", false
}
