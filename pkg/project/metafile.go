package project

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// metafile is what esbuild tells of a bundle. Files are named from the root.
type metafile struct {
	Inputs map[string]struct {
		Imports []struct {
			Path     string `json:"path"`
			External bool   `json:"external"`
		} `json:"imports"`
	} `json:"inputs"`
	Outputs map[string]struct {
		Entry  string `json:"entryPoint"`
		Inputs map[string]struct {
			Bytes int `json:"bytesInOutput"`
		} `json:"inputs"`
	} `json:"outputs"`
}

func readMetafile(doc string) (metafile, error) {
	var m metafile
	if err := json.Unmarshal([]byte(doc), &m); err != nil {
		return m, fmt.Errorf("read what the bundle is made of: %w", err)
	}
	return m, nil
}

// sizes are the packages' shares of the bundle, the largest first.
func (m metafile) sizes() (out []Size) {
	by := map[string]int{}
	for _, o := range m.Outputs {
		for file, in := range o.Inputs {
			by[packageOf(file)] += in.Bytes
		}
	}
	for name, n := range by {
		if n > 0 {
			out = append(out, Size{name, n})
		}
	}
	slices.SortFunc(out, func(a, b Size) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Package, b.Package))
	})
	return out
}

// packageOf is the package that a file belongs to, "" for the author's own.
func packageOf(file string) string {
	const folder = "node_modules/"
	i := strings.LastIndex("/"+file, "/"+folder)
	if i < 0 {
		return ""
	}
	pkg, _ := recipe.Split(file[i+len(folder):])
	return pkg
}

// chain is the shortest way by which a file became part of the bundle, itself
// the last: "src/main.ts > node_modules/a/index.js". Files are as name calls
// them; it is "" for one that is no part.
func (m metafile) chain(file string, name func(string) string) string {
	const most = 8
	parents := map[string]string{}
	var queue []string
	for _, o := range m.Outputs {
		if o.Entry != "" {
			parents[o.Entry] = ""
			queue = append(queue, o.Entry)
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if name(at) == file {
			list := []string{file}
			for p := parents[at]; p != ""; p = parents[p] {
				list = append(list, name(p))
			}
			slices.Reverse(list)
			if len(list) > most {
				list = append([]string{list[0], "..."}, list[len(list)-most+2:]...)
			}
			return strings.Join(list, " > ")
		}
		for _, i := range m.Inputs[at].Imports {
			if _, known := parents[i.Path]; !known && !i.External {
				parents[i.Path] = at
				queue = append(queue, i.Path)
			}
		}
	}
	return ""
}
