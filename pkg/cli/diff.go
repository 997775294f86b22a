package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/project"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Sides of a difference that are no revisions.
const (
	sideCurrent = "current"
	sideLocal   = "local"
)

// fileDiff is what changed in a file.
type fileDiff struct {
	Path   string `json:"path"`
	Change string `json:"change"` // added, removed or modified
	Diff   string `json:"diff"`
}

// diffDoc is what --json prints.
type diffDoc struct {
	From  string     `json:"from"`
	To    string     `json:"to"`
	Files []fileDiff `json:"files"`
}

func (a *app) diffCommand() *cobra.Command {
	var root string
	var code bool
	c := a.inGuild(&cobra.Command{
		Use: "diff [from] [to]", Short: "Show how two revisions, or what runs and your files, differ", Args: cobra.MaximumNArgs(2),
		Long: `Shows the differences of the authors' files. A side is a revision's id, "current"
(what runs) or "local" (what "flora deploy" would send from here). Without from
it is current, without to it is local.`,
		Example:           "  flora diff\n  flora diff $REVISION current",
		ValidArgsFunction: a.completeRevisions,
	}, func(ctx context.Context, api *client.Client, guild snowflake.GuildID, args []string) error {
		sides := slices.Concat(args, []string{sideCurrent, sideLocal}[len(args):])
		var files [2][]client.File
		for i, side := range sides {
			var err error
			if files[i], err = a.side(ctx, api, guild, side, root); err != nil {
				return err
			}
		}
		doc := diffDoc{From: sides[0], To: sides[1], Files: differences(files[0], files[1])}
		if err := a.printDiff(doc); err != nil {
			return err
		}
		if code && len(doc.Files) > 0 {
			return &failure{code: Failure, message: "the sides differ", said: true}
		}
		return nil
	})
	c.Flags().StringVar(&root, "root", "", "folder of the local sources")
	c.Flags().BoolVar(&code, "exit-code", false, "exit with 1 when there are differences")
	return c
}

// side gives the files of one side.
func (a *app) side(ctx context.Context, api *client.Client, guild snowflake.GuildID, name, root string) ([]client.File, error) {
	switch name {
	case sideLocal:
		p, err := a.project(ctx, root)
		if err != nil {
			return nil, err
		}
		b, err := p.Bundle(ctx, project.BundleOptions{})
		if err != nil {
			return nil, err
		}
		return b.Sources, nil
	case sideCurrent:
		d, err := api.Deployment(ctx, guild)
		return d.Files, unknown(err, nothingRuns)
	}
	r, err := api.Revision(ctx, guild, name)
	return r.Files, unknown(err, revisions)
}

// differences compares files by their paths.
func differences(from, to []client.File) []fileDiff {
	old, now := map[string]string{}, map[string]string{}
	var paths []string
	for _, f := range from {
		old[f.Path] = f.Contents
		paths = append(paths, f.Path)
	}
	for _, f := range to {
		now[f.Path] = f.Contents
		paths = append(paths, f.Path)
	}
	slices.Sort(paths)
	out := []fileDiff{}
	for _, p := range slices.Compact(paths) {
		before, was := old[p]
		after, is := now[p]
		if was && is && before == after {
			continue
		}
		d := fileDiff{Path: p, Change: "modified"}
		a, b := "a/"+p, "b/"+p
		switch {
		case !was:
			d.Change, a = "added", "/dev/null"
		case !is:
			d.Change, b = "removed", "/dev/null"
		}
		if d.Diff = udiff.Unified(a, b, before, after); d.Diff == "" {
			d.Diff = "--- " + a + "\n+++ " + b + "\n" // An empty file.
		}
		out = append(out, d)
	}
	return out
}

func (a *app) printDiff(doc diffDoc) error {
	if a.json {
		return a.printJSON(doc)
	}
	if len(doc.Files) == 0 {
		a.progress("%s and %s are the same", doc.From, doc.To)
		return nil
	}
	for _, f := range doc.Files {
		for line := range strings.Lines(f.Diff) {
			line = strings.TrimSuffix(line, "\n")
			if a.Terminal {
				line = printable(line)
			}
			if err := a.printf("%s\n", a.colour(diffColour(line), line)); err != nil {
				return err
			}
		}
	}
	return nil
}

func diffColour(line string) string {
	switch {
	case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
		return "1"
	case strings.HasPrefix(line, "@@"):
		return "36"
	case strings.HasPrefix(line, "+"):
		return "32"
	case strings.HasPrefix(line, "-"):
		return "31"
	}
	return ""
}
