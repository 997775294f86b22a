package project

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secretText is what a file of the person's own says, outside of the project.
const secretText = "npm_the-persons-own-token"

// somebodyElses makes a home with files of the person's and, in it, a project
// that was cloned; $HOME in the project stands for the home's path.
func somebodyElses(t *testing.T, text string) (project string) {
	t.Helper()
	home := disk(t, `
-- .npmrc --
//registry.example/:_authToken=`+secretText+`
-- secret.json --
{"token": "`+secretText+`"}
-- notes.txt --
`+secretText+`
-- lib/index.ts --
export const lib = "code of another folder"
`)
	project = filepath.Join(home, "clone", "deep")
	made := disk(t, strings.ReplaceAll(text, "$HOME", filepath.ToSlash(home)))
	if err := os.MkdirAll(filepath.Dir(project), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(made, project); err != nil {
		t.Fatal(err)
	}
	return project
}

// TestFilesOfThePerson has projects that try to bring a file of the person's,
// which is none of theirs, into what is sent and run.
func TestFilesOfThePerson(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"text":          "-- main.ts --\nimport t from '../../notes.txt'\nlog(t)\n",
		"json":          "-- main.ts --\nimport t from '../../secret.json'\nlog(t)\n",
		"attribute":     "-- main.ts --\nimport t from '../../.npmrc' with { type: 'text' }\nlog(t)\n",
		"absolute":      "-- main.ts --\nimport t from '$HOME/.npmrc' with { type: 'text' }\nlog(t)\n",
		"of a process":  "-- main.ts --\nimport t from '/proc/self/environ' with { type: 'text' }\nlog(t)\n",
		"import map":    "-- flora.json --\n{\"imports\": {\"t\": \"../../notes.txt\"}}\n-- main.ts --\nimport t from 't'\nlog(t)\n",
		"link":          "-- main.ts --\nimport t from './a.txt'\nlog(t)\n-- links --\na.txt -> ../../notes.txt\n",
		"linked folder": "-- main.ts --\nimport t from './a/notes.txt'\nlog(t)\n-- links --\na -> ../..\n",
		"package": "-- main.ts --\nimport 'p'\n-- node_modules/p/package.json --\n{\"main\":\"i.js\"}\n" +
			"-- node_modules/p/i.js --\nimport t from '../../../../notes.txt'\nlog(t)\n",
		"link as package": "-- main.ts --\nimport t from 'p/notes.txt'\nlog(t)\n-- links --\nnode_modules/p -> ../../..\n",
		"root":            "-- flora.json --\n{\"root\": \"../..\", \"entry\": \"clone/deep/main.ts\"}\n-- main.ts --\nlog(1)\n",
		"linked root":     "-- flora.json --\n{\"root\": \"a\", \"entry\": \"clone/deep/main.ts\"}\n-- main.ts --\nlog(1)\n-- links --\na -> ../..\n",
		"config":          "-- flora.config.ts --\nimport t from '../../notes.txt'\nexport default { deploy: { entry: t } }\n-- main.ts --\nlog(1)\n",
		"entry":           "-- flora.json --\n{\"entry\": \"a*.ts\"}\n-- links --\na*.ts -> ../../.npmrc\n",
		"source map": "-- main.ts --\nimport './a.js'\n-- a.js --\nlog(1)\n//# sourceMappingURL=a.js.map\n" +
			"-- a.js.map --\n{\"version\":3,\"sources\":[\"../../notes.txt\",\"$HOME/.npmrc\"],\"mappings\":\"AAAA,CCAA,CAAC\",\"names\":[]}\n",
		"source map of WebAssembly": "-- main.ts --\nimport './a.js'\n-- a.js --\nlog(WebAssembly.Module)\n//# sourceMappingURL=a.js.map\n" +
			"-- a.js.map --\n{\"version\":3,\"sources\":[\"../../notes.txt\"],\"mappings\":\"AAAA\",\"names\":[]}\n",
		"source map of a package": "-- main.ts --\nimport 'p'\n-- node_modules/p/package.json --\n{\"main\":\"i.js\"}\n-- node_modules/p/i.js --\nlog(1)\n//# sourceMappingURL=i.js.map\n" +
			"-- node_modules/p/i.js.map --\n{\"version\":3,\"sources\":[\"../../../../notes.txt\"],\"mappings\":\"AAAA\",\"names\":[]}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := &Bundle{}
			p, err := Load(t.Context(), somebodyElses(t, text))
			if err == nil {
				out, err = p.Bundle(t.Context(), BundleOptions{})
			}
			if err != nil {
				_, ok := errors.AsType[*Broken](err)
				if _, other := errors.AsType[*Misused](err); !ok && !other {
					t.Fatalf("neither the author's nor the project file's error: %v", err)
				}
				refused := strings.Contains(err.Error(), "outside of the project") || strings.Contains(err.Error(), "the path is absolute")
				if !refused || strings.Contains(err.Error(), secretText) {
					t.Fatalf("%s", err)
				}
				return
			}
			all := out.Code + out.Map + strings.Join(out.Warnings, "")
			for _, s := range out.Sources {
				all += s.Path + s.Contents
			}
			if strings.Contains(all, secretText) {
				t.Fatalf("a file of the person's is in what is sent:\n%s", all)
			}
		})
	}
}

// TestFilesAround are of the project, or are code, and go on being taken.
func TestFilesAround(t *testing.T) {
	t.Parallel()
	p := load(t, somebodyElses(t, "-- main.ts --\nimport { lib } from '../../lib'\nlog(lib)\n"))
	if _, err := p.Bundle(t.Context(), BundleOptions{}); err != nil {
		t.Errorf("code of another folder: %v", err)
	}
	dir := disk(t, "-- .git/HEAD --\nref: x\n-- words.json --\n{\"a\": 1}\n-- bots/a/flora.json --\n{\"root\": \"..\", \"entry\": \"a/main.ts\"}\n"+
		"-- bots/a/main.ts --\nimport w from '../../words.json'\nlog(w)\n")
	if _, err := load(t, filepath.Join(dir, "bots", "a")).Bundle(t.Context(), BundleOptions{}); err != nil {
		t.Errorf("data of the same repository: %v", err)
	}
	p = load(t, somebodyElses(t, "-- main.ts --\nimport t from '../../notes.txt'\nlog(t)\n"))
	p.SetRoot("../..")
	if _, err := p.Bundle(t.Context(), BundleOptions{Entry: "clone/deep/main.ts"}); err != nil {
		t.Errorf("the root that a person names: %v", err)
	}
}
