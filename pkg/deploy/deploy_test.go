package deploy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

func TestValidateFiles(t *testing.T) {
	t.Parallel()
	limits := deploy.Limits{Files: 3, Bytes: 10}
	rows := []struct {
		name  string
		files []deploy.File
		want  []deploy.File
		err   string
	}{
		{"cleaned and ordered", []deploy.File{{"./src//b.ts", "b"}, {"a/../src/a.ts", "a"}}, []deploy.File{{"src/a.ts", "a"}, {"src/b.ts", "b"}}, ""},
		{"empty contents", []deploy.File{{"a.ts", ""}}, []deploy.File{{"a.ts", ""}}, ""},
		{"exactly the limit", []deploy.File{{"a", "1234567890"}}, []deploy.File{{"a", "1234567890"}}, ""},
		{"odd names", []deploy.File{{"...", ""}, {"a b/ä.ts", ""}, {"..a", ""}}, []deploy.File{{"...", ""}, {"..a", ""}, {"a b/ä.ts", ""}}, ""},
		{"none", nil, nil, "files must not be empty"},
		{"too many", []deploy.File{{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}}, nil, "there are 4, at most 3 are allowed"},
		{"too large", []deploy.File{{"a", "123456"}, {"b", "12345"}}, nil, "larger than 10 bytes"},
		{"twice", []deploy.File{{"a", ""}, {"b/../a", ""}}, nil, `"a" is there twice`},
		{"blank path", []deploy.File{{" ", ""}}, nil, "it is empty"},
		{"absolute", []deploy.File{{"/etc/passwd", ""}}, nil, "must be relative"},
		{"drive letter", []deploy.File{{"C:/x", ""}}, nil, "must be relative"},
		{"out of the tree", []deploy.File{{"../x", ""}}, nil, "leads out"},
		{"out of the tree later", []deploy.File{{"a/../../x", ""}}, nil, "leads out"},
		{"the folder above", []deploy.File{{"..", ""}}, nil, "leads out"},
		{"the folder itself", []deploy.File{{"a/..", ""}}, nil, "names a folder"},
		{"a folder", []deploy.File{{"a/", ""}}, nil, "names a folder"},
		{"backslash", []deploy.File{{`a\..\..\x`, ""}}, nil, "not a backslash"},
		{"NUL", []deploy.File{{"a\x00b", ""}}, nil, "control characters"},
		{"line break", []deploy.File{{"a\nb", ""}}, nil, "control characters"},
		{"path that is no UTF-8", []deploy.File{{"a\xff", ""}}, nil, "not UTF-8"},
		{"contents that are no UTF-8", []deploy.File{{"a", "\xff"}}, nil, "not UTF-8"},
		{"long path", []deploy.File{{strings.Repeat("a", 513), ""}}, nil, "at most 512"},
		{"deep path", []deploy.File{{strings.Repeat("a/", 33) + "b", ""}}, nil, "more than 32 folders deep"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := deploy.ValidateFiles(row.files, limits)
			if row.err != "" {
				if !fault.Is(err, fault.BadRequest) || !strings.Contains(err.Error(), row.err) {
					t.Errorf("error is %v, want a bad request with %q", err, row.err)
				}
				return
			}
			if diff := cmp.Diff(got, row.want); diff != "" || err != nil {
				t.Errorf("error %v, files (-got +want):\n%s", err, diff)
			}
		})
	}
}

func TestValidateEntrySourceAndMap(t *testing.T) {
	t.Parallel()
	entry := func(s string) error { _, err := deploy.ValidateEntry(s); return err }
	source := func(s string) error { _, err := deploy.ValidateSource(s); return err }
	sourceMap := func(p, c string) error { return deploy.ValidateSourceMap(deploy.SourceMap{Path: p, Contents: c}) }
	rows := []struct {
		name string
		err  error
		want string
	}{
		{"entry", entry("src/main.ts"), ""},
		{"no entry", entry(""), "entry is required"},
		{"blank entry", entry(" \t"), "entry is required"},
		{"entry out of the tree", entry("../main.ts"), "invalid entry"},
		{"source", source("cli"), ""},
		{"no source", source(""), ""},
		{"unknown source", source("curl"), "invalid deploy source"},
		{"map", sourceMap("bundle.js.map", "{}"), ""},
		{"map without the suffix", sourceMap("bundle.js", "{}"), "must end in .map"},
		{"map without a path", sourceMap("", "{}"), "it is empty"},
		{"blank map", sourceMap("a.map", " \n"), "must not be blank"},
	}
	for _, row := range rows {
		if row.want == "" {
			if row.err != nil {
				t.Errorf("%s: %s", row.name, row.err)
			}
			continue
		}
		if !fault.Is(row.err, fault.BadRequest) || !strings.Contains(row.err.Error(), row.want) {
			t.Errorf("%s: error is %v, want a bad request with %q", row.name, row.err, row.want)
		}
	}
	if got, err := deploy.ValidateEntry("./src/../src/main.ts"); err != nil || got != "src/main.ts" {
		t.Errorf("entry became %q, %v", got, err)
	}
}

