package cli

import (
	"errors"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// family makes a command that only has subcommands.
func family(name, short string, sub ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: name, Short: short, Args: cobra.ArbitraryArgs, RunE: group, Example: "  flora " + name + " --help"}
	c.AddCommand(sub...)
	return c
}

// group is the body of a command that only has subcommands.
func group(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usage("name a command; `%s --help` lists them", c.CommandPath())
	}
	text := "unknown command \"" + args[0] + "\" for \"" + c.CommandPath() + "\""
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return usage("%s; did you mean `%s %s`? `%s --help` lists all", text, c.CommandPath(), strings.Join(near, "` or `"+c.CommandPath()+" "), c.CommandPath())
	}
	return usage("%s; `%s --help` lists them", text, c.CommandPath())
}

// nearestFlag adds to the error about an unknown flag which one may be meant.
func nearestFlag(c *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return usage("%s; see `%s --help`", err, c.CommandPath())
	}
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	if best := nearest(unknown.GetSpecifiedName(), known); best != "" {
		return usage("%s; did you mean --%s? See `%s --help`", err, best, c.CommandPath())
	}
	return usage("%s; see `%s --help`", err, c.CommandPath())
}

// nearest is the name that a wrong one was likely meant to be, or "".
func nearest(name string, known []string) (best string) {
	if len(name) < 2 {
		return ""
	}
	least := 3
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), k); d < least {
			best, least = k, d
		}
	}
	return best
}
