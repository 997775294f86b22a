package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFindTSC(t *testing.T) {
	t.Parallel()
	rows := map[string]struct{ system, dir, path, there, want string }{ // there is split at "|".
		"in the project": {"linux", "/home/ada/bot", "/usr/bin", "/home/ada/bot/node_modules/.bin/tsc|/usr/bin/tsc", "/home/ada/bot/node_modules/.bin/tsc"},
		"above":          {"linux", "/home/ada/bots/one", "/usr/bin", "/home/ada/node_modules/.bin/tsc", "/home/ada/node_modules/.bin/tsc"},
		"at the root":    {"darwin", "/bot", "", "/node_modules/.bin/tsc", "/node_modules/.bin/tsc"},
		"on the path":    {"darwin", "/Users/ada/bot", "/bin:/opt/homebrew/bin", "/opt/homebrew/bin/tsc", "/opt/homebrew/bin/tsc"},
		"nowhere":        {"linux", "/home/ada/bot", "/usr/bin", "", ""},
		"not relative":   {"linux", "/home/ada/bot", ".:bin:", "bin/tsc|tsc|./tsc", ""},
		"Windows":        {"windows", `C:\Users\ada\bot`, "", `C:\Users\ada\bot\node_modules\.bin\tsc|C:\Users\ada\bot\node_modules\.bin\tsc.cmd`, `C:\Users\ada\bot\node_modules\.bin\tsc.cmd`},
		"Windows, above": {"windows", `C:\Users\ada\bot`, "", `C:\node_modules\.bin\tsc.cmd`, `C:\node_modules\.bin\tsc.cmd`},
		"Windows, path":  {"windows", `D:\bot`, `C:\Windows;C:\Program Files\nodejs`, `C:\Program Files\nodejs\tsc.cmd`, `C:\Program Files\nodejs\tsc.cmd`},
		"Windows, exe":   {"windows", `D:\bot`, `C:\tools`, `C:\tools\tsc|C:\tools\tsc.exe`, `C:\tools\tsc.exe`},
		"Windows, share": {"windows", `\\server\share\bot`, "", `\\server\share\node_modules\.bin\tsc.cmd`, `\\server\share\node_modules\.bin\tsc.cmd`},
		"Windows, none":  {"windows", `C:\bot`, `.;bin`, `C:\bot\node_modules\.bin\tsc|bin\tsc.cmd`, ""},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			there := strings.Split(row.there, "|")
			got := findTSC(row.system, row.dir, row.path, func(file string) bool {
				for _, f := range there {
					if f == strings.ReplaceAll(file, `:\\`, `:\`) {
						return true
					}
				}
				return false
			})
			if strings.ReplaceAll(got, `:\\`, `:\`) != row.want {
				t.Errorf("%q, want %q", got, row.want)
			}
		})
	}
}

func TestDiagnostics(t *testing.T) {
	t.Parallel()
	out := "src/main.ts(3,7): error TS2322: Type 'string' is not\r\n  assignable to number.\n" +
		"src/a(1).ts(1,2): error TS1005: ';' expected.\n" +
		"error TS18003: No inputs were found.\n" +
		"Version 7.0.2\n"
	want := []diagnostic{
		{"src/main.ts", 3, 7, "TS2322", "Type 'string' is not\n  assignable to number."},
		{"src/a(1).ts", 1, 2, "TS1005", "';' expected."},
		{"", 0, 0, "TS18003", "No inputs were found."},
	}
	if diff := cmp.Diff(want, diagnostics(out)); diff != "" {
		t.Error(diff)
	}
}

func FuzzDiagnostics(f *testing.F) {
	f.Add("a.ts(1,2): error TS1: x\n  y\nerror TS2: z")
	f.Add("(,): error TS: \n(9999999999999999999999,1): error TS1: x")
	f.Fuzz(func(t *testing.T, out string) {
		for _, d := range diagnostics(out) {
			if d.Code == "" || d.Line < 0 || d.Column < 0 {
				t.Errorf("%q: %+v", out, d)
			}
		}
	})
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const fine = `console.log("hi");`
	rows := map[string]struct {
		args, main string
		tsc        string // A script instead of the compiler; "" is none.
		there      map[string]string
		code       ExitCode
		stdout     string // A part.
		stderr     string // Parts, split at "|".
	}{
		"no tsc":          {args: "check", main: fine, stdout: "src/main.ts bundles (", stderr: `the types were not checked, because there is no tsc; get it with "npm install --save-dev typescript"`},
		"tsc is required": {args: "check --require-tsc", main: fine, code: Failure, stderr: "flora: the types were not checked"},
		"fine":            {args: "check", main: fine, tsc: `echo "$@"`, stdout: "--project tsconfig.json --noEmit --pretty false\nsrc/main.ts and its types are fine ("},
		"wrong types":     {args: "check", main: fine, tsc: "echo 'src/main.ts(1,2): error TS1: no'; exit 2", code: Failure, stdout: "src/main.ts(1,2): error TS1: no\n", stderr: "flora: the types are wrong"},
		"bad syntax":      {args: "check", main: "let x = ;", tsc: "exit 0", code: Failure, stderr: "src/main.ts:1:9"},
		"a bad import":    {args: "check", main: `import "./gone";`, code: Failure, stderr: `./gone`},
		"another entry":   {args: "check other.ts", main: "let x = ;", there: map[string]string{"other.ts": fine}, stdout: "other.ts bundles (", stderr: "no tsc"},
		"no entry":        {args: "check other.ts", main: fine, code: Usage, stderr: "other.ts"},
		"types are made":  {args: "check", main: fine, stderr: "Wrote the declarations of Flora dev, which is flora's own:|tsconfig.json"},
		"types are there": {args: "check", main: fine, there: map[string]string{"tsconfig.json": tsconfig(nil), ".flora/types/flora.d.ts": "mine"}, stderr: "no tsc"},
		"no program":      {args: "check", main: fine, tsc: "#!", code: Failure, stderr: "cannot run "},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newTool(t, newServer(t, nil))
			u.env = append(u.env, "PATH=", "FLORA_TOKEN=")
			u.write("src/main.ts", row.main)
			for file, text := range row.there {
				u.write(file, text)
			}
			if row.tsc != "" {
				u.write("node_modules/.bin/tsc", "#!/bin/sh\n"+row.tsc+"\n")
				mode := os.FileMode(0o700)
				if row.tsc == "#!" {
					mode = 0o600
				}
				if err := os.Chmod(filepath.Join(u.dir, "node_modules/.bin/tsc"), mode); err != nil {
					t.Fatal(err)
				}
			}
			code, stdout, stderr := u.run(strings.Fields(row.args)...)
			if code != row.code || !strings.Contains(stdout, row.stdout) {
				t.Errorf("%d %q %q", code, stdout, stderr)
			}
			for _, part := range strings.Split(row.stderr, "|") {
				if !strings.Contains(stderr, part) {
					t.Errorf("it does not say %q: %q", part, stderr)
				}
			}
			if mine, ok := row.there[".flora/types/flora.d.ts"]; ok && tree(t, u.dir)[".flora/types/flora.d.ts"] != mine {
				t.Error("the declarations were written anew")
			}
		})
	}
}

func TestCheckJSON(t *testing.T) {
	t.Parallel()
	u := newTool(t, newServer(t, nil))
	u.env = append(u.env, "PATH=", "FLORA_TOKEN=")
	report := func(code ExitCode) checkReport {
		t.Helper()
		got, stdout, stderr := u.run("check", "--json")
		var r checkReport
		if err := json.Unmarshal([]byte(stdout), &r); err != nil || got != code || (code == OK) != (stderr == "") {
			t.Fatalf("%d %q %q %v", got, stdout, stderr, err)
		}
		return r
	}
	u.write("src/main.ts", "let x = ;")
	if r := report(Failure); r.OK || r.Types.Checked || !strings.Contains(r.Bundle.Error, "src/main.ts:1:9") {
		t.Errorf("%+v", r)
	}
	u.write("src/main.ts", "console.log(1)")
	if r := report(OK); !r.OK || r.Types.Checked || r.Types.TSC != "" || r.Bundle.Entry != "src/main.ts" || r.Bundle.Bytes == 0 {
		t.Errorf("%+v", r)
	}
	u.write("node_modules/.bin/tsc", "#!/bin/sh\necho 'src/main.ts(1,2): error TS1: no'\nexit 1\n")
	tsc := filepath.Join(u.dir, "node_modules", ".bin", "tsc")
	if err := os.Chmod(tsc, 0o700); err != nil { //nolint:gosec // A program.
		t.Fatal(err)
	}
	want := checkTypes{Checked: true, TSC: tsc, Diagnostics: []diagnostic{{"src/main.ts", 1, 2, "TS1", "no"}}}
	if diff := cmp.Diff(want, report(Failure).Types); diff != "" {
		t.Error(diff)
	}
}