func TestSummarize(t *testing.T) {
	t.Parallel()
	a, a2, b, c := deploy.File{"a", "1"}, deploy.File{"a", "2"}, deploy.File{"b", ""}, deploy.File{"c", ""}
	none := []string{}
	rows := []struct {
		name        string
		base, files []deploy.File
		want        *deploy.ChangeSummary
	}{
		{"neither has files", nil, nil, nil},
		{"first", nil, []deploy.File{b, a}, &deploy.ChangeSummary{AddedFiles: []string{"a", "b"}, RemovedFiles: none, ModifiedFiles: none}},
		{"gone", []deploy.File{b, a}, nil, &deploy.ChangeSummary{AddedFiles: none, RemovedFiles: []string{"a", "b"}, ModifiedFiles: none}},
		{"same", []deploy.File{a, b}, []deploy.File{b, a}, &deploy.ChangeSummary{AddedFiles: none, RemovedFiles: none, ModifiedFiles: none}},
		{"all kinds", []deploy.File{a, b}, []deploy.File{a2, c}, &deploy.ChangeSummary{AddedFiles: []string{"c"}, RemovedFiles: []string{"b"}, ModifiedFiles: []string{"a"}}},
	}
	for _, row := range rows {
		if diff := cmp.Diff(deploy.Summarize(row.base, row.files), row.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", row.name, diff)
		}
	}
}

func TestJSONShapes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 30, 12, 30, 1, 123456789, time.FixedZone("CEST", 7200))
	small := deploy.Revision{ID: "r1", Guild: 5, Entry: "main.ts", Status: deploy.Failed, DeployedAt: at, Source: "cli", Actor: deploy.Actor{Type: deploy.ActorSystem}}
	whole := small
	whole.Status, whole.Error, whole.BuildID, whole.BaseRevisionID = deploy.Success, "e", "b", "r0"
	whole.Actor = deploy.Actor{UserID: "9", Username: "u", Type: deploy.ActorToken}
	whole.ChangeSummary = &deploy.ChangeSummary{AddedFiles: []string{"a"}, RemovedFiles: []string{}, ModifiedFiles: []string{}}
	whole.Files = []deploy.File{{"a", ""}}
	whole.SourceMap, whole.Bundle, whole.Warnings = &deploy.SourceMap{"m.map", "{}"}, "x", []string{"w"}
	rows := []struct {
		name string
		in   any
		want string
	}{
		{"optionals left out", small, `{"id":"r1","guild_id":"5","entry":"main.ts","status":"failed","deploy_source":"cli","actor":{"actor_type":"system"},"deployed_at":"2026-07-30T10:30:01.123456+00:00"}`},
		{"all members", whole, `{"id":"r1","guild_id":"5","entry":"main.ts","status":"success","deploy_source":"cli","actor":{"user_id":"9","username":"u","actor_type":"token"},"error_message":"e","build_id":"b","base_revision_id":"r0","change_summary":{"added_files":["a"],"removed_files":[],"modified_files":[]},"files":[{"path":"a","contents":""}],"source_map":{"path":"m.map","contents":"{}"},"bundle":"x","warnings":["w"],"deployed_at":"2026-07-30T10:30:01.123456+00:00"}`},
		{"deployment", deploy.Deployment{Guild: 5, Entry: "main.ts", CreatedAt: at.Truncate(time.Second), UpdatedAt: at}, `{"guild_id":"5","entry":"main.ts","revision_id":"","created_at":"2026-07-30T10:30:01+00:00","updated_at":"2026-07-30T10:30:01.123456+00:00"}`},
	}
	for _, row := range rows {
		got, err := json.Marshal(row.in)
		if diff := cmp.Diff(string(got), row.want); diff != "" || err != nil {
			t.Errorf("%s: %v (-got +want):\n%s", row.name, err, diff)
		}
	}
	var back deploy.Revision
	if err := json.Unmarshal([]byte(rows[1].want), &back); err != nil {
		t.Fatal(err)
	}
	whole.DeployedAt = deploy.Time(at)
	if diff := cmp.Diff(back, whole); diff != "" {
		t.Errorf("read back (-got +want):\n%s", diff)
	}
	var d deploy.Deployment
	if err := json.Unmarshal([]byte(rows[2].want), &d); err != nil || !d.UpdatedAt.Equal(deploy.Time(at)) || d.Guild != 5 {
		t.Errorf("read back %+v, %v", d, err)
	}
	for _, bad := range []string{`{"deployed_at":"yesterday"}`, `{"deployed_at":5}`, `{"guild_id":5}`, `[]`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func FuzzCleanPath(f *testing.F) {
	for _, s := range []string{"a/b.ts", "../a", "a/../..", "./", "//x", "C:x", "a\\b", "\x00", "..."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := deploy.CleanPath(in)
		if err != nil {
			return
		}
		again, err := deploy.CleanPath(got)
		if err != nil || again != got {
			t.Errorf("%q became %q and then %q, %v", in, got, again, err)
		}
		for part := range strings.SplitSeq(got, "/") {
			if part == "" || part == "." || part == ".." {
				t.Errorf("%q became %q", in, got)
			}
		}
	})
}
