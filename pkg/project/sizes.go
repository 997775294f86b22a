package project

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// sizes reads how much each package takes of the bundle.
func (b *building) sizes(metafile string) ([]Size, error) {
	var doc struct {
		Outputs map[string]struct {
			Inputs map[string]struct {
				Bytes int `json:"bytesInOutput"`
			} `json:"inputs"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &doc); err != nil {
		return nil, fmt.Errorf("read what the bundle is made of: %w", err)
	}
	by := map[string]int{}
	for _, o := range doc.Outputs {
		for file, in := range o.Inputs {
			by[packageOf(file)] += in.Bytes
		}
	}
	var out []Size
	for name, n := range by {
		if n > 0 {
			out = append(out, Size{name, n})
		}
	}
	slices.SortFunc(out, func(a, b Size) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Package, b.Package))
	})
	return out, nil
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
