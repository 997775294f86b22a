package project

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/recipe"
)

// own are the folders, without links in them, whose files are the project's:
// that of the project file with the repository around it, and the root that a
// person named. Somebody else's repository, and every package, can name any
// file of this machine, and what is in a bundle leaves it: the script says it
// to whom it likes.
func (p *Project) own() []string {
	out := []string{real(p.Dir)}
	for d := range upwards(p.Dir) {
		if exists(filepath.Join(d, ".git")) {
			out = append(out, real(d))
			break
		}
	}
	if p.chosen {
		out = append(out, real(p.Root))
	}
	return out
}

// real is a path without links in it; what is not there stays as it is.
func real(file string) string {
	if to, err := filepath.EvalSymlinks(file); err == nil {
		return to
	}
	return filepath.Clean(file)
}

// inside reports whether the file, wherever links lead, is in one of the folders.
func inside(folders []string, file string) bool {
	file = real(file)
	return slices.ContainsFunc(folders, func(folder string) bool {
		rel, err := filepath.Rel(folder, file)
		return err == nil && filepath.IsLocal(rel)
	})
}

// mayEmbed refuses a file that is no code and neither the project's nor an
// installed package's. Code may be anywhere: packages are linked from other
// folders, and what is no secret of this machine's is written in it.
func (b *building) mayEmbed(file string, with map[string]string) error {
	code := len(with) == 0 && recipe.IsScript(filepath.ToSlash(real(file)))
	if code || b.keeps(file) {
		return nil
	}
	return fmt.Errorf("it is outside of the project %s, and only code is taken from there; copy it, or name a wider --root", b.project.Dir)
}

// keeps reports whether a file is the project's or an installed package's.
func (b *building) keeps(file string) bool {
	return inside(b.own, file) || b.inModules(real(file))
}

// checkRoot refuses a root of the project file's that is not the project's.
func (p *Project) checkRoot() error {
	if info, err := os.Stat(p.Root); err != nil || !info.IsDir() {
		return misused("the root %s is not a folder", p.Root)
	}
	if !inside(p.own(), p.Root) {
		return misused("the root %s that %s names is outside of the project; if it is right, give --root", p.Root, strings.TrimPrefix(p.File, p.Dir+string(filepath.Separator)))
	}
	return nil
}
